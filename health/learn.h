/* health/learn.h -- one outcome, written into the book. */
#ifndef HL_LEARN_H
#define HL_LEARN_H
#include <stdbool.h>

#include "health/book.h"

enum hl_result {
    HL_APPROVED,
    HL_SOFT,   /* declined; another provider might not */
    HL_HARD,   /* declined for the payer's reasons: says nothing about the provider */
    HL_FAILED, /* technical, at once: connect, TLS, 5xx, "system error" */
    HL_TIMEOUT,
    HL_PENDING, /* accepted; the verdict comes later, as a second outcome with late = true */
};

struct hl_outcome {
    unsigned provider;
    struct hl_card card;
    enum hl_result result;
    unsigned attempt; /* 1: the payment's first provider */
    bool late;        /* the verdict after a HL_PENDING: no technical observation */
    bool overdue;     /* it had been counted as a failure before it came (hl_watch_told sets it) */
    double latency_s; /* 0: not known */
    double soft_before; /* attempt > 1: approval that was expected of the provider which declined
                           softly just before; < 0: none did */
};

/* Gives the approval that had been expected (0..1), for soft_before of the next attempt; -1: not
 * a verdict. */
double hl_learn(struct hl_book *b, const struct hl_outcome *o, double timeout_s, int64_t now_ns);

/* Verdicts that others saw: counts of first attempts (hard declines apart) and of later ones. */
struct hl_verdicts {
    unsigned approved, soft, hard, approved_later, declined_later;
};
/* age_s: they have faded by so much; stale: too old to say how things are now. */
void hl_learn_verdicts(struct hl_book *b, unsigned provider, struct hl_card card,
                       const struct hl_verdicts *v, double age_s, bool stale, int64_t now_ns);
/* Technical outcomes, one after the other: of ours as they come, of others in a burst. */
void hl_learn_technical(struct hl_book *b, unsigned provider, bool failed, int64_t now_ns);
#endif
