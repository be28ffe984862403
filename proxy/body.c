/* proxy/body.c */
#include "proxy/body.h"

#include <stdio.h>
#include <string.h>

#include "proxy/near.h"
#include "routing/base/check.h"

enum { WORDS_MAX = 32 };

static bool fault_named(struct px_body *b, enum px_fault_code code, const char *name)
{
    char field[PX_FAULT_FIELD];

    (void)snprintf(field, sizeof field, "%s%s%s", b->in->pointer, *name == '\0' ? "" : "/", name);
    return px_fault_at(b->why, code, field);
}

bool px_body_fault(struct px_body *b, enum px_fault_code code)
{
    return fault_named(b, code, b->name);
}

bool px_body_saw(const struct px_body *b, unsigned id)
{
    return (b->seen >> id & 1) != 0;
}

static bool broken(struct px_body *b)
{
    enum px_fault_code code = PX_FAULT_MALFORMED_JSON;

    if (json_why(&b->json_) == E_CONFLICT)
        code = PX_FAULT_DUPLICATE_FIELD;
    else if (json_why(&b->json_) == E_LIMIT)
        code = PX_FAULT_BODY_TOO_COMPLEX;
    (void)px_fault_at(b->why, code, b->in->pointer);
    json_where(&b->json_, &b->why->line, &b->why->col);
    return px_fault_say(b->why, "line %u, column %u: %s", b->why->line, b->why->col,
                        json_what(&b->json_));
}

/* ---- types ----------------------------------------------------------------------------------- */

static const char *kind_words(enum px_kind k)
{
    switch (k) {
    case PX_STRING: return "a string";
    case PX_INTEGER: return "an integer";
    case PX_OBJECT: return "an object";
    case PX_MAP: return "an object whose values are strings";
    }
    return "";
}

static const char *token_words(enum json_tok t)
{
    switch (t) {
    case JSON_STRING: return "a string";
    case JSON_NUMBER: return "a number with a fraction or an exponent";
    case JSON_TRUE:
    case JSON_FALSE: return "a boolean";
    case JSON_NULL: return "null";
    case JSON_OBJECT: return "an object";
    case JSON_ARRAY: return "an array";
    case JSON_NAME:
    case JSON_OBJECT_END:
    case JSON_ARRAY_END:
    case JSON_DONE:
    case JSON_ERROR: break;
    }
    return "something else";
}

static bool wrong_type(struct px_body *b, enum px_kind want)
{
    enum json_tok t = json_tok(&b->json_);
    int64_t i;

    if (t == JSON_ERROR)
        return broken(b);
    (void)px_body_fault(b, PX_FAULT_WRONG_TYPE);
    json_where(&b->json_, &b->why->line, &b->why->col);
    if (t == JSON_NULL)
        (void)px_fault_help(b->why, "leave the field out instead of sending null");
    return px_fault_say(b->why, "must be %s, not %s", kind_words(want),
                        json_i64(&b->json_, &i) == OK ? "a number" : token_words(t));
}

/* ---- names ----------------------------------------------------------------------------------- */

static const struct px_field *field_of(const struct px_body *b)
{
    struct span raw = json_raw(&b->json_);
    char first = raw.n > 0 ? raw.p[0] : '\0';

    for (unsigned i = 0; i < b->in->fields; i++) {
        const struct px_field *f = &b->in->field[i];

        /* most names differ in their first byte; one that is escaped is compared in full */
        if ((first == f->name[0] || first == '\\') && json_is(&b->json_, f->name))
            return f;
    }
    return NULL;
}

/* The object below `o` that has a field of this name, or NULL. */
static const struct px_object *home_of(const struct px_object *o, const char *name)
{
    const struct px_object *found = NULL;

    for (unsigned i = 0; i < o->fields && found == NULL; i++) {
        if (strcmp(o->field[i].name, name) == 0)
            found = o;
        else if (o->field[i].kind == PX_OBJECT)
            found = home_of(o->field[i].object, name);
    }
    return found;
}

static bool unknown_field(struct px_body *b)
{
    const char *word[WORDS_MAX], *near;
    char shown[PX_QUOTE];
    const struct px_object *home;
    struct span name = SPAN("?");

    CHECK(b->in->fields <= WORDS_MAX);
    for (unsigned i = 0; i < b->in->fields; i++)
        word[i] = b->in->field[i].name;
    if (json_str(&b->json_, b->arena, &name) != OK)
        name = SPAN("?");
    (void)px_fault_quote(name, shown);
    (void)fault_named(b, PX_FAULT_UNKNOWN_FIELD, shown);
    json_where(&b->json_, &b->why->line, &b->why->col);
    home = home_of(b->root, shown);
    near = px_near(shown, word, b->in->fields);
    if (near != NULL)
        return px_fault_help(b->why, "did you mean \"%s\"?", near);
    if (home != NULL)
        return px_fault_help(b->why, "did you mean %s/%s?", home->pointer, shown);
    return false;
}

/* ---- values ---------------------------------------------------------------------------------- */

static bool take(struct px_body *b, const struct px_field *f, const struct px_value *v)
{
    return f->take == NULL || f->take(b, f, v);
}

static bool read_string(struct px_body *b, const struct px_field *f, struct px_value *v)
{
    if (json_tok(&b->json_) != JSON_STRING)
        return wrong_type(b, f->kind == PX_MAP ? PX_STRING : f->kind);
    if (json_str(&b->json_, b->arena, &v->text) != OK)
        return px_body_fault(b, PX_FAULT_BODY_TOO_COMPLEX);
    if (v->text.n > f->max) {
        (void)px_body_fault(b, PX_FAULT_TOO_LONG);
        return px_fault_say(b->why, "at most %u bytes, not %zu", (unsigned)f->max, v->text.n);
    }
    for (size_t i = 0; i < v->text.n; i++) {
        if ((unsigned char)v->text.p[i] < ' ' || v->text.p[i] == 0x7F) {
            (void)px_body_fault(b, PX_FAULT_INVALID_VALUE);
            return px_fault_say(b->why, "control characters are not allowed");
        }
    }
    return true;
}

static bool read_integer(struct px_body *b, const struct px_field *f, struct px_value *v)
{
    enum err e = json_i64(&b->json_, &v->integer);

    if (e == E_SYNTAX)
        return wrong_type(b, f->kind);
    v->text = json_raw(&b->json_);
    if (e == E_RANGE) /* the taker tells what is too large; this is larger than all */
        v->integer = v->text.p[0] == '-' ? INT64_MIN : INT64_MAX;
    return true;
}

static bool read_map(struct px_body *b, const struct px_field *f)
{
    if (json_tok(&b->json_) != JSON_OBJECT)
        return wrong_type(b, f->kind);
    while (json_next(&b->json_) == JSON_NAME) {
        struct px_value v = { 0 };

        if (json_str(&b->json_, b->arena, &v.name) != OK)
            return px_body_fault(b, PX_FAULT_BODY_TOO_COMPLEX);
        (void)json_next(&b->json_);
        if (!read_string(b, f, &v) || !take(b, f, &v))
            return false;
    }
    return json_tok(&b->json_) == JSON_OBJECT_END || broken(b);
}

static bool read_object(struct px_body *b, const struct px_object *o);

/* One member's value, into its field. The recursion is as deep as the tables are. */
static bool read_field(struct px_body *b, const struct px_field *f)
{
    struct px_value v = { 0 };

    b->name = f->name;
    b->seen |= (uint64_t)1 << f->id;
    (void)json_next(&b->json_);
    switch (f->kind) {
    case PX_OBJECT:
        return json_tok(&b->json_) == JSON_OBJECT ? read_object(b, f->object)
                                                  : wrong_type(b, f->kind);
    case PX_MAP: return read_map(b, f);
    case PX_STRING:
        if (!read_string(b, f, &v))
            return false;
        break;
    case PX_INTEGER:
        if (!read_integer(b, f, &v))
            return false;
        break;
    }
    b->value[f->id] = v.text;
    return take(b, f, &v);
}

static bool all_there(struct px_body *b)
{
    for (unsigned i = 0; i < b->in->fields; i++) {
        const struct px_field *f = &b->in->field[i];

        if (f->required && !px_body_saw(b, f->id))
            return fault_named(b, PX_FAULT_MISSING_FIELD, f->name);
    }
    return true;
}

/* From behind the opening brace to the closing one. */
static bool read_object(struct px_body *b, const struct px_object *o)
{
    const struct px_object *outer = b->in;

    b->in = o;
    b->name = "";
    while (json_next(&b->json_) == JSON_NAME) {
        const struct px_field *f = field_of(b);

        if (f == NULL)
            return unknown_field(b);
        CHECK(f->id < PX_BODY_FIELDS);
        if (!read_field(b, f))
            return false;
    }
    if (json_tok(&b->json_) != JSON_OBJECT_END)
        return broken(b);
    if (!all_there(b))
        return false;
    b->in = outer;
    return true;
}

bool px_body_read(struct px_body *b, struct span text, const struct px_object *root)
{
    b->seen = 0;
    memset(b->value, 0, sizeof b->value);
    b->root = b->in = root;
    b->name = "";
    json_init(&b->json_, text);
    if (json_next(&b->json_) != JSON_OBJECT)
        return wrong_type(b, PX_OBJECT);
    if (!read_object(b, root))
        return false;
    b->in = root;
    return json_next(&b->json_) == JSON_DONE || broken(b);
}
