/* tests/unit/test_health.c -- regimes, counters and the choice, on a clock of our own. */
#include <math.h>
#include <stdlib.h>

#include "health/choose.h"
#include "health/learn.h"
#include "tests/unit/unit.h"

enum { PSPS = 3, BINS = 64 };
static const int64_t S = 1000000000;
static const double TIMEOUT_S = 10;

struct fixture {
    void *mem;
    struct hl_book *book;
};

static struct fixture fresh(uint64_t seed)
{
    size_t n = hl_book_size(PSPS, BINS);
    struct fixture f = { .mem = malloc(n) };

    assert_non_null(f.mem);
    f.book = hl_book_init(f.mem, n, PSPS, BINS, seed, 0);
    return f;
}

static const struct hl_card CARD = { .country = 100, .product = 1, .bin = 457112 };

static struct hl_choice choose(struct hl_book *b, double amount, int64_t now_ns)
{
    struct hl_option option[PSPS];
    struct hl_choice c;

    for (unsigned p = 0; p < PSPS; p++)
        option[p] = (struct hl_option){ .provider = p, .fee_approved = 0.1, .fee_declined = 0.02 };
    hl_choose(b,
              &(struct hl_question){ .card = CARD,
                                     .amount = amount,
                                     .margin = 0.15,
                                     .latency_cost_per_s = 0.005,
                                     .timeout_s = TIMEOUT_S,
                                     .attempt = 1,
                                     .attempts_max = 2,
                                     .option = option,
                                     .options = PSPS,
                                     .now_ns = now_ns },
              &c);
    return c;
}

static void tell(struct hl_book *b, unsigned p, enum hl_result r, int64_t now_ns)
{
    struct hl_outcome o = { .provider = p,
                            .card = CARD,
                            .result = r,
                            .attempt = 1,
                            .latency_s = 0.4,
                            .local = true,
                            .ticket = hl_tech_sent(&b->tech[p], now_ns),
                            .soft_before = -1 };

    (void)hl_learn(b, &o, TIMEOUT_S, now_ns);
}

/* A quiet past: every provider approves nine in ten. */
static int64_t warm(struct hl_book *b, int64_t now_ns)
{
    for (unsigned i = 0; i < 600; i++, now_ns += S / 4)
        tell(b, i % PSPS, i / PSPS % 10 == 0 ? HL_SOFT : HL_APPROVED, now_ns);
    return now_ns;
}

static void two_failures_are_enough_to_doubt(void **state)
{
    struct fixture f = fresh(1);
    int64_t now = warm(f.book, 0);

    (void)state;
    tell(f.book, 0, HL_FAILED, now);
    tell(f.book, 0, HL_FAILED, now + S / 8);
    assert_true(hl_tech_available(&f.book->tech[0]) < 0.5);
    assert_true(hl_tech_available(&f.book->tech[1]) > 0.95);
    free(f.mem);
}

static void declines_are_no_technical_failures(void **state)
{
    struct fixture f = fresh(1);
    int64_t now = warm(f.book, 0);

    (void)state;
    for (unsigned i = 0; i < 50; i++)
        tell(f.book, 0, i % 2 == 0 ? HL_SOFT : HL_HARD, now + i * S / 8);
    assert_true(hl_tech_available(&f.book->tech[0]) > 0.95);
    free(f.mem);
}

static void a_request_that_hangs_counts_before_it_times_out(void **state)
{
    struct fixture f = fresh(1);
    int64_t now = warm(f.book, 0);

    (void)state;
    for (unsigned i = 0; i < 4; i++)
        (void)hl_tech_sent(&f.book->tech[0], now + i * S / 8);
    assert_int_equal(hl_tech_look(&f.book->tech[0], TIMEOUT_S, 0, 0, now + S / 2), 0);
    assert_int_equal(hl_tech_look(&f.book->tech[0], TIMEOUT_S, 0, 0, now + 6 * S), 4);
    assert_int_equal(hl_tech_look(&f.book->tech[0], TIMEOUT_S, 0, 0, now + 7 * S), 0);
    assert_true(hl_tech_available(&f.book->tech[0]) < 0.1);
    free(f.mem);
}

static void an_answered_request_is_never_overdue(void **state)
{
    struct fixture f = fresh(1);
    int64_t now = warm(f.book, 0);
    hl_ticket t = hl_tech_sent(&f.book->tech[0], now);

    (void)state;
    assert_false(hl_tech_answered(&f.book->tech[0], t));
    assert_int_equal(hl_tech_look(&f.book->tech[0], TIMEOUT_S, 0, 0, now + 60 * S), 0);
    free(f.mem);
}

static void trouble_that_hits_everybody_accuses_nobody(void **state)
{
    struct fixture alone = fresh(1), together = fresh(1);
    int64_t now = warm(alone.book, 0);

    (void)state;
    (void)warm(together.book, 0);
    for (unsigned i = 0; i < 12; i++) {
        for (unsigned p = 1; p < PSPS; p++) {
            tell(alone.book, p, HL_APPROVED, now + i * S / 8);
            tell(together.book, p, i % 2 == 0 ? HL_FAILED : HL_APPROVED, now + i * S / 8);
        }
        tell(alone.book, 0, i % 2 == 0 ? HL_FAILED : HL_APPROVED, now + i * S / 8);
        tell(together.book, 0, i % 2 == 0 ? HL_FAILED : HL_APPROVED, now + i * S / 8);
    }
    assert_true(together.book->tech[0].up > alone.book->tech[0].up);
    free(alone.mem);
    free(together.mem);
}

static void a_dead_provider_is_left_and_probed_rarely(void **state)
{
    struct fixture f = fresh(7);
    int64_t now = warm(f.book, 0);
    unsigned asked = 0;

    (void)state;
    for (unsigned i = 0; i < 480; i++, now += S / 8) { /* a minute at 8/s */
        unsigned p = (unsigned)choose(f.book, 5, now).option;

        asked += p == 0;
        tell(f.book, p, p == 0 ? HL_FAILED : HL_APPROVED, now);
    }
    assert_true(asked <= 12);
    free(f.mem);
}

static void it_comes_back_after_a_few_good_probes(void **state)
{
    struct fixture f = fresh(7);
    int64_t now = warm(f.book, 0);
    unsigned asked = 0;

    (void)state;
    for (unsigned i = 0; i < 20; i++)
        tell(f.book, 0, HL_FAILED, now + i);
    for (unsigned i = 0; i < 8 * 120; i++, now += S / 8) {
        unsigned p = (unsigned)choose(f.book, 5, now).option;

        asked += p == 0 && i > 8 * 60;
        tell(f.book, p, i % 10 == 0 ? HL_SOFT : HL_APPROVED, now);
    }
    assert_true(asked > 20);
    free(f.mem);
}

static void a_broken_bin_path_is_left_for_that_bin_alone(void **state)
{
    struct fixture f = fresh(3);
    int64_t now = warm(f.book, 0);
    const struct hl_regime *r;

    (void)state;
    for (unsigned i = 0; i < 12; i++)
        tell(f.book, 0, HL_SOFT, now + i * S);
    r = hl_book_regime(f.book, 2, 0, CARD);
    assert_non_null(r);
    assert_true(hl_regime_sick(r) > 0.5);
    assert_true(hl_book_regime(f.book, 2, 0, (struct hl_card){ 100, 1, 400000 }) == NULL);
    free(f.mem);
}

static void same_book_same_seed_same_choices(void **state)
{
    struct fixture a = fresh(99), b = fresh(99);
    int64_t now = warm(a.book, 0);

    (void)state;
    (void)warm(b.book, 0);
    for (unsigned i = 0; i < 500; i++, now += S / 10) {
        struct hl_choice x = choose(a.book, 3 + i % 50, now), y = choose(b.book, 3 + i % 50, now);

        assert_int_equal(x.option, y.option);
        tell(a.book, (unsigned)x.option, i % 7 == 0 ? HL_SOFT : HL_APPROVED, now);
        tell(b.book, (unsigned)y.option, i % 7 == 0 ? HL_SOFT : HL_APPROVED, now);
    }
    free(a.mem);
    free(b.mem);
}

static void probabilities_stay_probabilities(void **state)
{
    struct fixture f = fresh(5);
    struct rng dice = rng_of(12);
    int64_t now = 0;

    (void)state;
    for (unsigned i = 0; i < 20000; i++, now += (int64_t)rng_below(&dice, (uint64_t)S)) {
        const struct hl_tech *t;
        unsigned p = (unsigned)rng_below(&dice, PSPS);

        tell(f.book, p, (enum hl_result)rng_below(&dice, HL_PENDING), now);
        t = &f.book->tech[p];
        assert_true(fabs(t->up + t->degraded + t->down - 1) < 1e-9);
        assert_true(hl_tech_available(t) > 0 && hl_tech_available(t) < 1);
    }
    free(f.mem);
}

static void a_full_book_serves_new_bins_from_the_group(void **state)
{
    struct fixture f = fresh(5);

    (void)state;
    for (uint32_t bin = 400000; bin < 400000 + 2 * BINS; bin++)
        (void)hl_book_bin_made(f.book, (struct hl_card){ 1, 1, bin }, 0);
    assert_int_equal(f.book->bins, BINS);
    assert_null(hl_book_bin_made(f.book, (struct hl_card){ 1, 1, 499999 }, 0));
    assert_true(hl_book_base(f.book, (struct hl_card){ 1, 1, 499999 }).rate > 0.5);
    free(f.mem);
}

static void a_commitment_pays_more_the_further_it_is_behind(void **state)
{
    struct fixture f = fresh(5);

    (void)state;
    (void)warm(f.book, 0);
    assert_true(hl_commitment_price(f.book, 0, 0.9, 1.0) >=
                hl_commitment_price(f.book, 0, 0.34, 1.0));
    assert_true(hl_commitment_price(f.book, 0, 0.9, 1.0) <= 1.0);
    assert_true(hl_commitment_price(f.book, 0, 0.05, 1.0) <= 1e-9);
    free(f.mem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_failures_are_enough_to_doubt),
        cmocka_unit_test(declines_are_no_technical_failures),
        cmocka_unit_test(a_request_that_hangs_counts_before_it_times_out),
        cmocka_unit_test(an_answered_request_is_never_overdue),
        cmocka_unit_test(trouble_that_hits_everybody_accuses_nobody),
        cmocka_unit_test(a_dead_provider_is_left_and_probed_rarely),
        cmocka_unit_test(it_comes_back_after_a_few_good_probes),
        cmocka_unit_test(a_broken_bin_path_is_left_for_that_bin_alone),
        cmocka_unit_test(same_book_same_seed_same_choices),
        cmocka_unit_test(probabilities_stay_probabilities),
        cmocka_unit_test(a_full_book_serves_new_bins_from_the_group),
        cmocka_unit_test(a_commitment_pays_more_the_further_it_is_behind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
