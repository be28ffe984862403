/* proxy/cmd_bins.c */
#include "proxy/cmd_bins.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/bins.h"
#include "proxy/report.h"
#include "routing/base/json.h"

enum { LIST_BYTES = 1 << 30, LISTS = 32, TABLE_MODE = 0644 };

/* ---- build ---- */

struct lists {
    struct px_file file[LISTS];
    struct px_source source[LISTS];
    unsigned n;
};

static int read_lists(const struct px_cli *c, struct lists *l, struct px_bins_builder *b,
                      struct px_report *report)
{
    struct diag why = { 0 };

    for (; l->n < c->operands; l->n++) {
        const char *path = c->operand[l->n];

        if (px_file_read(path, LIST_BYTES, &l->file[l->n], &why) != OK)
            return px_cli_fail(c, PX_NO, "%s", why.text);
        l->source[l->n] = (struct px_source){ .name = path, .text = l->file[l->n].text };
        px_bins_builder_read(b, &l->source[l->n], report);
    }
    return PX_YES;
}

static void counts_json(const struct px_bins_count *n, bool written, size_t bytes)
{
    char room[1024];
    struct buf b = BUF_OF(room);
    struct json_out o = json_to(&b);

    json_open(&o, '{');
    json_member_i64(&o, "schema", 1);
    json_member_bool(&o, "written", written);
    json_member_i64(&o, "rows", (int64_t)n->rows);
    json_member_i64(&o, "bad", (int64_t)n->bad);
    json_member_i64(&o, "replaced", (int64_t)n->replaced);
    json_member_i64(&o, "unknown_brand", (int64_t)n->odd_brand);
    json_member_i64(&o, "unknown_funding", (int64_t)n->odd_funding);
    json_member_i64(&o, "unknown_category", (int64_t)n->odd_grade);
    json_member_i64(&o, "unknown_country", (int64_t)n->odd_country);
    json_member_i64(&o, "ranges", n->ranges);
    json_member_i64(&o, "issuers", n->issuers);
    json_member_i64(&o, "bytes", (int64_t)bytes);
    json_close(&o, '}');
    printf("%s\n", buf_z(&b));
}

static void counts_text(const struct px_bins_count *n, const char *path, size_t bytes)
{
    printf("%s: %u ranges of %u issuers in %zu bytes, from %llu rows", path, n->ranges, n->issuers,
           bytes, (unsigned long long)n->rows);
    if (n->replaced > 0)
        printf(", %llu given again", (unsigned long long)n->replaced);
    if (n->bad > 0)
        printf(", %llu left out", (unsigned long long)n->bad);
    printf("\nwords not known: %llu brands, %llu types, %llu categories, %llu countries\n",
           (unsigned long long)n->odd_brand, (unsigned long long)n->odd_funding,
           (unsigned long long)n->odd_grade, (unsigned long long)n->odd_country);
}

/* A list that is mostly wrong is another kind of file. */
static bool hopeless(const struct px_cli *c, const struct px_bins_count *n)
{
    return n->ranges == 0 || (n->bad > 0 && (px_cli_has(c, "strict") || n->bad * 10 > n->rows));
}

static int write_table(const struct px_cli *c, struct px_bins_builder *b, struct px_report *report)
{
    const char *path = px_cli_value(c, "out");
    struct diag why = { 0 };
    struct px_bins_count n;
    void *image = NULL;
    size_t bytes = 0;
    enum err e = px_bins_builder_finish(b, report, &image, &bytes);
    int exit_code = PX_YES;

    px_report_print(report, stderr, c->color);
    n = px_bins_builder_count(b);
    if (e == OK && !hopeless(c, &n))
        e = px_file_replace(path, (struct span){ image, bytes }, TABLE_MODE, &why);
    else if (e == OK)
        e = E_SYNTAX;
    free(image);
    if (c->json)
        counts_json(&n, e == OK, bytes);
    else if (e == OK)
        counts_text(&n, path, bytes);
    if (e != OK)
        exit_code = px_cli_fail(c, PX_NO, "%s",
                                why.text[0] != '\0' ? why.text
                                : n.rows == 0       ? "no rows, nothing was written"
                                              : "too many rows are wrong, nothing was written");
    return exit_code;
}

static int build(const struct px_cli *c)
{
    struct px_bins_builder *b;
    struct px_report *report;
    struct lists *l;
    int exit_code;

    if (px_cli_value(c, "out") == NULL)
        return px_cli_usage(c, "where to? Name the file with -o OUT");
    b = px_bins_builder_create();
    report = px_report_create();
    l = calloc(1, sizeof *l);
    exit_code = l == NULL ? px_cli_fail(c, PX_NO, "no memory") : read_lists(c, l, b, report);
    if (exit_code == PX_YES)
        exit_code = write_table(c, b, report);
    px_report_destroy(report);
    px_bins_builder_destroy(b);
    for (unsigned i = 0; l != NULL && i < l->n; i++)
        px_file_close(&l->file[i]);
    free(l);
    return exit_code;
}

const struct px_command px_cmd_bins_build = {
    .name = "bins build",
    .operands = "IN.csv...",
    .operands_min = 1,
    .operands_max = LISTS,
    .summary = "make the BIN table of a gateway from CSV lists",
    .help =
        "Reads lists as people have them: with a header (prefix or bin or iin or range_start,\n"
        "range_end, brand or scheme, type, category, issuer or bank, country, in any order) or\n"
        "without one: prefix,brand,type,category,issuer,country, or low,high and the rest.\n"
        "Prefixes and ranges have up to 19 digits; narrower ranges win; of equal ones the\n"
        "later. Wrong rows are told with file and line and left out; if more than a tenth is\n"
        "wrong (with --strict: any), nothing is written. Exit: 0 written, 1 not.",
    .option = (const struct px_option[]){ { "out", 'o', "OUT", "the table to write" },
                                          { "strict", 0, NULL, "write nothing if a row is wrong" },
                                          { .name = NULL } },
    .json = true,
    .run = build,
};

/* ---- show ---- */

struct found {
    struct rt_bin bin;
    uint64_t low, high;
    bool known;
};

static void show_json(const struct found *f, struct span digits)
{
    char room[2048], two[3], edge[24];
    struct buf b = BUF_OF(room), e = BUF_OF(edge);
    struct json_out o = json_to(&b);

    json_open(&o, '{');
    json_member_i64(&o, "schema", 1);
    json_member_str(&o, "bin", digits);
    json_member_bool(&o, "known", f->known);
    if (f->known) {
        json_member_z(&o, "brand", rt_brand_name(f->bin.brand));
        json_member_z(&o, "funding", rt_funding_name(f->bin.funding));
        json_member_z(&o, "category", rt_grade_name(f->bin.grade));
        json_member_str(&o, "issuer", f->bin.issuer);
        json_member_z(&o, "country", rt_country_code(f->bin.country, two));
        buf_pad(&e, f->low, RT_BIN_WIDTH);
        json_member_str(&o, "low", buf_span(&e));
        buf_clear(&e);
        buf_pad(&e, f->high, RT_BIN_WIDTH);
        json_member_str(&o, "high", buf_span(&e));
    }
    json_close(&o, '}');
    printf("%s\n", buf_z(&b));
}

static void show_text(const struct found *f, struct span digits)
{
    char two[3];
    const char *country = rt_country_code(f->bin.country, two);

    if (!f->known) {
        printf("%.*s: nothing is known of it\n", SPAN_ARG(digits));
        return;
    }
    printf("brand     %s\nfunding   %s\ncategory  %s\nissuer    %.*s\ncountry   %s\n",
           rt_brand_name(f->bin.brand), rt_funding_name(f->bin.funding),
           rt_grade_name(f->bin.grade), (int)f->bin.issuer.n, f->bin.issuer.p,
           country[0] == '\0' ? "unknown" : country);
    printf("range     %019llu-%019llu\n", (unsigned long long)f->low, (unsigned long long)f->high);
}

static int show(const struct px_cli *c)
{
    struct span digits = span_str(c->operand[0]);
    const char *path = px_cli_value(c, "table");
    struct px_bins bins = { 0 };
    struct diag why = { 0 };
    struct found f = { 0 };
    uint64_t lead;

    if (path == NULL)
        return px_cli_usage(c, "which table? Name it with --table FILE");
    if (digits.n < 1 || digits.n > 11 || span_u64(digits, &lead) != OK)
        return px_cli_usage(c, "a BIN is 1 to 11 digits (never a whole card number)");
    if (px_bins_open(path, &bins, &why) != OK)
        return px_cli_fail(c, PX_NO, "%s", why.text);
    f.known = rt_bins_find_range(&bins.table, lead, (unsigned)digits.n, &f.bin, &f.low, &f.high);
    if (c->json)
        show_json(&f, digits);
    else
        show_text(&f, digits);
    px_bins_close(&bins);
    return f.known ? PX_YES : PX_NO;
}

const struct px_command px_cmd_bins_show = {
    .name = "bins show",
    .operands = "BIN",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "what the BIN table knows of a card's first digits",
    .help = "BIN: the first 1 to 11 digits. The narrowest range that holds every card beginning\n"
            "with them answers. Exit: 0 known, 1 not.",
    .option = (const struct px_option[]){ { "table", 't', "FILE", "the table, from bins build" },
                                          { .name = NULL } },
    .json = true,
    .run = show,
};
