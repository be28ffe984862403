/* loadtest/pspsim/adyen_say.c -- Adyen's answers. */
#include <stdio.h>
#include <string.h>

#include "loadtest/pspsim/adyen.h"
#include "routing/base/hash.h"

static void amount_put(struct lt_out *o, const char *currency, int64_t value)
{
    lt_member(o, "amount");
    lt_byte(o, '{');
    lt_member_z(o, "currency", currency);
    lt_member_num(o, "value", value);
    lt_byte(o, '}');
}

static void approved(struct lt_out *o, const struct sim_charge *c)
{
    lt_fmt(o,
           "{\"additionalData\":{\"authCode\":\"%06u\",\"avsResult\":\"4 AVS not supported for "
           "this card type\",\"avsResultRaw\":\"4\",\"cvcResult\":\"%s\",\"cvcResultRaw\":\"%s\","
           "\"refusalReasonRaw\":\"AUTHORISED\",\"acquirerCode\":\"SimAcquirer\","
           "\"acquirerReference\":\"%.11s\",\"networkTxReference\":\"MCC%010u\","
           "\"cardSummary\":\"%s\"}",
           c->number % 1000000, c->card.cvc ? "1 Matches" : "0 Unknown", c->card.cvc ? "M" : "",
           c->id, c->number, c->card.last4);
    lt_member_z(o, "pspReference", c->id);
    lt_member_z(o, "resultCode", "Authorised");
    lt_member_span(o, "merchantReference", c->reference);
    amount_put(o, c->currency, c->amount);
    lt_fmt(o, ",\"paymentMethod\":{\"brand\":\"%s\",\"type\":\"%s\"}}",
           strcmp(c->card.brand, "mastercard") == 0 ? "mc" : c->card.brand,
           c->card.kind == SIM_NETWORK_TOKEN ? "networkToken" : "scheme");
}

/* The advice that came with a reason of why.c: known by the amount that asked for it. */
static const char *advice_of(const struct sim_charge *c)
{
    struct sim_verdict v;

    return sim_why_of_amount(c->amount, &v) ? sim_whys[v.why].mac : NULL;
}

static void refused(struct lt_out *o, const struct sim_charge *c)
{
    const char *raw, *reason = sim_adyen_reason(c->why, &raw), *mac = advice_of(c);

    lt_z(o, "{\"additionalData\":{");
    if (raw != NULL)
        lt_member_z(o, "refusalReasonRaw", raw);
    if (mac != NULL) {
        lt_member(o, "merchantAdviceCode");
        lt_fmt(o, "\"%s : Do not try again\"", mac);
    }
    lt_byte(o, '}');
    lt_member_z(o, "pspReference", c->id);
    lt_member_z(o, "refusalReason", reason == NULL ? "Refused" : reason);
    lt_fmt(o, ",\"refusalReasonCode\":\"%u\"", c->why);
    lt_member_z(o, "resultCode", "Refused");
    lt_member_span(o, "merchantReference", c->reference);
    lt_byte(o, '}');
}

static void redirect(struct lt_out *o, const struct sim_charge *c)
{
    lt_fmt(o,
           "{\"resultCode\":\"RedirectShopper\",\"action\":{\"paymentMethodType\":\"scheme\","
           "\"url\":\"https://checkoutshopper.adyen.test/threeDS/redirect?MD=%s\","
           "\"method\":\"GET\",\"type\":\"redirect\"}}",
           c->id);
}

static void pending(struct lt_out *o, const struct sim_charge *c)
{
    lt_byte(o, '{');
    lt_member_z(o, "pspReference", c->id);
    lt_member_z(o, "resultCode", "Pending");
    lt_member_span(o, "merchantReference", c->reference);
    lt_byte(o, '}');
}

static void payment(struct sim_req *r, const struct sim_answer *a)
{
    const struct sim_charge *c = sim_said(r, a);
    struct lt_out *o = &r->reply.body;

    if (a->then.status != SIM_ACTION)
        sim_reply_header(&r->reply, "pspreference", span_str(sim_note(r, span_str(c->id))));
    switch (a->then.status) {
    case SIM_DECLINED: refused(o, c); break;
    case SIM_ACTION: redirect(o, c); break;
    case SIM_NEW:
    case SIM_PENDING: pending(o, c); break;
    case SIM_AUTHORIZED:
    case SIM_VOIDED: approved(o, c); break;
    }
}

/* For a cancel by reference that found nothing: made of the reference, so that replays agree. */
static void reference_of(struct sim_req *r, char out[17])
{
    uint64_t h = hash64(r->ask.find_value, r->sim->opt.seed);

    for (int i = 0; i < 16; i++) {
        out[i] = sim_base36_upper[h % 36];
        h = hash64_mix(h, (uint64_t)i);
    }
    out[16] = 0;
}

static void received(struct sim_req *r, const struct sim_answer *a)
{
    const struct sim_act *act = a->act == 0 ? NULL : sim_act_at(&r->sim->ledger, a->act);
    struct lt_out *o = &r->reply.body;
    char id[17];

    lt_byte(o, '{');
    lt_member_span(o, "merchantAccount", r->ask.account);
    if (r->ask.op == SIM_CANCEL_REF)
        lt_member_span(o, "paymentReference", r->ask.find_value);
    else
        lt_member_z(o, "paymentPspReference", sim_said(r, a)->id);
    if (act == NULL)
        reference_of(r, id);
    lt_member_z(o, "pspReference", act != NULL ? act->id : id);
    if (r->ask.reference.p != NULL)
        lt_member_span(o, "reference", r->ask.reference);
    lt_member_z(o, "status", "received");
    if (r->ask.amount >= 0)
        amount_put(o, r->ask.currency,
                   r->ask.amount + (r->fault.kind == SIM_F_LIE_AMOUNT ? 1000 : 0));
    lt_byte(o, '}');
}

static void error(struct sim_req *r, int status, const char *code, const char *type,
                  const char *text, const char *param)
{
    struct lt_out *o = &r->reply.body;

    r->reply.status = status;
    lt_byte(o, '{');
    lt_member_num(o, "status", status);
    lt_member_z(o, "errorCode", code);
    if (param != NULL) {
        char both[360];

        (void)snprintf(both, sizeof both, "%s: %s", text, param);
        lt_member_z(o, "message", both);
    } else {
        lt_member_z(o, "message", text);
    }
    lt_member_z(o, "errorType", type);
}

/* Validation that got as far as the payment log carries a reference of its own. */
static void invalid(struct sim_req *r, const struct sim_answer *a)
{
    char id[32];

    error(r, a->status, a->code, a->status == 403 ? "security" : "validation", a->text, a->param);
    if (a->status == 422 && r->ask.op == SIM_AUTHORIZE) {
        sim_id(r->sim, sim_base36_upper, 16, id);
        sim_reply_header(&r->reply, "pspreference", span_str(sim_note(r, span_str(id))));
        lt_member_z(&r->reply.body, "pspReference", id);
    }
}

static void refusal(struct sim_req *r, const struct sim_answer *a)
{
    switch (a->says) {
    case SIM_SAYS_INVALID: invalid(r, a); break;
    case SIM_SAYS_NO_CREDENTIAL:
        error(r, 401, "000", "security", "HTTP Status Response - Unauthorized", NULL);
        break;
    case SIM_SAYS_NO_PATH:
    case SIM_SAYS_NO_OBJECT: error(r, 404, "000", "validation", "Not Found", NULL); break;
    case SIM_SAYS_RUNNING:
        sim_reply_header(&r->reply, "transient-error", SPAN("true"));
        error(r, 422, "704", "validation", "request already processed or in progress", NULL);
        break;
    case SIM_SAYS_THROTTLED: error(r, 429, "000", "validation", "Too Many Requests", NULL); break;
    case SIM_SAYS_BROKEN:
    case SIM_SAYS_OTHER_PARAMS:
    case SIM_SAYS_NOTHING:
    case SIM_SAYS_PAYMENT:
    case SIM_SAYS_ACT:
    case SIM_SAYS_STATE:
    case SIM_SAYS_TOKEN:
    case SIM_SAYS_FOUND:
    case SIM_SAYS_LIST:
    case SIM_SAYS_ACTS:
    case SIM_SAYS_REFUND:
        error(r, a->status != 0 ? a->status : 500, "703", "internal",
              "Server could not process request", NULL);
        break;
    }
    lt_byte(&r->reply.body, '}');
}

void sim_adyen_render(struct sim_req *r, const struct sim_answer *a)
{
    struct span key = sim_req_header(r, "idempotency-key");

    sim_reply_header(&r->reply, "content-type", SPAN("application/json;charset=utf-8"));
    if (key.n > 0 && key.n <= sim_adyen.key_max)
        sim_reply_header(&r->reply, "idempotency-key", key);
    r->reply.status = a->status;
    if (a->says == SIM_SAYS_PAYMENT)
        payment(r, a);
    else if (a->says == SIM_SAYS_ACT)
        received(r, a);
    else
        refusal(r, a);
}
