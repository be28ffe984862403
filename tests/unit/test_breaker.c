/* tests/unit/test_breaker.c -- the breaker on a clock and dice of our own. */
#include "health/breaker.h"
#include "tests/unit/unit.h"

static const int64_t S = 1000000000;
static const struct hl_breaker_rules *const R = &hl_breaker_defaults;

struct fixture {
    struct hl_breaker b;
    struct rng dice;
    int64_t now;
};

static struct fixture fresh(void)
{
    struct fixture f = { .dice = rng_of(1), .now = 1000 * S };

    hl_breaker_init(&f.b, R, f.now);
    return f;
}

static bool admit(struct fixture *f, uint32_t *lease)
{
    return hl_breaker_admit(&f->b, &f->dice, f->now, lease);
}

static void tell(struct fixture *f, enum hl_told what, uint32_t lease)
{
    hl_breaker_told(&f->b, what, false, lease, &f->dice, f->now);
}

static enum hl_serving look(struct fixture *f)
{
    return hl_breaker_look(&f->b, &f->dice, f->now);
}

static void trip(struct fixture *f)
{
    for (unsigned i = 0; i < R->unsent_in_a_row; i++)
        tell(f, HL_TOLD_UNSENT, 0);
    assert_int_equal(look(f), HL_STOPPED);
}

/* To the moment it would be asked again. */
static void wait_it_out(struct fixture *f)
{
    f->now = f->b.until_ns_;
    assert_int_equal(look(f), HL_PROBING);
}

static void half_of_the_window_failing_opens_it(void **state)
{
    struct fixture f = fresh();

    (void)state;
    for (unsigned i = 0; i < R->least - 1; i++, f.now += S / 10)
        tell(&f, i % 2 == 0 ? HL_TOLD_FAILED : HL_TOLD_OK, 0);
    assert_int_equal(look(&f), HL_SERVING);
    tell(&f, HL_TOLD_FAILED, 0);
    assert_int_equal(look(&f), HL_STOPPED);
    assert_string_equal(hl_breaker_cause(&f.b), "failures");
}

static void a_few_failures_among_many_do_not(void **state)
{
    struct fixture f = fresh();

    (void)state;
    for (unsigned i = 0; i < 1000; i++, f.now += S / 20)
        tell(&f, i % 5 == 0 || i % 5 == 2 ? HL_TOLD_FAILED : HL_TOLD_OK, 0);
    assert_int_equal(look(&f), HL_SERVING);
}

static void five_that_never_left_open_it_at_once(void **state)
{
    struct fixture f = fresh();

    (void)state;
    for (unsigned i = 0; i < 4; i++)
        tell(&f, HL_TOLD_UNSENT, 0);
    tell(&f, HL_TOLD_OK, 0); /* not in a row */
    for (unsigned i = 0; i < 4; i++)
        tell(&f, HL_TOLD_UNSENT, 0);
    assert_int_equal(look(&f), HL_SERVING);
    tell(&f, HL_TOLD_UNSENT, 0);
    assert_int_equal(look(&f), HL_STOPPED);
    assert_string_equal(hl_breaker_cause(&f.b), "unreachable");
}

static void slowness_alone_opens_it_later(void **state)
{
    struct fixture f = fresh();

    (void)state;
    for (unsigned i = 0; i < R->least; i++)
        hl_breaker_told(&f.b, HL_TOLD_OK, i % 10 != 0, 0, &f.dice, f.now);
    assert_int_equal(look(&f), HL_STOPPED);
    assert_string_equal(hl_breaker_cause(&f.b), "slow");
}

static void old_failures_are_forgotten(void **state)
{
    struct fixture f = fresh();

    (void)state;
    for (unsigned i = 0; i < R->least - 1; i++)
        tell(&f, HL_TOLD_FAILED, 0);
    f.now += R->window_ns + S;
    tell(&f, HL_TOLD_FAILED, 0);
    assert_int_equal(look(&f), HL_SERVING);
}

static void nothing_is_admitted_while_it_is_open(void **state)
{
    struct fixture f = fresh();
    uint32_t lease;

    (void)state;
    trip(&f);
    assert_false(admit(&f, &lease));
    f.now = f.b.until_ns_ - 1;
    assert_false(admit(&f, &lease));
    f.now++;
    assert_true(admit(&f, &lease));
    assert_int_not_equal(lease, 0);
}

static void one_probe_first_then_more(void **state)
{
    struct fixture f = fresh();
    uint32_t a, b, c;

    (void)state;
    trip(&f);
    wait_it_out(&f);
    assert_true(admit(&f, &a));
    assert_false(admit(&f, &b));
    tell(&f, HL_TOLD_OK, a);
    assert_true(admit(&f, &a));
    assert_true(admit(&f, &b));
    assert_false(admit(&f, &c));
}

static void a_failed_probe_reopens_it_for_longer(void **state)
{
    struct fixture f = fresh();
    int64_t first, second;
    uint32_t lease;

    (void)state;
    trip(&f);
    first = f.b.until_ns_ - f.now;
    wait_it_out(&f);
    assert_true(admit(&f, &lease));
    tell(&f, HL_TOLD_FAILED, lease);
    assert_int_equal(look(&f), HL_STOPPED);
    second = f.b.until_ns_ - f.now;
    assert_true(second > first);
    for (unsigned i = 0; i < 12; i++) {
        wait_it_out(&f);
        assert_true(admit(&f, &lease));
        tell(&f, HL_TOLD_FAILED, lease);
    }
    assert_true(f.b.until_ns_ - f.now <= R->open_max_ns + R->open_max_ns / 5);
}

static void a_probe_that_never_reports_is_a_failed_one(void **state)
{
    struct fixture f = fresh();
    uint32_t lease;

    (void)state;
    trip(&f);
    wait_it_out(&f);
    assert_true(admit(&f, &lease));
    f.now += R->lease_ns;
    assert_int_equal(look(&f), HL_STOPPED);
    tell(&f, HL_TOLD_OK, lease); /* too late: it changes nothing */
    assert_int_equal(look(&f), HL_STOPPED);
}

static void a_lease_given_back_unused_teaches_nothing(void **state)
{
    struct fixture f = fresh();
    uint32_t lease;

    (void)state;
    trip(&f);
    wait_it_out(&f);
    assert_true(admit(&f, &lease));
    hl_breaker_return(&f.b, lease);
    f.now += 10 * R->lease_ns;
    assert_int_equal(look(&f), HL_PROBING);
    assert_true(admit(&f, &lease));
}

static void old_answers_do_not_close_it(void **state)
{
    struct fixture f = fresh();

    (void)state;
    trip(&f);
    wait_it_out(&f);
    for (unsigned i = 0; i < 10; i++)
        tell(&f, HL_TOLD_OK, 0);
    assert_int_equal(look(&f), HL_PROBING);
}

static void recovered(struct fixture *f)
{
    uint32_t lease;

    trip(f);
    wait_it_out(f);
    for (unsigned i = 0; i < R->probes_good; i++) {
        assert_true(admit(f, &lease));
        tell(f, HL_TOLD_OK, lease);
    }
    assert_int_equal(look(f), HL_SERVING);
}

static void it_comes_back_to_a_growing_share(void **state)
{
    struct fixture f = fresh();
    uint32_t lease;

    (void)state;
    recovered(&f);
    assert_int_equal(hl_breaker_share(&f.b, &f.dice, f.now), R->ramp_first_permille);
    assert_true(admit(&f, &lease)); /* where nobody else can take it */
    f.now += R->ramp_ns / 2;
    assert_in_range(hl_breaker_share(&f.b, &f.dice, f.now), 450, 600);
    f.now += R->ramp_ns;
    assert_int_equal(hl_breaker_share(&f.b, &f.dice, f.now), 1000);
}

static void a_relapse_while_it_ramps_waits_longer_a_late_one_does_not(void **state)
{
    struct fixture f = fresh(), g = fresh();

    (void)state;
    recovered(&f);
    trip(&f);
    assert_true(f.b.until_ns_ - f.now > R->open_first_ns * 3 / 2);
    recovered(&g);
    g.now += R->ramp_ns;
    (void)look(&g);
    trip(&g);
    assert_true(g.b.until_ns_ - g.now <= R->open_first_ns * 6 / 5);
}

static void nodes_do_not_probe_in_step(void **state)
{
    struct fixture a = fresh(), b = fresh();

    (void)state;
    b.dice = rng_of(2);
    trip(&a);
    trip(&b);
    assert_true(a.b.until_ns_ != b.b.until_ns_);
}

static void whatever_happens_it_answers_and_never_sticks(void **state)
{
    struct fixture f = fresh();
    struct rng world = rng_of(7);
    uint32_t lease[8] = { 0 };

    (void)state;
    for (unsigned i = 0; i < 200000; i++) {
        unsigned k = (unsigned)rng_below(&world, 8);

        f.now += (int64_t)rng_below(&world, (uint64_t)S);
        switch (rng_below(&world, 4)) {
        case 0: (void)admit(&f, &lease[k]); break;
        case 1: hl_breaker_return(&f.b, lease[k]); break;
        default: tell(&f, (enum hl_told)rng_below(&world, 3), lease[k]); break;
        }
    }
    for (unsigned i = 0; i < 400 && look(&f) != HL_SERVING; i++, f.now += S) {
        if (admit(&f, &lease[0]))
            tell(&f, HL_TOLD_OK, lease[0]);
    }
    assert_int_equal(look(&f), HL_SERVING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(half_of_the_window_failing_opens_it),
        cmocka_unit_test(a_few_failures_among_many_do_not),
        cmocka_unit_test(five_that_never_left_open_it_at_once),
        cmocka_unit_test(slowness_alone_opens_it_later),
        cmocka_unit_test(old_failures_are_forgotten),
        cmocka_unit_test(nothing_is_admitted_while_it_is_open),
        cmocka_unit_test(one_probe_first_then_more),
        cmocka_unit_test(a_failed_probe_reopens_it_for_longer),
        cmocka_unit_test(a_probe_that_never_reports_is_a_failed_one),
        cmocka_unit_test(a_lease_given_back_unused_teaches_nothing),
        cmocka_unit_test(old_answers_do_not_close_it),
        cmocka_unit_test(it_comes_back_to_a_growing_share),
        cmocka_unit_test(a_relapse_while_it_ramps_waits_longer_a_late_one_does_not),
        cmocka_unit_test(nodes_do_not_probe_in_step),
        cmocka_unit_test(whatever_happens_it_answers_and_never_sticks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
