/* health/weight.c */
#include "health/weight.h"

#include "health/cell.h"

void hl_weight_relax(struct hl_weight *w, const struct hl_walk *k, int64_t now_ns)
{
    double keep, dt_s;

    if (w->v <= 0) {
        w->v = k->prior;
        w->at_ns = now_ns;
        return;
    }
    if (now_ns <= w->at_ns)
        return;
    dt_s = (double)(now_ns - w->at_ns) * 1e-9;
    keep = hl_decay(w->at_ns, now_ns, k->tau_s);
    w->m *= keep;
    w->v = k->prior + (w->v - k->prior) * keep * keep + k->walk * dt_s;
    w->v = w->v < k->prior ? w->v : k->prior;
    w->n *= keep;
    w->at_ns = now_ns;
}

void hl_weight_step(struct hl_weight *w, double g, double h, double den, double n)
{
    w->m += w->v * g / den;
    w->v -= w->v * w->v * h / den;
    w->n += n;
}
