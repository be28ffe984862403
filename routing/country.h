/* routing/country.h -- the country codes of ISO 3166-1, as numbers that index tables. */
#ifndef RT_COUNTRY_H
#define RT_COUNTRY_H
#include <stdint.h>

#include "routing/base/span.h"

/* 1 + 26 * first letter + second letter: the same on every machine; 0 is "unknown". */
typedef uint16_t rt_country;

enum { RT_COUNTRY_UNKNOWN = 0, RT_COUNTRIES_ = 26 * 26 + 1 };

/* Two capital letters that are assigned, or XK (Kosovo), which providers take; 0 for all else. */
rt_country rt_country_of(struct span code);
/* The two letters; "" for unknown. The text is in out. CHECKs the range. */
const char *rt_country_code(rt_country c, char out[3]);
#endif
