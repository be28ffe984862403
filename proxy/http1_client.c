/* proxy/http1_client.c -- HTTP/1.1 as a client: one request at a time, llhttp reads the answer.
 *
 * An answer counts only if its framing proves that it is whole: by Content-Length, by chunks, or by
 * the close_notify of a TLS peer; a bare FIN proves nothing. Bytes behind an answer belong to no
 * request, so the connection that carried them is not used again. */
#include "proxy/client.h"

#include <llhttp.h>
#include <stdlib.h>

#include "routing/base/buf.h"
#include "routing/base/check.h"

enum {
    WIRE_MAX = 2 * LIMIT_ANSWER_BODY + 4 * LIMIT_HEADER_BYTES, /* of one answer, chunk heads too */
    REASON_MAX = 1024,
};

struct http1 {
    struct px_client c; /* first */
    llhttp_t parser;
    bool spent;       /* takes no further request */
    bool begun;       /* the parser is inside an answer */
    bool until_close; /* this answer ends with the connection */
    bool complete;    /* the whole answer has been read */
    const char *fault;
    size_t got, reason_n; /* bytes of this answer, of its reason phrase */
};

static struct http1 *http1_of(struct px_client *c)
{
    return (struct http1 *)c;
}

/* ---- what the parser says ---- */

static struct px_exchange *current(llhttp_t *p)
{
    struct px_exchange *x = ((struct http1 *)p->data)->c.first_;

    CHECK(x != NULL);
    return x;
}

static int fault(llhttp_t *p, const char *why)
{
    ((struct http1 *)p->data)->fault = why;
    return -1;
}

static int on_begin(llhttp_t *p)
{
    ((struct http1 *)p->data)->reason_n = 0;
    return 0;
}

static int on_reason(llhttp_t *p, const char *at, size_t n)
{
    struct http1 *h = p->data;

    (void)at;
    h->reason_n += n;
    return h->reason_n > REASON_MAX ? fault(p, "header_limit") : 0;
}

static int on_name(llhttp_t *p, const char *at, size_t n)
{
    return px_exchange_name(current(p), (struct span){ at, n }) ? 0 : fault(p, "header_limit");
}

static int on_value(llhttp_t *p, const char *at, size_t n)
{
    return px_exchange_value(current(p), (struct span){ at, n }) ? 0 : fault(p, "header_limit");
}

/* An informational answer; 101 is none: it ends HTTP on this connection. */
static bool informational(const llhttp_t *p)
{
    return p->status_code / 100 == 1 && p->status_code != 101;
}

/* RFC 9112 section 6.3, points 1 and 2. */
static bool bodyless(const llhttp_t *p, const struct px_exchange *x)
{
    return p->status_code == 101 || p->status_code == 204 || p->status_code == 304 ||
           span_is(x->request.method, "HEAD");
}

/* 1 tells the parser that no body follows, whatever the header says. */
static int on_headers(llhttp_t *p)
{
    struct http1 *h = p->data;
    struct px_exchange *x = current(p);

    if (p->http_major != 1 || p->status_code < 100 || p->status_code > 599)
        return fault(p, "malformed");
    if (informational(p))
        return 1;
    px_exchange_final(x, p->status_code);
    if (bodyless(p, x))
        return 1;
    h->until_close = llhttp_message_needs_eof(p) != 0;
    return 0;
}

static int on_body(llhttp_t *p, const char *at, size_t n)
{
    return px_exchange_body(current(p), (struct span){ at, n }) ? 0 : fault(p, "body_limit");
}

static int on_complete(llhttp_t *p)
{
    struct http1 *h = p->data;

    if (!current(p)->final)
        return px_exchange_informational(current(p)) ? 0 : fault(p, "informational_limit");
    h->complete = true;
    h->spent =
        h->spent || !llhttp_should_keep_alive(p) || !current(p)->whole || p->status_code == 101;
    return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
    .on_message_begin = on_begin,
    .on_status = on_reason,
    .on_header_field = on_name,
    .on_header_value = on_value,
    .on_headers_complete = on_headers,
    .on_body = on_body,
    .on_message_complete = on_complete,
};

/* ---- a client's calls ---- */

static unsigned http1_room(const struct px_client *c)
{
    return c->exchanges_ == 0 && !((const struct http1 *)c)->spent;
}

static void http1_start(struct px_client *c, struct px_exchange *x)
{
    struct http1 *h = http1_of(c);

    CHECK(http1_room(c) == 1);
    px_client_keep(c, x);
    llhttp_init(&h->parser, HTTP_RESPONSE, &settings);
    h->parser.data = h;
    h->begun = h->until_close = h->complete = false;
    h->fault = NULL;
    h->got = 0;
    c->io_->wake(c->ctx_);
}

/* Surplus: what the parser did not take when it paused behind the answer. */
static bool surplus(const struct http1 *h, struct span bytes)
{
    return llhttp_get_error_pos(&h->parser) != bytes.p + bytes.n;
}

static bool http1_receive(struct px_client *c, struct span bytes, int64_t now_ns)
{
    struct http1 *h = http1_of(c);
    llhttp_errno_t e;

    (void)now_ns;
    if (bytes.n == 0)
        return true;
    if (c->first_ == NULL) { /* nobody asked */
        h->spent = true;
        return false;
    }
    h->begun = true;
    h->got += bytes.n;
    c->first_->headed = true; /* even a part of a status line is a sign of life */
    if (h->got > WIRE_MAX && h->fault == NULL)
        h->fault = "body_limit";
    e = h->fault != NULL ? HPE_USER : llhttp_execute(&h->parser, bytes.p, bytes.n);
    if (h->complete) {
        h->spent = h->spent || surplus(h, bytes);
        px_client_end(c->first_, PX_ENDED_ANSWERED, "answered");
        return !h->spent;
    }
    if (e == HPE_OK)
        return true;
    h->spent = true;
    px_client_end(c->first_, PX_ENDED_BROKEN, h->fault == NULL ? "malformed" : h->fault);
    return false;
}

/* ---- writing ---- */

static bool put(struct px_client *c, struct span s)
{
    return s.n == 0 || c->io_->put(c->ctx_, s);
}

static bool put_field(struct px_client *c, struct span name, struct span value)
{
    return put(c, name) && put(c, SPAN(": ")) && put(c, value) && put(c, SPAN("\r\n"));
}

/* RFC 9110 section 8.6: a length for every request whose method gives content a meaning. */
static bool put_length(struct px_client *c, const struct px_message *m)
{
    char text[24];
    struct buf b = BUF_OF(text);

    if (m->body.n == 0 && (span_is(m->method, "GET") || span_is(m->method, "HEAD")))
        return true;
    buf_u64(&b, m->body.n);
    return put_field(c, SPAN("content-length"), buf_span(&b));
}

static bool put_request(struct px_client *c, const struct px_message *m)
{
    bool ok = put(c, m->method) && put(c, SPAN(" ")) && put(c, m->path) &&
              put(c, SPAN(" HTTP/1.1\r\n")) && put_field(c, SPAN("host"), m->authority);

    for (unsigned i = 0; ok && i < m->headers; i++)
        ok = put_field(c, m->header[i].name, m->header[i].value);
    return ok && put_length(c, m) && put(c, SPAN("\r\n")) && put(c, m->body);
}

/* More than the request can be with everything we add. */
static size_t request_most(const struct px_exchange *x)
{
    return x->ask_.n + 4u * x->request.headers + 128;
}

static bool http1_fill(struct px_client *c)
{
    struct px_exchange *x = c->first_;

    if (x == NULL || x->first_at != PX_NOWHERE || c->io_->room(c->ctx_) < request_most(x))
        return true;
    x->first_at = c->io_->at(c->ctx_);
    x->whole = put_request(c, &x->request);
    return x->whole;
}

/* ---- ends ---- */

static void http1_cancel(struct px_client *c, struct px_exchange *x)
{
    CHECK(x->client_ == c);
    if (x->first_at != PX_NOWHERE)
        http1_of(c)->spent = true;
    px_client_drop(x);
}

static void http1_lost(struct px_client *c, enum px_client_lost how, const char *why)
{
    struct http1 *h = http1_of(c);
    struct px_exchange *x = c->first_;

    h->spent = true;
    if (x == NULL)
        return;
    if (how == PX_LOST_EOF && h->until_close && x->final) {
        px_client_end(x, PX_ENDED_ANSWERED, "answered");
        return;
    }
    px_client_end(x, PX_ENDED_BROKEN, h->begun ? "truncated" : why);
}

static bool http1_greeted(const struct px_client *c)
{
    (void)c;
    return true;
}

static bool http1_over(const struct px_client *c)
{
    return c->exchanges_ == 0 && ((const struct http1 *)c)->spent;
}

static void http1_bye(struct px_client *c)
{
    http1_of(c)->spent = true;
}

static void http1_destroy(struct px_client *c)
{
    CHECK(c->exchanges_ == 0);
    free(c);
}

static const struct px_client_kind http1_kind = {
    .room = http1_room,
    .start = http1_start,
    .receive = http1_receive,
    .fill = http1_fill,
    .cancel = http1_cancel,
    .lost = http1_lost,
    .greeted = http1_greeted,
    .over = http1_over,
    .bye = http1_bye,
    .destroy = http1_destroy,
};

struct px_client *px_http1_client_create(const struct px_client_io *io, void *ctx)
{
    struct http1 *h = calloc(1, sizeof *h);

    if (h == NULL)
        return NULL;
    h->c = (struct px_client){ .kind_ = &http1_kind, .io_ = io, .ctx_ = ctx };
    return &h->c;
}
