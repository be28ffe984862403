/* proxy/http2_client_inside.h -- what the files of the HTTP/2 client know of each other; nobody
 * else includes it.
 *
 *   http2_client.c        a client's calls, its session, and what leaves
 *   http2_client_heard.c  what the provider's frames mean */
#ifndef PX_HTTP2_CLIENT_INSIDE_H
#define PX_HTTP2_CLIENT_INSIDE_H
#include <nghttp2/nghttp2.h>

#include "proxy/client.h"

struct px_http2_client {
    struct px_client c; /* first */
    nghttp2_session *session;
    unsigned open; /* streams the session has; those we cancelled count until it closes them */
    bool greeted, goaway, leaving;
    int32_t goaway_last;
    const char *fault; /* why we end the connection */
    unsigned glitches;
    int64_t glitches_ns;
};

/* NULL: it has ended. */
static inline struct px_exchange *px_http2_exchange(nghttp2_session *s, int32_t stream)
{
    return nghttp2_session_get_stream_user_data(s, stream);
}

/* http2_client.c */
void px_http2_end(struct px_http2_client *h, struct px_exchange *x, enum px_ending how,
                  const char *why);
/* A fault of the peer that ends the connection: what a callback gives, so that the library stops
 * reading at once. */
int px_http2_fault(struct px_http2_client *h, const char *why);

/* http2_client_heard.c */
void px_http2_client_heard(nghttp2_session_callbacks *cb);
void px_http2_glitches_forget(struct px_http2_client *h, int64_t now_ns);
#endif
