/* tests/prop/prop_json.c -- our reader and jansson agree on every document, and what our writer
 * writes means the same to both.
 *
 * Documents are generated and then, in half of the rounds, damaged. They may differ in four cases
 * only: our limits, numbers too big for jansson's types, U+0000 in a name, which jansson does not
 * take, and a NUL byte behind a number, which it does. */
/* Both libraries name their types alike. */
#define JSON_OBJECT JANSSON_OBJECT
#define JSON_ARRAY  JANSSON_ARRAY
#define JSON_STRING JANSSON_STRING
#define JSON_TRUE   JANSSON_TRUE
#define JSON_FALSE  JANSSON_FALSE
#define JSON_NULL   JANSSON_NULL
#include <jansson.h>
#undef JSON_OBJECT
#undef JSON_ARRAY
#undef JSON_STRING
#undef JSON_TRUE
#undef JSON_FALSE
#undef JSON_NULL
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "routing/base/json.h"
#include "routing/base/rng.h"
#include "routing/base/utf8.h"

enum { DOC_MAX = 16 * 1024, DEPTH = 6 };

struct round {
    struct rng rng;
    char mem[DOC_MAX];
    struct buf doc;
    unsigned accepted, refused;
};

static unsigned pick(struct round *r, unsigned n)
{
    return (unsigned)rng_below(&r->rng, n);
}

/* ---- documents ------------------------------------------------------------------------------- */

static void make_space(struct round *r)
{
    while (pick(r, 8) == 0)
        buf_byte(&r->doc, " \t\r\n"[pick(r, 4)]);
}

static void make_char(struct round *r)
{
    static const char *const odd[] = { "\\n",     "\\\"",     "\\\\",         "\\/",
                                       "\\b",     "\\u0041",  "\\u00e9",      "\\ud83d\\ude00",
                                       "\\u0000", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80",
                                       "\x7F",    "\\uFFFF" };

    if (pick(r, 10) == 0)
        buf_str(&r->doc, odd[pick(r, sizeof odd / sizeof odd[0])]);
    else
        buf_byte(&r->doc, (char)('a' + pick(r, 26)));
}

/* Few different short names, so that duplicates happen; escapes, so that they hide. */
static void make_name(struct round *r)
{
    buf_byte(&r->doc, '"');
    if (pick(r, 3) == 0) {
        buf_fmt(&r->doc, pick(r, 4) == 0 ? "\\u00%02x" : "%c", 'a' + (int)pick(r, 20));
    } else {
        for (unsigned n = pick(r, 20); n > 0; n--)
            make_char(r);
    }
    buf_byte(&r->doc, '"');
}

static void make_number(struct round *r)
{
    static const char *const odd[] = { "0",
                                       "-0",
                                       "1e5",
                                       "1E-7",
                                       "0.5",
                                       "-12.25e+3",
                                       "9223372036854775807",
                                       "-9223372036854775808",
                                       "9223372036854775808",
                                       "1e400",
                                       "01",
                                       "1.",
                                       ".5",
                                       "-",
                                       "+1",
                                       "1e",
                                       "0x1",
                                       "1_0" };

    if (pick(r, 3) > 0)
        buf_i64(&r->doc, (int64_t)rng_next(&r->rng) >> pick(r, 64));
    else /* the wrong ones rarely, or hardly a document would be right */
        buf_str(&r->doc, odd[pick(r, pick(r, 8) == 0 ? sizeof odd / sizeof odd[0] : 10)]);
}

static void make_value(struct round *r, unsigned depth);

static void make_members(struct round *r, unsigned depth)
{
    for (unsigned i = 0, n = pick(r, 6); i < n; i++) {
        if (i > 0)
            buf_byte(&r->doc, ',');
        make_space(r);
        make_name(r);
        make_space(r);
        buf_byte(&r->doc, ':');
        make_value(r, depth + 1);
    }
}

static void make_elements(struct round *r, unsigned depth)
{
    for (unsigned i = 0, n = pick(r, 6); i < n; i++) {
        if (i > 0)
            buf_byte(&r->doc, ',');
        make_value(r, depth + 1);
    }
}

static void make_value(struct round *r, unsigned depth)
{
    static const char *const word[] = { "true", "false", "null" };

    make_space(r);
    switch (pick(r, depth == 0 ? 4 : depth < DEPTH ? 10 : 6) + (depth == 0 ? 6 : 0)) {
    case 0:
    case 1: make_number(r); break;
    case 2:
    case 3:
    case 4: make_name(r); break;
    case 5: buf_str(&r->doc, word[pick(r, 3)]); break;
    case 6:
    case 7:
    case 8:
        buf_byte(&r->doc, '{');
        make_members(r, depth);
        make_space(r);
        buf_byte(&r->doc, '}');
        break;
    default:
        buf_byte(&r->doc, '[');
        make_elements(r, depth);
        make_space(r);
        buf_byte(&r->doc, ']');
    }
    make_space(r);
}

static void damage(struct round *r)
{
    static const char bytes[] = "\"\\{}[],:0-.eEutn \x01\x1F\x7F\x80\xBF\xC0\xC3\xE0\xED\xF4\xFF";
    struct buf *d = &r->doc;

    for (unsigned n = 1 + pick(r, 3); n > 0 && d->n > 1; n--) {
        size_t at = pick(r, (unsigned)d->n);

        switch (pick(r, 5)) {
        case 0: d->p[at] = (char)rng_next(&r->rng); break;
        case 1: d->p[at] = bytes[pick(r, sizeof bytes - 1)]; break;
        case 2: d->n = at; break;
        case 3:
            memmove(d->p + at, d->p + at + 1, d->n - at - 1);
            d->n--;
            break;
        default:
            if (d->n == d->cap)
                break;
            memmove(d->p + at + 1, d->p + at, d->n - at);
            d->n++;
        }
    }
}

/* ---- agreement ------------------------------------------------------------------------------- */

static bool same_value(struct json *j, const json_t *want, struct arena *a);

static bool same_object(struct json *j, const json_t *want, struct arena *a)
{
    size_t members = 0;

    for (; json_next(j) == JSON_NAME; members++) {
        struct span name;
        const json_t *value;

        if (json_str(j, a, &name) != OK)
            return false;
        value = json_object_getn(want, name.p, name.n);
        (void)json_next(j);
        if (value == NULL || !same_value(j, value, a))
            return false;
    }
    return json_tok(j) == JSON_OBJECT_END && members == json_object_size(want);
}

static bool same_array(struct json *j, const json_t *want, struct arena *a)
{
    size_t i = 0;

    for (; json_next(j) != JSON_ARRAY_END; i++) {
        const json_t *value = json_array_get(want, i);

        if (value == NULL || !same_value(j, value, a))
            return false;
    }
    return i == json_array_size(want);
}

static bool same_value(struct json *j, const json_t *want, struct arena *a)
{
    struct span s;
    int64_t v;

    switch (json_tok(j)) {
    case JSON_OBJECT: return json_typeof(want) == JANSSON_OBJECT && same_object(j, want, a);
    case JSON_ARRAY: return json_typeof(want) == JANSSON_ARRAY && same_array(j, want, a);
    case JSON_STRING:
        return json_typeof(want) == JANSSON_STRING && json_str(j, a, &s) == OK &&
               span_eq(s, (struct span){ json_string_value(want), json_string_length(want) });
    case JSON_NUMBER:
        if (json_i64(j, &v) == OK)
            return json_typeof(want) == JSON_INTEGER && json_integer_value(want) == v;
        return json_typeof(want) == JSON_REAL;
    case JSON_TRUE: return json_typeof(want) == JANSSON_TRUE;
    case JSON_FALSE: return json_typeof(want) == JANSSON_FALSE;
    case JSON_NULL: return json_typeof(want) == JANSSON_NULL;
    case JSON_NAME:
    case JSON_OBJECT_END:
    case JSON_ARRAY_END:
    case JSON_DONE:
    case JSON_ERROR: break;
    }
    return false;
}

/* Reads text and writes it again, token by token. */
static bool echo(struct span text, struct arena *a, struct buf *out)
{
    struct json_out o = json_to(out);
    struct span s = SPAN_NONE;
    struct json j;

    json_init(&j, text);
    for (;;) {
        switch (json_next(&j)) {
        case JSON_DONE: return buf_ok(out);
        case JSON_ERROR: return false;
        case JSON_OBJECT: json_open(&o, '{'); break;
        case JSON_OBJECT_END: json_close(&o, '{'); break;
        case JSON_ARRAY: json_open(&o, '['); break;
        case JSON_ARRAY_END: json_close(&o, '['); break;
        case JSON_NAME:
        case JSON_STRING:
            if (json_str(&j, a, &s) != OK)
                return false;
            if (json_tok(&j) == JSON_STRING)
                json_put_str(&o, s);
            else
                json_name(&o, arena_str(a, s));
            break;
        case JSON_NUMBER: json_put_raw(&o, json_raw(&j)); break;
        case JSON_TRUE: json_put_bool(&o, true); break;
        case JSON_FALSE: json_put_bool(&o, false); break;
        case JSON_NULL: json_put_null(&o); break;
        }
    }
}

static const char *compare_accepted(struct span text, const json_t *tree, struct arena *a)
{
    static char mem[8 * DOC_MAX];
    struct buf again = BUF_OF(mem);
    json_t *back;
    struct json j;
    bool same;

    json_init(&j, text);
    (void)json_next(&j);
    if (!same_value(&j, tree, a) || json_next(&j) != JSON_DONE)
        return "the values differ";
    json_init(&j, text);
    (void)json_next(&j);
    if (!json_skip(&j) || json_next(&j) != JSON_DONE)
        return "json_skip does not end where reading ends";
    if (!echo(text, a, &again))
        return "the writer fails";
    back = json_loadb(again.p, again.n, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL,
                      NULL);
    same = back != NULL && json_equal(back, tree);
    json_decref(back);
    return same ? NULL : "what we wrote means something else";
}

/* NULL, or what is wrong. */
static const char *compare(struct round *r, struct span text, struct arena *a)
{
    const char *wrong = NULL;
    static json_error_t why;
    json_t *tree;
    struct json j;

    json_init(&j, text);
    while (json_next(&j) != JSON_ERROR && json_tok(&j) != JSON_DONE) {
    }
    tree =
        json_loadb(text.p, text.n, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &why);
    if (json_tok(&j) == JSON_DONE) {
        enum json_error_code code = tree == NULL ? json_error_code(&why) : json_error_unknown;

        r->accepted++;
        if (tree != NULL)
            wrong = compare_accepted(text, tree, a);
        else if (code != json_error_numeric_overflow && code != json_error_null_byte_in_key)
            wrong = why.text;
    } else {
        r->refused++;
        /* jansson 2.14 forgets a NUL byte that follows a number: "[1<NUL>]" is [1] to it */
        if (tree != NULL && json_why(&j) != E_LIMIT && memchr(text.p, '\0', text.n) == NULL)
            wrong = json_what(&j);
    }
    json_decref(tree);
    return wrong;
}

static void *heap_get(void *ctx, size_t n)
{
    (void)ctx;
    return malloc(n);
}

static void heap_put(void *ctx, void *block, size_t n)
{
    (void)ctx;
    (void)n;
    free(block);
}

int main(int argc, char **argv)
{
    uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    uint64_t rounds = argc > 2 ? strtoull(argv[2], NULL, 10) : 1000;
    static const struct arena_source more = { heap_get, heap_put, NULL };
    static struct round r;

    for (uint64_t i = 0; i < rounds; i++) {
        const char *wrong;
        struct arena a;
        char *exact;

        r.rng = rng_of(seed + i);
        r.doc = BUF_OF(r.mem);
        make_value(&r, 0);
        if (pick(&r, 2) == 0)
            damage(&r);
        arena_init(&a, NULL, 0, &more, 1024 * 1024);
        exact = malloc(r.doc.n + 1); /* so that the address sanitizer sees the end */
        if (exact == NULL)
            return 1;
        exact = realloc(exact, r.doc.n > 0 ? r.doc.n : 1);
        memcpy(exact, r.doc.p, r.doc.n);
        wrong = compare(&r, (struct span){ exact, r.doc.n }, &a);
        if (wrong != NULL) {
            printf("%s\nagain with: prop_json %llu 1\n%.*s\n", wrong,
                   (unsigned long long)(seed + i), (int)r.doc.n, r.doc.p);
            return 1;
        }
        free(exact);
        arena_fini(&a);
    }
    printf("%llu documents: %u accepted, %u refused by both\n", (unsigned long long)rounds,
           r.accepted, r.refused);
    /* A generator that makes only one kind tests nothing. */
    return rounds < 1000 || (r.accepted > rounds / 10 && r.refused > rounds / 10) ? 0 : 1;
}
