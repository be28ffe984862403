/* proxy/http2_server.c -- HTTP/2 as a server: nghttp2 between a connection and its requests.
 *
 * The law that shapes it: a request that was handed over is never called unprocessed. A client may
 * send again what a GOAWAY's last stream id leaves out, or what was reset with REFUSED_STREAM, and
 * would then pay twice. nghttp2's own limiters break that law (RFC 9113 section 6.8 against its
 * 1.52: delivered streams above the GOAWAY's id), so they are set out of reach, our meter ends a
 * connection first, and every GOAWAY and RST_STREAM is checked before it leaves. */
#include "proxy/http2_server.h"

#include <nghttp2/nghttp2.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/http2_meter.h"
#include "proxy/http2_slab.h"
#include "proxy/log.h"
#include "proxy/server_inside.h"
#include "routing/base/check.h"
#include "routing/base/limits.h"

enum {
    FRAME_MAX = 16 * 1024 + 9,
    CONNECTION_WINDOW = 1024 * 1024,        /* bodies coming in on one connection, all streams */
    STREAM_WINDOW = LIMIT_BODY + FRAME_MAX, /* so that one too large shows itself as that */
    HEADERS_PATIENCE = 4, /* times the header limits: 431 below, the end of the connection above */
    DISCARD_MAX = 1024 * 1024, /* of a body nobody wants, so that the client hears why */
    RESET_COST = 5,            /* a stream we had to reset */
    OUT_OF_REACH = 1000000,
    DRAIN_RTT_MS = 1000, /* for peers that do not answer the PING */
    LINGER_MS = 1000,
    NAMES = PX_HEADERS_MAX + 4
};

static const uint8_t drain_ping[8] = { 's', 'i', 'g', 'n', 'a', 'l', 'b', 'x' };

struct px_http2_shared {
    nghttp2_session_callbacks *callbacks;
    nghttp2_option *option;
    struct px_slab slab;
};

struct session {
    nghttp2_session *ng;
    struct px_server_conn *c;
    void *frames; /* nghttp2's buffer for frames, in the slab */
    struct px_http2_meter meter;
    int32_t dispatched_max; /* the highest stream that was whole; a claim below it is a lie */
    bool greeted;           /* its SETTINGS came */
    bool closing;           /* nothing more is read */
    bool noticed, final;    /* draining: the first GOAWAY was said; the second is due, or was */
    bool final_said;
    bool held_back; /* a frame of ours would have been a lie: end without a word */
    size_t ignored; /* bytes of a header section that belongs to no request */
};

static struct session *session_of(void *user)
{
    return user;
}

static struct px_server_request *request_of(const struct session *h, int32_t stream)
{
    return nghttp2_session_get_stream_user_data(h->ng, stream);
}

/* Fails for lack of memory (and then the connection dies of that very soon) or because the stream
 * or the session is closing, when nobody listens. What is left is a mistake of ours. */
static void submitted(int rv)
{
    CHECK(rv != NGHTTP2_ERR_INVALID_ARGUMENT);
}

static void reset_stream(struct session *h, int32_t stream, uint32_t code)
{
    submitted(nghttp2_submit_rst_stream(h->ng, NGHTTP2_FLAG_NONE, stream, code));
}

/* Ends the connection: input stops at once, the GOAWAY names the highest stream we took. */
static void terminate(struct session *h, uint32_t code)
{
    if (h->closing)
        return;
    h->closing = true;
    submitted(nghttp2_session_terminate_session(h->ng, code));
    px_conn_wake(h->c->conn);
}

static void calm(struct session *h, const char *why)
{
    struct px_server *s = h->c->server;

    if (h->closing)
        return;
    s->counts.calmed++;
    if (px_log_allowed(&s->log_gate, 5, px_wire_now_ns(s->wire)))
        LOG(WARN, "server.calmed", F("peer", h->c->peer), F("why", why));
    terminate(h, NGHTTP2_ENHANCE_YOUR_CALM);
}

static void charge(struct session *h, int cost)
{
    if (!px_http2_meter_charge(&h->meter, cost))
        calm(h, "resets");
}

/* ---- a request comes in ---- */

static int on_begin_headers(nghttp2_session *ng, const nghttp2_frame *f, void *user)
{
    struct session *h = session_of(user);
    struct px_server_request *q = NULL;

    h->ignored = 0;
    if (f->headers.cat != NGHTTP2_HCAT_REQUEST)
        return 0;
    if (px_server_conn_has_place(h->c))
        q = px_server_request_create(h->c);
    if (q == NULL) { /* true: nobody has seen it */
        reset_stream(h, f->hd.stream_id, NGHTTP2_REFUSED_STREAM);
        charge(h, 1);
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
static int overflow(struct session *h, size_t *total, size_t n)
{
    *total += n + 32;
    if (*total <= (size_t)HEADERS_PATIENCE * LIMIT_HEADER_BYTES)
        return 0;
    calm(h, "headers");
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

static int on_header(nghttp2_session *ng, const nghttp2_frame *f, const uint8_t *name,
                     size_t name_n, const uint8_t *value, size_t value_n, uint8_t flags, void *user)
{
    struct session *h = session_of(user);
    struct px_server_request *q = request_of(h, f->hd.stream_id);
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
    struct session *h = session_of(user);
    struct px_server_request *q = request_of(h, f->hd.stream_id);

    (void)ng;
    (void)name;
    (void)value;
    (void)flags;
    if (q != NULL && !q->refused)
        px_server_request_drop(q);
    if (h->ignored == 0)
        reset_stream(h, f->hd.stream_id, NGHTTP2_PROTOCOL_ERROR);
    return overflow(h, &h->ignored, name_n + value_n);
}

static void complete(struct session *h, struct px_server_request *q)
{
    if (q->stream > h->dispatched_max)
        h->dispatched_max = q->stream;
    px_server_request_complete(q);
}

static void give_window_back(struct session *h, size_t n)
{
    if (n > 0)
        submitted(nghttp2_session_consume_connection(h->ng, n));
}

static void on_headers(struct session *h, const nghttp2_frame *f)
{
    struct px_server_request *q = request_of(h, f->hd.stream_id);
    bool last = (f->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    nghttp2_nv go_on = { (uint8_t[]){ ":status" }, (uint8_t[]){ "100" }, 7, 3, 0 };

    if (q == NULL || q->refused || q->dispatched)
        return;
    if (f->headers.cat == NGHTTP2_HCAT_REQUEST && !px_server_request_headed(q))
        return;
    if (last)
        complete(h, q);
    else if (q->head.expects)
        submitted(
            nghttp2_submit_headers(h->ng, NGHTTP2_FLAG_NONE, q->stream, NULL, &go_on, 1, NULL));
}

static void on_data_end(struct session *h, const nghttp2_frame *f)
{
    struct px_server_request *q = request_of(h, f->hd.stream_id);

    if (q == NULL || q->refused || q->dispatched)
        return;
    give_window_back(h, q->window);
    q->window = 0;
    complete(h, q);
}

/* The rest of a body whose request was answered before it was whole. A reset at once is allowed
 * (RFC 9113 section 8.1), but clients that are still sending then lose the answer with it. */
static void discard(struct session *h, struct px_server_request *q, size_t n)
{
    size_t before = q->discarded;

    q->discarded += n;
    if (q->discarded <= DISCARD_MAX)
        submitted(nghttp2_session_consume_stream(h->ng, q->stream, n));
    else if (before <= DISCARD_MAX)
        reset_stream(h, q->stream, NGHTTP2_NO_ERROR);
}

static int on_data_chunk(nghttp2_session *ng, uint8_t flags, int32_t stream, const uint8_t *p,
                         size_t n, void *user)
{
    struct session *h = session_of(user);
    struct px_server_request *q = request_of(h, stream);

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

static void on_ping(struct session *h, const nghttp2_frame *f)
{
    if ((f->hd.flags & NGHTTP2_FLAG_ACK) != 0 && h->noticed &&
        memcmp(f->ping.opaque_data, drain_ping, sizeof drain_ping) == 0)
        h->final = true; /* said when this input is used up */
}

static int on_frame_recv(nghttp2_session *ng, const nghttp2_frame *f, void *user)
{
    struct session *h = session_of(user);

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
    struct session *h = session_of(user);
    struct px_server_request *q = request_of(h, stream);

    if (q == NULL)
        return 0;
    (void)nghttp2_session_set_stream_user_data(ng, stream, NULL);
    give_window_back(h, q->window);
    q->window = 0;
    if (q->responded && !q->refused && code == NGHTTP2_NO_ERROR)
        px_http2_meter_answered(&h->meter);
    else
        charge(h, 1);
    px_server_request_release(q);
    return 0;
}

/* The upper half of the queue is for what must not wait: a GOAWAY has to leave before the next
 * stream is taken, or it would leave that one out. */
static bool has_room(const struct session *h)
{
    size_t keep = h->final && !h->final_said ? 0 : PX_SERVER_QUEUE / 2;

    return px_conn_room(h->c->conn) >= keep + FRAME_MAX;
}

/* ---- frames of ours, before and after they leave ---- */

static bool claims_falsely(struct session *h, const nghttp2_frame *f)
{
    const struct px_server_request *q;

    if (f->hd.type == NGHTTP2_GOAWAY)
        return f->goaway.last_stream_id < h->dispatched_max;
    if (f->hd.type != NGHTTP2_RST_STREAM || f->rst_stream.error_code != NGHTTP2_REFUSED_STREAM)
        return false;
    q = request_of(h, f->hd.stream_id);
    return q != NULL && q->dispatched;
}

static int before_frame_send(nghttp2_session *ng, const nghttp2_frame *f, void *user)
{
    struct session *h = session_of(user);

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
    struct session *h = session_of(user);

    (void)ng;
    if (f->hd.type == NGHTTP2_RST_STREAM && f->rst_stream.error_code != NGHTTP2_NO_ERROR)
        charge(h, RESET_COST);
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
    struct session *h = session_of(user);
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

static void respond(struct px_server_request *q, const struct px_message *m)
{
    struct session *h = q->on->session;
    nghttp2_data_provider body = { .source.ptr = q, .read_callback = read_answer };
    nghttp2_nv field[NAMES];
    char text[48];
    struct buf numbers = BUF_OF(text);
    bool bodiless =
        m->body.n == 0 || m->status == 204 || m->status == 304 || span_is(q->head.method, "HEAD");
    size_t n = fields_of(q->server, m, field, &numbers);

    if (bodiless || px_server_request_keep(q, m->body))
        submitted(nghttp2_submit_response(h->ng, q->stream, field, n, bodiless ? NULL : &body));
    else
        reset_stream(h, q->stream, NGHTTP2_INTERNAL_ERROR);
    px_conn_wake(h->c->conn);
}

/* ---- bytes ---- */

/* A connection nghttp2 will not go on with (-905 CONTINUATION flood, bad preface, no memory). The
 * library may not be asked any more, so the GOAWAY is written here; it claims nothing. */
static void broken(struct session *h, int rv)
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
    px_conn_finish(h->c->conn, LINGER_MS);
}

/* The second GOAWAY: the last stream we took. Nothing is read between this and its writing. */
static void say_final(struct session *h)
{
    int32_t last = nghttp2_session_get_last_proc_stream_id(h->ng);

    submitted(nghttp2_submit_goaway(h->ng, NGHTTP2_FLAG_NONE, last, NGHTTP2_NO_ERROR, NULL, 0));
}

static void fill(struct px_server_conn *c)
{
    struct session *h = c->session;

    if (h->final && !h->final_said && !h->closing)
        say_final(h);
    while (has_room(h)) {
        const uint8_t *p;
        ssize_t n = nghttp2_session_mem_send(h->ng, &p);

        if (n == 0)
            break;
        if (n < 0 || !px_conn_put(c->conn, (struct span){ (const char *)p, (size_t)n })) {
            broken(h, n < 0 ? (int)n : NGHTTP2_ERR_NOMEM);
            return;
        }
    }
    h->final_said = h->final;
    if (h->held_back || (!nghttp2_session_want_read(h->ng) && !nghttp2_session_want_write(h->ng)))
        px_conn_finish(c->conn, LINGER_MS);
}

static void data(struct px_server_conn *c, struct span bytes)
{
    struct session *h = c->session;
    ssize_t n;

    if (h->closing)
        return;
    if (!px_http2_meter_data(&h->meter, bytes, px_wire_now_ns(c->server->wire))) {
        calm(h, "frames");
        return;
    }
    n = nghttp2_session_mem_recv(h->ng, (const uint8_t *)bytes.p, bytes.n);
    if (n < 0)
        broken(h, (int)n);
    else if (h->final && !h->final_said)
        fill(c);
    else if (nghttp2_session_want_write(h->ng) || !nghttp2_session_want_read(h->ng))
        px_conn_wake(c->conn);
}

/* ---- deadlines and draining ---- */

static void late(struct px_server_request *q)
{
    struct session *h = q->on->session;

    switch (q->phase) {
    case PX_PHASE_HEAD: terminate(h, NGHTTP2_PROTOCOL_ERROR); break; /* CONTINUATION never came */
    case PX_PHASE_BODY: px_server_request_refuse(q, PX_REFUSE_TOO_SLOW); break;
    case PX_PHASE_SENDING:
        reset_stream(h, q->stream, q->refused ? NGHTTP2_NO_ERROR : NGHTTP2_CANCEL);
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
    struct session *h = c->session;

    if (h->closing || h->final)
        return;
    if (h->noticed) {
        h->final = true;
        fill(c);
        return;
    }
    h->noticed = true;
    submitted(nghttp2_submit_shutdown_notice(h->ng));
    submitted(nghttp2_submit_ping(h->ng, NGHTTP2_FLAG_NONE, drain_ping));
    px_server_conn_drain_again_in(c, DRAIN_RTT_MS);
    px_conn_wake(c->conn);
}

static void quiet(struct px_server_conn *c)
{
    terminate(c->session, NGHTTP2_NO_ERROR);
}

/* ---- memory: the heap, but for the one large buffer each session has ---- */

enum { FRAMES_MIN = 12 * 1024 };

static void *mem_malloc(size_t n, void *user)
{
    struct session *h = session_of(user);

    if (n < FRAMES_MIN || n > PX_SLAB_ROOM || h->frames != NULL)
        return malloc(n);
    h->frames = px_slab_take(&h->c->server->http2->slab);
    return h->frames;
}

static void *mem_calloc(size_t n, size_t size, void *user)
{
    (void)user;
    return calloc(n, size);
}

static void mem_free(void *p, void *user)
{
    struct session *h = session_of(user);

    if (p == NULL || p != h->frames) {
        free(p);
        return;
    }
    px_slab_give(&h->c->server->http2->slab, p);
    h->frames = NULL;
}

static void *mem_realloc(void *p, size_t n, void *user)
{
    struct session *h = session_of(user);
    void *q;

    if (p == NULL)
        return mem_malloc(n, user);
    if (p != h->frames)
        return realloc(p, n);
    if (n <= PX_SLAB_ROOM)
        return p;
    q = malloc(n);
    if (q != NULL) {
        memcpy(q, p, PX_SLAB_ROOM);
        mem_free(p, user);
    }
    return q;
}

/* Once mem_send has given all there is, what the buffer holds is of the past. */
static void rest(struct px_server_conn *c)
{
    struct session *h = c->session;

    if (h->frames != NULL && !h->closing && !nghttp2_session_want_write(h->ng))
        px_slab_rest(h->frames);
}

/* ---- life ---- */

static bool greet(struct session *h)
{
    const nghttp2_settings_entry ours[] = {
        { NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, LIMIT_STREAMS },
        { NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, STREAM_WINDOW },
        { NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, LIMIT_HEADER_BYTES },
        { NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1 },
    };

    return nghttp2_submit_settings(h->ng, NGHTTP2_FLAG_NONE, ours, sizeof ours / sizeof *ours) ==
               0 &&
           nghttp2_session_set_local_window_size(h->ng, NGHTTP2_FLAG_NONE, 0, CONNECTION_WINDOW) ==
               0;
}

static void stop(struct px_server_conn *c)
{
    struct session *h = c->session;

    c->session = NULL;
    nghttp2_session_del(h->ng);
    free(h);
}

static bool start(struct px_server_conn *c)
{
    struct px_http2_shared *sh = c->server->http2;
    struct session *h = calloc(1, sizeof *h);
    nghttp2_mem mem = { h, mem_malloc, mem_free, mem_calloc, mem_realloc };

    if (h == NULL)
        return false;
    h->c = c;
    c->session = h;
    px_http2_meter_init(&h->meter, px_wire_now_ns(c->server->wire), true);
    if (nghttp2_session_server_new3(&h->ng, sh->callbacks, h, sh->option, &mem) == 0 && greet(h)) {
        px_conn_wake(c->conn);
        return true;
    }
    stop(c);
    return false;
}

const struct px_speaker px_http2_speaker = {
    .start = start,
    .data = data,
    .fill = fill,
    .respond = respond,
    .late = late,
    .quiet = quiet,
    .rest = rest,
    .drain = drain,
    .stop = stop,
};

static void set_callbacks(nghttp2_session_callbacks *cb)
{
    nghttp2_session_callbacks_set_on_begin_headers_callback(cb, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(cb, on_header);
    nghttp2_session_callbacks_set_on_invalid_header_callback(cb, on_invalid_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(cb, on_frame_recv);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, on_data_chunk);
    nghttp2_session_callbacks_set_on_stream_close_callback(cb, on_stream_close);
    nghttp2_session_callbacks_set_before_frame_send_callback(cb, before_frame_send);
    nghttp2_session_callbacks_set_on_frame_send_callback(cb, on_frame_send);
    nghttp2_session_callbacks_set_send_data_callback(cb, send_answer);
}

static void set_options(nghttp2_option *o)
{
    nghttp2_option_set_no_auto_window_update(o, 1); /* window is given as bodies are taken */
    nghttp2_option_set_no_closed_streams(o, 1);
    nghttp2_option_set_max_deflate_dynamic_table_size(o, 0); /* no table of answers to keep */
    nghttp2_option_set_max_continuations(o, 8);
    /* out of reach: the meter ends the connection first, and tells the truth */
    nghttp2_option_set_stream_reset_rate_limit(o, OUT_OF_REACH, OUT_OF_REACH);
    nghttp2_option_set_max_outbound_ack(o, OUT_OF_REACH);
}

struct px_http2_shared *px_http2_shared_create(void)
{
    struct px_http2_shared *sh = calloc(1, sizeof *sh);

    if (sh == NULL)
        return NULL;
    if (nghttp2_session_callbacks_new(&sh->callbacks) != 0 ||
        nghttp2_option_new(&sh->option) != 0) {
        px_http2_shared_destroy(sh);
        return NULL;
    }
    set_callbacks(sh->callbacks);
    set_options(sh->option);
    return sh;
}

void px_http2_shared_destroy(struct px_http2_shared *sh)
{
    if (sh == NULL)
        return;
    nghttp2_session_callbacks_del(sh->callbacks);
    nghttp2_option_del(sh->option);
    px_slab_fini(&sh->slab);
    free(sh);
}
