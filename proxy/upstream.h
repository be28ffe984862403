/* proxy/upstream.h -- one provider's connections: send one request, hear exactly one event.
 *
 * Verb 5, ask. Never retries by itself and never guesses: every ask ends in exactly one px_heard,
 * whose class follows from bytes and frames alone (docs/one-charge.md, "What the wire proves"):
 *
 *   NOT_SENT  N0  DNS, connect, TLS, ALPN or certificate failure; no stream slot; the buffer with
 *                 the request's first byte was never handed to write()/SSL_write()
 *   REFUSED   N1  REFUSED_STREAM, or GOAWAY with a last id below ours, before any response header
 *   ANSWERED      a complete, well-framed response; what it means is the adapter's to say
 *   IN_DOUBT  D   everything else, also what nobody thought of
 *
 * HTTP/2 when the peer chooses it by ALPN (or `h2c`), else HTTP/1.1. TLS checks chain, host name or
 * IP and sends SNI. No TCP Fast Open, no 0-RTT, no hedging, no redirects. One per worker and
 * provider, on the worker's loop. */
#ifndef PX_UPSTREAM_H
#define PX_UPSTREAM_H
#include <stdbool.h>
#include <stdint.h>

#include "proxy/http.h"
#include "routing/base/arena.h"
#include "routing/base/err.h"

struct ev_loop;
struct px_tls_client; /* proxy/tls.h: trust store, versions; shared by a worker's upstreams */
struct px_dns;        /* proxy/dns.h */
struct px_upstream;
struct px_ask;

enum px_heard_kind { PX_IN_DOUBT, PX_NOT_SENT, PX_REFUSED, PX_ANSWERED };

struct px_heard {
    enum px_heard_kind kind;
    const char *why; /* static, one word:
        NOT_SENT   dns dns_timeout connect_refused connect_unreachable connect_timeout tls_timeout
                   tls_handshake tls_verify alpn greeting_timeout queue_full timeout_before_send
                   bad_request unasked_answer no_memory; goaway and those below if it was not handed
        REFUSED    refused_stream goaway
        ANSWERED   answered
        IN_DOUBT   timeout eof cut reset reset_cancel reset_internal_error ... tls_broken truncated
                   malformed protocol_error header_limit body_limit informational_limit flood
                   write_timeout refused_stream goaway (after a response header)
        any        shutdown */
    enum px_protocol protocol;
    bool reused; /* the connection had carried a request before */
    int status;
    const struct px_header *header; /* lent for the callback */
    unsigned headers;
    struct span body;                    /* lent for the callback */
    int64_t asked_ns, sent_ns, heard_ns; /* monotonic; sent_ns 0 if no byte left */
};

struct px_upstream_config {
    const char *name; /* the provider's, for logs */
    struct span host; /* name or IP literal: for DNS, SNI, verification and :authority */
    uint16_t port;
    bool tls;
    enum { PX_ALPN_AUTO, PX_ALPN_H2, PX_ALPN_HTTP1 } speak; /* AUTO: offer both */
    int connect_ms;                                         /* DNS + TCP + TLS; default 2000 */
    int response_ms;          /* from the ask to the last byte of the answer; default 25000 */
    int idle_ms;              /* keep an idle connection this long; default 30000 */
    unsigned connections_max; /* default 64 */
    unsigned waiting_max;     /* asks waiting for a connection or stream slot; default 1024 */
};

void px_upstream_defaults(struct px_upstream_config *c);
MUST enum err px_upstream_create(struct ev_loop *loop, const struct px_upstream_config *c,
                                 struct px_tls_client *tls, struct px_dns *dns,
                                 struct px_upstream **out);
typedef void px_on_heard(void *ctx, const struct px_heard *h);

/* m is copied (and wiped when the ask ends). The callback comes exactly once, never from inside
 * this call. response_ms 0 takes the configured one. NULL only when out of memory: nothing left. */
struct px_ask *px_upstream_ask(struct px_upstream *u, const struct px_message *m, int response_ms,
                               px_on_heard *cb, void *ctx);
/* The caller no longer wants to hear; the request itself goes on or not. No callback follows. */
void px_ask_forget(struct px_ask *a);
unsigned px_upstream_in_flight(const struct px_upstream *u);
/* Ends everything; asks under way hear IN_DOUBT or NOT_SENT first. */
void px_upstream_destroy(struct px_upstream *u);
#endif
