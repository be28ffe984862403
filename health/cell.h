/* health/cell.h -- discounted counters: what was seen, how often it went well. Old evidence fades
 * with a half-life; the count is capped so that a long past can not outvote the present. */
#ifndef HL_CELL_H
#define HL_CELL_H
#include <stdint.h>

struct hl_cell {
    double n, s;   /* observations, successes; discounted */
    int64_t at_ns; /* of the last discount */
};

/* How a kind of cell fades: half-life in seconds, and the most observations it may hold. */
struct hl_fade {
    double half_life_s, n_max;
};

/* Observations of which a share y went well; weight: how many, 0 or more. */
void hl_cell_add(struct hl_cell *c, struct hl_fade f, double y, double weight, int64_t now_ns);

double hl_logit(double p); /* p is held within 1e-9 of 0 and 1 */
double hl_expit(double x);
double hl_clip(double x, double low, double high);
/* e^-(dt/tau); 1 for dt <= 0. Times in nanoseconds, tau in seconds. */
double hl_decay(int64_t from_ns, int64_t to_ns, double tau_s);
#endif
