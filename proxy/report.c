/* proxy/report.c */
#include "proxy/report.h"

#include <stdlib.h>
#include <string.h>

#include "routing/base/check.h"
#include "routing/base/json.h"
#include "routing/base/utf8.h"

enum { SHOWN = 160 }; /* characters of a source line */

struct finding {
    struct diag d;
    const char *code;
    struct px_place at;
    unsigned order; /* in which it was found; keeps sorting stable */
    unsigned rank;  /* of its source: texts are told in the order they were first complained of */
    bool warning;
};

struct px_report {
    struct finding finding[PX_FINDINGS_MAX];
    struct px_place hidden[PX_HIDDEN_MAX];
    unsigned findings, hiddens;
    unsigned errors, warnings; /* also those that found no room */
    struct {
        void (*done)(void *);
        void *what;
    } kept[PX_KEPT_MAX];
    unsigned kepts;
};

struct px_report *px_report_create(void)
{
    struct px_report *r = calloc(1, sizeof *r);

    CHECK(r != NULL);
    return r;
}

void px_report_destroy(struct px_report *r)
{
    if (r == NULL)
        return;
    while (r->kepts > 0) {
        r->kepts--;
        r->kept[r->kepts].done(r->kept[r->kepts].what);
    }
    free(r);
}

void px_report_keep(struct px_report *r, void (*done)(void *), void *what)
{
    CHECK(r->kepts < PX_KEPT_MAX);
    r->kept[r->kepts].done = done;
    r->kept[r->kepts++].what = what;
}

static unsigned rank_of(const struct px_report *r, const struct px_source *source)
{
    unsigned next = 0;

    for (unsigned i = 0; i < r->findings; i++) {
        if (r->finding[i].at.source == source)
            return r->finding[i].rank;
        if (r->finding[i].rank >= next)
            next = r->finding[i].rank + 1;
    }
    return next;
}

static struct diag *add(struct px_report *r, const char *code, struct px_place at, bool warning)
{
    struct finding *f;

    if (warning)
        r->warnings++;
    else
        r->errors++;
    if (r->findings == PX_FINDINGS_MAX)
        return NULL;
    f = &r->finding[r->findings];
    *f = (struct finding){ .code = code,
                           .at = at,
                           .order = r->findings,
                           .rank = rank_of(r, at.source),
                           .warning = warning };
    f->d.file = at.source == NULL ? NULL : at.source->name;
    f->d.line = at.line;
    f->d.col = at.col;
    f->d.len = at.len;
    r->findings++;
    return &f->d;
}

struct diag *px_report_error(struct px_report *r, const char *code, struct px_place at)
{
    return add(r, code, at, false);
}

struct diag *px_report_warning(struct px_report *r, const char *code, struct px_place at)
{
    return add(r, code, at, true);
}

void px_report_hide(struct px_report *r, struct px_place at)
{
    if (at.source != NULL && r->hiddens < PX_HIDDEN_MAX)
        r->hidden[r->hiddens++] = at;
}

unsigned px_report_errors(const struct px_report *r)
{
    return r->errors;
}

unsigned px_report_warnings(const struct px_report *r)
{
    return r->warnings;
}

static int by_place(const void *left, const void *right)
{
    const struct finding *a = left, *b = right;

    if (a->rank != b->rank)
        return a->rank < b->rank ? -1 : 1;
    if (a->at.line != b->at.line)
        return a->at.line < b->at.line ? -1 : 1;
    if (a->at.col != b->at.col)
        return a->at.col < b->at.col ? -1 : 1;
    return a->order < b->order ? -1 : 1;
}

static struct span line_of(const struct px_source *source, unsigned line)
{
    struct span rest = source->text, part = SPAN_NONE;

    for (unsigned i = 0; i < line; i++) {
        if (!span_cut(&rest, '\n', &part))
            return SPAN_NONE;
    }
    return part;
}

/* Is the character at this place inside something hidden? Length 0 hides to the end of the line. */
static bool is_hidden(const struct px_report *r, const struct px_source *source, unsigned line,
                      unsigned col)
{
    for (unsigned i = 0; i < r->hiddens; i++) {
        const struct px_place *h = &r->hidden[i];

        if (h->source == source && h->line == line && col >= h->col &&
            (h->len == 0 || col < h->col + h->len))
            return true;
    }
    /* with no room to remember every place, nothing is shown */
    return r->hiddens == PX_HIDDEN_MAX;
}

/* The source line as it may be shown; tabs stay so that the caret can stand right below. */
static void put_line(const struct px_report *r, const struct px_place *at, struct buf *out)
{
    struct span line = line_of(at->source, at->line);

    for (unsigned col = 1; line.n > 0; col++) {
        unsigned n = utf8_len(line.p, line.n);
        unsigned char c = (unsigned char)line.p[0];

        if (is_hidden(r, at->source, at->line, col))
            buf_byte(out, '.');
        else if (n == 0 || (c < 0x20 && c != '\t') || c == 0x7F)
            buf_byte(out, '?'); /* nothing that a terminal might obey */
        else
            buf_put(out, span_take(line, n));
        line = span_drop(line, n == 0 ? 1 : n);
        if (col == SHOWN)
            break;
    }
}

static void put_caret(const struct px_place *at, struct buf *out)
{
    struct span line = line_of(at->source, at->line);

    for (unsigned col = 1; col < at->col && col <= SHOWN; col++) {
        unsigned n = line.n == 0 ? 0 : utf8_len(line.p, line.n);

        buf_byte(out, line.n > 0 && line.p[0] == '\t' ? '\t' : ' ');
        line = span_drop(line, n == 0 ? 1 : n);
    }
    buf_byte(out, '^');
    for (unsigned i = 1; i < at->len && at->col + i <= SHOWN; i++)
        buf_byte(out, '~');
}

static void print_source(const struct px_report *r, const struct px_place *at, FILE *to)
{
    char room[4 * SHOWN + 8], under[2 * SHOWN];
    struct buf line = BUF_OF(room), caret = BUF_OF(under);

    put_line(r, at, &line);
    put_caret(at, &caret);
    (void)fprintf(to, "%5u | %s\n      | %s\n", at->line, buf_z(&line), buf_z(&caret));
}

static void print_finding(const struct px_report *r, const struct finding *f, FILE *to, bool color)
{
    const char *on = !color ? "" : f->warning ? "\033[1;33m" : "\033[1;31m";
    const char *off = color ? "\033[0m" : "";

    if (f->d.file != NULL)
        (void)fprintf(to, "%s:", f->d.file);
    if (f->d.line > 0)
        (void)fprintf(to, "%u:%u:", f->d.line, f->d.col);
    (void)fprintf(to, "%s%s%s[%s]%s: %s\n", f->d.file != NULL ? " " : "", on,
                  f->warning ? "warning" : "error", f->code, off, f->d.text);
    if (f->d.line > 0)
        print_source(r, &f->at, to);
    if (f->d.help[0] != '\0')
        (void)fprintf(to, "      = help: %s\n", f->d.help);
}

void px_report_print(struct px_report *r, FILE *to, bool color)
{
    unsigned lost = r->errors + r->warnings - r->findings;

    qsort(r->finding, r->findings, sizeof *r->finding, by_place);
    for (unsigned i = 0; i < r->findings; i++)
        print_finding(r, &r->finding[i], to, color);
    if (lost > 0)
        (void)fprintf(to, "and %u more\n", lost);
}

static void put_json(const struct finding *f, struct json_out *json)
{
    json_open(json, '{');
    json_member_z(json, "code", f->code);
    json_member_z(json, "severity", f->warning ? "warning" : "error");
    json_member_z(json, "file", f->d.file);
    json_member_i64(json, "line", f->d.line);
    json_member_i64(json, "column", f->d.col);
    json_member_z(json, "message", f->d.text);
    json_member_z(json, "help", f->d.help[0] == '\0' ? NULL : f->d.help);
    json_close(json, '}');
}

void px_report_print_json(struct px_report *r, FILE *to)
{
    static const size_t each = 32768; /* a path name of 4096 bytes, all of them escaped, and more */
    size_t cap = each * (r->findings + 1);
    char *room = malloc(cap);
    struct buf out = buf_over(room, cap);
    struct json_out json = json_to(&out);

    CHECK(room != NULL);
    qsort(r->finding, r->findings, sizeof *r->finding, by_place);
    json_open(&json, '{');
    json_member_i64(&json, "schema", 1);
    json_member_bool(&json, "ok", r->errors == 0);
    json_member_i64(&json, "errors", r->errors);
    json_member_i64(&json, "warnings", r->warnings);
    json_name(&json, "findings");
    json_open(&json, '[');
    for (unsigned i = 0; i < r->findings; i++)
        put_json(&r->finding[i], &json);
    json_close(&json, ']');
    json_close(&json, '}');
    CHECK(buf_ok(&out));
    (void)fprintf(to, "%s\n", buf_z(&out));
    free(room);
}
