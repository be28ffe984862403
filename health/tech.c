/* health/tech.c */
#include "health/tech.h"

#include <math.h>

#include "health/cell.h"

static const double OK_DEGRADED = 0.65, OK_DOWN = 0.03; /* P(answered) in a sick regime */
static const double FLOOR = 3e-4;                       /* of a sick regime: the speed of alarm */
static const double TECH_RELAX_S = 300, RECENT_S = 30;
static const double LONG_KEEP = 0.9995;
static const double LATENCY_KEEP = 0.02; /* weight of a new answer among those before */
static const double SILENCE_S = 0.5;     /* a busy machine of ours is silent for less */
static const int64_t PAUSE_NS = 300000000;
enum { SILENT = 4 };

/* One request in a thousand takes longer; one in twenty. */
static void be_patient(struct hl_tech *t)
{
    double sd = sqrt(t->var);

    t->patience_s = exp(t->mu + 3.2 * sd);
    t->silence_s = exp(t->mu + 1.6 * sd);
}

void hl_tech_init(struct hl_tech *t, int64_t now_ns)
{
    *t = (struct hl_tech){ .up = 1,
                           .at_ns = now_ns,
                           .heard_ns_ = now_ns,
                           .seen_ns_ = now_ns,
                           .long_n = 200, /* prior: one failure in 200 */
                           .long_failed = 1,
                           .mu = -0.7985, /* log 0.45 s */
                           .var = 0.25,
                           .latency_s = 0.5 };
    be_patient(t);
}

static double base_failure(const struct hl_tech *t)
{
    return hl_clip(t->long_failed / t->long_n, 0.002, 0.05);
}

double hl_tech_available_up(const struct hl_tech *t)
{
    return 1 - base_failure(t);
}

double hl_tech_available(const struct hl_tech *t)
{
    return t->up * hl_tech_available_up(t) + t->degraded * OK_DEGRADED + t->down * OK_DOWN;
}

double hl_tech_sick(const struct hl_tech *t)
{
    return t->degraded + t->down;
}

void hl_tech_relax(struct hl_tech *t, int64_t now_ns)
{
    double keep, leaving;

    if (now_ns <= t->at_ns)
        return;
    keep = hl_decay(t->at_ns, now_ns, RECENT_S);
    t->recent_n *= keep;
    t->recent_failed *= keep;
    if (t->down + t->degraded > 0) {
        keep = hl_decay(t->at_ns, now_ns, TECH_RELAX_S);
        leaving = (t->down + t->degraded) * (1 - keep);
        t->down *= keep;
        t->degraded *= keep;
        t->up += leaving;
    }
    t->at_ns = now_ns;
}

void hl_tech_observe(struct hl_tech *t, bool failed, double others_n, double others_failed,
                     int64_t now_ns)
{
    double fails = base_failure(t), u, g, d, sum;

    hl_tech_relax(t, now_ns);
    t->heard_ns_ = t->seen_ns_ = t->quiet_from_ns_ = now_ns;
    t->away_ns_ = 0;
    /* What hits the others as well says little about this one. */
    if (others_n > 1) {
        double common = (others_failed - 0.02 * others_n) / (others_n + 3);

        common = common > 0.6 ? 0.6 : common;
        fails = common > fails ? common : fails;
    }
    t->recent_n += 1;
    t->recent_failed += failed;
    u = t->up;
    g = t->degraded > FLOOR ? t->degraded : FLOOR;
    d = t->down > FLOOR ? t->down : FLOOR;
    u *= failed ? fails : 1 - fails;
    g *= failed ? 1 - OK_DEGRADED : OK_DEGRADED;
    d *= failed ? 1 - OK_DOWN : OK_DOWN;
    sum = u + g + d;
    t->up = u / sum;
    t->degraded = g / sum;
    t->down = d / sum;
    /* The base rate is learned only while it looks healthy. */
    t->long_n = t->long_n * LONG_KEEP + t->up;
    t->long_failed = t->long_failed * LONG_KEEP + (failed ? t->up : 0);
    t->observations++;
}

void hl_tech_hearsay(struct hl_tech *t, bool failed, double others_n, double others_failed,
                     int64_t now_ns)
{
    int64_t heard_ns = t->heard_ns_, seen_ns = t->seen_ns_, away_ns = t->away_ns_;

    hl_tech_observe(t, failed, others_n, others_failed, now_ns);
    t->heard_ns_ = heard_ns;
    t->seen_ns_ = seen_ns;
    t->away_ns_ = away_ns;
}

void hl_tech_latency(struct hl_tech *t, double seconds, bool answered)
{
    t->latency_s += LATENCY_KEEP * (seconds - t->latency_s);
    if (answered && seconds > 0) {
        /* The first answer says where it is, the next how far they lie apart: were the prior's
         * place given up slowly, the way there would look like spread, and a hang last a second. */
        double a = fmax(LATENCY_KEEP, 1.0 / ++t->latencies), off = log(seconds) - t->mu;

        t->mu += a * off;
        if (t->latencies > 1)
            t->var += fmin(a, 0.1) * (off * off - t->var);
        be_patient(t);
    }
}

/* ---- requests in the air ---- */

enum { PATIENT = 6 };

static int64_t quiet_ns(const struct hl_tech *t)
{
    return (int64_t)(hl_clip(t->patience_s, 0.05, 1) * 1e9);
}

/* Were we away, or had nothing to do? That time is no part of a silence. */
static void listen(struct hl_tech *t, int64_t now_ns)
{
    if (now_ns - t->seen_ns_ > quiet_ns(t) / 2)
        t->away_ns_ += now_ns - t->seen_ns_;
    t->seen_ns_ = now_ns;
}

static int64_t *slot(struct hl_tech *t, uint32_t sequence)
{
    return &t->air_ns_[sequence % HL_AIR];
}

hl_ticket hl_tech_sent(struct hl_tech *t, int64_t now_ns)
{
    if (t->air_next_ - t->air_first_ == HL_AIR) /* the oldest is watched no longer */
        t->air_first_++;
    listen(t, now_ns);
    *slot(t, t->air_next_) = now_ns > 0 ? now_ns : 1;
    return t->air_next_++;
}

static bool in_air(const struct hl_tech *t, hl_ticket ticket)
{
    return ticket - t->air_first_ < t->air_next_ - t->air_first_;
}

bool hl_tech_answered(struct hl_tech *t, hl_ticket ticket)
{
    t->silent = false;
    if (!in_air(t, ticket))
        return true; /* left the window while unanswered: it was counted */
    *slot(t, ticket) = 0;
    return false;
}

uint32_t hl_tech_in_air(const struct hl_tech *t)
{
    uint32_t n = 0;

    for (uint32_t i = t->air_first_; i != t->air_next_; i++)
        n += t->air_ns_[i % HL_AIR] != 0;
    return n;
}

bool hl_tech_silent(struct hl_tech *t, int64_t now_ns)
{
    int64_t patience_ns = quiet_ns(t), silence_ns = now_ns - t->heard_ns_;
    unsigned waiting = 0;

    listen(t, now_ns);
    if (silence_ns - t->away_ns_ <= patience_ns && silence_ns <= PATIENT * patience_ns)
        return false;
    for (uint32_t i = t->air_first_; i != t->air_next_ && waiting < HL_SILENT; i++) {
        int64_t sent_ns = t->air_ns_[i % HL_AIR];

        if (sent_ns == 0)
            continue;
        if (waiting == 0 && now_ns - sent_ns <= patience_ns)
            return false;
        waiting++;
    }
    return waiting == HL_SILENT;
}

void hl_tech_paused(struct hl_tech *t, int64_t ns)
{
    for (uint32_t i = t->air_first_; i != t->air_next_; i++) {
        if (*slot(t, i) != 0)
            *slot(t, i) += ns;
    }
    t->heard_ns_ += ns;
}

/* A single late answer is a late answer. Several at a time, and not a sound since they became late,
 * is a provider that hangs: known long before the first of them is overdue by itself. */
static bool falls_silent(const struct hl_tech *t, int64_t silence_ns, int64_t now_ns)
{
    unsigned late = 0;

    if (now_ns - t->quiet_from_ns_ <= silence_ns)
        return false;
    for (uint32_t i = t->air_first_; i != t->air_next_ && late < SILENT; i++) {
        int64_t sent_ns = t->air_ns_[i % HL_AIR];

        if (sent_ns != 0 && now_ns - sent_ns <= silence_ns)
            break;
        late += sent_ns != 0;
    }
    return late == SILENT;
}

bool hl_tech_overdue(struct hl_tech *t, double timeout_s, int64_t now_ns, hl_ticket *which)
{
    int64_t silence_ns = (int64_t)(hl_clip(t->silence_s, SILENCE_S, 0.8 * timeout_s) * 1e9);
    int64_t patience_ns = (int64_t)(hl_clip(t->patience_s, 1, 0.8 * timeout_s) * 1e9);

    if (now_ns - t->looked_ns_ > PAUSE_NS) /* what came meanwhile has not been read */
        t->quiet_from_ns_ = now_ns;
    t->looked_ns_ = now_ns;
    for (; t->air_first_ != t->air_next_; t->air_first_++) {
        int64_t sent_ns = *slot(t, t->air_first_);

        if (sent_ns == 0)
            continue;
        if (now_ns - sent_ns <= silence_ns)
            return false;
        t->silent = t->silent || falls_silent(t, silence_ns, now_ns);
        if (!t->silent && now_ns - sent_ns <= patience_ns)
            return false;
        *which = t->air_first_++;
        return true;
    }
    return false;
}
