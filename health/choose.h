/* health/choose.h -- which provider is worth most for this payment, by what the book says.
 *
 * Value of an attempt = approval x (margin - fee) - fees of a decline - the customer's waiting
 * time, and what a second attempt would still be worth. Exploration is noise on the estimate where
 * it can pay; a provider that is out because it was sick gets small, rare probes. docs/health.md
 * derives the formulas. The answer depends on the arguments and the book (its dice included) alone.
 */
#ifndef HL_CHOOSE_H
#define HL_CHOOSE_H
#include <stdbool.h>

#include "health/book.h"

/* Amounts, fees and prices are in one unit of the caller's (its major currency unit, say). They
 * rank providers; nobody is charged by them. */
struct hl_option {
    unsigned provider;
    double fee_approved, fee_declined;
    double price; /* added to a win: what a volume commitment pays for it; may be negative */
};

struct hl_question {
    struct hl_card card;
    double amount;
    double margin;             /* share of the amount that a success earns */
    double latency_cost_per_s; /* share of that margin lost per second of waiting */
    double timeout_s;
    bool async; /* verdicts come too late for a second attempt after a decline */
    unsigned attempt, attempts_max;
    const struct hl_option *option; /* those that may be asked now */
    unsigned options;
    /* attempt > 1 */
    const unsigned *soft_from; /* who declined softly before */
    unsigned softs;
    int64_t now_ns;
};

enum hl_why { HL_NONE, HL_BEST, HL_EXPLORE, HL_PROBE, HL_AGAIN, HL_ONLY };

/* Of one option, for the explanation. */
struct hl_estimate {
    double available, approval; /* probabilities, as used: regimes and noise included */
    double value;               /* of choosing it, second attempt included */
    bool ramped;                /* skipped: too new for this payment */
};

struct hl_choice {
    int option; /* index into question.option; -1: asking anybody costs more than it earns */
    enum hl_why why;
    struct hl_estimate estimate[32];
};

/* Changes the book only in its dice, overdue requests and probe timers. */
void hl_choose(struct hl_book *b, const struct hl_question *q, struct hl_choice *out);
const char *hl_why_name(enum hl_why w);

/* Price of a volume commitment (least `share` of all approvals, `penalty` for each one missing),
 * per win: rises as the share falls behind; never more than the penalty. */
double hl_commitment_price(const struct hl_book *b, unsigned provider, double share,
                           double penalty);
#endif
