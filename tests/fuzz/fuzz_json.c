/* tests/fuzz/fuzz_json.c -- whatever the bytes: the reader ends, stays inside them, and what it
 * accepts can be written and read again. */
#include <string.h>

#include "routing/base/check.h"
#include "routing/base/json.h"
#include "tests/fuzz/fuzz.h"

enum { OUT_MAX = 512 * 1024 };

/* Writes the current token; false at the end. */
static bool echo(struct json *j, struct json_out *o, struct arena *a)
{
    struct span s = SPAN_NONE;

    switch (json_next(j)) {
    case JSON_DONE:
    case JSON_ERROR: return false;
    case JSON_OBJECT: json_open(o, '{'); break;
    case JSON_OBJECT_END: json_close(o, '{'); break;
    case JSON_ARRAY: json_open(o, '['); break;
    case JSON_ARRAY_END: json_close(o, '['); break;
    case JSON_NAME:
    case JSON_STRING:
        if (json_str(j, a, &s) != OK)
            return false;
        if (memchr(s.p, '\0', s.n) == NULL)
            CHECK(json_is(j, arena_str(a, s)));
        json_put_str(o, s);
        if (json_tok(j) == JSON_NAME) {
            buf_byte(o->b, ':');
            o->comma_ = false;
        }
        break;
    case JSON_NUMBER: json_put_raw(o, json_raw(j)); break;
    case JSON_TRUE:
    case JSON_FALSE: json_put_bool(o, json_tok(j) == JSON_TRUE); break;
    case JSON_NULL: json_put_null(o); break;
    }
    return true;
}

static void must_read(struct span text)
{
    struct json j;

    json_init(&j, text);
    while (json_next(&j) != JSON_DONE)
        CHECK(json_tok(&j) != JSON_ERROR);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static _Alignas(max_align_t) char mem[4 * OUT_MAX];
    static char out_mem[OUT_MAX];
    struct span text = { (const char *)data, n };
    struct buf out = BUF_OF(out_mem);
    struct json_out o = json_to(&out);
    unsigned line, col, tokens = 0;
    struct json j, skipper;
    struct arena a;

    arena_init(&a, mem, sizeof mem, NULL, sizeof mem);
    json_init(&j, text);
    while (echo(&j, &o, &a)) {
        json_where(&j, &line, &col);
        CHECK(line >= 1 && col >= 1);
        CHECK(++tokens <= n);
    }
    json_init(&skipper, text);
    (void)json_next(&skipper);
    if (json_skip(&skipper))
        (void)json_next(&skipper);
    if (json_tok(&j) == JSON_ERROR) {
        CHECK(json_why(&j) != OK && json_what(&j)[0] != '\0');
        CHECK(json_tok(&skipper) == JSON_ERROR);
    } else if (json_tok(&j) == JSON_DONE) {
        CHECK(json_tok(&skipper) == JSON_DONE);
        if (buf_ok(&out))
            must_read(buf_span(&out));
    }
    (void)json_find(text, &j, "a", "b", NULL);
    arena_fini(&a);
    return 0;
}
