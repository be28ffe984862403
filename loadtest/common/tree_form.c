/* loadtest/common/tree_form.c -- application/x-www-form-urlencoded with bracketed names.
 *
 * a[b][0][c]=x becomes {a:{b:[{c:x}]}}; the way Stripe's servers read it. A name given twice, an
 * index out of order and a name that is both a value and an object are errors. */
#include <string.h>

#include "loadtest/common/tree_make.h"

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 32;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* In place; never gets longer. False for a broken %XX, a control character or broken UTF-8. */
static bool unquote(char *p, size_t n, struct span *out)
{
    char *to = p;
    size_t i = 0;

    while (i < n) {
        if (p[i] == '%') {
            int high = n - i > 2 ? hex(p[i + 1]) : -1, low = n - i > 2 ? hex(p[i + 2]) : -1;

            if (high < 0 || low < 0)
                return false;
            *to++ = (char)(high * 16 + low);
            i += 3;
        } else {
            if ((unsigned char)p[i] <= 0x20 || (unsigned char)p[i] >= 0x7f)
                return false;
            *to++ = p[i] == '+' ? ' ' : p[i];
            i++;
        }
    }
    *out = (struct span){ p, (size_t)(to - p) };
    return lt_utf8(*out);
}

static bool is_index(struct span s)
{
    uint64_t v;

    return s.n == 0 || span_u64(s, &v) == OK;
}

static struct lt_node *named(struct lt_tree *t, struct lt_node *of, struct span name)
{
    for (uint16_t i = of->child; i != 0; i = t->node[i].next) {
        if (span_eq(t->node[i].name, name))
            return &t->node[i];
    }
    return NULL;
}

/* Indexes count up from 0 without gaps; [] always appends. */
static bool index_fits(const struct lt_tree *t, const struct lt_node *of, struct span part)
{
    uint64_t want = 0, have;

    for (const struct lt_node *n = lt_child(t, of); n != NULL; n = lt_next(t, n))
        want++;
    return part.n == 0 || (span_u64(part, &have) == OK && have == want);
}

/* The node called `part` inside `of`, made if there is none. NULL with why set. */
static struct lt_node *step(struct lt_tree *t, struct lt_node *of, struct span part, bool bracket)
{
    struct lt_node *n = part.n > 0 ? named(t, of, part) : NULL;
    bool index = bracket && is_index(part);

    if (n != NULL)
        return n;
    if (of->kind == LT_STRING || (of->child != 0 && t->node[of->child].index != index)) {
        t->why = "a name is both a value and a list or object";
        return NULL;
    }
    if (index && !index_fits(t, of, part)) {
        t->why = "list index out of order";
        return NULL;
    }
    if ((n = lt_tree_add(t, of, LT_NULL)) == NULL) {
        t->why = "too many parameters";
        return NULL;
    }
    of->kind = index ? LT_ARRAY : LT_OBJECT;
    n->name = part;
    n->index = index;
    return n;
}

/* Cuts "[x]" off the front of *rest; false if it is not there. */
static bool bracket(struct span *rest, struct span *part)
{
    const char *end;

    if (rest->n < 2 || rest->p[0] != '[' || (end = memchr(rest->p, ']', rest->n)) == NULL)
        return false;
    *part = (struct span){ rest->p + 1, (size_t)(end - rest->p) - 1 };
    *rest = span_drop(*rest, (size_t)(end - rest->p) + 1);
    return memchr(part->p, '[', part->n) == NULL;
}

static struct lt_node *walk(struct lt_tree *t, struct span name)
{
    const char *open = memchr(name.p, '[', name.n);
    size_t head = open == NULL ? name.n : (size_t)(open - name.p);
    struct span rest = span_drop(name, head), part = span_take(name, head);
    struct lt_node *n;
    unsigned depth = 0;

    if (head == 0 || memchr(part.p, ']', part.n) != NULL) {
        t->why = "bad parameter name";
        return NULL;
    }
    n = step(t, &t->node[0], part, false);
    while (n != NULL && rest.n > 0) {
        if (!bracket(&rest, &part) || ++depth == LT_TREE_DEPTH) {
            t->why = "bad parameter name";
            return NULL;
        }
        n = step(t, n, part, true);
    }
    return n;
}

static bool pair(struct lt_tree *t, char *p, size_t n)
{
    char *equals = memchr(p, '=', n);
    struct span name, value;
    struct lt_node *node;

    if (equals == NULL || !unquote(p, (size_t)(equals - p), &name) ||
        !unquote(equals + 1, n - (size_t)(equals - p) - 1, &value)) {
        t->why = "bad percent encoding or byte in the form";
        return false;
    }
    if ((node = walk(t, name)) == NULL)
        return false;
    if (node->kind != LT_NULL) {
        t->why = "a parameter is given twice";
        return false;
    }
    node->kind = LT_STRING;
    node->text = value;
    return true;
}

bool lt_tree_form(struct lt_tree *t, char *text, size_t n)
{
    size_t at = 0;

    t->nodes = 0;
    t->why = NULL;
    t->at = 0;
    (void)lt_tree_add(t, NULL, LT_OBJECT);
    while (at < n) {
        char *end = memchr(text + at, '&', n - at);
        size_t len = end == NULL ? n - at : (size_t)(end - (text + at));

        t->at = at;
        if (!pair(t, text + at, len))
            return false;
        at += len + 1;
    }
    return n == 0 || text[n - 1] != '&' || lt_tree_fail(t, "empty parameter", n);
}
