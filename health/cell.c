/* health/cell.c */
#include "health/cell.h"

#include <math.h>

static const double LN2 = 0.69314718055994531;

double hl_clip(double x, double low, double high)
{
    return x < low ? low : x > high ? high : x;
}

double hl_logit(double p)
{
    p = hl_clip(p, 1e-9, 1 - 1e-9);
    return log(p / (1 - p));
}

double hl_expit(double x)
{
    return 1 / (1 + exp(-x));
}

double hl_decay(int64_t from_ns, int64_t to_ns, double tau_s)
{
    return to_ns <= from_ns ? 1 : exp(-(double)(to_ns - from_ns) * 1e-9 / tau_s);
}

static void scale(struct hl_cell *c, double by)
{
    c->n *= by;
    c->s *= by;
}

void hl_cell_add(struct hl_cell *c, struct hl_fade f, double y, double weight, int64_t now_ns)
{
    if (now_ns > c->at_ns) {
        scale(c, hl_decay(c->at_ns, now_ns, f.half_life_s / LN2));
        c->at_ns = now_ns;
    }
    c->n += weight;
    c->s += weight * y;
    if (c->n > f.n_max)
        scale(c, f.n_max / c->n);
}
