/* proxy/queue.c */
#include "proxy/queue.h"

#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "routing/base/check.h"
#include "routing/base/secret.h"

enum { SPARES_MAX = 64 }; /* 1 MiB kept for the next burst */

static struct px_chunk *chunk_take(struct px_chunk_pool *pool)
{
    struct px_chunk *c = pool->spare_;

    if (c != NULL) {
        pool->spare_ = c->next;
        pool->spares_--;
    } else if ((c = malloc(sizeof *c)) == NULL) {
        return NULL;
    }
    c->next = NULL;
    c->from = c->to = 0;
    return c;
}

static void chunk_give(struct px_chunk_pool *pool, struct px_chunk *c)
{
    secret_wipe(c->data, c->to);
    if (pool->spares_ == SPARES_MAX) {
        free(c);
        return;
    }
    c->next = pool->spare_;
    pool->spare_ = c;
    pool->spares_++;
}

void px_chunk_pool_fini(struct px_chunk_pool *pool)
{
    while (pool->spare_ != NULL) {
        struct px_chunk *c = pool->spare_;

        pool->spare_ = c->next;
        free(c);
    }
    pool->spares_ = 0;
}

size_t px_queue_size(const struct px_queue *q)
{
    return q->n_;
}

static size_t room_last(const struct px_queue *q)
{
    return q->last_ == NULL ? 0 : PX_CHUNK - q->last_->to;
}

/* Chunks for n more bytes, linked to one another; NULL with *ok false when memory is short. */
static struct px_chunk *chunks_for(struct px_chunk_pool *pool, size_t n, bool *ok)
{
    struct px_chunk *list = NULL;

    *ok = true;
    for (size_t have = 0; have < n; have += PX_CHUNK) {
        struct px_chunk *c = chunk_take(pool);

        if (c == NULL) {
            *ok = false;
            break;
        }
        c->next = list;
        list = c;
    }
    while (!*ok && list != NULL) {
        struct px_chunk *c = list;

        list = c->next;
        chunk_give(pool, c);
    }
    return list;
}

bool px_queue_put(struct px_queue *q, struct px_chunk_pool *pool, struct span s)
{
    size_t room = room_last(q);
    struct px_chunk *fresh, *at = q->last_;
    bool ok;

    if (s.n == 0)
        return true;
    fresh = chunks_for(pool, s.n > room ? s.n - room : 0, &ok);
    if (!ok)
        return false;
    if (fresh != NULL && at == NULL)
        at = q->first_ = fresh;
    else if (fresh != NULL)
        at->next = fresh;
    q->n_ += s.n;
    while (s.n > 0) {
        size_t n = PX_CHUNK - at->to < s.n ? PX_CHUNK - at->to : s.n;

        memcpy(at->data + at->to, s.p, n);
        at->to += n;
        s = span_drop(s, n);
        q->last_ = at;
        at = at->next;
    }
    return true;
}

struct span px_queue_first(const struct px_queue *q)
{
    const struct px_chunk *c = q->first_;

    return c == NULL ? SPAN_NONE : (struct span){ c->data + c->from, c->to - c->from };
}

unsigned px_queue_pieces(const struct px_queue *q, struct iovec *piece, unsigned max)
{
    unsigned n = 0;

    for (struct px_chunk *c = q->first_; c != NULL && n < max; c = c->next)
        piece[n++] = (struct iovec){ c->data + c->from, c->to - c->from };
    return n;
}

void px_queue_drop(struct px_queue *q, struct px_chunk_pool *pool, size_t n)
{
    CHECK(n <= q->n_);
    q->n_ -= n;
    while (n > 0) {
        struct px_chunk *c = q->first_;
        size_t here = c->to - c->from < n ? c->to - c->from : n;

        c->from += here;
        n -= here;
        if (c->from < c->to)
            return;
        q->first_ = c->next;
        if (q->first_ == NULL)
            q->last_ = NULL;
        chunk_give(pool, c);
    }
}

void px_queue_fini(struct px_queue *q, struct px_chunk_pool *pool)
{
    px_queue_drop(q, pool, q->n_);
}
