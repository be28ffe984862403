/* proxy/cmd_policy_fmt.c -- policy fmt: one layout, so that a diff shows what changed. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policies/fix.h"
#include "policies/parse.h"
#include "policies/print.h"
#include "proxy/cmd_policy.h"
#include "routing/base/check.h"

/* Beside the file, then in its place: nobody ever reads half a policy. */
static bool replace(const struct px_cli *c, const char *path, struct span text)
{
    char temporary[4200];
    struct stat st;
    bool good;
    FILE *f;
    int fd;

    (void)snprintf(temporary, sizeof temporary, "%s.XXXXXX", path);
    if (strlen(path) > 4096 || stat(path, &st) != 0 || (fd = mkstemp(temporary)) < 0) {
        (void)px_cli_fail(c, PX_NO, "cannot write beside %s: %s", path, strerror(errno));
        return false;
    }
    good = fchmod(fd, st.st_mode & 0777) == 0 && (f = fdopen(fd, "w")) != NULL;
    if (!good) {
        (void)close(fd);
    } else {
        good = fwrite(text.p, 1, text.n, f) == text.n && fflush(f) == 0 && fsync(fd) == 0;
        good = fclose(f) == 0 && good;
    }
    good = good && rename(temporary, path) == 0;
    if (!good) {
        (void)unlink(temporary);
        (void)px_cli_fail(c, PX_NO, "cannot write %s: %s", path, strerror(errno));
    }
    return good;
}

/* The text as it should look; false with the mistakes told. */
static bool format(const struct px_cli *c, struct px_draft *p, struct buf *out)
{
    struct pol_source *source = p->first_source;
    struct pol_ast *ast = NULL;

    pol_report_init(&p->report, &p->arena);
    if (source != NULL && px_cli_has(c, "fix"))
        source = pol_fix(source, &p->arena);
    if (source == NULL || pol_parse(source, &p->arena, &p->report, &ast) != OK)
        (void)px_cli_fail(c, PX_NO, "the policy is too big");
    else if (p->report.errors == 0) {
        size_t cap = source->text.n * 8 + 4096;

        *out = buf_over(malloc(cap), cap);
        CHECK(out->p != NULL);
        pol_print(ast, out);
        CHECK(buf_ok(out));
        return true;
    }
    pol_report_sort(&p->report);
    px_policy_report(PX_POLICY_TEXT, &p, 1, c->color);
    return false;
}

static int fmt_one(const struct px_cli *c, const char *path)
{
    struct px_draft *p = NULL;
    struct diag why = { 0 };
    struct buf out = { NULL, 0, 0, false };
    int e = PX_YES;

    if (px_draft_load(path, NULL, 0, &p, &why) == E_IO)
        return px_cli_fail(c, PX_NO, "%s", why.text);
    if (!format(c, p, &out)) {
        e = PX_NO;
    } else if (strcmp(path, "-") == 0 && !px_cli_has(c, "check")) {
        (void)fwrite(out.p, 1, out.n, stdout);
    } else if (!span_eq(buf_span(&out), p->first_source->text)) {
        if (px_cli_has(c, "check"))
            e = PX_NO;
        else if (!replace(c, path, buf_span(&out)))
            e = PX_NO;
        printf("%s\n", path);
    }
    free(out.p);
    px_draft_destroy(p);
    return e;
}

static int run(const struct px_cli *c)
{
    int worst = PX_YES;

    for (unsigned i = 0; i < c->operands; i++) {
        int e = fmt_one(c, c->operand[i]);

        worst = e > worst ? e : worst;
    }
    return worst;
}

static const struct px_option options[] = {
    { "check", 0, NULL, "change nothing; name the files that would change, and exit 1" },
    { "fix", 0, NULL, "also rewrite what has one meaning only: = to is, && to and" },
    { .name = NULL },
};

const struct px_command px_cmd_policy_fmt = {
    .name = "policy fmt",
    .operands = "FILE...",
    .operands_min = 1,
    .operands_max = 256,
    .summary = "write policies in the one canonical layout",
    .help = "Files are rewritten in place and named; - reads standard input and writes standard "
            "output.\n"
            "Comments stay. A file with mistakes in its grammar is left alone.",
    .option = options,
    .run = run,
};
