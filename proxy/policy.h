/* proxy/policy.h -- a policy file with everything it imports, compiled for a configuration. */
#ifndef PX_POLICY_H
#define PX_POLICY_H
#include "policies/facts.h"
#include "policies/program.h"
#include "proxy/bundle.h"
#include "proxy/zone.h"

struct pol_report;
struct px_config;
struct px_report;
struct px_source;

enum { PX_POLICY_TEXTS = PX_BUNDLE_TEXTS };

struct px_policy {
    struct pol_program *program;
    struct px_zone zone[POL_ZONES_MAX];
    unsigned zones;
    const struct px_source
        *text[PX_POLICY_TEXTS]; /* it itself, imports, lists: as they were read */
    unsigned texts;
};

/* Where texts come from: whoever calls keeps them as long as the program.
 *   path    to be opened; name: as people see it in findings and decisions (kept as well).
 *   gives   NULL after saying why. */
struct px_policy_reader {
    const struct px_source *(*read)(void *ctx, const char *path, const char *name,
                                    struct diag *why);
    void *ctx;
    const char *path; /* of the policy itself; NULL: the one that is built in */
};

/* Everything lives in a. All mistakes of all
 * texts go to report; false if there was one. Imports and lists are looked for beside the text that
 * names them. */
bool px_policy_build(const struct px_config *c, const struct px_policy_reader *reader,
                     struct arena *a, struct px_report *report, struct px_policy *out);
/* What policies/ found in its texts, as findings of a report. */
void px_policy_tell(const struct px_policy *p, const struct pol_report *found,
                    struct px_report *report);
/* The revision that the configured policy has now (file or built in); 0: it does not compile. */
uint64_t px_policy_peek(const struct px_config *c);
/* Gives back what no arena holds, before the arena goes. One that was not built: nothing. */
void px_policy_fini(struct px_policy *p);
/* Its texts, as they can be kept and sent. */
void px_policy_bundle(const struct px_policy *p, struct px_bundle *out);
/* The revision in 16 digits of base 16; "" without a program. */
const char *px_policy_word(const struct px_policy *p, char word[17]);
/* Local time of every zone the policy asks for. */
void px_policy_clock(const struct px_policy *p, struct pol_facts *f);
#endif
