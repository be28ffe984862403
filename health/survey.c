/* health/survey.c -- what each provider is worth for this payment, by what the book says.
 *
 * Value of an attempt = approval x (margin - fee) - fees of a decline - the customer's waiting
 * time, and what a second attempt would still be worth. Exploration is noise on the estimate where
 * it can pay; a provider that is out because it was sick gets small, rare probes. docs/health.md
 * derives the formulas. */
#include <math.h>
#include <stddef.h>

#include "health/watch_inside.h"
#include "routing/base/check.h"
#include "routing/base/hash.h"

static const double NOISE_PROVIDER = 1.0, NOISE_BELOW = 0.25, NOISE_N = 60;
static const double RAMP_N = 150, RAMP_SHARE = 0.10, RAMP_AFTER = 300;
static const double STAY = 0.8; /* the customer is still there after a technical failure */

/* One provider, priced. "well" is what it would be were it healthy, "plain" without exploration. */
struct candidate {
    unsigned provider;
    bool ramped;
    double available, approval, approval_plain;
    double available_well, approval_well;
    double win, lose, wait; /* margin less fee; fee of a decline; expected waiting, priced */
    double seen;
    bool sick;    /* in anything that a probe could clear */
    double fresh; /* its gain for a payment that nobody has declined yet */
};

/* The payment, as all candidates see it. */
struct scene {
    const struct hl_watch_ask *ask;
    struct hl_at at;
    struct hl_base base;
    struct hl_common common;
    double hard, r0;
    double per_s; /* what a second of waiting costs */
    bool first;
    double before; /* approval of the one that declined softly; -1: none did */
};

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

static double spread(const struct scene *s, const struct hl_offsets *at)
{
    double group = s->base.group_n / (s->base.group_n + NOISE_N),
           bin = s->base.bin_n / (s->base.bin_n + NOISE_N);

    return sqrt(NOISE_PROVIDER * NOISE_PROVIDER * at->var[0] +
                NOISE_BELOW * NOISE_BELOW * (group * (at->var[1] + at->var[2]) + bin * at->var[3]));
}

/* The worst of provider, group and BIN. */
static double regime_factor(struct hl_book *b, unsigned p, const struct scene *s, double a)
{
    double worst = 1;

    for (unsigned l = 0; l < HL_LEVELS; l++) {
        const struct hl_regime *r = hl_book_regime(b, l, p, &s->at);

        if (r != NULL)
            worst = fmin(worst, hl_regime_factor(r, a, s->common.drop[l]));
    }
    return worst;
}

/* Too new to be given every payment that it would win? */
static bool is_new(const struct hl_book *b, double seen, struct rng *dice)
{
    double share = seen / RAMP_N;

    if (seen >= RAMP_N || b->approved <= RAMP_AFTER)
        return false;
    return rng_unit(dice) > fmax(share, RAMP_SHARE);
}

static double gain(const struct candidate *c, double approval, double available, double waiting)
{
    double wins = available * approval;

    return wins * c->win - (available - wins) * c->lose - waiting;
}

static bool regime_sick(struct hl_book *b, unsigned p, const struct scene *s)
{
    for (unsigned l = 0; l < HL_LEVELS; l++) {
        const struct hl_regime *r = hl_book_regime(b, l, p, &s->at);

        if (r != NULL && hl_regime_sick(r) > HL_REGIME_SICK)
            return true;
    }
    return false;
}

static bool out_of_service(const struct hl_watch *w, unsigned p)
{
    return w->guard[p].breaker.state_ != HL_SERVING;
}

static void estimate(struct hl_watch *w, unsigned p, const struct scene *s, struct candidate *c)
{
    const struct hl_watch_ask *ask = s->ask;
    struct hl_tech *t = &w->book->tech[p];
    struct rng dice = rng_of(hash64_mix(ask->seed, p + 1));
    struct hl_offsets at;
    double x, factor;

    hl_book_offsets(w->book, p, &s->at, s->base.logit, &at);
    x = at.x;
    c->provider = p;
    c->approval_plain = c->approval_well = hl_expit(x);
    if (s->first)
        c->approval_well = hl_expit(x + spread(s, &at) * noise(&dice));
    factor = regime_factor(w->book, p, s, c->approval_well);
    c->sick = out_of_service(w, p) || hl_tech_sick(t) > HL_TECH_SICK || regime_sick(w->book, p, s);
    c->approval = c->approval_well * factor;
    c->approval_plain *= factor;
    c->available = hl_tech_available(t);
    c->available_well = hl_tech_available_up(t);
    c->win = w->rules.margin * ask->amount - ask->fee_approved[p] +
             (ask->price == NULL ? 0 : ask->price[p]);
    c->lose = ask->fee_declined[p];
    c->wait = s->per_s * t->latency_s;
    c->seen = at.n;
    c->fresh = gain(c, (1 - s->hard) * c->approval, c->available, c->wait);
    c->ramped = s->first && is_new(w->book, c->seen, &dice);
}

static double max(double a, double b)
{
    return a > b ? a : b;
}

/* Approval of a second provider when the first, with approval a, declined softly. */
static double after_soft(double here, double a, double r0)
{
    double better = a < 1 - 1e-6 ? (here - a) / (1 - a) : 0;

    return r0 * here + (1 - r0) * max(better, 0);
}

/* ---- the first attempt ---- */

/* Who may come second, laid out for the walk that every first one needs: after a soft decline one
 * gains p x (its approval then) - q. */
struct seconds {
    double approval[LIMIT_PROVIDERS], p[LIMIT_PROVIDERS], q[LIMIT_PROVIDERS];
    double fresh, next; /* the best gain after a technical failure, and the best of the others */
    unsigned freshest;
};

static void line_up(const struct candidate *all, unsigned n, struct seconds *out)
{
    out->fresh = out->next = 0;
    out->freshest = n;
    for (unsigned i = 0; i < n; i++) {
        const struct candidate *c = &all[i];

        out->approval[i] = c->approval;
        out->p[i] = c->available * (c->win + c->lose);
        out->q[i] = c->available * c->lose + c->wait;
        if (c->fresh > out->fresh) {
            out->next = out->fresh;
            out->fresh = c->fresh;
            out->freshest = i;
        } else {
            out->next = max(out->next, c->fresh);
        }
    }
}

/* The best of at[from .. to) when one with approval a declined softly: after_soft() for all. */
static double best_after(const struct seconds *at, unsigned from, unsigned to, double a, double r0)
{
    double rest = a < 1 - 1e-6 ? (1 - r0) / (1 - a) : 0, best = 0;

    for (unsigned i = from; i < to; i++) {
        double better = max(at->approval[i] - a, 0) * rest;

        best = max(best, at->p[i] * (r0 * at->approval[i] + better) - at->q[i]);
    }
    return best;
}

/* What candidate i would be worth with such a chance, and what may follow it. */
static double worth_of(const struct candidate *all, unsigned n, unsigned i, double available,
                       double approval, double waiting, const struct seconds *second,
                       const struct scene *s)
{
    double value = gain(&all[i], (1 - s->hard) * approval, available, waiting);
    double failed = i == second->freshest ? second->next : second->fresh, declined = 0;

    if (s->ask->attempts_max < 2)
        return value;
    if (!s->ask->late_verdicts)
        declined = max(best_after(second, 0, i, approval, s->r0),
                       best_after(second, i + 1, n, approval, s->r0));
    return value + (1 - available) * STAY * failed +
           available * (1 - s->hard) * (1 - approval) * declined;
}

static int64_t micro(double value)
{
    return (int64_t)hl_clip(value * 1e6, -9e18, 9e18);
}

/* The best of those in full service by value; -1: nobody is. */
static int best_of(const struct candidate *all, unsigned n, const double *value,
                   const struct rt_view *out, bool well)
{
    int best = -1;

    for (unsigned i = 0; i < n; i++) {
        enum rt_breaker state = out->provider[all[i].provider].breaker;

        if (all[i].ramped || state == RT_BREAKER_OPEN || (!well && state != RT_BREAKER_CLOSED))
            continue;
        if (best < 0 || value[i] > value[best])
            best = (int)i;
    }
    return best;
}

static void value_first(struct hl_watch *w, const struct scene *s, const struct candidate *all,
                        unsigned n, struct rt_view *out)
{
    double as_is[LIMIT_PROVIDERS], well[LIMIT_PROVIDERS], plain[LIMIT_PROVIDERS];
    struct seconds second;
    bool sick = false;
    int best, best_well, best_plain;

    line_up(all, n, &second);
    for (unsigned i = 0; i < n; i++)
        sick = sick || all[i].sick;
    for (unsigned i = 0; i < n; i++) {
        const struct candidate *c = &all[i];
        unsigned p = c->provider;
        double waiting =
            c->available > 0.5 ? c->wait : s->per_s * 0.5e-9 * (double)w->rules.timeout_ns[p];

        as_is[i] = worth_of(all, n, i, c->available, c->approval, waiting, &second, s);
        plain[i] = worth_of(all, n, i, c->available, c->approval_plain, waiting, &second, s);
        if (sick)
            well[i] = worth_of(all, n, i, c->available_well, c->approval_well, c->wait, &second, s);
        out->provider[p].value_micro = micro(as_is[i]);
    }
    best = best_of(all, n, as_is, out, false);
    best_plain = best_of(all, n, plain, out, false);
    best_well = sick ? best_of(all, n, well, out, true) : best; /* else no probe can be due */
    if (best >= 0)
        out->provider[all[best].provider].explored = best != best_plain;
    if (best_well >= 0 && best_well != best)
        out->provider[all[best_well].provider].probe =
            hl_watch_probe_due(w, all[best_well].provider, s->ask);
}

/* ---- further attempts ---- */

static void value_again(const struct scene *s, const struct candidate *all, unsigned n,
                        struct rt_view *out)
{
    for (unsigned i = 0; i < n; i++) {
        const struct candidate *c = &all[i];
        double a = s->before >= 0 ? after_soft(c->approval, s->before, s->r0)
                                  : (1 - s->hard) * c->approval;

        out->provider[c->provider].value_micro = micro(gain(c, a, c->available, c->wait));
    }
}

/* ---- the survey ---- */

static void scene_of(struct hl_watch *w, const struct hl_watch_ask *ask, struct scene *s)
{
    struct hl_book *b = w->book;
    struct hl_offsets at;

    s->ask = ask;
    s->at = hl_book_find(b, ask->card);
    s->base = hl_book_base(b, &s->at);
    s->common = hl_book_common(b, &s->at, ask->now_ns);
    s->hard = b->hard.s / b->hard.n;
    s->r0 = hl_clip(b->retry_s / max(b->retry_n, 1e-9), 0.02, 1);
    s->per_s = w->rules.latency_cost_per_s * w->rules.margin * ask->amount;
    s->first = ask->attempt <= 1;
    s->before = -1;
    for (unsigned p = 0; p < w->rules.providers && ask->soft != 0; p++) {
        if ((ask->soft >> p & 1) == 0)
            continue;
        hl_book_offsets(b, p, &s->at, s->base.logit, &at);
        s->before = max(s->before, hl_expit(at.x));
    }
}

static enum rt_breaker breaker_of(enum hl_serving s)
{
    switch (s) {
    case HL_SERVING: return RT_BREAKER_CLOSED;
    case HL_PROBING: return RT_BREAKER_HALF_OPEN;
    case HL_STOPPED: return RT_BREAKER_OPEN;
    }
    return RT_BREAKER_OPEN;
}

static int32_t ppm(double share)
{
    return (int32_t)(share * 1e6 + 0.5);
}

static void show(struct hl_watch *w, const struct hl_watch_ask *ask, struct candidate *c,
                 struct rt_sight *out)
{
    struct hl_breaker *b = &w->guard[c->provider].breaker;

    enum hl_serving state = hl_breaker_look(b, &w->jitter, ask->now_ns);

    out->admit_permille = (uint16_t)hl_breaker_share(b, &w->jitter, ask->now_ns);
    if (state == HL_PROBING) /* a probe to spare is for the next small payment that comes by */
        out->admit_permille = !hl_breaker_has_lease(b) ? 0
                              : ask->amount <= w->book->typical_amount || b->good_ > 0
                                  ? RT_PERMILLE
                                  : out->admit_permille;
    if (state == HL_SERVING && out->admit_permille < 1000) {
        struct rng dice = rng_of(hash64_mix(ask->seed, ~(uint64_t)c->provider));

        c->ramped |= rng_below(&dice, 1000) >= out->admit_permille;
    }
    out->ramped = c->ramped;
    out->available_ppm = ppm(c->available);
    out->approval_ppm = ppm(c->approval_plain); /* as it is believed; the value explores */
    out->latency_ms = (int32_t)(w->book->tech[c->provider].latency_s * 1e3 + 0.5);
    out->explored = out->probe = false;
}

void hl_watch_survey(struct hl_watch *w, const struct hl_watch_ask *ask, struct rt_view *out)
{
    struct candidate all[LIMIT_PROVIDERS];
    struct scene s;
    unsigned n = 0;

    if (ask->attempt <= 1)
        w->book->typical_amount =
            w->book->typical_amount <= 0
                ? ask->amount
                : w->book->typical_amount * (ask->amount > w->book->typical_amount ? 1.02 : 0.98);
    scene_of(w, ask, &s);
    for (unsigned p = 0; p < w->rules.providers; p++) {
        struct rt_sight *sight = &out->provider[p];

        hl_watch_look(w, p, ask->now_ns);
        hl_book_relax(w->book, p, ask->now_ns);
        sight->breaker = breaker_of(w->guard[p].breaker.state_);
        if ((ask->may >> p & 1) == 0)
            continue;
        estimate(w, p, &s, &all[n]);
        show(w, ask, &all[n], sight);
        n++;
    }
    if (s.first)
        value_first(w, &s, all, n, out);
    else
        value_again(&s, all, n, out);
}
