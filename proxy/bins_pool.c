/* proxy/bins_pool.c */
#include "proxy/bins_pool.h"

#include <stdlib.h>
#include <string.h>

#include "routing/base/check.h"
#include "routing/base/hash.h"

enum { SLOTS_MIN = 1024, ROOM_MIN = 4096 };

void *px_bins_grown(void *at, uint32_t n, uint32_t more, uint32_t *room, size_t size)
{
    while (n + more > *room) {
        *room = *room == 0 ? ROOM_MIN : *room * 2;
        at = realloc(at, *room * size);
        CHECK(at != NULL);
    }
    return at;
}

static struct span bytes_of(const struct px_bins_pool *p, uint32_t i)
{
    return (struct span){ p->bytes + p->entry[i].at, p->entry[i].n };
}

/* The slot of these bytes, or the free one where they belong. */
static uint32_t slot_of(const struct px_bins_pool *p, struct span bytes)
{
    uint32_t at = (uint32_t)hash64(bytes, 0) & (p->slots_ - 1);

    while (p->slot_[at] != 0 && !span_eq(bytes_of(p, p->slot_[at] - 1), bytes))
        at = (at + 1) & (p->slots_ - 1);
    return at;
}

static void make_room(struct px_bins_pool *p)
{
    if (p->slots_ > 0 && p->count < p->slots_ / 2)
        return;
    p->slots_ = p->slots_ == 0 ? SLOTS_MIN : p->slots_ * 2;
    free(p->slot_);
    p->slot_ = calloc(p->slots_, sizeof *p->slot_);
    CHECK(p->slot_ != NULL);
    for (uint32_t i = 0; i < p->count; i++)
        p->slot_[slot_of(p, bytes_of(p, i))] = i + 1;
}

uint32_t px_bins_pool_keep(struct px_bins_pool *p, struct span bytes)
{
    uint32_t slot;

    make_room(p);
    slot = slot_of(p, bytes);
    if (p->slot_[slot] != 0)
        return p->slot_[slot] - 1;
    p->bytes = px_bins_grown(p->bytes, p->bytes_n, (uint32_t)bytes.n, &p->bytes_room_, 1);
    p->entry = px_bins_grown(p->entry, p->count, 1, &p->entry_room_, sizeof *p->entry);
    if (bytes.n > 0)
        memcpy(p->bytes + p->bytes_n, bytes.p, bytes.n);
    p->entry[p->count] = (struct px_bins_at){ p->bytes_n, (uint32_t)bytes.n };
    p->bytes_n += (uint32_t)bytes.n;
    p->slot_[slot] = ++p->count;
    return p->count - 1;
}

void px_bins_pool_fini(struct px_bins_pool *p)
{
    free(p->bytes);
    free(p->entry);
    free(p->slot_);
    *p = (struct px_bins_pool){ 0 };
}
