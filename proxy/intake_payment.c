/* proxy/intake_payment.c -- the fields of POST /v1/payments and of the operations, and what only
 * all of them together can show. */
#include <stddef.h>
#include <string.h>

#include "proxy/intake_fields.h"

enum {
    STATEMENT_MAX = 22, /* what Stripe and Adyen take */
    TOKEN_MAX = 255,
    CRYPTOGRAM_MAX = 64,
    POSTAL_CODE_MAX = 20,
    ADDRESS_MAX = 45, /* INET6_ADDRSTRLEN without its NUL */
};

/* ---- tables ---------------------------------------------------------------------------------- */

#define TEXT(id_, name_, member, max_)                                                             \
    {                                                                                              \
        .name = name_, .kind = PX_STRING, .id = id_, .max = max_, .take = px_take_text,            \
        .at = offsetof(struct rt_payment, member)                                                  \
    }
#define TAKE(id_, name_, take_, max_)                                                              \
    {                                                                                              \
        .name = name_, .kind = PX_STRING, .id = id_, .max = max_, .take = take_                    \
    }
#define INTEGER(id_, name_, take_)                                                                 \
    {                                                                                              \
        .name = name_, .kind = PX_INTEGER, .id = id_, .take = take_                                \
    }
#define OBJECT(id_, name_, object_)                                                                \
    {                                                                                              \
        .name = name_, .kind = PX_OBJECT, .id = id_, .object = object_                             \
    }
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct px_field card_fields[] = {
    { "number", PX_STRING, true, ID_CARD_NUMBER, LIMIT_TEXT, .take = px_take_number },
    { "exp_month", PX_INTEGER, true, ID_CARD_MONTH, .take = px_take_month },
    { "exp_year", PX_INTEGER, true, ID_CARD_YEAR, .take = px_take_year },
    TAKE(ID_CARD_CVC, "cvc", px_take_cvc, LIMIT_TEXT),
    TEXT(ID_CARD_NAME, "name", holder, LIMIT_TEXT),
};
static const struct px_object card = { "/payment_method/card", card_fields, COUNT(card_fields) };

static const struct px_field token_fields[] = {
    { "number", PX_STRING, true, ID_TOKEN_NUMBER, LIMIT_TEXT, .take = px_take_number },
    { "exp_month", PX_INTEGER, true, ID_TOKEN_MONTH, .take = px_take_month },
    { "exp_year", PX_INTEGER, true, ID_TOKEN_YEAR, .take = px_take_year },
    { "cryptogram", PX_STRING, false, ID_TOKEN_CRYPTOGRAM, CRYPTOGRAM_MAX,
      offsetof(struct rt_payment, cryptogram), .take = px_take_cryptogram },
    TAKE(ID_TOKEN_ECI, "eci", px_take_eci, LIMIT_TEXT),
};
static const struct px_object token = { "/payment_method/network_token", token_fields,
                                        COUNT(token_fields) };

static const struct px_field method_fields[] = {
    { "type", PX_STRING, true, ID_METHOD_TYPE, LIMIT_TEXT, .take = px_take_type },
    OBJECT(ID_CARD, "card", &card),
    OBJECT(ID_TOKEN, "network_token", &token),
    { "provider_token", PX_MAP, false, ID_PROVIDER_TOKEN, TOKEN_MAX,
      .take = px_take_provider_token },
    TAKE(ID_BIN, "bin", px_take_bin, LIMIT_TEXT),
    TAKE(ID_BRAND, "brand", px_take_brand, LIMIT_TEXT),
    TAKE(ID_LAST4, "last4", px_take_last4, LIMIT_TEXT),
};
static const struct px_object method = { "/payment_method", method_fields, COUNT(method_fields) };

static const struct px_field customer_fields[] = {
    TEXT(ID_CUSTOMER_ID, "id", customer, LIMIT_TEXT),
    { "email", PX_STRING, false, ID_CUSTOMER_EMAIL, LIMIT_TEXT, offsetof(struct rt_payment, email),
      .take = px_take_email },
    { "ip", PX_STRING, false, ID_CUSTOMER_IP, ADDRESS_MAX, offsetof(struct rt_payment, shopper_ip),
      .take = px_take_ip },
};
static const struct px_object customer = { "/customer", customer_fields, COUNT(customer_fields) };

static const struct px_field billing_fields[] = {
    TAKE(ID_BILLING_COUNTRY, "country", px_take_country, LIMIT_TEXT),
    TEXT(ID_BILLING_STREET, "street", street, LIMIT_TEXT),
    TEXT(ID_BILLING_POSTAL_CODE, "postal_code", postal_code, POSTAL_CODE_MAX),
    TEXT(ID_BILLING_CITY, "city", city, LIMIT_TEXT),
};
static const struct px_object billing = { "/billing", billing_fields, COUNT(billing_fields) };

static const struct px_field payment_fields[] = {
    { "amount", PX_INTEGER, true, ID_AMOUNT, .take = px_take_amount },
    { "currency", PX_STRING, true, ID_CURRENCY, LIMIT_TEXT, .take = px_take_currency },
    TAKE(ID_CAPTURE, "capture", px_take_capture, LIMIT_TEXT),
    { "payment_method", PX_OBJECT, true, ID_METHOD, .object = &method },
    TEXT(ID_ORDER, "order", order, LIMIT_TEXT),
    OBJECT(ID_CUSTOMER, "customer", &customer),
    OBJECT(ID_BILLING, "billing", &billing),
    TEXT(ID_DESCRIPTION, "description", description, LIMIT_TEXT),
    { "statement_descriptor", PX_STRING, false, ID_STATEMENT, STATEMENT_MAX,
      offsetof(struct rt_payment, statement), .take = px_take_statement },
    { "return_url", PX_STRING, false, ID_RETURN_URL, LIMIT_PATH,
      offsetof(struct rt_payment, return_url), .take = px_take_url },
    { "metadata", PX_MAP, false, ID_METADATA, LIMIT_TEXT, .take = px_take_metadata },
    TAKE(ID_INITIATOR, "initiator", px_take_initiator, LIMIT_TEXT),
    TAKE(ID_CHANNEL, "channel", px_take_channel, LIMIT_TEXT),
    TAKE(ID_STORED, "stored_credential", px_take_stored, LIMIT_TEXT),
    { "network_transaction_id", PX_STRING, false, ID_NETWORK_TXN_ID, LIMIT_REF,
      offsetof(struct rt_payment, network_txn_id), .take = px_take_token },
};
const struct px_object px_intake_payment = { "", payment_fields, COUNT(payment_fields) };

static const struct px_field moving_fields[] = {
    { "amount", PX_INTEGER, false, ID_AMOUNT, .take = px_take_amount },
    TAKE(ID_CURRENCY, "currency", px_take_currency, LIMIT_TEXT),
    TEXT(ID_ORDER, "order", order, LIMIT_TEXT),
    TEXT(ID_DESCRIPTION, "description", description, LIMIT_TEXT),
    { "metadata", PX_MAP, false, ID_METADATA, LIMIT_TEXT, .take = px_take_metadata },
};
const struct px_object px_intake_moving = { "", moving_fields, COUNT(moving_fields) };

static const struct px_field void_fields[] = {
    TEXT(ID_ORDER, "order", order, LIMIT_TEXT),
    TEXT(ID_DESCRIPTION, "description", description, LIMIT_TEXT),
    { "metadata", PX_MAP, false, ID_METADATA, LIMIT_TEXT, .take = px_take_metadata },
};
const struct px_object px_intake_void = { "", void_fields, COUNT(void_fields) };

/* ---- all together ---------------------------------------------------------------------------- */

static struct rt_payment *pay_of(struct px_body *b)
{
    return &px_intake_of(b)->out->pay;
}

/* The member that belongs to the type is there, and no other one is. */
static bool method_is_one(struct px_body *b)
{
    static const struct {
        enum rt_method method;
        unsigned id;
        const char *pointer;
    } member[] = {
        { RT_CARD, ID_CARD, "/payment_method/card" },
        { RT_NETWORK_TOKEN, ID_TOKEN, "/payment_method/network_token" },
        { RT_PROVIDER_TOKEN, ID_PROVIDER_TOKEN, "/payment_method/provider_token" },
    };
    const struct rt_payment *p = pay_of(b);

    for (size_t i = 0; i < COUNT(member); i++) {
        bool seen = px_body_saw(b, member[i].id), wanted = p->method == member[i].method;

        if (seen == wanted)
            continue;
        (void)px_fault_at(b->why, wanted ? PX_FAULT_MISSING_FIELD : PX_FAULT_CONFLICTING_FIELDS,
                          member[i].pointer);
        return px_fault_say(b->why, "the type is \"%s\"", rt_method_name(p->method));
    }
    if (p->method == RT_PROVIDER_TOKEN && p->tokens == 0) {
        (void)px_fault_at(b->why, PX_FAULT_MISSING_FIELD, "/payment_method/provider_token");
        return px_fault_say(b->why, "at least one provider's token is needed");
    }
    return true;
}

/* bin, brand and last4 tell what a token hides; a card's number says them itself. */
static bool facts_are_of_token(struct px_body *b)
{
    static const struct {
        unsigned id;
        const char *pointer;
    } fact[] = {
        { ID_BIN, "/payment_method/bin" },
        { ID_BRAND, "/payment_method/brand" },
        { ID_LAST4, "/payment_method/last4" },
    };

    for (size_t i = 0; i < COUNT(fact); i++) {
        if (pay_of(b)->method != RT_CARD || !px_body_saw(b, fact[i].id))
            continue;
        (void)px_fault_at(b->why, PX_FAULT_CONFLICTING_FIELDS, fact[i].pointer);
        return px_fault_say(b->why, "it goes with a token; a card's number says it already");
    }
    return true;
}

static bool not_expired(struct px_body *b)
{
    const struct px_asked *q = px_intake_of(b)->q;
    const struct rt_payment *p = pay_of(b);
    const char *object = p->method == RT_CARD ? card.pointer : token.pointer;
    struct px_fault *why = b->why;

    if (p->method == RT_PROVIDER_TOKEN || rt_expiry_ok(p->expiry, q->year, q->month))
        return true;
    (void)px_fault_at(why, PX_FAULT_CARD_EXPIRED, object);
    return px_fault_field(why, "%s/%s", object,
                          p->expiry.year < q->year ? "exp_year" : "exp_month");
}

/* What the number, or the facts beside a token, say about the card. A network token's own leading
 * digits name its brand but are not the card's BIN. */
static void facts(struct rt_payment *p)
{
    if (p->method == RT_CARD) {
        p->bin6 = pan_prefix(&p->pan, 6);
        p->bin8 = pan_prefix(&p->pan, 8);
        pan_last4(&p->pan, p->last4);
    }
    if (p->brand == RT_BRAND_UNKNOWN && p->method != RT_PROVIDER_TOKEN)
        p->brand = rt_brand_of(pan_prefix(&p->pan, 6), 6);
    if (p->brand == RT_BRAND_UNKNOWN && p->bin6 != 0)
        p->brand = rt_brand_of(p->bin6, 6);
}

static bool cvc_fits_brand(struct px_body *b)
{
    const struct rt_payment *p = pay_of(b);
    unsigned want = p->brand == RT_AMEX ? 4 : 3;

    if (p->cvc.len == 0 || p->brand == RT_BRAND_UNKNOWN || p->cvc.len == want)
        return true;
    (void)px_fault_at(b->why, PX_FAULT_CVC_INVALID, "/payment_method/card/cvc");
    return px_fault_say(b->why, "%s wants %u digits", rt_brand_name(p->brand), want);
}

/* A merchant can only start a payment with a credential it has stored. */
static void defaults(struct px_body *b)
{
    struct rt_payment *p = pay_of(b);

    if (!px_body_saw(b, ID_CAPTURE))
        p->capture_now = true;
    if (p->initiator == RT_BY_MERCHANT && !px_body_saw(b, ID_STORED))
        p->stored = RT_STORED_LATER;
    p->off_session = p->initiator == RT_BY_MERCHANT;
}

static bool stored_fits_initiator(struct px_body *b)
{
    const struct rt_payment *p = pay_of(b);

    if (p->initiator != RT_BY_MERCHANT || p->stored == RT_STORED_LATER)
        return true;
    (void)px_fault_at(b->why, PX_FAULT_CONFLICTING_FIELDS, "/stored_credential");
    return px_fault_say(b->why,
                        "a payment the merchant starts uses a stored credential: \"later\"");
}

/* ---- the card number where it does not belong ------------------------------------------------ */

/* Are the digits in text, in a row or with spaces, dashes or dots between them? */
static bool holds(struct span text, struct span digits)
{
    for (size_t start = 0; start + digits.n <= text.n; start++) {
        size_t at = start, got = 0;

        if (text.p[start] != digits.p[0])
            continue;
        for (; at < text.n && got < digits.n; at++) {
            if (text.p[at] == digits.p[got])
                got++;
            else if (text.p[at] == '\0' || strchr(" -.", text.p[at]) == NULL)
                break;
        }
        if (got == digits.n)
            return true;
    }
    return false;
}

/* Every text that is kept, journalled or passed on. Numbers that merely look like a card's are
 * fine: orders are numbered. */
static bool number_not_elsewhere(struct px_body *b)
{
    const struct px_wish *w = px_intake_of(b)->out;
    const struct rt_payment *p = &w->pay;
    const struct {
        struct span text;
        const char *field;
    } place[] = {
        { w->key, "Idempotency-Key" },
        { p->order, "/order" },
        { p->description, "/description" },
        { p->statement, "/statement_descriptor" },
        { p->return_url, "/return_url" },
        { p->network_txn_id, "/network_transaction_id" },
        { p->customer, "/customer/id" },
        { p->email, "/customer/email" },
        { p->holder, "/payment_method/card/name" },
        { p->street, "/billing/street" },
        { p->postal_code, "/billing/postal_code" },
        { p->city, "/billing/city" },
    };
    struct span digits = b->value[p->method == RT_CARD ? ID_CARD_NUMBER : ID_TOKEN_NUMBER];

    if (digits.n == 0)
        return true;
    for (size_t i = 0; i < COUNT(place); i++) {
        if (holds(place[i].text, digits))
            return px_fault_at(b->why, PX_FAULT_CARD_NUMBER_MISPLACED, place[i].field);
    }
    for (unsigned i = 0; i < p->metadata_n; i++) {
        if (holds(p->metadata[i].name, digits) || holds(p->metadata[i].value, digits))
            return px_fault_at(b->why, PX_FAULT_CARD_NUMBER_MISPLACED, "/metadata");
    }
    return true;
}

bool px_intake_check_payment(struct px_body *b)
{
    defaults(b);
    if (!method_is_one(b) || !facts_are_of_token(b))
        return false;
    facts(pay_of(b));
    return not_expired(b) && cvc_fits_brand(b) && stored_fits_initiator(b) &&
           number_not_elsewhere(b);
}
