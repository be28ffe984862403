/* proxy/report.h -- what is wrong with somebody's text, all of it, each with its place.
 *
 *   signalbox.yaml:12:5: error[C110]: unknown key "adress"
 *      12 |     adress: "[::]:8443"
 *         |     ^~~~~~
 *         = help: did you mean "address"?
 */
#ifndef PX_REPORT_H
#define PX_REPORT_H
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "routing/base/buf.h"
#include "routing/base/span.h"

/* A text that findings point into. Lent; outlives the report. */
struct px_source {
    const char *name; /* as people call it: "signalbox.yaml", "--set" */
    const char *dir;  /* what relative paths in it are relative to */
    struct span text;
    unsigned skip;     /* bytes of its first line in front of what was parsed: "--set" keys */
    int64_t changed_s; /* when the file was last changed, seconds since 1970; 0: unknown */
};

/* line and col count from 1, col and len in characters; line 0: the source as a whole. */
struct px_place {
    const struct px_source *source; /* NULL: nowhere */
    unsigned line, col, len;
};

enum { PX_FINDINGS_MAX = 100, PX_HIDDEN_MAX = 64, PX_KEPT_MAX = 16 };

struct px_report;
struct px_report *px_report_create(void); /* CHECKs allocation */
void px_report_destroy(struct px_report *r);

/* A new finding to be told with diag_set and diag_help; NULL past PX_FINDINGS_MAX, which those
 * take. code: static, "C110". */
struct diag *px_report_error(struct px_report *r, const char *code, struct px_place at);
struct diag *px_report_warning(struct px_report *r, const char *code, struct px_place at);
/* What stands there is (or may be) a secret: source lines show dots instead; len 0: to the end of
 * the line. */
void px_report_hide(struct px_report *r, struct px_place at);

/* What the findings point into and nobody else needs any more: done(what) is called with the end of
 * the report. What was loaded without error stays with its owner, which must outlive the report. */
void px_report_keep(struct px_report *r, void (*done)(void *), void *what);

unsigned px_report_errors(const struct px_report *r);
unsigned px_report_warnings(const struct px_report *r);
/* In the order of places. */
void px_report_print(struct px_report *r, FILE *to, bool color);
/* {"schema":1,"ok":false,"errors":1,"warnings":0,"findings":[{"code":...}]} and a newline */
void px_report_print_json(struct px_report *r, FILE *to);
#endif
