/* tests/unit/scene.c */
#include "tests/unit/scene.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "routing/base/check.h"
#include "routing/base/hash.h"

static int64_t ns(double s)
{
    return (int64_t)(s * 1e9);
}

double scene_now(const struct scene *s)
{
    return (double)s->now_ns * 1e-9;
}

void scene_init(struct scene *s)
{
    memset(s, 0, sizeof *s);
    s->psps = 3;
    for (unsigned p = 0; p < SCENE_PSPS; p++)
        s->psp[p] = (struct scene_psp){ 0.90 - 0.03 * p, 0.35, 0 };
    s->nodes = 1;
    s->rate = 10;
    s->sync_s = 1;
    s->timeout_s = 10;
    s->seed = 1;
}

void scene_start(struct scene *s)
{
    struct hl_watch_rules rules;

    hl_watch_rules_init(&rules);
    rules.providers = s->psps;
    rules.bins_max = 64;
    for (unsigned p = 0; p < s->psps; p++) {
        rules.id[p] = p + 1;
        rules.timeout_ns[p] = ns(s->timeout_s);
    }
    s->dice = rng_of(s->seed);
    s->now_ns = ns(1);
    for (unsigned i = 0; i < s->nodes; i++) {
        void *mem = malloc(hl_watch_size(&rules));

        CHECK(mem != NULL);
        rules.node = i + 1;
        s->watch[i] = hl_watch_init(mem, hl_watch_size(&rules), &rules, s->seed + i, s->now_ns);
    }
}

void scene_end(struct scene *s)
{
    for (unsigned i = 0; i < s->nodes; i++)
        free(s->watch[i]);
}

void scene_add(struct scene *s, struct scene_trouble t)
{
    CHECK(s->troubles < sizeof s->trouble / sizeof s->trouble[0]);
    s->trouble[s->troubles++] = t;
}

/* ---- what really happens ---- */

static bool applies(const struct scene_trouble *t, double now_s, unsigned p, unsigned node,
                    unsigned bin)
{
    return now_s >= t->from_s && now_s < t->to_s && (t->p < 0 || (unsigned)t->p == p) &&
           (t->bins == 0 || (t->bins >> bin & 1) != 0) &&
           (t->nodes == 0 || (t->nodes >> node & 1) != 0);
}

static void fate(struct scene *s, struct scene_call *c)
{
    double now_s = scene_now(s), approves = s->psp[c->p].approves;
    bool fails = rng_below(&s->dice, 250) == 0, hangs = false;

    c->latency_s = s->psp[c->p].latency_s * exp(rng_unit(&s->dice) - 0.5);
    for (unsigned i = 0; i < s->troubles; i++) {
        const struct scene_trouble *t = &s->trouble[i];

        if (!applies(t, now_s, c->p, c->node, c->bin))
            continue;
        switch (t->kind) {
        case ERRORS: fails |= rng_unit(&s->dice) < t->x; break;
        case HANGS: hangs |= rng_unit(&s->dice) < t->x; break;
        case SLOW: c->latency_s *= t->x; break;
        case DECLINES: approves *= 1 - t->x; break;
        }
    }
    c->result = rng_unit(&s->dice) < approves ? HL_APPROVED : HL_SOFT;
    if (fails) {
        c->result = HL_FAILED;
        c->latency_s = 0.1;
    } else if (hangs || c->latency_s >= s->timeout_s) {
        c->result = HL_TIMEOUT;
        c->latency_s = s->timeout_s;
    }
    c->at_ns = s->now_ns + ns(c->latency_s);
}

/* ---- one payment ---- */

static struct hl_card card_of(unsigned bin)
{
    return (struct hl_card){ (uint16_t)(1 + bin % 2), (uint16_t)(1 + bin % 3), 400000 + bin };
}

static bool is_before(const struct rt_sight *a, const struct rt_sight *b)
{
    if (a->probe != b->probe)
        return a->probe;
    if (a->ramped != b->ramped)
        return b->ramped;
    return a->value_micro > b->value_micro;
}

/* Whom the plan would name next; SCENE_PSPS: nobody. */
static unsigned best_of(const struct rt_view *v, unsigned may)
{
    unsigned best = SCENE_PSPS;

    for (unsigned p = 0; p < SCENE_PSPS; p++) {
        if ((may >> p & 1) != 0 && v->provider[p].breaker != RT_BREAKER_OPEN &&
            (best == SCENE_PSPS || is_before(&v->provider[p], &v->provider[best])))
            best = p;
    }
    return best;
}

static struct scene_call *spare_call(struct scene *s)
{
    unsigned i = 0;

    while (i < s->calls && s->air[i].used)
        i++;
    CHECK(i < SCENE_AIR);
    s->calls = i == s->calls ? i + 1 : s->calls;
    return &s->air[i];
}

/* NULL: nobody may be asked. */
static struct scene_call *pay(struct scene *s)
{
    static const double fee[SCENE_PSPS] = { 25, 25, 25, 25 }, declined[SCENE_PSPS] = { 3, 3, 3, 3 };
    struct scene_call *c = spare_call(s);
    uint64_t seed = hash64_mix(s->seed, ++s->payments);
    struct rt_view view;
    unsigned may = 0;

    c->bin = (unsigned)rng_below(&s->dice, SCENE_BINS);
    c->node = (unsigned)rng_below(&s->dice, s->nodes);
    for (unsigned p = 0; p < s->psps; p++)
        may |= (scene_now(s) >= s->psp[p].from_s ? 1U : 0) << p;
    memset(&view, 0, sizeof view);
    hl_watch_survey(s->watch[c->node],
                    &(struct hl_watch_ask){ .card = card_of(c->bin),
                                            .amount = (double)(1000 + rng_below(&s->dice, 6000)),
                                            .fee_approved = fee,
                                            .fee_declined = declined,
                                            .may = may,
                                            .attempts_max = 1 + (unsigned)rng_below(&s->dice, 2),
                                            .seed = seed,
                                            .now_ns = s->now_ns },
                    &view);
    while ((c->p = best_of(&view, may)) < SCENE_PSPS) {
        if (hl_watch_admit(s->watch[c->node], c->p, seed, false, s->now_ns, &c->pass))
            break;
        may &= ~(1U << c->p);
    }
    if (c->p == SCENE_PSPS)
        return NULL;
    c->used = true;
    fate(s, c);
    return c;
}

static void answer(struct scene *s, struct scene_call *c)
{
    c->used = false;
    (void)hl_watch_told(s->watch[c->node],
                        &(struct hl_outcome){ .provider = c->p,
                                              .card = card_of(c->bin),
                                              .result = c->result,
                                              .attempt = 1,
                                              .latency_s = c->latency_s,
                                              .soft_before = -1 },
                        &c->pass, false, s->now_ns);
}

/* ---- time ---- */

static void synchronise(struct scene *s)
{
    static unsigned char blob[HL_DELTA_BYTES];
    static struct hl_delta d;
    struct hl_delta_view v;

    for (unsigned i = 0; i < s->nodes; i++)
        hl_watch_tick(s->watch[i], s->now_ns);
    for (unsigned i = 0; i < s->nodes && s->nodes > 1; i++) {
        struct span packed = { (char *)blob, 0 };

        hl_watch_collect(s->watch[i], &d, s->now_ns);
        packed.n = hl_delta_pack(&d, false, blob, sizeof blob);
        CHECK(hl_delta_open(packed, &v) == OK);
        for (unsigned k = 0; k < s->nodes; k++) {
            if (k != i)
                hl_watch_apply(s->watch[k], &v, i + 1, 0, s->now_ns);
        }
    }
}

/* Answers and ticks that come before `until`, in their order. */
static void pass_time(struct scene *s, int64_t until_ns)
{
    for (;;) {
        struct scene_call *first = NULL;

        for (unsigned i = 0; i < s->calls; i++) {
            if (s->air[i].used && (first == NULL || s->air[i].at_ns < first->at_ns))
                first = &s->air[i];
        }
        if (first != NULL && first->at_ns <= until_ns && first->at_ns <= s->next_sync_ns) {
            s->now_ns = first->at_ns;
            answer(s, first);
        } else if (s->next_sync_ns <= until_ns) {
            s->now_ns = s->next_sync_ns > s->now_ns ? s->next_sync_ns : s->now_ns;
            s->next_sync_ns = s->now_ns + ns(s->nodes > 1 ? s->sync_s : 0.1);
            synchronise(s);
        } else {
            break;
        }
    }
    s->now_ns = until_ns;
}

static struct scene_call *next_payment(struct scene *s)
{
    pass_time(s, s->now_ns + ns(-log(1 - rng_unit(&s->dice)) / s->rate));
    return pay(s);
}

static void count_stops(struct scene *s, struct scene_sum *sum)
{
    struct hl_move m;

    for (unsigned i = 0; i < s->nodes; i++) {
        while (hl_watch_moved(s->watch[i], &m))
            sum->stops[m.provider] += m.to == HL_STOPPED;
    }
}

struct scene_sum scene_run(struct scene *s, double until_s, unsigned bins)
{
    struct scene_sum sum = { 0 };

    while (scene_now(s) < until_s) {
        const struct scene_call *c = next_payment(s);

        count_stops(s, &sum);
        if (c != NULL && bins != 0 && (bins >> c->bin & 1) == 0)
            continue;
        sum.payments++;
        if (c == NULL)
            continue;
        sum.to[c->p]++;
        sum.approved += c->result == HL_APPROVED;
        sum.felt[c->p] += c->result == HL_FAILED || c->result == HL_TIMEOUT;
    }
    return sum;
}

double scene_until(struct scene *s, unsigned p, bool below, double share, unsigned last,
                   unsigned bins, double limit_s, unsigned *went)
{
    double from_s = scene_now(s);
    bool there[256] = { false };
    unsigned seen = 0, in = 0;

    CHECK(last <= 256);
    *went = 0;
    while (scene_now(s) - from_s < limit_s) {
        const struct scene_call *c = next_payment(s);

        if (c == NULL || (bins != 0 && (bins >> c->bin & 1) == 0))
            continue;
        in -= seen >= last && there[seen % last];
        there[seen % last] = c->p == p;
        in += c->p == p;
        *went += c->p == p;
        seen++;
        if (seen >= last && (below ? in <= share * last : in >= share * last))
            return scene_now(s) - from_s;
    }
    return -1;
}

enum hl_serving scene_serving(struct scene *s, unsigned node, unsigned p)
{
    struct hl_watch_state state;

    hl_watch_state(s->watch[node], p, s->now_ns, &state);
    return state.serving;
}
