/* tests/unit/test_http2_client.c -- HTTP/2 as a client, frame by frame, without a socket. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "proxy/http2_client.h"
#include "routing/base/buf.h"
#include "tests/lib/paper.h"

static struct paper p;
static struct px_exchange *asked[600];
static unsigned askeds;
static char wire_mem[1024 * 1024];
static struct buf wire;

static int set_up(void **state)
{
    (void)state;
    paper_open(&p, px_http2_client_create);
    wire = BUF_OF(wire_mem);
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

static bool hear(void)
{
    bool ok = paper_hear(&p, buf_span(&wire), 0);

    buf_clear(&wire);
    return ok && px_client_fill(p.client);
}

static void greet(unsigned id, uint32_t value)
{
    assert_true(px_client_fill(p.client));
    frame_settings(&wire, id, value);
    frame_put(&wire, FRAME_SETTINGS, FLAG_ACK, 0, SPAN(""));
    assert_true(hear());
}

static struct px_exchange *ask_only(struct span body)
{
    struct px_exchange *x = paper_exchange("POST", "/v1/charges", body);

    asked[askeds++] = x;
    assert_true(px_client_room(p.client) > 0);
    px_client_start(p.client, x);
    return x;
}

static struct px_exchange *ask(void)
{
    struct px_exchange *x = ask_only(SPAN("{\"a\":1}"));

    assert_true(px_client_fill(p.client));
    return x;
}

static void ended(unsigned i, struct px_exchange *x, enum px_ending how, const char *why)
{
    assert_true(p.ends > i);
    assert_ptr_equal(p.end[i].x, x);
    assert_int_equal(p.end[i].how, how);
    assert_string_equal(p.end[i].why, why);
}

static void answer(uint32_t stream, struct span body)
{
    frame_status(&wire, stream, 200, 0);
    frame_put(&wire, FRAME_DATA, FLAG_END_STREAM, stream, body);
}

static void nothing_is_asked_before_the_peer_has_greeted(void **state)
{
    (void)state;
    assert_true(px_client_fill(p.client));
    assert_false(px_client_greeted(p.client));
    assert_int_equal(px_client_room(p.client), 0);
    greet(0, 0);
    assert_true(px_client_greeted(p.client));
    assert_true(px_client_room(p.client) > 0);
}

static void our_greeting_turns_push_off(void **state)
{
    struct frame f;
    bool found = false;

    (void)state;
    assert_true(px_client_fill(p.client));
    assert_true(p.out_n > 24);
    assert_memory_equal(p.out, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 24);
    assert_true(frame_find(&p, FRAME_SETTINGS, 0, &f));
    for (size_t i = 0; i + 6 <= f.payload.n; i += 6)
        found = found || memcmp(f.payload.p + i, "\0\2\0\0\0\0", 6) == 0;
    assert_true(found);
}

static void an_answer_comes_back_whole(void **state)
{
    struct px_header header[LIMIT_HEADERS];
    struct px_exchange *x;
    char mem[256];
    struct buf block = BUF_OF(mem);

    (void)state;
    greet(0, 0);
    x = ask();
    hpack_status(&block, 402);
    hpack_field(&block, "content-type", SPAN("application/json"));
    hpack_field(&block, "content-length", SPAN("10"));
    frame_put(&wire, FRAME_HEADERS, FLAG_END_HEADERS, 1, buf_span(&block));
    frame_put(&wire, FRAME_DATA, 0, 1, SPAN("01234"));
    frame_put(&wire, FRAME_DATA, FLAG_END_STREAM, 1, SPAN("56789"));
    assert_true(paper_hear(&p, buf_span(&wire), 1)); /* byte by byte */
    ended(0, x, PX_ENDED_ANSWERED, "answered");
    assert_int_equal(x->status, 402);
    assert_span(px_exchange_answer(x), "0123456789");
    assert_int_equal(px_exchange_headers(x, header), 2);
    assert_span(header[0].name, "content-type");
    assert_span(header[0].value, "application/json");
    assert_int_equal(px_client_room(p.client), LIMIT_STREAMS);
}

static void a_first_byte_stands_where_its_headers_frame_begins(void **state)
{
    struct px_exchange *x[5];
    struct frame f;

    (void)state;
    greet(0, 0);
    for (unsigned i = 0; i < 5; i++) {
        x[i] = i % 2 == 0 ? ask() : ask_only(SPAN("{}")); /* alone, and two in one go */
        if (i == 2) { /* acknowledgements in between move the place */
            frame_put(&wire, FRAME_PING, 0, 0, SPAN("12345678"));
            assert_true(hear());
        }
    }
    assert_true(px_client_fill(p.client));
    for (unsigned i = 0; i < 5; i++) {
        assert_true(frame_find(&p, FRAME_HEADERS, 2 * i + 1, &f));
        assert_int_equal(x[i]->first_at, f.at);
        assert_true(x[i]->whole);
    }
}

static void what_was_not_put_has_no_place(void **state)
{
    struct px_exchange *x;

    (void)state;
    greet(0, 0);
    x = ask_only(SPAN("{}"));
    px_client_lost(p.client, PX_LOST_OTHER, "reset");
    ended(0, x, PX_ENDED_BROKEN, "reset");
    assert_true(x->first_at == PX_NOWHERE);
}

static void a_full_connection_puts_nothing_yet(void **state)
{
    struct px_exchange *x;

    (void)state;
    greet(0, 0);
    p.room = 1000;
    x = ask_only(SPAN("{}"));
    assert_true(px_client_fill(p.client));
    assert_true(x->first_at == PX_NOWHERE);
    p.room = PAPER_OUT;
    assert_true(px_client_fill(p.client));
    assert_true(x->first_at < p.out_n);
}

static void a_secret_is_never_indexed(void **state)
{
    struct frame f;
    bool never = false;

    (void)state;
    greet(0, 0);
    ask();
    assert_true(frame_find(&p, FRAME_HEADERS, 1, &f));
    /* authorization is entry 23 of the static table: 0001 with index 15 + 8 (RFC 7541 6.2.3) */
    for (size_t i = 0; i + 2 <= f.payload.n; i++)
        never = never || memcmp(f.payload.p + i, "\x1f\x08", 2) == 0;
    assert_true(never);
}

static void slots_are_the_peers(void **state)
{
    (void)state;
    greet(3, 2); /* MAX_CONCURRENT_STREAMS */
    assert_int_equal(px_client_room(p.client), 2);
    ask();
    ask();
    assert_int_equal(px_client_room(p.client), 0);
    answer(1, SPAN("{}"));
    assert_true(hear());
    assert_int_equal(px_client_room(p.client), 1);
    frame_settings(&wire, 3, 0);
    assert_true(hear());
    assert_int_equal(px_client_room(p.client), 0);
    assert_false(px_client_over(p.client));
}

static void resets_are_told_apart(void **state)
{
    static const struct {
        uint32_t code;
        enum px_ending how;
        const char *why;
    } row[] = {
        { 0, PX_ENDED_BROKEN, "reset_no_error" },
        { 1, PX_ENDED_BROKEN, "reset_protocol_error" },
        { 2, PX_ENDED_BROKEN, "reset_internal_error" },
        { 7, PX_ENDED_REFUSED_STREAM, "refused_stream" },
        { 8, PX_ENDED_BROKEN, "reset_cancel" },
        { 11, PX_ENDED_BROKEN, "reset_enhance_your_calm" },
        { 13, PX_ENDED_BROKEN, "reset_http11_required" },
        { 14, PX_ENDED_BROKEN, "reset" },
        { UINT32_MAX, PX_ENDED_BROKEN, "reset" },
    };

    (void)state;
    greet(0, 0);
    for (unsigned i = 0; i < sizeof row / sizeof *row; i++) {
        struct px_exchange *x = ask();

        frame_u32(&wire, FRAME_RST, 2 * i + 1, row[i].code);
        assert_true(hear());
        ended(i, x, row[i].how, row[i].why);
        assert_false(x->headed);
    }
    assert_int_equal(px_client_room(p.client), LIMIT_STREAMS);
}

static void refused_after_a_header_is_seen_as_such(void **state)
{
    struct px_exchange *a, *b;

    (void)state;
    greet(0, 0);
    a = ask();
    b = ask();
    frame_status(&wire, 1, 200, 0);
    frame_u32(&wire, FRAME_RST, 1, 7);
    frame_status(&wire, 3, 103, 0); /* informational is a header too */
    frame_u32(&wire, FRAME_RST, 3, 7);
    assert_true(hear());
    ended(0, a, PX_ENDED_REFUSED_STREAM, "refused_stream");
    ended(1, b, PX_ENDED_REFUSED_STREAM, "refused_stream");
    assert_true(a->headed);
    assert_true(b->headed);
}

static void goaway_takes_only_the_streams_above(void **state)
{
    struct px_exchange *a, *b, *c;

    (void)state;
    greet(0, 0);
    a = ask();
    b = ask();
    c = ask();
    frame_goaway(&wire, 3, 0);
    assert_true(hear());
    assert_int_equal(p.ends, 1);
    ended(0, c, PX_ENDED_GOAWAY, "goaway");
    assert_int_equal(px_client_room(p.client), 0);
    assert_false(px_client_over(p.client));
    answer(1, SPAN("{}"));
    answer(3, SPAN("{}"));
    assert_true(hear());
    ended(1, a, PX_ENDED_ANSWERED, "answered");
    ended(2, b, PX_ENDED_ANSWERED, "answered");
    assert_true(px_client_over(p.client));
}

static void goaway_in_two_steps_takes_with_the_second(void **state)
{
    struct px_exchange *a, *b;

    (void)state;
    greet(0, 0);
    a = ask();
    b = ask();
    frame_goaway(&wire, INT32_MAX, 0);
    assert_true(hear());
    assert_int_equal(p.ends, 0);
    frame_goaway(&wire, 1, 11);
    assert_true(hear());
    assert_int_equal(p.ends, 1);
    ended(0, b, PX_ENDED_GOAWAY, "goaway");
    px_client_lost(p.client, PX_LOST_EOF, "eof");
    ended(1, a, PX_ENDED_BROKEN, "eof");
}

static void goaway_before_it_was_put_takes_it_too(void **state)
{
    struct px_exchange *a, *b;

    (void)state;
    greet(0, 0);
    a = ask();
    b = ask_only(SPAN("{}"));
    frame_goaway(&wire, 1, 0);
    assert_true(paper_hear(&p, buf_span(&wire), 0));
    assert_true(px_client_fill(p.client));
    ended(0, b, PX_ENDED_GOAWAY, "goaway");
    assert_true(b->first_at == PX_NOWHERE);
    assert_null(b->client_);
    assert_non_null(a->client_);
}

static void a_wrong_length_is_truncated(void **state)
{
    struct px_exchange *x;
    char mem[64];
    struct buf block = BUF_OF(mem);

    (void)state;
    greet(0, 0);
    x = ask();
    hpack_status(&block, 200);
    hpack_field(&block, "content-length", SPAN("10"));
    frame_put(&wire, FRAME_HEADERS, FLAG_END_HEADERS, 1, buf_span(&block));
    frame_put(&wire, FRAME_DATA, FLAG_END_STREAM, 1, SPAN("short"));
    assert_true(hear());
    ended(0, x, PX_ENDED_BROKEN, "truncated");
    assert_false(px_client_over(p.client)); /* one stream's fault */
}

static void a_connection_lost_inside_an_answer_is_truncated(void **state)
{
    struct px_exchange *a, *b;

    (void)state;
    greet(0, 0);
    a = ask();
    b = ask();
    frame_status(&wire, 3, 200, 0);
    frame_put(&wire, FRAME_DATA, 0, 3, SPAN("{\"id\":"));
    assert_true(hear());
    px_client_lost(p.client, PX_LOST_EOF, "eof");
    assert_int_equal(p.ends, 2);
    ended(0, b, PX_ENDED_BROKEN, "truncated");
    ended(1, a, PX_ENDED_BROKEN, "eof");
    assert_true(px_client_over(p.client));
}

static void informational_answers_are_counted(void **state)
{
    struct px_exchange *x;

    (void)state;
    greet(0, 0);
    x = ask();
    for (unsigned i = 0; i < LIMIT_INFORMATIONAL; i++)
        frame_status(&wire, 1, 103, 0);
    answer(1, SPAN("{}"));
    assert_true(hear());
    ended(0, x, PX_ENDED_ANSWERED, "answered");
    assert_int_equal(x->status, 200);
    ask();
    for (unsigned i = 0; i <= LIMIT_INFORMATIONAL; i++)
        frame_status(&wire, 3, 103, 0);
    assert_false(hear());
    px_client_lost(p.client, PX_LOST_OTHER, "ours");
    ended(1, asked[1], PX_ENDED_BROKEN, "informational_limit");
}

static void a_header_bomb_ends_the_connection(void **state)
{
    struct px_exchange *x;
    char mem[16 * 1024];
    struct buf block = BUF_OF(mem);

    (void)state;
    greet(0, 0);
    x = ask();
    hpack_status(&block, 200);
    for (unsigned i = 0; i <= LIMIT_HEADERS; i++)
        hpack_field(&block, "a", SPAN("b"));
    frame_put(&wire, FRAME_HEADERS, FLAG_END_HEADERS, 1, buf_span(&block));
    assert_false(hear());
    px_client_lost(p.client, PX_LOST_OTHER, "ours");
    ended(0, x, PX_ENDED_BROKEN, "header_limit");
}

/* One field of 4,000 bytes in the dynamic table, then a byte for each time it comes again. */
static void an_indexed_header_bomb_ends_the_connection(void **state)
{
    struct px_exchange *x;
    char mem[16 * 1024], big[4000];
    struct buf block = BUF_OF(mem);
    size_t before;

    (void)state;
    greet(0, 0);
    x = ask();
    hpack_status(&block, 200);
    memset(big, 'x', sizeof big);
    before = block.n;
    hpack_field(&block, "a", (struct span){ big, sizeof big });
    mem[before] = 0x40; /* with incremental indexing */
    for (unsigned i = 0; i < 8000; i++)
        buf_byte(&block, (char)0xbe); /* entry 62: the newest */
    frame_put(&wire, FRAME_HEADERS, FLAG_END_HEADERS, 1, buf_span(&block));
    assert_false(hear());
    assert_true(x->header_n_ <= LIMIT_HEADER_BYTES);
    px_client_lost(p.client, PX_LOST_OTHER, "ours");
    ended(0, x, PX_ENDED_BROKEN, "header_limit");
}

static void trailers_count_and_are_not_kept(void **state)
{
    struct px_header header[LIMIT_HEADERS];
    struct px_exchange *x;
    char mem[256];
    struct buf block = BUF_OF(mem);

    (void)state;
    greet(0, 0);
    x = ask();
    frame_status(&wire, 1, 200, 0);
    frame_put(&wire, FRAME_DATA, 0, 1, SPAN("{}"));
    hpack_field(&block, "x-checksum", SPAN("1"));
    frame_put(&wire, FRAME_HEADERS, FLAG_END_HEADERS | FLAG_END_STREAM, 1, buf_span(&block));
    assert_true(hear());
    ended(0, x, PX_ENDED_ANSWERED, "answered");
    assert_span(px_exchange_answer(x), "{}");
    assert_int_equal(px_exchange_headers(x, header), 0);
}

static void a_body_past_the_limit_ends_its_stream_only(void **state)
{
    static char block[16000];
    struct px_exchange *a, *b;
    struct frame f;

    (void)state;
    greet(0, 0);
    a = ask();
    b = ask();
    frame_status(&wire, 1, 200, 0);
    assert_true(hear());
    for (unsigned sent = 0; sent <= LIMIT_ANSWER_BODY; sent += sizeof block) {
        frame_put(&wire, FRAME_DATA, 0, 1, (struct span){ block, sizeof block });
        assert_true(hear());
    }
    ended(0, a, PX_ENDED_BROKEN, "body_limit");
    assert_true(frame_find(&p, FRAME_RST, 1, &f));
    answer(3, SPAN("{}"));
    assert_true(hear());
    ended(1, b, PX_ENDED_ANSWERED, "answered");
}

static void an_answer_of_exactly_the_limit_is_fine(void **state)
{
    static char block[16 * 1024];
    struct px_exchange *x;

    (void)state;
    greet(0, 0);
    x = ask();
    memset(block, 'x', sizeof block);
    frame_status(&wire, 1, 200, 0);
    assert_true(hear());
    for (unsigned i = 1; i <= LIMIT_ANSWER_BODY / sizeof block; i++) {
        frame_put(&wire, FRAME_DATA, i == LIMIT_ANSWER_BODY / sizeof block, 1,
                  (struct span){ block, sizeof block });
        assert_true(hear());
    }
    ended(0, x, PX_ENDED_ANSWERED, "answered");
    assert_int_equal(px_exchange_answer(x).n, LIMIT_ANSWER_BODY);
    assert_int_equal(px_exchange_answer(x).p[LIMIT_ANSWER_BODY - 1], 'x');
}

static bool flood(unsigned frames, void (*one)(void))
{
    for (unsigned i = 0; i < frames; i++) {
        one();
        if (!hear())
            return false;
    }
    return true;
}

static void one_ping(void)
{
    frame_put(&wire, FRAME_PING, 0, 0, SPAN("12345678"));
}
static void one_settings(void)
{
    frame_settings(&wire, 0, 0);
}
static void one_window(void)
{
    frame_u32(&wire, FRAME_WINDOW, 0, 1);
}
static void one_priority(void)
{
    frame_put(&wire, FRAME_PRIORITY, 0, 1, SPAN("\0\0\0\0\1"));
}
static void one_empty_data(void)
{
    frame_put(&wire, FRAME_DATA, 0, 1, SPAN(""));
}

static void floods_end_the_connection(void **state)
{
    static void (*const kind[])(void) = { one_ping, one_settings, one_window, one_priority,
                                          one_empty_data };

    (void)state;
    for (unsigned i = 0; i < sizeof kind / sizeof *kind; i++) {
        if (i > 0) {
            tear_down(state);
            set_up(state);
        }
        greet(0, 0);
        ask();
        frame_status(&wire, 1, 200, 0);
        assert_true(hear());
        assert_true(flood(500, kind[i]));
        assert_false(flood(1000, kind[i]));
        px_client_lost(p.client, PX_LOST_OTHER, "ours");
        assert_int_equal(p.ends, 1);
    }
}

static void a_slow_trickle_of_pings_is_no_flood(void **state)
{
    (void)state;
    greet(0, 0);
    for (unsigned i = 0; i < 5000; i++) {
        p.now_ns += 100000000;
        assert_true(flood(1, one_ping));
    }
}

static void many_answers_with_window_updates_are_no_flood(void **state)
{
    (void)state;
    greet(0, 0);
    for (unsigned i = 0; i < 5000; i++) {
        struct px_exchange *x = paper_exchange("POST", "/", SPAN("{}"));

        px_client_start(p.client, x);
        assert_true(px_client_fill(p.client));
        assert_true(flood(3, one_window));
        answer(2 * i + 1, SPAN("{}"));
        assert_true(hear());
        assert_int_equal(p.ends, 1);
        p.ends = 0;
        p.out_n = 24;
        paper_free(x);
    }
}

static void garbage_ends_the_connection(void **state)
{
    struct px_exchange *x;

    (void)state;
    greet(0, 0);
    x = ask();
    buf_str(&wire, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    assert_false(hear());
    px_client_lost(p.client, PX_LOST_OTHER, "ours");
    ended(0, x, PX_ENDED_BROKEN, "protocol_error");
}

/* The library says what is wrong in a GOAWAY; a peer that does not read must not keep us waiting
 * until that can leave. */
static void a_fault_is_seen_though_nothing_can_be_written(void **state)
{
    struct px_exchange *x;

    (void)state;
    greet(0, 0);
    x = ask();
    p.room = 0;
    frame_status(&wire, 99, 200, FLAG_END_STREAM); /* a stream we never began */
    assert_false(paper_hear(&p, buf_span(&wire), 0));
    assert_int_equal(px_client_room(p.client), 0);
    px_client_lost(p.client, PX_LOST_OTHER, "ours");
    ended(0, x, PX_ENDED_BROKEN, "protocol_error");
}

static void a_push_ends_the_connection(void **state)
{
    (void)state;
    greet(0, 0);
    ask();
    frame_put(&wire, FRAME_PUSH, FLAG_END_HEADERS, 1, SPAN("\0\0\0\2\x82\x84\x87\x41\1a"));
    assert_false(hear());
    px_client_lost(p.client, PX_LOST_OTHER, "ours");
    ended(0, asked[0], PX_ENDED_BROKEN, "protocol_error");
}

static void cancelling_resets_the_stream_and_frees_the_slot(void **state)
{
    struct px_exchange *x;
    struct frame f;

    (void)state;
    greet(3, 1);
    x = ask();
    px_client_cancel(p.client, x);
    assert_null(x->client_);
    assert_true(px_client_fill(p.client));
    assert_true(frame_find(&p, FRAME_RST, 1, &f));
    assert_memory_equal(f.payload.p, "\0\0\0\x08", 4);
    assert_int_equal(px_client_room(p.client), 1);
    answer(1, SPAN("too late"));
    assert_true(hear());
    assert_int_equal(p.ends, 0);
    assert_int_equal(x->status, 0);
}

static void cancelling_what_was_not_put_sends_nothing(void **state)
{
    struct px_exchange *x;
    struct frame f;

    (void)state;
    greet(3, 1);
    x = ask_only(SPAN("{}"));
    px_client_cancel(p.client, x);
    assert_true(px_client_fill(p.client));
    assert_false(frame_find(&p, FRAME_HEADERS, 1, &f));
    assert_int_equal(p.ends, 0);
    assert_int_equal(px_client_room(p.client), 1);
    ask();
    assert_true(frame_find(&p, FRAME_HEADERS, 3, &f));
}

static void an_early_answer_stops_the_upload(void **state)
{
    static char body[60000];
    struct px_exchange *x;
    struct frame f;

    (void)state;
    memset(body, 'b', sizeof body);
    greet(4, 1000); /* INITIAL_WINDOW_SIZE: most of the body has to wait */
    x = ask_only((struct span){ body, sizeof body });
    assert_true(px_client_fill(p.client));
    assert_false(x->whole);
    answer(1, SPAN("{}"));
    assert_true(hear());
    ended(0, x, PX_ENDED_ANSWERED, "answered");
    assert_true(frame_find(&p, FRAME_RST, 1, &f));
    assert_int_equal(px_client_room(p.client), LIMIT_STREAMS);
}

static void a_long_body_follows_the_window(void **state)
{
    static char body[60000];
    struct px_exchange *x;

    (void)state;
    memset(body, 'b', sizeof body);
    greet(4, 1000);
    x = ask_only((struct span){ body, sizeof body });
    assert_true(px_client_fill(p.client));
    frame_u32(&wire, FRAME_WINDOW, 1, 59000);
    assert_true(hear());
    assert_true(x->whole);
    answer(1, SPAN("{}"));
    assert_true(hear());
    ended(0, x, PX_ENDED_ANSWERED, "answered");
}

static void used_up_ids_drain_the_connection(void **state)
{
    struct px_exchange *x;

    (void)state;
    greet(0, 0);
    px_http2_client_skip_to(p.client, INT32_MAX);
    x = ask();
    assert_int_equal(px_client_room(p.client), 0);
    assert_false(px_client_over(p.client));
    answer(INT32_MAX, SPAN("{}"));
    assert_true(hear());
    ended(0, x, PX_ENDED_ANSWERED, "answered");
    assert_true(px_client_over(p.client));
}

static void goodbye_is_a_goaway(void **state)
{
    struct frame f;

    (void)state;
    greet(0, 0);
    px_client_bye(p.client);
    px_client_bye(p.client);
    assert_true(px_client_fill(p.client));
    assert_true(frame_find(&p, FRAME_GOAWAY, 0, &f));
    assert_int_equal(px_client_room(p.client), 0);
    assert_true(px_client_over(p.client));
}

static void no_memory_for_output_loses_the_connection(void **state)
{
    struct px_exchange *x;

    (void)state;
    greet(0, 0);
    x = ask_only(SPAN("{}"));
    p.no_memory = true;
    assert_false(px_client_fill(p.client));
    px_client_lost(p.client, PX_LOST_OTHER, "no_memory");
    ended(0, x, PX_ENDED_BROKEN, "no_memory");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_is_asked_before_the_peer_has_greeted),
        TEST(our_greeting_turns_push_off),
        TEST(an_answer_comes_back_whole),
        TEST(a_first_byte_stands_where_its_headers_frame_begins),
        TEST(what_was_not_put_has_no_place),
        TEST(a_full_connection_puts_nothing_yet),
        TEST(a_secret_is_never_indexed),
        TEST(slots_are_the_peers),
        TEST(resets_are_told_apart),
        TEST(refused_after_a_header_is_seen_as_such),
        TEST(goaway_takes_only_the_streams_above),
        TEST(goaway_in_two_steps_takes_with_the_second),
        TEST(goaway_before_it_was_put_takes_it_too),
        TEST(a_wrong_length_is_truncated),
        TEST(a_connection_lost_inside_an_answer_is_truncated),
        TEST(informational_answers_are_counted),
        TEST(a_header_bomb_ends_the_connection),
        TEST(an_indexed_header_bomb_ends_the_connection),
        TEST(trailers_count_and_are_not_kept),
        TEST(a_body_past_the_limit_ends_its_stream_only),
        TEST(an_answer_of_exactly_the_limit_is_fine),
        TEST(floods_end_the_connection),
        TEST(a_slow_trickle_of_pings_is_no_flood),
        TEST(many_answers_with_window_updates_are_no_flood),
        TEST(garbage_ends_the_connection),
        TEST(a_fault_is_seen_though_nothing_can_be_written),
        TEST(a_push_ends_the_connection),
        TEST(cancelling_resets_the_stream_and_frees_the_slot),
        TEST(cancelling_what_was_not_put_sends_nothing),
        TEST(an_early_answer_stops_the_upload),
        TEST(a_long_body_follows_the_window),
        TEST(used_up_ids_drain_the_connection),
        TEST(goodbye_is_a_goaway),
        TEST(no_memory_for_output_loses_the_connection),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
