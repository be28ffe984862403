/* loadtest/pspsim/adyen.c -- Adyen's Checkout API: paths, credentials, execution.
 *
 * Modifications are always "received"; whether they came to anything a webhook says there, and the
 * ledger says here (did). Source: docs.adyen.com, CheckoutService v72 (2025-26). */
#include "loadtest/pspsim/adyen.h"

#include <string.h>

static enum sim_op modification(struct span word)
{
    return span_is(word, "captures")    ? SIM_CAPTURE
           : span_is(word, "cancels")   ? SIM_VOID
           : span_is(word, "refunds")   ? SIM_REFUND
           : span_is(word, "reversals") ? SIM_REVERSE
                                        : SIM_OP_NONE;
}

/* Test hosts have /v72, live ones /checkout/v72. */
static void route(struct sim_req *r)
{
    struct span path = r->path;

    if (!span_is(r->method, "POST"))
        return;
    if (span_starts(path, "/checkout/"))
        path = span_drop(path, strlen("/checkout"));
    if (!span_starts(path, "/v72/"))
        return;
    path = span_drop(path, strlen("/v72"));
    if (span_is(path, "/payments")) {
        r->ask.op = SIM_AUTHORIZE;
    } else if (span_is(path, "/cancels")) {
        r->ask.op = SIM_CANCEL_REF;
    } else if (span_starts(path, "/payments/")) {
        path = span_drop(path, strlen("/payments/"));
        (void)span_cut(&path, '/', &r->ask.object);
        r->ask.op = modification(path);
    }
}

static bool authentic(const struct sim_req *r)
{
    struct span key = sim_req_header(r, "x-api-key");

    return key.p != NULL && sim_secret_known(r, key);
}

static void new_reference(struct sim_req *r, char out[32])
{
    sim_id(r->sim, sim_base36_upper, 16, out);
}

static void authorize(struct sim_req *r, struct sim_answer *out)
{
    struct sim_verdict v = sim_decide(r);
    struct sim_charge *c;
    char id[32];

    new_reference(r, id);
    c = sim_authorize(r, id, &v);
    *out = (struct sim_answer){
        .says = SIM_SAYS_PAYMENT, .status = 200, .charge = c->number, .then = c->now
    };
}

static enum sim_op apply(struct sim_req *r, struct sim_charge *c, int64_t *moved)
{
    switch (r->ask.op) {
    case SIM_CAPTURE:
        return sim_capture(c, r->ask.amount, false, moved) == SIM_DONE ? SIM_CAPTURE : SIM_OP_NONE;
    case SIM_REFUND:
        return sim_refund(c, r->ask.amount, moved) == SIM_DONE ? SIM_REFUND : SIM_OP_NONE;
    case SIM_REVERSE:
    case SIM_VOID:
    case SIM_CANCEL_REF:
        *moved = c->amount;
        if (c->now.status != SIM_DECLINED && sim_void(c) == SIM_DONE)
            return SIM_VOID;
        if (r->ask.op == SIM_REVERSE && sim_refund(c, -1, moved) == SIM_DONE)
            return SIM_REFUND;
        break;
    case SIM_OP_NONE:
    case SIM_AUTHORIZE:
    case SIM_INQUIRE:
    case SIM_SEARCH:
    case SIM_TOKENIZE:
    case SIM_OPS: break;
    }
    *moved = 0;
    return SIM_OP_NONE;
}

static void modify(struct sim_req *r, struct sim_charge *c, struct sim_answer *out)
{
    int64_t moved = 0;
    enum sim_op did;
    char id[32];

    /* Another currency than the payment's never fits. */
    if (r->ask.amount >= 0 && strcmp(r->ask.currency, c->currency) != 0)
        did = SIM_OP_NONE;
    else
        did = apply(r, c, &moved);
    new_reference(r, id);
    *out = (struct sim_answer){ .says = SIM_SAYS_ACT,
                                .status = 201,
                                .charge = c->number,
                                .act = sim_act_add(r, c, did, moved, id)->number,
                                .then = c->now };
}

/* Cancel by our reference: all attempts of that name; "received" also when there is none. */
static void cancel_by_reference(struct sim_req *r, struct sim_answer *out)
{
    struct sim_charge *c = sim_charge_by_reference(&r->sim->ledger, r->who, r->ask.find_value);

    *out = (struct sim_answer){ .says = SIM_SAYS_ACT, .status = 201 };
    for (; c != NULL; c = sim_charge_older(&r->sim->ledger, c))
        modify(r, c, out);
}

static void execute(struct sim_req *r, struct sim_answer *out)
{
    if (r->ask.op == SIM_AUTHORIZE)
        authorize(r, out);
    else if (r->ask.op == SIM_CANCEL_REF)
        cancel_by_reference(r, out);
    else
        modify(r, sim_target(r), out);
}

const struct sim_dialect sim_adyen = {
    .key_header = "idempotency-key",
    .key_max = 64,
    .key_life_ms = 7 * 24 * 3600 * 1000LL,
    .compares_params = false,
    .stores_all = true,
    .route = route,
    .authentic = authentic,
    .understand = sim_adyen_understand,
    .execute = execute,
    .render = sim_adyen_render,
};
