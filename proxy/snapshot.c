/* proxy/snapshot.c */
#include "proxy/snapshot.h"

#include <stdlib.h>
#include <string.h>

#include "proxy/clock.h"
#include "proxy/fees.h"
#include "proxy/geo.h"
#include "proxy/report.h"
#include "routing/base/check.h"

enum { MEMORY = 64 << 20, LIST_BYTES = 4 << 20, SHRUNK = 10, SMALL = 256 };

static void destroy(void *what)
{
    struct px_snapshot *s = what;

    px_policy_fini(&s->policy);
    for (unsigned i = 0; i < s->lists_; i++)
        px_file_close(&s->list_[i].file);
    px_bins_close(&s->bins);
    px_geo_close(s->geo);
    arena_fini(&s->arena_);
    free(s);
}

struct px_snapshot *px_snapshot_ref(struct px_snapshot *s)
{
    atomic_fetch_add(&s->refs_, 1);
    return s;
}

void px_snapshot_unref(struct px_snapshot *s)
{
    if (s != NULL && atomic_fetch_sub(&s->refs_, 1) == 1)
        destroy(s);
}

/* ---- files ---- */

static struct px_place whole(const struct px_source *source)
{
    return (struct px_place){ .source = source };
}

static size_t size_before(const struct px_snapshot *before, const char *path)
{
    for (unsigned i = 0; before != NULL && i < before->lists_; i++) {
        if (strcmp(before->list_[i].path, path) == 0)
            return before->list_[i].was;
    }
    return 0;
}

static struct px_snapshot_list *name_list(struct px_snapshot *s, const char *path)
{
    struct px_snapshot_list *l = &s->list_[s->lists_];

    CHECK(s->lists_ < PX_SNAPSHOT_LISTS);
    l->source = ARENA_NEW(&s->arena_, struct px_source);
    CHECK(l->source != NULL);
    l->source->name = path;
    l->path = path;
    s->lists_++;
    return l;
}

static bool unreadable(struct px_report *report, const struct px_snapshot_list *l,
                       const struct diag *why)
{
    diag_set(px_report_error(report, "B120", whole(l->source)), "%s", why->text);
    return false;
}

static bool grew(const struct px_snapshot_list *l, const struct px_snapshot *before,
                 struct px_report *report)
{
    size_t was = size_before(before, l->path);
    struct diag *d;

    if (was < SMALL || l->was >= was / SHRUNK)
        return true;
    d = px_report_error(report, "B121", whole(l->source));
    diag_set(d, "it had %zu bytes and has %zu now: refused", was, l->was);
    diag_help(d, "if that is meant, start the gateway anew");
    return false;
}

/* A text that findings may point into; NULL after telling. */
static const struct px_source *read_list(struct px_snapshot *s, const char *path,
                                         const struct px_snapshot *before, struct px_report *report)
{
    struct px_snapshot_list *l = name_list(s, path);
    struct diag why = { 0 };

    if (px_file_read(path, LIST_BYTES, &l->file, &why) != OK) {
        (void)unreadable(report, l, &why);
        return NULL;
    }
    l->source->text = l->file.text;
    l->was = l->file.text.n;
    return grew(l, before, report) ? l->source : NULL;
}

/* ---- parts ---- */

static bool build_bins(struct px_snapshot *s, const struct px_snapshot *before,
                       struct px_report *report)
{
    const char *path = s->config->bins_path;
    struct px_snapshot_list *l;
    struct diag why = { 0 };

    if (path == NULL)
        return true;
    l = name_list(s, path);
    if (px_bins_open(path, &s->bins, &why) != OK)
        return unreadable(report, l, &why);
    s->has_bins = true;
    l->was = s->bins.file_.text.n;
    return grew(l, before, report);
}

static bool build_geo(struct px_snapshot *s, struct px_report *report)
{
    const char *path = s->config->country_path;
    struct px_snapshot_list *l;
    struct diag why = { 0 };

    if (path == NULL)
        return true;
    l = name_list(s, path);
    return px_geo_open(path, &s->geo, &why) == OK || unreadable(report, l, &why);
}

static bool build_rates(struct px_snapshot *s, const struct px_snapshot *before,
                        struct px_report *report)
{
    const struct px_source *source;

    if (s->config->rates_path == NULL)
        return true;
    source = read_list(s, s->config->rates_path, before, report);
    s->has_rates = source != NULL && px_rates_read(source, report, &s->rates) == OK;
    return s->has_rates;
}

static bool build_fees(struct px_snapshot *s, unsigned provider, const struct px_snapshot *before,
                       struct px_report *report)
{
    const struct px_provider_config *p = &s->config->provider[provider];
    struct rt_fees *fees = &s->fees[provider];
    const struct px_source *source;

    fees->country = rt_country_of(p->acquirer_country);
    fees->settles = currency_find(p->settles);
    if (p->fees_path == NULL)
        return true;
    source = read_list(s, p->fees_path, before, report);
    return source != NULL && px_fees_read(source, &s->arena_, report, fees) == OK;
}

struct policy_texts {
    struct px_snapshot *s;
    const struct px_snapshot *before;
    const struct px_snapshot_from *from;
};

static const struct px_source *text_before(const struct px_snapshot *before, const char *name)
{
    for (unsigned i = 0; before != NULL && i < before->policy.texts; i++) {
        if (strcmp(before->policy.text[i]->name, name) == 0)
            return before->policy.text[i];
    }
    return NULL;
}

/* A policy that was cut off has lost its default and does not compile; a list that was cut off
 * looks like a list, and a short one is as dear to somebody as a long one. */
static bool list_kept(const struct policy_texts *t, const struct px_source *fresh, struct diag *why)
{
    const struct px_source *was = text_before(t->before, fresh->name);
    size_t had, has;

    if (t->from->may_shrink || was == NULL || span_ends(span_str(fresh->name), ".route"))
        return true;
    had = pol_list_rows(was->text);
    has = pol_list_rows(fresh->text);
    if (had == 0 || has > had / SHRUNK)
        return true;
    diag_set(why, "%.100s had %zu rows and has %zu now: refused", fresh->name, had, has);
    return false;
}

static enum err copy_text(const struct px_bundle *b, const char *name, struct px_file *out,
                          struct diag *why)
{
    const struct px_bundle_text *t = px_bundle_find(b, name);
    char *copy = t == NULL ? NULL : malloc(t->text.n + 1);

    if (copy == NULL) {
        diag_set(why, t == NULL ? "%.140s was not sent along" : "no memory for %.140s", name);
        return t == NULL ? E_NOTFOUND : E_NOMEM;
    }
    memcpy(copy, t->text.p, t->text.n);
    copy[t->text.n] = '\0';
    *out = (struct px_file){ { copy, t->text.n }, t->changed_s, copy, NULL };
    return OK;
}

/* Imports and lists are texts of the snapshot like any other. */
static const struct px_source *read_policy(void *ctx, const char *path, const char *name,
                                           struct diag *why)
{
    struct policy_texts *t = ctx;
    const struct px_bundle *bundle = t->from->bundle;
    struct px_snapshot_list *l;

    if (t->s->lists_ == PX_SNAPSHOT_LISTS) {
        diag_set(why, "more than %d files", PX_SNAPSHOT_LISTS);
        return NULL;
    }
    l = name_list(t->s, path);
    l->source->name = name;
    if ((bundle != NULL ? copy_text(bundle, name, &l->file, why)
                        : px_file_read(path, LIST_BYTES, &l->file, why)) != OK)
        return NULL;
    l->source->text = l->file.text;
    l->source->changed_s = l->file.changed_s;
    l->was = l->file.text.n;
    return list_kept(t, l->source, why) ? l->source : NULL;
}

static bool build_policy(struct px_snapshot *s, const struct px_snapshot *before,
                         const struct px_snapshot_from *from, struct px_report *report)
{
    struct policy_texts texts = { s, before, from };
    struct px_policy_reader reader = { read_policy, &texts,
                                       from->bundle != NULL ? from->bundle->text[0].name
                                                            : s->config->policy_path };

    return px_policy_build(s->config, &reader, &s->arena_, report, &s->policy);
}

/* Everything is looked at, so that all mistakes are told at once. */
static bool build(struct px_snapshot *s, const struct px_snapshot *before,
                  const struct px_snapshot_from *from, struct px_report *report)
{
    bool ok = build_bins(s, before, report);

    ok = build_policy(s, before, from, report) && ok;
    ok = build_geo(s, report) && ok;
    ok = build_rates(s, before, report) && ok;
    for (unsigned i = 0; i < s->config->providers; i++)
        ok = build_fees(s, i, before, report) && ok;
    return ok;
}

enum err px_snapshot_build(const struct px_config *c, const struct px_snapshot *before,
                           struct px_report *report, struct px_snapshot **out)
{
    struct px_snapshot_from from = { .bundle = NULL };

    return px_snapshot_build_from(c, before, &from, report, out);
}

enum err px_snapshot_build_from(const struct px_config *c, const struct px_snapshot *before,
                                const struct px_snapshot_from *from, struct px_report *report,
                                struct px_snapshot **out)
{
    struct px_snapshot *s = calloc(1, sizeof *s);

    if (s == NULL)
        return E_NOMEM;
    atomic_init(&s->refs_, 1);
    arena_init(&s->arena_, NULL, 0, px_heap(), MEMORY);
    s->config = c;
    s->number = before == NULL ? 1 : before->number + 1;
    if (!build(s, before, from, report)) {
        px_report_keep(report, destroy, s); /* findings point into it */
        return E_SYNTAX;
    }
    *out = s;
    return OK;
}
