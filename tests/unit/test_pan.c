/* tests/unit/test_pan.c -- card numbers here are the schemes' and providers' public test numbers.
 */
#include "tests/unit/unit.h"

#include "routing/base/pan.h"

static struct pan sealed(const char *digits)
{
    struct pan p;

    assert_int_equal(pan_seal(span_str(digits), &p), OK);
    return p;
}

static void pan_seal_takes_what_luhn_holds(void **state)
{
    static const struct {
        const char *digits;
        enum err e;
    } cases[] = {
        { "4242424242424242", OK },
        { "378282246310005", OK },     /* 15 */
        { "6304000000000000", OK },    /* 16 */
        { "6304000000000000000", OK }, /* 19, the longest */
        { "6011000990139424", OK },
        { "424242424242", OK },     /* 12, the shortest */
        { "42424242426", E_RANGE }, /* 11 */
        { "4242424242424242424", E_CONFLICT },
        { "42424242424242424242", E_RANGE }, /* 20 */
        { "4242424242424241", E_CONFLICT },
        { "4242424242424224", E_CONFLICT }, /* neighbours swapped */
        { "", E_RANGE },
        { "4242 4242 4242 4242", E_SYNTAX },
        { "4242-4242-4242-4242", E_SYNTAX },
        { "424242424242424a", E_SYNTAX },
        { "\xD9\xA4\xD9\xA2\xD9\xA4\xD9\xA2\xD9\xA4\xD9\xA2", E_SYNTAX }, /* other digits */
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct pan p = { .len = 99 };
        enum err e = pan_seal(span_str(cases[i].digits), &p);

        if (e != cases[i].e)
            fail_msg("case %zu: %s", i, err_name(e));
        assert_int_equal(p.len, e == OK ? strlen(cases[i].digits) : 99);
    }
}

/* Luhn finds every single wrong digit. */
static void luhn_finds_every_single_error(void **state)
{
    char digits[] = "4000056655665556";

    (void)state;
    assert_true(pan_luhn(span_str(digits)));
    for (size_t i = 0; i < 16; i++) {
        char right = digits[i];

        for (char c = '0'; c <= '9'; c++) {
            digits[i] = c;
            assert_int_equal(pan_luhn(span_str(digits)), c == right);
        }
        digits[i] = right;
    }
    assert_false(pan_luhn(SPAN_NONE));
    assert_false(pan_luhn(SPAN("/")));
    assert_false(pan_luhn(SPAN(":")));
}

static void mask_shows_first_six_and_last_four_at_most(void **state)
{
    static const char *const cases[][2] = {
        { "4242424242424242", "424242******4242" }, { "378282246310005", "378282*****0005" },
        { "30569309025904", "305693****5904" },     { "4222222222222", "42222****2222" },
        { "424242424242", "4242****4242" },
    };
    char mem[32];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct pan p = sealed(cases[i][0]);
        struct buf b = BUF_OF(mem);

        pan_mask(&p, &b);
        assert_string_equal(buf_z(&b), cases[i][1]);
    }
}

static void prefix_never_leaves_less_than_four_digits_hidden(void **state)
{
    struct pan p = sealed("4242424242424242"), shortest = sealed("424242424242");

    (void)state;
    assert_int_equal(pan_prefix(&p, 6), 424242);
    assert_int_equal(pan_prefix(&p, 8), 42424242);
    assert_int_equal(pan_prefix(&p, 9), 0);
    assert_int_equal(pan_prefix(&shortest, 8), 42424242);
    assert_int_equal(pan_prefix(&p, 0), 0);
    assert_int_equal(pan_lead(&p, 11), 42424242424);
    assert_int_equal(pan_lead(&p, 12), 0);
    assert_int_equal(pan_lead(&shortest, 8), 42424242);
    assert_int_equal(pan_lead(&shortest, 9), 0);
}

static void last4_and_reveal_and_wipe(void **state)
{
    struct pan p = sealed("378282246310005"), nothing = { 0 };
    char last4[5];

    (void)state;
    pan_last4(&p, last4);
    assert_string_equal(last4, "0005");
    assert_span(pan_reveal(&p), "378282246310005");
    pan_wipe(&p);
    assert_memory_equal(&p, &nothing, sizeof p);
}

/* Sealing a short number over a long one leaves nothing of the long one. */
static void seal_leaves_no_digits_behind(void **state)
{
    struct pan p = sealed("4242424242424242");

    (void)state;
    assert_int_equal(pan_seal(SPAN("424242424242"), &p), OK);
    for (size_t i = 12; i < PAN_DIGITS_MAX; i++)
        assert_int_equal(p.digit_[i], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pan_seal_takes_what_luhn_holds),
        cmocka_unit_test(luhn_finds_every_single_error),
        cmocka_unit_test(mask_shows_first_six_and_last_four_at_most),
        cmocka_unit_test(prefix_never_leaves_less_than_four_digits_hidden),
        cmocka_unit_test(last4_and_reveal_and_wipe),
        cmocka_unit_test(seal_leaves_no_digits_behind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
