/* health/regime.h -- has a provider's approval broken for somebody? Normal, degraded, broken.
 *
 * Kept for a provider as a whole, for each card group at it and for each BIN at it: an issuer's
 * path can break while everything technical is fine. */
#ifndef HL_REGIME_H
#define HL_REGIME_H
#include <stdbool.h>
#include <stdint.h>

struct hl_regime {
    double degraded, broken; /* posterior; the rest is normal */
    int64_t at_ns;
    double seen, approved, expected; /* memory 120 s: for "does everybody suffer?" */
    double run_n, run_s;             /* while sick: observations, approvals */
    int64_t run_from_ns, next_probe_ns;
    uint8_t setbacks;
};

void hl_regime_relax(struct hl_regime *r, int64_t now_ns);
double hl_regime_sick(const struct hl_regime *r);
/* What is left of a probability of approval a, when `common` (a logit, <= 0) hits everybody anyway.
 */
double hl_regime_factor(const struct hl_regime *r, double a, double common);
/* One answer. normal: the approval to expect now, common trouble included; plain: without it.
 * True when the sick run has lasted so long that it must be taken as the new normal: the caller
 * adopts run_s / run_n and calls hl_regime_clear. */
bool hl_regime_observe(struct hl_regime *r, bool approved, double normal, double plain,
                       double common, int64_t now_ns);
void hl_regime_clear(struct hl_regime *r);
/* The mildest recent drop (logit <= 0) among the regimes with enough evidence: what nobody escapes.
 * 0 unless at least two have it. row[n] may hold NULLs. */
double hl_regime_common(struct hl_regime *const *row, unsigned n, int64_t now_ns);
#endif
