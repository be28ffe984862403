/* proxy/wire.h -- what the connections of one owner on one loop share: read buffers, spare chunks,
 * the time, and the list of those that have something to say before the loop sleeps again. */
#ifndef PX_WIRE_H
#define PX_WIRE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/queue.h"

struct ev_loop;

struct px_wire;
struct px_wire *px_wire_create(struct ev_loop *loop); /* NULL: no memory */
void px_wire_destroy(struct px_wire *w);              /* after its connections */

struct ev_loop *px_wire_loop(const struct px_wire *w);
int64_t px_wire_now_ns(const struct px_wire *w); /* monotonic; read once per turn of the loop */
struct px_chunk_pool *px_wire_pool(struct px_wire *w);

/* Something to be called once, after all other callbacks of this turn. */
struct px_wire_task {
    struct px_wire_task *next_, *prev_; /* NULL: not waiting */
    void (*run_)(struct px_wire_task *t);
};
void px_wire_task_init(struct px_wire_task *t, void (*run)(struct px_wire_task *t));
void px_wire_soon(struct px_wire *w, struct px_wire_task *t); /* no effect if it waits already */
void px_wire_task_drop(struct px_wire_task *t);

/* Where bytes are read and decrypted into. Taken for one read and given back wiped; callbacks may
 * read another connection meanwhile, which then gets another buffer. */
enum { PX_READ_MAX = 32 * 1024 };
struct px_read_buffer {
    struct px_read_buffer *next_;
    char in[PX_READ_MAX];   /* as it came from the socket */
    char clear[PX_CHUNK];   /* one decrypted record */
    size_t in_n_, clear_n_; /* how much to wipe */
};
struct px_read_buffer *px_wire_take(struct px_wire *w); /* NULL: no memory */
void px_wire_give(struct px_wire *w, struct px_read_buffer *b);
#endif
