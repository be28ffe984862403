/* tests/unit/test_arena.c */
#include "tests/unit/unit.h"

#include <stdalign.h>
#include <stdlib.h>

#include "routing/base/arena.h"

/* A source that counts, wipes nothing, and can be told to fail from its n-th call on. */
struct heap {
    unsigned gets, puts, fail_at; /* fail_at 0: never */
    size_t out;
    bool dirty; /* a block came back with something in it */
};

static void *heap_get(void *ctx, size_t n)
{
    struct heap *h = ctx;
    char *p;

    if (++h->gets == h->fail_at)
        return NULL;
    p = malloc(n);
    if (p != NULL)
        memset(p, 0xA5, n);
    h->out += n;
    return p;
}

static void heap_put(void *ctx, void *block, size_t n)
{
    const char *p = block;
    struct heap *h = ctx;

    for (size_t i = 0; i < n; i++)
        h->dirty |= p[i] != 0;
    h->puts++;
    h->out -= n;
    free(block);
}

static void arena_gives_zeroed_aligned_memory(void **state)
{
    alignas(max_align_t) char mem[256];
    struct arena a;

    (void)state;
    memset(mem, 0xA5, sizeof mem);
    arena_init(&a, mem, sizeof mem, NULL, sizeof mem);
    for (size_t n = 1; n < 8; n++) {
        char *p = arena_alloc(&a, n);

        assert_non_null(p);
        assert_int_equal((uintptr_t)p % alignof(max_align_t), 0);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(p[i], 0);
        memset(p, 0xFF, n);
    }
    arena_fini(&a);
}

static void arena_wipes_what_it_handed_out(void **state)
{
    alignas(max_align_t) char mem[128];
    struct heap h = { 0 };
    struct arena_source more = { heap_get, heap_put, &h };
    struct arena a;

    (void)state;
    memset(mem, 0, sizeof mem);
    arena_init(&a, mem, sizeof mem, &more, 1024 * 1024);
    for (int i = 0; i < 2000; i++) {
        char *p = arena_alloc(&a, 48);

        assert_non_null(p);
        memset(p, '4', 48);
    }
    assert_true(h.gets > 1);
    arena_reset(&a);
    assert_int_equal(h.puts, h.gets);
    assert_int_equal(h.out, 0);
    assert_false(h.dirty);
    for (size_t i = 0; i < sizeof mem; i++)
        assert_int_equal(mem[i], 0);
    assert_int_equal(arena_used(&a), 0);
    assert_ptr_equal(arena_alloc(&a, 16), mem); /* ready again */
    arena_fini(&a);
}

static void arena_keeps_its_ceiling(void **state)
{
    struct heap h = { 0 };
    struct arena_source more = { heap_get, heap_put, &h };
    struct arena a;
    size_t got = 0;

    (void)state;
    arena_init(&a, NULL, 0, &more, 100 * 1024);
    assert_null(arena_alloc(&a, 100 * 1024 + 1));
    assert_null(arena_alloc(&a, SIZE_MAX));
    assert_null(arena_alloc(&a, SIZE_MAX - 15));
    while (arena_alloc(&a, 1000) != NULL)
        got += 1000;
    assert_in_range(got, 98 * 1024, 100 * 1024);
    assert_true(arena_used(&a) <= 100 * 1024);
    arena_fini(&a);
    assert_int_equal(h.out, 0);
}

static void arena_takes_a_big_block_whole(void **state)
{
    struct heap h = { 0 };
    struct arena_source more = { heap_get, heap_put, &h };
    struct arena a;
    char *p;

    (void)state;
    arena_init(&a, NULL, 0, &more, 1024 * 1024);
    p = arena_alloc(&a, 300 * 1024);
    assert_non_null(p);
    memset(p, 1, 300 * 1024);
    assert_int_equal(h.gets, 1);
    arena_fini(&a);
    assert_int_equal(h.out, 0);
}

/* The n-th block is refused, for every n: the call gives NULL, what was given before stays good. */
static void arena_survives_every_refused_block(void **state)
{
    (void)state;
    for (unsigned fail_at = 1; fail_at < 12; fail_at++) {
        struct heap h = { .fail_at = fail_at };
        struct arena_source more = { heap_get, heap_put, &h };
        struct arena a;
        unsigned nulls = 0;

        arena_init(&a, NULL, 0, &more, 1024 * 1024);
        for (int i = 0; i < 100; i++) {
            char *p = arena_alloc(&a, 2000);

            nulls += p == NULL;
            if (p != NULL)
                memset(p, 0xFF, 2000);
        }
        assert_int_equal(nulls, 1);
        arena_fini(&a);
        assert_int_equal(h.out, 0);
        assert_false(h.dirty);
    }
}

static void copies_are_whole_or_nothing(void **state)
{
    alignas(max_align_t) char mem[32];
    struct arena a;
    struct span s;

    (void)state;
    arena_init(&a, mem, sizeof mem, NULL, sizeof mem);
    s = arena_copy(&a, SPAN("abc"));
    assert_span(s, "abc");
    assert_string_equal(arena_str(&a, SPAN("0123456789abcde")), "0123456789abcde");
    assert_null(arena_str(&a, SPAN("")));
    assert_null(arena_copy(&a, SPAN("x")).p);
    assert_int_equal(arena_copy(&a, SPAN_NONE).n, 0);
    arena_fini(&a);
}

static void arena_buf_is_short_when_the_arena_is_full(void **state)
{
    alignas(max_align_t) char mem[32];
    struct arena a;
    struct buf b;

    (void)state;
    arena_init(&a, mem, sizeof mem, NULL, sizeof mem);
    b = arena_buf(&a, 20);
    buf_str(&b, "01234567890123456789");
    assert_true(buf_ok(&b));
    b = arena_buf(&a, 20);
    assert_true(buf_ok(&b));
    buf_byte(&b, 'x');
    assert_false(buf_ok(&b));
    arena_fini(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arena_gives_zeroed_aligned_memory),
        cmocka_unit_test(arena_wipes_what_it_handed_out),
        cmocka_unit_test(arena_keeps_its_ceiling),
        cmocka_unit_test(arena_takes_a_big_block_whole),
        cmocka_unit_test(arena_survives_every_refused_block),
        cmocka_unit_test(copies_are_whole_or_nothing),
        cmocka_unit_test(arena_buf_is_short_when_the_arena_is_full),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
