/* tests/unit/test_log.c */
#include "tests/unit/unit.h"

#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include <jansson.h>

#include "proxy/log.h"

static int file;
static char line[65536];

/* What the log wrote since the last call. */
static const char *wrote(void)
{
    ssize_t n = pread(file, line, sizeof line - 1, 0);

    assert_true(n >= 0);
    line[n] = '\0';
    assert_int_equal(ftruncate(file, 0), 0);
    assert_int_equal(lseek(file, 0, SEEK_SET), 0);
    return line;
}

/* The one line, as JSON. */
static json_t *wrote_json(void)
{
    const char *z = wrote();
    json_error_t why;
    json_t *j = json_loads(z, JSON_REJECT_DUPLICATES, &why);

    if (j == NULL)
        fail_msg("%s in %s", why.text, z);
    assert_ptr_equal(strchr(z, '\n'), z + strlen(z) - 1);
    return j;
}

static const char *attribute(json_t *j, const char *name)
{
    return json_string_value(json_object_get(json_object_get(j, "attributes"), name));
}

static void one_event_is_one_line_of_json(void **state)
{
    const bool ok = true; /* the macro is an int */
    json_t *j, *a;

    (void)state;
    LOG(INFO, "attempt.answered", F("psp", "adyen"), F("rtt_us", 1234), F("ok", ok), F("neg", -5L),
        F("low", LLONG_MIN), F("none", (const char *)NULL));
    j = wrote_json();
    a = json_object_get(j, "attributes");
    assert_string_equal(json_string_value(json_object_get(j, "body")), "attempt.answered");
    assert_string_equal(json_string_value(json_object_get(j, "severity")), "INFO");
    assert_int_equal(strlen(json_string_value(json_object_get(j, "timestamp"))), 27);
    assert_string_equal(attribute(j, "psp"), "adyen");
    assert_int_equal(json_integer_value(json_object_get(a, "rtt_us")), 1234);
    assert_true(json_is_true(json_object_get(a, "ok")));
    assert_int_equal(json_integer_value(json_object_get(a, "neg")), -5);
    assert_true(json_is_null(json_object_get(a, "none")));
    json_decref(j);
    LOG(INFO, "e", F("big", ULONG_MAX)); /* more than the reader can hold */
    assert_non_null(strstr(wrote(), "{\"big\":18446744073709551615}"));
}

static void levels_below_the_least_are_silent(void **state)
{
    (void)state;
    LOG(DEBUG, "quiet", F("x", 1));
    assert_string_equal(wrote(), "");
    LOG(WARN, "heard", F("x", 1));
    assert_non_null(strstr(wrote(), "\"severity\":\"WARN\""));
}

static void text_is_escaped(void **state)
{
    json_t *j;

    (void)state;
    LOG(INFO, "e", F("t", "a\"b\\c\n\r\t\x01\x7F é"), F("bad", "x\xFFy\xC3"),
        F("sur", "\xED\xA0\x80"));
    j = wrote_json();
    assert_string_equal(attribute(j, "t"), "a\"b\\c\n\r\t\x01\x7F é");
    assert_string_equal(attribute(j, "bad"), "x\xEF\xBF\xBDy\xEF\xBF\xBD");
    assert_string_equal(attribute(j, "sur"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
    json_decref(j);
}

static void card_numbers_are_masked(void **state)
{
    static const char *const known[][2] = {
        { "4242424242424242", "424242******4242" },
        { "card 4242424242424242.", "card 424242******4242." },
        { "pi_4242424242424242x", "pi_424242******4242x" },
        { "4242 4242 4242 4242", "424242******4242" },
        { "4242-4242-4242-4242", "424242******4242" },
        { "3782 822463 10005", "378282*****0005" },
        { "attempt 1 4242424242424242 12 27", "attempt 1 424242******4242 12 27" },
        { "6011 0009 9013 9424 4242424242424242", "601100******9424 424242******4242" },
        { "4242424242424241", "4242424242424241" }, /* Luhn says no card */
        { "12345678901", "12345678901" },           /* too short for one */
        { "424242424242424242424", "[digits]" },    /* too long, but may hold one */
        { "2026-07-01 10:00", "2026-07-01 10:00" },
        { "", "" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        json_t *j;

        LOG(INFO, "e", F("t", known[i][0]));
        j = wrote_json();
        assert_string_equal(attribute(j, "t"), known[i][1]);
        json_decref(j);
    }
}

static void a_card_in_the_event_or_at_the_edge_is_masked_too(void **state)
{
    char edge[600];

    (void)state;
    LOG(INFO, "pan 4242424242424242", F("x", 1));
    assert_null(strstr(wrote(), "4242424242"));
    for (size_t at = 470; at < 515; at++) {
        memset(edge, 'x', sizeof edge);
        memcpy(edge + at, "4242424242424242", 16);
        edge[sizeof edge - 1] = '\0';
        LOG(INFO, "e", F("t", edge));
        assert_null(strstr(wrote(), "4242424"));
    }
}

static void long_texts_are_cut_between_characters(void **state)
{
    char text[2000];
    json_t *j;

    (void)state;
    for (size_t pad = 0; pad < 4; pad++) {
        memset(text, 'x', pad);
        for (size_t i = pad; i + 2 < sizeof text; i += 2)
            memcpy(text + i, "é", 3);
        LOG(INFO, "e", F("t", text));
        j = wrote_json();
        assert_true(strlen(attribute(j, "t")) <= 503);
        assert_null(strstr(attribute(j, "t"), "\xEF\xBF\xBD"));
        assert_non_null(strstr(attribute(j, "t"), "…"));
        json_decref(j);
    }
}

static void a_line_has_an_end(void **state)
{
    char text[500];
    json_t *j;

    (void)state;
    memset(text, '\x01', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    LOG(INFO, "e", F("a", text), F("b", text), F("c", text), F("d", text));
    j = wrote_json();
    assert_true(json_is_true(json_object_get(j, "cut")));
    assert_non_null(attribute(j, "a"));
    assert_null(attribute(j, "d"));
    json_decref(j);
}

static void the_gate_counts_per_second(void **state)
{
    struct px_log_gate g = { 0 };
    const int64_t second = 1000000000;

    (void)state;
    assert_true(px_log_allowed(&g, 2, 5 * second));
    assert_true(px_log_allowed(&g, 2, 5 * second + 1));
    assert_false(px_log_allowed(&g, 2, 6 * second - 1));
    assert_true(px_log_allowed(&g, 2, 6 * second));
}

static int open_log(void **state)
{
    char name[] = "/tmp/test_log_XXXXXX";

    (void)state;
    file = mkstemp(name);
    if (file < 0)
        return -1;
    px_log_to(file, INFO);
    return unlink(name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_event_is_one_line_of_json),
        cmocka_unit_test(levels_below_the_least_are_silent),
        cmocka_unit_test(text_is_escaped),
        cmocka_unit_test(card_numbers_are_masked),
        cmocka_unit_test(a_card_in_the_event_or_at_the_edge_is_masked_too),
        cmocka_unit_test(long_texts_are_cut_between_characters),
        cmocka_unit_test(a_line_has_an_end),
        cmocka_unit_test(the_gate_counts_per_second),
    };

    return cmocka_run_group_tests_name("log", tests, open_log, NULL);
}
