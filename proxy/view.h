/* proxy/view.h -- what the control thread tells its workers beside the snapshot: the operators'
 * words, what other nodes say of breakers, who may probe, and how far commitments have come.
 *
 * Immutable and counted, dropped into each worker's one-slot mailbox (px_worker_use_view): a worker
 * that is slow sees the newest and never the ones between. So whatever must not be missed is a
 * count that grows, never an edge. By the configuration's index of providers. */
#ifndef PX_VIEW_H
#define PX_VIEW_H
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "policies/facts.h"
#include "proxy/toggle.h"
#include "routing/base/limits.h"

struct px_view {
    atomic_uint refs_;
    uint64_t epoch; /* one more for each of this process */

    /* Those that hold now: an end that has passed is not in here any more (RT_ADMIN_AUTO). */
    struct px_toggle toggle[LIMIT_PROVIDERS];
    /* How many words that withheld traffic from p have ended in this process's life. A worker that
     * sees it grown (it starts with 0) calls hl_watch_probe(p). */
    uint32_t ended[LIMIT_PROVIDERS];

    uint32_t remote_open; /* bit p: at least two other nodes say it is stopped. Advisory */
    /* bit p: this node may probe p now: it has the fleet's lease, or nobody could be asked. Without
     * it a stopped provider stays stopped here although its open time is over. */
    uint32_t may_probe;

    /* How far the commitments of that policy have come, in the fleet as far as it is known; by the
     * program's index. volumes_of 0, or another revision than the payment's: unknown. */
    uint64_t volumes_of;
    struct pol_volume volume[POL_COMMITS_MAX];
};

/* Nobody said anything, everybody may probe. Epoch 0, one reference. CHECKs memory. */
struct px_view *px_view_create(void);
/* The same again, to be changed before it is handed out. One reference, the epoch one more. */
struct px_view *px_view_copy(const struct px_view *v);
struct px_view *px_view_ref(struct px_view *v); /* any thread */
void px_view_unref(struct px_view *v);          /* any thread; NULL does nothing */
#endif
