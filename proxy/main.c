/* proxy/main.c -- the table of commands. One line each, in the order people meet them. */
#include <stddef.h>

#include "proxy/cli.h"
#include "proxy/cmd_adapter.h"
#include "proxy/cmd_audit.h"
#include "proxy/cmd_bins.h"
#include "proxy/cmd_config.h"
#include "proxy/cmd_credential.h"
#include "proxy/cmd_explain.h"
#include "proxy/cmd_explain_record.h"
#include "proxy/cmd_nodes.h"
#include "proxy/cmd_openapi.h"
#include "proxy/cmd_override.h"
#include "proxy/cmd_payment.h"
#include "proxy/cmd_policy.h"
#include "proxy/cmd_policy_live.h"
#include "proxy/cmd_provider.h"
#include "proxy/cmd_route.h"
#include "proxy/cmd_serve.h"
#include "proxy/cmd_simulate.h"
#include "proxy/cmd_status.h"
#include "proxy/cmd_try.h"

/* clang-format off */
static const struct px_command *const commands[] = {
    &px_cmd_serve,
    &px_cmd_status,
    &px_cmd_nodes,
    &px_cmd_provider_show,
    &px_cmd_provider_stop,
    &px_cmd_provider_drain,
    &px_cmd_provider_limit,
    &px_cmd_provider_force_on,
    &px_cmd_provider_resume,
    &px_cmd_override_list,
    &px_cmd_override_extend,
    &px_cmd_override_clear,
    &px_cmd_breaker_history,
    &px_cmd_breaker_open,
    &px_cmd_breaker_close,
    &px_cmd_breaker_reset,
    &px_cmd_audit,
    &px_cmd_config_check,
    &px_cmd_config_print,
    &px_cmd_config_reference,
    &px_cmd_credential_new,
    &px_cmd_credential_list,
    &px_cmd_payment_show,
    &px_cmd_payment_unresolved,
    &px_cmd_adapter_judge,
    &px_cmd_adapter_ask,
    &px_cmd_adapter_decline,
    &px_cmd_route_try,
    &px_cmd_route_explain,
    &px_cmd_policy_check,
    &px_cmd_policy_test,
    &px_cmd_policy_fmt,
    &px_cmd_policy_lint,
    &px_cmd_policy_diff,
    &px_cmd_policy_simulate,
    &px_cmd_policy_apply,
    &px_cmd_policy_history,
    &px_cmd_policy_rollback,
    &px_cmd_policy_show,
    &px_cmd_policy_ast,
    &px_cmd_policy_attributes,
    &px_cmd_route_engine,
    &px_cmd_bins_build,
    &px_cmd_bins_show,
    &px_cmd_explain,
    &px_cmd_openapi,
    &px_cmd_completion,
    &px_cmd_help,
    &px_cmd_version,
    NULL,
};
/* clang-format on */

int main(int argc, char **argv)
{
    return px_cli_main(commands, argc, argv);
}
