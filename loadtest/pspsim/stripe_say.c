/* loadtest/pspsim/stripe_say.c -- Stripe's answers. */
#include <stdio.h>
#include <string.h>

#include "loadtest/pspsim/stripe.h"
#include "routing/base/hash.h"

static const char default_version[] = "2026-10-28.endive";

static struct span request_id(struct sim_req *r, uint64_t number)
{
    uint64_t h = hash64_mix(number, r->sim->opt.seed);
    char text[20] = "req_";

    for (int i = 4; i < 18; i++) {
        text[i] = sim_base62[h % 62];
        h = h / 62 + (i == 10 ? hash64_mix(h, number) : 0);
    }
    return span_str(sim_note(r, (struct span){ text, 18 }));
}

static const char *status_word(const struct sim_charge *c, const struct sim_money *m)
{
    switch (m->status) {
    case SIM_NEW:
        return c->token.n > 0 || c->card.last4[0] != 0 ? "requires_confirmation"
                                                       : "requires_payment_method";
    case SIM_DECLINED: return "requires_payment_method";
    case SIM_ACTION: return "requires_action";
    case SIM_PENDING: return "processing";
    case SIM_AUTHORIZED: return m->capturable > 0 ? "requires_capture" : "succeeded";
    case SIM_VOIDED: break;
    }
    return "canceled";
}

static void charge_id(struct lt_out *o, const struct sim_charge *c)
{
    lt_z(o, "\"ch_");
    lt_z(o, c->id + 3);
    lt_byte(o, '"');
}

static void error_words(struct lt_out *o, const struct sim_charge *c)
{
    const struct sim_why *w = &sim_whys[c->why];

    lt_member_z(o, "type", "card_error");
    lt_member_z(o, "code", w->stripe_code);
    lt_fmt(o, ",\"doc_url\":\"https://stripe.com/docs/error-codes/%s\"", w->stripe_code);
    lt_member_z(o, "decline_code", w->stripe_decline);
    lt_member_z(o, "message", w->stripe_text);
    if (w->stripe_advice != NULL)
        lt_member_z(o, "advice_code", w->stripe_advice);
    if (w->mac != NULL)
        lt_member_z(o, "network_advice_code", w->mac);
}

static void next_action(struct lt_out *o, const struct sim_charge *c)
{
    lt_fmt(o,
           ",\"next_action\":{\"type\":\"redirect_to_url\",\"redirect_to_url\":{\"url\":"
           "\"https://hooks.stripe.test/3d_secure_2/hosted?payment_intent=%s\"",
           c->id);
    lt_member_span(o, "return_url", c->return_url);
    lt_z(o, "}}");
}

static const struct sim_act *void_of(const struct sim_ledger *l, const struct sim_charge *c)
{
    for (uint32_t n = c->first_act; n != 0;) {
        const struct sim_act *a = sim_act_at(l, n);

        if (a->did == SIM_VOID)
            return a;
        n = a->next;
    }
    return NULL;
}

static void canceled(struct lt_out *o, const struct sim_ledger *l, const struct sim_charge *c,
                     const struct sim_money *m)
{
    const struct sim_act *a = m->status == SIM_VOIDED ? void_of(l, c) : NULL;

    if (a == NULL) {
        lt_z(o, ",\"canceled_at\":null,\"cancellation_reason\":null");
        return;
    }
    lt_member_num(o, "canceled_at", a->created_ms / 1000);
    lt_member_z(o, "cancellation_reason", a->reason);
}

static void lower(char out[4], const char *code)
{
    for (int i = 0; i < 4; i++)
        out[i] = code[i] >= 'A' && code[i] <= 'Z' ? (char)(code[i] + 32) : code[i];
}

static void money_part(struct lt_out *o, const struct sim_charge *c, const struct sim_money *m)
{
    char currency[4];

    lower(currency, c->currency);
    lt_member_z(o, "id", c->id);
    lt_z(o, ",\"object\":\"payment_intent\"");
    lt_member_num(o, "amount", c->amount);
    lt_member_num(o, "amount_capturable", m->capturable);
    lt_z(o, ",\"amount_details\":{\"tip\":{}}");
    lt_member_num(o, "amount_received", m->captured);
    lt_z(o, ",\"application\":null,\"application_fee_amount\":null,"
            "\"automatic_payment_methods\":null");
    lt_member_z(o, "currency", currency);
    lt_member_z(o, "capture_method", c->manual ? "manual" : "automatic");
    lt_fmt(o, ",\"client_secret\":\"%s_secret_sim\",\"confirmation_method\":\"automatic\"", c->id);
    lt_member_num(o, "created", c->created_ms / 1000);
}

/* latest_charge as an object, where the request asked to expand it. */
static void charge_object(struct lt_out *o, const struct sim_charge *c, const struct sim_money *m)
{
    lt_z(o, "{\"id\":");
    charge_id(o, c);
    lt_z(o, ",\"object\":\"charge\"");
    lt_member_num(o, "amount", c->amount);
    lt_member_num(o, "amount_captured", m->captured);
    lt_member_num(o, "amount_refunded", m->refunded);
    lt_member_bool(o, "captured", m->captured > 0);
    lt_member_z(o, "payment_intent", c->id);
    lt_fmt(o,
           ",\"payment_method_details\":{\"card\":{\"brand\":\"%s\",\"checks\":{"
           "\"address_line1_check\":null,\"address_postal_code_check\":null,\"cvc_check\":"
           "%s},\"last4\":\"%s\",\"network_transaction_id\":\"NTI%012u\"},\"type\":\"card\"}}",
           c->card.brand, c->card.cvc ? "\"pass\"" : "null", c->card.last4, c->number);
}

static void error_part(const struct sim_req *r, struct lt_out *o, const struct sim_charge *c,
                       const struct sim_money *m)
{
    bool tried = m->status == SIM_DECLINED || m->status == SIM_AUTHORIZED ||
                 m->status == SIM_PENDING || m->status == SIM_VOIDED;

    lt_member(o, "last_payment_error");
    if (m->status == SIM_DECLINED) {
        lt_byte(o, '{');
        error_words(o, c);
        lt_byte(o, '}');
    } else {
        lt_z(o, "null");
    }
    lt_member(o, "latest_charge");
    if (tried && r->ask.expand_charge)
        charge_object(o, c, m);
    else if (tried)
        charge_id(o, c);
    else
        lt_z(o, "null");
}

static void method_part(struct lt_out *o, const struct sim_charge *c, const struct sim_money *m)
{
    lt_member(o, "payment_method");
    if (m->status == SIM_DECLINED)
        lt_z(o, "null");
    else if (c->token.n > 0)
        lt_json(o, c->token);
    else
        lt_fmt(o, "\"pm_%s\"", c->id + 3);
    lt_z(o, ",\"payment_method_options\":{\"card\":{\"installments\":null,"
            "\"mandate_options\":null,\"network\":null,\"request_three_d_secure\":"
            "\"automatic\"}},\"payment_method_types\":[\"card\"],\"processing\":null,"
            "\"receipt_email\":null,\"review\":null,\"setup_future_usage\":null,"
            "\"shipping\":null,\"statement_descriptor\":null,"
            "\"statement_descriptor_suffix\":null");
}

static void intent_put(struct sim_req *r, const struct sim_charge *c, const struct sim_money *m)
{
    struct lt_out *o = &r->reply.body;

    lt_byte(o, '{');
    money_part(o, c, m);
    canceled(o, &r->sim->ledger, c, m);
    lt_z(o, ",\"customer\":null,\"description\":null");
    error_part(r, o, c, m);
    lt_z(o, ",\"livemode\":false,\"metadata\":");
    lt_put(o, c->metadata.n > 0 ? c->metadata : SPAN("{}"));
    if (m->status == SIM_ACTION)
        next_action(o, c);
    else
        lt_z(o, ",\"next_action\":null");
    lt_z(o, ",\"on_behalf_of\":null");
    method_part(o, c, m);
    lt_member_z(o, "status", status_word(c, m));
    lt_z(o, ",\"transfer_data\":null,\"transfer_group\":null}");
}

static void log_url(struct sim_req *r, struct span id)
{
    lt_fmt(&r->reply.body, ",\"request_log_url\":\"https://dashboard.stripe.test/logs/%.*s\"",
           SPAN_ARG(id));
}

/* The envelope; the caller closes both braces. */
static void error_open(struct sim_req *r, const char *type, const char *code, const char *text,
                       struct span id)
{
    struct lt_out *o = &r->reply.body;

    lt_z(o, "{\"error\":{");
    lt_member_z(o, "type", type);
    if (code != NULL) {
        lt_member_z(o, "code", code);
        lt_fmt(o, ",\"doc_url\":\"https://stripe.com/docs/error-codes/%s\"", code);
    }
    if (text != NULL)
        lt_member_z(o, "message", text);
    log_url(r, id);
}

static void error_put(struct sim_req *r, const char *type, const char *code, const char *text,
                      struct span id)
{
    error_open(r, type, code, text, id);
    lt_z(&r->reply.body, "}}");
}

static void declined(struct sim_req *r, const struct sim_answer *a, struct span id)
{
    const struct sim_charge *c = sim_said(r, a);
    struct lt_out *o = &r->reply.body;

    lt_z(o, "{\"error\":{");
    error_words(o, c);
    lt_member(o, "charge");
    charge_id(o, c);
    lt_member(o, "payment_intent");
    intent_put(r, c, &a->then);
    log_url(r, id);
    lt_z(o, "}}");
}

static void state_error(struct sim_req *r, const struct sim_answer *a, struct span id)
{
    const struct sim_charge *c = sim_said(r, a);
    bool state = strcmp(a->code, "payment_intent_unexpected_state") == 0;
    char text[160];

    (void)snprintf(text, sizeof text,
                   state ? "This PaymentIntent could not be changed because it has a status of %s."
                         : "The amount or state does not allow this; the status is %s.",
                   status_word(c, &a->then));
    /* Stripe gives the too large refund no code. */
    error_open(r, "invalid_request_error",
               strcmp(a->code, "refund_too_large") == 0 ? NULL : a->code, text, id);
    if (state) {
        lt_member(&r->reply.body, "payment_intent");
        intent_put(r, c, &a->then);
    }
    lt_z(&r->reply.body, "}}");
}

static void refund_put(struct sim_req *r, const struct sim_act *a)
{
    const struct sim_charge *c = sim_charge_at(&r->sim->ledger, a->charge);
    struct lt_out *o = &r->reply.body;
    char currency[4];

    lower(currency, c->currency);
    lt_byte(o, '{');
    lt_member_z(o, "id", a->id);
    lt_z(o, ",\"object\":\"refund\"");
    lt_member_num(o, "amount", a->amount);
    lt_fmt(o, ",\"balance_transaction\":\"txn_%s\"", a->id + 3);
    lt_member(o, "charge");
    charge_id(o, c);
    lt_member_num(o, "created", a->created_ms / 1000);
    lt_member_z(o, "currency", currency);
    lt_z(o, ",\"metadata\":");
    lt_put(o, a->metadata.n > 0 ? a->metadata : SPAN("{}"));
    lt_member_z(o, "payment_intent", c->id);
    lt_member_z(o, "reason", a->reason);
    lt_z(o, ",\"receipt_number\":null,\"source_transfer_reversal\":null");
    lt_member_z(o, "status", sim_script_refund_pends(c->card.script) ? "pending" : "succeeded");
    lt_z(o, ",\"transfer_reversal\":null}");
}

static void token_put(struct sim_req *r, const struct sim_token *t)
{
    struct lt_out *o = &r->reply.body;

    lt_byte(o, '{');
    lt_member_z(o, "id", t->id);
    lt_z(o, ",\"object\":\"payment_method\",\"billing_details\":");
    lt_put(o, t->billing);
    lt_z(o, ",\"card\":{");
    lt_member_z(o, "brand", t->card.brand);
    lt_z(o, ",\"checks\":{\"address_line1_check\":null,\"address_postal_code_check\":null,"
            "\"cvc_check\":\"unchecked\"},\"country\":\"US\"");
    lt_member_num(o, "exp_month", t->card.month);
    lt_member_num(o, "exp_year", t->card.year);
    lt_z(o, ",\"fingerprint\":\"SimSimSimSimSimS\",\"funding\":\"credit\","
            "\"generated_from\":null");
    lt_member_z(o, "last4", t->card.last4);
    lt_fmt(o,
           ",\"networks\":{\"available\":[\"%s\"],\"preferred\":null},"
           "\"three_d_secure_usage\":{\"supported\":true},\"wallet\":null}",
           t->card.brand);
    lt_member_num(o, "created", t->created_ms / 1000);
    lt_z(o, ",\"customer\":null,\"livemode\":false,\"metadata\":{},\"type\":\"card\"}");
}

/* --- lists --- */

static bool has_metadata(const struct sim_charge *c, struct span name, struct span value)
{
    struct lt_out want = { 0 };
    bool found;

    lt_json(&want, name);
    lt_byte(&want, ':');
    lt_json(&want, value);
    found = c->metadata.n > 0 && memmem(c->metadata.p, c->metadata.n, want.p, want.n) != NULL;
    lt_out_fini(&want);
    return found;
}

static bool listed(const struct sim_req *r, const struct sim_charge *c)
{
    const struct sim_ask *a = &r->ask;

    return c->who == r->who && sim_indexed(r, c) &&
           (a->view == SIM_VIEW_SEARCH
                ? has_metadata(c, a->find_name, a->find_value)
                : c->created_ms >= a->since_ms && c->created_ms <= a->until_ms);
}

/* Where a list begins: behind starting_after, else at the newest. */
static uint32_t list_start(const struct sim_req *r)
{
    const struct sim_charge *c =
        r->ask.after.p == NULL ? NULL : sim_charge_by_id(&r->sim->ledger, r->who, r->ask.after);

    return c == NULL ? r->sim->ledger.charges.rows : c->number - 1;
}

static void intents_put(struct sim_req *r)
{
    const struct sim_ledger *l = &r->sim->ledger;
    bool search = r->ask.view == SIM_VIEW_SEARCH, more = false;
    struct lt_out *o = &r->reply.body;
    unsigned n = 0;

    lt_fmt(o, "{\"object\":\"%s\",\"data\":[", search ? "search_result" : "list");
    for (uint32_t i = list_start(r); i > 0 && !more; i--) {
        const struct sim_charge *c = sim_charge_at(l, i);

        if (!listed(r, c))
            continue;
        if ((more = n == r->ask.limit))
            break;
        if (n++ > 0)
            lt_byte(o, ',');
        intent_put(r, c, &c->now);
    }
    lt_fmt(o, "],\"has_more\":%s,%s\"url\":\"/v1/payment_intents%s\"}", more ? "true" : "false",
           search ? "\"next_page\":null," : "", search ? "/search" : "");
}

static void refunds_put(struct sim_req *r)
{
    const struct sim_ledger *l = &r->sim->ledger;
    struct lt_out *o = &r->reply.body;
    unsigned n = 0;

    lt_z(o, "{\"object\":\"list\",\"data\":[");
    for (uint32_t i = l->acts.rows; i > 0 && n < r->ask.limit; i--) {
        const struct sim_act *a = sim_act_at(l, i);
        const struct sim_charge *c = sim_charge_at(l, a->charge);

        if (a->op != SIM_REFUND || c->who != r->who ||
            (r->ask.find_value.p != NULL && !span_is(r->ask.find_value, c->id)))
            continue;
        if (n++ > 0)
            lt_byte(o, ',');
        refund_put(r, a);
    }
    lt_z(o, "],\"has_more\":false,\"url\":\"/v1/refunds\"}");
}

/* --- the whole answer --- */

static void headers(struct sim_req *r, struct span id)
{
    struct span version = sim_req_header(r, "stripe-version");
    struct span key = sim_req_header(r, "idempotency-key");
    struct sim_reply *p = &r->reply;

    sim_reply_header(p, "content-type", SPAN("application/json"));
    sim_reply_header(p, "request-id", id);
    sim_reply_header(p, "stripe-version", version.p != NULL ? version : span_str(default_version));
    if (key.n > 0 && key.n <= sim_stripe.key_max)
        sim_reply_header(p, "idempotency-key", key);
    if (r->replayed) {
        sim_reply_header(p, "idempotent-replayed", SPAN("true"));
        sim_reply_header(p, "original-request",
                         request_id(r, sim_key_at(&r->sim->keys, r->key_row)->first_request));
    }
}

static void invalid(struct sim_req *r, const struct sim_answer *a, struct span id)
{
    r->reply.status = a->status != 0 ? a->status : 400;
    error_open(r, a->status == 402 ? "card_error" : "invalid_request_error", a->code, a->text, id);
    if (a->param != NULL)
        lt_member_z(&r->reply.body, "param", a->param);
    lt_z(&r->reply.body, "}}");
}

static void no_object(struct sim_req *r, const struct sim_answer *a, struct span id)
{
    char text[80];

    (void)snprintf(text, sizeof text, "No such %s", a->text);
    r->reply.status = 404;
    error_put(r, "invalid_request_error", "resource_missing", text, id);
}

static void refusal(struct sim_req *r, const struct sim_answer *a, struct span id)
{
    struct sim_reply *p = &r->reply;

    switch (a->says) {
    case SIM_SAYS_INVALID: invalid(r, a, id); break;
    case SIM_SAYS_NO_OBJECT: no_object(r, a, id); break;
    case SIM_SAYS_NO_CREDENTIAL:
        p->status = 401;
        error_put(r, "invalid_request_error", NULL, "Invalid API Key provided", id);
        break;
    case SIM_SAYS_NO_PATH:
        p->status = 404;
        error_put(r, "invalid_request_error", NULL, "Unrecognized request URL", id);
        break;
    case SIM_SAYS_RUNNING:
        p->status = 409;
        sim_reply_header(p, "stripe-should-retry", SPAN("true"));
        error_put(r, "idempotency_error", "idempotency_key_in_use",
                  "There is currently another in-progress request using this key.", id);
        break;
    case SIM_SAYS_OTHER_PARAMS:
        p->status = 400;
        error_put(r, "idempotency_error", NULL,
                  "Keys for idempotent requests can only be used with the parameters they were "
                  "first used with.",
                  id);
        break;
    case SIM_SAYS_THROTTLED:
        p->status = 429;
        sim_reply_header(p, "stripe-rate-limited-reason", SPAN("global-rate"));
        error_put(r, "invalid_request_error", "rate_limit", "Request rate limit exceeded.", id);
        break;
    case SIM_SAYS_BROKEN:
    case SIM_SAYS_NOTHING:
    case SIM_SAYS_PAYMENT:
    case SIM_SAYS_ACT:
    case SIM_SAYS_STATE:
    case SIM_SAYS_TOKEN:
    case SIM_SAYS_FOUND:
    case SIM_SAYS_LIST:
    case SIM_SAYS_ACTS:
    case SIM_SAYS_REFUND:
        p->status = a->status != 0 ? a->status : 500;
        sim_reply_header(p, "stripe-should-retry", SPAN("false"));
        error_put(r, "api_error", NULL, "There was an error while processing your request.", id);
        break;
    }
}

void sim_stripe_render(struct sim_req *r, const struct sim_answer *a)
{
    struct span id = request_id(r, r->number);
    struct sim_ledger *l = &r->sim->ledger;

    headers(r, id);
    if (r->replayed) /* a replay is the old answer to the letter, log address included */
        id = request_id(r, sim_key_at(&r->sim->keys, r->key_row)->first_request);
    r->reply.status = a->status;
    switch (a->says) {
    case SIM_SAYS_PAYMENT:
    case SIM_SAYS_FOUND:
        if (a->status == 402)
            declined(r, a, id);
        else
            intent_put(r, sim_said(r, a), &a->then);
        break;
    case SIM_SAYS_STATE: state_error(r, a, id); break;
    case SIM_SAYS_ACT:
    case SIM_SAYS_REFUND: refund_put(r, sim_act_at(l, a->act)); break;
    case SIM_SAYS_TOKEN: token_put(r, sim_rows_at(&l->tokens, a->act)); break;
    case SIM_SAYS_LIST:
        if (r->ask.view == SIM_VIEW_REFUNDS)
            refunds_put(r);
        else
            intents_put(r);
        break;
    case SIM_SAYS_NOTHING:
    case SIM_SAYS_ACTS:
    case SIM_SAYS_INVALID:
    case SIM_SAYS_NO_CREDENTIAL:
    case SIM_SAYS_NO_PATH:
    case SIM_SAYS_NO_OBJECT:
    case SIM_SAYS_RUNNING:
    case SIM_SAYS_OTHER_PARAMS:
    case SIM_SAYS_THROTTLED:
    case SIM_SAYS_BROKEN: refusal(r, a, id); break;
    }
}
