/* tests/unit/test_conn.c -- two ends of one real loopback connection on one loop. */
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <ev.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proxy/conn.h"
#include "proxy/wire.h"
#include "tests/lib/cert.h"

struct side {
    struct px_conn *conn;
    struct world *world;
    bool opened, ended, timed;
    enum px_end why;
    size_t got, fills;
    char text[64];  /* the first bytes that came */
    size_t to_send; /* bytes on_fill still has to put */
    bool echo, finish_on_data;
};

struct world {
    struct ev_loop *loop;
    struct px_wire *wire;
    struct px_tls_server *server_tls;
    struct px_tls_client *client_tls;
    struct sockaddr_in at;
    int listener;
    ev_io accepting;
    ev_timer fuse;
    struct side client, server;
    const bool *until;
    int server_write_ms;
};

static const struct px_conn_events events;

static void on_accept(struct ev_loop *loop, ev_io *watcher, int revents)
{
    struct world *w = watcher->data;
    struct px_conn_options o = { .events = &events,
                                 .ctx = &w->server,
                                 .write_ms = w->server_write_ms };
    int fd = accept4(w->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    (void)loop;
    (void)revents;
    assert_true(fd >= 0);
    w->server.conn = px_conn_accept(w->wire, fd, w->server_tls, &o);
    assert_non_null(w->server.conn);
}

static void on_fuse(struct ev_loop *loop, ev_timer *t, int revents)
{
    (void)t;
    (void)revents;
    fail_msg("nothing happened for 3 s");
    ev_break(loop, EVBREAK_ALL);
}

static void world_init(struct world *w)
{
    socklen_t n = sizeof w->at;

    memset(w, 0, sizeof *w);
    w->loop = ev_loop_new(0);
    w->wire = px_wire_create(w->loop);
    w->client.world = w->server.world = w;
    w->at =
        (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    w->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(w->listener, (struct sockaddr *)&w->at, sizeof w->at), 0);
    assert_int_equal(listen(w->listener, 8), 0);
    assert_int_equal(getsockname(w->listener, (struct sockaddr *)&w->at, &n), 0);
    ev_io_init(&w->accepting, on_accept, w->listener, EV_READ);
    w->accepting.data = w;
    ev_io_start(w->loop, &w->accepting);
    ev_timer_init(&w->fuse, on_fuse, 3.0, 0.0);
    ev_timer_start(w->loop, &w->fuse);
}

static void world_fini(struct world *w)
{
    px_conn_destroy(w->client.conn);
    px_conn_destroy(w->server.conn);
    px_wire_destroy(w->wire);
    px_tls_server_unref(w->server_tls);
    px_tls_client_unref(w->client_tls);
    ev_io_stop(w->loop, &w->accepting);
    ev_timer_stop(w->loop, &w->fuse);
    ev_loop_destroy(w->loop);
    close(w->listener);
}

static void run_until(struct world *w, const bool *flag)
{
    ev_timer_stop(w->loop, &w->fuse);
    ev_timer_set(&w->fuse, 3.0, 0.0);
    ev_timer_start(w->loop, &w->fuse);
    while (!*flag)
        ev_run(w->loop, EVRUN_ONCE);
}

static void on_open(void *ctx)
{
    ((struct side *)ctx)->opened = true;
}

static void on_data(void *ctx, struct span s)
{
    struct side *side = ctx;

    for (size_t i = 0; i < s.n && side->got + i < sizeof side->text - 1; i++)
        side->text[side->got + i] = s.p[i];
    side->got += s.n;
    if (side->echo)
        assert_true(px_conn_put(side->conn, s));
    if (side->finish_on_data)
        px_conn_finish(side->conn, 500);
}

static void on_fill(void *ctx)
{
    static const char zeros[PX_CHUNK];
    struct side *side = ctx;

    side->fills++;
    while (side->to_send > 0 && px_conn_room(side->conn) >= sizeof zeros) {
        size_t n = side->to_send < sizeof zeros ? side->to_send : sizeof zeros;

        assert_true(px_conn_put(side->conn, (struct span){ zeros, n }));
        side->to_send -= n;
    }
}

static void on_timer(void *ctx)
{
    ((struct side *)ctx)->timed = true;
}

static void on_end(void *ctx, enum px_end why)
{
    struct side *side = ctx;

    assert_false(side->ended);
    side->ended = true;
    side->why = why;
}

static const struct px_conn_events events = { on_open, on_data, on_fill, on_timer, on_end };

static void dial_with(struct world *w, const char *host, enum px_offer offer, int open_ms)
{
    struct px_conn_to to = { .addr = (struct sockaddr *)&w->at,
                             .addr_n = sizeof w->at,
                             .tls = w->client_tls,
                             .host = span_str(host),
                             .offer = offer };
    struct px_conn_options o = { .events = &events, .ctx = &w->client, .open_ms = open_ms };

    w->client.conn = px_conn_connect(w->wire, &to, &o);
    assert_non_null(w->client.conn);
    assert_false(w->client.ended); /* never from inside the call */
}

static void dial(struct world *w)
{
    dial_with(w, "psp.test", PX_OFFER_BOTH, 2000);
}

static void use_tls(struct world *w, const char *san, int days)
{
    struct cert c;
    struct px_tls_server_config sc;
    struct px_tls_client_config cc;
    struct diag why = { 0 };

    cert_make(&c, san, days);
    sc =
        (struct px_tls_server_config){ .chain_pem = span_str(c.chain), .key_pem = span_str(c.key) };
    cc = (struct px_tls_client_config){ .ca_pem = span_str(c.ca) };
    assert_int_equal(px_tls_server_create(&sc, &w->server_tls, &why), OK);
    assert_int_equal(px_tls_client_create(&cc, &w->client_tls, &why), OK);
}

static void echo_round(struct world *w)
{
    w->server.echo = true;
    dial(w);
    assert_true(px_conn_put(w->client.conn, SPAN("semaphore"))); /* before it is open: waits */
    assert_int_equal(px_conn_handed_bytes(w->client.conn), 0);
    while (w->client.got < 9)
        ev_run(w->loop, EVRUN_ONCE);
    assert_string_equal(w->client.text, "semaphore");
    assert_int_equal(px_conn_handed_bytes(w->client.conn), 9);
    assert_int_equal(px_conn_put_bytes(w->client.conn), 9);
    assert_int_equal(px_conn_read_bytes(w->client.conn), 9);
    assert_true(px_conn_alive(w->client.conn));
}

static void clear_bytes_go_and_come(void **state)
{
    struct world w;

    (void)state;
    world_init(&w);
    echo_round(&w);
    assert_null(px_conn_tls(w.client.conn));
    px_conn_destroy(w.client.conn);
    w.client.conn = NULL;
    run_until(&w, &w.server.ended);
    assert_int_equal(w.server.why, PX_END_EOF);
    world_fini(&w);
}

static void tls_bytes_go_and_come(void **state)
{
    struct world w;

    (void)state;
    world_init(&w);
    use_tls(&w, "DNS:psp.test", 30);
    echo_round(&w);
    assert_string_equal(px_tls_version(px_conn_tls(w.client.conn)), "TLSv1.3");
    assert_int_equal(px_conn_protocol(w.client.conn), PX_HTTP2);
    assert_int_equal(px_conn_protocol(w.server.conn), PX_HTTP2);
    px_conn_destroy(w.client.conn); /* says close_notify */
    w.client.conn = NULL;
    run_until(&w, &w.server.ended);
    assert_int_equal(w.server.why, PX_END_EOF);
    world_fini(&w);
}

static void refused_connects_say_so(void **state)
{
    struct world w;

    (void)state;
    world_init(&w);
    ev_io_stop(w.loop, &w.accepting);
    close(w.listener);
    dial(&w);
    assert_true(px_conn_put(w.client.conn, SPAN("x")));
    run_until(&w, &w.client.ended);
    assert_int_equal(w.client.why, PX_END_REFUSED);
    assert_int_equal(px_conn_handed_bytes(w.client.conn), 0);
    assert_false(px_conn_connected(w.client.conn));
    w.listener = socket(AF_INET, SOCK_STREAM, 0);
    world_fini(&w);
}

/* A server that accepts and never speaks. */
static void silent_tls_times_out(void **state)
{
    struct world w;

    (void)state;
    world_init(&w);
    use_tls(&w, "DNS:psp.test", 30);
    px_tls_server_unref(w.server_tls);
    w.server_tls = NULL;
    dial_with(&w, "psp.test", PX_OFFER_BOTH, 50);
    run_until(&w, &w.client.ended);
    assert_int_equal(w.client.why, PX_END_TLS_TIMEOUT);
    world_fini(&w);
}

static enum px_end tls_end(const char *san, int days, const char *host, enum px_offer offer,
                           bool trusted)
{
    struct world w;
    enum px_end why;

    world_init(&w);
    use_tls(&w, san, days);
    if (!trusted) {
        struct px_tls_server *keep = w.server_tls;

        px_tls_client_unref(w.client_tls);
        use_tls(&w, san, days); /* another CA */
        px_tls_server_unref(w.server_tls);
        w.server_tls = keep;
    }
    dial_with(&w, host, offer, 2000);
    assert_true(px_conn_put(w.client.conn, SPAN("secret")));
    run_until(&w, &w.client.ended);
    assert_false(w.client.opened);
    assert_int_equal(px_conn_handed_bytes(w.client.conn), 0);
    assert_int_equal(w.server.got, 0);
    run_until(&w, &w.server.ended);
    why = w.client.why;
    world_fini(&w);
    return why;
}

static void certificates_must_fit(void **state)
{
    (void)state;
    assert_int_equal(tls_end("DNS:psp.test", 30, "other.test", PX_OFFER_BOTH, true),
                     PX_END_TLS_VERIFY);
    assert_int_equal(tls_end("DNS:psp.test", -1, "psp.test", PX_OFFER_BOTH, true),
                     PX_END_TLS_VERIFY);
    assert_int_equal(tls_end("DNS:psp.test", 30, "psp.test", PX_OFFER_BOTH, false),
                     PX_END_TLS_VERIFY);
    /* an address must be named as an address: a DNS entry that reads like one does not count */
    assert_int_equal(tls_end("DNS:127.0.0.1", 30, "127.0.0.1", PX_OFFER_BOTH, true),
                     PX_END_TLS_VERIFY);
    assert_int_equal(tls_end("IP:127.0.0.2", 30, "127.0.0.1", PX_OFFER_BOTH, true),
                     PX_END_TLS_VERIFY);
    assert_int_equal(tls_end("DNS:p*.test", 30, "psp.test", PX_OFFER_BOTH, true),
                     PX_END_TLS_VERIFY);
}

static void addresses_and_wildcards_verify(void **state)
{
    static const struct {
        const char *san, *host;
    } good[] = { { "IP:127.0.0.1", "127.0.0.1" },
                 { "IP:::1", "[::1]" },
                 { "DNS:*.psp.test", "api.psp.test" },
                 { "DNS:PSP.test", "psp.TEST" } };

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct world w;

        world_init(&w);
        use_tls(&w, good[i].san, 30);
        dial_with(&w, good[i].host, PX_OFFER_HTTP1, 2000);
        run_until(&w, &w.client.opened);
        assert_int_equal(px_conn_protocol(w.client.conn), PX_HTTP1);
        world_fini(&w);
    }
}

static void a_stream_cut_short_is_not_an_end(void **state)
{
    struct world w;
    int fd;

    (void)state;
    world_init(&w);
    use_tls(&w, "DNS:psp.test", 30);
    echo_round(&w);
    /* FIN without close_notify */
    fd = -1;
    for (int i = 3; i < 64 && fd < 0; i++) {
        struct sockaddr_in peer;
        socklen_t n = sizeof peer;

        if (getpeername(i, (struct sockaddr *)&peer, &n) == 0 && peer.sin_port == w.at.sin_port)
            fd = i;
    }
    assert_true(fd >= 0);
    shutdown(fd, SHUT_WR);
    run_until(&w, &w.server.ended);
    assert_int_equal(w.server.why, PX_END_CUT);
    world_fini(&w);
}

static void a_dead_idle_connection_is_found(void **state)
{
    struct world w;

    (void)state;
    world_init(&w);
    use_tls(&w, "DNS:psp.test", 30);
    echo_round(&w);
    px_conn_destroy(w.server.conn);
    w.server.conn = NULL;
    /* the loop has not run since, so no callback has told the client */
    assert_false(w.client.ended);
    assert_false(px_conn_alive(w.client.conn));
    assert_true(w.client.ended);
    assert_int_equal(w.client.why, PX_END_EOF);
    assert_false(px_conn_put(w.client.conn, SPAN("too late")));
    world_fini(&w);
}

static void large_answers_pass_a_small_queue(void **state)
{
    struct world w;
    enum { BIG = 3 * 1024 * 1024 };

    (void)state;
    for (int tls = 0; tls < 2; tls++) {
        world_init(&w);
        if (tls)
            use_tls(&w, "DNS:psp.test", 30);
        w.server.to_send = BIG;
        dial(&w);
        while (w.client.got < BIG)
            ev_run(w.loop, EVRUN_ONCE);
        assert_int_equal(w.client.got, BIG);
        assert_int_equal(px_conn_handed_bytes(w.server.conn), BIG);
        world_fini(&w);
    }
}

static void finishing_delivers_the_last_words(void **state)
{
    struct world w;

    (void)state;
    for (int tls = 0; tls < 2; tls++) {
        world_init(&w);
        if (tls)
            use_tls(&w, "DNS:psp.test", 30);
        w.server.echo = w.server.finish_on_data = true;
        dial(&w);
        assert_true(px_conn_put(w.client.conn, SPAN("last words")));
        run_until(&w, &w.client.ended);
        assert_int_equal(w.client.why, PX_END_EOF);
        assert_string_equal(w.client.text, "last words");
        px_conn_destroy(w.client.conn);
        w.client.conn = NULL;
        run_until(&w, &w.server.ended);
        assert_int_equal(w.server.why, PX_END_CLOSED);
        world_fini(&w);
    }
}

static void a_peer_that_does_not_read_is_given_up(void **state)
{
    struct world w;

    (void)state;
    world_init(&w);
    w.server.to_send = 64 * 1024 * 1024;
    w.server_write_ms = 60;
    dial(&w);
    px_conn_pause(w.client.conn, true);
    run_until(&w, &w.client.opened);
    px_conn_pause(w.client.conn, true);
    run_until(&w, &w.server.ended);
    assert_int_equal(w.server.why, PX_END_WRITE_TIMEOUT);
    world_fini(&w);
}

static void the_owners_timer_fires_once_and_can_move(void **state)
{
    struct world w;

    (void)state;
    world_init(&w);
    dial(&w);
    run_until(&w, &w.client.opened);
    px_conn_timer(w.client.conn, 10);
    px_conn_timer(w.client.conn, 0);
    px_conn_timer(w.client.conn, 5000);
    px_conn_timer(w.client.conn, 20);
    run_until(&w, &w.client.timed);
    w.client.timed = false;
    ev_run(w.loop, EVRUN_NOWAIT);
    assert_false(w.client.timed);
    world_fini(&w);
}

static void keys_and_chains_are_checked(void **state)
{
    struct cert a, b;
    struct px_tls_server *s = NULL;
    struct px_tls_client *c = NULL;
    struct px_tls_server_config sc = { 0 };
    struct px_tls_client_config cc = { .ca_pem = SPAN("no pem") };
    struct diag why = { 0 };

    (void)state;
    cert_make(&a, "DNS:a.test", 30);
    cert_make(&b, "DNS:b.test", 30);
    assert_int_equal(px_tls_server_create(&sc, &s, &why), E_NOTFOUND);
    sc.chain_pem = span_str(a.chain);
    sc.key_pem = span_str(b.key);
    assert_int_equal(px_tls_server_create(&sc, &s, &why), E_CONFLICT);
    sc.key_pem = span_str(a.chain);
    assert_int_equal(px_tls_server_create(&sc, &s, &why), E_SYNTAX);
    sc.key_file = "/nonexistent/key.pem";
    assert_int_equal(px_tls_server_create(&sc, &s, &why), E_NOTFOUND);
    assert_non_null(strstr(why.text, "/nonexistent/key.pem"));
    assert_int_equal(px_tls_client_create(&cc, &c, &why), E_SYNTAX);
    assert_null(s);
    assert_null(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clear_bytes_go_and_come),
        cmocka_unit_test(tls_bytes_go_and_come),
        cmocka_unit_test(refused_connects_say_so),
        cmocka_unit_test(silent_tls_times_out),
        cmocka_unit_test(certificates_must_fit),
        cmocka_unit_test(addresses_and_wildcards_verify),
        cmocka_unit_test(a_stream_cut_short_is_not_an_end),
        cmocka_unit_test(a_dead_idle_connection_is_found),
        cmocka_unit_test(large_answers_pass_a_small_queue),
        cmocka_unit_test(finishing_delivers_the_last_words),
        cmocka_unit_test(a_peer_that_does_not_read_is_given_up),
        cmocka_unit_test(the_owners_timer_fires_once_and_can_move),
        cmocka_unit_test(keys_and_chains_are_checked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
