/* proxy/simulate.h -- sums over decisions that were made again: who moves from where to where, what
 * it costs, which rules were never needed. Constant memory, however many decisions. */
#ifndef PX_SIMULATE_H
#define PX_SIMULATE_H
#include <stdint.h>

#include "proxy/record_again.h"

enum {
    PX_SIM_PLACES = 66, /* names of providers, over all records; and the two below */
    PX_SIM_DECLINED = 0,
    PX_SIM_NO_ROUTE = 1,
    PX_SIM_CURRENCIES = 180,
    PX_SIM_WHYS = 16,
};

/* Expected cost of the payments that move, in millionths of minor units. */
struct px_sim_cost {
    currency cur;
    uint64_t payments; /* that move, with both costs known */
    uint64_t unknown;  /* that move, with a cost that is not */
    double before, after;
};

/* An estimate: expected approvals of payments that move, and the variance of their number. */
struct px_sim_approval {
    uint64_t payments, unknown;
    double before, after, before_var, after_var;
};

struct px_sim {
    char place[PX_SIM_PLACES][72];
    unsigned places;
    uint64_t moved[PX_SIM_PLACES][PX_SIM_PLACES]; /* [from][to] */
    uint64_t decided, changed;                    /* asked first by another, or turned away */
    uint64_t order_changed;                       /* the same first, others behind it */
    uint64_t declined_before, declined_after, no_route_before, no_route_after;
    struct px_sim_cost cost[PX_SIM_CURRENCIES];
    unsigned costs;
    struct px_sim_approval approval;
    /* by rule of the policy, the default last */
    uint64_t *hit;
    unsigned rules;
    /* not decided again, and why */
    uint64_t left;
    struct {
        char text[200];
        uint64_t records;
    } why[PX_SIM_WHYS];
    unsigned whys;
    unsigned overs; /* windows that some record holds a number for: bit 1 << enum pol_over */
    /* of the policy's commitments: in so many records nothing is known of it */
    uint64_t uncommitted[POL_COMMITS_MAX];
};

void px_sim_init(struct px_sim *s);
void px_sim_fini(struct px_sim *s);
/* One record, and what the policy says now. */
void px_sim_add(struct px_sim *s, const struct px_decided *d, const struct px_again *again,
                const struct pol_program *p);
/* One record that could not be decided again. */
void px_sim_leave(struct px_sim *s, const char *why);
#endif
