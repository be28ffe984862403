/* proxy/config_read.c -- walks the table over the tree, and owns what comes of it. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "proxy/config_schema.h"
#include "proxy/near.h"
#include "routing/base/check.h"

enum { ARENA_CEILING = 64 * 1024 * 1024, KEYS_MAX = 64, NAME_MAX_ = 32 };

/* One section being read: where it stands, what it fills. */
struct section {
    const char *path; /* "listen.payments"; "" at the root */
    const struct px_field *field;
    const struct px_node *node; /* NULL: it was left out */
    struct px_place at;         /* of it, or of what should hold it */
    void *base;
    bool needed; /* its required keys must be there */
};

static void *field_at(const struct section *s, size_t offset)
{
    return (char *)s->base + offset;
}

static void read_scalar(struct px_reading *r, const struct px_field *f, struct px_node *n, void *at)
{
    if (px_node_null(n)) {
        diag_set(px_report_error(r->report, "C113", n->key != NULL ? n->key_at : n->at),
                 "\"%s\" has no value", f->name);
        return;
    }
    if (n->kind != PX_SCALAR) {
        px_config_wrong_kind(r, f, n);
        return;
    }
    if (!f->type->raw && (n->resolved = px_config_resolve(r, n)) == NULL)
        return;
    f->type->read(r, f, n, at);
}

static void read_many(struct px_reading *r, const struct section *s, const struct px_field *f,
                      struct px_node *n)
{
    struct px_node *each = n->kind == PX_LIST ? n->first : n;
    unsigned count = 0;

    for (; each != NULL; each = n->kind == PX_LIST ? each->next : NULL) {
        if (count == f->many) {
            diag_set(px_config_error(r, "C121", each), "\"%s\" takes at most %u", f->name, f->many);
            break;
        }
        read_scalar(r, f, each, field_at(s, f->offset + count * f->stride));
        count++;
    }
    if (n->kind == PX_LIST && count == 0)
        diag_set(px_config_error(r, "C113", n), "\"%s\" is an empty list", f->name);
    if (f->count != 0)
        *(unsigned *)field_at(s, f->count) = count;
}

/* The default is read like everything else, so it cannot be out of its own range. */
static void read_fallback(struct px_reading *r, const struct section *s, const struct px_field *f)
{
    struct px_node n = {
        .kind = PX_SCALAR, .plain = true, .text = span_str(f->fallback), .at = s->at
    };

    read_scalar(r, f, &n, field_at(s, f->offset));
}

static bool known(const struct section *s, const char *key)
{
    for (const struct px_field *f = s->field; f->name != NULL; f++) {
        if (strcmp(f->name, key) == 0)
            return true;
    }
    return false;
}

/* Is it there under a name with a mistake in it? Then that is told, and one finding is enough. */
static bool misspelt(const struct section *s, const struct px_field *f)
{
    const struct px_node *n = s->node == NULL ? NULL : s->node->first;

    for (; n != NULL; n = n->next) {
        if (!known(s, n->key) && px_near(n->key, &f->name, 1) != NULL)
            return true;
    }
    return false;
}

static void missing(struct px_reading *r, const struct section *s, const struct px_field *f)
{
    struct diag *d;

    if (misspelt(s, f))
        return;
    d = px_report_error(r->report, "C111", s->at);
    if (s->path[0] == '\0')
        diag_set(d, "this configuration has no \"%s\"", f->name);
    else
        diag_set(d, "\"%.80s\" has no \"%s\"", s->path, f->name);
    diag_help(d, "add %s", f->example);
}

static const char *joined(struct px_reading *r, const char *path, const char *name)
{
    struct buf b = arena_buf(r->arena, strlen(path) + strlen(name) + 2);

    buf_fmt(&b, "%s%s%s", path, *path == '\0' ? "" : ".", name);
    return buf_z(&b);
}

static void read_section(struct px_reading *r, const struct section *s);
static void read_map(struct px_reading *r, const struct section *s, const struct px_field *f);

static void read_inner(struct px_reading *r, const struct section *s, const struct px_field *f,
                       const struct px_node *n)
{
    struct section inner = { .path = joined(r, s->path, f->name),
                             .field = f->section,
                             .node = n,
                             .at = n == NULL ? s->at : n->key_at,
                             .base = s->base,
                             .needed = f->required || n != NULL };

    if (n != NULL && n->kind != PX_MAP) {
        diag_set(px_config_error(r, "C112", n), "\"%s\" takes a mapping, and this is %s", f->name,
                 px_node_what(n));
        return;
    }
    if (f->map)
        read_map(r, &inner, f);
    else
        read_section(r, &inner);
}

/* A secret may come as KEY or as KEY_file: the second of them, if it is there. */
static const struct px_node *twin_of(const struct section *s, const struct px_field *f)
{
    char name[64];
    struct buf b = BUF_OF(name);

    if (!f->type->secret || s->node == NULL)
        return NULL;
    buf_fmt(&b, "%s_file", f->name);
    return px_node_find(s->node, buf_z(&b));
}

static void read_field(struct px_reading *r, const struct section *s, const struct px_field *f)
{
    struct px_node *n = s->node == NULL ? NULL : px_node_find(s->node, f->name);
    const struct px_node *twin = NULL;

    if (f->type == NULL && (n == NULL || !px_node_null(n))) {
        read_inner(r, s, f, n);
        return;
    }
    if (f->type != NULL)
        twin = twin_of(s, f);
    if (n != NULL && twin != NULL)
        diag_set(px_report_error(r->report, "C122", twin->key_at),
                 "\"%s\" and \"%s\" name the same secret", f->name, twin->key);
    if (n != NULL && f->many > 0)
        read_many(r, s, f, n);
    else if (n != NULL)
        read_scalar(r, f, n, field_at(s, f->offset));
    else if (f->fallback != NULL)
        read_fallback(r, s, f);
    else if (f->required && s->needed && twin == NULL)
        missing(r, s, f);
}

static void unknown_key(struct px_reading *r, const struct section *s, const struct px_node *n)
{
    const char *word[KEYS_MAX];
    unsigned words = 0;
    const char *near;
    struct diag *d = px_report_error(r->report, "C110", n->key_at);

    for (const struct px_field *f = s->field; f->name != NULL && words < KEYS_MAX; f++)
        word[words++] = f->name;
    near = px_near(n->key, word, words);
    if (s->path[0] == '\0')
        diag_set(d, "there is no setting \"%.60s\"", n->key);
    else
        diag_set(d, "\"%.80s\" has no setting \"%.60s\"", s->path, n->key);
    if (near != NULL)
        diag_help(d, "did you mean \"%s\"?", near);
    px_node_hide(n, r->report); /* a misspelt api_key has a real value */
}

static void read_section(struct px_reading *r, const struct section *s)
{
    for (const struct px_node *n = s->node == NULL ? NULL : s->node->first; n != NULL;
         n = n->next) {
        if (!known(s, n->key))
            unknown_key(r, s, n);
    }
    for (const struct px_field *f = s->field; f->name != NULL; f++)
        read_field(r, s, f);
}

static bool good_name(const char *z)
{
    size_t n = strlen(z);

    return n <= NAME_MAX_ && *z >= 'a' && *z <= 'z' &&
           strspn(z, "abcdefghijklmnopqrstuvwxyz0123456789_-") == n;
}

static void read_provider(struct px_reading *r, const struct section *s, struct px_node *n)
{
    struct px_config *c = r->config;
    struct px_provider_config *p = &c->provider[c->providers];
    struct section inner = { joined(r, s->path, n->key), s->field, n, n->key_at, p, true };

    if (!good_name(n->key))
        diag_set(px_report_error(r->report, "C120", n->key_at),
                 "a provider cannot be called \"%.60s\"", n->key);
    if (n->kind != PX_MAP) {
        diag_set(px_config_error(r, "C112", n), "a provider is a mapping, and this is %s",
                 px_node_what(n));
        return;
    }
    p->name = n->key;
    c->providers++;
    read_section(r, &inner);
}

static void read_map(struct px_reading *r, const struct section *s, const struct px_field *f)
{
    if (s->node == NULL || s->node->first == NULL) {
        struct section above = *s;

        above.path = "";
        missing(r, &above, f);
        return;
    }
    for (struct px_node *n = s->node->first; n != NULL; n = n->next) {
        if (r->config->providers == f->many) {
            diag_set(px_report_error(r->report, "C121", n->key_at), "there are at most %u %s",
                     f->many, f->name);
            return;
        }
        read_provider(r, s, n);
    }
}

void px_config_read(struct px_reading *r, const struct px_node *root)
{
    struct section s = { "", px_schema, root, root->at, r->config, true };

    read_section(r, &s);
}

struct px_node *px_config_at(const struct px_node *root, const char *path)
{
    struct span rest = span_str(path), part;
    const struct px_node *n = root;
    struct px_node *found = NULL;
    char key[64];

    while (span_cut(&rest, '.', &part)) {
        if (n == NULL || n->kind != PX_MAP || span_copyz(part, key, sizeof key) != OK)
            return NULL;
        found = px_node_find(n, key);
        n = found;
    }
    return found;
}

static void *heap_get(void *ctx, size_t n)
{
    (void)ctx;
    return malloc(n);
}

static void heap_put(void *ctx, void *block, size_t n)
{
    (void)ctx, (void)n;
    free(block);
}

static struct px_config *config_create(void)
{
    static const struct arena_source heap = { heap_get, heap_put, NULL };
    struct px_config *c = calloc(1, sizeof *c);

    CHECK(c != NULL);
    c->store_ = calloc(1, sizeof *c->store_);
    CHECK(c->store_ != NULL);
    arena_init(&c->store_->arena, NULL, 0, &heap, ARENA_CEILING);
    return c;
}

void px_config_destroy(struct px_config *c)
{
    if (c == NULL)
        return;
    if (c->store_->secret != NULL) {
        size_t n = PX_SECRETS_MAX * sizeof *c->store_->secret;

        secret_wipe(c->store_->secret, n);
        (void)munmap(c->store_->secret, n);
    }
    arena_fini(&c->store_->arena);
    free(c->store_);
    free(c);
}

static void config_done(void *config)
{
    px_config_destroy(config);
}

enum err px_config_load(const struct px_config_sources *from, struct px_report *report,
                        struct px_config **out)
{
    struct px_config *c = config_create();
    struct px_reading r = { c, &c->store_->arena, report };
    struct px_node *root = NULL;
    enum err e = px_config_layers(from, &r, &root);

    if (e == OK) {
        c->store_->root = root;
        px_config_read(&r, root);
        px_config_check(&r, root);
        e = px_report_errors(report) > 0 ? E_SYNTAX : OK;
    }
    if (e == OK)
        *out = c;
    else
        px_report_keep(report, config_done, c);
    return e == OK || e == E_NOTFOUND ? e : E_SYNTAX;
}

enum err px_config_peek_path(const struct px_config_sources *from, const char *setting,
                             struct px_report *report, char out[4096])
{
    struct px_config *c = config_create();
    struct px_reading r = { c, &c->store_->arena, report };
    struct px_node *root = NULL, *n = NULL;
    const char *text, *path = "";
    enum err e = px_config_layers(from, &r, &root);

    if (e == OK)
        n = px_config_at(root, setting);
    if (n != NULL && n->kind == PX_LIST)
        n = n->first;
    if (n != NULL && n->kind == PX_SCALAR && !px_node_null(n)) {
        text = px_config_resolve(&r, n);
        path = text == NULL ? "" : px_config_path(&r, n, text);
    }
    if (span_copyz(span_str(path), out, 4096) != OK)
        out[0] = '\0';
    px_report_keep(report, config_done, c);
    return e;
}

enum err px_config_peek_address(const struct px_config_sources *from, const char *setting,
                                struct px_report *report, struct px_address *out)
{
    static const struct px_field field = { .name = "address" };
    struct px_config *c = config_create();
    struct px_reading r = { c, &c->store_->arena, report };
    struct px_node *root = NULL, *n = NULL;
    enum err e = px_config_layers(from, &r, &root);

    memset(out, 0, sizeof *out);
    if (e == OK)
        n = px_config_at(root, setting);
    if (n != NULL && n->kind == PX_SCALAR && !px_node_null(n) &&
        (n->resolved = px_config_resolve(&r, n)) != NULL)
        px_type_address.read(&r, &field, n, out);
    out->text = NULL; /* it dies with the tree */
    px_report_keep(report, config_done, c);
    return e;
}
