/* proxy/fleet_inside.h -- what the files of proxy/fleet*.c share. */
#ifndef PX_FLEET_INSIDE_H
#define PX_FLEET_INSIDE_H
#include <ev.h>

#include "health/watch.h"
#include "proxy/fleet.h"
#include "proxy/fleet_blast.h"
#include "proxy/fleet_count.h"
#include "proxy/mail.h"
#include "proxy/state.h"
#include "proxy/tally.h"
#include "proxy/view.h"

enum {
    PX_FLEET_TICK_MS = 100,
    PX_FLEET_CONFLICTS = 16,
    PX_FLEET_MOVES = 128, /* of history, per provider */
    PX_FLEET_LEASE_MS = 5000,
    PX_FLEET_STALE_MS = 10000,
    PX_FLEET_GATHERS = 4,
    PX_FLEET_VOTE_MS = 30000,
};

/* What a worker said last of one provider. */
struct px_fleet_seen {
    enum hl_serving serving;
    uint16_t admit_permille;
    uint32_t flying;
    int64_t asked_ms; /* when it last asked the provider; 0: never */
    const char *cause;
    int64_t since_ms, probe_due_ms;
    int32_t available_ppm, approval_ppm, latency_ms;
};

struct px_fleet_worker {
    int64_t at_ms; /* 0: it said nothing yet */
    uint64_t view_epoch;
    struct px_fleet_seen provider[LIMIT_PROVIDERS];
};

/* What another node says of itself. */
struct px_fleet_other {
    struct px_fleet_node node;
    int64_t read_ms, epoch;
    struct {
        int64_t set_ms, pay_milli_s, flying, chosen; /* chosen: first legs in 15 minutes */
    } provider[LIMIT_PROVIDERS];
};

struct px_fleet_lease {
    struct px_fleet *fleet;
    unsigned provider;
    bool asked, ours, taken;
    int64_t asked_ms, got_ms;
};

/* One commitment: our own part, and the others' as they were last read. */
struct px_fleet_commit {
    char name[PX_LIVE_SUM]; /* commitment, @, when the period began */
    int64_t period_s;       /* local seconds at which it began */
    int64_t minor, payments;
    int64_t others_minor, others_payments; /* the last whole reading */
    int64_t reading_minor, reading_payments;
    int64_t loaded_minor, loaded_payments; /* of our part: what was on disk at the start */
    struct px_fleet *fleet;
    bool said;            /* Redis has our part as it is */
    bool checked;         /* we know what Redis had of our part */
    bool reading, ignore; /* ignore: what is being read is of another period */
    bool found;           /* our part was in it */
};

struct px_fleet {
    struct ev_loop *loop;
    ev_timer timer;
    const struct px_config *config;
    struct px_snapshot *snapshot;
    unsigned providers;
    struct px_fleet_hands hands;
    bool attached;
    struct px_mailbox *mailbox;
    int64_t started_ms;
    char state[PX_STATE_PATH]; /* "": nothing is kept */
    char node[PX_LIVE_NAME], config_hash[20];

    /* operators' words */
    struct px_toggle word[LIMIT_PROVIDERS];  /* the newest, in force or not */
    struct px_toggle shown[LIMIT_PROVIDERS]; /* the same; one that is over holds nothing */
    bool holds[LIMIT_PROVIDERS];             /* in force, as the view has it */
    uint32_t ended[LIMIT_PROVIDERS];
    uint64_t word_epoch[LIMIT_PROVIDERS];  /* the view that brought it */
    int64_t confirmed_ms[LIMIT_PROVIDERS]; /* stamp of the word that all workers have */
    struct px_fleet_conflict conflict[PX_FLEET_CONFLICTS];
    unsigned conflicts; /* ever */
    struct px_view *view;
    bool stale;                      /* the view is not what it should be */
    uint32_t remote_open, may_probe; /* for the next view */

    /* what the workers say */
    struct px_counts *count; /* [providers] */
    uint64_t payments, no_route;
    struct px_uses seen;
    struct px_fleet_worker *worker; /* [hands.workers] */
    struct px_fleet_seen merged[LIMIT_PROVIDERS];
    /* For Redis: what all workers learned since it last came for it; NULL without Redis. */
    struct hl_delta *gather; /* [PX_FLEET_GATHERS]: the next takes what the one before has no room
                                for */
    uint64_t gather_lost;

    /* all that is learned here, for those who start cold */
    struct hl_watch *book;
    void *book_memory;
    struct hl_delta *part;
    int64_t book_ms, counts_ms;

    /* breakers */
    struct px_fleet_move *move; /* [providers][PX_FLEET_MOVES], a ring each */
    unsigned moves[LIMIT_PROVIDERS];
    int64_t told_ms[LIMIT_PROVIDERS]; /* the breaker's word was said */
    struct px_fleet_lease lease[LIMIT_PROVIDERS];

    /* Redis; live NULL: none is configured */
    struct px_live *live;
    struct px_wire *wire;
    struct px_dns *dns;
    struct px_tls_client *tls;
    struct px_fleet_other other[PX_FLEET_NODES];
    unsigned others;
    struct px_tally_provider *owed; /* [providers] counters that Redis has not */
    int64_t scores_ms, counters_ms;
    char *self_text; /* of rt:n */

    /* commitments */
    uint64_t volumes_of;
    struct px_fleet_commit commit[POL_COMMITS_MAX];
    unsigned commits;
    int64_t volumes_ms, kept_ms;
    bool volumes_moved;
};

int64_t px_fleet_now(void);
/* One to be noticed by the workers at the end of this tick, or now. */
void px_fleet_stale(struct px_fleet *f);
void px_fleet_renew(struct px_fleet *f);
/* Makes path in the state folder; false: nothing is kept. */
bool px_fleet_path(const struct px_fleet *f, const char *name, char out[PX_STATE_PATH]);
/* First legs in the last 15 minutes, of all nodes as far as they were heard. */
uint64_t px_fleet_chosen(const struct px_fleet *f, unsigned p, int64_t now_ms);
bool px_fleet_is_there(const struct px_fleet_other *o, int64_t now_ms);
/* Into out, cut if need be, with a NUL. */
void px_fleet_text(struct span s, char *out, size_t cap);
int px_fleet_find(const struct px_fleet *f, struct span provider); /* -1: none of that name */

/* fleet_act.c: words */
void px_fleet_words_load(struct px_fleet *f);
MUST enum err px_fleet_words_keep(const struct px_fleet *f, struct diag *why);
/* A word of another node, or kept over a restart. Does nothing if it is not newer. */
void px_fleet_word_take(struct px_fleet *f, unsigned p, const struct px_toggle *t, int64_t now_ms);
void px_fleet_words_tick(struct px_fleet *f, int64_t now_ms);
/* All workers have what the view of that epoch says. */
void px_fleet_words_seen(struct px_fleet *f);

/* fleet_hub.c */
void px_fleet_hub_letter(void *ctx, struct px_letter *l);
uint64_t px_fleet_epoch_seen(const struct px_fleet *f); /* that all workers have */

/* fleet_delta.c */
void px_fleet_delta_ours(struct px_fleet *f, unsigned worker, struct span packed);
size_t px_fleet_delta_collect(void *ctx, void *out, size_t cap);
void px_fleet_delta_theirs(void *ctx, struct span node, int64_t age_ms, struct span packed);

/* fleet_book.c */
MUST enum err px_fleet_book_open(struct px_fleet *f);
void px_fleet_book_close(struct px_fleet *f);
void px_fleet_book_take(struct px_fleet *f, const struct hl_delta_view *d, uint64_t node,
                        int64_t age_ms);
size_t px_fleet_book_part(void *ctx, unsigned part, void *out, size_t cap);
void px_fleet_book_load(struct px_fleet *f); /* once the workers are there */
void px_fleet_book_keep(struct px_fleet *f);
void px_fleet_book_tick(struct px_fleet *f, int64_t now_ms);

/* fleet_kept.c */
void px_fleet_counts_load(struct px_fleet *f);
void px_fleet_counts_keep(struct px_fleet *f);
void px_fleet_counts_tick(struct px_fleet *f, int64_t now_ms);

/* fleet_breaker.c */
void px_fleet_history_load(struct px_fleet *f);
void px_fleet_moved(struct px_fleet *f, unsigned p, const struct px_fleet_move *m);
void px_fleet_breaker_word(struct px_fleet *f, const struct px_live_word *w);
void px_fleet_breaker_tick(struct px_fleet *f, int64_t now_ms);
unsigned px_fleet_nodes_open(const struct px_fleet *f, unsigned p, int64_t now_ms);

/* fleet_live.c */
MUST enum err px_fleet_live_open(struct px_fleet *f, struct diag *why);
void px_fleet_live_tick(struct px_fleet *f, int64_t now_ms);
void px_fleet_live_close(struct px_fleet *f);
bool px_fleet_live_say(struct px_fleet *f, unsigned p, bool known);

/* fleet_volume.c */
void px_fleet_volume_begin(struct px_fleet *f);
void px_fleet_volume_load(struct px_fleet *f);
void px_fleet_volume_take(struct px_fleet *f, const struct px_tally *t);
void px_fleet_volume_tick(struct px_fleet *f, int64_t now_ms);
void px_fleet_volume_keep(struct px_fleet *f);
#endif
