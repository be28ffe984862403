/* tests/unit/test_csv.c -- rows and cells as people write them. */
#include "proxy/csv.h"

#include "tests/unit/unit.h"

static struct px_csv c;

static void open_text(const char *z)
{
    static struct px_source source;

    source = (struct px_source){ .name = "x.csv", .text = span_str(z) };
    px_csv_open(&c, &source);
}

static void rows_come_with_their_places(void **state)
{
    (void)state;
    open_text("\xef\xbb\xbf"
              "a,b\r\n# remark\n\n 1 ,\"two, \"\"2\"\"\",\n");
    assert_true(px_csv_next(&c));
    assert_int_equal(c.cells, 2);
    assert_span(c.cell[1].text, "b");
    assert_true(px_csv_next(&c));
    assert_int_equal(c.line, 4);
    assert_int_equal(c.cells, 3);
    assert_span(c.cell[0].text, "1");
    assert_span(c.cell[1].text, "two, \"2\"");
    assert_span(c.cell[2].text, "");
    assert_int_equal(c.cell[1].col, 5);
    assert_null(c.broken);
    assert_false(px_csv_next(&c));
}

static void other_separators_are_guessed(void **state)
{
    (void)state;
    open_text("bin;brand\n1;visa, electron\n");
    assert_true(px_csv_next(&c) && px_csv_next(&c));
    assert_int_equal(c.cells, 2);
    assert_span(c.cell[1].text, "visa, electron");
    open_text("bin\tbrand\n");
    assert_true(px_csv_next(&c));
    assert_int_equal(c.cells, 2);
}

static void what_does_not_end_is_told(void **state)
{
    (void)state;
    open_text("1,\"open\n2,\"x\"y,3\n");
    assert_true(px_csv_next(&c));
    assert_non_null(c.broken);
    assert_int_equal(c.broken_col, 3);
    assert_true(px_csv_next(&c));
    assert_non_null(c.broken);
    assert_int_equal(c.cells, 3);
}

static void headings_are_letters_and_digits(void **state)
{
    (void)state;
    assert_true(px_csv_names(SPAN("Card Brand"), "cardbrand"));
    assert_true(px_csv_names(SPAN("iin_start"), "iinstart"));
    assert_false(px_csv_names(SPAN("iin"), "iinstart"));
    assert_false(px_csv_names(SPAN("iin start x"), "iinstart"));
    assert_false(px_csv_names(SPAN(""), "a"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_come_with_their_places),
        cmocka_unit_test(other_separators_are_guessed),
        cmocka_unit_test(what_does_not_end_is_told),
        cmocka_unit_test(headings_are_letters_and_digits),
    };

    return cmocka_run_group_tests_name("csv", tests, NULL, NULL);
}
