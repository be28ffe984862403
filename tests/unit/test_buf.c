/* tests/unit/test_buf.c */
#include "tests/unit/unit.h"

#include "routing/base/buf.h"

static void buf_drops_whole_what_does_not_fit(void **state)
{
    char mem[6] = "......";
    struct buf b = buf_over(mem, 5);

    (void)state;
    buf_str(&b, "abc");
    assert_true(buf_ok(&b));
    buf_str(&b, "def");
    assert_false(buf_ok(&b));
    assert_span(buf_span(&b), "abc");
    buf_byte(&b, 'd');
    buf_byte(&b, 'e');
    buf_byte(&b, 'f');
    assert_span(buf_span(&b), "abcde");
    assert_false(buf_ok(&b)); /* and remembers it */
    assert_int_equal(mem[5], '.');
    buf_clear(&b);
    assert_true(buf_ok(&b));
    assert_span(buf_span(&b), "");
}

static void buf_writes_numbers(void **state)
{
    char mem[200];
    struct buf b = BUF_OF(mem);

    (void)state;
    buf_u64(&b, 0);
    buf_byte(&b, ' ');
    buf_u64(&b, UINT64_MAX);
    buf_byte(&b, ' ');
    buf_i64(&b, INT64_MIN);
    buf_byte(&b, ' ');
    buf_i64(&b, -7);
    buf_byte(&b, ' ');
    buf_pad(&b, 7, 3);
    buf_byte(&b, ' ');
    buf_pad(&b, 12345, 3);
    buf_byte(&b, ' ');
    buf_pad(&b, 1, 99); /* never more than 20 */
    buf_byte(&b, ' ');
    buf_hex(&b, "\x00\xAB\xFF", 3);
    buf_byte(&b, ' ');
    buf_fmt(&b, "%s-%d", "x", 5);
    assert_string_equal(buf_z(&b), "0 18446744073709551615 -9223372036854775808 -7 007 12345 "
                                   "00000000000000000001 00abff x-5");
    assert_true(buf_ok(&b));
}

static void buf_is_short_at_every_size_too_small(void **state)
{
    char mem[32];

    (void)state;
    for (size_t cap = 0; cap < 12; cap++) {
        struct buf b = buf_over(mem, cap);

        buf_fmt(&b, "%d", 123456);
        assert_int_equal(buf_ok(&b), cap > 6); /* one more: vsnprintf's NUL */
        b = buf_over(mem, cap);
        buf_hex(&b, "abc", 3);
        assert_int_equal(buf_ok(&b), cap >= 6);
        b = buf_over(mem, cap);
        buf_i64(&b, -12345);
        assert_int_equal(buf_ok(&b), cap >= 6);
        b = buf_over(mem, cap);
        buf_str(&b, "123456");
        assert_string_equal(buf_z(&b), cap >= 7 ? "123456" : "");
        assert_int_equal(buf_ok(&b), cap >= 7);
    }
}

static void buf_takes_nothing_into_nothing(void **state)
{
    struct buf b = buf_over(NULL, 0);

    (void)state;
    buf_put(&b, SPAN_NONE);
    buf_str(&b, NULL);
    buf_str(&b, "");
    assert_true(buf_ok(&b));
    assert_string_equal(buf_z(&b), "");
    assert_false(buf_ok(&b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buf_drops_whole_what_does_not_fit),
        cmocka_unit_test(buf_writes_numbers),
        cmocka_unit_test(buf_is_short_at_every_size_too_small),
        cmocka_unit_test(buf_takes_nothing_into_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
