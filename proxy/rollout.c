/* proxy/rollout.c -- starting, reloading, and the one way into force. */
#include "proxy/rollout.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/builtin.h"
#include "proxy/clock.h"
#include "proxy/drafts.h"
#include "proxy/log.h"
#include "proxy/report.h"
#include "proxy/rollout_inside.h"
#include "routing/base/check.h"

enum { NAMES = 1 << 20 };

uint64_t px_revision_of(const struct px_snapshot *s)
{
    return pol_program_revision(s->policy.program);
}

const char *px_rollout_path(const struct px_rollout *r)
{
    return r->config->policy_path == NULL ? PX_BUILTIN_NAME : r->config->policy_path;
}

/* ---- into force ---- */

void px_rollout_write(const struct px_rollout *r, enum px_act act, const struct px_snapshot *fresh,
                      const char *by, const char *why, struct px_note *out)
{
    *out = (struct px_note){ .at_ms = px_unix_ms(),
                             .act = act,
                             .revision = px_revision_of(fresh),
                             .previous = r->note.revision,
                             .file = r->file };
    (void)snprintf(out->by, sizeof out->by, "%s", by);
    (void)snprintf(out->why, sizeof out->why, "%s", why);
    (void)snprintf(out->from, sizeof out->from, "%s", px_rollout_path(r));
}

static enum err keep(struct px_rollout *r, const struct px_note *n, const struct px_snapshot *fresh,
                     struct diag *why)
{
    struct px_bundle *texts = malloc(sizeof *texts);
    enum err e;

    CHECK(texts != NULL);
    px_policy_bundle(&fresh->policy, texts);
    e = px_revisions_note(r->store, n, texts, why);
    free(texts);
    (void)snprintf(r->unkept, sizeof r->unkept, "%s", e == OK ? "" : why->text);
    return e;
}

static void log_act(const struct px_rollout *r, const char *event)
{
    char word[17];

    LOG(INFO, event, F("number", r->snapshot->number),
        F("policy", px_policy_word(&r->snapshot->policy, word)), F("act", px_act_name(r->note.act)),
        F("by", (const char *)r->note.by), F("from", (const char *)r->note.from));
}

/* Tables read anew under the same policy are no act. */
static bool is_act(const struct px_rollout *r, const struct px_note *n)
{
    return r->note.at_ms == 0 || n->revision != r->note.revision || n->sent != r->note.sent;
}

enum err px_rollout_force(struct px_rollout *r, const struct px_note *n, struct px_snapshot *fresh,
                          bool must, struct diag *why)
{
    enum err e = OK;

    if (is_act(r, n)) {
        e = keep(r, n, fresh, why);
        if (e != OK && must)
            return e;
        if (e != OK)
            LOG(WARN, "policy.not_kept", F("why", (const char *)why->text));
        r->note = *n;
    }
    px_snapshot_unref(r->snapshot);
    r->snapshot = fresh;
    if (r->use != NULL)
        r->use(r->ctx, fresh);
    log_act(r, "snapshot.in_force");
    return OK;
}

/* ---- start ---- */

static enum err build_kept(struct px_rollout *r, uint64_t revision, struct diag *why)
{
    struct px_bundle *texts = malloc(sizeof *texts);
    struct px_snapshot_from from = { .bundle = texts, .may_shrink = true };
    struct px_report *report = px_report_create();
    struct px_file f = { .read_ = NULL };
    struct arena a;
    enum err e;

    CHECK(texts != NULL);
    arena_init(&a, NULL, 0, px_heap(), NAMES);
    e = px_revisions_get(r->store, revision, &a, &f, texts, why);
    if (e == OK) {
        e = px_snapshot_build_from(r->config, NULL, &from, report, &r->snapshot);
        if (e != OK)
            diag_set(why, "it does not compile any more");
    }
    px_report_destroy(report);
    px_file_close(&f);
    arena_fini(&a);
    free(texts);
    return e;
}

/* What came by apply or rollback stays until the next act; what can not be had again is told, and
 * the configured policy takes its place. */
static void resume(struct px_rollout *r)
{
    const struct px_note *last = px_revisions_nth(r->store, 0);
    struct diag why = { 0 };

    if (last == NULL)
        return;
    r->note = *last;
    r->file = last->file;
    if (last->sent && build_kept(r, last->revision, &why) != OK)
        (void)snprintf(r->fell_back, sizeof r->fell_back, "revision %016llx: %s",
                       (unsigned long long)last->revision, why.text);
}

enum err px_rollout_open(const struct px_config *c, struct px_report *report,
                         struct px_rollout **out)
{
    struct px_rollout *r = calloc(1, sizeof *r);
    struct diag why = { 0 };
    enum err e;

    CHECK(r != NULL);
    r->config = c;
    r->drafts = px_drafts_create();
    if (px_revisions_open(c->state_path, &r->store, &why) != OK)
        (void)snprintf(r->unkept, sizeof r->unkept, "%s", why.text);
    resume(r);
    if (r->snapshot == NULL && (e = px_snapshot_build(c, NULL, report, &r->snapshot)) != OK) {
        px_rollout_close(r);
        return e;
    }
    *out = r;
    return OK;
}

void px_rollout_close(struct px_rollout *r)
{
    if (r == NULL)
        return;
    px_snapshot_unref(r->snapshot);
    px_drafts_destroy(r->drafts);
    px_revisions_close(r->store);
    free(r);
}

static void begin_configured(struct px_rollout *r)
{
    struct px_note n;
    struct diag why = { 0 };

    if (r->fell_back[0] != '\0')
        LOG(ERROR, "policy.fell_back", F("why", (const char *)r->fell_back),
            F("to", px_rollout_path(r)));
    r->file = px_revision_of(r->snapshot);
    px_rollout_write(r, PX_ACT_START, r->snapshot, "gateway", r->fell_back, &n);
    if (!is_act(r, &n))
        return;
    if (keep(r, &n, r->snapshot, &why) != OK && r->config->state_path != NULL)
        LOG(WARN, "policy.not_kept", F("why", (const char *)why.text));
    r->note = n;
}

static void begin_resumed(const struct px_rollout *r)
{
    char word[17];

    if (px_policy_peek(r->config) == px_revision_of(r->snapshot))
        return;
    LOG(WARN, "policy.not_the_configured_one",
        F("policy", px_policy_word(&r->snapshot->policy, word)), F("act", px_act_name(r->note.act)),
        F("by", (const char *)r->note.by), F("configured", px_rollout_path(r)));
}

void px_rollout_begin(struct px_rollout *r, void (*use)(void *ctx, struct px_snapshot *s),
                      void *ctx)
{
    r->use = use;
    r->ctx = ctx;
    if (r->note.sent && r->fell_back[0] == '\0')
        begin_resumed(r);
    else
        begin_configured(r);
    log_act(r, "snapshot.first");
}

/* ---- reload ---- */

/* Each mistake with its place: file:line:col: error[code]: what. The first is remembered. */
static void log_mistakes(struct px_rollout *r, struct px_report *report)
{
    char *text = NULL;
    size_t n = 0;
    FILE *to = open_memstream(&text, &n);
    struct span rest, line;

    if (to == NULL)
        return;
    px_report_print(report, to, false);
    if (fclose(to) != 0 || text == NULL)
        return;
    r->last_error[0] = '\0';
    rest = (struct span){ text, n };
    while (rest.n > 0 && span_cut(&rest, '\n', &line)) {
        text[line.p - text + (ptrdiff_t)line.n] = '\0'; /* over the newline */
        if (strstr(line.p, ": error[") == NULL)
            continue;
        LOG(ERROR, "snapshot.mistake", F("why", line.p));
        if (r->last_error[0] == '\0')
            (void)snprintf(r->last_error, sizeof r->last_error, "%s", line.p);
    }
    free(text);
}

enum err px_rollout_rebuild(const struct px_rollout *r, struct px_report *report,
                            struct px_snapshot **out)
{
    struct px_bundle *texts = malloc(sizeof *texts);
    struct px_snapshot_from from = { .bundle = texts, .may_shrink = true };
    enum err e;

    CHECK(texts != NULL);
    px_policy_bundle(&r->snapshot->policy, texts);
    e = px_snapshot_build_from(r->config, r->snapshot, &from, report, out);
    free(texts);
    return e;
}

/* Has the configured policy been left as it was when another was applied? */
static bool applied_holds(const struct px_rollout *r)
{
    return r->note.sent && px_policy_peek(r->config) == r->file;
}

void px_rollout_reload(struct px_rollout *r, const char *by)
{
    struct px_report *report = px_report_create();
    bool holds = applied_holds(r);
    struct px_snapshot *fresh = NULL;
    struct diag why = { 0 };
    struct px_note n;
    enum err e = holds ? px_rollout_rebuild(r, report, &fresh)
                       : px_snapshot_build(r->config, r->snapshot, report, &fresh);

    r->reloads++;
    if (e != OK) {
        r->last_error_ms = px_unix_ms();
        log_mistakes(r, report);
        LOG(ERROR, "snapshot.refused", F("mistakes", px_report_errors(report)),
            F("in_force", r->snapshot->number), F("refused", ++r->refused));
    } else {
        if (!holds)
            r->file = px_revision_of(fresh);
        px_rollout_write(r, PX_ACT_RELOAD, fresh, by, "", &n);
        n.sent = holds;
        e = px_rollout_force(r, &n, fresh, false, &why);
        CHECK(e == OK);
    }
    px_report_destroy(report);
}

/* ---- what is known ---- */

struct px_snapshot *px_rollout_snapshot(const struct px_rollout *r)
{
    return r->snapshot;
}

const struct px_revisions *px_rollout_revisions(const struct px_rollout *r)
{
    return r->store;
}

struct px_drafts *px_rollout_drafts(const struct px_rollout *r)
{
    return r->drafts;
}

void px_rollout_facts(const struct px_rollout *r, struct px_rollout_facts *out)
{
    *out = (struct px_rollout_facts){
        .revision = px_revision_of(r->snapshot),
        .name = pol_program_name(r->snapshot->policy.program),
        .note = &r->note,
        .differs = r->note.sent,
        .reloads = r->reloads,
        .refused = r->refused,
        .last_error = r->last_error[0] == '\0' ? NULL : r->last_error,
        .last_error_ms = r->last_error_ms,
        .unkept = r->unkept[0] == '\0' ? NULL : r->unkept,
    };
}
