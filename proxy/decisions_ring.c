/* proxy/decisions_ring.c */
#include "proxy/decisions_ring.h"

#include "routing/base/check.h"

/* In front of each note. */
struct head {
    uint32_t whole; /* with this head, up to the next one */
    uint32_t gap;   /* nothing follows here: the next note begins at the ring's begin */
    uint64_t pad;   /* keeps what follows aligned */
};
_Static_assert(sizeof(struct head) == PX_RING_ALIGN, "notes are aligned");

void px_ring_init(struct px_ring *r)
{
    atomic_init(&r->head_, 0);
    atomic_init(&r->tail_, 0);
    r->tail_seen_ = 0;
}

static struct head *at(struct px_ring *r, uint64_t position)
{
    return (struct head *)(void *)&r->memory_[position % PX_RING_BYTES];
}

/* How much is free behind head; looks at the taker only when what was known is too little. */
static bool free_for(struct px_ring *r, uint64_t head, size_t n)
{
    if (PX_RING_BYTES - (head - r->tail_seen_) >= n)
        return true;
    r->tail_seen_ = atomic_load_explicit(&r->tail_, memory_order_acquire);
    return PX_RING_BYTES - (head - r->tail_seen_) >= n;
}

void *px_ring_room(struct px_ring *r, size_t n)
{
    uint64_t head = atomic_load_explicit(&r->head_, memory_order_relaxed);
    size_t whole = sizeof(struct head) + (n + PX_RING_ALIGN - 1) / PX_RING_ALIGN * PX_RING_ALIGN;
    size_t left = PX_RING_BYTES - head % PX_RING_BYTES; /* to the end of the memory */
    struct head *h = at(r, head);

    if (!free_for(r, head, whole <= left ? whole : left + whole))
        return NULL;
    if (whole > left) {
        *h = (struct head){ .whole = (uint32_t)left, .gap = 1 };
        h = at(r, head + left);
    }
    *h = (struct head){ .whole = (uint32_t)whole };
    return h + 1;
}

void px_ring_put(struct px_ring *r)
{
    uint64_t head = atomic_load_explicit(&r->head_, memory_order_relaxed);

    if (at(r, head)->gap != 0)
        head += at(r, head)->whole;
    head += at(r, head)->whole;
    atomic_store_explicit(&r->head_, head, memory_order_release);
}

/* Where the oldest note begins; behind a gap if there is one. */
static bool find(struct px_ring *r, uint64_t *tail)
{
    *tail = atomic_load_explicit(&r->tail_, memory_order_relaxed);
    if (*tail == atomic_load_explicit(&r->head_, memory_order_acquire))
        return false;
    if (at(r, *tail)->gap != 0)
        *tail += at(r, *tail)->whole;
    return true;
}

const void *px_ring_first(struct px_ring *r)
{
    uint64_t tail;

    return find(r, &tail) ? at(r, tail) + 1 : NULL;
}

void px_ring_drop(struct px_ring *r)
{
    uint64_t tail;

    CHECK(find(r, &tail));
    atomic_store_explicit(&r->tail_, tail + at(r, tail)->whole, memory_order_release);
}

bool px_ring_empty(struct px_ring *r)
{
    return atomic_load(&r->head_) == atomic_load(&r->tail_);
}
