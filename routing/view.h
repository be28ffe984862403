/* routing/view.h -- what is known about the providers' health at one moment. Handed, never grabbed.
 */
#ifndef RT_VIEW_H
#define RT_VIEW_H
#include <stdbool.h>
#include <stdint.h>

#include "routing/base/limits.h"

struct rt_sight {
    bool stopped;      /* an operator's word */
    bool breaker_open; /* the breaker's */
};

struct rt_view {
    uint64_t epoch; /* which view this was, for the decision record */
    struct rt_sight provider[LIMIT_PROVIDERS];
};
#endif
