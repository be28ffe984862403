/* proxy/upstream.c -- see upstream.h. The pool: who waits, who is under way, on which connection.
 *
 * Everything that decides runs in one task at the end of the loop's turn: first those that ended
 * are told, then those that wait get slots, then connections are opened for the rest. So callbacks
 * may ask and forget as they like, and no event of a connection meets the pool half-way. */
#include "proxy/upstream.h"

#include <ev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/clock.h"
#include "proxy/evidence.h"
#include "proxy/log.h"
#include "proxy/tls.h"
#include "proxy/upstream_ask.h"
#include "proxy/upstream_link.h"
#include "routing/base/buf.h"
#include "routing/base/check.h"

enum {
    RETRY_FIRST_MS = 100, /* pause before opening again, while other connections still work; */
    RETRY_MAX_MS = 2000,  /* doubles up to this */
    MOVES_MAX = 3,        /* connections that may leave us before we sent on them, per ask */
    NAME_MAX_ = 64,
    MS = 1000000
};

struct px_upstream {
    struct ev_loop *loop;
    struct px_upstream_config config; /* spans point into our own copies */
    char name[NAME_MAX_], host[PX_DNS_NAME + 3], authority[PX_DNS_NAME + 16];
    size_t authority_n;
    struct px_wire *wire;
    struct px_tls_client *tls;
    struct px_link_shared shared;
    struct px_wire_task task; /* deliver and pump */
    struct px_link *links;    /* most recently used first */
    struct px_ask_list waiting, ended;
    struct px_ask_pool pool;
    enum px_protocol protocol; /* of the last connection; HTTP/2 until we know */
    ev_timer retry;
    int64_t open_after_ns;
    int retry_ms;
    struct px_log_gate gate;
    struct px_header header[LIMIT_HEADERS]; /* of the answer being told */
    bool closing, telling;
};

/* ---- links ---- */

static void links_add(struct px_upstream *u, struct px_link *l)
{
    l->prev = NULL;
    l->next = u->links;
    if (l->next != NULL)
        l->next->prev = l;
    u->links = l;
}

static void links_remove(struct px_upstream *u, struct px_link *l)
{
    if (l->prev != NULL)
        l->prev->next = l->next;
    else
        u->links = l->next;
    if (l->next != NULL)
        l->next->prev = l->prev;
}

static unsigned links_in(const struct px_upstream *u, enum px_link_state state)
{
    unsigned n = 0;

    for (const struct px_link *l = u->links; l != NULL; l = l->next)
        n += l->state == state;
    return n;
}

/* ---- the end of an ask ---- */

static void soon(struct px_upstream *u)
{
    px_wire_soon(u->wire, &u->task);
}

static void ask_release(struct px_ask *a)
{
    ev_timer_stop(a->up->loop, &a->deadline);
    px_ask_give(&a->up->pool, a);
}

static void ask_end(struct px_ask *a, enum px_heard_kind kind, const char *why)
{
    ev_timer_stop(a->up->loop, &a->deadline);
    a->state = PX_ASK_ENDED;
    a->link = NULL;
    a->heard.kind = kind;
    a->heard.why = why;
    a->heard.heard_ns = px_now_ns();
    if (kind == PX_NOT_SENT)
        a->heard.sent_ns = 0;
    px_ask_list_push(&a->up->ended, a);
    soon(a->up);
}

static void waiting_end(struct px_ask *a, const char *why)
{
    px_ask_list_remove(&a->up->waiting, a);
    ask_end(a, PX_NOT_SENT, why);
}

static void ask_tell(struct px_ask *a)
{
    struct px_upstream *u = a->up;
    struct px_heard *h = &a->heard;

    if (h->kind == PX_ANSWERED) {
        h->status = a->x.status;
        h->header = u->header;
        h->headers = px_exchange_headers(&a->x, u->header);
        h->body = px_exchange_answer(&a->x);
    }
    a->state = PX_ASK_TELLING;
    u->telling = true;
    if (a->cb != NULL)
        a->cb(a->ctx, h);
    u->telling = false;
    ask_release(a);
}

static void tell_ended(struct px_upstream *u)
{
    while (u->ended.first != NULL) {
        struct px_ask *a = u->ended.first;

        px_ask_list_remove(&u->ended, a);
        ask_tell(a);
    }
}

/* A request's time is over. */
static void on_deadline(struct ev_loop *loop, ev_timer *w, int revents)
{
    struct px_ask *a = w->data;
    struct px_link *l = a->link;
    bool unheard;

    (void)loop;
    (void)revents;
    if (a->state == PX_ASK_WAITING) {
        waiting_end(a, "timeout_before_send");
        return;
    }
    CHECK(a->state == PX_ASK_UNDER_WAY);
    unheard = l->answers == a->answers_mark && !a->x.headed;
    if (px_link_cancel(l, &a->x, unheard))
        ask_end(a, PX_IN_DOUBT, "timeout");
    else
        ask_end(a, PX_NOT_SENT, "timeout_before_send");
}

/* ---- what links tell ---- */

static void on_ended(void *pool, struct px_link *l, struct px_exchange *x, enum px_ending how,
                     bool handed, const char *why)
{
    struct px_ask *a = (struct px_ask *)x;
    struct px_facts facts = { .handed = handed, .headed = x->headed, .ending = how };
    struct px_upstream *u = pool;

    /* The connection was on its way out (GOAWAY) before this request was even queued on it:
     * another one takes it. This is no repeat, for nothing was sent. */
    if (!handed && how == PX_ENDED_GOAWAY && a->moves < MOVES_MAX && !u->closing) {
        a->moves++;
        a->state = PX_ASK_WAITING;
        a->link = NULL;
        px_ask_list_unshift(&u->waiting, a);
        soon(u);
        return;
    }
    if (handed && a->heard.sent_ns == 0)
        a->heard.sent_ns = px_now_ns();
    a->heard.protocol = px_link_protocol(l);
    ask_end(a, px_evidence(facts), why);
}

static void on_sent(void *pool, struct px_exchange *x)
{
    (void)pool;
    ((struct px_ask *)x)->heard.sent_ns = px_now_ns();
}

static void on_ready(void *pool, struct px_link *l)
{
    struct px_upstream *u = pool;

    u->protocol = px_link_protocol(l);
    u->retry_ms = 0;
    soon(u);
}

static void on_change(void *pool, struct px_link *l)
{
    struct px_upstream *u = pool;

    if (px_link_idle(l)) { /* used last, reused first: those not needed grow old and leave */
        links_remove(u, l);
        links_add(u, l);
    }
    if (u->waiting.n > 0)
        soon(u);
}

static void on_gone(void *pool, struct px_link *l)
{
    struct px_upstream *u = pool;

    links_remove(u, l);
    soon(u);
}

static void log_failure(struct px_upstream *u, const struct px_link *l, const char *why)
{
    const struct px_tls *tls = l->conn == NULL ? NULL : px_conn_tls(l->conn);

    if (!u->closing && px_log_allowed(&u->gate, 2, px_now_ns()))
        LOG(WARN, "upstream.connect_failed", F("psp", (const char *)u->name), F("why", why),
            F("detail", tls == NULL ? "" : px_tls_why(tls)), F("waiting", u->waiting.n));
}

/* A way to the peer that does not open: as many waiting asks as have no other to hope for end with
 * it, oldest first. While there are working connections, their slots are worth some patience; and
 * the peer gets a pause. */
static void on_failed(void *pool, struct px_link *l, const char *why)
{
    struct px_upstream *u = pool;
    int64_t now = px_now_ns(), patience = (int64_t)u->config.connect_ms * MS;
    unsigned others, hopeless;
    bool working;

    links_remove(u, l);
    log_failure(u, l, why);
    u->retry_ms = u->retry_ms == 0 ? RETRY_FIRST_MS : 2 * u->retry_ms;
    if (u->retry_ms > RETRY_MAX_MS)
        u->retry_ms = RETRY_MAX_MS;
    u->open_after_ns = now + (int64_t)u->retry_ms * MS;
    others = links_in(u, PX_LINK_OPENING);
    working = links_in(u, PX_LINK_READY) > 0;
    hopeless = u->waiting.n > others ? u->waiting.n - others : 0;
    for (; hopeless > 0; hopeless--) {
        if (working && now - u->waiting.first->heard.asked_ns < patience)
            break;
        waiting_end(u->waiting.first, why);
    }
    soon(u);
}

static const struct px_link_events link_events = {
    .on_ready = on_ready,
    .on_failed = on_failed,
    .on_change = on_change,
    .on_gone = on_gone,
    .on_ended = on_ended,
    .on_sent = on_sent,
};

/* ---- slots ---- */

static struct px_link *link_with_room(const struct px_upstream *u)
{
    for (struct px_link *l = u->links; l != NULL; l = l->next)
        if (px_link_room(l) > 0)
            return l;
    return NULL;
}

static void ask_start(struct px_ask *a, struct px_link *l)
{
    px_ask_list_remove(&a->up->waiting, a);
    a->state = PX_ASK_UNDER_WAY;
    a->link = l;
    a->answers_mark = l->answers;
    a->heard.reused = l->served > 0;
    a->heard.protocol = px_link_protocol(l);
    px_link_start(l, &a->x);
}

/* A link found dead, or told that it is leaving, is not asked twice: its room is gone. */
static void assign(struct px_upstream *u)
{
    struct px_link *l;

    while (u->waiting.first != NULL && (l = link_with_room(u)) != NULL)
        if (px_link_alive(l) && px_link_room(l) > 0)
            ask_start(u->waiting.first, l);
}

/* The peer allows no streams at all for now: more connections would not change that. */
static bool peer_wants_none(const struct px_upstream *u)
{
    for (const struct px_link *l = u->links; l != NULL; l = l->next)
        if (l->state == PX_LINK_READY && px_link_idle(l) && px_link_room(l) == 0)
            return true;
    return false;
}

/* How many more connections those who wait are worth. HTTP/2: one at a time, since one may hold
 * them all; HTTP/1.1: one each. */
static unsigned wanted(const struct px_upstream *u)
{
    unsigned opening = links_in(u, PX_LINK_OPENING), ready = links_in(u, PX_LINK_READY);
    unsigned want = u->protocol == PX_HTTP2 && u->waiting.n > 0 ? 1 : u->waiting.n;
    unsigned free_n = u->config.connections_max - opening - ready;

    if (want <= opening || peer_wants_none(u))
        return 0;
    return want - opening < free_n ? want - opening : free_n;
}

static void on_retry(struct ev_loop *loop, ev_timer *w, int revents)
{
    (void)loop;
    (void)revents;
    soon(w->data);
}

/* True if opening has to wait; the timer then brings us back. */
static bool pausing(struct px_upstream *u)
{
    int64_t left = u->open_after_ns - px_now_ns();

    if (left <= 0 || links_in(u, PX_LINK_READY) == 0)
        return false;
    ev_timer_stop(u->loop, &u->retry);
    ev_timer_set(&u->retry, (double)left / 1e9, 0.);
    ev_timer_start(u->loop, &u->retry);
    return true;
}

static void open_links(struct px_upstream *u)
{
    unsigned n = wanted(u);

    if (n == 0 || pausing(u))
        return;
    for (; n > 0; n--) {
        struct px_link *l = px_link_open(&u->shared);

        if (l == NULL)
            break;
        links_add(u, l);
    }
    if (u->links == NULL) /* no memory, and nothing that will call us again */
        while (u->waiting.first != NULL)
            waiting_end(u->waiting.first, "no_memory");
}

static void on_task(struct px_wire_task *t)
{
    struct px_upstream *u =
        (struct px_upstream *)(void *)((char *)t - offsetof(struct px_upstream, task));

    tell_ended(u);
    assign(u);
    open_links(u);
}

/* ---- asking ---- */

static struct px_ask *ask_make(struct px_upstream *u)
{
    struct px_ask *a = px_ask_take(&u->pool);

    if (a == NULL)
        return NULL;
    a->up = u;
    ev_init(&a->deadline, on_deadline);
    ev_set_priority(&a->deadline,
                    EV_MINPRI); /* after a pause of ours: what has come is read first */
    a->deadline.data = a;
    a->heard = (struct px_heard){ .kind = PX_IN_DOUBT, .why = "", .asked_ns = px_now_ns() };
    return a;
}

static enum err ask_copy(struct px_ask *a, const struct px_message *m)
{
    struct px_message whole = *m;

    if (m->scheme.n == 0)
        whole.scheme = a->up->config.tls ? SPAN("https") : SPAN("http");
    if (m->authority.n == 0)
        whole.authority = (struct span){ a->up->authority, a->up->authority_n };
    return px_exchange_set(&a->x, &whole);
}

static void deadline_set(struct px_ask *a, int response_ms)
{
    int ms = response_ms > 0 ? response_ms : a->up->config.response_ms;

    ev_timer_set(&a->deadline, ms / 1e3, 0.);
    ev_timer_start(a->up->loop, &a->deadline);
}

struct px_ask *px_upstream_ask(struct px_upstream *u, const struct px_message *m, int response_ms,
                               px_on_heard *cb, void *ctx)
{
    struct px_ask *a = u->closing ? NULL : ask_make(u);
    enum err e;

    if (a == NULL)
        return NULL;
    a->cb = cb;
    a->ctx = ctx;
    e = ask_copy(a, m);
    if (e == E_NOMEM) {
        ask_release(a);
        return NULL;
    }
    if (e != OK || u->waiting.n >= u->config.waiting_max) {
        ask_end(a, PX_NOT_SENT, e != OK ? "bad_request" : "queue_full");
        return a;
    }
    a->state = PX_ASK_WAITING;
    px_ask_list_push(&u->waiting, a);
    deadline_set(a, response_ms);
    soon(u);
    return a;
}

void px_ask_forget(struct px_ask *a)
{
    switch (a->state) {
    case PX_ASK_WAITING:
        px_ask_list_remove(&a->up->waiting, a);
        ask_release(a);
        return;
    case PX_ASK_UNDER_WAY:
        a->cb = NULL;
        return; /* a charge can not be called back; it ends unheard */
    case PX_ASK_ENDED:
        px_ask_list_remove(&a->up->ended, a);
        ask_release(a);
        return;
    case PX_ASK_TELLING: return; /* from inside its own callback */
    }
}

unsigned px_upstream_in_flight(const struct px_upstream *u)
{
    return u->pool.live;
}

/* ---- life ---- */

void px_upstream_defaults(struct px_upstream_config *c)
{
    *c = (struct px_upstream_config){
        .name = "",
        .connect_ms = 2000,
        .response_ms = 25000,
        .idle_ms = 30000,
        .connections_max = 64,
        .waiting_max = 1024,
    };
}

static enum err config_check(const struct px_upstream_config *c, const struct px_tls_client *tls)
{
    if (c->tls && tls == NULL)
        return E_CONFLICT;
    if (c->host.n == 0 || c->host.n > PX_DNS_NAME || c->port == 0 || c->connect_ms <= 0 ||
        c->response_ms <= 0 || c->idle_ms <= 0 || c->connections_max == 0)
        return E_RANGE;
    return OK;
}

/* RFC 9110 section 4.2: the port is left out where the scheme implies it; RFC 3986: an IPv6 literal
 * stands in brackets. */
static void authority_make(struct px_upstream *u)
{
    struct buf b = BUF_OF(u->authority);
    struct span host = u->config.host;
    bool bare6 = host.p[0] != '[' && memchr(host.p, ':', host.n) != NULL;

    if (bare6)
        buf_byte(&b, '[');
    buf_put(&b, host);
    if (bare6)
        buf_byte(&b, ']');
    if (u->config.port != (u->config.tls ? 443 : 80)) {
        buf_byte(&b, ':');
        buf_u64(&b, u->config.port);
    }
    CHECK(buf_ok(&b));
    u->authority_n = b.n;
}

static void config_copy(struct px_upstream *u, const struct px_upstream_config *c)
{
    u->config = *c;
    memcpy(u->host, c->host.p, c->host.n);
    u->config.host.p = u->host;
    (void)snprintf(u->name, sizeof u->name, "%s", c->name);
    u->config.name = u->name;
    authority_make(u);
}

enum err px_upstream_create(struct ev_loop *loop, const struct px_upstream_config *c,
                            struct px_tls_client *tls, struct px_dns *dns, struct px_upstream **out)
{
    struct px_upstream *u;
    enum err e = config_check(c, tls);

    if (e != OK)
        return e;
    u = calloc(1, sizeof *u);
    if (u == NULL || (u->wire = px_wire_create(loop)) == NULL) {
        free(u);
        return E_NOMEM;
    }
    u->loop = loop;
    config_copy(u, c);
    u->tls = tls == NULL ? NULL : px_tls_client_ref(tls);
    u->protocol =
        c->speak == PX_ALPN_HTTP1 || (!c->tls && c->speak != PX_ALPN_H2) ? PX_HTTP1 : PX_HTTP2;
    px_wire_task_init(&u->task, on_task);
    ev_init(&u->retry, on_retry);
    u->retry.data = u;
    u->shared = (struct px_link_shared){
        .events = &link_events,
        .pool = u,
        .config = &u->config,
        .wire = u->wire,
        .tls = u->tls,
        .dns = dns,
    };
    *out = u;
    return OK;
}

void px_upstream_destroy(struct px_upstream *u)
{
    if (u == NULL)
        return;
    CHECK(!u->telling); /* not from inside a callback of ours */
    u->closing = true;
    while (u->links != NULL)
        px_link_break(u->links, "shutdown");
    while (u->waiting.first != NULL)
        waiting_end(u->waiting.first, "shutdown");
    tell_ended(u);
    CHECK(u->pool.live == 0);
    ev_timer_stop(u->loop, &u->retry);
    px_wire_task_drop(&u->task);
    px_ask_pool_fini(&u->pool);
    px_tls_client_unref(u->tls);
    px_wire_destroy(u->wire);
    free(u);
}
