/* proxy/fees.h -- a provider's price list and the exchange rates, as CSV files.
 *
 *   brand,funding,category,region,currency,volume_from,percent,fixed,fee_currency,min,max,decline,fx
 *   visa|mastercard,debit,,domestic|eea,,,0.20%,0.05,EUR,,,0.02,1%
 *
 * An empty cell, `*` or `any` takes everything; several words are parted by `|`. Only `percent` or
 * `fixed` must be there. docs/costs.md is the reference. */
#ifndef PX_FEES_H
#define PX_FEES_H
#include "routing/base/arena.h"
#include "routing/cost.h"

struct px_report;
struct px_source;

enum { PX_FEES_MAX = 1000 };

/* Every mistake is told; out is written if there is none. Country and settlement are the caller's
 * to fill in. E_SYNTAX, E_LIMIT. */
MUST enum err px_fees_read(const struct px_source *source, struct arena *a,
                           struct px_report *report, struct rt_fees *out);
/* currency,rate: what one unit of the base (the line whose rate is 1) buys: `USD,1.0842`. */
MUST enum err px_rates_read(const struct px_source *source, struct px_report *report,
                            struct rt_rates *out);
#endif
