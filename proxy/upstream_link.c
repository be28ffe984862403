/* proxy/upstream_link.c -- see upstream_link.h. */
#include "proxy/upstream_link.h"

#include <stdlib.h>

#include "proxy/clock.h"
#include "routing/base/check.h"

enum {
    SLICE_MIN_MS = 250, /* give no address less, unless the time is up */
    WRITE_MS = 10000,   /* a peer that takes no bytes for so long is gone */
    LINGER_MS = 1000,
    MS = 1000000
};

static int64_t min64(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* ---- ends ---- */

static void link_free(struct px_link *l)
{
    if (l->gone_ != NULL)
        *l->gone_ = true;
    ev_timer_stop(px_wire_loop(l->shared->wire), &l->timer);
    px_wire_task_drop(&l->sent_task);
    px_dns_cancel(&l->query);
    px_conn_destroy(l->conn);
    px_client_destroy(l->client);
    free(l);
}

/* The end of a link. Its exchanges end first, while the connection still knows what it handed. */
static void finish(struct px_link *l, enum px_client_lost how, const char *why)
{
    const struct px_link_shared *s = l->shared;
    bool failed = l->state == PX_LINK_OPENING;

    l->dead = true;
    if (l->client != NULL)
        px_client_lost(l->client, how, why);
    if (failed)
        s->events->on_failed(s->pool, l, why);
    else
        s->events->on_gone(s->pool, l);
    link_free(l);
}

void px_link_break(struct px_link *l, const char *why)
{
    finish(l, PX_LOST_OTHER, why);
}

/* ---- opening ---- */

static void dial_next(struct px_link *l, const char *why);

static void arm(struct px_link *l, int64_t until_ns)
{
    struct ev_loop *loop = px_wire_loop(l->shared->wire);
    int64_t left = until_ns - px_now_ns();

    ev_timer_stop(loop, &l->timer);
    ev_now_update(loop);
    ev_timer_set(&l->timer, left > MS ? (double)left / 1e9 : 0.001, 0.);
    ev_timer_start(loop, &l->timer);
}

static const char *late_word(const struct px_link *l)
{
    if (l->conn == NULL)
        return "dns_timeout";
    if (l->client != NULL)
        return "greeting_timeout";
    return px_conn_connected(l->conn) ? "tls_timeout" : "connect_timeout";
}

/* The slice of an address that is connected by now lasts until the end: TLS may take its time. */
static void on_timer(struct ev_loop *loop, ev_timer *w, int revents)
{
    struct px_link *l = w->data;

    (void)loop;
    (void)revents;
    if (px_now_ns() + MS >= l->due_ns)
        finish(l, PX_LOST_OTHER, late_word(l));
    else if (l->conn != NULL && px_conn_connected(l->conn))
        arm(l, l->due_ns);
    else
        dial_next(l, "connect_timeout");
}

static void on_addresses(void *ctx, const struct px_dns_answer *a)
{
    struct px_link *l = ctx;

    l->answer = *a;
    if (a->e == OK)
        dial_next(l, "dns");
    else
        finish(l, PX_LOST_OTHER, a->e == E_TIMEOUT ? "dns_timeout" : "dns");
}

static void become_ready(struct px_link *l)
{
    ev_timer_stop(px_wire_loop(l->shared->wire), &l->timer);
    l->state = PX_LINK_READY;
    px_conn_timer(l->conn, l->shared->config->idle_ms);
    l->shared->events->on_ready(l->shared->pool, l);
}

/* Worth another address, or the same answer everywhere? */
static bool next_may_help(enum px_end why)
{
    switch (why) {
    case PX_END_TLS_VERIFY:
    case PX_END_ALPN: return false;
    case PX_END_LOCAL:
    case PX_END_REFUSED:
    case PX_END_UNREACHABLE:
    case PX_END_CONNECT_TIMEOUT:
    case PX_END_TLS_TIMEOUT:
    case PX_END_TLS_HANDSHAKE:
    case PX_END_EOF:
    case PX_END_CUT:
    case PX_END_RESET:
    case PX_END_TLS_BROKEN:
    case PX_END_WRITE_TIMEOUT:
    case PX_END_CLOSED: return true;
    }
    return false;
}

/* ---- the client's connection ---- */

static struct px_link *link_of(void *ctx)
{
    return ctx;
}

static size_t io_room(void *ctx)
{
    return px_conn_room(link_of(ctx)->conn);
}

static bool io_put(void *ctx, struct span bytes)
{
    return px_conn_put(link_of(ctx)->conn, bytes);
}

static uint64_t io_at(void *ctx)
{
    return px_conn_put_bytes(link_of(ctx)->conn);
}

static void io_wake(void *ctx)
{
    px_conn_wake(link_of(ctx)->conn);
}

/* Did x's first byte leave, or may it yet? What is queued on a living connection will leave. */
static bool may_have_left(const struct px_link *l, const struct px_exchange *x)
{
    if (x->first_at == PX_NOWHERE)
        return false;
    return !l->dead || x->first_at < px_conn_handed_bytes(l->conn);
}

static void io_ended(void *ctx, struct px_exchange *x, enum px_ending how, const char *why)
{
    struct px_link *l = ctx;
    bool left = may_have_left(l, x);

    /* An end for a request that is still queued here. After GOAWAY that is in order: the peer will
     * not process it even if it arrives. Anything else is not about this request (what a server
     * said before it closed an idle connection, say), so the request must never leave: the
     * connection goes before it can write again. */
    if (left && x->first_at >= px_conn_handed_bytes(l->conn) && how != PX_ENDED_GOAWAY) {
        l->condemned = true;
        left = false;
        why = "unasked_answer";
    }
    l->answers += how == PX_ENDED_ANSWERED;
    l->shared->events->on_ended(l->shared->pool, l, x, how, left, why);
}

static const struct px_client_io client_io = {
    .room = io_room,
    .put = io_put,
    .at = io_at,
    .wake = io_wake,
    .ended = io_ended,
};

/* ---- the connection's events ---- */

static void close_decently(struct px_link *l)
{
    l->state = PX_LINK_CLOSING;
    px_client_bye(l->client);
    px_conn_finish(l->conn, LINGER_MS);
}

/* An answer that did not wait for all of its request: the rest must not lead the next one. */
static bool leftover(const struct px_link *l)
{
    return px_link_idle(l) && l->state == PX_LINK_READY && px_link_protocol(l) == PX_HTTP1 &&
           px_conn_room(l->conn) < l->room_when_empty;
}

/* After the client was told or asked something. False if the link is gone. */
static bool settle(struct px_link *l, bool was_idle, bool usable)
{
    if (l->condemned || !usable || leftover(l)) {
        finish(l, PX_LOST_OTHER, l->condemned ? "unasked_answer" : "protocol_error");
        return false;
    }
    if (l->state != PX_LINK_READY)
        return true;
    if (px_client_over(l->client))
        close_decently(l);
    else if (px_link_idle(l) && !was_idle)
        px_conn_timer(l->conn, l->shared->config->idle_ms);
    l->shared->events->on_change(l->shared->pool, l);
    return true;
}

static void on_data(void *ctx, struct span bytes)
{
    struct px_link *l = ctx;
    bool was_idle = px_link_idle(l);

    if (!settle(l, was_idle, px_client_receive(l->client, bytes, px_wire_now_ns(l->shared->wire))))
        return;
    if (l->state != PX_LINK_OPENING || !px_client_greeted(l->client))
        return;
    if (px_client_over(l->client))
        finish(l, PX_LOST_OTHER, "goaway"); /* it greeted and left in one breath */
    else
        become_ready(l);
}

static void on_fill(void *ctx)
{
    struct px_link *l = ctx;
    bool was_idle = px_link_idle(l);

    if (l->client == NULL)
        return;
    if (l->state == PX_LINK_CLOSING)
        (void)px_client_fill(l->client); /* a last word, if it can be said */
    else if (settle(l, was_idle, px_client_fill(l->client)) && !px_link_idle(l))
        px_wire_soon(l->shared->wire, &l->sent_task);
}

static void on_open(void *ctx)
{
    struct px_link *l = ctx;
    bool http2 = px_link_protocol(l) == PX_HTTP2;

    l->room_when_empty = px_conn_room(l->conn);
    l->client =
        http2 ? px_http2_client_create(&client_io, l) : px_http1_client_create(&client_io, l);
    if (l->client == NULL)
        finish(l, PX_LOST_OTHER, "no_memory");
    else if (px_client_greeted(l->client))
        become_ready(l);
}

static void on_end(void *ctx, enum px_end why)
{
    struct px_link *l = ctx;
    bool proven = why == PX_END_EOF && l->shared->config->tls; /* RFC 8446 section 6.1 */

    if (l->state == PX_LINK_OPENING && next_may_help(why))
        dial_next(l, px_end_name(why));
    else
        finish(l, proven ? PX_LOST_EOF : PX_LOST_OTHER, px_end_name(why));
}

static void on_idle(void *ctx)
{
    struct px_link *l = ctx;

    if (l->state == PX_LINK_READY && px_link_idle(l))
        close_decently(l);
}

static const struct px_conn_events conn_events = {
    .on_open = on_open,
    .on_data = on_data,
    .on_fill = on_fill,
    .on_timer = on_idle,
    .on_end = on_end,
};

/* Runs after the write that on_fill came before. Newest first, so those unsent lead. */
static void on_sent_task(struct px_wire_task *t)
{
    struct px_link *l = (struct px_link *)(void *)((char *)t - offsetof(struct px_link, sent_task));
    uint64_t handed = px_conn_handed_bytes(l->conn);

    for (struct px_exchange *x = l->client->first_; x != NULL && !x->sent; x = x->next_)
        if (x->first_at < handed) {
            x->sent = true;
            l->shared->events->on_sent(l->shared->pool, x);
        }
}

/* ---- dialling ---- */

static enum px_offer offer_of(const struct px_upstream_config *c)
{
    switch (c->speak) {
    case PX_ALPN_H2: return PX_OFFER_HTTP2;
    case PX_ALPN_HTTP1: return PX_OFFER_HTTP1;
    case PX_ALPN_AUTO: break;
    }
    return PX_OFFER_BOTH;
}

static void dial(struct px_link *l, const struct px_addr *a)
{
    const struct px_upstream_config *c = l->shared->config;
    struct px_conn_to to = {
        .addr = &a->sa.any,
        .addr_n = a->len,
        .tls = c->tls ? l->shared->tls : NULL,
        .host = c->host,
        .offer = offer_of(c),
    };
    struct px_conn_options o = { .events = &conn_events, .ctx = l, .write_ms = WRITE_MS };

    l->conn = px_conn_connect(l->shared->wire, &to, &o);
}

/* why: what happened to the address before, told if there is none left. */
static void dial_next(struct px_link *l, const char *why)
{
    unsigned left = l->answer.addrs - l->tried;
    int64_t now = px_now_ns(), slice;

    px_conn_destroy(l->conn);
    px_client_destroy(l->client);
    l->conn = NULL;
    l->client = NULL;
    if (left == 0 || now + MS >= l->due_ns) {
        finish(l, PX_LOST_OTHER, why);
        return;
    }
    dial(l, &l->answer.addr[l->tried++]);
    if (l->conn == NULL) {
        finish(l, PX_LOST_OTHER, "no_memory");
        return;
    }
    slice = (l->due_ns - now) / left;
    if (slice < (int64_t)SLICE_MIN_MS * MS)
        slice = (int64_t)SLICE_MIN_MS * MS;
    arm(l, left == 1 ? l->due_ns : min64(now + slice, l->due_ns));
}

struct px_link *px_link_open(const struct px_link_shared *s)
{
    struct px_link *l = calloc(1, sizeof *l);

    if (l == NULL)
        return NULL;
    l->shared = s;
    l->born_ns = px_now_ns();
    l->due_ns = l->born_ns + (int64_t)s->config->connect_ms * MS;
    ev_init(&l->timer, on_timer);
    l->timer.data = l;
    px_wire_task_init(&l->sent_task, on_sent_task);
    arm(l, l->due_ns);
    px_dns_ask(s->dns, &l->query, s->config->host, s->config->port, on_addresses, l);
    return l;
}

/* ---- use ---- */

enum px_protocol px_link_protocol(const struct px_link *l)
{
    if (l->conn == NULL)
        return PX_HTTP1;
    if (px_conn_tls(l->conn) == NULL)
        return l->shared->config->speak == PX_ALPN_H2 ? PX_HTTP2 : PX_HTTP1;
    return px_conn_protocol(l->conn);
}

unsigned px_link_room(const struct px_link *l)
{
    return l->state == PX_LINK_READY && !l->condemned ? px_client_room(l->client) : 0;
}

bool px_link_idle(const struct px_link *l)
{
    return l->client == NULL || l->client->exchanges_ == 0;
}

bool px_link_alive(struct px_link *l)
{
    bool gone = false;

    if (!px_link_idle(l))
        return true;
    l->gone_ = &gone;
    if (px_conn_alive(l->conn)) {
        l->gone_ = NULL;
        return true;
    }
    if (gone)
        return false;
    l->gone_ = NULL;
    if (l->state == PX_LINK_READY) /* writing failed before; it need not be found again */
        finish(l, PX_LOST_OTHER, "reset");
    return false;
}

void px_link_start(struct px_link *l, struct px_exchange *x)
{
    CHECK(px_link_room(l) > 0);
    px_conn_timer(l->conn, 0);
    l->served++;
    px_client_start(l->client, x);
}

bool px_link_cancel(struct px_link *l, struct px_exchange *x, bool unheard)
{
    bool queued = x->first_at != PX_NOWHERE && x->first_at >= px_conn_handed_bytes(l->conn);
    bool alone = l->client->exchanges_ == 1;

    px_client_cancel(l->client, x);
    /* Alone in a connection that does not move: without it, nothing has left. */
    if (queued && alone) {
        finish(l, PX_LOST_OTHER, "write_timeout");
        return false;
    }
    if (unheard)
        px_client_bye(l->client); /* silent since we asked: no payment shall follow */
    if (px_client_over(l->client))
        close_decently(l);
    else if (px_link_idle(l))
        px_conn_timer(l->conn, l->shared->config->idle_ms);
    return x->first_at != PX_NOWHERE;
}
