/* policies/chain.c -- what a rule uses: targets to steps. */
#include "policies/inside.h"
#include "policies/value.h"
#include "routing/base/hash.h"

static bool measure_find(struct span word, uint8_t *out)
{
    static const struct {
        const char *word;
        enum pol_measure measure;
    } table[] = { { "cost", POL_BY_COST },
                  { "latency", POL_BY_LATENCY },
                  { "approval", POL_BY_APPROVAL },
                  { "volume", POL_BY_VOLUME },
                  { "value", POL_BY_VALUE } };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (span_is(word, table[i].word)) {
            *out = (uint8_t)table[i].measure;
            return true;
        }
    }
    return false;
}

static uint8_t measure_of(struct pol_bench *b, struct pol_word w)
{
    uint8_t m = POL_BY_APPROVAL;

    if (!measure_find(w.text, &m))
        pol_say_help(
            pol_say(b->report, POL_E_TYPE, w.at, "providers are not measured by `%.*s`",
                    SPAN_ARG(w.text)),
            "write `best value`, `best approval`, `best latency`, `best cost` or `best volume`");
    return m;
}

static void add_member(struct pol_bench *b, struct pol_step *s, struct pol_word w, uint32_t ppm)
{
    unsigned provider = pol_find_provider(b, w);
    struct pol_member *m;

    for (uint32_t i = s->first; i < b->member.n && provider < b->p->providers; i++) {
        if (((struct pol_member *)b->member.p)[i].provider == provider)
            pol_say(b->report, POL_E_CHAIN, w.at, "`%.*s` stands here twice", SPAN_ARG(w.text));
    }
    m = pol_push(b, &b->member, sizeof *m);
    m->provider = (uint8_t)(provider < b->p->providers ? provider : 0);
    m->ppm = ppm;
    m->salt = hash64(w.text, 0);
    s->members++;
}

/* `any`: all providers of the policy that do not stand there yet, in their order. */
static void add_named(struct pol_bench *b, struct pol_step *s, struct pol_word w)
{
    bool is_provider = false;

    for (unsigned i = 0; i < b->p->providers; i++)
        is_provider = is_provider || span_is(w.text, b->p->provider[i]);
    if (!span_is(w.text, "any") || is_provider) {
        add_member(b, s, w, 0);
        return;
    }
    for (unsigned i = 0; i < b->p->providers; i++) {
        bool there = (b->p->declared >> i & 1) == 0;

        for (uint32_t k = s->first; k < b->member.n; k++)
            there = there || ((struct pol_member *)b->member.p)[k].provider == i;
        if (!there)
            add_member(b, s, (struct pol_word){ span_str(b->p->provider[i]), w.at }, 0);
    }
}

/* ---- within … of … ---- */

static void check_guard(struct pol_bench *b, const struct pol_target *t, struct pol_step *s)
{
    const struct pol_value *v = t->within;

    s->guard = POL_BY_NOTHING;
    if (v == NULL)
        return;
    s->guard = t->guard_cheapest ? (uint8_t)POL_BY_COST : measure_of(b, t->guard_best);
    if (s->guard == POL_BY_VOLUME || s->guard == POL_BY_VALUE) {
        pol_say_help(pol_say(b->report, POL_E_TYPE, t->guard_best.at,
                             "nothing is `within` of a %.*s", SPAN_ARG(t->guard_best.text)),
                     "write `within 0.5pp of best approval` or `within 20bps of cheapest`");
    } else if (s->guard == POL_BY_LATENCY) {
        (void)pol_take_ms(b, "within", v, &s->within);
    } else if (v->kind == POL_V_PERCENT) {
        pol_say_help(pol_say(b->report, POL_E_TYPE, v->at,
                             "a share of what? This compares "
                             "percentages with each other"),
                     "write a difference of percentages: `%.*spp`", SPAN_ARG(v->text));
    } else if (v->kind != POL_V_PP || pol_pp(v->text, &s->within) != OK) {
        pol_wrong(b, "within", v, "`0.5pp` or `40bps`");
    }
}

static void check_pick(struct pol_bench *b, const struct pol_target *t, struct pol_step *s)
{
    s->measure = t->kind == POL_TO_CHEAPEST  ? (uint8_t)POL_BY_COST
                 : t->kind == POL_TO_FASTEST ? (uint8_t)POL_BY_LATENCY
                                             : measure_of(b, t->what);
    for (const struct pol_words *w = t->of; w != NULL; w = w->next)
        add_named(b, s, w->word);
    check_guard(b, t, s);
    b->p->overs |= 1U << POL_OVER_NOW;
}

/* ---- split ---- */

static void say_sum(struct pol_bench *b, const struct pol_target *t, int64_t sum)
{
    struct pol_finding *f;
    char left[24];
    struct buf room = BUF_OF(left);

    f = pol_say(b->report, POL_E_SHARES, t->at, "split adds up to %g%%, not 100%%",
                (double)sum / 1e4);
    buf_fmt(&room, "%g%%", (double)(1000000 - sum) / 1e4);
    if (sum < 1000000)
        pol_say_help(f, "change a share, or write `rest PROVIDER` for the remaining %s",
                     buf_z(&room));
    else
        pol_say_help(f, "change a share, or give one provider the `rest`");
}

static void check_split(struct pol_bench *b, const struct pol_target *t, struct pol_step *s)
{
    int64_t sum = 0, ppm, rest = -1;

    for (const struct pol_share *x = t->shares; x != NULL; x = x->next) {
        struct pol_value v = { .kind = POL_V_PERCENT,
                               .text = x->percent.text,
                               .at = x->percent.at };

        ppm = 0;
        if (x->rest && rest >= 0)
            pol_say(b->report, POL_E_SHARES, x->percent.at, "two shares take the rest");
        if (x->rest)
            rest = b->member.n;
        else if (!pol_take_ppm(b, "split", &v, &ppm))
            return;
        sum += ppm;
        add_member(b, s, x->provider, (uint32_t)ppm);
    }
    if (rest >= 0 ? sum >= 1000000 : sum != 1000000)
        say_sum(b, t, sum);
    else if (rest >= 0 && !b->no_memory)
        ((struct pol_member *)b->member.p)[rest].ppm = (uint32_t)(1000000 - sum);
    s->by = pol_find_key(b, t->by);
    if (t->salt.text.p == NULL)
        b->implicit_salt = true;
    s->salt = hash64(
        t->salt.text.p != NULL ? pol_unescape(b->arena, t->salt.text) : span_str(b->rule_name), 0);
}

/* ---- chains ---- */

static void check_shape(struct pol_bench *b, const struct pol_chain *c, bool is_default)
{
    for (const struct pol_target *t = c->target; t != NULL; t = t->next) {
        bool alone = t == c->target && t->next == NULL && !c->go_on;

        if (t->kind == POL_TO_ONLY && !alone)
            pol_say_help(pol_say(b->report, POL_E_CHAIN, t->at,
                                 "`only %.*s` says that nobody else is asked",
                                 SPAN_ARG(t->what.text)),
                         "write `%.*s` without `only`, or nothing else", SPAN_ARG(t->what.text));
        if (t->kind == POL_TO_DECLINE && !alone)
            pol_say_help(pol_say(b->report, POL_E_CHAIN, t->at,
                                 "`decline` turns the payment away: nobody can come before or "
                                 "after"),
                         "remove it; when a chain ends, the payment is declined anyway");
    }
    if (c->go_on && is_default)
        pol_say_help(pol_say(b->report, POL_E_CHAIN, c->at,
                             "there is nothing to continue with "
                             "after the default"),
                     "remove `then continue`");
}

static void check_target(struct pol_bench *b, const struct pol_target *t)
{
    struct pol_step step = {
        .kind = t->kind, .guard = POL_BY_NOTHING, .first = b->member.n, .by = POL_NONE
    };

    switch (t->kind) {
    case POL_TO_PROVIDER: add_named(b, &step, t->what); break;
    case POL_TO_ONLY: add_member(b, &step, t->what, 0); break;
    case POL_TO_CHEAPEST:
    case POL_TO_FASTEST:
    case POL_TO_BEST: check_pick(b, t, &step); break;
    case POL_TO_SPLIT: check_split(b, t, &step); break;
    case POL_TO_DECLINE: step.why = pol_z(b, pol_unescape(b->arena, t->what.text)); break;
    }
    *(struct pol_step *)pol_push(b, &b->step, sizeof step) = step;
}

void pol_check_chain(struct pol_bench *b, const struct pol_chain *c, struct pol_rule_code *r)
{
    r->step = b->step.n;
    r->go_on = c->go_on;
    check_shape(b, c, r->ast->is_default);
    for (const struct pol_target *t = c->target; t != NULL; t = t->next)
        check_target(b, t);
    r->steps = b->step.n - r->step;
}
