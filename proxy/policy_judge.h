/* proxy/policy_judge.h -- what can be said about a policy before it decides: do its expects hold,
 * what is doubtful in it, which payments will go elsewhere. */
#ifndef PX_POLICY_JUDGE_H
#define PX_POLICY_JUDGE_H
#include "policies/diff.h"
#include "policies/expect.h"
#include "proxy/policy.h"

enum {
    PX_JUDGED_FAILS = 20,
    PX_POLICY_OLD_DAYS = 30, /* a list file that has not changed for longer is doubtful */
};

struct px_judged {
    unsigned passed, failed;                        /* expects */
    struct pol_expect_result fail[PX_JUDGED_FAILS]; /* the first of those that failed */
    const struct pol_diff *diff; /* NULL: there was no policy before, or it is too big */
};

/* Lint's warnings, and rules that were renamed, go to report.
 *   in      before: what is in force, or NULL; a: room, for as long as *out is looked at.
 *   errors  E_LIMIT: the arena was full. */
MUST enum err px_policy_judge(const struct px_config *c, const struct px_policy *p,
                              const struct px_policy *before, struct arena *a,
                              struct px_report *report, struct px_judged *out);
#endif
