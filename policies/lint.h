/* policies/lint.h -- what is allowed and probably not meant. */
#ifndef POL_LINT_H
#define POL_LINT_H
#include "policies/program.h"

/* Adds warnings (and E301) to report. covered: from a run of the expects, or NULL.
 *   errors  E_LIMIT: the arena was full. */
MUST enum err pol_lint(const struct pol_program *p, const bool *covered, struct arena *a,
                       struct pol_report *report);
/* Adds a warning for every rule that none of so many recorded decisions needed; hit: by rule. The
 * default and rules that are off need no reason to be idle. */
void pol_lint_hits(const struct pol_program *p, const uint64_t *hit, uint64_t decisions,
                   struct pol_report *report);

/* W307 for list files that have not changed for so many days.
 *   in      changed_s: when the file of this name was last changed, seconds since 1970; 0: unknown.
 */
void pol_lint_ages(const struct pol_program *p, int64_t (*changed_s)(void *ctx, const char *file),
                   void *ctx, int64_t now_s, unsigned days, struct pol_report *report);
#endif
