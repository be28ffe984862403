/* proxy/cli.h -- commands: one table, one parser, the same help, the same exit codes.
 *
 * A command is a `static const`-like table entry in its own cmd_X.c and one line in main.c:
 *
 *   const struct px_command px_cmd_payment_show = {
 *       .name = "payment show",
 *       .operands = "ID", .operands_min = 1, .operands_max = 1,
 *       .summary = "what happened to one payment",
 *       .help = "ID is any id ...",
 *       .option = (const struct px_option[]){ PX_OPTION_CONFIG, { .name = NULL } },
 *       .json = true,
 *       .run = run };
 *
 * Options may stand before or after operands; `--` ends them; --help and, where .json says so,
 * --json are understood by every command. */
#ifndef PX_CLI_H
#define PX_CLI_H
#include <stdbool.h>

#include "routing/base/err.h"

/* docs/man/signalbox.1, EXIT STATUS */
enum px_exit {
    PX_YES = 0,         /* done, or the answer is yes */
    PX_NO = 1,          /* no: findings, differs, not found, unhealthy */
    PX_USAGE = 2,       /* the command line makes no sense */
    PX_UNREACHABLE = 3, /* the gateway or a store cannot be reached */
    PX_DENIED = 4,      /* permission, guard rail, stale revision */
    PX_UNCONFIRMED = 5, /* accepted, not confirmed within --wait */
    PX_INTERRUPTED = 130,
};

struct px_option {
    const char *name;  /* "config" for --config; NULL ends a list */
    char letter;       /* 'c' for -c; 0: none */
    const char *value; /* "FILE"; NULL: a switch */
    const char *text;  /* one line of help, lower case, no full stop */
};

#define PX_OPTION_CONFIG                                                                           \
    {                                                                                              \
        "config", 'c', "FILE", "configuration file (default /etc/signalbox/signalbox.yaml)"        \
    }
#define PX_OPTION_SET                                                                              \
    {                                                                                              \
        "set", 0, "KEY=VALUE", "override one setting, e.g. --set workers=2; may be repeated"       \
    }

struct px_cli;
struct px_command {
    const char *name;     /* one or two words */
    const char *operands; /* "FILE...", "[ID]"; NULL: none */
    unsigned operands_min, operands_max;
    const char *summary;            /* at most 60 characters, lower case, no full stop */
    const char *help;               /* further lines, each at most 100 columns; may be NULL */
    const struct px_option *option; /* may be NULL */
    bool json;                      /* takes --json */
    int (*run)(const struct px_cli *c);
};

/* One call of one command. */
enum { PX_CLI_VALUES = 64 };
struct px_cli {
    const struct px_command *const *table;
    const struct px_command *command;
    const char *const *operand;
    unsigned operands;
    bool json;
    bool color; /* stderr is a terminal and NO_COLOR is not set */
    /* the options given, in order */
    struct {
        const struct px_option *option;
        const char *value;
    } given_[PX_CLI_VALUES];
    unsigned given_n_;
};

bool px_cli_has(const struct px_cli *c, const char *option);
const char *px_cli_value(const struct px_cli *c, const char *option);           /* the last; NULL */
const char *px_cli_nth(const struct px_cli *c, const char *option, unsigned i); /* NULL ends */
/* "signalbox payment show: ..." and where help is, on stderr. Gives PX_USAGE. */
int px_cli_usage(const struct px_cli *c, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* The same without the pointer to help, for what went wrong while running. Gives `exit`. */
int px_cli_fail(const struct px_cli *c, int exit_code, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Everything main() does with a table that ends with NULL: find the command, parse, help, run. */
int px_cli_main(const struct px_command *const *table, int argc, char **argv);
/* Help pages on stdout, from the same table. group: only commands of that first word; NULL: all. */
void px_cli_overview(const struct px_command *const *table, const char *group);
void px_cli_help(const struct px_command *command);
/* The command that words[n] begin with, and how many of them name it; NULL if there is none. */
const struct px_command *px_cli_find(const struct px_command *const *table,
                                     const char *const *words, unsigned n, unsigned *used);
/* Says on stderr that the words name no command, and which one may be meant. Gives PX_USAGE. */
int px_cli_unknown(const struct px_command *const *table, const char *const *words, unsigned n);
/* How many characters of the name are its first word. */
unsigned px_cli_first_word(const struct px_command *command);

/* Commands about commands. */
extern const struct px_command px_cmd_completion, px_cmd_help, px_cmd_version;
#endif
