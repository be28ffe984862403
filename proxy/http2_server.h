/* proxy/http2_server.h -- HTTP/2 as a server, over nghttp2. */
#ifndef PX_HTTP2_SERVER_H
#define PX_HTTP2_SERVER_H

/* Callbacks and options: the same for every connection of a server. NULL: no memory. */
struct px_http2_shared;
struct px_http2_shared *px_http2_shared_create(void);
void px_http2_shared_destroy(struct px_http2_shared *h); /* NULL does nothing */
#endif
