/* proxy/head.c */
#include "proxy/head.h"

#include <string.h>

#include "routing/base/check.h"
#include "routing/base/limits.h"

struct row {
    int status;
    const char *type, *word, *title;
};

static const struct row rows[PX_REFUSALS_] = {
    [PX_REFUSE_SYNTAX] = { 400, "invalid_request", "malformed_request",
                           "The request is not well-formed HTTP" },
    [PX_REFUSE_METHOD] = { 501, "invalid_request", "unknown_method",
                           "The request's method is not known" },
    [PX_REFUSE_VERSION] = { 505, "invalid_request", "http_version",
                            "This HTTP version is not spoken here" },
    [PX_REFUSE_PATH] = { 400, "invalid_request", "malformed_path",
                         "The request's path is not valid" },
    [PX_REFUSE_PATH_TOO_LONG] = { 414, "invalid_request", "path_too_long",
                                  "The request's path is too long" },
    [PX_REFUSE_SCHEME] = { 400, "invalid_request", "scheme_mismatch",
                           "The request's scheme is not the one of this connection" },
    [PX_REFUSE_AUTHORITY] = { 400, "invalid_request", "malformed_authority",
                              "The request's host is missing, not valid, or named twice" },
    [PX_REFUSE_HEADER] = { 400, "invalid_request", "malformed_header",
                           "A header field is not valid" },
    [PX_REFUSE_DUPLICATE_HEADER] = { 400, "invalid_request", "duplicate_header",
                                     "A header field that may stand once stands twice" },
    [PX_REFUSE_HEADERS_TOO_LARGE] = { 431, "invalid_request", "headers_too_large",
                                      "The header section is too large" },
    [PX_REFUSE_BODY_FRAMING] = { 400, "invalid_request", "body_framing",
                                 "The length of the body is not told in one clear way" },
    [PX_REFUSE_BODY_TOO_LARGE] = { 413, "invalid_request", "body_too_large",
                                   "The body is larger than 64 KiB" },
    [PX_REFUSE_EXPECTATION] = { 417, "invalid_request", "expectation_failed",
                                "Only 100-continue can be expected" },
    [PX_REFUSE_TOO_SLOW] = { 408, "invalid_request", "request_timeout",
                             "The request did not arrive in time" },
    [PX_REFUSE_OVERLOADED] = { 503, "unavailable", "overloaded",
                               "Too many requests are under way" },
    [PX_REFUSE_UNANSWERED] = { 500, "internal", "internal", "Something went wrong in the gateway" },
};

static const struct row *row_of(enum px_refusal r)
{
    CHECK(r > PX_REFUSE_NOT && r < PX_REFUSALS_);
    return &rows[r];
}

int px_refusal_status(enum px_refusal r)
{
    return row_of(r)->status;
}

const char *px_refusal_word(enum px_refusal r)
{
    return row_of(r)->word;
}

void px_refusal_body(enum px_refusal r, struct buf *out)
{
    const struct row *w = row_of(r);
    bool ours = r == PX_REFUSE_UNANSWERED; /* the handler had it: nobody knows how far it came */

    buf_fmt(out,
            "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%d,"
            "\"error\":{\"type\":\"%s\",\"code\":\"%s\",\"message\":\"%s.\"},"
            "\"outcome\":\"%s\",\"retry_safe\":%s}\n",
            w->title, w->status, w->type, w->word, w->title, ours ? "unknown" : "not_sent",
            ours ? "false" : "true");
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool only(struct span s, const char *also)
{
    for (size_t i = 0; i < s.n; i++) {
        if (!is_alnum(s.p[i]) && (s.p[i] == '\0' || strchr(also, s.p[i]) == NULL))
            return false;
    }
    return s.n > 0;
}

static bool port_ok(struct span s)
{
    uint64_t n;

    return s.n > 0 && s.n <= 5 && span_u64(s, &n) == OK && n <= UINT16_MAX;
}

/* RFC 3986 section 3.2.2, without user info. */
bool px_authority_ok(struct span a)
{
    const char *end = a.n > 0 && a.p[0] == '[' ? memchr(a.p, ']', a.n) : NULL;
    const char *colon = NULL;
    struct span host, port;

    if (a.n == 0 || a.n > 255 + 6 || (a.p[0] == '[' && end == NULL))
        return false;
    if (end != NULL) {
        host = (struct span){ a.p + 1, (size_t)(end - a.p) - 1 };
        port = span_drop(a, host.n + 2);
        return only(host, ":.") &&
               (port.n == 0 || (port.p[0] == ':' && port_ok(span_drop(port, 1))));
    }
    colon = memchr(a.p, ':', a.n);
    if (colon == NULL)
        return only(a, "-._~%!$&'()*+,;=");
    host = span_take(a, (size_t)(colon - a.p));
    return only(host, "-._~%!$&'()*+,;=") && port_ok(span_drop(a, host.n + 1));
}

void px_path_split(struct span whole, struct span *path, struct span *query)
{
    const char *q = whole.n == 0 ? NULL : memchr(whole.p, '?', whole.n);

    *path = q == NULL ? whole : span_take(whole, (size_t)(q - whole.p));
    *query = q == NULL ? SPAN_NONE : span_drop(whole, path->n + 1);
}

/* RFC 9110 section 9.1: methods are case-sensitive; all that are known are capital letters. */
static bool method_ok(struct span m)
{
    for (size_t i = 0; i < m.n; i++) {
        if ((m.p[i] < 'A' || m.p[i] > 'Z') && m.p[i] != '-')
            return false;
    }
    return m.n > 0 && m.n <= 20;
}

static enum px_refusal path_check(struct span p, struct span method)
{
    if (p.n > LIMIT_PATH)
        return PX_REFUSE_PATH_TOO_LONG;
    if (span_is(p, "*"))
        return span_is(method, "OPTIONS") ? PX_REFUSE_NOT : PX_REFUSE_PATH;
    if (p.n == 0 || p.p[0] != '/')
        return PX_REFUSE_PATH;
    for (size_t i = 0; i < p.n; i++) {
        if (p.p[i] <= ' ' || p.p[i] > '~' || p.p[i] == '#')
            return PX_REFUSE_PATH;
    }
    return PX_REFUSE_NOT;
}

static bool same_nocase(struct span a, struct span b)
{
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++) {
        unsigned char x = (unsigned char)a.p[i], y = (unsigned char)b.p[i];

        if (x != y && !((x ^ y) == 0x20 && is_alnum((char)x) && is_alnum((char)y)))
            return false;
    }
    return true;
}

/* Fields that may stand once (RFC 9110 section 5.3, draft-ietf-httpapi-idempotency-key-header) and
 * that somebody decides by. */
enum once { HOST, CONTENT_LENGTH, CONTENT_TYPE, AUTHORIZATION, IDEMPOTENCY_KEY, EXPECT, ONCE_ };

static enum once once_of(struct span name)
{
    switch (name.n) {
    case 4: return span_is(name, "host") ? HOST : ONCE_;
    case 6: return span_is(name, "expect") ? EXPECT : ONCE_;
    case 12: return span_is(name, "content-type") ? CONTENT_TYPE : ONCE_;
    case 13: return span_is(name, "authorization") ? AUTHORIZATION : ONCE_;
    case 14: return span_is(name, "content-length") ? CONTENT_LENGTH : ONCE_;
    case 15: return span_is(name, "idempotency-key") ? IDEMPOTENCY_KEY : ONCE_;
    default: return ONCE_;
    }
}

/* Control characters in a value: one reader may end the line where another goes on. */
bool px_value_ok(struct span v)
{
    for (size_t i = 0; i < v.n; i++) {
        unsigned char c = (unsigned char)v.p[i];

        if ((c < ' ' && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

/* RFC 9110 section 5.1: a token, which nothing is not. */
static bool name_ok(struct span n)
{
    return only(n, "!#$%&'*+-.^_`|~");
}

static enum px_refusal fields_check(const struct px_head *h, struct span once[ONCE_])
{
    bool seen[ONCE_] = { false };

    for (unsigned i = 0; i < h->headers; i++) {
        enum once o = once_of(h->header[i].name);

        if (!name_ok(h->header[i].name) || !px_value_ok(h->header[i].value) ||
            (h->protocol == PX_HTTP2 && span_is(h->header[i].name, "http2-settings")))
            return PX_REFUSE_HEADER;
        if (o == ONCE_)
            continue;
        if (seen[o])
            return o == HOST             ? PX_REFUSE_AUTHORITY
                   : o == CONTENT_LENGTH ? PX_REFUSE_BODY_FRAMING
                                         : PX_REFUSE_DUPLICATE_HEADER;
        seen[o] = true;
        once[o] = h->header[i].value;
        if (once[o].p == NULL)
            once[o].p = "";
    }
    return PX_REFUSE_NOT;
}

/* One name for the host, wherever it stands (RFC 9112 section 3.2, RFC 9113 section 8.3.1). */
static bool authority_check(const struct px_head *h, struct span host)
{
    struct span a = h->authority.p != NULL ? h->authority : host;

    if (a.p == NULL)
        return h->http10;
    if (host.p != NULL && !same_nocase(a, host))
        return false;
    return px_authority_ok(a);
}

static enum px_refusal length_check(struct px_head *h, struct span told)
{
    uint64_t n = 0;
    enum err e;

    h->content_length = -1;
    if (told.p == NULL)
        return PX_REFUSE_NOT;
    e = span_u64(told, &n);
    if (e == E_RANGE)
        return PX_REFUSE_BODY_TOO_LARGE;
    if (e != OK)
        return PX_REFUSE_BODY_FRAMING;
    if (n > LIMIT_BODY)
        return PX_REFUSE_BODY_TOO_LARGE;
    h->content_length = (int64_t)n;
    return PX_REFUSE_NOT;
}

enum px_refusal px_head_check(struct px_head *h)
{
    struct span once[ONCE_] = { { NULL, 0 } };
    enum px_refusal r;

    if (!method_ok(h->method))
        return PX_REFUSE_METHOD;
    if ((r = path_check(h->path, h->method)) != PX_REFUSE_NOT ||
        (r = fields_check(h, once)) != PX_REFUSE_NOT)
        return r;
    if (h->scheme.p != NULL && !span_is_nocase(h->scheme, h->tls ? "https" : "http"))
        return PX_REFUSE_SCHEME;
    if (!authority_check(h, once[HOST]))
        return PX_REFUSE_AUTHORITY;
    h->expects = once[EXPECT].p != NULL;
    if (h->expects && !span_is_nocase(once[EXPECT], "100-continue"))
        return PX_REFUSE_EXPECTATION;
    return length_check(h, once[CONTENT_LENGTH]);
}
