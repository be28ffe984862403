/* tests/prop/prop_plan.c -- whatever the policy, the operators and the breakers say, a plan is
 * sound: everybody stands in it once, nobody who may not be asked does, and it is the same each
 * time. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "routing/base/rng.h"
#include "routing/plan.h"

struct world {
    unsigned n;
    enum rt_reason judged[LIMIT_PROVIDERS];
    struct rt_verdict v;
    struct rt_view view;
    uint64_t seed;
};

static struct rt_sight any_sight(struct rng *r)
{
    struct rt_sight s = { .admin = rng_below(r, 3) == 0 ? (enum rt_admin)rng_below(r, RT_ADMINS_)
                                                        : RT_ADMIN_AUTO,
                          .limit_permille = RT_PERMILLE,
                          .breaker = (enum rt_breaker)rng_below(r, RT_BREAKERS_),
                          .admit_permille = (uint16_t)rng_below(r, RT_PERMILLE + 1),
                          .probe = rng_below(r, 4) == 0,
                          .value_micro = RT_UNKNOWN_VALUE,
                          .explored = rng_below(r, 4) == 0,
                          .ramped = rng_below(r, 4) == 0 };

    if (rng_below(r, 4) == 0)
        s.limit_permille = (uint16_t)rng_below(r, RT_PERMILLE + 1);
    if (rng_below(r, 2) == 0)
        s.value_micro = (int64_t)rng_below(r, 1000) - 500;
    return s;
}

static void any_world(struct rng *r, struct world *w)
{
    memset(w, 0, sizeof *w);
    rt_view_init(&w->view);
    w->n = (unsigned)rng_below(r, rng_below(r, 2) == 0 ? 5 : LIMIT_PROVIDERS + 1);
    w->seed = rng_next(r);
    rt_verdict_in_order(&w->v, w->n);
    w->v.decline = rng_below(r, 20) == 0;
    if (w->n > 0) {
        w->v.providers = (uint8_t)rng_below(r, w->n + 1);
        w->v.scored_from = (uint8_t)rng_below(r, w->v.providers + 1U);
        w->v.scored = (uint8_t)rng_below(r, w->v.providers - w->v.scored_from + 1U);
        w->v.retry_to = (uint8_t)(rng_below(r, 3) == 0 ? 1 + rng_below(r, w->n) : 0);
    }
    for (unsigned i = 0; i < w->v.providers; i++)
        w->v.provider[i] = (uint8_t)rng_below(r, w->n); /* some twice */
    for (unsigned p = 0; p < w->n; p++) {
        w->judged[p] = rng_below(r, 5) == 0 ? RT_REASON_BRAND : RT_REASON_ELIGIBLE;
        w->view.provider[p] = any_sight(r);
    }
}

static void lay(const struct world *w, struct rt_plan *plan)
{
    memset(plan, 0, sizeof *plan); /* padding, too, can be compared */
    rt_plan_lay(w->judged, w->n, &w->v, &w->view, w->seed, plan);
}

static const char *wrong_leg(const struct world *w, const struct rt_leg *leg)
{
    const struct rt_sight *s = &w->view.provider[leg->provider];

    if (w->judged[leg->provider] != RT_REASON_ELIGIBLE)
        return "a leg that can not take the payment";
    if (s->admin == RT_ADMIN_STOP || s->admin == RT_ADMIN_DRAIN)
        return "a leg that an operator stopped";
    if (s->breaker == RT_BREAKER_OPEN && s->admin != RT_ADMIN_FORCE_ON)
        return "a leg whose breaker is open";
    if (s->limit_permille == 0)
        return "a leg that is limited to nothing";
    return NULL;
}

static bool holds(const struct rt_plan *plan, unsigned provider)
{
    for (unsigned i = 0; i < plan->legs; i++) {
        if (plan->leg[i].provider == provider)
            return true;
    }
    return false;
}

static const char *wrong(const struct world *w, struct rng *r)
{
    struct rt_plan plan, again;
    struct world less = *w;
    uint32_t seen = 0;
    const char *why;
    unsigned p;

    lay(w, &plan);
    lay(w, &again);
    if (memcmp(&plan, &again, sizeof plan) != 0)
        return "the same inputs, another plan";
    if (plan.legs + plan.outs != w->n)
        return "not everybody stands in it once";
    for (unsigned i = 0; i < plan.legs; i++) {
        seen |= UINT32_C(1) << plan.leg[i].provider;
        if ((why = wrong_leg(w, &plan.leg[i])) != NULL)
            return why;
    }
    for (unsigned i = 0; i < plan.outs; i++)
        seen |= UINT32_C(1) << plan.out[i].provider;
    if (w->n > 0 && seen != UINT32_MAX >> (32 - w->n))
        return "somebody stands in it twice";
    if (w->v.decline && plan.legs > 0)
        return "the policy turned it away";
    if (w->n == 0)
        return NULL;
    p = (unsigned)rng_below(r, w->n);
    less.view.provider[p].limit_permille =
        (uint16_t)rng_below(r, less.view.provider[p].limit_permille + 1U);
    lay(&less, &again);
    if (holds(&again, p) && !holds(&plan, p) && plan.legs < LIMIT_LEGS)
        return "a lower limit gave somebody a payment";
    return NULL;
}

int main(int argc, char **argv)
{
    uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    uint64_t rounds = argc > 2 ? strtoull(argv[2], NULL, 10) : 20000;

    for (uint64_t i = 0; i < rounds; i++) {
        struct rng r = rng_of(seed + i);
        struct world w;
        const char *why;

        any_world(&r, &w);
        if ((why = wrong(&w, &r)) != NULL) {
            (void)fprintf(stderr, "seed %" PRIu64 ": %s\n", seed + i, why);
            return 1;
        }
    }
    printf("%" PRIu64 " plans\n", rounds);
    return 0;
}
