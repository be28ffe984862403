/* routing/provider.h -- a provider as the core knows it: what it can take, and what it promises. */
#ifndef RT_PROVIDER_H
#define RT_PROVIDER_H
#include <stdbool.h>
#include <stdint.h>

#include "routing/payment.h"
#include "routing/reason.h"

/* What a provider documents about copies of one request; data with source and date in the adapter.
 */
struct rt_promises {
    int64_t keeps_keys_s; /* how long a key is honoured; 0: never, so ask once and never repeat */
    bool remembers_declines; /* a decline is given again to every copy under the key */
    bool refuses_cleanly;    /* 401, 429, ... before execution are documented as "not processed" */
    bool repeat_after_5xx; /* a copy after a 5xx is safe: the first result is stored whatever it was
                            */
    bool finds_by_reference; /* an inquiry by our own reference exists */
    bool finds_by_id;        /* an inquiry by the provider's id exists */
    unsigned key_max;        /* longest key it takes, characters */
};

/* One configured account at one provider. Immutable in a snapshot. */
struct rt_provider {
    const char *name;       /* the configuration's word, also the policy's */
    uint8_t index;          /* its place in the snapshot's table */
    bool enabled;           /* configuration says so */
    uint32_t brands;        /* 1 << enum rt_brand; bit RT_BRAND_UNKNOWN: cards of any other brand */
    uint32_t methods;       /* 1 << enum rt_method */
    uint32_t ops;           /* 1 << enum rt_op */
    uint64_t currencies[4]; /* bit c: takes currency c */
    enum money_dialect dialect; /* how it counts: an amount it can not say, it can not take */
    struct rt_promises promises;
    bool token_needs_customer;     /* its own tokens are looked up under the customer's id */
    uint32_t network_token_brands; /* as brands, of network tokens; 0: the same as cards */
};

/* RT_REASON_ELIGIBLE, or why this provider can not take this payment. Pure; policy can not switch
 * it off. */
enum rt_reason rt_provider_judges(const struct rt_provider *p, const struct rt_payment *pay);
void rt_provider_take_currency(struct rt_provider *p, currency c);
bool rt_provider_takes_currency(const struct rt_provider *p, currency c);
#endif
