/* loadtest/pspsim/h1.c -- HTTP/1.1, server side: strict and small (RFC 9112).
 *
 * Own parser on purpose: the gateway uses llhttp. What a careful client never sends is an error:
 * bare LF, folded lines, spaces before the colon, several or missing Host, chunked bodies (we are
 * sent short JSON and forms of known length). */
#include <stdio.h>
#include <string.h>

#include "loadtest/pspsim/conn.h"
#include "loadtest/pspsim/pipeline.h"

enum { HEAD_MAX = 16 * 1024 };

void sim_h1_start(struct sim_conn *c)
{
    c->stage = SIM_HTTP1;
}

static bool refuse(struct sim_conn *c, int status)
{
    c->sim->count[c->who].malformed++;
    lt_fmt(&c->out, "HTTP/1.1 %d %s\r\ncontent-length: 0\r\nconnection: close\r\n\r\n", status,
           sim_reason_phrase(status));
    sim_conn_doom(c, SIM_CLOSE_, 0);
    return false;
}

static bool is_token(struct span s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool alnum = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');

        if (!alnum && (c == 0 || strchr("!#$%&'*+-.^_`|~", c) == NULL))
            return false;
    }
    return s.n > 0;
}

static bool is_visible(struct span s, bool spaces)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];

        if (c == 0x7f || (c < 0x20 && c != '\t') || (!spaces && c == ' '))
            return false;
    }
    return true;
}

static bool request_line(struct sim_req *r, struct span line)
{
    struct span method, target, version;

    if (!span_cut(&line, ' ', &method) || !span_cut(&line, ' ', &target) ||
        !span_cut(&line, ' ', &version) || line.p != NULL)
        return false;
    if (!is_token(method) || target.n == 0 || target.p[0] != '/' || !is_visible(target, false) ||
        !span_is(version, "HTTP/1.1"))
        return false;
    r->method = sim_req_keep(r, method);
    sim_req_target(r, sim_req_keep(r, target));
    return r->method.p != NULL && r->path.p != NULL;
}

static bool header_line(struct sim_req *r, struct span line)
{
    struct span name;

    if (!span_cut(&line, ':', &name) || line.p == NULL || !is_token(name))
        return false;
    line = span_trim(line);
    return is_visible(line, true) && sim_req_header_add(r, name, line);
}

/* The next line without its CRLF. */
static bool line_cut(struct span *rest, struct span *line)
{
    const char *end = memchr(rest->p, '\n', rest->n);

    if (end == NULL || end == rest->p || end[-1] != '\r')
        return false;
    *line = (struct span){ rest->p, (size_t)(end - rest->p) - 1 };
    *rest = span_drop(*rest, line->n + 2);
    return memchr(line->p, '\r', line->n) == NULL;
}

static unsigned header_count(const struct sim_req *r, const char *name)
{
    unsigned n = 0;

    for (unsigned i = 0; i < r->headers; i++)
        n += span_is_nocase(r->header[i].name, name);
    return n;
}

static bool body_length(const struct sim_req *r, size_t *need)
{
    unsigned given = header_count(r, "content-length");
    uint64_t n = 0;

    if (given > 1 || header_count(r, "transfer-encoding") > 0 || header_count(r, "host") != 1)
        return false;
    if (given == 1 && span_u64(sim_req_header(r, "content-length"), &n) != OK)
        return false;
    *need = (size_t)n;
    return n <= SIM_BODY_MAX;
}

/* Reads head[0..n), which ends with an empty line. NULL if it is not HTTP. */
static struct sim_req *head_read(struct sim_conn *c, struct span head)
{
    struct sim_req *r = sim_req_open(c->sim, c->who);
    struct span line;
    bool ok = line_cut(&head, &line) && request_line(r, line);

    while (ok && (ok = line_cut(&head, &line)) && line.n > 0)
        ok = header_line(r, line);
    if (!ok || !body_length(r, &c->h1_need)) {
        sim_req_release(r);
        return NULL;
    }
    r->authority = sim_req_header(r, "host");
    if (span_is_nocase(sim_req_header(r, "connection"), "close"))
        c->h1_close = true;
    return r;
}

/* A new request from c->in[*at..]; false: not all of its head is here, or it is broken. */
static bool request_begin(struct sim_conn *c, size_t *at)
{
    const char *from = c->in.p + *at;
    size_t n = c->in.n - *at;
    const char *end = n == 0 ? NULL : memmem(from, n, "\r\n\r\n", 4);

    if (end == NULL || end - from > HEAD_MAX)
        return n > HEAD_MAX ? refuse(c, 431) : false;
    c->h1 = head_read(c, (struct span){ from, (size_t)(end - from) + 4 });
    if (c->h1 == NULL)
        return refuse(c, 400);
    *at += (size_t)(end - from) + 4;
    sim_conn_join(c, c->h1);
    sim_head(c->h1);
    return c->doom <= SIM_DRAIN;
}

static bool body_read(struct sim_conn *c, size_t *at)
{
    size_t here = c->in.n - *at, n = here < c->h1_need ? here : c->h1_need;

    lt_bytes(&c->h1->body, c->in.p + *at, n);
    *at += n;
    c->h1_need -= n;
    return c->h1_need == 0;
}

bool sim_h1_read(struct sim_conn *c, const char *p, size_t n)
{
    size_t at = 0;

    if (n > 0)
        lt_bytes(&c->in, p, n);
    c->h1_reading = true;
    while (c->doom == SIM_ALIVE || (c->doom == SIM_DRAIN && c->h1 != NULL)) {
        if (c->h1 == NULL && !request_begin(c, &at))
            break;
        if (c->h1 == NULL || c->h1->whole || !body_read(c, &at))
            break; /* answered at its head and not read further; or busy; or more to come */
        c->h1->whole = true;
        sim_receive(c->h1);
    }
    c->h1_reading = false;
    if (c->in.n > at)
        memmove(c->in.p, c->in.p + at, c->in.n - at);
    c->in.n -= at;
    return c->doom <= SIM_DRAIN;
}

static void length_lines(struct sim_req *r, struct lt_out *o)
{
    size_t n = r->reply.body.n;
    enum sim_framing f = r->fault.kind == SIM_F_FRAMING ? r->fault.framing : SIM_FRAMINGS;

    if (f == SIM_NO_LENGTH)
        return;
    if (f == SIM_BAD_CHUNK || f == SIM_LENGTH_AND_CHUNKED)
        lt_z(o, "transfer-encoding: chunked\r\n");
    if (f == SIM_BAD_CHUNK)
        return;
    lt_fmt(o, "content-length: %zu\r\n", f == SIM_LENGTH_LONG ? n + 10 : n);
    if (f == SIM_LENGTH_TWICE)
        lt_fmt(o, "content-length: %zu\r\n", n + 1);
}

static void head_write(struct sim_req *r, struct lt_out *o)
{
    const struct sim_reply *p = &r->reply;

    for (int64_t i = 0; r->fault.kind == SIM_F_INTERIM && i < r->fault.bytes; i++)
        lt_z(o, "HTTP/1.1 103 Early Hints\r\nlink: </style.css>\r\n\r\n");
    lt_fmt(o, "HTTP/1.1 %d %s\r\n", p->status, sim_reason_phrase(p->status));
    for (unsigned i = 0; i < p->headers; i++) {
        lt_put(o, p->header[i].name);
        lt_bytes(o, ": ", 2);
        lt_put(o, p->header[i].value);
        lt_bytes(o, "\r\n", 2);
    }
    length_lines(r, o);
    if (r->conn->h1_close)
        lt_z(o, "connection: close\r\n");
    lt_bytes(o, "\r\n", 2);
}

/* Framing faults that need more than odd headers. True: the connection ends with this answer. */
static bool body_spoil(struct sim_req *r, struct lt_out *o)
{
    if (r->fault.kind != SIM_F_FRAMING)
        return false;
    switch (r->fault.framing) {
    case SIM_BAD_CHUNK: lt_z(o, "zz\r\n"); return true;
    case SIM_LENGTH_AND_CHUNKED: lt_fmt(o, "%zx\r\n", r->reply.body.n); return true;
    case SIM_SURPLUS: return false;
    case SIM_NO_LENGTH:
    case SIM_LENGTH_LONG:
    case SIM_LENGTH_TWICE:
    case SIM_FRAMINGS: break;
    }
    return true;
}

static void finish(struct sim_req *r)
{
    struct sim_conn *c = r->conn;

    c->h1 = NULL;
    c->served++;
    if (c->h1_close)
        sim_conn_doom(c, SIM_DRAIN, 0);
    sim_sent(r);
}

void sim_h1_answer(struct sim_req *r)
{
    struct sim_conn *c = r->conn;
    struct sim_reply *p = &r->reply;
    bool ends;

    p->started = true;
    head_write(r, &c->out);
    ends = body_spoil(r, &c->out);
    if (ends)
        c->h1_close = true;
    if (p->piece == 0 && p->limit == SIZE_MAX) {
        lt_put(&c->out, lt_out_span(&p->body));
        p->at = p->body.n;
        if (r->fault.kind == SIM_F_FRAMING && r->fault.framing == SIM_LENGTH_AND_CHUNKED)
            lt_z(&c->out, "\r\n0\r\n\r\n");
        if (r->fault.kind == SIM_F_FRAMING && r->fault.framing == SIM_SURPLUS)
            lt_z(&c->out, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
        finish(r);
        return;
    }
    sim_h1_more(r);
}

void sim_h1_more(struct sim_req *r)
{
    struct sim_reply *p = &r->reply;
    size_t left = p->body.n - p->at, n = p->piece > 0 && p->piece < left ? p->piece : left;

    if (p->limit - p->at < n)
        n = p->limit - p->at;
    lt_bytes(&r->conn->out, p->body.p + p->at, n);
    p->at += n;
    if (p->at == p->limit)
        sim_middle(r);
    else if (p->at == p->body.n)
        finish(r);
    else
        sim_more_later(r);
}
