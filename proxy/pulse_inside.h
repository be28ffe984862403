/* proxy/pulse_inside.h -- what the files of proxy/pulse share; nobody else includes it.
 *
 *   pulse.c         what a payment asks and tells
 *   pulse_tally.c   letters to and from the control thread */
#ifndef PX_PULSE_INSIDE_H
#define PX_PULSE_INSIDE_H
#include "proxy/pulse.h"
#include "proxy/tally.h"

struct px_pulse_seat {
    double tokens; /* payments that may still come here because another one failed */
    int64_t at_ns;
    uint32_t flying;
    struct {
        uint32_t chosen, attempts, approved, soft, hard, failed, unsent;
        struct hl_hist latency;
    } sum; /* since the last letter */
};

struct px_pulse {
    const struct px_config *config;
    unsigned worker;
    struct hl_watch *watch;
    void *memory_;
    struct px_pulse_seat seat[LIMIT_PROVIDERS];
    int64_t tick_ns;           /* the last one */
    int64_t woke_ns, stood_ns; /* when we last stood still, for how long */
    uint64_t epoch;            /* of the view that was followed last */
    uint32_t ended[LIMIT_PROVIDERS];

    struct px_mailbox *hub;   /* NULL: nobody to tell */
    struct px_tally *own[2];  /* ... in letters of ours ... */
    struct px_tally *home[2]; /* ... of which these are here */
    uint32_t payments, no_route;
    uint64_t seen_currencies[4];
    uint32_t seen_methods;
    uint64_t volumes_of; /* policy revision; 0: nothing in it */
    struct px_tally_volume volume[POL_COMMITS_MAX];
    struct hl_delta delta;
};

/* pulse_tally.c */
void px_pulse_send(struct px_pulse *p, int64_t now_ns);
#endif
