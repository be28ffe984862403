/* proxy/live_redis.h -- what a fleet shares through Redis: differences learned, words of operators
 * and breakers, scores and counters to look at, leases.
 *
 * Advisory, all of it: nothing here is ever waited for, and everything may be lost. One per
 * process, on the control thread's loop. Keys begin with `prefix` ("" or, for a cluster, one hash
 * tag): rt:d:<tenant> stream, rt:s:<tenant> snapshot, rt:toggles, rt:breakers, rt:p:<provider>,
 * rt:m:<provider>:<minute>, rt:l:<lease>, rt:n:<node>, rt:nodes; channel rt:said. docs/live.md */
#ifndef PX_LIVE_REDIS_H
#define PX_LIVE_REDIS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "health/delta.h"
#include "proxy/resp.h"

enum {
    PX_LIVE_NAME = 64,   /* tenant, node, provider, lease; no spaces */
    PX_LIVE_FIELD = 128, /* "provider" or "provider@node" */
    PX_LIVE_TEXT = 400,  /* of a word */
    PX_LIVE_WORDS = 256, /* on both boards */
    PX_LIVE_SENTINELS = 8,
    PX_LIVE_BATCHES = 240 /* deltas kept while Redis is away */
};

/* A board is a table of last words: for each field the newest stamp wins, on every node alike. */
enum px_live_board { PX_LIVE_TOGGLES, PX_LIVE_BREAKERS };

struct px_live_word {
    enum px_live_board board;
    char field[PX_LIVE_FIELD], text[PX_LIVE_TEXT]; /* text is the owner's: "stop actor reason" */
    int64_t t_ms, until_ms;                        /* wall clock; until 0: for ever */
    bool expired;                                  /* told once when until_ms has passed */
    bool local;                                    /* Redis does not have it yet */
    bool mine_, asked_, seen_;
    int64_t taken_ms_; /* of ours: since when Redis has it; 0: it never had */
};

/* For people and tools. */
struct px_live_pair {
    const char *name, *value;
};
enum { PX_LIVE_PAIRS = 60 }; /* in one hash, at most */

/* Any may be NULL. They may call back into px_live, but not destroy it. */
struct px_live_events {
    /* What was learned since the last call, packed; 0: nothing. Called each tick until it says so,
     * a few times at most. */
    size_t (*collect)(void *ctx, void *out, size_t cap);
    /* Another node's difference, packed and checked (hl_delta_open), exactly once. age_ms >= 0;
     * node: its name, empty if it comes from the snapshot. */
    void (*apply)(void *ctx, struct span node, int64_t age_ms, struct span packed);
    /* Part 0, 1, ... of all that is known, packed; 0: no more. */
    size_t (*snapshot)(void *ctx, unsigned part, void *out, size_t cap);
    void (*on_word)(void *ctx, const struct px_live_word *w);
    /* A word of ours lost to one that was said before Redis had ours; after on_word with that one.
     */
    void (*on_conflict)(void *ctx, const struct px_live_word *lost, const struct px_live_word *won);
    /* What else to write into rt:n:<node>; the texts live until the next call. How many. */
    unsigned (*self)(void *ctx, struct px_live_pair *out, unsigned max);
    /* Another node's rt:n:<node> as it was read: an array of names and values. */
    void (*on_node)(void *ctx, struct span node, const struct px_resp_value *fields);
};

struct px_live_config {
    struct px_resp_config redis; /* channels are ours to set */
    /* Sentinel: redis.place is theirs to tell. 0: redis.place holds. */
    struct px_resp_place sentinel[PX_LIVE_SENTINELS];
    unsigned sentinels;
    const char *master; /* its name there */
    const char *prefix, *tenant, *node;
    uint64_t epoch;            /* another one for every start */
    int tick_ms;               /* 250 */
    int board_ms;              /* pub/sub loses messages: read the boards so often; 2000 */
    int snapshot_ms;           /* 60000 */
    int nodes_ms;              /* how often the other nodes' entries are read; 1000 */
    const char *sentinel_user; /* the sentinels' ACL user and password; NULL: none */
    const struct secret *sentinel_password;
};
void px_live_defaults(struct px_live_config *c);

struct px_live_facts {
    struct px_resp_facts redis, pubsub;
    int64_t heard_ms;   /* wall time of the last answer; 0: never */
    uint64_t sent;      /* deltas that are in the stream */
    uint64_t shed;      /* deltas dropped: Redis was away too long */
    uint64_t applied;   /* foreign deltas */
    uint64_t doubles;   /* deltas that came again and were not applied */
    uint64_t refused;   /* entries and words that can not be right */
    uint64_t errors;    /* commands Redis refused */
    uint64_t conflicts; /* words of ours that lost to a newer one */
    uint64_t snapshots;
    uint64_t moves;       /* MOVED, in a cluster */
    uint64_t asked_aside; /* commands that ASK sent to another node of it */
    uint64_t switches;    /* masters the sentinels told us of */
    unsigned waiting;     /* deltas not sent yet */
};

struct px_live;
/* E_SYNTAX: a name that is empty, too long or has spaces. */
MUST enum err px_live_create(struct px_wire *w, struct px_dns *dns, const struct px_live_config *c,
                             const struct px_live_events *events, void *ctx, struct px_live **out);
void px_live_destroy(struct px_live *l);
struct px_live_facts px_live_facts(const struct px_live *l);

/* Says a word, here at once (on_word comes from inside) and to the fleet as soon as Redis takes it.
 * Its stamp is later than the one it replaces, whatever our clock says. E_SYNTAX: field or text is
 * too long, or the field has a space; E_LIMIT: the boards are full. */
MUST enum err px_live_say(struct px_live *l, enum px_live_board board, const char *field,
                          int64_t until_ms, const char *text);
/* The same for a word that has a stamp already: one that was kept over a restart (known: Redis had
 * it, so losing to a newer one is no conflict), or one the caller stamped. Nothing if a newer one
 * is held. E_CONFLICT: so it was. */
MUST enum err px_live_say_at(struct px_live *l, enum px_live_board board, const char *field,
                             int64_t t_ms, int64_t until_ms, const char *text, bool known);
/* What a field says; NULL: nothing. */
const struct px_live_word *px_live_word_of(const struct px_live *l, enum px_live_board board,
                                           const char *field);
const struct px_live_word *px_live_word_at(const struct px_live *l, unsigned i); /* NULL: no more */

/* Tell and look more often for ten seconds: somebody waits for the nodes to confirm a word. */
void px_live_hurry(struct px_live *l);
bool px_live_up(const struct px_live *l); /* connected, and it answers */

/* HSET rt:p:<provider>, gone after expire_ms. False: not taken. */
bool px_live_show(struct px_live *l, const char *provider, const struct px_live_pair *pair,
                  unsigned pairs, int expire_ms);
/* Adds to rt:m:<provider>:<minute>, kept 48 h. At most once: not repeated when no answer comes. */
struct px_live_sum {
    const char *name;
    int64_t add;
};
bool px_live_count(struct px_live *l, const char *provider, int64_t minute,
                   const struct px_live_sum *sum, unsigned sums);

/* Sums that every node adds its own part to: rt:c:<tenant>:<name>, a field for each node. Saying it
 * again changes nothing. Both numbers >= 0. False: not taken. */
enum { PX_LIVE_SUM = 120 };
bool px_live_sum_say(struct px_live *l, const char *name, int64_t a, int64_t b, int expire_s);
struct px_live_part {
    struct span node; /* lent; empty: that was all */
    bool ours;
    int64_t a, b;
};
/* Each part, then one without a node; or NULL alone: no answer. */
typedef void px_on_part(void *ctx, const struct px_live_part *part);
bool px_live_sum_read(struct px_live *l, const char *name, px_on_part *cb, void *ctx);

/* One of the fleet may: SET NX PX. UNKNOWN: no answer; the node's own leases decide. */
enum px_lease { PX_LEASE_OURS, PX_LEASE_TAKEN, PX_LEASE_UNKNOWN };
typedef void px_on_lease(void *ctx, enum px_lease got);
bool px_live_lease(struct px_live *l, const char *name, int ms, px_on_lease *cb, void *ctx);
void px_live_release(struct px_live *l, const char *name); /* if it is (still) ours */
#endif
