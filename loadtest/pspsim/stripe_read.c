/* loadtest/pspsim/stripe_read.c -- Stripe's requests: forms, strictly.
 *
 * Where Stripe forgives, this does too only if integrations rely on it; a mistake of the gateway's
 * adapter shall show here and not in production. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "loadtest/pspsim/stripe.h"

enum { AMOUNT_MAX = 99999999 };

static const char pm_letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";

static bool misfit(struct sim_req *r, const struct lt_shape_bad *b, struct sim_answer *bad)
{
    const char *path = sim_note(r, span_str(b->path));

    if (b->misfit == LT_UNKNOWN)
        return sim_invalid(bad, "parameter_unknown", path, "Received unknown parameter");
    if (b->misfit == LT_MISSING)
        return sim_invalid(bad, "parameter_missing", path, "Missing required param");
    return sim_invalid(bad, b->wanted == LT_T_INT ? "parameter_invalid_integer" : NULL, path,
                       "Invalid value for this parameter");
}

static bool card_error(struct sim_answer *bad, const char *code, const char *param)
{
    (void)sim_invalid(bad, code, param, "Your card's data is invalid.");
    bad->status = 402;
    return false;
}

static bool expiry(struct sim_req *r, const struct lt_node *card, struct sim_answer *bad)
{
    const struct lt_tree *t = &r->sim->tree;
    int64_t month = 0, year = 0;
    time_t now = (time_t)(sim_now_ms(r->sim) / 1000);
    struct tm tm;

    if (span_i64(lt_text(t, card, "exp_month"), &month) != OK)
        return card_error(bad, "invalid_expiry_month", "exp_month");
    if (span_i64(lt_text(t, card, "exp_year"), &year) != OK)
        return card_error(bad, "invalid_expiry_year", "exp_year");
    (void)gmtime_r(&now, &tm);
    if (year >= 0 && year < 100)
        year += 2000;
    if (month < 1 || month > 12)
        return card_error(bad, "invalid_expiry_month", "exp_month");
    if (year > tm.tm_year + 1950 || year < tm.tm_year + 1900 ||
        (year == tm.tm_year + 1900 && month < tm.tm_mon + 1))
        return card_error(bad, "invalid_expiry_year", "exp_year");
    r->ask.card.month = (uint8_t)month;
    r->ask.card.year = (uint16_t)year;
    return true;
}

bool sim_stripe_card(struct sim_req *r, const struct lt_node *card, struct sim_answer *bad)
{
    const struct lt_tree *t = &r->sim->tree;
    const struct lt_node *nt = lt_get(t, card, "network_token");
    struct span number = lt_text(t, nt != NULL ? nt : card, "number");
    struct span cvc = lt_text(t, card, "cvc");

    if (card == NULL)
        return sim_invalid(bad, "parameter_missing", "card", "Missing required param: card.");
    if (!sim_luhn(number))
        return card_error(bad, "incorrect_number", "number");
    if (cvc.p != NULL && (cvc.n < 3 || cvc.n > 4 || !sim_made_of(cvc, "0123456789")))
        return card_error(bad, "invalid_cvc", "cvc");
    sim_card_fill(&r->ask.card, r->who, number);
    r->ask.card.kind = nt != NULL ? SIM_NETWORK_TOKEN : SIM_CARD;
    r->ask.card.cvc = cvc.p != NULL;
    return expiry(r, nt != NULL ? nt : card, bad);
}

static bool method_data(struct sim_req *r, const struct lt_node *n, struct sim_answer *bad)
{
    const struct lt_tree *t = &r->sim->tree;

    if (!span_is(lt_text(t, n, "type"), "card"))
        return sim_invalid(bad, NULL, "type", "Only type card is known here.");
    return sim_stripe_card(r, lt_get(t, n, "card"), bad);
}

static bool pm_well_formed(struct span s)
{
    return s.n > 3 && s.n <= 100 && span_starts(s, "pm_") &&
           sim_made_of(span_drop(s, 3), pm_letters);
}

/* A PaymentMethod made here, a test one (pm_card_...), or any other well-formed id: merchants'
 * stored methods live in no ledger. An id that says "unknown" is unknown. */
static bool method_named(struct sim_req *r, struct span id, struct sim_answer *bad)
{
    const struct sim_token *token = sim_token_by_id(&r->sim->ledger, r->who, id);

    r->ask.token = id;
    if (token != NULL) {
        r->ask.card = token->card;
        return true;
    }
    if (!pm_well_formed(id) || memmem(id.p, id.n, "unknown", 7) != NULL)
        return sim_invalid(bad, "resource_missing", "payment_method", "No such PaymentMethod");
    sim_card_fill(&r->ask.card, r->who, SPAN("4242424242424242"));
    r->ask.card.script = sim_script_of_token(r->who, id);
    r->ask.card.kind = SIM_TOKEN;
    r->ask.card.month = 12;
    r->ask.card.year = 2030;
    return true;
}

static bool method(struct sim_req *r, const struct lt_node *root, struct sim_answer *bad)
{
    const struct lt_tree *t = &r->sim->tree;
    const struct lt_node *data = lt_get(t, root, "payment_method_data");
    struct span id = lt_text(t, root, "payment_method");

    if (data != NULL && id.p != NULL)
        return sim_invalid(bad, "parameters_exclusive", "payment_method",
                           "You may only specify one of these parameters.");
    if (data != NULL)
        return method_data(r, data, bad);
    if (id.p != NULL)
        return method_named(r, id, bad);
    return !r->ask.confirm ||
           sim_invalid(bad, "parameter_missing", "payment_method",
                       "You cannot confirm this PaymentIntent because it's missing a payment "
                       "method.");
}

static int64_t amount_least(const char *currency)
{
    static const char half[] = "USD EUR AUD CAD CHF NZD SGD BRL JPY ";

    return strcmp(currency, "GBP") == 0 ? 30 : strstr(half, currency) != NULL ? 50 : 1;
}

static bool amount(struct sim_req *r, struct span s, const char *param, struct sim_answer *bad)
{
    const char *cur = r->ask.currency;
    int64_t v = 0;

    if (span_i64(s, &v) != OK || v < 1)
        return sim_invalid(bad, "parameter_invalid_integer", param, "Invalid positive integer");
    if (v > AMOUNT_MAX && strcmp(cur, "IDR") != 0)
        return sim_invalid(bad, "amount_too_large", param, "Amount must be no more than 99999999");
    if (sim_three_decimals(cur) && v % 10 != 0)
        return sim_invalid(bad, NULL, param, "The last digit must be 0 in this currency.");
    if ((strcmp(cur, "ISK") == 0 || strcmp(cur, "UGX") == 0) && v % 100 != 0)
        return sim_invalid(bad, NULL, param, "The last two digits must be 00 in this currency.");
    r->ask.amount = v;
    return true;
}

static bool choice(struct sim_req *r, const struct lt_node *n, const char *name,
                   const char *const *words, struct sim_answer *bad)
{
    struct span s = lt_text(&r->sim->tree, n, name);

    return s.p == NULL || sim_is(s, words) ||
           sim_invalid(bad, NULL, name, "Invalid value: must be one of the documented words.");
}

static const char *const capture_words[] = { "automatic", "automatic_async", "manual", NULL };
static const char *const session_words[] = { "true", "false", "recurring", "one_off", NULL };
static const char *const usage_words[] = { "on_session", "off_session", NULL };
static const char *const reason_words[] = { "duplicate", "fraudulent", "requested_by_customer",
                                            NULL };
static const char *const cancel_words[] = { "duplicate", "fraudulent", "requested_by_customer",
                                            "abandoned", NULL };

static bool types(struct sim_req *r, const struct lt_node *root, struct sim_answer *bad)
{
    const struct lt_tree *t = &r->sim->tree;
    const struct lt_node *n = lt_get(t, root, "payment_method_types");

    if (n != NULL && lt_get(t, root, "automatic_payment_methods") != NULL)
        return sim_invalid(bad, "parameters_exclusive", "payment_method_types",
                           "You may only specify one of these parameters.");
    for (const struct lt_node *i = lt_child(t, n); i != NULL; i = lt_next(t, i)) {
        if (!span_is(i->text, "card"))
            return sim_invalid(bad, NULL, "payment_method_types", "Only card is known here.");
    }
    return true;
}

/* Card payments refuse the full descriptor since 2024; only the suffix may be set. */
static bool texts(struct sim_req *r, const struct lt_node *root, struct sim_answer *bad)
{
    const struct lt_tree *t = &r->sim->tree;
    struct span url = lt_text(t, root, "return_url");
    struct span suffix = lt_text(t, root, "statement_descriptor_suffix");

    if (url.p != NULL && !span_starts(url, "https://") && !span_starts(url, "http://"))
        return sim_invalid(bad, "url_invalid", "return_url", "Not a valid URL");
    if (lt_text(t, root, "statement_descriptor").p != NULL)
        return sim_invalid(bad, "payment_intent_invalid_parameter", "statement_descriptor",
                           "Cards take statement_descriptor_suffix instead.");
    if (suffix.n > 22 || (suffix.p != NULL && strpbrk(sim_note(r, suffix), "<>\\\"'*") != NULL))
        return sim_invalid(bad, NULL, "statement_descriptor_suffix", "Invalid descriptor");
    r->ask.return_url = url;
    return true;
}

/* Metadata: at most 50 pairs, names up to 40 characters, values up to 500. */
static bool metadata(struct sim_req *r, const struct lt_node *root, struct sim_answer *bad)
{
    const struct lt_tree *t = &r->sim->tree;
    const struct lt_node *n = lt_get(t, root, "metadata");
    unsigned pairs = 0;

    for (const struct lt_node *i = lt_child(t, n); i != NULL; i = lt_next(t, i)) {
        if (++pairs > 50 || i->name.n > 40 || i->text.n > 500)
            return sim_invalid(bad, NULL, "metadata", "Metadata is too big.");
        if (r->ask.reference.p == NULL && span_starts(i->name, "gw_"))
            r->ask.reference = i->text;
    }
    if (lt_text(t, n, "gw_attempt").p != NULL)
        r->ask.reference = lt_text(t, n, "gw_attempt");
    sim_pairs_json(t, n, &r->ask.metadata);
    return true;
}

static bool intent(struct sim_req *r, const struct lt_node *root, struct sim_answer *bad)
{
    const struct lt_tree *t = &r->sim->tree;
    struct sim_ask *a = &r->ask;
    const struct lt_node *card = lt_get(t, lt_get(t, root, "payment_method_options"), "card");

    a->confirm = lt_bool(t, root, "confirm", false);
    a->manual = span_is(lt_text(t, root, "capture_method"), "manual");
    a->off_session = span_is(lt_text(t, root, "off_session"), "true") ||
                     span_is(lt_text(t, root, "off_session"), "recurring");
    a->error_on_action = lt_bool(t, root, "error_on_requires_action", false);
    a->want_action = span_is(lt_text(t, card, "request_three_d_secure"), "challenge");
    if (!sim_currency_read(lt_text(t, root, "currency"), a->currency) ||
        strcmp(a->currency, "IQD") == 0 || strcmp(a->currency, "LYD") == 0)
        return sim_invalid(bad, NULL, "currency", "Invalid currency");
    if (!choice(r, root, "capture_method", capture_words, bad) ||
        !choice(r, root, "off_session", session_words, bad) ||
        !choice(r, root, "setup_future_usage", usage_words, bad) || !types(r, root, bad) ||
        !texts(r, root, bad) || !amount(r, lt_text(t, root, "amount"), "amount", bad))
        return false;
    if (a->amount < amount_least(a->currency))
        return sim_invalid(bad, "amount_too_small", "amount", "Amount is below the minimum.");
    return metadata(r, root, bad) && method(r, root, bad);
}

static bool payment_method(struct sim_req *r, const struct lt_node *root, struct sim_answer *bad)
{
    const struct lt_tree *t = &r->sim->tree;
    const struct lt_node *b = lt_get(t, root, "billing_details");
    const struct lt_node *address = lt_get(t, b, "address");
    struct lt_out *o = &r->ask.billing;

    lt_z(o, "{\"address\":{");
    lt_member_span(o, "city", lt_text(t, address, "city"));
    lt_member_span(o, "country", lt_text(t, address, "country"));
    lt_member_span(o, "line1", lt_text(t, address, "line1"));
    lt_member_span(o, "line2", lt_text(t, address, "line2"));
    lt_member_span(o, "postal_code", lt_text(t, address, "postal_code"));
    lt_member_span(o, "state", lt_text(t, address, "state"));
    lt_byte(o, '}');
    lt_member_span(o, "email", lt_text(t, b, "email"));
    lt_member_span(o, "name", lt_text(t, b, "name"));
    lt_member_span(o, "phone", lt_text(t, b, "phone"));
    lt_byte(o, '}');
    return method_data(r, root, bad);
}

static bool find_target(struct sim_req *r, struct span id, const char *param,
                        struct sim_answer *bad)
{
    struct sim_charge *c = sim_charge_by_id(&r->sim->ledger, r->who, id);

    if (c == NULL && param == NULL) {
        *bad = (struct sim_answer){ .says = SIM_SAYS_NO_OBJECT, .text = "payment_intent" };
        return false;
    }
    if (c == NULL)
        return sim_invalid(bad, "resource_missing", param, "No such object");
    r->ask.target = c->number;
    memcpy(r->ask.currency, c->currency, sizeof c->currency);
    return true;
}

static bool optional_amount(struct sim_req *r, const struct lt_node *root, const char *name,
                            struct sim_answer *bad)
{
    struct span s = lt_text(&r->sim->tree, root, name);

    return s.p == NULL || amount(r, s, name, bad);
}

static const char *same_word(struct span s, const char *const *words)
{
    for (; *words != NULL; words++) {
        if (span_is(s, *words))
            return *words;
    }
    return NULL;
}

static bool cancel(struct sim_req *r, const struct lt_node *root, struct sim_answer *bad)
{
    r->ask.reason = same_word(lt_text(&r->sim->tree, root, "cancellation_reason"), cancel_words);
    return choice(r, root, "cancellation_reason", cancel_words, bad) &&
           find_target(r, r->ask.object, NULL, bad);
}

/* "ch_..." and "pi_..." of one payment share the rest of their text here. */
static bool refund(struct sim_req *r, const struct lt_node *root, struct sim_answer *bad)
{
    const struct lt_tree *t = &r->sim->tree;
    struct span pi = lt_text(t, root, "payment_intent"), ch = lt_text(t, root, "charge");
    char id[40];
    int n;

    if ((pi.p == NULL) == (ch.p == NULL))
        return sim_invalid(bad, "parameter_missing", "payment_intent",
                           "One of the following params should be provided for this request: "
                           "payment_intent or charge.");
    if (pi.p == NULL) {
        n = snprintf(id, sizeof id, "pi_%.*s", SPAN_ARG(span_take(span_drop(ch, 3), 36)));
        pi = (struct span){ id, (size_t)n };
    }
    r->ask.reason = same_word(lt_text(t, root, "reason"), reason_words);
    return choice(r, root, "reason", reason_words, bad) && metadata(r, root, bad) &&
           find_target(r, pi, "payment_intent", bad) && optional_amount(r, root, "amount", bad);
}

static bool limit(struct sim_req *r, const struct lt_node *root, struct sim_answer *bad)
{
    struct span s = lt_text(&r->sim->tree, root, "limit");
    int64_t v = 10;

    if (s.p != NULL && (span_i64(s, &v) != OK || v < 1 || v > 100))
        return sim_invalid(bad, "parameter_invalid_integer", "limit", "1 to 100");
    r->ask.limit = (unsigned)v;
    return true;
}

static bool list(struct sim_req *r, const struct lt_node *root, struct sim_answer *bad)
{
    const struct lt_tree *t = &r->sim->tree;
    const struct lt_node *created = lt_get(t, root, "created");
    int64_t v;

    if (span_i64(lt_text(t, created, "gte"), &v) == OK)
        r->ask.since_ms = v * 1000;
    if (span_i64(lt_text(t, created, "gt"), &v) == OK)
        r->ask.since_ms = (v + 1) * 1000;
    if (span_i64(lt_text(t, created, "lte"), &v) == OK)
        r->ask.until_ms = v * 1000 + 999;
    if (span_i64(lt_text(t, created, "lt"), &v) == OK)
        r->ask.until_ms = v * 1000 - 1;
    r->ask.after = lt_text(t, root, "starting_after");
    r->ask.find_value = lt_text(t, root, "payment_intent");
    return limit(r, root, bad);
}

/* metadata['name']:'value', the one query the gateway needs; either kind of quotes. */
static bool search(struct sim_req *r, const struct lt_node *root, struct sim_answer *bad)
{
    struct span q = lt_text(&r->sim->tree, root, "query"), name, value;
    const char *end;
    char quote;

    q = span_trim(q);
    if (!span_starts(q, "metadata[") || q.n < 12 || (q.p[9] != '\'' && q.p[9] != '"'))
        return sim_invalid(bad, NULL, "query", "We were unable to parse your search query.");
    quote = q.p[9];
    q = span_drop(q, 10);
    end = q.n == 0 ? NULL : memchr(q.p, quote, q.n);
    if (end == NULL)
        return sim_invalid(bad, NULL, "query", "We were unable to parse your search query.");
    name = (struct span){ q.p, (size_t)(end - q.p) };
    q = span_drop(q, name.n + 1);
    if (!span_starts(q, "]:") || q.n < 4 || (q.p[2] != '\'' && q.p[2] != '"') ||
        q.p[q.n - 1] != q.p[2])
        return sim_invalid(bad, NULL, "query", "We were unable to parse your search query.");
    value = (struct span){ q.p + 3, q.n - 4 };
    if (value.n > 0 && (memchr(value.p, '\'', value.n) || memchr(value.p, '"', value.n)))
        return sim_invalid(bad, NULL, "query", "We were unable to parse your search query.");
    r->ask.find_name = name;
    r->ask.find_value = value;
    return limit(r, root, bad);
}

static const struct lt_shape *shape_of(const struct sim_ask *a)
{
    if (a->op == SIM_SEARCH)
        return a->view == SIM_VIEW_SEARCH    ? sim_stripe_search_shape
               : a->view == SIM_VIEW_REFUNDS ? sim_stripe_refunds_shape
                                             : sim_stripe_list_shape;
    return a->op == SIM_AUTHORIZE  ? sim_stripe_intent_shape
           : a->op == SIM_TOKENIZE ? sim_stripe_method_shape
           : a->op == SIM_CAPTURE  ? sim_stripe_capture_shape
           : a->op == SIM_VOID     ? sim_stripe_cancel_shape
           : a->op == SIM_REFUND   ? sim_stripe_refund_shape
                                   : sim_stripe_no_shape;
}

static bool form(struct sim_req *r, struct sim_answer *bad)
{
    struct span type = sim_req_header(r, "content-type");
    struct lt_shape_bad misfits;
    struct lt_tree *t = &r->sim->tree;
    bool get = span_is(r->method, "GET");

    if (get) {
        if (r->body.n > 0)
            return sim_invalid(bad, NULL, NULL, "GET requests have no body.");
        lt_put(&r->work, r->query);
    } else if (r->query.p != NULL) {
        return sim_invalid(bad, NULL, NULL, "POST parameters belong into the body.");
    }
    if (!get && r->body.n > 0 && !span_starts(type, "application/x-www-form-urlencoded"))
        return sim_invalid(bad, NULL, NULL,
                           "Invalid request: the content type must be "
                           "application/x-www-form-urlencoded.");
    if (!lt_tree_form(t, r->work.p, r->work.n))
        return sim_invalid(bad, NULL, NULL, t->why);
    return lt_shape_fits(t, lt_root(t), shape_of(&r->ask), true, &misfits) ||
           misfit(r, &misfits, bad);
}

static bool headers(struct sim_req *r, struct sim_answer *bad)
{
    struct span v = sim_req_header(r, "stripe-version"), key = sim_req_header(r, "idempotency-key");

    if (v.p != NULL && (v.n < 10 || v.p[4] != '-' || v.p[7] != '-'))
        return sim_invalid(bad, NULL, NULL, "Invalid Stripe API version.");
    return key.n <= sim_stripe.key_max ||
           sim_invalid(bad, NULL, NULL, "The idempotency key may have 255 characters.");
}

static void expansions(struct sim_req *r)
{
    const struct lt_tree *t = &r->sim->tree;
    const struct lt_node *n = lt_get(t, lt_root(t), "expand");

    for (const struct lt_node *i = lt_child(t, n); i != NULL; i = lt_next(t, i))
        r->ask.expand_charge |= span_is(i->text, "latest_charge");
}

static bool by_op(struct sim_req *r, const struct lt_node *root, struct sim_answer *bad)
{
    switch (r->ask.op) {
    case SIM_AUTHORIZE: return intent(r, root, bad);
    case SIM_TOKENIZE: return payment_method(r, root, bad);
    case SIM_CAPTURE:
        return find_target(r, r->ask.object, NULL, bad) && metadata(r, root, bad) &&
               optional_amount(r, root, "amount_to_capture", bad);
    case SIM_VOID: return cancel(r, root, bad);
    case SIM_REFUND: return refund(r, root, bad);
    case SIM_SEARCH:
        return r->ask.view == SIM_VIEW_SEARCH ? search(r, root, bad) : list(r, root, bad);
    case SIM_INQUIRE:
        return r->ask.view == SIM_VIEW_REFUND || find_target(r, r->ask.object, NULL, bad);
    case SIM_OP_NONE:
    case SIM_REVERSE:
    case SIM_CANCEL_REF:
    case SIM_OPS: break;
    }
    return false;
}

bool sim_stripe_understand(struct sim_req *r, struct sim_answer *bad)
{
    if (r->ask.op == SIM_OP_NONE) {
        *bad = (struct sim_answer){ .says = SIM_SAYS_NO_PATH };
        return false;
    }
    if (!headers(r, bad) || !form(r, bad))
        return false;
    expansions(r);
    return by_op(r, lt_root(&r->sim->tree), bad);
}
