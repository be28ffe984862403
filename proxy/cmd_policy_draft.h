/* proxy/cmd_policy_draft.h -- policies from files: the text, its imports and lists, the time zones.
 */
#ifndef PX_CMD_POLICY_DRAFT_H
#define PX_CMD_POLICY_DRAFT_H
#include "policies/diag.h"
#include "policies/expect.h"
#include "policies/program.h"
#include "proxy/zone.h"

struct px_draft {
    struct arena arena; /* everything but zones and files */
    struct pol_report report;
    struct pol_program *program; /* NULL: it has errors */
    struct pol_env env;
    struct pol_source *first_source; /* the text of the file itself */
    void *user;                      /* the caller's */
    void *files_;
    struct px_zone last_zone_; /* of px_draft_offset */
    bool last_known_;
    char last_name_[64];
};

/* Reads and compiles; path "-": standard input, "builtin": what is built in.
 *   in      providers: the configured ones by index, or n 0.
 *   gives   *out, also with errors in its report; the caller destroys it.
 *   errors  E_IO: the file itself cannot be read (why); E_SYNTAX: the report holds errors; E_LIMIT.
 */
MUST enum err px_draft_load(const char *path, const char *const *provider, unsigned providers,
                            struct px_draft **out, struct diag *why);
void px_draft_destroy(struct px_draft *p);
/* For pol_lint_ages; ctx is the draft. */
int64_t px_draft_changed_s(void *ctx, const char *file);
/* pol_offset_fn; ctx is the draft. */
int32_t px_draft_offset(void *ctx, const char *zone, int64_t unix_s);
#endif
