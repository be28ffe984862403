/* proxy/server.h -- the payments listener: whole requests in, one response each out.
 *
 * Verb 1, receive. HTTP/2 and HTTP/1.1 on one TLS port by ALPN, or both in clear (HTTP/2 by prior
 * knowledge) for loopback and meshes. A request reaches the handler only when it is complete,
 * within limits.h and well formed; anything else was answered here (400, 413, 431, 408, RST,
 * GOAWAY) and nothing has happened. One server per worker, on the worker's loop; nothing is shared.
 */
#ifndef PX_SERVER_H
#define PX_SERVER_H
#include <stdbool.h>
#include <stdint.h>

#include "proxy/http.h"
#include "routing/base/arena.h"

struct ev_loop;
struct px_tls_server; /* proxy/tls.h: certificate, key, ALPN, tickets */
struct px_server;

/* One request. Valid from the handler's call until px_request_done(); it survives its connection.
 */
struct px_request {
    enum px_protocol protocol;
    bool tls;
    bool gone; /* the client went away: responding is allowed and does nothing */
    struct span method, path, query; /* path without "?" and query; both as received */
    struct px_header header[100];
    unsigned headers;
    struct span body;
    char peer[48];                         /* address in text, no port */
    int64_t received_ns;                   /* monotonic, when the last byte was there */
    struct arena arena;                    /* the payment's memory; ceiling LIMIT_ARENA */
    void *user;                            /* the handler's */
    void (*on_gone)(struct px_request *r); /* optional, set by the handler; called at most once */
};

typedef void px_handler(void *ctx, struct px_request *r);

struct px_server_config {
    const int *listen_fd; /* bound and listening, non-blocking; owned by the caller */
    unsigned listen_fds;
    struct px_tls_server *tls; /* NULL: clear text */
    px_handler *handler;
    void *ctx;
    /* deadlines, milliseconds */
    int tls_ms, first_request_ms, headers_ms, body_ms, idle_ms, write_ms;
    unsigned connections_max; /* 0: LIMIT_CONNECTIONS */
};

/* Whole-life counts, for metrics. */
struct px_server_counts {
    uint64_t accepted;
    uint64_t not_opened;   /* TLS failed or took too long */
    uint64_t requests;     /* handed to the handler */
    uint64_t refused;      /* answered by the server itself: 400, 408, 413, 431, ... */
    uint64_t gone;         /* clients that left before they were answered */
    uint64_t calmed;       /* HTTP/2 connections ended for flooding (ENHANCE_YOUR_CALM) */
    uint64_t broken;       /* HTTP/2 connections ended for breaking the protocol */
    uint64_t false_claims; /* GOAWAY or REFUSED_STREAM held back because it would have called a
                              dispatched request unprocessed: must stay 0, page somebody */
};

void px_server_defaults(struct px_server_config *c); /* 5 s, 5 s, 10 s, 30 s, 75 s, 30 s */
/* Takes a reference to c->tls and copies the rest. */
MUST enum err px_server_create(struct ev_loop *loop, const struct px_server_config *c,
                               struct px_server **out);
/* Who is at the other end, as the kernel and TLS vouch for it. */
struct px_caller {
    bool local; /* a unix socket: uid and groups are the process's that connected */
    uint32_t uid, group[64];
    unsigned groups;
    char cert[96]; /* TLS: the common name of the certificate it showed; "" for none */
};
/* False: it has gone already. */
MUST bool px_request_caller(const struct px_request *r, struct px_caller *out);
/* Answers; m is lent for the call. At most once per request. Also fine when r->gone. */
void px_respond(struct px_request *r, const struct px_message *m);
/* The handler needs r no longer. Wipes and frees it; after px_respond (an unanswered request is
 * answered 500 and logged: a bug). */
void px_request_done(struct px_request *r);

/* Stop accepting; tell connections (two-phase GOAWAY, "Connection: close"); drained() is called
 * when the last one has closed, or after deadline_ms. */
void px_server_drain(struct px_server *s, int deadline_ms, void (*drained)(void *ctx), void *ctx);
/* From the next connection on (a reload); those that are open keep what they have. */
void px_server_use_tls(struct px_server *s, struct px_tls_server *tls);
unsigned px_server_connections(const struct px_server *s);
unsigned px_server_requests(const struct px_server *s); /* handed over and not yet done */
const struct px_server_counts *px_server_count(const struct px_server *s);
/* Closes everything at once. Requests still with the handler are gone, and stay valid until
 * px_request_done(). NULL does nothing. */
void px_server_destroy(struct px_server *s);
#endif
