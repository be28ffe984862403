/* proxy/server_inside.h -- what the server's files know of each other; nobody else includes it.
 *
 * A server has connections, a connection has a speaker (HTTP/1.1 or HTTP/2, once that is known) and
 * the requests that are on it. A request is in exactly one phase; the phases of a connection are
 * queues, and since each has one length of time, the first in a queue is the first to be late. */
#ifndef PX_SERVER_INSIDE_H
#define PX_SERVER_INSIDE_H
#include <ev.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/conn.h"
#include "proxy/head.h"
#include "proxy/log.h"
#include "proxy/server.h"
#include "proxy/wire.h"

struct px_server_conn;
struct px_server_request;
struct px_http2_shared;
struct px_spare_block;

enum { PX_SERVER_QUEUE = 512 * 1024 }; /* bytes that may wait on one connection */

enum px_phase {
    PX_PHASE_HEAD,       /* the header section is coming in: headers_ms */
    PX_PHASE_BODY,       /* the body is coming in: body_ms */
    PX_PHASE_READY,      /* whole; the handler gets it before this turn ends */
    PX_PHASE_DISPATCHED, /* the handler has it: as long as it takes */
    PX_PHASE_SENDING,    /* answered; the peer takes its time: write_ms */
    PX_PHASE_GONE,       /* the client has left it, the handler has not; it keeps its place */
    PX_PHASES_
};

/* One request, as the server sees it. Lives until the handler is done with it and the connection
 * has let go of it. */
struct px_server_request {
    struct px_request r; /* first member: what the handler sees */
    struct px_server *server;
    struct px_server_conn *on; /* NULL: the connection has let go */
    struct px_server_request *next, *prev;
    enum px_phase phase;
    int64_t due_ns; /* when the phase is late; 0: never */
    int32_t stream; /* HTTP/2 */
    struct px_head head;
    size_t header_bytes, body_cap, discarded;
    size_t weight; /* what it adds to on->incoming */
    size_t window; /* HTTP/2: bytes of the connection's window this body holds */
    char *answer;  /* copied for sending later; NULL: none */
    size_t answer_n, answer_at;
    bool dispatched, responded, done;
    bool counted; /* it takes one of the connection's places until it is done */
    bool wiped;
    bool refused;                            /* answered by us; what still comes of it is dropped */
    _Alignas(max_align_t) char memory[4096]; /* where the arena starts */
};

struct px_request_list {
    struct px_server_request *first, *last;
};

/* One protocol, as seen from the connection. Any may end the connection by px_conn_finish(); none
 * may free it. */
struct px_speaker {
    bool (*start)(struct px_server_conn *c); /* false: no memory */
    void (*data)(struct px_server_conn *c, struct span bytes);
    void (*fill)(struct px_server_conn *c);
    /* The message is lent for the call. The request is dispatched, or was refused. */
    void (*respond)(struct px_server_request *q, const struct px_message *m);
    void (*late)(struct px_server_request *q); /* its phase took too long */
    void (*quiet)(struct px_server_conn *c);   /* quiet_due has passed */
    void (*rest)(struct px_server_conn *c);    /* idle for a moment: free what can be; or NULL */
    void (*drain)(struct px_server_conn *c);   /* again when drain_due has passed */
    void (*stop)(struct px_server_conn *c);    /* frees its session */
};

extern const struct px_speaker px_http1_speaker, px_http2_speaker;

struct px_server_conn {
    struct px_server *server;
    struct px_server_conn *next, *prev;
    struct px_conn *conn;
    const struct px_speaker *speaker; /* NULL: not known yet */
    void *session;                    /* the speaker's */
    struct px_request_list phase[PX_PHASES_];
    unsigned places;   /* requests on it that are not done */
    size_t incoming;   /* bytes of memory in requests that are not whole */
    int64_t quiet_due; /* with no request on it: ends it; 0: none */
    int64_t rest_due;  /* the same: frees memory */
    int64_t drain_due; /* 0: none */
    char peer[48];
    uint8_t sniffed; /* bytes of the HTTP/2 preface seen so far, in clear text */
    bool tls, draining;
};

struct px_server {
    struct ev_loop *loop;
    struct px_wire *wire;
    struct px_server_config config;
    struct ev_io *accepting; /* one per listening socket */
    struct ev_timer accept_again;
    struct px_server_conn *first;
    unsigned connections, requests, held; /* held: requests with memory, dispatched or not */
    struct px_server_request *spare;
    unsigned spares;
    struct arena_source blocks; /* for what does not fit into a request's own memory */
    struct px_spare_block *spare_block;
    unsigned spare_blocks;
    struct px_http2_shared *http2; /* callbacks and options, made once */
    struct ev_timer drain_deadline;
    void (*drained)(void *ctx);
    void *drained_ctx;
    int64_t date_s;
    char date[96];
    struct px_server_counts counts;
    struct px_log_gate log_gate;
    bool draining, destroyed;
};

/* server.c */
void px_server_maybe_drained(struct px_server *s);
struct span px_server_date(struct px_server *s); /* "Sat, 21 Nov 2026 12:00:00 GMT" */
void px_server_free_if_unused(struct px_server *s);

/* server_conn.c */
void px_server_conn_accept(struct px_server *s, int fd, const char *peer);
void px_server_conn_kill(struct px_server_conn *c); /* at once */
void px_server_conn_drain(struct px_server_conn *c);
void px_server_conn_arm(struct px_server_conn *c); /* after phases or quiet_due have changed */
void px_server_conn_quiet_in(struct px_server_conn *c, int ms);
void px_server_conn_drain_again_in(struct px_server_conn *c, int ms);
/* Hands what is ready to the handler. */
void px_server_conn_dispatch(struct px_server_conn *c);
bool px_server_conn_idle(const struct px_server_conn *c); /* no request on it in any phase */

/* server_request.c */
/* A fresh request in PX_PHASE_HEAD; NULL: no memory, or LIMIT_REQUESTS are held. */
struct px_server_request *px_server_request_create(struct px_server_conn *c);
void px_server_request_move(struct px_server_request *q, enum px_phase to);
/* The stream is over: freed if the handler does not have it; else it is gone for the handler (if it
 * was not answered), and freed by px_request_done(). */
void px_server_request_release(struct px_server_request *q);
/* The connection is over: the same, and it has no connection any more. */
void px_server_request_orphan(struct px_server_request *q);
/* Collects. False: past its limit (or no memory). Names are made lower case. */
bool px_server_request_header(struct px_server_request *q, struct span name, struct span value);
bool px_server_request_body(struct px_server_request *q, struct span bytes);
/* Answers it ourselves; the handler never sees it. */
void px_server_request_refuse(struct px_server_request *q, enum px_refusal why);
/* The same without an answer: its stream was reset. */
void px_server_request_drop(struct px_server_request *q);
/* The head is complete: checks it, and fills r from it. False: it was refused. */
bool px_server_request_headed(struct px_server_request *q);
/* It is whole: ready to be handed over. */
void px_server_request_complete(struct px_server_request *q);
/* Keeps a copy of what could not be sent at once. */
bool px_server_request_keep(struct px_server_request *q, struct span body);
struct span px_server_request_kept(const struct px_server_request *q); /* what is left of it */
void px_server_requests_init(struct px_server *s);
void px_server_requests_free(struct px_server *s);
/* May one more request begin on it? */
bool px_server_conn_has_place(const struct px_server_conn *c);
#endif
