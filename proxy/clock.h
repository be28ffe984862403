/* proxy/clock.h -- what the core is not allowed to have: two clocks, and a heap for arenas. */
#ifndef PX_CLOCK_H
#define PX_CLOCK_H
#include <stdint.h>

#include "routing/base/arena.h"

int64_t px_now_ns(void);                  /* monotonic */
int64_t px_unix_ms(void);                 /* wall, UTC: for people, certificates and the journal */
const struct arena_source *px_heap(void); /* malloc and free */
#endif
