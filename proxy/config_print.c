/* proxy/config_print.c -- the configuration in effect, and the reference of all settings. */
#include <stdlib.h>
#include <string.h>

#include "proxy/config_schema.h"
#include "routing/base/check.h"
#include "routing/base/json.h"

enum { ROOM = 256 * 1024, ORIGIN_COLUMN = 60 };

struct printer {
    FILE *to;
    bool json;
    struct buf text; /* one value at a time */
    char path[256];
    unsigned depth;
    bool any; /* JSON: a comma is due */
};

static void put_origin(const struct px_node *n, struct buf *out)
{
    const struct px_source *s = n == NULL ? NULL : n->at.source;

    if (s == NULL)
        buf_str(out, "default");
    else if (s->skip > 0) /* "--set workers", "environment SIGNALBOX__WORKERS" */
        buf_fmt(out, "%s %.*s", s->name, (int)s->skip - 1, s->text.p);
    else
        buf_fmt(out, "%s:%u", s->name, n->at.line);
}

/* Secrets appear as the reference that names them; everything else as what it stands for. */
static const char *shown(const struct px_field *f, const struct px_node *n)
{
    if (n == NULL)
        return f->fallback;
    return f->type->secret || n->resolved == NULL ? n->text.p : n->resolved;
}

/* Numbers and the like stand without quotes, everything else in JSON's, which are YAML's too. */
static bool is_bare(const struct printer *p, const struct px_field *f, const char *text)
{
    if (f->type == &px_type_workers || f->type == &px_type_limit)
        return strspn(text, "0123456789") == strlen(text);
    return f->type == &px_type_flag || f->type == &px_type_count ||
           (f->type == &px_type_duration && !p->json);
}

static void put_scalar(const struct printer *p, const struct px_field *f, const struct px_node *n,
                       struct json_out *out)
{
    const char *text = shown(f, n);

    if (is_bare(p, f, text))
        json_put_raw(out, span_str(text));
    else
        json_put_z(out, text);
}

static void put_value(struct printer *p, const struct px_field *f, const struct px_node *n)
{
    struct json_out out = json_to(&p->text);

    buf_clear(&p->text);
    if (n == NULL || n->kind == PX_SCALAR) {
        put_scalar(p, f, n, &out);
    } else {
        json_open(&out, '[');
        for (const struct px_node *each = n->first; each != NULL; each = each->next)
            put_scalar(p, f, each, &out);
        json_close(&out, ']');
    }
    CHECK(buf_ok(&p->text));
}

static void print_leaf(struct printer *p, const struct px_field *f, const struct px_node *n)
{
    char room[512];
    struct buf origin = BUF_OF(room);
    struct json_out out = json_to(&p->text);

    put_origin(n, &origin);
    if (!p->json) {
        int left = (int)p->depth * 2 + (int)strlen(f->name) + 2;

        put_value(p, f, n);
        (void)fprintf(p->to, "%*s%s: %-*s # %s\n", (int)p->depth * 2, "", f->name,
                      left < ORIGIN_COLUMN ? ORIGIN_COLUMN - left : 0, buf_z(&p->text),
                      buf_z(&origin));
        return;
    }
    put_value(p, f, n);
    (void)fprintf(p->to, "%s{\"key\":\"%s%s%s\",\"value\":%s", p->any ? "," : "", p->path,
                  p->path[0] == '\0' ? "" : ".", f->name, buf_z(&p->text));
    buf_clear(&p->text);
    json_put_z(&out, buf_z(&origin));
    (void)fprintf(p->to, ",\"origin\":%s}", buf_z(&p->text));
    p->any = true;
}

static void print_section(struct printer *p, const struct px_field *fields,
                          const struct px_node *n);

/* Opens "name:" (or extends the path), prints what is inside, closes it again. */
static void print_inner(struct printer *p, const char *name, const struct px_field *fields,
                        const struct px_node *n)
{
    size_t len = strlen(p->path);

    if (!p->json)
        (void)fprintf(p->to, "%*s%s:\n", (int)p->depth * 2, "", name);
    (void)snprintf(p->path + len, sizeof p->path - len, "%s%s", len == 0 ? "" : ".", name);
    p->depth++;
    print_section(p, fields, n);
    p->depth--;
    p->path[len] = '\0';
}

/* Does the section hold anything, written or by default? */
static bool has_any(const struct px_field *fields, const struct px_node *n)
{
    for (; fields->name != NULL; fields++) {
        const struct px_node *c = n == NULL ? NULL : px_node_find(n, fields->name);

        if (c != NULL || fields->fallback != NULL ||
            (fields->section != NULL && !fields->map && has_any(fields->section, c)))
            return true;
    }
    return false;
}

static void print_map(struct printer *p, const struct px_field *f, const struct px_node *n)
{
    static const struct px_field none[] = { { .name = NULL } };

    print_inner(p, f->name, none, NULL);
    (void)snprintf(p->path, sizeof p->path, "%s", f->name);
    p->depth++;
    for (const struct px_node *each = n->first; each != NULL; each = each->next)
        print_inner(p, each->key, f->section, each);
    p->depth--;
    p->path[0] = '\0';
}

static void print_section(struct printer *p, const struct px_field *fields, const struct px_node *n)
{
    for (const struct px_field *f = fields; f->name != NULL; f++) {
        const struct px_node *c = n == NULL ? NULL : px_node_find(n, f->name);

        if (f->map)
            print_map(p, f, c);
        else if (f->section != NULL && has_any(f->section, c))
            print_inner(p, f->name, f->section, c);
        else if (f->section == NULL && (c != NULL || f->fallback != NULL))
            print_leaf(p, f, c);
    }
}

static void print(const struct px_config *c, FILE *to, bool json)
{
    char *room = malloc(ROOM);
    struct printer p = { .to = to, .json = json, .text = buf_over(room, ROOM) };

    CHECK(room != NULL);
    print_section(&p, px_schema, c->store_->root);
    free(room);
}

void px_config_print(const struct px_config *c, FILE *to)
{
    print(c, to, false);
}

void px_config_print_json(const struct px_config *c, FILE *to)
{
    (void)fputs("{\"schema\":1,\"settings\":[", to);
    print(c, to, true);
    (void)fputs("]}\n", to);
}
