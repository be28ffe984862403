/* proxy/http2_client.h -- for tests: what only HTTP/2 has. Everybody else uses proxy/client.h. */
#ifndef PX_HTTP2_CLIENT_H
#define PX_HTTP2_CLIENT_H
#include <stdint.h>

struct px_client;

/* The next request gets this stream id (odd, larger than all before). */
void px_http2_client_skip_to(struct px_client *c, int32_t stream);
#endif
