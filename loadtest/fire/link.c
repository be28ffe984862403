/* loadtest/fire/link.c -- the connections: TCP, TLS, HTTP/2 over nghttp2. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <nghttp2/nghttp2.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loadtest/fire/fire.h"
#include "routing/base/check.h"

enum { WINDOW = 1 << 20, OUT_ENOUGH = 256 * 1024 };

enum stage { DOWN, CONNECTING, SHAKING, UP };

struct fire_link {
    struct fire *fire;
    struct fire_link *next;
    enum stage stage;
    int fd;
    SSL *ssl;
    nghttp2_session *h2;
    ev_io readable, writable;
    ev_timer again;
    ev_prepare before_sleep; /* one write per loop turn */
    unsigned flying, failures;
    bool leaving; /* GOAWAY was heard: no new streams */
    struct fire_job *jobs;
    struct lt_out out;
    size_t out_at;
};

/* Whom all links connect to. */
struct fire_peer {
    struct sockaddr_storage addr;
    socklen_t n;
    SSL_CTX *tls;
};

static void link_open(struct fire_link *l);

static void join(struct fire_link *l, struct fire_job *j)
{
    j->link = l;
    j->link_next = l->jobs;
    j->link_back = &l->jobs;
    if (l->jobs != NULL)
        l->jobs->link_back = &j->link_next;
    l->jobs = j;
    l->flying++;
}

static void leave(struct fire_job *j)
{
    struct fire_link *l = j->link;

    *j->link_back = j->link_next;
    if (j->link_next != NULL)
        j->link_next->link_back = j->link_back;
    j->link = NULL;
    l->flying--;
}

static void on_again(struct ev_loop *loop, ev_timer *w, int revents)
{
    (void)loop;
    (void)revents;
    link_open(w->data);
}

/* The connection is no more; what was on it is lost, and it is opened again after a pause. */
static void link_down(struct fire_link *l)
{
    struct fire *f = l->fire;

    l->failures = l->stage == UP ? 0 : l->failures + 1;
    ev_io_stop(f->loop, &l->readable);
    ev_io_stop(f->loop, &l->writable);
    ev_prepare_stop(f->loop, &l->before_sleep);
    nghttp2_session_del(l->h2);
    SSL_free(l->ssl);
    if (l->fd >= 0)
        close(l->fd);
    l->h2 = NULL;
    l->ssl = NULL;
    l->fd = -1;
    l->stage = DOWN;
    l->out.n = l->out_at = 0;
    l->leaving = false;
    f->tally.reconnects++;
    ev_timer_set(&l->again, l->failures == 0 ? .001 : l->failures < 10 ? .02 : .2, 0.);
    ev_timer_start(f->loop, &l->again);
    while (l->jobs != NULL) {
        struct fire_job *j = l->jobs;

        leave(j);
        fire_job_lost(j, false);
    }
}

/* --- bytes --- */

static ssize_t send_some(struct fire_link *l)
{
    size_t n = l->out.n - l->out_at;
    int r;

    if (l->ssl == NULL)
        return send(l->fd, l->out.p + l->out_at, n, MSG_NOSIGNAL);
    ERR_clear_error();
    r = SSL_write(l->ssl, l->out.p + l->out_at, n > INT32_MAX ? INT32_MAX : (int)n);
    if (r > 0)
        return r;
    r = SSL_get_error(l->ssl, r);
    errno = r == SSL_ERROR_WANT_READ || r == SSL_ERROR_WANT_WRITE ? EAGAIN : ECONNRESET;
    return -1;
}

static void fill(struct fire_link *l)
{
    const uint8_t *p;
    ssize_t n;

    l->out.n = l->out_at = 0;
    while (l->out.n < OUT_ENOUGH && (n = nghttp2_session_mem_send(l->h2, &p)) > 0)
        lt_bytes(&l->out, p, (size_t)n);
}

static bool flush(struct fire_link *l)
{
    for (;;) {
        ssize_t n;

        if (l->out_at == l->out.n)
            fill(l);
        if (l->out.n == 0)
            break;
        if ((n = send_some(l)) > 0) {
            l->out_at += (size_t)n;
        } else if (errno == EAGAIN || errno == EINTR) {
            ev_io_start(l->fire->loop, &l->writable);
            return true;
        } else {
            return false;
        }
    }
    ev_io_stop(l->fire->loop, &l->writable);
    return true;
}

static void on_before_sleep(struct ev_loop *loop, ev_prepare *w, int revents)
{
    struct fire_link *l = w->data;

    (void)revents;
    ev_prepare_stop(loop, w);
    if (l->stage != UP)
        return;
    if ((!ev_is_active(&l->writable) && !flush(l)) || (l->leaving && l->flying == 0))
        link_down(l);
}

static void write_soon(struct fire_link *l)
{
    if (l->stage == UP && !ev_is_active(&l->before_sleep))
        ev_prepare_start(l->fire->loop, &l->before_sleep);
}

static ssize_t recv_some(struct fire_link *l, char *to, size_t n)
{
    int r;

    if (l->ssl == NULL)
        return recv(l->fd, to, n, 0);
    ERR_clear_error();
    r = SSL_read(l->ssl, to, (int)n);
    if (r > 0)
        return r;
    r = SSL_get_error(l->ssl, r);
    errno = r == SSL_ERROR_WANT_READ || r == SSL_ERROR_WANT_WRITE ? EAGAIN : ECONNRESET;
    return -1;
}

/* --- HTTP/2 --- */

static int on_header(nghttp2_session *h2, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_n, const uint8_t *value, size_t value_n, uint8_t flags, void *data)
{
    struct fire_job *j = nghttp2_session_get_stream_user_data(h2, frame->hd.stream_id);
    struct span n = { (const char *)name, name_n }, v = { (const char *)value, value_n };
    uint64_t status;

    (void)flags;
    (void)data;
    if (j == NULL)
        return 0;
    if (span_is(n, ":status") && span_u64(v, &status) == OK)
        j->status = (int)status;
    else if (span_is(n, "idempotent-replayed"))
        j->replayed = span_is(v, "true");
    return 0;
}

static int on_data(nghttp2_session *h2, uint8_t flags, int32_t stream, const uint8_t *p, size_t n,
                   void *data)
{
    struct fire_job *j = nghttp2_session_get_stream_user_data(h2, stream);

    (void)flags;
    (void)data;
    if (j != NULL)
        lt_bytes(&j->answer, p, n);
    return 0;
}

static int on_frame(nghttp2_session *h2, const nghttp2_frame *frame, void *data)
{
    struct fire_link *l = data;

    (void)h2;
    if (frame->hd.type == NGHTTP2_GOAWAY)
        l->leaving = true;
    return 0;
}

static void next_waiting(struct fire *f)
{
    struct fire_job *j = fire_job_waiting(f);

    if (j != NULL)
        fire_job_send(j);
}

static int on_close(nghttp2_session *h2, int32_t stream, uint32_t code, void *data)
{
    struct fire_job *j = nghttp2_session_get_stream_user_data(h2, stream);
    struct fire_link *l = data;

    if (j == NULL)
        return 0;
    nghttp2_session_set_stream_user_data(h2, stream, NULL);
    leave(j);
    if (code == NGHTTP2_NO_ERROR && j->status >= 200)
        fire_job_answered(j);
    else
        fire_job_lost(j, code == NGHTTP2_REFUSED_STREAM && j->status == 0);
    next_waiting(l->fire);
    return 0;
}

static ssize_t on_body(nghttp2_session *h2, int32_t stream, uint8_t *to, size_t room,
                       uint32_t *flags, nghttp2_data_source *source, void *data)
{
    struct fire_job *j = source->ptr;
    size_t left = j->body.n - j->body_at, n = left < room ? left : room;

    (void)h2;
    (void)stream;
    (void)data;
    memcpy(to, j->body.p + j->body_at, n);
    j->body_at += n;
    if (j->body_at == j->body.n)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)n;
}

static void session_open(struct fire_link *l)
{
    nghttp2_settings_entry set[] = { { NGHTTP2_SETTINGS_ENABLE_PUSH, 0 },
                                     { NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, WINDOW } };
    nghttp2_session_callbacks *cb;

    CHECK(nghttp2_session_callbacks_new(&cb) == 0);
    nghttp2_session_callbacks_set_on_header_callback(cb, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(cb, on_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(cb, on_close);
    CHECK(nghttp2_session_client_new(&l->h2, cb, l) == 0);
    nghttp2_session_callbacks_del(cb);
    nghttp2_submit_settings(l->h2, NGHTTP2_FLAG_NONE, set, 2);
    nghttp2_session_set_local_window_size(l->h2, NGHTTP2_FLAG_NONE, 0, 16 * WINDOW);
}

static nghttp2_nv pair(struct span name, struct span value, uint8_t flags)
{
    union {
        const char *in;
        uint8_t *out;
    } n = { name.p }, v = { value.p };

    return (nghttp2_nv){ n.out, v.out, name.n, value.n, flags };
}

static void submit(struct fire_link *l, struct fire_job *j)
{
    struct fire *f = l->fire;
    nghttp2_data_provider body = { .source.ptr = j, .read_callback = on_body };
    char authority[300], length[24];
    nghttp2_nv nv[8];
    unsigned n = 0;

    (void)snprintf(authority, sizeof authority, "%s:%d", f->aim.host, f->aim.port);
    (void)snprintf(length, sizeof length, "%zu", j->body.n);
    nv[n++] = pair(SPAN(":method"), SPAN("POST"), 0);
    nv[n++] = pair(SPAN(":scheme"), f->aim.tls ? SPAN("https") : SPAN("http"), 0);
    nv[n++] = pair(SPAN(":authority"), span_str(authority), 0);
    nv[n++] = pair(SPAN(":path"), span_str(f->aim.path), 0);
    nv[n++] = pair(SPAN("content-type"), SPAN("application/json"), 0);
    nv[n++] = pair(SPAN("content-length"), span_str(length), 0);
    nv[n++] = pair(SPAN("idempotency-key"), span_str(j->key), NGHTTP2_NV_FLAG_NO_INDEX);
    if (f->token.n > 0)
        nv[n++] = pair(SPAN("authorization"), lt_out_span(&f->token), 0);
    j->stream = nghttp2_submit_request(l->h2, NULL, nv, n, &body, j);
}

static bool has_room(const struct fire_link *l)
{
    return l->stage == UP && !l->leaving && l->flying < l->fire->aim.streams;
}

/* The least busy connection. */
bool fire_link_take(struct fire *f, struct fire_job *j)
{
    struct fire_link *best = NULL;

    for (struct fire_link *l = f->links; l != NULL; l = l->next) {
        if (has_room(l) && (best == NULL || l->flying < best->flying))
            best = l;
        if (best != NULL && best->flying == 0)
            break;
    }
    if (best == NULL)
        return false;
    submit(best, j);
    if (j->stream < 0) {
        best->leaving = true; /* out of stream ids: a new connection takes its place */
        write_soon(best);
        return false;
    }
    join(best, j);
    write_soon(best);
    return true;
}

void fire_link_forget(struct fire_job *j)
{
    struct fire_link *l = j->link;

    if (l == NULL)
        return;
    nghttp2_session_set_stream_user_data(l->h2, j->stream, NULL);
    nghttp2_submit_rst_stream(l->h2, NGHTTP2_FLAG_NONE, j->stream, NGHTTP2_CANCEL);
    leave(j);
    write_soon(l);
    next_waiting(l->fire);
}

/* --- life --- */

static void link_up(struct fire_link *l)
{
    struct fire *f = l->fire;

    l->stage = UP;
    session_open(l);
    write_soon(l);
    while (has_room(l) && f->first != NULL)
        next_waiting(f);
}

static bool alpn_h2(const SSL *ssl)
{
    const unsigned char *p;
    unsigned n;

    SSL_get0_alpn_selected(ssl, &p, &n);
    return n == 2 && memcmp(p, "h2", 2) == 0;
}

static void shake(struct fire_link *l)
{
    int r;

    ERR_clear_error();
    r = SSL_do_handshake(l->ssl);
    if (r == 1 && alpn_h2(l->ssl)) {
        ev_io_stop(l->fire->loop, &l->writable);
        link_up(l);
        return;
    }
    r = r == 1 ? SSL_ERROR_SSL : SSL_get_error(l->ssl, r);
    if (r == SSL_ERROR_WANT_READ)
        ev_io_stop(l->fire->loop, &l->writable);
    else if (r == SSL_ERROR_WANT_WRITE)
        ev_io_start(l->fire->loop, &l->writable);
    else
        link_down(l);
}

static void connected(struct fire_link *l)
{
    int failed = 0;
    socklen_t n = sizeof failed;

    CHECK(getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &failed, &n) == 0);
    if (failed != 0) {
        link_down(l);
        return;
    }
    ev_io_start(l->fire->loop, &l->readable);
    if (!l->fire->aim.tls) {
        ev_io_stop(l->fire->loop, &l->writable);
        link_up(l);
        return;
    }
    l->stage = SHAKING;
    l->ssl = SSL_new(l->fire->peer->tls);
    CHECK(l->ssl != NULL);
    SSL_set_fd(l->ssl, l->fd);
    SSL_set_connect_state(l->ssl);
    SSL_set_tlsext_host_name(l->ssl, l->fire->aim.host);
    if (l->fire->aim.verify) {
        SSL_set_verify(l->ssl, SSL_VERIFY_PEER, NULL);
        SSL_set1_host(l->ssl, l->fire->aim.host);
    }
    shake(l);
}

static void read_all(struct fire_link *l)
{
    char *bytes = l->fire->read;

    do {
        ssize_t n = recv_some(l, bytes, sizeof l->fire->read);

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (n <= 0 || nghttp2_session_mem_recv(l->h2, (const uint8_t *)bytes, (size_t)n) < 0) {
            link_down(l);
            return;
        }
    } while (l->ssl != NULL && SSL_has_pending(l->ssl));
    write_soon(l);
}

static void on_io(struct ev_loop *loop, ev_io *w, int revents)
{
    struct fire_link *l = w->data;

    (void)loop;
    if (l->stage == CONNECTING)
        connected(l);
    else if (l->stage == SHAKING)
        shake(l);
    else if (l->stage == UP && (revents & EV_READ) != 0)
        read_all(l);
    else if (l->stage == UP && !flush(l))
        link_down(l);
}

static void link_open(struct fire_link *l)
{
    struct fire_peer *peer = l->fire->peer;
    int on = 1;

    l->fd = socket(peer->addr.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    CHECK(l->fd >= 0);
    setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    l->stage = CONNECTING;
    ev_io_set(&l->readable, l->fd, EV_READ);
    ev_io_set(&l->writable, l->fd, EV_WRITE);
    if (connect(l->fd, (struct sockaddr *)&peer->addr, peer->n) != 0 && errno != EINPROGRESS) {
        link_down(l);
        return;
    }
    ev_io_start(l->fire->loop, &l->writable);
}

static bool resolve(struct fire_peer *peer, const struct fire_aim *a)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found;
    char port[8];
    int r;

    (void)snprintf(port, sizeof port, "%d", a->port);
    r = getaddrinfo(a->host, port, &hints, &found);
    if (r != 0) {
        (void)fprintf(stderr, "fire: %s: %s\n", a->host, gai_strerror(r));
        return false;
    }
    memcpy(&peer->addr, found->ai_addr, found->ai_addrlen);
    peer->n = found->ai_addrlen;
    freeaddrinfo(found);
    return true;
}

static bool tls_open(struct fire_peer *peer, const struct fire_aim *a)
{
    static const unsigned char h2[] = "\2h2";

    if (!a->tls)
        return true;
    peer->tls = SSL_CTX_new(TLS_client_method());
    CHECK(peer->tls != NULL);
    SSL_CTX_set_min_proto_version(peer->tls, TLS1_2_VERSION);
    SSL_CTX_set_mode(peer->tls,
                     SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(peer->tls, 1);
    SSL_CTX_set_alpn_protos(peer->tls, h2, sizeof h2 - 1);
    if (a->ca == NULL || SSL_CTX_load_verify_locations(peer->tls, a->ca, NULL) == 1)
        return true;
    (void)fprintf(stderr, "fire: %s: no certificates\n", a->ca);
    return false;
}

bool fire_links_open(struct fire *f)
{
    f->peer = lt_new(1, sizeof *f->peer);
    if (!resolve(f->peer, &f->aim) || !tls_open(f->peer, &f->aim))
        return false;
    for (unsigned i = 0; i < f->aim.connections; i++) {
        struct fire_link *l = lt_new(1, sizeof *l);

        l->fire = f;
        l->fd = -1;
        l->next = f->links;
        f->links = l;
        ev_io_init(&l->readable, on_io, -1, EV_READ);
        ev_io_init(&l->writable, on_io, -1, EV_WRITE);
        ev_timer_init(&l->again, on_again, 0., 0.);
        ev_prepare_init(&l->before_sleep, on_before_sleep);
        l->readable.data = l->writable.data = l->again.data = l->before_sleep.data = l;
        link_open(l);
    }
    return true;
}

void fire_links_free(struct fire *f)
{
    while (f->links != NULL) {
        struct fire_link *l = f->links;

        f->links = l->next;
        ev_io_stop(f->loop, &l->readable);
        ev_io_stop(f->loop, &l->writable);
        ev_timer_stop(f->loop, &l->again);
        ev_prepare_stop(f->loop, &l->before_sleep);
        nghttp2_session_del(l->h2);
        SSL_free(l->ssl);
        if (l->fd >= 0)
            close(l->fd);
        lt_out_fini(&l->out);
        free(l);
    }
    SSL_CTX_free(f->peer->tls);
    free(f->peer);
}
