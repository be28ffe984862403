/* proxy/cmd_serve.c -- `signalbox serve`: the gateway itself. */
#include "proxy/cmd_serve.h"

#include <stddef.h>
#include <unistd.h>

#include "proxy/cli.h"
#include "proxy/cmd_config.h"
#include "proxy/config.h"
#include "proxy/control.h"
#include "proxy/credentials.h"
#include "proxy/harden.h"
#include "proxy/log.h"
#include "proxy/report.h"
#include "proxy/rollout.h"
#include "proxy/state.h"

enum { SETS_MAX = 64 };

static enum err open_state(const struct px_cli *c, const struct px_config *config)
{
    struct diag why = { 0 };

    if (config->state_path == NULL || px_state_open(config->state_path, &why) == OK)
        return OK;
    (void)px_cli_fail(c, PX_NO, "%s; %s", why.text, why.help);
    return E_IO;
}

/* Everything that can be said about the configuration is said at once. */
static enum err load(const struct px_cli *c, struct px_config **config,
                     struct px_credentials **credentials, struct px_rollout **rollout)
{
    const char *set[SETS_MAX];
    struct px_config_sources from = { .file = px_cli_value(c, "config"),
                                      .set = set,
                                      .environment = environ };
    struct px_report *report = px_report_create();
    enum err e;

    while (from.sets < SETS_MAX && (set[from.sets] = px_cli_nth(c, "set", from.sets)) != NULL)
        from.sets++;
    if (from.file == NULL)
        from.file = PX_CONFIG_FILE;
    e = px_config_load(&from, report, config);
    if (e == OK)
        e = px_credentials_load((*config)->credential_file, (*config)->credential_files, report,
                                credentials);
    if (e == OK)
        e = open_state(c, *config);
    if (e == OK)
        e = px_rollout_open(*config, report, rollout);
    px_report_print(report, stderr, c->color);
    px_report_destroy(report);
    return e;
}

static int serve(const struct px_cli *c)
{
    struct px_config *config = NULL;
    struct px_credentials *credentials = NULL;
    struct px_rollout *rollout = NULL;
    struct diag why = { 0 };
    int exit_code = PX_YES;

    px_harden();
    if (load(c, &config, &credentials, &rollout) != OK)
        exit_code = PX_NO;
    else if (px_log_open(config->log_file, config->log_level) != OK)
        exit_code = px_cli_fail(c, PX_NO, "can not write the log to %s", config->log_file);
    else if (px_control_run(config, credentials, rollout, &why) != OK)
        exit_code = px_cli_fail(c, PX_NO, "%s", why.text[0] == '\0' ? "can not start" : why.text);
    px_rollout_close(rollout);
    px_credentials_destroy(credentials);
    px_config_destroy(config);
    return exit_code;
}

const struct px_command px_cmd_serve = {
    .name = "serve",
    .summary = "run the gateway",
    .help = "Runs in the foreground until SIGTERM or SIGINT: then it stops accepting, lets "
            "payments land\n"
            "and ends. A second signal ends it at once; the journal knows what was in the air.\n"
            "SIGHUP reads the certificate and the tables of decisions anew, SIGUSR1 reopens the "
            "log file.\n",
    .option = (const struct px_option[]){ PX_OPTION_CONFIG, PX_OPTION_SET, { .name = NULL } },
    .run = serve,
};
