/* tests/unit/test_server.c -- a server's life, where it is hard to reach from outside.
 *
 * What it says to clients is tested over real sockets in tests/integration/test_wire_*.py. */
#include "tests/unit/unit.h"

#include <ev.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proxy/log.h"
#include "proxy/server_inside.h"

struct world {
    struct ev_loop *loop;
    struct px_server *server;
    struct px_request *held;
    int client;
    unsigned gone, drained;
    bool let_go_when_gone;
};

static void on_gone(struct px_request *r)
{
    struct world *w = r->user;

    w->gone++;
    if (w->let_go_when_gone) {
        w->held = NULL;
        px_respond(r, &(struct px_message){ .status = 200 });
        px_request_done(r);
    }
}

static void hold(void *ctx, struct px_request *r)
{
    struct world *w = ctx;

    assert_null(w->held);
    w->held = r;
    r->user = w;
    r->on_gone = on_gone;
}

static void on_drained(void *ctx)
{
    ((struct world *)ctx)->drained++;
}

static void turn(struct world *w)
{
    for (int i = 0; i < 5; i++)
        ev_run(w->loop, EVRUN_NOWAIT);
}

static void world_init(struct world *w)
{
    struct px_server_config c;

    memset(w, 0, sizeof *w);
    w->client = -1;
    w->loop = ev_loop_new(0);
    px_server_defaults(&c);
    c.handler = hold;
    c.ctx = w;
    assert_int_equal(px_server_create(w->loop, &c, &w->server), OK);
}

static void world_fini(struct world *w)
{
    px_server_destroy(w->server);
    if (w->client >= 0)
        close(w->client);
    ev_loop_destroy(w->loop);
}

/* One request that the handler holds. */
static void ask(struct world *w)
{
    static const char request[] = "POST /p?q HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi";
    int pair[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    w->client = pair[1];
    px_server_conn_accept(w->server, pair[0], (char[48]){ "192.0.2.1" });
    assert_int_equal(write(pair[1], request, sizeof request - 1), sizeof request - 1);
    turn(w);
    assert_non_null(w->held);
    assert_span(w->held->path, "/p");
    assert_span(w->held->query, "q");
    assert_span(w->held->body, "hi");
    assert_string_equal(w->held->peer, "192.0.2.1");
    assert_int_equal(px_server_requests(w->server), 1);
}

static void requests_outlive_their_connection(void **state)
{
    struct world w;

    (void)state;
    world_init(&w);
    ask(&w);
    close(w.client);
    w.client = -1;
    turn(&w);
    assert_int_equal(w.gone, 1);
    assert_true(w.held->gone);
    assert_int_equal(px_server_connections(w.server), 0);
    assert_int_equal(px_server_requests(w.server), 1);
    assert_span(w.held->body, "hi");
    px_respond(w.held, &(struct px_message){ .status = 200 });
    px_request_done(w.held);
    assert_int_equal(px_server_requests(w.server), 0);
    assert_int_equal(w.server->held, 0);
    world_fini(&w);
}

static void requests_outlive_their_server(void **state)
{
    struct world w;

    (void)state;
    world_init(&w);
    ask(&w);
    px_server_destroy(w.server);
    w.server = NULL;
    assert_int_equal(w.gone, 1);
    assert_span(w.held->body, "hi");
    px_request_done(w.held); /* the last one frees it all: the address sanitizer listens */
    world_fini(&w);
}

static void a_handler_may_let_go_from_on_gone(void **state)
{
    struct world w;

    (void)state;
    for (int by_server = 0; by_server < 2; by_server++) {
        world_init(&w);
        w.let_go_when_gone = true;
        ask(&w);
        if (by_server) {
            px_server_destroy(w.server);
            w.server = NULL;
        } else {
            close(w.client);
            w.client = -1;
            turn(&w);
            assert_int_equal(w.server->held, 0);
        }
        assert_int_equal(w.gone, 1);
        assert_null(w.held);
        world_fini(&w);
    }
}

static void draining_nobody_is_told_from_the_loop(void **state)
{
    struct world w;

    (void)state;
    world_init(&w);
    px_server_drain(w.server, 1000, on_drained, &w);
    assert_int_equal(w.drained, 0);
    turn(&w);
    assert_int_equal(w.drained, 1);
    world_fini(&w);
}

static void the_drain_deadline_leaves_requests_to_their_handler(void **state)
{
    struct world w;

    (void)state;
    world_init(&w);
    ask(&w);
    px_server_drain(w.server, 10, on_drained, &w);
    turn(&w);
    assert_int_equal(w.drained, 0);
    while (w.drained == 0)
        ev_run(w.loop, EVRUN_ONCE);
    assert_int_equal(w.gone, 1);
    assert_int_equal(px_server_connections(w.server), 0);
    px_request_done(w.held);
    assert_int_equal(w.drained, 1);
    world_fini(&w);
}

/* Card numbers were in it: what goes back to the pool holds nothing any more. */
static void requests_are_wiped(void **state)
{
    struct world w;
    const char *body;

    (void)state;
    world_init(&w);
    ask(&w);
    body = w.held->body.p;
    px_respond(w.held, &(struct px_message){ .status = 200 });
    px_request_done(w.held);
    turn(&w);
    assert_int_equal(w.server->held, 0);
    assert_non_null(w.server->spare);
    assert_true(body > w.server->spare->memory);
    assert_true(body < w.server->spare->memory + sizeof w.server->spare->memory);
    for (size_t i = 0; i < sizeof w.server->spare->memory / 2; i++)
        assert_int_not_equal(w.server->spare->memory[i], 'h');
    world_fini(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_outlive_their_connection),
        cmocka_unit_test(requests_outlive_their_server),
        cmocka_unit_test(a_handler_may_let_go_from_on_gone),
        cmocka_unit_test(draining_nobody_is_told_from_the_loop),
        cmocka_unit_test(the_drain_deadline_leaves_requests_to_their_handler),
        cmocka_unit_test(requests_are_wiped),
    };

    px_log_to(-1, ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
