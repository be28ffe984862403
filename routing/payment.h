/* routing/payment.h -- one wish of a merchant: take, capture, give back this much from this payer.
 */
#ifndef RT_PAYMENT_H
#define RT_PAYMENT_H
#include <stdbool.h>
#include <stdint.h>

#include "routing/base/limits.h"
#include "routing/base/money.h"
#include "routing/base/pan.h"
#include "routing/base/span.h"

enum rt_op { RT_AUTHORIZE, RT_CAPTURE, RT_VOID, RT_REFUND, RT_INQUIRE, RT_OPS_ };

enum rt_method { RT_CARD, RT_NETWORK_TOKEN, RT_PROVIDER_TOKEN, RT_METHODS_ };

enum rt_brand {
    RT_BRAND_UNKNOWN,
    RT_VISA,
    RT_MASTERCARD,
    RT_AMEX,
    RT_DISCOVER,
    RT_DINERS,
    RT_JCB,
    RT_UNIONPAY,
    RT_MAESTRO,
    RT_BRANDS_
};

enum rt_initiator { RT_BY_CUSTOMER, RT_BY_MERCHANT };
enum rt_channel { RT_CHANNEL_ECOMMERCE, RT_CHANNEL_MOTO };
/* Stored-credential framework: is this the first use, a later one, or none of it? */
enum rt_stored { RT_STORED_NO, RT_STORED_FIRST, RT_STORED_LATER };

struct rt_expiry {
    uint8_t month; /* 1..12; 0 when none was given */
    uint16_t year; /* four digits */
};

/* Sealed like the number: three or four digits, no NUL. Never stored, never logged. */
struct rt_cvc {
    uint8_t len;
    char digit_[4];
};

struct rt_pair {
    struct span name, value;
};

/* Everything spans point at lives in the payment's arena. */
struct rt_payment {
    enum rt_op op;
    struct money amount; /* authorise, capture, refund: how much; void, inquiry: of the original */
    bool full;           /* capture, refund: all that is left */
    bool capture_now;    /* authorise: "capture": "automatic" */

    enum rt_method method;
    struct pan pan; /* card or network token number; len 0 for a provider token */
    struct rt_expiry expiry;
    struct rt_cvc cvc;                     /* len 0 when absent */
    struct span holder;                    /* name on the card */
    struct span cryptogram;                /* network token: base64 as given */
    char eci[3];                           /* electronic commerce indicator, "" when absent */
    struct rt_pair token[LIMIT_PROVIDERS]; /* provider token: provider name -> its token */
    unsigned tokens;

    enum rt_brand brand;
    uint32_t bin6, bin8; /* 0 when unknown */
    char last4[5];       /* "" when unknown */

    enum rt_initiator initiator;
    enum rt_channel channel;
    enum rt_stored stored;
    struct span network_txn_id; /* of the first payment of a stored credential */

    struct span merchant; /* the API credential's name: the scope of keys */
    struct span order, customer, email, description, statement, return_url;
    char country[3]; /* billing, ISO 3166-1 alpha-2, "" when unknown */
    struct span street, postal_code, city;
    struct span shopper_ip;
    struct rt_pair metadata[LIMIT_METADATA];
    unsigned metadata_n;
    bool off_session;

    /* what an operation on an existing payment needs */
    struct span provider_payment_id; /* of the payment it belongs to */
};

const char *rt_op_name(enum rt_op op); /* "authorize", "capture", ... */
enum err rt_op_find(struct span word, enum rt_op *out) MUST;
const char *rt_method_name(enum rt_method m);
const char *rt_brand_name(enum rt_brand b); /* "visa", ...; "unknown" */
enum rt_brand rt_brand_find(struct span word);
/* From the leading digits (ISO/IEC 7812 ranges as the schemes publish them); RT_BRAND_UNKNOWN if
 * none fits. prefix has `digits` digits, 6 or 8. */
enum rt_brand rt_brand_of(uint32_t prefix, unsigned digits);
/* Is a card with this expiry still good at the end of the given month? */
bool rt_expiry_ok(struct rt_expiry e, unsigned year_now, unsigned month_now);

/* Our reference for one attempt: "at" leg "_" and the 26 characters of the payment's id; 30
 * characters of [a-z0-9_A-Z], so it fits every provider's reference field and is unique per
 * attempt. out     at least RT_REF_MAX bytes.   leg  0..35 */
enum { RT_REF_MAX = 32, RT_ID_CHARS = 26 };
void rt_attempt_ref(struct span payment_id, unsigned leg, char out[RT_REF_MAX]);
#endif
