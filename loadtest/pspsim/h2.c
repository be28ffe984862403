/* loadtest/pspsim/h2.c -- HTTP/2, server side, over nghttp2.
 *
 * The ledger decides who is right, so what we tell a client about its streams must be true: once a
 * GOAWAY is on its way, streams above its number are never let in, although nghttp2 goes on
 * delivering those that lie in the same read. */
#include <nghttp2/nghttp2.h>
#include <string.h>

#include "loadtest/pspsim/conn.h"
#include "loadtest/pspsim/pipeline.h"
#include "routing/base/buf.h"
#include "routing/base/check.h"

enum { WINDOW = 1 << 20, OUT_ENOUGH = 128 * 1024, HEAD_BLOCK = 1 << 20 };

static struct sim_req *req_of(nghttp2_session *h2, int32_t stream)
{
    struct sim_req *r = nghttp2_session_get_stream_user_data(h2, stream);

    if (r != NULL)
        CHECK(r->magic == SIM_REQ_MAGIC);
    return r;
}

static int on_begin_headers(nghttp2_session *h2, const nghttp2_frame *frame, void *data)
{
    struct sim_conn *c = data;
    struct sim_req *r;

    if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST ||
        frame->hd.stream_id > c->goaway_last)
        return 0;
    r = sim_req_open(c->sim, c->who);
    r->stream = frame->hd.stream_id;
    sim_conn_join(c, r);
    nghttp2_session_set_stream_user_data(h2, r->stream, r);
    return 0;
}

static bool pseudo(struct sim_req *r, struct span name, struct span value)
{
    struct span kept = sim_req_keep(r, value);

    if (span_is(name, ":method"))
        r->method = kept;
    else if (span_is(name, ":path"))
        sim_req_target(r, kept);
    else if (span_is(name, ":authority"))
        r->authority = kept;
    return kept.p != NULL;
}

static int on_header(nghttp2_session *h2, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_n, const uint8_t *value, size_t value_n, uint8_t flags, void *data)
{
    struct sim_req *r = req_of(h2, frame->hd.stream_id);
    struct span n = { (const char *)name, name_n }, v = { (const char *)value, value_n };

    (void)flags;
    (void)data;
    if (r == NULL || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
        return 0;
    if (!(n.n > 0 && n.p[0] == ':' ? pseudo(r, n, v) : sim_req_header_add(r, n, v)))
        r->broken = true;
    return 0;
}

/* nghttp2 drops a malformed field and delivers the rest; a careful client never sends one. */
static int on_invalid_header(nghttp2_session *h2, const nghttp2_frame *frame, const uint8_t *name,
                             size_t name_n, const uint8_t *value, size_t value_n, uint8_t flags,
                             void *data)
{
    struct sim_req *r = req_of(h2, frame->hd.stream_id);

    (void)name;
    (void)name_n;
    (void)value;
    (void)value_n;
    (void)flags;
    (void)data;
    if (r != NULL)
        r->broken = true;
    return 0;
}

static int on_data(nghttp2_session *h2, uint8_t flags, int32_t stream, const uint8_t *p, size_t n,
                   void *data)
{
    struct sim_req *r = req_of(h2, stream);

    (void)flags;
    (void)data;
    if (r == NULL || r->dealt || r->broken)
        return 0;
    if (r->body.n + n > SIM_BODY_MAX)
        r->broken = true;
    else
        lt_bytes(&r->body, p, n);
    return 0;
}

static bool acceptable(struct sim_req *r)
{
    struct span host = sim_req_header(r, "host");
    bool ok = !r->broken && r->method.p != NULL && r->path.n > 0 && r->path.p[0] == '/' &&
              r->authority.n > 0 && (host.p == NULL || span_eq(host, r->authority));

    if (!ok)
        r->sim->count[r->who].malformed++;
    return ok;
}

static int on_frame(nghttp2_session *h2, const nghttp2_frame *frame, void *data)
{
    struct sim_conn *c = data;
    struct sim_req *r;
    bool end = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    bool head = frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST;

    if ((!head && frame->hd.type != NGHTTP2_DATA) ||
        (r = req_of(h2, frame->hd.stream_id)) == NULL || r->dealt)
        return 0;
    if (c->doom > SIM_DRAIN || r->stream > c->goaway_last)
        return 0; /* the fault that dooms us came first: never let in */
    if ((head || end) && !acceptable(r)) {
        r->dealt = true;
        return nghttp2_submit_rst_stream(h2, NGHTTP2_FLAG_NONE, r->stream, NGHTTP2_PROTOCOL_ERROR);
    }
    if (head)
        sim_head(r);
    if (!end || (r = req_of(h2, frame->hd.stream_id)) == NULL || r->dealt)
        return 0;
    r->whole = true;
    sim_receive(r);
    return 0;
}

static int on_stream_close(nghttp2_session *h2, int32_t stream, uint32_t code, void *data)
{
    struct sim_req *r = req_of(h2, stream);
    struct sim_conn *c = data;

    if (r == NULL)
        return 0;
    nghttp2_session_set_stream_user_data(h2, stream, NULL);
    if (r->reply.ended && code == NGHTTP2_NO_ERROR) {
        c->served++;
        sim_sent(r);
        return 0;
    }
    sim_conn_leave(r);
    sim_gone(r);
    return 0;
}

static nghttp2_session_callbacks *callbacks_make(void)
{
    nghttp2_session_callbacks *cb;

    CHECK(nghttp2_session_callbacks_new(&cb) == 0);
    nghttp2_session_callbacks_set_on_begin_headers_callback(cb, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(cb, on_header);
    nghttp2_session_callbacks_set_on_invalid_header_callback(cb, on_invalid_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(cb, on_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(cb, on_stream_close);
    return cb;
}

void sim_h2_start(struct sim_conn *c)
{
    nghttp2_settings_entry set[] = {
        { NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, c->sim->opt.streams },
        { NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, WINDOW },
    };
    nghttp2_session_callbacks *cb = callbacks_make();
    nghttp2_option *opt;

    CHECK(nghttp2_option_new(&opt) == 0);
    /* A gateway under test resets streams by the hundred; that is no attack here. */
    nghttp2_option_set_stream_reset_rate_limit(opt, 1 << 30, 1 << 30);
    nghttp2_option_set_max_send_header_block_length(opt, HEAD_BLOCK);
    CHECK(nghttp2_session_server_new2(&c->h2, cb, c, opt) == 0);
    nghttp2_option_del(opt);
    nghttp2_session_callbacks_del(cb);
    c->stage = SIM_HTTP2;
    nghttp2_submit_settings(c->h2, NGHTTP2_FLAG_NONE, set, 2);
    nghttp2_session_set_local_window_size(c->h2, NGHTTP2_FLAG_NONE, 0, 16 * WINDOW);
}

void sim_h2_stop(struct sim_conn *c)
{
    nghttp2_session_del(c->h2);
    c->h2 = NULL;
}

bool sim_h2_read(struct sim_conn *c, const char *p, size_t n)
{
    ssize_t r = nghttp2_session_mem_recv(c->h2, (const uint8_t *)p, n);

    if (r >= 0)
        return true;
    c->sim->count[c->who].malformed++;
    sim_conn_doom(c, SIM_CLOSE_, 0);
    return false;
}

void sim_h2_write(struct sim_conn *c)
{
    const uint8_t *p;
    ssize_t n;

    while (c->out.n < OUT_ENOUGH && (n = nghttp2_session_mem_send(c->h2, &p)) > 0)
        lt_bytes(&c->out, p, (size_t)n);
}

bool sim_h2_done(const struct sim_conn *c)
{
    return !nghttp2_session_want_read(c->h2) && !nghttp2_session_want_write(c->h2);
}

/* --- answers --- */

static ssize_t on_body(nghttp2_session *h2, int32_t stream, uint8_t *to, size_t room,
                       uint32_t *flags, nghttp2_data_source *source, void *data)
{
    struct sim_req *r = source->ptr;
    struct sim_reply *p = &r->reply;
    size_t left = p->body.n - p->at, n = left < room ? left : room;

    (void)h2;
    (void)stream;
    (void)data;
    if (p->at >= p->limit || (p->piece > 0 && r->waiting))
        return NGHTTP2_ERR_DEFERRED;
    if (p->piece > 0 && n > p->piece)
        n = p->piece;
    if (n > p->limit - p->at)
        n = p->limit - p->at;
    if (n > 0)
        memcpy(to, p->body.p + p->at, n);
    p->at += n;
    if (p->at == p->limit)
        sim_middle(r);
    else if (p->at == p->body.n)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    else if (p->piece > 0)
        sim_more_later(r);
    if ((*flags & NGHTTP2_DATA_FLAG_EOF) != 0)
        p->ended = true;
    if (n == 0 && !p->ended)
        return NGHTTP2_ERR_DEFERRED;
    return (ssize_t)n;
}

static nghttp2_nv pair(struct span name, struct span value, uint8_t flags)
{
    union {
        const char *in;
        uint8_t *out;
    } n = { name.p }, v = { value.p };

    return (nghttp2_nv){ n.out, v.out, name.n, value.n, flags };
}

static struct span number_text(size_t v, char *room, size_t size)
{
    struct buf b = buf_over(room, size);

    buf_u64(&b, v);
    return buf_span(&b);
}

void sim_h2_interim(struct sim_req *r, unsigned times)
{
    nghttp2_nv nv[] = { pair(SPAN(":status"), SPAN("103"), 0),
                        pair(SPAN("link"), SPAN("</style.css>"), 0) };

    while (times-- > 0)
        nghttp2_submit_headers(r->conn->h2, NGHTTP2_FLAG_NONE, r->stream, NULL, nv, 2, NULL);
}

static unsigned lengths(const struct sim_req *r, nghttp2_nv *nv, char text[2][24])
{
    enum sim_framing f = r->fault.kind == SIM_F_FRAMING ? r->fault.framing : SIM_FRAMINGS;
    bool longer = f == SIM_LENGTH_LONG || f == SIM_BAD_CHUNK;
    size_t n = r->reply.body.n;

    if (f == SIM_NO_LENGTH)
        return 0;
    nv[0] = pair(SPAN("content-length"), number_text(longer ? n + 10 : n, text[0], 24), 0);
    if (f == SIM_LENGTH_TWICE)
        nv[1] = pair(SPAN("content-length"), number_text(n + 1, text[1], 24), 0);
    else if (f == SIM_LENGTH_AND_CHUNKED)
        nv[1] = pair(SPAN("transfer-encoding"), SPAN("chunked"), 0);
    else
        return 1;
    return 2;
}

void sim_h2_answer(struct sim_req *r)
{
    struct sim_reply *p = &r->reply;
    nghttp2_nv nv[SIM_REPLY_HEADERS + 3];
    nghttp2_data_provider body = { .source.ptr = r, .read_callback = on_body };
    char status[8], length[2][24];
    unsigned n = 0;

    if (r->fault.kind == SIM_F_INTERIM)
        sim_h2_interim(r, (unsigned)r->fault.bytes);
    nv[n++] = pair(SPAN(":status"), number_text((size_t)p->status, status, sizeof status), 0);
    for (unsigned i = 0; i < p->headers; i++) {
        /* Values are new with every answer: keep them out of the compression table. */
        nv[n++] = pair(p->header[i].name, p->header[i].value, NGHTTP2_NV_FLAG_NONE);
    }
    n += lengths(r, nv + n, length);
    p->started = true;
    if (p->body.n == 0 && p->limit == SIZE_MAX) {
        p->ended = true;
        nghttp2_submit_response(r->conn->h2, r->stream, nv, n, NULL);
        return;
    }
    nghttp2_submit_response(r->conn->h2, r->stream, nv, n, &body);
}

void sim_h2_more(struct sim_req *r)
{
    nghttp2_session_resume_data(r->conn->h2, r->stream);
}

void sim_h2_rst(struct sim_req *r, uint32_t code)
{
    nghttp2_submit_rst_stream(r->conn->h2, NGHTTP2_FLAG_NONE, r->stream, code);
}

void sim_h2_goaway(struct sim_conn *c, int32_t last, uint32_t code)
{
    if (last < c->begun_max)
        last = c->begun_max; /* what has begun is never called unprocessed */
    if (last < c->goaway_last)
        c->goaway_last = last;
    nghttp2_submit_goaway(c->h2, NGHTTP2_FLAG_NONE, c->goaway_last, code, NULL, 0);
}
