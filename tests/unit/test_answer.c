/* tests/unit/test_answer.c */
#include "tests/unit/unit.h"

#include <stdalign.h>

#include "proxy/answer.h"
#include "proxy/problem.h"
#include "routing/base/json.h"

#define ID "01J9ZC3W5E7Q8R2T4V6X8Y0Z1A"

static alignas(max_align_t) char mem[256 * 1024];
static struct arena arena;
static struct span body;
static struct px_message message;

static void fresh(void)
{
    arena_init(&arena, mem, sizeof mem, NULL, sizeof mem);
}

static struct px_record payment(enum rt_outcome outcome, enum rt_state state, enum rt_code code)
{
    return (struct px_record){
        .id = ID,
        .op = RT_AUTHORIZE,
        .merchant = "shop",
        .key = "key-1",
        .standing = PX_SETTLED,
        .outcome = outcome,
        .state = state,
        .code = code,
        .created_ms = 1791849600123,
        .updated_ms = 1791849600999,
        .amount = { 1099, currency_find(SPAN("EUR")) },
        .capture_now = true,
        .plan = { "stripe", "adyen" },
        .provider_payment_id = "pi_1",
        .method = RT_CARD,
        .brand = RT_VISA,
        .bin6 = 42424,
        .last4 = "4242",
        .order = "o-\"7\"",
    };
}

static struct px_record operation(enum rt_op op, enum rt_outcome outcome, enum rt_state state,
                                  enum rt_code code)
{
    struct px_record r = payment(outcome, state, code);

    r.op = op;
    memcpy(r.parent, "01J9ZC3W5E7Q8R2T4V6X8Y0Z1B", PX_ID);
    memcpy(r.provider_op_id, "re_1", 5);
    return r;
}

static const struct px_attempt tries[] = {
    { .leg = 0,
      .provider = "stripe",
      .ref = "at0_" ID,
      .promised_ms = 1791849600200,
      .ended_ms = 1791849600300,
      .copies = 1,
      .evidence = "not_sent",
      .why = "connect_refused" },
    { .leg = 1,
      .provider = "adyen",
      .ref = "at1_" ID,
      .promised_ms = 1791849600300,
      .ended_ms = 1791849600400,
      .copies = 1,
      .evidence = "answered",
      .why = "answered",
      .outcome = RT_DECLINED,
      .code = RT_CODE_INSUFFICIENT_FUNDS,
      .raw_code = "12",
      .status = 200,
      .took_ms = 97,
      .provider_payment_id = "psp_1" },
};

static int told(const struct px_record *r, const struct rt_judgement *heard)
{
    struct px_telling t = { .record = r,
                            .attempt = tries,
                            .attempts = 2,
                            .heard = heard,
                            .decided = true,
                            .revision = UINT64_C(0x123456789abcdef0),
                            .file = "checkout.route",
                            .line = 12,
                            .rule = "configured order" };

    fresh();
    return px_answer_body(&t, &arena, &body);
}

/* The member at a path of up to three names is this text; NULL: it is not there. */
static void assert_at(const char *a, const char *b, const char *c, const char *want)
{
    struct json j;
    bool found = json_find(body, &j, a, b, c, NULL);

    if (json_why(&j) != OK)
        fail_msg("%s in %.*s", json_what(&j), (int)body.n, body.p);
    if (found != (want != NULL) || (found && !span_is(json_raw(&j), want)))
        fail_msg("%s.%s.%s is %.*s", a, b == NULL ? "" : b, c == NULL ? "" : c, (int)json_raw(&j).n,
                 json_raw(&j).p);
}

/* ---- statuses -------------------------------------------------------------------------------- */

static void every_outcome_has_its_status_and_word(void **state)
{
    static const struct {
        enum rt_outcome outcome;
        enum rt_state st;
        enum rt_code code;
        int status;
        const char *word; /* NULL: a problem, where status is a number */
    } cases[] = {
        { RT_APPROVED, RT_STATE_AUTHORIZED, 0, 201, "approved" },
        { RT_APPROVED, RT_STATE_CAPTURED, 0, 201, "captured" },
        { RT_APPROVED, RT_STATE_CAPTURE_PENDING, 0, 201, "approved" },
        { RT_ACTION_REQUIRED, RT_STATE_REQUIRES_ACTION, 0, 201, "action_required" },
        { RT_PENDING, RT_STATE_PENDING, 0, 202, "processing" },
        { RT_UNKNOWN, RT_STATE_IN_DOUBT, 0, 202, "processing" },
        { RT_INFO, RT_STATE_FOUND, 0, 202, "processing" },
        { RT_DECLINED, RT_STATE_DECLINED, RT_CODE_DO_NOT_HONOR, 402, "declined" },
        { RT_DECLINED, RT_STATE_DECLINED, 0, 402, "declined" },
        { RT_DECLINED, RT_STATE_DECLINED, RT_CODE_NOT_FOUND, 402, "declined" },
        { RT_ERROR, RT_STATE_NOT_EXECUTED, 0, 503, NULL },
        { RT_ERROR, RT_STATE_NOT_EXECUTED, RT_CODE_RATE_LIMITED, 503, NULL },
        { RT_ERROR, RT_STATE_NOT_EXECUTED, RT_CODE_PROVIDER_AUTH_ERROR, 502, NULL },
        { RT_ERROR, RT_STATE_NOT_EXECUTED, RT_CODE_TOKEN_INVALID, 422, NULL },
        { RT_ERROR, RT_STATE_UNCHANGED, RT_CODE_STATE_CONFLICT, 409, NULL },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct px_record r = payment(cases[i].outcome, cases[i].st, cases[i].code);
        int status = told(&r, NULL);

        if (status != cases[i].status)
            fail_msg("case %zu: %d", i, status);
        if (cases[i].word != NULL)
            assert_at("status", NULL, NULL, cases[i].word);
        /* an `error` member exactly where the money did not and will not move */
        assert_int_equal(json_find(body, &(struct json){ 0 }, "error", NULL), status >= 400);
    }
}

static void every_operation_has_its_status_and_word(void **state)
{
    static const struct {
        enum rt_op op;
        enum rt_outcome outcome;
        enum rt_state st;
        enum rt_code code;
        int status;
        const char *word;
    } cases[] = {
        { RT_CAPTURE, RT_APPROVED, RT_STATE_CAPTURED, 0, 200, "captured" },
        { RT_CAPTURE, RT_APPROVED, RT_STATE_CAPTURE_PENDING, 0, 202, "processing" },
        { RT_CAPTURE, RT_PENDING, RT_STATE_CAPTURE_PENDING, 0, 202, "processing" },
        { RT_VOID, RT_APPROVED, RT_STATE_VOIDED, 0, 200, "voided" },
        { RT_REFUND, RT_APPROVED, RT_STATE_REFUNDED, 0, 201, "refunded" },
        { RT_REFUND, RT_APPROVED, RT_STATE_PARTIALLY_REFUNDED, 0, 201, "refunded" },
        { RT_REFUND, RT_DECLINED, RT_STATE_REFUND_FAILED, RT_CODE_GENERIC_DECLINE, 402,
          "declined" },
        { RT_REFUND, RT_DECLINED, RT_STATE_UNCHANGED, RT_CODE_ALREADY_REFUNDED, 409, NULL },
        { RT_CAPTURE, RT_UNKNOWN, RT_STATE_IN_DOUBT, 0, 202, "processing" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct px_record r = operation(cases[i].op, cases[i].outcome, cases[i].st, cases[i].code);
        int status = told(&r, NULL);

        if (status != cases[i].status)
            fail_msg("case %zu: %d", i, status);
        if (cases[i].word != NULL) {
            assert_at("status", NULL, NULL, cases[i].word);
            assert_at("object", NULL, NULL, rt_op_name(cases[i].op));
            assert_at("payment", NULL, NULL, "01J9ZC3W5E7Q8R2T4V6X8Y0Z1B");
            assert_at("provider_reference", NULL, NULL, "re_1");
        }
    }
}

static void a_record_that_was_never_sent_is_a_problem(void **state)
{
    struct px_record r = payment(RT_UNKNOWN, RT_STATE_NONE, RT_CODE_NONE);

    (void)state;
    r.standing = PX_NEVER_SENT;
    assert_int_equal(told(&r, NULL), 503);
    assert_at("error", "code", NULL, "no_provider_reached");
    assert_at("outcome", NULL, NULL, "not_sent");
    assert_at("retry_safe", NULL, NULL, "true");
    assert_at("payment", NULL, NULL, ID);
    assert_string_equal(px_answer_word(&r), "failed");
}

/* The code's own sentence is written for an answer that said so, and speaks of doubt. */
static void what_was_not_sent_is_not_told_as_doubtful(void **state)
{
    struct px_record r = payment(RT_UNKNOWN, RT_STATE_NONE, RT_CODE_PROVIDER_UNAVAILABLE);

    (void)state;
    r.standing = PX_NEVER_SENT;
    assert_int_equal(told(&r, NULL), 503);
    assert_at("detail", NULL, NULL,
              "Nothing was executed: no provider could be reached, or would take it up");
}

/* ---- bodies ---------------------------------------------------------------------------------- */

static void an_approval_tells_who_what_and_why(void **state)
{
    struct px_record r = payment(RT_APPROVED, RT_STATE_CAPTURED, RT_CODE_NONE);
    struct json j;
    unsigned n = 0;

    (void)state;
    assert_int_equal(told(&r, NULL), 201);
    assert_at("id", NULL, NULL, ID);
    assert_at("object", NULL, NULL, "payment");
    assert_at("amount", NULL, NULL, "1099");
    assert_at("currency", NULL, NULL, "EUR");
    assert_at("amount_captured", NULL, NULL, "1099"); /* before the journal has said so */
    assert_at("amount_refunded", NULL, NULL, "0");
    assert_at("order", NULL, NULL, "o-\\\"7\\\"");
    assert_at("provider", NULL, NULL, "adyen"); /* of the last attempt, not of the first leg */
    assert_at("provider_reference", NULL, NULL, "pi_1");
    assert_at("payment_method", "card", "bin6", "042424");
    assert_at("payment_method", "card", "last4", "4242");
    assert_at("payment_method", "card", "brand", "visa");
    assert_at("decision", "policy_revision", NULL, "640511947003803");
    assert_at("decision", "policy", NULL, "123456789abcdef0");
    assert_at("decision", "at", NULL, "checkout.route:12");
    assert_at("decision", "rule", NULL, "configured order");
    assert_at("decline", NULL, NULL, NULL);
    assert_at("operations", NULL, NULL, NULL);
    assert_at("created", NULL, NULL, "2026-10-13T00:00:00.123Z");
    assert_true(json_find(body, &j, "attempts", NULL));
    while (json_next(&j) != JSON_ARRAY_END) {
        assert_int_equal(json_tok(&j), JSON_OBJECT);
        assert_true(json_skip(&j));
        n++;
    }
    assert_int_equal(n, 2);
}

static void a_decline_carries_error_and_advice(void **state)
{
    struct px_record r = payment(RT_DECLINED, RT_STATE_DECLINED, RT_CODE_INSUFFICIENT_FUNDS);
    struct rt_judgement h = { .iso8583 = "51", .mac = "24" };

    (void)state;
    assert_int_equal(told(&r, &h), 402);
    assert_at("status", NULL, NULL, "declined");
    assert_at("decline", "code", NULL, "insufficient_funds");
    assert_at("decline", "category", NULL, rt_category_name(RT_SOFT));
    assert_at("decline", "provider_code", NULL, "12");
    assert_at("decline", "issuer_code", NULL, "51");
    assert_at("decline", "network_advice", "code", "24");
    assert_at("decline", "network_advice", "message", "try again after one hour");
    assert_at("error", "type", NULL, "declined");
    assert_at("error", "code", NULL, "insufficient_funds");
    assert_at("outcome", NULL, NULL, "declined");
    assert_at("retry_safe", NULL, NULL, "true"); /* the schemes allow it later */
    r.code = RT_CODE_STOLEN_CARD;
    assert_int_equal(told(&r, NULL), 402);
    assert_at("retry_safe", NULL, NULL, "false");
    r.code = RT_CODE_NONE;
    assert_int_equal(told(&r, NULL), 402);
    assert_at("error", "code", NULL, "generic_decline");
}

static void in_doubt_is_no_error(void **state)
{
    struct px_record r = payment(RT_UNKNOWN, RT_STATE_IN_DOUBT, RT_CODE_NONE);

    (void)state;
    r.standing = PX_PENDING;
    assert_int_equal(told(&r, NULL), 202);
    assert_at("status", NULL, NULL, "processing");
    assert_at("error", NULL, NULL, NULL);
    assert_at("outcome", NULL, NULL, "unknown");
    assert_at("retry_safe", NULL, NULL, "false");
}

static void the_payer_is_sent_where_the_provider_says(void **state)
{
    struct px_record r = payment(RT_ACTION_REQUIRED, RT_STATE_REQUIRES_ACTION, RT_CODE_NONE);
    struct rt_judgement h = { .redirect_url = SPAN("https://acs.example/3ds?a=1&b=\"2\"") };

    (void)state;
    assert_int_equal(told(&r, &h), 201);
    assert_at("next_action", "type", NULL, "redirect");
    assert_at("next_action", "url", NULL, "https://acs.example/3ds?a=1&b=\\\"2\\\"");
}

static void a_look_has_operations_and_the_decision_of_then(void **state)
{
    struct px_record r = payment(RT_DECLINED, RT_STATE_DECLINED, RT_CODE_STOLEN_CARD);
    struct px_record ops[] = {
        operation(RT_CAPTURE, RT_APPROVED, RT_STATE_CAPTURED, RT_CODE_NONE),
        operation(RT_REFUND, RT_DECLINED, RT_STATE_UNCHANGED, RT_CODE_REFUND_WINDOW_EXPIRED),
    };
    struct px_telling t = { .record = &r, .attempt = tries, .attempts = 2, .op = ops, .ops = 2 };
    struct json j;

    (void)state;
    r.answer = SPAN("{\"id\":\"x\",\"decision\":{\"policy_revision\":3,\"rule\":\"eu\"},\"z\":1}");
    fresh();
    assert_true(px_answer_status_body(&t, &arena, &body));
    assert_at("status", NULL, NULL, "declined");
    assert_at("decline", "code", NULL, "stolen_card");
    assert_at("error", NULL, NULL, NULL); /* looking succeeded */
    assert_at("decision", "rule", NULL, "eu");
    assert_true(json_find(body, &j, "operations", NULL));
    assert_int_equal(json_next(&j), JSON_OBJECT);
    assert_true(json_skip(&j));
    assert_int_equal(json_next(&j), JSON_OBJECT);
    r.answer = SPAN("broken{");
    fresh();
    assert_true(px_answer_status_body(&t, &arena, &body));
    assert_at("decision", NULL, NULL, NULL);
}

static void the_journals_amounts_win(void **state)
{
    struct px_record r = payment(RT_APPROVED, RT_STATE_PARTIALLY_REFUNDED, RT_CODE_NONE);

    (void)state;
    r.authorized = 1099;
    r.captured = 1099;
    r.refunded = 500;
    (void)told(&r, NULL);
    assert_at("status", NULL, NULL, "partially_refunded");
    assert_at("amount_refunded", NULL, NULL, "500");
}

/* Whatever a provider's words hold, the body fits and is JSON. */
static void the_longest_words_fit(void **state)
{
    struct px_attempt worst[LIMIT_LEGS * LIMIT_COPIES];
    struct px_record r = payment(RT_DECLINED, RT_STATE_DECLINED, RT_CODE_DO_NOT_HONOR);
    struct px_telling t = { .record = &r,
                            .attempt = worst,
                            .decided = true,
                            .rule = "rule",
                            .attempts = sizeof worst / sizeof worst[0] };

    (void)state;
    memset(r.order, '"', LIMIT_TEXT);
    memset(r.provider_payment_id, 1, LIMIT_REF);
    memset(r.network_txn_id, 1, LIMIT_REF);
    for (unsigned i = 0; i < LIMIT_LEGS; i++)
        memset(r.plan[i], 'p', PX_NAME - 1);
    for (size_t i = 0; i < sizeof worst / sizeof worst[0]; i++) {
        worst[i] = tries[1];
        memset(worst[i].provider, 'p', PX_NAME - 1);
        memset(worst[i].raw_code, 1, LIMIT_REF);
        memset(worst[i].provider_payment_id, 1, LIMIT_REF);
    }
    fresh();
    assert_int_equal(px_answer_body(&t, &arena, &body), 402);
    assert_at("status", NULL, NULL, "declined");
}

/* ---- headers --------------------------------------------------------------------------------- */

static struct span header(const char *name)
{
    return px_header_find(message.header, message.headers, name);
}

static void headers_tell_place_times_and_provider(void **state)
{
    struct px_record r = payment(RT_APPROVED, RT_STATE_CAPTURED, RT_CODE_NONE);
    struct px_answer_head h = { .request_id = SPAN("req-1"),
                                .policy_us = 12,
                                .provider_us = 97003,
                                .gateway_us = 1500,
                                .record = &r,
                                .last = &tries[1] };

    (void)state;
    fresh();
    px_answer_message(201, SPAN("{}"), &h, &arena, &message);
    assert_int_equal(message.status, 201);
    assert_span(header("content-type"), "application/json");
    assert_span(header("cache-control"), "no-store");
    assert_span(header("x-request-id"), "req-1");
    assert_span(header("location"), "/v1/payments/" ID);
    assert_span(header("server-timing"), "policy;dur=0.012, psp;dur=97.003, gw;dur=1.500");
    assert_span(header("proxy-status"), "signalbox; next-hop=\"adyen\"; received-status=200");
    assert_null(header("idempotent-replayed").p);
    assert_null(header("retry-after").p);
}

static void headers_of_a_replay_and_of_an_operation(void **state)
{
    struct px_record r = operation(RT_REFUND, RT_PENDING, RT_STATE_REFUND_PENDING, RT_CODE_NONE);
    struct px_answer_head h = { .replayed = true,
                                .retry_after_s = 2,
                                .policy_us = -1,
                                .provider_us = -1,
                                .gateway_us = -1,
                                .record = &r };

    (void)state;
    fresh();
    px_answer_message(202, SPAN("{}"), &h, &arena, &message);
    assert_span(header("idempotent-replayed"), "true");
    assert_span(header("retry-after"), "2");
    assert_span(header("location"), "/v1/payments/01J9ZC3W5E7Q8R2T4V6X8Y0Z1B");
    assert_null(header("server-timing").p);
    assert_null(header("x-request-id").p);
    px_answer_message(402, SPAN("{}"), &h, &arena, &message);
    assert_span(header("content-type"), "application/json");
    assert_null(header("location").p);
    px_answer_message(503, SPAN("{}"), &h, &arena, &message);
    assert_span(header("content-type"), "application/problem+json");
}

static void proxy_status_has_registered_words(void **state)
{
    static const struct {
        const char *evidence, *why, *want;
    } cases[] = {
        { "not_sent", "dns", "error=dns_error; details=\"dns\"" },
        { "not_sent", "tls_verify", "error=tls_certificate_error; details=\"tls_verify\"" },
        { "in_doubt", "timeout", "error=http_response_timeout; details=\"timeout\"" },
        { "in_doubt", "reset_cancel", "error=connection_terminated; details=\"reset_cancel\"" },
        { "refused", "goaway", "error=destination_unavailable; details=\"goaway\"" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct px_attempt t = { .provider = "stripe", .ended_ms = 1 };
        struct px_answer_head h = { .last = &t };
        char want[160];
        struct buf b = BUF_OF(want);

        assert_int_equal(span_copyz(span_str(cases[i].evidence), t.evidence, sizeof t.evidence),
                         OK);
        assert_int_equal(span_copyz(span_str(cases[i].why), t.why, sizeof t.why), OK);
        fresh();
        px_answer_message(202, SPAN("{}"), &h, &arena, &message);
        buf_fmt(&b, "signalbox; next-hop=\"stripe\"; %s", cases[i].want);
        assert_span(header("proxy-status"), buf_z(&b));
    }
}

/* With any amount of memory missing there is a whole answer, if only the one that nothing is known.
 */
static void every_size_of_arena_gives_an_answer(void **state)
{
    struct px_record r = payment(RT_APPROVED, RT_STATE_CAPTURED, RT_CODE_NONE);
    struct px_telling t = { .record = &r, .attempt = tries, .attempts = 2, .decided = true };
    struct px_answer_head h = { .request_id = SPAN("req-1"), .record = &r, .last = &tries[1] };
    bool whole = false;

    (void)state;
    for (size_t room = 0; !whole; room += 64) {
        int status;

        arena_init(&arena, mem, room, NULL, room);
        status = px_answer_body(&t, &arena, &body);
        px_answer_message(status, body, &h, &arena, &message);
        assert_true(message.status == 201 || message.status == 500);
        assert_true(message.body.n > 0);
        body = message.body;
        if (message.status == 500) {
            assert_at("outcome", NULL, NULL, "unknown");
            assert_at("retry_safe", NULL, NULL, "false");
        }
        whole = message.status == 201 && header("proxy-status").n > 0;
        assert_true(room < sizeof mem);
    }
}

/* ---- problems -------------------------------------------------------------------------------- */

static void every_fault_is_a_whole_problem(void **state)
{
    (void)state;
    for (int c = PX_FAULT_NONE + 1; c < PX_FAULTS_; c++) {
        struct px_fault f;
        int64_t status = 0;
        struct json j;

        (void)px_fault_at(&f, (enum px_fault_code)c, "/a");
        fresh();
        px_problem(&f, SPAN("req-1"), &arena, &message);
        body = message.body;
        assert_int_equal(message.status, px_fault_status(f.code));
        assert_span(header("content-type"), "application/problem+json");
        assert_span(header("x-request-id"), "req-1");
        assert_true(json_find(body, &j, "status", NULL));
        assert_int_equal(json_i64(&j, &status), OK);
        assert_int_equal(status, message.status);
        assert_at("error", "code", NULL, px_fault_word(f.code));
        assert_at("error", "field", NULL, "/a");
        assert_at("outcome", NULL, NULL, px_fault_outcome(f.code));
        assert_at("request_id", NULL, NULL, "req-1");
        assert_string_not_equal(px_status_text(message.status), "");
        /* in doubt is never safe to try again */
        assert_false(px_fault_retry_safe(f.code) &&
                     strcmp(px_fault_outcome(f.code), "unknown") == 0);
    }
}

static void a_problem_has_its_headers_and_place(void **state)
{
    struct px_fault f;

    (void)state;
    (void)px_fault_at(&f, PX_FAULT_MALFORMED_JSON, NULL);
    f.line = 3;
    f.col = 14;
    (void)px_fault_say(&f, "line 3: \"x\"");
    (void)px_fault_help(&f, "mend it");
    fresh();
    px_problem(&f, SPAN_NONE, &arena, &message);
    body = message.body;
    assert_at("error", "line", NULL, "3");
    assert_at("error", "column", NULL, "14");
    assert_at("error", "field", NULL, NULL);
    assert_at("detail", NULL, NULL, "The body is not valid JSON: line 3: \\\"x\\\"; mend it");
    assert_at("type", NULL, NULL, "urn:signalbox:problem:malformed_json");

    (void)px_fault_at(&f, PX_FAULT_METHOD_NOT_ALLOWED, NULL);
    f.allow = "POST";
    px_problem(&f, SPAN_NONE, &arena, &message);
    assert_span(header("allow"), "POST");
    (void)px_fault_at(&f, PX_FAULT_UNAUTHORIZED, NULL);
    px_problem(&f, SPAN_NONE, &arena, &message);
    assert_span(header("www-authenticate"), "Bearer realm=\"signalbox\"");
    (void)px_fault_at(&f, PX_FAULT_OPERATION_REFUSED, NULL);
    f.reason = rt_code_name(RT_CODE_ALREADY_VOIDED);
    f.retry_after_s = 3;
    px_problem(&f, SPAN_NONE, &arena, &message);
    body = message.body;
    assert_at("error", "reason", NULL, "already_voided");
    assert_span(header("retry-after"), "3");
}

static void request_ids_that_can_be_logged_are_kept(void **state)
{
    static const struct {
        const char *value;
        bool kept;
    } cases[] = {
        { "a1-B_c.9", true },
        { "8e03978e-40d5-43dd-bc93-6894a57f9324", true },
        { "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", true },
        { "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0", false },
        { "", false },
        { "a b", false },
        { "a\nb", false },
        { "4242424242424242", false },
        { "x-424242424242", false },
        { "12345678901", true },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct px_header h = { .name = SPAN("X-Request-ID"), .value = span_str(cases[i].value) };
        char out[PX_REQUEST_ID];

        assert_int_equal(px_request_id(&h, 1, out), cases[i].kept);
        if (cases[i].kept)
            assert_string_equal(out, cases[i].value);
    }
    assert_false(px_request_id(NULL, 0, (char[PX_REQUEST_ID]){ 0 }));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_outcome_has_its_status_and_word),
        cmocka_unit_test(every_operation_has_its_status_and_word),
        cmocka_unit_test(a_record_that_was_never_sent_is_a_problem),
        cmocka_unit_test(what_was_not_sent_is_not_told_as_doubtful),
        cmocka_unit_test(an_approval_tells_who_what_and_why),
        cmocka_unit_test(a_decline_carries_error_and_advice),
        cmocka_unit_test(in_doubt_is_no_error),
        cmocka_unit_test(the_payer_is_sent_where_the_provider_says),
        cmocka_unit_test(a_look_has_operations_and_the_decision_of_then),
        cmocka_unit_test(the_journals_amounts_win),
        cmocka_unit_test(the_longest_words_fit),
        cmocka_unit_test(headers_tell_place_times_and_provider),
        cmocka_unit_test(headers_of_a_replay_and_of_an_operation),
        cmocka_unit_test(proxy_status_has_registered_words),
        cmocka_unit_test(every_size_of_arena_gives_an_answer),
        cmocka_unit_test(every_fault_is_a_whole_problem),
        cmocka_unit_test(a_problem_has_its_headers_and_place),
        cmocka_unit_test(request_ids_that_can_be_logged_are_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
