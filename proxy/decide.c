/* proxy/decide.c */
#include "proxy/decide.h"

#include "proxy/config.h"
#include "routing/base/hash.h"

void px_decide(const struct px_config *c, const struct rt_payment *pay, struct span key,
               struct rt_plan *out)
{
    struct rt_verdict verdict;
    struct rt_view view = { 0 };
    uint64_t seed = hash64(key, hash64(pay->merchant, 0));

    rt_verdict_in_order(&verdict, c->providers);
    rt_plan_make(c->facts, c->providers, pay, &verdict, &view, seed, out);
}

void px_decide_explain(const struct px_config *c, const struct rt_plan *plan, struct buf *out)
{
    for (unsigned i = 0; i < plan->outs; i++) {
        if (i > 0)
            buf_str(out, "; ");
        buf_str(out, c->provider[plan->out[i].provider].name);
        buf_byte(out, ' ');
        buf_str(out, rt_reason_sentence(plan->out[i].reason));
    }
}
