/* loadtest/pspsim/conn.c */
#include "loadtest/pspsim/conn.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loadtest/pspsim/pipeline.h"
#include "loadtest/pspsim/tls.h"
#include "routing/base/check.h"

enum { LINGER_MS = 1000, DEAF_MS = 300000 };

static const char h2_preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

static struct sim_conn *conn_of(void *data)
{
    struct sim_conn *c = data;

    CHECK(c->magic == SIM_CONN_MAGIC);
    return c;
}

void sim_conn_join(struct sim_conn *c, struct sim_req *r)
{
    r->conn = c;
    r->next = c->reqs;
    r->back = &c->reqs;
    if (c->reqs != NULL)
        c->reqs->back = &r->next;
    c->reqs = r;
}

void sim_conn_leave(struct sim_req *r)
{
    *r->back = r->next;
    if (r->next != NULL)
        r->next->back = r->back;
    r->next = NULL;
    r->back = NULL;
    r->conn = NULL;
}

bool sim_conn_idle(const struct sim_conn *c)
{
    return c->reqs == NULL;
}

static void conn_free(struct sim_conn *c)
{
    while (c->reqs != NULL) {
        struct sim_req *r = c->reqs;

        sim_conn_leave(r);
        sim_gone(r);
    }
    ev_io_stop(c->sim->loop, &c->readable);
    ev_io_stop(c->sim->loop, &c->writable);
    ev_timer_stop(c->sim->loop, &c->timer);
    *c->back = c->next;
    if (c->next != NULL)
        c->next->back = c->back;
    sim_h2_stop(c);
    SSL_free(c->ssl);
    close(c->fd);
    lt_out_fini(&c->in);
    lt_out_fini(&c->out);
    c->magic = 0;
    free(c);
}

/* --- bytes out --- */

static ssize_t send_some(struct sim_conn *c, const char *p, size_t n)
{
    int r;

    if (c->ssl == NULL)
        return send(c->fd, p, n, MSG_NOSIGNAL);
    ERR_clear_error();
    r = SSL_write(c->ssl, p, n > INT32_MAX ? INT32_MAX : (int)n);
    if (r > 0)
        return r;
    r = SSL_get_error(c->ssl, r);
    errno = r == SSL_ERROR_WANT_READ || r == SSL_ERROR_WANT_WRITE ? EAGAIN : ECONNRESET;
    return -1;
}

/* True when all is out or must wait for the socket; false when the peer is gone. */
static bool flush(struct sim_conn *c)
{
    for (;;) {
        if (c->out_at == c->out.n) {
            c->out.n = c->out_at = 0;
            if (c->stage == SIM_HTTP2)
                sim_h2_write(c);
            if (c->out.n == 0)
                break;
        }
        ssize_t n = send_some(c, c->out.p + c->out_at, c->out.n - c->out_at);

        if (n > 0) {
            c->out_at += (size_t)n;
            continue;
        }
        if (errno == EAGAIN || errno == EINTR) {
            ev_io_start(c->sim->loop, &c->writable);
            return true;
        }
        return false;
    }
    ev_io_stop(c->sim->loop, &c->writable);
    return true;
}

/* --- the end --- */

static void linger(struct sim_conn *c, bool notify)
{
    if (c->ssl != NULL && notify && c->stage != SIM_HANDSHAKE)
        (void)SSL_shutdown(c->ssl);
    c->stage = SIM_LINGER;
    c->doom = SIM_ALIVE;
    shutdown(c->fd, SHUT_WR);
    ev_io_start(c->sim->loop, &c->readable);
    ev_timer_stop(c->sim->loop, &c->timer);
    c->later = SIM_RESET_;
    ev_timer_set(&c->timer, LINGER_MS / 1e3, 0.);
    ev_timer_start(c->sim->loop, &c->timer);
}

static void reset(struct sim_conn *c)
{
    struct linger now = { .l_onoff = 1, .l_linger = 0 };

    setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    if (c->ssl != NULL)
        SSL_set_quiet_shutdown(c->ssl, 1);
    conn_free(c);
}

void sim_conn_doom(struct sim_conn *c, enum sim_doom how, int64_t in_ms)
{
    if (in_ms <= 0) {
        if (how > c->doom)
            c->doom = how;
        return;
    }
    c->later = how;
    ev_timer_stop(c->sim->loop, &c->timer);
    ev_timer_set(&c->timer, (double)in_ms / 1e3, 0.);
    ev_timer_start(c->sim->loop, &c->timer);
}

/* Requests still open when the connection says goodbye hear nothing more. */
static void let_go(struct sim_conn *c)
{
    while (c->reqs != NULL) {
        struct sim_req *r = c->reqs;

        sim_conn_leave(r);
        sim_gone(r);
    }
    c->h1 = NULL;
}

void sim_conn_settle(struct sim_conn *c)
{
    bool alive = c->doom == SIM_RESET_ || c->stage == SIM_LINGER || c->stage == SIM_DEAF ||
                 c->stage == SIM_HANDSHAKE || flush(c);

    if (!alive || c->doom == SIM_RESET_) {
        reset(c);
        return;
    }
    if (c->stage == SIM_HTTP2 && c->doom == SIM_ALIVE && sim_h2_done(c))
        c->doom = SIM_CLOSE_;
    if (c->doom == SIM_DRAIN && sim_conn_idle(c))
        c->doom = SIM_CLOSE_;
    if ((c->doom == SIM_CLOSE_ || c->doom == SIM_CUT_) && c->out_at == c->out.n &&
        c->stage != SIM_LINGER) {
        let_go(c);
        linger(c, c->doom == SIM_CLOSE_);
    }
}

static void on_conn_timer(struct ev_loop *loop, ev_timer *w, int revents)
{
    struct sim_conn *c = conn_of(w->data);

    (void)loop;
    (void)revents;
    if (c->stage == SIM_LINGER) {
        conn_free(c);
        return;
    }
    sim_conn_doom(c, c->later, 0);
    sim_conn_settle(c);
}

/* --- bytes in --- */

static void deafen(struct sim_conn *c)
{
    c->stage = SIM_DEAF;
    ev_io_stop(c->sim->loop, &c->readable);
    sim_conn_doom(c, SIM_RESET_, DEAF_MS); /* somebody has to give up at last */
}

static bool sniff(struct sim_conn *c)
{
    size_t n = c->in.n < sizeof h2_preface - 1 ? c->in.n : sizeof h2_preface - 1;

    if (memcmp(c->in.p, h2_preface, n) != 0) {
        sim_h1_start(c);
        return sim_h1_read(c, NULL, 0);
    }
    if (n < sizeof h2_preface - 1)
        return true;
    sim_h2_start(c);
    return sim_h2_read(c, c->in.p, c->in.n);
}

static bool feed(struct sim_conn *c, const char *p, size_t n)
{
    switch (c->stage) {
    case SIM_SNIFF: lt_bytes(&c->in, p, n); return sniff(c);
    case SIM_HTTP1: return sim_h1_read(c, p, n);
    case SIM_HTTP2: return sim_h2_read(c, p, n);
    case SIM_HANDSHAKE:
    case SIM_DEAF:
    case SIM_LINGER: break;
    }
    return true;
}

static ssize_t recv_some(struct sim_conn *c)
{
    int r;

    if (c->ssl == NULL || c->stage == SIM_LINGER)
        return recv(c->fd, c->sim->read, sizeof c->sim->read, 0);
    ERR_clear_error();
    r = SSL_read(c->ssl, c->sim->read, sizeof c->sim->read);
    if (r > 0)
        return r;
    r = SSL_get_error(c->ssl, r);
    if (r == SSL_ERROR_WANT_READ || r == SSL_ERROR_WANT_WRITE) {
        errno = EAGAIN;
        return -1;
    }
    return r == SSL_ERROR_ZERO_RETURN ? 0 : (errno = ECONNRESET, -1);
}

static bool bytes_wait(struct sim_conn *c)
{
    char one;

    return c->ssl != NULL ? SSL_peek(c->ssl, &one, 1) > 0 : recv(c->fd, &one, 1, MSG_PEEK) > 0;
}

/* The rule that strikes a connection whose bytes lie unread; only between requests, because one
 * under way has its own moments. */
static bool strikes_unread(struct sim_conn *c)
{
    struct sim_seen seen = { .amount = -1, .reused = c->served > 0, .http2 = c->h2 != NULL };
    struct sim_fault *f;

    if (c->who >= SIM_PSPS || c->sim->faults[c->who].rules == 0 || !sim_conn_idle(c) ||
        !bytes_wait(c))
        return false;
    f = sim_fault_strikes(&c->sim->faults[c->who], SIM_READ, SIM_READ, &seen, &c->sim->dice);
    if (f == NULL)
        return false;
    c->sim->count[c->who].faults++;
    if (f->kind == SIM_F_HANG) {
        deafen(c);
        return true;
    }
    /* In clear text closing with unread bytes makes the kernel send RST whatever is asked for here;
     * that is what a peer does whose process has just gone. */
    sim_conn_doom(c,
                  f->kind == SIM_F_CLOSE ? SIM_CLOSE_
                  : f->kind == SIM_F_CUT ? SIM_CUT_
                                         : SIM_RESET_,
                  0);
    return true;
}

/* False: the connection is gone. */
static bool read_all(struct sim_conn *c)
{
    do {
        ssize_t n = recv_some(c);

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return true;
        if (n <= 0) {
            conn_free(c);
            return false;
        }
        if (c->stage != SIM_LINGER && !feed(c, c->sim->read, (size_t)n))
            return true;
    } while (c->ssl != NULL && SSL_has_pending(c->ssl) && c->doom <= SIM_DRAIN &&
             c->stage != SIM_LINGER);
    return true;
}

static void shake_hands(struct sim_conn *c)
{
    enum sim_handshake h = sim_tls_shake(c->ssl);
    bool h2;

    if (h == SIM_SHAKE_MORE)
        return;
    if (h == SIM_SHAKE_FAILED) {
        c->sim->count[c->who].handshakes_failed++;
        c->doom = SIM_CUT_;
        return;
    }
    h2 = sim_tls_alpn_h2(c->ssl);
    c->stage = h2 ? SIM_HTTP2 : SIM_HTTP1;
    if (h2)
        sim_h2_start(c);
    else
        sim_h1_start(c);
}

/* Waits for the ClientHello, so that the client has sent something, and then fails. */
static bool tls_strikes(struct sim_conn *c)
{
    static const char alert[] = { 0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x28 };
    static const char noise[] = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
    ssize_t n = recv(c->fd, c->sim->read, sizeof c->sim->read, 0);

    if (n <= 0)
        return false;
    switch (c->tls_fault) {
    case SIM_T_ALERT: (void)send(c->fd, alert, sizeof alert, MSG_NOSIGNAL); break;
    case SIM_T_GARBAGE: (void)send(c->fd, noise, sizeof noise - 1, MSG_NOSIGNAL); break;
    case SIM_T_RESET: sim_conn_doom(c, SIM_RESET_, 0); return true;
    case SIM_T_HANG: deafen(c); return true;
    case SIM_T_CLOSE:
    case SIM_T_WRONG_HOST:
    case SIM_T_EXPIRED:
    case SIM_T_UNTRUSTED:
    case SIM_T_NO_ALPN:
    case SIM_TLS_FAULTS: break;
    }
    sim_conn_doom(c, SIM_CUT_, 0);
    return true;
}

static void on_readable(struct ev_loop *loop, ev_io *w, int revents)
{
    struct sim_conn *c = conn_of(w->data);

    (void)loop;
    (void)revents;
    if (c->stage == SIM_HANDSHAKE) {
        if (!c->tls_broken)
            shake_hands(c);
        else if (!tls_strikes(c)) {
            conn_free(c);
            return;
        }
        /* What came with the client's last handshake flight lies in the TLS buffer already. */
    }
    if (c->stage != SIM_HANDSHAKE && c->stage != SIM_DEAF && c->doom <= SIM_DRAIN &&
        !strikes_unread(c) && !read_all(c))
        return;
    sim_conn_settle(c);
}

static void on_writable(struct ev_loop *loop, ev_io *w, int revents)
{
    struct sim_conn *c = conn_of(w->data);

    (void)loop;
    (void)revents;
    if (c->stage == SIM_HANDSHAKE && !c->tls_broken)
        shake_hands(c);
    sim_conn_settle(c);
}

/* --- the beginning --- */

static bool bad_certificate(enum sim_tls_fault f)
{
    return f >= SIM_T_WRONG_HOST;
}

static void begin(struct sim_conn *c, bool tls, const struct sim_fault *f)
{
    c->stage = tls ? SIM_HANDSHAKE : SIM_SNIFF;
    if (tls) {
        c->tls_broken = f != NULL && f->kind == SIM_F_TLS && !bad_certificate(f->tls);
        c->tls_fault = f != NULL ? f->tls : SIM_T_ALERT;
        c->ssl = sim_tls_open(c->sim, c->who, c->fd,
                              f != NULL && f->kind == SIM_F_TLS ? (int)f->tls : -1);
    }
    if (f == NULL || f->kind == SIM_F_TLS)
        return;
    if (f->kind == SIM_F_HANG) {
        deafen(c);
    } else {
        sim_conn_doom(c, f->kind == SIM_F_RESET ? SIM_RESET_ : SIM_CUT_, 0);
    }
}

void sim_conn_open(struct sim *s, enum sim_who who, int fd, bool tls, const struct sim_fault *f)
{
    struct sim_conn *c = lt_new(1, sizeof *c);
    int on = 1;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    c->magic = SIM_CONN_MAGIC;
    c->sim = s;
    c->who = who;
    c->fd = fd;
    c->goaway_last = INT32_MAX;
    c->next = s->conns;
    c->back = &s->conns;
    if (s->conns != NULL)
        s->conns->back = &c->next;
    s->conns = c;
    ev_io_init(&c->readable, on_readable, fd, EV_READ);
    ev_io_init(&c->writable, on_writable, fd, EV_WRITE);
    ev_timer_init(&c->timer, on_conn_timer, 0., 0.);
    c->readable.data = c->writable.data = c->timer.data = c;
    ev_io_start(s->loop, &c->readable);
    s->count[who].connections++;
    begin(c, tls, f);
    sim_conn_settle(c);
}

void sim_conns_drain(struct sim *s, enum sim_who who)
{
    struct sim_conn *next;

    for (struct sim_conn *c = s->conns; c != NULL; c = next) {
        next = c->next;
        if (c->who == who && c->stage != SIM_LINGER) {
            if (c->stage == SIM_HTTP2)
                sim_h2_goaway(c, c->begun_max, 0);
            c->h1_close = true;
            sim_conn_doom(c, SIM_DRAIN, 0);
            sim_conn_settle(c);
        }
    }
}

void sim_conns_free(struct sim *s)
{
    while (s->conns != NULL)
        conn_free(s->conns);
}
