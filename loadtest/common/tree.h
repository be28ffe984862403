/* loadtest/common/tree.h -- a small tree of what a body says: JSON or a bracketed form.
 *
 * Test equipment, and on purpose not routing/base/json.h: the simulator judges what the gateway
 * writes, so the two must not share a reader. Strict: duplicate names, invalid UTF-8, lone
 * surrogates, a BOM, bytes behind the value, `%` without two hex digits and so on are errors. */
#ifndef LT_TREE_H
#define LT_TREE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "routing/base/span.h"

enum { LT_TREE_NODES = 600, LT_TREE_DEPTH = 24 };

enum lt_kind { LT_NULL, LT_BOOL, LT_NUMBER, LT_STRING, LT_OBJECT, LT_ARRAY };

struct lt_node {
    struct span name;           /* of the member; none for array items */
    struct span text;           /* strings unescaped, numbers as written, "true"/"false" */
    uint16_t child, next, last; /* 0: none (the root is nobody's child) */
    uint8_t kind;
    bool index; /* form: the name was an array index, "[0]" or "[]" */
};

struct lt_tree {
    uint16_t nodes;
    const char *why; /* static text of the first error */
    size_t at;       /* and its offset */
    struct lt_node node[LT_TREE_NODES];
};

/* Reads text[0..n), which is changed (unescaped in place) and lent for as long as the tree is
 * used. False with why and at set. */
bool lt_tree_json(struct lt_tree *t, char *text, size_t n);
/* application/x-www-form-urlencoded with names like a[b][0][c]. The root is an object. */
bool lt_tree_form(struct lt_tree *t, char *text, size_t n);

const struct lt_node *lt_root(const struct lt_tree *t);
const struct lt_node *lt_child(const struct lt_tree *t, const struct lt_node *of);
const struct lt_node *lt_next(const struct lt_tree *t, const struct lt_node *of);
/* The member of that name; NULL if absent or `of` is NULL or no object. */
const struct lt_node *lt_get(const struct lt_tree *t, const struct lt_node *of, const char *name);
/* The member's text, or SPAN_NONE. */
struct span lt_text(const struct lt_tree *t, const struct lt_node *of, const char *name);
/* A whole number without fraction or exponent; false if absent or anything else. */
bool lt_i64(const struct lt_tree *t, const struct lt_node *of, const char *name, int64_t *out);
bool lt_f64(const struct lt_tree *t, const struct lt_node *of, const char *name, double *out);
bool lt_bool(const struct lt_tree *t, const struct lt_node *of, const char *name, bool otherwise);

bool lt_utf8(struct span s);
#endif
