/* proxy/cli.c -- from argv to one command's run(). */
#include "proxy/cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proxy/near.h"
#include "routing/base/check.h"

enum { OPERANDS_MAX = 1024, COMMANDS_MAX = 64, OPTIONS_MAX = 32 };

static const struct px_option json_option = { "json", 0, NULL, "print JSON instead of text" };

static const struct px_option *option_of(const struct px_cli *c, unsigned i)
{
    return c->given_[i].option;
}

bool px_cli_has(const struct px_cli *c, const char *option)
{
    for (unsigned i = 0; i < c->given_n_; i++) {
        if (strcmp(option_of(c, i)->name, option) == 0)
            return true;
    }
    return false;
}

const char *px_cli_nth(const struct px_cli *c, const char *option, unsigned nth)
{
    for (unsigned i = 0; i < c->given_n_; i++) {
        if (strcmp(option_of(c, i)->name, option) == 0 && nth-- == 0)
            return c->given_[i].value;
    }
    return NULL;
}

const char *px_cli_value(const struct px_cli *c, const char *option)
{
    const char *last = NULL, *v;

    for (unsigned i = 0; (v = px_cli_nth(c, option, i)) != NULL; i++)
        last = v;
    return last;
}

__attribute__((format(printf, 2, 0))) static void complain(const struct px_cli *c, const char *fmt,
                                                           va_list ap)
{
    (void)fprintf(stderr, "signalbox %s: ", c->command->name);
    (void)vfprintf(stderr, fmt, ap);
    (void)fputc('\n', stderr);
}

int px_cli_usage(const struct px_cli *c, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    complain(c, fmt, ap);
    va_end(ap);
    (void)fprintf(stderr, "help: signalbox %s --help\n", c->command->name);
    return PX_USAGE;
}

int px_cli_fail(const struct px_cli *c, int exit_code, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    complain(c, fmt, ap);
    va_end(ap);
    return exit_code;
}

unsigned px_cli_first_word(const struct px_command *command)
{
    return (unsigned)strcspn(command->name, " ");
}

/* How many of the words name the command: 1 or 2; 0 if they do not. */
static unsigned names(const struct px_command *command, const char *const *words, unsigned n)
{
    unsigned first = px_cli_first_word(command);
    const char *second = command->name + first;

    if (n == 0 || strncmp(words[0], command->name, first) != 0 || words[0][first] != '\0')
        return 0;
    if (*second == '\0')
        return 1;
    return n > 1 && strcmp(words[1], second + 1) == 0 ? 2 : 0;
}

const struct px_command *px_cli_find(const struct px_command *const *table,
                                     const char *const *words, unsigned n, unsigned *used)
{
    for (; *table != NULL; table++) {
        *used = names(*table, words, n);
        if (*used > 0)
            return *table;
    }
    return NULL;
}

static bool group_exists(const struct px_command *const *table, const char *word)
{
    for (; *table != NULL; table++) {
        unsigned first = px_cli_first_word(*table);

        if ((*table)->name[first] == ' ' && strlen(word) == first &&
            strncmp((*table)->name, word, first) == 0)
            return true;
    }
    return false;
}

int px_cli_unknown(const struct px_command *const *table, const char *const *words, unsigned n)
{
    const char *near[COMMANDS_MAX], *found;
    bool group = group_exists(table, words[0]);
    char said[128];
    unsigned count = 0;

    if (group && n < 2) {
        (void)fprintf(stderr, "signalbox %s: which of these?\n", words[0]);
        for (; *table != NULL; table++) {
            if (strncmp((*table)->name, words[0], px_cli_first_word(*table)) == 0)
                (void)fprintf(stderr, "  signalbox %s\n", (*table)->name);
        }
        return PX_USAGE;
    }
    for (; *table != NULL && count < COMMANDS_MAX; table++)
        near[count++] = (*table)->name;
    (void)snprintf(said, sizeof said, "%s%s%s", words[0], n > 1 ? " " : "", n > 1 ? words[1] : "");
    found = px_near(said, near, count);
    if (found == NULL)
        found = px_near(words[0], near, count);
    (void)fprintf(stderr, "signalbox: there is no command \"%.100s\"\n", group ? said : words[0]);
    if (found != NULL)
        (void)fprintf(stderr, "help: did you mean \"signalbox %s\"?\n", found);
    else
        (void)fprintf(stderr, "help: signalbox help lists them\n");
    return PX_USAGE;
}

/* The command's i-th option: its own, then --json; NULL ends. */
static const struct px_option *option_at(const struct px_command *command, unsigned i)
{
    const struct px_option *o = command->option;

    for (; o != NULL && o->name != NULL; o++) {
        if (i-- == 0)
            return o;
    }
    return command->json && i == 0 ? &json_option : NULL;
}

static int unknown_option(const struct px_cli *c, const char *arg, size_t len)
{
    const char *words[OPTIONS_MAX], *found;
    const struct px_option *o;
    char said[64];
    unsigned n = 0;

    while (n < OPTIONS_MAX && (o = option_at(c->command, n)) != NULL)
        words[n++] = o->name;
    (void)snprintf(said, sizeof said, "%.*s", (int)(len > 50 ? 50 : len), arg);
    found = strncmp(said, "--", 2) == 0 ? px_near(said + 2, words, n) : NULL;
    if (found != NULL)
        return px_cli_usage(c, "there is no option %s; did you mean --%s?", said, found);
    return px_cli_usage(c, "there is no option %s", said);
}

/* Finds the option arg begins with; *value is what is glued to it ("--x=v", "-xv"), or NULL. */
static const struct px_option *option_find(const struct px_command *command, const char *arg,
                                           const char **value)
{
    const struct px_option *o;
    size_t len = strcspn(arg, "=");

    *value = NULL;
    for (unsigned i = 0; (o = option_at(command, i)) != NULL; i++) {
        if (arg[1] == '-' && strlen(o->name) == len - 2 &&
            strncmp(o->name, arg + 2, len - 2) == 0) {
            *value = arg[len] == '=' ? arg + len + 1 : NULL;
            return o;
        }
        if (arg[1] != '-' && o->letter != 0 && arg[1] == o->letter) {
            *value = arg[2] != '\0' ? arg + 2 : NULL;
            return o;
        }
    }
    return NULL;
}

/* One option at argv[*at]; moves *at over a separate value. */
static int take_option(struct px_cli *c, char **argv, int *at)
{
    const char *arg = argv[*at], *value;
    const struct px_option *o = option_find(c->command, arg, &value);

    if (o == NULL)
        return unknown_option(c, arg, strcspn(arg, "="));
    if (o->value == NULL && value != NULL)
        return px_cli_usage(c, "--%s takes no value", o->name);
    if (o->value != NULL && value == NULL) {
        value = argv[*at + 1];
        if (value == NULL)
            return px_cli_usage(c, "--%s needs a value: --%s %s", o->name, o->name, o->value);
        ++*at;
    }
    if (o == &json_option)
        c->json = true;
    if (c->given_n_ == PX_CLI_VALUES)
        return px_cli_usage(c, "more than %d options", PX_CLI_VALUES);
    c->given_[c->given_n_].option = o;
    c->given_[c->given_n_++].value = value;
    return PX_YES;
}

static bool asks_for_help(const char *arg)
{
    return strcmp(arg, "--help") == 0 || strcmp(arg, "-h") == 0;
}

static int parse(struct px_cli *c, const char **operand, int argc, char **argv)
{
    bool literal = false;
    int e;

    c->operand = operand;
    for (int i = 0; i < argc; i++) {
        if (!literal && strcmp(argv[i], "--") == 0) {
            literal = true;
        } else if (!literal && argv[i][0] == '-' && argv[i][1] != '\0') {
            if ((e = take_option(c, argv, &i)) != PX_YES)
                return e;
        } else {
            if (c->operands == OPERANDS_MAX)
                return px_cli_usage(c, "more than %d operands", OPERANDS_MAX);
            operand[c->operands++] = argv[i];
        }
    }
    if (c->operands > c->command->operands_max)
        return px_cli_usage(c, "does not take \"%.100s\"", operand[c->command->operands_max]);
    if (c->operands < c->command->operands_min)
        return px_cli_usage(c, "needs %s", c->command->operands);
    return PX_YES;
}

static int run(const struct px_command *const *table, const struct px_command *command, int argc,
               char **argv)
{
    const char **operand;
    struct px_cli c = { .table = table, .command = command };
    const char *no_color = getenv("NO_COLOR");
    int e;

    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (asks_for_help(argv[i])) {
            px_cli_help(command);
            return PX_YES;
        }
    }
    c.color = isatty(STDERR_FILENO) && (no_color == NULL || *no_color == '\0');
    operand = calloc(OPERANDS_MAX, sizeof *operand);
    CHECK(operand != NULL);
    e = parse(&c, operand, argc, argv);
    if (e == PX_YES)
        e = command->run(&c);
    free(operand);
    /* an answer nobody could read is no answer: a full disk must not look like success */
    if (fflush(stdout) != 0 && e == PX_YES)
        e = px_cli_fail(&c, PX_NO, "cannot write the output: %s", strerror(errno));
    return e;
}

int px_cli_main(const struct px_command *const *table, int argc, char **argv)
{
    const char *const *words = (const char *const *)(argv + 1);
    const struct px_command *command;
    unsigned used;

    if (argc < 2) {
        px_cli_overview(table, NULL);
        return PX_USAGE;
    }
    if (asks_for_help(argv[1])) {
        px_cli_overview(table, NULL);
        return PX_YES;
    }
    if (strcmp(argv[1], "--version") == 0)
        return run(table, &px_cmd_version, argc - 2, argv + 2);
    command = px_cli_find(table, words, (unsigned)argc - 1, &used);
    if (command == NULL && argc > 2 && asks_for_help(argv[2]) && group_exists(table, argv[1])) {
        px_cli_overview(table, argv[1]);
        return PX_YES;
    }
    if (command == NULL)
        return px_cli_unknown(table, words, (unsigned)argc - 1);
    return run(table, command, argc - 1 - (int)used, argv + 1 + used);
}
