/* proxy/drafts.h -- texts on their way in, piece by piece: a policy with its lists may be larger
 * than one request.
 *
 * A few at a time, in memory, each its sender's alone; what is not gone on with is forgotten. */
#ifndef PX_DRAFTS_H
#define PX_DRAFTS_H
#include <stdint.h>

#include "routing/base/err.h"
#include "routing/base/span.h"

enum {
    PX_DRAFTS = 4,
    PX_DRAFT_BYTES = 16 << 20,
    PX_DRAFT_MS = 5 * 60 * 1000, /* without a further piece */
    PX_DRAFT_ID = 27,
};

struct px_drafts;
struct px_drafts *px_drafts_create(void);    /* CHECKs allocation */
void px_drafts_destroy(struct px_drafts *d); /* NULL does nothing */

/* Puts bytes behind what is there; id empty: begins a new one. A sender who begins a fifth loses
 * the first.
 *   in      at: how many bytes came before (E_CONFLICT if that is not so).
 *   gives   id, and the number of bytes it has now in *have.
 *   errors  E_NOTFOUND: no such draft of theirs; E_LIMIT: too long, or others' drafts fill the
 *           place. */
MUST enum err px_drafts_put(struct px_drafts *d, const char *owner, int64_t now_ms, struct span id,
                            size_t at, struct span bytes, char out[PX_DRAFT_ID], size_t *have);
/* All of it, until the next call; SPAN_NONE: there is no such draft of theirs. */
struct span px_drafts_get(const struct px_drafts *d, const char *owner, int64_t now_ms,
                          struct span id);
void px_drafts_drop(struct px_drafts *d, const char *owner, struct span id);
#endif
