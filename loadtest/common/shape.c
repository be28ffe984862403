/* loadtest/common/shape.c */
#include "loadtest/common/shape.h"

#include "routing/base/buf.h"

struct check {
    const struct lt_tree *t;
    bool form;
    struct lt_shape_bad *bad;
};

struct place {
    const struct place *up;
    struct span name;
};

static void path_put(const struct check *c, const struct place *at, struct buf *b)
{
    bool nested = at->up != NULL;

    if (nested)
        path_put(c, at->up, b);
    if (nested)
        buf_byte(b, c->form ? '[' : '.');
    buf_put(b, at->name);
    if (nested && c->form)
        buf_byte(b, ']');
}

static bool misfit(const struct check *c, const struct place *at, enum lt_misfit m,
                   enum lt_type wanted)
{
    struct buf b = BUF_OF(c->bad->path);

    c->bad->misfit = m;
    c->bad->wanted = wanted;
    b.cap--;
    path_put(c, at, &b);
    c->bad->path[b.n] = 0;
    return false;
}

static bool object_fits(const struct check *c, const struct lt_node *n,
                        const struct lt_shape *shape, const struct place *at);

static bool all_text(const struct check *c, const struct lt_node *n, enum lt_kind outer)
{
    if (n->kind != outer)
        return false;
    for (const struct lt_node *i = lt_child(c->t, n); i != NULL; i = lt_next(c->t, i)) {
        if (i->kind != LT_STRING)
            return false;
    }
    return true;
}

static bool whole(const struct check *c, const struct lt_node *n)
{
    int64_t v;

    return n->kind == (c->form ? LT_STRING : LT_NUMBER) && span_i64(n->text, &v) == OK;
}

static bool truth(const struct check *c, const struct lt_node *n)
{
    return c->form ? n->kind == LT_STRING && (span_is(n->text, "true") || span_is(n->text, "false"))
                   : n->kind == LT_BOOL;
}

static bool scalar_fits(const struct check *c, const struct lt_node *n, enum lt_type want)
{
    switch (want) {
    case LT_T_TEXT: return n->kind == LT_STRING;
    case LT_T_INT: return whole(c, n);
    case LT_T_BOOL: return truth(c, n);
    case LT_T_TEXTS: return all_text(c, n, LT_ARRAY);
    case LT_T_PAIRS: return all_text(c, n, LT_OBJECT);
    case LT_T_OBJ: return n->kind == LT_OBJECT;
    case LT_T_ANY: break;
    }
    return true;
}

static bool member_fits(const struct check *c, const struct lt_node *n, const struct lt_shape *s,
                        const struct place *at)
{
    if (n->kind == LT_NULL && !c->form)
        return true;
    if (!scalar_fits(c, n, s->type))
        return misfit(c, at, LT_TYPE, s->type);
    return s->type != LT_T_OBJ || object_fits(c, n, s->in, at);
}

static const struct lt_shape *shape_find(const struct lt_shape *shape, struct span name)
{
    for (; shape->name != NULL; shape++) {
        if (span_is(name, shape->name))
            return shape;
    }
    return NULL;
}

static bool object_fits(const struct check *c, const struct lt_node *object,
                        const struct lt_shape *shape, const struct place *up)
{
    for (const struct lt_node *n = lt_child(c->t, object); n != NULL; n = lt_next(c->t, n)) {
        const struct lt_shape *s = shape_find(shape, n->name);
        struct place at = { up, n->name };

        if (s == NULL)
            return misfit(c, &at, LT_UNKNOWN, LT_T_ANY);
        if (!member_fits(c, n, s, &at))
            return false;
    }
    for (const struct lt_shape *s = shape; s->name != NULL; s++) {
        const struct lt_node *n = s->must ? lt_get(c->t, object, s->name) : NULL;
        struct place at = { up, span_str(s->name) };

        if (s->must && (n == NULL || n->kind == LT_NULL))
            return misfit(c, &at, LT_MISSING, s->type);
    }
    return true;
}

bool lt_shape_fits(const struct lt_tree *t, const struct lt_node *object,
                   const struct lt_shape *shape, bool form, struct lt_shape_bad *bad)
{
    struct check c = { t, form, bad };

    bad->misfit = LT_FITS;
    bad->path[0] = 0;
    return object_fits(&c, object, shape, NULL);
}
