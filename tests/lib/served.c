/* tests/lib/served.c */
#include "tests/lib/served.h"

#include <errno.h>
#include <ev.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proxy/log.h"
#include "proxy/server_inside.h"
#include "routing/base/check.h"
#include "routing/base/limits.h"

enum { TURNS = 3 };

static void check_request(const struct px_request *r)
{
    CHECK(r->body.n <= LIMIT_BODY);
    CHECK(r->headers <= LIMIT_HEADERS);
    CHECK(r->method.n > 0);
    CHECK(r->path.n > 0 && r->path.n <= LIMIT_PATH);
    CHECK(r->path.p[0] == '/' || span_is(r->path, "*"));
    for (unsigned i = 0; i < r->headers; i++) {
        CHECK(r->header[i].name.n > 0);
        CHECK(px_value_ok(r->header[i].value));
    }
}

/* The length of the path decides how it is answered: at once, with a large body, or after the
 * client has had time to leave. */
static void handle(void *ctx, struct px_request *r)
{
    static char large[100000];
    struct px_message m = { .status = 200 };
    struct px_request **late = ctx;

    check_request(r);
    if (r->path.n % 5 == 4 && *late == NULL) {
        *late = r;
        return;
    }
    m.body = (struct span){ large, r->path.n % 5 == 3 ? sizeof large : r->path.n };
    px_message_add(&m, "content-type", SPAN("text/plain"));
    px_respond(r, &m);
    px_request_done(r);
}

static void finish_late(struct px_request **late)
{
    struct px_request *r = *late;
    struct px_message m = { .status = 404 };

    *late = NULL;
    if (r == NULL)
        return;
    px_respond(r, &m);
    px_request_done(r);
}

/* Gives what the server says to nobody; false once it has closed. */
static bool hear(int fd)
{
    char sink[65536];
    ssize_t n = recv(fd, sink, sizeof sink, MSG_DONTWAIT);

    return n > 0 || (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK));
}

static bool turn(struct ev_loop *loop, int fd)
{
    for (int i = 0; i < TURNS; i++) {
        ev_run(loop, EVRUN_NOWAIT);
        if (!hear(fd))
            return false;
    }
    return true;
}

static bool say(struct ev_loop *loop, int fd, struct span s, size_t step)
{
    while (s.n > 0) {
        struct span piece = span_take(s, step == 0 ? 4096 : step);
        ssize_t n = send(fd, piece.p, piece.n, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n < 0 && errno != EAGAIN)
            return false;
        s = span_drop(s, n < 0 ? 0 : (size_t)n);
        if (!turn(loop, fd))
            return false;
    }
    return true;
}

void served(struct span prelude, struct span bytes, size_t step)
{
    static struct ev_loop *loop;
    struct px_server_config c;
    struct px_server *s = NULL;
    struct px_request *late = NULL;
    int pair[2];

    if (loop == NULL)
        loop = ev_loop_new(EVBACKEND_POLL);
    px_log_to(STDERR_FILENO, ERROR);
    px_server_defaults(&c);
    c.handler = handle;
    c.ctx = &late;
    CHECK(px_server_create(loop, &c, &s) == OK);
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0);
    px_server_conn_accept(s, pair[0], (char[48]){ "fuzz" });
    if (say(loop, pair[1], prelude, 0) && say(loop, pair[1], bytes, step)) {
        finish_late(&late);
        (void)turn(loop, pair[1]);
    }
    close(pair[1]);
    for (int i = 0; i < TURNS; i++)
        ev_run(loop, EVRUN_NOWAIT);
    finish_late(&late);
    CHECK(px_server_requests(s) == 0);
    CHECK(s->held == 0);
    CHECK(px_server_count(s)->false_claims == 0);
    px_server_destroy(s);
}
