/* health/approval.c -- approval of a card at a provider: a sum of effects, learned together.
 *
 *   logit = base + group + BIN  (of the card, anywhere)
 *         + provider + provider x country + provider x product + provider x BIN
 *
 * Each effect is a Gaussian (health/weight.h) and each outcome one Newton step for all of them. A
 * provider's own effect is followed at three speeds at once; how well each foretells what comes
 * decides how much it counts, so a quiet world is averaged over hours and a moving one followed
 * within minutes. */
#include <math.h>
#include <stddef.h>

#include "health/book_inside.h"
#include "routing/base/check.h"

static const double PRIOR_LOGIT = 1.7; /* 85 % */

static const struct hl_walk WALK[] = {
    [HL_BASE] = { 1.00, 240 * 3600, 0 },        [HL_GROUP] = { 0.12, 96 * 3600, 0 },
    [HL_BIN] = { 0.20, 96 * 3600, 0 },          [HL_PROVIDER] = { 0.0625, 6 * 3600, 0 },
    [HL_COUNTRY] = { 0.0625, 24 * 3600, 0 },    [HL_PRODUCT] = { 0.0225, 24 * 3600, 0 },
    [HL_PROVIDER_BIN] = { 0.04, 48 * 3600, 0 },
};
static const struct hl_walk SPEED[HL_SPEEDS] = {
    { 0.0625, 6 * 3600, 0 },
    { 0.25, 3 * 3600, 2e-5 },
    { 0.50, 3600, 2e-4 },
};
static const double SPEED_PRIOR[HL_SPEEDS] = { 0, -2, -4 }; /* nats */
static const double SPEED_TAU_S = 1800;

/* ---- speeds ---- */

static void weigh_speeds(struct hl_book *b)
{
    double most = -HUGE_VAL, sum = 0;

    for (unsigned k = 0; k < HL_SPEEDS; k++)
        most = fmax(most, b->speed_ll[k] + SPEED_PRIOR[k]);
    for (unsigned k = 0; k < HL_SPEEDS; k++)
        sum += b->speed[k] = exp(b->speed_ll[k] + SPEED_PRIOR[k] - most);
    for (unsigned k = 0; k < HL_SPEEDS; k++)
        b->speed[k] /= sum;
}

void hl_book_init_approval(struct hl_book *b, int64_t now_ns)
{
    b->base = (struct hl_weight){ .m = PRIOR_LOGIT, .v = WALK[HL_BASE].prior, .at_ns = now_ns };
    b->speed_at_ns = now_ns;
    weigh_speeds(b);
}

static struct hl_weight *speeds_of(const struct hl_book *b, unsigned p)
{
    return &b->provider_cell[p * HL_SPEEDS];
}

void hl_book_relax(struct hl_book *b, unsigned p, int64_t now_ns)
{
    struct hl_weight *at = speeds_of(b, p);

    if (at[0].v > 0 && now_ns - at[0].at_ns < 1000000000)
        return;
    for (unsigned k = 0; k < HL_SPEEDS; k++)
        hl_weight_relax(&at[k], &SPEED[k], now_ns);
}

struct hl_weight hl_book_provider(const struct hl_book *b, unsigned p)
{
    const struct hl_weight *at = speeds_of(b, p);
    struct hl_weight mixed = { .n = at[0].n, .at_ns = at[0].at_ns };

    for (unsigned k = 0; k < HL_SPEEDS; k++)
        mixed.m += b->speed[k] * at[k].m;
    for (unsigned k = 0; k < HL_SPEEDS; k++) {
        double off = at[k].m - mixed.m;

        mixed.v += b->speed[k] * (hl_weight_var(&at[k], &SPEED[k]) + off * off);
    }
    return mixed;
}

/* ---- estimates ---- */

struct hl_base hl_book_base(const struct hl_book *b, const struct hl_at *at)
{
    const struct hl_place *group = at->group, *bin = at->bin;
    struct hl_base base = { .logit = b->base.m };

    if (group != NULL) {
        base.group_n = group->base.n;
        base.logit += group->base.m;
    }
    if (bin != NULL) {
        base.bin_n = bin->base.n;
        base.logit += bin->base.m;
    }
    base.logit = hl_clip(base.logit, -4, 5.3);
    base.rate = hl_expit(base.logit);
    return base;
}

void hl_book_offsets(const struct hl_book *b, unsigned p, const struct hl_at *at, double base_logit,
                     struct hl_offsets *out)
{
    const struct hl_place *bin = at->bin;
    const struct hl_weight *country = &b->country_cell[at->card.country * b->providers + p];
    const struct hl_weight *product = &b->product_cell[at->card.product * b->providers + p];
    struct hl_weight own = hl_book_provider(b, p);

    out->x = base_logit + own.m + country->m + product->m + (bin == NULL ? 0 : bin->cell[p].m);
    out->n = own.n;
    out->var[0] = own.v;
    out->var[1] = hl_weight_var(country, &WALK[HL_COUNTRY]);
    out->var[2] = hl_weight_var(product, &WALK[HL_PRODUCT]);
    out->var[3] = bin == NULL ? WALK[HL_PROVIDER_BIN].prior
                              : hl_weight_var(&bin->cell[p], &WALK[HL_PROVIDER_BIN]);
}

/* ---- learning ---- */

/* All effects on one card at one provider but the provider's own. */
struct rest {
    struct hl_weight *w[6];
    unsigned n, bases; /* the first are bases */
    double x, var;
};

static void take_effect(struct rest *r, struct hl_weight *w, enum hl_effect kind, int64_t now_ns)
{
    hl_weight_relax(w, &WALK[kind], now_ns);
    r->w[r->n++] = w;
    r->x += w->m;
    r->var += w->v;
}

static void rest_of(struct hl_book *b, const struct hl_lesson *l, int64_t now_ns, struct rest *r)
{
    struct hl_place *group = l->at->group, *bin = l->at->bin;
    unsigned p = l->provider, np = b->providers;

    *r = (struct rest){ .x = l->drop };
    take_effect(r, &b->base, HL_BASE, now_ns);
    if (group != NULL)
        take_effect(r, &group->base, HL_GROUP, now_ns);
    if (bin != NULL)
        take_effect(r, &bin->base, HL_BIN, now_ns);
    r->bases = r->n;
    take_effect(r, &b->country_cell[l->at->card.country * np + p], HL_COUNTRY, now_ns);
    take_effect(r, &b->product_cell[l->at->card.product * np + p], HL_PRODUCT, now_ns);
    if (bin != NULL)
        take_effect(r, &bin->cell[p], HL_PROVIDER_BIN, now_ns);
}

/* Each speed learns for itself, and is judged by how well it foretold this. */
static void learn_speeds(struct hl_book *b, const struct hl_lesson *l, const struct rest *r,
                         int64_t now_ns)
{
    struct hl_weight *at = speeds_of(b, l->provider);
    double keep = hl_decay(b->speed_at_ns, now_ns, SPEED_TAU_S), most = -HUGE_VAL;

    b->speed_at_ns = now_ns;
    for (unsigned k = 0; k < HL_SPEEDS; k++) {
        double p = hl_expit(r->x + at[k].m), h = l->weight * l->n * p * (1 - p);
        double g = l->weight * (l->approved - l->n * p);

        b->speed_ll[k] = keep * b->speed_ll[k] +
                         l->weight * (l->approved * log(p) + (l->n - l->approved) * log(1 - p));
        most = fmax(most, b->speed_ll[k]);
        hl_weight_step(&at[k], g, h, 1 + h * (r->var + at[k].v), l->weight * l->n);
    }
    for (unsigned k = 0; k < HL_SPEEDS; k++)
        b->speed_ll[k] = fmax(b->speed_ll[k] - most, -20);
    weigh_speeds(b);
}

void hl_book_learn(struct hl_book *b, const struct hl_lesson *l, int64_t now_ns)
{
    struct hl_weight own;
    struct rest r;
    double p, g, h, den;

    CHECK(l->provider < b->providers);
    rest_of(b, l, now_ns, &r);
    for (unsigned k = 0; k < HL_SPEEDS; k++)
        hl_weight_relax(&speeds_of(b, l->provider)[k], &SPEED[k], now_ns);
    own = hl_book_provider(b, l->provider);
    p = hl_expit(r.x + own.m);
    g = l->weight * (l->approved - l->n * p);
    h = l->weight * l->n * p * (1 - p);
    den = 1 + h * (r.var + own.v);
    learn_speeds(b, l, &r, now_ns);
    for (unsigned i = 0; i < r.n; i++)
        hl_weight_step(r.w[i], g, h, den, l->weight * l->n);
}

/* What has moved once may move back: it is as doubtful as if it were new. The slow speed keeps the
 * old place, for the day it proves right again. */
static void shift(struct hl_weight *w, const struct hl_walk *k, double by)
{
    w->m += by;
    w->v = k->prior;
}

void hl_book_shift(struct hl_book *b, unsigned level, unsigned p, const struct hl_at *at, double by)
{
    if (level == 0) {
        for (unsigned k = 1; k < HL_SPEEDS; k++)
            shift(&speeds_of(b, p)[k], &SPEED[k], by);
    } else if (level == 1) {
        shift(&b->country_cell[at->card.country * b->providers + p], &WALK[HL_COUNTRY], by);
    } else if (at->bin != NULL) {
        shift(&at->bin->cell[p], &WALK[HL_PROVIDER_BIN], by);
    }
}
