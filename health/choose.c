/* health/choose.c */
#include "health/choose.h"

#include <math.h>
#include <stddef.h>

#include "routing/base/check.h"

enum { OPTIONS_MAX = 32 };

/* docs/health.md, "Numbers", says where each comes from. */
static const double NOISE_PROVIDER = 1.0, NOISE_BELOW = 0.25, NOISE_N = 60;
static const double RAMP_N = 150, RAMP_SHARE = 0.10, RAMP_AFTER = 300;
static const double STAY = 0.8; /* the customer is still there after a technical failure */
static const double PROBE_S = 2, PROBE_MAX_S = 30;
static const double REGIME_PROBE_S[HL_LEVELS] = { 5, 10, 20 };
static const double REGIME_PROBE_MAX_S[HL_LEVELS] = { 30, 60, 120 };

/* One option, priced. "well" is what it would be were it healthy. */
struct candidate {
    double available, approval;
    double available_well, approval_well;
    double win, lose, wait_s; /* margin less fee; fee of a decline; expected latency */
    double seen;
};

const char *hl_why_name(enum hl_why w)
{
    switch (w) {
    case HL_NONE: return "none";
    case HL_BEST: return "best";
    case HL_EXPLORE: return "explore";
    case HL_PROBE: return "probe";
    case HL_AGAIN: return "again";
    case HL_ONLY: return "only";
    }
    return "none";
}

double hl_commitment_price(const struct hl_book *b, unsigned provider, double share, double penalty)
{
    double deficit;

    if (b->approved < 20)
        return 0;
    deficit = share * 1.01 - b->won[provider] / b->approved;
    return hl_clip(penalty * (0.5 + deficit / 0.02 * 0.5), 0, penalty);
}

/* Near enough to a standard normal: twelve uniforms less six (Irwin-Hall). No libm, so the same on
 * every machine. */
static double noise(struct rng *r)
{
    double sum = 0;

    for (unsigned i = 0; i < 3; i++) {
        uint64_t bits = rng_next(r);

        for (unsigned k = 0; k < 4; k++, bits >>= 16)
            sum += (double)(bits & 0xffff);
    }
    return (sum + 6) / 65536 - 6;
}

static double spread(const struct hl_offsets *at, struct hl_base base, double rate)
{
    double group = base.group_n / (base.group_n + NOISE_N),
           bin = base.bin_n / (base.bin_n + NOISE_N);
    double own = NOISE_PROVIDER * NOISE_PROVIDER / (at->n[0] + hl_book_kappa(0));
    double below = group / (at->n[1] + hl_book_kappa(1)) + group / (at->n[2] + hl_book_kappa(2)) +
                   bin / (at->n[3] + hl_book_kappa(3));
    double weight = rate * (1 - rate);

    return sqrt((own + NOISE_BELOW * NOISE_BELOW * below) / (weight > 0.04 ? weight : 0.04));
}

/* The worst of provider, group and BIN. */
static double regime_factor(struct hl_book *b, unsigned p, struct hl_card card, double a,
                            const struct hl_common *common)
{
    double worst = 1;

    for (unsigned l = 0; l < HL_LEVELS; l++) {
        const struct hl_regime *r = hl_book_regime(b, l, p, card);

        if (r != NULL) {
            double f = hl_regime_factor(r, a, common->drop[l]);

            worst = f < worst ? f : worst;
        }
    }
    return worst;
}

static void estimate(struct hl_book *b, const struct hl_question *q, const struct hl_option *o,
                     struct hl_base base, const struct hl_common *common, struct candidate *c)
{
    struct hl_tech *t = &b->tech[o->provider];
    struct hl_offsets at;
    double x, n, failed;

    hl_book_offsets(b, o->provider, q->card, hl_logit(base.rate), &at);
    x = at.x[HL_OFFSETS - 1];
    if (q->attempt == 1)
        x += spread(&at, base, base.rate) * noise(&b->rng);
    hl_book_others(b, o->provider, &n, &failed);
    (void)hl_tech_look(t, q->timeout_s, n, failed, q->now_ns);
    c->approval_well = hl_expit(x);
    c->approval =
        c->approval_well * regime_factor(b, o->provider, q->card, c->approval_well, common);
    c->available = hl_tech_available(t);
    c->available_well = hl_tech_available_up(t);
    c->win = q->margin * q->amount - o->fee_approved + o->price;
    c->lose = o->fee_declined;
    c->wait_s = t->latency_s;
    c->seen = at.n[0];
}

/* Approval of a second provider when the first, with approval a, declined softly. */
static double after_soft(double here, double a, double r0)
{
    double better = a < 1 - 1e-6 ? (here - a) / (1 - a) : 0;

    return r0 * here + (1 - r0) * (better > 0 ? better : 0);
}

static double gain(const struct candidate *c, double wins, double available, double waiting)
{
    return wins * c->win - (available - wins) * c->lose - waiting;
}

/* What the first attempt is worth, and what may follow it. */
struct worth {
    double as_is, well;
};

static struct worth worth_of(const struct candidate *c, const struct candidate *all, unsigned n,
                             const struct hl_question *q, double hard, double r0)
{
    double per_s = q->latency_cost_per_s * q->margin * q->amount;
    double wait = per_s * (c->available > 0.5 ? c->wait_s : 0.5 * q->timeout_s);
    double soft = (1 - hard) * (1 - c->approval), soft_well = (1 - hard) * (1 - c->approval_well);
    double after_failure = 0, after = 0, after_well = 0;
    struct worth w;

    w.as_is = gain(c, c->available * (1 - hard) * c->approval, c->available, wait);
    w.well = gain(c, c->available_well * (1 - hard) * c->approval_well, c->available_well,
                  per_s * c->wait_s);
    if (q->attempts_max < 2 || n < 2)
        return w;
    for (const struct candidate *d = all; d < all + n; d++) {
        double waiting = per_s * d->wait_s;

        if (d == c)
            continue;
        after_failure = fmax(
            after_failure, gain(d, d->available * (1 - hard) * d->approval, d->available, waiting));
        if (q->async)
            continue;
        after = fmax(after, gain(d, d->available * after_soft(d->approval, c->approval, r0),
                                 d->available, waiting));
        after_well =
            fmax(after_well, gain(d, d->available * after_soft(d->approval, c->approval_well, r0),
                                  d->available, waiting));
    }
    w.as_is += (1 - c->available) * STAY * after_failure + c->available * soft * after;
    w.well +=
        (1 - c->available_well) * STAY * after_failure + c->available_well * soft_well * after_well;
    return w;
}

/* Too new to be given every payment that it would win? */
static bool ramping(struct hl_book *b, const struct candidate *c)
{
    double share = c->seen / RAMP_N;

    if (c->seen >= RAMP_N || b->approved <= RAMP_AFTER)
        return false;
    return rng_unit(&b->rng) > (share > RAMP_SHARE ? share : RAMP_SHARE);
}

static int64_t later(int64_t now_ns, double s, double max_s)
{
    return now_ns + (int64_t)((s < max_s ? s : max_s) * 1e9);
}

/* Is it this provider's turn to be tried although it looks sick? Never with a large amount. */
static bool probe_due(struct hl_book *b, unsigned p, const struct hl_question *q)
{
    struct hl_tech *t = &b->tech[p];
    bool due = false;

    if (q->amount > b->typical_amount)
        return false;
    if (t->down + t->degraded > 0.02) {
        if (q->now_ns < t->next_probe_ns)
            return false;
        t->next_probe_ns = later(q->now_ns, PROBE_S * (1 << t->setbacks), PROBE_MAX_S);
        return true;
    }
    for (unsigned l = 0; l < HL_LEVELS; l++) {
        struct hl_regime *r = hl_book_regime(b, l, p, q->card);

        if (r == NULL || hl_regime_sick(r) <= 0.05)
            continue;
        if (q->now_ns < r->next_probe_ns)
            return false;
        r->next_probe_ns =
            later(q->now_ns, REGIME_PROBE_S[l] * pow(1.5, r->setbacks), REGIME_PROBE_MAX_S[l]);
        due = true;
    }
    return due;
}

static void choose_first(struct hl_book *b, const struct hl_question *q,
                         const struct candidate *all, double hard, double r0, struct hl_choice *out)
{
    int best_well = -1;
    double best = -HUGE_VAL, well = -HUGE_VAL;

    for (unsigned i = 0; i < q->options; i++) {
        struct worth w;

        if (q->options > 1 && ramping(b, &all[i])) {
            out->estimate[i].ramped = true;
            continue;
        }
        w = worth_of(&all[i], all, q->options, q, hard, r0);
        out->estimate[i].value = w.as_is;
        if (w.as_is > best) {
            best = w.as_is;
            out->option = (int)i;
        }
        if (w.well > well) {
            well = w.well;
            best_well = (int)i;
        }
    }
    out->why = HL_BEST;
    if (out->option < 0)
        out->option = 0;
    if (best_well >= 0 && best_well != out->option &&
        probe_due(b, q->option[best_well].provider, q)) {
        out->option = best_well;
        out->why = HL_PROBE;
    }
    if (q->options == 1)
        out->why = HL_ONLY;
}

/* A further attempt is only worth its while if it earns something. */
static void choose_again(struct hl_book *b, const struct hl_question *q,
                         const struct candidate *all, double base_logit, double hard, double r0,
                         struct hl_choice *out)
{
    double per_s = q->latency_cost_per_s * q->margin * q->amount;
    double best = 0, before = -1;

    for (unsigned i = 0; i < q->softs; i++) {
        struct hl_offsets at;

        hl_book_offsets(b, q->soft_from[i], q->card, base_logit, &at);
        before = fmax(before, hl_expit(at.x[HL_OFFSETS - 1]));
    }
    for (unsigned i = 0; i < q->options; i++) {
        const struct candidate *c = &all[i];
        double a = before >= 0 ? after_soft(c->approval, before, r0) : (1 - hard) * c->approval;
        double v = gain(c, c->available * a, c->available, per_s * c->wait_s);

        out->estimate[i].value = v;
        if (v > best) {
            best = v;
            out->option = (int)i;
            out->why = HL_AGAIN;
        }
    }
}

void hl_choose(struct hl_book *b, const struct hl_question *q, struct hl_choice *out)
{
    struct candidate all[OPTIONS_MAX];
    struct hl_base base = hl_book_base(b, q->card);
    struct hl_common common = hl_book_common(b, q->card, q->now_ns);
    double hard = b->hard.s / b->hard.n;
    double r0 = hl_clip(b->retry_s / fmax(b->retry_n, 1e-9), 0.02, 1);

    CHECK(q->options >= 1);
    CHECK(q->options <= OPTIONS_MAX);
    *out = (struct hl_choice){ .option = -1, .why = HL_NONE };
    if (q->attempt == 1)
        b->typical_amount *= q->amount > b->typical_amount ? 1.02 : 0.98;
    for (unsigned i = 0; i < q->options; i++) {
        estimate(b, q, &q->option[i], base, &common, &all[i]);
        out->estimate[i].available = all[i].available;
        out->estimate[i].approval = all[i].approval;
    }
    if (q->attempt == 1)
        choose_first(b, q, all, hard, r0, out);
    else
        choose_again(b, q, all, hl_logit(base.rate), hard, r0, out);
}
