/* routing/ledger.c */
#include "routing/ledger.h"

#include "routing/base/check.h"

/* Captured, or accepted for capture: what refunds may count on. A capture in doubt locks the
 * payment before this is asked. */
static int64_t taken(const struct rt_ledger *l)
{
    return l->captured + l->capture_pending;
}

bool rt_ledger_sound(const struct rt_ledger *l)
{
    if (l->authorized < 0 || l->captured < 0 || l->capture_pending < 0 || l->refunded < 0 ||
        l->refund_pending < 0)
        return false;
    return l->captured <= l->authorized && l->capture_pending <= l->authorized - l->captured &&
           l->refunded <= taken(l) && l->refund_pending <= taken(l) - l->refunded;
}

void rt_ledger_open(struct rt_ledger *l, int64_t authorized, enum rt_state state)
{
    CHECK(authorized >= 0);
    *l = (struct rt_ledger){ .authorized = authorized, .state = state };
    if (state == RT_STATE_CAPTURED)
        l->captured = authorized;
    if (state == RT_STATE_CAPTURE_PENDING)
        l->capture_pending = authorized;
}

int64_t rt_ledger_left(const struct rt_ledger *l, enum rt_op op)
{
    switch (op) {
    case RT_CAPTURE: return l->authorized - l->captured - l->capture_pending;
    case RT_REFUND: return taken(l) - l->refunded - l->refund_pending;
    case RT_VOID: return l->authorized;
    case RT_AUTHORIZE:
    case RT_INQUIRE:
    case RT_OPS_: break;
    }
    return 0;
}

/* Why no operation at all fits this state; RT_CODE_NONE if it may. */
static enum rt_code state_forbids(const struct rt_ledger *l, enum rt_op op)
{
    switch (l->state) {
    case RT_STATE_VOIDED: return RT_CODE_ALREADY_VOIDED;
    case RT_STATE_EXPIRED:
        return op == RT_REFUND ? RT_CODE_STATE_CONFLICT : RT_CODE_AUTHORIZATION_EXPIRED;
    case RT_STATE_VOID_PENDING:
    case RT_STATE_REVERSAL_PENDING:
    case RT_STATE_CHARGEBACK: return RT_CODE_STATE_CONFLICT;
    case RT_STATE_NONE:
    case RT_STATE_IN_DOUBT:
    case RT_STATE_AUTHORIZED:
    case RT_STATE_CAPTURED:
    case RT_STATE_PARTIALLY_CAPTURED:
    case RT_STATE_CAPTURE_PENDING:
    case RT_STATE_CAPTURE_FAILED:
    case RT_STATE_REFUNDED:
    case RT_STATE_PARTIALLY_REFUNDED:
    case RT_STATE_REFUND_PENDING:
    case RT_STATE_REFUND_FAILED:
    case RT_STATE_DECLINED:
    case RT_STATE_REQUIRES_SCA:
    case RT_STATE_REQUIRES_ACTION:
    case RT_STATE_PENDING:
    case RT_STATE_NOT_EXECUTED:
    case RT_STATE_UNCHANGED:
    case RT_STATE_NOT_FOUND:
    case RT_STATE_TOKENIZED:
    case RT_STATE_FOUND:
    case RT_STATES_: break;
    }
    return l->authorized > 0 ? RT_CODE_NONE : RT_CODE_STATE_CONFLICT;
}

static enum rt_code hold_capture(struct rt_ledger *l, int64_t amount)
{
    int64_t left = rt_ledger_left(l, RT_CAPTURE);

    if (left == 0)
        return RT_CODE_ALREADY_CAPTURED;
    if (amount <= 0)
        return RT_CODE_INVALID_AMOUNT;
    if (amount > left)
        return RT_CODE_AMOUNT_EXCEEDS_AUTHORIZED;
    l->capture_pending += amount;
    return RT_CODE_NONE;
}

static enum rt_code hold_refund(struct rt_ledger *l, int64_t amount)
{
    int64_t left = rt_ledger_left(l, RT_REFUND);

    if (taken(l) == 0)
        return RT_CODE_STATE_CONFLICT;
    if (left == 0)
        return RT_CODE_ALREADY_REFUNDED;
    if (amount <= 0)
        return RT_CODE_INVALID_AMOUNT;
    if (amount > left)
        return RT_CODE_AMOUNT_EXCEEDS_REFUNDABLE;
    l->refund_pending += amount;
    return RT_CODE_NONE;
}

enum rt_code rt_ledger_hold(struct rt_ledger *l, enum rt_op op, int64_t amount)
{
    enum rt_code no = state_forbids(l, op);

    if (no != RT_CODE_NONE)
        return no;
    switch (op) {
    case RT_CAPTURE: return hold_capture(l, amount);
    case RT_REFUND: return hold_refund(l, amount);
    case RT_VOID:
        if (l->captured > 0)
            return RT_CODE_ALREADY_CAPTURED;
        return l->capture_pending > 0 ? RT_CODE_STATE_CONFLICT : RT_CODE_NONE;
    case RT_AUTHORIZE:
    case RT_INQUIRE:
    case RT_OPS_: break;
    }
    return RT_CODE_STATE_CONFLICT;
}

/* What has happened comes before what is to come. */
static enum rt_state state_of(const struct rt_ledger *l)
{
    if (l->refunded > 0)
        return l->refunded == taken(l) ? RT_STATE_REFUNDED : RT_STATE_PARTIALLY_REFUNDED;
    if (l->refund_pending > 0)
        return RT_STATE_REFUND_PENDING;
    if (l->captured > 0)
        return l->captured == l->authorized ? RT_STATE_CAPTURED : RT_STATE_PARTIALLY_CAPTURED;
    return l->capture_pending > 0 ? RT_STATE_CAPTURE_PENDING : RT_STATE_AUTHORIZED;
}

static int64_t *pending_of(struct rt_ledger *l, enum rt_op op)
{
    CHECK(op == RT_CAPTURE || op == RT_REFUND);
    return op == RT_CAPTURE ? &l->capture_pending : &l->refund_pending;
}

/* The hold ends; `moved` of it is done. */
static void release(struct rt_ledger *l, enum rt_op op, int64_t held, int64_t moved)
{
    if (op != RT_VOID) {
        *pending_of(l, op) -= held;
        *(op == RT_CAPTURE ? &l->captured : &l->refunded) += moved;
    }
    l->state = state_of(l);
}

int64_t rt_ledger_settle(struct rt_ledger *l, enum rt_op op, int64_t held, enum rt_outcome outcome,
                         int64_t moved)
{
    switch (outcome) {
    case RT_APPROVED:
        if (moved < 0 || moved > held ||
            (op == RT_CAPTURE && l->refunded + l->refund_pending > taken(l) - held + moved))
            return -1;
        release(l, op, held, moved);
        if (op == RT_VOID)
            l->state = RT_STATE_VOIDED;
        break;
    case RT_DECLINED:
    case RT_ERROR:
        if (op == RT_CAPTURE && l->refunded + l->refund_pending > taken(l) - held)
            return -1; /* given back and never taken: for people */
        release(l, op, held, 0);
        break;
    case RT_PENDING:
    case RT_ACTION_REQUIRED:
        l->state = op == RT_VOID ? RT_STATE_VOID_PENDING : state_of(l);
        return held;
    case RT_UNKNOWN:
    case RT_INFO: return held; /* nothing was learned: the state says what was known before */
    }
    CHECK(rt_ledger_sound(l));
    return 0;
}
