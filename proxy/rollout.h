/* proxy/rollout.h -- the policy in force: which one, since when, and how another takes its place.
 *
 * Lives on the control thread. Four acts put a snapshot into force: a start, a reload (SIGHUP), an
 * apply and a rollback. Each is kept and noted (proxy/revisions.h) before the workers are handed
 * the snapshot; whatever is wrong with the new one, the old one stays. A start and a reload go on
 * when the store can not be written (payments do not hang on it); an apply and a rollback are then
 * refused. The newest act counts: docs/decisions/policy-revisions.md. */
#ifndef PX_ROLLOUT_H
#define PX_ROLLOUT_H
#include "proxy/note.h"
#include "proxy/policy_judge.h"
#include "proxy/revisions.h"

struct px_config;
struct px_drafts;
struct px_report;
struct px_rollout;
struct px_snapshot;

/* Builds what decides first: the policy of the last act if that was an apply or a rollback, else
 * the configured one. c outlives the rollout.
 *   errors  as px_snapshot_build(); told in report. */
MUST enum err px_rollout_open(const struct px_config *c, struct px_report *report,
                              struct px_rollout **out);
void px_rollout_close(struct px_rollout *r); /* NULL does nothing */
/* From now on it is obeyed: notes the start, and hands every later snapshot to use() (lent). */
void px_rollout_begin(struct px_rollout *r, void (*use)(void *ctx, struct px_snapshot *s),
                      void *ctx);
struct px_snapshot *px_rollout_snapshot(const struct px_rollout *r); /* in force; lent */

/* Everything that decisions look things up in is read anew. The policy too, if its file is another
 * than at the last act: a reload for the sake of a certificate leaves an applied policy alone. */
void px_rollout_reload(struct px_rollout *r, const char *by);

/* ---- apply and rollback ---- */

struct px_rolled;
struct px_wish {
    const struct px_bundle *bundle; /* NULL: the configured file, read anew */
    struct span expect;   /* apply only if the revision in force begins with this; empty: any */
    struct span revision; /* rollback: its first digits; empty: the one before */
    const char *by, *why, *from;
    bool dry_run;
    /* Called when nothing can stop it any more; false: it is stopped (an act that can not be
     * audited). */
    bool (*about_to)(void *ctx, const struct px_rolled *d);
    void *ctx;
    bool force; /* although expects fail, or a list has lost nine tenths of itself */
};

enum px_rolled_end {
    PX_ROLLED_DONE,
    PX_ROLLED_SAME,     /* it is in force already */
    PX_ROLLED_TRIED,    /* dry run: it would be done */
    PX_ROLLED_BROKEN,   /* it does not compile: the report tells */
    PX_ROLLED_UNPROVEN, /* its expects fail, or lint finds errors */
    PX_ROLLED_STALE,    /* another revision is in force than was expected */
    PX_ROLLED_UNKNOWN,  /* there is no such revision, or its texts are not kept */
    PX_ROLLED_UNKEPT,   /* the store can not be written */
    PX_ROLLED_ENDS_
};
const char *px_rolled_name(enum px_rolled_end e); /* "done", "same", ... */

struct px_rolled {
    enum px_rolled_end end;
    char why[256];               /* in a sentence; "" if the report says it */
    uint64_t revision, previous; /* 0: it has none, as it does not compile */
    struct px_report *report;
    struct px_judged judged; /* by apply only, if judged_it */
    bool judged_it;
    int64_t took_us;
    struct px_snapshot *before_;   /* the difference points into both ... */
    struct px_snapshot *snapshot_; /* ... and findings into this */
    struct arena arena_;
};

void px_rollout_apply(struct px_rollout *r, const struct px_wish *w, struct px_rolled *out);
void px_rollout_rollback(struct px_rollout *r, const struct px_wish *w, struct px_rolled *out);
void px_rolled_fini(struct px_rolled *d);
/* As one JSON object. Its member `text` has the findings as people read them, unless brief. */
MUST enum err px_rolled_print(const struct px_rolled *d, bool brief, struct json_out *o);

/* ---- what is known ---- */

struct px_rollout_facts {
    uint64_t revision;
    const char *name;           /* of the policy */
    const struct px_note *note; /* how it came into force */
    bool differs;               /* it is not what the configured file says */
    unsigned reloads, refused;  /* since the start: those tried, and those of them refused */
    const char *last_error;     /* of the last one refused, file:line:col first; NULL: none was */
    int64_t last_error_ms;      /* wall clock */
    const char *unkept;         /* why revisions can not be kept; NULL: they are */
};
void px_rollout_facts(const struct px_rollout *r, struct px_rollout_facts *out);
void px_rollout_print(const struct px_rollout *r, struct json_out *o); /* the same, as JSON */
const struct px_revisions *px_rollout_revisions(const struct px_rollout *r);
struct px_drafts *px_rollout_drafts(const struct px_rollout *r); /* what is being sent */
#endif
