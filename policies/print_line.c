/* policies/print_line.c -- lines, words, comments and values, as a policy is laid out. */
#include "policies/print_inside.h"

/* ---- lines, words and comments ---- */

void pol_put(struct pol_printer *p, struct span s)
{
    buf_put(p->out, s);
    for (size_t i = 0; i < s.n; i++)
        p->col += ((unsigned char)s.p[i] & 0xC0) != 0x80;
}

void pol_put_z(struct pol_printer *p, const char *z)
{
    pol_put(p, span_str(z));
}

void pol_put_end(struct pol_printer *p)
{
    if (p->col > 0)
        buf_byte(p->out, '\n');
    p->col = 0;
}

void pol_put_indent(struct pol_printer *p, unsigned n)
{
    pol_put_end(p);
    for (; n > 0; n--)
        pol_put_z(p, " ");
}

/* Comments that stand before byte `at`: behind the line they were behind, or on lines of their
 * own. */
void pol_put_comments(struct pol_printer *p, uint32_t at, unsigned n)
{
    for (; p->comment != NULL && p->comment->at.at < at; p->comment = p->comment->next) {
        if (!p->comment->own_line && p->col > 0) {
            pol_put_z(p, "  ");
        } else {
            pol_put_indent(p, n);
        }
        pol_put(p, p->comment->text);
        pol_put_end(p);
    }
}

/* A clause on a line of its own: its word, blanks up to the column of what follows. */
void pol_put_clause(struct pol_printer *p, uint32_t at, const char *word, unsigned column)
{
    pol_put_comments(p, at, 2);
    pol_put_indent(p, 2);
    pol_put_z(p, word);
    while (p->col < column)
        pol_put_z(p, " ");
}

void pol_put_quoted(struct pol_printer *p, struct pol_word w)
{
    pol_put_z(p, "\"");
    pol_put(p, w.text);
    pol_put_z(p, "\"");
}

void pol_put_words(struct pol_printer *p, const struct pol_words *w)
{
    for (; w != NULL; w = w->next) {
        pol_put(p, w->word.text);
        if (w->next != NULL)
            pol_put_z(p, ", ");
    }
}

/* ---- values ---- */

void pol_put_value(struct pol_printer *p, const struct pol_value *v)
{
    if (v->kind == POL_V_TEXT)
        pol_put_z(p, "\"");
    pol_put(p, v->text);
    if (v->kind == POL_V_TEXT)
        pol_put_z(p, "\"");
    if (v->kind == POL_V_PERCENT)
        pol_put_z(p, "%");
    if (v->kind == POL_V_MONEY || v->kind == POL_V_RANGE) {
        pol_put_z(p, v->kind == POL_V_MONEY ? " " : "..");
        pol_put(p, v->second);
    }
}

unsigned pol_put_width(const struct pol_value *v)
{
    return (unsigned)(v->text.n + v->second.n) + 3;
}

/* Values, wrapped at the margin under the first. */
void pol_put_values(struct pol_printer *p, const struct pol_value *v)
{
    unsigned left = p->col, first = 1;

    for (; v != NULL; v = v->next, first = 0) {
        if (!first && p->col + pol_put_width(v) > POL_WIDE)
            pol_put_indent(p, left);
        else if (!first)
            pol_put_z(p, " ");
        pol_put_value(p, v);
    }
}
