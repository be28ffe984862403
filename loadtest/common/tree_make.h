/* loadtest/common/tree_make.h -- private to tree*.c: how nodes come to be. */
#ifndef LT_TREE_MAKE_H
#define LT_TREE_MAKE_H
#include "loadtest/common/tree.h"

/* A new last child of parent (NULL: the root); NULL when the tree is full. */
struct lt_node *lt_tree_add(struct lt_tree *t, struct lt_node *parent, enum lt_kind kind);
/* Remembers the first error; always false. */
bool lt_tree_fail(struct lt_tree *t, const char *why, size_t at);
#endif
