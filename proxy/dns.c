/* proxy/dns.c -- see dns.h. c-ares on the loop: its sockets are watchers, its clock is one timer.
 *
 * A question asked while the same name is already being asked waits with it. Answers never come
 * from inside px_dns_ask: an event of the loop delivers them. */
#include "proxy/dns.h"

#include <ares.h>
#include <arpa/inet.h>
#include <ev.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/clock.h"
#include "routing/base/check.h"

enum { ENTRIES_MAX = 64 }; /* names come from the configuration: few */

struct sock {
    ev_io io;
    struct px_dns *dns;
    struct sock *next;
};

struct px_dns_entry {
    char name[PX_DNS_NAME + 1];
    struct px_dns *dns;
    struct px_dns_entry *next;
    struct px_dns_query *waiting; /* told together, when the answer is there */
    struct px_dns_answer answer;
    int64_t until_ns;  /* answer holds until then; 0: never asked */
    int64_t learnt_ns; /* when the addresses were last confirmed */
    bool asking;
    bool literal; /* no name: made for one query, never found again */
};

struct px_dns {
    struct ev_loop *loop;
    struct px_dns_config config;
    char *servers;
    ares_channel channel;
    bool channel_open, channel_failed;
    ev_timer timer;
    ev_prepare soon; /* fed, never started: delivers what is ready in this turn of the loop */
    struct sock *socks;
    struct px_dns_entry *entries;
    unsigned n_entries, asking;
};

static pthread_once_t library_once = PTHREAD_ONCE_INIT;
static int library_status;

static void library_start(void)
{
    library_status = ares_library_init(ARES_LIB_INIT_ALL);
}

void px_dns_defaults(struct px_dns_config *c)
{
    *c = (struct px_dns_config){
        .ttl_min_ms = 5000,
        .ttl_max_ms = 300000,
        .negative_ms = 2000,
        .stale_ms = 3600000,
        .try_ms = 500,
        .tries = 2,
    };
}

/* ---- c-ares on the loop ---- */

static void timer_set(struct px_dns *d)
{
    struct timeval tv, *next = ares_timeout(d->channel, NULL, &tv);

    ev_timer_stop(d->loop, &d->timer);
    if (next == NULL)
        return;
    ev_now_update(d->loop);
    ev_timer_set(&d->timer, (double)next->tv_sec + (double)next->tv_usec / 1e6, 0.);
    ev_timer_start(d->loop, &d->timer);
}

static void on_sock(struct ev_loop *loop, ev_io *io, int revents)
{
    struct px_dns *d = ((struct sock *)io->data)->dns;
    int fd = io->fd; /* the watcher may die inside */

    (void)loop;
    ares_process_fd(d->channel, revents & EV_READ ? fd : ARES_SOCKET_BAD,
                    revents & EV_WRITE ? fd : ARES_SOCKET_BAD);
    timer_set(d);
}

static void on_timer(struct ev_loop *loop, ev_timer *w, int revents)
{
    struct px_dns *d = w->data;

    (void)loop;
    (void)revents;
    ares_process_fd(d->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    timer_set(d);
}

static void sock_drop(struct px_dns *d, struct sock **link)
{
    struct sock *s = *link;

    *link = s->next;
    ev_io_stop(d->loop, &s->io);
    free(s);
}

/* c-ares says what it wants to hear of a socket; nothing at all means that it is closing it. */
static void on_sock_state(void *ctx, ares_socket_t fd, int readable, int writable)
{
    struct px_dns *d = ctx;
    struct sock **link = &d->socks, *s;
    int events = (readable ? EV_READ : 0) | (writable ? EV_WRITE : 0);

    while (*link != NULL && (*link)->io.fd != fd)
        link = &(*link)->next;
    if (events == 0) {
        if (*link != NULL)
            sock_drop(d, link);
        return;
    }
    if ((s = *link) == NULL) {
        s = calloc(1, sizeof *s);
        CHECK(s != NULL); /* c-ares has no way to be told; a few bytes, at start */
        s->dns = d;
        *link = s;
        ev_init(&s->io, on_sock);
        s->io.data = s;
    }
    ev_io_stop(d->loop, &s->io);
    ev_io_set(&s->io, fd, events);
    ev_io_start(d->loop, &s->io);
}

static enum err channel_open(struct px_dns *d)
{
    struct ares_options o = {
        .timeout = d->config.try_ms,
        .tries = d->config.tries,
        .sock_state_cb = on_sock_state,
        .sock_state_cb_data = d,
    };
    int rc = ares_init_options(&d->channel, &o,
                               ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB);

    if (rc != ARES_SUCCESS)
        return rc == ARES_ENOMEM ? E_NOMEM : E_IO;
    d->channel_open = true;
    d->channel_failed = false;
    if (d->servers != NULL && ares_set_servers_ports_csv(d->channel, d->servers) != ARES_SUCCESS)
        return E_SYNTAX;
    return OK;
}

static void channel_close(struct px_dns *d)
{
    if (!d->channel_open)
        return;
    ares_destroy(d->channel);
    d->channel_open = false;
    ev_timer_stop(d->loop, &d->timer);
}

/* The resolver's addresses are read once, when a channel opens. After a failure we read them again:
 * the machine may have moved to another network since. */
static void channel_renew(struct px_dns *d)
{
    if (!d->channel_failed || d->asking > 0)
        return;
    channel_close(d);
    if (channel_open(d) != OK)
        d->channel_failed = true;
}

/* ---- answers ---- */

static enum err err_of(int status)
{
    switch (status) {
    case ARES_SUCCESS: return OK;
    case ARES_ENODATA:
    case ARES_ENOTFOUND:
    case ARES_ENONAME: return E_NOTFOUND;
    case ARES_ETIMEOUT: return E_TIMEOUT;
    case ARES_ENOMEM: return E_NOMEM;
    case ARES_EBADNAME: return E_SYNTAX;
    default: return E_IO;
    }
}

static bool addr_take(struct px_dns_answer *a, const struct ares_addrinfo_node *n)
{
    struct px_addr *to = &a->addr[a->addrs];

    if (a->addrs == PX_DNS_ADDRS || n->ai_addrlen > sizeof to->sa)
        return false;
    if (n->ai_family != AF_INET && n->ai_family != AF_INET6)
        return false;
    memset(to, 0, sizeof *to);
    memcpy(&to->sa, n->ai_addr, n->ai_addrlen);
    to->len = (socklen_t)n->ai_addrlen;
    a->addrs++;
    return true;
}

static int64_t bounded_ms(const struct px_dns_config *c, int ttl_s)
{
    int64_t ms = (int64_t)ttl_s * 1000;

    if (ms < c->ttl_min_ms)
        return c->ttl_min_ms;
    return ms > c->ttl_max_ms ? c->ttl_max_ms : ms;
}

/* The shortest life of all records that led here, CNAMEs included. */
static int ttl_of(const struct ares_addrinfo *res)
{
    int ttl = INT32_MAX;

    for (const struct ares_addrinfo_node *n = res->nodes; n != NULL; n = n->ai_next)
        ttl = n->ai_ttl < ttl ? n->ai_ttl : ttl;
    for (const struct ares_addrinfo_cname *c = res->cnames; c != NULL; c = c->next)
        ttl = c->ttl < ttl ? c->ttl : ttl;
    return ttl;
}

static void learn(struct px_dns_entry *e, const struct ares_addrinfo *res, int64_t now_ns)
{
    struct px_dns_answer a = { .e = OK };

    for (const struct ares_addrinfo_node *n = res->nodes; n != NULL; n = n->ai_next)
        addr_take(&a, n);
    if (a.addrs == 0)
        a.e = E_NOTFOUND;
    e->answer = a;
    e->learnt_ns = now_ns;
    e->until_ns = now_ns + 1000000 * (a.e == OK ? bounded_ms(&e->dns->config, ttl_of(res))
                                                : (int64_t)e->dns->config.negative_ms);
}

static void learn_failure(struct px_dns_entry *e, enum err why, int64_t now_ns)
{
    const struct px_dns_config *c = &e->dns->config;
    bool stale_ok = e->answer.addrs > 0 && why != E_NOTFOUND && why != E_SYNTAX &&
                    now_ns - e->learnt_ns <= (int64_t)c->stale_ms * 1000000;

    if (!stale_ok)
        e->answer = (struct px_dns_answer){ .e = why };
    e->until_ns = now_ns + (int64_t)c->negative_ms * 1000000;
}

static void on_resolved(void *ctx, int status, int timeouts, struct ares_addrinfo *res)
{
    struct px_dns_entry *e = ctx;
    struct px_dns *d = e->dns;

    (void)timeouts;
    e->asking = false;
    d->asking--;
    if (status == ARES_EDESTRUCTION)
        return; /* we are being destroyed, and so is everyone who waits */
    if (status == ARES_SUCCESS)
        learn(e, res, px_now_ns());
    else
        learn_failure(e, err_of(status), px_now_ns());
    d->channel_failed =
        d->channel_failed || (status != ARES_SUCCESS && err_of(status) != E_NOTFOUND);
    ares_freeaddrinfo(res);
    ev_feed_event(d->loop, &d->soon, EV_CUSTOM);
}

/* ---- the cache ---- */

static void entry_drop(struct px_dns *d, struct px_dns_entry **link)
{
    struct px_dns_entry *e = *link;

    *link = e->next;
    d->n_entries--;
    free(e);
}

/* Room for one more: the one that goes stale first, of those nobody waits for. */
static void evict(struct px_dns *d)
{
    struct px_dns_entry **oldest = NULL;

    for (struct px_dns_entry **l = &d->entries; *l != NULL; l = &(*l)->next)
        if (!(*l)->asking && (*l)->waiting == NULL &&
            (oldest == NULL || (*l)->until_ns < (*oldest)->until_ns))
            oldest = l;
    if (oldest != NULL)
        entry_drop(d, oldest);
}

static struct px_dns_entry *entry_new(struct px_dns *d)
{
    struct px_dns_entry *e = calloc(1, sizeof *e);

    CHECK(e != NULL); /* half a kilobyte per name of the configuration */
    e->dns = d;
    e->next = d->entries;
    d->entries = e;
    d->n_entries++;
    return e;
}

static struct px_dns_entry *entry_of(struct px_dns *d, struct span host)
{
    struct px_dns_entry *e;

    for (e = d->entries; e != NULL; e = e->next)
        if (!e->literal && span_is_nocase(host, e->name))
            return e;
    if (d->n_entries >= ENTRIES_MAX)
        evict(d);
    return entry_new(d);
}

static void entry_refresh(struct px_dns *d, struct px_dns_entry *e)
{
    static const struct ares_addrinfo_hints hints = {
        .ai_family = AF_UNSPEC,
        .ai_socktype = SOCK_STREAM,
    };

    channel_renew(d);
    if (!d->channel_open) {
        learn_failure(e, E_IO, px_now_ns());
        ev_feed_event(d->loop, &d->soon, EV_CUSTOM);
        return;
    }
    e->asking = true;
    d->asking++;
    ares_getaddrinfo(d->channel, e->name, NULL, &hints, on_resolved, e);
    timer_set(d);
}

/* ---- questions ---- */

static void query_link(struct px_dns_entry *e, struct px_dns_query *q)
{
    q->entry_ = e;
    q->next_ = e->waiting;
    q->link_ = &e->waiting;
    if (e->waiting != NULL)
        e->waiting->link_ = &q->next_;
    e->waiting = q;
}

static void query_unlink(struct px_dns_query *q)
{
    *q->link_ = q->next_;
    if (q->next_ != NULL)
        q->next_->link_ = q->link_;
    q->entry_ = NULL;
}

static void port_set(struct px_addr *a, uint16_t port)
{
    if (a->sa.any.sa_family == AF_INET6)
        a->sa.v6.sin6_port = htons(port);
    else
        a->sa.v4.sin_port = htons(port);
}

static void query_answer(struct px_dns_query *q)
{
    struct px_dns_answer a = q->entry_->answer;

    query_unlink(q);
    for (unsigned i = 0; i < a.addrs; i++)
        port_set(&a.addr[i], q->port_);
    q->cb_(q->ctx_, &a);
}

static struct px_dns_query *next_ready(struct px_dns *d)
{
    for (struct px_dns_entry *e = d->entries; e != NULL; e = e->next)
        if (!e->asking && e->waiting != NULL)
            return e->waiting;
    return NULL;
}

/* Callbacks may ask and cancel as they like, so each round looks afresh. */
static void on_soon(struct ev_loop *loop, ev_prepare *w, int revents)
{
    struct px_dns *d = w->data;
    struct px_dns_query *q;

    (void)loop;
    (void)revents;
    while ((q = next_ready(d)) != NULL)
        query_answer(q);
    for (struct px_dns_entry **l = &d->entries; *l != NULL;)
        if ((*l)->literal && (*l)->waiting == NULL)
            entry_drop(d, l);
        else
            l = &(*l)->next;
}

enum err px_addr_literal(struct span host, uint16_t port, struct px_addr *out)
{
    char text[INET6_ADDRSTRLEN];
    struct px_addr a = { .len = 0 };

    if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
        host = span_take(span_drop(host, 1), host.n - 2);
    if (span_copyz(host, text, sizeof text) != OK)
        return E_SYNTAX;
    if (inet_pton(AF_INET, text, &a.sa.v4.sin_addr) == 1) {
        a.sa.v4.sin_family = AF_INET;
        a.len = sizeof a.sa.v4;
    } else if (inet_pton(AF_INET6, text, &a.sa.v6.sin6_addr) == 1) {
        a.sa.v6.sin6_family = AF_INET6;
        a.len = sizeof a.sa.v6;
    } else {
        return E_SYNTAX;
    }
    port_set(&a, port);
    *out = a;
    return OK;
}

void px_dns_ask(struct px_dns *d, struct px_dns_query *q, struct span host, uint16_t port,
                px_on_dns *cb, void *ctx)
{
    struct px_dns_entry *e;
    struct px_addr literal;

    *q = (struct px_dns_query){ .cb_ = cb, .ctx_ = ctx, .port_ = port };
    if (px_addr_literal(host, port, &literal) == OK) {
        e = entry_new(d);
        e->literal = true;
        e->answer = (struct px_dns_answer){ .e = OK, .addr = { literal }, .addrs = 1 };
    } else if (host.n == 0 || host.n > PX_DNS_NAME || memchr(host.p, 0, host.n) != NULL) {
        e = entry_new(d);
        e->literal = true;
        e->answer = (struct px_dns_answer){ .e = E_SYNTAX };
    } else {
        e = entry_of(d, host);
        if (e->name[0] == '\0')
            memcpy(e->name, host.p, host.n);
    }
    query_link(e, q);
    if (!e->literal && !e->asking && px_now_ns() >= e->until_ns)
        entry_refresh(d, e);
    else if (!e->asking)
        ev_feed_event(d->loop, &d->soon, EV_CUSTOM);
}

void px_dns_cancel(struct px_dns_query *q)
{
    if (q->entry_ != NULL)
        query_unlink(q);
}

/* ---- life ---- */

enum err px_dns_create_with(struct ev_loop *loop, const struct px_dns_config *c,
                            struct px_dns **out)
{
    struct px_dns *d = calloc(1, sizeof *d);
    enum err e = E_NOMEM;

    if (d == NULL)
        return E_NOMEM;
    d->loop = loop;
    px_dns_defaults(&d->config);
    if (c != NULL)
        d->config = *c;
    ev_init(&d->timer, on_timer);
    d->timer.data = d;
    ev_prepare_init(&d->soon, on_soon);
    d->soon.data = d;
    if (d->config.servers != NULL && (d->servers = strdup(d->config.servers)) == NULL)
        goto out;
    pthread_once(&library_once, library_start);
    e = library_status == ARES_SUCCESS ? channel_open(d) : E_IO;
    if (e != OK)
        goto out;
    *out = d;
    d = NULL;
out:
    px_dns_destroy(d);
    return e;
}

enum err px_dns_create(struct ev_loop *loop, struct px_dns **out)
{
    return px_dns_create_with(loop, NULL, out);
}

void px_dns_destroy(struct px_dns *d)
{
    if (d == NULL)
        return;
    channel_close(d);
    ev_clear_pending(d->loop, &d->soon);
    while (d->socks != NULL)
        sock_drop(d, &d->socks);
    while (d->entries != NULL) {
        while (d->entries->waiting != NULL)
            query_unlink(d->entries->waiting);
        entry_drop(d, &d->entries);
    }
    free(d->servers);
    free(d);
}
