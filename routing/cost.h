/* routing/cost.h -- what a payment costs at a provider: its price list, applied. Integers only.
 *
 * Amounts are kept in millionths of a minor unit ("micro"), in which a share in ppm of an amount
 * is exact: nothing is rounded until somebody asks for minor units, and then it is rounded up
 * (MONEY_UP), so that no cost looks smaller than it is. docs/costs.md has the rules and a sample.
 */
#ifndef RT_COST_H
#define RT_COST_H
#include <stdbool.h>
#include <stdint.h>

#include "routing/base/money.h"
#include "routing/bin.h"
#include "routing/country.h"
#include "routing/payment.h"

/* Where the card is from, as the price list of an acquirer in some country sees it. One card may be
 * several: a German card at a German acquirer is domestic and of the EEA. */
enum rt_region {
    RT_REGION_DOMESTIC,      /* issuer and acquirer in one country */
    RT_REGION_EEA,           /* issued in the European Economic Area */
    RT_REGION_UK,            /* issued in the United Kingdom */
    RT_REGION_INTERNATIONAL, /* another country, and not both inside the EEA */
    RT_REGIONS_
};
/* Bits 1 << enum rt_region; 0 if one of the countries is unknown. */
uint32_t rt_regions_of(rt_country issuer, rt_country acquirer);
bool rt_country_in_eea(rt_country c);

/* One line of a price list. Sets are bits of the enums, 0: any. */
struct rt_fee {
    uint32_t brands, fundings, grades, regions;
    currency cur;           /* of the payment; CURRENCY_NONE: any */
    int64_t volume_from;    /* this month's volume in the settlement currency, minor units */
    int64_t percent_ppm;    /* of the amount */
    int64_t fixed_micro;    /* per approved payment, in fee_cur */
    int64_t least_micro;    /* percent and fixed together cost at least ... */
    int64_t most_micro;     /* ... and at most this; -1: no cap */
    int64_t declined_micro; /* per declined attempt */
    int64_t fx_ppm;         /* of the amount, when it is not in the settlement currency */
    currency fee_cur;       /* of the four above */
    unsigned line;          /* where it stands in its file */
};

/* A provider's whole list: the first line that fits counts; of lines that differ in volume_from
 * alone, the one whose step was reached (write the highest first). */
struct rt_fees {
    const struct rt_fee *fee;
    unsigned fees;      /* 0: nothing is known of this provider's prices */
    rt_country country; /* the acquirer's */
    currency settles;   /* CURRENCY_NONE: whatever the payment is in */
};

/* What one unit of a base currency is worth: millionths of a unit of each currency, 0: unknown. */
struct rt_rates {
    int64_t micro[256];
};

struct rt_cost_ask {
    struct money amount;
    enum rt_brand brand;
    enum rt_funding funding;
    enum rt_grade grade;
    rt_country issuer;
    int64_t
        volume; /* this month's at the provider, as in rt_fee; below 0: unknown, the first step */
};

enum rt_cost_why {
    RT_COST_KNOWN,
    RT_COST_NO_LIST, /* the provider has no price list */
    RT_COST_NO_LINE, /* no line of it fits this payment */
    RT_COST_NO_RATE, /* a fee is in a currency that can not be converted */
    RT_COST_RANGE,   /* too large a number */
    RT_COST_WHYS_
};

struct rt_cost {
    enum rt_cost_why why;
    int64_t micro;          /* of an approved payment, in the payment's currency */
    int64_t declined_micro; /* of a declined attempt */
    unsigned line;          /* the list's line that said so */
};

/* Total: what can not be told has a reason. rates may be NULL: only equal currencies convert. */
void rt_cost(const struct rt_fees *list, const struct rt_cost_ask *ask,
             const struct rt_rates *rates, struct rt_cost *out);
/* Minor units, MONEY_UP; -1 if it is not known. */
int64_t rt_cost_minor(const struct rt_cost *c);
/* As a share of the amount, MONEY_UP; -1 if it is not known or the amount is not above 0. */
int64_t rt_cost_ppm(const struct rt_cost *c, int64_t amount_minor);

const char *rt_region_name(enum rt_region r); /* "domestic" */
bool rt_region_find(struct span word, enum rt_region *out);
const char *rt_cost_why_sentence(enum rt_cost_why w);
#endif
