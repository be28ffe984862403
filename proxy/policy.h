/* proxy/policy.h -- a policy file with everything it imports, compiled for a configuration. */
#ifndef PX_POLICY_H
#define PX_POLICY_H
#include "policies/facts.h"
#include "policies/program.h"
#include "proxy/zone.h"

struct px_config;
struct px_report;
struct px_source;

struct px_policy {
    const struct pol_program *program; /* NULL: there is none */
    struct px_zone zone[POL_ZONES_MAX];
    unsigned zones;
};

/* Where texts come from: whoever calls keeps them as long as the program.
 *   path    to be opened; name: as people see it in findings and decisions (kept as well).
 *   gives   NULL after saying why. */
struct px_policy_reader {
    const struct px_source *(*read)(void *ctx, const char *path, const char *name,
                                    struct diag *why);
    void *ctx;
};

/* Everything lives in a. All mistakes of all texts go to report; false if there was one. Imports
 * and lists are looked for beside the text that names them. */
bool px_policy_build(const struct px_config *c, const struct px_policy_reader *reader,
                     struct arena *a, struct px_report *report, struct px_policy *out);
/* Local time of every zone the policy asks for. */
void px_policy_clock(const struct px_policy *p, struct pol_facts *f);
#endif
