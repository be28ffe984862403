/* health/watch.h -- one worker's watch over its providers: what it learned, what it may ask, what
 * it tells the others.
 *
 * The book of what was learned, a breaker for each provider, windows, and the differences that the
 * other workers and nodes have not heard yet, in one flat block of memory that its owner gives.
 * Time and dice are arguments. The gateway and `route engine` drive the same watch.
 *
 * For every copy of a payment that may leave: survey -> (plan) -> admit -> told, or return when
 * nothing was sent or the fault was ours. docs/health.md. */
#ifndef HL_WATCH_H
#define HL_WATCH_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "health/book.h"
#include "health/breaker.h"
#include "health/delta.h"
#include "health/learn.h"
#include "health/window.h"
#include "routing/base/limits.h"
#include "routing/view.h"

struct hl_watch;

struct hl_watch_rules {
    unsigned providers, bins_max;
    uint32_t id[LIMIT_PROVIDERS]; /* hl_watch_id() of each name; two alike can not be told apart */
    int64_t timeout_ns[LIMIT_PROVIDERS]; /* a request is given up after that */
    double margin;                       /* share of the amount that a success earns */
    double latency_cost_per_s;           /* share of that margin lost per second of waiting */
    uint64_t node; /* whose eyes these are: workers of one node trust each other */
    struct hl_breaker_rules breaker;
};
/* 15 % margin, 0.5 % of it per second, 10 s timeouts, 4096 BINs, hl_breaker_defaults. */
void hl_watch_rules_init(struct hl_watch_rules *r);
uint32_t hl_watch_id(struct span provider_name);

size_t hl_watch_size(const struct hl_watch_rules *r);
/* mem: hl_watch_size() bytes aligned for any type; the owner's to free. The rules are copied. */
struct hl_watch *hl_watch_init(void *mem, size_t size, const struct hl_watch_rules *r,
                               uint64_t seed, int64_t now_ns);

/* ---- decide ---- */

/* Amounts, fees and prices are in one unit of the caller's (minor units, say). */
struct hl_watch_ask {
    struct hl_card card;
    double amount;
    const double *fee_approved, *fee_declined; /* [providers] */
    const double *price; /* [providers] added to a win: what a commitment pays; NULL: nothing */
    uint32_t may;        /* bit p: could take this payment */
    unsigned attempt;    /* 0 and 1: the first */
    unsigned attempts_max;
    uint32_t soft;      /* bit p: has declined it softly */
    bool late_verdicts; /* declines are known too late for a further attempt */
    uint64_t seed;      /* all the dice there are: same payment, same book, same numbers */
    int64_t now_ns;
};

/* What it thinks of each provider for this payment. Fills breaker, admit_permille, probe, ramped,
 * explored and the numbers of every provider in `may`; the others keep their breaker alone. An
 * operator's word (admin, limit, ops_all) is left as it is.
 *   value_micro   millionths of the caller's unit; attempt > 1: what one more attempt earns
 *   probe         at most one: it would be best were it well, and it is due to be tried. In an
 *                 order that is ours to choose it goes first
 *   ramped        too new, or back for too short a time, for this payment: behind the others. It is
 *                 the breaker's (and holds for any order) when admit_permille < 1000 */
void hl_watch_survey(struct hl_watch *w, const struct hl_watch_ask *ask, struct rt_view *out);

/* May this leg really go there now? Takes a breaker's lease if need be.
 *   forced    an operator's force-on: yes, whatever the breaker says
 *   gives     false: nothing was sent, skip the leg. true: *out goes back with what became of it */
struct hl_pass {
    hl_ticket ticket;
    uint32_t lease;
};
bool hl_watch_admit(struct hl_watch *w, unsigned provider, uint64_t seed, bool forced,
                    int64_t now_ns, struct hl_pass *out);

/* Many requests wait there and none has been answered for longer than an answer takes: it may have
 * begun to hang. Who has somebody else to ask sends it no more until something is heard; that keeps
 * the payments few that wait when the first of them is counted as overdue. */
bool hl_watch_silent(struct hl_watch *w, unsigned provider, int64_t now_ns);

/* ---- learn ---- */

/* What became of it. unsent: provably never left us (N0), a technical failure of its own kind.
 *   pass    NULL for a late verdict (after HL_PENDING), which is no technical observation
 *   gives   the approval that had been expected (0..1), for soft_before of the next attempt; -1 */
double hl_watch_told(struct hl_watch *w, const struct hl_outcome *o, const struct hl_pass *pass,
                     bool unsent, int64_t now_ns);
/* Not sent after all, or a fault of our own machine: nothing is learned. */
void hl_watch_return(struct hl_watch *w, unsigned provider, const struct hl_pass *pass,
                     int64_t now_ns);
/* The caller stood still for that long (a busy machine, a stopped process): answers that came
 * meanwhile lie unread, and nobody is overdue by it. Before the tick that follows. */
void hl_watch_paused(struct hl_watch *w, int64_t ns);
/* Requests that are overdue, ends of open times. Every 100 ms or so. */
void hl_watch_tick(struct hl_watch *w, int64_t now_ns);
/* An operator's stop has ended: probing, never straight to full. */
void hl_watch_probe(struct hl_watch *w, unsigned provider, int64_t now_ns);

/* ---- what people see ---- */

struct hl_move {
    unsigned provider;
    enum hl_serving from, to;
    const char *cause; /* static: hl_breaker_cause() */
    int64_t at_ns;
};
/* The oldest change of a breaker not told yet; false: none. Of more than 64 the oldest are lost. */
bool hl_watch_moved(struct hl_watch *w, struct hl_move *out);

struct hl_watch_state {
    enum hl_serving serving;
    uint32_t share_permille;
    const char *cause;
    int64_t since_ns, until_ns; /* until: of the open time; 0: not open */
    uint32_t opened;            /* how often, ever */
    uint32_t in_air;
    int32_t available_ppm, approval_ppm, latency_ms; /* over all cards */
};
void hl_watch_state(struct hl_watch *w, unsigned provider, int64_t now_ns,
                    struct hl_watch_state *out);
void hl_watch_window(struct hl_watch *w, unsigned provider, enum hl_over over, int64_t now_ns,
                     struct hl_window_sum *out);
/* The windows themselves, for reading with hl_window_*(). */
struct hl_windows *hl_watch_windows(struct hl_watch *w, unsigned provider);
/* Price of a volume commitment per win; hl_commitment_price(). */
double hl_watch_price(const struct hl_watch *w, unsigned provider, double share, double penalty);

/* ---- the others ---- */

/* What was learned here since the last call; *out is overwritten. Within 500 ms or so: what does
 * not fit is not told. */
void hl_watch_collect(struct hl_watch *w, struct hl_delta *out, int64_t now_ns);
/* What another worker or node learned, age_s ago. node: whose; failures that only one other node
 * reports count for nothing. */
void hl_watch_apply(struct hl_watch *w, const struct hl_delta_view *v, uint64_t node, double age_s,
                    int64_t now_ns);
/* Part 0, 1, ... of all that is known, for those who start cold. False: there is no such part. */
bool hl_watch_snapshot(struct hl_watch *w, unsigned part, struct hl_delta *out, int64_t now_ns);
#endif
