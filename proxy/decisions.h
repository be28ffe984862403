/* proxy/decisions.h -- the decision log: what each payment was decided from, one line a decision.
 *
 * Never in a payment's way: a worker copies a note into a ring of its own and goes on; one thread
 * writes what is in the rings. When a ring is full the note is dropped and counted; a disk that is
 * full or gone loses lines, counted and told in the log, and no payment. docs/decision-log.md. */
#ifndef PX_DECISIONS_H
#define PX_DECISIONS_H
#include <stdint.h>

#include "routing/base/err.h"

struct px_decided;
struct px_decisions;
struct px_decisions_lane;
struct px_snapshot;

struct px_decisions_config {
    const char *path;    /* lent for the log's life */
    int64_t rotate_size; /* a file this long becomes PATH.1, PATH.1 becomes PATH.2, ... */
    unsigned keep;       /* ... up to PATH.keep; at least 1 */
    unsigned lanes;      /* one a worker */
};

/* Starts the thread. A file that cannot be opened is told in the log and tried again: it is no
 * reason not to serve.   errors  E_NOMEM. */
MUST enum err px_decisions_open(const struct px_decisions_config *c, struct px_decisions **out);
/* NULL gives NULL: no log is kept. */
struct px_decisions_lane *px_decisions_lane(struct px_decisions *d, unsigned lane);
/* By the lane's one worker: copies the note (px_decided_size() bytes) and keeps the snapshot it
 * points into until it is written. lane NULL: nothing. Never blocks, never allocates. */
void px_decisions_put(struct px_decisions_lane *lane, const struct px_decided *note,
                      struct px_snapshot *s);
/* Any thread: the file is opened anew, whatever became of the old one. NULL does nothing. */
void px_decisions_reopen(struct px_decisions *d);

struct px_decisions_counts {
    uint64_t written, dropped, failed; /* lines; no room in a ring; not written to the disk */
};
struct px_decisions_counts px_decisions_counts(const struct px_decisions *d); /* any thread */
/* Writes what is in the rings and ends the thread. Once no worker puts any more. NULL: nothing. */
void px_decisions_close(struct px_decisions *d);
#endif
