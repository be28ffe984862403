/* proxy/yaml.c */
#include "proxy/yaml.h"

#include <libfyaml.h>
#include <stdlib.h>
#include <string.h>

#include "routing/base/check.h"
#include "routing/base/utf8.h"

struct reading {
    const struct px_source *source;
    struct arena *arena;
    struct px_report *report;
    struct fy_parser *parser;
    unsigned depth, nodes;
};

static struct px_place place(const struct reading *y, unsigned line, unsigned col, unsigned len)
{
    return (struct px_place){ y->source, line, line == 1 ? col + y->source->skip : col, len };
}

/* Where an event stands; a value that was left out stands at the end of what came before. */
static struct px_place place_of(const struct reading *y, struct fy_event *e, struct px_place before,
                                unsigned *end_line)
{
    const struct fy_mark *from = fy_event_start_mark(e), *to = fy_event_end_mark(e);
    unsigned len = 0, quote = 0;

    *end_line = before.line;
    if (from == NULL || to == NULL)
        return before;
    if (e->type == FYET_SCALAR) {
        enum fy_scalar_style style = fy_token_scalar_style(e->scalar.value);

        quote = style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED;
    }
    *end_line = (unsigned)to->line + 1;
    if (from->line == to->line)
        len = (unsigned)(to->column - from->column) + 2 * quote;
    return place(y, (unsigned)from->line + 1, (unsigned)from->column + 1 - quote, len);
}

static struct px_node *node_new(struct reading *y, enum px_node_kind kind, struct px_place at)
{
    struct px_node *n = y->nodes < PX_YAML_NODES ? ARENA_NEW(y->arena, struct px_node) : NULL;

    y->nodes++;
    if (n == NULL) {
        diag_set(px_report_error(y->report, "C105", at), "this text is too big");
        return NULL;
    }
    n->kind = kind;
    n->at = at;
    return n;
}

static enum err refuse(struct reading *y, struct px_place at, const char *what)
{
    struct diag *d = px_report_error(y->report, "C104", at);

    diag_set(d, "%s has no meaning in this configuration", what);
    diag_help(d, "write the value out where it is needed");
    return E_SYNTAX;
}

static enum err refuse_extras(struct reading *y, struct fy_event *e, struct px_place at)
{
    struct fy_token *anchor = NULL, *tag = NULL;

    if (e->type == FYET_SCALAR) {
        anchor = e->scalar.anchor;
        tag = e->scalar.tag;
    } else if (e->type == FYET_MAPPING_START) {
        anchor = e->mapping_start.anchor;
        tag = e->mapping_start.tag;
    } else if (e->type == FYET_SEQUENCE_START) {
        anchor = e->sequence_start.anchor;
        tag = e->sequence_start.tag;
    }
    if (anchor != NULL)
        return refuse(y, at, "an anchor (&)");
    return tag != NULL ? refuse(y, at, "a tag (!)") : OK;
}

static enum err read_node(struct reading *y, struct fy_event *e, struct px_place before,
                          struct px_node **out);

static enum err read_scalar(struct reading *y, struct fy_event *e, struct px_node *n)
{
    size_t len = 0;
    const char *text = fy_token_get_text(e->scalar.value, &len);

    n->plain = fy_token_scalar_style(e->scalar.value) == FYSS_PLAIN;
    n->text.p = arena_str(y->arena, (struct span){ text, text == NULL ? 0 : len });
    n->text.n = text == NULL ? 0 : len;
    if (n->text.p == NULL)
        return E_LIMIT;
    if (memchr(n->text.p, '\0', n->text.n) != NULL) {
        diag_set(px_report_error(y->report, "C105", n->at), "a text with a NUL character in it");
        return E_SYNTAX;
    }
    return OK;
}

/* Told, and left out, so that one run tells of everything. */
static void duplicate(struct reading *y, const struct px_node *first, const struct px_node *key,
                      const struct px_node *value)
{
    struct diag *d = px_report_error(y->report, "C103", key->at);

    diag_set(d, "\"%.60s\" stands here for the second time", first->key);
    diag_help(d, "the first is on line %u: keep one of them", first->key_at.line);
    px_node_hide(value, y->report); /* nobody will look whether it is a secret */
}

/* The key that e is; its text goes to *key. */
static enum err read_key(struct reading *y, struct fy_event *e, const struct px_node *map,
                         struct px_node **key)
{
    enum err err = read_node(y, e, map->at, key);

    if (err != OK)
        return err;
    if ((*key)->kind != PX_SCALAR || (*key)->text.n == 0) {
        diag_set(px_report_error(y->report, "C104", (*key)->at), "a key must be a word");
        return E_SYNTAX;
    }
    return OK;
}

static struct fy_event *next_event(struct reading *y)
{
    return fy_parser_parse(y->parser);
}

/* The next event inside a mapping or list; NULL at its end and when there is none, *err then says
 * which. */
static struct fy_event *next_inside(struct reading *y, enum fy_event_type end, enum err *err)
{
    struct fy_event *e = next_event(y);

    *err = e == NULL ? E_SYNTAX : OK;
    if (e != NULL && e->type == end) {
        fy_parser_event_free(y->parser, e);
        return NULL;
    }
    return e;
}

static enum err read_map(struct reading *y, struct px_node *map)
{
    struct px_node **tail = &map->first;
    struct fy_event *e;
    enum err err;

    while ((e = next_inside(y, FYET_MAPPING_END, &err)) != NULL) {
        struct px_node *key = NULL, *value = NULL;
        const struct px_node *twin;

        if ((err = read_key(y, e, map, &key)) != OK)
            return err;
        if ((err = read_node(y, next_event(y), key->at, &value)) != OK)
            return err;
        twin = px_node_find(map, key->text.p);
        if (twin != NULL) {
            duplicate(y, twin, key, value);
            continue;
        }
        value->key = key->text.p;
        value->key_at = key->at;
        map->end_line = value->end_line;
        *tail = value;
        tail = &value->next;
    }
    return err;
}

static enum err read_list(struct reading *y, struct px_node *list)
{
    struct px_node **tail = &list->first;
    struct fy_event *e;
    enum err err;

    while ((e = next_inside(y, FYET_SEQUENCE_END, &err)) != NULL) {
        if ((err = read_node(y, e, list->at, tail)) != OK)
            return err;
        list->end_line = (*tail)->end_line;
        tail = &(*tail)->next;
    }
    return err;
}

static enum px_node_kind kind_of(const struct fy_event *e)
{
    if (e->type == FYET_MAPPING_START)
        return PX_MAP;
    return e->type == FYET_SEQUENCE_START ? PX_LIST : PX_SCALAR;
}

static enum err read_inside(struct reading *y, struct px_node *n)
{
    enum err err;

    if (n->kind == PX_SCALAR)
        return OK;
    if (y->depth == PX_YAML_DEPTH) {
        diag_set(px_report_error(y->report, "C105", n->at), "nested too deeply");
        return E_LIMIT;
    }
    y->depth++;
    err = n->kind == PX_MAP ? read_map(y, n) : read_list(y, n);
    y->depth--;
    return err;
}

/* Reads the node that begins with e, and frees e. */
static enum err read_node(struct reading *y, struct fy_event *e, struct px_place before,
                          struct px_node **out)
{
    struct px_node *n = NULL;
    unsigned end_line;
    struct px_place at;
    enum err err;

    if (e == NULL)
        return E_SYNTAX; /* libfyaml has told why */
    at = place_of(y, e, before, &end_line);
    err = e->type == FYET_ALIAS ? refuse(y, at, "an alias (*)") : refuse_extras(y, e, at);
    if (err == OK && (n = node_new(y, kind_of(e), at)) == NULL)
        err = E_LIMIT;
    if (err == OK && n->kind == PX_SCALAR)
        err = read_scalar(y, e, n);
    fy_parser_event_free(y->parser, e);
    if (err != OK)
        return err;
    n->end_line = end_line;
    *out = n;
    return read_inside(y, n);
}

static enum err second_document(struct reading *y, struct px_place at)
{
    struct diag *d = px_report_error(y->report, "C105", at);

    diag_set(d, "a second document begins after this one");
    diag_help(d, "keep one document a file; further files go to conf.d/");
    return E_SYNTAX;
}

/* stream start, document start, the node, document end, stream end */
static enum err read_stream(struct reading *y, struct px_node **root)
{
    struct px_place top = place(y, 1, 1, 0);
    unsigned documents = 0;
    struct fy_event *e;

    while ((e = next_event(y)) != NULL) {
        enum fy_event_type type = e->type;
        enum err err = OK;

        if (type == FYET_DOCUMENT_START && documents++ > 0)
            err = second_document(y, top);
        if (type == FYET_SCALAR || type == FYET_MAPPING_START || type == FYET_SEQUENCE_START ||
            type == FYET_ALIAS)
            err = read_node(y, e, top, root);
        else
            fy_parser_event_free(y->parser, e);
        if (err != OK)
            return err;
        if (type == FYET_STREAM_END)
            return OK;
    }
    return E_SYNTAX;
}

static void be_quiet(struct fy_diag *diag, void *user, const char *text, size_t n)
{
    (void)diag, (void)user, (void)text, (void)n;
}

/* The line with a syntax error, if a secret may be on it: nobody will get to look. */
static void hide_secrets(const struct reading *y, struct px_place at)
{
    static const char *const words[] = { "key", "secret", "token", "password" };
    struct span rest = y->source->text, line = SPAN_NONE;

    for (unsigned i = 0; i < at.line; i++) {
        if (!span_cut(&rest, '\n', &line))
            return;
    }
    for (size_t i = 0; i < line.n; i++) {
        for (size_t w = 0; w < sizeof words / sizeof *words; w++) {
            struct span here = span_take(span_drop(line, i), strlen(words[w]));

            if (span_is_nocase(here, words[w]))
                px_report_hide(y->report, place(y, at.line, (unsigned)(i + here.n) + 1, 0));
        }
    }
}

/* What libfyaml found wrong; it gives up at the first thing. */
static void tell(struct reading *y, struct fy_diag *diag)
{
    void *iter = NULL;
    struct fy_diag_error *why = fy_diag_errors_iterate(diag, &iter);
    unsigned line = why == NULL || why->line < 1 ? 0 : (unsigned)why->line;
    unsigned col = why == NULL || why->column < 1 ? 1 : (unsigned)why->column;
    struct px_place at = place(y, line, col, 1);
    struct diag *d = px_report_error(y->report, "C101", at);

    diag_set(d, "%s", why == NULL ? "this is not YAML" : why->msg);
    if (memmem(y->source->text.p, y->source->text.n, " [::", 4) != NULL)
        diag_help(d, "an IPv6 address needs quotes: \"[::]:8443\"");
    hide_secrets(y, at);
}

/* libfyaml stops without a word at bytes that are no text; we have one. */
static enum err check_text(const struct px_source *source, struct px_report *r)
{
    struct span s = source->text;
    struct px_place at = { source, 1, 1, 1 };

    if (s.n > PX_YAML_BYTES) {
        diag_set(px_report_error(r, "C105", (struct px_place){ source, 0, 0, 0 }),
                 "longer than %d bytes", PX_YAML_BYTES);
        return E_LIMIT;
    }
    while (s.n > 0) {
        unsigned n = utf8_len(s.p, s.n);
        unsigned char c = (unsigned char)s.p[0];

        if (n == 0 || (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7F) {
            diag_set(px_report_error(r, "C101", at), "byte 0x%02X is not text (UTF-8)", c);
            return E_SYNTAX;
        }
        at.col++;
        if (c == '\n')
            at = (struct px_place){ source, at.line + 1, 1, 1 };
        s = span_drop(s, n);
    }
    return OK;
}

static enum err parse(struct reading *y, struct fy_diag *diag, struct px_node **root)
{
    struct span text = span_drop(y->source->text, y->source->skip);
    unsigned before = px_report_errors(y->report);
    enum err err;

    if (fy_parser_set_string(y->parser, text.p, text.n) != 0)
        return E_NOMEM;
    err = read_stream(y, root);
    if (err != OK && px_report_errors(y->report) == before)
        tell(y, diag);
    return err;
}

enum err px_yaml_read(const struct px_source *source, struct arena *a, struct px_report *r,
                      struct px_node **root)
{
    struct reading y = { .source = source, .arena = a, .report = r };
    struct fy_diag_cfg quiet;
    struct fy_parse_cfg cfg = { .flags = FYPCF_COLLECT_DIAG | FYPCF_DEFAULT_VERSION_1_2 |
                                         FYPCF_JSON_NONE };
    struct px_node *got = NULL;
    enum err err = check_text(source, r);

    if (err != OK)
        return err;
    fy_diag_cfg_default(&quiet);
    quiet.fp = NULL;
    quiet.output_fn = be_quiet;
    cfg.diag = fy_diag_create(&quiet);
    CHECK(cfg.diag != NULL);
    fy_diag_set_collect_errors(cfg.diag, true);
    y.parser = fy_parser_create(&cfg);
    CHECK(y.parser != NULL);
    err = parse(&y, cfg.diag, &got);
    fy_parser_destroy(y.parser);
    fy_diag_destroy(cfg.diag);
    if (err == OK && (got == NULL || px_node_null(got)))
        got = node_new(&y, PX_MAP, place(&y, 1, 1, 0));
    if (err == OK && got == NULL)
        err = E_LIMIT;
    if (err == OK)
        *root = got;
    return err;
}

struct px_node *px_node_find(const struct px_node *map, const char *key)
{
    for (struct px_node *n = map->first; n != NULL; n = n->next) {
        if (n->key != NULL && strcmp(n->key, key) == 0)
            return n;
    }
    return NULL;
}

bool px_node_null(const struct px_node *n)
{
    return n->kind == PX_SCALAR && n->plain &&
           (n->text.n == 0 || span_is(n->text, "~") || span_is_nocase(n->text, "null"));
}

const char *px_node_what(const struct px_node *n)
{
    switch (n->kind) {
    case PX_MAP: return "a mapping";
    case PX_LIST: return "a list";
    case PX_SCALAR: break;
    }
    if (px_node_null(n))
        return "nothing";
    if (!n->plain)
        return "a text in quotes";
    if (span_is(n->text, "true") || span_is(n->text, "false"))
        return "true or false";
    return strspn(n->text.p, "0123456789.+-eE") == n->text.n ? "a number" : "a text";
}

void px_node_hide(const struct px_node *n, struct px_report *r)
{
    struct px_place at = n->at;

    if (n->end_line > at.line || n->kind != PX_SCALAR)
        at.len = 0; /* from where it begins; block scalars and mappings: all their lines */
    px_report_hide(r, at);
    while (at.line < n->end_line) {
        at.line++;
        at.col = 1;
        px_report_hide(r, at);
    }
}
