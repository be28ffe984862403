/* proxy/http2_client_heard.c -- what a provider's frames mean for the exchanges they belong to. */
#include <string.h>

#include "proxy/http2_client_inside.h"
#include "routing/base/check.h"

enum {
    GLITCHES_MAX = 1000,     /* frames that carry nothing for us, in a burst; */
    GLITCHES_PER_S = 100,    /* so many are forgotten each second, */
    GLITCHES_PER_ANSWER = 8, /* and so many for each answer */
};

/* The words for logs; RFC 9113 section 7. */
static const char *reset_why(uint32_t code)
{
    static const char *const word[] = {
        "reset_no_error",     "reset_protocol_error",  "reset_internal_error",
        "reset_flow_control", "reset_settings",        "reset_stream_closed",
        "reset_frame_size",   "refused_stream",        "reset_cancel",
        "reset_compression",  "reset_connect",         "reset_enhance_your_calm",
        "reset_security",     "reset_http11_required",
    };

    return code < sizeof word / sizeof *word ? word[code] : "reset";
}

static bool glitch(struct px_http2_client *h)
{
    return ++h->glitches <= GLITCHES_MAX;
}

void px_http2_glitches_forget(struct px_http2_client *h, int64_t now_ns)
{
    int64_t forgive = (now_ns - h->glitches_ns) / (1000000000 / GLITCHES_PER_S);

    if (forgive <= 0)
        return;
    h->glitches_ns = now_ns;
    h->glitches -= forgive < h->glitches ? (unsigned)forgive : h->glitches;
}

static int on_begin_headers(nghttp2_session *s, const nghttp2_frame *f, void *ctx)
{
    struct px_exchange *x = px_http2_exchange(s, f->hd.stream_id);

    (void)ctx;
    if (x != NULL)
        x->headed = true;
    return 0;
}

static bool status_take(struct px_exchange *x, struct span value)
{
    uint64_t status = 0;

    if (span_u64(value, &status) != OK || status > 999)
        return false;
    x->status = (int)status;
    return true;
}

static void length_take(struct px_exchange *x, struct span value)
{
    x->length_told = span_u64(value, &x->length) == OK;
}

static int field_take(struct px_http2_client *h, struct px_exchange *x, struct span name,
                      struct span value)
{
    if (!x->final && span_is(name, ":status"))
        return status_take(x, value) ? 0 : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    if (!x->final && span_is(name, "content-length"))
        length_take(x, value);
    if (!px_exchange_name(x, name) || !px_exchange_value(x, value))
        return px_http2_fault(h, "header_limit"); /* the rest of the bomb is not even decoded */
    return 0;
}

static int on_header(nghttp2_session *s, const nghttp2_frame *f, const uint8_t *name, size_t name_n,
                     const uint8_t *value, size_t value_n, uint8_t flags, void *ctx)
{
    struct px_exchange *x = px_http2_exchange(s, f->hd.stream_id);

    (void)flags;
    if (x == NULL)
        return glitch(ctx) ? 0 : px_http2_fault(ctx, "flood");
    return field_take(ctx, x, (struct span){ (const char *)name, name_n },
                      (struct span){ (const char *)value, value_n });
}

/* A field the library finds invalid is dropped, but its bytes count. */
static int on_bad_header(nghttp2_session *s, const nghttp2_frame *f, const uint8_t *name,
                         size_t name_n, const uint8_t *value, size_t value_n, uint8_t flags,
                         void *ctx)
{
    (void)s;
    (void)f;
    (void)name;
    (void)value;
    (void)flags;
    (void)name_n;
    (void)value_n;
    return glitch(ctx) ? 0 : px_http2_fault(ctx, "flood");
}

static void answered(struct px_http2_client *h, struct px_exchange *x)
{
    h->glitches -= h->glitches < GLITCHES_PER_ANSWER ? h->glitches : GLITCHES_PER_ANSWER;
    /* It did not wait for the end of our request: nothing more of it need be sent. */
    if (!x->whole)
        (void)nghttp2_submit_rst_stream(h->session, NGHTTP2_FLAG_NONE, x->stream_, NGHTTP2_CANCEL);
    px_http2_end(h, x, PX_ENDED_ANSWERED, "answered");
}

static int on_headers(struct px_http2_client *h, struct px_exchange *x, const nghttp2_frame *f)
{
    bool ends = (f->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;

    if (!x->final) {
        if (x->status / 100 != 1)
            px_exchange_final(x, x->status);
        else if (!px_exchange_informational(x))
            return px_http2_fault(h, "informational_limit");
        else
            return 0; /* nghttp2 has refused END_STREAM here */
    }
    if (ends)
        answered(h, x);
    return 0;
}

/* What a peer may send without end and without use (SECURITY: PING, SETTINGS, PRIORITY, empty DATA
 * and WINDOW_UPDATE floods). */
static bool useless(const nghttp2_frame *f)
{
    if (f->hd.type == NGHTTP2_DATA)
        return f->hd.length == 0 && (f->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0;
    return f->hd.type != NGHTTP2_HEADERS && f->hd.type != NGHTTP2_GOAWAY;
}

static int on_goaway(struct px_http2_client *h, const nghttp2_frame *f)
{
    h->goaway = true;
    h->goaway_last = f->goaway.last_stream_id;
    return 0; /* the library now closes the streams above it, see on_stream_close */
}

static int on_frame(nghttp2_session *s, const nghttp2_frame *f, void *ctx)
{
    struct px_http2_client *h = ctx;
    struct px_exchange *x = f->hd.stream_id == 0 ? NULL : px_http2_exchange(s, f->hd.stream_id);

    if (useless(f) && !glitch(h))
        return px_http2_fault(h, "flood");
    if (f->hd.type == NGHTTP2_GOAWAY)
        return on_goaway(h, f);
    if (f->hd.type == NGHTTP2_SETTINGS && (f->hd.flags & NGHTTP2_FLAG_ACK) == 0)
        h->greeted = true;
    if (x == NULL)
        return 0;
    if (f->hd.type == NGHTTP2_HEADERS)
        return on_headers(h, x, f);
    if (f->hd.type == NGHTTP2_DATA && (f->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0)
        answered(h, x);
    else if (f->hd.type == NGHTTP2_RST_STREAM)
        px_http2_end(h, x,
                     f->rst_stream.error_code == NGHTTP2_REFUSED_STREAM ? PX_ENDED_REFUSED_STREAM
                                                                        : PX_ENDED_BROKEN,
                     reset_why(f->rst_stream.error_code));
    return 0;
}

/* One answer too long is that answer's fault alone: its stream goes, its neighbours stay. */
static int on_data(nghttp2_session *s, uint8_t flags, int32_t stream, const uint8_t *p, size_t n,
                   void *ctx)
{
    struct px_exchange *x = px_http2_exchange(s, stream);

    (void)flags;
    if (x == NULL || px_exchange_body(x, (struct span){ (const char *)p, n }))
        return 0;
    (void)nghttp2_submit_rst_stream(s, NGHTTP2_FLAG_NONE, stream, NGHTTP2_CANCEL);
    px_http2_end(ctx, x, PX_ENDED_BROKEN, "body_limit");
    return 0;
}

/* Who is still here was not ended by a frame of its own: GOAWAY took the stream, or the library
 * found its frames malformed. */
static int on_stream_close(nghttp2_session *s, int32_t stream, uint32_t code, void *ctx)
{
    struct px_http2_client *h = ctx;
    struct px_exchange *x = px_http2_exchange(s, stream);

    CHECK(h->open > 0);
    h->open--;
    if (x == NULL)
        return 0;
    if (h->goaway && stream > h->goaway_last && code == NGHTTP2_REFUSED_STREAM)
        px_http2_end(h, x, PX_ENDED_GOAWAY, "goaway");
    else if (x->first_at == PX_NOWHERE) /* GOAWAY came while its HEADERS waited to leave */
        px_http2_end(h, x, PX_ENDED_GOAWAY, h->goaway ? "goaway" : "unsent");
    else if (x->length_told && x->body_n != x->length)
        px_http2_end(h, x, PX_ENDED_BROKEN, "truncated");
    else
        px_http2_end(h, x, PX_ENDED_BROKEN, "malformed");
    return 0;
}

void px_http2_client_heard(nghttp2_session_callbacks *cb)
{
    nghttp2_session_callbacks_set_on_begin_headers_callback(cb, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(cb, on_header);
    nghttp2_session_callbacks_set_on_invalid_header_callback(cb, on_bad_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(cb, on_frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(cb, on_stream_close);
}
