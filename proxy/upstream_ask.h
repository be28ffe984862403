/* proxy/upstream_ask.h -- one request on its way through an upstream, and the lists it stands in.
 * Used by upstream.c alone. */
#ifndef PX_UPSTREAM_ASK_H
#define PX_UPSTREAM_ASK_H
#include <ev.h>

#include "proxy/exchange.h"
#include "proxy/upstream.h"

struct px_link;

enum px_ask_state {
    PX_ASK_WAITING,   /* in the queue: for a connection or a slot */
    PX_ASK_UNDER_WAY, /* with a connection's client */
    PX_ASK_ENDED,     /* to be told later in this turn */
    PX_ASK_TELLING,   /* inside its callback */
};

struct px_ask {
    struct px_exchange x; /* first */
    struct px_upstream *up;
    struct px_ask *next, *prev; /* of the list its state names */
    struct px_link *link;       /* UNDER_WAY */
    enum px_ask_state state;
    unsigned moves;  /* connections that left us before we sent on them */
    px_on_heard *cb; /* NULL: forgotten */
    void *ctx;
    ev_timer deadline;
    unsigned answers_mark; /* what its connection had answered when it started */
    struct px_heard heard;
};

struct px_ask_list {
    struct px_ask *first, *last;
    unsigned n;
};
void px_ask_list_push(struct px_ask_list *l, struct px_ask *a);
void px_ask_list_unshift(struct px_ask_list *l, struct px_ask *a);
void px_ask_list_remove(struct px_ask_list *l, struct px_ask *a);

/* Ended asks are kept for the next ones. */
struct px_ask_pool {
    struct px_ask *spare;
    unsigned spares, live;
};
struct px_ask *px_ask_take(struct px_ask_pool *p);         /* NULL: no memory */
void px_ask_give(struct px_ask_pool *p, struct px_ask *a); /* wipes it */
void px_ask_pool_fini(struct px_ask_pool *p);              /* with none live */
#endif
