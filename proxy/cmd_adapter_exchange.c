/* proxy/cmd_adapter_exchange.c */
#include "proxy/cmd_adapter_exchange.h"

#include <stdlib.h>
#include <string.h>

#include "routing/base/buf.h"

/* ---- JSON ---- */

/* One step down; NULL if there is nothing. */
static json_t *at(json_t *o, const char *name)
{
    return json_is_object(o) ? json_object_get(o, name) : NULL;
}

static struct span text_of(const json_t *v)
{
    return json_is_string(v) ? (struct span){ json_string_value(v), json_string_length(v) }
                             : SPAN_NONE;
}

/* The first of these names that is there; NULL ends. */
static json_t *first_of(json_t *o, const char *const *names)
{
    json_t *v = NULL;

    for (; v == NULL && *names != NULL; names++)
        v = at(o, *names);
    return json_is_null(v) ? NULL : v;
}

/* ---- headers and bodies ---- */

static void header_add(struct px_exchange *x, const char *name, const json_t *value)
{
    struct span text = text_of(value);

    if (json_is_integer(value)) {
        struct buf b = arena_buf(x->arena, 24);

        buf_i64(&b, json_integer_value(value));
        text = buf_span(&b);
    }
    if (x->headers < PX_RECORDED_HEADERS && text.p != NULL)
        x->header[x->headers++] = (struct px_header){ .name = span_str(name), .value = text };
}

static void headers_read(struct px_exchange *x, json_t *headers)
{
    const char *name;
    json_t *value, *one;
    size_t i;

    if (!json_is_object(headers))
        return;
    json_object_foreach(headers, name, value)
    {
        if (json_is_array(value)) {
            json_array_foreach(value, i, one) header_add(x, name, one);
        } else {
            header_add(x, name, value);
        }
    }
}

/* body_raw as it stands, a body that is text as it stands, any other body written out. */
static enum err body_read(struct px_exchange *x, json_t *part, struct span *out)
{
    json_t *body = at(part, "body");
    char *text;

    *out = text_of(at(part, "body_raw"));
    if (out->p != NULL || body == NULL || json_is_null(body))
        return OK;
    if (json_is_string(body)) {
        *out = text_of(body);
        return OK;
    }
    text = json_dumps(body, JSON_COMPACT);
    if (text == NULL)
        return E_NOMEM;
    *out = arena_copy(x->arena, span_str(text));
    free(text);
    return out->p != NULL ? OK : E_LIMIT;
}

/* ---- the operation ---- */

static const struct word {
    const char *word;
    const char *name; /* as we spell it */
    enum rt_op op;
    bool by_reference, reversal, sale, tokenize;
} words[] = {
    { "authorize", "authorize", RT_AUTHORIZE, false, false, false, false },
    { "authorise", "authorize", RT_AUTHORIZE, false, false, false, false },
    { "sale", "sale", RT_AUTHORIZE, false, false, true, false },
    { "purchase", "sale", RT_AUTHORIZE, false, false, true, false },
    { "capture", "capture", RT_CAPTURE, false, false, false, false },
    { "void", "void", RT_VOID, false, false, false, false },
    { "cancel", "void", RT_VOID, false, false, false, false },
    { "cancel_by_reference", "cancel_by_reference", RT_VOID, true, false, false, false },
    { "void_by_reference", "cancel_by_reference", RT_VOID, true, false, false, false },
    { "reversal", "reversal", RT_VOID, false, true, false, false },
    { "reverse", "reversal", RT_VOID, false, true, false, false },
    { "refund", "refund", RT_REFUND, false, false, false, false },
    { "inquiry_by_id", "inquiry_by_id", RT_INQUIRE, false, false, false, false },
    { "inquiry", "inquiry_by_id", RT_INQUIRE, false, false, false, false },
    { "inquire", "inquiry_by_id", RT_INQUIRE, false, false, false, false },
    { "status", "inquiry_by_id", RT_INQUIRE, false, false, false, false },
    { "inquiry_by_reference", "inquiry_by_reference", RT_INQUIRE, true, false, false, false },
    { "tokenize", "tokenize", RT_AUTHORIZE, false, false, false, true },
    { "tokenise", "tokenize", RT_AUTHORIZE, false, false, false, true },
    { "webhook", "webhook", RT_INQUIRE, false, false, false, false },
};

bool px_exchange_operation(struct px_exchange *x, struct span word)
{
    for (unsigned i = 0; i < sizeof words / sizeof *words; i++) {
        if (!span_is_nocase(word, words[i].word))
            continue;
        x->operation = words[i].name;
        x->op = words[i].op;
        x->sale = words[i].sale;
        x->tokenize = words[i].tokenize;
        x->q.by_reference = words[i].by_reference;
        x->q.reversal = words[i].reversal;
        if (span_is(word, "webhook"))
            x->occasion = PX_ON_WEBHOOK;
        return true;
    }
    return false;
}

static enum err head_read(struct px_exchange *x, struct diag *why)
{
    struct span provider = text_of(at(x->doc, "provider"));
    struct span operation = text_of(at(x->doc, "operation"));

    x->adapter = px_adapter_find(provider);
    if (x->adapter == NULL) {
        diag_set(why, "\"provider\" is not one we speak: \"%.40s\"", provider.p ? provider.p : "");
        diag_help(why, "stripe, adyen or checkoutcom");
        return E_SYNTAX;
    }
    if (!px_exchange_operation(x, operation)) {
        diag_set(why, "\"operation\" is not one we know: \"%.40s\"",
                 operation.p ? operation.p : "");
        diag_help(why, "authorize, sale, capture, void, cancel_by_reference, reversal, refund, "
                       "inquiry_by_id, inquiry_by_reference, tokenize or webhook");
        return E_SYNTAX;
    }
    return OK;
}

/* ---- an earlier copy ---- */

static bool truth_of(const json_t *v, bool *out)
{
    if (json_is_boolean(v)) {
        *out = json_is_true(v);
        return true;
    }
    return false;
}

/* "earlier_unanswered", "earlier_unanswered_send", ...: a member whose name begins so. */
static const json_t *earlier_member(json_t *part)
{
    const char *name;
    json_t *v;

    if (!json_is_object(part))
        return NULL;
    json_object_foreach(part, name, v)
    {
        if (strncmp(name, "earlier_", 8) == 0 && json_is_boolean(v))
            return v;
    }
    return NULL;
}

static bool earlier_in(json_t *part, bool *out)
{
    static const char *const no[] = { "first_send", "first_copy", "sole_copy", "only_copy", NULL };
    static const char *const count[] = { "copy", "copies", "send", "sends", NULL };
    json_t *n = first_of(part, count);

    if (truth_of(earlier_member(part), out))
        return true;
    if (truth_of(first_of(part, no), out)) {
        *out = !*out;
        return true;
    }
    *out = json_integer_value(n) > 1;
    return json_is_integer(n);
}

/* A recording that does not say. At Checkout.com a 429 is also the answer to a copy of a call that
 * is still at work, so there it is read the safe way; the others turn a copy away otherwise. */
static void earlier_read(struct px_exchange *x)
{
    static const char *const parts[] = { "context", "transport", "request", "response", NULL };
    bool said = earlier_in(x->doc, &x->earlier_unanswered);

    for (unsigned i = 0; !said && parts[i] != NULL; i++)
        said = earlier_in(at(x->doc, parts[i]), &x->earlier_unanswered);
    x->answer.earlier_unanswered = said ? x->earlier_unanswered : x->adapter == &px_checkoutcom;
    x->earlier_unanswered = said && x->earlier_unanswered;
}

/* ---- what happened ---- */

static void words_add(struct buf *b, const json_t *v)
{
    if (json_is_string(v)) {
        buf_byte(b, ' ');
        buf_str(b, json_string_value(v));
    }
}

/* Every word that may describe an event, from the top and from a "transport" object. */
static void event_words(json_t *part, struct buf *b)
{
    static const char *const names[] = {
        "transport", "transport_event", "transport_error", "event", "error", "kind", "type",
        "code",      "reason",          "detail",          "frame", NULL
    };

    if (json_is_string(at(part, "phase"))) {
        buf_str(b, " phase");
        words_add(b, at(part, "phase"));
    }
    for (unsigned i = 0; names[i] != NULL; i++)
        words_add(b, at(part, names[i]));
}

/* RFC 9113 section 6.8: streams above the last id were not processed. */
static void goaway_read(json_t *part, struct buf *b)
{
    static const char *const last[] = { "last_stream_id", "last_id", "last_stream", NULL };
    static const char *const own[] = { "stream_id", "our_stream_id", "stream", NULL };
    json_t *l = first_of(part, last), *o = first_of(part, own);

    if (json_is_integer(l) && json_is_integer(o))
        buf_str(b, json_integer_value(l) < json_integer_value(o) ? " below" : " above");
}

static bool event_read(struct px_exchange *x)
{
    struct buf b = arena_buf(x->arena, 1024);
    json_t *inner = at(x->doc, "transport");

    if (!json_is_object(inner))
        inner = at(x->doc, "event");
    event_words(x->doc, &b);
    event_words(inner, &b);
    event_words(at(x->doc, "response"), &b);
    goaway_read(x->doc, &b);
    goaway_read(inner, &b);
    if (b.n == 0)
        return false;
    x->proof = px_event_proof(buf_z(&b), &x->event_known, &x->local);
    x->occasion = PX_ON_EVENT;
    return true;
}

static enum err answer_read(struct px_exchange *x, json_t *response)
{
    headers_read(x, at(response, "headers"));
    x->answer.status = (int)json_integer_value(at(response, "status"));
    x->answer.header = x->header;
    x->answer.headers = x->headers;
    return body_read(x, response, &x->answer.body);
}

static enum err hook_read(struct px_exchange *x)
{
    json_t *hook = at(x->doc, "webhook"), *part = hook != NULL ? hook : x->doc;
    json_t *tolerance = at(x->doc, "tolerance_s");

    headers_read(x, at(part, "headers"));
    x->hook.header = x->header;
    x->hook.headers = x->headers;
    x->recorded_s = json_integer_value(at(x->doc, "now_unix"));
    x->tolerance_s =
        json_is_integer(tolerance) ? (int32_t)json_integer_value(tolerance) : PX_TOLERANCE_S;
    x->bytes_exact = json_is_string(at(part, "body_raw")) || json_is_string(at(part, "body"));
    return body_read(x, part, &x->hook.body);
}

static enum err happening_read(struct px_exchange *x, struct diag *why)
{
    json_t *response = at(x->doc, "response");
    enum err e = OK;

    earlier_read(x);
    if (x->occasion == PX_ON_WEBHOOK)
        return hook_read(x);
    if (json_is_integer(at(response, "status")))
        e = answer_read(x, response);
    else if (!event_read(x)) {
        diag_set(why, "there is no \"response\" with a \"status\" and no \"transport\" event");
        e = E_SYNTAX;
    }
    /* a status and an event: the answer began, and broke off */
    if (e == OK && x->answer.status > 0 && at(x->doc, "transport") != NULL && event_read(x)) {
        x->occasion = PX_ON_ANSWER;
        x->answer.body = SPAN("{");
    }
    return e;
}

enum err px_exchange_read(struct px_exchange *x, struct arena *a, const char *text, size_t n,
                          struct diag *why)
{
    json_error_t broken;
    enum err e;

    *x = (struct px_exchange){ .arena = a };
    x->doc = json_loadb(text, n, JSON_REJECT_DUPLICATES, &broken);
    if (x->doc == NULL) {
        diag_set(why, "not JSON: %.150s", broken.text);
        why->line = (unsigned)broken.line;
        why->col = (unsigned)broken.column;
        return E_SYNTAX;
    }
    if ((e = head_read(x, why)) != OK || (e = happening_read(x, why)) != OK)
        return e;
    if (json_is_object(at(x->doc, "request")))
        px_exchange_asked(x, at(x->doc, "request"));
    return OK;
}

void px_exchange_fini(struct px_exchange *x)
{
    json_decref(x->doc);
    x->doc = NULL;
}
