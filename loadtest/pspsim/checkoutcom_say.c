/* loadtest/pspsim/checkoutcom_say.c -- Checkout.com's answers. */
#include <stdio.h>
#include <string.h>

#include "loadtest/pspsim/checkoutcom.h"
#include "loadtest/pspsim/why.h"

static const char base[] = "https://api.checkoutcom.test/payments/";

static const char *status_word(const struct sim_charge *c, const struct sim_money *m)
{
    switch (m->status) {
    case SIM_DECLINED: return "Declined";
    case SIM_NEW:
    case SIM_ACTION:
    case SIM_PENDING: return "Pending";
    case SIM_VOIDED: return "Voided";
    case SIM_AUTHORIZED: break;
    }
    if (m->refunded > 0)
        return m->refunded == m->captured ? "Refunded" : "Partially Refunded";
    if (m->captured > 0)
        return m->capturable > 0 ? "Partially Captured" : "Captured";
    return c->amount == 0 ? "Card Verified" : "Authorized";
}

static void href(struct lt_out *o, const char *name, const char *id, const char *rest)
{
    lt_member(o, name);
    lt_fmt(o, "{\"href\":\"%s%s%s\"}", base, id, rest);
}

static void links(struct lt_out *o, const struct sim_charge *c, const struct sim_money *m)
{
    lt_member(o, "_links");
    lt_byte(o, '{');
    href(o, "self", c->id, "");
    href(o, "actions", c->id, "/actions");
    if (m->status == SIM_AUTHORIZED && m->capturable > 0) {
        href(o, "capture", c->id, "/captures");
        if (m->captured == 0)
            href(o, "void", c->id, "/voids");
    }
    if (m->status == SIM_AUTHORIZED && m->captured > m->refunded)
        href(o, "refund", c->id, "/refunds");
    lt_byte(o, '}');
}

static void balances(struct lt_out *o, const struct sim_charge *c, const struct sim_money *m)
{
    lt_member(o, "balances");
    lt_byte(o, '{');
    lt_member_num(o, "total_authorized", c->amount);
    lt_member_num(o, "total_voided", m->voided);
    lt_member_num(o, "available_to_void", m->captured == 0 ? m->capturable : 0);
    lt_member_num(o, "total_captured", m->captured);
    lt_member_num(o, "available_to_capture", m->capturable);
    lt_member_num(o, "total_refunded", m->refunded);
    lt_member_num(o, "available_to_refund", m->captured - m->refunded);
    lt_byte(o, '}');
}

static const char *scheme_word(const char *brand)
{
    return strcmp(brand, "visa") == 0         ? "Visa"
           : strcmp(brand, "mastercard") == 0 ? "Mastercard"
           : strcmp(brand, "amex") == 0       ? "American Express"
                                              : brand;
}

static void source(struct lt_out *o, const struct sim_charge *c)
{
    lt_fmt(o,
           ",\"source\":{\"id\":\"src_%s\",\"type\":\"card\",\"expiry_month\":%u,"
           "\"expiry_year\":%u,\"scheme\":\"%s\",\"last4\":\"%s\",\"bin\":\"%s\","
           "\"fingerprint\":\"5111111111111111111111111111111111111111111111111111111111111111\","
           "\"card_type\":\"CREDIT\",\"card_category\":\"CONSUMER\",\"issuer_country\":\"GB\","
           "\"avs_check\":\"G\",\"cvv_check\":\"%s\"}",
           c->id + 4, c->card.month, c->card.year, scheme_word(c->card.brand), c->card.last4,
           c->card.bin, c->card.cvc ? "Y" : "N");
}

static void processing(struct lt_out *o, const struct sim_charge *c)
{
    struct sim_verdict v;
    const char *mac = sim_why_of_amount(c->amount, &v) ? sim_whys[v.why].mac : NULL;

    lt_fmt(o,
           ",\"scheme_id\":\"6%014u\",\"processing\":{\"acquirer_transaction_id\":\"8%09u\","
           "\"retrieval_reference_number\":\"%012u\"",
           c->number, c->number % 1000000000, c->number);
    if (mac != NULL)
        lt_fmt(o, ",\"recommendation_code\":\"03\",\"partner_merchant_advice_code\":\"%s\"", mac);
    lt_byte(o, '}');
}

static void pending(struct lt_out *o, const struct sim_charge *c, const struct sim_money *m)
{
    lt_byte(o, '{');
    lt_member_z(o, "id", c->id);
    lt_member_z(o, "status", "Pending");
    lt_member_span(o, "reference", c->reference);
    lt_z(o, ",\"customer\":{\"id\":\"cus_simsimsimsimsimsimsimsimsi\"}");
    if (m->status == SIM_ACTION)
        lt_z(o, ",\"3ds\":{\"downgraded\":false,\"enrolled\":\"Y\"}");
    lt_member(o, "_links");
    lt_byte(o, '{');
    href(o, "self", c->id, "");
    if (m->status == SIM_ACTION)
        lt_fmt(o, ",\"redirect\":{\"href\":\"https://3ds2.checkoutcom.test/interceptor/%s\"}",
               c->id);
    lt_z(o, "}}");
}

/* The payment as created (fresh) or as read back. */
static void payment(struct lt_out *o, const struct sim_charge *c, const struct sim_money *m,
                    bool fresh)
{
    bool approved = m->status == SIM_AUTHORIZED || m->status == SIM_VOIDED;
    const char *summary = sim_checkoutcom_summary(c->why);
    char when[32];

    sim_time_text(c->created_ms, when);
    lt_byte(o, '{');
    lt_member_z(o, "id", c->id);
    if (fresh) {
        lt_member(o, "action_id");
        lt_fmt(o, "\"act_%s\"", c->id + 4);
    }
    lt_member_num(o, "amount", c->amount);
    lt_member_z(o, "currency", c->currency);
    if (m->status != SIM_ACTION && m->status != SIM_PENDING)
        lt_member_bool(o, "approved", approved);
    lt_member_z(o, "status", status_word(c, m));
    if (fresh && approved)
        lt_fmt(o, ",\"auth_code\":\"%06u\"", c->number % 1000000);
    if (fresh) {
        lt_fmt(o, ",\"response_code\":\"%u\"", c->why);
        lt_member_z(o, "response_summary", summary == NULL ? "Declined" : summary);
    }
    if (approved)
        balances(o, c, m);
    lt_z(o, ",\"risk\":{\"flagged\":false}");
    source(o, c);
    lt_z(o, ",\"customer\":{\"id\":\"cus_simsimsimsimsimsimsimsimsi\"}");
    lt_member_z(o, fresh ? "processed_on" : "requested_on", when);
    if (c->reference.p != NULL)
        lt_member_span(o, "reference", c->reference);
    processing(o, c);
    if (!fresh)
        lt_member_z(o, "payment_type", "Regular");
    links(o, c, m);
    lt_byte(o, '}');
}

static void accepted(struct sim_req *r, const struct sim_answer *a)
{
    const struct sim_act *act = sim_act_at(&r->sim->ledger, a->act);
    const struct sim_charge *c = sim_charge_at(&r->sim->ledger, act->charge);
    struct lt_out *o = &r->reply.body;

    lt_byte(o, '{');
    lt_member_z(o, "action_id", act->id);
    if (act->op == SIM_REVERSE)
        lt_member_z(o, "action_type", act->did == SIM_REFUND ? "Refund" : "Void");
    if (act->reference.p != NULL)
        lt_member_span(o, "reference", act->reference);
    lt_member(o, "_links");
    lt_byte(o, '{');
    href(o, "payment", c->id, "");
    lt_z(o, "}}");
}

static void action(struct lt_out *o, const char *id, const char *type, int64_t ms, int64_t amount,
                   bool approved, unsigned code, struct span reference)
{
    char when[32];

    sim_time_text(ms, when);
    if (o->p[o->n - 1] != '[')
        lt_byte(o, ',');
    lt_byte(o, '{');
    lt_member_z(o, "id", id);
    lt_member_z(o, "type", type);
    lt_member_z(o, "processed_on", when);
    lt_member_num(o, "amount", amount);
    lt_member_bool(o, "approved", approved);
    lt_fmt(o, ",\"response_code\":\"%u\"", code);
    if (reference.p != NULL)
        lt_member_span(o, "reference", reference);
    lt_byte(o, '}');
}

/* Newest first; the authorisation is the last. */
static void actions(struct sim_req *r, const struct sim_answer *a)
{
    const struct sim_ledger *l = &r->sim->ledger;
    const struct sim_charge *c = sim_charge_at(l, a->charge);
    struct lt_out *o = &r->reply.body;
    uint32_t row[64];
    unsigned n = 0;
    char id[32];

    for (uint32_t i = c->first_act; i != 0 && n < 64; i = sim_act_at(l, i)->next)
        row[n++] = i;
    lt_byte(o, '[');
    while (n > 0) {
        const struct sim_act *act = sim_act_at(l, row[--n]);

        action(o, act->id,
               act->did == SIM_CAPTURE  ? "Capture"
               : act->did == SIM_REFUND ? "Refund"
                                        : "Void",
               act->created_ms, act->amount, true, 10000, act->reference);
    }
    (void)snprintf(id, sizeof id, "act_%s", c->id + 4);
    action(o, id, "Authorization", c->created_ms, c->amount, c->approved, c->why, c->reference);
    lt_byte(o, ']');
}

static void list(struct sim_req *r)
{
    const struct sim_ledger *l = &r->sim->ledger;
    struct lt_out *o = &r->reply.body, data = { 0 };
    const struct sim_charge *c = sim_charge_by_reference(l, r->who, r->ask.find_value);
    unsigned total = 0, put = 0;

    lt_byte(&data, '[');
    for (; c != NULL; c = sim_charge_older(l, c)) {
        if (!sim_indexed(r, c))
            continue;
        if (total++ < r->ask.skip || put == r->ask.limit)
            continue;
        if (put++ > 0)
            lt_byte(&data, ',');
        payment(&data, c, &c->now, false);
    }
    lt_byte(&data, ']');
    lt_byte(o, '{');
    lt_member_num(o, "limit", r->ask.limit);
    lt_member_num(o, "skip", r->ask.skip);
    lt_member_num(o, "total_count", total);
    lt_member(o, "data");
    lt_put(o, lt_out_span(&data));
    lt_byte(o, '}');
    lt_out_fini(&data);
}

/* Many refusals have no body at all, as there. */
static void refusal(struct sim_req *r, int status, const char *code, struct span id)
{
    struct lt_out *o = &r->reply.body;

    r->reply.status = status;
    if (code == NULL)
        return;
    lt_byte(o, '{');
    lt_member_span(o, "request_id", id);
    lt_member_z(o, "error_type", "request_invalid");
    lt_member(o, "error_codes");
    lt_fmt(o, "[\"%s\"]}", code);
}

static void refuse(struct sim_req *r, const struct sim_answer *a, struct span id)
{
    switch (a->says) {
    case SIM_SAYS_INVALID:
    case SIM_SAYS_STATE: refusal(r, a->status, a->code, id); break;
    case SIM_SAYS_NO_CREDENTIAL: refusal(r, 401, NULL, id); break;
    case SIM_SAYS_NO_PATH:
    case SIM_SAYS_NO_OBJECT: refusal(r, 404, NULL, id); break;
    case SIM_SAYS_RUNNING:
    case SIM_SAYS_THROTTLED: refusal(r, 429, "too_many_requests", id); break;
    case SIM_SAYS_BROKEN:
        refusal(r, a->status != 0 ? a->status : 500, a->status == 500 ? "processing_error" : NULL,
                id);
        break;
    case SIM_SAYS_OTHER_PARAMS:
    case SIM_SAYS_NOTHING:
    case SIM_SAYS_PAYMENT:
    case SIM_SAYS_ACT:
    case SIM_SAYS_TOKEN:
    case SIM_SAYS_FOUND:
    case SIM_SAYS_LIST:
    case SIM_SAYS_ACTS:
    case SIM_SAYS_REFUND: refusal(r, 500, NULL, id); break;
    }
}

void sim_checkoutcom_render(struct sim_req *r, const struct sim_answer *a)
{
    struct lt_out *o = &r->reply.body;
    char text[24];
    struct span id;

    (void)snprintf(text, sizeof text, "0HS%010llX", (unsigned long long)r->number);
    id = span_str(sim_note(r, span_str(text)));
    sim_reply_header(&r->reply, "content-type", SPAN("application/json; charset=utf-8"));
    sim_reply_header(&r->reply, "cko-request-id", id);
    sim_reply_header(&r->reply, "cko-version", SPAN("3.34.4"));
    r->reply.status = a->status;
    if (a->says == SIM_SAYS_PAYMENT && a->status == 202)
        pending(o, sim_said(r, a), &a->then);
    else if (a->says == SIM_SAYS_PAYMENT || a->says == SIM_SAYS_FOUND)
        payment(o, sim_said(r, a), &a->then, a->says == SIM_SAYS_PAYMENT);
    else if (a->says == SIM_SAYS_ACT)
        accepted(r, a);
    else if (a->says == SIM_SAYS_ACTS)
        actions(r, a);
    else if (a->says == SIM_SAYS_LIST)
        list(r);
    else
        refuse(r, a, id);
}
