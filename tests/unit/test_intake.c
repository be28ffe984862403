/* tests/unit/test_intake.c -- every bad request is told with its field; every good one is
 * understood.
 *
 * Card numbers are the providers' public test numbers. */
#include "tests/unit/unit.h"

#include <stdalign.h>
#include <stdio.h>

#include "proxy/crypto.h"
#include "proxy/fault.h"
#include "proxy/intake.h"
#include "proxy/route.h"

static alignas(max_align_t) char mem[256 * 1024];
static struct arena arena;
static struct px_wish wish;
static struct px_fault fault;

enum { YEAR = 2026, MONTH = 10 };
#define JSON_TYPE                                                                                  \
    {                                                                                              \
        .name = { "content-type", 12 }, .value = { "application/json", 16 }                        \
    }
#define KEY(z)                                                                                     \
    {                                                                                              \
        .name = { "idempotency-key", 15 }, .value = { z, sizeof(z) - 1 }                           \
    }

static bool understand(enum px_route r, const char *body)
{
    static const struct px_header header[] = { JSON_TYPE, KEY("key-1") };
    struct px_asked q = { .route = r,
                          .header = header,
                          .headers = 2,
                          .body = span_str(body),
                          .year = YEAR,
                          .month = MONTH };

    if (r != PX_ROUTE_CREATE)
        q.id = SPAN("01J9ZC3W5E7Q8R2T4V6X8Y0Z1A");
    arena_init(&arena, mem, sizeof mem, NULL, sizeof mem);
    memset(&fault, 0, sizeof fault);
    return px_intake(&q, &arena, &wish, &fault);
}

/* ---- bodies ---------------------------------------------------------------------------------- */

#define TOP    "\"amount\":1099,\"currency\":\"EUR\","
#define NUMBER "\"number\":\"4242424242424242\","
#define EXPIRY "\"exp_month\":12,\"exp_year\":2030"
#define CARD   "\"payment_method\":{\"type\":\"card\",\"card\":{" NUMBER EXPIRY "}}"
#define NTOKEN                                                                                     \
    "\"payment_method\":{\"type\":\"network_token\",\"network_token\":{" NUMBER EXPIRY "%s}}"

static const char full[] =
    "{" TOP "\"capture\":\"manual\",\"payment_method\":{\"type\":\"card\",\"card\":{" NUMBER EXPIRY
    ",\"cvc\":\"737\",\"name\":\"Ada \\u00c9. Lovelace\"}},\"order\":\"order-7\","
    "\"customer\":{\"id\":\"cus_1\",\"email\":\"ada@example.com\",\"ip\":\"2001:db8::1\"},"
    "\"billing\":{\"country\":\"GB\",\"street\":\"1 High St\",\"postal_code\":\"N1 9GU\",\"city\":"
    "\"London\"},\"description\":\"Two tickets\",\"statement_descriptor\":\"NIGHTTRAIN\","
    "\"return_url\":\"https://shop.example.com/back?a=b\",\"metadata\":{\"cart\":\"c-9\",\"seat\":"
    "\"14\"},\"initiator\":\"customer\",\"channel\":\"ecommerce\",\"stored_credential\":\"first\"}";

static void a_full_card_payment_is_understood(void **state)
{
    const struct rt_payment *p = &wish.pay;
    char text[32];
    struct buf b = BUF_OF(text);

    (void)state;
    assert_true(understand(PX_ROUTE_CREATE, full));
    assert_span(wish.key, "key-1");
    assert_string_equal(wish.id, "");
    assert_int_equal(p->op, RT_AUTHORIZE);
    assert_int_equal(p->amount.minor, 1099);
    assert_string_equal(currency_code(p->amount.cur), "EUR");
    assert_false(p->capture_now);
    assert_false(p->full);
    assert_int_equal(p->method, RT_CARD);
    pan_mask(&p->pan, &b);
    assert_string_equal(buf_z(&b), "424242******4242");
    assert_int_equal(p->expiry.month, 12);
    assert_int_equal(p->expiry.year, 2030);
    assert_int_equal(p->cvc.len, 3);
    assert_memory_equal(p->cvc.digit_, "737", 3);
    assert_span(p->holder, "Ada \xC3\x89. Lovelace");
    assert_int_equal(p->brand, RT_VISA);
    assert_int_equal(p->bin6, 424242);
    assert_int_equal(p->bin8, 42424242);
    assert_string_equal(p->last4, "4242");
    assert_span(p->order, "order-7");
    assert_span(p->customer, "cus_1");
    assert_span(p->email, "ada@example.com");
    assert_span(p->shopper_ip, "2001:db8::1");
    assert_string_equal(p->country, "GB");
    assert_span(p->street, "1 High St");
    assert_span(p->postal_code, "N1 9GU");
    assert_span(p->city, "London");
    assert_span(p->description, "Two tickets");
    assert_span(p->statement, "NIGHTTRAIN");
    assert_span(p->return_url, "https://shop.example.com/back?a=b");
    assert_int_equal(p->metadata_n, 2);
    assert_span(p->metadata[1].name, "seat");
    assert_span(p->metadata[1].value, "14");
    assert_int_equal(p->initiator, RT_BY_CUSTOMER);
    assert_int_equal(p->channel, RT_CHANNEL_ECOMMERCE);
    assert_int_equal(p->stored, RT_STORED_FIRST);
    assert_false(p->off_session);
}

static void everything_kept_lives_in_the_arena(void **state)
{
    char body[sizeof full];

    (void)state;
    memcpy(body, full, sizeof body);
    assert_true(understand(PX_ROUTE_CREATE, body));
    memset(body, 'X', sizeof body);
    assert_span(wish.pay.order, "order-7");
    assert_span(wish.pay.metadata[0].name, "cart");
    assert_span(wish.pay.holder, "Ada \xC3\x89. Lovelace");
    assert_span(wish.pay.return_url, "https://shop.example.com/back?a=b");
}

static void the_least_payment_has_defaults(void **state)
{
    (void)state;
    assert_true(understand(PX_ROUTE_CREATE, "{" TOP CARD "}"));
    assert_true(wish.pay.capture_now);
    assert_int_equal(wish.pay.stored, RT_STORED_NO);
    assert_int_equal(wish.pay.cvc.len, 0);
    assert_int_equal(wish.pay.order.n, 0);
    assert_string_equal(wish.pay.country, "");
    assert_true(understand(PX_ROUTE_CREATE, "{" TOP CARD ",\"initiator\":\"merchant\"}"));
    assert_int_equal(wish.pay.stored, RT_STORED_LATER);
    assert_true(wish.pay.off_session);
}

static void a_network_token_names_its_brand_but_no_bin(void **state)
{
    char body[512];

    (void)state;
    (void)snprintf(body, sizeof body, "{" TOP NTOKEN "}",
                   ",\"cryptogram\":\"AgAAAAAABk4DWZ4C28yUQAAAAAA=\",\"eci\":\"05\"");
    assert_true(understand(PX_ROUTE_CREATE, body));
    assert_int_equal(wish.pay.method, RT_NETWORK_TOKEN);
    assert_span(wish.pay.cryptogram, "AgAAAAAABk4DWZ4C28yUQAAAAAA=");
    assert_string_equal(wish.pay.eci, "05");
    assert_int_equal(wish.pay.brand, RT_VISA);
    assert_int_equal(wish.pay.bin6, 0);
    assert_string_equal(wish.pay.last4, "");
}

static void a_provider_token_brings_its_facts(void **state)
{
    (void)state;
    assert_true(understand(PX_ROUTE_CREATE,
                           "{" TOP "\"payment_method\":{\"type\":\"provider_token\",\"bin\":"
                           "\"55555555\",\"last4\":\"4444\",\"provider_token\":{\"stripe\":"
                           "\"pm_1\",\"adyen\":\"8415\"}}}"));
    assert_int_equal(wish.pay.tokens, 2);
    assert_span(wish.pay.token[1].name, "adyen");
    assert_span(wish.pay.token[1].value, "8415");
    assert_int_equal(wish.pay.bin6, 555555);
    assert_int_equal(wish.pay.bin8, 55555555);
    assert_int_equal(wish.pay.brand, RT_MASTERCARD);
    assert_string_equal(wish.pay.last4, "4444");
    assert_int_equal(wish.pay.pan.len, 0);
}

static void operations_take_a_part_or_all(void **state)
{
    (void)state;
    assert_true(understand(PX_ROUTE_CAPTURE, ""));
    assert_int_equal(wish.pay.op, RT_CAPTURE);
    assert_true(wish.pay.full);
    assert_string_equal(wish.id, "01J9ZC3W5E7Q8R2T4V6X8Y0Z1A");
    assert_true(
        understand(PX_ROUTE_REFUND, "{\"amount\":500,\"currency\":\"EUR\",\"order\":\"r1\"}"));
    assert_int_equal(wish.pay.op, RT_REFUND);
    assert_false(wish.pay.full);
    assert_int_equal(wish.pay.amount.minor, 500);
    assert_span(wish.pay.order, "r1");
    assert_true(understand(PX_ROUTE_REFUND, "{}"));
    assert_true(wish.pay.full);
    assert_int_equal(wish.pay.amount.cur, CURRENCY_NONE);
    assert_true(understand(PX_ROUTE_VOID, "{\"description\":\"changed their mind\"}"));
    assert_int_equal(wish.pay.op, RT_VOID);
    assert_false(wish.pay.full);
    assert_true(understand(PX_ROUTE_STATUS, ""));
    assert_int_equal(wish.pay.op, RT_INQUIRE);
    assert_int_equal(wish.key.n, 0);
}

/* ---- bad bodies ------------------------------------------------------------------------------ */

struct bad {
    const char *body;
    enum px_fault_code code;
    const char *field, *hint; /* hint: part of text or help */
};

#define MFIELD(extra)        "{" TOP CARD "," extra "}"
#define WITH_CARD(members)   "{" TOP "\"payment_method\":{\"type\":\"card\",\"card\":{" members "}}}"
#define WITH_METHOD(members) "{" TOP "\"payment_method\":{" members "}}"
#define CARD_OBJ             "\"card\":{" NUMBER EXPIRY "}"
#define T256                                                                                       \
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"                             \
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"                             \
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"                             \
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

#define F(name) PX_FAULT_##name

static const struct bad bad_payments[] = {
    { "", F(BODY_MISSING), "", "" },
    /* not JSON */
    { "{", F(MALFORMED_JSON), "", "line 1, column 2" },
    { "{\n \"amount\": 1,\n \"currency\": EUR\n}", F(MALFORMED_JSON), "", "line 3, column 14" },
    { "{" TOP CARD "} trailing", F(MALFORMED_JSON), "", "something follows" },
    { "{" TOP CARD ",}", F(MALFORMED_JSON), "", "name in double quotes" },
    { "{\"amount\":1,\"amount\":2}", F(DUPLICATE_FIELD), "", "column 13" },
    { "{\"metadata\":{\"a\":\"1\",\"\\u0061\":\"2\"}}", F(DUPLICATE_FIELD), "", "duplicate" },
    { "{\"order\":\"\xC3\"}", F(MALFORMED_JSON), "", "UTF-8" },
    { "{\"order\":\"\\ud800\"}", F(MALFORMED_JSON), "", "escape" },
    { "{\"x\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}",
      F(UNKNOWN_FIELD), "/x", "" },
    { "[]", F(WRONG_TYPE), "", "must be an object, not an array" },
    { "1099", F(WRONG_TYPE), "", "must be an object" },
    { "null", F(WRONG_TYPE), "", "" },
    { "amount=1099&currency=EUR", F(MALFORMED_JSON), "", "line 1, column 1" },

    /* missing */
    { "{}", F(MISSING_FIELD), "/amount", "" },
    { "{\"amount\":1}", F(MISSING_FIELD), "/currency", "" },
    { "{\"amount\":1,\"currency\":\"EUR\"}", F(MISSING_FIELD), "/payment_method", "" },
    { WITH_METHOD(CARD_OBJ), F(MISSING_FIELD), "/payment_method/type", "" },
    { WITH_METHOD("\"type\":\"card\""), F(MISSING_FIELD), "/payment_method/card",
      "the type is \"card\"" },
    { WITH_METHOD("\"type\":\"network_token\""), F(MISSING_FIELD), "/payment_method/network_token",
      "" },
    { WITH_METHOD("\"type\":\"provider_token\""), F(MISSING_FIELD),
      "/payment_method/provider_token", "" },
    { WITH_METHOD("\"type\":\"provider_token\",\"provider_token\":{}"), F(MISSING_FIELD),
      "/payment_method/provider_token", "at least one" },
    { WITH_CARD(EXPIRY), F(MISSING_FIELD), "/payment_method/card/number", "" },
    { WITH_CARD(NUMBER "\"exp_year\":2030"), F(MISSING_FIELD), "/payment_method/card/exp_month",
      "" },
    { WITH_CARD(NUMBER "\"exp_month\":1"), F(MISSING_FIELD), "/payment_method/card/exp_year", "" },

    /* wrong types */
    { "{\"amount\":\"1099\"}", F(WRONG_TYPE), "/amount", "must be an integer, not a string" },
    { "{\"amount\":10.99}", F(WRONG_TYPE), "/amount", "not a number with a fraction" },
    { "{\"amount\":1e3}", F(WRONG_TYPE), "/amount", "fraction or an exponent" },
    { "{\"amount\":null}", F(WRONG_TYPE), "/amount", "leave the field out" },
    { "{\"amount\":[1]}", F(WRONG_TYPE), "/amount", "not an array" },
    { "{\"amount\":true}", F(WRONG_TYPE), "/amount", "not a boolean" },
    { "{\"currency\":978}", F(WRONG_TYPE), "/currency", "must be a string, not a number" },
    { "{\"payment_method\":\"card\"}", F(WRONG_TYPE), "/payment_method",
      "must be an object, not a string" },
    { WITH_METHOD("\"card\":[]"), F(WRONG_TYPE), "/payment_method/card", "" },
    { WITH_CARD("\"number\":4242424242424242"), F(WRONG_TYPE), "/payment_method/card/number",
      "must be a string" },
    { WITH_CARD("\"exp_month\":\"12\""), F(WRONG_TYPE), "/payment_method/card/exp_month",
      "must be an integer" },
    { WITH_CARD("\"cvc\":123"), F(WRONG_TYPE), "/payment_method/card/cvc", "must be a string" },
    { "{\"metadata\":[]}", F(WRONG_TYPE), "/metadata", "whose values are strings" },
    { "{\"metadata\":{\"a\":1}}", F(WRONG_TYPE), "/metadata", "must be a string" },
    { "{\"metadata\":{\"a\":{}}}", F(WRONG_TYPE), "/metadata", "must be a string" },

    /* unknown fields */
    { "{\"ammount\":1}", F(UNKNOWN_FIELD), "/ammount", "did you mean \"amount\"?" },
    { "{\"Amount\":1}", F(UNKNOWN_FIELD), "/Amount", "did you mean \"amount\"?" },
    { "{\"number\":\"4242424242424242\"}", F(UNKNOWN_FIELD), "/number",
      "did you mean /payment_method/card/number?" },
    { "{\"4242424242424242\":1}", F(UNKNOWN_FIELD), "/****************", "" },
    { "{\"a\\n\\\"\":1}", F(UNKNOWN_FIELD), "/a??", "" },
    { WITH_CARD("\"expmonth\":1"), F(UNKNOWN_FIELD), "/payment_method/card/expmonth",
      "\"exp_month\"" },
    { "{\"customer\":{\"mail\":\"a@b\"}}", F(UNKNOWN_FIELD), "/customer/mail", "\"email\"" },
    { "{\"\":1}", F(UNKNOWN_FIELD), "", "" },

    /* money */
    { "{\"amount\":0}", F(AMOUNT_NOT_POSITIVE), "/amount", "minor units" },
    { "{\"amount\":-0}", F(AMOUNT_NOT_POSITIVE), "/amount", "" },
    { "{\"amount\":-1}", F(AMOUNT_NOT_POSITIVE), "/amount", "" },
    { "{\"amount\":-99999999999999999999}", F(AMOUNT_NOT_POSITIVE), "/amount", "" },
    { "{\"amount\":1000000000000}", F(AMOUNT_TOO_LARGE), "/amount", "" },
    { "{\"amount\":9223372036854775808}", F(AMOUNT_TOO_LARGE), "/amount", "" },
    { "{\"amount\":99999999999999999999999999999999}", F(AMOUNT_TOO_LARGE), "/amount", "" },
    { "{\"currency\":\"eur\"}", F(UNKNOWN_CURRENCY), "/currency", "did you mean \"EUR\"?" },
    { "{\"currency\":\"EURO\"}", F(UNKNOWN_CURRENCY), "/currency", "did you mean \"EUR\"?" },
    { "{\"currency\":\"UDS\"}", F(UNKNOWN_CURRENCY), "/currency", "did you mean \"USD\"?" },
    { "{\"currency\":\"XQQ\"}", F(UNKNOWN_CURRENCY), "/currency", "ISO 4217" },
    { "{\"currency\":\"\"}", F(UNKNOWN_CURRENCY), "/currency", "ISO 4217" },
    { "{\"currency\":\"4242424242424242\"}", F(UNKNOWN_CURRENCY), "/currency", "****" },

    /* the card */
    { WITH_CARD("\"number\":\"4242424242424241\""), F(CARD_NUMBER_LUHN),
      "/payment_method/card/number", "" },
    { WITH_CARD("\"number\":\"4242 4242 4242 4242\""), F(CARD_NUMBER_MALFORMED),
      "/payment_method/card/number", "no spaces" },
    { WITH_CARD("\"number\":\"42424242426\""), F(CARD_NUMBER_MALFORMED),
      "/payment_method/card/number", "" },
    { WITH_CARD("\"number\":\"42424242424242424242\""), F(CARD_NUMBER_MALFORMED),
      "/payment_method/card/number", "" },
    { WITH_CARD("\"number\":\"\""), F(CARD_NUMBER_MALFORMED), "/payment_method/card/number", "" },
    { WITH_CARD("\"exp_month\":0"), F(EXPIRY_INVALID), "/payment_method/card/exp_month",
      "1 to 12" },
    { WITH_CARD("\"exp_month\":13"), F(EXPIRY_INVALID), "/payment_method/card/exp_month", "" },
    { WITH_CARD("\"exp_year\":30"), F(EXPIRY_INVALID), "/payment_method/card/exp_year",
      "four digits" },
    { WITH_CARD(NUMBER "\"exp_month\":9,\"exp_year\":2026"), F(CARD_EXPIRED),
      "/payment_method/card/exp_month", "" },
    { WITH_CARD(NUMBER "\"exp_month\":12,\"exp_year\":2025"), F(CARD_EXPIRED),
      "/payment_method/card/exp_year", "" },
    { WITH_CARD("\"cvc\":\"12\""), F(CVC_INVALID), "/payment_method/card/cvc", "" },
    { WITH_CARD("\"cvc\":\"12345\""), F(CVC_INVALID), "/payment_method/card/cvc", "" },
    { WITH_CARD("\"cvc\":\"12a\""), F(CVC_INVALID), "/payment_method/card/cvc", "" },
    { WITH_CARD("\"cvc\":\"\""), F(CVC_INVALID), "/payment_method/card/cvc", "" },
    { WITH_CARD(NUMBER EXPIRY ",\"cvc\":\"1234\""), F(CVC_INVALID), "/payment_method/card/cvc",
      "visa wants 3" },
    { WITH_CARD("\"number\":\"378282246310005\"," EXPIRY ",\"cvc\":\"123\""), F(CVC_INVALID),
      "/payment_method/card/cvc", "amex wants 4" },
    { WITH_CARD("\"name\":\"a\\u0000b\""), F(INVALID_VALUE), "/payment_method/card/name",
      "control characters" },

    /* the method */
    { WITH_METHOD("\"type\":\"cart\""), F(UNKNOWN_METHOD_TYPE), "/payment_method/type",
      "did you mean \"card\"?" },
    { WITH_METHOD("\"type\":\"sepa_debit\""), F(UNKNOWN_METHOD_TYPE), "/payment_method/type",
      "\"provider_token\"" },
    { WITH_METHOD("\"type\":\"card\"," CARD_OBJ ",\"network_token\":{" NUMBER EXPIRY "}"),
      F(CONFLICTING_FIELDS), "/payment_method/network_token", "the type is \"card\"" },
    { WITH_METHOD("\"type\":\"card\"," CARD_OBJ ",\"provider_token\":{\"stripe\":\"pm\"}"),
      F(CONFLICTING_FIELDS), "/payment_method/provider_token", "" },
    { WITH_METHOD("\"type\":\"provider_token\"," CARD_OBJ
                  ",\"provider_token\":{\"stripe\":\"pm\"}"),
      F(CONFLICTING_FIELDS), "/payment_method/card", "" },
    { WITH_METHOD("\"type\":\"card\"," CARD_OBJ ",\"bin\":\"424242\""), F(CONFLICTING_FIELDS),
      "/payment_method/bin", "" },
    { WITH_METHOD("\"bin\":\"4242\""), F(INVALID_VALUE), "/payment_method/bin", "six or eight" },
    { WITH_METHOD("\"bin\":\"42424x\""), F(INVALID_VALUE), "/payment_method/bin", "" },
    { WITH_METHOD("\"last4\":\"42x2\""), F(INVALID_VALUE), "/payment_method/last4", "" },
    { WITH_METHOD("\"brand\":\"viza\""), F(INVALID_VALUE), "/payment_method/brand",
      "did you mean \"visa\"?" },
    { WITH_METHOD("\"provider_token\":{\"\":\"pm\"}"), F(INVALID_VALUE),
      "/payment_method/provider_token", "" },
    { WITH_METHOD("\"provider_token\":{\"stripe\":\"\"}"), F(INVALID_VALUE),
      "/payment_method/provider_token", "empty" },
    { WITH_METHOD("\"type\":\"network_token\",\"network_token\":{\"cryptogram\":\"x\"}"),
      F(INVALID_VALUE), "/payment_method/network_token/cryptogram", "base64" },
    { WITH_METHOD("\"type\":\"network_token\",\"network_token\":{\"cryptogram\":\"a=bc\"}"),
      F(INVALID_VALUE), "/payment_method/network_token/cryptogram", "base64" },
    { WITH_METHOD("\"type\":\"network_token\",\"network_token\":{\"eci\":\"5\"}"), F(INVALID_VALUE),
      "/payment_method/network_token/eci", "two digits" },
    { WITH_METHOD("\"type\":\"network_token\",\"network_token\":{" NUMBER
                  "\"exp_month\":1,\"exp_year\":2020}"),
      F(CARD_EXPIRED), "/payment_method/network_token/exp_year", "" },

    /* the rest */
    { "{\"capture\":\"auto\"}", F(INVALID_VALUE), "/capture", "\"automatic\", \"manual\"" },
    { "{\"capture\":\"Manual\"}", F(INVALID_VALUE), "/capture", "did you mean \"manual\"?" },
    { "{\"initiator\":\"me\"}", F(INVALID_VALUE), "/initiator", "" },
    { "{\"channel\":\"web\"}", F(INVALID_VALUE), "/channel", "" },
    { "{\"stored_credential\":\"yes\"}", F(INVALID_VALUE), "/stored_credential", "" },
    { MFIELD("\"initiator\":\"merchant\",\"stored_credential\":\"first\""), F(CONFLICTING_FIELDS),
      "/stored_credential", "" },
    { "{\"billing\":{\"country\":\"UK\"}}", F(UNKNOWN_COUNTRY), "/billing/country",
      "did you mean \"GB\"?" },
    { "{\"billing\":{\"country\":\"de\"}}", F(UNKNOWN_COUNTRY), "/billing/country",
      "did you mean \"DE\"?" },
    { "{\"billing\":{\"country\":\"ZZ\"}}", F(UNKNOWN_COUNTRY), "/billing/country", "ISO 3166-1" },
    { "{\"billing\":{\"country\":\"Germany\"}}", F(UNKNOWN_COUNTRY), "/billing/country", "" },
    { "{\"customer\":{\"email\":\"ada\"}}", F(INVALID_VALUE), "/customer/email", "" },
    { "{\"customer\":{\"ip\":\"1.2.3\"}}", F(INVALID_VALUE), "/customer/ip", "" },
    { "{\"customer\":{\"ip\":\"1.2.3.256\"}}", F(INVALID_VALUE), "/customer/ip", "" },
    { "{\"order\":\"" T256 "\"}", F(TOO_LONG), "/order", "at most 255 bytes, not 256" },
    { "{\"order\":\"a\\u001bb\"}", F(INVALID_VALUE), "/order", "control characters" },
    { "{\"order\":\"a\x7F\"}", F(INVALID_VALUE), "/order", "control characters" },
    { "{\"statement_descriptor\":\"A NAME TOO LONG FOR IT!\"}", F(TOO_LONG),
      "/statement_descriptor", "22" },
    { "{\"statement_descriptor\":\"A*B\"}", F(INVALID_VALUE), "/statement_descriptor", "" },
    { "{\"return_url\":\"javascript:alert(1)\"}", F(INVALID_VALUE), "/return_url", "https" },
    { "{\"return_url\":\"https://a b\"}", F(INVALID_VALUE), "/return_url", "" },
    { "{\"metadata\":{\"\":\"x\"}}", F(INVALID_VALUE), "/metadata", "1 to 40" },
    { "{\"metadata\":{\"gw_attempt\":\"x\"}}", F(INVALID_VALUE), "/metadata", "gateway's own" },
    { "{\"metadata\":{\"a23456789a23456789a23456789a23456789a2345\":\"x\"}}", F(INVALID_VALUE),
      "/metadata", "1 to 40" },
    { "{\"metadata\":{\"a\\n\":\"x\"}}", F(INVALID_VALUE), "/metadata", "control" },
    { "{\"metadata\":{\"a\":\"" T256 "\"}}", F(TOO_LONG), "/metadata", "255" },
    { "{\"network_transaction_id\":\"a b\"}", F(INVALID_VALUE), "/network_transaction_id", "" },

    /* the card number where it would be stored */
    { MFIELD("\"order\":\"4242424242424242\""), F(CARD_NUMBER_MISPLACED), "/order", "" },
    { MFIELD("\"description\":\"card 4242 4242-4242.4242, thanks\""), F(CARD_NUMBER_MISPLACED),
      "/description", "" },
    { MFIELD("\"metadata\":{\"n\":\"x4242424242424242x\"}"), F(CARD_NUMBER_MISPLACED), "/metadata",
      "" },
    { MFIELD("\"metadata\":{\"4242424242424242\":\"\"}"), F(CARD_NUMBER_MISPLACED), "/metadata",
      "" },
    { WITH_CARD(NUMBER EXPIRY ",\"name\":\"4242424242424242\""), F(CARD_NUMBER_MISPLACED),
      "/payment_method/card/name", "" },
};

static void check_bad(enum px_route r, const struct bad *c)
{
    bool understood = understand(r, c->body);

    if (understood)
        fail_msg("understood: %s", c->body);
    if (fault.code != c->code || strcmp(fault.field, c->field) != 0 ||
        (strstr(fault.text, c->hint) == NULL && strstr(fault.help, c->hint) == NULL))
        fail_msg("%s: %s at \"%s\": %s; %s", c->body, px_fault_word(fault.code), fault.field,
                 fault.text, fault.help);
    assert_in_range(px_fault_status(fault.code), 400, 499);
    assert_null(strstr(fault.text, "4242424242424242"));
    assert_null(strstr(fault.help, "4242424242424242"));
    assert_null(strstr(fault.field, "4242424242424242"));
}

static void every_bad_payment_is_told_with_its_field(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad_payments / sizeof bad_payments[0]; i++)
        check_bad(PX_ROUTE_CREATE, &bad_payments[i]);
}

static void every_bad_operation_is_told_with_its_field(void **state)
{
    static const struct bad cases[] = {
        { "{\"amount\":0}", F(AMOUNT_NOT_POSITIVE), "/amount", "" },
        { "{\"amount\":\"5\"}", F(WRONG_TYPE), "/amount", "" },
        { "{\"currency\":\"EUX\"}", F(UNKNOWN_CURRENCY), "/currency", "EUR" },
        { "{\"payment_method\":{}}", F(UNKNOWN_FIELD), "/payment_method", "" },
        { "[1]", F(WRONG_TYPE), "", "" },
    };
    static const struct bad voids[] = {
        { "{\"amount\":5}", F(UNKNOWN_FIELD), "/amount", "" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        check_bad(PX_ROUTE_CAPTURE, &cases[i]);
        check_bad(PX_ROUTE_REFUND, &cases[i]);
    }
    check_bad(PX_ROUTE_VOID, &voids[0]);
}

static void metadata_ends_at_its_limit(void **state)
{
    static char body[4096];

    (void)state;
    for (int more = 0; more < 2; more++) {
        struct buf b = BUF_OF(body);

        buf_str(&b, "{" TOP CARD ",\"metadata\":{");
        for (int i = 0; i < LIMIT_METADATA + more; i++)
            buf_fmt(&b, "%s\"k%d\":\"v\"", i == 0 ? "" : ",", i);
        buf_str(&b, "}}");
        assert_int_equal(understand(PX_ROUTE_CREATE, buf_z(&b)), more == 0);
    }
    assert_int_equal(fault.code, PX_FAULT_TOO_MANY_ENTRIES);
    assert_string_equal(fault.field, "/metadata");
}

/* An order number that merely looks like a card's is nobody's secret. */
static void another_number_that_passes_luhn_is_fine(void **state)
{
    (void)state;
    assert_true(understand(PX_ROUTE_CREATE, MFIELD("\"order\":\"5555555555554444\"")));
    assert_true(understand(PX_ROUTE_CREATE, MFIELD("\"order\":\"424242424242424\"")));
}

/* ---- the arena ------------------------------------------------------------------------------- */

static void a_full_arena_is_a_fault_and_no_crash(void **state)
{
    static const struct px_header header[] = { JSON_TYPE, KEY("key-1") };
    struct px_asked q = {
        .header = header, .headers = 2, .body = span_str(full), .year = YEAR, .month = MONTH
    };
    size_t room = 0;
    bool ok = false;

    (void)state;
    for (; !ok; room += 16) {
        struct arena a;

        assert_true(room < 8192);
        arena_init(&a, mem, room, NULL, room);
        ok = px_intake(&q, &a, &wish, &fault);
        if (!ok)
            assert_int_equal(fault.code, PX_FAULT_BODY_TOO_COMPLEX);
        arena_fini(&a);
    }
    assert_true(room > 100);
}

/* ---- headers --------------------------------------------------------------------------------- */

static bool with_headers(const struct px_header *h, unsigned n)
{
    struct px_asked q = {
        .header = h, .headers = n, .body = SPAN("{" TOP CARD "}"), .year = YEAR, .month = MONTH
    };

    arena_init(&arena, mem, sizeof mem, NULL, sizeof mem);
    memset(&fault, 0, sizeof fault);
    return px_intake(&q, &arena, &wish, &fault);
}

#define K64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void the_idempotency_key_is_bare_or_quoted(void **state)
{
    static const struct {
        const char *value, *key;
        enum px_fault_code code;
    } cases[] = {
        { "abc", "abc", F(NONE) },
        { "\"abc\"", "abc", F(NONE) },
        { " \t\"a b\" ", "a b", F(NONE) },
        { "\"a\\\"b\\\\c\"", "a\"b\\c", F(NONE) },
        { "a\"b", "a\"b", F(NONE) },
        { "8e03978e-40d5-43dd-bc93-6894a57f9324", "8e03978e-40d5-43dd-bc93-6894a57f9324", F(NONE) },
        { K64 K64, K64 K64, F(NONE) },
        { "\"" K64 K64 "\"", K64 K64, F(NONE) },
        { K64 K64 "x", NULL, F(KEY_TOO_LONG) },
        { "\"" K64 K64 "x\"", NULL, F(KEY_TOO_LONG) },
        { "", NULL, F(KEY_INVALID) },
        { "  ", NULL, F(KEY_INVALID) },
        { "\"\"", NULL, F(KEY_INVALID) },
        { "\"", NULL, F(KEY_INVALID) },
        { "\"abc", NULL, F(KEY_INVALID) },
        { "\"abc\\\"", NULL, F(KEY_INVALID) },
        { "\"a\"b\"", NULL, F(KEY_INVALID) },
        { "\"a\\n\"", NULL, F(KEY_INVALID) },
        { "\"abc\";p=1", NULL, F(KEY_INVALID) },
        { "caf\xC3\xA9", NULL, F(KEY_INVALID) },
        { "a\tb", NULL, F(KEY_INVALID) },
        { "4242424242424242", NULL, F(CARD_NUMBER_MISPLACED) },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct px_header h[] = {
            JSON_TYPE, { .name = SPAN("Idempotency-Key"), .value = span_str(cases[i].value) }
        };
        bool ok = with_headers(h, 2);

        if (ok != (cases[i].key != NULL) || fault.code != cases[i].code)
            fail_msg("case %zu: %s: %s", i, cases[i].value, fault.text);
        if (ok)
            assert_span(wish.key, cases[i].key);
        else
            assert_string_equal(fault.field, "Idempotency-Key");
    }
}

static void the_idempotency_key_is_there_once(void **state)
{
    static const struct px_header none[] = { JSON_TYPE };
    static const struct px_header twice[] = { KEY("a"), JSON_TYPE, KEY("a") };

    (void)state;
    assert_false(with_headers(none, 1));
    assert_int_equal(fault.code, PX_FAULT_KEY_MISSING);
    assert_int_equal(px_fault_status(fault.code), 400);
    assert_false(with_headers(twice, 3));
    assert_int_equal(fault.code, PX_FAULT_KEY_INVALID);
}

static void the_body_is_json_in_utf8(void **state)
{
    static const struct {
        const char *type, *coding, *field; /* field NULL: fine */
    } cases[] = {
        { "application/json", NULL, NULL },
        { "Application/JSON; charset=UTF-8", NULL, NULL },
        { "application/json;charset=\"utf-8\"", "identity", NULL },
        { "application/json;", NULL, NULL },
        { NULL, NULL, "Content-Type" },
        { "", NULL, "Content-Type" },
        { "text/plain", NULL, "Content-Type" },
        { "application/json-patch+json", NULL, "Content-Type" },
        { "application/x-www-form-urlencoded", NULL, "Content-Type" },
        { "application/json; charset=latin1", NULL, "Content-Type" },
        { "application/json", "gzip", "Content-Encoding" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct px_header h[3] = { KEY("a") };
        unsigned n = 1;

        if (cases[i].type != NULL)
            h[n++] = (struct px_header){ .name = SPAN("Content-Type"),
                                         .value = span_str(cases[i].type) };
        if (cases[i].coding != NULL)
            h[n++] = (struct px_header){ .name = SPAN("content-encoding"),
                                         .value = span_str(cases[i].coding) };
        assert_int_equal(with_headers(h, n), cases[i].field == NULL);
        if (cases[i].field == NULL)
            continue;
        assert_int_equal(px_fault_status(fault.code), 415);
        assert_string_equal(fault.field, cases[i].field);
    }
}

/* ---- the fingerprint ------------------------------------------------------------------------- */

static void fingerprint(const char *body, unsigned char out[PX_DIGEST])
{
    struct px_hmac *secret = px_hmac_create(SPAN("test"));

    if (!understand(PX_ROUTE_CREATE, body))
        fail_msg("%s: %s %s", body, fault.field, fault.text);
    px_intake_fingerprint(&wish, secret, out);
    px_hmac_destroy(secret);
}

static void the_same_meaning_has_the_same_fingerprint(void **state)
{
    static const char *const same[] = {
        "{" TOP CARD ",\"order\":\"a/b\",\"metadata\":{\"a\":\"1\",\"b\":\"2\"}}",
        "{\"metadata\":{\"b\":\"2\",\"a\":\"1\"},\"order\":\"a\\/b\"," TOP CARD "}",
        " {\n\"amount\" : 1099 ,\"metadata\":{\"\\u0061\":\"1\",\"b\":\"\\u0032\"}, "
        "\"currency\":\"EUR\", "
        "\"order\":\"a/b\"," CARD "}\n",
    };
    static const char *const other[] = {
        "{" TOP CARD ",\"order\":\"a/b\",\"metadata\":{\"a\":\"2\",\"b\":\"1\"}}",
        "{" TOP CARD ",\"order\":\"a/b\",\"metadata\":{\"a\":\"1\"}}",
        "{" TOP CARD ",\"order\":\"a/c\",\"metadata\":{\"a\":\"1\",\"b\":\"2\"}}",
        "{" TOP CARD ",\"description\":\"a/b\",\"metadata\":{\"a\":\"1\",\"b\":\"2\"}}",
        "{\"amount\":1098,\"currency\":\"EUR\"," CARD
        ",\"order\":\"a/b\",\"metadata\":{\"a\":\"1\",\"b\":\"2\"}}",
        "{\"amount\":1099,\"currency\":\"USD\"," CARD
        ",\"order\":\"a/b\",\"metadata\":{\"a\":\"1\",\"b\":\"2\"}}",
    };
    unsigned char first[PX_DIGEST], next[PX_DIGEST];

    (void)state;
    fingerprint(same[0], first);
    for (size_t i = 1; i < sizeof same / sizeof same[0]; i++) {
        fingerprint(same[i], next);
        assert_memory_equal(first, next, sizeof next);
    }
    for (size_t i = 0; i < sizeof other / sizeof other[0]; i++) {
        fingerprint(other[i], next);
        assert_memory_not_equal(first, next, sizeof next);
    }
}

static void the_fingerprint_knows_card_secret_and_path(void **state)
{
    struct px_hmac *one = px_hmac_create(SPAN("one")), *two = px_hmac_create(SPAN("two"));
    unsigned char a[PX_DIGEST], b[PX_DIGEST];

    (void)state;
    fingerprint("{" TOP CARD "}", a);
    fingerprint(WITH_CARD("\"number\":\"4000056655665556\"," EXPIRY), b);
    assert_memory_not_equal(a, b, sizeof a);
    px_intake_fingerprint(&wish, one, a);
    px_intake_fingerprint(&wish, two, b);
    assert_memory_not_equal(a, b, sizeof a);
    assert_true(understand(PX_ROUTE_CAPTURE, "{\"amount\":5}"));
    px_intake_fingerprint(&wish, one, a);
    assert_true(understand(PX_ROUTE_REFUND, "{\"amount\":5}"));
    px_intake_fingerprint(&wish, one, b);
    assert_memory_not_equal(a, b, sizeof a);
    px_hmac_destroy(one);
    px_hmac_destroy(two);
}

/* ---- paths ----------------------------------------------------------------------------------- */

#define ID "01J9ZC3W5E7Q8R2T4V6X8Y0Z1A"

static void every_route_is_found(void **state)
{
    static const struct {
        const char *method, *path;
        enum px_route route;
        bool id;
    } cases[] = {
        { "POST", "/v1/payments", PX_ROUTE_CREATE, false },
        { "GET", "/v1/payments/" ID, PX_ROUTE_STATUS, true },
        { "POST", "/v1/payments/" ID "/capture", PX_ROUTE_CAPTURE, true },
        { "POST", "/v1/payments/" ID "/void", PX_ROUTE_VOID, true },
        { "POST", "/v1/payments/" ID "/refunds", PX_ROUTE_REFUND, true },
        { "GET", "/openapi.json", PX_ROUTE_OPENAPI, false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        enum px_route r = PX_ROUTES_;
        struct span id = SPAN_NONE;

        assert_true(
            px_route_find(span_str(cases[i].method), span_str(cases[i].path), &r, &id, &fault));
        assert_int_equal(r, cases[i].route);
        assert_span(id, cases[i].id ? ID : "");
    }
}

static void other_paths_and_methods_are_told_apart(void **state)
{
    static const struct {
        const char *method, *path;
        int status;
        const char *allow;
    } cases[] = {
        { "GET", "/", 404, NULL },
        { "GET", "", 404, NULL },
        { "POST", "v1/payments", 404, NULL },
        { "POST", "/v1/payments/", 404, NULL },
        { "POST", "/v1/payment", 404, NULL },
        { "POST", "/v2/payments", 404, NULL },
        { "POST", "//v1/payments", 404, NULL },
        { "POST", "/v1/payments/" ID "/refund", 404, NULL },
        { "POST", "/v1/payments/" ID "/capture/x", 404, NULL },
        { "POST", "/v1/payments/short/capture", 404, NULL },
        { "GET", "/v1/payments/01j9zc3w5e7q8r2t4v6x8y0z1a", 404, NULL }, /* lower case */
        { "GET", "/v1/payments/01J9ZC3W5E7Q8R2T4V6X8Y0Z1U", 404, NULL }, /* no U in base32 */
        { "GET", "/v1/payments/" ID "A", 404, NULL },
        { "GET", "/v1/payments", 405, "POST" },
        { "PUT", "/v1/payments", 405, "POST" },
        { "post", "/v1/payments", 405, "POST" },
        { "DELETE", "/v1/payments/" ID, 405, "GET" },
        { "GET", "/v1/payments/" ID "/void", 405, "POST" },
        { "POST", "/openapi.json", 405, "GET" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        enum px_route r = PX_ROUTES_;
        struct span id = SPAN_NONE;

        assert_false(
            px_route_find(span_str(cases[i].method), span_str(cases[i].path), &r, &id, &fault));
        if (px_fault_status(fault.code) != cases[i].status)
            fail_msg("%s %s: %d", cases[i].method, cases[i].path, px_fault_status(fault.code));
        if (cases[i].allow != NULL)
            assert_string_equal(fault.allow, cases[i].allow);
        else
            assert_null(fault.allow);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_card_payment_is_understood),
        cmocka_unit_test(everything_kept_lives_in_the_arena),
        cmocka_unit_test(the_least_payment_has_defaults),
        cmocka_unit_test(a_network_token_names_its_brand_but_no_bin),
        cmocka_unit_test(a_provider_token_brings_its_facts),
        cmocka_unit_test(operations_take_a_part_or_all),
        cmocka_unit_test(every_bad_payment_is_told_with_its_field),
        cmocka_unit_test(every_bad_operation_is_told_with_its_field),
        cmocka_unit_test(metadata_ends_at_its_limit),
        cmocka_unit_test(another_number_that_passes_luhn_is_fine),
        cmocka_unit_test(a_full_arena_is_a_fault_and_no_crash),
        cmocka_unit_test(the_idempotency_key_is_bare_or_quoted),
        cmocka_unit_test(the_idempotency_key_is_there_once),
        cmocka_unit_test(the_body_is_json_in_utf8),
        cmocka_unit_test(the_same_meaning_has_the_same_fingerprint),
        cmocka_unit_test(the_fingerprint_knows_card_secret_and_path),
        cmocka_unit_test(every_route_is_found),
        cmocka_unit_test(other_paths_and_methods_are_told_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
