/* proxy/adapters/stripe_news.c -- Stripe's events. docs.stripe.com, "Types of events"; read
 * 2026-10.
 *
 * The type says what happened, the object is a snapshot of that moment: old news can come late. */
#include "proxy/adapters/stripe.h"

struct story {
    struct px_case c;
    struct px_news *news;
    struct span type, object;
};

/* ---- payment_intent. ---- */

static struct span cancel_reason(struct span word)
{
    return span_is(word, "automatic") ? SPAN("automatic: authorization expired") : word;
}

static void about_intent(struct story *s)
{
    static const struct {
        const char *type;
        enum rt_state state[3];
    } known[] = {
        { "payment_intent.amount_capturable_updated",
          { RT_STATE_AUTHORIZED, RT_STATE_PARTIALLY_CAPTURED } },
        { "payment_intent.succeeded",
          { RT_STATE_CAPTURED, RT_STATE_PARTIALLY_REFUNDED, RT_STATE_REFUNDED } },
        { "payment_intent.payment_failed", { RT_STATE_DECLINED } },
        { "payment_intent.canceled", { RT_STATE_VOIDED } },
        { "payment_intent.processing", { RT_STATE_PENDING } },
        { "payment_intent.requires_action", { RT_STATE_REQUIRES_ACTION } },
    };
    struct px_intent i;

    for (unsigned k = 0; k < sizeof known / sizeof *known; k++) {
        if (!span_is(s->type, known[k].type))
            continue;
        if (!px_intent_read(&s->c, s->object, &i) || i.state == RT_STATE_NONE) {
            px_judge_strange(&s->c);
            return;
        }
        px_intent_note(&s->c, &i);
        s->news->ref = i.ref;
        s->news->reason = cancel_reason(i.cancellation_reason);
        if (i.state != known[k].state[0] && i.state != known[k].state[1] &&
            i.state != known[k].state[2]) {
            px_judge_strange(&s->c);
            return;
        }
        if (i.state == RT_STATE_DECLINED) {
            (void)px_stripe_reason(&s->c, i.last_error, SPAN_NONE);
            if (s->c.j->code == RT_CODE_AUTHENTICATION_REQUIRED)
                i.state = RT_STATE_REQUIRES_SCA;
        }
        px_judge_state(&s->c, i.state);
        return;
    }
}

/* ---- charge. ---- */

enum { C_ID, C_INTENT, C_AMOUNT, C_CAPTURED, C_REFUNDED, C_CURRENCY, C_REF, C_FIELDS };

static const struct px_pick charge_pick[C_FIELDS] = {
    [C_ID] = { { "id" } },
    [C_INTENT] = { { "payment_intent" } },
    [C_AMOUNT] = { { "amount" } },
    [C_CAPTURED] = { { "amount_captured" } },
    [C_REFUNDED] = { { "amount_refunded" } },
    [C_CURRENCY] = { { "currency" } },
    [C_REF] = { { "metadata", "gw_attempt" } },
};

static bool charge_read(struct story *s)
{
    struct px_value f[C_FIELDS];
    struct rt_judgement *j = s->c.j;
    struct span cur;

    if (!px_pick(s->object, charge_pick, C_FIELDS, s->c.arena, f))
        return false;
    cur = px_value_str(&f[C_CURRENCY]);
    px_judge_id(&s->c, px_value_str(&f[C_INTENT]));
    j->amount = px_money_of(&s->c, &f[C_AMOUNT], cur);
    j->captured = px_money_of(&s->c, &f[C_CAPTURED], cur);
    j->refunded = px_money_of(&s->c, &f[C_REFUNDED], cur);
    s->news->ref = px_value_str(&f[C_REF]);
    return true;
}

static enum rt_state charge_state(const struct story *s)
{
    const struct rt_judgement *j = s->c.j;

    if (span_is(s->type, "charge.expired"))
        return RT_STATE_EXPIRED;
    if (j->captured.cur == CURRENCY_NONE)
        return RT_STATE_NONE;
    if (span_is(s->type, "charge.captured"))
        return RT_STATE_CAPTURED;
    if (j->refunded.cur == CURRENCY_NONE || j->refunded.minor == 0)
        return RT_STATE_NONE;
    return j->refunded.minor >= j->captured.minor ? RT_STATE_REFUNDED : RT_STATE_PARTIALLY_REFUNDED;
}

static void about_charge(struct story *s)
{
    enum rt_state state;

    if (!span_is(s->type, "charge.captured") && !span_is(s->type, "charge.refunded") &&
        !span_is(s->type, "charge.expired"))
        return;
    if (!charge_read(s) || (state = charge_state(s)) == RT_STATE_NONE)
        px_judge_strange(&s->c);
    else
        px_judge_state(&s->c, state);
}

static void about_dispute(struct story *s)
{
    if (charge_read(s)) {
        s->c.j->captured = s->c.j->refunded = (struct money){ 0, CURRENCY_NONE };
        s->c.j->state = RT_STATE_CHARGEBACK;
    }
}

/* ---- refund. ---- */

/* The operation's own state: how much of the payment it was, the event does not say. */
static void about_refund(struct story *s)
{
    static const struct px_pick pick[] = { { { "id" } },       { { "payment_intent" } },
                                           { { "status" } },   { { "amount" } },
                                           { { "currency" } }, { { "metadata", "gw_refund" } } };
    struct rt_judgement *j = s->c.j;
    struct px_value f[6];

    if (!px_pick(s->object, pick, 6, s->c.arena, f) || !px_id_put(j->op_id, px_value_str(&f[0]))) {
        px_judge_strange(&s->c);
        return;
    }
    s->news->refund = true;
    s->news->ref = px_value_str(&f[5]);
    px_judge_id(&s->c, px_value_str(&f[1]));
    j->refunded = px_money_of(&s->c, &f[3], px_value_str(&f[4]));
    s->c.op = RT_REFUND;
    if (px_value_is(&f[2], "succeeded"))
        px_judge_state(&s->c, RT_STATE_REFUNDED);
    else if (px_value_is(&f[2], "pending") || px_value_is(&f[2], "requires_action"))
        px_judge_state(&s->c, RT_STATE_REFUND_PENDING);
    else if (px_value_is(&f[2], "failed") || px_value_is(&f[2], "canceled"))
        px_judge_state(&s->c, RT_STATE_REFUND_FAILED);
    else
        px_judge_strange(&s->c);
    if (j->state == RT_STATE_REFUND_FAILED) {
        j->refunded = (struct money){ 0, CURRENCY_NONE };
        j->code = RT_CODE_NONE;
    }
}

/* ---- an event ---- */

unsigned px_stripe_news(const struct px_hook *h, struct arena *a, struct px_news *out, unsigned max)
{
    static const struct px_pick pick[] = { { { "id" } }, { { "type" } }, { { "data", "object" } } };
    static const struct px_answer none = { .status = 200 };
    struct story s = { .c = { .op = RT_INQUIRE,
                              .ans = &none,
                              .arena = a,
                              .j = &out->judged,
                              .dialect = MONEY_STRIPE },
                       .news = out };
    struct px_value f[3];

    (void)max;
    if (h->secret.n > 0) {
        struct span header = px_header_find(h->header, h->headers, "stripe-signature");

        out->signature = px_signed_stripe(header, h, a) ? PX_VALID : PX_INVALID;
    }
    if (!px_pick(h->body, pick, 3, a, f) || f[2].tok != JSON_OBJECT) {
        out->judged.alarm = true;
        return 1;
    }
    s.type = px_value_str(&f[1]);
    s.object = f[2].text;
    px_word_put(out->dedupe_id, sizeof out->dedupe_id, px_value_str(&f[0]));
    if (span_starts(s.type, "charge.dispute."))
        about_dispute(&s);
    else if (span_starts(s.type, "refund.") || span_is(s.type, "charge.refund.updated"))
        about_refund(&s);
    else if (span_starts(s.type, "charge."))
        about_charge(&s);
    else
        about_intent(&s);
    return 1;
}
