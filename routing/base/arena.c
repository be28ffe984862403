/* routing/base/arena.c */
#include "routing/base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <string.h>

#include "routing/base/check.h"
#include "routing/base/secret.h"

struct arena_block {
    struct arena_block *next;
    size_t n; /* whole block, header included */
};

enum { ALIGN = alignof(max_align_t), BLOCK = 16 * 1024 };
#define HEADER ((sizeof(struct arena_block) + ALIGN - 1) / ALIGN * ALIGN)

void arena_init(struct arena *a, void *mem, size_t n, const struct arena_source *more,
                size_t ceiling)
{
    CHECK(n == 0 || (uintptr_t)mem % ALIGN == 0);
    *a = (struct arena){ .at_ = mem,
                         .end_ = n == 0 ? mem : (char *)mem + n,
                         .first_ = mem,
                         .first_n_ = n,
                         .source_ = more,
                         .ceiling_ = ceiling };
}

void arena_fini(struct arena *a)
{
    while (a->more_ != NULL) {
        struct arena_block *b = a->more_;
        size_t n = b->n;

        a->more_ = b->next;
        secret_wipe(b, n);
        a->source_->put(a->source_->ctx, b, n);
    }
    if (a->first_n_ > 0)
        secret_wipe(a->first_, a->first_n_ < a->used_ ? a->first_n_ : a->used_);
    a->at_ = a->end_ = NULL;
}

void arena_reset(struct arena *a)
{
    struct arena fresh;

    arena_fini(a);
    arena_init(&fresh, a->first_, a->first_n_, a->source_, a->ceiling_);
    *a = fresh;
}

static bool grow(struct arena *a, size_t n)
{
    size_t want = n + HEADER > BLOCK ? n + HEADER : BLOCK;
    struct arena_block *b;

    if (a->source_ == NULL)
        return false;
    b = a->source_->get(a->source_->ctx, want);
    if (b == NULL)
        return false;
    *b = (struct arena_block){ a->more_, want };
    a->more_ = b;
    a->at_ = (char *)b + HEADER;
    a->end_ = (char *)b + want;
    return true;
}

void *arena_alloc(struct arena *a, size_t n)
{
    size_t room = (n + ALIGN - 1) / ALIGN * ALIGN;
    void *p;

    if (room < n || room > a->ceiling_ - a->used_)
        return NULL;
    if (room > (size_t)(a->end_ - a->at_) && !grow(a, room))
        return NULL;
    p = a->at_;
    a->at_ += room;
    a->used_ += room;
    if (n > 0)
        memset(p, 0, n);
    return p;
}

struct span arena_copy(struct arena *a, struct span s)
{
    char *p = arena_alloc(a, s.n);

    if (p == NULL)
        return SPAN_NONE;
    if (s.n > 0)
        memcpy(p, s.p, s.n);
    return (struct span){ p, s.n };
}

char *arena_str(struct arena *a, struct span s)
{
    char *p = arena_alloc(a, s.n + 1);

    if (p != NULL && s.n > 0)
        memcpy(p, s.p, s.n);
    return p;
}

struct buf arena_buf(struct arena *a, size_t cap)
{
    char *p = arena_alloc(a, cap);

    return buf_over(p, p == NULL ? 0 : cap);
}

size_t arena_used(const struct arena *a)
{
    return a->used_;
}
