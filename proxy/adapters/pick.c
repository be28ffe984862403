/* proxy/adapters/pick.c */
#include "proxy/adapters/pick.h"

#include <string.h>

#include "routing/base/check.h"

struct walk {
    struct json j;
    const struct px_pick *pick;
    struct px_value *out;
    struct arena *arena;
};

static bool value(struct walk *w, uint64_t wanted, unsigned level);

static bool ends(const struct walk *w, unsigned i, unsigned level)
{
    return level == PX_PICK_DEPTH || w->pick[i].path[level] == NULL;
}

/* Those of `wanted` whose next name is this one. */
static uint64_t named(const struct walk *w, uint64_t wanted, unsigned level, struct span name)
{
    uint64_t those = 0;

    for (; wanted != 0; wanted &= wanted - 1) {
        unsigned i = (unsigned)__builtin_ctzll(wanted);
        const char *path = w->pick[i].path[level];

        if (name.n > 0 && name.p[0] == path[0] && span_is(name, path)) /* most differ there */
            those |= (uint64_t)1 << i;
    }
    return those;
}

static bool object(struct walk *w, uint64_t wanted, unsigned level)
{
    struct span name;

    while (json_next(&w->j) == JSON_NAME) {
        if (json_str(&w->j, w->arena, &name) != OK || json_next(&w->j) == JSON_ERROR)
            return false;
        if (!value(w, named(w, wanted, level, name), level + 1))
            return false;
    }
    return json_tok(&w->j) == JSON_OBJECT_END;
}

static bool array(struct walk *w, uint64_t wanted, unsigned level)
{
    uint64_t first = named(w, wanted, level, SPAN("[]"));

    while (json_next(&w->j) != JSON_ARRAY_END) {
        if (json_tok(&w->j) == JSON_ERROR || !value(w, first, level + 1))
            return false;
        first = 0;
    }
    return true;
}

static bool inner(struct walk *w, uint64_t deeper, unsigned level)
{
    switch (json_tok(&w->j)) {
    case JSON_OBJECT: return deeper != 0 ? object(w, deeper, level) : json_skip(&w->j);
    case JSON_ARRAY: return deeper != 0 ? array(w, deeper, level) : json_skip(&w->j);
    case JSON_STRING:
    case JSON_NUMBER:
    case JSON_TRUE:
    case JSON_FALSE:
    case JSON_NULL: return true;
    case JSON_ERROR:
    case JSON_DONE:
    case JSON_OBJECT_END:
    case JSON_ARRAY_END:
    case JSON_NAME: break;
    }
    return false;
}

/* The current token begins a value; afterwards it ends it. */
static bool value(struct walk *w, uint64_t wanted, unsigned level)
{
    struct px_value f = { .tok = json_tok(&w->j), .text = json_raw(&w->j) };
    const char *start = f.text.p;
    uint64_t here = 0;

    if (f.tok == JSON_STRING && wanted != 0 && json_str(&w->j, w->arena, &f.text) != OK)
        return false;
    for (uint64_t m = wanted; m != 0; m &= m - 1) {
        unsigned i = (unsigned)__builtin_ctzll(m);

        here |= (uint64_t)ends(w, i, level) << i;
    }
    if (!inner(w, wanted & ~here, level))
        return false;
    if (f.tok == JSON_OBJECT || f.tok == JSON_ARRAY)
        f.text = (struct span){ start, (size_t)(json_raw(&w->j).p + 1 - start) };
    for (; here != 0 && f.tok != JSON_NULL; here &= here - 1)
        w->out[__builtin_ctzll(here)] = f;
    return true;
}

bool px_pick(struct span body, const struct px_pick *pick, unsigned n, struct arena *a,
             struct px_value *out)
{
    struct walk w = { .pick = pick, .out = out, .arena = a };
    uint64_t all = n == 64 ? UINT64_MAX : ((uint64_t)1 << n) - 1;

    CHECK(n <= PX_PICKS_MAX);
    memset(out, 0, n * sizeof *out);
    json_init(&w.j, body);
    if (json_next(&w.j) == JSON_OBJECT && object(&w, all, 0) && json_next(&w.j) == JSON_DONE)
        return true;
    memset(out, 0, n * sizeof *out);
    return false;
}

/* rest begins behind the last element: at the comma before the next one, or at the bracket. */
bool px_pick_element(struct span *rest, struct span *element)
{
    const char *start;
    struct json j;

    if (rest->n == 0)
        return false;
    *rest = span_drop(*rest, 1); /* the opening bracket or the comma */
    json_init(&j, *rest);
    if (json_next(&j) == JSON_ERROR)
        return false; /* the closing bracket */
    start = json_raw(&j).p - (json_tok(&j) == JSON_STRING);
    if (!json_skip(&j))
        return false;
    *element = (struct span){ start, (size_t)(json_raw(&j).p + json_raw(&j).n - start) };
    if (json_tok(&j) == JSON_STRING)
        element->n++;
    *rest = span_drop(*rest, (size_t)(element->p + element->n - rest->p));
    while (rest->n > 0 && rest->p[0] != ',' && rest->p[0] != ']')
        *rest = span_drop(*rest, 1);
    return true;
}

bool px_value_there(const struct px_value *f)
{
    return f->tok != JSON_ERROR;
}

struct span px_value_str(const struct px_value *f)
{
    return f->tok == JSON_STRING ? f->text : SPAN_NONE;
}

struct span px_value_word(const struct px_value *f)
{
    return f->tok == JSON_STRING || f->tok == JSON_NUMBER ? f->text : SPAN_NONE;
}

bool px_value_i64(const struct px_value *f, int64_t *out)
{
    return f->tok == JSON_NUMBER && span_i64(f->text, out) == OK;
}

bool px_value_bool(const struct px_value *f, bool *out)
{
    if (f->tok != JSON_TRUE && f->tok != JSON_FALSE)
        return false;
    *out = f->tok == JSON_TRUE;
    return true;
}

bool px_value_is(const struct px_value *f, const char *z)
{
    return f->tok == JSON_STRING && span_is(f->text, z);
}
