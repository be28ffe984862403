/* tests/unit/test_verdict.c -- the policy's word on retries, and the numbers of countries. */
#include "routing/verdict.h"

#include "routing/country.h"
#include "tests/unit/unit.h"

static void without_a_retry_block_everything_may_move(void **state)
{
    struct rt_verdict v = { 0 };

    (void)state;
    assert_true(rt_verdict_moves(&v, RT_CODE_DO_NOT_HONOR));
    assert_true(rt_verdict_moves(&v, RT_CODE_STOLEN_CARD)); /* the flight knows better */
}

static void a_code_counts_more_than_its_category(void **state)
{
    struct rt_verdict v = { .retry_said = true,
                            .retry_on = 1 << RT_SOFT,
                            .retry_never = 1 << RT_TECHNICAL };

    (void)state;
    v.retry_on_code[RT_CODE_RATE_LIMITED / 64] = UINT64_C(1) << RT_CODE_RATE_LIMITED % 64;
    v.retry_never_code[RT_CODE_DO_NOT_HONOR / 64] = UINT64_C(1) << RT_CODE_DO_NOT_HONOR % 64;
    assert_true(rt_verdict_moves(&v, RT_CODE_GENERIC_DECLINE));
    assert_false(rt_verdict_moves(&v, RT_CODE_DO_NOT_HONOR));
    assert_true(rt_verdict_moves(&v, RT_CODE_RATE_LIMITED));
    assert_false(rt_verdict_moves(&v, RT_CODE_ACQUIRER_ERROR));
    assert_false(rt_verdict_moves(&v, RT_CODE_STOLEN_CARD)); /* not named: no */
}

static void countries_are_numbers_and_back(void **state)
{
    char two[3];

    (void)state;
    assert_int_equal(rt_country_of(SPAN("AA")), RT_COUNTRY_UNKNOWN);
    assert_int_equal(rt_country_of(SPAN("de")), RT_COUNTRY_UNKNOWN);
    assert_int_equal(rt_country_of(SPAN("DEU")), RT_COUNTRY_UNKNOWN);
    assert_string_equal(rt_country_code(rt_country_of(SPAN("DE")), two), "DE");
    assert_string_equal(rt_country_code(rt_country_of(SPAN("ZW")), two), "ZW");
    assert_string_equal(rt_country_code(RT_COUNTRY_UNKNOWN, two), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_retry_block_everything_may_move),
        cmocka_unit_test(a_code_counts_more_than_its_category),
        cmocka_unit_test(countries_are_numbers_and_back),
    };

    return cmocka_run_group_tests_name("verdict", tests, NULL, NULL);
}
