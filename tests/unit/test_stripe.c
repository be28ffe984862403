/* tests/unit/test_stripe.c -- Stripe's dialect, both ways. */
#include "tests/unit/adapter_case.h"

#define INTENT(status, more)                                                                       \
    "{\"id\":\"obj_1\",\"object\":\"payment_intent\",\"amount\":2550,\"currency\":\"eur\","        \
    "\"metadata\":{\"gw_attempt\":\"at0_TESTREFERENCE\"},\"status\":\"" status "\"" more "}"
#define ERROR(fields)  "{\"error\":{" fields "}}"
#define REQUEST_ERROR  "\"type\":\"invalid_request_error\""
#define INSIDE(status) ",\"payment_intent\":" INTENT(status, "")

static const struct px_adapter *const A = &px_stripe;

/* ---- asking ---- */

static void a_card_goes_in_one_call(void **state)
{
    struct rt_payment p = case_payment();
    struct px_asking q = case_asking(&p, RT_AUTHORIZE);

    (void)state;
    p.return_url = SPAN("https://shop.example/b?a=1");
    assert_int_equal(case_ask(A, "", &q), OK);
    assert_span(case_request.method, "POST");
    assert_span(case_request.path, "/v1/payment_intents");
    assert_span(case_request.authority, "psp.example:8443");
    assert_span(case_header("idempotency-key"), "key-1");
    assert_span(case_header("authorization"), "Bearer sk_unit");
    assert_span(case_header("content-type"), "application/x-www-form-urlencoded");
    assert_true(case_header("stripe-version").n > 0);
    assert_span(case_request.body,
                "amount=2550&currency=eur&capture_method=manual&confirm=true"
                "&payment_method_types%5B0%5D=card&payment_method_data%5Btype%5D=card"
                "&payment_method_data%5Bcard%5D%5Bnumber%5D=4242424242424242"
                "&payment_method_data%5Bcard%5D%5Bexp_month%5D=4"
                "&payment_method_data%5Bcard%5D%5Bexp_year%5D=2031"
                "&payment_method_data%5Bcard%5D%5Bcvc%5D=987"
                "&payment_method_data%5Bbilling_details%5D%5Bname%5D=Grace%20Sample"
                "&metadata%5Bgw_attempt%5D=at0_TESTREFERENCE"
                "&return_url=https%3A%2F%2Fshop.example%2Fb%3Fa%3D1");
}

static void only_the_login_is_secret(void **state)
{
    struct rt_payment p = case_payment();
    struct px_asking q = case_asking(&p, RT_AUTHORIZE);

    (void)state;
    assert_int_equal(case_ask(A, "", &q), OK);
    for (unsigned i = 0; i < case_request.headers; i++)
        assert_int_equal(case_request.header[i].secret,
                         span_is(case_request.header[i].name, "authorization"));
}

static void a_merchants_later_charge_says_so(void **state)
{
    struct rt_payment p = case_payment();
    struct px_asking q = case_asking(&p, RT_AUTHORIZE);

    (void)state;
    p.initiator = RT_BY_MERCHANT;
    p.stored = RT_STORED_LATER;
    p.network_txn_id = SPAN("ntx 1");
    p.capture_now = true;
    p.cvc.len = 0;
    p.holder = SPAN_NONE;
    p.customer = SPAN("cus_9");
    assert_int_equal(case_ask(A, "", &q), OK);
    assert_span(case_request.body,
                "amount=2550&currency=eur&capture_method=automatic&confirm=true"
                "&payment_method_types%5B0%5D=card&payment_method_data%5Btype%5D=card"
                "&payment_method_data%5Bcard%5D%5Bnumber%5D=4242424242424242"
                "&payment_method_data%5Bcard%5D%5Bexp_month%5D=4"
                "&payment_method_data%5Bcard%5D%5Bexp_year%5D=2031"
                "&metadata%5Bgw_attempt%5D=at0_TESTREFERENCE&off_session=true"
                "&payment_method_options%5Bcard%5D%5Bmit_exemption%5D%5Bnetwork_transaction_id%5D="
                "ntx%201&customer=cus_9");
}

static void operations_name_the_payment(void **state)
{
    static const struct {
        enum rt_op op;
        bool full, by_reference;
        const char *method, *path, *body;
    } known[] = {
        { RT_CAPTURE, false, false, "POST", "/v1/payment_intents/obj_1/capture",
          "amount_to_capture=2550" },
        { RT_VOID, false, false, "POST", "/v1/payment_intents/obj_1/cancel",
          "cancellation_reason=abandoned" },
        { RT_REFUND, false, false, "POST", "/v1/refunds",
          "payment_intent=obj_1&amount=2550&metadata%5Bgw_refund%5D=at0_TESTREFERENCE" },
        { RT_INQUIRE, false, false, "GET", "/v1/payment_intents/obj_1", "" },
        { RT_INQUIRE, false, true, "GET",
          "/v1/payment_intents/search?query=metadata%5B%27gw_attempt%27%5D%3A%27"
          "at0_TESTREFERENCE%27",
          "" },
    };

    (void)state;
    for (unsigned i = 0; i < sizeof known / sizeof *known; i++) {
        struct rt_payment p = case_payment();
        struct px_asking q = case_asking(&p, known[i].op);

        p.full = known[i].full;
        q.by_reference = known[i].by_reference;
        assert_int_equal(case_ask(A, "/pre", &q), OK);
        assert_span(case_request.method, known[i].method);
        assert_memory_equal(case_request.path.p, "/pre", 4);
        assert_span(span_drop(case_request.path, 4), known[i].path);
        assert_span(case_request.body, known[i].body);
        assert_int_equal(case_header("idempotency-key").n > 0, known[i].op != RT_INQUIRE);
    }
}

/* A worker that takes over knows the amount, and no longer that it was all there is. */
static void everything_is_named_by_its_amount(void **state)
{
    static const enum rt_op ops[] = { RT_CAPTURE, RT_REFUND };

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct rt_payment p = case_payment();
        struct px_asking q = case_asking(&p, ops[i]);
        char before[256];

        p.full = true;
        assert_int_equal(case_ask(A, "", &q), OK);
        assert_true(span_copyz(case_request.body, before, sizeof before) == OK);
        p.full = false;
        assert_int_equal(case_ask(A, "", &q), OK);
        assert_span(case_request.body, before);
        assert_non_null(strstr(before, "2550"));
        p.full = true; /* somebody asks by hand, and does not know */
        p.amount.minor = 0;
        assert_int_equal(case_ask(A, "", &q), OK);
        assert_true(span_copyz(case_request.body, before, sizeof before) == OK);
        assert_null(strstr(before, "2550"));
    }
}

static void an_id_can_not_climb_out_of_its_path(void **state)
{
    struct rt_payment p = case_payment();
    struct px_asking q = case_asking(&p, RT_CAPTURE);

    (void)state;
    q.payment_id = SPAN("../x?y=1");
    p.full = true;
    assert_int_equal(case_ask(A, "", &q), OK);
    assert_span(case_request.path, "/v1/payment_intents/..%2Fx%3Fy%3D1/capture");
}

static void amounts_follow_stripes_own_table(void **state)
{
    static const struct {
        const char *cur, *begins; /* NULL: can not be said */
        int64_t minor;
    } known[] = {
        { "JPY", "amount=500&currency=jpy", 500 },
        { "ISK", "amount=500&currency=isk", 5 }, /* whole krona, sent as if it had cents */
        { "UGX", "amount=1200&currency=ugx", 12 },
        { "MGA", NULL, 1250 },
        { "MGA", "amount=12&currency=mga", 1200 },
        { "KWD", "amount=1230&currency=kwd", 1230 },
        { "KWD", NULL, 1234 },
        { "IQD", NULL, 1000 },
        { "EUR", NULL, 0 },
        { "EUR", NULL, -1 },
    };

    (void)state;
    for (unsigned i = 0; i < sizeof known / sizeof *known; i++) {
        struct rt_payment p = case_payment();
        struct px_asking q = case_asking(&p, RT_AUTHORIZE);

        p.amount = (struct money){ known[i].minor, currency_find(span_str(known[i].cur)) };
        assert_int_equal(case_ask(A, "", &q), known[i].begins != NULL ? OK : E_RANGE);
        if (known[i].begins != NULL)
            assert_memory_equal(case_request.body.p, known[i].begins, strlen(known[i].begins));
        else
            assert_non_null(strstr(case_why.text, "stripe"));
    }
}

static void what_stripe_does_not_offer_is_told(void **state)
{
    struct rt_payment p = case_payment();
    struct px_asking q = case_asking(&p, RT_VOID);

    (void)state;
    q.by_reference = true;
    assert_int_equal(case_ask(A, "", &q), E_RANGE);
    q = case_asking(&p, RT_AUTHORIZE);
    p.method = RT_PROVIDER_TOKEN;
    p.token[p.tokens++] = (struct rt_pair){ SPAN("adyen"), SPAN("x") };
    assert_int_equal(case_ask(A, "", &q), E_RANGE);
    assert_string_equal(case_why.text, "the payment has no token of stripe");
    q = case_asking(&p, RT_CAPTURE);
    q.payment_id = SPAN_NONE;
    assert_int_equal(case_ask(A, "", &q), E_RANGE);
}

static void a_full_arena_is_a_limit_not_a_short_request(void **state)
{
    struct rt_payment p = case_payment();
    struct px_asking q = case_asking(&p, RT_AUTHORIZE);
    struct px_account acc = { .authority = SPAN("x"), .api_key = &case_key };

    (void)state;
    for (size_t room = 0; room < 6000; room += 97) {
        struct diag why = { 0 };
        enum err e;

        arena_init(&case_arena, case_mem, room, NULL, room);
        e = A->ask(&acc, &q, &case_arena, &case_request, &why);
        assert_true(e == OK || e == E_LIMIT);
        if (e == OK)
            assert_true(case_request.body.n > 400);
    }
}

/* ---- judging ---- */

static void statuses_become_states(void **state)
{
    static const struct {
        const char *body;
        enum rt_outcome outcome;
        enum rt_state state;
    } known[] = {
        { INTENT("requires_capture", ",\"amount_capturable\":2550"), RT_APPROVED,
          RT_STATE_AUTHORIZED },
        { INTENT("succeeded", ",\"amount_received\":2550"), RT_APPROVED, RT_STATE_CAPTURED },
        { INTENT("processing", ""), RT_PENDING, RT_STATE_PENDING },
        { INTENT("requires_action", ""), RT_ACTION_REQUIRED, RT_STATE_REQUIRES_ACTION },
        { INTENT("requires_payment_method", ",\"last_payment_error\":{\"code\":\"expired_card\"}"),
          RT_DECLINED, RT_STATE_DECLINED },
        { INTENT("canceled", ""), RT_DECLINED, RT_STATE_VOIDED },
        { INTENT("requires_confirmation", ""), RT_ERROR, RT_STATE_NOT_EXECUTED },
    };
    struct rt_payment p = case_payment();
    struct px_asking q = case_asking(&p, RT_AUTHORIZE);

    (void)state;
    for (unsigned i = 0; i < sizeof known / sizeof *known; i++) {
        struct rt_judgement j = case_judge(A, &q, RT_AUTHORIZE, 200, NULL, known[i].body);

        assert_int_equal(j.outcome, known[i].outcome);
        assert_int_equal(j.state, known[i].state);
        assert_true(j.bound); /* the first answer is given to every copy */
        assert_int_equal(j.same_key, RT_SAME_KEY_YES);
        assert_string_equal(j.payment_id, "obj_1");
    }
}

static void another_payments_answer_is_not_believed(void **state)
{
    static const char *const foreign[] = {
        "{\"id\":\"obj_1\",\"object\":\"payment_intent\",\"amount\":2551,\"currency\":\"eur\","
        "\"status\":\"requires_capture\"}",
        "{\"id\":\"obj_1\",\"object\":\"payment_intent\",\"amount\":2550,\"currency\":\"usd\","
        "\"status\":\"requires_capture\"}",
        "{\"id\":\"obj_1\",\"object\":\"payment_intent\",\"amount\":2550,\"currency\":\"eur\","
        "\"metadata\":{\"gw_attempt\":\"at1_OTHER\"},\"status\":\"requires_capture\"}",
        "{\"id\":\"obj_1\",\"object\":\"payment_intent\",\"currency\":\"eur\","
        "\"status\":\"requires_capture\"}",
        INTENT("requires_magic", ""),
        INTENT("", ""),
        "{\"id\":\"obj_1\",\"object\":\"charge\",\"status\":\"succeeded\"}",
        "{\"object\":\"payment_intent\",\"amount\":2550,\"currency\":\"eur\",\"status\":"
        "\"requires_capture\"}",
        "{}",
    };
    struct rt_payment p = case_payment();
    struct px_asking q = case_asking(&p, RT_AUTHORIZE);

    (void)state;
    for (unsigned i = 0; i < sizeof foreign / sizeof *foreign; i++) {
        struct rt_judgement j = case_judge(A, &q, RT_AUTHORIZE, 200, NULL, foreign[i]);

        assert_doubt(&j);
        assert_true(j.alarm);
        assert_true(j.inquire_first);
        assert_int_equal(j.same_key, RT_SAME_KEY_NO);
    }
}

static void what_is_stored_under_the_key_is_bound_and_nothing_else(void **state)
{
    static const struct {
        int status;
        const char *body;
        bool bound;
        enum rt_same_key again;
        enum rt_outcome outcome;
    } known[] = {
        { 402, ERROR("\"type\":\"card_error\",\"code\":\"card_declined\""), true, RT_SAME_KEY_YES,
          RT_DECLINED },
        { 400, ERROR(REQUEST_ERROR ",\"code\":\"amount_too_small\""), false, RT_SAME_KEY_NO,
          RT_ERROR },
        { 400,
          ERROR(REQUEST_ERROR ",\"code\":\"capability_not_active\"" INSIDE("requires_payment_"
                                                                           "method")),
          true, RT_SAME_KEY_NO, RT_ERROR },
        { 401, ERROR(REQUEST_ERROR), false, RT_SAME_KEY_YES, RT_ERROR },
        { 403, ERROR("\"type\":\"permission_error\""), false, RT_SAME_KEY_NO, RT_ERROR },
        { 404, ERROR(REQUEST_ERROR ",\"code\":\"resource_missing\""), false, RT_SAME_KEY_NO,
          RT_ERROR },
        { 409, ERROR("\"type\":\"idempotency_error\",\"code\":\"idempotency_key_in_use\""), false,
          RT_SAME_KEY_AFTER_WAIT, RT_UNKNOWN },
        { 429, ERROR(REQUEST_ERROR ",\"code\":\"rate_limit\""), false, RT_SAME_KEY_AFTER_WAIT,
          RT_ERROR },
        { 500, ERROR("\"type\":\"api_error\""), true, RT_SAME_KEY_YES, RT_UNKNOWN },
        { 503, ERROR("\"type\":\"api_error\""), false, RT_SAME_KEY_YES, RT_UNKNOWN },
        { 502, "<html>bad gateway</html>", false, RT_SAME_KEY_YES, RT_UNKNOWN },
    };

    (void)state;
    for (unsigned i = 0; i < sizeof known / sizeof *known; i++) {
        struct rt_judgement j =
            case_judge(A, NULL, RT_AUTHORIZE, known[i].status, NULL, known[i].body);

        assert_int_equal(j.outcome, known[i].outcome);
        assert_int_equal(j.bound, known[i].bound);
        assert_int_equal(j.same_key, known[i].again);
        if (j.outcome == RT_UNKNOWN)
            assert_doubt(&j);
    }
}

static void a_failed_capture_is_no_declined_payment(void **state)
{
    struct rt_payment p = case_payment();
    struct px_asking q = case_asking(&p, RT_CAPTURE);
    struct rt_judgement j = case_judge(
        A, &q, RT_CAPTURE, 402, NULL,
        ERROR("\"type\":\"card_error\",\"code\":\"card_declined\"" INSIDE("requires_capture")));

    (void)state;
    assert_int_equal(j.outcome, RT_ERROR);
    assert_int_equal(j.executed, RT_EXECUTED_NO);
    assert_int_equal(j.state, RT_STATE_CAPTURE_FAILED);
    assert_true(j.bound);
}

static void the_object_inside_an_error_tells_the_state(void **state)
{
    struct rt_payment p = case_payment();
    struct px_asking q = case_asking(&p, RT_VOID);
    struct rt_judgement j = case_judge(
        A, &q, RT_VOID, 400, NULL,
        ERROR(REQUEST_ERROR ",\"code\":\"payment_intent_unexpected_state\"" INSIDE("succeeded")));

    (void)state;
    assert_int_equal(j.outcome, RT_ERROR);
    assert_int_equal(j.state, RT_STATE_CAPTURED);
    assert_int_equal(j.code, RT_CODE_STATE_CONFLICT);
    /* an authorisation that "failed" with the money held is not believed */
    j = case_judge(
        A, NULL, RT_AUTHORIZE, 402, NULL,
        ERROR("\"type\":\"card_error\",\"code\":\"card_declined\"" INSIDE("requires_capture")));
    assert_doubt(&j);
    assert_true(j.alarm);
}

static void headers_speak_about_repeating(void **state)
{
    static const char busy[] =
        ERROR("\"type\":\"idempotency_error\",\"code\":\"idempotency_key_in_use\"");
    struct rt_judgement j =
        case_judge(A, NULL, RT_AUTHORIZE, 409, "Stripe-Should-Retry: false", busy);

    (void)state;
    assert_doubt(&j);
    assert_int_equal(j.same_key, RT_SAME_KEY_NO);
    assert_true(j.inquire_first);
    j = case_judge(A, NULL, RT_AUTHORIZE, 400, "stripe-should-retry: true", ERROR(REQUEST_ERROR));
    assert_int_equal(j.same_key, RT_SAME_KEY_YES);
    /* the stored 500 comes again: safe to repeat, but only an inquiry will tell */
    j = case_judge(A, NULL, RT_AUTHORIZE, 500, "Stripe-Should-Retry: false",
                   ERROR("\"type\":\"api_error\""));
    assert_int_equal(j.same_key, RT_SAME_KEY_YES);
    assert_true(j.inquire_first);
    j = case_judge(A, NULL, RT_AUTHORIZE, 429, "Retry-After: 7",
                   ERROR(REQUEST_ERROR ",\"code\":\"rate_limit\""));
    assert_int_equal(j.retry_after_ms, 7000);
    j = case_judge(A, NULL, RT_AUTHORIZE, 200, "Idempotent-Replayed: true",
                   INTENT("requires_capture", ""));
    assert_true(j.replayed);
}

static void a_refused_copy_says_nothing_of_an_earlier_one(void **state)
{
    static const char body[] = ERROR(REQUEST_ERROR ",\"code\":\"rate_limit\"");
    struct px_answer ans = { .status = 429, .earlier_unanswered = true };
    struct rt_judgement j;

    (void)state;
    ans.body = span_str(body);
    arena_init(&case_arena, case_mem, sizeof case_mem, NULL, sizeof case_mem);
    A->judge(NULL, RT_AUTHORIZE, &ans, &case_arena, &j);
    assert_doubt(&j);
    assert_int_equal(j.same_key, RT_SAME_KEY_AFTER_WAIT);
}

/* Two accounts at one provider each have a name of their own in the configuration, and tokens. */
static void a_token_is_that_of_the_account_by_its_own_name(void **state)
{
    struct rt_payment p = case_payment();
    struct px_asking q = case_asking(&p, RT_AUTHORIZE);
    struct px_account acc = { .name = SPAN("stripe-eu"),
                              .authority = SPAN("psp.example"),
                              .scheme = SPAN("https"),
                              .api_key = &case_key };
    char body[1024];

    (void)state;
    p.method = RT_PROVIDER_TOKEN;
    p.token[0] = (struct rt_pair){ SPAN("stripe"), SPAN("pm_other") };
    p.token[1] = (struct rt_pair){ SPAN("stripe-eu"), SPAN("pm_ours") };
    p.tokens = 2;
    assert_int_equal(secret_set(&case_key, SPAN("sk_unit")), OK);
    arena_init(&case_arena, case_mem, sizeof case_mem, NULL, sizeof case_mem);
    assert_int_equal(A->ask(&acc, &q, &case_arena, &case_request, &case_why), OK);
    assert_int_equal(span_copyz(case_request.body, body, sizeof body), OK);
    assert_non_null(strstr(body, "payment_method=pm_ours"));
}

/* ---- inquiries: the same finding, for different wishes ---- */

static void a_finding_answers_the_operation_in_doubt(void **state)
{
    static const struct {
        enum rt_op wish;
        const char *body;
        enum rt_outcome outcome;
        bool inconclusive;
    } known[] = {
        { RT_AUTHORIZE, INTENT("requires_capture", ""), RT_APPROVED, false },
        { RT_AUTHORIZE, INTENT("canceled", ""), RT_DECLINED, false },
        { RT_AUTHORIZE, INTENT("requires_payment_method", ""), RT_INFO, true },
        { RT_AUTHORIZE,
          INTENT("requires_payment_method", ",\"last_payment_error\":{\"code\":\"card_declined\"}"),
          RT_DECLINED, false },
        { RT_CAPTURE, INTENT("succeeded", ",\"amount_received\":2550"), RT_APPROVED, false },
        { RT_CAPTURE, INTENT("succeeded", ",\"amount_received\":2000"), RT_INFO, true },
        { RT_CAPTURE, INTENT("requires_capture", ",\"amount_received\":2000"), RT_INFO, true },
        { RT_CAPTURE, INTENT("requires_capture", ""), RT_INFO, true },
        { RT_CAPTURE, INTENT("canceled", ""), RT_ERROR, false },
        { RT_VOID, INTENT("canceled", ""), RT_APPROVED, false },
        { RT_VOID, INTENT("requires_capture", ""), RT_INFO, true },
        { RT_VOID, INTENT("succeeded", ",\"amount_received\":2550"), RT_ERROR, false },
        { RT_REFUND, INTENT("succeeded", ",\"amount_received\":2550"), RT_INFO, true },
        { RT_INQUIRE, INTENT("canceled", ""), RT_APPROVED, false },
    };

    (void)state;
    for (unsigned i = 0; i < sizeof known / sizeof *known; i++) {
        struct rt_payment p = case_payment();
        struct px_asking q = case_asking(&p, RT_INQUIRE);
        struct rt_judgement j;

        p.op = known[i].wish;
        j = case_judge(A, &q, RT_INQUIRE, 200, NULL, known[i].body);
        assert_int_equal(j.outcome, known[i].outcome);
        assert_int_equal(j.inconclusive, known[i].inconclusive);
    }
}

#define REFUND(ref, status, amount)                                                                \
    "{\"object\":\"refund\",\"id\":\"re_" ref "\",\"status\":\"" status "\",\"amount\":" amount    \
    ",\"currency\":\"eur\",\"payment_intent\":\"obj_1\",\"metadata\":{\"gw_refund\":\"" ref "\"}}"
#define LISTED(refunds) "{\"object\":\"list\",\"data\":[" refunds "],\"has_more\":false}"

/* What was refunded in all says nothing of one refund. */
static void one_refund_is_told_from_another_by_its_reference(void **state)
{
    static const struct {
        const char *body;
        enum rt_outcome outcome;
        bool inconclusive;
    } known[] = {
        { LISTED(REFUND("op_EARLIER", "succeeded", "300")), RT_INFO, true },
        { LISTED(""), RT_INFO, true },
        { LISTED(
              REFUND("op_EARLIER", "succeeded", "300") "," REFUND("op_OURS", "succeeded", "300")),
          RT_APPROVED, false },
        { LISTED(REFUND("op_OURS", "pending", "300")), RT_PENDING, false },
        { LISTED(REFUND("op_OURS", "failed", "300")), RT_ERROR, false },
        { LISTED(REFUND("op_OURS", "succeeded", "301")), RT_UNKNOWN, true },
        { LISTED(REFUND("op_OURS", "succeeded", "300") "," REFUND("op_OURS", "failed", "300")),
          RT_UNKNOWN, true },
    };
    struct rt_payment p = case_payment();
    struct px_asking q = case_asking(&p, RT_INQUIRE);

    (void)state;
    p.op = RT_REFUND;
    p.amount.minor = 300;
    q.ref = SPAN("op_OURS");
    assert_int_equal(case_ask(A, "", &q), OK);
    assert_span(case_request.path, "/v1/refunds?limit=100&payment_intent=obj_1");
    for (unsigned i = 0; i < sizeof known / sizeof *known; i++) {
        struct rt_judgement j = case_judge(A, &q, RT_INQUIRE, 200, NULL, known[i].body);

        assert_int_equal(j.outcome, known[i].outcome);
        assert_int_equal(j.inconclusive, known[i].inconclusive);
    }
}

static void finding_nothing_proves_nothing(void **state)
{
    static const struct {
        int status;
        const char *body;
    } known[] = {
        { 200, "{\"object\":\"search_result\",\"data\":[],\"has_more\":false}" },
        { 200, "{\"object\":\"list\",\"data\":[" INTENT("succeeded", "") "]}" }, /* see ref below */
        { 404, ERROR(REQUEST_ERROR ",\"code\":\"resource_missing\"") },
        { 401, ERROR(REQUEST_ERROR) },
        { 429, ERROR(REQUEST_ERROR ",\"code\":\"rate_limit\"") },
        { 400, ERROR(REQUEST_ERROR) },
        { 500, ERROR("\"type\":\"api_error\"") },
        { 200, "{\"object\":\"search_result\",\"data\":[{}]}" },
    };

    (void)state;
    for (unsigned i = 0; i < sizeof known / sizeof *known; i++) {
        struct rt_payment p = case_payment();
        struct px_asking q = case_asking(&p, RT_INQUIRE);
        struct rt_judgement j;

        q.ref = SPAN("at5_ANOTHER");
        j = case_judge(A, &q, RT_INQUIRE, known[i].status, NULL, known[i].body);
        assert_true(j.inconclusive);
        assert_int_equal(j.executed, RT_EXECUTED_UNKNOWN);
        assert_false(j.retry_other);
    }
}

static void of_several_the_one_with_the_money_counts(void **state)
{
    struct rt_payment p = case_payment();
    struct px_asking q = case_asking(&p, RT_INQUIRE);
    struct rt_judgement j;

    (void)state;
    j = case_judge(
        A, &q, RT_INQUIRE, 200, NULL,
        "{\"object\":\"search_result\",\"data\":[" INTENT(
            "requires_payment_method",
            ",\"last_payment_error\":{\"code\":\"card_declined\"}") "," INTENT("requires_capture",
                                                                               "") "]}");
    assert_int_equal(j.outcome, RT_APPROVED);
    assert_int_equal(j.matches, 2);
    assert_true(j.alarm);
}

/* ---- refunds ---- */

static void refunds_end_in_four_ways(void **state)
{
    static const struct {
        const char *status;
        bool full;
        enum rt_outcome outcome;
        enum rt_state state;
    } known[] = {
        { "succeeded", false, RT_APPROVED, RT_STATE_PARTIALLY_REFUNDED },
        { "succeeded", true, RT_APPROVED, RT_STATE_REFUNDED },
        { "pending", false, RT_PENDING, RT_STATE_REFUND_PENDING },
        { "failed", false, RT_ERROR, RT_STATE_REFUND_FAILED },
        { "canceled", false, RT_ERROR, RT_STATE_REFUND_FAILED },
        { "strange", false, RT_UNKNOWN, RT_STATE_IN_DOUBT },
    };

    (void)state;
    for (unsigned i = 0; i < sizeof known / sizeof *known; i++) {
        struct rt_payment p = case_payment();
        struct px_asking q = case_asking(&p, RT_REFUND);
        struct rt_judgement j;
        char body[256];

        p.full = known[i].full;
        (void)snprintf(body, sizeof body,
                       "{\"id\":\"re_1\",\"object\":\"refund\",\"amount\":2550,\"currency\":"
                       "\"eur\",\"payment_intent\":\"obj_1\",\"status\":\"%s\"}",
                       known[i].status);
        j = case_judge(A, &q, RT_REFUND, 200, NULL, body);
        assert_int_equal(j.outcome, known[i].outcome);
        assert_int_equal(j.state, known[i].state);
        assert_string_equal(j.op_id, "re_1");
    }
}

static void krona_come_back_as_krona(void **state)
{
    struct rt_judgement j = case_judge(
        A, NULL, RT_AUTHORIZE, 200, NULL,
        "{\"id\":\"obj_1\",\"object\":\"payment_intent\",\"amount\":500,\"currency\":\"isk\","
        "\"status\":\"requires_capture\"}");

    (void)state;
    assert_int_equal(j.amount.minor, 5);
    assert_string_equal(currency_code(j.amount.cur), "ISK");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_card_goes_in_one_call),
        cmocka_unit_test(only_the_login_is_secret),
        cmocka_unit_test(a_merchants_later_charge_says_so),
        cmocka_unit_test(operations_name_the_payment),
        cmocka_unit_test(everything_is_named_by_its_amount),
        cmocka_unit_test(an_id_can_not_climb_out_of_its_path),
        cmocka_unit_test(amounts_follow_stripes_own_table),
        cmocka_unit_test(what_stripe_does_not_offer_is_told),
        cmocka_unit_test(a_full_arena_is_a_limit_not_a_short_request),
        cmocka_unit_test(statuses_become_states),
        cmocka_unit_test(another_payments_answer_is_not_believed),
        cmocka_unit_test(what_is_stored_under_the_key_is_bound_and_nothing_else),
        cmocka_unit_test(a_failed_capture_is_no_declined_payment),
        cmocka_unit_test(the_object_inside_an_error_tells_the_state),
        cmocka_unit_test(headers_speak_about_repeating),
        cmocka_unit_test(a_refused_copy_says_nothing_of_an_earlier_one),
        cmocka_unit_test(a_finding_answers_the_operation_in_doubt),
        cmocka_unit_test(a_token_is_that_of_the_account_by_its_own_name),
        cmocka_unit_test(one_refund_is_told_from_another_by_its_reference),
        cmocka_unit_test(finding_nothing_proves_nothing),
        cmocka_unit_test(of_several_the_one_with_the_money_counts),
        cmocka_unit_test(refunds_end_in_four_ways),
        cmocka_unit_test(krona_come_back_as_krona),
    };

    return cmocka_run_group_tests_name("stripe", tests, NULL, NULL);
}
