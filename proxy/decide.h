/* proxy/decide.h -- verb 3: facts, verdict, view and seed in; a plan out. Pure but for its inputs.
 */
#ifndef PX_DECIDE_H
#define PX_DECIDE_H
#include "health/book.h"
#include "policies/facts.h"
#include "policies/said.h"
#include "routing/cost.h"
#include "routing/payment.h"
#include "routing/plan.h"
#include "routing/verdict.h"

struct px_config;
struct px_known;
struct px_pulse;
struct px_snapshot;
struct px_view;

/* How the providers are doing now, and what operators say. */
struct px_outlook {
    struct px_pulse *pulse;     /* NULL: nothing was ever seen */
    const struct px_view *view; /* NULL: nobody said anything */
    int64_t now_ns;             /* monotonic */
};

/* One decision with all that it was made from. */
struct px_choice {
    struct pol_facts facts;
    struct pol_said said;                   /* what a record of it says in place of some facts */
    uint32_t commits;                       /* bits: commitments it counts for once approved */
    struct hl_card card;                    /* what the payment's card belongs to, for learning */
    struct rt_view view;                    /* as the plan was made from it */
    enum rt_reason judged[LIMIT_PROVIDERS]; /* by rt_provider_judges, of each provider */
    struct rt_cost cost[LIMIT_PROVIDERS];   /* of each provider, chosen or not */
    struct rt_verdict verdict;              /* points into the snapshot */
    struct rt_plan plan;
};

/* The seed comes from merchant and key, so that a second look at the same wish gives the same plan.
 *   in   now_s: unix seconds. */
void px_decide(const struct px_snapshot *s, const struct px_outlook *outlook,
               const struct rt_payment *pay, const struct px_known *known, struct span key,
               int64_t now_s, struct px_choice *out);
/* Why nobody can take it, as a sentence for the client: the reasons of those left out. */
void px_decide_explain(const struct px_config *c, const struct rt_plan *plan, struct buf *out);
#endif
