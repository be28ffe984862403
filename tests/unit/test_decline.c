/* tests/unit/test_decline.c -- how a reason is chosen (docs/adapters.md). */
#include "tests/unit/unit.h"

#include "proxy/adapters/decline.h"

static struct rt_judgement why(const struct px_declines *d, const struct px_said *said, unsigned n)
{
    struct rt_judgement j = { .matches = -1 };

    (void)px_decline_judge(d, said, n, &j);
    return j;
}

#define SAID(f, v)                                                                                 \
    (struct px_said)                                                                               \
    {                                                                                              \
        f, SPAN(v)                                                                                 \
    }
#define WHY(d, ...)                                                                                \
    why(&d, (const struct px_said[]){ __VA_ARGS__ },                                               \
        sizeof((const struct px_said[]){ __VA_ARGS__ }) / sizeof(struct px_said))

static const struct px_declines *const tables[] = { &px_declines_stripe, &px_declines_adyen,
                                                    &px_declines_checkoutcom };

static int row_order(const struct px_decline *a, const struct px_decline *b)
{
    int o = strcmp(a->field, b->field);

    return o != 0 ? o : strcmp(a->value, b->value);
}

static void every_line_of_a_table_is_found(void **state)
{
    enum px_role role;

    (void)state;
    for (unsigned t = 0; t < 3; t++) {
        const struct px_declines *d = tables[t];

        assert_true(d->rows > 100);
        for (unsigned i = 0; i < d->rows; i++) {
            const struct px_decline *r = &d->row[i];

            assert_true(i == 0 || row_order(r - 1, r) < 0);
            assert_true(r->code > RT_CODE_NONE && r->code < RT_CODES_);
            assert_true(px_decline_role(d, span_str(r->field), &role));
            if (px_decline_exact(r))
                assert_ptr_equal(px_decline_find(d, span_str(r->field), span_str(r->value)), r);
        }
        assert_null(px_decline_find(d, SPAN("no such field"), SPAN("x")));
        assert_null(px_decline_find(d, SPAN(""), SPAN("")));
    }
}

static void the_providers_own_code_decides(void **state)
{
    struct rt_judgement j = WHY(px_declines_stripe, SAID("type", "card_error"),
                                SAID("code", "card_declined"), SAID("decline_code", "lost_card"));

    (void)state;
    assert_int_equal(j.code, RT_CODE_LOST_CARD);
    assert_string_equal(j.raw_code, "lost_card");
    assert_false(j.retry_other);
    assert_false(j.alarm);
    j = WHY(px_declines_adyen, SAID("resultCode", "Error"), SAID("refusalReasonCode", "9"));
    assert_int_equal(j.code, RT_CODE_ISSUER_UNAVAILABLE);
    assert_true(j.retry_other);
    j = WHY(px_declines_checkoutcom, SAID("response_code", "20014"));
    assert_int_equal(j.code, RT_CODE_INVALID_CARD_NUMBER);
}

static void the_issuers_code_refines_a_generic_one_only(void **state)
{
    struct rt_judgement j = WHY(px_declines_adyen, SAID("refusalReasonCode", "2"),
                                SAID("refusalReasonRaw", "91 : Issuer not there"));

    (void)state;
    assert_int_equal(j.code, RT_CODE_ISSUER_UNAVAILABLE);
    assert_string_equal(j.iso8583, "91");
    assert_true(j.retry_other);
    j = WHY(px_declines_adyen, SAID("refusalReasonCode", "6"),
            SAID("refusalReasonRaw", "51 : Insufficient funds"));
    assert_int_equal(j.code, RT_CODE_EXPIRED_CARD); /* hard stays hard */
    j = WHY(px_declines_stripe, SAID("decline_code", "generic_decline"),
            SAID("network_decline_code", "05"));
    assert_int_equal(j.code, RT_CODE_DO_NOT_HONOR);
    j = WHY(px_declines_adyen, SAID("refusalReasonCode", "2"),
            SAID("refusalReasonRaw", "AUTHORISED"));
    assert_int_equal(j.code, RT_CODE_GENERIC_DECLINE);
    assert_string_equal(j.iso8583, "");
}

/* Mastercard's merchant advice codes speak for every provider. */
static void stop_signals_come_first(void **state)
{
    static const struct {
        const char *mac;
        enum rt_code code;
        bool other, later;
    } known[] = {
        { "01", RT_CODE_ACCOUNT_UPDATED, false, false },
        { "02", RT_CODE_DO_NOT_HONOR, false, true },
        { "03 : Do not try again", RT_CODE_DO_NOT_RETRY, false, false },
        { "04", RT_CODE_DO_NOT_HONOR, false, true },
        { "05", RT_CODE_DO_NOT_HONOR, false, false },
        { "21", RT_CODE_RECURRING_REVOKED, false, false },
        { "24", RT_CODE_DO_NOT_HONOR, false, true },
        { "30", RT_CODE_DO_NOT_HONOR, false, true },
        { "40", RT_CODE_DO_NOT_HONOR, true, true },
        { "43", RT_CODE_DO_NOT_HONOR, true, true },
    };

    (void)state;
    for (unsigned i = 0; i < sizeof known / sizeof *known; i++) {
        struct px_said said[] = { SAID("response_code", "20005"),
                                  { "partner_merchant_advice_code", span_str(known[i].mac) } };
        struct rt_judgement j = why(&px_declines_checkoutcom, said, 2);

        assert_int_equal(j.code, known[i].code);
        assert_int_equal(j.retry_other, known[i].other);
        assert_int_equal(j.retry_later, known[i].later);
        assert_memory_equal(j.mac, known[i].mac, 2);
    }
}

/* What the network advised, for the schemes' rules (routing/reattempt.h). */
static void advice_is_kept_beside_the_reason(void **state)
{
    struct rt_judgement j = WHY(px_declines_checkoutcom, SAID("recommendation_code", "02"),
                                SAID("response_code", "20062"));

    (void)state;
    assert_int_equal(j.advice, RT_ADVICE_LATER);
    assert_int_equal(j.code, RT_CODE_RESTRICTED_CARD);
    j = WHY(px_declines_checkoutcom, SAID("recommendation_code", "03"),
            SAID("response_code", "20051"));
    assert_int_equal(j.advice, RT_ADVICE_NEVER);
    j = WHY(px_declines_stripe, SAID("decline_code", "incorrect_number"),
            SAID("advice_code", "confirm_card_data"));
    assert_int_equal(j.advice, RT_ADVICE_CORRECT);
    j = WHY(px_declines_stripe, SAID("decline_code", "generic_decline"),
            SAID("advice_code", "a_new_word"));
    assert_int_equal(j.advice, RT_ADVICE_NONE);
}

static void advice_never_again_outranks_a_soft_code(void **state)
{
    struct rt_judgement j = WHY(px_declines_checkoutcom, SAID("recommendation_code", "03"),
                                SAID("response_code", "20051"));

    (void)state;
    assert_int_equal(j.code, RT_CODE_DO_NOT_RETRY);
    j = WHY(px_declines_stripe, SAID("decline_code", "insufficient_funds"),
            SAID("advice_code", "do_not_try_again"));
    assert_int_equal(j.code, RT_CODE_DO_NOT_RETRY);
    j = WHY(px_declines_stripe, SAID("decline_code", "insufficient_funds"),
            SAID("advice_code", "try_again_later"));
    assert_int_equal(j.code, RT_CODE_INSUFFICIENT_FUNDS);
    j = WHY(px_declines_checkoutcom, SAID("recommendation_code", "01"));
    assert_int_equal(j.code, RT_CODE_INVALID_REQUEST); /* alone, it is all there is */
}

static void visa_category_one_is_never_softened(void **state)
{
    struct rt_judgement j = WHY(px_declines_adyen, SAID("refusalReasonCode", "12"),
                                SAID("refusalReasonRaw", "46 : Closed account"));

    (void)state;
    assert_int_equal(j.code, RT_CODE_CLOSED_ACCOUNT);
    j = WHY(px_declines_adyen, SAID("refusalReasonCode", "5"),
            SAID("refusalReasonRaw", "41 : Lost card"));
    assert_int_equal(j.code, RT_CODE_RESTRICTED_CARD); /* hard already: the provider's word stays */
    j = WHY(px_declines_adyen, SAID("refusalReasonCode", "2"),
            SAID("refusalReasonRaw", "R1 : Revocation"));
    assert_int_equal(j.code, RT_CODE_RECURRING_REVOKED);
}

static void a_wish_for_authentication_is_heard_in_every_form(void **state)
{
    struct rt_judgement j = WHY(px_declines_stripe, SAID("code", "authentication_required"),
                                SAID("type", "card_error"));

    (void)state;
    assert_int_equal(j.code, RT_CODE_AUTHENTICATION_REQUIRED);
    j = WHY(px_declines_stripe, SAID("decline_code", "generic_decline"),
            SAID("network_decline_code", "1A"));
    assert_int_equal(j.code, RT_CODE_AUTHENTICATION_REQUIRED);
    j = WHY(px_declines_adyen, SAID("refusalReasonCode", "2"), SAID("refusalReasonRaw", "65"),
            SAID("brand", "mc"));
    assert_int_equal(j.code, RT_CODE_AUTHENTICATION_REQUIRED);
    j = WHY(px_declines_adyen, SAID("refusalReasonCode", "2"), SAID("refusalReasonRaw", "65"),
            SAID("brand", "visa"));
    assert_int_equal(j.code, RT_CODE_VELOCITY_EXCEEDED);
    j = WHY(px_declines_checkoutcom, SAID("response_code", "20154"));
    assert_int_equal(j.code, RT_CODE_AUTHENTICATION_REQUIRED);
}

/* Nobody else is asked on the strength of a word we do not know. */
static void unknown_words_are_safe_and_loud(void **state)
{
    const struct rt_judgement known[] = {
        WHY(px_declines_stripe, SAID("decline_code", "brand_new"), SAID("code", "card_declined"),
            SAID("type", "card_error")),
        WHY(px_declines_stripe, SAID("type", "card_error")),
        WHY(px_declines_adyen, SAID("refusalReasonCode", "999"), SAID("resultCode", "Refused")),
        WHY(px_declines_adyen, SAID("refusalReasonCode", "999"),
            SAID("refusalReasonRaw", "05 : Do not honor")),
        WHY(px_declines_checkoutcom, SAID("response_code", "20777")),
        WHY(px_declines_checkoutcom, SAID("response_code", "10000")),
        WHY(px_declines_adyen, SAID("refusalReasonRaw", "")),
    };

    (void)state;
    for (unsigned i = 0; i < sizeof known / sizeof *known; i++) {
        assert_int_equal(rt_code_category(known[i].code), RT_SOFT);
        assert_false(known[i].retry_other);
        assert_true(known[i].alarm);
    }
}

static void groups_of_numbers_stand_in_for_unknown_ones(void **state)
{
    struct rt_judgement j = WHY(px_declines_checkoutcom, SAID("response_code", "30777"));

    (void)state;
    assert_int_equal(j.code, RT_CODE_DO_NOT_RETRY);
    assert_true(j.alarm);
    j = WHY(px_declines_checkoutcom, SAID("response_code", "44777"));
    assert_int_equal(j.code, RT_CODE_BLOCKED_BY_RISK);
    j = WHY(px_declines_checkoutcom, SAID("response_code", "20*"));
    assert_true(j.alarm); /* the group's own name is no code */
}

static void a_class_of_error_stands_in_for_an_unknown_code(void **state)
{
    struct rt_judgement j =
        WHY(px_declines_stripe, SAID("code", "brand_new"), SAID("type", "invalid_request_error"));

    (void)state;
    assert_int_equal(j.code, RT_CODE_INVALID_REQUEST);
    assert_string_equal(j.raw_code, "brand_new");
    assert_true(j.alarm);
    j = WHY(px_declines_adyen, SAID("errorCode", "98765"), SAID("errorType", "validation"));
    assert_int_equal(j.code, RT_CODE_INVALID_REQUEST);
}

static void long_words_are_cut_not_spilled(void **state)
{
    char word[300];
    struct px_said said = { "decline_code", { word, sizeof word } };
    struct rt_judgement j;

    (void)state;
    memset(word, 'x', sizeof word);
    j = why(&px_declines_stripe, &said, 1);
    assert_int_equal(strlen(j.raw_code), LIMIT_REF);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_line_of_a_table_is_found),
        cmocka_unit_test(the_providers_own_code_decides),
        cmocka_unit_test(the_issuers_code_refines_a_generic_one_only),
        cmocka_unit_test(stop_signals_come_first),
        cmocka_unit_test(advice_is_kept_beside_the_reason),
        cmocka_unit_test(advice_never_again_outranks_a_soft_code),
        cmocka_unit_test(visa_category_one_is_never_softened),
        cmocka_unit_test(a_wish_for_authentication_is_heard_in_every_form),
        cmocka_unit_test(unknown_words_are_safe_and_loud),
        cmocka_unit_test(groups_of_numbers_stand_in_for_unknown_ones),
        cmocka_unit_test(a_class_of_error_stands_in_for_an_unknown_code),
        cmocka_unit_test(long_words_are_cut_not_spilled),
    };

    return cmocka_run_group_tests_name("decline", tests, NULL, NULL);
}
