/* tests/unit/test_span.c */
#include "tests/unit/unit.h"

static void span_none_equals_the_empty_string(void **state)
{
    (void)state;
    assert_true(span_eq(SPAN_NONE, SPAN("")));
    assert_true(span_is(SPAN_NONE, ""));
    assert_false(span_is(SPAN_NONE, "a"));
    assert_null(span_str(NULL).p);
    assert_int_equal(span_str("abc").n, 3);
}

static void span_compares_whole_and_by_ends(void **state)
{
    (void)state;
    assert_true(span_is(SPAN("abc"), "abc"));
    assert_false(span_is(SPAN("abc"), "abd"));
    assert_false(span_is(SPAN("abc"), "ab"));
    assert_true(span_is_nocase(SPAN("Content-TYPE"), "content-type"));
    assert_false(span_is_nocase(SPAN("\xC4"), "\xE4")); /* ASCII letters only */
    assert_false(span_is_nocase(SPAN("["), "{"));       /* 0x5B and 0x7B are no letters */
    assert_true(span_starts(SPAN("abc"), "ab"));
    assert_false(span_starts(SPAN("a"), "ab"));
    assert_true(span_ends(SPAN("abc"), "bc"));
    assert_false(span_ends(SPAN("c"), "bc"));
    assert_true(span_starts(SPAN("abc"), ""));
    assert_true(span_ends(SPAN_NONE, ""));
}

static void span_trims_spaces_and_tabs_only(void **state)
{
    (void)state;
    assert_span(span_trim(SPAN(" \t a b \t")), "a b");
    assert_span(span_trim(SPAN(" \t ")), "");
    assert_span(span_trim(SPAN("\na\r")), "\na\r");
    assert_span(span_trim(SPAN_NONE), "");
}

static void span_drop_and_take_stop_at_the_end(void **state)
{
    struct span s = SPAN("abc");

    (void)state;
    assert_span(span_drop(s, 1), "bc");
    assert_span(span_drop(s, 4), "");
    assert_ptr_equal(span_drop(s, 4).p, s.p + 3);
    assert_null(span_drop(SPAN_NONE, 1).p);
    assert_span(span_take(s, 2), "ab");
    assert_span(span_take(s, 9), "abc");
}

static void span_cut_gives_every_part_once(void **state)
{
    struct span rest = SPAN("a,,b,"), part;

    (void)state;
    assert_true(span_cut(&rest, ',', &part));
    assert_span(part, "a");
    assert_true(span_cut(&rest, ',', &part));
    assert_span(part, "");
    assert_true(span_cut(&rest, ',', &part));
    assert_span(part, "b");
    assert_true(span_cut(&rest, ',', &part));
    assert_span(part, "");
    assert_false(span_cut(&rest, ',', &part));
    rest = SPAN("");
    assert_true(span_cut(&rest, ',', &part));
    assert_span(part, "");
    assert_false(span_cut(&rest, ',', &part));
}

static void span_u64_takes_digits_and_only_digits(void **state)
{
    static const char *const bad[] = { "", "-1", "+1", " 1", "1 ", "0x1", "1.0", "1e1" };
    uint64_t v = 7;

    (void)state;
    assert_int_equal(span_u64(SPAN("0"), &v), OK);
    assert_int_equal(v, 0);
    assert_int_equal(span_u64(SPAN("0018446744073709551615"), &v), OK);
    assert_true(v == UINT64_MAX);
    assert_int_equal(span_u64(SPAN("18446744073709551616"), &v), E_RANGE);
    assert_int_equal(span_u64(SPAN("99999999999999999999999"), &v), E_RANGE);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(span_u64(span_str(bad[i]), &v), E_SYNTAX);
    assert_true(v == UINT64_MAX); /* outputs are written on success only */
}

static void span_i64_reaches_both_ends(void **state)
{
    int64_t v = 7;

    (void)state;
    assert_int_equal(span_i64(SPAN("9223372036854775807"), &v), OK);
    assert_true(v == INT64_MAX);
    assert_int_equal(span_i64(SPAN("-9223372036854775808"), &v), OK);
    assert_true(v == INT64_MIN);
    assert_int_equal(span_i64(SPAN("9223372036854775808"), &v), E_RANGE);
    assert_int_equal(span_i64(SPAN("-9223372036854775809"), &v), E_RANGE);
    assert_int_equal(span_i64(SPAN("-0"), &v), OK);
    assert_int_equal(v, 0);
    assert_int_equal(span_i64(SPAN("-"), &v), E_SYNTAX);
    assert_int_equal(span_i64(SPAN("--1"), &v), E_SYNTAX);
    assert_int_equal(span_i64(SPAN(""), &v), E_SYNTAX);
}

static void span_copyz_refuses_what_no_c_string_holds(void **state)
{
    char dst[4] = "zzz";

    (void)state;
    assert_int_equal(span_copyz(SPAN("abc"), dst, sizeof dst), OK);
    assert_string_equal(dst, "abc");
    assert_int_equal(span_copyz(SPAN("abcd"), dst, sizeof dst), E_LIMIT);
    assert_int_equal(span_copyz(SPAN("a\0b"), dst, sizeof dst), E_LIMIT);
    assert_int_equal(span_copyz(SPAN_NONE, dst, sizeof dst), OK);
    assert_string_equal(dst, "");
    assert_int_equal(span_copyz(SPAN_NONE, dst, 0), E_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(span_none_equals_the_empty_string),
        cmocka_unit_test(span_compares_whole_and_by_ends),
        cmocka_unit_test(span_trims_spaces_and_tabs_only),
        cmocka_unit_test(span_drop_and_take_stop_at_the_end),
        cmocka_unit_test(span_cut_gives_every_part_once),
        cmocka_unit_test(span_u64_takes_digits_and_only_digits),
        cmocka_unit_test(span_i64_reaches_both_ends),
        cmocka_unit_test(span_copyz_refuses_what_no_c_string_holds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
