/* tests/unit/test_plan.c -- who is asked, and why not the others. */
#include "tests/unit/unit.h"

#include "routing/plan.h"

enum { N = 5 };

struct scene {
    struct rt_provider p[LIMIT_PROVIDERS];
    struct rt_payment pay;
    struct rt_verdict v;
    struct rt_view view;
    struct rt_plan plan;
};

/* The names do not matter to a plan; the places do. */
static void set(struct scene *s, unsigned n)
{
    memset(s, 0, sizeof *s);
    rt_view_init(&s->view);
    s->pay = (struct rt_payment){ .op = RT_AUTHORIZE,
                                  .method = RT_CARD,
                                  .brand = RT_VISA,
                                  .amount = { 100, currency_find(SPAN("EUR")) } };
    for (unsigned i = 0; i < n; i++) {
        s->p[i] = (struct rt_provider){ .name = "p",
                                        .index = (uint8_t)i,
                                        .enabled = true,
                                        .brands = 1u << RT_VISA,
                                        .methods = 1u << RT_CARD,
                                        .ops = 1u << RT_AUTHORIZE };
        rt_provider_take_currency(&s->p[i], s->pay.amount.cur);
    }
    rt_verdict_in_order(&s->v, n);
}

static void make(struct scene *s, unsigned n)
{
    rt_plan_make(s->p, n, &s->pay, &s->v, &s->view, 7, &s->plan);
    assert_int_equal(s->plan.legs + s->plan.outs, n);
    assert_int_equal(s->plan.seed, 7);
}

static void assert_leg(const struct scene *s, unsigned leg, unsigned provider, enum rt_reason r)
{
    assert_true(leg < s->plan.legs);
    assert_int_equal(s->plan.leg[leg].provider, provider);
    assert_int_equal(s->plan.leg[leg].reason, r);
}

static void assert_out(const struct scene *s, unsigned provider, enum rt_reason r)
{
    for (unsigned i = 0; i < s->plan.outs; i++) {
        if (s->plan.out[i].provider == provider) {
            assert_int_equal(s->plan.out[i].reason, r);
            return;
        }
    }
    fail_msg("provider %u is not among those left out", provider);
}

static void configured_order_is_the_plan(void **state)
{
    struct scene s;

    (void)state;
    set(&s, N);
    make(&s, N);
    assert_int_equal(s.plan.legs, N);
    assert_leg(&s, 0, 0, RT_REASON_CHOSEN);
    for (unsigned i = 1; i < N; i++)
        assert_leg(&s, i, i, RT_REASON_NEXT);
}

static void whom_a_retry_names_comes_right_after_the_first(void **state)
{
    struct scene s;

    (void)state;
    set(&s, N);
    s.v.retry_to = 1 + 3;
    make(&s, N);
    assert_leg(&s, 0, 0, RT_REASON_CHOSEN);
    assert_leg(&s, 1, 3, RT_REASON_NEXT);
    assert_leg(&s, 2, 1, RT_REASON_NEXT);
    assert_leg(&s, 4, 4, RT_REASON_NEXT);
    s.v.retry_to = 1 + 0; /* the first is asked first all the same */
    make(&s, N);
    assert_leg(&s, 0, 0, RT_REASON_CHOSEN);
    assert_leg(&s, 1, 1, RT_REASON_NEXT);
    s.p[3].enabled = false; /* who can not take it is not asked next either */
    s.v.retry_to = 1 + 3;
    make(&s, N);
    assert_leg(&s, 1, 1, RT_REASON_NEXT);
    assert_out(&s, 3, RT_REASON_DISABLED);
}

static void in_order_moves_once_and_not_for_long(void **state)
{
    struct rt_verdict v;

    (void)state;
    rt_verdict_in_order(&v, 3);
    assert_int_equal(v.providers, 3);
    assert_int_equal(v.moves_max, 1);
    assert_true(v.within_ns == INT64_C(15000000000));
    assert_int_equal(v.revision, 0);
    assert_false(v.decline);
    assert_string_equal(v.rule, "configured order");
}

static void the_policys_order_is_kept(void **state)
{
    struct scene s;

    (void)state;
    set(&s, N);
    s.v.provider[0] = 3;
    s.v.provider[1] = 1;
    s.v.providers = 2;
    make(&s, N);
    assert_int_equal(s.plan.legs, 2);
    assert_leg(&s, 0, 3, RT_REASON_CHOSEN);
    assert_leg(&s, 1, 1, RT_REASON_NEXT);
    assert_out(&s, 0, RT_REASON_NOT_NAMED);
    assert_out(&s, 2, RT_REASON_NOT_NAMED);
    assert_out(&s, 4, RT_REASON_NOT_NAMED);
}

static void a_provider_named_twice_is_asked_once(void **state)
{
    struct scene s;

    (void)state;
    set(&s, 2);
    s.v.provider[0] = 1;
    s.v.provider[1] = 1;
    make(&s, 2);
    assert_int_equal(s.plan.legs, 1);
    assert_leg(&s, 0, 1, RT_REASON_CHOSEN);
    assert_out(&s, 0, RT_REASON_NOT_NAMED);
}

static void the_unfit_the_stopped_and_the_broken_are_left_out(void **state)
{
    struct scene s;

    (void)state;
    set(&s, N);
    s.p[0].enabled = false;
    s.p[1].brands = 1u << RT_AMEX;
    s.view.provider[2].admin = RT_ADMIN_STOP;
    s.view.provider[2].breaker = RT_BREAKER_OPEN;
    s.view.provider[3].breaker = RT_BREAKER_OPEN;
    make(&s, N);
    assert_int_equal(s.plan.legs, 1);
    assert_leg(&s, 0, 4, RT_REASON_FAILOVER);
    assert_out(&s, 0, RT_REASON_DISABLED);
    assert_out(&s, 1, RT_REASON_BRAND);
    assert_out(&s, 2, RT_REASON_STOPPED);
    assert_out(&s, 3, RT_REASON_BREAKER);
}

static struct rt_sight *sight(struct scene *s, unsigned p)
{
    return &s->view.provider[p];
}

static void scored(struct scene *s, unsigned from, unsigned n)
{
    s->v.scored_from = (uint8_t)from;
    s->v.scored = (uint8_t)n;
}

static void the_most_valuable_says_why_it_is_first(void **state)
{
    struct scene s;

    (void)state;
    set(&s, 3);
    scored(&s, 0, 3);
    make(&s, 3);
    assert_leg(&s, 0, 0, RT_REASON_CHOSEN); /* nothing is known: as written */
    sight(&s, 0)->value_micro = -5;
    make(&s, 3);
    assert_leg(&s, 0, 0, RT_REASON_BEST);
    sight(&s, 0)->explored = true;
    make(&s, 3);
    assert_leg(&s, 0, 0, RT_REASON_EXPLORE);
    scored(&s, 1, 2); /* a rule named it */
    make(&s, 3);
    assert_leg(&s, 0, 0, RT_REASON_CHOSEN);
}

static void a_drained_one_says_so_and_the_next_is_a_failover(void **state)
{
    struct scene s;

    (void)state;
    set(&s, 3);
    sight(&s, 0)->admin = RT_ADMIN_DRAIN;
    make(&s, 3);
    assert_out(&s, 0, RT_REASON_DRAINED);
    assert_leg(&s, 0, 1, RT_REASON_FAILOVER);
    assert_leg(&s, 1, 2, RT_REASON_NEXT);
}

static void forced_on_stands_above_the_breaker(void **state)
{
    struct scene s;

    (void)state;
    set(&s, 2);
    sight(&s, 0)->admin = RT_ADMIN_FORCE_ON;
    sight(&s, 0)->breaker = RT_BREAKER_OPEN;
    make(&s, 2);
    assert_leg(&s, 0, 0, RT_REASON_CHOSEN);
    s.p[0].enabled = false; /* but not above what it can do */
    make(&s, 2);
    assert_out(&s, 0, RT_REASON_DISABLED);
}

static bool first_is(struct scene *s, unsigned n, uint64_t seed, unsigned provider)
{
    rt_plan_make(s->p, n, &s->pay, &s->v, &s->view, seed, &s->plan);
    return s->plan.legs > 0 && s->plan.leg[0].provider == provider;
}

static void a_limit_deals_its_share_and_a_lower_one_only_takes_away(void **state)
{
    enum { SEEDS = 20000 };
    struct scene s;
    unsigned more = 0, less = 0;

    (void)state;
    set(&s, 2);
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        bool in_more, in_less;

        sight(&s, 0)->limit_permille = 300;
        more += in_more = first_is(&s, 2, seed, 0);
        sight(&s, 0)->limit_permille = 200;
        less += in_less = first_is(&s, 2, seed, 0);
        assert_true(in_more || !in_less);
    }
    assert_in_range(more, SEEDS * 29 / 100, SEEDS * 31 / 100);
    assert_in_range(less, SEEDS * 19 / 100, SEEDS * 21 / 100);
    assert_out(&s, 0, RT_REASON_LIMITED);
    assert_leg(&s, 0, 1, RT_REASON_FAILOVER);
    sight(&s, 0)->limit_permille = 0;
    for (uint64_t seed = 0; seed < 1000; seed++)
        assert_false(first_is(&s, 2, seed, 0));
}

static void one_that_comes_back_takes_its_share_in_place(void **state)
{
    enum { SEEDS = 20000 };
    struct scene s;
    unsigned got = 0;

    (void)state;
    set(&s, 2);
    sight(&s, 0)->breaker = RT_BREAKER_HALF_OPEN;
    sight(&s, 0)->admit_permille = 50;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        got += first_is(&s, 2, seed, 0);
        if (s.plan.leg[0].provider == 0)
            assert_leg(&s, 0, 0, RT_REASON_PROBE);
        else
            assert_out(&s, 0, RT_REASON_PROBING);
    }
    assert_in_range(got, SEEDS * 4 / 100, SEEDS * 6 / 100);
    sight(&s, 0)->admit_permille = 0;
    sight(&s, 0)->probe = true;
    assert_true(first_is(&s, 2, 1, 0));
}

static void a_probe_goes_first_only_where_value_decides(void **state)
{
    struct scene s;

    (void)state;
    set(&s, 4);
    sight(&s, 2)->probe = true;
    make(&s, 4);
    assert_leg(&s, 0, 0, RT_REASON_CHOSEN); /* a rule wrote this order */
    scored(&s, 1, 3);
    make(&s, 4);
    assert_leg(&s, 0, 0, RT_REASON_CHOSEN); /* and named another before */
    sight(&s, 0)->breaker = RT_BREAKER_OPEN;
    make(&s, 4);
    assert_leg(&s, 0, 2, RT_REASON_PROBE); /* who can not be asked: now value decides */
    assert_leg(&s, 1, 1, RT_REASON_NEXT);
    sight(&s, 2)->admin = RT_ADMIN_STOP;
    make(&s, 4);
    assert_leg(&s, 0, 1, RT_REASON_FAILOVER); /* an operator's word stands above it */
}

static void a_new_one_waits_behind_those_of_value(void **state)
{
    struct scene s;

    (void)state;
    set(&s, 4);
    sight(&s, 0)->ramped = true;
    make(&s, 4);
    assert_leg(&s, 0, 0, RT_REASON_CHOSEN); /* a rule wrote this order */
    scored(&s, 0, 3);
    make(&s, 4);
    assert_leg(&s, 0, 1, RT_REASON_CHOSEN);
    assert_leg(&s, 2, 0, RT_REASON_RAMP);
    assert_leg(&s, 3, 3, RT_REASON_NEXT); /* not behind whom the policy put last */
    for (unsigned p = 0; p < 4; p++)
        sight(&s, p)->ramped = true;
    make(&s, 4);
    assert_int_equal(s.plan.legs, 4); /* held back is not left out */
}

static void one_that_regrows_waits_behind_everybody(void **state)
{
    struct scene s;

    (void)state;
    set(&s, 3);
    scored(&s, 0, 2);
    sight(&s, 0)->breaker = RT_BREAKER_CLOSED;
    sight(&s, 0)->admit_permille = 100;
    sight(&s, 0)->ramped = true;
    sight(&s, 2)->probe = true; /* stands outside of what is ordered by value */
    make(&s, 3);
    assert_leg(&s, 0, 1, RT_REASON_CHOSEN);
    assert_leg(&s, 2, 0, RT_REASON_RAMP);
}

static void with_nobody_else_a_probe_is_tried(void **state)
{
    struct scene s;

    (void)state;
    set(&s, 2);
    sight(&s, 0)->breaker = RT_BREAKER_OPEN;
    sight(&s, 1)->breaker = RT_BREAKER_HALF_OPEN;
    sight(&s, 1)->admit_permille = 0;
    make(&s, 2);
    assert_leg(&s, 0, 1, RT_REASON_PROBE);
    sight(&s, 1)->breaker = RT_BREAKER_OPEN;
    make(&s, 2);
    assert_int_equal(s.plan.legs, 0);
    assert_true(rt_plan_withheld(&s.plan));
    s.p[0].enabled = s.p[1].enabled = false;
    make(&s, 2);
    assert_false(rt_plan_withheld(&s.plan)); /* never could */
}

static void a_policy_may_turn_the_payment_away(void **state)
{
    struct scene s;

    (void)state;
    set(&s, N);
    s.v.decline = true;
    make(&s, N);
    assert_int_equal(s.plan.legs, 0);
    for (unsigned i = 0; i < N; i++)
        assert_out(&s, i, RT_REASON_POLICY);
}

static void a_plan_has_room_for_so_many_legs(void **state)
{
    struct scene s;

    (void)state;
    set(&s, LIMIT_PROVIDERS);
    make(&s, LIMIT_PROVIDERS);
    assert_int_equal(s.plan.legs, LIMIT_LEGS);
    for (unsigned i = LIMIT_LEGS; i < LIMIT_PROVIDERS; i++)
        assert_out(&s, i, RT_REASON_LEGS_MAX);
}

static void nobody_configured_is_an_empty_plan(void **state)
{
    struct scene s;

    (void)state;
    set(&s, 0);
    make(&s, 0);
    assert_int_equal(s.plan.legs, 0);
}

static void the_holder_is_the_only_leg(void **state)
{
    struct rt_plan plan;

    (void)state;
    memset(&plan, 0xff, sizeof plan);
    rt_plan_holder(3, &plan);
    assert_int_equal(plan.legs, 1);
    assert_int_equal(plan.outs, 0);
    assert_int_equal(plan.leg[0].provider, 3);
    assert_int_equal(plan.leg[0].reason, RT_REASON_HOLDER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(configured_order_is_the_plan),
        cmocka_unit_test(whom_a_retry_names_comes_right_after_the_first),
        cmocka_unit_test(in_order_moves_once_and_not_for_long),
        cmocka_unit_test(the_policys_order_is_kept),
        cmocka_unit_test(a_provider_named_twice_is_asked_once),
        cmocka_unit_test(the_unfit_the_stopped_and_the_broken_are_left_out),
        cmocka_unit_test(the_most_valuable_says_why_it_is_first),
        cmocka_unit_test(a_drained_one_says_so_and_the_next_is_a_failover),
        cmocka_unit_test(forced_on_stands_above_the_breaker),
        cmocka_unit_test(a_limit_deals_its_share_and_a_lower_one_only_takes_away),
        cmocka_unit_test(one_that_comes_back_takes_its_share_in_place),
        cmocka_unit_test(a_probe_goes_first_only_where_value_decides),
        cmocka_unit_test(a_new_one_waits_behind_those_of_value),
        cmocka_unit_test(one_that_regrows_waits_behind_everybody),
        cmocka_unit_test(with_nobody_else_a_probe_is_tried),
        cmocka_unit_test(a_policy_may_turn_the_payment_away),
        cmocka_unit_test(a_plan_has_room_for_so_many_legs),
        cmocka_unit_test(nobody_configured_is_an_empty_plan),
        cmocka_unit_test(the_holder_is_the_only_leg),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
