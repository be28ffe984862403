/* tests/unit/test_health.c -- regimes, counters and the choice, on a clock of our own. */
#include <math.h>
#include <stdlib.h>

#include "health/watch_inside.h"
#include "routing/base/hash.h"
#include "tests/unit/unit.h"

enum { PSPS = 3, BINS = 64 };
static const int64_t S = 1000000000;
static const double TIMEOUT_S = 10;

struct fixture {
    void *mem;
    struct hl_watch *watch;
    struct hl_book *book;
    uint64_t seed;
};

static struct fixture fresh(uint64_t seed)
{
    struct hl_watch_rules rules;
    struct fixture f = { .seed = seed };

    hl_watch_rules_init(&rules);
    rules.providers = PSPS;
    rules.bins_max = BINS;
    f.mem = malloc(hl_watch_size(&rules));
    assert_non_null(f.mem);
    f.watch = hl_watch_init(f.mem, hl_watch_size(&rules), &rules, seed, 0);
    f.book = f.watch->book;
    return f;
}

static const struct hl_card CARD = { .country = 100, .product = 1, .bin = 457112 };

static void survey(struct fixture *f, double amount, uint64_t seed, int64_t now_ns,
                   struct rt_view *view)
{
    static const double fee[PSPS] = { 10, 10, 10 }, declined[PSPS] = { 2, 2, 2 };

    *view = (struct rt_view){ 0 };
    hl_watch_survey(f->watch,
                    &(struct hl_watch_ask){ .card = CARD,
                                            .amount = amount,
                                            .fee_approved = fee,
                                            .fee_declined = declined,
                                            .may = (1 << PSPS) - 1,
                                            .attempts_max = 2,
                                            .seed = seed,
                                            .now_ns = now_ns },
                    view);
}

static bool is_before(const struct rt_sight *a, const struct rt_sight *b)
{
    if (a->probe != b->probe)
        return a->probe;
    if (a->ramped != b->ramped)
        return b->ramped;
    return a->value_micro > b->value_micro;
}

/* Whom a payment would go to, and goes to. */
static unsigned choose(struct fixture *f, double amount, int64_t now_ns, struct hl_pass *pass)
{
    uint64_t seed = hash64_mix(f->seed, (uint64_t)now_ns);
    struct rt_view view;
    unsigned may = (1 << PSPS) - 1;

    survey(f, amount, seed, now_ns, &view);
    while (may != 0) {
        unsigned best = PSPS;

        for (unsigned p = 0; p < PSPS; p++) {
            if ((may >> p & 1) != 0 &&
                (best == PSPS || is_before(&view.provider[p], &view.provider[best])))
                best = p;
        }
        if (hl_watch_admit(f->watch, best, seed, false, now_ns, pass))
            return best;
        may &= ~(1U << best);
    }
    fail_msg("nobody may be asked");
    return 0;
}

static void answer(struct fixture *f, unsigned p, enum hl_result r, const struct hl_pass *pass,
                   int64_t now_ns)
{
    struct hl_outcome o = {
        .provider = p, .card = CARD, .result = r, .attempt = 1, .latency_s = 0.4, .soft_before = -1
    };

    (void)hl_watch_told(f->watch, &o, pass, false, now_ns);
}

static void tell(struct fixture *f, unsigned p, enum hl_result r, int64_t now_ns)
{
    struct hl_pass pass;

    assert_true(hl_watch_admit(f->watch, p, 0, true, now_ns, &pass));
    answer(f, p, r, &pass, now_ns);
}

/* A quiet past: every provider approves nine in ten. */
static int64_t warm(struct fixture *f, int64_t now_ns)
{
    for (unsigned i = 0; i < 600; i++, now_ns += S / 4)
        tell(f, i % PSPS, i / PSPS % 10 == 0 ? HL_SOFT : HL_APPROVED, now_ns);
    return now_ns;
}

static void two_failures_are_enough_to_doubt(void **state)
{
    struct fixture f = fresh(1);
    int64_t now = warm(&f, 0);

    (void)state;
    tell(&f, 0, HL_FAILED, now);
    tell(&f, 0, HL_FAILED, now + S / 8);
    assert_true(hl_tech_available(&f.book->tech[0]) < 0.5);
    assert_true(hl_tech_available(&f.book->tech[1]) > 0.95);
    free(f.mem);
}

static void declines_are_no_technical_failures(void **state)
{
    struct fixture f = fresh(1);
    int64_t now = warm(&f, 0);

    (void)state;
    for (unsigned i = 0; i < 50; i++)
        tell(&f, 0, i % 2 == 0 ? HL_SOFT : HL_HARD, now + i * S / 8);
    assert_true(hl_tech_available(&f.book->tech[0]) > 0.95);
    free(f.mem);
}

static void a_request_that_hangs_counts_before_it_times_out(void **state)
{
    struct fixture f = fresh(1);
    int64_t now = warm(&f, 0);

    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        struct hl_pass pass;

        assert_true(hl_watch_admit(f.watch, 0, 0, false, now + i * S / 8, &pass));
    }
    hl_watch_tick(f.watch, now + S / 2);
    assert_true(hl_tech_available(&f.book->tech[0]) > 0.95);
    hl_watch_tick(f.watch, now + 6 * S);
    assert_true(hl_tech_available(&f.book->tech[0]) < 0.1);
    assert_int_equal(f.watch->guard[0].breaker.state_, HL_STOPPED);
    free(f.mem);
}

static void an_answered_request_is_never_overdue(void **state)
{
    struct fixture f = fresh(1);
    int64_t now = warm(&f, 0);
    struct hl_tech *t = &f.book->tech[0];
    hl_ticket ticket = hl_tech_sent(t, now), which;

    (void)state;
    assert_false(hl_tech_answered(t, ticket));
    assert_false(hl_tech_overdue(t, TIMEOUT_S, now + 60 * S, &which));
    free(f.mem);
}

/* Requests at 100 a second, each answered after 20 ms; then none is. */
static void a_busy_provider_that_falls_silent_is_sent_no_more(void **state)
{
    struct fixture f = fresh(1);
    struct hl_tech *t = &f.book->tech[0];
    int64_t now = S, ms = S / 1000;
    hl_ticket ticket[2];

    (void)state;
    for (unsigned i = 0; i < 400; i++, now += 10 * ms) {
        if (i >= 2) {
            assert_false(hl_tech_answered(t, ticket[i % 2]));
            hl_tech_latency(t, 0.020, true);
            hl_tech_observe(t, false, 0, 0, now);
        }
        ticket[i % 2] = hl_tech_sent(t, now);
        assert_false(hl_watch_silent(f.watch, 0, now));
    }
    for (unsigned i = 0; i < 6; i++, now += 10 * ms)
        (void)hl_tech_sent(t, now);
    for (unsigned i = 0; i < 100; i++, now += 10 * ms)
        (void)hl_watch_silent(f.watch, 0, now);
    assert_true(hl_watch_silent(f.watch, 0, now));
    assert_false(hl_watch_silent(f.watch, 1, now));
    assert_true(hl_tech_available(t) > 0.95); /* and nobody is accused yet */
    hl_tech_observe(t, false, 0, 0, now);     /* something is heard */
    assert_false(hl_watch_silent(f.watch, 0, now));
    free(f.mem);
}

/* However far the prior was off, a few answers tell how long one takes, and so how soon its absence
 * means something. */
static void a_few_answers_tell_how_long_one_takes(void **state)
{
    struct fixture f = fresh(1);
    struct hl_tech *t = &f.book->tech[0];

    (void)state;
    assert_true(t->patience_s > 1);
    for (unsigned i = 0; i < 20; i++)
        hl_tech_latency(t, i % 2 == 0 ? 0.018 : 0.024, true);
    assert_true(t->patience_s > 0.025);
    assert_true(t->patience_s < 0.1);
    free(f.mem);
}

/* Whoever was away for a second has heard nothing, and knows nothing by that. */
static void a_pause_of_our_own_is_no_silence(void **state)
{
    struct fixture f = fresh(1);
    int64_t now = warm(&f, 0) + 60 * S;

    (void)state;
    for (unsigned i = 0; i < 100; i++)
        (void)hl_tech_sent(&f.book->tech[0], now);
    assert_false(hl_watch_silent(f.watch, 0, now + S / 100));
    hl_watch_paused(f.watch, 20 * S);
    assert_false(hl_watch_silent(f.watch, 0, now + 20 * S));
    assert_false(hl_watch_silent(f.watch, 0, now + 20 * S + S / 10));
    assert_true(hl_watch_silent(f.watch, 0, now + 30 * S));
    free(f.mem);
}

/* A second in which we did not run: nobody is overdue by it, and a real hang still is. */
static void a_pause_of_our_own_makes_nobody_overdue(void **state)
{
    struct fixture f = fresh(1);
    int64_t now = warm(&f, 0);
    struct hl_pass pass;

    (void)state;
    for (unsigned i = 0; i < 4; i++)
        assert_true(hl_watch_admit(f.watch, 0, 0, false, now, &pass));
    hl_watch_paused(f.watch, 6 * S);
    hl_watch_tick(f.watch, now + 6 * S);
    assert_true(hl_tech_available(&f.book->tech[0]) > 0.95);
    hl_watch_tick(f.watch, now + 12 * S);
    assert_int_equal(f.watch->guard[0].breaker.state_, HL_STOPPED);
    free(f.mem);
}

static void trouble_that_hits_everybody_accuses_nobody(void **state)
{
    struct fixture alone = fresh(1), together = fresh(1);
    int64_t now = warm(&alone, 0);

    (void)state;
    (void)warm(&together, 0);
    for (unsigned i = 0; i < 12; i++) {
        for (unsigned p = 1; p < PSPS; p++) {
            tell(&alone, p, HL_APPROVED, now + i * S / 8);
            tell(&together, p, i % 2 == 0 ? HL_FAILED : HL_APPROVED, now + i * S / 8);
        }
        tell(&alone, 0, i % 2 == 0 ? HL_FAILED : HL_APPROVED, now + i * S / 8);
        tell(&together, 0, i % 2 == 0 ? HL_FAILED : HL_APPROVED, now + i * S / 8);
    }
    assert_true(together.book->tech[0].up > alone.book->tech[0].up);
    free(alone.mem);
    free(together.mem);
}

static void a_dead_provider_is_left_and_probed_rarely(void **state)
{
    struct fixture f = fresh(7);
    int64_t now = warm(&f, 0);
    unsigned asked = 0;

    (void)state;
    for (unsigned i = 0; i < 480; i++, now += S / 8) { /* a minute at 8/s */
        struct hl_pass pass;
        unsigned p = choose(&f, 500, now, &pass);

        asked += p == 0;
        answer(&f, p, p == 0 ? HL_FAILED : HL_APPROVED, &pass, now);
    }
    assert_true(asked <= 12);
    free(f.mem);
}

static void it_comes_back_after_a_few_good_probes(void **state)
{
    struct fixture f = fresh(7);
    int64_t now = warm(&f, 0);
    unsigned asked = 0;

    (void)state;
    for (unsigned i = 0; i < 20; i++)
        tell(&f, 0, HL_FAILED, now + i);
    for (unsigned i = 0; i < 8 * 120; i++, now += S / 8) {
        struct hl_pass pass;
        unsigned p = choose(&f, 500, now, &pass);

        asked += p == 0 && i > 8 * 60;
        answer(&f, p, i % 10 == 0 ? HL_SOFT : HL_APPROVED, &pass, now);
    }
    assert_true(asked > 20);
    free(f.mem);
}

static void a_broken_bin_path_is_left_for_that_bin_alone(void **state)
{
    struct fixture f = fresh(3);
    int64_t now = warm(&f, 0);
    const struct hl_regime *r;
    struct hl_at at;

    (void)state;
    for (unsigned i = 0; i < 12; i++)
        tell(&f, 0, HL_SOFT, now + i * S);
    at = hl_book_find(f.book, CARD);
    r = hl_book_regime(f.book, 2, 0, &at);
    assert_non_null(r);
    assert_true(hl_regime_sick(r) > 0.5);
    at = hl_book_find(f.book, (struct hl_card){ 100, 1, 400000 });
    assert_null(hl_book_regime(f.book, 2, 0, &at));
    free(f.mem);
}

static void same_book_same_seed_same_choices(void **state)
{
    struct fixture a = fresh(99), b = fresh(99);
    int64_t now = warm(&a, 0);

    (void)state;
    (void)warm(&b, 0);
    for (unsigned i = 0; i < 500; i++, now += S / 10) {
        struct hl_pass pa, pb;
        unsigned x = choose(&a, 300 + i % 50, now, &pa), y = choose(&b, 300 + i % 50, now, &pb);

        assert_int_equal(x, y);
        answer(&a, x, i % 7 == 0 ? HL_SOFT : HL_APPROVED, &pa, now);
        answer(&b, y, i % 7 == 0 ? HL_SOFT : HL_APPROVED, &pb, now);
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

        tell(&f, p, (enum hl_result)rng_below(&dice, HL_PENDING), now);
        t = &f.book->tech[p];
        assert_true(fabs(t->up + t->degraded + t->down - 1) < 1e-9);
        assert_true(hl_tech_available(t) > 0 && hl_tech_available(t) < 1);
    }
    free(f.mem);
}

static void a_full_book_serves_new_bins_from_the_group(void **state)
{
    struct fixture f = fresh(5);
    struct hl_at at;

    (void)state;
    for (uint32_t bin = 400000; bin < 400000 + 2 * BINS; bin++)
        (void)hl_book_bin_made(f.book, (struct hl_card){ 1, 1, bin }, 0);
    assert_int_equal(f.book->bins, BINS);
    assert_null(hl_book_bin_made(f.book, (struct hl_card){ 1, 1, 499999 }, 0));
    at = hl_book_find(f.book, (struct hl_card){ 1, 1, 499999 });
    assert_true(hl_book_base(f.book, &at).rate > 0.5);
    free(f.mem);
}

static void a_commitment_pays_more_the_further_it_is_behind(void **state)
{
    struct fixture f = fresh(5);

    (void)state;
    (void)warm(&f, 0);
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
        cmocka_unit_test(a_busy_provider_that_falls_silent_is_sent_no_more),
        cmocka_unit_test(a_few_answers_tell_how_long_one_takes),
        cmocka_unit_test(a_pause_of_our_own_is_no_silence),
        cmocka_unit_test(a_pause_of_our_own_makes_nobody_overdue),
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
