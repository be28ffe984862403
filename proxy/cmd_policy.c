/* proxy/cmd_policy.c -- policy check, ast, attributes; and how findings are told. */
#include "proxy/cmd_policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policies/attr.h"
#include "policies/parse.h"
#include "policies/print.h"
#include "routing/base/check.h"
#include "routing/base/json.h"

enum { FILES_MAX = 256 };

/* ---- findings ---- */

bool px_policy_format(const struct px_cli *c, enum px_policy_format *out)
{
    static const char *const names[] = { "text", "json", "sarif", "github", "junit" };
    const char *word = px_cli_value(c, "format");

    *out = c->json ? PX_POLICY_JSON : PX_POLICY_TEXT;
    if (word == NULL)
        return true;
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(word, names[i]) == 0) {
            *out = (enum px_policy_format)i;
            return true;
        }
    }
    (void)px_cli_usage(c, "--format is text, json, sarif, github or junit, not \"%.40s\"", word);
    return false;
}

/* Room for what is printed at once; grows are not needed: findings are bounded. */
static struct buf room_of(size_t n)
{
    char *p = malloc(n);

    CHECK(p != NULL);
    return buf_over(p, n);
}

static void print_text(struct px_draft *const *p, unsigned n, bool color)
{
    struct buf out = room_of(16384);
    unsigned errors = 0, warnings = 0;

    for (unsigned i = 0; i < n; i++) {
        errors += p[i]->report.errors;
        warnings += p[i]->report.warnings;
        for (const struct pol_finding *f = p[i]->report.first; f != NULL; f = f->next) {
            buf_clear(&out);
            pol_finding_print(f, color, &out);
            (void)fputs(buf_z(&out), stderr);
        }
        if (p[i]->report.full)
            (void)fprintf(stderr, "and %u more\n",
                          p[i]->report.errors + p[i]->report.warnings - p[i]->report.kept);
    }
    if (errors + warnings > 0)
        (void)fprintf(stderr, "%s: %u error(s), %u warning(s)\n", errors > 0 ? "FAILED" : "passed",
                      errors, warnings);
    free(out.p);
}

static const char *file_of(const struct pol_finding *f)
{
    return f->at.source == NULL ? NULL : f->at.source->name;
}

static unsigned col_of(const struct pol_finding *f)
{
    return f->at.line == 0 ? 0 : pol_place_col(f->at);
}

static void put_json(const struct pol_finding *f, struct json_out *o)
{
    json_open(o, '{');
    json_member_z(o, "code", pol_code_word(f->code));
    json_member_z(o, "severity", pol_code_warns(f->code) ? "warning" : "error");
    json_member_z(o, "file", file_of(f));
    json_member_i64(o, "line", f->at.line);
    json_member_i64(o, "column", col_of(f));
    json_member_i64(o, "length", f->at.len);
    json_member_z(o, "message", f->text);
    json_member_z(o, "help", f->help[0] == '\0' ? NULL : f->help);
    json_close(o, '}');
}

static void put_sarif(const struct pol_finding *f, struct json_out *o)
{
    json_open(o, '{');
    json_member_z(o, "ruleId", pol_code_word(f->code));
    json_member_z(o, "level", pol_code_warns(f->code) ? "warning" : "error");
    json_name(o, "message");
    json_open(o, '{');
    json_member_z(o, "text", f->text);
    json_close(o, '}');
    json_name(o, "locations");
    json_open(o, '[');
    json_open(o, '{');
    json_name(o, "physicalLocation");
    json_open(o, '{');
    json_name(o, "artifactLocation");
    json_open(o, '{');
    json_member_z(o, "uri", file_of(f) == NULL ? "" : file_of(f));
    json_close(o, '}');
    if (f->at.line > 0) {
        json_name(o, "region");
        json_open(o, '{');
        json_member_i64(o, "startLine", f->at.line);
        json_member_i64(o, "startColumn", col_of(f));
        json_close(o, '}');
    }
    json_close(o, '}');
    json_close(o, '}');
    json_close(o, ']');
    json_close(o, '}');
}

static void sarif_rules(struct json_out *o)
{
    json_name(o, "rules");
    json_open(o, '[');
    for (unsigned c = 0; c < POL_CODES_; c++) {
        json_open(o, '{');
        json_member_z(o, "id", pol_code_word((enum pol_code)c));
        json_name(o, "shortDescription");
        json_open(o, '{');
        json_member_z(o, "text", pol_code_title((enum pol_code)c));
        json_close(o, '}');
        json_name(o, "help");
        json_open(o, '{');
        json_member_z(o, "text", pol_code_text((enum pol_code)c));
        json_close(o, '}');
        json_close(o, '}');
    }
    json_close(o, ']');
}

static void sarif_head(struct json_out *o)
{
    json_open(o, '{');
    json_member_z(o, "$schema", "https://json.schemastore.org/sarif-2.1.0.json");
    json_member_z(o, "version", "2.1.0");
    json_name(o, "runs");
    json_open(o, '[');
    json_open(o, '{');
    json_name(o, "tool");
    json_open(o, '{');
    json_name(o, "driver");
    json_open(o, '{');
    json_member_z(o, "name", "signalbox policy");
    sarif_rules(o);
    json_close(o, '}');
    json_close(o, '}');
    json_name(o, "results");
    json_open(o, '[');
}

static void json_head(struct json_out *o, struct px_draft *const *p, unsigned n)
{
    unsigned errors = 0, warnings = 0;

    for (unsigned i = 0; i < n; i++) {
        errors += p[i]->report.errors;
        warnings += p[i]->report.warnings;
    }
    json_open(o, '{');
    json_member_i64(o, "schema", 1);
    json_member_bool(o, "ok", errors == 0);
    json_member_i64(o, "errors", errors);
    json_member_i64(o, "warnings", warnings);
    json_name(o, "findings");
    json_open(o, '[');
}

static void print_json(bool sarif, struct px_draft *const *p, unsigned n)
{
    size_t findings = 1;
    struct json_out o;
    struct buf out;

    for (unsigned i = 0; i < n; i++)
        findings += p[i]->report.kept;
    out = room_of(65536 + findings * 32768); /* long names, all of them escaped */
    o = json_to(&out);
    if (sarif)
        sarif_head(&o);
    else
        json_head(&o, p, n);
    for (unsigned i = 0; i < n; i++) {
        for (const struct pol_finding *f = p[i]->report.first; f != NULL; f = f->next) {
            if (sarif)
                put_sarif(f, &o);
            else
                put_json(f, &o);
        }
    }
    json_close(&o, ']');
    json_close(&o, '}');
    if (sarif) {
        json_close(&o, ']');
        json_close(&o, '}');
    }
    CHECK(buf_ok(&out));
    (void)puts(buf_z(&out));
    free(out.p);
}

/* https://docs.github.com/actions: workflow commands; data escapes %, CR and LF. */
static void put_escaped(const char *z, bool property)
{
    for (; *z != '\0'; z++) {
        if (*z == '%' || *z == '\r' || *z == '\n' || (property && (*z == ':' || *z == ',')))
            printf("%%%02X", (unsigned)(unsigned char)*z);
        else
            (void)putchar(*z);
    }
}

static void print_github(struct px_draft *const *p, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        for (const struct pol_finding *f = p[i]->report.first; f != NULL; f = f->next) {
            printf("::%s file=", pol_code_warns(f->code) ? "warning" : "error");
            put_escaped(file_of(f) == NULL ? "" : file_of(f), true);
            printf(",line=%u,col=%u,title=%s::", f->at.line, col_of(f), pol_code_word(f->code));
            put_escaped(f->text, false);
            if (f->help[0] != '\0') {
                printf("%%0Ahelp: ");
                put_escaped(f->help, false);
            }
            (void)putchar('\n');
        }
    }
}

static void put_xml(const char *z)
{
    for (; *z != '\0'; z++) {
        switch (*z) {
        case '<': printf("&lt;"); break;
        case '>': printf("&gt;"); break;
        case '&': printf("&amp;"); break;
        case '"': printf("&quot;"); break;
        default: (void)putchar((unsigned char)*z < 0x20 ? ' ' : *z);
        }
    }
}

/* A file is a test case: it fails if it has errors. */
static void print_junit(struct px_draft *const *p, unsigned n)
{
    unsigned bad = 0;

    for (unsigned i = 0; i < n; i++)
        bad += p[i]->report.errors;
    printf("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
           "<testsuite name=\"policy check\" tests=\"%u\" failures=\"%u\">\n",
           bad == 0 ? n : bad, bad);
    for (unsigned i = 0; i < n; i++) {
        for (const struct pol_finding *f = p[i]->report.first; f != NULL; f = f->next) {
            if (pol_code_warns(f->code))
                continue;
            printf("  <testcase classname=\"%s\" name=\"", pol_code_word(f->code));
            put_xml(file_of(f) == NULL ? "" : file_of(f));
            printf(":%u\"><failure message=\"", f->at.line);
            put_xml(f->text);
            printf("\">");
            put_xml(f->help);
            printf("</failure></testcase>\n");
        }
    }
    for (unsigned i = 0; i < n && bad == 0; i++)
        printf("  <testcase classname=\"policy\" name=\"%u\"/>\n", i + 1);
    printf("</testsuite>\n");
}

void px_policy_report(enum px_policy_format format, struct px_draft *const *p, unsigned n,
                      bool color)
{
    switch (format) {
    case PX_POLICY_TEXT: print_text(p, n, color); break;
    case PX_POLICY_JSON: print_json(false, p, n); break;
    case PX_POLICY_SARIF: print_json(true, p, n); break;
    case PX_POLICY_GITHUB: print_github(p, n); break;
    case PX_POLICY_JUNIT: print_junit(p, n); break;
    }
}

int px_policy_open(const struct px_cli *c, const char *path, struct px_draft **out)
{
    struct diag why = { 0 };

    if (px_draft_load(path, NULL, 0, out, &why) == E_IO)
        return px_cli_fail(c, PX_NO, "%s", why.text);
    if ((*out)->report.errors == 0 && (*out)->program == NULL)
        return px_cli_fail(c, PX_NO, "%s is too big", path);
    return (*out)->program == NULL ? PX_NO : PX_YES;
}

/* ---- policy check ---- */

static void print_sound(const char *path, const struct px_draft *p)
{
    printf(
        "%s is good: %u rule(s), %u expect(s), at most %u steps for a payment, revision %016llx\n",
        path, pol_program_rules(p->program), pol_program_expects(p->program),
        pol_program_steps(p->program), (unsigned long long)pol_program_revision(p->program));
}

static int run_check(const struct px_cli *c)
{
    struct px_draft *p[FILES_MAX] = { NULL };
    enum px_policy_format format;
    int worst = PX_YES;
    unsigned n = 0;

    if (!px_policy_format(c, &format))
        return PX_USAGE;
    for (unsigned i = 0; i < c->operands && i < FILES_MAX; i++) {
        int e = px_policy_open(c, c->operand[i], &p[n]);

        worst = e > worst ? e : worst;
        if (p[n] == NULL)
            continue;
        if (e == PX_YES && format == PX_POLICY_TEXT)
            print_sound(c->operand[i], p[n]);
        n++;
    }
    px_policy_report(format, p, n, c->color);
    for (unsigned i = 0; i < n; i++)
        px_draft_destroy(p[i]);
    return worst;
}

static const struct px_option check_options[] = {
    { "format", 'f', "FORMAT", "text, json, sarif, github or junit" },
    { .name = NULL },
};

const struct px_command px_cmd_policy_check = {
    .name = "policy check",
    .operands = "FILE...",
    .operands_min = 1,
    .operands_max = FILES_MAX,
    .summary = "whether a policy is right, and if not, where",
    .help = "Reads the policy, its imports and lists, and tells every mistake with its place, its "
            "code\n"
            "and what to write instead; `signalbox explain CODE` says more. FILE may be - for "
            "standard\n"
            "input. Exit: 0 good, 1 mistakes.",
    .option = check_options,
    .json = true,
    .run = run_check,
};

/* ---- policy ast ---- */

static int run_ast(const struct px_cli *c)
{
    struct px_draft *p = NULL;
    struct pol_source *source;
    struct pol_ast *ast;
    struct diag why = { 0 };
    struct buf out;
    size_t n;

    if (px_draft_load(c->operand[0], NULL, 0, &p, &why) == E_IO)
        return px_cli_fail(c, PX_NO, "%s", why.text);
    source = p->first_source;
    n = source == NULL ? 0 : source->text.n;
    pol_report_init(&p->report, &p->arena);
    if (source == NULL || pol_parse(source, &p->arena, &p->report, &ast) != OK ||
        p->report.errors > 0) {
        px_policy_report(PX_POLICY_TEXT, &p, 1, c->color);
        px_draft_destroy(p);
        return PX_NO;
    }
    out = room_of(n * 64 + 4096);
    pol_print_json(ast, &out);
    CHECK(buf_ok(&out));
    (void)puts(buf_z(&out));
    free(out.p);
    px_draft_destroy(p);
    return PX_YES;
}

const struct px_command px_cmd_policy_ast = {
    .name = "policy ast",
    .operands = "FILE",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "the policy as a tree, in JSON",
    .help = "For editors and form builders. Imports are named, not followed.",
    .json = true,
    .run = run_ast,
};

/* ---- policy attributes ---- */

static void put_values(enum pol_attr a, struct buf *out)
{
    const struct pol_attribute *t = pol_attribute(a);
    enum pol_slot s = (enum pol_slot)t->slot;
    char room[4];

    if (t->type == POL_TYPE_BREAKER) {
        buf_str(out, "closed, half_open, open");
    } else if (t->type == POL_TYPE_WORD && pol_slot_count(s) < 64) {
        for (unsigned v = 1; v < pol_slot_count(s); v++)
            buf_fmt(out, "%s%s", v > 1 ? ", " : "", pol_slot_word(s, v, room));
    }
}

static void print_attributes_json(void)
{
    struct buf out = room_of(65536), values = room_of(1024);
    struct json_out o = json_to(&out);

    json_open(&o, '{');
    json_member_i64(&o, "schema", 1);
    json_name(&o, "attributes");
    json_open(&o, '[');
    for (unsigned a = 0; a < POL_ATTRS_; a++) {
        const struct pol_attribute *t = pol_attribute((enum pol_attr)a);

        buf_clear(&values);
        put_values((enum pol_attr)a, &values);
        json_open(&o, '{');
        json_member_z(&o, "name", t->name);
        json_member_z(&o, "type", pol_type_name(t->type));
        json_member_bool(&o, "of_provider", t->per_provider);
        json_member_bool(&o, "over_time", t->windows);
        if (values.n > 0)
            json_member_z(&o, "values", buf_z(&values));
        json_member_z(&o, "meaning", t->meaning);
        json_close(&o, '}');
    }
    json_close(&o, ']');
    json_close(&o, '}');
    (void)puts(buf_z(&out));
    free(out.p);
    free(values.p);
}

static void print_attributes(bool markdown)
{
    struct buf values = room_of(1024);

    if (markdown)
        printf("| attribute | type | values | meaning |\n|---|---|---|---|\n");
    for (unsigned a = 0; a < POL_ATTRS_; a++) {
        const struct pol_attribute *t = pol_attribute((enum pol_attr)a);

        buf_clear(&values);
        put_values((enum pol_attr)a, &values);
        if (markdown)
            printf("| `%s%s` | %s | %s | %s |\n", t->name, t->per_provider ? " of PROVIDER" : "",
                   pol_type_name(t->type), buf_z(&values), t->meaning);
        else
            printf("%-16s %-22s %s%s%s%s\n", t->name, pol_type_name(t->type), t->meaning,
                   values.n > 0 ? " (" : "", buf_z(&values), values.n > 0 ? ")" : "");
    }
    free(values.p);
}

static int run_attributes(const struct px_cli *c)
{
    if (c->json)
        print_attributes_json();
    else
        print_attributes(px_cli_has(c, "markdown"));
    return PX_YES;
}

static const struct px_option attributes_options[] = {
    { "markdown", 0, NULL, "as the table of docs/policy-language.md" },
    { .name = NULL },
};

const struct px_command px_cmd_policy_attributes = {
    .name = "policy attributes",
    .summary = "everything a policy can ask, with its type",
    .option = attributes_options,
    .json = true,
    .run = run_attributes,
};
