/* routing/base/money.h -- whole minor units and a currency; never a float. */
#ifndef BASE_MONEY_H
#define BASE_MONEY_H
#include <stdbool.h>
#include <stdint.h>

#include "routing/base/buf.h"
#include "routing/base/span.h"

/* An index into the table of ISO 4217 currencies, not the numeric code; 0 is "none". Stable within
 * one build only: store the three letters. */
typedef uint16_t currency;

enum { CURRENCY_NONE = 0 };

struct money {
    int64_t minor; /* in 10^-exponent of the unit: EUR 10.99 is 1099 */
    currency cur;
};

/* Who may want another exponent than ISO 4217 says. */
enum money_dialect {
    MONEY_ISO,
    MONEY_STRIPE,
    MONEY_ADYEN,
    MONEY_CHECKOUTCOM,
    MONEY_WORLDPAY,
    MONEY_DIALECTS_
};

currency
currency_find(struct span code);       /* exactly three capital letters; CURRENCY_NONE if unknown */
const char *currency_code(currency c); /* "EUR" */
unsigned currency_exponent(currency c, enum money_dialect d); /* CHECKs currency_taken */
bool currency_taken(currency c, enum money_dialect d); /* does this provider take it at all? */
unsigned currency_count(void);                         /* valid values are 1 .. count */
/* The nearest code, for "did you mean"; CURRENCY_NONE if none is near. */
currency currency_near(struct span code);

MUST enum err money_add(struct money a, struct money b,
                        struct money *sum); /* E_CONFLICT, E_RANGE */
MUST enum err money_sub(struct money a, struct money b, struct money *diff);

/* The integer a provider wants for this amount. E_RANGE when the provider's convention cannot say
 * it exactly: fewer decimals than the amount needs, or a last digit that must be 0 and is not. */
MUST enum err money_to(struct money m, enum money_dialect d, int64_t *units);
MUST enum err money_from(int64_t units, currency c, enum money_dialect d, struct money *out);

void money_print(struct money m, struct buf *out); /* "EUR 10.99" */

/* How a division ends when it does not come out even; named where it happens. */
enum money_round { MONEY_DOWN, MONEY_UP, MONEY_HALF_EVEN };
/* amount x ppm / 1,000,000, exact in between; E_RANGE on overflow. Negative amounts round by
 * magnitude (DOWN: towards zero). */
MUST enum err money_ppm(int64_t minor, int64_t ppm, enum money_round how, int64_t *out);
#endif
