/* proxy/cmd_policy_test.c -- policy test: runs the expects of policies. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/cmd_policy.h"
#include "routing/base/check.h"
#include "routing/base/json.h"

struct result {
    struct pol_expect_result r;
};

struct tests {
    struct px_draft *policy;
    struct result *result;
    unsigned n, cap;
    bool *covered;
    struct pol_expect_run run;
};

static void told(void *ctx, const struct pol_expect_result *r)
{
    struct tests *t = ((struct px_draft *)ctx)->user;

    if (t->n == t->cap) {
        t->cap = t->cap == 0 ? 64 : 2 * t->cap;
        t->result = realloc(t->result, t->cap * sizeof *t->result);
        CHECK(t->result != NULL);
    }
    t->result[t->n].r = *r; /* its texts live in the policy's arena */
    t->n++;
}

static enum err run_all(struct tests *t)
{
    const struct pol_program *p = t->policy->program;

    t->covered = calloc(pol_program_rules(p), sizeof *t->covered);
    CHECK(t->covered != NULL);
    t->policy->user = t;
    t->run = (struct pol_expect_run){ .env = &t->policy->env,
                                      .offset = px_draft_offset,
                                      .ctx = t->policy,
                                      .told = told,
                                      .covered = t->covered };
    return pol_expect_run(p, &t->run, &t->policy->arena);
}

static unsigned uncovered(const struct tests *t)
{
    unsigned n = 0;

    for (unsigned i = 0; i < pol_program_rules(t->policy->program); i++)
        n += !t->covered[i] && !pol_program_rule(t->policy->program, i).off;
    return n;
}

/* ---- telling ---- */

static void print_text(const struct tests *t, const char *path, bool coverage)
{
    for (unsigned i = 0; i < t->n; i++) {
        const struct pol_expect_result *r = &t->result[i].r;

        if (!r->passed)
            printf("%s:%u: FAILED \"%s\"\n    %s\n", r->file, r->line, r->name, r->why);
    }
    for (unsigned i = 0; coverage && i < pol_program_rules(t->policy->program); i++) {
        struct pol_rule_info rule = pol_program_rule(t->policy->program, i);

        if (!t->covered[i] && !rule.off)
            printf("%s:%u: warning[W308]: no expect covers rule \"%s\"\n", rule.file, rule.line,
                   rule.name);
    }
    printf("%s: %u passed, %u failed", path, t->run.passed, t->run.failed);
    if (coverage)
        printf("; %u of %u rules covered", pol_program_rules(t->policy->program) - uncovered(t),
               pol_program_rules(t->policy->program));
    printf("\n");
    if (t->n == 0)
        printf("%s: no expects: a policy without tests is a wish\n", path);
}

static void put_xml(const char *z)
{
    for (; *z != '\0'; z++) {
        if (*z == '<' || *z == '>' || *z == '&' || *z == '"')
            printf("&#%d;", *z);
        else
            (void)putchar((unsigned char)*z < 0x20 ? ' ' : *z);
    }
}

static void print_junit(const struct tests *t, const char *path)
{
    printf("  <testsuite name=\"");
    put_xml(path);
    printf("\" tests=\"%u\" failures=\"%u\">\n", t->n, t->run.failed);
    for (unsigned i = 0; i < t->n; i++) {
        const struct pol_expect_result *r = &t->result[i].r;

        printf("    <testcase classname=\"");
        put_xml(path);
        printf("\" name=\"");
        put_xml(r->name);
        printf("\" file=\"");
        put_xml(r->file);
        printf("\" line=\"%u\"", r->line);
        if (r->passed) {
            printf("/>\n");
            continue;
        }
        printf("><failure message=\"");
        put_xml(r->why);
        printf("\"/></testcase>\n");
    }
    printf("  </testsuite>\n");
}

static void print_json(const struct tests *t, const char *path, bool first)
{
    size_t cap = 65536 + (size_t)t->n * 16384 + pol_program_rules(t->policy->program) * 8192;
    char *room = malloc(cap);
    struct buf out = buf_over(room, cap);
    struct json_out o = json_to(&out);

    CHECK(room != NULL);
    json_open(&o, '{');
    json_member_z(&o, "policy", path);
    json_member_bool(&o, "broken", false);
    json_member_i64(&o, "passed", t->run.passed);
    json_member_i64(&o, "failed", t->run.failed);
    json_name(&o, "expects");
    json_open(&o, '[');
    for (unsigned i = 0; i < t->n; i++) {
        const struct pol_expect_result *r = &t->result[i].r;

        json_open(&o, '{');
        json_member_z(&o, "name", r->name);
        json_member_z(&o, "file", r->file);
        json_member_i64(&o, "line", r->line);
        json_member_bool(&o, "passed", r->passed);
        json_member_z(&o, "why", r->passed ? NULL : r->why);
        json_close(&o, '}');
    }
    json_close(&o, ']');
    json_name(&o, "uncovered");
    json_open(&o, '[');
    for (unsigned i = 0; i < pol_program_rules(t->policy->program); i++) {
        if (!t->covered[i])
            json_put_z(&o, pol_program_rule(t->policy->program, i).name);
    }
    json_close(&o, ']');
    json_close(&o, '}');
    CHECK(buf_ok(&out));
    printf("%s%s", first ? "" : ",", buf_z(&out));
    free(room);
}

/* A policy that does not compile; why stands on standard error. Who counts tests must see it. */
static void print_broken(enum px_policy_format format, const char *path, bool first)
{
    char room[2 * 4096 + 256];
    struct buf out = BUF_OF(room);
    struct json_out o = json_to(&out);

    if (format == PX_POLICY_JUNIT) {
        printf("  <testsuite name=\"");
        put_xml(path);
        printf("\" tests=\"1\" failures=\"0\" errors=\"1\">\n    <testcase classname=\"");
        put_xml(path);
        printf("\" name=\"it compiles\"><error message=\"signalbox policy check says why it does "
               "not\"/></testcase>\n  </testsuite>\n");
    } else if (format == PX_POLICY_JSON) {
        json_open(&o, '{');
        json_member_z(&o, "policy", path);
        json_member_bool(&o, "broken", true);
        json_member_i64(&o, "passed", 0);
        json_member_i64(&o, "failed", 0);
        json_name(&o, "expects");
        json_open(&o, '[');
        json_close(&o, ']');
        json_name(&o, "uncovered");
        json_open(&o, '[');
        json_close(&o, ']');
        json_close(&o, '}');
        printf("%s%s", first ? "" : ",", buf_z(&out));
    }
}

/* ---- the command ---- */

static int test_one(const struct px_cli *c, enum px_policy_format format, unsigned i)
{
    struct tests t = { .policy = NULL };
    bool coverage = px_cli_has(c, "coverage");
    int e = px_policy_open(c, c->operand[i], &t.policy);

    if (e != PX_YES) {
        if (t.policy != NULL)
            px_policy_report(PX_POLICY_TEXT, &t.policy, 1, c->color);
        px_draft_destroy(t.policy);
        print_broken(format, c->operand[i], i == 0);
        return e;
    }
    if (run_all(&t) != OK)
        e = px_cli_fail(c, PX_NO, "%s is too big", c->operand[i]);
    else if (format == PX_POLICY_JUNIT)
        print_junit(&t, c->operand[i]);
    else if (format == PX_POLICY_JSON)
        print_json(&t, c->operand[i], i == 0);
    else
        print_text(&t, c->operand[i], coverage);
    if (t.run.failed > 0 || t.n == 0 || (coverage && uncovered(&t) > 0))
        e = PX_NO;
    free(t.covered);
    free(t.result);
    px_draft_destroy(t.policy);
    return e;
}

static int run(const struct px_cli *c)
{
    enum px_policy_format format;
    int worst = PX_YES;

    if (!px_policy_format(c, &format))
        return PX_USAGE;
    if (format == PX_POLICY_SARIF || format == PX_POLICY_GITHUB)
        return px_cli_usage(c, "--format is text, json or junit");
    if (format == PX_POLICY_JUNIT)
        printf("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    if (format == PX_POLICY_JSON)
        printf("{\"schema\":1,\"policies\":[");
    for (unsigned i = 0; i < c->operands; i++) {
        int e = test_one(c, format, i);

        worst = e > worst ? e : worst;
    }
    if (format == PX_POLICY_JUNIT)
        printf("</testsuites>\n");
    if (format == PX_POLICY_JSON)
        printf("]}\n");
    return worst;
}

static const struct px_option options[] = {
    { "coverage", 0, NULL, "name the rules that no expect covers, and fail if there are any" },
    { "format", 'f', "FORMAT", "text, json or junit" },
    { .name = NULL },
};

const struct px_command px_cmd_policy_test = {
    .name = "policy test",
    .operands = "FILE...",
    .operands_min = 1,
    .operands_max = 256,
    .summary = "run the expects of a policy",
    .help =
        "Asks the policy about the payments of its `expect`s, as the gateway would, and compares.\n"
        "Exit: 0 all passed, 1 some failed, or there are none: no tests is no success.",
    .option = options,
    .json = true,
    .run = run,
};
