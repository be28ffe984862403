/* policies/expect.h -- runs the `expect`s of a policy. */
#ifndef POL_EXPECT_H
#define POL_EXPECT_H
#include <stdbool.h>

#include "policies/diag.h"
#include "policies/program.h"

/* Offset of a zone's clock from UTC at a moment; POL_NO_ZONE if there is no such zone. */
typedef int32_t pol_offset_fn(void *ctx, const char *zone, int64_t unix_s);

struct pol_expect_result {
    const char *name, *file;
    unsigned line;
    bool passed;
    char why[400]; /* what came out instead */
};

struct pol_expect_run {
    const struct pol_env *env;
    pol_offset_fn *offset; /* NULL: only UTC */
    void *ctx;
    /* Called for each in the order of the file. */
    void (*told)(void *ctx, const struct pol_expect_result *r);
    unsigned passed, failed;
    bool *covered; /* NULL, or pol_program_rules() of them: rules that decided or were passed
                      through */
};

/* Payments of one expect are a few or, with `over 10_000 payments`, that many.
 *   errors  E_LIMIT: the arena was full. */
MUST enum err pol_expect_run(const struct pol_program *p, struct pol_expect_run *run,
                             struct arena *a);
unsigned pol_program_expects(const struct pol_program *p);
#endif
