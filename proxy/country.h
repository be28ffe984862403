/* proxy/country.h -- the country codes of ISO 3166-1. */
#ifndef PX_COUNTRY_H
#define PX_COUNTRY_H
#include <stdbool.h>

#include "routing/base/span.h"

/* Two capital letters that are assigned, or XK (Kosovo), which providers take. */
bool px_country_known(struct span code);
/* What was meant by other spellings ("de", "UK"), in out; false if nothing is near. */
bool px_country_near(struct span code, char out[3]);
#endif
