/* proxy/conn_io.c -- writing and reading. */
#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "proxy/conn_inside.h"
#include "routing/base/check.h"

enum {
    SEALED_MAX = 64 * 1024, /* do not encrypt further ahead of the socket than this */
    SINK_MAX = 128 * 1024,  /* nor let TLS itself (alerts, key updates) pile up more */
    PIECES = 16,            /* chunks per sendmsg() */
    DROP_MAX = 1024 * 1024, /* bytes read and dropped while finishing */
    ALIVE_READS = 8,        /* reads px_conn_alive() may do */
    STUCK_MS = 1000         /* for reading to find the end after writing failed */
};

/* ---- writing ---- */

void px_conn_soon_(struct px_conn *c)
{
    px_wire_soon(c->wire, &c->task_);
}

/* The socket refuses bytes. What the peer said before is still to be read (an answer, a GOAWAY), so
 * the end is told by reading, which goes on until there is nothing more. */
static void stuck(struct px_conn *c)
{
    c->stuck = true;
    c->write_due = 0;
    px_queue_fini(&c->plain, px_wire_pool(c->wire));
    px_queue_fini(&c->sealed, px_wire_pool(c->wire));
    ev_io_stop(px_wire_loop(c->wire), &c->writable);
    ev_io_start(px_wire_loop(c->wire), &c->readable);
    c->linger_due = px_conn_in_ms_(c, STUCK_MS);
    px_conn_arm_(c);
}

bool px_conn_sink_(void *ctx, struct span bytes)
{
    struct px_conn *c = ctx;

    return px_queue_size(&c->sealed) < SINK_MAX &&
           px_queue_put(&c->sealed, px_wire_pool(c->wire), bytes);
}

/* Plain chunks become records. Counted as handed before TLS sees them. */
static void seal(struct px_conn *c)
{
    while (px_queue_size(&c->plain) > 0 && px_queue_size(&c->sealed) < SEALED_MAX) {
        struct span s = px_queue_first(&c->plain);

        c->handed += s.n;
        if (px_tls_write(c->tls, s) != PX_TLS_OK) {
            stuck(c);
            return;
        }
        px_queue_drop(&c->plain, px_wire_pool(c->wire), s.n);
    }
}

static size_t iov_sum(const struct iovec *v, unsigned n)
{
    size_t sum = 0;

    for (unsigned i = 0; i < n; i++)
        sum += v[i].iov_len;
    return sum;
}

static void on_blocked(struct px_conn *c)
{
    ev_io_start(px_wire_loop(c->wire), &c->writable);
    if (c->write_due == 0 || c->taken - c->taken_mark >= PX_CHUNK) {
        c->write_due = px_conn_in_ms_(c, c->write_ms);
        c->taken_mark = c->taken;
        px_conn_arm_(c);
    }
}

/* One sendmsg() of what fits in it; true if the socket took all and there may be more. */
static bool push_some(struct px_conn *c, struct px_queue *q)
{
    struct iovec piece[PIECES];
    struct msghdr m = { .msg_iov = piece };
    size_t n;
    ssize_t r;

    m.msg_iovlen = px_queue_pieces(q, piece, PIECES);
    n = iov_sum(piece, (unsigned)m.msg_iovlen);
    if (q == &c->plain) {
        uint64_t upto = c->put - px_queue_size(q) + n;

        c->handed = upto > c->handed ? upto : c->handed;
    }
    do
        r = sendmsg(c->fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (r < 0 && errno == EINTR);
    if (r < 0 && errno != EAGAIN && errno != EWOULDBLOCK) {
        stuck(c);
        return false;
    }
    c->taken += r < 0 ? 0 : (size_t)r;
    px_queue_drop(q, px_wire_pool(c->wire), r < 0 ? 0 : (size_t)r);
    return r >= 0 && (size_t)r == n;
}

void px_conn_push_(struct px_conn *c)
{
    struct px_queue *q = c->tls != NULL ? &c->sealed : &c->plain;

    while (px_queue_size(q) > 0 && push_some(c, q))
        ;
    if (c->stuck)
        return;
    if (px_queue_size(q) > 0) {
        on_blocked(c);
    } else {
        c->write_due = 0;
        ev_io_stop(px_wire_loop(c->wire), &c->writable);
    }
}

static void seal_and_push(struct px_conn *c)
{
    if (c->stuck)
        return;
    if (c->tls != NULL && c->state != SHAKING)
        seal(c);
    px_conn_push_(c);
    /* The socket took all of it and there is more to encrypt. */
    while (!c->stuck && c->tls != NULL && c->state != SHAKING && px_queue_size(&c->sealed) == 0 &&
           px_queue_size(&c->plain) > 0) {
        seal(c);
        px_conn_push_(c);
    }
}

static bool all_is_out(const struct px_conn *c)
{
    return c->stuck || px_queue_size(&c->plain) + px_queue_size(&c->sealed) == 0;
}

/* px_conn_finish() was called. Once all is written: close_notify, FIN, and wait for theirs. */
static void say_bye(struct px_conn *c)
{
    if (all_is_out(c) && c->tls != NULL && !c->bye_said && !c->stuck) {
        c->bye_said = true;
        px_tls_bye(c->tls);
        px_conn_push_(c);
    }
    if (!all_is_out(c))
        return;
    shutdown(c->fd, SHUT_WR);
    c->state = LINGERING;
    c->write_due = 0;
    c->linger_due = px_conn_in_ms_(c, c->linger_ms > 0 ? c->linger_ms : 1);
    px_conn_arm_(c);
}

/* Asks the owner for bytes; true if it may have stopped only because the queue was full. */
bool px_conn_fill_(struct px_conn *c)
{
    if (c->state != OPEN || c->events->on_fill == NULL || c->stuck || c->filling)
        return false;
    c->filling = true;
    c->events->on_fill(c->ctx);
    c->filling = false;
    return !px_conn_over_(c) && px_conn_room(c) < c->queue_max / 4 * 3;
}

void px_conn_flush_(struct px_conn *c)
{
    switch (c->state) {
    case CONNECTING:
        if (c->doomed)
            px_conn_end_(c, c->doom);
        return;
    case SHAKING:
        if (c->tls != NULL) {
            px_conn_push_(c);
            return;
        }
        px_conn_opened_(c);
        if (c->state != OPEN || c->destroyed)
            return;
        break;
    case OPEN:
    case FINISHING: break;
    case LINGERING:
    case ENDED: return;
    }
    for (bool more = true; more;) {
        more = px_conn_fill_(c);
        if (px_conn_over_(c))
            return;
        seal_and_push(c);
        more = more && all_is_out(c);
    }
    if (c->state == FINISHING)
        say_bye(c);
}

static void on_task(struct px_wire_task *t)
{
    struct px_conn *c = (struct px_conn *)t;

    px_conn_enter_(c);
    px_conn_flush_(c);
    px_wire_task_drop(&c->task_); /* putting from on_fill asks for no second turn */
    px_conn_leave_(c);
}

size_t px_conn_room(const struct px_conn *c)
{
    size_t used = px_queue_size(&c->plain) + px_queue_size(&c->sealed);

    return px_conn_over_(c) || used >= c->queue_max ? 0 : c->queue_max - used;
}

bool px_conn_put(struct px_conn *c, struct span bytes)
{
    if (px_conn_over_(c) || c->state >= FINISHING || bytes.n > px_conn_room(c) ||
        !px_queue_put(&c->plain, px_wire_pool(c->wire), bytes))
        return false;
    c->put += bytes.n;
    px_conn_soon_(c);
    return true;
}

void px_conn_wake(struct px_conn *c)
{
    if (!px_conn_over_(c))
        px_conn_soon_(c);
}

/* ---- reading ---- */

void px_conn_watch_(struct px_conn *c)
{
    struct ev_loop *loop = px_wire_loop(c->wire);

    if (c->paused && !c->stuck && c->state == OPEN)
        ev_io_stop(loop, &c->readable);
    else
        ev_io_start(loop, &c->readable);
}

static void deliver(struct px_conn *c, struct span s)
{
    c->got += s.n;
    if (c->events->on_data != NULL)
        c->events->on_data(c->ctx, s);
}

void px_conn_opened_(struct px_conn *c)
{
    c->state = OPEN;
    c->open_due = 0;
    px_conn_watch_(c);
    if (c->events->on_open != NULL)
        c->events->on_open(c->ctx);
    if (!px_conn_over_(c))
        px_conn_soon_(c);
}

static enum px_end end_of(enum px_tls_said said)
{
    switch (said) {
    case PX_TLS_VERIFY: return PX_END_TLS_VERIFY;
    case PX_TLS_ALPN: return PX_END_ALPN;
    case PX_TLS_EOF: return PX_END_EOF;
    case PX_TLS_OK:
    case PX_TLS_WANT:
    case PX_TLS_FAILED: break;
    }
    return PX_END_TLS_HANDSHAKE;
}

/* False: no further yet, or it has ended. */
bool px_conn_shake_(struct px_conn *c)
{
    enum px_tls_said said = px_tls_handshake(c->tls);

    if (said == PX_TLS_OK) {
        px_conn_opened_(c);
        return !px_conn_over_(c);
    }
    px_conn_push_(c); /* our next flight, or the alert */
    if (said != PX_TLS_WANT)
        px_conn_end_(c, end_of(said));
    return false;
}

static void read_records(struct px_conn *c, struct px_read_buffer *b)
{
    while (c->state == OPEN && !c->destroyed) {
        size_t n = 0;
        enum px_tls_said said = px_tls_read(c->tls, b->clear, sizeof b->clear, &n);

        switch (said) {
        case PX_TLS_OK:
            b->clear_n_ = n > b->clear_n_ ? n : b->clear_n_;
            deliver(c, (struct span){ b->clear, n });
            break;
        case PX_TLS_WANT: return;
        case PX_TLS_EOF: px_conn_end_(c, PX_END_EOF); return;
        case PX_TLS_FAILED:
        case PX_TLS_VERIFY:
        case PX_TLS_ALPN:
            px_conn_push_(c);
            px_conn_end_(c, PX_END_TLS_BROKEN);
            return;
        }
    }
}

static void take_bytes(struct px_conn *c, struct px_read_buffer *b, size_t n)
{
    struct span s = { b->in, n };

    b->in_n_ = n > b->in_n_ ? n : b->in_n_;
    if (c->state >= FINISHING) {
        c->dropped += n;
        if (c->dropped > DROP_MAX)
            px_conn_end_(c, PX_END_CLOSED);
        return;
    }
    if (c->tls == NULL) {
        deliver(c, s);
        return;
    }
    px_tls_feed(c->tls, s);
    if (c->state == SHAKING && !px_conn_shake_(c))
        return;
    read_records(c, b);
    if (!px_conn_over_(c) && px_queue_size(&c->sealed) > 0)
        px_conn_soon_(c); /* key updates, alerts */
}

static void on_no_more(struct px_conn *c, bool reset)
{
    if (c->state >= FINISHING)
        px_conn_end_(c, PX_END_CLOSED);
    else if (c->state == SHAKING)
        px_conn_end_(c, c->tls != NULL ? PX_END_TLS_HANDSHAKE : PX_END_RESET);
    else if (reset || c->stuck)
        px_conn_end_(c, PX_END_RESET);
    else
        px_conn_end_(c, c->tls != NULL ? PX_END_CUT : PX_END_EOF);
}

/* One recv(); false if nothing was there or it has ended. */
static bool read_once(struct px_conn *c)
{
    struct px_read_buffer *b = px_wire_take(c->wire);
    ssize_t n;

    if (b == NULL) {
        px_conn_end_(c, PX_END_LOCAL);
        return false;
    }
    c->reading = true;
    do
        n = recv(c->fd, b->in, sizeof b->in, MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    if (n > 0)
        take_bytes(c, b, (size_t)n);
    else if (n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK))
        on_no_more(c, n < 0);
    c->reading = false;
    px_wire_give(c->wire, b);
    return n > 0 && !px_conn_over_(c);
}

static void on_readable(struct ev_loop *loop, ev_io *watcher, int revents)
{
    struct px_conn *c = watcher->data;

    (void)loop;
    (void)revents;
    px_conn_enter_(c);
    (void)read_once(c);
    px_conn_leave_(c);
}

void px_conn_pause(struct px_conn *c, bool pause)
{
    c->paused = pause;
    if (c->state == OPEN && !c->destroyed)
        px_conn_watch_(c);
}

bool px_conn_alive(struct px_conn *c)
{
    bool alive;

    if (c->destroyed || c->state != OPEN || c->stuck)
        return false;
    if (c->reading)
        return true;
    px_conn_enter_(c);
    for (int i = 0; i < ALIVE_READS && read_once(c); i++)
        ;
    alive = !px_conn_over_(c) && c->state == OPEN && !c->stuck;
    px_conn_leave_(c);
    return alive;
}

static void on_writable(struct ev_loop *loop, ev_io *watcher, int revents)
{
    struct px_conn *c = watcher->data;

    (void)loop;
    (void)revents;
    px_conn_enter_(c);
    if (c->state == CONNECTING)
        px_conn_on_connected_(c);
    else
        px_conn_flush_(c);
    px_conn_leave_(c);
}

void px_conn_io_init_(struct px_conn *c)
{
    px_wire_task_init(&c->task_, on_task);
    ev_io_init(&c->readable, on_readable, c->fd, EV_READ);
    ev_io_init(&c->writable, on_writable, c->fd, EV_WRITE);
    c->readable.data = c->writable.data = c;
}
