/* proxy/http2_server.c -- HTTP/2 as a server: nghttp2 between a connection and its requests. */
#include "proxy/http2_server.h"

#include <string.h>

#include "proxy/http2_inside.h"
#include "routing/base/check.h"

enum {
    HEADERS_PATIENCE = 4, /* times the header limits: 431 below, the end of the connection above */
    DISCARD_MAX = 1024 * 1024, /* of a body nobody wants, so that the client hears why */
    DRAIN_RTT_MS = 1000        /* for peers that do not answer the PING */
};

static const uint8_t drain_ping[8] = { 's', 'i', 'g', 'n', 'a', 'l', 'b', 'x' };

/* ---- a request comes in ---- */

static int on_begin_headers(nghttp2_session *ng, const nghttp2_frame *f, void *user)
{
    struct px_http2 *h = px_http2_of(user);
    struct px_server_request *q = NULL;

    h->ignored = 0;
    if (f->headers.cat != NGHTTP2_HCAT_REQUEST)
        return 0;
    if (px_server_conn_has_place(h->c))
        q = px_server_request_create(h->c);
    if (q == NULL) { /* true: nobody has seen it */
        px_http2_reset(h, f->hd.stream_id, NGHTTP2_REFUSED_STREAM);
        px_http2_charge(h, 1);
        return 0;
    }
    q->stream = f->hd.stream_id;
    (void)nghttp2_session_set_stream_user_data(ng, q->stream, q);
    return 0;
}

static bool take_pseudo(struct px_server_request *q, struct span name, struct span value)
{
    struct span copy;

    q->header_bytes += name.n + value.n;
    if (q->header_bytes > LIMIT_HEADER_BYTES)
        return false;
    copy = arena_copy(&q->r.arena, value);
    if (copy.p == NULL)
        return false;
    if (span_is(name, ":method"))
        q->head.method = copy;
    else if (span_is(name, ":path"))
        q->head.path = copy;
    else if (span_is(name, ":scheme"))
        q->head.scheme = copy;
    else
        q->head.authority = copy;
    return true;
}

/* A header section may be a little too large, which is told; or a bomb, which is not listened to:
 * nghttp2 would decode it to the end. 32: a field costs more than its bytes (RFC 9113 section
 * 6.5.2). */
static int overflow(struct px_http2 *h, size_t *total, size_t n)
{
    *total += n + 32;
    if (*total <= (size_t)HEADERS_PATIENCE * LIMIT_HEADER_BYTES)
        return 0;
    px_http2_calm(h, "headers");
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

static int on_header(nghttp2_session *ng, const nghttp2_frame *f, const uint8_t *name,
                     size_t name_n, const uint8_t *value, size_t value_n, uint8_t flags, void *user)
{
    struct px_http2 *h = px_http2_of(user);
    struct px_server_request *q = px_http2_request(h, f->hd.stream_id);
    struct span n = { (const char *)name, name_n }, v = { (const char *)value, value_n };

    (void)ng;
    (void)flags;
    if (q == NULL || q->refused || f->headers.cat != NGHTTP2_HCAT_REQUEST) /* also: trailers */
        return overflow(h, &h->ignored, name_n + value_n);
    if (name_n > 0 && name[0] == ':' ? take_pseudo(q, n, v) : px_server_request_header(q, n, v))
        return 0;
    px_server_request_refuse(q, PX_REFUSE_HEADERS_TOO_LARGE);
    return overflow(h, &h->ignored, name_n + value_n);
}

/* A field that is not HTTP: nghttp2 would drop it and deliver the rest. */
static int on_invalid_header(nghttp2_session *ng, const nghttp2_frame *f, const uint8_t *name,
                             size_t name_n, const uint8_t *value, size_t value_n, uint8_t flags,
                             void *user)
{
    struct px_http2 *h = px_http2_of(user);
    struct px_server_request *q = px_http2_request(h, f->hd.stream_id);

    (void)ng;
    (void)name;
    (void)value;
    (void)flags;
    if (q != NULL && !q->refused)
        px_server_request_drop(q);
    if (h->ignored == 0)
        px_http2_reset(h, f->hd.stream_id, NGHTTP2_PROTOCOL_ERROR);
    return overflow(h, &h->ignored, name_n + value_n);
}

static void complete(struct px_http2 *h, struct px_server_request *q)
{
    if (q->stream > h->dispatched_max)
        h->dispatched_max = q->stream;
    px_server_request_complete(q);
}

static void give_window_back(struct px_http2 *h, size_t n)
{
    if (n > 0)
        px_http2_submitted(nghttp2_session_consume_connection(h->ng, n));
}

static void on_headers(struct px_http2 *h, const nghttp2_frame *f)
{
    struct px_server_request *q = px_http2_request(h, f->hd.stream_id);
    bool last = (f->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    nghttp2_nv go_on = { (uint8_t[]){ ":status" }, (uint8_t[]){ "100" }, 7, 3, 0 };

    if (q == NULL || q->refused || q->dispatched)
        return;
    if (f->headers.cat == NGHTTP2_HCAT_REQUEST && !px_server_request_headed(q))
        return;
    if (last)
        complete(h, q);
    else if (q->head.expects)
        px_http2_submitted(
            nghttp2_submit_headers(h->ng, NGHTTP2_FLAG_NONE, q->stream, NULL, &go_on, 1, NULL));
}

static void on_data_end(struct px_http2 *h, const nghttp2_frame *f)
{
    struct px_server_request *q = px_http2_request(h, f->hd.stream_id);

    if (q == NULL || q->refused || q->dispatched)
        return;
    give_window_back(h, q->window);
    q->window = 0;
    complete(h, q);
}

/* The rest of a body whose request was answered before it was whole. A reset at once is allowed
 * (RFC 9113 section 8.1), but clients that are still sending then lose the answer with it. */
static void discard(struct px_http2 *h, struct px_server_request *q, size_t n)
{
    size_t before = q->discarded;

    q->discarded += n;
    if (q->discarded <= DISCARD_MAX)
        px_http2_submitted(nghttp2_session_consume_stream(h->ng, q->stream, n));
    else if (before <= DISCARD_MAX)
        px_http2_reset(h, q->stream, NGHTTP2_NO_ERROR);
}

static int on_data_chunk(nghttp2_session *ng, uint8_t flags, int32_t stream, const uint8_t *p,
                         size_t n, void *user)
{
    struct px_http2 *h = px_http2_of(user);
    struct px_server_request *q = px_http2_request(h, stream);

    (void)ng;
    (void)flags;
    if (q == NULL || q->refused || q->dispatched) {
        give_window_back(h, n);
        if (q != NULL && q->refused)
            discard(h, q, n);
        return 0;
    }
    q->window += n;
    if (!px_server_request_body(q, (struct span){ (const char *)p, n }))
        px_server_request_refuse(q, PX_REFUSE_BODY_TOO_LARGE);
    return 0;
}

static void on_ping(struct px_http2 *h, const nghttp2_frame *f)
{
    if ((f->hd.flags & NGHTTP2_FLAG_ACK) != 0 && h->noticed &&
        memcmp(f->ping.opaque_data, drain_ping, sizeof drain_ping) == 0)
        h->final = true; /* said when this input is used up */
}

static int on_frame_recv(nghttp2_session *ng, const nghttp2_frame *f, void *user)
{
    struct px_http2 *h = px_http2_of(user);

    (void)ng;
    switch (f->hd.type) {
    case NGHTTP2_HEADERS: on_headers(h, f); break;
    case NGHTTP2_DATA:
        if ((f->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0)
            on_data_end(h, f);
        break;
    case NGHTTP2_SETTINGS:
        if (!h->greeted && px_server_conn_idle(h->c) && !h->noticed)
            px_server_conn_quiet_in(h->c, h->c->server->config.idle_ms);
        h->greeted = true;
        break;
    case NGHTTP2_PING: on_ping(h, f); break;
    default: break;
    }
    return 0;
}

/* ---- a stream ends ---- */

static int on_stream_close(nghttp2_session *ng, int32_t stream, uint32_t code, void *user)
{
    struct px_http2 *h = px_http2_of(user);
    struct px_server_request *q = px_http2_request(h, stream);

    if (q == NULL)
        return 0;
    (void)nghttp2_session_set_stream_user_data(ng, stream, NULL);
    give_window_back(h, q->window);
    q->window = 0;
    if (q->responded && !q->refused && code == NGHTTP2_NO_ERROR)
        px_http2_meter_answered(&h->meter);
    else
        px_http2_charge(h, 1);
    px_server_request_release(q);
    return 0;
}

/* ---- bytes ---- */

static void data(struct px_server_conn *c, struct span bytes)
{
    struct px_http2 *h = c->session;
    ssize_t n;

    if (h->closing)
        return;
    if (!px_http2_meter_data(&h->meter, bytes, px_wire_now_ns(c->server->wire))) {
        px_http2_calm(h, "frames");
        return;
    }
    n = nghttp2_session_mem_recv(h->ng, (const uint8_t *)bytes.p, bytes.n);
    if (n < 0)
        px_http2_broken(h, (int)n);
    else if (h->final && !h->final_said)
        px_http2_fill(c);
    else if (nghttp2_session_want_write(h->ng) || !nghttp2_session_want_read(h->ng))
        px_conn_wake(c->conn);
}

/* ---- deadlines and draining ---- */

static void late(struct px_server_request *q)
{
    struct px_http2 *h = q->on->session;

    switch (q->phase) {
    case PX_PHASE_HEAD:
        px_http2_terminate(h, NGHTTP2_PROTOCOL_ERROR);
        break; /* CONTINUATION never came */
    case PX_PHASE_BODY: px_server_request_refuse(q, PX_REFUSE_TOO_SLOW); break;
    case PX_PHASE_SENDING:
        px_http2_reset(h, q->stream, q->refused ? NGHTTP2_NO_ERROR : NGHTTP2_CANCEL);
        break;
    case PX_PHASE_READY:
    case PX_PHASE_DISPATCHED:
    case PX_PHASE_GONE:
    case PX_PHASES_: break;
    }
    px_conn_wake(h->c->conn);
}

/* First GOAWAY: no new streams, please; all that are on their way still count. One round trip later
 * (the PING's answer, or the second call of this) the second one says how far we came. */
static void drain(struct px_server_conn *c)
{
    struct px_http2 *h = c->session;

    if (h->closing || h->final)
        return;
    if (h->noticed) {
        h->final = true;
        px_http2_fill(c);
        return;
    }
    h->noticed = true;
    px_http2_submitted(nghttp2_submit_shutdown_notice(h->ng));
    px_http2_submitted(nghttp2_submit_ping(h->ng, NGHTTP2_FLAG_NONE, drain_ping));
    px_server_conn_drain_again_in(c, DRAIN_RTT_MS);
    px_conn_wake(c->conn);
}

static void quiet(struct px_server_conn *c)
{
    px_http2_terminate(c->session, NGHTTP2_NO_ERROR);
}

void px_http2_in_callbacks(nghttp2_session_callbacks *cb)
{
    nghttp2_session_callbacks_set_on_begin_headers_callback(cb, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(cb, on_header);
    nghttp2_session_callbacks_set_on_invalid_header_callback(cb, on_invalid_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(cb, on_frame_recv);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, on_data_chunk);
    nghttp2_session_callbacks_set_on_stream_close_callback(cb, on_stream_close);
}

const struct px_speaker px_http2_speaker = {
    .start = px_http2_start,
    .data = data,
    .fill = px_http2_fill,
    .respond = px_http2_respond,
    .late = late,
    .quiet = quiet,
    .rest = px_http2_rest,
    .drain = drain,
    .stop = px_http2_stop,
};
