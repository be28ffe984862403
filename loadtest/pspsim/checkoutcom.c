/* loadtest/pspsim/checkoutcom.c -- Checkout.com's payments API: paths, credentials, execution.
 *
 * Actions are accepted with 202 and done at once here. Source: checkout.com/docs and API
 * reference, Idempotency page (2026-01): only 2xx answers are remembered. */
#include "loadtest/pspsim/checkoutcom.h"

#include <string.h>

static enum sim_op action(struct span word)
{
    return span_is(word, "captures")    ? SIM_CAPTURE
           : span_is(word, "voids")     ? SIM_VOID
           : span_is(word, "refunds")   ? SIM_REFUND
           : span_is(word, "reversals") ? SIM_REVERSE
                                        : SIM_OP_NONE;
}

static void route_one(struct sim_req *r, struct span path)
{
    bool get = span_is(r->method, "GET");

    (void)span_cut(&path, '/', &r->ask.object);
    if (get && path.p == NULL) {
        r->ask.op = SIM_INQUIRE;
    } else if (get && span_is(path, "actions")) {
        r->ask.op = SIM_INQUIRE;
        r->ask.view = SIM_VIEW_ACTIONS;
    } else if (!get && path.p == NULL && span_is(r->ask.object, "search")) {
        r->ask.op = SIM_SEARCH;
        r->ask.view = SIM_VIEW_SEARCH;
    } else if (!get) {
        r->ask.op = action(path);
    }
}

static void route(struct sim_req *r)
{
    bool get = span_is(r->method, "GET");

    if (!get && !span_is(r->method, "POST"))
        return;
    if (span_is(r->path, "/payments"))
        r->ask.op = get ? SIM_SEARCH : SIM_AUTHORIZE;
    else if (span_starts(r->path, "/payments/"))
        route_one(r, span_drop(r->path, strlen("/payments/")));
    if (get && span_is(r->path, "/payments"))
        r->ask.view = SIM_VIEW_LIST;
}

static bool authentic(const struct sim_req *r)
{
    return sim_bearer(r, "sk_", "eyJ"); /* a secret key, or an OAuth token */
}

static void new_id(struct sim_req *r, const char *prefix, char out[32])
{
    memcpy(out, prefix, 4);
    sim_id(r->sim, sim_base32_lower, 26, out + 4);
}

/* The sandbox's own rule: an amount that ends in a response code of five digits gets it. */
static struct sim_verdict decide(struct sim_req *r)
{
    int code = (int)(r->ask.amount % 100000);

    if (code > 20000 && code < 50000 && sim_checkoutcom_summary(code) != NULL)
        return (struct sim_verdict){ SIM_DECLINES, 0, (uint16_t)code };
    return sim_decide(r);
}

/* A single-use token is used up by the first payment with it, whatever became of that. */
static bool token_spent(struct sim_req *r)
{
    struct sim_token t = { .who = r->who, .card = r->ask.card };

    if (!span_starts(r->ask.token, "tok_"))
        return false;
    if (sim_token_by_id(&r->sim->ledger, r->who, r->ask.token) != NULL)
        return true;
    sim_copyz(r->ask.token, t.id, sizeof t.id);
    (void)sim_ledger_token(&r->sim->ledger, &t);
    return false;
}

static void authorize(struct sim_req *r, struct sim_answer *out)
{
    struct sim_verdict v;
    struct sim_charge *c;
    char id[32];

    if (token_spent(r)) {
        *out = (struct sim_answer){ .says = SIM_SAYS_STATE, .status = 422, .code = "token_used" };
        return;
    }
    v = decide(r);
    new_id(r, "pay_", id);
    c = sim_authorize(r, id, &v);
    *out = (struct sim_answer){ .says = SIM_SAYS_PAYMENT, .charge = c->number, .then = c->now };
    out->status = c->now.status == SIM_ACTION || c->now.status == SIM_PENDING ? 202 : 201;
}

static enum sim_did apply(struct sim_req *r, struct sim_charge *c, int64_t *moved, enum sim_op *did)
{
    *did = r->ask.op;
    switch (r->ask.op) {
    case SIM_CAPTURE: return sim_capture(c, r->ask.amount, r->ask.final, moved);
    case SIM_REFUND: return sim_refund(c, r->ask.amount, moved);
    case SIM_REVERSE:
        *did = c->now.captured > 0 ? SIM_REFUND : SIM_VOID;
        if (*did == SIM_REFUND)
            return sim_refund(c, -1, moved);
        break;
    case SIM_VOID:
        if (r->ask.amount >= 0 && r->ask.amount != c->now.capturable)
            return SIM_TOO_MUCH;
        break;
    case SIM_OP_NONE:
    case SIM_AUTHORIZE:
    case SIM_CANCEL_REF:
    case SIM_INQUIRE:
    case SIM_SEARCH:
    case SIM_TOKENIZE:
    case SIM_OPS: return SIM_BAD_STATE;
    }
    *moved = c->now.capturable;
    return c->now.status == SIM_DECLINED ? SIM_BAD_STATE : sim_void(c);
}

static void modify(struct sim_req *r, struct sim_answer *out)
{
    static const char *const too_much[SIM_OPS] = {
        [SIM_CAPTURE] = "capture_value_greater_than_remaining_authorized",
        [SIM_REFUND] = "refund_amount_exceeds_balance",
        [SIM_VOID] = "void_amount_invalid",
    };
    struct sim_charge *c = sim_target(r);
    int64_t moved = 0;
    enum sim_op op;
    enum sim_did did = apply(r, c, &moved, &op);
    char id[32];

    *out = (struct sim_answer){ .charge = c->number, .then = c->now };
    if (did != SIM_DONE) {
        out->says = SIM_SAYS_STATE;
        out->status = did == SIM_TOO_MUCH ? 422 : 403;
        out->code = did == SIM_TOO_MUCH ? too_much[r->ask.op] : NULL;
        return;
    }
    new_id(r, "act_", id);
    out->says = SIM_SAYS_ACT;
    out->status = 202;
    out->act = sim_act_add(r, c, op, moved, id)->number;
}

static void inquire(struct sim_req *r, struct sim_answer *out)
{
    const struct sim_charge *c = sim_target(r);

    *out = (struct sim_answer){ .says = r->ask.view == SIM_VIEW_ACTIONS ? SIM_SAYS_ACTS
                                                                        : SIM_SAYS_FOUND,
                                .status = 200,
                                .charge = c->number,
                                .then = c->now };
}

static void execute(struct sim_req *r, struct sim_answer *out)
{
    if (r->ask.op == SIM_AUTHORIZE)
        authorize(r, out);
    else if (r->ask.op == SIM_SEARCH)
        *out = (struct sim_answer){ .says = SIM_SAYS_LIST, .status = 200 };
    else if (r->ask.op == SIM_INQUIRE)
        inquire(r, out);
    else
        modify(r, out);
}

const struct sim_dialect sim_checkoutcom = {
    .key_header = "cko-idempotency-key",
    .key_max = 255, /* not documented */
    .key_life_ms = 24 * 3600 * 1000LL,
    .compares_params = false,
    .stores_all = false,
    .route = route,
    .authentic = authentic,
    .understand = sim_checkoutcom_understand,
    .execute = execute,
    .render = sim_checkoutcom_render,
};
