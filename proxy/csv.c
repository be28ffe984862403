/* proxy/csv.c */
#include "proxy/csv.h"

#include <ctype.h>
#include <string.h>

static char guess(struct span text)
{
    static const char seps[] = ",;\t|";
    unsigned count[sizeof seps] = { 0 };
    unsigned best = 0;

    for (size_t i = 0; i < text.n && text.p[i] != '\n'; i++) {
        const char *at = text.p[i] == '\0' ? NULL : strchr(seps, text.p[i]);

        if (at != NULL)
            count[at - seps]++;
    }
    for (unsigned i = 1; seps[i] != '\0'; i++) {
        if (count[i] > count[best])
            best = i;
    }
    return seps[best];
}

void px_csv_open(struct px_csv *c, const struct px_source *source)
{
    c->source = source;
    c->rest_ = source->text;
    if (span_starts(c->rest_, "\xef\xbb\xbf"))
        c->rest_ = span_drop(c->rest_, 3);
    c->next_line_ = 1;
    c->line = c->cells = 0;
    c->broken = NULL;
    c->sep_ = guess(c->rest_);
}

static void break_row(struct px_csv *c, const char *why, size_t col)
{
    if (c->broken == NULL) {
        c->broken = why;
        c->broken_col = (unsigned)col + 1;
    }
}

static void add(struct px_csv *c, struct span text, size_t col, size_t len)
{
    if (c->cells == PX_CSV_CELLS) {
        break_row(c, "too many columns", col);
        return;
    }
    c->cell[c->cells++] = (struct px_csv_cell){ span_trim(text), (unsigned)col + 1, (unsigned)len };
}

/* The cell that begins with a quote at `at` of the line; gives where it ends. */
static size_t quoted(struct px_csv *c, struct span line, size_t at)
{
    size_t i = at + 1, from = c->room_n_;

    for (; i < line.n; i++) {
        if (line.p[i] == '"' && (i + 1 == line.n || line.p[i + 1] != '"'))
            break;
        if (line.p[i] == '"')
            i++;
        if (c->room_n_ < sizeof c->room_)
            c->room_[c->room_n_++] = line.p[i];
        else
            break_row(c, "too long a row", at);
    }
    if (i >= line.n)
        break_row(c, "a quote that does not end on its line", at);
    add(c, (struct span){ c->room_ + from, c->room_n_ - from }, at, i + 1 - at);
    return i < line.n ? i + 1 : line.n;
}

static void split(struct px_csv *c, struct span line)
{
    size_t at = 0;

    c->cells = 0;
    c->room_n_ = 0;
    c->broken = NULL;
    for (;;) {
        size_t end = at;

        while (end < line.n && (line.p[end] == ' '))
            end++;
        if (end < line.n && line.p[end] == '"') {
            end = quoted(c, line, end);
            while (end < line.n && line.p[end] == ' ')
                end++;
            if (end < line.n && line.p[end] != c->sep_)
                break_row(c, "text behind a closing quote", end);
            while (end < line.n && line.p[end] != c->sep_)
                end++;
        } else {
            while (end < line.n && line.p[end] != c->sep_)
                end++;
            add(c, (struct span){ line.p + at, end - at }, at, end - at);
        }
        if (end >= line.n)
            return;
        at = end + 1;
    }
}

bool px_csv_next(struct px_csv *c)
{
    struct span line;

    while (c->rest_.n > 0 && span_cut(&c->rest_, '\n', &line)) {
        c->line = c->next_line_++;
        if (line.n > 0 && line.p[line.n - 1] == '\r')
            line.n--;
        if (span_trim(line).n == 0 || line.p[0] == '#')
            continue;
        split(c, line);
        return true;
    }
    return false;
}

struct px_place px_csv_place(const struct px_csv *c, unsigned cell)
{
    struct px_place p = { .source = c->source, .line = c->line, .col = 1, .len = 1 };

    if (cell < c->cells) {
        p.col = c->cell[cell].col;
        p.len = c->cell[cell].len == 0 ? 1 : c->cell[cell].len;
    }
    return p;
}

bool px_csv_names(struct span cell, const char *word)
{
    size_t at = 0;

    for (size_t i = 0; i < cell.n; i++) {
        if (!isalnum((unsigned char)cell.p[i]))
            continue;
        if (word[at] == '\0' || tolower((unsigned char)cell.p[i]) != word[at])
            return false;
        at++;
    }
    return at > 0 && word[at] == '\0';
}
