/* proxy/bins_pool.h -- strings of bytes, each kept once and known by its number. */
#ifndef PX_BINS_POOL_H
#define PX_BINS_POOL_H
#include <stdint.h>

#include "routing/base/span.h"

struct px_bins_pool {
    char *bytes; /* one behind the other, as they came */
    uint32_t bytes_n, count;
    struct px_bins_at {
        uint32_t at, n;
    } * entry; /* by number */
    uint32_t bytes_room_, entry_room_;
    uint32_t *slot_; /* open addressing: numbers + 1 */
    uint32_t slots_;
};

/* Gives the number of these bytes: of the first that were the same. CHECKs allocation. */
uint32_t px_bins_pool_keep(struct px_bins_pool *p, struct span bytes);
void px_bins_pool_fini(struct px_bins_pool *p);

/* Room for `more` beyond n things of this size; grows by doubling. CHECKs allocation. */
void *px_bins_grown(void *at, uint32_t n, uint32_t more, uint32_t *room, size_t size);
#endif
