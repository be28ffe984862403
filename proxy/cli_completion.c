/* proxy/cli_completion.c -- what a shell needs to know, printed from the table of commands. */
#include <stdio.h>
#include <string.h>

#include "proxy/cli.h"

static bool first_of_its_word(const struct px_command *const *table, unsigned i)
{
    unsigned len = px_cli_first_word(table[i]);

    for (unsigned k = 0; k < i; k++) {
        if (px_cli_first_word(table[k]) == len && strncmp(table[k]->name, table[i]->name, len) == 0)
            return false;
    }
    return true;
}

static void print_first_words(const struct px_command *const *table)
{
    for (unsigned i = 0; table[i] != NULL; i++) {
        if (first_of_its_word(table, i))
            printf("%s%.*s", i > 0 ? " " : "", (int)px_cli_first_word(table[i]), table[i]->name);
    }
}

static void print_second_words(const struct px_command *const *table, const struct px_command *of)
{
    unsigned len = px_cli_first_word(of);

    for (; *table != NULL; table++) {
        if (px_cli_first_word(*table) == len && strncmp((*table)->name, of->name, len) == 0)
            printf(" %s", (*table)->name + len + 1);
    }
}

static void print_options(const struct px_command *c)
{
    for (const struct px_option *o = c->option; o != NULL && o->name != NULL; o++)
        printf(" --%s", o->name);
    printf("%s --help", c->json ? " --json" : "");
}

/* zsh reads the same function through its bashcompinit. A case is chosen by the words before the
 * one being typed; what starts with no dash falls back to file names. */
static void print_bash(const struct px_command *const *table)
{
    printf("_signalbox() {\n"
           "    local cur=\"${COMP_WORDS[COMP_CWORD]}\" words=\"\"\n"
           "    local before=\"${COMP_WORDS[*]:1:COMP_CWORD-1}\"\n"
           "    if [ \"$COMP_CWORD\" -eq 1 ]; then words=\"");
    print_first_words(table);
    printf("\"\n    else case \"$before \" in\n");
    for (unsigned i = 0; table[i] != NULL; i++) {
        printf("    \"%s \"*) words=\"", table[i]->name);
        print_options(table[i]);
        printf("\" ;;\n");
    }
    for (unsigned i = 0; table[i] != NULL; i++) {
        unsigned len = px_cli_first_word(table[i]);

        if (table[i]->name[len] == ' ' && first_of_its_word(table, i)) {
            printf("    \"%.*s \"*) words=\"", (int)len, table[i]->name);
            print_second_words(table, table[i]);
            printf("\" ;;\n");
        }
    }
    printf("    esac; fi\n"
           "    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
           "}\n"
           "complete -o default -F _signalbox signalbox\n");
}

static void print_zsh(const struct px_command *const *table)
{
    printf("#compdef signalbox\nautoload -U +X bashcompinit && bashcompinit\n");
    print_bash(table);
}

/* In single quotes, for fish. */
static void print_quoted(const char *text)
{
    (void)putchar('\'');
    for (; *text != '\0'; text++) {
        if (*text == '\'' || *text == '\\')
            (void)putchar('\\');
        (void)putchar(*text);
    }
    printf("'\n");
}

static void print_fish_options(const struct px_command *c, const char *when)
{
    for (const struct px_option *o = c->option; o != NULL && o->name != NULL; o++) {
        printf("complete -c signalbox -n '%s' -l %s%s -d ", when, o->name,
               o->value != NULL ? " -r" : "");
        print_quoted(o->text);
    }
    if (c->json)
        printf("complete -c signalbox -n '%s' -l json\n", when);
}

static void print_fish_command(const struct px_command *c)
{
    unsigned len = px_cli_first_word(c);
    const char *second = c->name[len] == ' ' ? c->name + len + 1 : NULL;
    char when[160];

    if (second == NULL) {
        printf("complete -c signalbox -n __fish_use_subcommand -a %s -d ", c->name);
        (void)snprintf(when, sizeof when, "__fish_seen_subcommand_from %s", c->name);
    } else {
        printf("complete -c signalbox -n __fish_use_subcommand -a %.*s\n", (int)len, c->name);
        printf("complete -c signalbox -n '__fish_seen_subcommand_from %.*s' -a %s -d ", (int)len,
               c->name, second);
        (void)snprintf(when, sizeof when,
                       "__fish_seen_subcommand_from %.*s; and __fish_seen_subcommand_from %s",
                       (int)len, c->name, second);
    }
    print_quoted(c->summary);
    print_fish_options(c, when);
}

static int run_completion(const struct px_cli *c)
{
    const char *shell = c->operand[0];

    if (strcmp(shell, "bash") == 0) {
        print_bash(c->table);
    } else if (strcmp(shell, "zsh") == 0) {
        print_zsh(c->table);
    } else if (strcmp(shell, "fish") == 0) {
        for (unsigned i = 0; c->table[i] != NULL; i++)
            print_fish_command(c->table[i]);
    } else {
        return px_cli_usage(c, "knows bash, zsh and fish, not \"%.50s\"", shell);
    }
    return PX_YES;
}

const struct px_command px_cmd_completion = {
    .name = "completion",
    .operands = "SHELL",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "a completion script for bash, zsh or fish",
    .help = "For this shell only:   . <(signalbox completion bash)\n"
            "For good (bash):       signalbox completion bash > "
            "/etc/bash_completion.d/signalbox\n"
            "For good (fish):       signalbox completion fish > "
            "~/.config/fish/completions/signalbox.fish",
    .run = run_completion,
};
