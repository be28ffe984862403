/* tests/fuzz/fuzz_policy.c -- whatever the text: every mistake has a place in it; what parses is
 * printed and parsed again as the same tree; what compiles answers about a payment. */
#include <stdlib.h>
#include <string.h>

#include "policies/fix.h"
#include "policies/parse.h"
#include "policies/print.h"
#include "policies/program.h"
#include "routing/base/check.h"
#include "tests/fuzz/fuzz.h"

enum { ROOM = 8 << 20, OUT = 1 << 20 };

static void check_report(struct pol_report *r)
{
    static char mem[64 * 1024];

    for (const struct pol_finding *f = r->first; f != NULL; f = f->next) {
        struct buf out = BUF_OF(mem);

        CHECK(f->text[0] != '\0');
        if (f->at.source != NULL)
            CHECK(f->at.at + f->at.len <= f->at.source->text.n);
        pol_finding_print(f, false, &out);
        CHECK(buf_ok(&out));
    }
}

static struct span tree_of(struct arena *a, struct pol_source *s, struct pol_ast **ast)
{
    struct pol_report r;
    struct buf out;

    pol_report_init(&r, a);
    if (s == NULL || pol_parse(s, a, &r, ast) != OK || r.errors > 0)
        return SPAN_NONE;
    out = arena_buf(a, OUT);
    pol_print_json(*ast, &out);
    return buf_ok(&out) ? buf_span(&out) : SPAN_NONE;
}

static void check_print(struct arena *a, struct span text)
{
    struct pol_ast *ast = NULL, *again = NULL;
    struct buf printed = arena_buf(a, OUT), twice = arena_buf(a, OUT);
    struct span tree = tree_of(a, pol_source_new(a, "t", text), &ast), tree2;

    if (tree.p == NULL)
        return;
    pol_print(ast, &printed);
    if (!buf_ok(&printed))
        return;
    tree2 = tree_of(a, pol_source_new(a, "t", buf_span(&printed)), &again);
    CHECK(tree2.p != NULL);
    CHECK(span_eq(tree, tree2));
    pol_print(again, &twice); /* and it is canonical: printing changes nothing more */
    CHECK(!buf_ok(&twice) || span_eq(buf_span(&printed), buf_span(&twice)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static _Alignas(max_align_t) char mem[ROOM];
    struct span text = { (const char *)data, n };
    struct pol_env env = { .providers = 0 };
    struct pol_program *p = NULL;
    struct pol_report r;
    struct pol_facts f;
    struct rt_verdict v;
    struct arena a;

    arena_init(&a, mem, sizeof mem, NULL, sizeof mem);
    check_print(&a, text);
    arena_reset(&a);
    (void)pol_fix(pol_source_new(&a, "t", text), &a);
    pol_report_init(&r, &a);
    if (pol_compile(text, "t", &env, &a, &r, &p) == OK) {
        pol_facts_init(&f);
        f.eligible = UINT32_MAX;
        pol_eval(p, &f, &v, NULL);
        CHECK(v.providers <= pol_program_providers(p));
        CHECK(v.rule != NULL);
        pol_program_fini(p);
    }
    check_report(&r);
    arena_fini(&a);
    return 0;
}
