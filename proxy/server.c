/* proxy/server.c -- listening, draining, and the life of it all. */
#include "proxy/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "proxy/clock.h"
#include "proxy/http2_server.h"
#include "proxy/log.h"
#include "proxy/server_inside.h"
#include "routing/base/check.h"
#include "routing/base/limits.h"

enum { ACCEPT_BATCH = 16 };
static const double ACCEPT_AGAIN_S = 0.1; /* after the system had no descriptor for us */

void px_server_defaults(struct px_server_config *c)
{
    *c = (struct px_server_config){ .tls_ms = 5000,
                                    .first_request_ms = 5000,
                                    .headers_ms = 10000,
                                    .body_ms = 30000,
                                    .idle_ms = 75000,
                                    .write_ms = 30000 };
}

/* ---- accepting ---- */

static void accept_start(struct px_server *s)
{
    for (unsigned i = 0; i < s->config.listen_fds; i++)
        ev_io_start(s->loop, &s->accepting[i]);
}

static void accept_stop(struct px_server *s)
{
    ev_timer_stop(s->loop, &s->accept_again);
    for (unsigned i = 0; i < s->config.listen_fds; i++)
        ev_io_stop(s->loop, &s->accepting[i]);
}

/* What waits stays in the kernel's queue until there is room or descriptors again. */
static void accept_pause(struct px_server *s)
{
    accept_stop(s);
    ev_timer_set(&s->accept_again, ACCEPT_AGAIN_S, 0.0);
    ev_timer_start(s->loop, &s->accept_again);
}

static void on_accept_again(struct ev_loop *loop, ev_timer *t, int revents)
{
    struct px_server *s = t->data;

    (void)loop;
    (void)revents;
    if (s->connections >= s->config.connections_max)
        accept_pause(s);
    else
        accept_start(s);
}

static void peer_text(const struct sockaddr_storage *a, char out[48])
{
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)a;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)a;

    memset(out, 0, 48);
    if (a->ss_family == AF_INET)
        (void)inet_ntop(AF_INET, &v4->sin_addr, out, 48);
    else if (a->ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
        (void)inet_ntop(AF_INET, &v6->sin6_addr.s6_addr[12], out, 48);
    else if (a->ss_family == AF_INET6)
        (void)inet_ntop(AF_INET6, &v6->sin6_addr, out, 48);
}

/* False: nothing more to accept now. */
static bool accept_one(struct px_server *s, int listen_fd)
{
    struct sockaddr_storage a = { .ss_family = AF_UNSPEC };
    socklen_t n = sizeof a;
    char peer[48];
    int fd = accept4(listen_fd, (struct sockaddr *)&a, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd >= 0) {
        peer_text(&a, peer);
        px_server_conn_accept(s, fd, peer);
        return true;
    }
    if (errno == ECONNABORTED || errno == EINTR)
        return true;
    if (errno == EAGAIN || errno == EWOULDBLOCK)
        return false;
    if (px_log_allowed(&s->log_gate, 1, px_wire_now_ns(s->wire)))
        LOG(ERROR, "server.accept", F("error", strerror(errno)));
    accept_pause(s);
    return false;
}

static void on_acceptable(struct ev_loop *loop, ev_io *watcher, int revents)
{
    struct px_server *s = watcher->data;

    (void)loop;
    (void)revents;
    for (int i = 0; i < ACCEPT_BATCH; i++) {
        if (s->connections >= s->config.connections_max) {
            accept_pause(s);
            return;
        }
        if (!accept_one(s, watcher->fd))
            return;
    }
}

/* ---- life ---- */

static bool listen_on(struct px_server *s, const struct px_server_config *c)
{
    s->accepting = calloc(c->listen_fds > 0 ? c->listen_fds : 1, sizeof *s->accepting);
    if (s->accepting == NULL)
        return false;
    for (unsigned i = 0; i < c->listen_fds; i++) {
        ev_io_init(&s->accepting[i], on_acceptable, c->listen_fd[i], EV_READ);
        s->accepting[i].data = s;
    }
    ev_timer_init(&s->accept_again, on_accept_again, ACCEPT_AGAIN_S, 0.0);
    s->accept_again.data = s;
    return true;
}

static void server_free(struct px_server *s)
{
    px_server_requests_free(s);
    px_wire_destroy(s->wire);
    px_http2_shared_destroy(s->http2);
    px_tls_server_unref(s->config.tls);
    free(s->accepting);
    free(s);
}

enum err px_server_create(struct ev_loop *loop, const struct px_server_config *c,
                          struct px_server **out)
{
    struct px_server *s = calloc(1, sizeof *s);

    CHECK(c->handler != NULL);
    if (s == NULL)
        return E_NOMEM;
    s->loop = loop;
    s->config = *c;
    s->config.listen_fd = NULL; /* the watchers know */
    if (s->config.connections_max == 0)
        s->config.connections_max = LIMIT_CONNECTIONS;
    if (s->config.tls != NULL)
        px_tls_server_ref(s->config.tls);
    px_server_requests_init(s);
    s->wire = px_wire_create(loop);
    s->http2 = px_http2_shared_create();
    if (s->wire == NULL || s->http2 == NULL || !listen_on(s, c)) {
        server_free(s);
        return E_NOMEM;
    }
    ev_init(&s->drain_deadline, NULL);
    accept_start(s);
    *out = s;
    return OK;
}

void px_server_use_tls(struct px_server *s, struct px_tls_server *tls)
{
    struct px_tls_server *old = s->config.tls;

    CHECK((tls == NULL) == (old == NULL));
    s->config.tls = tls == NULL ? NULL : px_tls_server_ref(tls);
    px_tls_server_unref(old);
}

unsigned px_server_connections(const struct px_server *s)
{
    return s->connections;
}

unsigned px_server_requests(const struct px_server *s)
{
    return s->requests;
}

const struct px_server_counts *px_server_count(const struct px_server *s)
{
    return &s->counts;
}

static void kill_all(struct px_server *s)
{
    while (s->first != NULL)
        px_server_conn_kill(s->first);
}

void px_server_destroy(struct px_server *s)
{
    if (s == NULL)
        return;
    accept_stop(s);
    ev_timer_stop(s->loop, &s->drain_deadline);
    s->drained = NULL;
    kill_all(s);
    s->destroyed = true;
    px_server_free_if_unused(s);
}

void px_server_free_if_unused(struct px_server *s)
{
    if (s->destroyed && s->held == 0)
        server_free(s);
}

/* ---- draining ---- */

void px_server_maybe_drained(struct px_server *s)
{
    void (*tell)(void *ctx) = s->drained;

    if (!s->draining || s->first != NULL || tell == NULL)
        return;
    ev_timer_stop(s->loop, &s->drain_deadline);
    s->drained = NULL;
    tell(s->drained_ctx);
}

static void on_drain_deadline(struct ev_loop *loop, ev_timer *t, int revents)
{
    struct px_server *s = t->data;

    (void)loop;
    (void)revents;
    if (s->first != NULL)
        LOG(WARN, "server.drain_deadline", F("connections", s->connections),
            F("requests", s->requests));
    kill_all(s);
    px_server_maybe_drained(s);
}

void px_server_drain(struct px_server *s, int deadline_ms, void (*drained)(void *ctx), void *ctx)
{
    struct px_server_conn *c, *next;

    CHECK(!s->draining);
    accept_stop(s);
    s->draining = true;
    s->drained = drained;
    s->drained_ctx = ctx;
    for (c = s->first; c != NULL; c = next) {
        next = c->next;
        px_server_conn_drain(c);
    }
    ev_timer_init(&s->drain_deadline, on_drain_deadline, deadline_ms / 1e3, 0.0);
    s->drain_deadline.data = s;
    ev_timer_start(s->loop, &s->drain_deadline);
    if (s->first == NULL) /* told from the loop all the same */
        ev_feed_event(s->loop, &s->drain_deadline, EV_TIMER);
}

/* ---- what every answer says ---- */

/* RFC 9110 section 5.6.7; not by strftime, whose names depend on the locale. */
struct span px_server_date(struct px_server *s)
{
    static const char day[] = "SunMonTueWedThuFriSat",
                      month[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    int64_t now = px_unix_ms() / 1000;
    time_t t = (time_t)now;
    struct tm tm;

    if (now != s->date_s && gmtime_r(&t, &tm) != NULL) {
        s->date_s = now;
        (void)snprintf(s->date, sizeof s->date, "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT",
                       day + 3 * tm.tm_wday, tm.tm_mday, month + 3 * tm.tm_mon, tm.tm_year + 1900,
                       tm.tm_hour, tm.tm_min, tm.tm_sec);
    }
    return span_str(s->date);
}
