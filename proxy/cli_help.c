/* proxy/cli_help.c -- help pages, printed from the table of commands. */
#include <stdio.h>
#include <string.h>

#include "proxy/cli.h"

static bool in_group(const struct px_command *c, const char *group)
{
    return group == NULL || (strlen(group) == px_cli_first_word(c) &&
                             strncmp(c->name, group, px_cli_first_word(c)) == 0);
}

void px_cli_overview(const struct px_command *const *table, const char *group)
{
    printf("Signalbox routes each payment to one provider, and never charges twice.\n\n"
           "usage: signalbox COMMAND [OPTIONS]\n\n");
    for (; *table != NULL; table++) {
        if (in_group(*table, group))
            printf("  %-22s %s\n", (*table)->name, (*table)->summary);
    }
    printf("\nsignalbox COMMAND --help tells more.\n"
           "exit: 0 done or yes, 1 no, 2 usage, 3 unreachable, 4 refused, 5 unconfirmed\n");
}

static void print_option(const struct px_option *o)
{
    char left[64];
    const char letter[] = { '-', o->letter, ',', ' ', '\0' };

    (void)snprintf(left, sizeof left, "%s--%s%s%s", o->letter != 0 ? letter : "    ", o->name,
                   o->value != NULL ? " " : "", o->value != NULL ? o->value : "");
    printf("  %-24s %s\n", left, o->text);
}

void px_cli_help(const struct px_command *command)
{
    static const struct px_option json = { "json", 0, NULL, "print JSON instead of text" },
                                  help = { "help", 'h', NULL, "print this" };
    const struct px_option *o = command->option;

    printf("signalbox %s: %s\n\nusage: signalbox %s%s%s%s\n\noptions:\n", command->name,
           command->summary, command->name, o != NULL || command->json ? " [OPTIONS]" : "",
           command->operands != NULL ? " " : "",
           command->operands != NULL ? command->operands : "");
    for (; o != NULL && o->name != NULL; o++)
        print_option(o);
    if (command->json)
        print_option(&json);
    print_option(&help);
    if (command->help != NULL)
        printf("\n%s\n", command->help);
}

static int run_help(const struct px_cli *c)
{
    const struct px_command *command;
    unsigned used;

    if (c->operands == 0) {
        px_cli_overview(c->table, NULL);
        return PX_YES;
    }
    command = px_cli_find(c->table, c->operand, c->operands, &used);
    if (command != NULL && used == c->operands) {
        px_cli_help(command);
        return PX_YES;
    }
    return px_cli_unknown(c->table, c->operand, c->operands);
}

const struct px_command px_cmd_help = {
    .name = "help",
    .operands = "[COMMAND]",
    .operands_max = 2,
    .summary = "what the commands are and do",
    .run = run_help,
};

static int run_version(const struct px_cli *c)
{
    if (c->json)
        printf("{\"schema\":1,\"name\":\"signalbox\",\"version\":\"%s\"}\n", PX_VERSION);
    else
        printf("signalbox %s\n", PX_VERSION);
    return PX_YES;
}

const struct px_command px_cmd_version = {
    .name = "version",
    .summary = "which build this is",
    .json = true,
    .run = run_version,
};
