/* routing/plan.h -- who is asked, in which order, and why not the others.
 *
 * Same inputs, same plan, on every machine. The verdict says the order; the view takes out whom an
 * operator or a breaker withholds, and where the verdict left the order to value it may put one
 * first that shall be looked at again, or hold a new one back. Shares (an operator's limit, a
 * breaker that lets some through) are dealt by the payment's seed: a smaller share only takes
 * payments away. */
#ifndef RT_PLAN_H
#define RT_PLAN_H
#include <stdbool.h>
#include <stdint.h>

#include "routing/provider.h"
#include "routing/verdict.h"
#include "routing/view.h"

struct rt_leg {
    uint8_t provider; /* index */
    enum rt_reason reason;
};

struct rt_plan {
    struct rt_leg leg[LIMIT_LEGS];
    uint8_t legs;
    struct rt_leg out[LIMIT_PROVIDERS]; /* those left out, each with its reason */
    uint8_t outs;
    uint64_t seed; /* the dice of this decision: made from the payment key */
};

/*   in      providers[n]: the snapshot's table; verdict, view: lent for the call.
 *   gives   legs in order (none: the payment has no route) and every other provider with its
 * reason. errors  none; total. */
void rt_plan_make(const struct rt_provider *providers, unsigned n, const struct rt_payment *pay,
                  const struct rt_verdict *verdict, const struct rt_view *view, uint64_t seed,
                  struct rt_plan *out);
/* The same from what rt_provider_judges() said of each provider: for a decision that is made again
 * from its record, when the payment itself is gone. */
void rt_plan_lay(const enum rt_reason *judged, unsigned n, const struct rt_verdict *verdict,
                 const struct rt_view *view, uint64_t seed, struct rt_plan *out);
/* RT_REASON_ELIGIBLE, or why an operator's word keeps this payment away from a provider. */
enum rt_reason rt_plan_permits(const struct rt_sight *s, unsigned provider, uint64_t seed);
/* Without legs: is somebody left out only for now (stopped, limited, failing)? */
bool rt_plan_withheld(const struct rt_plan *plan);
/* The plan of an operation on a payment that a provider already holds: that provider alone. */
void rt_plan_holder(uint8_t provider, struct rt_plan *out);
#endif
