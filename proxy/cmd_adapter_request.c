/* proxy/cmd_adapter_request.c -- from a recorded request back to what was asked, so that the answer
 * can be compared with it. */
#include <stdlib.h>
#include <string.h>

#include "proxy/cmd_adapter_exchange.h"
#include "routing/base/buf.h"

/* ---- forms ---- */

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Percent-decoded, as a C string; "" if there is no room. */
static const char *decoded(struct arena *a, struct span text)
{
    struct buf b = arena_buf(a, text.n + 1);

    for (size_t i = 0; i < text.n; i++) {
        bool code = text.p[i] == '%' && i + 2 < text.n && hex(text.p[i + 1]) >= 0 &&
                    hex(text.p[i + 2]) >= 0;

        if (code) {
            buf_byte(&b, (char)(hex(text.p[i + 1]) * 16 + hex(text.p[i + 2])));
            i += 2;
        } else {
            buf_byte(&b, text.p[i] == '+' ? ' ' : text.p[i]);
        }
    }
    return buf_z(&b);
}

/* "a[b][c]=v" pairs as one flat object with the names as they stand. */
static json_t *form_object(struct arena *a, struct span form)
{
    json_t *o = json_object();
    struct span pair, name;

    while (span_cut(&form, '&', &pair)) {
        if (!span_cut(&pair, '=', &name))
            continue;
        json_object_set_new_nocheck(o, decoded(a, name), json_string_nocheck(decoded(a, pair)));
    }
    return o;
}

/* ---- values ---- */

/* "metadata.gw_attempt" in a nested body, "metadata[gw_attempt]" in a flat one. */
static json_t *find(json_t *body, const char *outer, const char *inner)
{
    char flat[64];
    struct buf b = BUF_OF(flat);
    json_t *v;

    if (inner == NULL)
        return json_object_get(body, outer);
    v = json_object_get(json_object_get(body, outer), inner);
    if (v != NULL)
        return v;
    buf_fmt(&b, "%s[%s]", outer, inner);
    return json_object_get(body, buf_z(&b));
}

static struct span text_in(struct px_exchange *x, json_t *body, const char *outer,
                           const char *inner)
{
    json_t *v = find(body, outer, inner);

    return json_is_string(v) ? arena_copy(x->arena, span_str(json_string_value(v))) : SPAN_NONE;
}

static bool units_in(json_t *body, const char *outer, const char *inner, int64_t *out)
{
    json_t *v = find(body, outer, inner);

    if (json_is_integer(v)) {
        *out = json_integer_value(v);
        return true;
    }
    return json_is_string(v) && span_i64(span_str(json_string_value(v)), out) == OK;
}

static currency currency_of(struct span code)
{
    char upper[3];

    if (code.n != sizeof upper)
        return CURRENCY_NONE;
    for (unsigned i = 0; i < sizeof upper; i++)
        upper[i] = (char)(code.p[i] & ~0x20);
    return currency_find((struct span){ upper, sizeof upper });
}

/* A capture or refund may leave the currency out: it is the payment's, as the answer tells it. */
static currency currency_asked(struct px_exchange *x, json_t *body)
{
    json_t *answer = json_object_get(json_object_get(x->doc, "response"), "body");
    json_t *bodies[] = { body, answer };

    for (unsigned i = 0; i < 2; i++) {
        struct span code = text_in(x, bodies[i], "currency", NULL);

        if (code.n == 0)
            code = text_in(x, bodies[i], "amount", "currency");
        if (code.n > 0)
            return currency_of(code);
        if (x->op != RT_CAPTURE && x->op != RT_REFUND)
            break;
    }
    return CURRENCY_NONE;
}

static void amount_read(struct px_exchange *x, json_t *body)
{
    currency cur = currency_asked(x, body);
    int64_t units = 0;
    bool said = units_in(body, "amount", "value", &units) ||
                units_in(body, "amount", NULL, &units) ||
                units_in(body, "amount_to_capture", NULL, &units);

    x->pay.full = !said;
    if (!said || x->op == RT_VOID || x->op == RT_INQUIRE)
        return;
    if (cur == CURRENCY_NONE || !currency_taken(cur, x->adapter->dialect) ||
        money_from(units, cur, x->adapter->dialect, &x->pay.amount) != OK)
        x->pay.amount = (struct money){ units, CURRENCY_NONE }; /* shown, not compared */
}

/* ---- ids and references ---- */

/* What follows `mark` up to the next of / ? &. */
static struct span behind(struct span path, const char *mark)
{
    for (; path.n > 0; path = span_drop(path, 1)) {
        size_t n = 0;

        if (!span_starts(path, mark))
            continue;
        path = span_drop(path, strlen(mark));
        while (n < path.n && strchr("/?&", path.p[n]) == NULL)
            n++;
        return span_take(path, n);
    }
    return SPAN_NONE;
}

static struct span id_asked(struct px_exchange *x, struct span path, json_t *body)
{
    struct span id = behind(path, "/payment_intents/");

    if (span_is(id, "search"))
        return SPAN_NONE;
    if (id.n == 0)
        id = behind(path, "/payments/");
    if (id.n == 0)
        id = text_in(x, body, "payment_intent", NULL);
    return id;
}

/* metadata['gw_attempt']:'att_1' -> att_1 */
static struct span last_quoted(struct span query)
{
    struct span part, last = SPAN_NONE, before = SPAN_NONE;

    while (span_cut(&query, '\'', &part)) {
        before = last;
        last = part;
    }
    return before;
}

static struct span ref_asked(struct px_exchange *x, struct span path, json_t *body)
{
    static const char *const names[][2] = {
        { "paymentReference", NULL },
        { "reference", NULL },
        { "metadata", "gw_attempt" },
        { "metadata", "gw_refund" },
    };
    struct span ref = SPAN_NONE;

    if (x->op == RT_INQUIRE) {
        ref = span_str(decoded(x->arena, behind(path, "reference=")));
        return ref.n > 0 ? ref : last_quoted(span_str(decoded(x->arena, behind(path, "query="))));
    }
    for (unsigned i = 0; ref.n == 0 && i < sizeof names / sizeof *names; i++)
        ref = text_in(x, body, names[i][0], names[i][1]);
    return ref;
}

static json_t *body_asked(struct px_exchange *x, json_t *request)
{
    json_t *body = json_object_get(request, "body"), *raw = json_object_get(request, "body_raw");
    json_t *o = NULL;

    if (json_is_object(body))
        return json_incref(body);
    if (!json_is_string(raw))
        raw = body;
    if (json_is_string(raw)) {
        struct span text = span_str(json_string_value(raw));

        o = span_starts(text, "{") ? json_loads(text.p, 0, NULL) : form_object(x->arena, text);
    }
    return o != NULL ? o : json_object();
}

void px_exchange_asked(struct px_exchange *x, json_t *request)
{
    json_t *path = json_object_get(request, "path"), *body = body_asked(x, request);
    struct span where = json_is_string(path) ? span_str(json_string_value(path)) : SPAN_NONE;

    x->asked = true;
    x->pay.op = x->op;
    x->pay.capture_now = x->sale;
    amount_read(x, body);
    x->q.pay = &x->pay;
    x->q.op = x->op;
    x->q.payment_id = arena_copy(x->arena, id_asked(x, where, body));
    x->q.ref = ref_asked(x, where, body);
    if (x->op == RT_VOID && x->q.by_reference)
        x->q.cancel_ref = text_in(x, body, "reference", NULL);
    json_decref(body);
}
