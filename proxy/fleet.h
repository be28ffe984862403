/* proxy/fleet.h -- the control thread's side of health: operators' words, what the workers count,
 * what other nodes say, and what people are shown of all that.
 *
 *   workers --px_tally--> hub --> the other workers, other nodes (Redis), status
 *   operators --px_fleet_act--> toggles --> view to all workers, word to all nodes, overrides.json
 *
 * Everything here is called on the control thread, and nothing here waits: with Redis frozen, gone
 * or talking nonsense the node goes on with what it has. docs/live.md, docs/overrides.md */
#ifndef PX_FLEET_H
#define PX_FLEET_H
#include <stdbool.h>
#include <stdint.h>

#include "health/breaker.h"
#include "proxy/live_redis.h"
#include "proxy/toggle.h"
#include "routing/provider.h"

struct ev_loop;
struct px_config;
struct px_fleet;
struct px_mailbox;
struct px_note;
struct px_snapshot;
struct px_view;

/* How the fleet reaches the workers; it does not know what they are. */
struct px_fleet_hands {
    void (*use_view)(void *ctx, struct px_view *v); /* all of them; lent */
    /* One of them gets a letter: its own px_tally back, or a px_foreign that becomes its own. */
    void (*tell)(void *ctx, unsigned worker, struct px_note *note);
    void *ctx;
    unsigned workers;
};

/* Reads what was kept (overrides, history, volumes) and connects to Redis if the configuration
 * says so. What can not be read of the former is told in the log and begun anew.
 *   errors  E_NOMEM; E_SYNTAX: a certificate or name is no use, told in why. */
MUST enum err px_fleet_create(struct ev_loop *loop, const struct px_config *c,
                              struct px_snapshot *s, struct px_fleet **out, struct diag *why);
/* Once the workers are there: from now on views and letters are handed to them. */
void px_fleet_attach(struct px_fleet *f, const struct px_fleet_hands *hands);
/* The policy's commitments are counted by this one from now on. */
void px_fleet_use_snapshot(struct px_fleet *f, struct px_snapshot *s);
/* After the workers have ended: letters that are under way are theirs. */
void px_fleet_destroy(struct px_fleet *f);
uint64_t px_fleet_node_id(const struct px_fleet *f);     /* hash of our name, as others hear it */
struct px_mailbox *px_fleet_mailbox(struct px_fleet *f); /* where workers send px_tally */
struct px_view *px_fleet_view(struct px_fleet *f);       /* in force; lent */

/* ---- what operators may do ---- */

enum px_order_act {
    PX_ORDER_STOP,
    PX_ORDER_DRAIN,
    PX_ORDER_FORCE_ON,
    PX_ORDER_LIMIT,
    PX_ORDER_RESUME,
    PX_ORDER_EXTEND,
    PX_ORDERS_
};
const char *px_order_name(enum px_order_act a); /* "stop", "drain", "force-on", "limit", ... */
bool px_order_find(struct span word, enum px_order_act *out);

struct px_order {
    unsigned provider; /* index of the configuration */
    enum px_order_act act;
    uint16_t limit_permille;    /* PX_ORDER_LIMIT: 1..999 */
    bool ops_all;               /* PX_ORDER_STOP: all operations, not only new payments */
    const char *actor, *reason; /* both required; to resume, no reason is one too */
    int64_t until_ms;           /* wall; 0: until somebody says otherwise */
    bool allow_no_route;        /* even if payments would be left without a provider */
    bool local;                 /* even if Redis is away, and only this node will know */
};

/* What an order would do, or has done. Numbers of this node and of the fleet as far as it is heard;
 * -1: unknown. */
enum { PX_BLAST_KINDS = 24, PX_BLAST_KIND = 80 };
struct px_blast {
    int32_t share_permille;            /* of new payments, in the last 15 minutes */
    int64_t pay_milli_s, peak_milli_s; /* payments per 1,000 s now; the busiest minute in 7 d */
    int64_t in_flight;                 /* these finish normally */
    struct {
        unsigned provider;
        int32_t share_permille_before, share_permille_after; /* if its traffic spreads as today */
        int64_t pay_milli_s_after, peak_milli_s;
    } heir[LIMIT_PROVIDERS]; /* who takes it over; most first */
    unsigned heirs;
    /* Kinds of payments that have a provider now and would have none: "card amex: every currency".
     */
    unsigned kinds; /* how many there are; the first PX_BLAST_KINDS are told */
    char kind[PX_BLAST_KINDS][PX_BLAST_KIND];
};

/* Only looks. Errors as px_fleet_act gives them, but E_CONFLICT is no error here: see kinds. */
MUST enum err px_fleet_look(const struct px_fleet *f, const struct px_order *w,
                            struct px_blast *out, struct diag *why);
/* Would it be refused? Errors as px_fleet_act gives them, but for E_IO; nothing is done. */
MUST enum err px_fleet_may(const struct px_fleet *f, const struct px_order *w, struct diag *why);
/* Does it: all workers have it before their next payment is decided, all nodes within a second.
 *   gives   *said: the word as it holds now, with its stamp (for px_fleet_confirmed).
 *   errors  E_SYNTAX: not a possible order (no reason, an end that is past, ...);
 *           E_NOTFOUND: nothing to extend or resume; E_CONFLICT: payments would have no route;
 *           E_CLOSED: Redis is away and it is not meant to be local; E_IO: it could not be kept on
 *           disk, so it was not done. All told in why. */
MUST enum err px_fleet_act(struct px_fleet *f, const struct px_order *w, struct px_toggle *said,
                           struct diag *why);
/* The word about a provider; one that is over or taken back holds nothing any more, but still says
 * who and why. set_ms 0: there never was one. */
const struct px_toggle *px_fleet_toggle(const struct px_fleet *f, unsigned provider);
/* How many nodes have provider's word of that stamp (or a newer one) in all their workers; of how
 * many that are there. Nodes that have not been heard for 10 s do not count. */
unsigned px_fleet_confirmed(const struct px_fleet *f, unsigned provider, int64_t set_ms,
                            unsigned *of);

/* Words of ours that lost to a newer one of another node, newest first. */
struct px_fleet_conflict {
    unsigned provider;
    int64_t at_ms;
    struct px_toggle lost, won;
};
unsigned px_fleet_conflicts(const struct px_fleet *f, struct px_fleet_conflict *out, unsigned max);

/* ---- what people are shown ---- */

/* One provider as this node's workers see it; -1: unknown. */
struct px_fleet_provider {
    enum hl_serving serving; /* the workers' breakers together */
    uint16_t admit_permille; /* share of payments that would be let through */
    char cause[32];          /* why it last opened; "" */
    int64_t since_ms;        /* wall: in this state since; 0: since the start */
    unsigned nodes_open;     /* other nodes that say it is stopped */
    bool may_probe;
    int32_t share_permille, fleet_share_permille;         /* of new payments; 15 minutes */
    int64_t pay_milli_s, fleet_pay_milli_s, peak_milli_s; /* attempts per 1,000 s: last 10 s */
    int64_t in_flight, fleet_in_flight;
    int32_t approval_ppm_15m, approval_ppm_7d, error_ppm_15m;
    int32_t p50_ms, p99_ms;                                  /* 15 minutes */
    int32_t available_ppm, approval_ppm, latency_ms;         /* what decisions believe just now */
    uint64_t attempts, approved, soft, hard, failed, unsent; /* since the start */
};
void px_fleet_provider(const struct px_fleet *f, unsigned provider, struct px_fleet_provider *out);

struct px_fleet_node {
    char name[PX_LIVE_NAME];
    bool self, stale;    /* stale: silent for 10 s */
    int64_t heard_ms;    /* wall clock of its last sign */
    int64_t started_ms;  /* wall */
    int64_t skew_ms;     /* its clock minus ours, as its last sign tells; ~ */
    uint64_t view_epoch; /* that all its workers have */
    char policy[20];     /* revision; "" none */
    char config[20];     /* hash of what must be alike */
    int64_t pay_milli_s; /* new payments per 1,000 s */
    bool in_sync;        /* has the newest word about every provider, and our policy */
};
enum { PX_FLEET_NODES = 64 };
/* Ourselves first, then by name. Without Redis: ourselves alone. */
unsigned px_fleet_nodes(const struct px_fleet *f, struct px_fleet_node *out, unsigned max);

struct px_fleet_link { /* to Redis */
    bool configured, up;
    int64_t heard_ms;    /* wall: its last answer; 0: never */
    const char *why;     /* static: why it is not up */
    unsigned local_only; /* words the other nodes have not heard */
    const char *node;    /* our name */
    struct px_live_facts facts;
};
void px_fleet_link(const struct px_fleet *f, struct px_fleet_link *out);

/* One change of a breaker, here or on another node. Newest first; kept over restarts. */
struct px_fleet_move {
    int64_t at_ms;
    enum hl_serving from, to;
    uint16_t admit_permille;
    char cause[32], node[PX_LIVE_NAME];
};
unsigned px_fleet_history(const struct px_fleet *f, unsigned provider, int64_t since_ms,
                          struct px_fleet_move *out, unsigned max);

/* How far the commitments of the policy in force have come. -1: no such commitment. */
void px_fleet_volume(const struct px_fleet *f, unsigned commit, int64_t *minor, int64_t *payments);
#endif
