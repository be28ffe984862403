/* policies/value.h -- literals to whole numbers. */
#ifndef POL_VALUE_H
#define POL_VALUE_H
#include "policies/ast.h"
#include "routing/base/arena.h"
#include "routing/base/money.h"

/* "250_000.50" times 10^exponent. E_RANGE: more decimals than that, or too big. */
MUST enum err pol_decimal(struct span text, unsigned exponent, int64_t *out);
MUST enum err pol_percent(struct span text, int64_t *ppm);    /* "0.28" of a percentage */
MUST enum err pol_pp(struct span text, int64_t *ppm);         /* "0.5pp", "40bps" */
MUST enum err pol_duration(struct span text, int64_t *ms);    /* "30m" */
MUST enum err pol_clock(struct span text, unsigned *minutes); /* "22:00" */
/* E_NOTFOUND: no such currency; E_RANGE: more decimals than it has. */
MUST enum err pol_money(const struct pol_value *v, struct money *out);
/* A string without its escapes; NULL text when the arena is full. */
struct span pol_unescape(struct arena *a, struct span text);
/* Card digits: the interval of 11-digit numbers that begin so. E_SYNTAX: not 1 to 11 digits. */
MUST enum err pol_bin_range(struct span digits, uint64_t *low, uint64_t *high);
#endif
