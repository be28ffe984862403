/* proxy/http1_server.c -- HTTP/1.1 as a server: llhttp between a connection and its requests.
 *
 * One request at a time: what is pipelined behind it waits, so answers are in order by themselves.
 * The head is gathered whole and scanned before llhttp sees it; then its spans lie in one piece. */
#include <llhttp.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/http1_scan.h"
#include "proxy/log.h"
#include "proxy/server_inside.h"
#include "routing/base/check.h"
#include "routing/base/limits.h"
#include "routing/base/secret.h"

enum {
    HEAD_MAX = LIMIT_HEADER_BYTES + LIMIT_PATH + 1024, /* with the punctuation */
    HEAD_START = 1024,
    BODY_RAW_MAX = 8 * LIMIT_BODY, /* with chunk sizes, chunk extensions and trailers */
    PIPELINE_MAX = 64 * 1024,      /* bytes waiting behind a request; then we stop reading */
    HEAD_OUT = 8 * 1024,           /* the head of an answer */
    LINGER_MS = 1000
};

struct http1 {
    llhttp_t parser;
    struct px_server_conn *c;
    struct px_server_request *q; /* the one at hand; NULL between requests */
    char *head;                  /* in q's arena */
    size_t head_n, head_cap, scanned;
    size_t body_raw;
    struct span url; /* in head */
    char *waiting;   /* bytes behind q: [waiting_at, waiting_n) */
    size_t waiting_at, waiting_n, waiting_cap;
    enum px_refusal why; /* a callback said no */
    bool headed;         /* q's head is in */
    bool whole;          /* q is */
    bool keep_alive;     /* q's */
    bool closing;        /* the last answer is out; nothing more is read */
};

static struct http1 *http1_of(llhttp_t *p)
{
    return p->data;
}

/* ---- what llhttp finds ---- */

static int on_url(llhttp_t *p, const char *at, size_t n)
{
    struct http1 *h = http1_of(p);

    CHECK(h->url.p == NULL);
    h->url = (struct span){ at, n };
    return 0;
}

/* Names and values of the head lie in one piece each; of trailers, which are not kept, they may
 * not. */
static int on_name(llhttp_t *p, const char *at, size_t n)
{
    struct px_server_request *q = http1_of(p)->q;

    if (http1_of(p)->headed)
        return 0;
    if (q->r.headers == LIMIT_HEADERS) {
        http1_of(p)->why = PX_REFUSE_HEADERS_TOO_LARGE;
        return HPE_USER;
    }
    q->r.header[q->r.headers++] = (struct px_header){ .name = { at, n }, .value = { at + n, 0 } };
    return 0;
}

static int on_value(llhttp_t *p, const char *at, size_t n)
{
    struct px_server_request *q = http1_of(p)->q;

    if (!http1_of(p)->headed)
        q->r.header[q->r.headers - 1].value = span_trim((struct span){ at, n });
    return 0;
}

static int on_headers_complete(llhttp_t *p)
{
    struct http1 *h = http1_of(p);

    p->upgrade = 0; /* nothing to upgrade to: RFC 9110 section 7.8 lets us ignore it */
    h->keep_alive = llhttp_should_keep_alive(p) == 1;
    return 0;
}

static int on_body(llhttp_t *p, const char *at, size_t n)
{
    struct http1 *h = http1_of(p);

    if (px_server_request_body(h->q, (struct span){ at, n }))
        return 0;
    h->why = PX_REFUSE_BODY_TOO_LARGE;
    return HPE_USER;
}

static int on_whole(llhttp_t *p)
{
    http1_of(p)->whole = true;
    return HPE_PAUSED; /* what follows is another request */
}

static const llhttp_settings_t settings = {
    .on_url = on_url,
    .on_header_field = on_name,
    .on_header_value = on_value,
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_message_complete = on_whole,
};

/* ---- ending ---- */

static void finish(struct http1 *h)
{
    h->closing = true;
    px_conn_finish(h->c->conn, LINGER_MS);
}

/* What the peer means next is not known any more (or not worth knowing): answer and end. */
static void refuse(struct http1 *h, enum px_refusal why)
{
    h->head = NULL;
    px_server_request_refuse(h->q, why);
}

/* ---- the head ---- */

static bool begin(struct http1 *h)
{
    h->q = px_server_request_create(h->c);
    if (h->q == NULL) {
        static const char busy[] = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n"
                                   "Retry-After: 1\r\nConnection: close\r\n\r\n";

        (void)!px_conn_put(h->c->conn, (struct span){ busy, sizeof busy - 1 });
        finish(h);
        return false;
    }
    llhttp_init(&h->parser, HTTP_REQUEST, &settings);
    h->parser.data = h;
    h->head = NULL;
    h->head_n = h->head_cap = h->scanned = h->body_raw = 0;
    h->url = SPAN_NONE;
    h->why = PX_REFUSE_NOT;
    h->headed = h->whole = h->keep_alive = false;
    return true;
}

static bool head_room(struct http1 *h, size_t need)
{
    size_t cap = h->head_cap > 0 ? h->head_cap : HEAD_START;
    char *p;

    if (need <= h->head_cap)
        return true;
    while (cap < need)
        cap *= 2;
    p = arena_alloc(&h->q->r.arena, cap);
    if (p == NULL)
        return false;
    if (h->head_n > 0)
        memcpy(p, h->head, h->head_n);
    h->head = p;
    h->head_cap = cap;
    return true;
}

/* RFC 9112 section 3.2.2: "http://host/path" is taken apart; the host must be Host's. */
static void take_target(struct http1 *h)
{
    struct px_head *head = &h->q->head;
    const char *colon, *slash;
    struct span rest;

    head->path = h->url;
    if (h->url.n == 0 || h->url.p[0] == '/' || span_is(h->url, "*"))
        return;
    colon = memchr(h->url.p, ':', h->url.n);
    rest = colon == NULL ? SPAN_NONE : span_drop(h->url, (size_t)(colon - h->url.p) + 1);
    if (!span_starts(rest, "//"))
        return; /* the authority form, or nonsense: no path, so px_head_check() says no */
    head->scheme = span_take(h->url, (size_t)(colon - h->url.p));
    rest = span_drop(rest, 2);
    slash = memchr(rest.p, '/', rest.n);
    head->authority = slash == NULL ? rest : span_take(rest, (size_t)(slash - rest.p));
    head->path = slash == NULL ? SPAN("/") : span_drop(rest, head->authority.n);
}

static void lower(struct span s)
{
    char *p = (char *)(uintptr_t)s.p; /* our own copy of the head */

    for (size_t i = 0; i < s.n; i++) {
        if (p[i] >= 'A' && p[i] <= 'Z')
            p[i] = (char)(p[i] + ('a' - 'A'));
    }
}

/* One clear way to tell the length (RFC 9112 section 6.3): chunked and nothing else, or a
 * Content-Length; never both, never in HTTP/1.0 chunked. */
static bool framing_ok(struct http1 *h)
{
    bool length = px_header_find(h->q->r.header, h->q->r.headers, "content-length").p != NULL;
    unsigned encodings = 0;

    for (unsigned i = 0; i < h->q->r.headers; i++) {
        const struct px_header *f = &h->q->r.header[i];

        if (!span_is(f->name, "transfer-encoding"))
            continue;
        if (!span_is_nocase(f->value, "chunked"))
            return false;
        encodings++;
    }
    return encodings == 0 || (encodings == 1 && !length && !h->q->head.http10);
}

static enum px_refusal of_parser(const struct http1 *h, llhttp_errno_t e)
{
    if (h->why != PX_REFUSE_NOT)
        return h->why;
    switch ((int)e) {
    case HPE_INVALID_METHOD: return PX_REFUSE_METHOD;
    case HPE_INVALID_VERSION: return PX_REFUSE_VERSION;
    case HPE_INVALID_URL: return PX_REFUSE_PATH;
    case HPE_INVALID_HEADER_TOKEN: return PX_REFUSE_HEADER;
    case HPE_UNEXPECTED_CONTENT_LENGTH:
    case HPE_INVALID_CONTENT_LENGTH:
    case HPE_INVALID_CHUNK_SIZE:
    case HPE_INVALID_TRANSFER_ENCODING: return PX_REFUSE_BODY_FRAMING;
    default: return PX_REFUSE_SYNTAX;
    }
}

static size_t fields_size(struct http1 *h)
{
    size_t n = 0;

    for (unsigned i = 0; i < h->q->r.headers; i++) {
        lower(h->q->r.header[i].name);
        n += h->q->r.header[i].name.n + h->q->r.header[i].value.n;
    }
    return n;
}

static enum px_refusal check_head(struct http1 *h)
{
    struct px_head *head = &h->q->head;

    head->http10 = h->parser.http_major == 1 && h->parser.http_minor == 0;
    if (h->parser.http_major != 1 || h->parser.http_minor > 1)
        return PX_REFUSE_VERSION;
    if (fields_size(h) > LIMIT_HEADER_BYTES)
        return PX_REFUSE_HEADERS_TOO_LARGE;
    if (!framing_ok(h))
        return PX_REFUSE_BODY_FRAMING;
    head->method = span_str(llhttp_method_name((llhttp_method_t)h->parser.method));
    take_target(h);
    return PX_REFUSE_NOT;
}

/* The head is here in one piece. */
static void parse_head(struct http1 *h)
{
    llhttp_errno_t e = llhttp_execute(&h->parser, h->head, h->head_n);
    enum px_refusal why = e == HPE_OK || e == HPE_PAUSED ? check_head(h) : of_parser(h, e);

    if (e == HPE_PAUSED)
        llhttp_resume(&h->parser);
    h->headed = true;
    if (why != PX_REFUSE_NOT)
        refuse(h, why);
    else if (px_server_request_headed(h->q) && h->q->head.expects && !h->whole &&
             !h->q->head.http10)
        (void)!px_conn_put(h->c->conn, SPAN("HTTP/1.1 100 Continue\r\n\r\n"));
}

/* Adds to the head; how many of the bytes belonged to it. */
static size_t take_head(struct http1 *h, struct span bytes)
{
    size_t before = h->head_n, room = HEAD_MAX - h->head_n;
    size_t n = bytes.n < room ? bytes.n : room;

    if (!head_room(h, h->head_n + n)) {
        refuse(h, PX_REFUSE_HEADERS_TOO_LARGE);
        return bytes.n;
    }
    memcpy(h->head + h->head_n, bytes.p, n);
    h->head_n += n;
    switch (px_http1_scan((struct span){ h->head, h->head_n }, &h->scanned)) {
    case PX_SCAN_MORE:
        if (h->head_n == HEAD_MAX)
            refuse(h, h->scanned == 0 ? PX_REFUSE_PATH_TOO_LONG : PX_REFUSE_HEADERS_TOO_LARGE);
        return n;
    case PX_SCAN_BAD: refuse(h, PX_REFUSE_SYNTAX); return n;
    case PX_SCAN_DONE: break;
    }
    n = h->scanned - before;
    h->head_n = h->scanned;
    parse_head(h);
    return n;
}

/* ---- the body ---- */

static size_t take_body(struct http1 *h, struct span bytes)
{
    llhttp_errno_t e = llhttp_execute(&h->parser, bytes.p, bytes.n);
    size_t n = bytes.n;

    if (e == HPE_PAUSED) {
        n = (size_t)(llhttp_get_error_pos(&h->parser) - bytes.p);
        llhttp_resume(&h->parser);
    } else if (e != HPE_OK) {
        refuse(h, of_parser(h, e));
        return n;
    }
    h->body_raw += n;
    if (h->body_raw > BODY_RAW_MAX)
        refuse(h, PX_REFUSE_BODY_TOO_LARGE);
    return n;
}

/* ---- bytes ---- */

static bool is_busy(const struct http1 *h)
{
    return h->closing || (h->q != NULL && (h->whole || h->q->refused));
}

/* RFC 9112 section 2.2: empty lines before a request are nothing. */
static size_t empty_lines(struct span s)
{
    size_t n = 0;

    while (n < s.n && (s.p[n] == '\r' || s.p[n] == '\n'))
        n++;
    return n;
}

/* Works through the bytes until they are used up or a request has to be answered first; how many
 * were used. */
static size_t consume(struct http1 *h, struct span bytes)
{
    struct span rest = bytes;

    while (rest.n > 0 && !is_busy(h)) {
        if (h->q == NULL) {
            rest = span_drop(rest, empty_lines(rest));
            if (rest.n == 0 || !begin(h))
                break;
        }
        rest = span_drop(rest, h->headed ? take_body(h, rest) : take_head(h, rest));
        if (h->q != NULL && h->whole && h->q->phase == PX_PHASE_BODY) {
            px_server_request_complete(h->q);
            px_server_conn_dispatch(h->c);
        }
    }
    return bytes.n - rest.n;
}

static void drop_waiting(struct http1 *h)
{
    if (h->waiting != NULL)
        secret_wipe(h->waiting, h->waiting_n);
    free(h->waiting);
    h->waiting = NULL;
    h->waiting_at = h->waiting_n = h->waiting_cap = 0;
}

static void append(struct http1 *h, struct span bytes)
{
    size_t need = h->waiting_n + bytes.n;
    char *p = h->waiting;

    if (h->closing || bytes.n == 0)
        return;
    if (need > h->waiting_cap) {
        p = malloc(need);
        if (p == NULL) {
            finish(h);
            return;
        }
        if (h->waiting_n > 0)
            memcpy(p, h->waiting, h->waiting_n);
        if (h->waiting != NULL)
            secret_wipe(h->waiting, h->waiting_n);
        free(h->waiting);
        h->waiting = p;
        h->waiting_cap = need;
    }
    memcpy(p + h->waiting_n, bytes.p, bytes.n);
    h->waiting_n = need;
    if (need - h->waiting_at >= PIPELINE_MAX)
        px_conn_pause(h->c->conn, true);
}

static void data(struct px_server_conn *c, struct span bytes)
{
    struct http1 *h = c->session;

    if (h->waiting_n == 0)
        bytes = span_drop(bytes, consume(h, bytes));
    append(h, bytes);
}

static void go_on(struct http1 *h)
{
    struct span s;

    if (h->waiting_n == 0 || is_busy(h))
        return;
    s = (struct span){ h->waiting + h->waiting_at, h->waiting_n - h->waiting_at };
    h->waiting_at += consume(h, s);
    if (h->waiting_at == h->waiting_n || h->closing)
        drop_waiting(h);
    if (h->waiting_n - h->waiting_at < PIPELINE_MAX)
        px_conn_pause(h->c->conn, false);
}

/* ---- answers ---- */

static void answered(struct http1 *h)
{
    px_server_request_release(h->q);
    h->q = NULL;
    if (!h->keep_alive || h->c->draining)
        finish(h);
    else
        px_conn_wake(h->c->conn); /* what waits, from fill() */
}

static void send_kept(struct http1 *h)
{
    struct span s = px_server_request_kept(h->q);
    size_t room = px_conn_room(h->c->conn);

    s = span_take(s, room);
    if (s.n > 0 && px_conn_put(h->c->conn, s))
        h->q->answer_at += s.n;
    if (px_server_request_kept(h->q).n == 0)
        answered(h);
}

static void fill(struct px_server_conn *c)
{
    struct http1 *h = c->session;

    if (h->closing)
        return;
    if (h->q != NULL && h->q->responded)
        send_kept(h);
    go_on(h);
}

static void put_field(struct buf *b, struct span name, struct span value)
{
    buf_put(b, name);
    buf_str(b, ": ");
    buf_put(b, value);
    buf_str(b, "\r\n");
}

static void put_head(struct http1 *h, const struct px_message *m, struct buf *b)
{
    bool close = !h->keep_alive || h->c->draining;

    buf_str(b, "HTTP/1.1 ");
    buf_i64(b, m->status);
    buf_byte(b, ' ');
    buf_str(b, px_status_text(m->status));
    buf_str(b, "\r\n");
    put_field(b, SPAN("Date"), px_server_date(h->c->server));
    for (unsigned i = 0; i < m->headers; i++) {
        if (px_value_ok(m->header[i].value))
            put_field(b, m->header[i].name, m->header[i].value);
    }
    if (close || h->q->head.http10)
        put_field(b, SPAN("Connection"), close ? SPAN("close") : SPAN("keep-alive"));
    if (m->status != 204 && m->status != 304) {
        buf_str(b, "Content-Length: ");
        buf_u64(b, m->body.n);
        buf_str(b, "\r\n");
    }
    buf_str(b, "\r\n");
}

/* An answer that can not be written leaves the client without one, never with half of one. */
static void give_up(struct http1 *h, const char *why)
{
    LOG(ERROR, "server.http1_answer", F("why", why));
    px_server_request_release(h->q);
    h->q = NULL;
    finish(h);
}

static void respond(struct px_server_request *q, const struct px_message *m)
{
    struct http1 *h = q->on->session;
    char text[HEAD_OUT];
    struct buf b = BUF_OF(text);
    bool bodiless = m->status == 204 || m->status == 304 || span_is(q->head.method, "HEAD");

    CHECK(h->q == q);
    if (q->refused) /* where its end is, is not known or not waited for */
        h->keep_alive = false;
    put_head(h, m, &b);
    if (!buf_ok(&b) || !px_conn_put(h->c->conn, buf_span(&b)))
        give_up(h, "head");
    else if (bodiless || px_conn_put(h->c->conn, m->body))
        answered(h);
    else if (!px_server_request_keep(q, m->body)) /* sent as the queue empties */
        give_up(h, "memory");
}

/* ---- deadlines and draining ---- */

static void late(struct px_server_request *q)
{
    struct http1 *h = q->on->session;

    if (q->phase == PX_PHASE_SENDING)
        finish(h);
    else
        refuse(h, PX_REFUSE_TOO_SLOW);
}

static void quiet(struct px_server_conn *c)
{
    finish(c->session);
}

static void drain(struct px_server_conn *c)
{
    struct http1 *h = c->session;

    if (h->q == NULL && h->waiting_n == 0)
        finish(h);
}

/* ---- life ---- */

static bool start(struct px_server_conn *c)
{
    struct http1 *h = calloc(1, sizeof *h);

    if (h == NULL)
        return false;
    h->c = c;
    c->session = h;
    return true;
}

static void stop(struct px_server_conn *c)
{
    struct http1 *h = c->session;

    c->session = NULL;
    drop_waiting(h);
    free(h);
}

const struct px_speaker px_http1_speaker = {
    .start = start,
    .data = data,
    .fill = fill,
    .respond = respond,
    .late = late,
    .quiet = quiet,
    .drain = drain,
    .stop = stop,
};
