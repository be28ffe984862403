/* routing/verdict.h -- what the policy said about one payment. Written by policies/, read by
 * plan.c. */
#ifndef RT_VERDICT_H
#define RT_VERDICT_H
#include <stdbool.h>
#include <stdint.h>

#include "routing/base/limits.h"
#include "routing/outcome.h"

struct rt_verdict {
    uint8_t provider[LIMIT_PROVIDERS]; /* indices, in the order to try them */
    uint8_t providers;
    /* These of them were ordered by value, and nobody insists: the plan may put one of them first
     * that shall be looked at again, or leave a new one behind. scored 0: none. */
    uint8_t scored_from, scored;
    bool decline;     /* the policy turns the payment away */
    const char *rule; /* name of the rule that decided; static for the snapshot's life */
    const char *file; /* where it stands */
    unsigned line;
    uint64_t revision; /* of the policy; 0: configured order, no policy */
    uint8_t moves_max; /* how often a closed attempt may be followed by another provider */
    int64_t within_ns; /* no further provider after this long */

    /* Why each of them stands there; by the same place as provider[]. Policies only. */
    uint16_t rule_of[LIMIT_PROVIDERS]; /* 1 + the program's index of the rule; 0: none said */
    uint16_t rules_matched;            /* how many rules spoke, `then continue` included */
    const char *decline_why;           /* the policy's words; NULL unless decline */

    /* What the policy's `retry` says; scheme rules and the laws of one charge stand above it. */
    bool retry_said;                /* false: no `retry` applies, the moves below are the default */
    uint8_t retry_to;               /* 1 + the provider that is asked next; 0: the next in order */
    uint16_t retry_on, retry_never; /* 1 << enum rt_category */
    uint64_t retry_on_code[2], retry_never_code[2]; /* bit c: enum rt_code c */
};

/* The configured order: every provider once, first to last. What decides until a policy does. */
void rt_verdict_in_order(struct rt_verdict *v, unsigned providers);
/* May the payment go on to another provider after an attempt that closed with this code? Only what
 * the policy thinks of it: whether it is safe and of use, routing/flight.c decides. A word about
 * the code counts more than one about its category, `never on` more than `on`. */
bool rt_verdict_moves(const struct rt_verdict *v, enum rt_code c);
#endif
