/* tests/unit/test_queue.c */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <sys/uio.h>

#include "proxy/queue.h"

static void bytes_leave_in_the_order_they_came(void **state)
{
    struct px_chunk_pool pool = { 0 };
    struct px_queue q = { 0 };
    unsigned seed = 1;
    size_t put = 0, taken = 0, want = 400000;

    (void)state;
    while (taken < want) {
        char piece[40000];
        size_t n = (size_t)rand_r(&seed) % sizeof piece;
        struct span s;

        n = put + n > want ? want - put : n;
        for (size_t i = 0; i < n; i++)
            piece[i] = (char)((put + i) % 251);
        assert_true(px_queue_put(&q, &pool, (struct span){ piece, n }));
        put += n;
        assert_int_equal(px_queue_size(&q), put - taken);
        s = px_queue_first(&q);
        if (s.n > 3)
            s.n -= (size_t)rand_r(&seed) % 3;
        for (size_t i = 0; i < s.n; i++)
            assert_int_equal((unsigned char)s.p[i], (taken + i) % 251);
        px_queue_drop(&q, &pool, s.n);
        taken += s.n;
    }
    assert_int_equal(px_queue_size(&q), 0);
    assert_null(px_queue_first(&q).p);
    px_queue_fini(&q, &pool);
    px_chunk_pool_fini(&pool);
}

static void pieces_cover_the_whole(void **state)
{
    struct px_chunk_pool pool = { 0 };
    struct px_queue q = { 0 };
    static char big[5 * PX_CHUNK];
    struct iovec v[8];
    size_t sum = 0;

    (void)state;
    assert_true(px_queue_put(&q, &pool, (struct span){ big, 100 }));
    assert_true(px_queue_put(&q, &pool, (struct span){ big, sizeof big }));
    assert_int_equal(px_queue_pieces(&q, v, 2), 2);
    assert_int_equal(px_queue_pieces(&q, v, 8), 6);
    for (int i = 0; i < 6; i++)
        sum += v[i].iov_len;
    assert_int_equal(sum, sizeof big + 100);
    px_queue_drop(&q, &pool, PX_CHUNK + 1);
    assert_int_equal(px_queue_size(&q), sum - PX_CHUNK - 1);
    px_queue_fini(&q, &pool);
    assert_int_equal(px_queue_size(&q), 0);
    px_chunk_pool_fini(&pool);
}

/* Card numbers pass through: a chunk given back holds nothing of what was in it. */
static void chunks_are_wiped(void **state)
{
    struct px_chunk_pool pool = { 0 };
    struct px_queue q = { 0 };

    (void)state;
    assert_true(px_queue_put(&q, &pool, SPAN("4242424242424242")));
    px_queue_drop(&q, &pool, 16);
    assert_non_null(pool.spare_);
    for (size_t i = 0; i < 16; i++)
        assert_int_equal(pool.spare_->data[i], 0);
    px_chunk_pool_fini(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_leave_in_the_order_they_came),
        cmocka_unit_test(pieces_cover_the_whole),
        cmocka_unit_test(chunks_are_wiped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
