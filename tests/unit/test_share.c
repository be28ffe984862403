/* tests/unit/test_share.c -- watches that hear of each other. */
#include <math.h>

#include "tests/unit/watch_kit.h"

enum { CARDS = 20, NODES = 8 };
static const int64_t S = 1000000000;

static struct hl_card card_of(unsigned i)
{
    return (struct hl_card){ (uint16_t)(1 + i % 3), (uint16_t)(1 + i % 2), 400000 + i };
}

/* What really happens: approval by provider and card, now and then an error. */
static enum hl_result luck(struct rng *r, unsigned p, unsigned card)
{
    double approves = 0.92 - 0.06 * p - 0.01 * (card % 7) - (p == 1 && card == 3 ? 0.3 : 0);

    if (rng_below(r, 200) == 0)
        return HL_FAILED;
    if (rng_below(r, 20) == 0)
        return HL_HARD;
    return rng_unit(r) < approves ? HL_APPROVED : HL_SOFT;
}

static double approval(struct hl_watch *w, unsigned p, struct hl_card card)
{
    struct hl_at at = hl_book_find(w->book, card);
    struct hl_offsets is;

    hl_book_offsets(w->book, p, &at, hl_book_base(w->book, &at).logit, &is);
    return hl_expit(is.x);
}

static void must_agree(uint64_t seed, struct hl_watch *a, struct hl_watch *b, int64_t now)
{
    for (unsigned p = 0; p < KIT_PSPS; p++) {
        struct hl_window_sum x, y;

        hl_watch_window(a, p, HL_OVER_1H, now, &x);
        hl_watch_window(b, p, HL_OVER_1H, now, &y);
        assert_true(x.answered == y.answered && x.approved == y.approved);
        assert_int_equal(x.failed, y.failed);
        assert_true(abs(x.p95_ms - y.p95_ms) <= 30); /* one bucket */
        for (unsigned c = 0; c < CARDS; c++) {
            double one = approval(a, p, card_of(c)), two = approval(b, p, card_of(c));

            /* A tick's outcomes come as one: they are measured against what was expected before
             * it, not against each other. A point is below the error of the estimate. */
            if (fabs(one - two) > 0.01)
                fail_msg("seed %llu: provider %u, card %u: %.4f here, %.4f there",
                         (unsigned long long)seed, p, c, one, two);
        }
        assert_true(fabs(hl_tech_available(&a->book->tech[p]) -
                         hl_tech_available(&b->book->tech[p])) < 0.02);
    }
}

static void two_that_exchange_know_what_one_knows_that_saw_it_all(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct hl_watch *pair[2] = { kit_watch(1), kit_watch(1) }, *one = kit_watch(1);
        struct rng r = rng_of(seed);
        int64_t now = S;

        for (unsigned i = 0; i < 6000; i++) {
            unsigned p = (unsigned)rng_below(&r, KIT_PSPS), c = (unsigned)rng_below(&r, CARDS);
            enum hl_result what = luck(&r, p, c);

            if (what == HL_FAILED && i > 5900) /* the order inside the last tick would show */
                what = HL_APPROVED;
            now += (int64_t)rng_below(&r, (uint64_t)S / 8);
            kit_tell(pair[rng_below(&r, 2)], p, card_of(c), what, now);
            kit_tell(one, p, card_of(c), what, now);
            if (i % 4 == 3) { /* about every 250 ms */
                kit_send(pair[0], pair, 2, now);
                kit_send(pair[1], pair, 2, now);
            }
        }
        must_agree(seed, pair[0], one, now);
        must_agree(seed, pair[1], one, now);
        free(pair[0]);
        free(pair[1]);
        free(one);
    }
}

static void a_newcomer_reads_the_snapshot(void **state)
{
    static unsigned char blob[HL_DELTA_BYTES];
    static struct hl_delta d;
    struct hl_watch *old = kit_watch(1), *young = kit_watch(2);
    struct rng r = rng_of(3);
    int64_t now = S;
    unsigned parts = 0;

    (void)state;
    for (unsigned i = 0; i < 20000; i++, now += S / 20) {
        unsigned p = (unsigned)rng_below(&r, KIT_PSPS), c = (unsigned)rng_below(&r, 200);

        kit_tell(old, p, card_of(c), luck(&r, p, c), now);
    }
    while (hl_watch_snapshot(old, parts, &d, now)) {
        struct hl_delta_view v;
        struct span packed = { (char *)blob, hl_delta_pack(&d, true, blob, sizeof blob) };

        assert_int_equal(hl_delta_open(packed, &v), OK);
        hl_watch_apply(young, &v, 1, 60, now + 60 * S);
        parts++;
    }
    assert_true(parts >= 2);
    for (unsigned p = 0; p < KIT_PSPS; p++) {
        for (unsigned c = 0; c < 200; c++)
            assert_true(fabs(approval(old, p, card_of(c)) - approval(young, p, card_of(c))) < 0.01);
    }
    free(old);
    free(young);
}

/* ---- whom to believe ---- */

struct fleet {
    struct hl_watch *node[NODES];
    int64_t now;
};

static struct fleet fleet_of(void)
{
    struct fleet f = { .now = S };

    for (unsigned i = 0; i < NODES; i++)
        f.node[i] = kit_watch(i + 1);
    return f;
}

static void fleet_end(struct fleet *f)
{
    for (unsigned i = 0; i < NODES; i++)
        free(f->node[i]);
}

static void exchange(struct fleet *f)
{
    f->now += S / 4;
    for (unsigned i = 0; i < NODES; i++)
        kit_send(f->node[i], f->node, NODES, f->now);
}

/* A second in which provider 0 fails on `sick` nodes and works on the others. */
static void second(struct fleet *f, unsigned sick)
{
    for (unsigned tick = 0; tick < 4; tick++) {
        for (unsigned i = 0; i < NODES; i++)
            for (unsigned p = 0; p < KIT_PSPS; p++)
                kit_tell(f->node[i], p, card_of(i), p == 0 && i < sick ? HL_FAILED : HL_APPROVED,
                         f->now);
        exchange(f);
    }
}

static enum hl_serving serving(struct hl_watch *w, unsigned p, int64_t now)
{
    struct hl_watch_state s;

    hl_watch_state(w, p, now, &s);
    return s.serving;
}

static void one_sick_node_opens_nobody_elses_breaker(void **state)
{
    struct fleet f = fleet_of();

    (void)state;
    for (unsigned i = 0; i < 10; i++)
        second(&f, 0);
    for (unsigned i = 0; i < 30; i++) {
        second(&f, 1);
        for (unsigned k = 1; k < NODES; k++) {
            assert_int_equal(serving(f.node[k], 0, f.now), HL_SERVING);
            assert_true(hl_tech_available(&f.node[k]->book->tech[0]) > 0.95);
        }
    }
    assert_int_not_equal(serving(f.node[0], 0, f.now), HL_SERVING); /* its own was right to */
    fleet_end(&f);
}

static void two_that_agree_are_believed(void **state)
{
    struct fleet f = fleet_of();

    (void)state;
    for (unsigned i = 0; i < 10; i++)
        second(&f, 0);
    /* two nodes lose it, the other six are not using it */
    for (unsigned tick = 0; tick < 4; tick++) {
        kit_tell(f.node[0], 0, card_of(0), HL_FAILED, f.now);
        kit_tell(f.node[1], 0, card_of(1), HL_FAILED, f.now);
        exchange(&f);
    }
    for (unsigned k = 0; k < NODES; k++)
        assert_int_not_equal(serving(f.node[k], 0, f.now), HL_SERVING);
    fleet_end(&f);
}

static void workers_of_one_node_believe_each_other(void **state)
{
    struct hl_watch *worker[2] = { kit_watch(5), kit_watch(5) };

    (void)state;
    for (unsigned i = 0; i < 4; i++)
        kit_tell(worker[0], 0, card_of(0), HL_FAILED, S + i);
    kit_send(worker[0], worker, 2, 2 * S);
    assert_int_equal(serving(worker[1], 0, 2 * S), HL_STOPPED);
    free(worker[0]);
    free(worker[1]);
}

static void a_probe_that_one_made_serves_all(void **state)
{
    struct fleet f = fleet_of();
    unsigned probing = 0;

    (void)state;
    for (unsigned i = 0; i < 10; i++)
        second(&f, 0);
    for (unsigned tick = 0; tick < 4; tick++) {
        for (unsigned i = 0; i < NODES; i++)
            kit_tell(f.node[i], 0, card_of(i), HL_FAILED, f.now);
        exchange(&f);
    }
    assert_int_equal(serving(f.node[7], 0, f.now), HL_STOPPED);
    f.now += S / 10;
    kit_tell(f.node[3], 0, card_of(1), HL_APPROVED, f.now);
    exchange(&f);
    for (unsigned i = 0; i < NODES; i++)
        probing += serving(f.node[i], 0, f.now) == HL_PROBING;
    assert_true(probing >= NODES - 1);
    fleet_end(&f);
}

static void a_stranger_s_provider_is_passed_over(void **state)
{
    struct hl_watch *a = kit_watch(1), *b = kit_watch(2);
    struct hl_watch *const to[] = { b };

    (void)state;
    a->rules.id[2] = 999; /* a newer configuration */
    kit_tell(a, 2, card_of(0), HL_APPROVED, S);
    kit_tell(a, 0, card_of(0), HL_APPROVED, S);
    kit_send(a, to, 1, S);
    assert_true(hl_book_provider(b->book, 0).n > 0.9);
    assert_true(hl_book_provider(b->book, 2).n < 1e-9);
    free(a);
    free(b);
}

static void what_is_old_says_nothing_of_now(void **state)
{
    static unsigned char blob[HL_DELTA_BYTES];
    static struct hl_delta d;
    struct hl_watch *a = kit_watch(1), *b = kit_watch(1);
    struct hl_delta_view v;

    (void)state;
    for (unsigned i = 0; i < 5; i++)
        kit_tell(a, 0, card_of(0), HL_FAILED, S);
    kit_tell(a, 0, card_of(0), HL_SOFT, S);
    hl_watch_collect(a, &d, S);
    assert_int_equal(
        hl_delta_open((struct span){ (char *)blob, hl_delta_pack(&d, false, blob, sizeof blob) },
                      &v),
        OK);
    hl_watch_apply(b, &v, 1, 60, 100 * S); /* Redis was away for a minute */
    assert_int_equal(serving(b, 0, 100 * S), HL_SERVING);
    assert_true(hl_book_provider(b->book, 0).n > 0.9); /* but it is learned */
    free(a);
    free(b);
}

/* Its requests hang. What another node heard a moment before must not make it send more. */
static void what_others_hear_breaks_no_silence_of_ours(void **state)
{
    struct hl_watch *me = kit_watch(1), *other = kit_watch(2);
    struct hl_pass pass;
    int64_t now = S;

    (void)state;
    for (unsigned i = 0; i < 300; i++, now += S / 100)
        kit_tell(me, 0, card_of(i), HL_APPROVED, now);
    for (unsigned i = 0; i < 20; i++, now += S / 100)
        assert_true(hl_watch_admit(me, 0, i, false, now, &pass));
    for (unsigned i = 0; i < 200; i++, now += S / 100)
        (void)hl_watch_silent(me, 0, now);
    assert_true(hl_watch_silent(me, 0, now));
    for (unsigned i = 0; i < 20; i++)
        kit_tell(other, 0, card_of(i), HL_APPROVED, now);
    kit_send(other, &me, 1, now);
    assert_true(hl_watch_silent(me, 0, now + S / 100));
    kit_tell(me, 0, card_of(1), HL_APPROVED, now + S / 50);
    assert_false(hl_watch_silent(me, 0, now + S / 50));
    free(me);
    free(other);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_that_exchange_know_what_one_knows_that_saw_it_all),
        cmocka_unit_test(a_newcomer_reads_the_snapshot),
        cmocka_unit_test(one_sick_node_opens_nobody_elses_breaker),
        cmocka_unit_test(two_that_agree_are_believed),
        cmocka_unit_test(workers_of_one_node_believe_each_other),
        cmocka_unit_test(a_probe_that_one_made_serves_all),
        cmocka_unit_test(a_stranger_s_provider_is_passed_over),
        cmocka_unit_test(what_is_old_says_nothing_of_now),
        cmocka_unit_test(what_others_hear_breaks_no_silence_of_ours),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
