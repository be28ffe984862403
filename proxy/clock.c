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

const char *px_moment(int64_t unix_ms, char out[PX_MOMENT])
{
    struct buf b = buf_over(out, PX_MOMENT);
    time_t s = (time_t)(unix_ms / 1000);
    struct tm t;

    if (unix_ms >= 0 && gmtime_r(&s, &t) != NULL)
        buf_fmt(&b, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", t.tm_year + 1900, t.tm_mon + 1,
                t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec, (int)(unix_ms % 1000));
    return buf_z(&b);
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
