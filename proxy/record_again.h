/* proxy/record_again.h -- a recorded decision, made again: by the policy that made it, or by
 * another.
 */
#ifndef PX_RECORD_AGAIN_H
#define PX_RECORD_AGAIN_H
#include "policies/program.h"
#include "proxy/record_decided.h"

struct px_policy;

struct px_again {
    struct pol_facts facts;
    struct pol_said said;
    struct rt_view view;
    struct rt_verdict verdict;
    struct rt_plan plan;
    /* The policy asked what no record holds (card digits, texts): then this is no answer. */
    bool missed;
    struct px_decided_place missing; /* the test that asked */
};

/*   in      p: compiled for the record's providers in the record's order; NULL: the configured
 *           order decides, as without a policy. trace: NULL, or room for its rules.
 *   gives   what p says to the payment; everything in out. */
void px_again(const struct px_decided *d, const struct px_policy *p, struct pol_trace *trace,
              struct px_again *out);
/* What of verdict and plan is not as recorded, in words; nothing: it is the same, bit for bit. */
bool px_again_same(const struct px_decided *d, const struct px_again *again, struct buf *what);
#endif
