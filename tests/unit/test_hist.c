/* tests/unit/test_hist.c -- the histogram of latencies and the windows made of it. */
#include "health/hist.h"

#include <stdlib.h>
#include <string.h>

#include "health/window.h"
#include "routing/base/rng.h"
#include "tests/unit/unit.h"

static const int64_t MINUTE = INT64_C(60000000000);

static void every_bucket_begins_where_the_last_one_ends(void **state)
{
    (void)state;
    for (unsigned b = 0; b < HL_HIST; b++) {
        assert_int_equal(hl_hist_bucket(hl_hist_least(b)), b);
        assert_int_equal(hl_hist_bucket(hl_hist_least(b + 1) - 1), b);
    }
    assert_int_equal(hl_hist_bucket(-5), 0);
    assert_int_equal(hl_hist_bucket(INT64_MAX), HL_HIST - 1);
}

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

/* Against the sorted values themselves, from narrow to very wide spreads. */
static void quantiles_are_off_by_half_a_bucket_at_most(void **state)
{
    static int64_t value[2000];

    (void)state;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct rng r = rng_of(seed);
        unsigned n = 1 + (unsigned)rng_below(&r, 2000);
        struct hl_hist h = { { 0 } };

        for (unsigned i = 0; i < n; i++) {
            value[i] = (int64_t)rng_below(&r, UINT64_C(1) << (1 + rng_below(&r, 16)));
            hl_hist_add(&h, hl_hist_bucket(value[i]), 1);
        }
        qsort(value, n, sizeof value[0], by_size);
        for (unsigned permille = 1; permille <= 1000; permille += 37) {
            int64_t is = value[(n * permille + 999) / 1000 - 1];
            int64_t says = hl_hist_quantile(&h, permille);

            if (llabs(says - is) > is / 16 + 1)
                fail_msg("seed %llu: %u permille of %u is %lld, not %lld", (unsigned long long)seed,
                         permille, n, (long long)is, (long long)says);
        }
    }
}

static void sums_are_the_histogram_of_everything(void **state)
{
    struct rng r = rng_of(4);
    struct hl_hist part[5] = { { { 0 } } }, sum = { { 0 } }, all = { { 0 } };

    (void)state;
    for (unsigned i = 0; i < 5000; i++) {
        unsigned b = hl_hist_bucket((int64_t)rng_below(&r, 20000));

        hl_hist_add(&part[i % 5], b, 1);
        hl_hist_add(&all, b, 1);
    }
    for (unsigned i = 0; i < 5; i++)
        hl_hist_merge(&sum, &part[(i * 3) % 5]); /* in any order */
    assert_memory_equal(&sum, &all, sizeof sum);
    hl_hist_take(&sum, &part[2]);
    assert_int_equal(hl_hist_count(&sum), 4000);
    hl_hist_take(&sum, &all);
    assert_int_equal(hl_hist_count(&sum), 0);
    assert_int_equal(hl_hist_quantile(&sum, 500), -1);
}

static void counts_stop_at_their_maximum(void **state)
{
    struct hl_hist h = { { 0 } };

    (void)state;
    hl_hist_add(&h, 3, UINT32_MAX - 1);
    hl_hist_add(&h, 3, 5);
    assert_int_equal(h.n[3], UINT32_MAX);
}

/* ---- windows ---- */

struct seen {
    int64_t minute;
    bool approved;
};

/* Everything that was seen, counted by hand: the last whole units and the running one. */
static void expect(const struct seen *seen, unsigned n, int64_t minute, enum hl_over over,
                   uint64_t *answered, uint64_t *approved)
{
    static const int64_t minutes[HL_OVERS_] = { 0, 5, 15, 30, 60, 0, 0 };
    static const int64_t quarters[HL_OVERS_] = { 0, 0, 0, 0, 0, 24, 96 };

    *answered = *approved = 0;
    for (unsigned i = 0; i < n; i++) {
        bool in = minutes[over] != 0 ? seen[i].minute > minute - minutes[over]
                                     : seen[i].minute / 15 > minute / 15 - quarters[over];

        *answered += in;
        *approved += in && seen[i].approved;
    }
}

static void windows_hold_what_is_young_enough(void **state)
{
    static struct seen seen[4000];

    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct hl_windows *w = malloc(sizeof *w);
        struct rng r = rng_of(seed);
        int64_t minute = 1000;

        assert_non_null(w);
        hl_window_init(w, minute * MINUTE);
        for (unsigned n = 0; n < 4000; n++) {
            uint64_t answered, approved;
            struct hl_window_sum sum;
            enum hl_over over = (enum hl_over)(1 + n % (HL_OVERS_ - 1));

            if (rng_below(&r, 10) == 0)
                minute += (int64_t)rng_below(&r, rng_below(&r, 60) == 0 ? 2000 : 9);
            seen[n] = (struct seen){ minute, rng_below(&r, 3) != 0 };
            hl_window_answer(w, 1, seen[n].approved, 0, minute * MINUTE + 5);
            hl_window_sum(w, over, minute * MINUTE + 6, &sum);
            expect(seen, n + 1, minute, over, &answered, &approved);
            if (sum.answered != answered || sum.approved != approved)
                fail_msg("seed %llu, %u: %llu of %llu, not %llu of %llu", (unsigned long long)seed,
                         n, (unsigned long long)sum.approved, (unsigned long long)sum.answered,
                         (unsigned long long)approved, (unsigned long long)answered);
        }
        free(w);
    }
}

static void an_empty_window_knows_nothing(void **state)
{
    struct hl_windows *w = malloc(sizeof *w);
    struct hl_window_sum sum;

    (void)state;
    assert_non_null(w);
    hl_window_init(w, 0);
    hl_window_latency(w, 250, 4, MINUTE);
    hl_window_answer(w, 4, 3, 1, MINUTE);
    hl_window_sum(w, HL_OVER_5M, 2 * MINUTE, &sum);
    assert_int_equal(sum.approval_ppm, 750000);
    assert_int_equal(sum.mean_ms, 250);
    assert_in_range(sum.p99_ms, 235, 265);
    assert_int_equal(sum.failed, 1);
    hl_window_sum(w, HL_OVER_5M, 6 * MINUTE, &sum);
    assert_int_equal(sum.approval_ppm, -1);
    assert_int_equal(sum.p50_ms, -1);
    hl_window_sum(w, HL_OVER_1H, 6 * MINUTE, &sum);
    assert_int_equal(sum.answered, 4);
    hl_window_sum(w, HL_OVER_24H, 100 * 24 * 60 * MINUTE, &sum); /* after a long sleep */
    assert_int_equal(sum.answered, 0);
    free(w);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_bucket_begins_where_the_last_one_ends),
        cmocka_unit_test(quantiles_are_off_by_half_a_bucket_at_most),
        cmocka_unit_test(sums_are_the_histogram_of_everything),
        cmocka_unit_test(counts_stop_at_their_maximum),
        cmocka_unit_test(windows_hold_what_is_young_enough),
        cmocka_unit_test(an_empty_window_knows_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
