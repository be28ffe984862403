/* health/regime.c */
#include "health/regime.h"

#include <stddef.h>

#include "health/cell.h"

static const double LEFT_DEGRADED = 0.6, LEFT_BROKEN = 0.1; /* of the normal approval */
static const double FLOOR_DEGRADED = 1e-5, FLOOR_BROKEN = 1e-4;
static const double RELAX_S = 300, COMMON_S = 60;
static const double NEW_NORMAL_N = 60, NEW_NORMAL_S = 120;
static const double COMMON_N = 4, COMMON_KAPPA = 3, COMMON_MATTERS = -0.3;

double hl_regime_sick(const struct hl_regime *r)
{
    return r->degraded + r->broken;
}

void hl_regime_relax(struct hl_regime *r, int64_t now_ns)
{
    double keep;

    if (now_ns <= r->at_ns)
        return;
    if (hl_regime_sick(r) > 0) {
        keep = hl_decay(r->at_ns, now_ns, RELAX_S);
        r->degraded *= keep;
        r->broken *= keep;
    }
    if (r->seen > 0) {
        keep = hl_decay(r->at_ns, now_ns, COMMON_S);
        r->seen *= keep;
        r->approved *= keep;
        r->expected *= keep;
    }
    r->at_ns = now_ns;
}

double hl_regime_factor(const struct hl_regime *r, double a, double common)
{
    double left;

    if (hl_regime_sick(r) <= 0.01)
        return 1;
    left = 1 - r->degraded * (1 - LEFT_DEGRADED) - r->broken * (1 - LEFT_BROKEN);
    if (common < -0.05) {
        double shared = hl_expit(hl_logit(a) + common) / a;

        left /= shared > 0.05 ? shared : 0.05;
    }
    return left < 1 ? left : 1;
}

static void weigh(struct hl_regime *r, bool approved, double normal)
{
    double d = r->degraded > FLOOR_DEGRADED ? r->degraded : FLOOR_DEGRADED;
    double b = r->broken > FLOOR_BROKEN ? r->broken : FLOOR_BROKEN;
    double n = 1 - d - b, sum;

    n = n > 0 ? n : 0;
    n *= approved ? normal : 1 - normal;
    d *= approved ? normal * LEFT_DEGRADED : 1 - normal * LEFT_DEGRADED;
    b *= approved ? normal * LEFT_BROKEN : 1 - normal * LEFT_BROKEN;
    sum = n + d + b;
    r->degraded = d / sum;
    r->broken = b / sum;
}

/* Sick with nobody else suffering: count, for the day it turns out to be the new normal. */
static bool lasts(struct hl_regime *r, bool approved, int64_t now_ns)
{
    if (r->run_n <= 0)
        r->run_from_ns = now_ns;
    r->run_n += 1;
    r->run_s += approved;
    return r->run_n >= NEW_NORMAL_N && (double)(now_ns - r->run_from_ns) * 1e-9 >= NEW_NORMAL_S;
}

bool hl_regime_observe(struct hl_regime *r, bool approved, double normal, double plain,
                       double common, int64_t now_ns)
{
    bool lasting = false;

    hl_regime_relax(r, now_ns);
    weigh(r, approved, normal);
    if (hl_regime_sick(r) > 0.5) {
        if (!approved && r->setbacks < 8)
            r->setbacks++;
        if (common > COMMON_MATTERS)
            lasting = lasts(r, approved, now_ns);
    } else if (hl_regime_sick(r) < 0.05) {
        r->setbacks = 0;
        r->run_n = r->run_s = 0;
    }
    r->seen += 1;
    r->approved += approved;
    r->expected += plain;
    return lasting;
}

void hl_regime_clear(struct hl_regime *r)
{
    r->degraded = r->broken = r->run_n = r->run_s = 0;
    r->setbacks = 0;
}

double hl_regime_common(struct hl_regime *const *row, unsigned n, int64_t now_ns)
{
    double mildest = -9;
    unsigned having = 0;

    for (unsigned i = 0; i < n; i++) {
        struct hl_regime *r = row[i];
        double e, drop;

        if (r == NULL || r->seen < COMMON_N) /* it only fades */
            continue;
        hl_regime_relax(r, now_ns);
        if (r->seen < COMMON_N)
            continue;
        e = hl_clip(r->expected / r->seen, 0.02, 0.98);
        drop = hl_logit((r->approved + COMMON_KAPPA * e) / (r->seen + COMMON_KAPPA)) - hl_logit(e);
        having++;
        mildest = drop > mildest ? drop : mildest;
    }
    return having < 2 || mildest > 0 ? 0 : mildest;
}
