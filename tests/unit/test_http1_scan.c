/* tests/unit/test_http1_scan.c */
#include "tests/unit/unit.h"

#include "proxy/http1_scan.h"

static enum px_scan scan(const char *z, size_t n, size_t *len)
{
    size_t from = 0;
    enum px_scan s = px_http1_scan((struct span){ z, n }, &from);

    *len = from;
    return s;
}

#define SCAN(lit, len) scan(lit, sizeof(lit) - 1, len)

static void the_end_is_the_empty_line(void **state)
{
    size_t n;

    (void)state;
    assert_int_equal(SCAN("GET / HTTP/1.1\r\nA: b\r\n\r\nbody", &n), PX_SCAN_DONE);
    assert_int_equal(n, strlen("GET / HTTP/1.1\r\nA: b\r\n\r\n"));
    assert_int_equal(SCAN("GET / HTTP/1.1\r\nA: b\r\n\r", &n), PX_SCAN_MORE);
    assert_int_equal(SCAN("", &n), PX_SCAN_MORE);
}

static void lines_must_be_lines(void **state)
{
    size_t n;

    (void)state;
    assert_int_equal(SCAN("GET / HTTP/1.1\n", &n), PX_SCAN_BAD);
    assert_int_equal(SCAN("GET / HTTP/1.1\r\nA: b\n", &n), PX_SCAN_BAD);
    assert_int_equal(SCAN("GET / HTTP/1.1\r\nA: b\rc\r\n", &n), PX_SCAN_BAD);
    assert_int_equal(SCAN("GET / HTTP/1.1\r\nA: b\r\r\n", &n), PX_SCAN_BAD);
    assert_int_equal(SCAN("GET / HTTP/1.1\r\nA: b\r\n c\r\n", &n), PX_SCAN_BAD);
    assert_int_equal(SCAN("GET / HTTP/1.1\r\nA: b\r\n\tc\r\n", &n), PX_SCAN_BAD);
    assert_int_equal(SCAN("GET / HTTP/1.1\r\nA: b\0c\r\n", &n), PX_SCAN_BAD);
    assert_int_equal(SCAN("\r\n", &n), PX_SCAN_BAD);
    assert_int_equal(SCAN("\x16\x03\x01", &n), PX_SCAN_BAD);
    assert_int_equal(SCAN(" GET / HTTP/1.1\r\n", &n), PX_SCAN_BAD);
}

/* However the bytes are cut, the answer is the same. */
static void pieces_do_not_matter(void **state)
{
    static const char *const texts[] = { "GET / HTTP/1.1\r\nA: b\r\n\r\nbody",
                                         "GET / HTTP/1.1\r\nA: b\nc: d\r\n\r\n",
                                         "GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n" };

    (void)state;
    for (size_t t = 0; t < sizeof texts / sizeof *texts; t++) {
        size_t whole, n = strlen(texts[t]), from = 0, end = 0;
        enum px_scan expected = scan(texts[t], n, &whole), said = PX_SCAN_MORE;

        while (said == PX_SCAN_MORE && end < n)
            said = px_http1_scan((struct span){ texts[t], ++end }, &from);
        assert_int_equal(said, expected);
        assert_int_equal(from, whole);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_end_is_the_empty_line),
        cmocka_unit_test(lines_must_be_lines),
        cmocka_unit_test(pieces_do_not_matter),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
