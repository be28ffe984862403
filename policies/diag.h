/* policies/diag.h -- what is wrong with a policy: all of it, each with its place and what to write.
 *
 *   broken.route:6:27: error[E101]: unknown provider `strpe`
 *       6 |   use  cheapest of adyen, strpe
 *         |                           ^^^^^
 *         = help: did you mean `stripe`?
 */
#ifndef POL_DIAG_H
#define POL_DIAG_H
#include <stdbool.h>
#include <stdint.h>

#include "routing/base/arena.h"
#include "routing/base/buf.h"
#include "routing/base/err.h"
#include "routing/base/span.h"

/* Some editors and spreadsheets put it before a text. */
#define POL_BOM "\xef\xbb\xbf"

/* One text. text[n] is a NUL. */
struct pol_source {
    const char *name;
    struct span text;
    struct pol_source *next;
};

/* Bytes of a source; line counts from 1, 0: nowhere. */
struct pol_place {
    const struct pol_source *source;
    uint32_t at, len, line;
};

unsigned pol_place_col(struct pol_place at);                           /* in characters, from 1 */
struct pol_place pol_place_to(struct pol_place a, struct pol_place b); /* from a to the end of b */
struct pol_place pol_place_start(struct pol_place at, unsigned len);   /* its first bytes */

/* X(name, "E101", what it is about, what to do) */
enum pol_code {
#define X(name, code, title, text) POL_##name,
#include "policies/codes.def"
#undef X
    POL_CODES_
};

const char *pol_code_word(enum pol_code c); /* "E101" */
const char *pol_code_title(enum pol_code c);
const char *pol_code_text(enum pol_code c);
bool pol_code_warns(enum pol_code c);
enum pol_code pol_code_find(struct span word); /* POL_CODES_ if there is none */

struct pol_finding {
    enum pol_code code;
    struct pol_place at;
    char text[280];
    char help[320];
    struct pol_finding *next;
};

enum { POL_FINDINGS_MAX = 200 };

struct pol_report {
    struct arena *arena_;
    struct pol_finding *first; /* in order of places, once pol_report_sort was called */
    unsigned errors, warnings, kept;
    bool full; /* the arena, or POL_FINDINGS_MAX: some were counted and not kept */
};

/* Findings live in a (lent until the report is no more used). */
void pol_report_init(struct pol_report *r, struct arena *a);
/* A new finding; takes what pol_say_help says next. */
struct pol_finding *pol_say(struct pol_report *r, enum pol_code code, struct pol_place at,
                            const char *fmt, ...) PRINTF_LIKE(4, 5);
void pol_say_help(struct pol_finding *f, const char *fmt, ...)
    PRINTF_LIKE(2, 3); /* NULL: nothing */
/* By source (in order of first mention), line, column. */
void pol_report_sort(struct pol_report *r);
/* As people read it, the picture above. */
void pol_finding_print(const struct pol_finding *f, bool color, struct buf *out);

/* Edits from a to b, capitals alike, a swap of neighbours counting one; never more than `cap`. */
unsigned pol_distance(struct span a, struct span b, unsigned cap);
/* For "did you mean": the nearest of the words offered, at most two edits away. */
struct pol_near {
    struct span word, best;
    unsigned distance;
};
struct pol_near pol_near_init(struct span word);
void pol_near_offer(struct pol_near *n, struct span candidate);
bool pol_near_found(const struct pol_near *n);
#endif
