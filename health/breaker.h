/* health/breaker.h -- when to stop asking a provider, and how to ask it again. The breaker people
 * see.
 *
 *   Serving   closed       every payment may go there
 *   Stopped   open         none, for a time that doubles with each relapse, with jitter
 *   Probing   half-open    a few at a time, on leases; then a share that grows to all
 *
 * It judges technical outcomes only: errors, timeouts, requests that never left, slowness. A
 * decline is a success, and a fault of our own machine is no observation (the caller leaves both
 * out). A lease that is never given back counts as a failure when its deadline passes, so probing
 * can not get stuck. Time and dice are arguments; the caller's memory, no heap. docs/health.md,
 * "The breaker". */
#ifndef HL_BREAKER_H
#define HL_BREAKER_H
#include <stdbool.h>
#include <stdint.h>

#include "routing/base/rng.h"

enum hl_serving { HL_SERVING, HL_STOPPED, HL_PROBING };

struct hl_breaker_rules {
    int64_t window_ns; /* outcomes older than this do not count */
    uint32_t least;    /* outcomes in the window before a share can open it */
    uint32_t failed_permille, slow_permille;
    uint32_t unsent_in_a_row; /* requests that never left (N0), without an answer in between */
    int64_t open_first_ns, open_max_ns;
    uint32_t jitter_permille;
    uint32_t leases; /* probes in the air at a time, growing from 1 */
    int64_t lease_ns;
    uint32_t probes_good; /* in a row, until it ramps up */
    int64_t ramp_ns;
    uint32_t ramp_first_permille;
};
/* 30 s or 100 outcomes, 20 at least, 50 % failed or 80 % slow, 5 unsent in a row; open 5 s doubling
 * to 60 s, 20 % jitter; 3 leases of 15 s; 3 good probes; 60 s of ramp from 5 %. */
extern const struct hl_breaker_rules hl_breaker_defaults;

enum { HL_BUCKETS = 10, HL_LEASES = 4 };

struct hl_breaker {
    const struct hl_breaker_rules *rules_;
    enum hl_serving state_;
    const char *cause_; /* static: why it last opened */
    int64_t since_ns_;  /* of the state */
    int64_t until_ns_;  /* while open */
    uint8_t relapses_;  /* openings without a full recovery in between */
    bool ramping_;
    int64_t ramp_from_ns_;
    uint32_t unsent_; /* in a row */
    uint32_t good_;   /* probes in a row */
    struct {
        int64_t slot;
        uint32_t all, failed, slow;
    } bucket_[HL_BUCKETS]; /* the window in tenths */
    struct {
        int64_t until_ns;
        uint32_t id;
    } lease_[HL_LEASES];
    uint32_t next_lease_;
    uint32_t opened_; /* how often, ever */
};

enum hl_told { HL_TOLD_OK, HL_TOLD_FAILED, HL_TOLD_UNSENT };

void hl_breaker_init(struct hl_breaker *b, const struct hl_breaker_rules *rules, int64_t now_ns);

/* May one more payment go there?
 *   gives   true, and in *lease what to hand back with the outcome (0: an ordinary payment). */
bool hl_breaker_admit(struct hl_breaker *b, struct rng *dice, int64_t now_ns, uint32_t *lease);
/* What became of it. Dice for the jitter of an opening. Outcomes of payments that were admitted
 * before it opened still count towards nothing but the window. */
void hl_breaker_told(struct hl_breaker *b, enum hl_told what, bool slow, uint32_t lease,
                     struct rng *dice, int64_t now_ns);
/* The admitted payment was not sent there after all: the lease is free, nothing was learned. */
void hl_breaker_return(struct hl_breaker *b, uint32_t lease);

/* Better evidence than the window's says that it must open: nothing happens unless it serves. */
void hl_breaker_trip(struct hl_breaker *b, const char *cause, struct rng *dice, int64_t now_ns);
/* A probe of somebody else's was answered or failed; nothing happens while it serves or while a
 * probe of our own is under way. */
void hl_breaker_heard(struct hl_breaker *b, bool failed, struct rng *dice, int64_t now_ns);
/* Probing, and one more probe may go. */
bool hl_breaker_has_lease(const struct hl_breaker *b);

/* Where it stands; moves on what is due by now (leases that ran out, the end of an open time). */
enum hl_serving hl_breaker_look(struct hl_breaker *b, struct rng *dice, int64_t now_ns);
/* Share of payments that should go there, permille: while it ramps up, a wish that those who choose
 * grant; it is never a reason to refuse a payment that nobody else takes. */
uint32_t hl_breaker_share(struct hl_breaker *b, struct rng *dice, int64_t now_ns);
const char *hl_breaker_cause(const struct hl_breaker *b); /* "", "failures", "slow", ... */
/* An operator resumes it: never straight to full, but to probing. */
void hl_breaker_probe(struct hl_breaker *b, int64_t now_ns);
const char *hl_serving_name(enum hl_serving s);
#endif
