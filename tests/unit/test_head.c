/* tests/unit/test_head.c */
#include "tests/unit/unit.h"

#include <jansson.h>

#include "proxy/head.h"
#include "routing/base/limits.h"

static struct px_head head_of(const struct px_header *h, unsigned n)
{
    return (struct px_head){ .protocol = PX_HTTP1,
                             .method = SPAN("POST"),
                             .path = SPAN("/v1/payments"),
                             .header = h,
                             .headers = n };
}

static void hosts_are_hosts(void **state)
{
    static const char *const good[] = {
        "h",      "example.com",        "example.com:443", "127.0.0.1:8080",
        "[::1]",  "[2001:db8::1]:8443", "a-b_c.d",         "x:0",
        "x:65535"
    };
    static const char *const bad[] = { "",         "a b",    "u@h", "h:",  "h:x",  "h:65536",
                                       "h:123456", "h/p",    "h?q", "h#f", "[::1", "[]",
                                       "[::1]x",   "[::1]:", "::1", ":80", "h\t",  "[h]:80:80" };
    char large[400];

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(px_authority_ok(span_str(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(px_authority_ok(span_str(bad[i])));
    memset(large, 'h', sizeof large);
    assert_false(px_authority_ok((struct span){ large, sizeof large }));
    assert_false(px_authority_ok((struct span){ "h\0h", 3 }));
}

static void paths_split_at_the_first_question_mark(void **state)
{
    struct span p, q;

    (void)state;
    px_path_split(SPAN("/a?b?c"), &p, &q);
    assert_span(p, "/a");
    assert_span(q, "b?c");
    px_path_split(SPAN("/a?"), &p, &q);
    assert_span(p, "/a");
    assert_span(q, "");
    px_path_split(SPAN("/a"), &p, &q);
    assert_span(p, "/a");
    assert_null(q.p);
}

static void a_plain_head_passes(void **state)
{
    const struct px_header h[] = { { .name = SPAN("host"), .value = SPAN("shop.test:8443") },
                                   { .name = SPAN("content-length"), .value = SPAN("12") },
                                   { .name = SPAN("expect"), .value = SPAN("100-Continue") } };
    struct px_head head = head_of(h, 3);

    (void)state;
    assert_int_equal(px_head_check(&head), PX_REFUSE_NOT);
    assert_int_equal(head.content_length, 12);
    assert_true(head.expects);
    head.scheme = SPAN("HTTP");
    head.authority = SPAN("SHOP.test:8443");
    assert_int_equal(px_head_check(&head), PX_REFUSE_NOT);
    head.tls = true;
    assert_int_equal(px_head_check(&head), PX_REFUSE_SCHEME);
}

static void a_host_is_needed_but_in_http_1_0(void **state)
{
    struct px_head head = head_of(NULL, 0);

    (void)state;
    assert_int_equal(px_head_check(&head), PX_REFUSE_AUTHORITY);
    head.http10 = true;
    assert_int_equal(px_head_check(&head), PX_REFUSE_NOT);
    assert_int_equal(head.content_length, -1);
    assert_false(head.expects);
}

/* A hyphen and a carriage return differ by the same bit as a letter and its capital. */
static void hosts_are_compared_as_letters(void **state)
{
    const struct px_header h[] = { { .name = SPAN("host"), .value = SPAN("a-b") } };
    struct px_head head = head_of(h, 1);

    (void)state;
    head.authority = SPAN("A-B");
    assert_int_equal(px_head_check(&head), PX_REFUSE_NOT);
    head.authority = SPAN("a\rb");
    assert_int_equal(px_head_check(&head), PX_REFUSE_AUTHORITY);
}

static void lengths_are_numbers_within_bounds(void **state)
{
    static const struct {
        const char *told;
        enum px_refusal said;
    } cases[] = { { "0", PX_REFUSE_NOT },
                  { "65536", PX_REFUSE_NOT },
                  { "65537", PX_REFUSE_BODY_TOO_LARGE },
                  { "99999999999999999999999", PX_REFUSE_BODY_TOO_LARGE },
                  { "", PX_REFUSE_BODY_FRAMING },
                  { "-1", PX_REFUSE_BODY_FRAMING },
                  { "+1", PX_REFUSE_BODY_FRAMING },
                  { "1 ", PX_REFUSE_BODY_FRAMING },
                  { "1,1", PX_REFUSE_BODY_FRAMING } };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct px_header h[] = { { .name = SPAN("host"), .value = SPAN("h") },
                                       { .name = SPAN("content-length"),
                                         .value = span_str(cases[i].told) } };
        struct px_head head = head_of(h, 2);

        assert_int_equal(px_head_check(&head), cases[i].said);
    }
}

static void paths_are_visible_ascii_within_bounds(void **state)
{
    static char longest[LIMIT_PATH + 1];
    const struct px_header h[] = { { .name = SPAN("host"), .value = SPAN("h") } };
    struct px_head head = head_of(h, 1);

    (void)state;
    memset(longest, 'p', sizeof longest);
    longest[0] = '/';
    head.path = (struct span){ longest, LIMIT_PATH };
    assert_int_equal(px_head_check(&head), PX_REFUSE_NOT);
    head.path.n++;
    assert_int_equal(px_head_check(&head), PX_REFUSE_PATH_TOO_LONG);
    for (int c = 0; c < 256; c++) {
        char p[] = { '/', (char)c };
        bool good = c > ' ' && c <= '~' && c != '#';

        head.path = (struct span){ p, 2 };
        assert_int_equal(px_head_check(&head), good ? PX_REFUSE_NOT : PX_REFUSE_PATH);
    }
    head.path = SPAN_NONE;
    assert_int_equal(px_head_check(&head), PX_REFUSE_PATH);
}

/* Every answer of our own is JSON that says the same status as its line, and that nothing was sent,
 * unless the handler had it. */
static void refusals_say_what_happened(void **state)
{
    (void)state;
    for (int r = PX_REFUSE_NOT + 1; r < PX_REFUSALS_; r++) {
        char text[512];
        struct buf b = BUF_OF(text);
        json_t *j;
        bool ours = r == PX_REFUSE_UNANSWERED;

        px_refusal_body((enum px_refusal)r, &b);
        assert_true(buf_ok(&b));
        j = json_loadb(b.p, b.n, JSON_REJECT_DUPLICATES, NULL);
        assert_non_null(j);
        assert_int_equal(json_integer_value(json_object_get(j, "status")),
                         px_refusal_status((enum px_refusal)r));
        assert_string_equal(json_string_value(json_object_get(j, "outcome")),
                            ours ? "unknown" : "not_sent");
        assert_int_equal(json_is_true(json_object_get(j, "retry_safe")), !ours);
        assert_string_equal(json_string_value(json_object_get(json_object_get(j, "error"), "code")),
                            px_refusal_word((enum px_refusal)r));
        json_decref(j);
        assert_true(px_status_text(px_refusal_status((enum px_refusal)r))[0] != '\0');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hosts_are_hosts),
        cmocka_unit_test(paths_split_at_the_first_question_mark),
        cmocka_unit_test(a_plain_head_passes),
        cmocka_unit_test(a_host_is_needed_but_in_http_1_0),
        cmocka_unit_test(hosts_are_compared_as_letters),
        cmocka_unit_test(lengths_are_numbers_within_bounds),
        cmocka_unit_test(paths_are_visible_ascii_within_bounds),
        cmocka_unit_test(refusals_say_what_happened),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
