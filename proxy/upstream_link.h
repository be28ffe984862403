/* proxy/upstream_link.h -- one connection to a provider, from its name to its end.
 *
 * Opening walks: addresses, then for each of them TCP, TLS and, in HTTP/2, the peer's SETTINGS;
 * only then is the link ready. So a peer that accepts and does not speak the protocol never sees a
 * payment. Used by upstream.c alone. */
#ifndef PX_UPSTREAM_LINK_H
#define PX_UPSTREAM_LINK_H
#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

#include "proxy/client.h"
#include "proxy/conn.h"
#include "proxy/dns.h"
#include "proxy/upstream.h"
#include "proxy/wire.h"

struct px_link;

/* What a link tells the pool. The link is gone after on_failed and on_gone. None may use the link's
 * client; they note what happened and act later in the turn. */
struct px_link_events {
    void (*on_ready)(void *pool, struct px_link *l);
    void (*on_failed)(void *pool, struct px_link *l, const char *why); /* never became ready */
    void (*on_change)(void *pool, struct px_link *l); /* slots, idleness: look again */
    void (*on_gone)(void *pool, struct px_link *l);   /* after it was ready */
    /* handed: x's first byte left us, or may yet */
    void (*on_ended)(void *pool, struct px_link *l, struct px_exchange *x, enum px_ending how,
                     bool handed, const char *why);
    /* x's first byte was just handed to the socket or to TLS */
    void (*on_sent)(void *pool, struct px_exchange *x);
};

/* What all links of a pool share. Lent for their life. */
struct px_link_shared {
    const struct px_link_events *events;
    void *pool;
    const struct px_upstream_config *config;
    struct px_wire *wire;
    struct px_tls_client *tls;
    struct px_dns *dns;
};

enum px_link_state { PX_LINK_OPENING, PX_LINK_READY, PX_LINK_CLOSING };

struct px_link {
    struct px_link *next, *prev; /* the pool's */
    unsigned served;             /* requests started on it */
    unsigned answers;            /* requests answered */
    int64_t born_ns;

    const struct px_link_shared *shared;
    enum px_link_state state;
    struct px_conn *conn;
    struct px_client *client;
    struct px_dns_query query;
    struct px_dns_answer answer;
    unsigned tried; /* of the addresses */
    int64_t due_ns; /* opening must be over */
    ev_timer timer; /* of opening: this address's slice, or all of it */
    struct px_wire_task sent_task;
    size_t room_when_empty;
    bool condemned; /* the peer answered what it can not have seen */
    bool dead;      /* nothing more can be handed to it */
    bool *gone_;    /* where to tell that the link was freed */
};

/* NULL: no memory. Every event comes later. */
struct px_link *px_link_open(const struct px_link_shared *s);
/* Slots for requests now; 0 unless ready. */
unsigned px_link_room(const struct px_link *l);
bool px_link_idle(const struct px_link *l);
/* Is a ready link still there? Asks the socket if it is idle. Afterwards, if false, l may be gone.
 */
bool px_link_alive(struct px_link *l);
void px_link_start(struct px_link *l, struct px_exchange *x);
/* x's time is over; it is with nobody afterwards. unheard: nothing was answered since it started,
 * so the connection gets no further request. True if its first byte left us, or may yet. */
bool px_link_cancel(struct px_link *l, struct px_exchange *x, bool unheard);
enum px_protocol px_link_protocol(const struct px_link *l);
/* At once. Every exchange ends with this word; then on_failed or on_gone. */
void px_link_break(struct px_link *l, const char *why);
#endif
