/* tests/unit/test_pick.c */
#include "tests/unit/unit.h"

#include "proxy/adapters/pick.h"

enum { ID, DEEP, FIRST, OBJECT, FLAG, AMOUNT, FIELDS };

static const struct px_pick pick[FIELDS] = {
    [ID] = { { "id" } },
    [DEEP] = { { "error", "payment_intent", "id" } },
    [FIRST] = { { "codes", "[]" } },
    [OBJECT] = { { "error", "payment_intent" } },
    [FLAG] = { { "flag" } },
    [AMOUNT] = { { "amount" } },
};

static bool take(const char *text, struct px_value *f)
{
    static char mem[4096];
    static struct arena a;

    arena_init(&a, mem, sizeof mem, NULL, sizeof mem);
    return px_pick(span_str(text), pick, FIELDS, &a, f);
}

static void fields_are_found_where_they_belong(void **state)
{
    struct px_value f[FIELDS];
    int64_t n;
    bool flag;

    (void)state;
    assert_true(take("{\"x\":{\"id\":\"no\"},\"id\":\"a\\u0062\",\"codes\":[ \"c1\",\"c2\"],"
                     "\"error\":{\"payment_intent\": {\"id\":\"pi\", \"q\":[1]} },"
                     "\"flag\":false,\"amount\":12}",
                     f));
    assert_span(px_value_str(&f[ID]), "ab");
    assert_span(px_value_str(&f[DEEP]), "pi");
    assert_span(px_value_str(&f[FIRST]), "c1");
    assert_span(f[OBJECT].text, "{\"id\":\"pi\", \"q\":[1]}");
    assert_true(px_value_bool(&f[FLAG], &flag));
    assert_false(flag);
    assert_true(px_value_i64(&f[AMOUNT], &n));
    assert_int_equal(n, 12);
}

static void a_wrong_type_is_as_good_as_absent(void **state)
{
    struct px_value f[FIELDS];
    int64_t n;
    bool flag;

    (void)state;
    assert_true(take("{\"id\":7,\"flag\":\"true\",\"amount\":1.5,\"error\":null,\"codes\":{}}", f));
    assert_int_equal(px_value_str(&f[ID]).n, 0);
    assert_span(px_value_word(&f[ID]), "7");
    assert_false(px_value_bool(&f[FLAG], &flag));
    assert_false(px_value_i64(&f[AMOUNT], &n));
    assert_false(px_value_there(&f[OBJECT]));
    assert_false(px_value_there(&f[FIRST]));
}

static void half_an_answer_has_no_fields(void **state)
{
    static const char *const broken[] = {
        "",
        "[]",
        "\"id\"",
        "{\"id\":\"a\"",
        "{\"id\":\"a\"}x",
        "{\"id\":\"a\",\"id\":\"b\"}",
        "{\"id\":\"a\",\"x\":[1,}",
        "{\"id\":\"a\",\"x\":{\"y\":tru}}",
        "<html>{\"id\":\"a\"}</html>",
        "{\"id\":\"\xC3\"}",
    };
    struct px_value f[FIELDS];

    (void)state;
    for (unsigned i = 0; i < sizeof broken / sizeof *broken; i++) {
        assert_false(take(broken[i], f));
        assert_false(px_value_there(&f[ID]));
    }
}

static void elements_come_one_by_one(void **state)
{
    struct span rest = SPAN("[ {\"a\":[1,2]} , \"x,]\", 12 ,[ ],null]"), e;

    (void)state;
    assert_true(px_pick_element(&rest, &e));
    assert_span(e, "{\"a\":[1,2]}");
    assert_true(px_pick_element(&rest, &e));
    assert_span(e, "\"x,]\"");
    assert_true(px_pick_element(&rest, &e));
    assert_span(e, "12");
    assert_true(px_pick_element(&rest, &e));
    assert_span(e, "[ ]");
    assert_true(px_pick_element(&rest, &e));
    assert_span(e, "null");
    assert_false(px_pick_element(&rest, &e));
    rest = SPAN("[]");
    assert_false(px_pick_element(&rest, &e));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_found_where_they_belong),
        cmocka_unit_test(a_wrong_type_is_as_good_as_absent),
        cmocka_unit_test(half_an_answer_has_no_fields),
        cmocka_unit_test(elements_come_one_by_one),
    };

    return cmocka_run_group_tests_name("pick", tests, NULL, NULL);
}
