/* policies/diag.c */
#include "policies/diag.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "routing/base/utf8.h"

enum { SHOWN = 160 }; /* characters of a source line */

static const struct {
    const char *word, *title, *text;
} codes[] = {
#define X(name, code, title, text) { code, title, text },
#include "policies/codes.def"
#undef X
};

const char *pol_code_word(enum pol_code c)
{
    return codes[c].word;
}

const char *pol_code_title(enum pol_code c)
{
    return codes[c].title;
}

const char *pol_code_text(enum pol_code c)
{
    return codes[c].text;
}

bool pol_code_warns(enum pol_code c)
{
    return codes[c].word[0] == 'W';
}

enum pol_code pol_code_find(struct span word)
{
    unsigned c = 0;

    while (c < POL_CODES_ && !span_is(word, codes[c].word))
        c++;
    return (enum pol_code)c;
}

/* ---- places ---- */

static uint32_t line_start(struct pol_place at)
{
    uint32_t i = at.at;

    while (i > 0 && at.source->text.p[i - 1] != '\n')
        i--;
    return i == 0 && at.at >= sizeof POL_BOM - 1 && span_starts(at.source->text, POL_BOM)
               ? sizeof POL_BOM - 1
               : i;
}

unsigned pol_place_col(struct pol_place at)
{
    unsigned col = 1;

    for (uint32_t i = line_start(at); i < at.at; i++)
        col += ((unsigned char)at.source->text.p[i] & 0xC0) != 0x80;
    return col;
}

struct pol_place pol_place_to(struct pol_place a, struct pol_place b)
{
    if (a.source == b.source && b.at + b.len > a.at)
        a.len = b.at + b.len - a.at;
    return a;
}

struct pol_place pol_place_start(struct pol_place at, unsigned len)
{
    at.len = len < at.len ? len : at.len;
    return at;
}

/* ---- the report ---- */

void pol_report_init(struct pol_report *r, struct arena *a)
{
    *r = (struct pol_report){ .arena_ = a };
}

struct pol_finding *pol_say(struct pol_report *r, enum pol_code code, struct pol_place at,
                            const char *fmt, ...)
{
    struct pol_finding *f, **end = &r->first;
    va_list ap;

    if (pol_code_warns(code))
        r->warnings++;
    else
        r->errors++;
    f = r->kept < POL_FINDINGS_MAX ? ARENA_NEW(r->arena_, struct pol_finding) : NULL;
    if (f == NULL) {
        r->full = true;
        return NULL;
    }
    f->code = code;
    f->at = at;
    va_start(ap, fmt);
    (void)vsnprintf(f->text, sizeof f->text, fmt, ap);
    va_end(ap);
    while (*end != NULL)
        end = &(*end)->next;
    *end = f;
    r->kept++;
    return f;
}

void pol_say_help(struct pol_finding *f, const char *fmt, ...)
{
    va_list ap;

    if (f == NULL)
        return;
    va_start(ap, fmt);
    (void)vsnprintf(f->help, sizeof f->help, fmt, ap);
    va_end(ap);
}

static bool before(const struct pol_finding *a, const struct pol_finding *b)
{
    if (a->at.source != b->at.source) /* later sources were pushed in front */
        return false;
    return a->at.at < b->at.at;
}

/* Insertion: the list is short, and stable order is what people expect. Findings of one source are
 * brought together behind the first of them. */
void pol_report_sort(struct pol_report *r)
{
    struct pol_finding *rest = r->first, *sorted = NULL;

    while (rest != NULL) {
        struct pol_finding *f = rest, **p = &sorted, **group = NULL;

        rest = rest->next;
        for (; *p != NULL; p = &(*p)->next) {
            if ((*p)->at.source != f->at.source)
                continue;
            if (before(f, *p))
                break;
            group = &(*p)->next;
        }
        if (*p == NULL && group != NULL)
            p = group;
        f->next = *p;
        *p = f;
    }
    r->first = sorted;
}

/* ---- the picture ---- */

static struct span line_of(struct pol_place at)
{
    uint32_t start = line_start(at), end = start;

    while (end < at.source->text.n && at.source->text.p[end] != '\n')
        end++;
    return (struct span){ at.source->text.p + start, end - start };
}

/* Nothing that a terminal might obey; tabs stay, so that the caret can stand below. */
static void put_line(struct span line, struct buf *out)
{
    for (unsigned shown = 0; line.n > 0 && shown < SHOWN; shown++) {
        unsigned n = utf8_len(line.p, line.n);
        unsigned char c = (unsigned char)line.p[0];

        if (n == 0 || (c < 0x20 && c != '\t') || c == 0x7F)
            buf_byte(out, '?');
        else
            buf_put(out, span_take(line, n));
        line = span_drop(line, n == 0 ? 1 : n);
    }
}

static void put_caret(struct pol_place at, struct span line, struct buf *out)
{
    unsigned col = pol_place_col(at), len = 0;
    struct span rest = line;

    for (unsigned i = 1; i < col && i <= SHOWN; i++) {
        unsigned n = rest.n == 0 ? 0 : utf8_len(rest.p, rest.n);

        buf_byte(out, rest.n > 0 && rest.p[0] == '\t' ? '\t' : ' ');
        rest = span_drop(rest, n == 0 ? (rest.n > 0) : n);
    }
    for (uint32_t i = 0; i < at.len && i < rest.n; i++)
        len += ((unsigned char)rest.p[i] & 0xC0) != 0x80;
    buf_byte(out, '^');
    for (unsigned i = 1; i < len && col + i <= SHOWN; i++)
        buf_byte(out, '^');
}

void pol_finding_print(const struct pol_finding *f, bool color, struct buf *out)
{
    bool warns = pol_code_warns(f->code);
    const char *on = !color ? "" : warns ? "\033[1;33m" : "\033[1;31m";

    if (f->at.source != NULL)
        buf_fmt(out, "%s:", f->at.source->name);
    if (f->at.line > 0)
        buf_fmt(out, "%u:%u:", f->at.line, pol_place_col(f->at));
    buf_fmt(out, "%s%s%s[%s]%s: %s\n", f->at.source != NULL ? " " : "", on,
            warns ? "warning" : "error", pol_code_word(f->code), color ? "\033[0m" : "", f->text);
    if (f->at.line > 0) {
        buf_fmt(out, "%5u | ", f->at.line);
        put_line(line_of(f->at), out);
        buf_str(out, "\n      | ");
        put_caret(f->at, line_of(f->at), out);
        buf_byte(out, '\n');
    }
    if (f->help[0] != '\0')
        buf_fmt(out, "      = help: %s\n", f->help);
}
