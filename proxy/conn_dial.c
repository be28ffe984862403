/* proxy/conn_dial.c -- connecting and accepting. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proxy/conn_inside.h"
#include "routing/base/check.h"

enum { QUEUE_DEFAULT = 256 * 1024 };

static enum px_end end_of_errno(int e)
{
    switch (e) {
    case ECONNREFUSED:
    case ECONNRESET: return PX_END_REFUSED;
    case ETIMEDOUT: return PX_END_CONNECT_TIMEOUT;
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ENETDOWN:
    case EHOSTDOWN:
    case ENOENT: /* unix sockets */
    case EACCES:
    case EPERM: return PX_END_UNREACHABLE;
    default: return PX_END_LOCAL;
    }
}

void px_conn_on_connected_(struct px_conn *c)
{
    int e = 0;
    socklen_t n = sizeof e;

    ev_io_stop(px_wire_loop(c->wire), &c->writable);
    if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &e, &n) != 0 || e != 0) {
        px_conn_end_(c, end_of_errno(e));
        return;
    }
    c->connected = true;
    c->state = SHAKING;
    if (c->tls == NULL) {
        px_conn_opened_(c);
        return;
    }
    ev_io_start(px_wire_loop(c->wire), &c->readable);
    (void)px_conn_shake_(c);
}

static struct px_conn *conn_create(struct px_wire *w, int fd, const struct px_conn_options *o)
{
    struct px_conn *c = calloc(1, sizeof *c);

    if (c == NULL)
        return NULL;
    CHECK(o->events->on_end != NULL);
    c->wire = w;
    c->events = o->events;
    c->ctx = o->ctx;
    c->fd = fd;
    c->queue_max = o->queue_max > 0 ? o->queue_max : QUEUE_DEFAULT;
    c->write_ms = o->write_ms;
    px_conn_io_init_(c);
    px_conn_timer_init_(c);
    c->open_due = px_conn_in_ms_(c, o->open_ms);
    px_conn_arm_(c);
    return c;
}

/* Frames are gathered by us; the kernel need not wait for more. Fails on unix sockets: fine. */
static void no_delay(int fd)
{
    int on = 1;

    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

struct px_conn *px_conn_accept(struct px_wire *w, int fd, struct px_tls_server *tls,
                               const struct px_conn_options *o)
{
    struct px_conn *c = conn_create(w, fd, o);

    if (c != NULL && tls != NULL && (c->tls = px_tls_accept(tls, px_conn_sink_, c)) == NULL) {
        px_conn_destroy(c);
        return NULL;
    }
    if (c == NULL) {
        close(fd);
        return NULL;
    }
    no_delay(fd);
    c->connected = true;
    c->state = SHAKING;
    if (tls != NULL)
        ev_io_start(px_wire_loop(w), &c->readable);
    else
        px_conn_soon_(c);
    return c;
}

static void dial(struct px_conn *c, const struct sockaddr *addr, unsigned addr_n)
{
    int fd = socket(addr->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0) {
        px_conn_doom_(c, PX_END_LOCAL);
        return;
    }
    c->fd = fd;
    no_delay(fd);
    ev_io_set(&c->readable, fd, EV_READ);
    ev_io_set(&c->writable, fd, EV_WRITE);
    if (connect(fd, addr, addr_n) == 0 || errno == EINPROGRESS)
        ev_io_start(px_wire_loop(c->wire), &c->writable);
    else
        px_conn_doom_(c, end_of_errno(errno));
}

struct px_conn *px_conn_connect(struct px_wire *w, const struct px_conn_to *to,
                                const struct px_conn_options *o)
{
    struct px_conn *c = conn_create(w, -1, o);

    if (c == NULL)
        return NULL;
    c->state = CONNECTING;
    if (to->tls != NULL) {
        c->tls = px_tls_connect(to->tls, to->host, to->offer, px_conn_sink_, c);
        if (c->tls == NULL) {
            px_conn_destroy(c);
            return NULL;
        }
    }
    dial(c, to->addr, to->addr_n);
    return c;
}
