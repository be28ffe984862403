/* loadtest/pspsim/stripe.c -- Stripe's PaymentIntents: paths, credentials, execution.
 *
 * Sources: docs.stripe.com API reference, "Idempotent requests", "Error handling" (2025-26). */
#include "loadtest/pspsim/stripe.h"

#include <stdio.h>
#include <string.h>

/* --- which operation --- */

static bool object_path(struct span path, const char *prefix, struct span *id, struct span *rest)
{
    if (!span_starts(path, prefix))
        return false;
    path = span_drop(path, strlen(prefix));
    (void)span_cut(&path, '/', id);
    *rest = path;
    return id->n > 0;
}

static void route_read(struct sim_req *r)
{
    struct sim_ask *a = &r->ask;
    struct span rest;

    if (span_is(r->path, "/v1/payment_intents")) {
        a->op = SIM_SEARCH;
        a->view = SIM_VIEW_LIST;
    } else if (span_is(r->path, "/v1/payment_intents/search")) {
        a->op = SIM_SEARCH;
        a->view = SIM_VIEW_SEARCH;
    } else if (span_is(r->path, "/v1/refunds")) {
        a->op = SIM_SEARCH;
        a->view = SIM_VIEW_REFUNDS;
    } else if (object_path(r->path, "/v1/refunds/", &a->object, &rest) && rest.p == NULL) {
        a->op = SIM_INQUIRE;
        a->view = SIM_VIEW_REFUND;
    } else if (object_path(r->path, "/v1/payment_intents/", &a->object, &rest) && rest.p == NULL) {
        a->op = SIM_INQUIRE;
    }
}

static void route_write(struct sim_req *r)
{
    struct sim_ask *a = &r->ask;
    struct span rest;

    if (span_is(r->path, "/v1/payment_intents"))
        a->op = SIM_AUTHORIZE;
    else if (span_is(r->path, "/v1/payment_methods"))
        a->op = SIM_TOKENIZE;
    else if (span_is(r->path, "/v1/refunds"))
        a->op = SIM_REFUND;
    else if (object_path(r->path, "/v1/payment_intents/", &a->object, &rest))
        a->op = span_is(rest, "capture")  ? SIM_CAPTURE
                : span_is(rest, "cancel") ? SIM_VOID
                                          : SIM_OP_NONE;
}

static void route(struct sim_req *r)
{
    if (span_is(r->method, "GET"))
        route_read(r);
    else if (span_is(r->method, "POST"))
        route_write(r);
}

static bool authentic(const struct sim_req *r)
{
    return sim_bearer(r, "sk_", "rk_");
}

/* --- execution --- */

static void new_id(struct sim_req *r, const char *prefix, char out[32])
{
    size_t n = strlen(prefix);

    memcpy(out, prefix, n);
    sim_id(r->sim, sim_base62, 23, out + n);
}

static struct sim_answer about(const struct sim_charge *c, enum sim_says says)
{
    return (struct sim_answer){ .says = says, .charge = c->number, .then = c->now };
}

static void authorize(struct sim_req *r, struct sim_answer *out)
{
    struct sim_verdict v = sim_decide(r);
    struct sim_charge *c;
    char id[32];

    /* A challenge nobody is there to answer is a decline. */
    if (v.result == SIM_WANTS_ACTION && (r->ask.off_session || r->ask.error_on_action))
        v = (struct sim_verdict){ SIM_DECLINES, sim_why_find(SPAN("authentication_required")), 0 };
    new_id(r, "pi_3", id);
    c = sim_authorize(r, id, &v);
    if (!r->ask.confirm) {
        c->now = (struct sim_money){ .status = SIM_NEW };
        c->approved = false;
    }
    *out = about(c, SIM_SAYS_PAYMENT);
    out->status = c->now.status == SIM_DECLINED ? 402 : 200;
}

static void tokenize(struct sim_req *r, struct sim_answer *out)
{
    struct sim_token t = { .who = r->who,
                           .card = r->ask.card,
                           .billing = lt_out_span(&r->ask.billing),
                           .created_ms = sim_now_ms(r->sim) };

    new_id(r, "pm_1", t.id);
    (void)sim_ledger_token(&r->sim->ledger, &t);
    *out = (struct sim_answer){ .says = SIM_SAYS_TOKEN,
                                .status = 200,
                                .act = r->sim->ledger.tokens.rows };
}

static void refuse_state(const struct sim_charge *c, const char *code, struct sim_answer *out)
{
    *out = about(c, SIM_SAYS_STATE);
    out->status = 400;
    out->code = code;
}

static void capture(struct sim_req *r, struct sim_answer *out)
{
    struct sim_charge *c = sim_target(r);
    int64_t moved = 0;
    enum sim_did did = sim_capture(c, r->ask.amount, true, &moved);

    if (did != SIM_DONE) {
        refuse_state(
            c, did == SIM_TOO_MUCH ? "amount_too_large" : "payment_intent_unexpected_state", out);
        return;
    }
    (void)sim_act_add(r, c, SIM_CAPTURE, moved, "");
    *out = about(c, SIM_SAYS_FOUND);
    out->status = 200;
}

static void cancel(struct sim_req *r, struct sim_answer *out)
{
    struct sim_charge *c = sim_target(r);
    int64_t held = c->now.status == SIM_AUTHORIZED ? c->amount : 0;

    if (sim_void(c) != SIM_DONE) {
        refuse_state(c, "payment_intent_unexpected_state", out);
        return;
    }
    (void)sim_act_add(r, c, SIM_VOID, held, "");
    *out = about(c, SIM_SAYS_FOUND);
    out->status = 200;
}

static void refund(struct sim_req *r, struct sim_answer *out)
{
    struct sim_charge *c = sim_target(r);
    int64_t moved = 0;
    bool captured = c->now.captured > 0;
    enum sim_did did = sim_refund(c, r->ask.amount, &moved);
    char id[32];

    if (did != SIM_DONE) {
        refuse_state(c,
                     did == SIM_TOO_MUCH ? "refund_too_large"
                     : captured          ? "charge_already_refunded"
                                         : "payment_intent_unexpected_state",
                     out);
        return;
    }
    new_id(r, "re_3", id);
    *out = about(c, SIM_SAYS_ACT);
    out->act = sim_act_add(r, c, SIM_REFUND, moved, id)->number;
    out->status = 200;
}

static struct sim_act *refund_find(struct sim_req *r)
{
    struct sim_ledger *l = &r->sim->ledger;

    for (uint32_t n = l->acts.rows; n > 0; n--) {
        struct sim_act *a = sim_act_at(l, n);

        if (span_is(r->ask.object, a->id) && sim_charge_at(l, a->charge)->who == r->who)
            return a;
    }
    return NULL;
}

static void inquire(struct sim_req *r, struct sim_answer *out)
{
    struct sim_act *a;

    if (r->ask.op == SIM_SEARCH) {
        *out = (struct sim_answer){ .says = SIM_SAYS_LIST, .status = 200 };
    } else if (r->ask.view == SIM_VIEW_PAYMENT) {
        *out = about(sim_target(r), SIM_SAYS_FOUND);
        out->status = 200;
    } else if ((a = refund_find(r)) != NULL) {
        *out = (struct sim_answer){
            .says = SIM_SAYS_REFUND, .status = 200, .charge = a->charge, .act = a->number
        };
    } else {
        *out = (struct sim_answer){ .says = SIM_SAYS_NO_OBJECT, .text = "refund" };
    }
}

void sim_stripe_execute(struct sim_req *r, struct sim_answer *out)
{
    switch (r->ask.op) {
    case SIM_AUTHORIZE: authorize(r, out); break;
    case SIM_TOKENIZE: tokenize(r, out); break;
    case SIM_CAPTURE: capture(r, out); break;
    case SIM_VOID: cancel(r, out); break;
    case SIM_REFUND: refund(r, out); break;
    case SIM_INQUIRE:
    case SIM_SEARCH: inquire(r, out); break;
    case SIM_OP_NONE:
    case SIM_REVERSE:
    case SIM_CANCEL_REF:
    case SIM_OPS: *out = (struct sim_answer){ .says = SIM_SAYS_NO_PATH }; break;
    }
}

const struct sim_dialect sim_stripe = {
    .key_header = "idempotency-key",
    .key_max = 255,
    .key_life_ms = 24 * 3600 * 1000LL,
    .compares_params = true,
    .stores_all = true,
    .route = route,
    .authentic = authentic,
    .understand = sim_stripe_understand,
    .execute = sim_stripe_execute,
    .render = sim_stripe_render,
};
