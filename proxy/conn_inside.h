/* proxy/conn_inside.h -- what the files of a connection know of each other; nobody else includes
 * it.
 *
 *   conn.c      life, deadlines, ending, facts
 *   conn_dial.c connecting and accepting
 *   conn_io.c   writing and reading */
#ifndef PX_CONN_INSIDE_H
#define PX_CONN_INSIDE_H
#include <ev.h>

#include "proxy/conn.h"
#include "proxy/queue.h"
#include "proxy/wire.h"

enum { PX_MS = 1000000 /* ns */ };

enum conn_state {
    CONNECTING, /* connect() is under way, or has failed and `doom` waits to be told */
    SHAKING,    /* TLS handshake; in clear: accepted, on_open is due */
    OPEN,
    FINISHING, /* px_conn_finish(): the last bytes leave */
    LINGERING, /* our FIN is out; waiting for theirs */
    ENDED      /* on_end was called; only the memory is left */
};

struct px_conn {
    struct px_wire_task task_; /* first member: flush before the loop sleeps */
    struct px_wire *wire;
    const struct px_conn_events *events;
    void *ctx;
    struct px_tls *tls;
    struct ev_io readable, writable;
    struct ev_timer timer;
    int64_t timer_ns;                       /* when `timer` fires; 0: stopped */
    int64_t open_due, write_due, owner_due; /* 0: none */
    int64_t linger_due;
    struct px_queue plain;  /* as put; what the socket gets in clear */
    struct px_queue sealed; /* TLS: what the socket gets */
    uint64_t put, handed, got;
    uint64_t taken;      /* bytes the socket took, sealed ones in TLS */
    uint64_t taken_mark; /* `taken` when write_due was set */
    size_t queue_max, dropped;
    int fd, write_ms, linger_ms;
    unsigned depth; /* callbacks and calls we are inside of */
    enum conn_state state;
    enum px_end doom;
    bool doomed;    /* connecting failed at once: on_end(doom) is due */
    bool destroyed; /* by the owner, from inside: free when depth is 0 */
    bool connected, paused, reading, filling, bye_said;
    bool stuck; /* writing failed: only reading can tell more */
};

/* conn.c */
void px_conn_enter_(struct px_conn *c);
void px_conn_leave_(struct px_conn *c); /* c may be gone afterwards */
bool px_conn_over_(const struct px_conn *c);
void px_conn_end_(struct px_conn *c, enum px_end why);
void px_conn_doom_(struct px_conn *c, enum px_end why); /* on_end(why), from the loop */
void px_conn_timer_init_(struct px_conn *c);
void px_conn_arm_(struct px_conn *c); /* after a deadline has changed */
int64_t px_conn_in_ms_(const struct px_conn *c, int ms);

/* conn_io.c */
void px_conn_io_init_(struct px_conn *c); /* fd and what watches it */
void px_conn_soon_(struct px_conn *c);
bool px_conn_sink_(void *ctx, struct span bytes); /* px_tls_sink: records to be written */
void px_conn_flush_(struct px_conn *c);
void px_conn_push_(struct px_conn *c); /* writes what is ready, asks nobody for more */
bool px_conn_fill_(struct px_conn *c); /* true: the owner may have more than there was room for */
void px_conn_watch_(struct px_conn *c);
void px_conn_opened_(struct px_conn *c);
bool px_conn_shake_(struct px_conn *c); /* false: no further yet, or it has ended */

/* conn_dial.c */
void px_conn_on_connected_(struct px_conn *c);
#endif
