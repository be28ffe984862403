/* proxy/record_value.c -- single values, tables and lists of a decision record. */
#include "proxy/record_reader.h"

#include <string.h>

enum { TEXT_MAX = 4096 };

bool px_r_bad(struct px_reader *r, enum err e, const char *member, const char *what)
{
    if (r->e == OK) {
        r->e = e;
        diag_set(r->why, "%s: %s", member, what);
    }
    return false;
}

bool px_r_odd(struct px_reader *r, const char *member)
{
    if (json_tok(&r->j) == JSON_ERROR)
        return px_r_bad(r, E_SYNTAX, member, json_what(&r->j));
    return px_r_bad(r, E_RANGE, member, "no value that a gateway writes");
}

/* ---- one value ---- */

bool px_r_take_i64(struct px_reader *r, const char *member, int64_t least, int64_t most,
                   int64_t *out)
{
    if (json_tok(&r->j) != JSON_NUMBER || json_i64(&r->j, out) != OK || *out < least || *out > most)
        return px_r_odd(r, member);
    return true;
}

bool px_r_take_word(struct px_reader *r, const char *member, unsigned n,
                    const char *(*word)(unsigned), unsigned *out)
{
    if (json_tok(&r->j) != JSON_STRING)
        return px_r_odd(r, member);
    for (unsigned v = 0; v < n; v++) {
        const char *z = word(v);

        if (z != NULL && z[0] != '\0' && json_is(&r->j, z)) {
            *out = v;
            return true;
        }
    }
    return px_r_odd(r, member);
}

bool px_r_take_hex(struct px_reader *r, const char *member, uint64_t *out)
{
    struct span s = json_raw(&r->j);
    uint64_t v = 0;

    if (json_tok(&r->j) != JSON_STRING || s.n != 16)
        return px_r_odd(r, member);
    for (size_t i = 0; i < s.n; i++) {
        const char *at = memchr("0123456789abcdef", s.p[i], 16);

        if (at == NULL)
            return px_r_odd(r, member);
        v = v << 4 | (uint64_t)(strchr("0123456789abcdef", s.p[i]) - "0123456789abcdef");
    }
    *out = v;
    return true;
}

/* Not empty, no NUL. */
static bool take_span(struct px_reader *r, const char *member, struct span *out)
{
    if (json_tok(&r->j) != JSON_STRING)
        return px_r_odd(r, member);
    if (json_str(&r->j, r->arena, out) != OK)
        return px_r_bad(r, E_LIMIT, member, "too long");
    if (out->n > TEXT_MAX || (out->n > 0 && memchr(out->p, '\0', out->n) != NULL))
        return px_r_odd(r, member);
    return true;
}

bool px_r_take_text(struct px_reader *r, const char *member, const char **out)
{
    struct span s;

    if (!take_span(r, member, &s))
        return false;
    *out = arena_str(r->arena, s);
    return *out != NULL || px_r_bad(r, E_LIMIT, member, "too long");
}

static bool take_chars(struct px_reader *r, const struct px_rfield *f, char *at)
{
    struct span s;

    if (!take_span(r, f->name, &s))
        return false;
    if (s.n == 0 || span_copyz(s, at, f->size) != OK)
        return px_r_odd(r, f->name);
    for (size_t i = 0; i < s.n; i++) {
        if ((unsigned char)s.p[i] < ' ')
            return px_r_odd(r, f->name);
    }
    return true;
}

static bool take_number(struct px_reader *r, const struct px_rfield *f, void *base)
{
    int64_t v;

    if (!px_r_take_i64(r, f->name, f->least, f->most, &v))
        return false;
    px_r_put(f, base, v);
    return true;
}

static bool take_place(struct px_reader *r, const struct px_rfield *f, void *base)
{
    struct span s;
    unsigned v = 0;

    if (json_tok(&r->j) != JSON_STRING || !take_span(r, f->name, &s))
        return px_r_odd(r, f->name);
    v = f->kind == PX_R_COUNTRY ? rt_country_of(s) : currency_find(s);
    if (v == 0)
        return px_r_odd(r, f->name);
    px_r_put(f, base, v);
    return true;
}

static bool take_value(struct px_reader *r, const struct px_rfield *f, void *base)
{
    char *at = (char *)base + f->at;
    const char *text;
    struct span s;
    uint64_t hex;
    unsigned word;

    switch (f->kind) {
    case PX_R_NUMBER: return take_number(r, f, base);
    case PX_R_WORD:
        if (!px_r_take_word(r, f->name, (unsigned)f->most + 1, f->word, &word))
            return false;
        if (!f->required && word == f->unknown)
            return px_r_odd(r, f->name);
        px_r_put(f, base, word);
        return true;
    case PX_R_HEX:
        if (!px_r_take_hex(r, f->name, &hex))
            return false;
        memcpy(at, &hex, sizeof hex);
        return f->required || hex != 0 || px_r_odd(r, f->name);
    case PX_R_FLAG:
        if (json_tok(&r->j) != JSON_TRUE && json_tok(&r->j) != JSON_FALSE)
            return px_r_odd(r, f->name);
        px_r_put(f, base, json_tok(&r->j) == JSON_TRUE);
        return true;
    case PX_R_COUNTRY:
    case PX_R_CURRENCY: return take_place(r, f, base);
    case PX_R_CHARS: return take_chars(r, f, at);
    case PX_R_SPAN:
        if (!take_span(r, f->name, &s))
            return false;
        memcpy(at, &s, sizeof s);
        return s.n > 0 || px_r_odd(r, f->name);
    case PX_R_TEXT:
        if (!px_r_take_text(r, f->name, &text))
            return false;
        memcpy(at, &text, sizeof text);
        return true;
    }
    return false;
}

/* ---- tables ---- */

/* What a member is that the line does not have. */
void px_r_set_unknown(struct px_rtable t, void *base)
{
    for (unsigned i = 0; i < t.n; i++) {
        const struct px_rfield *f = &t.field[i];

        if ((f->kind == PX_R_NUMBER || f->kind == PX_R_WORD) && !f->required)
            px_r_put(f, base, f->unknown);
    }
}

static const struct px_rfield *find(struct px_rtable t, const struct json *j, unsigned *index)
{
    for (unsigned i = 0; i < t.n; i++) {
        *index = i;
        if (json_is(j, t.field[i].name))
            return &t.field[i];
    }
    return NULL;
}

/* An object's next member, unless it ends. */
bool px_r_next_member(struct px_reader *r, const char *object)
{
    enum json_tok tok = json_next(&r->j);

    if (tok == JSON_ERROR)
        (void)px_r_odd(r, object);
    return tok == JSON_NAME;
}

/* The current member, if it stands in the table. */
bool px_r_take_from(struct px_reader *r, struct px_rtable t, void *base, uint32_t *seen,
                    bool *taken)
{
    unsigned i;
    const struct px_rfield *f = find(t, &r->j, &i);

    *taken = f != NULL;
    if (f == NULL)
        return true;
    *seen |= UINT32_C(1) << i;
    (void)json_next(&r->j);
    return take_value(r, f, base);
}

bool px_r_all_seen(struct px_reader *r, struct px_rtable t, uint32_t seen)
{
    for (unsigned i = 0; i < t.n; i++) {
        if (t.field[i].required && (seen >> i & 1) == 0)
            return px_r_bad(r, E_RANGE, t.field[i].name, "missing");
    }
    return true;
}

bool px_r_skip(struct px_reader *r)
{
    (void)json_next(&r->j);
    return json_skip(&r->j) || px_r_odd(r, "record");
}

bool px_r_is_object(struct px_reader *r, const char *member)
{
    return json_tok(&r->j) == JSON_OBJECT || px_r_odd(r, member);
}

/* An object that is nothing but its table. */
bool px_r_take_object(struct px_reader *r, const char *member, struct px_rtable t, void *base)
{
    uint32_t seen = 0;
    bool taken;

    (void)json_next(&r->j);
    if (!px_r_is_object(r, member))
        return false;
    while (px_r_next_member(r, member)) {
        if (!px_r_take_from(r, t, base, &seen, &taken) || (!taken && !px_r_skip(r)))
            return false;
    }
    return r->e == OK && px_r_all_seen(r, t, seen);
}

/* ---- arrays ---- */

bool px_r_open_array(struct px_reader *r, const char *member)
{
    return json_next(&r->j) == JSON_ARRAY || px_r_odd(r, member);
}

/* Another element? After an error there is none. */
bool px_r_next_element(struct px_reader *r, const char *member)
{
    enum json_tok tok = json_next(&r->j);

    if (tok == JSON_ERROR)
        (void)px_r_odd(r, member);
    return tok != JSON_ARRAY_END && tok != JSON_ERROR && r->e == OK;
}

/* [a, b, ...]: the caller stands on the inner array and takes one after the other. */
bool px_r_open_inner(struct px_reader *r, const char *member)
{
    return json_tok(&r->j) == JSON_ARRAY || px_r_odd(r, member);
}

bool px_r_close_inner(struct px_reader *r, const char *member)
{
    return json_next(&r->j) == JSON_ARRAY_END || px_r_odd(r, member);
}

bool px_r_room(struct px_reader *r, unsigned n, unsigned most, const char *member)
{
    return n < most || px_r_bad(r, E_RANGE, member, "too many");
}
