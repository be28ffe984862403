/* tests/unit/test_http1_client.c -- HTTP/1.1 as a client, byte by byte, without a socket. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "routing/base/buf.h"
#include "tests/lib/paper.h"

static struct paper p;
static struct px_exchange *asked[64];
static unsigned askeds;

static int set_up(void **state)
{
    (void)state;
    paper_open(&p, px_http1_client_create);
    askeds = 0;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    paper_close(&p);
    for (unsigned i = 0; i < askeds; i++)
        paper_free(asked[i]);
    return 0;
}

static struct px_exchange *ask_by(const char *method, struct span body)
{
    struct px_exchange *x = paper_exchange(method, "/v1/charges?a=b", body);

    asked[askeds++] = x;
    assert_int_equal(px_client_room(p.client), 1);
    px_client_start(p.client, x);
    assert_int_equal(px_client_room(p.client), 0);
    assert_true(px_client_fill(p.client));
    return x;
}

static struct px_exchange *ask(void)
{
    return ask_by("POST", SPAN("{\"a\":1}"));
}

static bool hear(const char *text)
{
    return paper_hear(&p, span_str(text), 0);
}

static void ended(struct px_exchange *x, enum px_ending how, const char *why)
{
    assert_int_equal(p.ends, 1);
    assert_ptr_equal(p.end[0].x, x);
    assert_int_equal(p.end[0].how, how);
    assert_string_equal(p.end[0].why, why);
    p.ends = 0;
}

static void a_request_is_written_once_and_whole(void **state)
{
    struct px_exchange *x = ask();

    (void)state;
    assert_span(((struct span){ p.out, p.out_n }),
                "POST /v1/charges?a=b HTTP/1.1\r\nhost: psp.test\r\n"
                "content-type: application/json\r\nauthorization: Bearer sk_test_paper\r\n"
                "content-length: 7\r\n\r\n{\"a\":1}");
    assert_true(x->first_at == 0);
    assert_true(x->whole);
    assert_true(px_client_fill(p.client));
    assert_int_equal(p.out[p.out_n - 1], '}');
}

static void lengths_by_method(void **state)
{
    (void)state;
    ask_by("GET", SPAN_NONE);
    assert_null(memmem(p.out, p.out_n, "content-length", 14));
    assert_true(hear("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"));
    p.out_n = 0;
    ask_by("POST", SPAN_NONE);
    assert_non_null(memmem(p.out, p.out_n, "content-length: 0\r\n", 19));
}

static void an_answer_comes_back_whole_however_it_is_cut(void **state)
{
    static const char text[] = "HTTP/1.1 402 Payment Required\r\nContent-Type: application/json\r\n"
                               "X-Empty:\r\nContent-Length: 10\r\n\r\n0123456789";

    (void)state;
    for (size_t piece = 0; piece < sizeof text; piece++) {
        struct px_header header[LIMIT_HEADERS];
        struct px_exchange *x = ask();

        assert_true(paper_hear(&p,
                               SPAN("HTTP/1.1 402 Payment Required\r\n"
                                    "Content-Type: application/json\r\nX-Empty:\r\n"
                                    "Content-Length: 10\r\n\r\n0123456789"),
                               piece));
        ended(x, PX_ENDED_ANSWERED, "answered");
        assert_int_equal(x->status, 402);
        assert_span(px_exchange_answer(x), "0123456789");
        assert_int_equal(px_exchange_headers(x, header), 3);
        assert_span(header[0].name, "Content-Type");
        assert_span(header[0].value, "application/json");
        assert_span(header[1].name, "X-Empty");
        assert_int_equal(header[1].value.n, 0);
        assert_span(header[2].value, "10");
        assert_int_equal(px_client_room(p.client), 1); /* kept alive */
        askeds--;
        paper_free(x);
    }
}

static void chunks_with_trailers(void **state)
{
    struct px_header header[LIMIT_HEADERS];
    struct px_exchange *x = ask();

    (void)state;
    assert_true(hear("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                     "3;ext=1\r\nabc\r\n2\r\nde\r\n0\r\nX-T: 1\r\n\r\n"));
    ended(x, PX_ENDED_ANSWERED, "answered");
    assert_span(px_exchange_answer(x), "abcde");
    assert_int_equal(px_exchange_headers(x, header), 1);
    assert_int_equal(px_client_room(p.client), 1);
}

static void no_body_where_there_can_be_none(void **state)
{
    static const char *const text[] = {
        "HTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    };

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        struct px_exchange *x = ask();

        assert_true(hear(text[i]));
        ended(x, PX_ENDED_ANSWERED, "answered");
        assert_int_equal(px_exchange_answer(x).n, 0);
    }
    struct px_exchange *x = ask_by("HEAD", SPAN_NONE);
    assert_true(hear("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"));
    ended(x, PX_ENDED_ANSWERED, "answered");
    assert_int_equal(px_client_room(p.client), 1);
}

static void informational_answers_are_counted(void **state)
{
    struct px_exchange *x = ask();

    (void)state;
    for (unsigned i = 0; i < LIMIT_INFORMATIONAL; i++)
        assert_true(hear("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"));
    assert_true(x->headed);
    assert_true(hear("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"));
    ended(x, PX_ENDED_ANSWERED, "answered");
    x = ask();
    for (unsigned i = 0; i < LIMIT_INFORMATIONAL; i++)
        assert_true(hear("HTTP/1.1 100 Continue\r\n\r\n"));
    assert_false(hear("HTTP/1.1 100 Continue\r\n\r\n"));
    ended(x, PX_ENDED_BROKEN, "informational_limit");
    assert_true(px_client_over(p.client));
}

static void switching_protocols_is_an_answer_and_the_end(void **state)
{
    static const char *const text[] = {
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\n\r\n",
    };

    for (unsigned i = 0; i < 2; i++) {
        struct px_exchange *x = ask();

        assert_false(hear(text[i]));
        ended(x, PX_ENDED_ANSWERED, "answered");
        assert_int_equal(x->status, 101);
        assert_true(px_client_over(p.client));
        tear_down(state);
        set_up(state);
    }
}

static void redirects_are_answers(void **state)
{
    struct px_exchange *x = ask();

    (void)state;
    assert_true(hear("HTTP/1.1 307 Temporary Redirect\r\nLocation: https://elsewhere.test/\r\n"
                     "Content-Length: 0\r\n\r\n"));
    ended(x, PX_ENDED_ANSWERED, "answered");
    assert_int_equal(x->status, 307);
}

static void surplus_bytes_end_the_connection(void **state)
{
    static const char *const text[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}x",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\nx",
        "HTTP/1.1 204 No Content\r\n\r\nx",
    };

    for (unsigned i = 0; i < sizeof text / sizeof *text; i++) {
        struct px_exchange *x = ask();

        assert_false(hear(text[i]));
        ended(x, PX_ENDED_ANSWERED, "answered");
        assert_true(px_client_over(p.client));
        tear_down(state);
        set_up(state);
    }
}

static void bytes_nobody_asked_for_end_the_connection(void **state)
{
    (void)state;
    assert_false(hear("HTTP/1.1 408 Request Timeout\r\n\r\n"));
    assert_int_equal(p.ends, 0);
    assert_true(px_client_over(p.client));
    assert_int_equal(px_client_room(p.client), 0);
}

static void close_is_respected(void **state)
{
    static const char *const text[] = {
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}",
        "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    };

    for (unsigned i = 0; i < 2; i++) {
        struct px_exchange *x = ask();

        assert_false(hear(text[i]));
        ended(x, PX_ENDED_ANSWERED, "answered");
        assert_true(px_client_over(p.client));
        tear_down(state);
        set_up(state);
    }
}

static void what_is_malformed_is_no_answer(void **state)
{
    static const char *const text[] = {
        "garbage\r\n\r\n",
        "HTTP/1.1 100 Continue\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        "HTTP/1.1 103 Early Hints\r\nContent-Length: 2\r\n\r\n{}",
        "\x16\x03\x01\x02",
        "HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1 999 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabcd",
        "HTTP/1.1 200 OK\r\nX: a\001b\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX Y: a\r\nContent-Length: 0\r\n\r\n",
    };

    for (unsigned i = 0; i < sizeof text / sizeof *text; i++) {
        struct px_exchange *x = ask();

        if (hear(text[i]))
            fail_msg("taken: %s", text[i]);
        ended(x, PX_ENDED_BROKEN, "malformed");
        assert_true(px_client_over(p.client));
        tear_down(state);
        set_up(state);
    }
}

static void an_end_inside_an_answer_is_truncated(void **state)
{
    static const char *const text[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{\"id\"",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n",
        "HTTP/1.1 200 OK\r\nContent-Le",
        "HTT",
        "HTTP/1.1 100 Continue\r\n\r\n",
    };

    for (unsigned i = 0; i < sizeof text / sizeof *text; i++) {
        struct px_exchange *x = ask();

        assert_true(hear(text[i]));
        px_client_lost(p.client, PX_LOST_EOF, "eof");
        ended(x, PX_ENDED_BROKEN, "truncated");
        tear_down(state);
        set_up(state);
    }
}

static void an_end_before_an_answer_keeps_its_name(void **state)
{
    struct px_exchange *x = ask();

    (void)state;
    px_client_lost(p.client, PX_LOST_OTHER, "reset");
    ended(x, PX_ENDED_BROKEN, "reset");
}

static void an_answer_up_to_the_end_needs_a_proven_end(void **state)
{
    struct px_exchange *x = ask();

    assert_true(hear("HTTP/1.1 200 OK\r\n\r\n{\"id\":1}"));
    px_client_lost(p.client, PX_LOST_EOF, "eof");
    ended(x, PX_ENDED_ANSWERED, "answered");
    assert_span(px_exchange_answer(x), "{\"id\":1}");
    tear_down(state);
    set_up(state);
    x = ask();
    assert_true(hear("HTTP/1.1 200 OK\r\n\r\n{\"id\":1}"));
    px_client_lost(p.client, PX_LOST_OTHER, "cut");
    ended(x, PX_ENDED_BROKEN, "truncated");
}

static void headers_have_a_ceiling(void **state)
{
    static char text[64 * 1024];
    struct buf b = BUF_OF(text);
    struct px_exchange *x = ask();

    buf_str(&b, "HTTP/1.1 200 OK\r\n");
    for (unsigned i = 0; i <= LIMIT_HEADERS; i++)
        buf_str(&b, "a: b\r\n");
    assert_false(paper_hear(&p, buf_span(&b), 100));
    ended(x, PX_ENDED_BROKEN, "header_limit");
    tear_down(state);
    set_up(state);
    x = ask();
    buf_clear(&b);
    buf_str(&b, "HTTP/1.1 200 OK\r\nX: ");
    while (b.n < 20000)
        buf_byte(&b, 'x');
    assert_false(paper_hear(&p, buf_span(&b), 1000));
    ended(x, PX_ENDED_BROKEN, "header_limit");
    tear_down(state);
    set_up(state);
    x = ask();
    buf_clear(&b);
    buf_str(&b, "HTTP/1.1 200 ");
    while (b.n < 20000)
        buf_byte(&b, 'x');
    assert_false(paper_hear(&p, buf_span(&b), 1000));
    ended(x, PX_ENDED_BROKEN, "header_limit");
}

static void bodies_have_a_ceiling(void **state)
{
    static char text[LIMIT_ANSWER_BODY];
    struct px_exchange *x = ask();
    char head[128];

    memset(text, 'x', sizeof text);
    (void)snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n",
                   LIMIT_ANSWER_BODY);
    assert_true(hear(head));
    assert_true(paper_hear(&p, (struct span){ text, sizeof text }, 9999));
    ended(x, PX_ENDED_ANSWERED, "answered");
    x = ask();
    (void)snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n",
                   LIMIT_ANSWER_BODY + 1);
    assert_true(hear(head));
    (void)paper_hear(&p, (struct span){ text, sizeof text }, 9999);
    assert_false(hear("x"));
    ended(x, PX_ENDED_BROKEN, "body_limit");
    tear_down(state);
    set_up(state);
}

/* A chunk extension may be as long as it likes and never reaches a callback. */
static void framing_that_never_ends_has_a_ceiling(void **state)
{
    static char text[10000];
    struct px_exchange *x = ask();
    bool ok;

    (void)state;
    memset(text, 'e', sizeof text);
    assert_true(hear("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;"));
    ok = true;
    for (unsigned i = 0; i < 200 && ok; i++)
        ok = paper_hear(&p, (struct span){ text, sizeof text }, 0);
    assert_false(ok);
    assert_int_equal(p.ends, 1);
    assert_int_equal(p.end[0].how, PX_ENDED_BROKEN);
    assert_ptr_equal(p.end[0].x, x);
}

static void an_answer_before_the_request_was_put_ends_the_connection(void **state)
{
    struct px_exchange *x = paper_exchange("POST", "/", SPAN("{}"));

    (void)state;
    asked[askeds++] = x;
    px_client_start(p.client, x);
    assert_false(hear("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"));
    assert_int_equal(p.ends, 1);
    assert_true(x->first_at == PX_NOWHERE); /* so it was not sent, whatever came */
    assert_true(px_client_over(p.client));
}

static void cancelling_spends_the_connection_once_bytes_were_put(void **state)
{
    struct px_exchange *x = paper_exchange("POST", "/", SPAN("{}"));

    (void)state;
    asked[askeds++] = x;
    px_client_start(p.client, x);
    px_client_cancel(p.client, x);
    assert_int_equal(px_client_room(p.client), 1);
    x = ask();
    px_client_cancel(p.client, x);
    assert_true(px_client_over(p.client));
    assert_int_equal(p.ends, 0);
    assert_false(hear("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"));
    assert_int_equal(p.ends, 0);
}

static void no_memory_for_output_loses_the_connection(void **state)
{
    struct px_exchange *x = paper_exchange("POST", "/", SPAN("{}"));

    (void)state;
    asked[askeds++] = x;
    px_client_start(p.client, x);
    p.no_memory = true;
    assert_false(px_client_fill(p.client));
    px_client_lost(p.client, PX_LOST_OTHER, "no_memory");
    ended(x, PX_ENDED_BROKEN, "no_memory");
    assert_false(x->whole);
}

/* ---- the exchange itself ---- */

static void a_request_that_would_change_its_meaning_is_refused(void **state)
{
    static const struct {
        const char *method, *path, *authority, *name, *value;
    } row[] = {
        { "POST", "/a b", "psp.test", "a", "b" },
        { "POST", "/a\r\nX: y", "psp.test", "a", "b" },
        { "POST", "a", "psp.test", "a", "b" },
        { "POST", "/#f", "psp.test", "a", "b" },
        { "POST", "/", "psp.test\r\nX: y", "a", "b" },
        { "POST", "/", "u@psp.test", "a", "b" },
        { "POST", "/", "", "a", "b" },
        { "post", "/", "psp.test", "a", "b" },
        { "", "/", "psp.test", "a", "b" },
        { "POST", "/", "psp.test", "A", "b" },
        { "POST", "/", "psp.test", "", "b" },
        { "POST", "/", "psp.test", "a:", "b" },
        { "POST", "/", "psp.test", "a", "b\r\nc: d" },
        { "POST", "/", "psp.test", "a", "b\nc" },
    };
    struct px_exchange *x = calloc(1, sizeof *x);

    (void)state;
    px_exchange_init(x);
    for (unsigned i = 0; i < sizeof row / sizeof *row; i++) {
        struct px_message m = { .method = span_str(row[i].method),
                                .path = span_str(row[i].path),
                                .authority = span_str(row[i].authority) };

        px_message_add(&m, row[i].name, span_str(row[i].value));
        if (px_exchange_set(x, &m) != E_SYNTAX)
            fail_msg("row %u was taken", i);
        px_exchange_clear(x);
    }
    paper_free(x);
}

static void bodies_up_to_the_limit_are_copied(void **state)
{
    char *body = malloc(LIMIT_BODY + 1);
    struct px_message m = { .method = SPAN("POST"),
                            .path = SPAN("/"),
                            .authority = SPAN("psp.test"),
                            .body = { body, LIMIT_BODY } };
    struct px_exchange *x = calloc(1, sizeof *x);

    (void)state;
    memset(body, 'b', LIMIT_BODY + 1);
    px_exchange_init(x);
    assert_int_equal(px_exchange_set(x, &m), OK);
    assert_int_equal(x->request.body.n, LIMIT_BODY);
    assert_ptr_not_equal(x->request.body.p, body);
    px_exchange_clear(x);
    m.body.n++;
    assert_int_equal(px_exchange_set(x, &m), E_LIMIT);
    paper_free(x);
    free(body);
}

static void a_cleared_exchange_keeps_no_byte(void **state)
{
    struct px_exchange *x = ask();

    (void)state;
    assert_true(hear("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nsk_secret"));
    p.ends = 0;
    px_exchange_clear(x);
    for (size_t i = 0; i + 9 <= sizeof x->ask_room_; i++)
        assert_memory_not_equal(x->ask_room_ + i, "sk_test_p", 9);
    for (size_t i = 0; i + 9 <= sizeof x->answer_room_; i++)
        assert_memory_not_equal(x->answer_room_ + i, "sk_secret", 9);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_request_is_written_once_and_whole),
        TEST(lengths_by_method),
        TEST(an_answer_comes_back_whole_however_it_is_cut),
        TEST(chunks_with_trailers),
        TEST(no_body_where_there_can_be_none),
        TEST(informational_answers_are_counted),
        TEST(switching_protocols_is_an_answer_and_the_end),
        TEST(redirects_are_answers),
        TEST(surplus_bytes_end_the_connection),
        TEST(bytes_nobody_asked_for_end_the_connection),
        TEST(close_is_respected),
        TEST(what_is_malformed_is_no_answer),
        TEST(an_end_inside_an_answer_is_truncated),
        TEST(an_end_before_an_answer_keeps_its_name),
        TEST(an_answer_up_to_the_end_needs_a_proven_end),
        TEST(headers_have_a_ceiling),
        TEST(bodies_have_a_ceiling),
        TEST(framing_that_never_ends_has_a_ceiling),
        TEST(an_answer_before_the_request_was_put_ends_the_connection),
        TEST(cancelling_spends_the_connection_once_bytes_were_put),
        TEST(no_memory_for_output_loses_the_connection),
        TEST(a_request_that_would_change_its_meaning_is_refused),
        TEST(bodies_up_to_the_limit_are_copied),
        TEST(a_cleared_exchange_keeps_no_byte),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
