/* proxy/http2_slab.c */
#include "proxy/http2_slab.h"

#include <stdlib.h>
#include <sys/mman.h>

enum { BLOCK = PX_SLAB_ROOM * PX_SLAB_ROOMS };

static bool grow(struct px_slab *s)
{
    struct px_slab_block *b = malloc(sizeof *b);
    char *p;

    if (b == NULL)
        return false;
    p = mmap(NULL, BLOCK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) {
        free(b);
        return false;
    }
    *b = (struct px_slab_block){ s->blocks_, p };
    s->blocks_ = b;
    for (int i = PX_SLAB_ROOMS - 1; i >= 0; i--)
        px_slab_give(s, p + (size_t)i * PX_SLAB_ROOM);
    return true;
}

void *px_slab_take(struct px_slab *s)
{
    struct px_slab_room *r;

    if (s->free_ == NULL && !grow(s))
        return NULL;
    r = s->free_;
    s->free_ = r->next;
    return r;
}

void px_slab_give(struct px_slab *s, void *room)
{
    struct px_slab_room *r = room;

    r->next = s->free_;
    s->free_ = r;
}

void px_slab_rest(void *room)
{
    (void)madvise(room, PX_SLAB_ROOM, MADV_DONTNEED);
}

void px_slab_fini(struct px_slab *s)
{
    while (s->blocks_ != NULL) {
        struct px_slab_block *b = s->blocks_;

        s->blocks_ = b->next;
        (void)munmap(b->mapped, BLOCK);
        free(b);
    }
    s->free_ = NULL;
}
