/* proxy/csv.h -- comma-separated values (RFC 4180), one row at a time, each cell with its place.
 *
 * Takes what people have: a byte order mark, CRLF or LF, quotes with "" inside, blank lines, `;` or
 * tabs in place of commas (whichever the first line holds most of), lines that begin with #. */
#ifndef PX_CSV_H
#define PX_CSV_H
#include <stdbool.h>

#include "proxy/report.h"
#include "routing/base/span.h"

enum { PX_CSV_CELLS = 64, PX_CSV_CELL = 512 };

struct px_csv_cell {
    struct span text;  /* without quotes and outer blanks; good until the next row is read */
    unsigned col, len; /* where it stands, counted in bytes from 1 */
};

struct px_csv {
    const struct px_source *source;
    struct px_csv_cell cell[PX_CSV_CELLS];
    unsigned cells, line;
    const char *broken; /* what is wrong with this row as text; NULL: it can be read */
    unsigned broken_col;
    struct span rest_;
    unsigned next_line_;
    char sep_;
    char room_[PX_CSV_CELLS * PX_CSV_CELL]; /* cells that had quotes inside quotes */
    size_t room_n_;
};

void px_csv_open(struct px_csv *c, const struct px_source *source);
/* The next row that is neither blank nor a comment; false at the end. A row may be broken. */
bool px_csv_next(struct px_csv *c);
struct px_place px_csv_place(const struct px_csv *c, unsigned cell);
/* Does the cell name this column? Letters and digits only, without case: "Card Brand" is
 * "cardbrand". */
bool px_csv_names(struct span cell, const char *word);
#endif
