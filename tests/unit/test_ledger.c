/* tests/unit/test_ledger.c */
#include "tests/unit/unit.h"

#include "routing/ledger.h"

static struct rt_ledger of(int64_t authorized, enum rt_state state)
{
    struct rt_ledger l;

    rt_ledger_open(&l, authorized, state);
    return l;
}

static void assert_ledger(const struct rt_ledger *l, int64_t captured, int64_t capture_pending,
                          int64_t refunded, int64_t refund_pending, enum rt_state state)
{
    assert_int_equal(l->captured, captured);
    assert_int_equal(l->capture_pending, capture_pending);
    assert_int_equal(l->refunded, refunded);
    assert_int_equal(l->refund_pending, refund_pending);
    assert_string_equal(rt_state_name(l->state), rt_state_name(state));
    assert_true(rt_ledger_sound(l));
}

static void a_payment_opens_as_its_provider_says(void **state)
{
    struct rt_ledger l = of(1099, RT_STATE_AUTHORIZED);

    (void)state;
    assert_ledger(&l, 0, 0, 0, 0, RT_STATE_AUTHORIZED);
    l = of(1099, RT_STATE_CAPTURED);
    assert_ledger(&l, 1099, 0, 0, 0, RT_STATE_CAPTURED);
    l = of(1099, RT_STATE_CAPTURE_PENDING);
    assert_ledger(&l, 0, 1099, 0, 0, RT_STATE_CAPTURE_PENDING);
    l = of(0, RT_STATE_DECLINED);
    assert_ledger(&l, 0, 0, 0, 0, RT_STATE_DECLINED);
}

static void captures_never_exceed_what_was_authorized(void **state)
{
    struct rt_ledger l = of(1000, RT_STATE_AUTHORIZED);

    (void)state;
    assert_int_equal(rt_ledger_hold(&l, RT_CAPTURE, 1001), RT_CODE_AMOUNT_EXCEEDS_AUTHORIZED);
    assert_int_equal(rt_ledger_hold(&l, RT_CAPTURE, INT64_MAX), RT_CODE_AMOUNT_EXCEEDS_AUTHORIZED);
    assert_int_equal(rt_ledger_hold(&l, RT_CAPTURE, 0), RT_CODE_INVALID_AMOUNT);
    assert_int_equal(rt_ledger_hold(&l, RT_CAPTURE, -1), RT_CODE_INVALID_AMOUNT);
    assert_int_equal(rt_ledger_hold(&l, RT_CAPTURE, 600), RT_CODE_NONE);
    assert_ledger(&l, 0, 600, 0, 0, RT_STATE_AUTHORIZED);
    assert_int_equal(rt_ledger_hold(&l, RT_CAPTURE, 401), RT_CODE_AMOUNT_EXCEEDS_AUTHORIZED);
    assert_int_equal(rt_ledger_left(&l, RT_CAPTURE), 400);
    assert_int_equal(rt_ledger_settle(&l, RT_CAPTURE, 600, RT_APPROVED, 600), 0);
    assert_ledger(&l, 600, 0, 0, 0, RT_STATE_PARTIALLY_CAPTURED);
    assert_int_equal(rt_ledger_hold(&l, RT_CAPTURE, 400), RT_CODE_NONE);
    assert_int_equal(rt_ledger_settle(&l, RT_CAPTURE, 400, RT_APPROVED, 400), 0);
    assert_ledger(&l, 1000, 0, 0, 0, RT_STATE_CAPTURED);
    assert_int_equal(rt_ledger_hold(&l, RT_CAPTURE, 1), RT_CODE_ALREADY_CAPTURED);
}

static void a_capture_accepted_for_later_stays_held(void **state)
{
    struct rt_ledger l = of(1000, RT_STATE_AUTHORIZED);

    (void)state;
    assert_int_equal(rt_ledger_hold(&l, RT_CAPTURE, 700), RT_CODE_NONE);
    assert_int_equal(rt_ledger_settle(&l, RT_CAPTURE, 700, RT_PENDING, 0), 700);
    assert_ledger(&l, 0, 700, 0, 0, RT_STATE_CAPTURE_PENDING);
    assert_int_equal(rt_ledger_hold(&l, RT_VOID, 0), RT_CODE_STATE_CONFLICT);
    assert_int_equal(rt_ledger_settle(&l, RT_CAPTURE, 700, RT_APPROVED, 700), 0);
    assert_ledger(&l, 700, 0, 0, 0, RT_STATE_PARTIALLY_CAPTURED);
}

/* Adyen and Checkout.com only ever accept; a refund must not wait for news that may not come. */
static void an_accepted_capture_can_be_refunded(void **state)
{
    struct rt_ledger l = of(1000, RT_STATE_AUTHORIZED);

    (void)state;
    assert_int_equal(rt_ledger_hold(&l, RT_CAPTURE, 700), RT_CODE_NONE);
    assert_int_equal(rt_ledger_settle(&l, RT_CAPTURE, 700, RT_PENDING, 0), 700);
    assert_int_equal(rt_ledger_hold(&l, RT_REFUND, 701), RT_CODE_AMOUNT_EXCEEDS_REFUNDABLE);
    assert_int_equal(rt_ledger_hold(&l, RT_REFUND, 300), RT_CODE_NONE);
    assert_int_equal(rt_ledger_settle(&l, RT_REFUND, 300, RT_PENDING, 0), 300);
    assert_int_equal(rt_ledger_settle(&l, RT_CAPTURE, 700, RT_DECLINED, 0), -1);
    assert_int_equal(rt_ledger_settle(&l, RT_CAPTURE, 700, RT_APPROVED, 200), -1);
    assert_ledger(&l, 0, 700, 0, 300, RT_STATE_REFUND_PENDING);
    assert_int_equal(rt_ledger_settle(&l, RT_CAPTURE, 700, RT_APPROVED, 700), 0);
    assert_int_equal(rt_ledger_settle(&l, RT_REFUND, 300, RT_APPROVED, 300), 0);
    assert_ledger(&l, 700, 0, 300, 0, RT_STATE_PARTIALLY_REFUNDED);
}

static void a_capture_in_doubt_changes_nothing_but_its_hold(void **state)
{
    struct rt_ledger l = of(1000, RT_STATE_AUTHORIZED);

    (void)state;
    assert_int_equal(rt_ledger_hold(&l, RT_CAPTURE, 700), RT_CODE_NONE);
    assert_int_equal(rt_ledger_settle(&l, RT_CAPTURE, 700, RT_UNKNOWN, 0), 700);
    assert_ledger(&l, 0, 700, 0, 0, RT_STATE_AUTHORIZED);
    assert_int_equal(rt_ledger_settle(&l, RT_CAPTURE, 700, RT_DECLINED, 0), 0);
    assert_ledger(&l, 0, 0, 0, 0, RT_STATE_AUTHORIZED);
}

static void less_may_move_than_was_held_but_never_more(void **state)
{
    struct rt_ledger l = of(1000, RT_STATE_AUTHORIZED);

    (void)state;
    assert_int_equal(rt_ledger_hold(&l, RT_CAPTURE, 700), RT_CODE_NONE);
    assert_int_equal(rt_ledger_settle(&l, RT_CAPTURE, 700, RT_APPROVED, 701), -1);
    assert_int_equal(rt_ledger_settle(&l, RT_CAPTURE, 700, RT_APPROVED, -1), -1);
    assert_ledger(&l, 0, 700, 0, 0, RT_STATE_AUTHORIZED);
    assert_int_equal(rt_ledger_settle(&l, RT_CAPTURE, 700, RT_APPROVED, 500), 0);
    assert_ledger(&l, 500, 0, 0, 0, RT_STATE_PARTIALLY_CAPTURED);
    assert_int_equal(rt_ledger_left(&l, RT_CAPTURE), 500);
}

static void refunds_never_exceed_what_was_captured(void **state)
{
    struct rt_ledger l = of(1000, RT_STATE_CAPTURED);

    (void)state;
    assert_int_equal(rt_ledger_hold(&l, RT_REFUND, 1001), RT_CODE_AMOUNT_EXCEEDS_REFUNDABLE);
    assert_int_equal(rt_ledger_hold(&l, RT_REFUND, 0), RT_CODE_INVALID_AMOUNT);
    assert_int_equal(rt_ledger_hold(&l, RT_REFUND, 300), RT_CODE_NONE);
    assert_int_equal(rt_ledger_settle(&l, RT_REFUND, 300, RT_PENDING, 0), 300);
    assert_ledger(&l, 1000, 0, 0, 300, RT_STATE_REFUND_PENDING);
    assert_int_equal(rt_ledger_hold(&l, RT_REFUND, 701), RT_CODE_AMOUNT_EXCEEDS_REFUNDABLE);
    assert_int_equal(rt_ledger_hold(&l, RT_REFUND, 700), RT_CODE_NONE);
    assert_int_equal(rt_ledger_settle(&l, RT_REFUND, 700, RT_APPROVED, 700), 0);
    assert_ledger(&l, 1000, 0, 700, 300, RT_STATE_PARTIALLY_REFUNDED);
    assert_int_equal(rt_ledger_hold(&l, RT_REFUND, 1), RT_CODE_ALREADY_REFUNDED);
    assert_int_equal(rt_ledger_settle(&l, RT_REFUND, 300, RT_ERROR, 0), 0);
    assert_int_equal(rt_ledger_left(&l, RT_REFUND), 300);
    assert_int_equal(rt_ledger_hold(&l, RT_REFUND, 300), RT_CODE_NONE);
    assert_int_equal(rt_ledger_settle(&l, RT_REFUND, 300, RT_APPROVED, 300), 0);
    assert_ledger(&l, 1000, 0, 1000, 0, RT_STATE_REFUNDED);
}

static void only_what_nobody_captured_can_be_voided(void **state)
{
    struct rt_ledger l = of(1000, RT_STATE_AUTHORIZED);

    (void)state;
    assert_int_equal(rt_ledger_hold(&l, RT_VOID, 0), RT_CODE_NONE);
    assert_int_equal(rt_ledger_settle(&l, RT_VOID, 0, RT_PENDING, 0), 0);
    assert_ledger(&l, 0, 0, 0, 0, RT_STATE_VOID_PENDING);
    assert_int_equal(rt_ledger_hold(&l, RT_CAPTURE, 1), RT_CODE_STATE_CONFLICT);
    assert_int_equal(rt_ledger_settle(&l, RT_VOID, 0, RT_DECLINED, 0), 0);
    assert_ledger(&l, 0, 0, 0, 0, RT_STATE_AUTHORIZED);
    assert_int_equal(rt_ledger_hold(&l, RT_VOID, 0), RT_CODE_NONE);
    assert_int_equal(rt_ledger_settle(&l, RT_VOID, 0, RT_APPROVED, 0), 0);
    assert_ledger(&l, 0, 0, 0, 0, RT_STATE_VOIDED);
    assert_int_equal(rt_ledger_hold(&l, RT_VOID, 0), RT_CODE_ALREADY_VOIDED);
    assert_int_equal(rt_ledger_hold(&l, RT_CAPTURE, 1), RT_CODE_ALREADY_VOIDED);
    l = of(1000, RT_STATE_CAPTURED);
    assert_int_equal(rt_ledger_hold(&l, RT_VOID, 0), RT_CODE_ALREADY_CAPTURED);
}

static void nothing_can_be_asked_of_what_was_not_approved(void **state)
{
    static const enum rt_state no[] = { RT_STATE_NONE, RT_STATE_IN_DOUBT, RT_STATE_DECLINED,
                                        RT_STATE_REQUIRES_ACTION, RT_STATE_NOT_EXECUTED };

    (void)state;
    for (unsigned i = 0; i < sizeof no / sizeof no[0]; i++) {
        struct rt_ledger l = of(0, no[i]);

        assert_int_equal(rt_ledger_hold(&l, RT_CAPTURE, 1), RT_CODE_STATE_CONFLICT);
        assert_int_equal(rt_ledger_hold(&l, RT_REFUND, 1), RT_CODE_STATE_CONFLICT);
        assert_int_equal(rt_ledger_hold(&l, RT_VOID, 0), RT_CODE_STATE_CONFLICT);
        assert_ledger(&l, 0, 0, 0, 0, no[i]);
    }
}

static void an_expired_authorization_says_so(void **state)
{
    struct rt_ledger l = of(1000, RT_STATE_EXPIRED);

    (void)state;
    assert_int_equal(rt_ledger_hold(&l, RT_CAPTURE, 1), RT_CODE_AUTHORIZATION_EXPIRED);
    assert_int_equal(rt_ledger_hold(&l, RT_REFUND, 1), RT_CODE_STATE_CONFLICT);
    assert_int_equal(rt_ledger_hold(&l, RT_AUTHORIZE, 1), RT_CODE_AUTHORIZATION_EXPIRED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_payment_opens_as_its_provider_says),
        cmocka_unit_test(captures_never_exceed_what_was_authorized),
        cmocka_unit_test(a_capture_accepted_for_later_stays_held),
        cmocka_unit_test(a_capture_in_doubt_changes_nothing_but_its_hold),
        cmocka_unit_test(less_may_move_than_was_held_but_never_more),
        cmocka_unit_test(an_accepted_capture_can_be_refunded),
        cmocka_unit_test(refunds_never_exceed_what_was_captured),
        cmocka_unit_test(only_what_nobody_captured_can_be_voided),
        cmocka_unit_test(nothing_can_be_asked_of_what_was_not_approved),
        cmocka_unit_test(an_expired_authorization_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
