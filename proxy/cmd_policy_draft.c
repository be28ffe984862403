/* proxy/cmd_policy_draft.c */
#include "proxy/cmd_policy_draft.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "policies/parse.h"
#include "routing/base/check.h"

#include "proxy/builtin.h"

enum { FILE_MAX = 64 << 20, ARENA_MAX = 512 << 20 };

struct file {
    struct file *next;
    char *name, *text;
    int64_t changed_s;
};

static void *get(void *ctx, size_t n)
{
    (void)ctx;
    return malloc(n);
}

static void put(void *ctx, void *block, size_t n)
{
    (void)ctx;
    (void)n;
    free(block);
}

static const struct arena_source heap = { get, put, NULL };

static bool read_all(FILE *f, char **text, size_t *n)
{
    size_t cap = 64 * 1024, got;
    char *bigger;

    *n = 0;
    *text = malloc(cap);
    CHECK(*text != NULL);
    while ((got = fread(*text + *n, 1, cap - *n, f)) > 0) {
        *n += got;
        if (*n < cap)
            continue;
        if (cap >= FILE_MAX) {
            errno = EFBIG;
            return false;
        }
        bigger = realloc(*text, cap *= 2);
        CHECK(bigger != NULL);
        *text = bigger;
    }
    return ferror(f) == 0;
}

/* Keeps what was read until the policy goes. False with why set. */
static bool read_file(struct px_draft *p, const char *path, struct span *text, const char **name,
                      struct diag *why)
{
    bool in = strcmp(path, "-") == 0, good;
    FILE *f = in ? stdin : fopen(path, "re");
    struct file *file;
    struct stat s;
    size_t n;

    if (f == NULL) {
        diag_set(why, "cannot read %s: %s", path, strerror(errno));
        return false;
    }
    file = calloc(1, sizeof *file);
    CHECK(file != NULL);
    file->next = p->files_;
    p->files_ = file;
    file->name = strdup(in ? "(standard input)" : path);
    CHECK(file->name != NULL);
    if (!in && fstat(fileno(f), &s) == 0)
        file->changed_s = s.st_mtime;
    good = read_all(f, &file->text, &n);
    if (!good)
        diag_set(why, "cannot read %s: %s", path, strerror(errno));
    if (!in)
        (void)fclose(f);
    *text = (struct span){ file->text, n };
    *name = file->name;
    return good;
}

/* Relative to the file that names it. */
static bool load(void *ctx, struct span path, const char *from, struct span *text,
                 const char **name, struct diag *why)
{
    const char *slash = strrchr(from, '/');
    char full[4096];
    struct buf b = BUF_OF(full);

    if (memchr(path.p, '\0', path.n) != NULL)
        return false;
    if (path.n > 0 && path.p[0] != '/' && slash != NULL)
        buf_put(&b, (struct span){ from, (size_t)(slash - from) + 1 });
    buf_put(&b, path);
    if (strlen(buf_z(&b)) == 0) {
        diag_set(why, "no usable file name");
        return false;
    }
    return read_file(ctx, full, text, name, why);
}

static bool zone_known(void *ctx, const char *name)
{
    struct px_draft *p = ctx;
    struct px_zone z;

    return px_zone_read(name, &p->arena, &z);
}

enum err px_draft_load(const char *path, const char *const *provider, unsigned providers,
                       struct px_draft **out, struct diag *why)
{
    struct px_draft *p = calloc(1, sizeof *p);
    struct span text = px_builtin_policy();
    const char *name = PX_BUILTIN_NAME;
    enum err e;

    *out = NULL;
    CHECK(p != NULL);
    arena_init(&p->arena, NULL, 0, &heap, ARENA_MAX);
    pol_report_init(&p->report, &p->arena);
    p->env = (struct pol_env){
        .provider = provider, .providers = providers, .load = load, .zone = zone_known, .ctx = p
    };
    if (strcmp(path, "builtin") != 0 && !read_file(p, path, &text, &name, why)) {
        px_draft_destroy(p);
        return E_IO;
    }
    p->first_source = pol_source_new(&p->arena, name, text);
    e = pol_compile(text, name, &p->env, &p->arena, &p->report, &p->program);
    *out = p;
    return e;
}

void px_draft_destroy(struct px_draft *p)
{
    struct file *next;

    if (p == NULL)
        return;
    pol_program_fini(p->program);
    for (struct file *f = p->files_; f != NULL; f = next) {
        next = f->next;
        free(f->name);
        free(f->text);
        free(f);
    }
    arena_fini(&p->arena);
    free(p);
}

int64_t px_draft_changed_s(void *ctx, const char *file)
{
    const struct px_draft *p = ctx;

    for (const struct file *f = p->files_; f != NULL; f = f->next) {
        if (strcmp(f->name, file) == 0)
            return f->changed_s;
    }
    return 0;
}

int32_t px_draft_offset(void *ctx, const char *zone, int64_t unix_s)
{
    struct px_draft *p = ctx;

    if (strcmp(p->last_name_, zone) != 0) {
        p->last_known_ = px_zone_read(zone, &p->arena, &p->last_zone_);
        (void)snprintf(p->last_name_, sizeof p->last_name_, "%.63s", zone);
    }
    return p->last_known_ ? px_zone_offset(&p->last_zone_, unix_s) : POL_NO_ZONE;
}
