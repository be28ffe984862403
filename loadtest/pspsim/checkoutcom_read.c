/* loadtest/pspsim/checkoutcom_read.c -- Checkout.com's requests, strictly. */
#include <string.h>
#include <time.h>

#include "loadtest/pspsim/checkoutcom.h"

enum { AMOUNT_MAX = 999999999 };

static bool fail(struct sim_answer *bad, const char *code)
{
    (void)sim_invalid(bad, code, NULL, NULL);
    bad->status = 422;
    return false;
}

static bool misfit(const struct lt_shape_bad *b, struct sim_answer *bad)
{
    static const struct {
        const char *path, *code;
    } needed[] = {
        { "source", "source_required" },
        { "source.type", "source_type_required" },
        { "currency", "currency_required" },
        { "reference", "reference_required" },
    };

    if (b->misfit == LT_UNKNOWN)
        return fail(bad, "unknown_member");
    if (b->misfit == LT_TYPE)
        return fail(bad, "request_json_invalid");
    for (unsigned i = 0; i < sizeof needed / sizeof *needed; i++) {
        if (strcmp(needed[i].path, b->path) == 0)
            return fail(bad, needed[i].code);
    }
    return fail(bad, "parameter_invalid");
}

static bool amount_fits(struct sim_req *r, int64_t v, const char *currency, struct sim_answer *bad)
{
    if (v < 0 || v > AMOUNT_MAX || (sim_three_decimals(currency) && v % 10 != 0))
        return fail(bad, "amount_invalid");
    r->ask.amount = v;
    return true;
}

static bool expiry(struct sim_req *r, const struct lt_node *s, struct sim_answer *bad)
{
    const struct lt_tree *t = &r->sim->tree;
    time_t now = (time_t)(sim_now_ms(r->sim) / 1000);
    int64_t month = 0, year = 0;
    struct tm tm;

    if (lt_get(t, s, "expiry_month") == NULL)
        return fail(bad, "card_expiry_month_required");
    if (lt_get(t, s, "expiry_year") == NULL)
        return fail(bad, "card_expiry_year_required");
    (void)gmtime_r(&now, &tm);
    if (!lt_i64(t, s, "expiry_month", &month) || month < 1 || month > 12)
        return fail(bad, "card_expiry_month_invalid");
    if (!lt_i64(t, s, "expiry_year", &year) || year < 1000 || year > 9999)
        return fail(bad, "card_expiry_year_invalid");
    if (year < tm.tm_year + 1900 || (year == tm.tm_year + 1900 && month < tm.tm_mon + 1))
        return fail(bad, "card_expired");
    r->ask.card.month = (uint8_t)month;
    r->ask.card.year = (uint16_t)year;
    return true;
}

static bool card(struct sim_req *r, const struct lt_node *s, const char *member,
                 struct sim_answer *bad)
{
    const struct lt_tree *t = &r->sim->tree;
    struct span number = lt_text(t, s, member), cvv = lt_text(t, s, "cvv");

    if (number.p == NULL)
        return fail(bad, "card_number_required");
    if (!sim_luhn(number))
        return fail(bad, "card_number_invalid");
    if (cvv.p != NULL && (cvv.n < 3 || cvv.n > 4 || !sim_made_of(cvv, "0123456789")))
        return fail(bad, "cvv_invalid");
    sim_card_fill(&r->ask.card, r->who, number);
    r->ask.card.cvc = cvv.p != NULL;
    return expiry(r, s, bad);
}

static bool token_fits(struct span s, const char *prefix)
{
    return s.n == 30 && span_starts(s, prefix) && sim_made_of(span_drop(s, 4), sim_base32_lower);
}

static bool stored(struct sim_req *r, struct span id)
{
    r->ask.token = id;
    sim_card_fill(&r->ask.card, r->who, SPAN("4242424242424242"));
    r->ask.card.kind = SIM_TOKEN;
    r->ask.card.month = 12;
    r->ask.card.year = 2030;
    return true;
}

static bool source(struct sim_req *r, const struct lt_node *s, struct sim_answer *bad)
{
    static const char *const kinds[] = { "vts", "mdes", "applepay", "googlepay", NULL };
    const struct lt_tree *t = &r->sim->tree;
    struct span type = lt_text(t, s, "type"), id = lt_text(t, s, "id");
    struct span token = lt_text(t, s, "token");

    r->ask.holder = lt_text(t, s, "name");
    if (span_is(type, "card"))
        return card(r, s, "number", bad);
    if (span_is(type, "network_token")) {
        if (!sim_is(lt_text(t, s, "token_type"), kinds))
            return fail(bad, "token_type_invalid");
        r->ask.card.kind = SIM_NETWORK_TOKEN;
        return card(r, s, "token", bad);
    }
    if (span_is(type, "id"))
        return token_fits(id, "src_") && memmem(id.p, id.n, "unknown", 7) == NULL
                   ? stored(r, id)
                   : fail(bad, "source_id_unknown");
    if (!span_is(type, "token"))
        return fail(bad, "source_type_invalid");
    if (!token_fits(token, "tok_") || memmem(token.p, token.n, "unknown", 7) != NULL)
        return fail(bad, "token_invalid");
    return stored(r, token);
}

static bool scalars(const struct lt_tree *t, const struct lt_node *n)
{
    for (const struct lt_node *i = lt_child(t, n); i != NULL; i = lt_next(t, i)) {
        if (i->kind == LT_OBJECT || i->kind == LT_ARRAY)
            return false;
    }
    return n == NULL || n->kind == LT_OBJECT;
}

static bool metadata(struct sim_req *r, const struct lt_node *root, struct sim_answer *bad)
{
    const struct lt_tree *t = &r->sim->tree;
    const struct lt_node *n = lt_get(t, root, "metadata");

    if (!scalars(t, n))
        return fail(bad, "metadata_invalid");
    if (n != NULL)
        sim_pairs_json(t, n, &r->ask.metadata);
    return true;
}

static bool words(struct sim_req *r, const struct lt_node *root, struct sim_answer *bad)
{
    static const char *const types[] = { "Regular",  "Recurring",   "MOTO", "Installment",
                                         "PayLater", "Unscheduled", NULL };
    const struct lt_tree *t = &r->sim->tree;
    struct span type = lt_text(t, root, "payment_type");
    struct span channel = lt_text(t, root, "processing_channel_id");
    const char *known = r->sim->set[r->who].processing_channel;

    if (type.p != NULL && !sim_is(type, types))
        return fail(bad, "payment_type_invalid");
    if (channel.p != NULL && (channel.n != 29 || !span_starts(channel, "pc_") ||
                              !sim_made_of(span_drop(channel, 3), sim_base32_lower)))
        return fail(bad, "processing_channel_id_invalid");
    if (known[0] != 0 && channel.p == NULL)
        return fail(bad, "processing_channel_id_required");
    if (known[0] != 0 && !span_is(channel, known))
        return fail(bad, "processing_channel_id_invalid");
    return true;
}

static bool payment(struct sim_req *r, const struct lt_node *root, struct sim_answer *bad)
{
    const struct lt_tree *t = &r->sim->tree;
    const struct lt_node *three = lt_get(t, root, "3ds");
    int64_t v = 0;

    if (!sim_currency_read(lt_text(t, root, "currency"), r->ask.currency) ||
        !span_is(lt_text(t, root, "currency"), r->ask.currency))
        return fail(bad, "currency_invalid");
    if (lt_get(t, root, "amount") != NULL && !lt_i64(t, root, "amount", &v))
        return fail(bad, "amount_invalid");
    if (!amount_fits(r, v, r->ask.currency, bad) || !words(r, root, bad) ||
        !metadata(r, root, bad) || !source(r, lt_get(t, root, "source"), bad))
        return false;
    r->ask.manual = !lt_bool(t, root, "capture", true);
    /* With the result of an authentication done elsewhere there is nothing left to ask. */
    r->ask.want_action =
        lt_bool(t, three, "enabled", false) && lt_text(t, three, "cryptogram").p == NULL;
    r->ask.return_url = lt_text(t, root, "success_url");
    return true;
}

static bool act(struct sim_req *r, const struct lt_node *root, struct sim_answer *bad)
{
    const struct sim_charge *c = sim_charge_by_id(&r->sim->ledger, r->who, r->ask.object);
    const struct lt_tree *t = &r->sim->tree;
    struct span type = lt_text(t, root, "capture_type");
    int64_t v;

    if (c == NULL) {
        *bad = (struct sim_answer){ .says = SIM_SAYS_NO_OBJECT };
        return false;
    }
    r->ask.target = c->number;
    r->ask.final = !span_is(type, "NonFinal");
    if (type.p != NULL && r->ask.final && !span_is(type, "Final"))
        return fail(bad, "capture_type_invalid");
    if (lt_i64(t, root, "amount", &v) && (!amount_fits(r, v, c->currency, bad) || v == 0))
        return fail(bad, "amount_invalid");
    return metadata(r, root, bad);
}

/* reference:'...' is the one query the gateway needs. */
static bool search(struct sim_req *r, const struct lt_node *root, struct sim_answer *bad)
{
    struct span q = span_trim(lt_text(&r->sim->tree, root, "query"));
    int64_t v = 10;

    if (!span_starts(q, "reference:") || q.n < 13)
        return fail(bad, "query_invalid");
    q = span_drop(q, 10);
    if ((q.p[0] != '\'' && q.p[0] != '"') || q.p[q.n - 1] != q.p[0])
        return fail(bad, "query_invalid");
    if (lt_get(&r->sim->tree, root, "limit") != NULL &&
        (!lt_i64(&r->sim->tree, root, "limit", &v) || v < 1 || v > 1000))
        return fail(bad, "limit_invalid");
    r->ask.find_value = (struct span){ q.p + 1, q.n - 2 };
    r->ask.limit = (unsigned)v;
    return true;
}

static bool list(struct sim_req *r, const struct lt_node *root, struct sim_answer *bad)
{
    const struct lt_tree *t = &r->sim->tree;
    int64_t limit = 10, skip = 0;

    if (lt_get(t, root, "limit") != NULL &&
        (span_i64(lt_text(t, root, "limit"), &limit) != OK || limit < 1 || limit > 100))
        return fail(bad, "limit_invalid");
    if (lt_get(t, root, "skip") != NULL &&
        (span_i64(lt_text(t, root, "skip"), &skip) != OK || skip < 0))
        return fail(bad, "skip_invalid");
    r->ask.find_value = lt_text(t, root, "reference");
    r->ask.limit = (unsigned)limit;
    r->ask.skip = (unsigned)skip;
    return true;
}

static const struct lt_shape *shape_of(const struct sim_ask *a)
{
    return a->op == SIM_AUTHORIZE ? sim_checkoutcom_payment_shape
           : a->op == SIM_CAPTURE ? sim_checkoutcom_capture_shape
           : a->op == SIM_REFUND  ? sim_checkoutcom_refund_shape
           : a->op == SIM_SEARCH  ? a->view == SIM_VIEW_SEARCH ? sim_checkoutcom_search_shape
                                                               : sim_checkoutcom_list_shape
           : a->op == SIM_INQUIRE ? sim_checkoutcom_no_shape
                                  : sim_checkoutcom_void_shape;
}

static bool query(struct sim_req *r, struct sim_answer *bad)
{
    struct lt_tree *t = &r->sim->tree;
    struct lt_shape_bad b;

    lt_put(&r->work, r->query);
    if (r->body.n > 0 || !lt_tree_form(t, r->work.p, r->work.n))
        return fail(bad, "request_invalid");
    return lt_shape_fits(t, lt_root(t), shape_of(&r->ask), true, &b) || misfit(&b, bad);
}

/* Actions may come without a body. */
static bool json(struct sim_req *r, struct sim_answer *bad)
{
    struct lt_tree *t = &r->sim->tree;
    struct lt_shape_bad b;

    if (r->body.n == 0 && r->ask.op != SIM_AUTHORIZE && r->ask.op != SIM_SEARCH)
        return lt_tree_form(t, r->work.p, 0);
    if (!span_starts(sim_req_header(r, "content-type"), "application/json") ||
        !lt_tree_json(t, r->work.p, r->work.n) || lt_root(t)->kind != LT_OBJECT) {
        (void)fail(bad, "request_json_invalid");
        bad->status = 400;
        return false;
    }
    return lt_shape_fits(t, lt_root(t), shape_of(&r->ask), false, &b) || misfit(&b, bad);
}

bool sim_checkoutcom_understand(struct sim_req *r, struct sim_answer *bad)
{
    const struct lt_node *root = lt_root(&r->sim->tree);

    if (r->ask.op == SIM_OP_NONE) {
        *bad = (struct sim_answer){ .says = SIM_SAYS_NO_PATH };
        return false;
    }
    if (!(span_is(r->method, "GET") ? query(r, bad) : json(r, bad)))
        return false;
    r->ask.reference = lt_text(&r->sim->tree, root, "reference");
    if (r->ask.reference.n > 80)
        return fail(bad, "reference_invalid");
    if (r->ask.op == SIM_AUTHORIZE)
        return payment(r, root, bad);
    if (r->ask.op == SIM_SEARCH)
        return r->ask.view == SIM_VIEW_SEARCH ? search(r, root, bad) : list(r, root, bad);
    return act(r, root, bad);
}
