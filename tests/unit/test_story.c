/* tests/unit/test_story.c */
#include "tests/unit/unit.h"

#include <stdio.h>

#include "proxy/story.h"

static char room[16384];

static struct px_record payment(enum px_standing standing, enum rt_outcome outcome,
                                enum rt_state state)
{
    struct px_record r = {
        .id = "01JD3ZC3W5E7Q8R2T4V6X8Y0Z1",
        .merchant = "shop",
        .key = "k1",
        .created_ms = 1763693249104,
        .updated_ms = 1763693251020,
        .standing = standing,
        .outcome = outcome,
        .state = state,
        .amount = { 12900, currency_find(SPAN("EUR")) },
        .plan = { "adyen", "stripe" },
        .brand = RT_VISA,
        .last4 = "4242",
        .order = "ord_88121",
    };

    if (outcome == RT_APPROVED)
        r.authorized = 12900;
    if (state == RT_STATE_CAPTURED)
        r.captured = 12900;
    return r;
}

static void assert_verdict(const struct px_record *r, const struct px_record *ops, unsigned n,
                           enum px_charged charged, const char *expected)
{
    struct buf out = BUF_OF(room);

    px_story_verdict(r, ops, n, &out);
    assert_string_equal(buf_z(&out), expected);
    assert_string_equal(px_charged_name(px_story_charged(r)), px_charged_name(charged));
}

static void what_was_captured_was_charged_once(void **state)
{
    struct px_record r = payment(PX_SETTLED, RT_APPROVED, RT_STATE_CAPTURED);

    (void)state;
    assert_verdict(&r, NULL, 0, PX_CHARGED_ONCE,
                   "Customer was charged once: EUR 129.00 captured at adyen.");
    snprintf(r.provider_payment_id, sizeof r.provider_payment_id, "8836");
    r.captured = 10000;
    r.capture_pending = 2900;
    r.refunded = 500;
    r.refund_pending = 100;
    assert_verdict(
        &r, NULL, 0, PX_CHARGED_ONCE,
        "Customer was charged once: EUR 100.00 captured at adyen (PSP reference 8836), "
        "EUR 29.00 more is accepted for capture. EUR 5.00 was given back. EUR 1.00 is on "
        "its way back.");
    r.capture_pending = r.refund_pending = 0;
    r.refunded = 10000;
    assert_verdict(&r, NULL, 0, PX_CHARGED_ONCE,
                   "Customer was charged once: EUR 100.00 captured at adyen (PSP reference 8836). "
                   "EUR 100.00 was given back: all of it.");
}

static void what_was_not_captured_was_not_charged(void **state)
{
    struct px_record r = payment(PX_SETTLED, RT_APPROVED, RT_STATE_AUTHORIZED);

    (void)state;
    assert_verdict(&r, NULL, 0, PX_CHARGED_NO,
                   "Customer was not charged: EUR 129.00 is authorized at adyen, nothing is "
                   "captured.");
    r.state = RT_STATE_VOID_PENDING;
    assert_verdict(&r, NULL, 0, PX_CHARGED_NO,
                   "Customer was not charged: EUR 129.00 is authorized at adyen, nothing is "
                   "captured, and its void is under way.");
    r.state = RT_STATE_VOIDED;
    assert_verdict(&r, NULL, 0, PX_CHARGED_NO,
                   "Customer was not charged: the authorization was voided.");
    r = payment(PX_SETTLED, RT_DECLINED, RT_STATE_DECLINED);
    r.code = RT_CODE_INSUFFICIENT_FUNDS;
    assert_verdict(&r, NULL, 0, PX_CHARGED_NO,
                   "Customer was not charged: insufficient_funds (not enough money or credit).");
    r = payment(PX_SETTLED, RT_ACTION_REQUIRED, RT_STATE_REQUIRES_ACTION);
    assert_verdict(&r, NULL, 0, PX_CHARGED_NO,
                   "Customer was not charged: the payer has to act first (3-D Secure or a "
                   "redirect).");
    r = payment(PX_NEVER_SENT, RT_ERROR, RT_STATE_NOT_EXECUTED);
    assert_verdict(&r, NULL, 0, PX_CHARGED_NO,
                   "Customer was not charged: nothing reached a provider.");
}

static void what_nobody_knows_is_not_guessed(void **state)
{
    struct px_record r = payment(PX_PENDING, RT_UNKNOWN, RT_STATE_IN_DOUBT);

    (void)state;
    assert_verdict(&r, NULL, 0, PX_CHARGED_UNKNOWN,
                   "Not yet known whether the customer was charged, being resolved: adyen has not "
                   "said what became of it.");
    r.standing = PX_OPEN;
    r.leg = 1;
    assert_verdict(&r, NULL, 0, PX_CHARGED_UNKNOWN,
                   "Not yet known whether the customer was charged, being resolved: the gateway "
                   "stopped while asking stripe, and takes it up again when it runs.");
    r.owned = true;
    assert_verdict(&r, NULL, 0, PX_CHARGED_UNKNOWN,
                   "Not yet known whether the customer was charged, being resolved: stripe is "
                   "being asked right now.");
    r = payment(PX_PENDING, RT_PENDING, RT_STATE_PENDING);
    assert_verdict(&r, NULL, 0, PX_CHARGED_UNKNOWN,
                   "Not yet known whether the customer was charged, being resolved: adyen accepted "
                   "it and tells the result later.");
    r = payment(PX_SETTLED, RT_APPROVED, RT_STATE_CAPTURE_PENDING);
    r.capture_pending = 12900;
    assert_verdict(&r, NULL, 0, PX_CHARGED_UNKNOWN,
                   "Not yet known whether the customer was charged: adyen accepted the capture of "
                   "EUR 129.00 and tells the result later.");
}

static void doubts_about_operations_are_told(void **state)
{
    struct px_record r = payment(PX_SETTLED, RT_APPROVED, RT_STATE_CAPTURED), op[3];

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        op[i] = payment(PX_PENDING, RT_UNKNOWN, RT_STATE_IN_DOUBT);
        op[i].op = RT_REFUND;
        op[i].amount.minor = 100 * (i + 1);
    }
    op[1].outcome = RT_PENDING; /* accepted: no doubt */
    op[2].standing = PX_OPEN;
    assert_verdict(&r, op, 3, PX_CHARGED_ONCE,
                   "Customer was charged once: EUR 129.00 captured at adyen. A refund of EUR 1.00 "
                   "is not yet known, being resolved. A refund of EUR 3.00 is not yet known, being "
                   "resolved.");
}

static void the_story_is_told_in_order(void **state)
{
    struct px_attempt a[] = {
        { .leg = 0,
          .provider = "adyen",
          .ref = "at0_x",
          .promised_ms = 1763693249107,
          .ended_ms = 1763693249587,
          .copies = 1,
          .evidence = "answered",
          .why = "answered",
          .outcome = RT_DECLINED,
          .code = RT_CODE_ISSUER_UNAVAILABLE,
          .raw_code = "91",
          .took_ms = 480 },
        { .leg = 1,
          .provider = "stripe",
          .ref = "at1_x",
          .promised_ms = 1763693249590,
          .ended_ms = 1763693250600,
          .copies = 2,
          .evidence = "in_doubt",
          .why = "timeout",
          .outcome = RT_UNKNOWN,
          .took_ms = 1010 },
        { .leg = 1,
          .provider = "stripe",
          .ref = "at1_x",
          .promised_ms = 1763693249590,
          .ended_ms = 1763693251020,
          .copies = 1,
          .evidence = "answered",
          .why = "answered",
          .outcome = RT_APPROVED,
          .took_ms = 90000 },
    };
    struct px_event e = { .at_ms = 1763693250700, .what = "claimed" };
    struct px_journal_letter l = { .record = payment(PX_SETTLED, RT_APPROVED, RT_STATE_CAPTURED),
                                   .attempt = a,
                                   .attempts = 3,
                                   .event = &e,
                                   .events = 1 };
    struct buf out = BUF_OF(room);

    (void)state;
    l.record.leg = 1;
    px_story_tell(&l, &out);
    assert_string_equal(
        buf_z(&out),
        "Payment 01JD3ZC3W5E7Q8R2T4V6X8Y0Z1  EUR 129.00  visa \xe2\x80\xa2\xe2\x80\xa2 4242  "
        "\xe2\x86\x92 APPROVED at stripe, captured\n"
        "  begun 2025-11-21 02:47:29.104 UTC, order ord_88121\n"
        "  02:47:29.104  accepted from shop (Idempotency-Key k1)\n"
        "  02:47:29.107  attempt 1 at adyen promised (at0_x)\n"
        "  02:47:29.587  attempt 1 at adyen: declined, issuer_unavailable (technical; its word: "
        "91), 480 ms\n"
        "  02:47:29.590  attempt 2 at stripe promised (at1_x)\n"
        "  02:47:30.600  attempt 2 at stripe: in doubt, timeout, sent 2 times, 1.01 s\n"
        "  02:47:30.700  taken up again by reconciliation\n"
        "  02:47:31.020  attempt 2 at stripe: approved, 90 s\n"
        "Customer was charged once: EUR 129.00 captured at stripe.\n");
}

static void the_json_tells_the_same(void **state)
{
    struct px_journal_letter l = { .record = payment(PX_SETTLED, RT_APPROVED, RT_STATE_CAPTURED) };
    struct buf out = BUF_OF(room);

    (void)state;
    px_story_json(&l, &out);
    assert_string_equal(
        buf_z(&out),
        "{\"schema\":1,\"charged\":\"once\",\"verdict\":\"Customer was charged once: EUR 129.00 "
        "captured at adyen.\",\"payment\":{\"id\":\"01JD3ZC3W5E7Q8R2T4V6X8Y0Z1\",\"operation\":"
        "\"authorize\",\"parent\":null,\"merchant\":\"shop\",\"key\":\"k1\",\"order\":"
        "\"ord_88121\",\"created\":\"2025-11-21T02:47:29.104Z\",\"updated\":"
        "\"2025-11-21T02:47:31.020Z\",\"standing\":\"settled\",\"owned\":false,\"outcome\":"
        "\"approved\",\"state\":\"captured\",\"code\":null,\"currency\":\"EUR\",\"amount\":12900,"
        "\"authorized\":12900,\"captured\":12900,\"capture_pending\":0,\"refunded\":0,"
        "\"refund_pending\":0,\"plan\":[\"adyen\",\"stripe\"],\"attempt\":1,"
        "\"provider_payment_id\":null,\"provider_op_id\":null,\"network_txn_id\":null,\"brand\":"
        "\"visa\",\"last4\":\"4242\"},\"attempts\":[],\"operations\":[],\"events\":[]}\n");
}

static void spans_of_time_read_easily(void **state)
{
    static const struct {
        int64_t ms;
        const char *text;
    } cases[] = { { 0, "0 ms" },       { 999, "999 ms" },   { 1920, "1.92 s" },  { 59999, "59 s" },
                  { 360000, "6 min" }, { 10800000, "3 h" }, { 172800000, "2 d" } };

    (void)state;
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf out = BUF_OF(room);

        px_story_span(cases[i].ms, &out);
        assert_string_equal(buf_z(&out), cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_captured_was_charged_once),
        cmocka_unit_test(what_was_not_captured_was_not_charged),
        cmocka_unit_test(what_nobody_knows_is_not_guessed),
        cmocka_unit_test(doubts_about_operations_are_told),
        cmocka_unit_test(the_story_is_told_in_order),
        cmocka_unit_test(the_json_tells_the_same),
        cmocka_unit_test(spans_of_time_read_easily),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
