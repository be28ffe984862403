/* proxy/simulate.c */
#include "proxy/simulate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "routing/base/check.h"

void px_sim_init(struct px_sim *s)
{
    memset(s, 0, sizeof *s);
    (void)snprintf(s->place[PX_SIM_DECLINED], sizeof s->place[0], "declined");
    (void)snprintf(s->place[PX_SIM_NO_ROUTE], sizeof s->place[0], "no route");
    s->places = 2;
}

void px_sim_fini(struct px_sim *s)
{
    free(s->hit);
    s->hit = NULL;
}

void px_sim_leave(struct px_sim *s, const char *why)
{
    s->left++;
    for (unsigned i = 0; i < s->whys; i++) {
        if (strncmp(s->why[i].text, why, sizeof s->why[i].text - 1) == 0) {
            s->why[i].records++;
            return;
        }
    }
    if (s->whys < PX_SIM_WHYS) {
        (void)snprintf(s->why[s->whys].text, sizeof s->why[0].text, "%s", why);
        s->why[s->whys++].records = 1;
    }
}

/* ---- from where to where ---- */

/* PX_SIM_PLACES: there are too many names. */
static unsigned named(struct px_sim *s, const char *name)
{
    for (unsigned i = 2; i < s->places; i++) {
        if (strncmp(s->place[i], name, sizeof s->place[i] - 1) == 0)
            return i;
    }
    if (s->places == PX_SIM_PLACES)
        return PX_SIM_PLACES;
    (void)snprintf(s->place[s->places], sizeof s->place[0], "%s", name);
    return s->places++;
}

static unsigned place_of(struct px_sim *s, const struct px_decided *d, const struct rt_verdict *v,
                         const struct rt_plan *p)
{
    if (p->legs > 0)
        return named(s, d->provider[p->leg[0].provider].name);
    return v->decline ? PX_SIM_DECLINED : PX_SIM_NO_ROUTE;
}

static bool same_legs(const struct rt_plan *a, const struct rt_plan *b)
{
    for (unsigned i = 0; i < a->legs && a->legs == b->legs; i++) {
        if (a->leg[i].provider != b->leg[i].provider)
            return false;
    }
    return a->legs == b->legs;
}

/* ---- what it costs, and how many are approved ---- */

static struct px_sim_cost *cost_in(struct px_sim *s, currency cur)
{
    for (unsigned i = 0; i < s->costs; i++) {
        if (s->cost[i].cur == cur)
            return &s->cost[i];
    }
    if (s->costs == PX_SIM_CURRENCIES)
        return NULL;
    s->cost[s->costs] = (struct px_sim_cost){ .cur = cur };
    return &s->cost[s->costs++];
}

static const struct px_decided_provider *first(const struct px_decided *d, const struct rt_plan *p)
{
    return p->legs == 0 ? NULL : &d->provider[p->leg[0].provider];
}

static void add_cost(struct px_sim *s, const struct px_decided *d,
                     const struct px_decided_provider *from, const struct px_decided_provider *to)
{
    struct px_sim_cost *c = cost_in(s, d->amount.cur);

    if (c == NULL || from == NULL || to == NULL)
        return;
    if (from->cost.why != RT_COST_KNOWN || to->cost.why != RT_COST_KNOWN) {
        c->unknown++;
        return;
    }
    c->payments++;
    c->before += (double)from->cost.micro;
    c->after += (double)to->cost.micro;
}

/* The chance that it is approved there: that it answers, times that it says yes. Below 0: unknown.
 */
static double chance(const struct px_decided_provider *p)
{
    int32_t approval =
        p->view.approval_ppm >= 0 ? p->view.approval_ppm : p->sight.approval_ppm[POL_OVER_NOW];
    int32_t available = p->view.available_ppm >= 0 ? p->view.available_ppm : 1000000;
    double chance = (double)approval / 1e6 * ((double)available / 1e6);

    return approval < 0 ? -1 : chance > 1 ? 1 : chance;
}

/* Nobody is asked: nothing is approved, and that is sure. */
static void add_approval(struct px_sim_approval *a, const struct px_decided_provider *from,
                         const struct px_decided_provider *to)
{
    double p = from == NULL ? 0 : chance(from), q = to == NULL ? 0 : chance(to);

    if (p < 0 || q < 0) {
        a->unknown++;
        return;
    }
    a->payments++;
    a->before += p;
    a->after += q;
    a->before_var += p * (1 - p);
    a->after_var += q * (1 - q);
}

/* ---- rules ---- */

static void hit(struct px_sim *s, unsigned rule)
{
    if (rule < s->rules)
        s->hit[rule]++;
}

/* Every rule that spoke: those that named somebody, and the one that decided. */
static void add_rules(struct px_sim *s, const struct rt_verdict *v, const struct pol_program *p)
{
    uint16_t last = 0;
    bool decided = false;

    if (p == NULL)
        return;
    if (s->hit == NULL) {
        s->rules = pol_program_rules(p);
        s->hit = calloc(s->rules, sizeof *s->hit);
        CHECK(s->hit != NULL);
    }
    for (unsigned i = 0; i < v->providers; i++) {
        if (v->rule_of[i] == 0 || v->rule_of[i] == last)
            continue;
        last = v->rule_of[i];
        hit(s, last - 1U);
        decided = decided || pol_program_rule(p, last - 1U).name == v->rule;
    }
    for (unsigned r = 0; r < s->rules && !decided; r++) {
        decided = pol_program_rule(p, r).name == v->rule;
        if (decided)
            hit(s, r);
    }
}

/* ---- what the policy asks and the records do not hold ---- */

static unsigned overs_of(const struct px_decided *d)
{
    unsigned overs = 0;

    for (unsigned i = 0; i < d->providers; i++) {
        const struct pol_sight *s = &d->provider[i].sight;

        for (unsigned w = 0; w < POL_OVERS_; w++)
            overs |= (unsigned)(s->approval_ppm[w] >= 0 || s->latency_ms[w] >= 0 ||
                                s->volume_minor[w] >= 0)
                     << w;
    }
    return overs;
}

static void add_unknown(struct px_sim *s, const struct px_decided *d, const struct px_again *again,
                        const struct pol_program *p)
{
    s->overs |= overs_of(d);
    for (unsigned i = 0; p != NULL && i < pol_program_commits(p) && i < POL_COMMITS_MAX; i++) {
        const struct pol_volume *v = &again->facts.volume[i];

        s->uncommitted[i] += v->minor < 0 && v->payments < 0;
    }
}

/* ---- one record ---- */

void px_sim_add(struct px_sim *s, const struct px_decided *d, const struct px_again *again,
                const struct pol_program *p)
{
    unsigned from = place_of(s, d, &d->verdict, &d->plan);
    unsigned to = place_of(s, d, &again->verdict, &again->plan);

    if (from == PX_SIM_PLACES || to == PX_SIM_PLACES) {
        px_sim_leave(s, "more providers than are told apart");
        return;
    }
    s->decided++;
    s->moved[from][to]++;
    s->declined_before += from == PX_SIM_DECLINED;
    s->declined_after += to == PX_SIM_DECLINED;
    s->no_route_before += from == PX_SIM_NO_ROUTE;
    s->no_route_after += to == PX_SIM_NO_ROUTE;
    add_rules(s, &again->verdict, p);
    add_unknown(s, d, again, p);
    if (from == to) {
        s->order_changed += !same_legs(&d->plan, &again->plan);
        return;
    }
    s->changed++;
    add_cost(s, d, first(d, &d->plan), first(d, &again->plan));
    add_approval(&s->approval, first(d, &d->plan), first(d, &again->plan));
}
