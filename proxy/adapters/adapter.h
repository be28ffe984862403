/* proxy/adapters/adapter.h -- one provider's dialect, as pure functions: bytes <-> structs.
 *
 * An adapter opens no socket and reads no clock. ask() writes the request a payment becomes;
 * judge() says what an answer means; the rest is data with source and date in the adapter's file.
 */
#ifndef PX_ADAPTER_H
#define PX_ADAPTER_H
#include <stdbool.h>
#include <stdint.h>

#include "proxy/http.h"
#include "routing/base/arena.h"
#include "routing/base/secret.h"
#include "routing/outcome.h"
#include "routing/payment.h"
#include "routing/provider.h"

/* One configured account, as the adapter needs it. Lent. */
struct px_account {
    struct span name;      /* the configuration's word, which owns tokens; empty: the adapter's */
    struct span authority; /* host[:port] of base_url */
    struct span scheme;    /* "https" */
    struct span base_path; /* path prefix of base_url without trailing slash, may be empty */
    const struct secret *api_key;
    struct span merchant_account;   /* Adyen */
    struct span processing_channel; /* Checkout.com; may be empty */
    struct span api_version;        /* Stripe; empty: the adapter's pinned one */
};

/* Which request: the payment, our words for it, and what we know of the provider's objects. */
struct px_asking {
    const struct rt_payment *pay;
    enum rt_op op;
    struct span ref;        /* our reference of the attempt or operation (rt_attempt_ref) */
    struct span key;        /* provider idempotency key; empty for reads */
    struct span payment_id; /* the provider's; empty when not known */
    bool by_reference;      /* RT_INQUIRE: by `ref` because payment_id is not known;
                               RT_VOID: cancel by `ref` (Adyen) */
    bool reversal;          /* RT_VOID: void-or-refund, whichever fits */
    struct span cancel_ref; /* RT_VOID by reference: our reference of the cancel itself, if any */
};

/* What came back. */
struct px_answer {
    int status;
    const struct px_header *header;
    unsigned headers;
    struct span body;
    bool earlier_unanswered; /* an earlier copy under this key may still be running */
};

struct px_declines;
struct px_hook;
struct px_news;

struct px_adapter {
    const char *name; /* "stripe": the word in the configuration */
    struct rt_promises promises;
    uint32_t brands, methods, ops;
    uint32_t network_token_brands; /* 0: the same as cards */
    bool token_needs_customer;
    enum money_dialect dialect;
    const char *base_url_test, *base_url_live;
    bool needs_merchant_account; /* the configuration must name one */

    /* Writes the request into m; all bytes in a. E_RANGE: the provider can not say this amount or
     * take this credential (the plan should have known); E_LIMIT: the arena is full. */
    MUST enum err (*ask)(const struct px_account *acc, const struct px_asking *q, struct arena *a,
                         struct px_message *m, struct diag *why);
    /* Total: unreadable is RT_UNKNOWN. Never fails; out is written whole. The amounts, currency,
     * ids and reference in the answer are compared with q where it is given (NULL: not compared); a
     * difference is RT_UNKNOWN with alarm. With RT_INQUIRE the outcome is that of q->pay->op, the
     * operation in doubt: found voided is a decline for an authorisation and an approval for a
     * void. q->pay->op RT_INQUIRE (or no q) asks for the state itself. */
    void (*judge)(const struct px_asking *q, enum rt_op op, const struct px_answer *ans,
                  struct arena *a, struct rt_judgement *out);
    /* Raw code fields as the provider names them -> our code; false: not in the table. */
    bool (*decline)(struct span field, struct span value, enum rt_code *out);
    const struct px_declines *declines; /* the table behind it, for proxy/adapters/decline.h */

    /* What the answer to storing a card means; the token is in op_id. Moves no money. */
    void (*judge_token)(const struct px_answer *ans, struct arena *a, struct rt_judgement *out);
    /* What a webhook says, unsigned doubts included; call px_webhook_read() instead. out[max] is
     * prepared by the caller. Gives how many, at least 1. */
    unsigned (*news)(const struct px_hook *h, struct arena *a, struct px_news *out, unsigned max);
};

extern const struct px_adapter px_stripe, px_adyen, px_checkoutcom;

/* By the configuration's word; NULL if there is none. */
const struct px_adapter *px_adapter_find(struct span name);
const struct px_adapter *const *px_adapters(unsigned *n);

/* The provider key (law: same words after a restart): HMAC(secret, merchant | payment key |
 * provider | operation), in hex, shaped and cut to key_max characters. out  at least PX_KEY_MAX
 * bytes */
struct px_hmac;
enum { PX_KEY_MAX = 65 };
void px_provider_key(struct px_hmac *secret, struct span merchant, struct span key,
                     struct span provider, struct span operation, unsigned key_max,
                     char out[PX_KEY_MAX]);

/* What is charged, as the journal may keep it: a keyed digest of the number, or of that provider's
 * token. The same card gives the same digest at every provider; a token one of its own. secret:
 * made by px_hmac_derive() for this and nothing else. false: there is nothing to tell it by. */
enum { PX_CARD_DIGEST = 16 };
bool px_card_digest(struct px_hmac *secret, const struct rt_payment *pay, const char *provider,
                    unsigned char out[PX_CARD_DIGEST]);
#endif
