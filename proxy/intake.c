/* proxy/intake.c -- the request's frame: content type, key, canonical form. */
#include "proxy/intake.h"

#include <stddef.h>
#include <string.h>

#include "proxy/crypto.h"
#include "proxy/intake_fields.h"
#include "routing/base/check.h"

static const char KEY_HEADER[] = "Idempotency-Key";

/* ---- Idempotency-Key ------------------------------------------------------------------------- */

static bool key_fault(struct px_fault *why, const char *text)
{
    (void)px_fault_at(why, PX_FAULT_KEY_INVALID, KEY_HEADER);
    return px_fault_say(why, "%s", text);
}

/* RFC 8941 section 3.3.3: what is between the quotes, in out. */
static bool unquote(struct span s, struct buf *out, struct px_fault *why)
{
    if (s.n < 2 || s.p[s.n - 1] != '"')
        return key_fault(why, "the quote at its beginning is not closed at its end");
    s = (struct span){ s.p + 1, s.n - 2 };
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];

        if (c == '"')
            return key_fault(why, "a quote within the quotes wants a backslash before it");
        if (c == '\\') {
            if (++i == s.n || (s.p[i] != '"' && s.p[i] != '\\'))
                return key_fault(why, "a backslash wants a quote or a backslash behind it");
            c = s.p[i];
        }
        buf_byte(out, c);
    }
    return true;
}

static bool find_key(const struct px_header *h, unsigned n, struct span *key, struct px_fault *why)
{
    bool found = false;

    for (unsigned i = 0; i < n; i++) {
        if (!span_is_nocase(h[i].name, KEY_HEADER))
            continue;
        if (found)
            return key_fault(why, "it is there more than once");
        *key = span_trim(h[i].value);
        found = true;
    }
    if (found)
        return true;
    (void)px_fault_at(why, PX_FAULT_KEY_MISSING, KEY_HEADER);
    return px_fault_help(why, "send one fresh value for each payment you want, and the same one "
                              "when you repeat the request");
}

bool px_intake_key(const struct px_header *h, unsigned n, struct arena *a, struct span *key,
                   struct px_fault *why)
{
    char mem[LIMIT_IDEMPOTENCY_KEY];
    struct buf b = BUF_OF(mem);
    struct span s = SPAN_NONE;

    if (!find_key(h, n, &s, why))
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < ' ' || s.p[i] > '~')
            return key_fault(why, "only printable ASCII characters are allowed");
    }
    if (s.n > 0 && s.p[0] == '"') {
        if (!unquote(s, &b, why))
            return false;
    } else {
        buf_put(&b, s);
    }
    if (!buf_ok(&b)) {
        (void)px_fault_at(why, PX_FAULT_KEY_TOO_LONG, KEY_HEADER);
        return px_fault_say(why, "at most %d characters", (int)LIMIT_IDEMPOTENCY_KEY);
    }
    if (b.n == 0)
        return key_fault(why, "it is empty");
    *key = arena_copy(a, buf_span(&b));
    return key->p != NULL || px_fault_at(why, PX_FAULT_BODY_TOO_COMPLEX, NULL);
}

/* ---- content type ---------------------------------------------------------------------------- */

static bool media_fault(struct px_fault *why, const char *field)
{
    return px_fault_at(why, PX_FAULT_UNSUPPORTED_MEDIA_TYPE, field);
}

/* application/json, with no parameter but charset=utf-8; no content coding. */
static bool content_ok(const struct px_asked *q, struct px_fault *why)
{
    struct span type = px_header_find(q->header, q->headers, "content-type"), part;
    struct span coding = px_header_find(q->header, q->headers, "content-encoding");

    if (coding.n > 0 && !span_is_nocase(span_trim(coding), "identity")) {
        (void)media_fault(why, "Content-Encoding");
        return px_fault_say(why, "a compressed body is not taken");
    }
    if (!span_cut(&type, ';', &part) || !span_is_nocase(span_trim(part), "application/json")) {
        (void)media_fault(why, "Content-Type");
        return px_fault_help(why, "send Content-Type: application/json");
    }
    while (span_cut(&type, ';', &part)) {
        part = span_trim(part);
        if (part.n > 0 && !span_is_nocase(part, "charset=utf-8") &&
            !span_is_nocase(part, "charset=\"utf-8\"")) {
            (void)media_fault(why, "Content-Type");
            return px_fault_say(why, "JSON is UTF-8; no other charset or parameter is taken");
        }
    }
    return true;
}

/* ---- canonical form -------------------------------------------------------------------------- */

static void part_add(struct px_wish *w, struct span s)
{
    CHECK(w->parts < PX_WISH_PARTS);
    w->part[w->parts++] = s;
}

static int pair_order(const struct rt_pair *a, const struct rt_pair *b)
{
    size_t n = a->name.n < b->name.n ? a->name.n : b->name.n;
    int order = n == 0 ? 0 : memcmp(a->name.p, b->name.p, n);

    return order != 0 ? order : (a->name.n > b->name.n) - (a->name.n < b->name.n);
}

/* Maps go in by name; they are small. The mark keeps one map's entries from being another's. */
static void pairs_add(struct px_wish *w, struct span mark, const struct rt_pair *pair, unsigned n)
{
    const struct rt_pair *last = NULL;

    for (unsigned done = 0; done < n; done++) {
        const struct rt_pair *least = NULL;

        for (unsigned i = 0; i < n; i++) {
            if ((last == NULL || pair_order(&pair[i], last) > 0) &&
                (least == NULL || pair_order(&pair[i], least) < 0))
                least = &pair[i];
        }
        part_add(w, mark);
        part_add(w, least->name);
        part_add(w, least->value);
        last = least;
    }
}

static void canonical(const struct px_body *b, struct px_wish *w)
{
    static const char number[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

    _Static_assert(IDS_ < sizeof number, "one character names a field");
    _Static_assert(2 * IDS_ + 3 * (LIMIT_METADATA + LIMIT_PROVIDERS) <= PX_WISH_PARTS - 2,
                   "every field and entry has a place");
    for (unsigned id = 0; id < IDS_; id++) {
        if (b->value[id].p == NULL)
            continue;
        part_add(w, (struct span){ number + id, 1 });
        part_add(w, b->value[id]);
    }
    pairs_add(w, SPAN("metadata"), w->pay.metadata, w->pay.metadata_n);
    pairs_add(w, SPAN("token"), w->pay.token, w->pay.tokens);
}

void px_intake_fingerprint(const struct px_wish *w, struct px_hmac *secret,
                           unsigned char out[PX_DIGEST])
{
    struct span part[PX_WISH_PARTS];

    _Static_assert((int)PX_DIGEST == (int)PX_SHA256, "a fingerprint is one HMAC-SHA-256");
    part[0] = span_str(px_route_name(w->route));
    part[1] = span_str(w->id);
    CHECK(w->parts <= PX_WISH_PARTS - 2);
    memcpy(part + 2, w->part, w->parts * sizeof part[0]);
    px_hmac_parts(secret, part, w->parts + 2, out);
}

/* ---- the whole ------------------------------------------------------------------------------- */

static enum rt_op op_of(enum px_route r)
{
    switch (r) {
    case PX_ROUTE_CREATE: return RT_AUTHORIZE;
    case PX_ROUTE_CAPTURE: return RT_CAPTURE;
    case PX_ROUTE_VOID: return RT_VOID;
    case PX_ROUTE_REFUND: return RT_REFUND;
    case PX_ROUTE_STATUS:
    case PX_ROUTE_OPENAPI:
    case PX_ROUTES_: break;
    }
    return RT_INQUIRE;
}

static const struct px_object *table_of(enum px_route r)
{
    switch (r) {
    case PX_ROUTE_CREATE: return &px_intake_payment;
    case PX_ROUTE_CAPTURE:
    case PX_ROUTE_REFUND: return &px_intake_moving;
    case PX_ROUTE_VOID: return &px_intake_void;
    case PX_ROUTE_STATUS:
    case PX_ROUTE_OPENAPI:
    case PX_ROUTES_: break;
    }
    return NULL;
}

static bool read_body(const struct px_asked *q, struct arena *a, struct px_wish *out,
                      struct px_fault *why)
{
    struct px_intake in = { q, out };
    struct px_body b = { .ctx = &in, .arena = a, .why = why };

    if (q->body.n == 0) {
        if (q->route == PX_ROUTE_CREATE)
            return px_fault_at(why, PX_FAULT_BODY_MISSING, NULL);
        return true; /* an operation without a body: all of it */
    }
    if (!content_ok(q, why) || !px_body_read(&b, q->body, table_of(q->route)))
        return false;
    if (q->route == PX_ROUTE_CREATE && !px_intake_check_payment(&b))
        return false;
    canonical(&b, out);
    return true;
}

bool px_intake(const struct px_asked *q, struct arena *a, struct px_wish *out, struct px_fault *why)
{
    CHECK(q->id.n < PX_ID);
    memset(out, 0, offsetof(struct px_wish, part)); /* the parts are many, and counted */
    out->parts = 0;
    out->route = q->route;
    out->pay.op = op_of(q->route);
    if (q->id.n > 0)
        memcpy(out->id, q->id.p, q->id.n);
    if (!px_route_writes(q->route))
        return true;
    if (!px_intake_key(q->header, q->headers, a, &out->key, why) || !read_body(q, a, out, why))
        return false;
    out->pay.full =
        (out->pay.op == RT_CAPTURE || out->pay.op == RT_REFUND) && out->pay.amount.minor == 0;
    return true;
}
