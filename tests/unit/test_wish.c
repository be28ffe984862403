/* What an operator may send, and what is said about the rest. */
#include "proxy/admin/wish.h"
#include "tests/unit/unit.h"

static bool read_it(const char *body, struct px_admin_wish *w, struct px_trouble *why)
{
    static char room[8192];
    static struct arena a;

    arena_init(&a, room, sizeof room, NULL, sizeof room);
    return px_admin_wish_read(span_str(body), &a, w, why);
}

static void a_whole_wish_is_read(void **state)
{
    struct px_admin_wish w;
    struct px_trouble why;

    (void)state;
    assert_true(read_it("{\"act\":\"stop\",\"reason\":\"timeouts, INC-4711\",\"for_s\":1800,"
                        "\"ops\":\"all\",\"allow_no_route\":true,\"local\":true,\"dry_run\":true,"
                        "\"limit_permille\":200,\"until_resumed\":false}",
                        &w, &why));
    assert_string_equal(w.act, "stop");
    assert_string_equal(w.reason, "timeouts, INC-4711");
    assert_int_equal(w.for_s, 1800);
    assert_int_equal(w.limit_permille, 200);
    assert_true(w.ops_all && w.allow_no_route && w.local && w.dry_run && !w.until_resumed);
    assert_true(read_it("{}", &w, &why));
    assert_string_equal(w.act, "");
    assert_string_equal(w.reason, "");
}

static void what_is_wrong_is_told(void **state)
{
    static const struct {
        const char *body, *field, *says;
    } bad[] = {
        { "", "", "" },
        { "[]", "", "one JSON object" },
        { "{\"act\":\"stop\"", "", "line 1" },
        { "{\"act\":\"stop\"}{}", "", "" },
        { "{\"act\":1}", "act", "a string" },
        { "{\"act\":\"stop\",\"act\":\"stop\"}", "", "duplicate" },
        { "{\"raeson\":\"x\"}", "raeson", "no such field" },
        { "{\"for_s\":0}", "for_s", "from 1 to" },
        { "{\"for_s\":-5}", "for_s", "from 1 to" },
        { "{\"for_s\":1.5}", "for_s", "from 1 to" },
        { "{\"for_s\":\"30m\"}", "for_s", "from 1 to" },
        { "{\"for_s\":99999999999999999999}", "for_s", "from 1 to" },
        { "{\"limit_permille\":1000}", "limit_permille", "from 1 to 999" },
        { "{\"ops\":\"refund\"}", "ops", "authorize" },
        { "{\"ops\":true}", "ops", "authorize" },
        { "{\"local\":1}", "local", "true or false" },
        { "{\"dry_run\":\"yes\"}", "dry_run", "true or false" },
        { "{\"reason\":\"a\\u0000b\"}", "reason", "NUL" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct px_admin_wish w = { .act = "untouched" };
        struct px_trouble why;

        assert_false(read_it(bad[i].body, &w, &why));
        assert_true(why.code == PX_TROUBLE_FIELD || why.code == PX_TROUBLE_MALFORMED);
        assert_string_equal(why.field, bad[i].field);
        assert_non_null(strstr(why.text, bad[i].says));
        assert_string_equal(w.act, "untouched");
    }
}

static void the_nearest_field_is_named(void **state)
{
    struct px_admin_wish w;
    struct px_trouble why;

    (void)state;
    assert_false(read_it("{\"raeson\":\"x\"}", &w, &why));
    assert_string_equal(why.help, "did you mean reason?");
}

/* Reasons are kept in clear and shown to everybody. */
static void no_card_number_in_a_reason(void **state)
{
    static const char *const cards[] = {
        "{\"reason\":\"4242424242424242\"}",
        "{\"reason\":\"card 4242 4242 4242 4242 fails\"}",
        "{\"reason\":\"4242-4242-4242-4242, INC-1\"}",
        "{\"reason\":\"378282246310005\"}",
    };
    static const char *const fine[] = {
        "{\"reason\":\"INC-4711 2026-11-21 02:52\"}",
        "{\"reason\":\"ticket 4242424242424241\"}",
        "{\"reason\":\"call 0800 123\"}",
        "{\"reason\":\"trace 42424242424242424242424242\"}",
    };
    struct px_admin_wish w;
    struct px_trouble why;

    (void)state;
    for (size_t i = 0; i < sizeof cards / sizeof cards[0]; i++) {
        assert_false(read_it(cards[i], &w, &why));
        assert_string_equal(why.field, "reason");
        assert_null(strstr(why.text, "4242"));
    }
    for (size_t i = 0; i < sizeof fine / sizeof fine[0]; i++)
        assert_true(read_it(fine[i], &w, &why));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_wish_is_read),
        cmocka_unit_test(what_is_wrong_is_told),
        cmocka_unit_test(the_nearest_field_is_named),
        cmocka_unit_test(no_card_number_in_a_reason),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
