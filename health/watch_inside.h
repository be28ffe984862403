/* health/watch_inside.h -- what the files of health/watch*.c share. */
#ifndef HL_WATCH_INSIDE_H
#define HL_WATCH_INSIDE_H
#include "health/watch.h"

enum { HL_MOVES = 64, HL_WITNESSES = 8 };
/* Sicker than this is worth a probe. */
static const double HL_TECH_SICK = 0.02, HL_REGIME_SICK = 0.05;

/* Another node that reported failures; held: those not believed yet. */
struct hl_witness {
    uint64_t node;
    int64_t at_ns;
    unsigned held;
};

/* What one provider is to the watch, beside the book. */
struct hl_guard {
    struct hl_breaker breaker;
    enum hl_serving told; /* the state that was last written down as a move */
    struct {
        uint32_t lease;
        hl_ticket ticket;
    } probe[HL_LEASES];       /* whose request a lease is: overdue is as good as failed */
    int64_t last_ns;          /* of our own outcomes */
    uint32_t in_a_row;        /* our failures */
    int64_t failed_ns;        /* our last failure; 0: none */
    int64_t agreed_ns;        /* when it last failed for the other nodes as well; 0: never */
    double far_n, far_failed; /* their recent outcomes */
    int64_t far_ns;
    struct hl_witness witness[HL_WITNESSES];
    struct hl_windows window;
};

struct hl_watch {
    struct hl_watch_rules rules;
    struct hl_book *book;
    struct hl_guard *guard; /* [providers] */
    struct rng jitter;
    struct hl_move move[HL_MOVES];
    unsigned move_first, moves;
    struct hl_delta fresh; /* learned here, not told yet */
};

/* Is another provider in full service? */
bool hl_watch_others_serve(const struct hl_watch *w, unsigned provider);
/* Overdue requests of the provider, each once, as failures; what its breaker is due to do. */
void hl_watch_look(struct hl_watch *w, unsigned provider, int64_t now_ns);
/* May this payment find out how a provider is doing that is not in full service? */
bool hl_watch_probe_due(struct hl_watch *w, unsigned provider, const struct hl_watch_ask *ask);
/* share.c: for the others */
void hl_watch_publish(struct hl_watch *w, const struct hl_outcome *o, int64_t now_ns);
void hl_watch_publish_overdue(struct hl_watch *w, unsigned provider, int64_t now_ns);
int hl_watch_provider(const struct hl_watch *w, uint32_t id); /* -1: we do not know it */
/* The breaker hears what others went through: ok and failed technical outcomes, believed. */
void hl_watch_heard(struct hl_watch *w, unsigned provider, unsigned ok, unsigned failed,
                    int64_t now_ns);
/* snapshot.c: adds a foreign cell to ours. */
void hl_watch_restore(struct hl_watch *w, const struct hl_delta_cell *c, double age_s,
                      int64_t now_ns);
#endif
