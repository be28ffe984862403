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
    bool retriable;   /* the payment may go on elsewhere */
    double latency_s; /* 0: not known */
    bool local;       /* we sent it ourselves: ticket is ours */
    hl_ticket ticket;
    double soft_before; /* attempt > 1: approval that was expected of the provider which declined
                           softly just before; < 0: none did */
};

/* Gives the approval that had been expected (0..1), for soft_before of the next attempt. */
double hl_learn(struct hl_book *b, const struct hl_outcome *o, double timeout_s, int64_t now_ns);
/* Another node saw a request of its own go overdue. */
void hl_learn_overdue(struct hl_book *b, unsigned provider, int64_t now_ns);
#endif
