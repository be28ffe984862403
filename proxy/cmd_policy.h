/* proxy/cmd_policy.h -- `signalbox policy …`: what a payments team does with its policies. */
#ifndef PX_CMD_POLICY_H
#define PX_CMD_POLICY_H
#include "proxy/cli.h"
#include "proxy/cmd_policy_draft.h"

extern const struct px_command px_cmd_policy_ast, px_cmd_policy_attributes, px_cmd_policy_check,
    px_cmd_policy_diff, px_cmd_policy_fmt, px_cmd_policy_lint, px_cmd_policy_test;

/* Findings of one or more files in the format of --format (or --json). */
enum px_policy_format {
    PX_POLICY_TEXT,
    PX_POLICY_JSON,
    PX_POLICY_SARIF,
    PX_POLICY_GITHUB,
    PX_POLICY_JUNIT,
};
/* False with a complaint: there is no such format. */
bool px_policy_format(const struct px_cli *c, enum px_policy_format *out);
/* Findings of several reports as one document. */
void px_policy_report(enum px_policy_format format, struct px_draft *const *p, unsigned n,
                      bool color);
/* Loads, and tells when the file itself cannot be read. */
int px_policy_open(const struct px_cli *c, const char *path, struct px_draft **out);
#endif
