/* tests/unit/test_bins.c -- from lists as people have them to a table that answers. */
#include "proxy/bins.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "proxy/report.h"
#include "tests/unit/unit.h"

/* One list, made into a table, asked. */
struct made {
    struct px_report *report;
    struct px_bins_count n;
    struct px_source source;
    void *image;
    struct rt_bins table;
    enum err e;
};

static void make(struct made *m, const char *text)
{
    struct px_bins_builder *b = px_bins_builder_create();
    struct diag why = { 0 };
    size_t n;

    memset(m, 0, sizeof *m);
    m->report = px_report_create();
    m->source = (struct px_source){ .name = "list.csv", .text = span_str(text) };
    px_bins_builder_read(b, &m->source, m->report);
    m->e = px_bins_builder_finish(b, m->report, &m->image, &n);
    m->n = px_bins_builder_count(b);
    px_bins_builder_destroy(b);
    if (m->e == OK)
        assert_int_equal(rt_bins_open((struct span){ m->image, n }, &m->table, &why), OK);
}

static void unmake(struct made *m)
{
    px_report_destroy(m->report);
    free(m->image);
}

static struct rt_bin ask(const struct made *m, uint64_t lead, unsigned digits)
{
    struct rt_bin b;

    (void)rt_bins_find(&m->table, lead, digits, &b);
    return b;
}

static void assert_row(const struct made *m, uint64_t lead, unsigned digits, enum rt_brand brand,
                       enum rt_funding funding, enum rt_grade grade, const char *issuer,
                       const char *country)
{
    struct rt_bin b = ask(m, lead, digits);
    char two[3];

    assert_int_equal(b.brand, brand);
    assert_int_equal(b.funding, funding);
    assert_int_equal(b.grade, grade);
    assert_span(b.issuer, issuer);
    assert_string_equal(rt_country_code(b.country, two), country);
}

/* The headers of the lists that people find on the net, and of scheme tables. */
static void common_shapes_are_understood(void **state)
{
    static const char *const list[] = {
        "457112,visa,debit,classic,Bank One,DE\n",
        "457112,457112,visa,debit,classic,Bank One,DE\n",
        "BIN,Brand,Type,Category,Issuer,IssuerPhone,IssuerUrl,isoCode2,isoCode3,CountryName\n"
        "457112,VISA,DEBIT,CLASSIC,\"Bank One\",,,DE,DEU,GERMANY\n",
        "bin,brand,type,category,issuer,alpha_2,alpha_3,country,latitude\n"
        "457112,VISA,DEBIT,CLASSIC,Bank One,DE,DEU,Germany,51\n",
        "iin_start,iin_end,number_length,number_luhn,scheme,brand,type,prepaid,country,bank_name\n"
        "457112,,16,,visa,Traditional,debit,,DE,Bank One\n",
        "Account Range Low;Account Range High;Brand;Funding;Product;Issuer Name;Country Code\n"
        "4571120000000000000;4571129999999999999;Visa;Debit;Consumer;Bank One;DE\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        struct made m;

        make(&m, list[i]);
        assert_int_equal(m.e, OK);
        assert_int_equal(m.n.bad, 0);
        assert_int_equal(m.n.rows, 1);
        assert_row(&m, 457112, 6, RT_VISA, RT_DEBIT, RT_CONSUMER, "Bank One", "DE");
        assert_row(&m, 45711299999, 11, RT_VISA, RT_DEBIT, RT_CONSUMER, "Bank One", "DE");
        assert_int_equal(ask(&m, 457113, 6).brand, RT_BRAND_UNKNOWN);
        unmake(&m);
    }
}

static void longer_prefixes_win_and_later_rows_replace(void **state)
{
    struct made m;

    (void)state;
    make(&m, "prefix,brand,type,category,issuer,country\n"
             "45711201,visa,prepaid,,Inner,UK\n"
             "457112,visa,credit,gold,Old,DE\n"
             "457112,visa,debit,business,New,FR\n"
             "45711201234,visa,charge,,Innermost,US\n");
    assert_int_equal(m.n.replaced, 1);
    assert_int_equal(m.n.ranges, 3);
    assert_row(&m, 45711200, 8, RT_VISA, RT_DEBIT, RT_BUSINESS, "New", "FR");
    assert_row(&m, 45711201, 8, RT_VISA, RT_PREPAID, RT_GRADE_UNKNOWN, "Inner", "GB");
    assert_row(&m, 45711201234, 11, RT_VISA, RT_CHARGE, RT_GRADE_UNKNOWN, "Innermost", "US");
    unmake(&m);
}

static void a_brand_left_out_follows_from_the_digits(void **state)
{
    struct made m;

    (void)state;
    make(&m, "prefix,brand,type\n510510,,credit\n220220,mir,debit\n");
    assert_int_equal(ask(&m, 510510, 6).brand, RT_MASTERCARD);
    assert_int_equal(ask(&m, 220220, 6).brand, RT_BRAND_UNKNOWN);
    assert_int_equal(m.n.odd_brand, 1);
    unmake(&m);
}

static void bad_rows_are_told_with_their_line(void **state)
{
    char *told = NULL;
    size_t n;
    FILE *to = open_memstream(&told, &n);
    struct made m;

    (void)state;
    make(&m, "prefix,prefix_end,brand\n"
             "457112,457112,visa\n"
             "45x112,,visa\n"
             "457113,457110,visa\n"
             "457114,45711499,visa\n"
             "457112345678901234567,,visa\n"
             "4571120,4571121,visa\n"
             "4571121,4571122,visa\n"
             "\"457115,,visa\n");
    assert_int_equal(m.e, OK);
    assert_int_equal(m.n.rows, 8);
    assert_int_equal(m.n.bad, 6);
    assert_int_equal(m.n.ranges, 2);
    assert_int_equal(px_report_errors(m.report), 6);
    px_report_print(m.report, to, false);
    assert_int_equal(fclose(to), 0);
    assert_non_null(strstr(told, "list.csv:3:1: error[B101]: \"45x112\" is no range"));
    assert_non_null(strstr(told, "list.csv:4:8: error[B101]: the range ends before it begins"));
    assert_non_null(strstr(told, "list.csv:5:8: error[B101]: a range from 6 digits to 8 digits"));
    assert_non_null(strstr(told, "list.csv:6:1: error[B101]"));
    assert_non_null(strstr(told, "list.csv:8:1: error[B103]: this range begins inside the one of "
                                 "list.csv:7"));
    assert_non_null(strstr(told, "list.csv:9:1: error[B101]: a quote that does not end"));
    free(told);
    unmake(&m);
}

static void a_list_of_something_else_gives_no_table(void **state)
{
    static const char *const list[] = { "", "name,age\nAda,36\n", "# nothing\n", "prefix,brand\n" };

    (void)state;
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        struct made m;

        make(&m, list[i]);
        assert_int_equal(m.e, E_SYNTAX);
        unmake(&m);
    }
}

static void a_file_is_replaced_whole_and_mapped(void **state)
{
    struct px_bins_builder *b = px_bins_builder_create();
    struct px_report *report = px_report_create();
    struct px_source source = { .name = "l", .text = SPAN("457112,visa,debit,,One,DE\n") };
    char path[] = "/tmp/signalbox-bins-XXXXXX";
    struct px_bins bins = { 0 };
    struct diag why = { 0 };
    struct rt_bin bin;
    void *image;
    size_t n;
    int fd = mkstemp(path);

    (void)state;
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(px_bins_open(path, &bins, &why), E_SYNTAX); /* empty */
    px_bins_builder_read(b, &source, report);
    assert_int_equal(px_bins_builder_finish(b, report, &image, &n), OK);
    assert_int_equal(px_file_replace(path, (struct span){ image, n }, 0644, &why), OK);
    assert_int_equal(px_bins_open(path, &bins, &why), OK);
    assert_true(rt_bins_find(&bins.table, 457112, 6, &bin));
    assert_span(bin.issuer, "One");
    px_bins_close(&bins);
    unlink(path);
    assert_int_equal(px_bins_open(path, &bins, &why), E_NOTFOUND);
    free(image);
    px_report_destroy(report);
    px_bins_builder_destroy(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(common_shapes_are_understood),
        cmocka_unit_test(longer_prefixes_win_and_later_rows_replace),
        cmocka_unit_test(a_brand_left_out_follows_from_the_digits),
        cmocka_unit_test(bad_rows_are_told_with_their_line),
        cmocka_unit_test(a_list_of_something_else_gives_no_table),
        cmocka_unit_test(a_file_is_replaced_whole_and_mapped),
    };

    return cmocka_run_group_tests_name("bins", tests, NULL, NULL);
}
