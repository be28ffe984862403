/* proxy/record_again.c */
#include "proxy/record_again.h"

#include <string.h>

#include "proxy/policy.h"

static bool is_place(const struct pol_program *p, uint32_t test, const struct px_decided_place *at,
                     bool anywhere)
{
    const char *file;
    unsigned line, col;

    return pol_program_test(p, test, &file, &line, &col) && line == at->line && col == at->col &&
           (anywhere || strcmp(file, at->file) == 0);
}

/* The same texts may be numbered otherwise by another release, or lie under another name. */
static uint32_t number_of(const struct pol_program *p, uint32_t test,
                          const struct px_decided_place *at)
{
    const char *file;
    unsigned line, col;

    if (is_place(p, test, at, true))
        return test;
    for (uint32_t t = 0; pol_program_test(p, t, &file, &line, &col); t++) {
        if (is_place(p, t, at, false))
            return t;
    }
    return UINT32_MAX;
}

/* The policy that decided finds its tests by number; another by what they ask. */
static void take_said(const struct px_decided *d, const struct pol_program *p, struct pol_said *s)
{
    *s = d->said;
    s->again = true;
    s->other = pol_program_revision(p) != d->verdict.revision;
    s->missed = false;
    for (unsigned i = 0; i < s->answers && !s->other; i++)
        s->answer[i].test = number_of(p, d->said.answer[i].test, &d->answer_at[i]);
}

static void take_volumes(const struct px_decided *d, const struct pol_program *p,
                         struct pol_facts *f)
{
    for (unsigned i = 0; i < pol_program_commits(p) && i < POL_COMMITS_MAX; i++) {
        const char *name = pol_program_commit(p, i).name;

        for (unsigned k = 0; k < d->volumes; k++) {
            if (strcmp(d->volume_of[k], name) == 0)
                f->volume[i] = d->volume[k];
        }
    }
}

static void take_facts(const struct px_decided *d, struct pol_facts *f)
{
    f->now_s = d->now_s;
    f->seed = d->seed;
    f->amount = d->amount;
    f->country = d->country;
    f->issuer_country = d->issuer_country;
    f->ip_country = d->ip_country;
    f->bin = d->bin6;
    f->bin_digits = d->said.bin_digits == 0 ? 0 : POL_SAID_DIGITS;
    f->brand = d->brand;
    f->funding = d->funding;
    f->category = d->category;
    f->three_ds = d->three_ds;
    f->method = d->method;
    f->channel = d->channel;
    f->initiator = d->initiator;
    f->stored = d->stored;
    f->issuer = d->issuer;
    f->merchant = span_str(d->merchant);
    for (unsigned p = 0; p < d->providers; p++) {
        f->provider[p] = d->provider[p].sight;
        f->eligible |= (uint32_t)d->provider[p].eligible << p;
    }
}

static void take_clock(const struct px_decided *d, const struct px_policy *p, struct pol_facts *f)
{
    if (pol_program_revision(p->program) == d->verdict.revision)
        memcpy(f->zone_offset_s, d->zone_offset_s, d->zones * sizeof d->zone_offset_s[0]);
    else
        px_policy_clock(p, f);
}

static void ask(const struct px_decided *d, const struct px_policy *p, struct pol_trace *trace,
                struct px_again *out)
{
    take_clock(d, p, &out->facts);
    take_volumes(d, p->program, &out->facts);
    take_said(d, p->program, &out->said);
    out->facts.said = &out->said;
    pol_eval(p->program, &out->facts, &out->verdict, NULL);
    out->missed = out->said.missed;
    if (out->missed)
        (void)pol_program_test(p->program, out->said.missing, &out->missing.file,
                               &out->missing.line, &out->missing.col);
    if (trace != NULL) { /* it looks at more tests than a decision does */
        struct rt_verdict again;

        pol_eval(p->program, &out->facts, &again, trace);
    }
    out->facts.said = NULL;
}

void px_again(const struct px_decided *d, const struct px_policy *p, struct pol_trace *trace,
              struct px_again *out)
{
    enum rt_reason judged[LIMIT_PROVIDERS];

    out->missed = false;
    out->missing = (struct px_decided_place){ .file = "" };
    pol_facts_init(&out->facts);
    take_facts(d, &out->facts);
    rt_view_init(&out->view);
    out->view.epoch = d->epoch;
    for (unsigned i = 0; i < d->providers; i++) {
        judged[i] = d->provider[i].judged;
        out->view.provider[i] = d->provider[i].view;
    }
    if (p == NULL)
        rt_verdict_in_order(&out->verdict, d->providers);
    else
        ask(d, p, trace, out);
    rt_plan_lay(judged, d->providers, &out->verdict, &out->view, d->plan.seed, &out->plan);
}

/* ---- the same? ---- */

static bool same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void note(struct buf *what, bool same, const char *name)
{
    if (!same)
        buf_fmt(what, "%s%s", what->n > 0 ? ", " : "", name);
}

static bool same_order(const struct rt_verdict *a, const struct rt_verdict *b)
{
    if (a->providers != b->providers || a->scored_from != b->scored_from || a->scored != b->scored)
        return false;
    for (unsigned i = 0; i < a->providers; i++) {
        if (a->provider[i] != b->provider[i] || a->rule_of[i] != b->rule_of[i])
            return false;
    }
    return true;
}

static bool same_retry(const struct rt_verdict *a, const struct rt_verdict *b)
{
    return a->retry_said == b->retry_said && a->retry_to == b->retry_to &&
           a->retry_on == b->retry_on && a->retry_never == b->retry_never &&
           memcmp(a->retry_on_code, b->retry_on_code, sizeof a->retry_on_code) == 0 &&
           memcmp(a->retry_never_code, b->retry_never_code, sizeof a->retry_never_code) == 0 &&
           a->moves_max == b->moves_max && a->within_ns == b->within_ns;
}

static bool same_legs(const struct rt_leg *a, unsigned an, const struct rt_leg *b, unsigned bn)
{
    for (unsigned i = 0; i < an && an == bn; i++) {
        if (a[i].provider != b[i].provider || a[i].reason != b[i].reason)
            return false;
    }
    return an == bn;
}

bool px_again_same(const struct px_decided *d, const struct px_again *again, struct buf *what)
{
    const struct rt_verdict *a = &d->verdict, *b = &again->verdict;
    const struct rt_plan *p = &d->plan, *q = &again->plan;
    size_t before = what->n;

    note(what, a->revision == b->revision, "the policy's revision");
    note(what,
         same_text(a->rule, b->rule) && same_text(a->file, b->file) && a->line == b->line &&
             a->rules_matched == b->rules_matched,
         "the rule that decides");
    note(what, a->decline == b->decline && same_text(a->decline_why, b->decline_why),
         "whether it is turned away");
    note(what, same_order(a, b), "the policy's order");
    note(what, same_retry(a, b), "what is tried again");
    note(what, same_legs(p->leg, p->legs, q->leg, q->legs), "who is asked");
    note(what, same_legs(p->out, p->outs, q->out, q->outs), "who is left out, or why");
    return what->n == before;
}
