/* proxy/zone.h -- local time in a named time zone, from the system's files (RFC 8536).
 *
 * The C library's own way needs the environment and a lock; a decision has neither. */
#ifndef PX_ZONE_H
#define PX_ZONE_H
#include <stdbool.h>
#include <stdint.h>

#include "routing/base/arena.h"

struct px_zone {
    const int64_t *at_;     /* from then on ... */
    const int32_t *offset_; /* ... local time is so many seconds ahead of UTC */
    uint32_t n_;
    int32_t before_; /* in front of the first */
};

/* name: "Europe/Berlin". False if there is no such zone, or if its file leaves the coming years to
 * a rule that is not read here. */
bool px_zone_read(const char *name, struct arena *a, struct px_zone *out);
/* The same for a file's bytes. */
bool px_zone_parse(struct span file, struct arena *a, struct px_zone *out);
int32_t px_zone_offset(const struct px_zone *z, int64_t unix_s);
#endif
