/* health/learn.c */
#include "health/learn.h"

#include <stddef.h>

#include "routing/base/check.h"

static const struct hl_fade BASE_FADE = { 86400, 4000 }, HARD_FADE = { 86400, 5000 };
static const struct hl_fade OFFSET_FADE[HL_OFFSETS] = {
    { 3600, 3000 },
    { 3 * 3600, 1500 },
    { 3 * 3600, 1500 },
    { 6 * 3600, 800 },
};
static const double COMMON_MATTERS = -0.3;

static void technical(struct hl_book *b, unsigned p, bool failed, int64_t now_ns)
{
    double n, bad;

    hl_book_others(b, p, &n, &bad);
    hl_tech_observe(&b->tech[p], failed, n, bad, now_ns);
}

void hl_learn_overdue(struct hl_book *b, unsigned provider, int64_t now_ns)
{
    technical(b, provider, true, now_ns);
}

static void learn_failure(struct hl_book *b, const struct hl_outcome *o, bool counted,
                          double timeout_s, int64_t now_ns)
{
    struct hl_tech *t = &b->tech[o->provider];

    if (!counted)
        technical(b, o->provider, true, now_ns);
    if (t->down + t->degraded > 0.5 && t->setbacks < 8)
        t->setbacks++;
    hl_tech_latency(t, o->latency_s < timeout_s ? o->latency_s : timeout_s, false);
}

/* Two successes when it had been counted as overdue: one takes the false alarm back. */
static void learn_answer(struct hl_book *b, const struct hl_outcome *o, bool counted,
                         int64_t now_ns)
{
    struct hl_tech *t = &b->tech[o->provider];

    technical(b, o->provider, false, now_ns);
    if (counted)
        technical(b, o->provider, false, now_ns);
    if (t->up > 0.5)
        t->setbacks = 0;
    if (o->latency_s > 0)
        hl_tech_latency(t, o->latency_s, true);
}

/* The retry model: P(ok at j | soft at i) = r0 A_j + (1 - r0) max(0, (A_j - A_i) / (1 - A_i)). */
static void learn_retry(struct hl_book *b, double here, double before, bool approved)
{
    double z = before < 1 - 1e-6 ? (here - before) / (1 - before) : 0;
    double d;

    z = z > 0 ? z : 0;
    d = here - z;
    b->retry_n = b->retry_n * 0.999 + d * d;
    b->retry_s = b->retry_s * 0.999 + d * ((approved ? 1 : 0) - z);
}

/* The sick run is the new normal: the level's own cell adopts what was seen in it. */
static void adopt(struct hl_book *b, const struct hl_outcome *o, unsigned level,
                  struct hl_regime *r)
{
    struct hl_place *bin = hl_book_bin(b, o->card);
    struct hl_cell *c = level == 0 ? &b->provider_cell[o->provider]
                        : level == 1
                            ? &b->country_cell[o->card.country * b->providers + o->provider]
                        : bin == NULL ? NULL
                                      : &bin->cell[o->provider];

    if (c != NULL && c->n > 0) {
        double expected = c->e / c->n;

        c->n = c->n < r->run_n ? c->n : r->run_n;
        c->s = c->n * r->run_s / r->run_n;
        c->e = c->n * expected;
    }
    hl_regime_clear(r);
}

/* How sick the sickest of the three levels is now. */
static double learn_regimes(struct hl_book *b, const struct hl_outcome *o, bool approved, double x,
                            const struct hl_common *common, int64_t now_ns)
{
    double plain = hl_expit(x), worst = 0;

    for (unsigned l = 0; l < HL_LEVELS; l++) {
        struct hl_regime *r = hl_book_regime(b, l, o->provider, o->card);
        double drop = common->drop[l], sick;
        bool lasting;

        if (r == NULL)
            continue;
        lasting = hl_regime_observe(r, approved, hl_expit(x + drop), plain, drop, now_ns);
        sick = hl_regime_sick(r);
        worst = sick > worst ? sick : worst;
        if (lasting)
            adopt(b, o, l, r);
    }
    return worst;
}

static void learn_cells(struct hl_book *b, const struct hl_outcome *o, double y, double base_logit,
                        const struct hl_offsets *at, double drop, double weight, int64_t now_ns)
{
    struct hl_place *group = hl_book_group(b, o->card), *bin = hl_book_bin(b, o->card);
    double base_weight = drop > COMMON_MATTERS ? weight : 0.1 * weight;
    unsigned p = o->provider, np = b->providers;

    hl_cell_add(&b->base, BASE_FADE, y, 0, base_weight, now_ns);
    if (group != NULL)
        hl_cell_add(&group->base, BASE_FADE, y, 0, base_weight, now_ns);
    if (bin != NULL)
        hl_cell_add(&bin->base, BASE_FADE, y, 0, base_weight, now_ns);
    hl_cell_add(&b->provider_cell[p], OFFSET_FADE[0], y, hl_expit(base_logit + drop), weight,
                now_ns);
    hl_cell_add(&b->country_cell[o->card.country * np + p], OFFSET_FADE[1], y,
                hl_expit(at->x[0] + drop), weight, now_ns);
    hl_cell_add(&b->product_cell[o->card.product * np + p], OFFSET_FADE[2], y,
                hl_expit(at->x[1] + drop), weight, now_ns);
    if (bin != NULL)
        hl_cell_add(&bin->cell[p], OFFSET_FADE[3], y, hl_expit(at->x[2] + drop), weight, now_ns);
}

static double learn_verdict(struct hl_book *b, const struct hl_outcome *o, int64_t now_ns)
{
    bool approved = o->result == HL_APPROVED;
    double base_logit = hl_logit(hl_book_base(b, o->card).rate), expected, worst;
    struct hl_offsets at;
    struct hl_common common;

    if (approved) {
        b->won[o->provider] += 1;
        b->approved += 1;
    }
    hl_book_offsets(b, o->provider, o->card, base_logit, &at);
    expected = hl_expit(at.x[HL_OFFSETS - 1]);
    if (o->attempt > 1) { /* chosen because another failed: not a fair sample of this provider */
        if (o->local && o->soft_before >= 0)
            learn_retry(b, expected, o->soft_before, approved);
        return expected;
    }
    (void)hl_book_group_made(b, o->card, now_ns);
    (void)hl_book_bin_made(b, o->card, now_ns);
    common = hl_book_common(b, o->card, now_ns);
    worst = learn_regimes(b, o, approved, at.x[HL_OFFSETS - 1], &common, now_ns);
    if (1 - worst >= 0.02)
        learn_cells(b, o, approved, base_logit, &at, common.drop[HL_LEVELS - 1], 1 - worst, now_ns);
    return expected;
}

double hl_learn(struct hl_book *b, const struct hl_outcome *o, double timeout_s, int64_t now_ns)
{
    bool counted = false;

    CHECK(o->provider < b->providers);
    if (o->local && !o->late)
        counted = hl_tech_answered(&b->tech[o->provider], o->ticket);
    switch (o->result) {
    case HL_FAILED:
    case HL_TIMEOUT: learn_failure(b, o, counted, timeout_s, now_ns); return -1;
    case HL_PENDING: learn_answer(b, o, counted, now_ns); return -1;
    case HL_APPROVED:
    case HL_SOFT:
    case HL_HARD: break;
    }
    if (!o->late)
        learn_answer(b, o, counted, now_ns);
    if (o->attempt == 1)
        hl_cell_add(&b->hard, HARD_FADE, o->result == HL_HARD, 0, 1, now_ns);
    if (o->result == HL_HARD)
        return -1;
    return learn_verdict(b, o, now_ns);
}
