/* tests/unit/test_upstream.c -- the pool against a server on the same loop, so that "the end was
 * already visible" can be arranged to the instruction. The rows of the evidence table have their
 * own test with real peers: tests/integration/test_wire_upstream.py. */
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <ev.h>
#include <stdio.h>
#include <unistd.h>

#include "proxy/dns.h"
#include "proxy/upstream.h"
#include "routing/base/buf.h"

enum { CONNECTIONS_MAX = 16 };

/* Answers each HTTP/1.1 request (of a size it knows) at once, unless it is mute. */
struct server {
    int fd;
    ev_io accepting, reading[CONNECTIONS_MAX];
    unsigned connections, requests;
    size_t got[CONNECTIONS_MAX];
    uint16_t port;
    bool mute, early; /* early: answers the first bytes of a request */
};

struct told {
    struct px_heard h;
    unsigned times;
    int status;
    char body[64];
    void (*then)(struct told *t);
};

static struct ev_loop *loop;
static struct server server;
static struct px_dns *dns;
static struct px_upstream *up;
static struct told first, second;

static void server_close(unsigned i)
{
    ev_io_stop(loop, &server.reading[i]);
    if (server.reading[i].fd >= 0)
        close(server.reading[i].fd);
    server.reading[i].fd = -1;
}

static void server_say(unsigned i, const char *text)
{
    assert_int_equal(write(server.reading[i].fd, text, strlen(text)), strlen(text));
}

static void on_request(struct ev_loop *l, ev_io *io, int revents)
{
    unsigned i = (unsigned)(io - server.reading);
    char mem[4096];
    ssize_t n = read(io->fd, mem, sizeof mem);

    (void)l;
    (void)revents;
    if (n <= 0) {
        server_close(i);
        return;
    }
    if (!server.early && memmem(mem, (size_t)n, "\r\n\r\n{}", 6) == NULL)
        return; /* they are small: one read each */
    server.requests++;
    if (server.early)
        ev_io_stop(loop, io);
    server.early = false;
    if (!server.mute)
        server_say(i, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ntrue");
}

static void on_connection(struct ev_loop *l, ev_io *io, int revents)
{
    int fd = accept4(io->fd, NULL, NULL, SOCK_NONBLOCK);
    ev_io *r = &server.reading[server.connections++];

    (void)revents;
    assert_true(fd >= 0);
    ev_io_init(r, on_request, fd, EV_READ);
    ev_io_start(l, r);
}

static void server_open(void)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t n = sizeof a;

    server = (struct server){ .fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0) };
    assert_int_equal(bind(server.fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(server.fd, 16), 0);
    assert_int_equal(getsockname(server.fd, (struct sockaddr *)&a, &n), 0);
    server.port = ntohs(a.sin_port);
    ev_io_init(&server.accepting, on_connection, server.fd, EV_READ);
    ev_io_start(loop, &server.accepting);
}

static void configure(struct px_upstream_config *c)
{
    px_upstream_defaults(c);
    c->name = "test";
    c->host = SPAN("127.0.0.1");
    c->port = server.port;
    c->speak = PX_ALPN_HTTP1;
}

static int set_up(void **state)
{
    struct px_upstream_config c;

    (void)state;
    loop = ev_loop_new(0);
    server_open();
    assert_int_equal(px_dns_create(loop, &dns), OK);
    configure(&c);
    assert_int_equal(px_upstream_create(loop, &c, NULL, dns, &up), OK);
    first = second = (struct told){ .times = 0 };
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    px_upstream_destroy(up);
    px_dns_destroy(dns);
    for (unsigned i = 0; i < server.connections; i++)
        server_close(i);
    ev_io_stop(loop, &server.accepting);
    close(server.fd);
    ev_loop_destroy(loop);
    up = NULL;
    return 0;
}

static void on_heard(void *ctx, const struct px_heard *h)
{
    struct told *t = ctx;
    struct buf b = BUF_OF(t->body);

    t->h = *h;
    t->status = h->status;
    buf_put(&b, h->body);
    (void)buf_z(&b);
    t->times++;
    if (t->then != NULL)
        t->then(t);
}

static struct px_ask *ask(struct told *t)
{
    struct px_message m = { .method = SPAN("POST"), .path = SPAN("/"), .body = SPAN("{}") };

    return px_upstream_ask(up, &m, 0, on_heard, t);
}

static void on_late(struct ev_loop *l, ev_timer *w, int revents)
{
    (void)revents;
    *(bool *)w->data = true;
    ev_break(l, EVBREAK_ONE);
}

static void await(const struct told *t)
{
    bool late = false;
    ev_timer w;

    ev_timer_init(&w, on_late, 4., 0.);
    w.data = &late;
    ev_now_update(loop);
    ev_timer_start(loop, &w);
    ev_run(loop, EVRUN_NOWAIT);
    while (t->times == 0 && !late)
        ev_run(loop, EVRUN_ONCE);
    ev_timer_stop(loop, &w);
    assert_int_equal(t->times, 1);
}

static void answered(const struct told *t, bool reused)
{
    assert_int_equal(t->h.kind, PX_ANSWERED);
    assert_int_equal(t->status, 200);
    assert_string_equal(t->body, "true");
    assert_int_equal(t->h.reused, reused);
    assert_true(t->h.asked_ns > 0);
    assert_true(t->h.sent_ns >= t->h.asked_ns);
    assert_true(t->h.heard_ns >= t->h.sent_ns);
}

static void ask_again(struct told *t)
{
    (void)t;
    assert_non_null(ask(&second));
}

static void close_then_ask(struct told *t)
{
    server_close(0);
    ask_again(t);
}

static void say_then_ask(struct told *t)
{
    server_say(0, "HTTP/1.1 408 Request Timeout\r\nContent-Length: 4\r\n\r\nlate");
    ask_again(t);
}

static void a_live_connection_is_used_again(void **state)
{
    (void)state;
    first.then = ask_again;
    assert_non_null(ask(&first));
    assert_int_equal(first.times, 0);
    await(&first);
    await(&second);
    answered(&first, false);
    answered(&second, true);
    assert_int_equal(server.connections, 1);
}

/* No turn of the loop lies between the peer's FIN and our request. */
static void an_end_that_is_already_there_is_seen_before_the_request_leaves(void **state)
{
    (void)state;
    first.then = close_then_ask;
    assert_non_null(ask(&first));
    await(&second);
    answered(&first, false);
    answered(&second, false);
    assert_int_equal(server.connections, 2);
    assert_int_equal(server.requests, 2);
}

static void words_on_an_idle_connection_do_not_answer_the_next_request(void **state)
{
    (void)state;
    first.then = say_then_ask;
    assert_non_null(ask(&first));
    await(&second);
    answered(&second, false);
    assert_int_equal(server.connections, 2);
}

/* Our side's socket of the server's first connection: its port is the peer of the accepted one. */
static int client_fd(void)
{
    struct sockaddr_in want, have;
    socklen_t n = sizeof want;

    assert_int_equal(getpeername(server.reading[0].fd, (struct sockaddr *)&want, &n), 0);
    for (int fd = 3; fd < 100; fd++) {
        n = sizeof have;
        if (getsockname(fd, (struct sockaddr *)&have, &n) == 0 && n == sizeof have &&
            have.sin_port == want.sin_port && fd != server.reading[0].fd)
            return fd;
    }
    fail();
    return -1;
}

static void ask_at_length(struct told *t)
{
    static char body[60000];
    struct px_message m = { .method = SPAN("POST"),
                            .path = SPAN("/"),
                            .body = { body, sizeof body } };
    int small = 4096, fd = client_fd();

    (void)t;
    memset(body, 'b', sizeof body);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof small), 0);
    server.early = true;
    second.then = NULL;
    assert_non_null(px_upstream_ask(up, &m, 0, on_heard, &second));
}

/* It is whole, so it counts; but what is left of the request must not lead the next one. */
static void an_answer_that_overtakes_its_request_ends_the_connection(void **state)
{
    static struct told third;

    (void)state;
    third = (struct told){ .times = 0 };
    first.then = ask_at_length;
    assert_non_null(ask(&first));
    await(&second);
    answered(&second, true);
    assert_non_null(ask(&third));
    await(&third);
    answered(&third, false);
    assert_int_equal(server.connections, 2);
}

static void forgotten_asks_are_not_told(void **state)
{
    struct px_ask *a;

    (void)state;
    a = ask(&first);
    px_ask_forget(a); /* waiting */
    assert_int_equal(px_upstream_in_flight(up), 0);
    server.mute = true;
    a = ask(&first);
    ev_run(loop, EVRUN_NOWAIT);
    while (server.requests == 0)
        ev_run(loop, EVRUN_ONCE);
    px_ask_forget(a); /* under way: it goes on, unheard */
    assert_int_equal(px_upstream_in_flight(up), 1);
    server.mute = false;
    assert_non_null(ask(&second));
    await(&second);
    assert_int_equal(first.times, 0);
}

static void ask_while_ending(struct told *t)
{
    (void)t;
    assert_null(ask(&second));
}

static void destroying_tells_everybody_and_takes_nothing_new(void **state)
{
    (void)state;
    first.then = ask_while_ending;
    assert_non_null(ask(&first));
    px_upstream_destroy(up);
    up = NULL;
    assert_int_equal(first.times, 1);
    assert_int_equal(first.h.kind, PX_NOT_SENT);
    assert_string_equal(first.h.why, "shutdown");
    assert_int_equal(first.h.sent_ns, 0);
    assert_int_equal(second.times, 0);
}

static void one_under_way_is_in_doubt_when_we_end(void **state)
{
    (void)state;
    server.mute = true;
    assert_non_null(ask(&first));
    ev_run(loop, EVRUN_NOWAIT);
    while (server.requests == 0)
        ev_run(loop, EVRUN_ONCE);
    px_upstream_destroy(up);
    up = NULL;
    assert_int_equal(first.times, 1);
    assert_int_equal(first.h.kind, PX_IN_DOUBT);
    assert_true(first.h.sent_ns > 0);
}

static void impossible_configurations_are_told(void **state)
{
    struct px_upstream_config c;
    struct px_upstream *u = NULL;

    (void)state;
    configure(&c);
    c.tls = true; /* and no trust store */
    assert_int_equal(px_upstream_create(loop, &c, NULL, dns, &u), E_CONFLICT);
    configure(&c);
    c.port = 0;
    assert_int_equal(px_upstream_create(loop, &c, NULL, dns, &u), E_RANGE);
    configure(&c);
    c.host = SPAN_NONE;
    assert_int_equal(px_upstream_create(loop, &c, NULL, dns, &u), E_RANGE);
    configure(&c);
    c.connections_max = 0;
    assert_int_equal(px_upstream_create(loop, &c, NULL, dns, &u), E_RANGE);
    assert_null(u);
    px_upstream_destroy(NULL);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_live_connection_is_used_again),
        TEST(an_end_that_is_already_there_is_seen_before_the_request_leaves),
        TEST(words_on_an_idle_connection_do_not_answer_the_next_request),
        TEST(an_answer_that_overtakes_its_request_ends_the_connection),
        TEST(forgotten_asks_are_not_told),
        TEST(destroying_tells_everybody_and_takes_nothing_new),
        TEST(one_under_way_is_in_doubt_when_we_end),
        TEST(impossible_configurations_are_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
