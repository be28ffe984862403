/* proxy/conn.c */
#include "proxy/conn.h"

#include <errno.h>
#include <ev.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "proxy/queue.h"
#include "proxy/wire.h"
#include "routing/base/check.h"

enum {
    QUEUE_DEFAULT = 256 * 1024,
    SEALED_MAX = 64 * 1024, /* do not encrypt further ahead of the socket than this */
    SINK_MAX = 128 * 1024,  /* nor let TLS itself (alerts, key updates) pile up more */
    PIECES = 16,            /* chunks per sendmsg() */
    DROP_MAX = 1024 * 1024, /* bytes read and dropped while finishing */
    ALIVE_READS = 8,        /* reads px_conn_alive() may do */
    STUCK_MS = 1000,        /* for reading to find the end after writing failed */
    MS = 1000000            /* ns */
};

enum state {
    CONNECTING, /* connect() is under way, or has failed and `doom` waits to be told */
    SHAKING,    /* TLS handshake; in clear: accepted, on_open is due */
    OPEN,
    FINISHING, /* px_conn_finish(): the last bytes leave */
    LINGERING, /* our FIN is out; waiting for theirs */
    ENDED      /* on_end was called; only the memory is left */
};

struct px_conn {
    struct px_wire_task task_; /* first member: flush before the loop sleeps */
    struct px_wire *wire;
    const struct px_conn_events *events;
    void *ctx;
    struct px_tls *tls;
    struct ev_io readable, writable;
    struct ev_timer timer;
    int64_t timer_ns;                       /* when `timer` fires; 0: stopped */
    int64_t open_due, write_due, owner_due; /* 0: none */
    int64_t linger_due;
    struct px_queue plain;  /* as put; what the socket gets in clear */
    struct px_queue sealed; /* TLS: what the socket gets */
    uint64_t put, handed, got;
    uint64_t taken;      /* bytes the socket took, sealed ones in TLS */
    uint64_t taken_mark; /* `taken` when write_due was set */
    size_t queue_max, dropped;
    int fd, write_ms, linger_ms;
    unsigned depth; /* callbacks and calls we are inside of */
    enum state state;
    enum px_end doom;
    bool doomed;    /* connecting failed at once: on_end(doom) is due */
    bool destroyed; /* by the owner, from inside: free when depth is 0 */
    bool connected, paused, reading, filling, bye_said;
    bool stuck; /* writing failed: only reading can tell more */
};

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

static void enter(struct px_conn *c)
{
    c->depth++;
}

/* c may be gone afterwards. */
static void leave(struct px_conn *c)
{
    if (--c->depth > 0 || !c->destroyed)
        return;
    px_tls_destroy(c->tls);
    free(c);
}

static bool is_over(const struct px_conn *c)
{
    return c->destroyed || c->state == ENDED;
}

static void end(struct px_conn *c, enum px_end why)
{
    if (is_over(c))
        return;
    c->state = ENDED;
    close_socket(c);
    c->events->on_end(c->ctx, why);
}

/* ---- deadlines: one timer of the loop, moved only when it would fire too late ---- */

static int64_t sooner(int64_t a, int64_t b)
{
    return a == 0 || (b != 0 && b < a) ? b : a;
}

static void arm(struct px_conn *c)
{
    int64_t due = sooner(sooner(c->open_due, c->write_due), sooner(c->owner_due, c->linger_due));
    int64_t now = px_wire_now_ns(c->wire);
    struct ev_loop *loop = px_wire_loop(c->wire);

    if (due == 0 || (c->timer_ns != 0 && c->timer_ns <= due))
        return;
    ev_timer_stop(loop, &c->timer);
    ev_timer_set(&c->timer, due <= now + MS ? 0.001 : (double)(due - now) / 1e9, 0.0);
    ev_timer_start(loop, &c->timer);
    c->timer_ns = due;
}

static int64_t in_ms(const struct px_conn *c, int ms)
{
    return ms <= 0 ? 0 : px_wire_now_ns(c->wire) + (int64_t)ms * MS;
}

static bool is_due(int64_t due, int64_t now)
{
    return due != 0 && due <= now;
}

static void on_due(struct px_conn *c, int64_t now)
{
    if (is_due(c->open_due, now)) {
        end(c, c->connected ? PX_END_TLS_TIMEOUT : PX_END_CONNECT_TIMEOUT);
    } else if (is_due(c->linger_due, now)) {
        end(c, c->state >= FINISHING ? PX_END_CLOSED : PX_END_RESET);
    } else if (is_due(c->write_due, now)) {
        end(c, PX_END_WRITE_TIMEOUT);
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
    enter(c);
    c->timer_ns = 0;
    on_due(c, px_wire_now_ns(c->wire));
    if (!is_over(c))
        arm(c);
    leave(c);
}

void px_conn_timer(struct px_conn *c, int ms)
{
    CHECK(ms == 0 || c->events->on_timer != NULL);
    if (is_over(c) || c->state >= FINISHING)
        return;
    c->owner_due = in_ms(c, ms);
    arm(c);
}

/* ---- writing ---- */

static void soon(struct px_conn *c)
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
    c->linger_due = in_ms(c, STUCK_MS);
    arm(c);
}

static bool sink(void *ctx, struct span bytes)
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
        c->write_due = in_ms(c, c->write_ms);
        c->taken_mark = c->taken;
        arm(c);
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

static void push(struct px_conn *c)
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
    push(c);
    /* The socket took all of it and there is more to encrypt. */
    while (!c->stuck && c->tls != NULL && c->state != SHAKING && px_queue_size(&c->sealed) == 0 &&
           px_queue_size(&c->plain) > 0) {
        seal(c);
        push(c);
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
        push(c);
    }
    if (!all_is_out(c))
        return;
    shutdown(c->fd, SHUT_WR);
    c->state = LINGERING;
    c->write_due = 0;
    c->linger_due = in_ms(c, c->linger_ms > 0 ? c->linger_ms : 1);
    arm(c);
}

/* Asks the owner for bytes; true if it may have stopped only because the queue was full. */
static bool fill(struct px_conn *c)
{
    if (c->state != OPEN || c->events->on_fill == NULL || c->stuck || c->filling)
        return false;
    c->filling = true;
    c->events->on_fill(c->ctx);
    c->filling = false;
    return !is_over(c) && px_conn_room(c) < c->queue_max / 4 * 3;
}

static void opened(struct px_conn *c);

static void flush(struct px_conn *c)
{
    switch (c->state) {
    case CONNECTING:
        if (c->doomed)
            end(c, c->doom);
        return;
    case SHAKING:
        if (c->tls != NULL) {
            push(c);
            return;
        }
        opened(c);
        if (c->state != OPEN || c->destroyed)
            return;
        break;
    case OPEN:
    case FINISHING: break;
    case LINGERING:
    case ENDED: return;
    }
    for (bool more = true; more;) {
        more = fill(c);
        if (is_over(c))
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

    enter(c);
    flush(c);
    px_wire_task_drop(&c->task_); /* putting from on_fill asks for no second turn */
    leave(c);
}

size_t px_conn_room(const struct px_conn *c)
{
    size_t used = px_queue_size(&c->plain) + px_queue_size(&c->sealed);

    return is_over(c) || used >= c->queue_max ? 0 : c->queue_max - used;
}

bool px_conn_put(struct px_conn *c, struct span bytes)
{
    if (is_over(c) || c->state >= FINISHING || bytes.n > px_conn_room(c) ||
        !px_queue_put(&c->plain, px_wire_pool(c->wire), bytes))
        return false;
    c->put += bytes.n;
    soon(c);
    return true;
}

void px_conn_wake(struct px_conn *c)
{
    if (!is_over(c))
        soon(c);
}

/* ---- reading ---- */

static void watch(struct px_conn *c)
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

static void opened(struct px_conn *c)
{
    c->state = OPEN;
    c->open_due = 0;
    watch(c);
    if (c->events->on_open != NULL)
        c->events->on_open(c->ctx);
    if (!is_over(c))
        soon(c);
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
static bool shake(struct px_conn *c)
{
    enum px_tls_said said = px_tls_handshake(c->tls);

    if (said == PX_TLS_OK) {
        opened(c);
        return !is_over(c);
    }
    push(c); /* our next flight, or the alert */
    if (said != PX_TLS_WANT)
        end(c, end_of(said));
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
        case PX_TLS_EOF: end(c, PX_END_EOF); return;
        case PX_TLS_FAILED:
        case PX_TLS_VERIFY:
        case PX_TLS_ALPN:
            push(c);
            end(c, PX_END_TLS_BROKEN);
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
            end(c, PX_END_CLOSED);
        return;
    }
    if (c->tls == NULL) {
        deliver(c, s);
        return;
    }
    px_tls_feed(c->tls, s);
    if (c->state == SHAKING && !shake(c))
        return;
    read_records(c, b);
    if (!is_over(c) && px_queue_size(&c->sealed) > 0)
        soon(c); /* key updates, alerts */
}

static void on_no_more(struct px_conn *c, bool reset)
{
    if (c->state >= FINISHING)
        end(c, PX_END_CLOSED);
    else if (c->state == SHAKING)
        end(c, c->tls != NULL ? PX_END_TLS_HANDSHAKE : PX_END_RESET);
    else if (reset || c->stuck)
        end(c, PX_END_RESET);
    else
        end(c, c->tls != NULL ? PX_END_CUT : PX_END_EOF);
}

/* One recv(); false if nothing was there or it has ended. */
static bool read_once(struct px_conn *c)
{
    struct px_read_buffer *b = px_wire_take(c->wire);
    ssize_t n;

    if (b == NULL) {
        end(c, PX_END_LOCAL);
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
    return n > 0 && !is_over(c);
}

static void on_readable(struct ev_loop *loop, ev_io *watcher, int revents)
{
    struct px_conn *c = watcher->data;

    (void)loop;
    (void)revents;
    enter(c);
    (void)read_once(c);
    leave(c);
}

void px_conn_pause(struct px_conn *c, bool pause)
{
    c->paused = pause;
    if (c->state == OPEN && !c->destroyed)
        watch(c);
}

bool px_conn_alive(struct px_conn *c)
{
    bool alive;

    if (c->destroyed || c->state != OPEN || c->stuck)
        return false;
    if (c->reading)
        return true;
    enter(c);
    for (int i = 0; i < ALIVE_READS && read_once(c); i++)
        ;
    alive = !is_over(c) && c->state == OPEN && !c->stuck;
    leave(c);
    return alive;
}

/* ---- connecting ---- */

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

static void on_connected(struct px_conn *c)
{
    int e = 0;
    socklen_t n = sizeof e;

    ev_io_stop(px_wire_loop(c->wire), &c->writable);
    if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &e, &n) != 0 || e != 0) {
        end(c, end_of_errno(e));
        return;
    }
    c->connected = true;
    c->state = SHAKING;
    if (c->tls == NULL) {
        opened(c);
        return;
    }
    ev_io_start(px_wire_loop(c->wire), &c->readable);
    (void)shake(c);
}

static void on_writable(struct ev_loop *loop, ev_io *watcher, int revents)
{
    struct px_conn *c = watcher->data;

    (void)loop;
    (void)revents;
    enter(c);
    if (c->state == CONNECTING)
        on_connected(c);
    else
        flush(c);
    leave(c);
}

static struct px_conn *conn_create(struct px_wire *w, int fd, const struct px_conn_options *o)
{
    struct px_conn *c = calloc(1, sizeof *c);

    if (c == NULL)
        return NULL;
    CHECK(o->events->on_end != NULL);
    px_wire_task_init(&c->task_, on_task);
    c->wire = w;
    c->events = o->events;
    c->ctx = o->ctx;
    c->fd = fd;
    c->queue_max = o->queue_max > 0 ? o->queue_max : QUEUE_DEFAULT;
    c->write_ms = o->write_ms;
    ev_io_init(&c->readable, on_readable, fd, EV_READ);
    ev_io_init(&c->writable, on_writable, fd, EV_WRITE);
    ev_timer_init(&c->timer, on_timer, 0.0, 0.0);
    c->readable.data = c->writable.data = c->timer.data = c;
    c->open_due = in_ms(c, o->open_ms);
    arm(c);
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

    if (c != NULL && tls != NULL && (c->tls = px_tls_accept(tls, sink, c)) == NULL) {
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
        soon(c);
    return c;
}

static void doom(struct px_conn *c, enum px_end why)
{
    c->doomed = true;
    c->doom = why;
    soon(c);
}

static void dial(struct px_conn *c, const struct sockaddr *addr, unsigned addr_n)
{
    int fd = socket(addr->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0) {
        doom(c, PX_END_LOCAL);
        return;
    }
    c->fd = fd;
    no_delay(fd);
    ev_io_set(&c->readable, fd, EV_READ);
    ev_io_set(&c->writable, fd, EV_WRITE);
    if (connect(fd, addr, addr_n) == 0 || errno == EINPROGRESS)
        ev_io_start(px_wire_loop(c->wire), &c->writable);
    else
        doom(c, end_of_errno(errno));
}

struct px_conn *px_conn_connect(struct px_wire *w, const struct px_conn_to *to,
                                const struct px_conn_options *o)
{
    struct px_conn *c = conn_create(w, -1, o);

    if (c == NULL)
        return NULL;
    c->state = CONNECTING;
    if (to->tls != NULL) {
        c->tls = px_tls_connect(to->tls, to->host, to->offer, sink, c);
        if (c->tls == NULL) {
            px_conn_destroy(c);
            return NULL;
        }
    }
    dial(c, to->addr, to->addr_n);
    return c;
}

/* ---- ending ---- */

void px_conn_finish(struct px_conn *c, int linger_ms)
{
    if (is_over(c) || c->state >= FINISHING)
        return;
    c->owner_due = c->open_due = 0;
    c->linger_ms = linger_ms;
    if (c->state != OPEN) { /* nothing was said, nothing is to be said */
        c->state = CONNECTING;
        doom(c, PX_END_CLOSED);
        return;
    }
    enter(c);
    (void)fill(c);
    if (!is_over(c)) {
        c->state = FINISHING;
        if (c->write_ms == 0) /* somebody must end it */
            c->linger_due = in_ms(c, linger_ms);
        arm(c);
        watch(c);
        soon(c);
    }
    leave(c);
}

void px_conn_destroy(struct px_conn *c)
{
    if (c == NULL || c->destroyed)
        return;
    enter(c);
    if (c->state == OPEN && c->tls != NULL && !c->stuck && px_queue_size(&c->sealed) == 0) {
        px_tls_bye(c->tls);
        push(c);
    }
    close_socket(c);
    c->destroyed = true;
    leave(c);
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

const struct px_tls *px_conn_tls(const struct px_conn *c)
{
    return c->tls;
}
