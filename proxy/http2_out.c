/* proxy/http2_out.c -- what we say in HTTP/2: answers, resets, GOAWAY.
 *
 * The law that shapes it: a request that was handed over is never called unprocessed. A client may
 * send again what a GOAWAY's last stream id leaves out, or what was reset with REFUSED_STREAM, and
 * would then pay twice. nghttp2's own limiters break that law (RFC 9113 section 6.8 against its
 * 1.52: delivered streams above the GOAWAY's id), so they are set out of reach, our meter ends a
 * connection first, and every GOAWAY and RST_STREAM is checked before it leaves. */
#include <string.h>

#include "proxy/http2_inside.h"
#include "proxy/log.h"
#include "routing/base/check.h"

enum {
    RESET_COST = 5, /* a stream we had to reset */
    NAMES = PX_HEADERS_MAX + 4
};

/* Fails for lack of memory (and then the connection dies of that very soon) or because the stream
 * or the session is closing, when nobody listens. What is left is a mistake of ours. */
void px_http2_submitted(int rv)
{
    CHECK(rv != NGHTTP2_ERR_INVALID_ARGUMENT);
}

void px_http2_reset(struct px_http2 *h, int32_t stream, uint32_t code)
{
    px_http2_submitted(nghttp2_submit_rst_stream(h->ng, NGHTTP2_FLAG_NONE, stream, code));
}

void px_http2_terminate(struct px_http2 *h, uint32_t code)
{
    if (h->closing)
        return;
    h->closing = true;
    px_http2_submitted(nghttp2_session_terminate_session(h->ng, code));
    px_conn_wake(h->c->conn);
}

void px_http2_calm(struct px_http2 *h, const char *why)
{
    struct px_server *s = h->c->server;

    if (h->closing)
        return;
    s->counts.calmed++;
    if (px_log_allowed(&s->log_gate, 5, px_wire_now_ns(s->wire)))
        LOG(WARN, "server.calmed", F("peer", h->c->peer), F("why", why));
    px_http2_terminate(h, NGHTTP2_ENHANCE_YOUR_CALM);
}

void px_http2_charge(struct px_http2 *h, int cost)
{
    if (!px_http2_meter_charge(&h->meter, cost))
        px_http2_calm(h, "resets");
}

/* The upper half of the queue is for what must not wait: a GOAWAY has to leave before the next
 * stream is taken, or it would leave that one out. */
static bool has_room(const struct px_http2 *h)
{
    size_t keep = h->final && !h->final_said ? 0 : PX_SERVER_QUEUE / 2;

    return px_conn_room(h->c->conn) >= keep + PX_HTTP2_FRAME;
}

/* ---- frames of ours, before and after they leave ---- */

static bool claims_falsely(struct px_http2 *h, const nghttp2_frame *f)
{
    const struct px_server_request *q;

    if (f->hd.type == NGHTTP2_GOAWAY)
        return f->goaway.last_stream_id < h->dispatched_max;
    if (f->hd.type != NGHTTP2_RST_STREAM || f->rst_stream.error_code != NGHTTP2_REFUSED_STREAM)
        return false;
    q = px_http2_request(h, f->hd.stream_id);
    return q != NULL && q->dispatched;
}

static int before_frame_send(nghttp2_session *ng, const nghttp2_frame *f, void *user)
{
    struct px_http2 *h = px_http2_of(user);

    (void)ng;
    if (!claims_falsely(h, f))
        return 0;
    h->c->server->counts.false_claims++;
    LOG(ERROR, "server.false_claim", F("peer", h->c->peer), F("frame", (unsigned)f->hd.type));
    h->closing = h->held_back = true; /* the connection ends without a word instead */
    return NGHTTP2_ERR_CANCEL;
}

static int on_frame_send(nghttp2_session *ng, const nghttp2_frame *f, void *user)
{
    struct px_http2 *h = px_http2_of(user);

    (void)ng;
    if (f->hd.type == NGHTTP2_RST_STREAM && f->rst_stream.error_code != NGHTTP2_NO_ERROR)
        px_http2_charge(h, RESET_COST);
    return 0;
}

/* ---- answers ---- */

static ssize_t read_answer(nghttp2_session *ng, int32_t stream, uint8_t *buf, size_t cap,
                           uint32_t *flags, nghttp2_data_source *source, void *user)
{
    struct px_server_request *q = source->ptr;
    size_t left = px_server_request_kept(q).n;
    size_t n = left < cap ? left : cap;

    (void)ng;
    (void)stream;
    (void)buf;
    (void)user;
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (n == left)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)n;
}

static int send_answer(nghttp2_session *ng, nghttp2_frame *f, const uint8_t *head, size_t n,
                       nghttp2_data_source *source, void *user)
{
    struct px_http2 *h = px_http2_of(user);
    struct px_server_request *q = source->ptr;
    struct span body = span_take(px_server_request_kept(q), n);

    (void)ng;
    CHECK(f->data.padlen == 0);
    if (!has_room(h))
        return NGHTTP2_ERR_WOULDBLOCK;
    if (!px_conn_put(h->c->conn, (struct span){ (const char *)head, 9 }) ||
        !px_conn_put(h->c->conn, body))
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    q->answer_at += body.n;
    return 0;
}

static nghttp2_nv nv(struct span name, struct span value, bool secret)
{
    return (nghttp2_nv){ .name = (uint8_t *)(uintptr_t)name.p, /* copied by nghttp2 */
                         .namelen = name.n,
                         .value = (uint8_t *)(uintptr_t)value.p,
                         .valuelen = value.n,
                         .flags = secret ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE };
}

static size_t fields_of(struct px_server *s, const struct px_message *m, nghttp2_nv *out,
                        struct buf *numbers)
{
    struct span status, length;
    size_t n = 0;

    buf_i64(numbers, m->status);
    status = buf_span(numbers);
    buf_u64(numbers, m->body.n);
    length = span_drop(buf_span(numbers), status.n);
    out[n++] = nv(SPAN(":status"), status, false);
    out[n++] = nv(SPAN("date"), px_server_date(s), false);
    if (m->status != 204 && m->status != 304)
        out[n++] = nv(SPAN("content-length"), length, false);
    for (unsigned i = 0; i < m->headers; i++) {
        if (px_value_ok(m->header[i].value))
            out[n++] = nv(m->header[i].name, m->header[i].value, m->header[i].secret);
    }
    return n;
}

void px_http2_respond(struct px_server_request *q, const struct px_message *m)
{
    struct px_http2 *h = q->on->session;
    nghttp2_data_provider body = { .source.ptr = q, .read_callback = read_answer };
    nghttp2_nv field[NAMES];
    char text[48];
    struct buf numbers = BUF_OF(text);
    bool bodiless =
        m->body.n == 0 || m->status == 204 || m->status == 304 || span_is(q->head.method, "HEAD");
    size_t n = fields_of(q->server, m, field, &numbers);

    if (bodiless || px_server_request_keep(q, m->body))
        px_http2_submitted(
            nghttp2_submit_response(h->ng, q->stream, field, n, bodiless ? NULL : &body));
    else
        px_http2_reset(h, q->stream, NGHTTP2_INTERNAL_ERROR);
    px_conn_wake(h->c->conn);
}

/* ---- bytes ---- */

/* A connection nghttp2 will not go on with (-905 CONTINUATION flood, bad preface, no memory). The
 * library may not be asked any more, so the GOAWAY is written here; it claims nothing. */
void px_http2_broken(struct px_http2 *h, int rv)
{
    struct px_server *s = h->c->server;
    uint32_t code = rv == NGHTTP2_ERR_NOMEM ? NGHTTP2_INTERNAL_ERROR : NGHTTP2_PROTOCOL_ERROR;
    unsigned char goaway[17] = { 0, 0, 8, NGHTTP2_GOAWAY, 0, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff };

    goaway[16] = (unsigned char)code;
    h->closing = true;
    s->counts.broken++;
    if (px_log_allowed(&s->log_gate, 5, px_wire_now_ns(s->wire)))
        LOG(WARN, "server.http2_broken", F("peer", h->c->peer), F("error", nghttp2_strerror(rv)));
    if (h->greeted)
        (void)!px_conn_put(h->c->conn, (struct span){ (const char *)goaway, sizeof goaway });
    px_conn_finish(h->c->conn, PX_HTTP2_LINGER_MS);
}

/* The second GOAWAY: the last stream we took. Nothing is read between this and its writing. */
static void say_final(struct px_http2 *h)
{
    int32_t last = nghttp2_session_get_last_proc_stream_id(h->ng);

    px_http2_submitted(
        nghttp2_submit_goaway(h->ng, NGHTTP2_FLAG_NONE, last, NGHTTP2_NO_ERROR, NULL, 0));
}

void px_http2_fill(struct px_server_conn *c)
{
    struct px_http2 *h = c->session;

    if (h->final && !h->final_said && !h->closing)
        say_final(h);
    while (has_room(h)) {
        const uint8_t *p;
        ssize_t n = nghttp2_session_mem_send(h->ng, &p);

        if (n == 0)
            break;
        if (n < 0 || !px_conn_put(c->conn, (struct span){ (const char *)p, (size_t)n })) {
            px_http2_broken(h, n < 0 ? (int)n : NGHTTP2_ERR_NOMEM);
            return;
        }
    }
    h->final_said = h->final;
    if (h->held_back || (!nghttp2_session_want_read(h->ng) && !nghttp2_session_want_write(h->ng)))
        px_conn_finish(c->conn, PX_HTTP2_LINGER_MS);
}

void px_http2_out_callbacks(nghttp2_session_callbacks *cb)
{
    nghttp2_session_callbacks_set_before_frame_send_callback(cb, before_frame_send);
    nghttp2_session_callbacks_set_on_frame_send_callback(cb, on_frame_send);
    nghttp2_session_callbacks_set_send_data_callback(cb, send_answer);
}
