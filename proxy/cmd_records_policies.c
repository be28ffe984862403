/* proxy/cmd_records_policies.c -- the policies that records were, or shall be, decided by. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "policies/diag.h"
#include "proxy/builtin.h"
#include "proxy/clock.h"
#include "proxy/cmd_records.h"
#include "proxy/config.h"
#include "proxy/file.h"
#include "proxy/report.h"
#include "routing/base/check.h"

enum { KEPT = 32, ROOM = 256 << 20, TEXTS = PX_POLICY_TEXTS, PATH = 4096 };

/* One policy, compiled for one list of providers. */
struct entry {
    uint64_t revision; /* asked for; 0: the one at path */
    char *providers;   /* their names, each with its NUL */
    size_t providers_n;
    uint64_t used;
    bool good;
    char why[400];

    struct arena arena;
    struct px_report *report;
    struct px_policy policy;
    struct px_file file[TEXTS + 1];
    struct px_source *source[TEXTS + 1];
    unsigned files;
    struct px_bundle bundle;
    bool bundled;
};

struct px_policies {
    const char *path, *dir;
    struct entry *entry[KEPT];
    unsigned entries;
    uint64_t clock;
    struct entry *last;
};

struct px_policies *px_policies_create(const char *path, const char *dir)
{
    struct px_policies *p = calloc(1, sizeof *p);

    CHECK(p != NULL);
    p->path = path;
    p->dir = dir;
    return p;
}

static void entry_destroy(struct entry *e)
{
    px_policy_fini(&e->policy);
    px_report_destroy(e->report);
    for (unsigned i = 0; i < e->files; i++) {
        px_file_close(&e->file[i]);
        free(e->source[i]);
    }
    arena_fini(&e->arena);
    free(e->providers);
    free(e);
}

void px_policies_destroy(struct px_policies *p)
{
    if (p == NULL)
        return;
    for (unsigned i = 0; i < p->entries; i++)
        entry_destroy(p->entry[i]);
    free(p);
}

/* ---- texts ---- */

static struct px_source *add_source(struct entry *e, const char *name)
{
    struct px_source *s;

    if (e->files > TEXTS)
        return NULL;
    s = calloc(1, sizeof *s);
    CHECK(s != NULL);
    s->name = name;
    e->file[e->files] = (struct px_file){ .read_ = NULL };
    e->source[e->files++] = s;
    return s;
}

static const struct px_source *read_text(void *ctx, const char *path, const char *name,
                                         struct diag *why)
{
    struct entry *e = ctx;
    struct px_source *s = add_source(e, name);
    const struct px_bundle_text *t;

    if (s == NULL) {
        diag_set(why, "too many files");
        return NULL;
    }
    if (e->bundled) {
        t = px_bundle_find(&e->bundle, name);
        if (t == NULL) {
            diag_set(why, "the record's revision has no text %.100s", name);
            return NULL;
        }
        s->text = t->text;
        return s;
    }
    if (px_file_read(path, PX_BUNDLE_TEXT, &e->file[e->files - 1], why) != OK)
        return NULL;
    s->text = e->file[e->files - 1].text;
    return s;
}

static bool open_bundle(struct entry *e, const char *dir, struct diag *why)
{
    char path[PATH];
    int n = snprintf(path, sizeof path, "%s/policies/%016llx.bundle", dir,
                     (unsigned long long)e->revision);

    if (n < 0 || n >= PATH || add_source(e, "bundle") == NULL)
        return false;
    if (px_file_read(path, PX_BUNDLE_BYTES, &e->file[0], why) != OK)
        return false;
    e->bundled = px_bundle_read(e->file[0].text, &e->arena, &e->bundle, why) == OK;
    return e->bundled;
}

/* ---- compiling ---- */

static void name_providers(const struct entry *e, struct px_config *c)
{
    for (size_t at = 0; at < e->providers_n; at += strlen(e->providers + at) + 1)
        c->provider[c->providers++].name = e->providers + at;
}

/* The first finding says why; all of them are in the report. */
static void take_why(struct entry *e)
{
    char *text = NULL;
    size_t n = 0;
    FILE *to = open_memstream(&text, &n);

    if (to == NULL)
        return;
    px_report_print(e->report, to, false);
    (void)fclose(to);
    if (text != NULL)
        (void)snprintf(e->why, sizeof e->why, "%.*s", (int)strcspn(text, "\n"), text);
    free(text);
}

static bool compile(struct entry *e, const char *path)
{
    struct px_policy_reader reader = { .read = read_text, .ctx = e, .path = path };
    struct px_config *c = calloc(1, sizeof *c);
    bool good;

    CHECK(c != NULL);
    name_providers(e, c);
    c->policy_path = path;
    good = px_policy_build(c, &reader, &e->arena, e->report, &e->policy);
    if (!good)
        take_why(e);
    free(c);
    return good;
}

static bool compile_revision(struct entry *e, const char *dir)
{
    struct diag why = { .text = "" };

    if (dir != NULL && open_bundle(e, dir, &why))
        return compile(e, e->bundle.text[0].name);
    if (compile(e, NULL) && pol_program_revision(e->policy.program) == e->revision)
        return true;
    (void)snprintf(e->why, sizeof e->why,
                   "policy %016llx is not at hand (%.200s): name its folder with --state, or the "
                   "policy itself with --policy",
                   (unsigned long long)e->revision,
                   dir == NULL ? "no folder of a gateway's state" : why.text);
    return false;
}

static struct entry *entry_new(struct px_policies *p, uint64_t revision, const char *names,
                               size_t n)
{
    struct entry *e = calloc(1, sizeof *e);

    CHECK(e != NULL);
    e->revision = revision;
    e->providers = malloc(n);
    CHECK(e->providers != NULL);
    memcpy(e->providers, names, n);
    e->providers_n = n;
    e->report = px_report_create();
    arena_init(&e->arena, NULL, 0, px_heap(), ROOM);
    e->good = p->path != NULL ? compile(e, p->path) : compile_revision(e, p->dir);
    return e;
}

/* ---- finding ---- */

static size_t names_of(const struct px_decided *d, char *out, size_t cap)
{
    struct buf b = buf_over(out, cap);

    for (unsigned i = 0; i < d->providers; i++) {
        buf_str(&b, d->provider[i].name);
        buf_byte(&b, '\0');
    }
    return buf_ok(&b) ? b.n : 0;
}

static bool is_it(const struct entry *e, uint64_t revision, const char *names, size_t n)
{
    return e->revision == revision && e->providers_n == n && memcmp(e->providers, names, n) == 0;
}

/* The one that was not asked for the longest goes. */
static unsigned free_place(struct px_policies *p)
{
    unsigned oldest = 0;

    if (p->entries < KEPT)
        return p->entries++;
    for (unsigned i = 1; i < KEPT; i++) {
        if (p->entry[i]->used < p->entry[oldest]->used)
            oldest = i;
    }
    entry_destroy(p->entry[oldest]);
    return oldest;
}

static struct entry *find(struct px_policies *p, const struct px_decided *d)
{
    char names[LIMIT_PROVIDERS * 256];
    uint64_t revision = p->path != NULL ? 0 : d->verdict.revision;
    size_t n = names_of(d, names, sizeof names);
    unsigned at;

    p->clock++;
    if (p->last == NULL || !is_it(p->last, revision, names, n)) {
        p->last = NULL;
        for (unsigned i = 0; i < p->entries && p->last == NULL; i++)
            p->last = is_it(p->entry[i], revision, names, n) ? p->entry[i] : NULL;
    }
    if (p->last == NULL) {
        at = free_place(p);
        p->last = p->entry[at] = entry_new(p, revision, names, n);
    }
    p->last->used = p->clock;
    return p->last;
}

bool px_policies_get(struct px_policies *p, const struct px_decided *d,
                     const struct px_policy **out, const char **why)
{
    struct entry *e;

    *out = NULL;
    *why = "";
    if (p->path == NULL && d->verdict.revision == 0)
        return true;
    e = find(p, d);
    *out = &e->policy;
    *why = e->why;
    return e->good;
}

int px_policies_check(struct px_policies *p, const struct px_cli *c, const struct px_decided *d)
{
    struct entry *e = find(p, d);

    if (e->good)
        return PX_YES;
    px_report_print(e->report, stderr, c->color);
    return PX_NO;
}

void px_folder_of(const char *path, char out[PATH])
{
    const char *slash = strrchr(path, '/');

    if (slash == NULL || (size_t)(slash - path) >= PATH)
        (void)snprintf(out, PATH, ".");
    else
        (void)snprintf(out, PATH, "%.*s", (int)(slash - path) + (slash == path), path);
}
