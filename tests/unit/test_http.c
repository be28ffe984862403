/* tests/unit/test_http.c */
#include "tests/unit/unit.h"

#include "proxy/http.h"

static void headers_are_found_without_case_and_the_first_one_counts(void **state)
{
    struct px_message m = { 0 };

    (void)state;
    px_message_add(&m, "content-type", SPAN("application/json"));
    px_message_add_secret(&m, "authorization", SPAN("Bearer x"));
    px_message_add(&m, "content-type", SPAN("text/plain"));
    assert_int_equal(m.headers, 3);
    assert_false(m.header[0].secret);
    assert_true(m.header[1].secret);
    assert_span(px_header_find(m.header, m.headers, "Content-Type"), "application/json");
    assert_null(px_header_find(m.header, m.headers, "content").p);
    assert_null(px_header_find(NULL, 0, "content-type").p);
}

static void statuses_we_send_have_words(void **state)
{
    (void)state;
    assert_string_equal(px_status_text(202), "Accepted");
    assert_string_equal(px_status_text(422), "Unprocessable Content");
    assert_string_equal(px_status_text(299), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_are_found_without_case_and_the_first_one_counts),
        cmocka_unit_test(statuses_we_send_have_words),
    };

    return cmocka_run_group_tests_name("http", tests, NULL, NULL);
}
