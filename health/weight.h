/* health/weight.h -- one effect on approval, as far as it is known: a mean and a variance on the
 * logit scale.
 *
 * The logit of a card's approval at a provider is a sum of such effects (health/book.h). Each
 * outcome moves them all at once, each by its share of the doubt, so none has to wait for another
 * to be learned. What is not observed drifts back to where nothing is known. docs/health.md,
 * "Approval". */
#ifndef HL_WEIGHT_H
#define HL_WEIGHT_H
#include <stdint.h>

struct hl_weight {
    double m, v;   /* mean and variance; v 0: nothing was ever seen, the prior holds */
    double n;      /* observations, fading */
    int64_t at_ns; /* of the last relaxing */
};

/* How a kind of effect behaves: how far it may lie from 0, and how soon it forgets; walk: how much
 * variance it gains per second beside that. */
struct hl_walk {
    double prior, tau_s, walk;
};

static inline double hl_weight_var(const struct hl_weight *w, const struct hl_walk *k)
{
    return w->v > 0 ? w->v : k->prior;
}

void hl_weight_relax(struct hl_weight *w, const struct hl_walk *k, int64_t now_ns);
/* Newton's step for observations whose log-likelihood has gradient g and curvature h; den: 1 + h x
 * (the sum of all variances). */
void hl_weight_step(struct hl_weight *w, double g, double h, double den, double n);
#endif
