/* tests/unit/test_adyen.c -- Adyen's dialect, both ways. */
#include "tests/unit/adapter_case.h"

#define PAID(code, more)                                                                           \
    "{\"pspReference\":\"PSP1\",\"resultCode\":\"" code                                            \
    "\",\"merchantReference\":\"at0_TESTREFERENCE\",\"amount\":{\"currency\":\"EUR\",\"value\":"   \
    "2550}" more "}"
#define ERROR(status, code, type)                                                                  \
    "{\"status\":" status ",\"errorCode\":\"" code "\",\"errorType\":\"" type                      \
    "\",\"message\":\"words\"}"

static const struct px_adapter *const A = &px_adyen;

/* ---- asking ---- */

static void a_card_is_asked_with_the_capture_mode_said(void **state)
{
    struct rt_payment p = case_payment();
    struct px_asking q = case_asking(&p, RT_AUTHORIZE);

    (void)state;
    assert_int_equal(case_ask(A, "/v72", &q), OK);
    assert_span(case_request.path, "/v72/payments");
    assert_span(case_header("x-api-key"), "sk_unit");
    assert_span(case_header("idempotency-key"), "key-1");
    assert_span(case_request.body,
                "{\"amount\":{\"currency\":\"EUR\",\"value\":2550},"
                "\"reference\":\"at0_TESTREFERENCE\",\"merchantAccount\":\"ShopEU\","
                "\"returnUrl\":\"https://return-url.invalid/\","
                "\"shopperInteraction\":\"Ecommerce\",\"channel\":\"Web\","
                "\"additionalData\":{\"manualCapture\":\"true\"},"
                "\"paymentMethod\":{\"type\":\"scheme\",\"number\":\"4242424242424242\","
                "\"expiryMonth\":\"04\",\"expiryYear\":\"2031\",\"cvc\":\"987\","
                "\"holderName\":\"Grace Sample\"}}");
}

static void a_merchants_charge_of_a_token_is_continued_authority(void **state)
{
    struct rt_payment p = case_payment();
    struct px_asking q = case_asking(&p, RT_AUTHORIZE);

    (void)state;
    p.method = RT_PROVIDER_TOKEN;
    p.token[p.tokens++] = (struct rt_pair){ SPAN("adyen"), SPAN("TOKEN9") };
    p.initiator = RT_BY_MERCHANT;
    p.capture_now = true;
    p.customer = SPAN("shopper \"9\"");
    assert_int_equal(case_ask(A, "", &q), OK);
    assert_span(case_request.body,
                "{\"amount\":{\"currency\":\"EUR\",\"value\":2550},"
                "\"reference\":\"at0_TESTREFERENCE\",\"merchantAccount\":\"ShopEU\","
                "\"returnUrl\":\"https://return-url.invalid/\","
                "\"shopperInteraction\":\"ContAuth\",\"shopperReference\":\"shopper \\\"9\\\"\","
                "\"channel\":\"Web\",\"captureDelayHours\":0,"
                "\"recurringProcessingModel\":\"UnscheduledCardOnFile\","
                "\"paymentMethod\":{\"type\":\"scheme\",\"storedPaymentMethodId\":\"TOKEN9\"}}");
    p.customer = SPAN_NONE;
    assert_int_equal(case_ask(A, "", &q), E_RANGE);
}

static void a_network_token_brings_its_cryptogram(void **state)
{
    struct rt_payment p = case_payment();
    struct px_asking q = case_asking(&p, RT_AUTHORIZE);

    (void)state;
    p.method = RT_NETWORK_TOKEN;
    p.cryptogram = SPAN("AAAA+/8=");
    memcpy(p.eci, "05", 3);
    p.channel = RT_CHANNEL_MOTO;
    p.cvc.len = 0;
    assert_int_equal(case_ask(A, "", &q), OK);
    assert_span(case_request.body,
                "{\"amount\":{\"currency\":\"EUR\",\"value\":2550},"
                "\"reference\":\"at0_TESTREFERENCE\",\"merchantAccount\":\"ShopEU\","
                "\"returnUrl\":\"https://return-url.invalid/\","
                "\"shopperInteraction\":\"Moto\",\"additionalData\":{\"manualCapture\":\"true\"},"
                "\"paymentMethod\":{\"type\":\"networkToken\",\"number\":\"4242424242424242\","
                "\"expiryMonth\":\"04\",\"expiryYear\":\"2031\",\"holderName\":\"Grace Sample\"},"
                "\"mpiData\":{\"tokenAuthenticationVerificationValue\":\"AAAA+/8=\","
                "\"eci\":\"05\"}}");
}

static void operations_name_the_payment(void **state)
{
#define OWN "\"merchantAccount\":\"ShopEU\",\"reference\":\"at0_TESTREFERENCE\"}"
#define SUM "{\"amount\":{\"currency\":\"EUR\",\"value\":2550},"
    static const struct {
        enum rt_op op;
        bool by_reference, reversal;
        const char *path, *body;
    } known[] = {
        { RT_CAPTURE, false, false, "/payments/obj_1/captures", SUM OWN },
        { RT_REFUND, false, false, "/payments/obj_1/refunds", SUM OWN },
        { RT_VOID, false, false, "/payments/obj_1/cancels", "{" OWN },
        { RT_VOID, false, true, "/payments/obj_1/reversals", "{" OWN },
        { RT_VOID, true, false, "/cancels",
          "{\"merchantAccount\":\"ShopEU\",\"paymentReference\":\"at0_TESTREFERENCE\","
          "\"reference\":\"c1\"}" },
    };

    (void)state;
    for (unsigned i = 0; i < sizeof known / sizeof *known; i++) {
        struct rt_payment p = case_payment();
        struct px_asking q = case_asking(&p, known[i].op);

        q.by_reference = known[i].by_reference;
        q.reversal = known[i].reversal;
        q.cancel_ref = known[i].by_reference ? SPAN("c1") : SPAN_NONE;
        assert_int_equal(case_ask(A, "", &q), OK);
        assert_span(case_request.path, known[i].path);
        assert_span(case_request.body, known[i].body);
    }
}

static void there_is_no_inquiry(void **state)
{
    struct rt_payment p = case_payment();
    struct px_asking q = case_asking(&p, RT_INQUIRE);
    struct rt_judgement j;

    (void)state;
    assert_int_equal(case_ask(A, "", &q), E_RANGE);
    assert_string_equal(case_why.text, "adyen has no status inquiry");
    assert_false(A->promises.finds_by_id || A->promises.finds_by_reference);
    j = case_judge(A, &q, RT_INQUIRE, 200, NULL, PAID("Authorised", ""));
    assert_doubt(&j);
    assert_true(j.inconclusive);
}

static void amounts_follow_adyens_own_table(void **state)
{
    static const struct {
        const char *cur;
        int64_t minor, units; /* -1: can not be said */
    } known[] = {
        { "CLP", 12, 1200 }, { "CVE", 1200, 12 },   { "CVE", 1250, -1 }, { "IDR", 500, 5 },
        { "ISK", 5, 500 },   { "KWD", 1234, 1234 }, { "JPY", 7, 7 },
    };

    (void)state;
    for (unsigned i = 0; i < sizeof known / sizeof *known; i++) {
        struct rt_payment p = case_payment();
        struct px_asking q = case_asking(&p, RT_AUTHORIZE);
        char begins[80];

        p.amount = (struct money){ known[i].minor, currency_find(span_str(known[i].cur)) };
        assert_int_equal(case_ask(A, "", &q), known[i].units >= 0 ? OK : E_RANGE);
        (void)snprintf(begins, sizeof begins, "{\"amount\":{\"currency\":\"%s\",\"value\":%d}",
                       known[i].cur, (int)known[i].units);
        if (known[i].units >= 0)
            assert_memory_equal(case_request.body.p, begins, strlen(begins));
    }
}

/* ---- judging ---- */

static void result_codes_become_outcomes(void **state)
{
    static const struct {
        const char *body;
        enum rt_outcome outcome;
        enum rt_state state;
    } known[] = {
        { PAID("Authorised", ""), RT_APPROVED, RT_STATE_AUTHORIZED },
        { PAID("Refused", ""), RT_DECLINED, RT_STATE_DECLINED },
        { PAID("Cancelled", ""), RT_DECLINED, RT_STATE_DECLINED },
        { PAID("Error", ""), RT_DECLINED, RT_STATE_DECLINED },
        { PAID("Refused", ",\"refusalReasonCode\":\"38\""), RT_DECLINED, RT_STATE_REQUIRES_SCA },
        { PAID("RedirectShopper", ",\"action\":{\"url\":\"https://x.example\"}"),
          RT_ACTION_REQUIRED, RT_STATE_REQUIRES_ACTION },
        { PAID("ChallengeShopper", ""), RT_ACTION_REQUIRED, RT_STATE_REQUIRES_ACTION },
        { PAID("Pending", ""), RT_PENDING, RT_STATE_PENDING },
        { PAID("Received", ""), RT_PENDING, RT_STATE_PENDING },
    };
    struct rt_payment p = case_payment();
    struct px_asking q = case_asking(&p, RT_AUTHORIZE);

    (void)state;
    for (unsigned i = 0; i < sizeof known / sizeof *known; i++) {
        struct rt_judgement j = case_judge(A, &q, RT_AUTHORIZE, 200, NULL, known[i].body);

        assert_int_equal(j.outcome, known[i].outcome);
        assert_int_equal(j.state, known[i].state);
        assert_true(j.bound);
        assert_string_equal(j.payment_id, "PSP1");
    }
}

static void another_payments_answer_is_not_believed(void **state)
{
    static const char *const foreign[] = {
        "{\"pspReference\":\"PSP1\",\"resultCode\":\"Authorised\",\"merchantReference\":\"other\"}",
        "{\"pspReference\":\"PSP1\",\"resultCode\":\"Authorised\","
        "\"amount\":{\"currency\":\"EUR\",\"value\":2549}}",
        "{\"pspReference\":\"PSP1\",\"resultCode\":\"Authorised\","
        "\"amount\":{\"currency\":\"SEK\",\"value\":2550}}",
        "{\"resultCode\":\"Authorised\"}",
        "{\"pspReference\":\"PSP1\"}",
        PAID("Brilliant", ""),
        PAID("AuthenticationFinished", ""),
        "{\"pspReference\":\"PSP1\",\"resultCode\":\"PartiallyAuthorised\","
        "\"amount\":{\"currency\":\"EUR\",\"value\":9999}}",
    };
    struct rt_payment p = case_payment();
    struct px_asking q = case_asking(&p, RT_AUTHORIZE);

    (void)state;
    for (unsigned i = 0; i < sizeof foreign / sizeof *foreign; i++) {
        struct rt_judgement j = case_judge(A, &q, RT_AUTHORIZE, 200, NULL, foreign[i]);

        assert_doubt(&j);
        assert_true(j.alarm);
    }
}

static void less_money_is_approved_and_told(void **state)
{
    struct rt_payment p = case_payment();
    struct px_asking q = case_asking(&p, RT_AUTHORIZE);
    struct rt_judgement j =
        case_judge(A, &q, RT_AUTHORIZE, 200, NULL,
                   "{\"pspReference\":\"PSP1\",\"resultCode\":\"PartiallyAuthorised\","
                   "\"amount\":{\"currency\":\"EUR\",\"value\":1000}}");

    (void)state;
    assert_int_equal(j.outcome, RT_APPROVED);
    assert_int_equal(j.code, RT_CODE_APPROVED_PARTIAL);
    assert_int_equal(j.amount.minor, 1000);
    assert_false(j.retry_other);
    assert_true(j.alarm);
}

static void an_automatic_capture_is_captured(void **state)
{
    struct rt_payment p = case_payment();
    struct px_asking q = case_asking(&p, RT_AUTHORIZE);
    struct rt_judgement j;

    (void)state;
    p.capture_now = true;
    j = case_judge(A, &q, RT_AUTHORIZE, 200, NULL, PAID("Authorised", ""));
    assert_int_equal(j.outcome, RT_APPROVED);
    assert_int_equal(j.state, RT_STATE_CAPTURED);
    assert_int_equal(j.captured.minor, 2550);
}

static void errors_are_told_apart(void **state)
{
    static const struct {
        int status;
        const char *header, *body;
        enum rt_outcome outcome;
        enum rt_code code;
        enum rt_same_key again;
        bool other, alarm;
    } known[] = {
        { 400, NULL, ERROR("400", "702", "validation"), RT_ERROR, RT_CODE_INVALID_REQUEST,
          RT_SAME_KEY_NO, false, false },
        { 401, NULL, ERROR("401", "000", "security"), RT_ERROR, RT_CODE_PROVIDER_AUTH_ERROR,
          RT_SAME_KEY_YES, true, false },
        { 403, NULL, ERROR("403", "010", "security"), RT_ERROR, RT_CODE_PROVIDER_PERMISSION_ERROR,
          RT_SAME_KEY_NO, true, false },
        { 422, NULL, ERROR("422", "129", "validation"), RT_DECLINED, RT_CODE_INVALID_EXPIRY,
          RT_SAME_KEY_NO, false, false },
        { 422, NULL, ERROR("422", "901", "validation"), RT_ERROR, RT_CODE_MERCHANT_CONFIG_ERROR,
          RT_SAME_KEY_NO, true, false },
        { 422, NULL, "{\"type\":\"x\",\"title\":\"t\",\"status\":422,\"errorCode\":\"138\"}",
          RT_ERROR, RT_CODE_CURRENCY_NOT_SUPPORTED, RT_SAME_KEY_NO, true, false },
        { 422, NULL, ERROR("422", "704", "validation"), RT_UNKNOWN, RT_CODE_IDEMPOTENCY_IN_PROGRESS,
          RT_SAME_KEY_AFTER_WAIT, false, false },
        { 409, "transient-error: true", ERROR("409", "704", "validation"), RT_UNKNOWN,
          RT_CODE_IDEMPOTENCY_IN_PROGRESS, RT_SAME_KEY_YES, false, false },
        { 422, "Transient-Error: True", ERROR("422", "101", "validation"), RT_UNKNOWN,
          RT_CODE_PROVIDER_ERROR, RT_SAME_KEY_YES, false, false },
        { 200, "transient-error: true", PAID("Authorised", ""), RT_UNKNOWN, RT_CODE_PROVIDER_ERROR,
          RT_SAME_KEY_YES, false, false },
        { 429, NULL, ERROR("429", "1", "security"), RT_ERROR, RT_CODE_RATE_LIMITED,
          RT_SAME_KEY_AFTER_WAIT, true, false },
        { 500, NULL, ERROR("500", "905_1", "configuration"), RT_UNKNOWN,
          RT_CODE_MERCHANT_CONFIG_ERROR, RT_SAME_KEY_YES, false, true },
        { 503, NULL, "", RT_UNKNOWN, RT_CODE_PROVIDER_ERROR, RT_SAME_KEY_YES, false, false },
        { 401, NULL, "", RT_UNKNOWN, RT_CODE_PROVIDER_ERROR, RT_SAME_KEY_YES, false, false },
        { 302, NULL, "", RT_UNKNOWN, RT_CODE_PROVIDER_ERROR, RT_SAME_KEY_YES, false, false },
        { 418, NULL, ERROR("418", "1", "validation"), RT_UNKNOWN, RT_CODE_GENERIC_DECLINE,
          RT_SAME_KEY_YES, false, true },
    };

    (void)state;
    for (unsigned i = 0; i < sizeof known / sizeof *known; i++) {
        struct rt_judgement j =
            case_judge(A, NULL, RT_AUTHORIZE, known[i].status, known[i].header, known[i].body);

        assert_int_equal(j.outcome, known[i].outcome);
        assert_int_equal(j.same_key, known[i].again);
        assert_int_equal(j.retry_other, known[i].other);
        assert_int_equal(j.alarm, known[i].alarm);
        assert_false(j.bound);
        if (known[i].status != 418)
            assert_int_equal(j.code, known[i].code);
        if (j.outcome == RT_UNKNOWN)
            assert_doubt(&j);
    }
}

static void received_is_not_done(void **state)
{
#define MOD(payment, ref, status, amount)                                                          \
    "{\"paymentPspReference\":\"" payment "\",\"pspReference\":\"MOD1\",\"reference\":\"" ref      \
    "\",\"status\":\"" status "\",\"amount\":{\"currency\":\"EUR\",\"value\":" amount "}}"
    static const struct {
        enum rt_op op;
        bool reversal;
        const char *body;
        enum rt_state state;
    } known[] = {
        { RT_CAPTURE, false, MOD("obj_1", "at0_TESTREFERENCE", "received", "2550"),
          RT_STATE_CAPTURE_PENDING },
        { RT_REFUND, false, MOD("obj_1", "at0_TESTREFERENCE", "received", "2550"),
          RT_STATE_REFUND_PENDING },
        { RT_VOID, false, MOD("obj_1", "at0_TESTREFERENCE", "received", "1"),
          RT_STATE_VOID_PENDING },
        { RT_VOID, true, MOD("obj_1", "at0_TESTREFERENCE", "received", "1"),
          RT_STATE_REVERSAL_PENDING },
        { RT_CAPTURE, false, MOD("obj_1", "at0_TESTREFERENCE", "done", "2550"), RT_STATE_IN_DOUBT },
        { RT_CAPTURE, false, MOD("obj_2", "at0_TESTREFERENCE", "received", "2550"),
          RT_STATE_IN_DOUBT },
        { RT_CAPTURE, false, MOD("obj_1", "another", "received", "2550"), RT_STATE_IN_DOUBT },
        { RT_CAPTURE, false, MOD("obj_1", "at0_TESTREFERENCE", "received", "2551"),
          RT_STATE_IN_DOUBT },
    };

    (void)state;
    for (unsigned i = 0; i < sizeof known / sizeof *known; i++) {
        struct rt_payment p = case_payment();
        struct px_asking q = case_asking(&p, known[i].op);
        struct rt_judgement j;

        q.reversal = known[i].reversal;
        j = case_judge(A, &q, known[i].op, 201, NULL, known[i].body);
        assert_int_equal(j.state, known[i].state);
        assert_string_equal(j.op_id, "MOD1");
        if (known[i].state == RT_STATE_IN_DOUBT)
            assert_doubt(&j);
        else
            assert_int_equal(j.outcome, RT_PENDING);
    }
}

static void checks_of_the_card_are_read(void **state)
{
    static const struct {
        const char *result, *raw, *word;
    } known[] = {
        { "1 Matches", "M", "match" },
        { "2 Doesn't match", "N", "no_match" },
        { "3 Not checked", "P", "not_checked" },
        { "", "M", "match" },
        { "", "", "" },
    };

    (void)state;
    for (unsigned i = 0; i < sizeof known / sizeof *known; i++) {
        struct rt_judgement j;
        char body[256];

        (void)snprintf(body, sizeof body,
                       PAID("Authorised", ",\"additionalData\":{\"cvcResult\":\"%s\","
                                          "\"cvcResultRaw\":\"%s\"}"),
                       known[i].result, known[i].raw);
        j = case_judge(A, NULL, RT_AUTHORIZE, 200, NULL, body);
        assert_string_equal(j.cvc, known[i].word);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_card_is_asked_with_the_capture_mode_said),
        cmocka_unit_test(a_merchants_charge_of_a_token_is_continued_authority),
        cmocka_unit_test(a_network_token_brings_its_cryptogram),
        cmocka_unit_test(operations_name_the_payment),
        cmocka_unit_test(there_is_no_inquiry),
        cmocka_unit_test(amounts_follow_adyens_own_table),
        cmocka_unit_test(result_codes_become_outcomes),
        cmocka_unit_test(another_payments_answer_is_not_believed),
        cmocka_unit_test(less_money_is_approved_and_told),
        cmocka_unit_test(an_automatic_capture_is_captured),
        cmocka_unit_test(errors_are_told_apart),
        cmocka_unit_test(received_is_not_done),
        cmocka_unit_test(checks_of_the_card_are_read),
    };

    return cmocka_run_group_tests_name("adyen", tests, NULL, NULL);
}
