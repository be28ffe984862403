/* loadtest/pspsim/strike.c -- carrying out a fault on a request. */
#include <string.h>

#include "loadtest/pspsim/conn.h"
#include "loadtest/pspsim/dialect.h"
#include "loadtest/pspsim/pipeline.h"

enum {
    REFUSED_STREAM = 7,  /* RFC 9113 section 7 */
    RESET_AFTER_MS = 20, /* so that what was written before the reset is read first */
};

static const char page[] = "<!DOCTYPE html>\n<html><head><title>502 Bad Gateway</title></head>"
                           "<body><h1>Bad Gateway</h1><p>pspsim</p></body></html>\n";

static bool in_answer(const struct sim_req *r)
{
    return r->fault.when == SIM_MIDDLE;
}

static bool end_connection(struct sim_req *r, enum sim_doom how)
{
    r->dealt = true;
    sim_conn_doom(r->conn, how, in_answer(r) && how == SIM_RESET_ ? RESET_AFTER_MS : 0);
    return true;
}

static bool rst(struct sim_req *r, uint32_t code)
{
    if (r->stream == 0)
        return end_connection(r, SIM_RESET_);
    r->dealt = true;
    sim_h2_rst(r, code);
    return true;
}

static bool refuse_stream(struct sim_req *r)
{
    return r->stream == 0 ? end_connection(r, SIM_CLOSE_) : rst(r, REFUSED_STREAM);
}

/* HTTP/1.1 has no such word: the connection just closes. */
static bool goaway_below(struct sim_req *r)
{
    struct sim_conn *c = r->conn;

    if (r->stream == 0)
        return end_connection(r, SIM_CLOSE_);
    r->dealt = true;
    sim_h2_goaway(c, 0, 0);
    if (r->stream <= c->goaway_last)
        sim_h2_rst(r, REFUSED_STREAM); /* later streams run already: refuse this one alone */
    return true;
}

static bool goaway_above(struct sim_req *r)
{
    if (r->stream != 0)
        sim_h2_goaway(r->conn, r->stream, 0);
    else
        r->conn->h1_close = true;
    if (r->fault.then == SIM_THEN_ANSWER)
        return false;
    r->dealt = true;
    if (r->fault.then == SIM_THEN_CLOSE)
        sim_conn_doom(r->conn, SIM_CLOSE_, 0);
    return true;
}

/* The status in the provider's own words where it has some. */
static void status_body(struct sim_req *r)
{
    struct sim_answer a = { .says = SIM_SAYS_BROKEN, .status = r->fault.status };

    if (r->fault.status == 401)
        a.says = SIM_SAYS_NO_CREDENTIAL;
    else if (r->fault.status == 429)
        a.says = SIM_SAYS_THROTTLED;
    r->reply.headers = 0;
    r->reply.body.n = 0;
    sim_dialect_of(r->who)->render(r, &a);
    r->reply.status = r->fault.status;
}

static void other_body(struct sim_req *r, struct span body, const char *type, int status)
{
    r->reply.status = status;
    r->reply.headers = 0;
    r->reply.body.n = 0;
    if (type != NULL)
        sim_reply_header(&r->reply, "content-type", span_str(type));
    lt_put(&r->reply.body, body);
}

static bool answer_status(struct sim_req *r)
{
    if (r->fault.body == SIM_BODY_NATIVE)
        status_body(r);
    else if (r->fault.body == SIM_BODY_HTML)
        other_body(r, span_str(page), "text/html", r->fault.status);
    else
        other_body(r, SPAN_NONE, NULL, r->fault.status);
    r->dealt = true;
    if (r->stream == 0 && !r->whole)
        r->conn->h1_close = true; /* the rest of its body is not read */
    sim_send(r);
    return true;
}

static int status_or(const struct sim_req *r, int otherwise)
{
    return r->fault.status != 0 ? r->fault.status : otherwise;
}

/* A body that is not the provider's, without or after execution. */
static bool answer_nonsense(struct sim_req *r)
{
    static const char noise[] = "\x1f\x8b\x08\x00{\"id\":\xff\xfe \"pi_\x00 ]]}}";
    int status = status_or(r, r->reply.status != 0 ? r->reply.status : 200);

    if (r->fault.kind == SIM_F_HTML)
        other_body(r, span_str(page), "text/html", status);
    else if (r->fault.kind == SIM_F_EMPTY)
        other_body(r, SPAN_NONE, "application/json", status);
    else
        other_body(r, (struct span){ noise, sizeof noise - 1 }, "application/json", status);
    r->dealt = true;
    sim_send(r);
    return true;
}

bool sim_strike(struct sim_req *r)
{
    switch (r->fault.kind) {
    case SIM_F_RESET: return end_connection(r, SIM_RESET_);
    case SIM_F_CLOSE: return end_connection(r, SIM_CLOSE_);
    case SIM_F_CUT: return end_connection(r, SIM_CUT_);
    case SIM_F_HANG: r->dealt = true; return true;
    case SIM_F_REFUSED: return refuse_stream(r);
    case SIM_F_GOAWAY_BELOW: return goaway_below(r);
    case SIM_F_GOAWAY_ABOVE: return goaway_above(r);
    case SIM_F_RST: return rst(r, r->fault.code);
    case SIM_F_STATUS: return answer_status(r);
    case SIM_F_GARBAGE:
    case SIM_F_EMPTY:
    case SIM_F_HTML: return answer_nonsense(r);
    case SIM_F_NONE:
    case SIM_F_REFUSE:
    case SIM_F_TLS:
    case SIM_F_SLOW:
    case SIM_F_TRICKLE:
    case SIM_F_TRUNCATED:
    case SIM_F_BIG_HEAD:
    case SIM_F_BIG_BODY:
    case SIM_F_INTERIM:
    case SIM_F_FRAMING:
    case SIM_F_DUPLICATE:
    case SIM_F_LIE_AMOUNT:
    case SIM_F_LIE_CURRENCY:
    case SIM_F_LIE_REFERENCE:
    case SIM_FAULTS: break;
    }
    return false;
}

static void big_body(struct sim_req *r)
{
    struct lt_out *b = &r->reply.body;
    size_t want = (size_t)r->fault.bytes;

    if (b->n == 0 || b->p[b->n - 1] != '}' || b->n + 16 > want)
        return;
    b->n--;
    lt_member(b, "padding");
    lt_byte(b, '"');
    lt_out_room(b, want);
    while (b->n < want - 2)
        b->p[b->n++] = 'x';
    lt_z(b, "\"}");
}

static void big_head(struct sim_req *r)
{
    struct sim_reply *p = &r->reply;
    unsigned room = SIM_REPLY_HEADERS - p->headers;
    size_t each = (size_t)r->fault.bytes / room;
    struct lt_out *w = &r->work; /* the request is done with it */

    w->n = 0;
    lt_out_room(w, each);
    memset(w->p, 'h', each);
    while (p->headers < SIM_REPLY_HEADERS)
        sim_reply_header(p, "x-padding", (struct span){ w->p, each });
}

void sim_spoil(struct sim_req *r)
{
    struct sim_reply *p = &r->reply;

    if (r->fault.kind == SIM_F_TRUNCATED)
        p->body.n /= 2;
    else if (r->fault.kind == SIM_F_BIG_BODY)
        big_body(r);
    else if (r->fault.kind == SIM_F_BIG_HEAD)
        big_head(r);
    else if (r->fault.kind == SIM_F_TRICKLE && r->conn != NULL)
        p->piece = (size_t)r->fault.bytes;
}
