/* Lengths of time, as said and as shown. */
#include "proxy/duration.h"
#include "tests/unit/unit.h"

static void good_ones_are_taken(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } good[] = {
        { "1s", 1000 },     { "90s", 90000 },        { "30m", 1800000 },
        { "6h", 21600000 }, { "366d", 31622400000 },
    };
    struct diag why;
    int64_t ms;

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_int_equal(px_duration_parse(good[i].text, &ms, &why), OK);
        assert_int_equal(ms, good[i].ms);
    }
}

static void bad_ones_are_told(void **state)
{
    static const struct {
        const char *text;
        enum err e;
        const char *says;
    } bad[] = {
        { "", E_SYNTAX, "no length" },
        { "30", E_SYNTAX, "no unit" },
        { "m", E_SYNTAX, "no length" },
        { "-5m", E_SYNTAX, "no length" },
        { "1h30m", E_SYNTAX, "is no unit" },
        { "5 m", E_SYNTAX, "is no unit" },
        { "30M", E_SYNTAX, "is no unit" },
        { "500ms", E_SYNTAX, "is no unit" },
        { "0", E_SYNTAX, "no unit" },
        { "0m", E_RANGE, "no time at all" },
        { "367d", E_RANGE, "more than 366 days" },
        { "99999999999999999999s", E_RANGE, "more than 366 days" },
    };
    int64_t ms = 77;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct diag why = { 0 };

        assert_int_equal(px_duration_parse(bad[i].text, &ms, &why), bad[i].e);
        assert_non_null(strstr(why.text, bad[i].says));
        assert_int_equal(ms, 77);
    }
}

static void they_are_shown_short(void **state)
{
    static const struct {
        int64_t ms;
        const char *text;
    } shown[] = {
        { -5, "0s" },       { 0, "0s" },           { 999, "0s" },         { 45000, "45s" },
        { 61000, "1m 1s" }, { 600000, "10m" },     { 659000, "10m" },     { 7500000, "2h 5m" },
        { 7200000, "2h" },  { 90000000, "1d 1h" }, { 2678400000, "31d" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++) {
        char room[32];
        struct buf b = BUF_OF(room);

        px_duration_put(shown[i].ms, &b);
        assert_string_equal(buf_z(&b), shown[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_ones_are_taken),
        cmocka_unit_test(bad_ones_are_told),
        cmocka_unit_test(they_are_shown_short),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
