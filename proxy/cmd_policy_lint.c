/* proxy/cmd_policy_lint.c -- policy lint: what compiles and is probably not meant. */
#include <stdio.h>
#include <stdlib.h>

#include "policies/lint.h"
#include "proxy/clock.h"
#include "proxy/cmd_policy.h"
#include "proxy/cmd_records_hits.h"
#include "proxy/policy_judge.h"
#include "routing/base/check.h"

enum { DAYS_MOST = 36500 };

/* Rules that recorded payments had no need of. */
static int lint_hits(const struct px_cli *c, const char *path, struct px_draft *p)
{
    unsigned rules = pol_program_rules(p->program);
    uint64_t *hit = calloc(rules, sizeof *hit), decisions = 0;
    int code;

    CHECK(hit != NULL);
    code = px_hits_read(c, path, rules, hit, &decisions);
    if (code == PX_YES)
        pol_lint_hits(p->program, hit, decisions, &p->report);
    free(hit);
    return code;
}

/* With the rules that expects cover, if there are expects. */
static int lint(const struct px_cli *c, const char *path, struct px_draft *p, unsigned days)
{
    unsigned rules = pol_program_rules(p->program);
    bool *covered = calloc(rules, sizeof *covered);
    struct pol_expect_run run = {
        .env = &p->env, .offset = px_draft_offset, .ctx = p, .covered = covered
    };
    enum err e = OK;

    CHECK(covered != NULL);
    if (pol_program_expects(p->program) > 0)
        e = pol_expect_run(p->program, &run, &p->arena);
    if (e == OK)
        e = pol_lint(p->program, pol_program_expects(p->program) > 0 ? covered : NULL, &p->arena,
                     &p->report);
    free(covered);
    pol_lint_ages(p->program, px_draft_changed_s, p, px_unix_ms() / 1000, days, &p->report);
    if (e != OK)
        return px_cli_fail(c, PX_NO, "%s is too big", path);
    if (px_cli_has(c, "records")) {
        int code = lint_hits(c, path, p);

        if (code != PX_YES)
            return code;
    }
    if (p->report.errors > 0 || (px_cli_has(c, "strict") && p->report.warnings > 0))
        return PX_NO;
    return PX_YES;
}

static int run(const struct px_cli *c)
{
    struct px_draft *p[256] = { NULL };
    enum px_policy_format format;
    int worst = PX_YES;
    uint64_t days = PX_POLICY_OLD_DAYS;
    unsigned n = 0;

    if (!px_policy_format(c, &format))
        return PX_USAGE;
    if (px_cli_has(c, "old-lists") &&
        (span_u64(span_str(px_cli_value(c, "old-lists")), &days) != OK || days > DAYS_MOST))
        return px_cli_usage(c, "--old-lists is a number of days, at most %d", DAYS_MOST);
    for (unsigned i = 0; i < c->operands; i++) {
        int e = px_policy_open(c, c->operand[i], &p[n]);

        if (e == PX_YES)
            e = lint(c, c->operand[i], p[n], (unsigned)days);
        worst = e > worst ? e : worst;
        n += p[n] != NULL;
    }
    px_policy_report(format, p, n, c->color);
    for (unsigned i = 0; i < n; i++)
        px_draft_destroy(p[i]);
    return worst;
}

static const struct px_option options[] = {
    { "format", 'f', "FORMAT", "text, json, sarif, github or junit" },
    { "old-lists", 0, "DAYS", "list files are old after so many days (default 30)" },
    { "strict", 0, NULL, "warnings fail as errors do" },
    { "records", 'r', "FILE", "decisions.jsonl: tell rules that none of these needed" },
    { "since", 0, "TIME", "only records since: 30d, 2026-11-20" },
    { .name = NULL },
};

const struct px_command px_cmd_policy_lint = {
    .name = "policy lint",
    .operands = "FILE...",
    .operands_min = 1,
    .operands_max = 256,
    .summary = "what is allowed in a policy and probably not meant",
    .help =
        "Rules that can never be reached or are partly shadowed (with a payment that shows it),\n"
        "single providers without `only`, canaries without a guard, rules that no expect covers,\n"
        "doubtful lists and regular expressions. Exit: 0 no errors, 1 errors (with --strict:\n"
        "or warnings).",
    .option = options,
    .json = true,
    .run = run,
};
