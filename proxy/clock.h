/* proxy/clock.h -- what the core is not allowed to have: two clocks, and a heap for arenas. */
#ifndef PX_CLOCK_H
#define PX_CLOCK_H
#include <stdint.h>

#include "routing/base/arena.h"

int64_t px_now_ns(void);  /* monotonic */
int64_t px_unix_ms(void); /* wall, UTC: for people, certificates and the journal */
/* "2026-11-21T02:47:31.104Z" (RFC 3339); gives out. "" for a time beyond the year 9999. */
enum { PX_MOMENT = 25 };
const char *px_moment(int64_t unix_ms, char out[PX_MOMENT]);
const struct arena_source *px_heap(void); /* malloc and free */
#endif
