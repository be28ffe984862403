/* proxy/cmd_policy_rollback.c -- policy rollback: a revision that was in force before. */
#include "proxy/cmd_policy_live.h"
#include "routing/base/check.h"

static void member(json_t *body, const char *name, const char *value)
{
    if (value != NULL && value[0] != '\0')
        CHECK(json_object_set_new(body, name, json_string(value)) == 0);
}

static int run(const struct px_cli *c)
{
    struct px_policy_line l = { .cli = c };
    json_t *body, *result = NULL;
    int status, e = px_policy_reason(c);

    if (e != PX_YES || (e = px_policy_line_open(c, &l)) != PX_YES)
        return e;
    body = json_object();
    member(body, "revision", c->operands == 0 ? NULL : c->operand[0]);
    member(body, "reason", px_cli_value(c, "reason"));
    member(body, "expect", px_cli_value(c, "expect"));
    if (px_cli_has(c, "dry-run"))
        CHECK(json_object_set_new(body, "dry_run", json_true()) == 0);
    e = px_policy_ask(&l, "POST", "/v1/policy/rollback", body, true, &result, &status);
    if (e == PX_YES)
        e = px_policy_act_tell(c, result, status);
    json_decref(result);
    px_policy_line_close(&l);
    return e;
}

static const struct px_option options[] = {
    { "reason", 'm', "TEXT", "why, for the history and the audit log" },
    { "expect", 0, "REVISION", "only if this one is in force; else exit 4" },
    { "dry-run", 'n', NULL, "see whether it could be, and leave it at that" },
    PX_OPTION_ADMIN,
    { .name = NULL },
};

const struct px_command px_cmd_policy_rollback = {
    .name = "policy rollback",
    .operands = "[REVISION]",
    .operands_max = 1,
    .summary = "put an earlier policy into force again",
    .help =
        "REVISION: its first digits (4 or more), as `policy history` shows it; without one, what\n"
        "was in force before. Its texts come from the gateway's own store, byte for byte; expects\n"
        "are not asked. Twice without REVISION is back where you were. Of a fleet, this node "
        "alone.\n"
        "Exit: 0 in force, 1 not known or not kept any more, 4 stale or not allowed.",
    .option = options,
    .json = true,
    .run = run,
};
