/* health/cell.h -- discounted counters: what was seen, how often it went well, how often it was
 * expected to. Old evidence fades with a half-life; the count is capped so that a long past can not
 * outvote the present. */
#ifndef HL_CELL_H
#define HL_CELL_H
#include <stdint.h>

struct hl_cell {
    double n, s, e; /* observations, successes, expected successes; discounted */
    int64_t at_ns;  /* of the last discount */
};

/* How a kind of cell fades: half-life in seconds, and the most observations it may hold. */
struct hl_fade {
    double half_life_s, n_max;
};

/* One observation: y 0 or 1, expected what the parents had predicted, weight 0..1. */
void hl_cell_add(struct hl_cell *c, struct hl_fade f, double y, double expected, double weight,
                 int64_t now_ns);

/* The cell's own offset on the logit scale against what its parents expected, shrunk towards 0 by
 * kappa observations of prior. 0 for an empty cell. */
double hl_cell_offset(const struct hl_cell *c, double kappa);

double hl_logit(double p); /* p is held within 1e-9 of 0 and 1 */
double hl_expit(double x);
double hl_clip(double x, double low, double high);
/* e^-(dt/tau); 1 for dt <= 0. Times in nanoseconds, tau in seconds. */
double hl_decay(int64_t from_ns, int64_t to_ns, double tau_s);
#endif
