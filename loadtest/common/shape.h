/* loadtest/common/shape.h -- which members a body may have, as data. */
#ifndef LT_SHAPE_H
#define LT_SHAPE_H
#include "loadtest/common/tree.h"

enum lt_type {
    LT_T_TEXT,  /* a string */
    LT_T_INT,   /* a whole number; in forms: decimal digits with an optional minus */
    LT_T_BOOL,  /* in forms: "true" or "false" */
    LT_T_OBJ,   /* an object of the given shape */
    LT_T_TEXTS, /* a list of strings */
    LT_T_PAIRS, /* an object of strings */
    LT_T_ANY,   /* whatever it is */
};

struct lt_shape {
    const char *name; /* NULL ends the list */
    enum lt_type type;
    bool must;
    const struct lt_shape *in; /* LT_T_OBJ */
};

enum lt_misfit { LT_FITS, LT_UNKNOWN, LT_TYPE, LT_MISSING };

struct lt_shape_bad {
    enum lt_misfit misfit;
    enum lt_type wanted;
    char path[200]; /* "source.number", in forms "card[number]" */
};

/* Does the object have this shape? JSON null counts as absent, as the providers treat it. Writes
 * the first misfit. */
bool lt_shape_fits(const struct lt_tree *t, const struct lt_node *object,
                   const struct lt_shape *shape, bool form, struct lt_shape_bad *bad);
#endif
