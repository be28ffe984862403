/* proxy/cmd_policy_live.h -- `signalbox policy …` of a running gateway: what is in force, and
 * another one in its place. */
#ifndef PX_CMD_POLICY_LIVE_H
#define PX_CMD_POLICY_LIVE_H
#include <jansson.h>

#include "proxy/admin_client.h"
#include "proxy/cli.h"

extern const struct px_command px_cmd_policy_apply, px_cmd_policy_history, px_cmd_policy_rollback,
    px_cmd_policy_show;

struct px_policy_line {
    const struct px_cli *cli;
    struct px_admin_client *client;
};
/* Gives PX_YES, or the exit code, told. */
int px_policy_line_open(const struct px_cli *c, struct px_policy_line *l);
void px_policy_line_close(struct px_policy_line *l);
/* One call. Takes body (NULL: none). Gives PX_YES with the answer in *out (the caller's) for 2xx
 * and, if findings, also for an act that was refused; else the exit code, told. */
int px_policy_ask(struct px_policy_line *l, const char *method, const char *path, json_t *body,
                  bool findings, json_t **out, int *status);
/* "" if it is not there. */
const char *px_policy_text(const json_t *o, const char *name);
/* What an apply or rollback came to, for people or (--json) as it is; gives the exit code. */
int px_policy_act_tell(const struct px_cli *c, const json_t *result, int status);
/* --reason is there, or this is a dry run; else tells, and gives PX_USAGE. */
int px_policy_reason(const struct px_cli *c);
#endif
