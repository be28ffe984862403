/* proxy/decide.h -- verb 3: facts, verdict, view and seed in; a plan out. Pure but for its inputs.
 */
#ifndef PX_DECIDE_H
#define PX_DECIDE_H
#include "routing/payment.h"
#include "routing/plan.h"

struct px_config;

/* The seed comes from merchant and key, so that a second look at the same wish gives the same plan.
 */
void px_decide(const struct px_config *c, const struct rt_payment *pay, struct span key,
               struct rt_plan *out);
/* Why nobody can take it, as a sentence for the client: the reasons of those left out. */
void px_decide_explain(const struct px_config *c, const struct rt_plan *plan, struct buf *out);
#endif
