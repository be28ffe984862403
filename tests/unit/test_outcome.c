/* tests/unit/test_outcome.c */
#include "tests/unit/unit.h"

#include "routing/heard.h"
#include "routing/outcome.h"
#include "routing/reason.h"

static void a_zeroed_judgement_is_in_doubt(void **state)
{
    struct rt_judgement j = { 0 };
    struct rt_heard h = rt_heard_of(&j);

    (void)state;
    assert_int_equal(j.outcome, RT_UNKNOWN);
    assert_int_equal(j.executed, RT_EXECUTED_UNKNOWN);
    assert_int_equal(j.same_key, RT_SAME_KEY_NO);
    assert_int_equal(j.code, RT_CODE_NONE);
    assert_int_equal(rt_heard_says(&h), RT_SAYS_NOTHING);
}

static void there_are_77_codes_and_each_is_found_by_its_word(void **state)
{
    (void)state;
    assert_int_equal(RT_CODES_ - 1, 77);
    for (unsigned c = 1; c < RT_CODES_; c++) {
        const char *word = rt_code_name((enum rt_code)c);

        assert_true(strlen(word) > 0);
        assert_int_equal(rt_code_find(span_str(word)), c);
        assert_true(strlen(rt_code_sentence((enum rt_code)c)) > 0);
        assert_int_not_equal(rt_code_category((enum rt_code)c), RT_CATEGORY_NONE);
    }
    assert_string_equal(rt_code_name(RT_CODE_NONE), "");
    assert_int_equal(rt_code_category(RT_CODE_NONE), RT_CATEGORY_NONE);
    assert_int_equal(rt_code_find(SPAN("")), RT_CODE_NONE);
    assert_int_equal(rt_code_find(SPAN_NONE), RT_CODE_NONE);
    assert_int_equal(rt_code_find(SPAN("insufficient_fund")), RT_CODE_NONE);
    assert_int_equal(rt_code_find(SPAN("Insufficient_Funds")), RT_CODE_NONE);
}

static void fraud_sca_and_hard_codes_never_move_on(void **state)
{
    (void)state;
    for (unsigned c = 1; c < RT_CODES_; c++) {
        enum rt_category k = rt_code_category((enum rt_code)c);

        if (k == RT_HARD || k == RT_FRAUD || k == RT_SCA_REQUIRED)
            assert_false(rt_code_retry_other((enum rt_code)c));
    }
    assert_true(rt_code_retry_other(RT_CODE_DO_NOT_HONOR));
    assert_false(rt_code_retry_other(RT_CODE_INSUFFICIENT_FUNDS));
    assert_false(rt_code_retry_other(RT_CODE_PROVIDER_ERROR)); /* its outcome is unknown */
    assert_false(rt_code_retry_other(RT_CODE_IDEMPOTENCY_IN_PROGRESS));
    assert_false(rt_code_retry_other(RT_CODE_APPROVED_PARTIAL));
    assert_true(rt_code_retry_other(RT_CODE_RATE_LIMITED));
}

static void judging_by_code_answers_both_retries(void **state)
{
    struct rt_judgement j = { .outcome = RT_DECLINED, .retry_other = true };

    (void)state;
    rt_judge_code(&j, RT_CODE_INSUFFICIENT_FUNDS);
    assert_int_equal(j.code, RT_CODE_INSUFFICIENT_FUNDS);
    assert_false(j.retry_other);
    assert_true(j.retry_later);
    assert_int_equal(j.outcome, RT_DECLINED);
    rt_judge_code(&j, RT_CODE_FORMAT_ERROR);
    assert_true(j.retry_other);
    assert_false(j.retry_later);
}

static void issuer_codes_become_ours(void **state)
{
    static const struct {
        const char *de39;
        enum rt_code code;
    } cases[] = {
        { "00", RT_CODE_NONE },
        { "08", RT_CODE_NONE },
        { "11", RT_CODE_NONE },
        { "85", RT_CODE_NONE },
        { "01", RT_CODE_REFER_TO_ISSUER },
        { "05", RT_CODE_DO_NOT_HONOR },
        { "10", RT_CODE_APPROVED_PARTIAL },
        { "14", RT_CODE_INVALID_CARD_NUMBER },
        { "1A", RT_CODE_AUTHENTICATION_REQUIRED },
        { "41", RT_CODE_LOST_CARD },
        { "43", RT_CODE_STOLEN_CARD },
        { "51", RT_CODE_INSUFFICIENT_FUNDS },
        { "54", RT_CODE_EXPIRED_CARD },
        { "59", RT_CODE_SUSPECTED_FRAUD },
        { "68", RT_CODE_ISSUER_TIMEOUT },
        { "91", RT_CODE_ISSUER_UNAVAILABLE },
        { "94", RT_CODE_DUPLICATE_TRANSACTION },
        { "N7", RT_CODE_INCORRECT_CVC },
        { "R1", RT_CODE_RECURRING_REVOKED },
        { "Z5", RT_CODE_ACCOUNT_TYPE_UNAVAILABLE },
        { "r1", RT_CODE_NONE },
        { "5", RT_CODE_NONE },
        { "051", RT_CODE_NONE },
        { "", RT_CODE_NONE },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(rt_code_of_iso8583(span_str(cases[i].de39)), cases[i].code);
}

static void every_code_that_names_an_issuer_code_agrees_with_the_table(void **state)
{
    static const struct {
        const char *de39;
        enum rt_code code;
    } named[] = {
#define X(name, word, category, other, later, iso, text) { iso, RT_CODE_##name },
#include "routing/codes.def"
#undef X
    };
    unsigned differ = 0;

    (void)state;
    for (size_t i = 0; i < sizeof named / sizeof named[0]; i++) {
        if (strlen(named[i].de39) == 2)
            differ += rt_code_of_iso8583(span_str(named[i].de39)) != named[i].code;
    }
    /* 05 is do_not_honor and so not generic_decline; 82 is a CVV failure at Visa */
    assert_int_equal(differ, 2);
}

static void only_what_hangs_together_counts(void **state)
{
    static const struct {
        enum rt_outcome o;
        enum rt_executed x;
        enum rt_says says;
    } cases[] = {
        { RT_UNKNOWN, RT_EXECUTED_YES, RT_SAYS_NOTHING },
        { RT_UNKNOWN, RT_EXECUTED_NO, RT_SAYS_NOTHING },
        { RT_INFO, RT_EXECUTED_NO, RT_SAYS_NOTHING },
        { RT_INFO, RT_EXECUTED_YES, RT_SAYS_NOTHING },
        { RT_APPROVED, RT_EXECUTED_YES, RT_SAYS_YES },
        { RT_APPROVED, RT_EXECUTED_NO, RT_SAYS_NOTHING },
        { RT_APPROVED, RT_EXECUTED_UNKNOWN, RT_SAYS_NOTHING },
        { RT_PENDING, RT_EXECUTED_YES, RT_SAYS_YES },
        { RT_PENDING, RT_EXECUTED_UNKNOWN, RT_SAYS_NOTHING },
        { RT_ACTION_REQUIRED, RT_EXECUTED_NO, RT_SAYS_YES },
        { RT_ACTION_REQUIRED, RT_EXECUTED_UNKNOWN, RT_SAYS_NOTHING },
        { RT_DECLINED, RT_EXECUTED_YES, RT_SAYS_DECLINED },
        { RT_DECLINED, RT_EXECUTED_NO, RT_SAYS_DECLINED },
        { RT_DECLINED, RT_EXECUTED_UNKNOWN, RT_SAYS_NOTHING },
        { RT_ERROR, RT_EXECUTED_NO, RT_SAYS_NOT_EXECUTED },
        { RT_ERROR, RT_EXECUTED_YES, RT_SAYS_NOTHING },
        { RT_ERROR, RT_EXECUTED_UNKNOWN, RT_SAYS_NOTHING },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rt_heard h = { .outcome = cases[i].o, .executed = cases[i].x };

        assert_int_equal(rt_heard_says(&h), cases[i].says);
    }
}

static void a_judgement_is_heard_whole(void **state)
{
    struct rt_judgement j = { .outcome = RT_DECLINED,
                              .executed = RT_EXECUTED_YES,
                              .same_key = RT_SAME_KEY_AFTER_WAIT,
                              .bound = true,
                              .retry_other = true,
                              .inquire_first = true,
                              .inconclusive = true,
                              .retry_after_ms = 1500,
                              .payment_id = "pi_1" };
    struct rt_heard h = rt_heard_of(&j);

    (void)state;
    assert_int_equal(h.outcome, RT_DECLINED);
    assert_int_equal(h.executed, RT_EXECUTED_YES);
    assert_int_equal(h.same_key, RT_SAME_KEY_AFTER_WAIT);
    assert_true(h.bound && h.retry_other && h.inquire_first && h.inconclusive && h.id_known);
    assert_int_equal(h.retry_after_ms, 1500);
    j.payment_id[0] = '\0';
    assert_false(rt_heard_of(&j).id_known);
}

/* The words are stored in journals and spoken in the API. */
static void the_words_are_these(void **state)
{
    (void)state;
    assert_string_equal(rt_outcome_name(RT_UNKNOWN), "in_doubt");
    assert_string_equal(rt_outcome_name(RT_APPROVED), "approved");
    assert_string_equal(rt_outcome_name(RT_DECLINED), "declined");
    assert_string_equal(rt_outcome_name(RT_ACTION_REQUIRED), "requires_action");
    assert_string_equal(rt_outcome_name(RT_PENDING), "pending");
    assert_string_equal(rt_outcome_name(RT_ERROR), "error");
    assert_string_equal(rt_outcome_name(RT_INFO), "info");
    assert_string_equal(rt_executed_name(RT_EXECUTED_UNKNOWN), "unknown");
    assert_string_equal(rt_executed_name(RT_EXECUTED_YES), "yes");
    assert_string_equal(rt_executed_name(RT_EXECUTED_NO), "no");
    assert_string_equal(rt_category_name(RT_CATEGORY_NONE), "none");
    assert_string_equal(rt_category_name(RT_SCA_REQUIRED), "sca_required");
    assert_string_equal(rt_category_name(RT_CONFIG), "config");
    assert_string_equal(rt_state_name(RT_STATE_IN_DOUBT), "in_doubt");
    assert_string_equal(rt_state_name(RT_STATE_CAPTURE_PENDING), "capture_pending");
}

static void no_two_words_are_the_same(void **state)
{
    (void)state;
    for (unsigned a = 0; a < RT_STATES_; a++) {
        assert_string_not_equal(rt_state_name((enum rt_state)a), "unknown");
        for (unsigned b = 0; b < a; b++)
            assert_string_not_equal(rt_state_name((enum rt_state)a),
                                    rt_state_name((enum rt_state)b));
    }
    for (unsigned a = 0; a < RT_REASONS_; a++) {
        assert_string_not_equal(rt_reason_name((enum rt_reason)a), "unknown");
        assert_string_not_equal(rt_reason_sentence((enum rt_reason)a), "unknown");
        for (unsigned b = 0; b < a; b++)
            assert_string_not_equal(rt_reason_name((enum rt_reason)a),
                                    rt_reason_name((enum rt_reason)b));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_zeroed_judgement_is_in_doubt),
        cmocka_unit_test(there_are_77_codes_and_each_is_found_by_its_word),
        cmocka_unit_test(fraud_sca_and_hard_codes_never_move_on),
        cmocka_unit_test(judging_by_code_answers_both_retries),
        cmocka_unit_test(issuer_codes_become_ours),
        cmocka_unit_test(every_code_that_names_an_issuer_code_agrees_with_the_table),
        cmocka_unit_test(only_what_hangs_together_counts),
        cmocka_unit_test(a_judgement_is_heard_whole),
        cmocka_unit_test(the_words_are_these),
        cmocka_unit_test(no_two_words_are_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
