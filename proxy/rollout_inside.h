/* proxy/rollout_inside.h -- what the files of the rollout know of each other. */
#ifndef PX_ROLLOUT_INSIDE_H
#define PX_ROLLOUT_INSIDE_H
#include "proxy/config.h"
#include "proxy/rollout.h"
#include "proxy/snapshot.h"

struct px_rollout {
    const struct px_config *config;
    struct px_revisions *store;
    struct px_drafts *drafts;
    struct px_snapshot *snapshot; /* in force */
    struct px_note note;          /* how it came */
    uint64_t file;                /* revision of the configured policy at the last act */
    void (*use)(void *ctx, struct px_snapshot *s);
    void *ctx;
    unsigned reloads, refused;
    char last_error[400], unkept[256], fell_back[256];
    int64_t last_error_ms;
};

uint64_t px_revision_of(const struct px_snapshot *s);
/* The configured path as people know it; "builtin.route" without one. */
const char *px_rollout_path(const struct px_rollout *r);
/* Fills in who, when and what; previous is what is in force. */
void px_rollout_write(const struct px_rollout *r, enum px_act act, const struct px_snapshot *fresh,
                      const char *by, const char *why, struct px_note *out);
/* Notes it and hands it on; takes fresh on success.
 *   in      must: false: it comes into force also when it can not be noted. */
MUST enum err px_rollout_force(struct px_rollout *r, const struct px_note *n,
                               struct px_snapshot *fresh, bool must, struct diag *why);
/* With the texts of what is in force, and everything else read anew. */
MUST enum err px_rollout_rebuild(const struct px_rollout *r, struct px_report *report,
                                 struct px_snapshot **out);
#endif
