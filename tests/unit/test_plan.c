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
    assert_leg(&s, 0, 4, RT_REASON_CHOSEN);
    assert_out(&s, 0, RT_REASON_DISABLED);
    assert_out(&s, 1, RT_REASON_BRAND);
    assert_out(&s, 2, RT_REASON_STOPPED);
    assert_out(&s, 3, RT_REASON_BREAKER);
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
        cmocka_unit_test(a_policy_may_turn_the_payment_away),
        cmocka_unit_test(a_plan_has_room_for_so_many_legs),
        cmocka_unit_test(nobody_configured_is_an_empty_plan),
        cmocka_unit_test(the_holder_is_the_only_leg),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
