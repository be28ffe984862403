/* loadtest/common/tree.c -- the nodes; tree_json.c and tree_form.c fill them. */
#include "loadtest/common/tree.h"

#include <stdlib.h>
#include <string.h>

#include "loadtest/common/tree_make.h"

struct lt_node *lt_tree_add(struct lt_tree *t, struct lt_node *parent, enum lt_kind kind)
{
    struct lt_node *n;
    uint16_t i = t->nodes;

    if (i == LT_TREE_NODES)
        return NULL;
    n = &t->node[t->nodes++];
    *n = (struct lt_node){ .kind = (uint8_t)kind };
    if (parent == NULL)
        return n;
    if (parent->child == 0)
        parent->child = i;
    else
        t->node[parent->last].next = i;
    parent->last = i;
    return n;
}

bool lt_tree_fail(struct lt_tree *t, const char *why, size_t at)
{
    if (t->why == NULL) {
        t->why = why;
        t->at = at;
    }
    return false;
}

const struct lt_node *lt_root(const struct lt_tree *t)
{
    return &t->node[0];
}

const struct lt_node *lt_child(const struct lt_tree *t, const struct lt_node *of)
{
    return of == NULL || of->child == 0 ? NULL : &t->node[of->child];
}

const struct lt_node *lt_next(const struct lt_tree *t, const struct lt_node *of)
{
    return of->next == 0 ? NULL : &t->node[of->next];
}

const struct lt_node *lt_get(const struct lt_tree *t, const struct lt_node *of, const char *name)
{
    const struct lt_node *n;

    if (of == NULL || of->kind != LT_OBJECT)
        return NULL;
    for (n = lt_child(t, of); n != NULL; n = lt_next(t, n)) {
        if (span_is(n->name, name))
            return n;
    }
    return NULL;
}

struct span lt_text(const struct lt_tree *t, const struct lt_node *of, const char *name)
{
    const struct lt_node *n = lt_get(t, of, name);

    return n == NULL || n->kind == LT_NULL ? SPAN_NONE : n->text;
}

bool lt_i64(const struct lt_tree *t, const struct lt_node *of, const char *name, int64_t *out)
{
    const struct lt_node *n = lt_get(t, of, name);

    return n != NULL && n->kind == LT_NUMBER && span_i64(n->text, out) == OK;
}

bool lt_f64(const struct lt_tree *t, const struct lt_node *of, const char *name, double *out)
{
    const struct lt_node *n = lt_get(t, of, name);
    char z[32];

    if (n == NULL || n->kind != LT_NUMBER || span_copyz(n->text, z, sizeof z) != OK)
        return false;
    *out = strtod(z, NULL);
    return true;
}

bool lt_bool(const struct lt_tree *t, const struct lt_node *of, const char *name, bool otherwise)
{
    const struct lt_node *n = lt_get(t, of, name);

    return n != NULL && (n->kind == LT_BOOL || n->kind == LT_STRING) ? span_is(n->text, "true")
                                                                     : otherwise;
}

/* How many bytes the character at p takes, 0 if it is none (RFC 3629: no overlong forms, no
 * surrogates, nothing above U+10FFFF). */
static size_t utf8_length(const unsigned char *p, size_t n)
{
    unsigned char first = p[0], second;
    size_t need = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;

    if (need < 2 || need > n || first > 0xf4)
        return need == 1 ? 1 : 0;
    second = p[1];
    if (second > 0xbf || second < 0x80 || (first == 0xe0 && second < 0xa0) ||
        (first == 0xed && second > 0x9f) || (first == 0xf0 && second < 0x90) ||
        (first == 0xf4 && second > 0x8f))
        return 0;
    for (size_t i = 2; i < need; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    }
    return need;
}

bool lt_utf8(struct span s)
{
    const unsigned char *p = (const unsigned char *)s.p;
    size_t left = s.n, step;

    while (left > 0) {
        if ((step = utf8_length(p, left)) == 0)
            return false;
        p += step;
        left -= step;
    }
    return true;
}
