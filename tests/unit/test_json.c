/* tests/unit/test_json.c */
#include "tests/unit/unit.h"

#include <stdalign.h>
#include <stdio.h>

#include "routing/base/json.h"
#include "routing/base/utf8.h"

/* Reads to the end; the error, or OK. */
static enum err read_all(struct json *j, struct span text)
{
    json_init(j, text);
    while (json_next(j) != JSON_ERROR && json_tok(j) != JSON_DONE) {
    }
    return json_why(j);
}

static void reader_gives_every_token_in_order(void **state)
{
    static const enum json_tok want[] = {
        JSON_OBJECT,     JSON_NAME,      JSON_STRING,     JSON_NAME,  JSON_ARRAY,     JSON_NUMBER,
        JSON_TRUE,       JSON_FALSE,     JSON_NULL,       JSON_ARRAY, JSON_ARRAY_END, JSON_OBJECT,
        JSON_OBJECT_END, JSON_ARRAY_END, JSON_OBJECT_END, JSON_DONE,  JSON_DONE,
    };
    struct json j;

    (void)state;
    json_init(&j, SPAN(" {\"a\" : \"b\",\r\n\"c\":[ -1.5e+3 ,true,false,null,[],{}]\t} \n"));
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        assert_int_equal(json_next(&j), want[i]);
        if (want[i] == JSON_NUMBER)
            assert_span(json_raw(&j), "-1.5e+3");
    }
}

static void reader_takes_every_kind_of_value_alone(void **state)
{
    static const char *const good[] = {
        "{}",
        "[]",
        "\"\"",
        "\"\x7F\"",
        "0",
        "-0",
        "10",
        "1.0",
        "1e5",
        "1E-5",
        "0.0e0",
        "true",
        "false",
        "null",
        " [ ] ",
        "[[[]]]",
        "[{}]",
        "{\"\":0}",
        "\"\\u0000\"",
        "\"\\ud83d\\ude00\"",
        "123456789012345678901234567890",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
        "\"\xC2\x80\xDF\xBF\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80\xF0\x90\x80\x80\xF4\x8F\xBF\xBF\"",
        "{\"a\":{\"a\":{\"a\":[{\"a\":0},{\"a\":0}]}}}",
    };
    struct json j;

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        enum err e = read_all(&j, span_str(good[i]));

        if (e != OK)
            fail_msg("%s: %s", good[i], json_what(&j));
    }
}

static void reader_refuses_and_says_where(void **state)
{
    static const struct {
        const char *text;
        enum err why;
        unsigned line, col;
        const char *what;
    } bad[] = {
        { "", E_SYNTAX, 1, 1, "the text ends too early" },
        { " \n ", E_SYNTAX, 2, 2, "the text ends too early" },
        { "{", E_SYNTAX, 1, 2, "the text ends too early" },
        { "[1,", E_SYNTAX, 1, 4, "the text ends too early" },
        { "[1", E_SYNTAX, 1, 3, "the text ends too early" },
        { "{\"a\"", E_SYNTAX, 1, 5, "the text ends too early" },
        { "{\"a\":", E_SYNTAX, 1, 6, "the text ends too early" },
        { "{\"a\":1", E_SYNTAX, 1, 7, "the text ends too early" },
        { "{\"a\":1,", E_SYNTAX, 1, 8, "the text ends too early" },
        { "-", E_SYNTAX, 1, 2, "the text ends too early" },
        { "1.", E_SYNTAX, 1, 3, "the text ends too early" },
        { "1e", E_SYNTAX, 1, 3, "the text ends too early" },
        { "\"abc", E_SYNTAX, 1, 5, "the text ends inside a string" },
        { "\"abc\\\"", E_SYNTAX, 1, 7, "the text ends inside a string" },
        { "[1,]", E_SYNTAX, 1, 4, "not a JSON value" },
        { "[,1]", E_SYNTAX, 1, 2, "not a JSON value" },
        { "[1 2]", E_SYNTAX, 1, 4, "a comma or ] is missing" },
        { "[1}", E_SYNTAX, 1, 3, "a comma or ] is missing" },
        { "{\"a\":1]", E_SYNTAX, 1, 7, "a comma or } is missing" },
        { "{\"a\":1,}", E_SYNTAX, 1, 8, "a member wants a name in double quotes" },
        { "{,}", E_SYNTAX, 1, 2, "a member wants a name in double quotes" },
        { "{a:1}", E_SYNTAX, 1, 2, "a member wants a name in double quotes" },
        { "{'a':1}", E_SYNTAX, 1, 2, "a member wants a name in double quotes" },
        { "{1:1}", E_SYNTAX, 1, 2, "a member wants a name in double quotes" },
        { "{\"a\" 1}", E_SYNTAX, 1, 6, "a colon is missing behind the member's name" },
        { "{\"a\"::1}", E_SYNTAX, 1, 6, "not a JSON value" },
        { "{\n  \"a\": 1\n  \"b\": 2}", E_SYNTAX, 3, 3, "a comma or } is missing" },
        { "]", E_SYNTAX, 1, 1, "not a JSON value" },
        { "}", E_SYNTAX, 1, 1, "not a JSON value" },
        { "{} {}", E_SYNTAX, 1, 4, "something follows the value" },
        { "1 1", E_SYNTAX, 1, 3, "something follows the value" },
        { "nullx", E_SYNTAX, 1, 5, "something follows the value" },
        { "tru", E_SYNTAX, 1, 1, "not a JSON value" },
        { "True", E_SYNTAX, 1, 1, "not a JSON value" },
        { "NaN", E_SYNTAX, 1, 1, "not a JSON value" },
        { "// x\n1", E_SYNTAX, 1, 1, "not a JSON value" },
        { "01", E_SYNTAX, 1, 1, "a number can not begin with 0" },
        { "-01", E_SYNTAX, 1, 2, "a number can not begin with 0" },
        { "+1", E_SYNTAX, 1, 1, "not a JSON value" },
        { ".5", E_SYNTAX, 1, 1, "not a JSON value" },
        { "[-a]", E_SYNTAX, 1, 3, "a minus sign wants a digit" },
        { "[1.e5]", E_SYNTAX, 1, 4, "a decimal point wants a digit" },
        { "[1e+]", E_SYNTAX, 1, 5, "an exponent wants a digit" },
        { "0x10", E_SYNTAX, 1, 2, "something follows the value" },
        { "\"\t\"", E_SYNTAX, 1, 2, "control character in a string" },
        { "\"\n\"", E_SYNTAX, 1, 2, "control character in a string" },
        { "\"12345678\x1F\"", E_SYNTAX, 1, 10, "control character in a string" },
        { "\"\\x\"", E_SYNTAX, 1, 2, "invalid escape in a string" },
        { "\"\\", E_SYNTAX, 1, 2, "invalid escape in a string" },
        { "\"\\u12\"", E_SYNTAX, 1, 2, "invalid escape in a string" },
        { "\"\\u12G4\"", E_SYNTAX, 1, 2, "invalid escape in a string" },
        { "\"\\U1234\"", E_SYNTAX, 1, 2, "invalid escape in a string" },
        { "\"\\ud800\"", E_SYNTAX, 1, 2, "invalid escape in a string" },
        { "\"\\ud800\\n\"", E_SYNTAX, 1, 2, "invalid escape in a string" },
        { "\"\\ud800\\ud800\"", E_SYNTAX, 1, 2, "invalid escape in a string" },
        { "\"\\ud800\\u0041\"", E_SYNTAX, 1, 2, "invalid escape in a string" },
        { "\"\\udc00\"", E_SYNTAX, 1, 2, "invalid escape in a string" },
        { "\"\\udc00\\ud800\"", E_SYNTAX, 1, 2, "invalid escape in a string" },
        { "\"a\x80\"", E_SYNTAX, 1, 3, "invalid UTF-8" },
        { "\"\xC0\xAF\"", E_SYNTAX, 1, 2, "invalid UTF-8" }, /* overlong */
        { "\"\xC1\xBF\"", E_SYNTAX, 1, 2, "invalid UTF-8" },
        { "\"\xE0\x9F\xBF\"", E_SYNTAX, 1, 2, "invalid UTF-8" },
        { "\"\xF0\x8F\xBF\xBF\"", E_SYNTAX, 1, 2, "invalid UTF-8" },
        { "\"\xED\xA0\x80\"", E_SYNTAX, 1, 2, "invalid UTF-8" },     /* a surrogate */
        { "\"\xF4\x90\x80\x80\"", E_SYNTAX, 1, 2, "invalid UTF-8" }, /* above U+10FFFF */
        { "\"\xF5\x80\x80\x80\"", E_SYNTAX, 1, 2, "invalid UTF-8" },
        { "\"\xE2\x82\"", E_SYNTAX, 1, 2, "invalid UTF-8" },     /* cut short */
        { "\"\xC3\xA9\xC3\"", E_SYNTAX, 1, 3, "invalid UTF-8" }, /* columns are characters */
        { "\xC2\xA0[]", E_SYNTAX, 1, 1, "not a JSON value" },    /* a space, but not JSON's */
        { "\xEF\xBB\xBF{}", E_SYNTAX, 1, 1, "a byte order mark has no place in JSON" },
        { "{\"a\":1,\"a\":1}", E_CONFLICT, 1, 8, "duplicate member name" },
        { "{\"a\":1, \"\\u0061\":1}", E_CONFLICT, 1, 9, "duplicate member name" },
        { "{\"\\u0061\":1,\"a\":1}", E_CONFLICT, 1, 13, "duplicate member name" },
        { "{\"\\u00e9\":1,\"\xC3\xA9\":1}", E_CONFLICT, 1, 13, "duplicate member name" },
        { "{\"\\ud83d\\ude00\":1,\"\xF0\x9F\x98\x80\":1}", E_CONFLICT, 1, 19,
          "duplicate member name" },
        { "{\"\":1,\"\":1}", E_CONFLICT, 1, 7, "duplicate member name" },
        { "{\"\\u0000\":1,\"\\u0000\":1}", E_CONFLICT, 1, 13, "duplicate member name" },
        { "{\"x\":{\"a\":1},\"y\":[{\"b\":1,\"b\":1}]}", E_CONFLICT, 1, 26,
          "duplicate member name" },
        { "{\"x\":1,\"y\":{\"x\":1},\"x\":1}", E_CONFLICT, 1, 20, "duplicate member name" },
        { "{\"a_long_name_of_17\":1,\"a_long_name_\\u006ff_17\":1}", E_CONFLICT, 1, 24,
          "duplicate member name" },
    };
    struct json j;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        enum err e = read_all(&j, span_str(bad[i].text));
        unsigned line, col;

        json_where(&j, &line, &col);
        if (e != bad[i].why || line != bad[i].line || col != bad[i].col ||
            strcmp(json_what(&j), bad[i].what) != 0)
            fail_msg("%s: %s at %u:%u, %s", bad[i].text, err_name(e), line, col, json_what(&j));
        assert_int_equal(json_next(&j), JSON_ERROR); /* it sticks */
        assert_false(json_skip(&j));
    }
}

static void reader_does_not_take_names_that_only_look_alike(void **state)
{
    static const char *const good[] = {
        "{\"a\":1,\"A\":1}",
        "{\"a\":1,\"a\\u0000\":1,\"\":1,\"\\u0000\":1}",
        "{\"12345678\":1,\"12345678\\u0000\":1,\"1234567\":1}",
        "{\"e\":1,\"\xC3\xA9\":1,\"e\xCC\x81\":1}", /* no normalisation */
        "{\"\\\\u0061\":1,\"a\":1}",
    };
    struct json j;

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_int_equal(read_all(&j, span_str(good[i])), OK);
}

/* Every byte value at every distance from a word's border, alone and before the text's end. */
static void strings_are_scanned_the_same_at_every_alignment(void **state)
{
    struct json j;

    (void)state;
    for (unsigned c = 0; c < 256; c++) {
        for (unsigned before = 0; before < 20; before++) {
            char text[64] = "\"", *p = text + 1 + before;
            bool fine = c >= 0x20 && c < 0x80 && c != '"' && c != '\\';

            memset(text + 1, 'a', before);
            p[0] = (char)c;
            memcpy(p + 1, "zzzzzzzzzzz\"", 12);
            for (unsigned cut = 0; cut < 12; cut++) { /* 0..11 plain bytes behind it */
                p[1 + cut] = '"';
                assert_int_equal(read_all(&j, (struct span){ text, before + cut + 3 }) == OK, fine);
                p[1 + cut] = 'z';
            }
        }
    }
}

static size_t nested(char *out, char open, char close, unsigned depth)
{
    size_t n = 0;

    for (unsigned i = 0; i < depth; i++) {
        out[n++] = open;
        if (open == '{' && i + 1 < depth) {
            memcpy(out + n, "\"a\":", 4);
            n += 4;
        }
    }
    for (unsigned i = 0; i < depth; i++)
        out[n++] = close;
    return n;
}

static void reader_stops_at_its_limits(void **state)
{
    static char text[LIMIT_JSON_KEYS * 12];
    struct json j;
    size_t n;

    (void)state;
    assert_int_equal(read_all(&j, (struct span){ text, nested(text, '[', ']', LIMIT_JSON_DEPTH) }),
                     OK);
    assert_int_equal(read_all(&j, (struct span){ text, nested(text, '{', '}', LIMIT_JSON_DEPTH) }),
                     OK);
    n = nested(text, '[', ']', LIMIT_JSON_DEPTH + 1);
    assert_int_equal(read_all(&j, (struct span){ text, n }), E_LIMIT);
    n = nested(text, '{', '}', LIMIT_JSON_DEPTH + 1);
    assert_int_equal(read_all(&j, (struct span){ text, n }), E_LIMIT);
    assert_string_equal(json_what(&j), "nested too deeply");

    for (int more = 0; more < 2; more++) {
        struct buf b = BUF_OF(text);

        for (int i = 0; i < LIMIT_JSON_KEYS + more; i++)
            buf_fmt(&b, "%c\"k%d\":0", i == 0 ? '{' : ',', i);
        buf_byte(&b, '}');
        assert_true(buf_ok(&b));
        assert_int_equal(read_all(&j, buf_span(&b)), more ? E_LIMIT : OK);
    }
    assert_string_equal(json_what(&j), "too many members");
}

/* Objects that have ended give their names back. */
static void reader_counts_only_names_of_open_objects(void **state)
{
    static char text[64 * 1024];
    struct buf b = BUF_OF(text);
    struct json j;

    (void)state;
    for (int i = 0; i < 2000; i++)
        buf_fmt(&b, "%c{\"a\":%d,\"b\":{\"a\":0}}", i == 0 ? '[' : ',', i);
    buf_byte(&b, ']');
    assert_true(buf_ok(&b));
    assert_int_equal(read_all(&j, buf_span(&b)), OK);
}

static void reader_refuses_a_duplicate_among_many(void **state)
{
    static char text[16 * 1024];
    struct json j;

    (void)state;
    for (int twice = 0; twice < 500; twice += 7) {
        struct buf b = BUF_OF(text);

        for (int i = 0; i < 500; i++)
            buf_fmt(&b, "%c\"member_%d\":0", i == 0 ? '{' : ',', i);
        buf_fmt(&b, ",\"memb\\u0065r_%d\":0}", twice);
        assert_int_equal(read_all(&j, buf_span(&b)), E_CONFLICT);
    }
}

static void json_str_unescapes_into_the_arena(void **state)
{
    alignas(max_align_t) char mem[64];
    struct arena a, tiny;
    struct span s = SPAN("untouched");
    struct json j;

    (void)state;
    arena_init(&a, mem, sizeof mem, NULL, sizeof mem);
    arena_init(&tiny, NULL, 0, NULL, 0);
    json_init(&j, SPAN("\"a\\n\\u00e9\\ud83d\\ude00\\u0000\""));
    assert_int_equal(json_str(&j, &a, &s), E_SYNTAX); /* no token yet */
    assert_int_equal(json_next(&j), JSON_STRING);
    assert_int_equal(json_str(&j, &tiny, &s), E_LIMIT);
    assert_span(s, "untouched");
    assert_int_equal(json_str(&j, &a, &s), OK);
    assert_int_equal(s.n, 9);
    assert_memory_equal(s.p, "a\n\xC3\xA9\xF0\x9F\x98\x80\0", 9);

    json_init(&j, SPAN("\"plain\""));
    assert_int_equal(json_next(&j), JSON_STRING);
    assert_int_equal(json_str(&j, &tiny, &s), OK); /* costs nothing */
    assert_span(s, "plain");
    json_init(&j, SPAN("12"));
    assert_int_equal(json_next(&j), JSON_NUMBER);
    assert_int_equal(json_str(&j, &a, &s), E_SYNTAX);
}

static void json_is_compares_unescaped(void **state)
{
    struct json j;

    (void)state;
    json_init(&j, SPAN("[\"amount\",\"am\\u006funt\",\"a\\u0000\",7]"));
    (void)json_next(&j);
    assert_false(json_is(&j, "["));
    assert_int_equal(json_next(&j), JSON_STRING);
    assert_true(json_is(&j, "amount"));
    assert_false(json_is(&j, "amoun"));
    assert_false(json_is(&j, "amounts"));
    assert_int_equal(json_next(&j), JSON_STRING);
    assert_true(json_is(&j, "amount"));
    assert_false(json_is(&j, "amoun"));
    assert_false(json_is(&j, "amounts"));
    assert_int_equal(json_next(&j), JSON_STRING);
    assert_false(json_is(&j, "a"));
    assert_int_equal(json_next(&j), JSON_NUMBER);
    assert_false(json_is(&j, "7"));
}

static void json_i64_takes_integers_only(void **state)
{
    static const struct {
        const char *text;
        enum err e;
        int64_t v;
    } cases[] = {
        { "0", OK, 0 },
        { "-0", OK, 0 },
        { "1099", OK, 1099 },
        { "9223372036854775807", OK, INT64_MAX },
        { "-9223372036854775808", OK, INT64_MIN },
        { "9223372036854775808", E_RANGE, 0 },
        { "-9223372036854775809", E_RANGE, 0 },
        { "1.0", E_SYNTAX, 0 },
        { "1e2", E_SYNTAX, 0 },
        { "\"1\"", E_SYNTAX, 0 },
        { "true", E_SYNTAX, 0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t v = 0;
        struct json j;

        json_init(&j, span_str(cases[i].text));
        (void)json_next(&j);
        assert_int_equal(json_i64(&j, &v), cases[i].e);
        assert_true(v == cases[i].v);
    }
}

static void json_skip_moves_over_one_value(void **state)
{
    struct json j;

    (void)state;
    json_init(&j, SPAN("{\"a\":{\"x\":[1,{}]},\"b\":[[],2],\"c\":3}"));
    assert_int_equal(json_next(&j), JSON_OBJECT);
    assert_int_equal(json_next(&j), JSON_NAME);
    assert_true(json_skip(&j)); /* from the name */
    assert_int_equal(json_tok(&j), JSON_OBJECT_END);
    assert_int_equal(json_next(&j), JSON_NAME);
    assert_true(json_is(&j, "b"));
    assert_int_equal(json_next(&j), JSON_ARRAY);
    assert_true(json_skip(&j)); /* from the bracket */
    assert_int_equal(json_tok(&j), JSON_ARRAY_END);
    assert_int_equal(json_next(&j), JSON_NAME);
    assert_int_equal(json_next(&j), JSON_NUMBER);
    assert_true(json_skip(&j)); /* from a scalar: nothing */
    assert_int_equal(json_tok(&j), JSON_NUMBER);
    assert_int_equal(json_next(&j), JSON_OBJECT_END);
    assert_int_equal(json_next(&j), JSON_DONE);
    json_init(&j, SPAN("[1,2"));
    (void)json_next(&j);
    assert_false(json_skip(&j));
}

static void json_find_follows_a_path(void **state)
{
    static const char text[] = "{\"x\":{\"id\":\"no\"},\"error\":{\"n\":[{\"id\":\"no\"}],"
                               "\"intent\":{\"\\u0069d\":\"pi_1\",\"amount\":12}},\"id\":\"no\"}";
    int64_t v = 0;
    struct json j;

    (void)state;
    assert_true(json_find(span_str(text), &j, "error", "intent", "id", NULL));
    assert_span(json_raw(&j), "pi_1");
    assert_int_equal(json_next(&j), JSON_NAME); /* and can be read on from */
    assert_int_equal(json_next(&j), JSON_NUMBER);
    assert_int_equal(json_i64(&j, &v), OK);
    assert_int_equal(v, 12);
    assert_true(json_find(span_str(text), &j, "error", NULL));
    assert_int_equal(json_tok(&j), JSON_OBJECT);
    assert_true(json_find(SPAN("7"), &j, NULL));
    assert_false(json_find(span_str(text), &j, "error", "intent", "nothing", NULL));
    assert_int_equal(json_why(&j), OK);
    assert_false(json_find(span_str(text), &j, "id", "deeper", NULL));
    assert_int_equal(json_why(&j), OK);
    assert_false(json_find(SPAN("[1]"), &j, "id", NULL));
    assert_int_equal(json_why(&j), OK);
}

static void json_find_finds_nothing_in_a_broken_text(void **state)
{
    struct json j;

    (void)state;
    assert_false(json_find(SPAN("{\"id\":\"a\",\"status\":\"ok\""), &j, "id", NULL));
    assert_int_equal(json_why(&j), E_SYNTAX);
    assert_false(json_find(SPAN("{\"id\":\"a\",\"id\":\"b\"}"), &j, "id", NULL));
    assert_int_equal(json_why(&j), E_CONFLICT);
    assert_false(json_find(SPAN(""), &j, "id", NULL));
    assert_int_equal(json_why(&j), E_SYNTAX);
}

static void where_tells_the_current_token(void **state)
{
    unsigned line, col;
    struct json j;

    (void)state;
    json_init(&j, SPAN("{\n  \"a\": \"b\"}"));
    (void)json_next(&j);
    json_where(&j, &line, &col);
    assert_int_equal(line * 100 + col, 101);
    (void)json_next(&j);
    json_where(&j, &line, &col);
    assert_int_equal(line * 100 + col, 203);
    (void)json_next(&j);
    json_where(&j, &line, &col);
    assert_int_equal(line * 100 + col, 208);
}

static void writer_puts_commas_and_escapes(void **state)
{
    char mem[512];
    struct buf b = BUF_OF(mem);
    struct json_out o = json_to(&b);

    (void)state;
    json_open(&o, '{');
    json_member_str(&o, "s", SPAN("q\" b\\ n\n t\t \b\f\r\x01\x1F\x7F \xC3\xA9 \xFF\xC3"));
    json_member_i64(&o, "i", INT64_MIN);
    json_member_bool(&o, "t", true);
    json_member_z(&o, "z", NULL);
    json_member_str(&o, "none", SPAN_NONE);
    json_name(&o, "a");
    json_open(&o, '[');
    json_put_i64(&o, 1);
    json_put_null(&o);
    json_open(&o, '{');
    json_close(&o, '{');
    json_open(&o, '[');
    json_close(&o, ']');
    json_put_raw(&o, SPAN("{\"x\":0}"));
    json_put_z(&o, "e");
    json_put_bool(&o, false);
    json_close(&o, '[');
    json_member_i64(&o, "last\"", 0);
    json_close(&o, '}');
    assert_string_equal(
        buf_z(&b), "{\"s\":\"q\\\" b\\\\ n\\n t\\t \\b\\f\\r\\u0001\\u001f\x7F \xC3\xA9 "
                   "\xEF\xBF\xBD\xEF\xBF\xBD\",\"i\":-9223372036854775808,\"t\":true,\"z\":null,"
                   "\"none\":\"\",\"a\":[1,null,{},[],{\"x\":0},\"e\",false],\"last\\\"\":0}");
}

static void utf8_put_and_len_agree_on_every_character(void **state)
{
    char c[4];

    (void)state;
    for (uint32_t u = 0; u <= 0x10FFFF; u++) {
        unsigned n;

        if (u >= 0xD800 && u <= 0xDFFF)
            continue;
        n = utf8_put(u, c);
        if (utf8_len(c, n) != n || utf8_len(c, n - 1) != 0)
            fail_msg("U+%04X", (unsigned)u);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reader_gives_every_token_in_order),
        cmocka_unit_test(reader_takes_every_kind_of_value_alone),
        cmocka_unit_test(reader_refuses_and_says_where),
        cmocka_unit_test(reader_does_not_take_names_that_only_look_alike),
        cmocka_unit_test(strings_are_scanned_the_same_at_every_alignment),
        cmocka_unit_test(reader_stops_at_its_limits),
        cmocka_unit_test(reader_counts_only_names_of_open_objects),
        cmocka_unit_test(reader_refuses_a_duplicate_among_many),
        cmocka_unit_test(json_str_unescapes_into_the_arena),
        cmocka_unit_test(json_is_compares_unescaped),
        cmocka_unit_test(json_i64_takes_integers_only),
        cmocka_unit_test(json_skip_moves_over_one_value),
        cmocka_unit_test(json_find_follows_a_path),
        cmocka_unit_test(json_find_finds_nothing_in_a_broken_text),
        cmocka_unit_test(where_tells_the_current_token),
        cmocka_unit_test(writer_puts_commas_and_escapes),
        cmocka_unit_test(utf8_put_and_len_agree_on_every_character),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
