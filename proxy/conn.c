/* proxy/conn.c -- a connection's life, its deadlines, and the facts about it. */
#include "proxy/conn.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proxy/conn_inside.h"
#include "routing/base/check.h"

const char *px_end_name(enum px_end e)
{
    switch (e) {
    case PX_END_LOCAL: return "local";
    case PX_END_REFUSED: return "connect_refused";
    case PX_END_UNREACHABLE: return "connect_unreachable";
    case PX_END_CONNECT_TIMEOUT: return "connect_timeout";
    case PX_END_TLS_TIMEOUT: return "tls_timeout";
    case PX_END_TLS_HANDSHAKE: return "tls_handshake";
    case PX_END_TLS_VERIFY: return "tls_verify";
    case PX_END_ALPN: return "alpn";
    case PX_END_EOF: return "eof";
    case PX_END_CUT: return "cut";
    case PX_END_RESET: return "reset";
    case PX_END_TLS_BROKEN: return "tls_broken";
    case PX_END_WRITE_TIMEOUT: return "write_timeout";
    case PX_END_CLOSED: return "closed";
    }
    return "unknown";
}

/* ---- life ---- */

static void close_socket(struct px_conn *c)
{
    struct ev_loop *loop = px_wire_loop(c->wire);

    ev_io_stop(loop, &c->readable);
    ev_io_stop(loop, &c->writable);
    ev_timer_stop(loop, &c->timer);
    c->timer_ns = 0;
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
    px_wire_task_drop(&c->task_);
    px_queue_fini(&c->plain, px_wire_pool(c->wire));
    px_queue_fini(&c->sealed, px_wire_pool(c->wire));
}

void px_conn_enter_(struct px_conn *c)
{
    c->depth++;
}

/* c may be gone afterwards. */
void px_conn_leave_(struct px_conn *c)
{
    if (--c->depth > 0 || !c->destroyed)
        return;
    px_tls_destroy(c->tls);
    free(c);
}

bool px_conn_over_(const struct px_conn *c)
{
    return c->destroyed || c->state == ENDED;
}

void px_conn_end_(struct px_conn *c, enum px_end why)
{
    if (px_conn_over_(c))
        return;
    c->state = ENDED;
    close_socket(c);
    c->events->on_end(c->ctx, why);
}

/* It has ended before it was open: told from the loop. */
void px_conn_doom_(struct px_conn *c, enum px_end why)
{
    c->doomed = true;
    c->doom = why;
    px_conn_soon_(c);
}

/* ---- deadlines: one timer of the loop, moved only when it would fire too late ---- */

static int64_t sooner(int64_t a, int64_t b)
{
    return a == 0 || (b != 0 && b < a) ? b : a;
}

void px_conn_arm_(struct px_conn *c)
{
    int64_t due = sooner(sooner(c->open_due, c->write_due), sooner(c->owner_due, c->linger_due));
    int64_t now = px_wire_now_ns(c->wire);
    struct ev_loop *loop = px_wire_loop(c->wire);

    if (due == 0 || (c->timer_ns != 0 && c->timer_ns <= due))
        return;
    ev_timer_stop(loop, &c->timer);
    ev_timer_set(&c->timer, due <= now + PX_MS ? 0.001 : (double)(due - now) / 1e9, 0.0);
    ev_timer_start(loop, &c->timer);
    c->timer_ns = due;
}

int64_t px_conn_in_ms_(const struct px_conn *c, int ms)
{
    return ms <= 0 ? 0 : px_wire_now_ns(c->wire) + (int64_t)ms * PX_MS;
}

static bool is_due(int64_t due, int64_t now)
{
    return due != 0 && due <= now;
}

static void on_due(struct px_conn *c, int64_t now)
{
    if (is_due(c->open_due, now)) {
        px_conn_end_(c, c->connected ? PX_END_TLS_TIMEOUT : PX_END_CONNECT_TIMEOUT);
    } else if (is_due(c->linger_due, now)) {
        px_conn_end_(c, c->state >= FINISHING ? PX_END_CLOSED : PX_END_RESET);
    } else if (is_due(c->write_due, now)) {
        px_conn_end_(c, PX_END_WRITE_TIMEOUT);
    } else if (is_due(c->owner_due, now)) {
        c->owner_due = 0;
        c->events->on_timer(c->ctx);
    }
}

static void on_timer(struct ev_loop *loop, ev_timer *watcher, int revents)
{
    struct px_conn *c = watcher->data;

    (void)loop;
    (void)revents;
    px_conn_enter_(c);
    c->timer_ns = 0;
    on_due(c, px_wire_now_ns(c->wire));
    if (!px_conn_over_(c))
        px_conn_arm_(c);
    px_conn_leave_(c);
}

void px_conn_timer_init_(struct px_conn *c)
{
    ev_timer_init(&c->timer, on_timer, 0.0, 0.0);
    c->timer.data = c;
}

void px_conn_timer(struct px_conn *c, int ms)
{
    CHECK(ms == 0 || c->events->on_timer != NULL);
    if (px_conn_over_(c) || c->state >= FINISHING)
        return;
    c->owner_due = px_conn_in_ms_(c, ms);
    px_conn_arm_(c);
}

/* ---- ending ---- */

void px_conn_finish(struct px_conn *c, int linger_ms)
{
    if (px_conn_over_(c) || c->state >= FINISHING)
        return;
    c->owner_due = c->open_due = 0;
    c->linger_ms = linger_ms;
    if (c->state != OPEN) { /* nothing was said, nothing is to be said */
        c->state = CONNECTING;
        px_conn_doom_(c, PX_END_CLOSED);
        return;
    }
    px_conn_enter_(c);
    (void)px_conn_fill_(c);
    if (!px_conn_over_(c)) {
        c->state = FINISHING;
        if (c->write_ms == 0) /* somebody must end it */
            c->linger_due = px_conn_in_ms_(c, linger_ms);
        px_conn_arm_(c);
        px_conn_watch_(c);
        px_conn_soon_(c);
    }
    px_conn_leave_(c);
}

void px_conn_destroy(struct px_conn *c)
{
    if (c == NULL || c->destroyed)
        return;
    px_conn_enter_(c);
    if (c->state == OPEN && c->tls != NULL && !c->stuck && px_queue_size(&c->sealed) == 0) {
        px_tls_bye(c->tls);
        px_conn_push_(c);
    }
    close_socket(c);
    c->destroyed = true;
    px_conn_leave_(c);
}

/* ---- facts ---- */

bool px_conn_connected(const struct px_conn *c)
{
    return c->connected;
}

bool px_conn_is_open(const struct px_conn *c)
{
    return c->state == OPEN && !c->destroyed;
}

uint64_t px_conn_put_bytes(const struct px_conn *c)
{
    return c->put;
}

uint64_t px_conn_handed_bytes(const struct px_conn *c)
{
    return c->handed;
}

uint64_t px_conn_read_bytes(const struct px_conn *c)
{
    return c->got;
}

enum px_protocol px_conn_protocol(const struct px_conn *c)
{
    return c->tls == NULL ? PX_HTTP1 : px_tls_protocol(c->tls);
}

int px_conn_fd(const struct px_conn *c)
{
    return c->fd;
}

const struct px_tls *px_conn_tls(const struct px_conn *c)
{
    return c->tls;
}
