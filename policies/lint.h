/* policies/lint.h -- what is allowed and probably not meant. */
#ifndef POL_LINT_H
#define POL_LINT_H
#include "policies/program.h"

/* Adds warnings (and E301) to report. covered: from a run of the expects, or NULL.
 *   errors  E_LIMIT: the arena was full. */
MUST enum err pol_lint(const struct pol_program *p, const bool *covered, struct arena *a,
                       struct pol_report *report);
#endif
