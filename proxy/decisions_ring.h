/* proxy/decisions_ring.h -- notes from one thread to another through a fixed piece of memory.
 *
 * One thread puts, one takes; neither waits for the other. Notes lie whole and aligned, so the
 * taker reads them where they are. */
#ifndef PX_DECISIONS_RING_H
#define PX_DECISIONS_RING_H
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PX_RING_BYTES = 4 << 20, PX_RING_ALIGN = 16, PX_RING_LINE = 64 };

struct px_ring {
    alignas(PX_RING_LINE) _Atomic uint64_t head_; /* bytes ever put; the putter's */
    uint64_t tail_seen_;                          /* the putter's last look at tail_ */
    alignas(PX_RING_LINE) _Atomic uint64_t tail_; /* bytes ever taken; the taker's */
    alignas(PX_RING_LINE) char memory_[PX_RING_BYTES];
};

void px_ring_init(struct px_ring *r); /* the memory need not be zeroed */
/* Room for a note of n bytes; NULL: there is none. Nothing is seen before px_ring_put(). */
void *px_ring_room(struct px_ring *r, size_t n);
void px_ring_put(struct px_ring *r);
/* The oldest note, NULL if there is none; it stays where it is until px_ring_drop(). */
const void *px_ring_first(struct px_ring *r);
void px_ring_drop(struct px_ring *r);
bool px_ring_empty(struct px_ring *r);
#endif
