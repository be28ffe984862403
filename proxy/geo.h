/* proxy/geo.h -- the country of an IP address, from a MaxMind DB file (GeoLite2-Country and alike).
 * The only door to libmaxminddb. */
#ifndef PX_GEO_H
#define PX_GEO_H
#include "routing/base/err.h"
#include "routing/base/span.h"
#include "routing/country.h"

struct px_geo;

/* errors  E_IO, E_SYNTAX: told in why. Immutable once open: any number of threads may ask. */
MUST enum err px_geo_open(const char *path, struct px_geo **out, struct diag *why);
void px_geo_close(struct px_geo *g); /* NULL does nothing */
/* "203.0.113.7", "2001:db8::1"; unknown for what is no address or in nobody's network. */
rt_country px_geo_country(const struct px_geo *g, struct span ip);
uint64_t px_geo_built(const struct px_geo *g); /* unix seconds, from the file */
#endif
