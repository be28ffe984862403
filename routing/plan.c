/* routing/plan.c */
#include "routing/plan.h"

#include "routing/base/check.h"
#include "routing/base/hash.h"

/* Deals payments: the same payment always draws the same number, whatever the share; a share that
 * shrinks only takes payments away. Salted, so that it has nothing to do with the policy's splits
 * or with the other deals. */
enum { DEAL_LIMIT = 0x6c696d69, DEAL_ADMIT = 0x61646d69 };

static bool dealt(uint64_t seed, unsigned provider, uint64_t salt, unsigned share_permille)
{
    uint64_t drawn = hash64_mix(hash64_mix(seed, salt), provider) >> 32;

    return drawn * RT_PERMILLE < (uint64_t)share_permille << 32;
}

/* While it comes back: the probes that are due, and a share. */
static bool let_through(const struct rt_sight *s, unsigned provider, uint64_t seed)
{
    return s->breaker != RT_BREAKER_HALF_OPEN || s->probe ||
           dealt(seed, provider, DEAL_ADMIT, s->admit_permille);
}

enum rt_reason rt_plan_permits(const struct rt_sight *s, unsigned provider, uint64_t seed)
{
    if (s->admin == RT_ADMIN_STOP)
        return RT_REASON_STOPPED;
    if (s->admin == RT_ADMIN_DRAIN)
        return RT_REASON_DRAINED;
    return dealt(seed, provider, DEAL_LIMIT, s->limit_permille) ? RT_REASON_ELIGIBLE
                                                                : RT_REASON_LIMITED;
}

static enum rt_reason reason_of(enum rt_reason judged, const struct rt_sight *s, unsigned provider,
                                uint64_t seed)
{
    enum rt_reason r = judged;

    if (r == RT_REASON_ELIGIBLE)
        r = rt_plan_permits(s, provider, seed);
    if (r != RT_REASON_ELIGIBLE)
        return r;
    if (s->admin == RT_ADMIN_FORCE_ON)
        return RT_REASON_ELIGIBLE;
    if (s->breaker == RT_BREAKER_OPEN)
        return RT_REASON_BREAKER;
    return let_through(s, provider, seed) ? RT_REASON_ELIGIBLE : RT_REASON_PROBING;
}

/* ---- the order ---- */

/* Whom the verdict names, each once, and what becomes of them. */
struct queue {
    struct rt_leg at[LIMIT_PROVIDERS]; /* ELIGIBLE, or why not */
    unsigned n;
    unsigned from, to; /* those ordered by value */
    const struct rt_view *view;
};

static void line_up(struct queue *q, const enum rt_reason *judged, unsigned n,
                    const struct rt_verdict *v, uint64_t seed)
{
    uint32_t named = 0;

    for (unsigned i = 0; i < v->providers && !v->decline; i++) {
        unsigned p = v->provider[i];

        CHECK(p < n);
        if ((named >> p & 1) != 0) /* a chain may name one twice; it is asked once */
            continue;
        named |= UINT32_C(1) << p;
        if (v->scored > 0 && i >= v->scored_from && i < (unsigned)v->scored_from + v->scored) {
            q->from = q->to == 0 ? q->n : q->from;
            q->to = q->n + 1;
        }
        q->at[q->n++] =
            (struct rt_leg){ (uint8_t)p, reason_of(judged[p], &q->view->provider[p], p, seed) };
    }
}

static void move(struct queue *q, unsigned from, unsigned to)
{
    struct rt_leg x = q->at[from];

    for (; from < to; from++)
        q->at[from] = q->at[from + 1];
    for (; from > to; from--)
        q->at[from] = q->at[from - 1];
    q->at[to] = x;
}

static const struct rt_sight *sight_of(const struct queue *q, unsigned i)
{
    return &q->view->provider[q->at[i].provider];
}

static bool regrows(const struct rt_sight *s)
{
    return s->ramped && s->breaker != RT_BREAKER_HALF_OPEN && s->admit_permille < RT_PERMILLE &&
           s->admin != RT_ADMIN_FORCE_ON;
}

/* New ones stand behind the others among which value decides; one whose breaker lets it grow again
 * stands behind everybody, whoever wrote the order. */
static void hold_back(struct queue *q)
{
    unsigned end = q->to;

    for (unsigned i = q->from; i < end;) {
        if (sight_of(q, i)->ramped)
            move(q, i, q->to - 1), end--;
        else
            i++;
    }
    end = q->n;
    for (unsigned i = 0; i < end;) {
        if (!regrows(sight_of(q, i))) {
            i++;
            continue;
        }
        q->from -= i < q->from;
        q->to -= i < q->to;
        move(q, i, q->n - 1), end--;
    }
}

/* One that shall be looked at again goes first where value decides who is first. */
static bool probe_first(struct queue *q)
{
    unsigned first = 0;

    while (first < q->n && q->at[first].reason != RT_REASON_ELIGIBLE)
        first++;
    if (first < q->from || first >= q->to)
        return false;
    for (unsigned i = first; i < q->to; i++) {
        if (sight_of(q, i)->probe && q->at[i].reason == RT_REASON_ELIGIBLE) {
            move(q, i, first);
            return true;
        }
    }
    return false;
}

/* Nobody is left but such as come back: better one of them, if it has a probe to spare. */
static void last_resort(struct queue *q)
{
    for (unsigned i = 0; i < q->n; i++) {
        if (q->at[i].reason == RT_REASON_ELIGIBLE)
            return;
    }
    for (unsigned i = 0; i < q->n; i++) {
        if (q->at[i].reason == RT_REASON_PROBING)
            q->at[i].reason = RT_REASON_ELIGIBLE;
    }
}

/* ---- legs and reasons ---- */

/* Could have been asked, but not now. */
static bool is_withheld(enum rt_reason r)
{
    return r == RT_REASON_STOPPED || r == RT_REASON_DRAINED || r == RT_REASON_LIMITED ||
           r == RT_REASON_BREAKER || r == RT_REASON_PROBING;
}

static enum rt_reason first_reason(const struct queue *q, unsigned i, bool probes)
{
    const struct rt_sight *s = sight_of(q, i);

    if (probes || s->breaker == RT_BREAKER_HALF_OPEN)
        return RT_REASON_PROBE;
    for (unsigned k = 0; k < i; k++) {
        if (is_withheld(q->at[k].reason))
            return RT_REASON_FAILOVER;
    }
    if (i < q->from || i >= q->to || s->value_micro == RT_UNKNOWN_VALUE)
        return RT_REASON_CHOSEN;
    return s->explored ? RT_REASON_EXPLORE : RT_REASON_BEST;
}

static void leave_out(struct rt_plan *plan, unsigned provider, enum rt_reason why)
{
    plan->out[plan->outs++] = (struct rt_leg){ (uint8_t)provider, why };
}

static void settle(struct rt_plan *plan, const struct queue *q, bool probes)
{
    for (unsigned i = 0; i < q->n; i++) {
        struct rt_leg leg = q->at[i];

        if (leg.reason == RT_REASON_ELIGIBLE && plan->legs == LIMIT_LEGS)
            leg.reason = RT_REASON_LEGS_MAX;
        if (leg.reason != RT_REASON_ELIGIBLE) {
            leave_out(plan, leg.provider, leg.reason);
            continue;
        }
        leg.reason = plan->legs == 0          ? first_reason(q, i, probes)
                     : sight_of(q, i)->ramped ? RT_REASON_RAMP
                                              : RT_REASON_NEXT;
        plan->leg[plan->legs++] = leg;
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
    struct queue q = { .view = view };
    uint32_t named = 0;
    bool probes;

    CHECK(n <= LIMIT_PROVIDERS);
    CHECK(verdict->providers <= LIMIT_PROVIDERS);
    *out = (struct rt_plan){ .seed = seed };
    line_up(&q, judged, n, verdict, seed);
    hold_back(&q);
    probes = probe_first(&q);
    last_resort(&q);
    settle(out, &q, probes);
    if (verdict->retry_to > 0)
        ask_next(out, verdict->retry_to - 1U);
    for (unsigned i = 0; i < q.n; i++)
        named |= UINT32_C(1) << q.at[i].provider;
    for (unsigned p = 0; p < n; p++) {
        if ((named >> p & 1) == 0)
            leave_out(out, p, verdict->decline ? RT_REASON_POLICY : RT_REASON_NOT_NAMED);
    }
}

bool rt_plan_withheld(const struct rt_plan *plan)
{
    for (unsigned i = 0; i < plan->outs; i++) {
        if (is_withheld(plan->out[i].reason))
            return true;
    }
    return false;
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
