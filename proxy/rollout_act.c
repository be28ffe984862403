/* proxy/rollout_act.c -- apply and rollback. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/clock.h"
#include "proxy/report.h"
#include "proxy/rollout_inside.h"
#include "routing/base/check.h"

enum { MEMORY = 128 << 20 };

const char *px_rolled_name(enum px_rolled_end e)
{
    static const char *const names[PX_ROLLED_ENDS_] = { "done",     "same",  "tried",   "broken",
                                                        "unproven", "stale", "unknown", "unkept" };

    return names[e];
}

static void begin(struct px_rolled *d, const struct px_rollout *r)
{
    memset(d, 0, sizeof *d);
    arena_init(&d->arena_, NULL, 0, px_heap(), MEMORY);
    d->report = px_report_create();
    d->before_ = px_snapshot_ref(r->snapshot);
    d->previous = px_revision_of(r->snapshot);
    d->took_us = px_now_ns() / 1000;
}

static void end(struct px_rolled *d, enum px_rolled_end how)
{
    d->end = how;
    d->took_us = px_now_ns() / 1000 - d->took_us;
}

void px_rolled_fini(struct px_rolled *d)
{
    px_report_destroy(d->report);
    px_snapshot_unref(d->snapshot_);
    px_snapshot_unref(d->before_);
    arena_fini(&d->arena_);
}

static bool is_expected(const struct px_rollout *r, struct span expect, struct px_rolled *d)
{
    char word[17];
    struct span now = span_str(px_policy_word(&r->snapshot->policy, word));

    if (span_eq(span_take(now, expect.n), expect))
        return true;
    (void)snprintf(d->why, sizeof d->why, "revision %s is in force, not %.*s", word,
                   SPAN_ARG(span_take(expect, 16)));
    return false;
}

/* ---- the last step of both ---- */

/* Takes fresh. */
static enum px_rolled_end force(struct px_rollout *r, enum px_act act, const struct px_wish *w,
                                struct px_snapshot *fresh, struct px_rolled *d)
{
    uint64_t configured = px_policy_peek(r->config);
    struct diag why = { 0 };
    struct px_note n;

    px_rollout_write(r, act, fresh, w->by, w->why, &n);
    n.sent = n.revision != configured; /* however it came: a restart would read the same */
    n.file = configured;
    if (w->from != NULL)
        (void)snprintf(n.from, sizeof n.from, "%s", w->from);
    d->revision = n.revision;
    if (n.revision == r->note.revision && n.sent == r->note.sent) {
        px_snapshot_unref(fresh);
        return PX_ROLLED_SAME;
    }
    if (w->dry_run) {
        px_snapshot_unref(fresh);
        return PX_ROLLED_TRIED;
    }
    if (w->about_to != NULL && !w->about_to(w->ctx, d)) {
        (void)snprintf(d->why, sizeof d->why, "the audit log can not be written");
        px_snapshot_unref(fresh);
        return PX_ROLLED_UNKEPT;
    }
    if (px_rollout_force(r, &n, fresh, true, &why) != OK) {
        (void)snprintf(d->why, sizeof d->why, "it can not be kept: %s", why.text);
        px_snapshot_unref(fresh);
        return PX_ROLLED_UNKEPT;
    }
    r->file = configured;
    return PX_ROLLED_DONE;
}

/* ---- apply ---- */

static enum px_rolled_end judge(const struct px_rollout *r, const struct px_wish *w,
                                struct px_rolled *d)
{
    const struct px_snapshot *fresh = d->snapshot_;
    enum err e = px_policy_judge(r->config, &fresh->policy, &r->snapshot->policy, &d->arena_,
                                 d->report, &d->judged);

    d->judged_it = e == OK;
    if (e != OK)
        (void)snprintf(d->why, sizeof d->why, "it is too big to be looked over");
    else if (d->judged.failed > 0)
        (void)snprintf(d->why, sizeof d->why, "%u of its %u expects fail", d->judged.failed,
                       d->judged.failed + d->judged.passed);
    else if (px_report_errors(d->report) > 0)
        (void)snprintf(d->why, sizeof d->why, "it has rules that can never be reached");
    else
        return PX_ROLLED_DONE;
    return w->force ? PX_ROLLED_DONE : PX_ROLLED_UNPROVEN;
}

static enum px_rolled_end apply(struct px_rollout *r, const struct px_wish *w, struct px_rolled *d)
{
    struct px_snapshot_from from = { .bundle = w->bundle, .may_shrink = w->force };
    enum px_rolled_end how;

    if (!is_expected(r, w->expect, d))
        return PX_ROLLED_STALE;
    if (px_snapshot_build_from(r->config, r->snapshot, &from, d->report, &d->snapshot_) != OK)
        return PX_ROLLED_BROKEN;
    d->revision = px_revision_of(d->snapshot_);
    how = judge(r, w, d);
    return how == PX_ROLLED_DONE ? force(r, PX_ACT_APPLY, w, px_snapshot_ref(d->snapshot_), d)
                                 : how;
}

void px_rollout_apply(struct px_rollout *r, const struct px_wish *w, struct px_rolled *out)
{
    begin(out, r);
    end(out, apply(r, w, out));
}

/* ---- rollback ---- */

static bool find(const struct px_rollout *r, const struct px_wish *w, uint64_t *revision,
                 struct px_rolled *d)
{
    struct diag why = { 0 };

    *revision = r->note.previous;
    if (w->revision.n == 0 && *revision != 0)
        return true;
    if (w->revision.n == 0)
        (void)snprintf(d->why, sizeof d->why, "no other revision was in force before");
    else if (px_revisions_find(r->store, w->revision, revision, &why) == OK)
        return true;
    else
        (void)snprintf(d->why, sizeof d->why, "%s", why.text);
    return false;
}

static enum px_rolled_end build_old(struct px_rollout *r, uint64_t revision, struct px_rolled *d)
{
    struct px_bundle *texts = malloc(sizeof *texts);
    struct px_snapshot_from from = { .bundle = texts, .may_shrink = true };
    struct px_file f = { .read_ = NULL };
    struct diag why = { 0 };
    enum px_rolled_end how = PX_ROLLED_DONE;

    CHECK(texts != NULL);
    if (px_revisions_get(r->store, revision, &d->arena_, &f, texts, &why) != OK) {
        (void)snprintf(d->why, sizeof d->why, "%s", why.text);
        how = PX_ROLLED_UNKNOWN;
    } else if (px_snapshot_build_from(r->config, r->snapshot, &from, d->report, &d->snapshot_) !=
               OK) {
        how = PX_ROLLED_BROKEN;
    }
    px_file_close(&f);
    free(texts);
    return how;
}

/* Its expects are not asked: it was in force before, and there may be a reason to hurry. */
static enum px_rolled_end roll_back(struct px_rollout *r, const struct px_wish *w,
                                    struct px_rolled *d)
{
    struct px_wish kept = *w;
    enum px_rolled_end how;
    uint64_t revision;

    if (!is_expected(r, w->expect, d))
        return PX_ROLLED_STALE;
    if (!find(r, w, &revision, d))
        return PX_ROLLED_UNKNOWN;
    kept.from = "kept";
    how = build_old(r, revision, d);
    return how == PX_ROLLED_DONE
               ? force(r, PX_ACT_ROLLBACK, &kept, px_snapshot_ref(d->snapshot_), d)
               : how;
}

void px_rollout_rollback(struct px_rollout *r, const struct px_wish *w, struct px_rolled *out)
{
    begin(out, r);
    end(out, roll_back(r, w, out));
}
