/* policies/fix.h -- rewrites what people write from habit and can mean one thing only. */
#ifndef POL_FIX_H
#define POL_FIX_H
#include "policies/diag.h"

/* = and == to `is`, != and <> to `is not`, && to `and`, || to `or`, ! to `not`; ; and , before a
 * clause are left. The same source if there is nothing to do; NULL: the arena is full. */
struct pol_source *pol_fix(struct pol_source *s, struct arena *a);
#endif
