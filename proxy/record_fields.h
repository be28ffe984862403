/* proxy/record_fields.h -- the simple members of a decision record, in tables that both the writer
 * and the reader go by. Private to proxy/record_*.c. */
#ifndef PX_RECORD_FIELDS_H
#define PX_RECORD_FIELDS_H
#include "proxy/record_decided.h"

enum px_rkind {
    PX_R_NUMBER,
    PX_R_HEX,  /* uint64_t as 16 hex digits; 0: unknown */
    PX_R_FLAG, /* false: left out */
    PX_R_WORD, /* an enum by its word */
    PX_R_COUNTRY,
    PX_R_CURRENCY,
    PX_R_CHARS, /* a C string in the struct; "": left out */
    PX_R_SPAN,  /* left out when empty */
    PX_R_TEXT,  /* const char *; NULL: left out */
};

struct px_rfield {
    const char *name;
    enum px_rkind kind;
    uint16_t at, size;
    bool required;                       /* written whatever it is */
    int64_t least, most;                 /* NUMBER */
    int64_t unknown;                     /* NUMBER, WORD: this is left out */
    const char *(*word)(unsigned value); /* WORD; most: the last value */
};

struct px_rtable {
    const struct px_rfield *field;
    unsigned n;
};

extern const struct px_rtable px_r_top, px_r_facts, px_r_provider, px_r_sight, px_r_cost, px_r_view,
    px_r_verdict;

/* Numbers of whatever width. */
int64_t px_r_get(const struct px_rfield *f, const void *base);
void px_r_put(const struct px_rfield *f, void *base, int64_t v);

const char *px_r_cost_why(unsigned why); /* "no_list" */
const char *px_r_reason(unsigned reason);
const char *px_r_category(unsigned category);
const char *px_r_code(unsigned code);
const char *px_r_is(unsigned is);     /* of a test: "no", "yes", "unknown" */
const char *px_r_over(unsigned over); /* "now", "5m", ... */
enum { PX_R_CATEGORIES = RT_CONFIG + 1 };
#endif
