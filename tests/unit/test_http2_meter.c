/* tests/unit/test_http2_meter.c */
#include "tests/unit/unit.h"

#include "proxy/http2_meter.h"

static const int64_t SECOND = 1000000000;
static const char ping[] = "\0\0\x08\x06\0\0\0\0\0abcdefgh";
static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

enum { PING = sizeof ping - 1 };

static int pings_taken(struct px_http2_meter *m, int64_t now, int most)
{
    for (int i = 0; i < most; i++) {
        if (!px_http2_meter_data(m, (struct span){ ping, PING }, now))
            return i;
    }
    return most;
}

static void a_burst_is_taken_and_then_no_more(void **state)
{
    struct px_http2_meter m;

    (void)state;
    px_http2_meter_init(&m, SECOND, true);
    assert_true(px_http2_meter_data(&m, span_str(preface), SECOND));
    assert_int_equal(pings_taken(&m, SECOND, 100000), PX_METER_BURST);
    assert_false(px_http2_meter_data(&m, (struct span){ ping, PING }, SECOND));
}

static void time_and_answers_forgive(void **state)
{
    struct px_http2_meter m;

    (void)state;
    px_http2_meter_init(&m, 0, false);
    assert_int_equal(pings_taken(&m, 0, PX_METER_BURST), PX_METER_BURST);
    assert_int_equal(pings_taken(&m, SECOND, 100000), PX_METER_PER_S);
    px_http2_meter_init(&m, 0, false);
    assert_int_equal(pings_taken(&m, 0, PX_METER_BURST), PX_METER_BURST);
    px_http2_meter_answered(&m);
    assert_int_equal(pings_taken(&m, 0, 100000), PX_METER_ANSWERED);
    /* but never more than the burst is saved up */
    px_http2_meter_init(&m, 0, false);
    for (int i = 0; i < 1000; i++)
        px_http2_meter_answered(&m);
    assert_int_equal(pings_taken(&m, 1000 * SECOND, 100000), PX_METER_BURST);
}

static int32_t cost(const char *frame, size_t n)
{
    struct px_http2_meter m;

    px_http2_meter_init(&m, 0, false);
    assert_true(px_http2_meter_data(&m, (struct span){ frame, n }, 0));
    return PX_METER_BURST - m.left;
}

#define COST(lit) cost(lit, sizeof(lit) - 1)

static void what_brings_something_is_free(void **state)
{
    (void)state;
    assert_int_equal(COST("\0\0\x01\x01\x05\0\0\0\x01\x82"), 0); /* HEADERS */
    assert_int_equal(COST("\0\0\x10\0\0\0\0\0\x01"
                          "0123456789abcdef"),
                     0);
    assert_int_equal(COST("\0\0\0\0\x01\0\0\0\x01"), 0); /* empty DATA that ends the stream */
    assert_int_equal(COST("\0\0\0\0\0\0\0\0\x01"), 1);
    assert_int_equal(COST("\0\0\x01\0\0\0\0\0\x01"
                          "x"),
                     1);
    for (char kind = 2; kind < 20; kind++) {
        char frame[9] = { 0, 0, 0, kind, 0, 0, 0, 0, 1 };

        assert_int_equal(cost(frame, sizeof frame), 1);
    }
}

/* However the bytes are cut: payloads that look like frames are not counted. */
static void pieces_do_not_matter(void **state)
{
    static char bytes[24 + 9 + 3000 + 3 * PING];
    size_t n = 0;

    (void)state;
    memcpy(bytes, preface, 24);
    n = 24;
    memcpy(bytes + n, "\0\x0b\xb8\0\0\0\0\0\x01", 9); /* DATA, 3000 bytes, all of them pings */
    n += 9;
    for (int i = 0; i < 3000; i++)
        bytes[n++] = ping[i % PING];
    for (int i = 0; i < 3; i++) {
        memcpy(bytes + n, ping, PING);
        n += PING;
    }
    for (size_t step = 1; step < 40; step++) {
        struct px_http2_meter m;
        struct span rest = { bytes, n };

        px_http2_meter_init(&m, 0, true);
        while (rest.n > 0) {
            assert_true(px_http2_meter_data(&m, span_take(rest, step), 0));
            rest = span_drop(rest, step);
        }
        assert_int_equal(m.left, PX_METER_BURST - 3);
    }
}

static void other_costs_count_too(void **state)
{
    struct px_http2_meter m;

    (void)state;
    px_http2_meter_init(&m, 0, false);
    assert_true(px_http2_meter_charge(&m, PX_METER_BURST));
    assert_false(px_http2_meter_charge(&m, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_burst_is_taken_and_then_no_more),
        cmocka_unit_test(time_and_answers_forgive),
        cmocka_unit_test(what_brings_something_is_free),
        cmocka_unit_test(pieces_do_not_matter),
        cmocka_unit_test(other_costs_count_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
