/* tests/unit/test_journal.c -- what every journal promises; run against the file and in memory. */
#include "tests/unit/unit.h"

#include <unistd.h>

#include "tests/unit/journal_client.h"

static char directory[64];
static char path[96];

#define assert_said(said, expected)                                                                \
    assert_string_equal(px_said_name(said), px_said_name(PX_SAID_##expected))
#define assert_standing(r, expected)                                                               \
    assert_string_equal(px_standing_name((r).standing), px_standing_name(expected))

static int open_file(void **state)
{
    static struct client c;
    struct diag why = { 0 };

    c = (struct client){ .path = path };
    *state = &c;
    if (client_open(&c, &why) == OK)
        return 0;
    fprintf(stderr, "%s\n", why.text);
    return 1;
}

static int open_memory(void **state)
{
    static struct client c;
    struct diag why = { 0 };

    c = (struct client){ .path = NULL };
    *state = &c;
    return client_open(&c, &why) == OK ? 0 : 1;
}

static int close_any(void **state)
{
    client_fini(*state);
    (void)unlink(path);
    return 0;
}

/* ---- promises ---- */

static void a_new_key_is_ours(void **state)
{
    struct client *c = *state;
    struct px_record r, found;

    assert_said(begin_payment(c, "k1", 1099, &r), OURS);
    assert_int_equal(r.fence, 1);
    found = load(c, r.id);
    assert_standing(found, PX_OPEN);
    assert_true(found.owned);
    assert_string_equal(found.merchant, "shop");
    assert_string_equal(found.key, "k1");
    assert_memory_equal(found.fingerprint, r.fingerprint, PX_DIGEST);
    assert_memory_equal(found.request_mac, r.request_mac, PX_MAC);
    assert_int_equal(found.amount.minor, 1099);
    assert_int_equal(found.amount.cur, eur());
    assert_string_equal(found.plan[0], "adyen");
    assert_string_equal(found.plan[1], "stripe");
    assert_string_equal(found.plan[2], "");
    assert_int_equal(found.leg, 0);
    assert_int_equal(found.leg_ms, c->now_ms);
    assert_int_equal(found.created_ms, c->now_ms);
    assert_int_equal(found.brand, RT_VISA);
    assert_int_equal(found.bin6, 424242);
    assert_string_equal(found.last4, "4242");
    assert_string_equal(found.order, "order-k1");
    assert_int_equal(found.outcome, RT_UNKNOWN);
    assert_int_equal(found.status, 0);
}

static void a_key_belongs_to_its_merchant(void **state)
{
    struct client *c = *state;
    struct call k;

    assert_said(begin_payment(c, "k1", 1099, NULL), OURS);
    say_payment(c, &k, "k1", 1099);
    snprintf(k.l.record.merchant, PX_NAME, "another shop");
    assert_said(call_now(c, &k), OURS);
    call_fini(&k);
}

static void another_request_under_the_key_is_a_mismatch(void **state)
{
    struct client *c = *state;
    struct px_record r;
    struct call k;

    assert_said(begin_payment(c, "k1", 1099, &r), OURS);
    say_payment(c, &k, "k1", 1099);
    k.l.record.fingerprint[31] ^= 1;
    assert_said(call_now(c, &k), MISMATCH);
    call_fini(&k);
    assert_int_equal(load(c, r.id).fence, 1);
}

static void a_settled_key_is_replayed(void **state)
{
    struct client *c = *state;
    struct px_record r;
    struct call k;

    begin_payment(c, "k1", 1099, &r);
    say_settle(c, &k, &r, PX_SETTLED, RT_APPROVED, RT_STATE_AUTHORIZED);
    snprintf(k.l.record.provider_payment_id, LIMIT_REF, "psp-17");
    assert_said(call_now(c, &k), OK);
    call_fini(&k);
    say_payment(c, &k, "k1", 1099);
    assert_said(call_now(c, &k), DONE);
    assert_string_equal(k.l.record.id, r.id);
    assert_standing(k.l.record, PX_SETTLED);
    assert_int_equal(k.l.record.outcome, RT_APPROVED);
    assert_int_equal(k.l.record.state, RT_STATE_AUTHORIZED);
    assert_int_equal(k.l.record.status, 200);
    assert_int_equal(k.l.record.authorized, 1099);
    assert_string_equal(k.l.record.provider_payment_id, "psp-17");
    assert_span(k.l.record.answer, "{\"status\":\"told\"}");
    call_fini(&k);
}

static void a_decline_is_settled_with_its_code(void **state)
{
    struct client *c = *state;
    struct px_record r;
    struct call k;

    begin_payment(c, "k1", 1099, &r);
    say_settle(c, &k, &r, PX_SETTLED, RT_DECLINED, RT_STATE_DECLINED);
    k.l.record.code = RT_CODE_INSUFFICIENT_FUNDS;
    k.attempt[0].code = RT_CODE_INSUFFICIENT_FUNDS;
    snprintf(k.attempt[0].raw_code, LIMIT_REF, "51");
    assert_said(call_now(c, &k), OK);
    call_fini(&k);
    r = load(c, r.id);
    assert_int_equal(r.code, RT_CODE_INSUFFICIENT_FUNDS);
    assert_int_equal(r.authorized, 0);
    assert_int_equal(r.captured, 0);
}

static void an_automatic_capture_is_captured(void **state)
{
    struct client *c = *state;
    struct px_record r;

    begin_payment(c, "k1", 1099, &r);
    assert_said(settle(c, &r, PX_SETTLED, RT_APPROVED, RT_STATE_CAPTURED), OK);
    r = load(c, r.id);
    assert_int_equal(r.authorized, 1099);
    assert_int_equal(r.captured, 1099);
}

static void less_may_be_authorized_but_not_more(void **state)
{
    struct client *c = *state;
    struct px_record r;
    struct call k;

    begin_payment(c, "k1", 1099, &r);
    say_settle(c, &k, &r, PX_SETTLED, RT_APPROVED, RT_STATE_CAPTURED);
    k.l.record.authorized = 1100;
    assert_said(call_now(c, &k), CONFLICT);
    k.l.record.authorized = 1000;
    assert_said(call_now(c, &k), OK);
    call_fini(&k);
    assert_int_equal(load(c, r.id).captured, 1000);
}

static void what_was_provably_not_sent_may_begin_again(void **state)
{
    struct client *c = *state;
    struct px_record r, again;
    struct call k;

    begin_payment(c, "k1", 1099, &r);
    assert_said(settle(c, &r, PX_NEVER_SENT, RT_ERROR, RT_STATE_NOT_EXECUTED), OK);
    c->now_ms += 5000;
    say_payment(c, &k, "k1", 1099);
    snprintf(k.l.record.plan[0], PX_NAME, "checkoutcom");
    memset(k.l.record.request_mac, 8, PX_MAC);
    assert_said(call_now(c, &k), OURS);
    again = k.l.record;
    call_fini(&k);
    assert_int_equal(again.fence, 2);
    assert_string_not_equal(again.id, r.id);
    assert_int_equal(again.created_ms, r.created_ms);
    assert_int_equal(again.leg_ms, c->now_ms);
    say_id(c, &k, PX_CALL_LOAD, r.id); /* the former id goes on working */
    assert_said(call_now(c, &k), OK);
    assert_string_equal(k.l.record.id, again.id);
    assert_string_equal(k.l.record.plan[0], "checkoutcom");
    assert_int_equal(k.l.record.request_mac[0], 8);
    assert_int_equal(k.l.attempts, 2); /* the first one's history, and the one under way */
    assert_string_equal(k.l.attempt[0].provider, "adyen");
    assert_string_equal(k.l.attempt[1].provider, "checkoutcom");
    call_fini(&k);
    assert_said(settle(c, &r, PX_SETTLED, RT_APPROVED, RT_STATE_AUTHORIZED), NOT_FOUND);
    assert_said(settle(c, &again, PX_SETTLED, RT_APPROVED, RT_STATE_AUTHORIZED), OK);
}

static void not_sent_is_still_one_request_per_key(void **state)
{
    struct client *c = *state;
    struct px_record r;
    struct call k;

    begin_payment(c, "k1", 1099, &r);
    settle(c, &r, PX_NEVER_SENT, RT_ERROR, RT_STATE_NOT_EXECUTED);
    say_payment(c, &k, "k1", 2000);
    k.l.record.fingerprint[0] ^= 1;
    assert_said(call_now(c, &k), MISMATCH);
    call_fini(&k);
}

/* ---- owners, fences ---- */

static void a_parked_doubt_is_resumed_and_its_old_owner_fenced(void **state)
{
    struct client *c = *state;
    struct px_record first, second;

    begin_payment(c, "k1", 1099, &first);
    assert_said(settle(c, &first, PX_PENDING, RT_UNKNOWN, RT_STATE_IN_DOUBT), OK);
    assert_said(begin_payment(c, "k1", 1099, &second), RESUMED);
    assert_string_equal(second.id, first.id);
    assert_int_equal(second.fence, 2);
    assert_true(second.owned);
    assert_int_equal(second.leg_ms, first.leg_ms); /* the key window counts from the first copy */
    assert_said(settle(c, &first, PX_SETTLED, RT_DECLINED, RT_STATE_DECLINED), FENCED);
    assert_standing(load(c, first.id), PX_OPEN);
    assert_said(settle(c, &second, PX_SETTLED, RT_APPROVED, RT_STATE_AUTHORIZED), OK);
    assert_said(settle(c, &second, PX_SETTLED, RT_DECLINED, RT_STATE_DECLINED), FENCED);
    assert_int_equal(load(c, first.id).outcome, RT_APPROVED);
}

static void a_fenced_owner_can_not_open_a_leg(void **state)
{
    struct client *c = *state;
    struct px_record first, second;
    struct call k;

    begin_payment(c, "k1", 1099, &first);
    settle(c, &first, PX_PENDING, RT_UNKNOWN, RT_STATE_IN_DOUBT);
    assert_said(claim(c, first.id, &second), RESUMED);
    say_next(c, &k, &first);
    assert_said(call_now(c, &k), FENCED);
    call_fini(&k);
    assert_int_equal(load(c, first.id).leg, 0);
    say_next(c, &k, &second);
    assert_said(call_now(c, &k), OK);
    call_fini(&k);
    assert_int_equal(load(c, first.id).leg, 1);
}

static void only_one_of_two_claims_wins(void **state)
{
    struct client *c = *state;
    struct px_record r, a, b;

    begin_payment(c, "k1", 1099, &r);
    assert_said(claim(c, r.id, &a), TAKEN);
    settle(c, &r, PX_PENDING, RT_UNKNOWN, RT_STATE_IN_DOUBT);
    assert_said(claim(c, r.id, &a), RESUMED);
    assert_said(claim(c, r.id, &b), TAKEN);
    assert_said(settle(c, &a, PX_SETTLED, RT_APPROVED, RT_STATE_AUTHORIZED), OK);
    assert_said(claim(c, r.id, &b), DONE);
    assert_said(claim(c, "01TEST99999999999999999999", &b), NOT_FOUND);
}

static void an_answer_to_come_is_replayed_and_still_claimed(void **state)
{
    struct client *c = *state;
    struct px_record r, found;
    struct call k;

    begin_payment(c, "k1", 1099, &r);
    assert_said(settle(c, &r, PX_PENDING, RT_PENDING, RT_STATE_PENDING), OK);
    say_payment(c, &k, "k1", 1099);
    assert_said(call_now(c, &k), DONE);
    assert_standing(k.l.record, PX_PENDING);
    assert_span(k.l.record.answer, "{\"status\":\"told\"}");
    call_fini(&k);
    assert_said(claim(c, r.id, &found), RESUMED);
    assert_int_equal(found.outcome, RT_PENDING);
}

/* ---- legs ---- */

static void the_next_leg_is_promised_and_the_last_one_told(void **state)
{
    struct client *c = *state;
    struct px_record r;
    struct call k;

    begin_payment(c, "k1", 1099, &r);
    c->now_ms += 300;
    say_next(c, &k, &r);
    k.attempt[0].code = RT_CODE_DO_NOT_HONOR;
    snprintf(k.attempt[0].why, sizeof k.attempt[0].why, "answered");
    snprintf(k.attempt[0].raw_code, LIMIT_REF, "Refused");
    k.attempt[0].took_ms = 280;
    assert_said(call_now(c, &k), OK);
    r = k.l.record;
    call_fini(&k);
    say_id(c, &k, PX_CALL_LOAD, r.id);
    assert_said(call_now(c, &k), OK);
    assert_int_equal(k.l.record.leg, 1);
    assert_int_equal(k.l.record.leg_ms, c->now_ms);
    assert_int_equal(k.l.record.request_mac[0], 9);
    assert_int_equal(k.l.attempts, 2);
    assert_int_equal(k.l.attempt[0].leg, 0);
    assert_string_equal(k.l.attempt[0].provider, "adyen");
    assert_string_equal(k.l.attempt[0].evidence, "answered");
    assert_string_equal(k.l.attempt[0].why, "answered");
    assert_string_equal(k.l.attempt[0].raw_code, "Refused");
    assert_int_equal(k.l.attempt[0].outcome, RT_DECLINED);
    assert_int_equal(k.l.attempt[0].code, RT_CODE_DO_NOT_HONOR);
    assert_int_equal(k.l.attempt[0].ended_ms, c->now_ms);
    assert_int_equal(k.l.attempt[0].took_ms, 280);
    assert_int_equal(k.l.attempt[0].copies, 1);
    assert_int_equal(k.l.attempt[1].leg, 1);
    assert_string_equal(k.l.attempt[1].provider, "stripe");
    assert_string_equal(k.l.attempt[1].evidence, "");
    assert_int_equal(k.l.attempt[1].ended_ms, 0);
    assert_string_equal(k.l.attempt[1].ref, "at1_01TEST00000000000000000001");
    call_fini(&k);
    assert_said(settle(c, &r, PX_SETTLED, RT_APPROVED, RT_STATE_AUTHORIZED), OK);
}

static void a_leg_that_can_not_be_is_refused(void **state)
{
    struct client *c = *state;
    struct px_record r;
    struct call k;

    begin_payment(c, "k1", 1099, &r);
    say_next(c, &k, &r);
    k.l.record.leg = 0;
    assert_said(call_now(c, &k), CONFLICT);
    k.l.record.leg = 2; /* the plan has two */
    assert_said(call_now(c, &k), CONFLICT);
    call_fini(&k);
    say_settle(c, &k, &r, PX_SETTLED, RT_APPROVED, RT_STATE_AUTHORIZED);
    k.l.record.leg = 1;
    assert_said(call_now(c, &k), CONFLICT);
    call_fini(&k);
    assert_standing(load(c, r.id), PX_OPEN);
}

static void a_leg_taken_up_again_is_told_twice(void **state)
{
    struct client *c = *state;
    struct px_record r;
    struct call k;

    begin_payment(c, "k1", 1099, &r);
    settle(c, &r, PX_PENDING, RT_UNKNOWN, RT_STATE_IN_DOUBT);
    claim(c, r.id, &r);
    settle(c, &r, PX_SETTLED, RT_APPROVED, RT_STATE_AUTHORIZED);
    say_id(c, &k, PX_CALL_LOAD, r.id);
    assert_said(call_now(c, &k), OK);
    assert_int_equal(k.l.attempts, 2);
    assert_int_equal(k.l.attempt[0].fence, 1);
    assert_int_equal(k.l.attempt[0].outcome, RT_UNKNOWN);
    assert_string_equal(k.l.attempt[0].evidence, "in_doubt");
    assert_int_equal(k.l.attempt[1].fence, 2);
    assert_int_equal(k.l.attempt[1].outcome, RT_APPROVED);
    assert_string_equal(k.l.attempt[0].ref, k.l.attempt[1].ref);
    call_fini(&k);
}

static void settling_without_an_attempt_is_fine(void **state)
{
    struct client *c = *state;
    struct px_record r;
    struct call k;

    begin_payment(c, "k1", 1099, &r);
    say_settle(c, &k, &r, PX_PENDING, RT_UNKNOWN, RT_STATE_IN_DOUBT);
    k.l.attempts = 0;
    assert_said(call_now(c, &k), OK);
    call_fini(&k);
    say_id(c, &k, PX_CALL_LOAD, r.id);
    assert_said(call_now(c, &k), OK);
    assert_int_equal(k.l.attempts, 0);
    call_fini(&k);
}

/* ---- waiting ---- */

static void a_live_owner_is_waited_for_and_his_outcome_told(void **state)
{
    struct client *c = *state;
    struct px_record r;
    struct call one, two;

    begin_payment(c, "k1", 1099, &r);
    say_payment(c, &one, "k1", 1099);
    say_payment(c, &two, "k1", 1099);
    one.l.wait_ms = two.l.wait_ms = 20000;
    call_send(c, &one);
    call_send(c, &two);
    assert_false(client_read(c, 20));
    assert_said(settle(c, &r, PX_SETTLED, RT_APPROVED, RT_STATE_AUTHORIZED), OK);
    assert_said(call_wait(c, &one), DONE);
    assert_said(call_wait(c, &two), DONE);
    assert_span(two.l.record.answer, "{\"status\":\"told\"}");
    call_fini(&one);
    call_fini(&two);
}

static void waiting_ends_in_time(void **state)
{
    struct client *c = *state;
    struct px_record r;
    struct call brief, lasting;

    begin_payment(c, "k1", 1099, &r);
    say_payment(c, &lasting, "k1", 1099);
    lasting.l.wait_ms = 60000;
    call_send(c, &lasting);
    say_payment(c, &brief, "k1", 1099);
    brief.l.wait_ms = 30;
    assert_said(call_now(c, &brief), TAKEN);
    assert_string_equal(brief.l.record.id, r.id);
    assert_false(lasting.back);
    call_fini(&brief);
    assert_said(settle(c, &r, PX_SETTLED, RT_DECLINED, RT_STATE_DECLINED), OK);
    assert_said(call_wait(c, &lasting), DONE);
    call_fini(&lasting);
}

static void who_does_not_wait_is_told_at_once(void **state)
{
    struct client *c = *state;

    begin_payment(c, "k1", 1099, NULL);
    assert_said(begin_payment(c, "k1", 1099, NULL), TAKEN);
}

static void of_those_who_wait_one_takes_over_what_was_parked(void **state)
{
    struct client *c = *state;
    struct px_record r, *mine;
    struct call one, two, *other;

    begin_payment(c, "k1", 1099, &r);
    say_payment(c, &one, "k1", 1099);
    say_payment(c, &two, "k1", 1099);
    one.l.wait_ms = two.l.wait_ms = 20000;
    call_send(c, &one);
    call_send(c, &two);
    assert_said(settle(c, &r, PX_PENDING, RT_UNKNOWN, RT_STATE_IN_DOUBT), OK);
    while (!one.back && !two.back)
        assert_true(client_read(c, 10000));
    assert_false(one.back && two.back);
    mine = one.back ? &one.l.record : &two.l.record;
    other = one.back ? &two : &one;
    assert_said(one.back ? one.l.said : two.l.said, RESUMED);
    assert_said(settle(c, mine, PX_SETTLED, RT_APPROVED, RT_STATE_AUTHORIZED), OK);
    assert_said(call_wait(c, other), DONE);
    call_fini(&one);
    call_fini(&two);
}

static void those_who_wait_for_what_was_not_sent_begin_it(void **state)
{
    struct client *c = *state;
    struct px_record r;
    struct call k;

    begin_payment(c, "k1", 1099, &r);
    say_payment(c, &k, "k1", 1099);
    k.l.wait_ms = 20000;
    call_send(c, &k);
    assert_said(settle(c, &r, PX_NEVER_SENT, RT_ERROR, RT_STATE_NOT_EXECUTED), OK);
    assert_said(call_wait(c, &k), OURS);
    assert_int_equal(k.l.record.fence, 2);
    call_fini(&k);
}

static void closing_tells_those_who_wait(void **state)
{
    struct client *c = *state;
    struct diag why = { 0 };
    struct call k;

    begin_payment(c, "k1", 1099, NULL);
    say_payment(c, &k, "k1", 1099);
    k.l.wait_ms = 20000;
    call_send(c, &k);
    client_close(c);
    assert_true(client_read(c, 0));
    assert_said(k.l.said, TAKEN);
    call_fini(&k);
    assert_int_equal(client_open(c, &why), OK);
}

/* ---- operations ---- */

static struct px_record authorized(struct client *c, const char *key, int64_t minor)
{
    struct px_record r;

    assert_said(begin_payment(c, key, minor, &r), OURS);
    assert_said(settle(c, &r, PX_SETTLED, RT_APPROVED, RT_STATE_AUTHORIZED), OK);
    return load(c, r.id);
}

static struct px_record captured(struct client *c, const char *key, int64_t minor)
{
    struct px_record r;

    assert_said(begin_payment(c, key, minor, &r), OURS);
    assert_said(settle(c, &r, PX_SETTLED, RT_APPROVED, RT_STATE_CAPTURED), OK);
    return load(c, r.id);
}

static void assert_money(struct client *c, const char *id, int64_t captured_, int64_t pending,
                         int64_t refunded, int64_t refund_pending, enum rt_state state)
{
    struct px_record r = load(c, id);

    assert_int_equal(r.captured, captured_);
    assert_int_equal(r.capture_pending, pending);
    assert_int_equal(r.refunded, refunded);
    assert_int_equal(r.refund_pending, refund_pending);
    assert_string_equal(rt_state_name(r.state), rt_state_name(state));
}

static void a_capture_is_held_and_then_moved(void **state)
{
    struct client *c = *state;
    struct px_record p = authorized(c, "k1", 1000), op;

    assert_said(begin_operation(c, &p, RT_CAPTURE, "c1", 600, &op, NULL), OURS);
    assert_int_equal(op.amount.cur, eur());
    assert_int_equal(op.held, 600);
    assert_money(c, p.id, 0, 600, 0, 0, RT_STATE_AUTHORIZED);
    assert_said(settle(c, &op, PX_SETTLED, RT_APPROVED, RT_STATE_CAPTURED), OK);
    assert_money(c, p.id, 600, 0, 0, 0, RT_STATE_PARTIALLY_CAPTURED);
    assert_int_equal(load(c, op.id).held, 0);
    assert_said(begin_operation(c, &p, RT_CAPTURE, "c2", 0, &op, NULL), OURS);
    assert_int_equal(op.amount.minor, 400); /* all that is left */
    assert_said(settle(c, &op, PX_SETTLED, RT_APPROVED, RT_STATE_CAPTURED), OK);
    assert_money(c, p.id, 1000, 0, 0, 0, RT_STATE_CAPTURED);
}

static void a_declined_or_unsent_capture_is_released(void **state)
{
    struct client *c = *state;
    struct px_record p = authorized(c, "k1", 1000), op;

    begin_operation(c, &p, RT_CAPTURE, "c1", 600, &op, NULL);
    assert_said(settle(c, &op, PX_SETTLED, RT_DECLINED, RT_STATE_CAPTURE_FAILED), OK);
    assert_money(c, p.id, 0, 0, 0, 0, RT_STATE_AUTHORIZED);
    begin_operation(c, &p, RT_CAPTURE, "c2", 600, &op, NULL);
    assert_said(settle(c, &op, PX_NEVER_SENT, RT_UNKNOWN, RT_STATE_NOT_EXECUTED), OK);
    assert_money(c, p.id, 0, 0, 0, 0, RT_STATE_AUTHORIZED);
    assert_said(begin_operation(c, &p, RT_CAPTURE, "c2", 600, &op, NULL), OURS);
    assert_int_equal(op.fence, 2);
    assert_money(c, p.id, 0, 600, 0, 0, RT_STATE_AUTHORIZED);
    assert_said(settle(c, &op, PX_SETTLED, RT_APPROVED, RT_STATE_CAPTURED), OK);
    assert_money(c, p.id, 600, 0, 0, 0, RT_STATE_PARTIALLY_CAPTURED);
}

static void an_operation_that_begins_again_is_weighed_again(void **state)
{
    struct client *c = *state;
    struct px_record p = authorized(c, "k1", 1000), op;
    enum rt_code code;

    begin_operation(c, &p, RT_CAPTURE, "c1", 600, &op, NULL);
    settle(c, &op, PX_NEVER_SENT, RT_ERROR, RT_STATE_NOT_EXECUTED);
    begin_operation(c, &p, RT_CAPTURE, "c2", 900, &op, NULL);
    assert_said(begin_operation(c, &p, RT_CAPTURE, "c1", 600, NULL, &code), CONFLICT);
    assert_int_equal(code, RT_CODE_LOCK_CONFLICT);
    settle(c, &op, PX_SETTLED, RT_APPROVED, RT_STATE_CAPTURED);
    assert_said(begin_operation(c, &p, RT_CAPTURE, "c1", 600, NULL, &code), CONFLICT);
    assert_int_equal(code, RT_CODE_AMOUNT_EXCEEDS_AUTHORIZED);
    assert_money(c, p.id, 900, 0, 0, 0, RT_STATE_PARTIALLY_CAPTURED);
}

static void two_captures_at_once_can_not_both_pass(void **state)
{
    struct client *c = *state;
    struct px_record p = authorized(c, "k1", 1000);
    struct call one, two;

    say_operation(c, &one, &p, RT_CAPTURE, "c1", 1000);
    say_operation(c, &two, &p, RT_CAPTURE, "c2", 1000);
    call_send(c, &one);
    call_send(c, &two);
    assert_said(call_wait(c, &one), OURS);
    assert_said(call_wait(c, &two), CONFLICT);
    assert_int_equal(two.l.code, RT_CODE_LOCK_CONFLICT);
    call_fini(&one);
    call_fini(&two);
}

static void an_operation_in_doubt_locks_its_payment(void **state)
{
    struct client *c = *state;
    struct px_record p = authorized(c, "k1", 1000), op;
    enum rt_code code;

    begin_operation(c, &p, RT_CAPTURE, "c1", 400, &op, NULL);
    assert_said(settle(c, &op, PX_PENDING, RT_UNKNOWN, RT_STATE_IN_DOUBT), OK);
    assert_money(c, p.id, 0, 400, 0, 0, RT_STATE_AUTHORIZED);
    assert_said(begin_operation(c, &p, RT_CAPTURE, "c2", 100, NULL, &code), CONFLICT);
    assert_int_equal(code, RT_CODE_LOCK_CONFLICT);
    assert_said(begin_operation(c, &p, RT_VOID, "v1", 0, NULL, &code), CONFLICT);
    assert_int_equal(code, RT_CODE_LOCK_CONFLICT);
    assert_said(begin_operation(c, &p, RT_CAPTURE, "c1", 400, &op, NULL), RESUMED);
    assert_int_equal(op.held, 400);
    assert_said(settle(c, &op, PX_SETTLED, RT_APPROVED, RT_STATE_CAPTURED), OK);
    assert_money(c, p.id, 400, 0, 0, 0, RT_STATE_PARTIALLY_CAPTURED);
    assert_said(begin_operation(c, &p, RT_CAPTURE, "c2", 100, NULL, NULL), OURS);
}

static void a_capture_accepted_for_later_holds_but_does_not_lock(void **state)
{
    struct client *c = *state;
    struct px_record p = authorized(c, "k1", 1000), op, second;
    enum rt_code code;

    begin_operation(c, &p, RT_CAPTURE, "c1", 600, &op, NULL);
    assert_said(settle(c, &op, PX_PENDING, RT_PENDING, RT_STATE_CAPTURE_PENDING), OK);
    assert_money(c, p.id, 0, 600, 0, 0, RT_STATE_CAPTURE_PENDING);
    assert_said(begin_operation(c, &p, RT_CAPTURE, "c2", 500, NULL, &code), CONFLICT);
    assert_int_equal(code, RT_CODE_AMOUNT_EXCEEDS_AUTHORIZED);
    assert_said(begin_operation(c, &p, RT_CAPTURE, "c3", 400, &second, NULL), OURS);
    assert_said(settle(c, &second, PX_SETTLED, RT_APPROVED, RT_STATE_CAPTURED), OK);
    assert_money(c, p.id, 400, 600, 0, 0, RT_STATE_PARTIALLY_CAPTURED);
    assert_said(claim(c, op.id, &op), RESUMED);
    assert_said(settle(c, &op, PX_SETTLED, RT_APPROVED, RT_STATE_CAPTURED), OK);
    assert_money(c, p.id, 1000, 0, 0, 0, RT_STATE_CAPTURED);
}

static void an_accepted_answer_may_be_final_for_its_key(void **state)
{
    struct client *c = *state;
    struct px_record p = authorized(c, "k1", 1000), op;

    begin_operation(c, &p, RT_CAPTURE, "c1", 600, &op, NULL);
    assert_said(settle(c, &op, PX_SETTLED, RT_PENDING, RT_STATE_CAPTURE_PENDING), OK);
    assert_money(c, p.id, 0, 600, 0, 0, RT_STATE_CAPTURE_PENDING);
    assert_int_equal(load(c, op.id).held, 600);
    assert_said(begin_operation(c, &p, RT_CAPTURE, "c1", 600, &op, NULL), DONE);
}

static void a_capture_may_move_less_but_never_more_than_it_holds(void **state)
{
    struct client *c = *state;
    struct px_record p = authorized(c, "k1", 1000), op;

    begin_operation(c, &p, RT_CAPTURE, "c1", 600, &op, NULL);
    op.amount.minor = 601;
    assert_said(settle(c, &op, PX_SETTLED, RT_APPROVED, RT_STATE_CAPTURED), CONFLICT);
    assert_money(c, p.id, 0, 600, 0, 0, RT_STATE_AUTHORIZED);
    op.amount.minor = 500;
    assert_said(settle(c, &op, PX_SETTLED, RT_APPROVED, RT_STATE_CAPTURED), OK);
    assert_money(c, p.id, 500, 0, 0, 0, RT_STATE_PARTIALLY_CAPTURED);
}

static void refunds_come_out_of_what_was_captured(void **state)
{
    struct client *c = *state;
    struct px_record p = captured(c, "k1", 1000), op;
    enum rt_code code;

    assert_said(begin_operation(c, &p, RT_REFUND, "r1", 1001, NULL, &code), CONFLICT);
    assert_int_equal(code, RT_CODE_AMOUNT_EXCEEDS_REFUNDABLE);
    assert_said(begin_operation(c, &p, RT_REFUND, "r1", 300, &op, NULL), OURS);
    assert_said(settle(c, &op, PX_SETTLED, RT_APPROVED, RT_STATE_REFUNDED), OK);
    assert_money(c, p.id, 1000, 0, 300, 0, RT_STATE_PARTIALLY_REFUNDED);
    assert_said(begin_operation(c, &p, RT_REFUND, "r2", 0, &op, NULL), OURS);
    assert_int_equal(op.amount.minor, 700);
    assert_said(settle(c, &op, PX_SETTLED, RT_PENDING, RT_STATE_REFUND_PENDING), OK);
    assert_money(c, p.id, 1000, 0, 300, 700, RT_STATE_PARTIALLY_REFUNDED);
    assert_said(begin_operation(c, &p, RT_REFUND, "r3", 1, NULL, &code), CONFLICT);
    assert_int_equal(code, RT_CODE_ALREADY_REFUNDED);
}

static void a_void_ends_an_authorization(void **state)
{
    struct client *c = *state;
    struct px_record p = authorized(c, "k1", 1000), op;
    enum rt_code code;

    assert_said(begin_operation(c, &p, RT_VOID, "v1", 0, &op, NULL), OURS);
    assert_int_equal(op.amount.minor, 1000);
    assert_said(begin_operation(c, &p, RT_CAPTURE, "c1", 1, NULL, &code), CONFLICT);
    assert_int_equal(code, RT_CODE_LOCK_CONFLICT);
    assert_said(settle(c, &op, PX_SETTLED, RT_PENDING, RT_STATE_VOID_PENDING), OK);
    assert_money(c, p.id, 0, 0, 0, 0, RT_STATE_VOID_PENDING);
    assert_said(begin_operation(c, &p, RT_CAPTURE, "c1", 1, NULL, &code), CONFLICT);
    assert_int_equal(code, RT_CODE_STATE_CONFLICT);
    p = authorized(c, "k2", 1000);
    assert_said(begin_operation(c, &p, RT_VOID, "v2", 0, &op, NULL), OURS);
    assert_said(settle(c, &op, PX_SETTLED, RT_APPROVED, RT_STATE_VOIDED), OK);
    assert_money(c, p.id, 0, 0, 0, 0, RT_STATE_VOIDED);
    assert_said(begin_operation(c, &p, RT_VOID, "v3", 0, NULL, &code), CONFLICT);
    assert_int_equal(code, RT_CODE_ALREADY_VOIDED);
}

static void what_was_captured_is_not_voided(void **state)
{
    struct client *c = *state;
    struct px_record p = captured(c, "k1", 1000);
    enum rt_code code;

    assert_said(begin_operation(c, &p, RT_VOID, "v1", 0, NULL, &code), CONFLICT);
    assert_int_equal(code, RT_CODE_ALREADY_CAPTURED);
    assert_said(begin_operation(c, &p, RT_CAPTURE, "c1", 1, NULL, &code), CONFLICT);
    assert_int_equal(code, RT_CODE_ALREADY_CAPTURED);
}

static void an_operation_needs_an_approved_payment_of_its_merchant(void **state)
{
    struct client *c = *state;
    struct px_record p, op;
    struct call k;
    enum rt_code code;

    begin_payment(c, "k1", 1000, &p);
    assert_said(begin_operation(c, &p, RT_CAPTURE, "c1", 1, NULL, &code), CONFLICT);
    assert_int_equal(code, RT_CODE_LOCK_CONFLICT);
    settle(c, &p, PX_PENDING, RT_UNKNOWN, RT_STATE_IN_DOUBT);
    assert_said(begin_operation(c, &p, RT_CAPTURE, "c1", 1, NULL, &code), CONFLICT);
    assert_int_equal(code, RT_CODE_LOCK_CONFLICT);
    claim(c, p.id, &p);
    settle(c, &p, PX_SETTLED, RT_DECLINED, RT_STATE_DECLINED);
    assert_said(begin_operation(c, &p, RT_CAPTURE, "c1", 1, NULL, &code), CONFLICT);
    assert_int_equal(code, RT_CODE_STATE_CONFLICT);
    p = authorized(c, "k2", 1000);
    say_operation(c, &k, &p, RT_CAPTURE, "c1", 1);
    snprintf(k.l.record.merchant, PX_NAME, "another shop");
    assert_said(call_now(c, &k), NOT_FOUND);
    call_fini(&k);
    assert_said(begin_operation(c, &p, RT_CAPTURE, "c2", 1, &op, NULL), OURS);
    assert_said(begin_operation(c, &op, RT_REFUND, "r1", 1, NULL, NULL), NOT_FOUND);
    snprintf(p.id, PX_ID, "01TEST99999999999999999999");
    assert_said(begin_operation(c, &p, RT_CAPTURE, "c3", 1, NULL, NULL), NOT_FOUND);
}

static void an_operation_goes_to_the_holder_in_the_payments_currency(void **state)
{
    struct client *c = *state;
    struct px_record p = authorized(c, "k1", 1000);
    struct call k;

    say_operation(c, &k, &p, RT_CAPTURE, "c1", 1);
    snprintf(k.l.record.plan[0], PX_NAME, "stripe");
    assert_said(call_now(c, &k), CONFLICT);
    assert_int_equal(k.l.code, RT_CODE_STATE_CONFLICT);
    call_fini(&k);
    say_operation(c, &k, &p, RT_CAPTURE, "c1", 1);
    k.l.record.amount.cur = currency_find(SPAN("USD"));
    assert_said(call_now(c, &k), CONFLICT);
    assert_int_equal(k.l.code, RT_CODE_INVALID_AMOUNT);
    call_fini(&k);
    assert_money(c, p.id, 0, 0, 0, 0, RT_STATE_AUTHORIZED);
}

static void a_refused_operation_leaves_its_key_free(void **state)
{
    struct client *c = *state;
    struct px_record p = authorized(c, "k1", 1000);

    assert_said(begin_operation(c, &p, RT_CAPTURE, "c1", 1001, NULL, NULL), CONFLICT);
    assert_said(begin_operation(c, &p, RT_CAPTURE, "c1", 1000, NULL, NULL), OURS);
}

/* ---- reading ---- */

static void a_payment_is_loaded_with_its_operations(void **state)
{
    struct client *c = *state;
    struct px_record p = captured(c, "k1", 1000), one, two;
    struct call k;

    begin_operation(c, &p, RT_REFUND, "r1", 100, &one, NULL);
    settle(c, &one, PX_SETTLED, RT_APPROVED, RT_STATE_REFUNDED);
    begin_operation(c, &p, RT_REFUND, "r2", 200, &two, NULL);
    say_id(c, &k, PX_CALL_LOAD, p.id);
    snprintf(k.l.record.merchant, PX_NAME, "shop");
    assert_said(call_now(c, &k), OK);
    assert_int_equal(k.l.lists, 2);
    assert_string_equal(k.l.list[0].id, one.id);
    assert_string_equal(k.l.list[0].parent, p.id);
    assert_int_equal(k.l.list[0].op, RT_REFUND);
    assert_string_equal(k.l.list[1].id, two.id);
    assert_true(k.l.list[1].owned);
    assert_int_equal(k.l.attempts, 1);
    assert_span(k.l.record.answer, "{\"status\":\"told\"}");
    snprintf(k.l.record.merchant, PX_NAME, "another shop");
    assert_said(call_now(c, &k), NOT_FOUND);
    call_fini(&k);
}

static void a_key_finds_its_payment(void **state)
{
    struct client *c = *state;
    struct px_record p = captured(c, "k1", 1000);
    struct call k;

    call_init(c, &k, PX_CALL_FIND);
    snprintf(k.l.record.merchant, PX_NAME, "shop");
    snprintf(k.l.record.key, PX_NAME, "k1");
    assert_said(call_now(c, &k), OK);
    assert_string_equal(k.l.record.id, p.id);
    assert_int_equal(k.l.attempts, 1);
    call_fini(&k);
    call_init(c, &k, PX_CALL_FIND);
    snprintf(k.l.record.merchant, PX_NAME, "shop");
    snprintf(k.l.record.key, PX_NAME, "k2");
    assert_said(call_now(c, &k), NOT_FOUND);
    call_fini(&k);
}

static void what_does_not_fit_the_arena_is_not_told_in_part(void **state)
{
    struct client *c = *state;
    struct px_record p = captured(c, "k1", 1000);
    char small[64] __attribute__((aligned(16)));
    struct call k;

    say_id(c, &k, PX_CALL_LOAD, p.id);
    arena_fini(&k.arena);
    arena_init(&k.arena, small, sizeof small, NULL, sizeof small);
    assert_said(call_now(c, &k), DOWN);
    call_fini(&k);
    settle(c, &p, PX_PENDING, RT_UNKNOWN, RT_STATE_IN_DOUBT);
    begin_payment(c, "k2", 1000, &p);
    settle(c, &p, PX_PENDING, RT_UNKNOWN, RT_STATE_IN_DOUBT);
    say_payment(c, &k, "k2", 1000);
    arena_fini(&k.arena);
    arena_init(&k.arena, small, sizeof small, NULL, sizeof small);
    assert_said(call_now(c, &k), DOWN);
    assert_standing(load(c, p.id), PX_PENDING); /* and nobody owns what nobody was told of */
    call_fini(&k);
}

static void park(struct client *c, const char *key)
{
    struct px_record r;

    assert_said(begin_payment(c, key, 1000, &r), OURS);
    assert_said(settle(c, &r, PX_PENDING, RT_UNKNOWN, RT_STATE_IN_DOUBT), OK);
}

static void ask_unresolved(struct client *c, struct call *k, unsigned limit, const char *after)
{
    call_init(c, k, PX_CALL_UNRESOLVED);
    k->l.limit = limit;
    snprintf(k->l.record.id, PX_ID, "%s", after);
    assert_said(call_now(c, k), OK);
}

static void the_unresolved_come_oldest_first_and_in_pages(void **state)
{
    struct client *c = *state;
    struct call k;
    char last[PX_ID];

    begin_payment(c, "k0", 1000, NULL); /* a live owner has it */
    (void)captured(c, "k1", 1000);
    park(c, "k2");
    c->now_ms += 1000;
    park(c, "k3");
    park(c, "k4");
    ask_unresolved(c, &k, 2, "");
    assert_int_equal(k.l.lists, 2);
    assert_string_equal(k.l.list[0].key, "k2");
    assert_false(k.l.list[0].owned);
    assert_string_equal(k.l.list[1].key, "k3");
    memcpy(last, k.l.list[1].id, sizeof last);
    call_fini(&k);
    ask_unresolved(c, &k, 2, last);
    assert_int_equal(k.l.lists, 1);
    assert_string_equal(k.l.list[0].key, "k4");
    call_fini(&k);
    call_init(c, &k, PX_CALL_UNRESOLVED);
    k.l.after_ms = 500;
    assert_said(call_now(c, &k), OK);
    assert_int_equal(k.l.lists, 1);
    assert_string_equal(k.l.list[0].key, "k2");
    call_fini(&k);
}

static void a_note_needs_its_record(void **state)
{
    struct client *c = *state;
    struct px_record r;
    struct call k;

    begin_payment(c, "k1", 1000, &r);
    say_id(c, &k, PX_CALL_NOTE, r.id);
    k.l.note = "the bank says it was charged";
    assert_said(call_now(c, &k), OK);
    call_fini(&k);
    say_id(c, &k, PX_CALL_NOTE, "01TEST99999999999999999999");
    k.l.note = "nobody";
    assert_said(call_now(c, &k), NOT_FOUND);
    call_fini(&k);
}

static void what_happened_beside_is_told_on_request(void **state)
{
    struct client *c = *state;
    struct px_record r;
    struct call k;

    begin_payment(c, "k1", 1000, &r);
    settle(c, &r, PX_PENDING, RT_UNKNOWN, RT_STATE_IN_DOUBT);
    assert_said(begin_payment(c, "k1", 1000, &r), RESUMED);
    settle(c, &r, PX_PENDING, RT_UNKNOWN, RT_STATE_IN_DOUBT);
    assert_said(claim(c, r.id, &r), RESUMED);
    say_id(c, &k, PX_CALL_NOTE, r.id);
    k.l.note = "asked the bank";
    assert_said(call_now(c, &k), OK);
    call_fini(&k);
    say_id(c, &k, PX_CALL_LOAD, r.id);
    k.l.with_events = true;
    assert_said(call_now(c, &k), OK);
    assert_int_equal(k.l.events, 3);
    assert_string_equal(k.l.event[0].what, "resumed");
    assert_int_equal(k.l.event[0].fence, 2);
    assert_string_equal(k.l.event[1].what, "claimed");
    assert_int_equal(k.l.event[1].fence, 3);
    assert_string_equal(k.l.event[2].what, "note");
    assert_string_equal(k.l.event[2].text, "asked the bank");
    assert_int_equal(k.l.event[2].at_ms, c->now_ms);
    call_fini(&k);
}

/* ---- many at once ---- */

static void a_poisoned_letter_harms_no_other(void **state)
{
    struct client *c = *state;
    struct call good[8], bad;

    for (unsigned i = 0; i < 8; i++) {
        char key[8];

        snprintf(key, sizeof key, "k%u", i);
        say_payment(c, &good[i], key, 1000);
    }
    say_payment(c, &bad, "bad", 1000);
    bad.l.record.amount.minor = -1; /* the tables do not take it */
    for (unsigned i = 0; i < 4; i++)
        call_send(c, &good[i]);
    call_send(c, &bad);
    for (unsigned i = 4; i < 8; i++)
        call_send(c, &good[i]);
    for (unsigned i = 0; i < 8; i++) {
        assert_said(call_wait(c, &good[i]), OURS);
        assert_standing(load(c, good[i].l.record.id), PX_OPEN);
        call_fini(&good[i]);
    }
    assert_said(call_wait(c, &bad), DOWN);
    call_fini(&bad);
}

static void letters_of_one_sender_are_run_in_order(void **state)
{
    struct client *c = *state;
    struct px_record r;
    struct call settles, begins, loads;

    begin_payment(c, "k1", 1000, &r);
    say_settle(c, &settles, &r, PX_SETTLED, RT_APPROVED, RT_STATE_AUTHORIZED);
    say_payment(c, &begins, "k1", 1000);
    say_id(c, &loads, PX_CALL_LOAD, r.id);
    call_send(c, &settles);
    call_send(c, &begins);
    call_send(c, &loads);
    assert_said(call_wait(c, &loads), OK);
    assert_said(call_wait(c, &begins), DONE);
    assert_standing(loads.l.record, PX_SETTLED);
    call_fini(&settles);
    call_fini(&begins);
    call_fini(&loads);
}

static void what_was_done_is_counted(void **state)
{
    struct client *c = *state;
    struct px_journal_counts n;

    begin_payment(c, "k1", 1000, NULL);
    begin_payment(c, "k2", 1000, NULL);
    px_journal_count(c->journal, &n);
    assert_int_equal(n.letters, 2);
    assert_int_equal(n.commits, 2);
    assert_int_equal(n.failures, 0);
    assert_int_equal(n.queued, 0);
    assert_false(n.down);
}

#define BOTH(f)                                                                                    \
    cmocka_unit_test_setup_teardown(f, open_file, close_any),                                      \
        cmocka_unit_test_setup_teardown(f, open_memory, close_any)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(a_new_key_is_ours),
        BOTH(a_key_belongs_to_its_merchant),
        BOTH(another_request_under_the_key_is_a_mismatch),
        BOTH(a_settled_key_is_replayed),
        BOTH(a_decline_is_settled_with_its_code),
        BOTH(an_automatic_capture_is_captured),
        BOTH(less_may_be_authorized_but_not_more),
        BOTH(what_was_provably_not_sent_may_begin_again),
        BOTH(not_sent_is_still_one_request_per_key),
        BOTH(a_parked_doubt_is_resumed_and_its_old_owner_fenced),
        BOTH(a_fenced_owner_can_not_open_a_leg),
        BOTH(only_one_of_two_claims_wins),
        BOTH(an_answer_to_come_is_replayed_and_still_claimed),
        BOTH(the_next_leg_is_promised_and_the_last_one_told),
        BOTH(a_leg_that_can_not_be_is_refused),
        BOTH(a_leg_taken_up_again_is_told_twice),
        BOTH(settling_without_an_attempt_is_fine),
        BOTH(a_live_owner_is_waited_for_and_his_outcome_told),
        BOTH(waiting_ends_in_time),
        BOTH(who_does_not_wait_is_told_at_once),
        BOTH(of_those_who_wait_one_takes_over_what_was_parked),
        BOTH(those_who_wait_for_what_was_not_sent_begin_it),
        BOTH(closing_tells_those_who_wait),
        BOTH(a_capture_is_held_and_then_moved),
        BOTH(a_declined_or_unsent_capture_is_released),
        BOTH(an_operation_that_begins_again_is_weighed_again),
        BOTH(two_captures_at_once_can_not_both_pass),
        BOTH(an_operation_in_doubt_locks_its_payment),
        BOTH(a_capture_accepted_for_later_holds_but_does_not_lock),
        BOTH(an_accepted_answer_may_be_final_for_its_key),
        BOTH(a_capture_may_move_less_but_never_more_than_it_holds),
        BOTH(refunds_come_out_of_what_was_captured),
        BOTH(a_void_ends_an_authorization),
        BOTH(what_was_captured_is_not_voided),
        BOTH(an_operation_needs_an_approved_payment_of_its_merchant),
        BOTH(an_operation_goes_to_the_holder_in_the_payments_currency),
        BOTH(a_refused_operation_leaves_its_key_free),
        BOTH(a_payment_is_loaded_with_its_operations),
        BOTH(a_key_finds_its_payment),
        BOTH(what_does_not_fit_the_arena_is_not_told_in_part),
        BOTH(the_unresolved_come_oldest_first_and_in_pages),
        BOTH(a_note_needs_its_record),
        BOTH(what_happened_beside_is_told_on_request),
        BOTH(a_poisoned_letter_harms_no_other),
        BOTH(letters_of_one_sender_are_run_in_order),
        BOTH(what_was_done_is_counted),
    };
    int failed;

    snprintf(directory, sizeof directory, "/tmp/signalbox-journal-XXXXXX");
    if (mkdtemp(directory) == NULL)
        return 1;
    snprintf(path, sizeof path, "%s/journal.db", directory);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    snprintf(path + strlen(path), 8, ".lock");
    (void)unlink(path);
    (void)rmdir(directory);
    return failed;
}
