/* Buckets of latency. */
#include "proxy/tally.h"
#include "unit.h"

static void a_bucket_holds_what_it_says(void **state)
{
    unsigned before = 0;

    (void)state;
    for (int64_t us = 0; us < INT64_C(100) * 1000 * 1000; us += 1 + us / 50) {
        unsigned b = px_tally_bucket(us);
        double ms = (double)us / 1e3, said = px_tally_bucket_ms(b);

        assert_true(b >= before && b < PX_TALLY_BUCKETS);
        before = b;
        if (ms > 20 && ms < 60000)
            assert_true(said > ms * 0.90 && said < ms * 1.10);
        else if (ms < 20)
            assert_true(said > ms - 2 && said < ms + 2);
    }
    assert_int_equal(px_tally_bucket(-5), 0);
    assert_int_equal(px_tally_bucket(INT64_MAX), PX_TALLY_BUCKETS - 1);
}

static void quantiles_of_nothing_are_unknown(void **state)
{
    uint32_t count[PX_TALLY_BUCKETS] = { 0 };

    (void)state;
    assert_int_equal(px_tally_quantile(count, 500), -1);
}

static void quantiles_come_from_the_counts(void **state)
{
    uint32_t count[PX_TALLY_BUCKETS] = { 0 };

    (void)state;
    count[px_tally_bucket(100 * 1000)] = 98;
    count[px_tally_bucket(4000 * 1000)] = 2;
    assert_in_range(px_tally_quantile(count, 500), 90, 112);
    assert_in_range(px_tally_quantile(count, 990), 3600, 4500);
    assert_in_range(px_tally_quantile(count, 1000), 3600, 4500);
    for (unsigned i = 0; i < PX_TALLY_BUCKETS; i++)
        count[i] = UINT32_MAX; /* the sum does not overflow */
    assert_true(px_tally_quantile(count, 500) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bucket_holds_what_it_says),
        cmocka_unit_test(quantiles_of_nothing_are_unknown),
        cmocka_unit_test(quantiles_come_from_the_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
