/* proxy/config_layers.c -- the file, conf.d, the environment and --set, one over the other. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proxy/config_schema.h"
#include "routing/base/check.h"

static struct px_source *source_new(struct px_reading *r, const char *name, const char *dir,
                                    struct span text)
{
    struct px_source *s = ARENA_NEW(r->arena, struct px_source);

    CHECK(s != NULL); /* the arena is far bigger than all limits together */
    *s = (struct px_source){ .name = name, .dir = dir, .text = text };
    return s;
}

static const char *copy(struct px_reading *r, struct span s)
{
    const char *z = arena_str(r->arena, s);

    CHECK(z != NULL);
    return z;
}

/* The folder of a path: "a/b" of "a/b/c", "." of "c". */
static const char *folder(struct px_reading *r, const char *path)
{
    const char *slash = strrchr(path, '/');

    if (slash == NULL)
        return ".";
    return slash == path ? "/" : copy(r, (struct span){ path, (size_t)(slash - path) });
}

static bool slurp(int fd, struct px_reading *r, struct span *text)
{
    enum { ROOM = PX_YAML_BYTES + 1 };
    char *bytes = malloc(ROOM);
    size_t n = 0;
    ssize_t got = 0;

    CHECK(bytes != NULL);
    while (n < ROOM && (got = read(fd, bytes + n, ROOM - n)) != 0) {
        if (got < 0 && errno != EINTR)
            break;
        n += got > 0 ? (size_t)got : 0;
    }
    text->p = got < 0 ? NULL : copy(r, (struct span){ bytes, n });
    text->n = n;
    free(bytes);
    return got >= 0;
}

/* A file's tree; E_NOTFOUND after telling that it cannot be read. */
static enum err read_file(struct px_reading *r, const char *path, struct px_node **out)
{
    struct px_source *s = source_new(r, copy(r, span_str(path)), folder(r, path), SPAN_NONE);
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0 || !slurp(fd, r, &s->text)) {
        struct diag *d = px_report_error(r->report, "C102", (struct px_place){ s, 0, 0, 0 });

        diag_set(d, "%s", strerror(errno));
        if (fd >= 0)
            (void)close(fd);
        return E_NOTFOUND;
    }
    (void)close(fd);
    return px_yaml_read(s, r->arena, r->report, out);
}

/* Lays over on top of base: mappings are merged, everything else is replaced in its place. */
static void lay_over(struct px_node *base, struct px_node *over)
{
    struct px_node *next;

    for (struct px_node *n = over->first; n != NULL; n = next) {
        struct px_node **slot = &base->first;

        next = n->next;
        while (*slot != NULL && strcmp((*slot)->key, n->key) != 0)
            slot = &(*slot)->next;
        if (*slot != NULL && (*slot)->kind == PX_MAP && n->kind == PX_MAP) {
            lay_over(*slot, n);
        } else {
            n->next = *slot == NULL ? NULL : (*slot)->next;
            *slot = n;
        }
    }
}

static enum err add_file(struct px_reading *r, const char *path, struct px_node *root)
{
    struct px_node *over = NULL;
    enum err e = read_file(r, path, &over);

    if (e != OK)
        return e;
    if (over->kind != PX_MAP) {
        diag_set(px_config_error(r, "C112", over), "a configuration is a mapping, and this is %s",
                 px_node_what(over));
        return E_SYNTAX;
    }
    if (root->at.line == 0)
        root->at = over->at;
    lay_over(root, over);
    return OK;
}

static int is_yaml(const struct dirent *e)
{
    size_t n = strlen(e->d_name);

    return e->d_name[0] != '.' && n > 5 && strcmp(e->d_name + n - 5, ".yaml") == 0;
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static enum err add_folder(struct px_reading *r, const char *file, struct px_node *root)
{
    const char *dir = folder(r, file);
    struct buf b = arena_buf(r->arena, strlen(dir) + sizeof "/conf.d");
    struct dirent **entry = NULL;
    enum err result = OK;
    int n;

    buf_fmt(&b, "%s/conf.d", dir);
    n = scandir(buf_z(&b), &entry, is_yaml, by_bytes);
    for (int i = 0; i < n; i++) {
        struct buf path = arena_buf(r->arena, b.n + strlen(entry[i]->d_name) + 2);
        enum err e;

        buf_fmt(&path, "%s/%s", b.p, entry[i]->d_name);
        e = add_file(r, buf_z(&path), root);
        result = result == OK ? e : result;
        free(entry[i]);
    }
    free(entry);
    return result;
}

/* The value of an override: a list, mapping or text in quotes if it reads as one, else the bytes
 * as they are, so that --set listen.admin.address=[::1]:9000 needs no second pair of quotes. */
static struct px_node *override_value(struct px_reading *r, struct px_source *s)
{
    struct span value = span_drop(s->text, s->skip);
    struct px_node *n = NULL;

    if (value.n > 0 && strchr("[{\"'", value.p[0]) != NULL) {
        struct px_report *scratch = px_report_create();
        bool fine = px_yaml_read(s, r->arena, scratch, &n) == OK && px_report_errors(scratch) == 0;

        px_report_destroy(scratch);
        if (fine)
            return n;
    }
    n = ARENA_NEW(r->arena, struct px_node);
    CHECK(n != NULL);
    *n = (struct px_node){ .kind = PX_SCALAR,
                           .plain = true,
                           .text = value,
                           .at = { s, 1, s->skip + 1, (unsigned)value.n },
                           .end_line = 1 };
    return n;
}

static bool same_key(const char *a, const char *b, bool from_environment)
{
    if (!from_environment)
        return strcmp(a, b) == 0;
    for (; *a != '\0' && *b != '\0'; a++, b++) {
        char x = *a == '-' ? '_' : *a, y = *b == '-' ? '_' : *b;

        if (x >= 'A' && x <= 'Z')
            x = (char)(x + ('a' - 'A'));
        if (y >= 'A' && y <= 'Z')
            y = (char)(y + ('a' - 'A'));
        if (x != y)
            return false;
    }
    return *a == *b;
}

/* One part of an override's key as the tree spells it already, or in small letters. */
static const char *spelled(struct px_reading *r, const struct px_node *map, struct span part,
                           bool from_environment)
{
    char *z = arena_str(r->arena, part);

    CHECK(z != NULL);
    for (const struct px_node *n = map->first; n != NULL; n = n->next) {
        if (same_key(n->key, z, from_environment))
            return n->key;
    }
    for (char *c = z; from_environment && *c != '\0'; c++) {
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c + ('a' - 'A'));
    }
    return z;
}

/* The key's next part; "__" parts the environment's, "." the others'. */
static bool next_part(struct span *key, bool from_environment, struct span *part)
{
    const char *sep = from_environment ? "__" : ".";
    const char *at;

    if (key->p == NULL)
        return false;
    at = memmem(key->p, key->n, sep, strlen(sep));
    *part = at == NULL ? *key : (struct span){ key->p, (size_t)(at - key->p) };
    *key = at == NULL ? SPAN_NONE : span_drop(*key, part->n + strlen(sep));
    return true;
}

static void put_override(struct px_reading *r, struct px_node *map, struct span key,
                         struct px_source *s, bool from_environment)
{
    struct px_node **slot, *value = override_value(r, s);
    struct span part;

    while (next_part(&key, from_environment, &part)) {
        struct px_place at = { s, 1, (unsigned)(part.p - s->text.p) + 1, (unsigned)part.n };
        const char *name = spelled(r, map, part, from_environment);
        struct px_node *n;

        for (slot = &map->first; *slot != NULL && strcmp((*slot)->key, name) != 0;)
            slot = &(*slot)->next;
        if (key.p != NULL && *slot != NULL && (*slot)->kind == PX_MAP) {
            map = *slot;
            continue;
        }
        n = key.p == NULL ? value : ARENA_NEW(r->arena, struct px_node);
        CHECK(n != NULL);
        if (key.p != NULL)
            *n = (struct px_node){ .kind = PX_MAP, .at = at, .end_line = 1 };
        n->key = name;
        n->key_at = at;
        n->next = *slot == NULL ? NULL : (*slot)->next;
        *slot = n;
        map = n;
    }
}

static void add_set(struct px_reading *r, const char *set, struct px_node *root)
{
    struct px_source *s = source_new(r, "--set", ".", span_str(copy(r, span_str(set))));
    const char *equals = strchr(s->text.p, '=');
    struct diag *d;

    if (equals == NULL || equals == s->text.p) {
        d = px_report_error(r->report, "C150", (struct px_place){ s, 1, 1, (unsigned)s->text.n });
        diag_set(d, "--set takes KEY=VALUE");
        diag_help(d, "--set workers=2");
        return;
    }
    s->skip = (unsigned)(equals + 1 - s->text.p);
    put_override(r, root, span_take(s->text, s->skip - 1), s, false);
}

static void add_environment(struct px_reading *r, const char *entry, struct px_node *root)
{
    static const char prefix[] = "SIGNALBOX__";
    struct span key = span_str(entry);
    struct px_source *s;
    const char *equals = strchr(entry, '=');

    if (!span_starts(key, prefix) || equals == NULL)
        return;
    s = source_new(r, "environment", ".", span_str(copy(r, key)));
    s->skip = (unsigned)(equals + 1 - entry);
    key = span_drop(span_take(s->text, s->skip - 1), sizeof prefix - 1);
    put_override(r, root, key, s, true);
}

enum err px_config_layers(const struct px_config_sources *from, struct px_reading *r,
                          struct px_node **root)
{
    struct px_node *n = ARENA_NEW(r->arena, struct px_node);
    enum err e = OK;

    CHECK(n != NULL);
    n->kind = PX_MAP;
    if (from->file != NULL) {
        e = add_file(r, from->file, n);
        if (e == OK)
            e = add_folder(r, from->file, n);
    }
    for (char **entry = from->environment; entry != NULL && *entry != NULL; entry++)
        add_environment(r, *entry, n);
    for (unsigned i = 0; i < from->sets; i++)
        add_set(r, from->set[i], n);
    *root = n;
    return e;
}
