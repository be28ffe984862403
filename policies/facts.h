/* policies/facts.h -- everything a policy may look at: one payment, at one moment. Plain data.
 *
 * The shell fills it from the payment, the BIN table, the country database, the cost model and the
 * view; policies/ reads it and nothing else. Unknown is a value of its own in every field (0, -1 or
 * an empty span, as said there): a test on an unknown value is neither true nor false. */
#ifndef POL_FACTS_H
#define POL_FACTS_H
#include <stdbool.h>
#include <stdint.h>

#include "routing/base/limits.h"
#include "routing/base/money.h"
#include "routing/base/span.h"
#include "routing/country.h"
#include "routing/payment.h"
#include "routing/view.h"

enum pol_funding {
    POL_FUNDING_UNKNOWN,
    POL_CREDIT,
    POL_DEBIT,
    POL_PREPAID,
    POL_CHARGE,
    POL_FUNDINGS_
};

enum pol_category {
    POL_CATEGORY_UNKNOWN,
    POL_CONSUMER,
    POL_PREMIUM,
    POL_BUSINESS,
    POL_CORPORATE,
    POL_PURCHASING,
    POL_GOVERNMENT,
    POL_CATEGORIES_
};

enum pol_three_ds {
    POL_3DS_UNKNOWN,
    POL_3DS_NONE,
    POL_3DS_ATTEMPTED,
    POL_3DS_AUTHENTICATED,
    POL_3DS_EXEMPT,
    POL_3DS_FAILED,
    POL_3DS_STATES_
};

enum pol_breaker {
    POL_BREAKER_UNKNOWN,
    POL_BREAKER_CLOSED,
    POL_BREAKER_HALF_OPEN,
    POL_BREAKER_OPEN,
    POL_BREAKERS_
};

/* The windows that `over` can name. POL_OVER_NOW: none was named, the best estimate there is. */
enum pol_over {
    POL_OVER_NOW,
    POL_OVER_5M,
    POL_OVER_15M,
    POL_OVER_30M,
    POL_OVER_1H,
    POL_OVER_6H,
    POL_OVER_24H,
    POL_OVERS_
};

/* One provider, for this payment. -1: unknown. */
struct pol_sight {
    int64_t cost_ppm;   /* expected cost as a share of the amount */
    int64_t cost_minor; /* the same in minor units of the amount's currency */
    int32_t approval_ppm[POL_OVERS_];
    int32_t latency_ms[POL_OVERS_];
    int64_t volume_minor[POL_OVERS_]; /* approved, in the amount's currency */
    int64_t
        value_micro; /* of asking it, millionths of a minor unit; RT_UNKNOWN_VALUE (may be < 0) */
    enum pol_breaker breaker;
};

/* How far a commitment has come in its running period; by the program's index of commitments. */
struct pol_volume {
    int64_t minor;    /* in the commitment's currency; -1: unknown */
    int64_t payments; /* -1: unknown */
};

enum {
    POL_COMMITS_MAX = 32,
    POL_ZONES_MAX = 16,
    POL_BIN_DIGITS = 11,     /* the longest account range */
    POL_NO_ZONE = INT32_MIN, /* an offset that the shell does not know */
};

struct pol_said; /* policies/said.h */

struct pol_facts {
    int64_t now_s; /* seconds since 1970, UTC */
    uint64_t seed; /* the payment key's hash: what `by payment` splits on */

    struct money amount; /* cur CURRENCY_NONE: unknown */
    rt_country country;  /* of the billing address */
    rt_country issuer_country, ip_country;
    uint64_t bin;       /* its first bin_digits digits; longest that is known */
    uint8_t bin_digits; /* 6..11; 0: unknown */
    enum rt_brand brand;
    enum pol_funding funding;
    enum pol_category category;
    enum pol_three_ds three_ds;
    enum rt_method method;
    enum rt_channel channel;
    enum rt_initiator initiator;
    enum rt_stored stored;
    struct span issuer, customer, merchant; /* n 0: unknown */
    const struct rt_pair *metadata;
    unsigned metadata_n;

    /* Bit p: provider p can take this payment and nobody stopped it (rt_provider_judges and the
     * operator's word; the breaker is looked at apart). Nothing else is ever chosen first. */
    uint32_t eligible;
    struct pol_sight provider[LIMIT_PROVIDERS];
    struct pol_volume volume[POL_COMMITS_MAX];
    int32_t zone_offset_s[POL_ZONES_MAX]; /* local time minus UTC now, by the program's zones */

    /* NULL, or what stands in for facts that no record may hold. The one thing an evaluation writes
     * to. Lent for the evaluation alone. */
    struct pol_said *said;
};

/* Everything unknown, nobody eligible. */
void pol_facts_init(struct pol_facts *f);
/* Minor units as millionths of them, as value_micro counts; held at the ends of the range. */
int64_t pol_micro_of(int64_t minor);
/* Copies what the payment itself says: amount, country, BIN, brand, method, ... */
void pol_facts_take(struct pol_facts *f, const struct rt_payment *pay);

/* The words of the language for these values; NULL for unknown. */
const char *pol_funding_name(enum pol_funding f);
const char *pol_category_name(enum pol_category c);
const char *pol_three_ds_name(enum pol_three_ds t);
const char *pol_breaker_name(enum pol_breaker b);
/* 0 (unknown) if there is no such word. */
enum pol_funding pol_funding_find(struct span word);
enum pol_category pol_category_find(struct span word);
enum pol_three_ds pol_three_ds_find(struct span word);
#endif
