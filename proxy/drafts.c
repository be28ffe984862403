/* proxy/drafts.c */
#include "proxy/drafts.h"

#include <stdlib.h>
#include <string.h>

#include "proxy/crypto.h"
#include "routing/base/check.h"

enum { OWNER = 128, ROOM_FIRST = 64 * 1024 };

struct draft {
    char id[PX_DRAFT_ID], owner[OWNER]; /* "": free */
    char *text;
    size_t n, cap;
    int64_t touched_ms;
};

struct px_drafts {
    struct draft draft[PX_DRAFTS];
};

struct px_drafts *px_drafts_create(void)
{
    struct px_drafts *d = calloc(1, sizeof *d);

    CHECK(d != NULL);
    return d;
}

static void forget(struct draft *x)
{
    free(x->text);
    memset(x, 0, sizeof *x);
}

void px_drafts_destroy(struct px_drafts *d)
{
    for (unsigned i = 0; d != NULL && i < PX_DRAFTS; i++)
        forget(&d->draft[i]);
    free(d);
}

static bool alive(const struct draft *x, int64_t now_ms)
{
    return x->id[0] != '\0' && now_ms - x->touched_ms < PX_DRAFT_MS;
}

static const struct draft *find(const struct px_drafts *d, const char *owner, int64_t now_ms,
                                struct span id)
{
    for (unsigned i = 0; i < PX_DRAFTS; i++) {
        const struct draft *x = &d->draft[i];

        if (alive(x, now_ms) && span_is(id, x->id) && strcmp(x->owner, owner) == 0)
            return x;
    }
    return NULL;
}

/* A free place, or that of the sender's oldest. */
static struct draft *place(struct px_drafts *d, const char *owner, int64_t now_ms)
{
    struct draft *best = NULL;

    for (unsigned i = 0; i < PX_DRAFTS; i++) {
        struct draft *x = &d->draft[i];

        if (!alive(x, now_ms))
            return x;
        if (strcmp(x->owner, owner) == 0 && (best == NULL || x->touched_ms < best->touched_ms))
            best = x;
    }
    return best;
}

static struct draft *begin(struct px_drafts *d, const char *owner, int64_t now_ms)
{
    struct draft *x = place(d, owner, now_ms);

    if (x == NULL || strlen(owner) >= OWNER)
        return NULL;
    forget(x);
    px_id_make(now_ms, x->id);
    memcpy(x->owner, owner, strlen(owner) + 1);
    return x;
}

static bool append(struct draft *x, struct span bytes)
{
    size_t cap = x->cap == 0 ? ROOM_FIRST : x->cap;
    char *bigger;

    if (bytes.n > PX_DRAFT_BYTES - x->n)
        return false;
    while (cap < x->n + bytes.n)
        cap *= 2;
    if (cap != x->cap) {
        bigger = realloc(x->text, cap);
        if (bigger == NULL)
            return false;
        x->text = bigger;
        x->cap = cap;
    }
    if (bytes.n > 0)
        memcpy(x->text + x->n, bytes.p, bytes.n);
    x->n += bytes.n;
    return true;
}

enum err px_drafts_put(struct px_drafts *d, const char *owner, int64_t now_ms, struct span id,
                       size_t at, struct span bytes, char out[PX_DRAFT_ID], size_t *have)
{
    const struct draft *known = id.n == 0 ? NULL : find(d, owner, now_ms, id);
    struct draft *x = known == NULL ? NULL : &d->draft[known - d->draft];

    if (id.n > 0 && x == NULL)
        return E_NOTFOUND;
    if (at != (x == NULL ? 0 : x->n))
        return E_CONFLICT;
    if (x == NULL && (x = begin(d, owner, now_ms)) == NULL)
        return E_LIMIT;
    if (!append(x, bytes))
        return E_LIMIT;
    x->touched_ms = now_ms;
    memcpy(out, x->id, PX_DRAFT_ID);
    *have = x->n;
    return OK;
}

struct span px_drafts_get(const struct px_drafts *d, const char *owner, int64_t now_ms,
                          struct span id)
{
    const struct draft *x = find(d, owner, now_ms, id);

    return x == NULL || x->n == 0 ? SPAN_NONE : (struct span){ x->text, x->n };
}

void px_drafts_drop(struct px_drafts *d, const char *owner, struct span id)
{
    for (unsigned i = 0; i < PX_DRAFTS; i++) {
        if (span_is(id, d->draft[i].id) && strcmp(d->draft[i].owner, owner) == 0)
            forget(&d->draft[i]);
    }
}
