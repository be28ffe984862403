/* health/watch_inside.h -- what the files of health/watch*.c share. */
#ifndef HL_WATCH_INSIDE_H
#define HL_WATCH_INSIDE_H
#include "health/watch.h"

enum { HL_MOVES = 64 };

/* What one provider is to the watch, beside the book. */
struct hl_guard {
    struct hl_breaker breaker;
    enum hl_serving told; /* the state that was last written down as a move */
    struct {
        uint32_t lease;
        hl_ticket ticket;
    } probe[HL_LEASES]; /* whose request a lease is: overdue is as good as failed */
    struct hl_windows window;
};

struct hl_watch {
    struct hl_watch_rules rules;
    struct hl_book *book;
    struct hl_guard *guard; /* [providers] */
    struct rng jitter;
    struct hl_move move[HL_MOVES];
    unsigned move_first, moves;
};

/* Is another provider in full service? */
bool hl_watch_others_serve(const struct hl_watch *w, unsigned provider);
/* Overdue requests of the provider, each once, as failures; what its breaker is due to do. */
void hl_watch_look(struct hl_watch *w, unsigned provider, int64_t now_ns);
/* May this payment find out how a provider is doing that is not in full service? */
bool hl_watch_probe_due(struct hl_watch *w, unsigned provider, const struct hl_watch_ask *ask);
#endif
