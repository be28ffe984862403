/* proxy/revisions_inside.h -- what the files of the store know of each other. */
#ifndef PX_REVISIONS_INSIDE_H
#define PX_REVISIONS_INSIDE_H
#include "proxy/revisions.h"
#include "proxy/state.h"

struct px_revisions {
    char dir[PX_STATE_PATH]; /* "": there is no store */
    char broken[200];        /* why nothing can be noted; "": it can */
    struct px_note *note;    /* a ring */
    unsigned notes, next;    /* how many, where the next goes */
    int64_t size;            /* of the history, as we read or left it */
};

/* dir/name, or dir/<revision>.bundle */
bool px_revisions_path(const struct px_revisions *r, const char *name, char out[PX_STATE_PATH]);
bool px_revisions_bundle(const struct px_revisions *r, uint64_t revision, char out[PX_STATE_PATH]);
void px_revisions_remember(struct px_revisions *r, const struct px_note *n);

/* revisions_history.c: the file of acts. The lock is held. */
MUST enum err px_history_load(struct px_revisions *r, struct diag *why);
bool px_history_moved(const struct px_revisions *r); /* somebody else wrote */
MUST enum err px_history_append(struct px_revisions *r, const struct px_note *n, struct diag *why);
/* revisions_prune.c: bundles too many, and what a crash left. The lock is held. */
void px_revisions_prune(const struct px_revisions *r);
#endif
