/* policies/diff.h -- which payments two policies send different ways.
 *
 * Payments are made from the constants of both policies: a payment for every way in which each rule
 * of either can match, and many more whose attributes are drawn from the values the policies tell
 * apart. A class is a pair of rules (or of routes) with one sample payment, made as plain as the
 * difference allows. What no sample met is not found: the number of payments tried is told. */
#ifndef POL_DIFF_H
#define POL_DIFF_H
#include "policies/program.h"

struct pol_diff_class {
    const char *rule_a, *rule_b;   /* that decide */
    const char *route_a, *route_b; /* "adyen then stripe", "declined" */
    const char *payment;           /* as `payment …` would say it */
    unsigned payments;             /* how many of those tried */
};

enum { POL_DIFF_CLASSES = 200 };

struct pol_diff {
    struct pol_diff_class cls[POL_DIFF_CLASSES];
    unsigned classes, tried, differ;
    bool more; /* than fit */
};

/* Providers are compared by name. rounds: random payments beside the directed ones.
 *   errors  E_LIMIT: the arena was full. */
MUST enum err pol_diff(const struct pol_program *a, const struct pol_program *b, uint64_t seed,
                       unsigned rounds, struct arena *arena, struct pol_diff *out);

/* W306 to report: rules of `now` that deal customers by their name, under a name that `before` does
 * not have. */
void pol_renamed(const struct pol_program *before, const struct pol_program *now,
                 struct pol_report *report);
#endif
