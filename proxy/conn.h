/* proxy/conn.h -- one non-blocking socket on a loop, clear or TLS behind the same calls.
 *
 * What is written is queued and leaves in one write per turn of the loop, however many frames it
 * is. The connection keeps the facts that later decide about money: how many bytes were put, and
 * how many of them were ever handed to the socket or to TLS (docs/one-charge.md, "What the wire
 * proves"). Bytes count as handed before the call that takes them, whatever it answers.
 *
 * SIGPIPE: sockets are written with MSG_NOSIGNAL. No TCP Fast Open. */
#ifndef PX_CONN_H
#define PX_CONN_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/http.h"
#include "proxy/tls.h"
#include "routing/base/span.h"

struct px_wire; /* proxy/wire.h */
struct sockaddr;

/* Why a connection ended. Everything before PX_END_EOF happened before it was open. */
enum px_end {
    PX_END_LOCAL,       /* no descriptor, no memory, no route of our own */
    PX_END_REFUSED,     /* connect: nobody listens */
    PX_END_UNREACHABLE, /* connect: no way there */
    PX_END_CONNECT_TIMEOUT,
    PX_END_TLS_TIMEOUT,
    PX_END_TLS_HANDSHAKE,
    PX_END_TLS_VERIFY,
    PX_END_ALPN,
    PX_END_EOF,           /* the peer ended it: FIN in clear text, close_notify in TLS */
    PX_END_CUT,           /* FIN without close_notify: the last bytes may be missing */
    PX_END_RESET,         /* RST, or any other error of the socket */
    PX_END_TLS_BROKEN,    /* a record that does not decrypt, or an alert */
    PX_END_WRITE_TIMEOUT, /* the peer does not take what we write */
    PX_END_CLOSED,        /* px_conn_finish() has run its course */
};
const char *px_end_name(enum px_end e); /* "connect_refused", "tls_verify", "eof", ... */

/* Any may be NULL except on_end. px_conn_destroy() may be called from inside each of them. */
struct px_conn_events {
    /* Connected, and the handshake is done. */
    void (*on_open)(void *ctx);
    /* Bytes arrived; all of them are taken, lent for the call. */
    void (*on_data)(void *ctx, struct span bytes);
    /* A write is about to happen: put what there is, up to px_conn_room(). */
    void (*on_fill)(void *ctx);
    void (*on_timer)(void *ctx); /* px_conn_timer() */
    /* Exactly once, and the last call; never from inside px_conn_connect or px_conn_accept. The
     * owner destroys the connection, then or later. */
    void (*on_end)(void *ctx, enum px_end why);
};

struct px_conn_options {
    const struct px_conn_events *events; /* lent for life */
    void *ctx;
    size_t queue_max; /* bytes that may wait; default 256 KiB */
    int open_ms;      /* until on_open (connect + TLS); 0: no deadline */
    int write_ms;     /* for each 16 KiB that wait to be taken; 0: no deadline */
};

struct px_conn;
/* Takes over an accepted, non-blocking fd (closed on failure too). tls NULL: clear, open at once
 * (on_open comes from the loop all the same). NULL: no memory. */
struct px_conn *px_conn_accept(struct px_wire *w, int fd, struct px_tls_server *tls,
                               const struct px_conn_options *o);

struct px_conn_to {
    const struct sockaddr *addr; /* lent for the call */
    unsigned addr_n;
    struct px_tls_client *tls; /* NULL: clear */
    struct span host;    /* TLS: SNI and what the certificate must be for; lent for the call */
    enum px_offer offer; /* TLS: by ALPN */
};
/* Begins to connect. NULL: no memory; every other failure comes through on_end. */
struct px_conn *px_conn_connect(struct px_wire *w, const struct px_conn_to *to,
                                const struct px_conn_options *o);

/* Writing. May be called before on_open: it waits. put gives false, and queues nothing, when the
 * bytes would pass queue_max (or memory is short): the owner decides what that means. */
size_t px_conn_room(const struct px_conn *c);
MUST bool px_conn_put(struct px_conn *c, struct span bytes);
/* Ask for on_fill before this turn of the loop ends. */
void px_conn_wake(struct px_conn *c);

/* Stops reading from the socket; up to 32 KiB already read may still come. */
void px_conn_pause(struct px_conn *c, bool pause);
/* The owner's one timer: on_timer in ms from now; 0 stops it. Cheap to move. */
void px_conn_timer(struct px_conn *c, int ms);

/* Ends it decently: what is queued leaves, then close_notify and FIN; what the peer still sends is
 * read and dropped (so that no RST eats our last words) until it closes or linger_ms are over;
 * then on_end(PX_END_CLOSED). No on_data from now on. */
void px_conn_finish(struct px_conn *c, int linger_ms);
/* At once, without on_end; an open TLS session says close_notify if the socket takes it. */
void px_conn_destroy(struct px_conn *c);

/* Is an idle connection still there? Asks the socket: reads what waits (on_data may come from
 * inside: a GOAWAY, tickets), and gives false if the peer has ended it (on_end came from inside).
 * One recv() when nothing has happened. Call it before a request is put on a reused connection. */
bool px_conn_alive(struct px_conn *c);

/* Facts. */
bool px_conn_connected(const struct px_conn *c);        /* TCP */
bool px_conn_is_open(const struct px_conn *c);          /* on_open is due or was */
uint64_t px_conn_put_bytes(const struct px_conn *c);    /* ever put: the offset of the next byte */
uint64_t px_conn_handed_bytes(const struct px_conn *c); /* ever handed to write() or SSL_write();
                                                           byte k left us only if k < this */
uint64_t px_conn_read_bytes(const struct px_conn *c);   /* ever given to on_data */
enum px_protocol px_conn_protocol(const struct px_conn *c); /* by ALPN; PX_HTTP1 in clear */
const struct px_tls *px_conn_tls(const struct px_conn *c);  /* NULL in clear */
int px_conn_fd(const struct px_conn *c); /* for getsockopt(); stays the connection's */
#endif
