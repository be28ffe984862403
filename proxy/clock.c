/* proxy/clock.c */
#include "proxy/clock.h"

#include <stdlib.h>
#include <time.h>

#include "routing/base/check.h"

int64_t px_now_ns(void)
{
    struct timespec t;

    CHECK(clock_gettime(CLOCK_MONOTONIC, &t) == 0);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t px_unix_ms(void)
{
    struct timespec t;

    CHECK(clock_gettime(CLOCK_REALTIME, &t) == 0);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void *get(void *ctx, size_t n)
{
    (void)ctx;
    return malloc(n);
}

static void put(void *ctx, void *block, size_t n)
{
    (void)ctx;
    (void)n;
    free(block);
}

const struct arena_source *px_heap(void)
{
    static const struct arena_source heap = { .get = get, .put = put, .ctx = NULL };

    return &heap;
}
