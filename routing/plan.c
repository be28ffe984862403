/* routing/plan.c */
#include "routing/plan.h"

#include "routing/base/check.h"

static enum rt_reason reason_of(enum rt_reason judged, const struct rt_sight *sight)
{
    if (judged != RT_REASON_ELIGIBLE)
        return judged;
    if (sight->admin == RT_ADMIN_STOP)
        return RT_REASON_STOPPED;
    if (sight->admin == RT_ADMIN_DRAIN)
        return RT_REASON_DRAINED;
    if (sight->admin != RT_ADMIN_FORCE_ON && sight->breaker == RT_BREAKER_OPEN)
        return RT_REASON_BREAKER;
    return RT_REASON_ELIGIBLE;
}

static void leave_out(struct rt_plan *plan, unsigned provider, enum rt_reason why)
{
    plan->out[plan->outs++] = (struct rt_leg){ (uint8_t)provider, why };
}

static void place(struct rt_plan *plan, unsigned provider, enum rt_reason r)
{
    if (r != RT_REASON_ELIGIBLE) {
        leave_out(plan, provider, r);
    } else if (plan->legs == LIMIT_LEGS) {
        leave_out(plan, provider, RT_REASON_LEGS_MAX);
    } else {
        r = plan->legs == 0 ? RT_REASON_CHOSEN : RT_REASON_NEXT;
        plan->leg[plan->legs++] = (struct rt_leg){ (uint8_t)provider, r };
    }
}

/* The provider of `retry ... to` comes right after the first, if it stands in the plan at all. */
static void ask_next(struct rt_plan *plan, unsigned provider)
{
    for (unsigned i = 2; i < plan->legs; i++) {
        struct rt_leg leg = plan->leg[i];

        if (leg.provider != provider)
            continue;
        for (unsigned j = i; j > 1; j--)
            plan->leg[j] = plan->leg[j - 1];
        plan->leg[1] = leg;
    }
}

void rt_plan_lay(const enum rt_reason *judged, unsigned n, const struct rt_verdict *verdict,
                 const struct rt_view *view, uint64_t seed, struct rt_plan *out)
{
    bool named[LIMIT_PROVIDERS] = { false };

    CHECK(n <= LIMIT_PROVIDERS);
    CHECK(verdict->providers <= LIMIT_PROVIDERS);
    *out = (struct rt_plan){ .seed = seed };
    for (unsigned i = 0; i < verdict->providers && !verdict->decline; i++) {
        unsigned p = verdict->provider[i];

        CHECK(p < n);
        if (!named[p]) /* a chain may name one twice; it is asked once */
            place(out, p, reason_of(judged[p], &view->provider[p]));
        named[p] = true;
    }
    if (verdict->retry_to > 0)
        ask_next(out, verdict->retry_to - 1U);
    for (unsigned p = 0; p < n; p++) {
        if (!named[p])
            leave_out(out, p, verdict->decline ? RT_REASON_POLICY : RT_REASON_NOT_NAMED);
    }
}

void rt_plan_make(const struct rt_provider *providers, unsigned n, const struct rt_payment *pay,
                  const struct rt_verdict *verdict, const struct rt_view *view, uint64_t seed,
                  struct rt_plan *out)
{
    enum rt_reason judged[LIMIT_PROVIDERS];

    CHECK(n <= LIMIT_PROVIDERS);
    for (unsigned p = 0; p < n; p++) {
        CHECK(providers[p].index == p);
        judged[p] = rt_provider_judges(&providers[p], pay);
    }
    rt_plan_lay(judged, n, verdict, view, seed, out);
}

void rt_plan_holder(uint8_t provider, struct rt_plan *out)
{
    *out = (struct rt_plan){ .leg = { { provider, RT_REASON_HOLDER } }, .legs = 1 };
}
