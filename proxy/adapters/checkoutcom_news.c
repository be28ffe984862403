/* proxy/adapters/checkoutcom_news.c -- Checkout.com's events. checkout.com/docs, "Webhooks"; read
 * 2026-10. */
#include "proxy/adapters/checkoutcom.h"
#include "proxy/adapters/decline.h"

enum {
    W_ID,
    W_TYPE,
    W_PAYMENT,
    W_ACTION,
    W_AMOUNT,
    W_CURRENCY,
    W_REF,
    W_CODE,
    W_SUMMARY,
    W_ADVICE,
    W_MAC,
    W_CAPTURED,
    W_REFUNDED,
    W_FIELDS
};

static const struct px_pick event_pick[W_FIELDS] = {
    [W_ID] = { { "id" } },
    [W_TYPE] = { { "type" } },
    [W_PAYMENT] = { { "data", "id" } },
    [W_ACTION] = { { "data", "action_id" } },
    [W_AMOUNT] = { { "data", "amount" } },
    [W_CURRENCY] = { { "data", "currency" } },
    [W_REF] = { { "data", "reference" } },
    [W_CODE] = { { "data", "response_code" } },
    [W_SUMMARY] = { { "data", "response_summary" } },
    [W_ADVICE] = { { "data", "processing", "recommendation_code" } },
    [W_MAC] = { { "data", "processing", "partner_merchant_advice_code" } },
    [W_CAPTURED] = { { "data", "balances", "total_captured" } },
    [W_REFUNDED] = { { "data", "balances", "total_refunded" } },
};

static const struct event {
    const char *type;
    enum rt_outcome outcome;
    enum rt_state state;
} events[] = {
    { "payment_approved", RT_APPROVED, RT_STATE_AUTHORIZED },
    { "payment_declined", RT_DECLINED, RT_STATE_DECLINED },
    { "payment_pending", RT_PENDING, RT_STATE_PENDING },
    { "payment_retry_scheduled", RT_PENDING, RT_STATE_PENDING },
    { "payment_expired", RT_INFO, RT_STATE_EXPIRED },
    { "payment_canceled", RT_APPROVED, RT_STATE_VOIDED },
    { "payment_captured", RT_APPROVED, RT_STATE_CAPTURED },
    { "payment_paid", RT_APPROVED, RT_STATE_CAPTURED },
    { "payment_capture_pending", RT_PENDING, RT_STATE_CAPTURE_PENDING },
    { "payment_capture_declined", RT_ERROR, RT_STATE_CAPTURE_FAILED },
    { "payment_voided", RT_APPROVED, RT_STATE_VOIDED },
    { "payment_void_declined", RT_ERROR, RT_STATE_UNCHANGED },
    { "payment_refunded", RT_APPROVED, RT_STATE_REFUNDED },
    { "payment_refund_pending", RT_PENDING, RT_STATE_REFUND_PENDING },
    { "payment_refund_declined", RT_ERROR, RT_STATE_REFUND_FAILED },
    /* everything else is told and changes nothing */
};

static const struct event *event_find(struct span type)
{
    for (unsigned i = 0; i < sizeof events / sizeof *events; i++) {
        if (span_is(type, events[i].type))
            return &events[i];
    }
    return NULL;
}

static void judge_declined(struct px_case *c, const struct px_value *f)
{
    const struct px_said said[] = {
        { "response_code", px_value_word(&f[W_CODE]) },
        { "recommendation_code", px_value_word(&f[W_ADVICE]) },
        { "partner_merchant_advice_code", px_value_word(&f[W_MAC]) },
    };

    (void)px_decline_judge(&px_declines_checkoutcom, said, 3, c->j);
    px_judge_declined(c, RT_EXECUTED_YES);
}

/* The event names the amount of this refund. Whether that was everything, only the balances tell;
 * without them a part is all that can be said. */
static enum rt_state refunded(struct px_case *c, const struct px_value *f, struct money amount)
{
    struct span cur = px_value_str(&f[W_CURRENCY]);
    struct money captured = px_money_of(c, &f[W_CAPTURED], cur);
    struct money total = px_money_of(c, &f[W_REFUNDED], cur);

    c->j->refunded = total.cur != CURRENCY_NONE ? total : amount;
    if (captured.cur == CURRENCY_NONE || captured.minor == 0 ||
        c->j->refunded.minor < captured.minor)
        return RT_STATE_PARTIALLY_REFUNDED;
    return RT_STATE_REFUNDED;
}

static void judge_event(struct px_case *c, const struct px_value *f, const struct event *e)
{
    struct money amount = px_money_of(c, &f[W_AMOUNT], px_value_str(&f[W_CURRENCY]));
    struct rt_judgement *j = c->j;

    if (e->outcome == RT_DECLINED) {
        judge_declined(c, f);
    } else {
        j->outcome = e->outcome;
        j->state = e->state;
        j->executed = e->outcome == RT_ERROR ? RT_EXECUTED_NO : RT_EXECUTED_YES;
    }
    j->bound = true;
    if (e->outcome != RT_APPROVED)
        return;
    if (e->state == RT_STATE_CAPTURED)
        j->captured = amount;
    else if (e->state == RT_STATE_REFUNDED)
        j->state = refunded(c, f, amount);
    else
        j->amount = amount;
}

unsigned px_checkoutcom_news(const struct px_hook *h, struct arena *a, struct px_news *out,
                             unsigned max)
{
    static const struct px_answer none = { .status = 200 };
    struct px_case c = {
        .op = RT_INQUIRE, .ans = &none, .arena = a, .j = &out->judged, .dialect = MONEY_CHECKOUTCOM
    };
    struct px_value f[W_FIELDS];
    const struct event *e;

    (void)max;
    if (h->secret.n > 0) {
        struct span header = px_header_find(h->header, h->headers, "cko-signature");

        out->signature = px_signed_checkoutcom(header, h->body, h->secret) ? PX_VALID : PX_INVALID;
    }
    if (!px_pick(h->body, event_pick, W_FIELDS, a, f) || px_value_str(&f[W_TYPE]).n == 0) {
        out->judged.alarm = true;
        return 1;
    }
    px_word_put(out->dedupe_id, sizeof out->dedupe_id, px_value_str(&f[W_ID]));
    px_judge_id(&c, px_value_str(&f[W_PAYMENT]));
    (void)px_id_put(out->judged.op_id, px_value_str(&f[W_ACTION]));
    out->ref = px_value_str(&f[W_REF]);
    out->refund = span_starts(px_value_str(&f[W_TYPE]), "payment_refund");
    e = event_find(px_value_str(&f[W_TYPE]));
    if (e != NULL && e->outcome != RT_APPROVED)
        out->reason = px_value_str(&f[W_SUMMARY]);
    if (e != NULL)
        judge_event(&c, f, e);
    else if (span_starts(px_value_str(&f[W_TYPE]), "dispute_"))
        out->judged.state = RT_STATE_CHARGEBACK;
    return 1;
}
