/* proxy/table.c -- libsmartcols behind proxy/table.h. */
#include "proxy/table.h"

#include <langinfo.h>
#include <libsmartcols.h>
#include <locale.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "routing/base/check.h"

enum { WIDTH_MAX = 100, WIDTH_MIN = 40, CELL_MAX = 512 };

struct px_table {
    struct libscols_table *t;
    struct libscols_line *line;
    size_t at;
};

/* ---- looks ---- */

static bool said(const char *variable)
{
    const char *v = getenv(variable);

    return v != NULL && *v != '\0';
}

/* The library measures in the locale's characters; one that is ASCII would show "\xe2" for a dot.
 */
static bool take_locale(void)
{
    return setlocale(LC_CTYPE, "") != NULL && strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

void px_look_at(FILE *to, struct px_look *out)
{
    const char *term = getenv("TERM");
    struct winsize w;

    *out = (struct px_look){ .width = WIDTH_MAX, .utf8 = take_locale() };
    out->terminal = isatty(fileno(to)) == 1;
    out->color = out->terminal && !said("NO_COLOR") && term != NULL && strcmp(term, "dumb") != 0;
    if (out->terminal && ioctl(fileno(to), TIOCGWINSZ, &w) == 0 && w.ws_col >= WIDTH_MIN &&
        w.ws_col < WIDTH_MAX)
        out->width = w.ws_col;
}

const char *px_look_sign(const struct px_look *l, enum px_tone t)
{
    switch (t) {
    case PX_FINE: return l->utf8 ? "\u25CF" : "o";
    case PX_UNEASY: return l->utf8 ? "\u25B2" : "^";
    case PX_BAD: return l->utf8 ? "\u25A0" : "#";
    case PX_PLAIN:
    case PX_DIM: break;
    }
    return "";
}

static const char *color_of(enum px_tone t)
{
    switch (t) {
    case PX_FINE: return "\033[32m";
    case PX_UNEASY: return "\033[33m";
    case PX_BAD: return "\033[1;31m";
    case PX_DIM: return "\033[2m";
    case PX_PLAIN: break;
    }
    return "";
}

const char *px_look_on(const struct px_look *l, enum px_tone t)
{
    return l->color ? color_of(t) : "";
}

const char *px_look_off(const struct px_look *l)
{
    return l->color ? "\033[0m" : "";
}

/* ---- tables ---- */

struct px_table *px_table_create(const struct px_table_column *column)
{
    struct px_table *t = calloc(1, sizeof *t);

    CHECK(t != NULL);
    (void)take_locale();
    t->t = scols_new_table();
    CHECK(t->t != NULL);
    for (; column->head != NULL; column++) {
        int flags = (column->right ? SCOLS_FL_RIGHT : 0) | (column->cut ? SCOLS_FL_TRUNC : 0);

        CHECK(scols_table_new_column(t->t, column->head, 0.0, flags) != NULL);
    }
    return t;
}

void px_table_destroy(struct px_table *t)
{
    if (t == NULL)
        return;
    scols_unref_table(t->t);
    free(t);
}

void px_table_row(struct px_table *t)
{
    t->line = scols_table_new_line(t->t, NULL);
    t->at = 0;
    CHECK(t->line != NULL);
}

void px_table_cell(struct px_table *t, enum px_tone tone, const char *fmt, ...)
{
    struct libscols_cell *cell = scols_line_get_cell(t->line, t->at++);
    char text[CELL_MAX];
    va_list ap;

    CHECK(cell != NULL);
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    for (char *p = text; *p != '\0'; p++) {
        if ((unsigned char)*p < ' ' || *p == 0x7F)
            *p = '?';
    }
    CHECK(scols_cell_set_data(cell, text) == 0);
    if (tone != PX_PLAIN)
        CHECK(scols_cell_set_color(cell, color_of(tone)) == 0);
}

void px_table_print(struct px_table *t, const struct px_look *l, FILE *to)
{
    CHECK(scols_table_set_stream(t->t, to) == 0);
    CHECK(scols_table_enable_colors(t->t, l->color) == 0);
    CHECK(scols_table_set_termforce(t->t, SCOLS_TERMFORCE_ALWAYS) == 0);
    CHECK(scols_table_set_termwidth(t->t, l->width) == 0);
    CHECK(scols_table_enable_noencoding(t->t, 1) == 0);
    (void)scols_print_table(t->t);
}
