/* proxy/adapters/pick.h -- a few fields out of an answer, in one walk over the whole text.
 *
 * Half an answer is no answer: nothing is picked out of a text that is not one well-formed JSON
 * object to its last byte. */
#ifndef PX_PICK_H
#define PX_PICK_H
#include <stdbool.h>
#include <stdint.h>

#include "routing/base/arena.h"
#include "routing/base/json.h"
#include "routing/base/span.h"

enum { PX_PICK_DEPTH = 6, PX_PICKS_MAX = 64 };

/* Member names from the root inwards; "[]" is the first element of an array. */
struct px_pick {
    const char *path[PX_PICK_DEPTH];
};

/* What stood there. Zeroed: nothing did, or null. text: a string without its escapes, a number as
 * written, an object or array from bracket to bracket. */
struct px_value {
    enum json_tok tok; /* JSON_ERROR: absent */
    struct span text;
};

/* Fills out[n], where out[i] belongs to pick[i]. False if body is not one JSON object, or the arena
 * is full. Results point into body or a. */
bool px_pick(struct span body, const struct px_pick *pick, unsigned n, struct arena *a,
             struct px_value *out);

/* The next element of an array that px_pick found; *rest starts as its text. */
bool px_pick_element(struct span *rest, struct span *element);

bool px_value_there(const struct px_value *f);
struct span px_value_str(const struct px_value *f);        /* SPAN_NONE unless a string */
struct span px_value_word(const struct px_value *f);       /* a string, or a number as written */
bool px_value_i64(const struct px_value *f, int64_t *out); /* false unless an integer */
bool px_value_bool(const struct px_value *f, bool *out);   /* false unless true or false */
bool px_value_is(const struct px_value *f, const char *z); /* a string that equals z */
#endif
