/* tests/unit/test_money.c */
#include "tests/unit/unit.h"

#include "routing/base/money.h"

static currency cur(const char *code)
{
    currency c = currency_find(span_str(code));

    assert_int_not_equal(c, CURRENCY_NONE);
    return c;
}

static void every_currency_is_found_by_its_code(void **state)
{
    (void)state;
    assert_true(currency_count() > 150);
    for (currency c = 1; c <= currency_count(); c++) {
        const char *code = currency_code(c);

        assert_int_equal(currency_find(span_str(code)), c);
        assert_true(currency_taken(c, MONEY_ISO));
        assert_in_range(currency_exponent(c, MONEY_ISO), 0, 4);
        if (c > 1)
            assert_true(strcmp(currency_code((currency)(c - 1)), code) < 0);
    }
}

static void other_words_are_no_currencies(void **state)
{
    static const char *const bad[] = {
        "", "EU", "EURO", "eur", "Eur", "XXX", "ZZZ", "AAA", "E\0R"
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(currency_find(span_str(bad[i])), CURRENCY_NONE);
    assert_int_equal(currency_find(SPAN_NONE), CURRENCY_NONE);
}

static void currency_near_says_what_was_meant(void **state)
{
    (void)state;
    assert_string_equal(currency_code(currency_near(SPAN("eur"))), "EUR");
    assert_string_equal(currency_code(currency_near(SPAN("Usd"))), "USD");
    assert_string_equal(currency_code(currency_near(SPAN("GPB"))), "GBP");
    assert_string_equal(currency_code(currency_near(SPAN("JPX"))), "JPY");
    assert_int_equal(currency_near(SPAN("QQQ")), CURRENCY_NONE);
    assert_int_equal(currency_near(SPAN("EURO")), CURRENCY_NONE);
}

/* What the providers' documents say about amounts, 2026-10. */
static void each_provider_gets_its_own_integer(void **state)
{
    enum { NO = -1 }; /* E_RANGE */
    static const struct {
        const char *code;
        int64_t minor;
        int64_t stripe, adyen, checkoutcom;
    } cases[] = {
        { "EUR", 1099, 1099, 1099, 1099 },
        { "JPY", 500, 500, 500, 500 },
        { "ISK", 5, 500, 500, 5 },         /* Stripe, Adyen: two decimals, Stripe's always 00 */
        { "UGX", 700, 70000, 700, 700 },   /* Stripe: as ISK */
        { "CLP", 990, 990, 99000, 99000 }, /* Adyen, Checkout.com: two decimals */
        { "CVE", 1200, 1200, 12, 1200 },   /* Adyen: none */
        { "CVE", 1250, 1250, NO, 1250 },   /* ... so it can not say half an escudo */
        { "IDR", 150000, 150000, 1500, 150000 },
        { "IDR", 150001, 150001, NO, 150001 },
        { "MGA", 300, 3, 300, 300 }, /* Stripe: none */
        { "MGA", 320, NO, 320, 320 },
        { "KWD", 12340, 12340, 12340, 12340 },
        { "KWD", 12345, NO, 12345, NO }, /* Stripe, Checkout.com: the last digit must be 0 */
        { "BHD", 1, NO, 1, NO },
        { "LYD", 10, NO, 10, 10 }, /* Stripe does not take it */
        { "HUF", 1050, 1050, 1050, 1050 },
        { "BIF", 100, 100, NO, 100 }, /* Adyen does not list it */
        { "ISK", INT64_MAX, NO, NO, INT64_MAX },
        { "EUR", INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        static const enum money_dialect dialect[] = { MONEY_STRIPE, MONEY_ADYEN,
                                                      MONEY_CHECKOUTCOM };
        const int64_t want[] = { cases[i].stripe, cases[i].adyen, cases[i].checkoutcom };
        struct money m = { cases[i].minor, cur(cases[i].code) };

        for (int d = 0; d < 3; d++) {
            int64_t units = NO;
            struct money back;
            enum err e = money_to(m, dialect[d], &units);

            if (units != want[d] || e != (want[d] == NO ? E_RANGE : OK))
                fail_msg("%s %lld in dialect %d: %lld", cases[i].code, (long long)m.minor,
                         (int)dialect[d], (long long)units);
            if (e != OK)
                continue;
            assert_int_equal(money_from(units, m.cur, dialect[d], &back), OK);
            assert_int_equal(back.minor, m.minor);
            assert_int_equal(back.cur, m.cur);
        }
    }
}

static void money_from_refuses_what_iso_can_not_say(void **state)
{
    struct money m = { 1, 1 };

    (void)state;
    assert_int_equal(money_from(550, cur("ISK"), MONEY_STRIPE, &m), E_RANGE);
    assert_int_equal(money_from(99050, cur("CLP"), MONEY_ADYEN, &m), E_RANGE);
    assert_int_equal(money_from(INT64_MAX, cur("IDR"), MONEY_ADYEN, &m), E_RANGE);
    assert_int_equal(money_from(10, cur("LYD"), MONEY_STRIPE, &m), E_RANGE);
    assert_int_equal(m.minor, 1);
}

/* There and back again for every currency in every dialect, when there is a way there. */
static void money_to_and_from_are_inverse(void **state)
{
    static const int64_t amounts[] = { 0, 1, 10, 99, 100, 1000, 1099, 10990, 123450, INT64_MAX };

    (void)state;
    for (currency c = 1; c <= currency_count(); c++) {
        for (int d = 0; d < MONEY_DIALECTS_; d++) {
            for (size_t i = 0; i < sizeof amounts / sizeof amounts[0]; i++) {
                struct money m = { amounts[i], c }, back = { 0 };
                int64_t units;

                if (money_to(m, (enum money_dialect)d, &units) != OK)
                    continue;
                assert_int_equal(money_from(units, c, (enum money_dialect)d, &back), OK);
                assert_true(back.minor == m.minor);
            }
        }
    }
}

static void money_adds_only_like_to_like(void **state)
{
    struct money eur = { 100, cur("EUR") }, usd = { 100, cur("USD") };
    struct money most = { INT64_MAX, cur("EUR") }, least = { INT64_MIN, cur("EUR") }, out;

    (void)state;
    assert_int_equal(money_add(eur, eur, &out), OK);
    assert_int_equal(out.minor, 200);
    assert_int_equal(out.cur, eur.cur);
    assert_int_equal(money_add(eur, usd, &out), E_CONFLICT);
    assert_int_equal(money_add(most, eur, &out), E_RANGE);
    assert_int_equal(money_sub(eur, usd, &out), E_CONFLICT);
    assert_int_equal(money_sub(least, eur, &out), E_RANGE);
    assert_int_equal(money_sub(eur, eur, &out), OK);
    assert_int_equal(out.minor, 0);
}

static void money_prints_the_iso_way(void **state)
{
    static const struct {
        const char *code;
        int64_t minor;
        const char *text;
    } cases[] = {
        { "EUR", 1099, "EUR 10.99" },
        { "EUR", 5, "EUR 0.05" },
        { "EUR", -5, "EUR -0.05" },
        { "JPY", 500, "JPY 500" },
        { "KWD", 1234, "KWD 1.234" },
        { "ISK", 5, "ISK 5" },
        { "EUR", INT64_MIN, "EUR -92233720368547758.08" },
    };
    char mem[64];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf b = BUF_OF(mem);

        money_print((struct money){ cases[i].minor, cur(cases[i].code) }, &b);
        assert_string_equal(buf_z(&b), cases[i].text);
    }
}

static void money_ppm_rounds_as_told(void **state)
{
    static const struct {
        int64_t minor, ppm, down, up, even;
    } cases[] = {
        { 1000, 29000, 29, 29, 29 },
        { 1, 500000, 0, 1, 0 }, /* exactly a half: to even */
        { 3, 500000, 1, 2, 2 },
        { 5, 500000, 2, 3, 2 },
        { 1, 500001, 0, 1, 1 },
        { 1, 499999, 0, 1, 0 },
        { -1, 500000, 0, -1, 0 },
        { -3, 500000, -1, -2, -2 },
        { -3, -500000, 1, 2, 2 },
        { 0, 1000000, 0, 0, 0 },
        { INT64_MAX, 1000000, INT64_MAX, INT64_MAX, INT64_MAX },
    };
    int64_t out;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(money_ppm(cases[i].minor, cases[i].ppm, MONEY_DOWN, &out), OK);
        assert_true(out == cases[i].down);
        assert_int_equal(money_ppm(cases[i].minor, cases[i].ppm, MONEY_UP, &out), OK);
        assert_true(out == cases[i].up);
        assert_int_equal(money_ppm(cases[i].minor, cases[i].ppm, MONEY_HALF_EVEN, &out), OK);
        assert_true(out == cases[i].even);
    }
    assert_int_equal(money_ppm(INT64_MAX, 1000001, MONEY_UP, &out), E_RANGE);
    assert_int_equal(money_ppm(INT64_MIN, INT64_MIN, MONEY_UP, &out), E_RANGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_currency_is_found_by_its_code),
        cmocka_unit_test(other_words_are_no_currencies),
        cmocka_unit_test(currency_near_says_what_was_meant),
        cmocka_unit_test(each_provider_gets_its_own_integer),
        cmocka_unit_test(money_from_refuses_what_iso_can_not_say),
        cmocka_unit_test(money_to_and_from_are_inverse),
        cmocka_unit_test(money_adds_only_like_to_like),
        cmocka_unit_test(money_prints_the_iso_way),
        cmocka_unit_test(money_ppm_rounds_as_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
