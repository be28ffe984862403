/* proxy/intake_take.c -- one field of a request at a time: is its value good, and where it goes. */
#include <arpa/inet.h>
#include <string.h>

#include "proxy/country.h"
#include "proxy/intake_fields.h"
#include "proxy/near.h"

/* ISO 8583 field 4 has twelve digits: no scheme carries more. */
#define AMOUNT_MAX INT64_C(999999999999)

enum {
    METADATA_NAME_MAX = 40,
    WORDS_MAX = 12,
};

static struct rt_payment *pay_of(struct px_body *b)
{
    return &px_intake_of(b)->out->pay;
}

/* Copies into the arena; text that was unescaped is there already, but a second copy is cheaper
 * than to tell. */
static bool keep(struct px_body *b, struct span text, struct span *to)
{
    struct span copy = arena_copy(b->arena, text);

    if (text.n > 0 && copy.p == NULL)
        return px_body_fault(b, PX_FAULT_BODY_TOO_COMPLEX);
    *to = copy;
    return true;
}

static bool invalid(struct px_body *b, const char *text)
{
    (void)px_body_fault(b, PX_FAULT_INVALID_VALUE);
    return px_fault_say(b->why, "%s", text);
}

static bool digits_only(struct span s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
    }
    return s.n > 0;
}

/* f->at: where the span stands in the payment. */
bool px_take_text(struct px_body *b, const struct px_field *f, const struct px_value *v)
{
    return keep(b, v->text, (struct span *)(void *)((char *)pay_of(b) + f->at));
}

/* Printable ASCII without spaces. */
bool px_take_token(struct px_body *b, const struct px_field *f, const struct px_value *v)
{
    for (size_t i = 0; i < v->text.n; i++) {
        if (v->text.p[i] <= ' ' || v->text.p[i] > '~')
            return invalid(b, "only printable ASCII characters without spaces are allowed");
    }
    return px_take_text(b, f, v);
}

/* ---- money ----------------------------------------------------------------------------------- */

bool px_take_amount(struct px_body *b, const struct px_field *f, const struct px_value *v)
{
    (void)f;
    if (v->integer <= 0) {
        (void)px_body_fault(b, PX_FAULT_AMOUNT_NOT_POSITIVE);
        return px_fault_help(b->why, "amounts are whole minor units: EUR 10.99 is 1099");
    }
    if (v->integer > AMOUNT_MAX) {
        (void)px_body_fault(b, PX_FAULT_AMOUNT_TOO_LARGE);
        return px_fault_say(b->why, "at most 999999999999 minor units");
    }
    pay_of(b)->amount.minor = v->integer;
    return true;
}

bool px_take_currency(struct px_body *b, const struct px_field *f, const struct px_value *v)
{
    currency c = currency_find(v->text), near;
    char shown[PX_QUOTE];

    (void)f;
    if (c != CURRENCY_NONE) {
        pay_of(b)->amount.cur = c;
        return true;
    }
    (void)px_body_fault(b, PX_FAULT_UNKNOWN_CURRENCY);
    (void)px_fault_say(b->why, "there is no currency \"%s\"", px_fault_quote(v->text, shown));
    near = currency_near(span_take(v->text, 3));
    if (near != CURRENCY_NONE)
        return px_fault_help(b->why, "did you mean \"%s\"?", currency_code(near));
    return px_fault_help(b->why, "use the three capital letters of ISO 4217, for example \"EUR\"");
}

/* ---- words ----------------------------------------------------------------------------------- */

/* Which of the words it is, or -1 with a fault that lists them. */
static int word_of(struct px_body *b, struct span text, const char *const *word, unsigned n,
                   enum px_fault_code code)
{
    char shown[PX_QUOTE], list[128];
    struct buf all = BUF_OF(list);
    const char *near;

    for (unsigned i = 0; i < n; i++) {
        if (span_is(text, word[i]))
            return (int)i;
        buf_fmt(&all, "%s\"%s\"", i == 0 ? "" : ", ", word[i]);
    }
    (void)px_body_fault(b, code);
    (void)px_fault_say(b->why, "\"%s\" is none of %s", px_fault_quote(text, shown), buf_z(&all));
    near = px_near(shown, word, n);
    if (near != NULL)
        (void)px_fault_help(b->why, "did you mean \"%s\"?", near);
    return -1;
}

bool px_take_capture(struct px_body *b, const struct px_field *f, const struct px_value *v)
{
    static const char *const word[] = { "automatic", "manual" };
    int i = word_of(b, v->text, word, 2, PX_FAULT_INVALID_VALUE);

    (void)f;
    pay_of(b)->capture_now = i == 0;
    return i >= 0;
}

bool px_take_initiator(struct px_body *b, const struct px_field *f, const struct px_value *v)
{
    static const char *const word[] = { "customer", "merchant" };
    int i = word_of(b, v->text, word, 2, PX_FAULT_INVALID_VALUE);

    (void)f;
    pay_of(b)->initiator = i == 1 ? RT_BY_MERCHANT : RT_BY_CUSTOMER;
    return i >= 0;
}

bool px_take_channel(struct px_body *b, const struct px_field *f, const struct px_value *v)
{
    static const char *const word[] = { "ecommerce", "moto" };
    int i = word_of(b, v->text, word, 2, PX_FAULT_INVALID_VALUE);

    (void)f;
    pay_of(b)->channel = i == 1 ? RT_CHANNEL_MOTO : RT_CHANNEL_ECOMMERCE;
    return i >= 0;
}

bool px_take_stored(struct px_body *b, const struct px_field *f, const struct px_value *v)
{
    static const char *const word[] = { "no", "first", "later" };
    static const enum rt_stored stored[] = { RT_STORED_NO, RT_STORED_FIRST, RT_STORED_LATER };
    int i = word_of(b, v->text, word, 3, PX_FAULT_INVALID_VALUE);

    (void)f;
    if (i >= 0)
        pay_of(b)->stored = stored[i];
    return i >= 0;
}

bool px_take_type(struct px_body *b, const struct px_field *f, const struct px_value *v)
{
    static const char *const word[] = { "card", "network_token", "provider_token" };
    static const enum rt_method method[] = { RT_CARD, RT_NETWORK_TOKEN, RT_PROVIDER_TOKEN };
    int i = word_of(b, v->text, word, 3, PX_FAULT_UNKNOWN_METHOD_TYPE);

    (void)f;
    if (i >= 0)
        pay_of(b)->method = method[i];
    return i >= 0;
}

bool px_take_brand(struct px_body *b, const struct px_field *f, const struct px_value *v)
{
    const char *word[WORDS_MAX];
    unsigned n = 0;
    int i;

    (void)f;
    for (unsigned brand = RT_BRAND_UNKNOWN + 1; brand < RT_BRANDS_; brand++)
        word[n++] = rt_brand_name((enum rt_brand)brand);
    i = word_of(b, v->text, word, n, PX_FAULT_INVALID_VALUE);
    if (i >= 0)
        pay_of(b)->brand = (enum rt_brand)(i + RT_BRAND_UNKNOWN + 1);
    return i >= 0;
}

/* ---- cards and tokens ------------------------------------------------------------------------ */

bool px_take_number(struct px_body *b, const struct px_field *f, const struct px_value *v)
{
    enum err e = pan_seal(v->text, &pay_of(b)->pan);

    (void)f;
    if (e == OK)
        return true;
    if (e == E_CONFLICT)
        return px_body_fault(b, PX_FAULT_CARD_NUMBER_LUHN);
    (void)px_body_fault(b, PX_FAULT_CARD_NUMBER_MALFORMED);
    if (!digits_only(v->text))
        return px_fault_help(b->why, "digits only: no spaces, no dashes");
    return false;
}

bool px_take_month(struct px_body *b, const struct px_field *f, const struct px_value *v)
{
    (void)f;
    if (v->integer < 1 || v->integer > 12) {
        (void)px_body_fault(b, PX_FAULT_EXPIRY_INVALID);
        return px_fault_say(b->why, "a month is 1 to 12");
    }
    pay_of(b)->expiry.month = (uint8_t)v->integer;
    return true;
}

bool px_take_year(struct px_body *b, const struct px_field *f, const struct px_value *v)
{
    (void)f;
    if (v->integer < 2000 || v->integer > 2099) {
        (void)px_body_fault(b, PX_FAULT_EXPIRY_INVALID);
        return px_fault_say(b->why, "a year has four digits, for example 2030");
    }
    pay_of(b)->expiry.year = (uint16_t)v->integer;
    return true;
}

bool px_take_cvc(struct px_body *b, const struct px_field *f, const struct px_value *v)
{
    struct rt_cvc *cvc = &pay_of(b)->cvc;

    (void)f;
    if (!digits_only(v->text) || v->text.n < 3 || v->text.n > sizeof cvc->digit_) {
        (void)px_body_fault(b, PX_FAULT_CVC_INVALID);
        return px_fault_say(b->why, "three digits, four for American Express");
    }
    memcpy(cvc->digit_, v->text.p, v->text.n);
    cvc->len = (uint8_t)v->text.n;
    return true;
}

/* Base64 of the 20 bytes the schemes give, or of a few more. */
bool px_take_cryptogram(struct px_body *b, const struct px_field *f, const struct px_value *v)
{
    size_t n = v->text.n;

    while (n > 0 && n + 2 > v->text.n && v->text.p[n - 1] == '=')
        n--;
    for (size_t i = 0; i < n; i++) {
        char c = v->text.p[i], low = (char)(c | 0x20);

        if (!((low >= 'a' && low <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/'))
            return invalid(b, "must be base64");
    }
    if (v->text.n == 0 || v->text.n % 4 != 0)
        return invalid(b, "must be base64, padded to a multiple of four characters");
    return px_take_text(b, f, v);
}

bool px_take_eci(struct px_body *b, const struct px_field *f, const struct px_value *v)
{
    (void)f;
    if (v->text.n != 2 || !digits_only(v->text))
        return invalid(b, "must be two digits, for example \"05\"");
    memcpy(pay_of(b)->eci, v->text.p, 2);
    return true;
}

bool px_take_provider_token(struct px_body *b, const struct px_field *f, const struct px_value *v)
{
    struct rt_payment *p = pay_of(b);
    struct rt_pair pair;

    (void)f;
    if (p->tokens == LIMIT_PROVIDERS)
        return px_body_fault(b, PX_FAULT_TOO_MANY_ENTRIES);
    if (v->name.n == 0 || v->name.n >= PX_NAME)
        return invalid(b, "an entry's name is a provider's name");
    if (v->text.n == 0)
        return invalid(b, "a token can not be empty");
    if (!keep(b, v->name, &pair.name) || !keep(b, v->text, &pair.value))
        return false;
    p->token[p->tokens++] = pair;
    return true;
}

bool px_take_bin(struct px_body *b, const struct px_field *f, const struct px_value *v)
{
    struct rt_payment *p = pay_of(b);
    uint64_t n = 0;

    (void)f;
    if ((v->text.n != 6 && v->text.n != 8) || span_u64(v->text, &n) != OK)
        return invalid(b, "must be the card's first six or eight digits, as a string");
    p->bin8 = v->text.n == 8 ? (uint32_t)n : 0;
    p->bin6 = v->text.n == 8 ? (uint32_t)(n / 100) : (uint32_t)n;
    return true;
}

bool px_take_last4(struct px_body *b, const struct px_field *f, const struct px_value *v)
{
    (void)f;
    if (v->text.n != 4 || !digits_only(v->text))
        return invalid(b, "must be the card's last four digits, as a string");
    memcpy(pay_of(b)->last4, v->text.p, 4);
    return true;
}

/* ---- who and where --------------------------------------------------------------------------- */

bool px_take_email(struct px_body *b, const struct px_field *f, const struct px_value *v)
{
    size_t n = v->text.n;
    const char *at = n == 0 ? NULL : memchr(v->text.p, '@', n);

    if (at == NULL || at == v->text.p || at == v->text.p + n - 1 ||
        memchr(v->text.p, ' ', n) != NULL)
        return invalid(b, "must be an e-mail address");
    return px_take_text(b, f, v);
}

bool px_take_ip(struct px_body *b, const struct px_field *f, const struct px_value *v)
{
    char text[INET6_ADDRSTRLEN];
    unsigned char address[16];

    if (span_copyz(v->text, text, sizeof text) != OK ||
        (inet_pton(AF_INET, text, address) != 1 && inet_pton(AF_INET6, text, address) != 1))
        return invalid(b, "must be an IPv4 or IPv6 address");
    return px_take_text(b, f, v);
}

bool px_take_country(struct px_body *b, const struct px_field *f, const struct px_value *v)
{
    char shown[PX_QUOTE], near[3];

    (void)f;
    if (px_country_known(v->text)) {
        memcpy(pay_of(b)->country, v->text.p, 2);
        return true;
    }
    (void)px_body_fault(b, PX_FAULT_UNKNOWN_COUNTRY);
    (void)px_fault_say(b->why, "there is no country \"%s\"", px_fault_quote(v->text, shown));
    if (px_country_near(v->text, near))
        return px_fault_help(b->why, "did you mean \"%s\"?", near);
    return px_fault_help(b->why, "use the two capital letters of ISO 3166-1, for example \"DE\"");
}

bool px_take_statement(struct px_body *b, const struct px_field *f, const struct px_value *v)
{
    for (size_t i = 0; i < v->text.n; i++) {
        char c = v->text.p[i];

        if (c < ' ' || c > '~' || strchr("<>\\'\"*", c) != NULL)
            return invalid(b, "only printable ASCII characters, and none of < > \\ ' \" *");
    }
    return px_take_text(b, f, v);
}

bool px_take_url(struct px_body *b, const struct px_field *f, const struct px_value *v)
{
    if (!span_starts(v->text, "https://") && !span_starts(v->text, "http://"))
        return invalid(b, "must begin with https:// or http://");
    return px_take_token(b, f, v);
}

bool px_take_metadata(struct px_body *b, const struct px_field *f, const struct px_value *v)
{
    struct rt_payment *p = pay_of(b);
    struct rt_pair pair;

    (void)f;
    if (p->metadata_n == LIMIT_METADATA) {
        (void)px_body_fault(b, PX_FAULT_TOO_MANY_ENTRIES);
        return px_fault_say(b->why, "at most %d entries", (int)LIMIT_METADATA);
    }
    if (v->name.n == 0 || v->name.n > METADATA_NAME_MAX)
        return invalid(b, "an entry's name has 1 to 40 bytes");
    if (span_starts(v->name, "gw_"))
        return invalid(b, "names that begin with gw_ are the gateway's own");
    for (size_t i = 0; i < v->name.n; i++) {
        if ((unsigned char)v->name.p[i] < ' ' || v->name.p[i] == 0x7F)
            return invalid(b, "control characters are not allowed in an entry's name");
    }
    if (!keep(b, v->name, &pair.name) || !keep(b, v->text, &pair.value))
        return false;
    p->metadata[p->metadata_n++] = pair;
    return true;
}
