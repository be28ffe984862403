/* proxy/decide.c */
#include "proxy/decide.h"

#include "proxy/config.h"
#include "proxy/enrich.h"
#include "proxy/pulse.h"
#include "proxy/snapshot.h"
#include "proxy/view.h"
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
SAME(POL_BREAKER_UNKNOWN, RT_BREAKER_UNKNOWN);
SAME(POL_BREAKER_CLOSED, RT_BREAKER_CLOSED);
SAME(POL_BREAKER_HALF_OPEN, RT_BREAKER_HALF_OPEN);
SAME(POL_BREAKER_OPEN, RT_BREAKER_OPEN);

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
        if (out->judged[p] == RT_REASON_ELIGIBLE &&
            rt_plan_permits(&out->view.provider[p], p, out->facts.seed) == RT_REASON_ELIGIBLE)
            out->facts.eligible |= UINT32_C(1) << p;
    }
}

/* Operators' words, as they hold now. */
static void take_words(const struct px_outlook *outlook, unsigned providers, struct rt_view *v)
{
    rt_view_init(v);
    if (outlook->view == NULL)
        return;
    v->epoch = outlook->view->epoch;
    for (unsigned p = 0; p < providers; p++) {
        const struct px_toggle *t = &outlook->view->toggle[p];

        v->provider[p].admin = t->admin;
        v->provider[p].limit_permille = t->limit_permille;
        v->provider[p].ops_all = t->ops_all;
    }
}

/* How they are doing, for the policy and the plan. */
static void take_health(const struct px_snapshot *s, const struct px_outlook *outlook,
                        struct px_choice *out)
{
    struct pol_facts *f = &out->facts;

    out->card = px_pulse_card(f);
    if (outlook->pulse == NULL)
        return;
    px_pulse_survey(outlook->pulse, f, out->cost, f->eligible, outlook->view, outlook->now_ns,
                    &out->view);
    px_pulse_windows(outlook->pulse, pol_program_overs(s->policy.program), outlook->now_ns, f);
    for (unsigned p = 0; p < s->config->providers; p++) {
        const struct rt_sight *sight = &out->view.provider[p];

        f->provider[p].approval_ppm[POL_OVER_NOW] = sight->approval_ppm;
        f->provider[p].latency_ms[POL_OVER_NOW] = sight->latency_ms;
        f->provider[p].breaker = (enum pol_breaker)sight->breaker;
        f->provider[p].value_micro = sight->value_micro;
    }
}

/* How far the policy's commitments have come, and for which of them this payment would count. */
static void take_commits(const struct px_snapshot *s, const struct px_view *view,
                         struct px_choice *out)
{
    const struct pol_program *p = s->policy.program;
    unsigned n = pol_program_commits(p);

    out->commits = 0;
    for (unsigned i = 0; i < n; i++) {
        if (view != NULL && view->volumes_of == pol_program_revision(p))
            out->facts.volume[i] = view->volume[i];
        if (pol_commit_counts(p, i, &out->facts))
            out->commits |= UINT32_C(1) << i;
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

void px_decide(const struct px_snapshot *s, const struct px_outlook *outlook,
               const struct rt_payment *pay, const struct px_known *known, struct span key,
               int64_t now_s, struct px_choice *out)
{
    const struct px_config *c = s->config;

    take_words(outlook, c->providers, &out->view);
    pol_facts_init(&out->facts);
    pol_said_init(&out->said);
    pol_facts_take(&out->facts, pay);
    take_known(&out->facts, known);
    out->facts.now_s = now_s;
    out->facts.seed = hash64(key, hash64(pay->merchant, 0));
    take_eligible(c, pay, out);
    take_costs(s, out);
    take_health(s, outlook, out);
    take_commits(s, outlook->view, out);
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
