/* proxy/adapters/webhook.h -- what a provider tells unasked, and whether it is really the provider.
 *
 * Pure: the secret and the time are arguments. What is signed differs: Stripe signs a time and the
 * raw body, Checkout.com the raw body, Adyen eight fields of each item and nothing else. */
#ifndef PX_WEBHOOK_H
#define PX_WEBHOOK_H
#include <stdbool.h>
#include <stdint.h>

#include "proxy/http.h"
#include "routing/base/arena.h"
#include "routing/outcome.h"

struct px_adapter;

enum px_signature { PX_UNCHECKED, PX_VALID, PX_INVALID };

enum { PX_TOLERANCE_S = 300, PX_NEWS_MAX = 16, PX_DEDUPE_MAX = 192 };

struct px_hook {
    const struct px_header *header;
    unsigned headers;
    struct span body;    /* the exact bytes */
    struct span secret;  /* as the provider shows it (Adyen: hexadecimal); empty: do not check */
    int64_t now_s;       /* Unix time */
    int32_t tolerance_s; /* oldest signed time, where a time is signed */
};

/* One piece of news. An invalid signature leaves judged at "info, none, alarm": it may come from
 * anybody, so it says nothing. */
struct px_news {
    enum px_signature signature;
    struct rt_judgement judged;
    char dedupe_id[PX_DEDUPE_MAX]; /* the same for every delivery of the same news */
    struct span ref;               /* our reference; into the body or the arena */
    struct span reason;            /* for people */
    bool refund;                   /* op_id is a refund's */
};

/* How many pieces of news; at most max, at least 1 (an unreadable body is news of nothing). */
unsigned px_webhook_read(const struct px_adapter *adapter, const struct px_hook *h, struct arena *a,
                         struct px_news *out, unsigned max);

/* ---- the checks, each on its own ---- */

/* "t=UNIX,v1=HEX[,v1=HEX...]": HMAC-SHA-256 over "t.body" with the whole secret text as key; any v1
 * may match, other schemes are ignored, and t may be at most tolerance_s old. a: for the joined
 * text; false if it does not fit. */
bool px_signed_stripe(struct span header, const struct px_hook *h, struct arena *a);
/* Lower-case hexadecimal HMAC-SHA-256 over the body. */
bool px_signed_checkoutcom(struct span header, struct span body, struct span secret);
/* Base64 HMAC-SHA-256 over text; the key is given in hexadecimal. */
bool px_signed_adyen(struct span signature, struct span text, struct span hex_key);
#endif
