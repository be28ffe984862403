/* proxy/record_reader.h -- one reading of one decision record. Private to proxy/record_*.c. */
#ifndef PX_RECORD_READER_H
#define PX_RECORD_READER_H
#include "proxy/record_fields.h"
#include "routing/base/json.h"

struct px_reader {
    struct json j;
    struct arena *arena;
    struct px_decided *d;
    struct diag *why;
    enum err e;           /* the first error; all that follows is false */
    struct span later[2]; /* verdict, plan: they name providers, which may stand behind them */
};

/* Tell what is wrong, once; false. */
bool px_r_bad(struct px_reader *r, enum err e, const char *member, const char *what);
bool px_r_odd(struct px_reader *r, const char *member);

/* The current value; false once an error was told. */
bool px_r_take_i64(struct px_reader *r, const char *member, int64_t least, int64_t most,
                   int64_t *out);
bool px_r_take_word(struct px_reader *r, const char *member, unsigned n,
                    const char *(*word)(unsigned), unsigned *out);
bool px_r_take_hex(struct px_reader *r, const char *member, uint64_t *out);
bool px_r_take_text(struct px_reader *r, const char *member, const char **out);

/* What a member is that the line does not have. */
void px_r_set_unknown(struct px_rtable t, void *base);
/* An object's next member, unless it ends. */
bool px_r_next_member(struct px_reader *r, const char *object);
/* The current member, if it stands in the table. */
bool px_r_take_from(struct px_reader *r, struct px_rtable t, void *base, uint32_t *seen,
                    bool *taken);
bool px_r_all_seen(struct px_reader *r, struct px_rtable t, uint32_t seen);
bool px_r_skip(struct px_reader *r);
bool px_r_is_object(struct px_reader *r, const char *member);
/* An object that is nothing but its table. */
bool px_r_take_object(struct px_reader *r, const char *member, struct px_rtable t, void *base);

bool px_r_open_array(struct px_reader *r, const char *member);
/* Another element? After an error there is none. */
bool px_r_next_element(struct px_reader *r, const char *member);
/* [a, b, ...]: the caller stands on the inner array and takes one after the other. */
bool px_r_open_inner(struct px_reader *r, const char *member);
bool px_r_close_inner(struct px_reader *r, const char *member);
bool px_r_room(struct px_reader *r, unsigned n, unsigned most, const char *member);

/* record_plan.c; the providers are read. */
bool px_r_find_provider(struct px_reader *r, const char *member, unsigned *out);
bool px_r_take_verdict(struct px_reader *r);
bool px_r_take_plan(struct px_reader *r);
#endif
