/* routing/payment.c */
#include "routing/payment.h"

#include <string.h>

#include "routing/base/check.h"

const char *rt_op_name(enum rt_op op)
{
    switch (op) {
    case RT_AUTHORIZE: return "authorize";
    case RT_CAPTURE: return "capture";
    case RT_VOID: return "void";
    case RT_REFUND: return "refund";
    case RT_INQUIRE: return "inquire";
    case RT_OPS_: break;
    }
    return "unknown";
}

enum err rt_op_find(struct span word, enum rt_op *out)
{
    for (unsigned op = 0; op < RT_OPS_; op++) {
        if (span_is(word, rt_op_name((enum rt_op)op))) {
            *out = (enum rt_op)op;
            return OK;
        }
    }
    return E_NOTFOUND;
}

const char *rt_method_name(enum rt_method m)
{
    switch (m) {
    case RT_CARD: return "card";
    case RT_NETWORK_TOKEN: return "network_token";
    case RT_PROVIDER_TOKEN: return "provider_token";
    case RT_METHODS_: break;
    }
    return "unknown";
}

const char *rt_brand_name(enum rt_brand b)
{
    switch (b) {
    case RT_BRAND_UNKNOWN: return "unknown";
    case RT_VISA: return "visa";
    case RT_MASTERCARD: return "mastercard";
    case RT_AMEX: return "amex";
    case RT_DISCOVER: return "discover";
    case RT_DINERS: return "diners";
    case RT_JCB: return "jcb";
    case RT_UNIONPAY: return "unionpay";
    case RT_MAESTRO: return "maestro";
    case RT_BRANDS_: break;
    }
    return "unknown";
}

enum rt_brand rt_brand_find(struct span word)
{
    for (unsigned b = RT_BRAND_UNKNOWN + 1; b < RT_BRANDS_; b++) {
        if (span_is(word, rt_brand_name((enum rt_brand)b)))
            return (enum rt_brand)b;
    }
    return RT_BRAND_UNKNOWN;
}

struct range {
    uint32_t low, high; /* six leading digits, both included */
    enum rt_brand brand;
};

/* Leading digits as the schemes publish them (Mastercard's second series since 2017). Ascending and
 * without overlap. National schemes that sit inside a bigger one's block (RuPay, Verve, Elo, Troy)
 * are RT_BRAND_UNKNOWN: a provider that takes Maestro need not take Verve. 622126-622925 is
 * UnionPay and co-branded with Discover; the issuer's own brand is given. */
static const struct range ranges[] = {
    { 222100, 272099, RT_MASTERCARD }, { 300000, 305999, RT_DINERS },
    { 309500, 309599, RT_DINERS },     { 340000, 349999, RT_AMEX },
    { 352800, 358999, RT_JCB },        { 360000, 369999, RT_DINERS },
    { 370000, 379999, RT_AMEX },       { 380000, 399999, RT_DINERS },
    { 400000, 499999, RT_VISA },       { 500000, 501899, RT_MAESTRO },
    { 502000, 506098, RT_MAESTRO },    { 506199, 508499, RT_MAESTRO },
    { 510000, 559999, RT_MASTERCARD }, { 560000, 589999, RT_MAESTRO },
    { 601100, 601199, RT_DISCOVER },   { 620000, 627779, RT_UNIONPAY },
    { 627781, 629999, RT_UNIONPAY },   { 644000, 650030, RT_DISCOVER },
    { 651654, 652149, RT_DISCOVER },   { 652850, 654999, RT_DISCOVER },
    { 655059, 659999, RT_DISCOVER },   { 670000, 679999, RT_MAESTRO },
    { 810000, 819999, RT_UNIONPAY },
};

enum { RANGES = sizeof ranges / sizeof ranges[0] };

enum rt_brand rt_brand_of(uint32_t prefix, unsigned digits)
{
    uint32_t six = digits == 8 ? prefix / 100 : prefix;

    CHECK(digits == 6 || digits == 8);
    for (unsigned i = 0; i < RANGES && ranges[i].low <= six; i++) {
        if (six <= ranges[i].high)
            return ranges[i].brand;
    }
    return RT_BRAND_UNKNOWN;
}

bool rt_expiry_ok(struct rt_expiry e, unsigned year_now, unsigned month_now)
{
    if (e.month < 1 || e.month > 12)
        return false;
    return e.year > year_now || (e.year == year_now && e.month >= month_now);
}

void rt_attempt_ref(struct span payment_id, unsigned leg, char out[RT_REF_MAX])
{
    static const char digit[] = "0123456789abcdefghijklmnopqrstuvwxyz";

    CHECK(payment_id.n == RT_ID_CHARS);
    CHECK(leg < sizeof digit - 1);
    out[0] = 'a';
    out[1] = 't';
    out[2] = digit[leg];
    out[3] = '_';
    memcpy(out + 4, payment_id.p, RT_ID_CHARS);
    out[4 + RT_ID_CHARS] = '\0';
}
