/* proxy/http2_client.c -- HTTP/2 as a client: nghttp2 over memory.
 *
 * The evidence: a request's first byte is the first byte of its HEADERS frame. nghttp2 announces a
 * frame (before_frame_send) and hands it out from the same call to mem_send, so what had been put
 * until then is that frame's place in the output. Of two frames that can end a stream the peer's
 * RST_STREAM and GOAWAY are told apart here, because only some of them say "not processed". */
#include "proxy/http2_client.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/http2_client_inside.h"
#include "routing/base/buf.h"
#include "routing/base/check.h"
#include "routing/base/secret.h"

enum {
    FRAME_MOST = 32 * 1024,     /* mem_send gives at most this much in one go, in practice less */
    WINDOW = 1024 * 1024,       /* of the connection */
    STREAM_WINDOW = 256 * 1024, /* of one answer */
};

static struct px_http2_client *http2_of(struct px_client *c)
{
    return (struct px_http2_client *)c;
}

/* ---- memory: request bytes pass through nghttp2's buffers, so what it frees is wiped ---- */

static void *mem_malloc(size_t n, void *ctx)
{
    (void)ctx;
    return malloc(n);
}

static void *mem_calloc(size_t n, size_t size, void *ctx)
{
    (void)ctx;
    return calloc(n, size);
}

static void mem_free(void *p, void *ctx)
{
    (void)ctx;
    if (p != NULL)
        secret_wipe(p, malloc_usable_size(p));
    free(p);
}

static void *mem_realloc(void *p, size_t n, void *ctx)
{
    size_t old = p == NULL ? 0 : malloc_usable_size(p);
    void *q = malloc(n);

    if (q != NULL && old > 0)
        memcpy(q, p, old < n ? old : n);
    if (q != NULL)
        mem_free(p, ctx);
    return q;
}

/* ---- ending ---- */

void px_http2_end(struct px_http2_client *h, struct px_exchange *x, enum px_ending how,
                  const char *why)
{
    (void)nghttp2_session_set_stream_user_data(h->session, x->stream_, NULL);
    px_client_end(x, how, why);
}

int px_http2_fault(struct px_http2_client *h, const char *why)
{
    if (h->fault == NULL)
        h->fault = why;
    return NGHTTP2_ERR_CALLBACK_FAILURE;
}

/* ---- what leaves ---- */

static int before_frame(nghttp2_session *s, const nghttp2_frame *f, void *ctx)
{
    struct px_http2_client *h = ctx;
    struct px_exchange *x;

    if (f->hd.type != NGHTTP2_HEADERS || (x = px_http2_exchange(s, f->hd.stream_id)) == NULL)
        return 0;
    if (x->first_at == PX_NOWHERE)
        x->first_at = h->c.io_->at(h->c.ctx_);
    return 0;
}

static int after_frame(nghttp2_session *s, const nghttp2_frame *f, void *ctx)
{
    struct px_http2_client *h = ctx;
    struct px_exchange *x;

    /* The library's verdict on the peer: it reads nothing from here on. */
    if (f->hd.type == NGHTTP2_GOAWAY && f->goaway.error_code != NGHTTP2_NO_ERROR)
        (void)px_http2_fault(h, "protocol_error");
    if ((f->hd.type != NGHTTP2_HEADERS && f->hd.type != NGHTTP2_DATA) ||
        (f->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0)
        return 0;
    if ((x = px_http2_exchange(s, f->hd.stream_id)) != NULL)
        x->whole = true;
    return 0;
}

static ssize_t on_upload(nghttp2_session *s, int32_t stream, uint8_t *to, size_t cap,
                         uint32_t *flags, nghttp2_data_source *source, void *ctx)
{
    struct px_exchange *x = px_http2_exchange(s, stream);
    struct span left;

    (void)source;
    (void)ctx;
    if (x == NULL)
        return NGHTTP2_ERR_DEFERRED; /* a RST_STREAM is on its way */
    left = span_take(span_drop(x->request.body, x->uploaded_), cap);
    memcpy(to, left.p, left.n);
    x->uploaded_ += left.n;
    if (x->uploaded_ == x->request.body.n)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)left.n;
}

/* ---- the session ---- */

static bool callbacks_make(nghttp2_session_callbacks **out)
{
    nghttp2_session_callbacks *cb;

    if (nghttp2_session_callbacks_new(&cb) != 0)
        return false;
    px_http2_client_heard(cb);
    nghttp2_session_callbacks_set_before_frame_send_callback(cb, before_frame);
    nghttp2_session_callbacks_set_on_frame_send_callback(cb, after_frame);
    *out = cb;
    return true;
}

static bool session_make(struct px_http2_client *h)
{
    static const nghttp2_mem wiping = {
        .malloc = mem_malloc,
        .free = mem_free,
        .calloc = mem_calloc,
        .realloc = mem_realloc,
    };
    nghttp2_mem mem = wiping;
    nghttp2_session_callbacks *cb = NULL;
    nghttp2_option *o = NULL;
    bool ok = false;

    if (!callbacks_make(&cb) || nghttp2_option_new(&o) != 0)
        goto out;
    nghttp2_option_set_max_outbound_ack(o, 100);
    nghttp2_option_set_max_reserved_remote_streams(o, 0);
    nghttp2_option_set_no_closed_streams(o, 1);
    ok = nghttp2_session_client_new3(&h->session, cb, h, o, &mem) == 0;
out:
    nghttp2_option_del(o);
    nghttp2_session_callbacks_del(cb);
    return ok;
}

static bool greet(struct px_http2_client *h)
{
    static const nghttp2_settings_entry ours[] = {
        { NGHTTP2_SETTINGS_ENABLE_PUSH, 0 },
        { NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, STREAM_WINDOW },
        { NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, LIMIT_HEADER_BYTES },
    };

    return nghttp2_submit_settings(h->session, NGHTTP2_FLAG_NONE, ours,
                                   sizeof ours / sizeof *ours) == 0 &&
           nghttp2_session_set_local_window_size(h->session, NGHTTP2_FLAG_NONE, 0, WINDOW) == 0;
}

/* ---- a client's calls ---- */

static unsigned http2_room(const struct px_client *c)
{
    const struct px_http2_client *h = (const struct px_http2_client *)c;
    uint32_t slots;

    if (!h->greeted || h->goaway || h->leaving || h->fault != NULL ||
        nghttp2_session_check_request_allowed(h->session) == 0)
        return 0;
    slots =
        nghttp2_session_get_remote_settings(h->session, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
    if (slots > LIMIT_STREAMS)
        slots = LIMIT_STREAMS;
    return slots > h->open ? slots - h->open : 0;
}

static nghttp2_nv field(const char *name, struct span value)
{
    return (nghttp2_nv){ (uint8_t *)(uintptr_t)name, (uint8_t *)(uintptr_t)value.p, strlen(name),
                         value.n, NGHTTP2_NV_FLAG_NONE };
}

static size_t fields(const struct px_message *m, nghttp2_nv *nv, struct buf *length)
{
    size_t n = 0;

    nv[n++] = field(":method", m->method);
    nv[n++] = field(":scheme", m->scheme);
    nv[n++] = field(":authority", m->authority);
    nv[n++] = field(":path", m->path);
    for (unsigned i = 0; i < m->headers; i++) {
        const struct px_header *f = &m->header[i];

        nv[n++] = (nghttp2_nv){ (uint8_t *)(uintptr_t)f->name.p, (uint8_t *)(uintptr_t)f->value.p,
                                f->name.n, f->value.n,
                                f->secret ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE };
    }
    if (m->body.n > 0 || !(span_is(m->method, "GET") || span_is(m->method, "HEAD"))) {
        buf_u64(length, m->body.n);
        nv[n++] = field("content-length", buf_span(length));
    }
    return n;
}

static void http2_start(struct px_client *c, struct px_exchange *x)
{
    struct px_http2_client *h = http2_of(c);
    nghttp2_nv nv[PX_HEADERS_MAX + 5];
    nghttp2_data_provider body = { .read_callback = on_upload };
    char text[24];
    struct buf length = BUF_OF(text);
    size_t n = fields(&x->request, nv, &length);

    CHECK(http2_room(c) > 0);
    px_client_keep(c, x);
    x->stream_ =
        nghttp2_submit_request(h->session, NULL, nv, n, x->request.body.n > 0 ? &body : NULL, x);
    if (x->stream_ > 0)
        h->open++;
    else
        x->stream_ = 0; /* no memory: ended by the next fill, since start may not */
    c->io_->wake(c->ctx_);
}

static void end_unstarted(struct px_client *c)
{
    struct px_exchange *next;

    for (struct px_exchange *x = c->first_; x != NULL; x = next) {
        next = x->next_;
        if (x->stream_ == 0)
            px_client_end(x, PX_ENDED_BROKEN, "no_memory");
    }
}

static bool http2_fill(struct px_client *c)
{
    struct px_http2_client *h = http2_of(c);
    const uint8_t *p;
    ssize_t n = 0;

    end_unstarted(c);
    while (c->io_->room(c->ctx_) >= FRAME_MOST) {
        n = nghttp2_session_mem_send(h->session, &p);
        if (n <= 0)
            break;
        if (!c->io_->put(c->ctx_, (struct span){ (const char *)p, (size_t)n }))
            return false;
    }
    return n >= 0 && h->fault == NULL;
}

/* Has the library given the peer up? It then ignores what comes, and says GOAWAY when it can write;
 * a peer that does not read would keep us waiting for that. */
static bool given_up(const struct px_http2_client *h)
{
    return !h->goaway && !h->leaving &&
           nghttp2_session_get_next_stream_id(h->session) <= INT32_MAX &&
           nghttp2_session_check_request_allowed(h->session) == 0;
}

static bool http2_receive(struct px_client *c, struct span bytes, int64_t now_ns)
{
    struct px_http2_client *h = http2_of(c);
    ssize_t n;

    if (h->fault != NULL)
        return false;
    px_http2_glitches_forget(h, now_ns);
    n = nghttp2_session_mem_recv(h->session, (const uint8_t *)bytes.p, bytes.n);
    if (n < 0 && h->fault == NULL)
        h->fault = n == NGHTTP2_ERR_FLOODED ? "flood" : "protocol_error";
    if (h->fault == NULL && given_up(h))
        h->fault = "protocol_error";
    if (h->fault == NULL)
        c->io_->wake(c->ctx_); /* acknowledgements, window updates, perhaps a GOAWAY of ours */
    return h->fault == NULL;
}

static void http2_cancel(struct px_client *c, struct px_exchange *x)
{
    struct px_http2_client *h = http2_of(c);

    CHECK(x->client_ == c);
    if (x->stream_ > 0) {
        (void)nghttp2_session_set_stream_user_data(h->session, x->stream_, NULL);
        (void)nghttp2_submit_rst_stream(h->session, NGHTTP2_FLAG_NONE, x->stream_, NGHTTP2_CANCEL);
    }
    px_client_drop(x);
    c->io_->wake(c->ctx_);
}

static void http2_lost(struct px_client *c, enum px_client_lost how, const char *why)
{
    struct px_http2_client *h = http2_of(c);

    (void)how;
    if (h->fault == NULL)
        h->fault = why;
    while (c->first_ != NULL) {
        struct px_exchange *x = c->first_;

        px_http2_end(h, x, PX_ENDED_BROKEN, x->final ? "truncated" : h->fault);
    }
}

static bool http2_greeted(const struct px_client *c)
{
    return ((const struct px_http2_client *)c)->greeted;
}

static bool http2_over(const struct px_client *c)
{
    const struct px_http2_client *h = (const struct px_http2_client *)c;

    return c->exchanges_ == 0 && (h->goaway || h->leaving || h->fault != NULL ||
                                  nghttp2_session_check_request_allowed(h->session) == 0);
}

static void http2_bye(struct px_client *c)
{
    struct px_http2_client *h = http2_of(c);

    if (h->leaving)
        return;
    h->leaving = true;
    (void)nghttp2_submit_goaway(h->session, NGHTTP2_FLAG_NONE, 0, NGHTTP2_NO_ERROR, NULL, 0);
    c->io_->wake(c->ctx_);
}

static void http2_destroy(struct px_client *c)
{
    CHECK(c->exchanges_ == 0);
    nghttp2_session_del(http2_of(c)->session);
    free(c);
}

void px_http2_client_skip_to(struct px_client *c, int32_t stream)
{
    CHECK(nghttp2_session_set_next_stream_id(http2_of(c)->session, stream) == 0);
}

static const struct px_client_kind http2_kind = {
    .room = http2_room,
    .start = http2_start,
    .receive = http2_receive,
    .fill = http2_fill,
    .cancel = http2_cancel,
    .lost = http2_lost,
    .greeted = http2_greeted,
    .over = http2_over,
    .bye = http2_bye,
    .destroy = http2_destroy,
};

struct px_client *px_http2_client_create(const struct px_client_io *io, void *ctx)
{
    struct px_http2_client *h = calloc(1, sizeof *h);

    if (h == NULL)
        return NULL;
    h->c = (struct px_client){ .kind_ = &http2_kind, .io_ = io, .ctx_ = ctx };
    if (session_make(h) && greet(h)) {
        io->wake(ctx);
        return &h->c;
    }
    nghttp2_session_del(h->session);
    free(h);
    return NULL;
}
