/* proxy/fleet_delta.c -- what was learned goes on: from a worker to the other workers and to Redis,
 * from other nodes to all workers. Whose failures count is decided where they are applied
 * (health/watch.h). */
#include <stdlib.h>
#include <string.h>

#include "proxy/fleet_inside.h"
#include "routing/base/hash.h"

/* 0 is this node: its workers trust each other. */
static uint64_t node_hash(struct span node)
{
    return hash64(node, 0) | 1;
}

uint64_t px_fleet_node_id(const struct px_fleet *f)
{
    return node_hash(span_str(f->node));
}

static void tell(struct px_fleet *f, unsigned worker, uint64_t node, int64_t age_ms,
                 struct span packed)
{
    struct px_foreign *x = malloc(sizeof *x + packed.n);

    if (x == NULL)
        return; /* what a worker does not hear only weighs less */
    x->note.kind = PX_NOTE_FOREIGN;
    x->node = node;
    x->age_ms = age_ms;
    x->n = packed.n;
    memcpy(x->delta, packed.p, packed.n);
    f->hands.tell(f->hands.ctx, worker, &x->note);
}

/* ---- ours ---- */

static void gather(struct px_fleet *f, const struct hl_delta_view *d)
{
    for (unsigned i = 0; i < PX_FLEET_GATHERS; i++)
        if (hl_delta_merge(&f->gather[i], d))
            return;
    f->gather_lost++;
}

void px_fleet_delta_ours(struct px_fleet *f, unsigned worker, struct span packed)
{
    struct hl_delta_view d;

    if (hl_delta_open(packed, &d) != OK)
        return;
    for (unsigned w = 0; w < f->hands.workers; w++)
        if (w != worker)
            tell(f, w, 0, 0, packed);
    px_fleet_book_take(f, &d, 0, 0);
    if (f->gather != NULL)
        gather(f, &d);
}

size_t px_fleet_delta_collect(void *ctx, void *out, size_t cap)
{
    struct px_fleet *f = ctx;
    size_t n;

    for (unsigned i = 0; i < PX_FLEET_GATHERS; i++) {
        if (hl_delta_is_empty(&f->gather[i]))
            continue;
        n = hl_delta_pack(&f->gather[i], false, out, cap);
        hl_delta_clear(&f->gather[i]);
        return n;
    }
    return 0;
}

/* ---- theirs ---- */

void px_fleet_delta_theirs(void *ctx, struct span node, int64_t age_ms, struct span packed)
{
    struct px_fleet *f = ctx;
    struct hl_delta_view d;

    if (hl_delta_open(packed, &d) != OK)
        return;
    for (unsigned w = 0; w < f->hands.workers; w++)
        tell(f, w, node_hash(node), age_ms, packed);
    px_fleet_book_take(f, &d, node_hash(node), age_ms);
}
