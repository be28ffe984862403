/* policies/choose.c -- a rule's chain, for one payment: providers in the order to try them. */
#include <math.h>
#include <string.h>

#include "policies/inside.h"
#include "routing/base/check.h"
#include "routing/base/hash.h"

/* ln(h / 2^64) of a hash, the same on every machine: only + - * / in double precision (compiled
 * without contraction), no library. |error| < 1e-9, far below what a share can show. */
double pol_ln(uint64_t hash)
{
    uint64_t h = hash | 1;
    int up = __builtin_clzll(h);
    double m = (double)((h << up) >> 11) / 9007199254740992.0; /* 0.5 <= m < 1 */
    double z = (m - 0.75) / (m + 0.75), zz = z * z, sum;

    sum = 2.0 * z *
          (1.0 + zz * (1.0 / 3 + zz * (1.0 / 5 + zz * (1.0 / 7 + zz * (1.0 / 9 + zz / 11)))));
    return sum - 0.28768207245178092744 - (double)up * 0.69314718055994530942; /* ln 0.75, ln 2 */
}

/* Smaller is better. Unknown sorts behind everything known. */
#define LAST INT64_MAX

static int64_t measured(const struct pol_facts *f, unsigned provider, uint8_t measure)
{
    const struct pol_sight *s = &f->provider[provider];
    int64_t v = -1;

    switch ((enum pol_measure)measure) {
    case POL_BY_COST: v = s->cost_ppm; break;
    case POL_BY_LATENCY: v = s->latency_ms[POL_OVER_NOW]; break;
    case POL_BY_APPROVAL: v = s->approval_ppm[POL_OVER_NOW]; return v < 0 ? LAST : -v;
    case POL_BY_VOLUME: v = s->volume_minor[POL_OVER_NOW]; return v < 0 ? LAST : -v;
    case POL_BY_VALUE: return s->value_micro == RT_UNKNOWN_VALUE ? LAST : -s->value_micro;
    case POL_BY_NOTHING: break;
    }
    return v < 0 ? LAST : v;
}

struct candidate {
    int64_t key, second;
    double score;
    uint8_t provider;
    bool outside; /* of the guard: behind all that are inside */
};

static bool better(const struct candidate *a, const struct candidate *b)
{
    if (a->outside != b->outside)
        return b->outside;
    if (a->key != b->key)
        return a->key < b->key;
    if (a->second != b->second)
        return a->second < b->second;
    return a->score < b->score;
}

/* Stable: equals stay in the order in which the policy names them. */
static void sort(struct candidate *c, unsigned n)
{
    for (unsigned i = 1; i < n; i++) {
        struct candidate x = c[i];
        unsigned k = i;

        for (; k > 0 && better(&x, &c[k - 1]); k--)
            c[k] = c[k - 1];
        c[k] = x;
    }
}

static void append(struct rt_verdict *out, uint32_t *named, unsigned provider, uint16_t rule)
{
    if ((*named >> provider & 1) != 0)
        return;
    *named |= UINT32_C(1) << provider;
    out->rule_of[out->providers] = rule;
    out->provider[out->providers++] = (uint8_t)provider;
}

/* Who may be compared with: those that can be asked. */
static bool usable(const struct pol_facts *f, unsigned provider)
{
    return (f->eligible >> provider & 1) != 0 && f->provider[provider].breaker != POL_BREAKER_OPEN;
}

/* The best of those that can be asked; with nothing known the guard says nothing. */
static void guard(const struct pol_step *s, const struct pol_facts *f, struct candidate *c)
{
    int64_t best = LAST;

    for (unsigned i = 0; i < s->members; i++) {
        int64_t v = measured(f, c[i].provider, s->guard);

        if (usable(f, c[i].provider) && v < best)
            best = v;
    }
    for (unsigned i = 0; i < s->members && best != LAST; i++) {
        int64_t v = measured(f, c[i].provider, s->guard);

        c[i].outside = v == LAST || v > best + s->within;
        if (c[i].outside)
            c[i].key = v; /* fallbacks: those nearest to the guard first */
    }
}

static unsigned pick(const struct pol_program *p, const struct pol_step *s,
                     const struct pol_facts *f, struct candidate c[LIMIT_PROVIDERS])
{
    for (unsigned i = 0; i < s->members; i++) {
        unsigned provider = p->member[s->first + i].provider;

        c[i] = (struct candidate){ .provider = (uint8_t)provider,
                                   .key = measured(f, provider, s->measure) };
        if (s->measure == POL_BY_VALUE) /* of equal value, or nothing known: the cheaper one */
            c[i].second = measured(f, provider, POL_BY_COST);
    }
    if (s->guard != POL_BY_NOTHING)
        guard(s, f, c);
    sort(c, s->members);
    return s->members;
}

/* Weighted rendezvous: everybody draws -ln(u) / weight, the least wins. The order of the shares
 * plays no part; a share that grows only takes, one that shrinks only gives. */
static unsigned split(const struct pol_program *p, const struct pol_step *s,
                      const struct pol_facts *f, struct candidate c[LIMIT_PROVIDERS])
{
    uint64_t h;

    if (s->by == POL_NONE || !pol_text_hash(p, f, s->by, &h))
        h = f->seed;
    h = hash64_mix(h, s->salt);
    for (unsigned i = 0; i < s->members; i++) {
        const struct pol_member *m = &p->member[s->first + i];

        c[i] = (struct candidate){ .provider = m->provider };
        c[i].score = m->ppm == 0 ? HUGE_VAL : -pol_ln(hash64_mix(h, m->salt)) / (double)m->ppm;
    }
    sort(c, s->members);
    return s->members;
}

void pol_choose(const struct pol_program *p, const struct pol_rule_code *r,
                const struct pol_facts *f, struct rt_verdict *out, uint32_t *named,
                uint16_t rule_of)
{
    struct candidate c[LIMIT_PROVIDERS];

    for (uint32_t i = 0; i < r->steps; i++) {
        const struct pol_step *s = &p->step[r->step + i];
        unsigned n = 0, before = out->providers;
        bool scored = false;

        switch (s->kind) {
        case POL_TO_PROVIDER:
        case POL_TO_ONLY:
            for (unsigned k = 0; k < s->members; k++)
                append(out, named, p->member[s->first + k].provider, rule_of);
            break;
        case POL_TO_CHEAPEST:
        case POL_TO_FASTEST:
        case POL_TO_BEST:
            n = pick(p, s, f, c);
            scored = s->measure == POL_BY_VALUE && out->scored == 0;
            break;
        case POL_TO_SPLIT: n = split(p, s, f, c); break;
        case POL_TO_DECLINE: /* after `then continue` of another: nobody more is asked */
            out->decline = out->providers == 0;
            out->decline_why = out->decline ? s->why : NULL;
            break;
        }
        for (unsigned k = 0; k < n; k++)
            append(out, named, c[k].provider, rule_of);
        if (scored) {
            out->scored_from = (uint8_t)before;
            out->scored = (uint8_t)(out->providers - before);
        }
    }
}
