/* health/learn.c */
#include "health/learn.h"

#include <math.h>
#include <stddef.h>

#include "routing/base/check.h"

static const struct hl_fade HARD_FADE = { 86400, 5000 };
static const double COMMON_MATTERS = -0.3, COMMON_TRUST = 0.5;
static const double FADE_S = 3600; /* half of what an old outcome of another node tells */
/* More of one kind of card in one tick tell nothing more about how things are now. */
enum { BURST = 256 };

void hl_learn_technical(struct hl_book *b, unsigned p, bool failed, int64_t now_ns)
{
    double n, bad;

    hl_book_others(b, p, &n, &bad);
    hl_tech_observe(&b->tech[p], failed, n, bad, now_ns);
}

static void learn_failure(struct hl_book *b, const struct hl_outcome *o, double timeout_s,
                          int64_t now_ns)
{
    struct hl_tech *t = &b->tech[o->provider];

    if (!o->overdue)
        hl_learn_technical(b, o->provider, true, now_ns);
    if (hl_tech_sick(t) > 0.5 && t->setbacks < 8)
        t->setbacks++;
    hl_tech_latency(t, o->latency_s < timeout_s ? o->latency_s : timeout_s, false);
}

/* Two successes when it had been counted as overdue: one takes the false alarm back. */
static void learn_answer(struct hl_book *b, const struct hl_outcome *o, int64_t now_ns)
{
    struct hl_tech *t = &b->tech[o->provider];

    hl_learn_technical(b, o->provider, false, now_ns);
    if (o->overdue)
        hl_learn_technical(b, o->provider, false, now_ns);
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

/* ---- verdicts ---- */

/* What a verdict, or several for cards alike, is measured against. */
struct frame {
    unsigned provider;
    struct hl_at where;
    struct hl_offsets at;
    struct hl_common common;
};

/* The sick run is the new normal: the level's own offset moves to what was seen in it. */
static void adopt(struct hl_book *b, const struct frame *f, unsigned level, struct hl_regime *r)
{
    double seen = hl_logit((r->run_s + 0.5) / (r->run_n + 1));

    hl_book_shift(b, level, f->provider, &f->where, seen - f->at.x);
    hl_regime_clear(r);
}

/* How sick the sickest of the three levels is now. */
static double learn_regimes(struct hl_book *b, const struct frame *f, bool approved, int64_t now_ns)
{
    double x = f->at.x, plain = hl_expit(x), worst = 0;

    for (unsigned l = 0; l < HL_LEVELS; l++) {
        struct hl_regime *r = hl_book_regime(b, l, f->provider, &f->where);
        double drop = f->common.drop[l], sick;
        bool lasting;

        if (r == NULL)
            continue;
        lasting = hl_regime_observe(r, approved, hl_expit(x + drop), plain, drop, now_ns);
        sick = hl_regime_sick(r);
        worst = sick > worst ? sick : worst;
        if (lasting)
            adopt(b, f, l, r);
    }
    return worst;
}

static void learn_approval(struct hl_book *b, const struct frame *f, double approved, double n,
                           double weight, int64_t now_ns)
{
    double drop = f->common.drop[HL_LEVELS - 1];

    if (drop < COMMON_MATTERS) /* the drop is a guess that lags: what is left over is not theirs */
        weight *= COMMON_TRUST;
    if (weight >= 0.02)
        hl_book_learn(b,
                      &(struct hl_lesson){ .provider = f->provider,
                                           .at = &f->where,
                                           .n = n,
                                           .approved = approved,
                                           .weight = weight,
                                           .drop = drop },
                      now_ns);
}

static void frame_of(struct hl_book *b, unsigned provider, struct hl_card card, struct frame *f)
{
    f->provider = provider;
    f->where = hl_book_find(b, card);
    hl_book_offsets(b, provider, &f->where, hl_book_base(b, &f->where).logit, &f->at);
}

static void frame_made(struct hl_book *b, struct frame *f, int64_t now_ns)
{
    f->where.group = hl_book_group_made(b, f->where.card, now_ns);
    f->where.bin = hl_book_bin_made(b, f->where.card, now_ns);
    f->common = hl_book_common(b, &f->where, now_ns);
}

static void count_win(struct hl_book *b, unsigned provider, unsigned n)
{
    b->won[provider] += n;
    b->approved += n;
}

static double learn_verdict(struct hl_book *b, const struct hl_outcome *o, int64_t now_ns)
{
    bool approved = o->result == HL_APPROVED;
    double expected, worst;
    struct frame f;

    count_win(b, o->provider, approved);
    frame_of(b, o->provider, o->card, &f);
    expected = hl_expit(f.at.x);
    if (o->attempt > 1) { /* chosen because another failed: not a fair sample of this provider */
        if (o->soft_before >= 0)
            learn_retry(b, expected, o->soft_before, approved);
        return expected;
    }
    frame_made(b, &f, now_ns);
    worst = learn_regimes(b, &f, approved, now_ns);
    learn_approval(b, &f, approved, 1, 1 - worst, now_ns);
    return expected;
}

double hl_learn(struct hl_book *b, const struct hl_outcome *o, double timeout_s, int64_t now_ns)
{
    CHECK(o->provider < b->providers);
    switch (o->result) {
    case HL_FAILED:
    case HL_TIMEOUT: learn_failure(b, o, timeout_s, now_ns); return -1;
    case HL_PENDING: learn_answer(b, o, now_ns); return -1;
    case HL_APPROVED:
    case HL_SOFT:
    case HL_HARD: break;
    }
    if (!o->late)
        learn_answer(b, o, now_ns);
    if (o->attempt <= 1)
        hl_cell_add(&b->hard, HARD_FADE, o->result == HL_HARD, 1, now_ns);
    if (o->result == HL_HARD)
        return -1;
    return learn_verdict(b, o, now_ns);
}

/* ---- verdicts of others ---- */

/* The order inside a burst is not known: approvals are spread evenly among the declines. */
static double learn_burst(struct hl_book *b, const struct frame *f, unsigned approved, unsigned n,
                          int64_t now_ns)
{
    double worst = 0;
    unsigned due = 0;

    for (unsigned i = 0; i < n && i < BURST; i++) {
        bool one = (due += approved) >= n;

        due -= one ? n : 0;
        worst = learn_regimes(b, f, one, now_ns);
    }
    return worst;
}

void hl_learn_verdicts(struct hl_book *b, unsigned provider, struct hl_card card,
                       const struct hl_verdicts *v, double age_s, bool stale, int64_t now_ns)
{
    unsigned n = v->approved + v->soft;
    double faded = exp2(-age_s / FADE_S), worst = 0, weight;
    struct frame f;

    CHECK(provider < b->providers);
    count_win(b, provider, v->approved + v->approved_later);
    if (n + v->hard > 0)
        hl_cell_add(&b->hard, HARD_FADE, (double)v->hard / (n + v->hard), faded * (n + v->hard),
                    now_ns);
    if (n == 0)
        return;
    frame_of(b, provider, card, &f);
    frame_made(b, &f, now_ns);
    if (!stale)
        worst = learn_burst(b, &f, v->approved, n, now_ns);
    weight = faded * (1 - worst);
    learn_approval(b, &f, v->approved, n, weight, now_ns);
}
