/* tests/unit/test_webhook.c -- who signs what, and what the news is.
 *
 * The signatures were made with Python's hmac module; two of Adyen's and one of Stripe's are the
 * published vectors of their SDKs. */
#include "tests/unit/unit.h"

#include <stdalign.h>

#include "proxy/adapters/adapter.h"
#include "proxy/adapters/webhook.h"

static alignas(max_align_t) char mem[64 * 1024];
static struct arena arena;
static struct px_news news[PX_NEWS_MAX];

static unsigned read_hook(const struct px_adapter *a, const char *name, const char *value,
                          const char *secret, const char *body, int64_t now_s)
{
    struct px_header h = { .name = span_str(name), .value = span_str(value) };
    struct px_hook hook = { .header = &h,
                            .headers = name != NULL,
                            .body = span_str(body),
                            .secret = span_str(secret),
                            .now_s = now_s,
                            .tolerance_s = PX_TOLERANCE_S };

    arena_init(&arena, mem, sizeof mem, NULL, sizeof mem);
    return px_webhook_read(a, &hook, &arena, news, PX_NEWS_MAX);
}

/* ---- Stripe ---- */

#define STRIPE_SECRET "whsec_signal_unit"
#define STRIPE_MAC    "257bef91e0d77f4df24ea0ccecee34c043671bcf9e99a39fc7d019e159f70ab0"
static const char stripe_body[] =
    "{\"id\":\"evt_u1\",\"type\":\"payment_intent.succeeded\",\"data\":{\"object\":{\"id\":"
    "\"pi_u1\",\"object\":\"payment_intent\",\"amount\":2550,\"amount_received\":2550,\"currency\":"
    "\"eur\",\"status\":\"succeeded\",\"metadata\":{\"gw_attempt\":\"at0_U\"}}}}";

static void stripe_signs_a_time_and_the_body(void **state)
{
    static const struct {
        const char *header;
        int64_t now;
        enum px_signature signature;
    } known[] = {
        { "t=1765000000,v1=" STRIPE_MAC, 1765000010, PX_VALID },
        { "t=1765000000,v1=" STRIPE_MAC, 1765000300, PX_VALID },       /* just young enough */
        { "t=1765000000,v1=" STRIPE_MAC, 1765000301, PX_INVALID },     /* too old */
        { "t=1765000000,v1=" STRIPE_MAC, 1764000000, PX_VALID },       /* our clock is late */
        { "t=1765000000,v1=00,v1=" STRIPE_MAC, 1765000010, PX_VALID }, /* a secret is rolled */
        { "t=1765000000, v1=" STRIPE_MAC ", v0=zz,v9=abc", 1765000010, PX_VALID },
        { "t=1765000001,v1=" STRIPE_MAC, 1765000010, PX_INVALID },
        { "t=1765000000,v0=" STRIPE_MAC, 1765000010, PX_INVALID }, /* only v1 counts */
        { "v1=" STRIPE_MAC, 1765000010, PX_INVALID },
        { "t=,v1=" STRIPE_MAC, 1765000010, PX_INVALID },
        { "t=soon,v1=" STRIPE_MAC, 1765000010, PX_INVALID },
        { "", 1765000010, PX_INVALID },
    };

    (void)state;
    for (unsigned i = 0; i < sizeof known / sizeof *known; i++) {
        assert_int_equal(read_hook(&px_stripe, "Stripe-Signature", known[i].header, STRIPE_SECRET,
                                   stripe_body, known[i].now),
                         1);
        assert_int_equal(news[0].signature, known[i].signature);
        assert_int_equal(news[0].judged.outcome,
                         known[i].signature == PX_VALID ? RT_APPROVED : RT_INFO);
    }
    assert_int_equal(read_hook(&px_stripe, NULL, NULL, STRIPE_SECRET, stripe_body, 0), 1);
    assert_int_equal(news[0].signature, PX_INVALID);
}

/* Published: stripe-node's own recipe over a tiny body. */
static void stripes_published_vector_holds(void **state)
{
    (void)state;
    (void)read_hook(
        &px_stripe, "stripe-signature",
        "t=1760000000,v1=710305f7feae110e97d01e071f9d466aadf50a718e23f9956b8252f8dc0acd23",
        "whsec_test_secret", "{\"id\":\"evt_1\",\"object\":\"event\"}", 1760000001);
    assert_int_equal(news[0].signature, PX_VALID);
}

static void forged_news_says_nothing(void **state)
{
    (void)state;
    (void)read_hook(&px_stripe, "Stripe-Signature", "t=1765000000,v1=" STRIPE_MAC, "whsec_other",
                    stripe_body, 1765000010);
    assert_int_equal(news[0].signature, PX_INVALID);
    assert_int_equal(news[0].judged.outcome, RT_INFO);
    assert_int_equal(news[0].judged.state, RT_STATE_NONE);
    assert_string_equal(news[0].judged.payment_id, "");
    assert_string_equal(news[0].dedupe_id, "");
    assert_true(news[0].judged.alarm);
}

static void stripes_news_is_read(void **state)
{
    (void)state;
    (void)read_hook(&px_stripe, NULL, NULL, NULL, stripe_body, 0);
    assert_int_equal(news[0].signature, PX_UNCHECKED);
    assert_int_equal(news[0].judged.state, RT_STATE_CAPTURED);
    assert_int_equal(news[0].judged.captured.minor, 2550);
    assert_string_equal(news[0].judged.payment_id, "pi_u1");
    assert_string_equal(news[0].dedupe_id, "evt_u1");
    assert_span(news[0].ref, "at0_U");
}

static void types_and_objects_must_agree(void **state)
{
#define EVENT(type, object) "{\"id\":\"e\",\"type\":\"" type "\",\"data\":{\"object\":" object "}}"
#define PI(status)                                                                                 \
    "{\"id\":\"pi\",\"object\":\"payment_intent\",\"amount\":5,\"currency\":\"eur\",\"status\":"   \
    "\"" status "\"}"
    static const struct {
        const char *body;
        enum rt_outcome outcome;
        enum rt_state state;
    } known[] = {
        { EVENT("payment_intent.created", PI("requires_payment_method")), RT_INFO, RT_STATE_NONE },
        { EVENT("payment_intent.processing", PI("processing")), RT_PENDING, RT_STATE_PENDING },
        { EVENT("payment_intent.canceled", PI("canceled")), RT_APPROVED, RT_STATE_VOIDED },
        { EVENT("payment_intent.canceled", PI("succeeded")), RT_UNKNOWN, RT_STATE_IN_DOUBT },
        { EVENT("payment_intent.payment_failed", PI("requires_payment_method")), RT_DECLINED,
          RT_STATE_DECLINED },
        { EVENT("payment_intent.succeeded", PI("brand_new")), RT_UNKNOWN, RT_STATE_IN_DOUBT },
        { EVENT("charge.expired", "{\"payment_intent\":\"pi\"}"), RT_INFO, RT_STATE_EXPIRED },
        { EVENT("charge.dispute.created", "{\"payment_intent\":\"pi\"}"), RT_INFO,
          RT_STATE_CHARGEBACK },
        { EVENT("charge.refunded", "{\"payment_intent\":\"pi\",\"currency\":\"eur\",\"amount\":9,"
                                   "\"amount_captured\":9,\"amount_refunded\":9}"),
          RT_APPROVED, RT_STATE_REFUNDED },
        { EVENT("charge.refunded", "{\"payment_intent\":\"pi\"}"), RT_UNKNOWN, RT_STATE_IN_DOUBT },
        { EVENT("refund.failed", "{\"id\":\"re\",\"status\":\"failed\"}"), RT_ERROR,
          RT_STATE_REFUND_FAILED },
        { EVENT("customer.created", "{}"), RT_INFO, RT_STATE_NONE },
        { "{\"id\":\"e\"}", RT_INFO, RT_STATE_NONE },
        { "not JSON", RT_INFO, RT_STATE_NONE },
    };

    (void)state;
    for (unsigned i = 0; i < sizeof known / sizeof *known; i++) {
        (void)read_hook(&px_stripe, NULL, NULL, NULL, known[i].body, 0);
        assert_int_equal(news[0].judged.outcome, known[i].outcome);
        assert_int_equal(news[0].judged.state, known[i].state);
    }
}

/* ---- Checkout.com ---- */

static void checkoutcom_signs_the_body(void **state)
{
    static const char mac[] = "7398be417643e288e5761122c18c4477a67625d726de636598fc3cb26646a291";
    static const char body[] =
        "{\"id\":\"evt_u2\",\"type\":\"payment_captured\",\"data\":{\"id\":\"pay_u\",\"action_id\":"
        "\"act_u\",\"amount\":2550,\"currency\":\"EUR\",\"reference\":\"at0_U\"}}";
    static const char published[] = "{\"id\":\"evt_1\",\"type\":\"payment_approved\"}";

    (void)state;
    (void)read_hook(&px_checkoutcom, "cko-signature", mac, "unit-key", body, 0);
    assert_int_equal(news[0].signature, PX_VALID);
    assert_int_equal(news[0].judged.state, RT_STATE_CAPTURED);
    assert_int_equal(news[0].judged.captured.minor, 2550);
    assert_string_equal(news[0].judged.op_id, "act_u");
    assert_string_equal(news[0].dedupe_id, "evt_u2");
    (void)read_hook(&px_checkoutcom, "cko-signature", mac, "unit-keY", body, 0);
    assert_int_equal(news[0].signature, PX_INVALID);
    (void)read_hook(&px_checkoutcom, "cko-signature", "", "unit-key", body, 0);
    assert_int_equal(news[0].signature, PX_INVALID);
    (void)read_hook(&px_checkoutcom, "Cko-Signature",
                    "00b51ca1081da71ca8f7bbd13aafb2de11e6f6c4c8c2b38c44d2b88b41ff4e70",
                    "cko-test-key", published, 0);
    assert_int_equal(news[0].signature, PX_VALID);
}

/* ---- Adyen ---- */

#define ADYEN_KEY "00112233445566778899AABBCCDDEEFF00112233445566778899aabbccddeeff"
#define CAPTURE(amount, reason)                                                                    \
    "{\"NotificationRequestItem\":{\"pspReference\":\"CAP1\",\"originalReference\":\"PSP1\","      \
    "\"merchantAccountCode\":\"ShopEU\",\"merchantReference\":\"at0_U\",\"amount\":{\"currency\":" \
    "\"EUR\",\"value\":" amount                                                                    \
    "},\"eventCode\":\"CAPTURE\",\"success\":\"true\",\"reason\":\"" reason                        \
    "\",\"additionalData\":{\"hmacSignature\":\"34cOfZYRcJcIt0P9Dfs0D2LoZQ82rx4JPGGWrImp"          \
    "PYY=\"}}}"
#define REFUSED                                                                                    \
    "{\"NotificationRequestItem\":{\"pspReference\":\"PSP2\",\"merchantAccountCode\":\"ShopEU\","  \
    "\"merchantReference\":\"at1_U\",\"amount\":{\"currency\":\"SEK\",\"value\":100},"             \
    "\"eventCode\":\"AUTHORISATION\",\"success\":\"false\",\"reason\":\"Expired Card\","           \
    "\"additionalData\":{\"hmacSignature\":\"U3epQxuofoxs8ezwg3w7cHuWw2j3KSIuc1LBEu0H9+Q=\"}}}"

static void adyens_published_vectors_hold(void **state)
{
    static const char key[] = "DFB1EB5485895CFA84146406857104ABB4CBCABDC8AAF103A624C8F6A3EAAB00";

    (void)state;
    assert_true(px_signed_adyen(
        SPAN("ipnxGCaUZ4l8TUW75a71/ghd2Fe5ffvX0pV4TLTntIc="),
        SPAN("pspReference:originalReference:merchantAccount:reference:1000:EUR:EVENT:true"),
        span_str(key)));
    assert_false(px_signed_adyen(
        SPAN("ipnxGCaUZ4l8TUW75a71/ghd2Fe5ffvX0pV4TLTntIc="),
        SPAN("pspReference:originalReference:merchantAccount:reference:1001:EUR:EVENT:true"),
        span_str(key)));
    assert_false(px_signed_adyen(SPAN(""), SPAN(""), span_str(key)));
    assert_false(px_signed_adyen(SPAN("x"), SPAN("x"), SPAN("not hexadecimal")));
}

/* One item's signature says nothing of its neighbour's. */
static void adyen_signs_item_by_item(void **state)
{
    (void)state;
    assert_int_equal(read_hook(&px_adyen, NULL, NULL, ADYEN_KEY,
                               "{\"live\":\"false\",\"notificationItems\":[" CAPTURE(
                                   "2550", "") "," REFUSED "," CAPTURE("2551", "") "]}",
                               0),
                     3);
    assert_int_equal(news[0].signature, PX_VALID);
    assert_int_equal(news[0].judged.state, RT_STATE_CAPTURED);
    assert_string_equal(news[0].judged.payment_id, "PSP1");
    assert_string_equal(news[0].judged.op_id, "CAP1");
    assert_string_equal(news[0].dedupe_id, "CAPTURE|CAP1|true");
    assert_int_equal(news[1].signature, PX_VALID);
    assert_int_equal(news[1].judged.outcome, RT_DECLINED);
    assert_int_equal(news[1].judged.code, RT_CODE_EXPIRED_CARD);
    assert_int_equal(news[2].signature, PX_INVALID);
    assert_int_equal(news[2].judged.outcome, RT_INFO);
}

static void unsigned_words_move_no_money(void **state)
{
    (void)state;
    assert_int_equal(read_hook(&px_adyen, NULL, NULL, ADYEN_KEY,
                               "{\"notificationItems\":[" CAPTURE("2550", "Capture Failed") "]}",
                               0),
                     1);
    assert_int_equal(news[0].signature, PX_VALID);
    assert_int_equal(news[0].judged.state, RT_STATE_CAPTURED);
    assert_int_equal(news[0].reason.n, 0);
}

static void adyens_events_become_states(void **state)
{
#define ITEM(event, success)                                                                       \
    "{\"notificationItems\":[{\"NotificationRequestItem\":{\"pspReference\":\"M\","                \
    "\"originalReference\":\"P\",\"amount\":{\"currency\":\"EUR\",\"value\":7},\"eventCode\":"     \
    "\"" event "\",\"success\":" success "}}]}"
    static const struct {
        const char *body;
        enum rt_outcome outcome;
        enum rt_state state;
    } known[] = {
        { ITEM("CAPTURE", "\"false\""), RT_ERROR, RT_STATE_CAPTURE_FAILED },
        { ITEM("CAPTURE_FAILED", "\"true\""), RT_ERROR, RT_STATE_CAPTURE_FAILED },
        { ITEM("REFUND", "\"true\""), RT_APPROVED, RT_STATE_REFUNDED },
        { ITEM("REFUND", "true"), RT_APPROVED, RT_STATE_REFUNDED },
        { ITEM("REFUND", "\"false\""), RT_ERROR, RT_STATE_REFUND_FAILED },
        { ITEM("REFUNDED_REVERSED", "\"true\""), RT_ERROR, RT_STATE_REFUND_FAILED },
        { ITEM("CANCELLATION", "\"true\""), RT_APPROVED, RT_STATE_VOIDED },
        { ITEM("CANCELLATION", "\"false\""), RT_ERROR, RT_STATE_UNCHANGED },
        { ITEM("TECHNICAL_CANCEL", "\"true\""), RT_APPROVED, RT_STATE_VOIDED },
        { ITEM("CANCEL_OR_REFUND", "\"true\""), RT_APPROVED, RT_STATE_VOIDED },
        { ITEM("EXPIRE", "\"true\""), RT_INFO, RT_STATE_EXPIRED },
        { ITEM("CHARGEBACK", "\"true\""), RT_INFO, RT_STATE_CHARGEBACK },
        { ITEM("REPORT_AVAILABLE", "\"true\""), RT_INFO, RT_STATE_NONE },
        { ITEM("CAPTURE", "\"maybe\""), RT_UNKNOWN, RT_STATE_IN_DOUBT },
        { ITEM("CAPTURE", "1"), RT_UNKNOWN, RT_STATE_IN_DOUBT },
        { "{\"notificationItems\":[]}", RT_INFO, RT_STATE_NONE },
        { "[", RT_INFO, RT_STATE_NONE },
    };

    (void)state;
    for (unsigned i = 0; i < sizeof known / sizeof *known; i++) {
        assert_int_equal(read_hook(&px_adyen, NULL, NULL, NULL, known[i].body, 0), 1);
        assert_int_equal(news[0].judged.outcome, known[i].outcome);
        assert_int_equal(news[0].judged.state, known[i].state);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stripe_signs_a_time_and_the_body),
        cmocka_unit_test(stripes_published_vector_holds),
        cmocka_unit_test(forged_news_says_nothing),
        cmocka_unit_test(stripes_news_is_read),
        cmocka_unit_test(types_and_objects_must_agree),
        cmocka_unit_test(checkoutcom_signs_the_body),
        cmocka_unit_test(adyens_published_vectors_hold),
        cmocka_unit_test(adyen_signs_item_by_item),
        cmocka_unit_test(unsigned_words_move_no_money),
        cmocka_unit_test(adyens_events_become_states),
    };

    return cmocka_run_group_tests_name("webhook", tests, NULL, NULL);
}
