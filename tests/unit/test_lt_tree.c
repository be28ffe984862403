/* tests/unit/test_lt_tree.c -- the simulator's own readers: what they take and what they refuse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "loadtest/common/shape.h"
#include "loadtest/common/tree.h"

static struct lt_tree tree;
static char text[4096];

static bool json(const char *z)
{
    size_t n = strlen(z);

    memcpy(text, z, n);
    return lt_tree_json(&tree, text, n);
}

static bool form(const char *z)
{
    size_t n = strlen(z);

    memcpy(text, z, n);
    return lt_tree_form(&tree, text, n);
}

static void json_takes_what_rfc_8259_takes(void **state)
{
    static const char *const good[] = {
        "{}",
        "[]",
        "0",
        "-0",
        "1.5e-3",
        "1E+2",
        "\"\"",
        "true",
        "false",
        "null",
        " [ 1 , 2 ] ",
        "{\"a\":{\"b\":[null,{}]}}",
        "\"\\ud83d\\ude00\"",
        "\"\xf4\x8f\xbf\xbf\"",
        "\"\x7f\"",
    };

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        if (!json(good[i]))
            fail_msg("%s: %s", good[i], tree.why);
    }
}

static void json_refuses_everything_else(void **state)
{
    static const char *const bad[] = {
        "",
        " ",
        "{",
        "}",
        "[1,]",
        "{\"a\":1,}",
        "{a:1}",
        "{\"a\" 1}",
        "01",
        "1.",
        ".5",
        "+1",
        "-",
        "1e",
        "tru",
        "nul",
        "\"",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\ud800\"",
        "\"\\udc00\"",
        "\"\\ud800\\u0041\"",
        "\"\t\"",
        "\"\xff\"",
        "\"\xc0\x80\"",
        "\"\xed\xa0\x80\"",
        "\"\xf4\x90\x80\x80\"",
        "{} {}",
        "1 2",
        "\xef\xbb\xbf{}",
        "{\"a\":1,\"a\":2}",
        "{\"a\":1,\"\\u0061\":2}",
        "'a'",
        "NaN",
        "Infinity",
        "// x",
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (json(bad[i]))
            fail_msg("took %s", bad[i]);
        assert_non_null(tree.why);
    }
}

static void json_has_limits(void **state)
{
    (void)state;
    memset(text, '[', sizeof text);
    assert_false(lt_tree_json(&tree, text, sizeof text));
    assert_string_equal(tree.why, "too deep");
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = i % 2 == 0 ? '1' : ',';
    text[0] = '[';
    assert_false(lt_tree_json(&tree, text, sizeof text));
}

static void strings_are_unescaped_in_place(void **state)
{
    (void)state;
    assert_true(json("{\"a\\\"\":\"\\u00e9\\n\\ud83d\\ude00\\/\",\"n\":-12}"));
    assert_true(span_is(lt_text(&tree, lt_root(&tree), "a\""), "\xc3\xa9\n\xf0\x9f\x98\x80/"));
    int64_t n = 0;
    assert_true(lt_i64(&tree, lt_root(&tree), "n", &n));
    assert_int_equal(n, -12);
    assert_true(json("{\"n\":1.0,\"m\":99999999999999999999}"));
    assert_false(lt_i64(&tree, lt_root(&tree), "n", &n));
    assert_false(lt_i64(&tree, lt_root(&tree), "m", &n));
}

static void forms_become_trees(void **state)
{
    const struct lt_node *card, *types;

    (void)state;
    assert_true(form("amount=10&card%5Bnumber%5D=42+4%2B&card[net][x]=%C3%A9&t[0]=a&t[1]=b&e="));
    card = lt_get(&tree, lt_root(&tree), "card");
    assert_true(span_is(lt_text(&tree, card, "number"), "42 4+"));
    assert_true(span_is(lt_text(&tree, lt_get(&tree, card, "net"), "x"), "\xc3\xa9"));
    types = lt_get(&tree, lt_root(&tree), "t");
    assert_int_equal(types->kind, LT_ARRAY);
    assert_true(span_is(lt_next(&tree, lt_child(&tree, types))->text, "b"));
    assert_int_equal(lt_text(&tree, lt_root(&tree), "e").n, 0);
    assert_true(form(""));
}

static void forms_that_are_mistakes(void **state)
{
    static const char *const bad[] = {
        "a",
        "a=1&",
        "&a=1",
        "a=1&&b=2",
        "=1",
        "a=%",
        "a=%4",
        "a=%zz",
        "a=\xff",
        "a=%ff",
        "a=b c",
        "a[=1",
        "a]=1",
        "a[b=1",
        "a[b]c=1",
        "[a]=1",
        "a=1&a=2",
        "a=1&a[b]=2",
        "a[b]=1&a=2",
        "a[1]=x",
        "a[0]=x&a[2]=y",
        "a[0]=x&a[b]=y",
        "a[b][c]=1&a[b]=2",
        "a[[b]]=1",
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (form(bad[i]))
            fail_msg("took %s", bad[i]);
    }
}

static const struct lt_shape inner[] = { { "n", LT_T_INT, true, NULL },
                                         { NULL, LT_T_ANY, false, NULL } };
static const struct lt_shape outer[] = {
    { "s", LT_T_TEXT, true, NULL },   { "b", LT_T_BOOL, false, NULL },
    { "o", LT_T_OBJ, false, inner },  { "l", LT_T_TEXTS, false, NULL },
    { "m", LT_T_PAIRS, false, NULL }, { NULL, LT_T_ANY, false, NULL }
};

static void shapes_name_the_first_misfit(void **state)
{
    static const struct {
        const char *body, *path;
        enum lt_misfit misfit;
    } cases[] = {
        { "{\"s\":\"x\"}", "", LT_FITS },
        { "{\"s\":\"x\",\"b\":null,\"o\":{\"n\":1},\"l\":[\"a\"],\"m\":{\"k\":\"v\"}}", "",
          LT_FITS },
        { "{}", "s", LT_MISSING },
        { "{\"s\":null}", "s", LT_MISSING },
        { "{\"s\":1}", "s", LT_TYPE },
        { "{\"s\":\"x\",\"b\":\"true\"}", "b", LT_TYPE },
        { "{\"s\":\"x\",\"o\":{}}", "o.n", LT_MISSING },
        { "{\"s\":\"x\",\"o\":{\"n\":1.5}}", "o.n", LT_TYPE },
        { "{\"s\":\"x\",\"o\":{\"n\":1,\"z\":1}}", "o.z", LT_UNKNOWN },
        { "{\"s\":\"x\",\"l\":[1]}", "l", LT_TYPE },
        { "{\"s\":\"x\",\"m\":{\"k\":1}}", "m", LT_TYPE },
        { "{\"s\":\"x\",\"z\":1}", "z", LT_UNKNOWN },
    };
    struct lt_shape_bad bad;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_true(json(cases[i].body));
        assert_int_equal(lt_shape_fits(&tree, lt_root(&tree), outer, false, &bad),
                         cases[i].misfit == LT_FITS);
        assert_int_equal(bad.misfit, cases[i].misfit);
        assert_string_equal(bad.path, cases[i].path);
    }
    assert_true(form("s=x&b=yes"));
    assert_false(lt_shape_fits(&tree, lt_root(&tree), outer, true, &bad));
    assert_true(form("s=x&b=true&o[n]=7"));
    assert_true(lt_shape_fits(&tree, lt_root(&tree), outer, true, &bad));
    assert_true(form("s=x&o[z]=7"));
    assert_false(lt_shape_fits(&tree, lt_root(&tree), outer, true, &bad));
    assert_string_equal(bad.path, "o[z]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_takes_what_rfc_8259_takes),
        cmocka_unit_test(json_refuses_everything_else),
        cmocka_unit_test(json_has_limits),
        cmocka_unit_test(strings_are_unescaped_in_place),
        cmocka_unit_test(forms_become_trees),
        cmocka_unit_test(forms_that_are_mistakes),
        cmocka_unit_test(shapes_name_the_first_misfit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
