/* policies/expect.c */
#include "policies/expect.h"

#include <stdio.h>
#include <string.h>

#include "policies/bind.h"
#include "policies/value.h"
#include "routing/base/hash.h"

enum { LIKE_DEEP = 16, MANY = 10000 };

struct runner {
    struct pol_expect_run *run;
    struct pol_program *p;
    struct pol_bench *bench; /* for the literals: the same code as the checker's */
    struct pol_bound *bound;
    struct pol_expect_result result;
};

/* ---- the payment ---- */

static void bind_all(struct runner *r, const struct pol_expect *e)
{
    const struct pol_expect *row[LIKE_DEEP];
    unsigned n = 0;

    for (; e != NULL && n < LIKE_DEEP; n++) {
        row[n] = e;
        e = e->like.text.p == NULL ? NULL : pol_like_find(r->p, e);
    }
    pol_bound_init(r->bound, r->p);
    for (unsigned i = n; i-- > 0;) {
        for (const struct pol_bind *b = row[i]->bind; b != NULL; b = b->next)
            (void)pol_bind(r->bench, r->bound, b);
    }
    for (unsigned i = n; i-- > 0;) {
        for (const struct pol_fact *f = row[i]->fact; f != NULL; f = f->next)
            (void)pol_bind_fact(r->bench, r->bound, f);
    }
}

static int32_t offset_of(const struct runner *r, const char *zone, int64_t at)
{
    if (strcmp(zone, "UTC") == 0)
        return 0;
    return r->run->offset == NULL ? POL_NO_ZONE : r->run->offset(r->run->ctx, zone, at);
}

/* The clock on the wall to UTC: the offset depends on the answer, so twice. */
static void set_clock(struct runner *r)
{
    struct pol_bound *x = r->bound;
    char name[64];
    int32_t off = 0;

    if (x->clock_said) {
        x->facts.now_s = x->local_s;
        if (x->clock_zone.n > 0 && span_copyz(x->clock_zone, name, sizeof name) == OK) {
            off = offset_of(r, name, x->local_s);
            off = off == POL_NO_ZONE ? 0 : offset_of(r, name, x->local_s - off);
        }
        x->facts.now_s -= off == POL_NO_ZONE ? 0 : off;
    }
    for (unsigned z = 0; z < r->p->zones; z++)
        x->facts.zone_offset_s[z] = offset_of(r, r->p->zone[z], x->facts.now_s);
}

/* Volumes that make a commitment what the expect says it is; late enough in the period to be so. */
static void set_commits(struct runner *r)
{
    struct pol_bound *x = r->bound;

    for (unsigned i = 0; i < r->p->commits; i++) {
        const struct pol_commit_info *c = &r->p->commit[i].info;
        int64_t target = c->by_count ? c->payments : c->target.minor, done;

        if (x->commit_said[i] == 0)
            continue;
        done = x->commit_said[i] == 1 + POL_REACHED  ? target
               : x->commit_said[i] == 1 + POL_BEHIND ? 0
                                                     : target - 1;
        x->facts.volume[i] = (struct pol_volume){ done, done };
    }
}

static void prepare(struct runner *r, const struct pol_expect *e)
{
    struct pol_facts *f = &r->bound->facts;

    bind_all(r, e);
    set_clock(r);
    set_commits(r);
    f->seed = hash64(e->name.text, 0);
}

/* ---- what came out ---- */

static bool can_be_asked(const struct pol_facts *f, unsigned provider)
{
    return (f->eligible >> provider & 1) != 0 && f->provider[provider].breaker != POL_BREAKER_OPEN;
}

/* The n-th provider that would be asked; -1: no more. */
static int route_at(const struct pol_facts *f, const struct rt_verdict *v, unsigned n)
{
    for (unsigned i = 0; i < v->providers && !v->decline; i++) {
        if (can_be_asked(f, v->provider[i]) && n-- == 0)
            return v->provider[i];
    }
    return -1;
}

static const char *rule_name(const struct runner *r, const struct rt_verdict *v, int provider)
{
    for (unsigned i = 0; i < v->providers; i++) {
        if (v->provider[i] == provider && v->rule_of[i] > 0)
            return r->p->rule[v->rule_of[i] - 1].name;
    }
    return v->rule;
}

static void cover(struct runner *r, const struct rt_verdict *v)
{
    const struct pol_facts *f = &r->bound->facts;
    int first = route_at(f, v, 0);

    if (r->run->covered == NULL)
        return;
    for (unsigned i = 0; i < r->p->rules; i++) {
        if (r->p->rule[i].name == (first < 0 ? v->rule : rule_name(r, v, first)))
            r->run->covered[i] = true;
    }
}

static void decide(struct runner *r, struct rt_verdict *v)
{
    pol_eval(r->p, &r->bound->facts, v, NULL);
    cover(r, v);
}

static void put_route(const struct runner *r, const struct rt_verdict *v, struct buf *out)
{
    const struct pol_facts *f = &r->bound->facts;
    int p;

    if (v->decline) {
        buf_fmt(out, "is declined (\"%s\")", v->decline_why == NULL ? "" : v->decline_why);
        return;
    }
    for (unsigned i = 0; (p = route_at(f, v, i)) >= 0 && i < 4; i++)
        buf_fmt(out, "%s%s", i == 0 ? "routes to " : " then ", r->p->provider[p]);
    if (route_at(f, v, 0) < 0)
        buf_str(out, "nobody can take it");
}

static bool fail(struct runner *r, const struct rt_verdict *v)
{
    struct buf out = buf_over(r->result.why, sizeof r->result.why);
    int first = route_at(&r->bound->facts, v, 0);

    buf_str(&out, "it ");
    put_route(r, v, &out);
    buf_fmt(&out, " by rule \"%s\" (%s:%u)", first < 0 ? v->rule : rule_name(r, v, first),
            v->file == NULL ? "" : v->file, v->line);
    (void)buf_z(&out);
    return false;
}

/* ---- what was expected ---- */

static bool by_rule(struct runner *r, const struct pol_expect *e, const struct rt_verdict *v,
                    const char *name)
{
    for (unsigned i = 0; i < r->p->rules && e->rule.text.p != NULL; i++) {
        if (r->p->rule[i].name == name)
            return span_eq(r->p->rule[i].ast->name.text, e->rule.text) || fail(r, v);
    }
    return e->rule.text.p == NULL || fail(r, v);
}

static bool check_route(struct runner *r, const struct pol_expect *e)
{
    struct rt_verdict v;
    unsigned n = 0;
    int p = -1;

    decide(r, &v);
    for (const struct pol_words *w = e->route; w != NULL; w = w->next, n++) {
        p = route_at(&r->bound->facts, &v, n);
        if (p < 0 || !span_is(w->word.text, r->p->provider[p]))
            return fail(r, &v);
    }
    return by_rule(r, e, &v, rule_name(r, &v, route_at(&r->bound->facts, &v, 0)));
}

static bool check_declines(struct runner *r, const struct pol_expect *e)
{
    struct rt_verdict v;

    decide(r, &v);
    if (!v.decline && route_at(&r->bound->facts, &v, 0) >= 0)
        return fail(r, &v);
    return by_rule(r, e, &v, v.rule);
}

/* Another payment of the same kind: another key, another customer unless one was named. */
static void vary(struct runner *r, unsigned i, char room[32])
{
    struct pol_facts *f = &r->bound->facts;

    f->seed = hash64_mix(f->seed, i);
    (void)snprintf(room, 32, "cus_%u", i);
    if (!r->bound->key_bound[POL_TEXT_CUSTOMER])
        f->customer = span_str(room);
}

static bool check_share(struct runner *r, const struct pol_expect *e, const unsigned *count,
                        unsigned total, int64_t tolerance)
{
    struct buf out = buf_over(r->result.why, sizeof r->result.why);
    unsigned provider;
    bool good = true;
    int64_t want, got;

    for (const struct pol_share *s = e->shares; s != NULL; s = s->next) {
        for (provider = 0; !span_is(s->provider.text, r->p->provider[provider]);)
            provider++;
        if (pol_percent(s->percent.text, &want) != OK)
            return false;
        got = (int64_t)count[provider] * 1000000 / total;
        if (got > want + tolerance || got < want - tolerance)
            good = false;
        buf_fmt(&out, "%s%.2f%% of %u go to %s", out.n > 0 ? ", " : "", (double)got / 1e4, total,
                r->p->provider[provider]);
    }
    (void)buf_z(&out);
    return good;
}

static bool check_shares(struct runner *r, const struct pol_expect *e)
{
    unsigned count[LIMIT_PROVIDERS] = { 0 };
    int64_t total = MANY, tolerance = 15000;
    struct rt_verdict v;
    char room[32];
    int p;

    if (e->over.text.p != NULL && pol_decimal(e->over.text, 0, &total) != OK)
        return false;
    if (e->within.text.p != NULL && pol_pp(e->within.text, &tolerance) != OK)
        return false;
    for (unsigned i = 0; i < (unsigned)total; i++) {
        vary(r, i, room);
        decide(r, &v);
        p = route_at(&r->bound->facts, &v, 0);
        if (p >= 0)
            count[p]++;
        if (i == 0 && !by_rule(r, e, &v, rule_name(r, &v, p)))
            return false;
    }
    return check_share(r, e, count, (unsigned)total, tolerance);
}

/* Would the payment move on after this; to whom? -1: it would not. */
static int retry_of(const struct runner *r, const struct rt_verdict *v, struct span word)
{
    enum rt_category category;
    enum rt_code code;
    bool moves = false;

    if (!pol_retry_word(word, &category, &code) || v->moves_max == 0)
        return -1;
    if (code != RT_CODE_NONE) {
        moves = rt_verdict_moves(v, code) && rt_code_category(code) != RT_HARD &&
                rt_code_category(code) != RT_FRAUD;
    } else {
        moves = v->retry_said ? (v->retry_on & ~v->retry_never) >> category & 1
                              : category == RT_SOFT || category == RT_TECHNICAL;
    }
    if (!moves)
        return -1;
    if (v->retry_to > 0)
        return can_be_asked(&r->bound->facts, v->retry_to - 1U) ? v->retry_to - 1 : -1;
    return route_at(&r->bound->facts, v, 1);
}

static bool check_retries(struct runner *r, const struct pol_expect *e)
{
    struct buf out = buf_over(r->result.why, sizeof r->result.why);
    struct rt_verdict v;

    decide(r, &v);
    for (const struct pol_retries *x = e->retries; x != NULL; x = x->next) {
        int to = retry_of(r, &v, x->on.text);

        if (x->never ? to < 0 : to >= 0 && span_is(x->to.text, r->p->provider[to]))
            continue;
        buf_fmt(&out, "after %.*s it %s%s", SPAN_ARG(x->on.text),
                to < 0 ? "is not tried again" : "goes to ", to < 0 ? "" : r->p->provider[to]);
        (void)buf_z(&out);
        return false;
    }
    return true;
}

static bool check_one(struct runner *r, const struct pol_expect *e)
{
    prepare(r, e);
    if (e->declines && !check_declines(r, e))
        return false;
    if (e->route != NULL && !check_route(r, e))
        return false;
    if (e->retries != NULL && !check_retries(r, e))
        return false;
    return e->shares == NULL || check_shares(r, e);
}

unsigned pol_program_expects(const struct pol_program *p)
{
    unsigned n = 0;

    for (const struct pol_item *i = p->item; i != NULL; i = i->next)
        n += i->kind == POL_I_EXPECT;
    return n;
}

enum err pol_expect_run(const struct pol_program *p, struct pol_expect_run *run, struct arena *a)
{
    struct runner r = { .run = run };
    struct pol_report *report = ARENA_NEW(a, struct pol_report);

    r.p = ARENA_NEW(a, struct pol_program); /* a copy: zones of expects are added to it */
    r.bench = ARENA_NEW(a, struct pol_bench);
    r.bound = ARENA_NEW(a, struct pol_bound);
    if (report == NULL || r.p == NULL || r.bench == NULL || r.bound == NULL)
        return E_LIMIT;
    *r.p = *p;
    pol_report_init(report, a);
    *r.bench = (struct pol_bench){ .arena = a, .report = report, .env = run->env, .p = r.p };
    r.bench->commit = (struct pol_vec){ p->commit, p->commits, p->commits };
    for (const struct pol_item *i = p->item; i != NULL; i = i->next) {
        if (i->kind != POL_I_EXPECT)
            continue;
        r.result = (struct pol_expect_result){ .file = i->expect->name.at.source->name,
                                               .line = i->expect->name.at.line };
        r.result.name = pol_z(r.bench, pol_unescape(a, i->expect->name.text));
        r.result.passed = check_one(&r, i->expect);
        if (r.bench->no_memory)
            return E_LIMIT;
        run->passed += r.result.passed;
        run->failed += !r.result.passed;
        if (run->told != NULL)
            run->told(run->ctx, &r.result);
    }
    return OK;
}
