/* proxy/queue.h -- bytes on their way out, in chunks that go back to a pool once written.
 *
 * A connection owns chunks only while it has something to say, so an idle one costs nothing here.
 * Chunks are wiped when they are given back: card numbers pass through them. */
#ifndef PX_QUEUE_H
#define PX_QUEUE_H
#include <stdbool.h>
#include <stddef.h>

#include "routing/base/span.h"

struct iovec;

enum { PX_CHUNK = 16 * 1024 }; /* the payload of one TLS record (RFC 8446 section 5.1) */

struct px_chunk {
    struct px_chunk *next;
    size_t from, to; /* data[from..to) waits */
    char data[PX_CHUNK];
};

/* Spare chunks of one loop. */
struct px_chunk_pool {
    struct px_chunk *spare_;
    unsigned spares_;
};

void px_chunk_pool_fini(struct px_chunk_pool *p);

struct px_queue {
    struct px_chunk *first_, *last_;
    size_t n_;
};

size_t px_queue_size(const struct px_queue *q);
/* Copies s behind what is there; false (and nothing changed) when memory is short. */
MUST bool px_queue_put(struct px_queue *q, struct px_chunk_pool *pool, struct span s);
/* The oldest bytes that lie together; empty span when there are none. */
struct span px_queue_first(const struct px_queue *q);
/* The oldest bytes as at most max pieces; how many. */
unsigned px_queue_pieces(const struct px_queue *q, struct iovec *piece, unsigned max);
void px_queue_drop(struct px_queue *q, struct px_chunk_pool *pool, size_t n);
void px_queue_fini(struct px_queue *q, struct px_chunk_pool *pool);
#endif
