/* routing/base/arena.h -- one payment's memory: everything parsed lives here and dies with it.
 *
 * The arena works in memory it was given and may ask its source for more blocks, up to a ceiling.
 * At the ceiling every allocation gives NULL (callers answer E_LIMIT); nothing is freed one by one.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H
#include <stddef.h>

#include "routing/base/buf.h"
#include "routing/base/span.h"

/* Where further blocks come from. get gives at least n bytes or NULL; put takes them back. The
 * core has no heap of its own, so the shell supplies this. */
struct arena_source {
    void *(*get)(void *ctx, size_t n);
    void (*put)(void *ctx, void *block, size_t n);
    void *ctx;
};

struct arena_block;
struct arena {
    char *at_, *end_;
    char *first_; /* the caller's memory */
    size_t first_n_;
    struct arena_block *more_;
    const struct arena_source *source_; /* NULL: only the first memory */
    size_t used_, ceiling_;
};

/* mem[n] is lent until arena_fini; ceiling counts all bytes handed out, mem included. */
void arena_init(struct arena *a, void *mem, size_t n, const struct arena_source *more,
                size_t ceiling);
void arena_fini(struct arena *a);  /* wipes the first memory and every block, gives blocks back */
void arena_reset(struct arena *a); /* the same, and ready again */

/* Zeroed, aligned for any type; NULL at the ceiling or when the source has none. */
void *arena_alloc(struct arena *a, size_t n);
/* A copy in the arena; p is NULL on failure unless s.n is 0. */
struct span arena_copy(struct arena *a, struct span s);
/* The copy as a C string; NULL on failure. */
char *arena_str(struct arena *a, struct span s);
/* A writer over cap fresh bytes; cap 0 (and short at the first byte) on failure. */
struct buf arena_buf(struct arena *a, size_t cap);
size_t arena_used(const struct arena *a);

#define ARENA_NEW(a, type)         ((type *)arena_alloc((a), sizeof(type)))
#define ARENA_NEWS(a, type, count) ((type *)arena_alloc((a), sizeof(type) * (count)))
#endif
