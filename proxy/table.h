/* proxy/table.h -- tables for people: columns that fit, words first, colour only beside them.
 *
 * At most 100 columns wide, or as wide as the terminal if that is narrower. No colour when NO_COLOR
 * is set or the output is no terminal; plain ASCII when the locale's characters are not UTF-8. */
#ifndef PX_TABLE_H
#define PX_TABLE_H
#include <stdbool.h>
#include <stdio.h>

#include "routing/base/err.h"

/* What something is like; never told by colour alone: the words say it, too. */
enum px_tone { PX_PLAIN, PX_FINE, PX_UNEASY, PX_BAD, PX_DIM };

/* How output looks there. */
struct px_look {
    bool terminal, color, utf8;
    unsigned width;
};
void px_look_at(FILE *to, struct px_look *out);
/* One sign for the tone ("●", "▲", "■"; "o", "^", "#"), and the colour around text. */
const char *px_look_sign(const struct px_look *l, enum px_tone t);
const char *px_look_on(const struct px_look *l, enum px_tone t); /* "" without colour */
const char *px_look_off(const struct px_look *l);

struct px_table_column {
    const char *head; /* NULL ends */
    bool right;       /* numbers */
    bool cut;         /* may be cut short when there is no room */
};
struct px_table;
struct px_table *px_table_create(const struct px_table_column *column); /* CHECKs memory */
/* A row; then its cells from left to right. Text is copied; control characters are shown as "?". */
void px_table_row(struct px_table *t);
void px_table_cell(struct px_table *t, enum px_tone tone, const char *fmt, ...) PRINTF_LIKE(3, 4);
void px_table_print(struct px_table *t, const struct px_look *l, FILE *to);
void px_table_destroy(struct px_table *t);
#endif
