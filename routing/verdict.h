/* routing/verdict.h -- what the policy said about one payment. Written by policies/, read by
 * plan.c. */
#ifndef RT_VERDICT_H
#define RT_VERDICT_H
#include <stdbool.h>
#include <stdint.h>

#include "routing/base/limits.h"

struct rt_verdict {
    uint8_t provider[LIMIT_PROVIDERS]; /* indices, in the order to try them */
    uint8_t providers;
    bool decline;     /* the policy turns the payment away */
    const char *rule; /* name of the rule that decided; static for the snapshot's life */
    const char *file; /* where it stands */
    unsigned line;
    uint64_t revision; /* of the policy; 0: configured order, no policy */
    uint8_t moves_max; /* how often a closed attempt may be followed by another provider */
    int64_t within_ns; /* no further provider after this long */
};

/* The configured order: every provider once, first to last. What decides until a policy does. */
void rt_verdict_in_order(struct rt_verdict *v, unsigned providers);
#endif
