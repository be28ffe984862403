/* tests/unit/test_provider.c -- who can take what. */
#include "tests/unit/unit.h"

#include "routing/provider.h"

static currency cur(const char *code)
{
    return currency_find(span_str(code));
}

static struct rt_provider stripe(void)
{
    struct rt_provider p = { .name = "stripe",
                             .enabled = true,
                             .brands = 1u << RT_VISA | 1u << RT_MASTERCARD,
                             .methods = 1u << RT_CARD | 1u << RT_PROVIDER_TOKEN,
                             .ops = 1u << RT_AUTHORIZE | 1u << RT_REFUND,
                             .dialect = MONEY_STRIPE };

    rt_provider_take_currency(&p, cur("EUR"));
    rt_provider_take_currency(&p, cur("TND"));
    return p;
}

static struct rt_payment card(void)
{
    return (struct rt_payment){
        .op = RT_AUTHORIZE, .method = RT_CARD, .brand = RT_VISA, .amount = { 1099, cur("EUR") }
    };
}

static void what_fits_is_eligible(void **state)
{
    struct rt_provider p = stripe();
    struct rt_payment pay = card();

    (void)state;
    assert_int_equal(rt_provider_judges(&p, &pay), RT_REASON_ELIGIBLE);
}

static void each_misfit_has_its_reason(void **state)
{
    struct rt_provider p = stripe();
    struct rt_payment pay = card();

    (void)state;
    p.enabled = false;
    assert_int_equal(rt_provider_judges(&p, &pay), RT_REASON_DISABLED);
    p = stripe();
    pay.op = RT_CAPTURE;
    assert_int_equal(rt_provider_judges(&p, &pay), RT_REASON_OPERATION);
    pay = card();
    pay.method = RT_NETWORK_TOKEN;
    assert_int_equal(rt_provider_judges(&p, &pay), RT_REASON_METHOD);
    pay = card();
    pay.brand = RT_AMEX;
    assert_int_equal(rt_provider_judges(&p, &pay), RT_REASON_BRAND);
    pay = card();
    pay.amount.cur = cur("USD");
    assert_int_equal(rt_provider_judges(&p, &pay), RT_REASON_CURRENCY);
    pay.amount.cur = CURRENCY_NONE;
    assert_int_equal(rt_provider_judges(&p, &pay), RT_REASON_CURRENCY);
}

static void an_amount_it_can_not_say_is_a_currency_it_does_not_take(void **state)
{
    struct rt_provider p = stripe();
    struct rt_payment pay = card();

    (void)state;
    pay.amount = (struct money){ 5120, cur("TND") }; /* Stripe wants the last of three digits 0 */
    assert_int_equal(rt_provider_judges(&p, &pay), RT_REASON_ELIGIBLE);
    pay.amount.minor = 5124;
    assert_int_equal(rt_provider_judges(&p, &pay), RT_REASON_CURRENCY);
}

static void a_token_stays_with_its_owner(void **state)
{
    struct rt_provider p = stripe();
    struct rt_payment pay = card();

    (void)state;
    pay.method = RT_PROVIDER_TOKEN;
    pay.brand = RT_BRAND_UNKNOWN;
    assert_int_equal(rt_provider_judges(&p, &pay), RT_REASON_TOKEN);
    pay.token[0] = (struct rt_pair){ SPAN("adyen"), SPAN("t1") };
    pay.tokens = 1;
    assert_int_equal(rt_provider_judges(&p, &pay), RT_REASON_TOKEN);
    pay.token[1] = (struct rt_pair){ SPAN("stripe"), SPAN("pm_1") };
    pay.tokens = 2;
    assert_int_equal(rt_provider_judges(&p, &pay), RT_REASON_ELIGIBLE);
    pay.brand = RT_AMEX; /* told beside the token */
    assert_int_equal(rt_provider_judges(&p, &pay), RT_REASON_BRAND);
}

static void some_tokens_need_their_customer(void **state)
{
    struct rt_provider p = stripe();
    struct rt_payment pay = card();

    (void)state;
    p.token_needs_customer = true;
    assert_int_equal(rt_provider_judges(&p, &pay), RT_REASON_ELIGIBLE); /* a card does not */
    pay.method = RT_PROVIDER_TOKEN;
    pay.token[0] = (struct rt_pair){ SPAN("stripe"), SPAN("pm_1") };
    pay.tokens = 1;
    assert_int_equal(rt_provider_judges(&p, &pay), RT_REASON_CUSTOMER);
    pay.customer = SPAN("c-1");
    assert_int_equal(rt_provider_judges(&p, &pay), RT_REASON_ELIGIBLE);
}

static void network_tokens_may_be_of_fewer_brands(void **state)
{
    struct rt_provider p = stripe();
    struct rt_payment pay = card();

    (void)state;
    p.methods |= 1u << RT_NETWORK_TOKEN;
    p.brands |= 1u << RT_AMEX;
    pay.brand = RT_AMEX;
    pay.method = RT_NETWORK_TOKEN;
    assert_int_equal(rt_provider_judges(&p, &pay), RT_REASON_ELIGIBLE);
    p.network_token_brands = 1u << RT_VISA;
    assert_int_equal(rt_provider_judges(&p, &pay), RT_REASON_BRAND);
    pay.method = RT_CARD;
    assert_int_equal(rt_provider_judges(&p, &pay), RT_REASON_ELIGIBLE);
}

static void a_card_of_no_known_brand_needs_one_who_takes_any(void **state)
{
    struct rt_provider p = stripe();
    struct rt_payment pay = card();

    (void)state;
    pay.brand = RT_BRAND_UNKNOWN;
    assert_int_equal(rt_provider_judges(&p, &pay), RT_REASON_BRAND);
    p.brands |= 1u << RT_BRAND_UNKNOWN;
    assert_int_equal(rt_provider_judges(&p, &pay), RT_REASON_ELIGIBLE);
}

static void currencies_are_a_set(void **state)
{
    struct rt_provider p = { 0 };

    (void)state;
    for (currency c = 1; c <= currency_count(); c++) {
        assert_false(rt_provider_takes_currency(&p, c));
        rt_provider_take_currency(&p, c);
        assert_true(rt_provider_takes_currency(&p, c));
    }
    assert_false(rt_provider_takes_currency(&p, CURRENCY_NONE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_fits_is_eligible),
        cmocka_unit_test(each_misfit_has_its_reason),
        cmocka_unit_test(an_amount_it_can_not_say_is_a_currency_it_does_not_take),
        cmocka_unit_test(a_token_stays_with_its_owner),
        cmocka_unit_test(some_tokens_need_their_customer),
        cmocka_unit_test(network_tokens_may_be_of_fewer_brands),
        cmocka_unit_test(a_card_of_no_known_brand_needs_one_who_takes_any),
        cmocka_unit_test(currencies_are_a_set),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
