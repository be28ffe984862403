/* policies/print_inside.h -- what the files of the printer know of each other; for them only.
 *
 *   print.c         items, and the whole file
 *   print_line.c    lines, words, comments, values
 *   print_cond.c    conditions
 *   print_expect.c  expects */
#ifndef POL_PRINT_INSIDE_H
#define POL_PRINT_INSIDE_H
#include "policies/print.h"

enum { POL_WIDE = 100 };

struct pol_printer {
    struct buf *out;
    const struct pol_comment *comment; /* the next to be printed */
    unsigned col;                      /* characters in the current line */
    bool any;                          /* something was printed */
};

/* print_line.c */
void pol_put(struct pol_printer *p, struct span s);
void pol_put_z(struct pol_printer *p, const char *z);
void pol_put_end(struct pol_printer *p); /* of the line, if there is one */
void pol_put_indent(struct pol_printer *p, unsigned n);
/* Comments that stand before byte `at`: behind the line they were behind, or on lines of their
 * own. */
void pol_put_comments(struct pol_printer *p, uint32_t at, unsigned n);
/* A clause on a line of its own: its word, blanks up to the column of what follows. */
void pol_put_clause(struct pol_printer *p, uint32_t at, const char *word, unsigned column);
void pol_put_quoted(struct pol_printer *p, struct pol_word w);
void pol_put_words(struct pol_printer *p, const struct pol_words *w);
void pol_put_value(struct pol_printer *p, const struct pol_value *v);
unsigned pol_put_width(const struct pol_value *v);
/* Values, wrapped at the margin under the first. */
void pol_put_values(struct pol_printer *p, const struct pol_value *v);

/* print_cond.c; nested: in parentheses if it is more than a test */
void pol_put_cond(struct pol_printer *p, const struct pol_cond *c, bool nested);
void pol_put_salt(struct pol_printer *p, struct pol_word w);

/* print.c */
void pol_put_shares(struct pol_printer *p, const struct pol_share *s);

/* print_expect.c */
void pol_put_expect(struct pol_printer *p, const struct pol_expect *e);
#endif
