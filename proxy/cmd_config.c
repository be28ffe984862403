/* proxy/cmd_config.c */
#include "proxy/cmd_config.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "proxy/credentials.h"
#include "proxy/report.h"
#include "proxy/snapshot.h"

static struct px_config_sources sources(const struct px_cli *c, const char *set[PX_CLI_VALUES])
{
    const char *file = px_cli_value(c, "config");
    struct px_config_sources from = { .file = file != NULL ? file : PX_CONFIG_FILE,
                                      .set = set,
                                      .environment = environ };

    while ((set[from.sets] = px_cli_nth(c, "set", from.sets)) != NULL)
        from.sets++;
    return from;
}

int px_cmd_config_load(const struct px_cli *c, struct px_config **out)
{
    const char *set[PX_CLI_VALUES + 1];
    struct px_config_sources from = sources(c, set);
    struct px_report *report = px_report_create();
    enum err e = px_config_load(&from, report, out);

    px_report_print(report, stderr, c->color);
    px_report_destroy(report);
    return e == OK ? PX_YES : PX_NO;
}

static const char *journal_of(const struct px_config *c)
{
    return c->journal_path != NULL ? c->journal_path : "in memory";
}

static void print_summary(const char *file, const struct px_config *c, unsigned credentials)
{
    printf("%s is good: %u provider%s, %u worker%s, %u credential%s, journal %s\n", file,
           c->providers, c->providers == 1 ? "" : "s", c->workers, c->workers == 1 ? "" : "s",
           credentials, credentials == 1 ? "" : "s", journal_of(c));
}

/* Everything stays until the report is printed: findings point into it. */
static int run_check(const struct px_cli *c)
{
    const char *set[PX_CLI_VALUES + 1];
    struct px_config_sources from = sources(c, set);
    struct px_report *report = px_report_create();
    struct px_credentials *credentials = NULL;
    struct px_config *config = NULL;
    struct px_snapshot *snapshot = NULL;
    enum err e;

    if (c->operands == 1)
        from.file = c->operand[0];
    e = px_config_load(&from, report, &config);
    if (e == OK)
        e = px_credentials_load(config->credential_file, config->credential_files, report,
                                &credentials);
    if (e == OK)
        e = px_snapshot_build(config, NULL, report, &snapshot);
    if (c->json)
        px_report_print_json(report, stdout);
    else
        px_report_print(report, stderr, c->color);
    if (e == OK && !c->json)
        print_summary(from.file, config, px_credentials_count(credentials));
    px_report_destroy(report);
    px_snapshot_unref(snapshot);
    px_credentials_destroy(credentials);
    px_config_destroy(config);
    return e == OK ? PX_YES : PX_NO;
}

static const struct px_option options[] = { PX_OPTION_CONFIG, PX_OPTION_SET, { .name = NULL } };

const struct px_command px_cmd_config_check = {
    .name = "config check",
    .operands = "[FILE]",
    .operands_max = 1,
    .summary = "whether a configuration is right, and if not, where",
    .help = "Reads everything that serve would read (the file, conf.d/*.yaml beside it, the\n"
            "environment, --set, secrets, certificates, credentials) and tells every mistake with\n"
            "its place, its code and what to write instead. Starts nothing, connects to nobody.\n"
            "Exit: 0 good (warnings may be printed), 1 mistakes.",
    .option = options,
    .json = true,
    .run = run_check,
};

static int run_print(const struct px_cli *c)
{
    struct px_config *config;
    int e = px_cmd_config_load(c, &config);

    if (e != PX_YES)
        return e;
    if (c->json)
        px_config_print_json(config, stdout);
    else
        px_config_print(config, stdout);
    px_config_destroy(config);
    return PX_YES;
}

static const struct px_option print_options[] = {
    PX_OPTION_CONFIG,
    PX_OPTION_SET,
    { "effective", 0, NULL, "with defaults and origins (always so; accepted for clearness)" },
    { .name = NULL },
};

const struct px_command px_cmd_config_print = {
    .name = "config print",
    .summary = "every setting in effect, and where it was set",
    .help = "Secrets appear as the reference that names them, never as what they are.",
    .option = print_options,
    .json = true,
    .run = run_print,
};

static int run_reference(const struct px_cli *c)
{
    (void)c;
    px_config_reference(stdout);
    return PX_YES;
}

const struct px_command px_cmd_config_reference = {
    .name = "config reference",
    .summary = "all settings there are, as the page docs/config.md",
    .run = run_reference,
};
