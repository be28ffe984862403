/* proxy/duration.h -- lengths of time as people say and read them. Pure. */
#ifndef PX_DURATION_H
#define PX_DURATION_H
#include <stdint.h>

#include "routing/base/buf.h"
#include "routing/base/err.h"

/* "90s", "30m", "6h", "2d": one whole number and one unit, in milliseconds.
 *   errors  E_SYNTAX: no number, no unit or an unknown one; E_RANGE: 0, or more than 366 days. Told
 *           in why, with what to write. */
MUST enum err px_duration_parse(const char *text, int64_t *ms, struct diag *why);
/* "45s", "7m", "2h 5m", "31d": the two largest units that matter; "0s" for less than a second. */
void px_duration_put(int64_t ms, struct buf *out);
#endif
