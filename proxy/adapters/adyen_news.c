/* proxy/adapters/adyen_news.c -- Adyen's standard notifications. docs.adyen.com, "Webhooks",
 * "Verify HMAC signatures"; read 2026-10.
 *
 * Eight fields of an item are signed. The rest (reason, additionalData) explains and never moves
 * money: an approval or a failure follows from eventCode and success alone. */
#include "proxy/adapters/adyen.h"
#include "proxy/adapters/decline.h"

enum {
    N_EVENT,
    N_SUCCESS,
    N_PSP,
    N_ORIGINAL,
    N_ACCOUNT,
    N_REF,
    N_VALUE,
    N_CURRENCY,
    N_REASON,
    N_SIGNATURE,
    N_ACTION,
    N_RAW,
    N_MAC,
    N_FIELDS
};

#define ITEM "NotificationRequestItem"
static const struct px_pick item_pick[N_FIELDS] = {
    [N_EVENT] = { { ITEM, "eventCode" } },
    [N_SUCCESS] = { { ITEM, "success" } },
    [N_PSP] = { { ITEM, "pspReference" } },
    [N_ORIGINAL] = { { ITEM, "originalReference" } },
    [N_ACCOUNT] = { { ITEM, "merchantAccountCode" } },
    [N_REF] = { { ITEM, "merchantReference" } },
    [N_VALUE] = { { ITEM, "amount", "value" } },
    [N_CURRENCY] = { { ITEM, "amount", "currency" } },
    [N_REASON] = { { ITEM, "reason" } },
    [N_SIGNATURE] = { { ITEM, "additionalData", "hmacSignature" } },
    [N_ACTION] = { { ITEM, "additionalData", "modification.action" } },
    [N_RAW] = { { ITEM, "additionalData", "refusalReasonRaw" } },
    [N_MAC] = { { ITEM, "additionalData", "merchantAdviceCode" } },
};

/* A string, a number or a truth value, as the text that is signed. */
static struct span as_text(const struct px_value *f)
{
    bool truth;

    if (px_value_bool(f, &truth))
        return truth ? SPAN("true") : SPAN("false");
    return px_value_word(f);
}

static bool signature_holds(const struct px_value *f, struct span key, struct arena *a)
{
    static const uint8_t order[] = { N_PSP,   N_ORIGINAL, N_ACCOUNT, N_REF,
                                     N_VALUE, N_CURRENCY, N_EVENT,   N_SUCCESS };
    struct buf text;
    size_t room = sizeof order;

    for (unsigned i = 0; i < sizeof order; i++)
        room += as_text(&f[order[i]]).n;
    text = arena_buf(a, room);
    for (unsigned i = 0; i < sizeof order; i++) {
        if (i > 0)
            buf_byte(&text, ':');
        buf_put(&text, as_text(&f[order[i]]));
    }
    return buf_ok(&text) && px_signed_adyen(px_value_str(&f[N_SIGNATURE]), buf_span(&text), key);
}

/* ---- what an event code means ---- */

enum about { PAYMENT, CAPTURE, REFUND, VOID, REVERSAL, TOLD };

static const struct event {
    const char *code;
    enum about about;
    enum rt_state yes, no; /* where success leaves the operation, and failure */
} events[] = {
    { "AUTHORISATION", PAYMENT, RT_STATE_AUTHORIZED, RT_STATE_DECLINED },
    { "CAPTURE", CAPTURE, RT_STATE_CAPTURED, RT_STATE_CAPTURE_FAILED },
    { "CAPTURE_FAILED", CAPTURE, RT_STATE_CAPTURE_FAILED, RT_STATE_CAPTURE_FAILED },
    { "REFUND", REFUND, RT_STATE_REFUNDED, RT_STATE_REFUND_FAILED },
    { "REFUND_WITH_DATA", REFUND, RT_STATE_REFUNDED, RT_STATE_REFUND_FAILED },
    { "REFUND_FAILED", REFUND, RT_STATE_REFUND_FAILED, RT_STATE_REFUND_FAILED },
    { "REFUNDED_REVERSED", REFUND, RT_STATE_REFUND_FAILED, RT_STATE_REFUND_FAILED },
    { "CANCELLATION", VOID, RT_STATE_VOIDED, RT_STATE_UNCHANGED },
    { "TECHNICAL_CANCEL", VOID, RT_STATE_VOIDED, RT_STATE_UNCHANGED },
    { "CANCEL_OR_REFUND", REVERSAL, RT_STATE_VOIDED, RT_STATE_UNCHANGED },
    { "EXPIRE", TOLD, RT_STATE_EXPIRED, RT_STATE_UNCHANGED },
    { "OFFER_CLOSED", TOLD, RT_STATE_EXPIRED, RT_STATE_UNCHANGED },
    { "CHARGEBACK", TOLD, RT_STATE_CHARGEBACK, RT_STATE_NONE },
    { "SECOND_CHARGEBACK", TOLD, RT_STATE_CHARGEBACK, RT_STATE_NONE },
    { "CHARGEBACK_REVERSED", TOLD, RT_STATE_CHARGEBACK, RT_STATE_NONE },
    { "NOTIFICATION_OF_CHARGEBACK", TOLD, RT_STATE_CHARGEBACK, RT_STATE_NONE },
    /* everything else (NOTIFICATION_OF_FRAUD, REQUEST_FOR_INFORMATION, REPORT_AVAILABLE ...) is
     * told and changes nothing */
};

static const struct event *event_find(struct span code)
{
    for (unsigned i = 0; i < sizeof events / sizeof *events; i++) {
        if (span_is(code, events[i].code))
            return &events[i];
    }
    return NULL;
}

/* ---- one item ---- */

struct item {
    struct px_case c;
    struct px_news *news;
    const struct px_value *f;
    struct money amount;
};

static void judge_refusal(struct item *it)
{
    const struct px_said said[] = {
        { "refusalReason", px_value_str(&it->f[N_REASON]) },
        { "refusalReasonRaw", px_value_str(&it->f[N_RAW]) },
        { "merchantAdviceCode", px_value_str(&it->f[N_MAC]) },
    };

    (void)px_decline_judge(&px_declines_adyen, said, 3, it->c.j);
    it->c.j->amount = (struct money){ 0, CURRENCY_NONE };
    px_judge_declined(&it->c, RT_EXECUTED_YES);
    it->c.j->bound = true;
    it->c.j->same_key = RT_SAME_KEY_YES;
}

static void judge_done(struct item *it, const struct event *e)
{
    struct rt_judgement *j = it->c.j;
    enum rt_state state = e->yes;

    j->outcome = RT_APPROVED;
    j->executed = RT_EXECUTED_YES;
    j->bound = true;
    switch (e->about) {
    case PAYMENT: j->amount = it->amount; break;
    case CAPTURE: j->captured = it->amount; break;
    case REFUND: j->refunded = it->amount; break;
    case REVERSAL:
        if (px_value_is(&it->f[N_ACTION], "refund")) {
            j->refunded = it->amount;
            state = RT_STATE_REFUNDED;
        }
        break;
    case VOID:
    case TOLD: break;
    }
    if (e->about == TOLD)
        j->outcome = RT_INFO;
    else if (state == RT_STATE_CAPTURE_FAILED || state == RT_STATE_REFUND_FAILED)
        j->outcome = RT_ERROR;
    if (j->outcome == RT_ERROR) {
        j->executed = RT_EXECUTED_NO;
        j->captured = j->refunded = (struct money){ 0, CURRENCY_NONE };
    }
    j->state = state;
}

static void judge_event(struct item *it, const struct event *e)
{
    struct span success = as_text(&it->f[N_SUCCESS]);

    if (!span_is(success, "true") && !span_is(success, "false")) {
        px_judge_strange(&it->c);
    } else if (span_is(success, "true")) {
        judge_done(it, e);
    } else if (e->about == PAYMENT) {
        judge_refusal(it);
    } else {
        it->c.j->outcome = e->about == TOLD ? RT_INFO : RT_ERROR;
        it->c.j->executed = RT_EXECUTED_NO;
        it->c.j->bound = true;
        it->c.j->state = e->no;
    }
}

static void dedupe(struct px_news *n, const struct px_value *f)
{
    struct buf b = buf_over(n->dedupe_id, sizeof n->dedupe_id);

    buf_put(&b, px_value_str(&f[N_EVENT]));
    buf_byte(&b, '|');
    buf_put(&b, px_value_str(&f[N_PSP]));
    buf_byte(&b, '|');
    buf_put(&b, as_text(&f[N_SUCCESS]));
    (void)buf_z(&b);
}

static void read_item(struct span text, const struct px_hook *h, struct arena *a,
                      struct px_news *out)
{
    static const struct px_answer none = { .status = 200 };
    struct px_value f[N_FIELDS];
    struct item it = { .c = { .op = RT_INQUIRE,
                              .ans = &none,
                              .arena = a,
                              .j = &out->judged,
                              .dialect = MONEY_ADYEN },
                       .news = out,
                       .f = f };
    const struct event *e;
    bool modifies;

    if (!px_pick(text, item_pick, N_FIELDS, a, f) || px_value_str(&f[N_EVENT]).n == 0) {
        out->signature = h->secret.n > 0 ? PX_INVALID : PX_UNCHECKED;
        out->judged.alarm = true;
        return;
    }
    if (h->secret.n > 0)
        out->signature = signature_holds(f, h->secret, a) ? PX_VALID : PX_INVALID;
    dedupe(out, f);
    e = event_find(px_value_str(&f[N_EVENT]));
    modifies = px_value_str(&f[N_ORIGINAL]).n > 0;
    out->ref = px_value_str(&f[N_REF]);
    if (!span_is(as_text(&f[N_SUCCESS]), "true") || (e != NULL && e->yes == e->no))
        out->reason = px_value_str(&f[N_REASON]); /* with success it holds details of the card */
    out->refund = e != NULL && e->about == REFUND;
    it.amount = px_money_of(&it.c, &f[N_VALUE], px_value_str(&f[N_CURRENCY]));
    px_judge_id(&it.c, px_value_str(&f[modifies ? N_ORIGINAL : N_PSP]));
    if (modifies)
        (void)px_id_put(out->judged.op_id, px_value_str(&f[N_PSP]));
    if (e != NULL)
        judge_event(&it, e);
}

unsigned px_adyen_news(const struct px_hook *h, struct arena *a, struct px_news *out, unsigned max)
{
    static const struct px_pick pick[] = { { { "notificationItems" } } };
    struct span element;
    struct px_value items;
    unsigned n = 0;

    if (px_pick(h->body, pick, 1, a, &items) && items.tok == JSON_ARRAY) {
        while (n < max && px_pick_element(&items.text, &element))
            read_item(element, h, a, &out[n++]);
    }
    if (n == 0) {
        out->signature = h->secret.n > 0 ? PX_INVALID : PX_UNCHECKED;
        out->judged.alarm = true;
        n = 1;
    }
    return n;
}
