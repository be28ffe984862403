/* proxy/http2_inside.h -- what the files of the HTTP/2 server know of each other; nobody else
 * includes it.
 *
 *   http2_server.c  requests and bytes come in; deadlines, draining
 *   http2_out.c     answers and our own frames go out
 *   http2_life.c    sessions begin and end; their memory and settings */
#ifndef PX_HTTP2_INSIDE_H
#define PX_HTTP2_INSIDE_H
#include <nghttp2/nghttp2.h>

#include "proxy/http2_meter.h"
#include "proxy/http2_server.h"
#include "proxy/http2_slab.h"
#include "proxy/server_inside.h"
#include "routing/base/limits.h"

enum {
    PX_HTTP2_FRAME = 16 * 1024 + 9,
    PX_HTTP2_WINDOW = 1024 * 1024, /* bodies coming in on one connection, all streams */
    PX_HTTP2_STREAM_WINDOW = LIMIT_BODY + PX_HTTP2_FRAME, /* one too large shows itself as that */
    PX_HTTP2_LINGER_MS = 1000
};

struct px_http2_shared {
    nghttp2_session_callbacks *callbacks;
    nghttp2_option *option;
    struct px_slab slab;
};

struct px_http2 {
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

static inline struct px_http2 *px_http2_of(void *user)
{
    return user;
}

/* NULL: it was refused, or has been let go. */
static inline struct px_server_request *px_http2_request(const struct px_http2 *h, int32_t stream)
{
    return nghttp2_session_get_stream_user_data(h->ng, stream);
}

/* http2_out.c */
void px_http2_submitted(int rv); /* what nghttp2_submit_*() gave */
void px_http2_reset(struct px_http2 *h, int32_t stream, uint32_t code);
/* Ends the connection: input stops at once, the GOAWAY names the highest stream we took. */
void px_http2_terminate(struct px_http2 *h, uint32_t code);
void px_http2_calm(struct px_http2 *h, const char *why); /* with ENHANCE_YOUR_CALM, and told */
void px_http2_charge(struct px_http2 *h, int cost);
void px_http2_broken(struct px_http2 *h, int rv); /* nghttp2 will not go on */
void px_http2_fill(struct px_server_conn *c);
void px_http2_respond(struct px_server_request *q, const struct px_message *m);
void px_http2_out_callbacks(nghttp2_session_callbacks *cb);

/* http2_server.c */
void px_http2_in_callbacks(nghttp2_session_callbacks *cb);

/* http2_life.c */
bool px_http2_start(struct px_server_conn *c);
void px_http2_stop(struct px_server_conn *c);
void px_http2_rest(struct px_server_conn *c);
#endif
