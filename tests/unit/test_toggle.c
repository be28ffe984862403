/* Operators' words: what may be said, how it travels, which one holds. */
#include "proxy/toggle.h"
#include "proxy/view.h"
#include "unit.h"

static struct px_toggle word(enum rt_admin admin, int64_t set_ms, int64_t until_ms)
{
    struct px_toggle t;

    px_toggle_init(&t);
    t.admin = admin;
    t.set_ms = set_ms;
    t.until_ms = until_ms;
    strncpy(t.actor, "anna", sizeof t.actor - 1);
    strncpy(t.reason, "timeouts, INC-4711", sizeof t.reason - 1);
    return t;
}

static void comes_back_as_it_was_written(void **state)
{
    static const uint16_t limits[] = { 1, 200, 999, RT_PERMILLE };

    (void)state;
    for (unsigned a = 0; a < RT_ADMINS_; a++) {
        for (unsigned i = 0; i < 4; i++) {
            struct px_toggle t = word((enum rt_admin)a, 1700000000000, 1700000060000), back;
            char text[PX_TOGGLE_TEXT];
            struct buf b = BUF_OF(text);

            t.limit_permille = limits[i];
            t.ops_all = i % 2 == 0;
            px_toggle_write(&t, &b);
            assert_true(buf_ok(&b));
            assert_int_equal(px_toggle_read(buf_span(&b), t.set_ms, t.until_ms, &back), OK);
            assert_int_equal(back.admin, t.admin);
            assert_int_equal(back.limit_permille, t.limit_permille);
            assert_int_equal(back.ops_all, t.ops_all);
            assert_string_equal(back.actor, "anna");
            assert_string_equal(back.reason, "timeouts, INC-4711");
            assert_int_equal(back.until_ms, t.until_ms);
        }
    }
}

static void the_longest_word_fits(void **state)
{
    struct px_toggle t = word(RT_ADMIN_FORCE_ON, INT64_MAX, INT64_MAX), back;
    char text[PX_TOGGLE_TEXT];
    struct buf b = BUF_OF(text);

    (void)state;
    memset(t.actor, 'a', sizeof t.actor - 1);
    memset(t.reason, 'r', sizeof t.reason - 1);
    px_toggle_write(&t, &b);
    assert_string_not_equal(buf_z(&b), "");
    assert_int_equal(px_toggle_read(buf_span(&b), t.set_ms, t.until_ms, &back), OK);
    assert_string_equal(back.reason, t.reason);
}

static void what_is_not_ours_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "stop",
        "stop authorize 1000",
        "halt authorize 1000 anna why",
        "stop some 1000 anna why",
        "stop authorize 1001 anna why",
        "stop authorize 0 anna why",
        "stop authorize -1 anna why",
        "stop authorize 1000  why",
        "stop authorize 1000 anna w\ny",
        "STOP authorize 1000 anna why",
    };
    struct px_toggle t;

    (void)state;
    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(px_toggle_read(span_str(bad[i]), 1, 0, &t), E_SYNTAX);
    assert_int_equal(px_toggle_read(SPAN("stop all 1000 anna why"), 0, 0, &t), E_SYNTAX);
    assert_int_equal(px_toggle_read(SPAN("stop all 1000 anna why"), 1, -1, &t), E_SYNTAX);
    assert_int_equal(px_toggle_read(SPAN("stop all 1000 anna why"), 1, 0, &t), OK);
}

static void the_newest_holds_and_all_agree_on_a_tie(void **state)
{
    struct px_toggle a = word(RT_ADMIN_STOP, 5, 0), b = word(RT_ADMIN_DRAIN, 6, 0);

    (void)state;
    assert_true(px_toggle_is_newer(&b, &a));
    assert_false(px_toggle_is_newer(&a, &b));
    b.set_ms = 5;
    assert_true(px_toggle_is_newer(&a, &b) != px_toggle_is_newer(&b, &a));
    assert_false(px_toggle_is_newer(&a, &a));
}

static void a_word_ends_at_its_time(void **state)
{
    struct px_toggle t = word(RT_ADMIN_STOP, 1, 100);

    (void)state;
    assert_false(px_toggle_is_over(&t, 99));
    assert_true(px_toggle_is_over(&t, 100));
    t.until_ms = 0;
    assert_false(px_toggle_is_over(&t, INT64_MAX));
}

static void only_what_withholds_traffic_ends_in_probing(void **state)
{
    struct px_toggle t = word(RT_ADMIN_STOP, 1, 0);

    (void)state;
    assert_true(px_toggle_withholds(&t));
    t.admin = RT_ADMIN_DRAIN;
    assert_true(px_toggle_withholds(&t));
    t.admin = RT_ADMIN_FORCE_ON;
    assert_false(px_toggle_withholds(&t));
    assert_true(px_toggle_holds(&t));
    t.admin = RT_ADMIN_AUTO;
    assert_false(px_toggle_holds(&t));
    t.limit_permille = 200;
    assert_true(px_toggle_withholds(&t));
}

static enum err check(struct px_toggle t)
{
    struct diag why = { 0 };
    enum err e = px_toggle_check(&t, 1000, &why);

    assert_int_equal(e != OK, why.text[0] != '\0');
    return e;
}

static void a_person_gives_a_reason_and_an_end_that_is_to_come(void **state)
{
    struct px_toggle t = word(RT_ADMIN_STOP, 1000, 2000);

    (void)state;
    assert_int_equal(check(t), OK);
    t.until_ms = 0;
    assert_int_equal(check(t), OK);
    t.until_ms = 1000; /* --for 0 */
    assert_int_equal(check(t), E_SYNTAX);
    t.until_ms = INT64_C(400) * 24 * 3600 * 1000;
    assert_int_equal(check(t), E_SYNTAX);
    t = word(RT_ADMIN_STOP, 1000, 0);
    strncpy(t.reason, "   ", sizeof t.reason - 1);
    assert_int_equal(check(t), E_SYNTAX);
    strncpy(t.reason, "two\nlines", sizeof t.reason - 1);
    assert_int_equal(check(t), E_SYNTAX);
    t = word(RT_ADMIN_STOP, 1000, 0);
    t.actor[0] = '\0';
    assert_int_equal(check(t), E_SYNTAX);
    strncpy(t.actor, "anna b", sizeof t.actor - 1);
    assert_int_equal(check(t), E_SYNTAX);
}

static void a_limit_stands_alone(void **state)
{
    struct px_toggle t = word(RT_ADMIN_AUTO, 1000, 0);

    (void)state;
    t.limit_permille = 200;
    assert_int_equal(check(t), OK);
    t.limit_permille = 0;
    assert_int_equal(check(t), E_SYNTAX);
    t.limit_permille = 1001;
    assert_int_equal(check(t), E_SYNTAX);
    t = word(RT_ADMIN_STOP, 1000, 0);
    t.limit_permille = 200;
    assert_int_equal(check(t), E_SYNTAX);
    t = word(RT_ADMIN_DRAIN, 1000, 0);
    t.ops_all = true;
    assert_int_equal(check(t), E_SYNTAX);
}

static void reads_as_a_sentence(void **state)
{
    struct px_toggle t = word(RT_ADMIN_AUTO, 1, 0);
    char text[128];
    struct buf b = BUF_OF(text);

    (void)state;
    px_toggle_sentence(&t, &b);
    assert_string_equal(buf_z(&b), "auto");
    t.limit_permille = 125;
    buf_clear(&b);
    px_toggle_sentence(&t, &b);
    assert_string_equal(buf_z(&b), "limited to 12.5% by anna");
    t = word(RT_ADMIN_STOP, 1, 0);
    buf_clear(&b);
    px_toggle_sentence(&t, &b);
    assert_string_equal(buf_z(&b), "stopped by anna");
}

static void a_view_is_copied_with_all_it_says(void **state)
{
    struct px_view *v = px_view_create(), *w;

    (void)state;
    v->toggle[3] = word(RT_ADMIN_STOP, 7, 0);
    v->ended[2] = 4;
    v->remote_open = 1;
    v->may_probe = 2;
    v->volumes_of = 9;
    v->volume[1].minor = 77;
    w = px_view_copy(v);
    px_view_unref(v);
    assert_int_equal(w->epoch, 1);
    assert_int_equal(w->toggle[3].admin, RT_ADMIN_STOP);
    assert_int_equal(w->ended[2], 4);
    assert_int_equal(w->remote_open, 1);
    assert_int_equal(w->may_probe, 2);
    assert_int_equal(w->volumes_of, 9);
    assert_int_equal(w->volume[1].minor, 77);
    assert_int_equal(w->volume[0].minor, -1);
    px_view_unref(px_view_ref(w));
    px_view_unref(w);
    px_view_unref(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_back_as_it_was_written),
        cmocka_unit_test(the_longest_word_fits),
        cmocka_unit_test(what_is_not_ours_is_refused),
        cmocka_unit_test(the_newest_holds_and_all_agree_on_a_tie),
        cmocka_unit_test(a_word_ends_at_its_time),
        cmocka_unit_test(only_what_withholds_traffic_ends_in_probing),
        cmocka_unit_test(a_person_gives_a_reason_and_an_end_that_is_to_come),
        cmocka_unit_test(a_limit_stands_alone),
        cmocka_unit_test(reads_as_a_sentence),
        cmocka_unit_test(a_view_is_copied_with_all_it_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
