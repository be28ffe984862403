/* tests/unit/test_payment.c */
#include "tests/unit/unit.h"

#include "routing/payment.h"

static void words_go_both_ways(void **state)
{
    enum rt_op op;

    (void)state;
    for (unsigned i = 0; i < RT_OPS_; i++) {
        assert_int_equal(rt_op_find(span_str(rt_op_name((enum rt_op)i)), &op), OK);
        assert_int_equal(op, i);
    }
    assert_int_equal(rt_op_find(SPAN("authorise"), &op), E_NOTFOUND);
    assert_int_equal(rt_op_find(SPAN("unknown"), &op), E_NOTFOUND);
    assert_int_equal(rt_op_find(SPAN_NONE, &op), E_NOTFOUND);
    for (unsigned b = 0; b < RT_BRANDS_; b++)
        assert_int_equal(rt_brand_find(span_str(rt_brand_name((enum rt_brand)b))), b);
    assert_int_equal(rt_brand_find(SPAN("Visa")), RT_BRAND_UNKNOWN);
    assert_string_equal(rt_method_name(RT_CARD), "card");
    assert_string_equal(rt_method_name(RT_NETWORK_TOKEN), "network_token");
    assert_string_equal(rt_method_name(RT_PROVIDER_TOKEN), "provider_token");
}

static void leading_digits_name_the_brand(void **state)
{
    static const struct {
        uint32_t low, high;
        enum rt_brand brand;
    } cases[] = {
        { 400000, 499999, RT_VISA },
        { 510000, 559999, RT_MASTERCARD },
        { 222100, 272099, RT_MASTERCARD },
        { 272100, 299999, RT_BRAND_UNKNOWN },
        { 220000, 222099, RT_BRAND_UNKNOWN } /* Mir and nobody */,
        { 340000, 349999, RT_AMEX },
        { 370000, 379999, RT_AMEX },
        { 300000, 305999, RT_DINERS },
        { 306000, 309499, RT_BRAND_UNKNOWN },
        { 309500, 309599, RT_DINERS },
        { 360000, 369999, RT_DINERS },
        { 380000, 399999, RT_DINERS },
        { 352800, 358999, RT_JCB },
        { 350000, 352799, RT_BRAND_UNKNOWN },
        { 359000, 359999, RT_BRAND_UNKNOWN },
        { 601100, 601199, RT_DISCOVER },
        { 644000, 649999, RT_DISCOVER },
        { 650000, 650030, RT_DISCOVER },
        { 655059, 659999, RT_DISCOVER },
        { 622126, 622925, RT_UNIONPAY },
        { 620000, 620099, RT_UNIONPAY },
        { 810000, 819999, RT_UNIONPAY },
        { 500000, 501899, RT_MAESTRO },
        { 560000, 589999, RT_MAESTRO },
        { 670000, 679999, RT_MAESTRO },
        { 508500, 508999, RT_BRAND_UNKNOWN } /* RuPay */,
        { 506099, 506198, RT_BRAND_UNKNOWN } /* Verve */,
        { 979200, 979299, RT_BRAND_UNKNOWN } /* Troy */,
        { 0, 99999, RT_BRAND_UNKNOWN },
        { 900000, 999999, RT_BRAND_UNKNOWN },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(rt_brand_of(cases[i].low, 6), cases[i].brand);
        assert_int_equal(rt_brand_of(cases[i].high, 6), cases[i].brand);
        assert_int_equal(rt_brand_of(cases[i].low * 100, 8), cases[i].brand);
        assert_int_equal(rt_brand_of(cases[i].high * 100 + 99, 8), cases[i].brand);
    }
}

static void a_card_is_good_until_the_end_of_its_month(void **state)
{
    static const struct {
        struct rt_expiry e;
        bool ok;
    } cases[] = {
        { { 10, 2026 }, true },  { { 9, 2026 }, false },  { { 11, 2026 }, true },
        { { 1, 2027 }, true },   { { 12, 2025 }, false }, { { 0, 2030 }, false },
        { { 13, 2030 }, false }, { { 12, 0 }, false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(rt_expiry_ok(cases[i].e, 2026, 10), cases[i].ok);
}

static void an_attempt_has_a_reference_of_its_own(void **state)
{
    char ref[RT_REF_MAX], other[RT_REF_MAX];

    (void)state;
    rt_attempt_ref(SPAN("01J9ZC3W5E7Q8R2T4V6X8Y0Z1A"), 0, ref);
    assert_string_equal(ref, "at0_01J9ZC3W5E7Q8R2T4V6X8Y0Z1A");
    assert_int_equal(strlen(ref), 30);
    rt_attempt_ref(SPAN("01J9ZC3W5E7Q8R2T4V6X8Y0Z1A"), 35, other);
    assert_string_equal(other, "atz_01J9ZC3W5E7Q8R2T4V6X8Y0Z1A");
    rt_attempt_ref(SPAN("01J9ZC3W5E7Q8R2T4V6X8Y0Z1A"), 10, other);
    assert_string_equal(other, "ata_01J9ZC3W5E7Q8R2T4V6X8Y0Z1A");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_go_both_ways),
        cmocka_unit_test(leading_digits_name_the_brand),
        cmocka_unit_test(a_card_is_good_until_the_end_of_its_month),
        cmocka_unit_test(an_attempt_has_a_reference_of_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
