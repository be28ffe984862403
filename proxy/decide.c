/* proxy/decide.c */
#include "proxy/decide.h"

#include "proxy/config.h"
#include "proxy/enrich.h"
#include "proxy/snapshot.h"
#include "routing/base/hash.h"

/* The same numbers, so that one is a copy of the other. */
#define SAME(a, b) _Static_assert((unsigned)(a) == (unsigned)(b), "policies/facts.h, routing/bin.h")
SAME(POL_CREDIT, RT_CREDIT);
SAME(POL_DEBIT, RT_DEBIT);
SAME(POL_PREPAID, RT_PREPAID);
SAME(POL_CHARGE, RT_CHARGE);
SAME(POL_FUNDINGS_, RT_FUNDINGS_);
SAME(POL_CONSUMER, RT_CONSUMER);
SAME(POL_PREMIUM, RT_PREMIUM);
SAME(POL_BUSINESS, RT_BUSINESS);
SAME(POL_CORPORATE, RT_CORPORATE);
SAME(POL_PURCHASING, RT_PURCHASING);
SAME(POL_GOVERNMENT, RT_GOVERNMENT);
SAME(POL_CATEGORIES_, RT_GRADES_);

static void take_known(struct pol_facts *f, const struct px_known *known)
{
    f->bin = known->lead;
    f->bin_digits = known->digits;
    if (known->bin.brand != RT_BRAND_UNKNOWN)
        f->brand = known->bin.brand;
    f->funding = (enum pol_funding)known->bin.funding;
    f->category = (enum pol_category)known->bin.grade;
    f->issuer_country = known->bin.country;
    f->issuer = known->bin.issuer;
    f->ip_country = known->ip_country;
}

static void take_costs(const struct px_snapshot *s, struct px_choice *c)
{
    struct rt_cost_ask ask = { .amount = c->facts.amount,
                               .brand = c->facts.brand,
                               .funding = (enum rt_funding)c->facts.funding,
                               .grade = (enum rt_grade)c->facts.category,
                               .issuer = c->facts.issuer_country,
                               .volume = -1 };

    for (unsigned p = 0; p < s->config->providers; p++) {
        rt_cost(&s->fees[p], &ask, s->has_rates ? &s->rates : NULL, &c->cost[p]);
        c->facts.provider[p].cost_minor = rt_cost_minor(&c->cost[p]);
        c->facts.provider[p].cost_ppm = rt_cost_ppm(&c->cost[p], ask.amount.minor);
    }
}

static void take_eligible(const struct px_config *c, const struct rt_payment *pay,
                          struct px_choice *out)
{
    for (unsigned p = 0; p < c->providers; p++) {
        out->judged[p] = rt_provider_judges(&c->facts[p], pay);
        if (out->judged[p] == RT_REASON_ELIGIBLE)
            out->facts.eligible |= UINT32_C(1) << p;
    }
}

/* Answers that a record can not do without are noted on the way. */
static void ask_policy(const struct px_policy *policy, struct px_choice *out)
{
    px_policy_clock(policy, &out->facts);
    out->facts.said = &out->said;
    pol_eval(policy->program, &out->facts, &out->verdict, NULL);
    out->facts.said = NULL;
}

void px_decide(const struct px_snapshot *s, const struct rt_payment *pay,
               const struct px_known *known, struct span key, int64_t now_s, struct px_choice *out)
{
    const struct px_config *c = s->config;

    rt_view_init(&out->view);
    pol_facts_init(&out->facts);
    pol_said_init(&out->said);
    pol_facts_take(&out->facts, pay);
    take_known(&out->facts, known);
    out->facts.now_s = now_s;
    out->facts.seed = hash64(key, hash64(pay->merchant, 0));
    take_eligible(c, pay, out);
    take_costs(s, out);
    ask_policy(&s->policy, out);
    rt_plan_lay(out->judged, c->providers, &out->verdict, &out->view, out->facts.seed, &out->plan);
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
