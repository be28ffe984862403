/* proxy/resp.c */
#include "proxy/resp.h"

#include <ev.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "proxy/conn.h"
#include "proxy/dns.h"
#include "proxy/wire.h"
#include "routing/base/buf.h"
#include "routing/base/check.h"
#include "routing/base/rng.h"

enum {
    MS = 1000000,     /* ns */
    LOOK_MS = 20,     /* how often deadlines are looked at while there are any */
    QUEUE = 1 << 20,  /* bytes waiting to be written */
    STEADY_MS = 5000, /* open so long: the next pause is the first one again */
    GREETING_MAX = 8, /* commands before we are open */
};

enum state { PAUSED, NAMING, DIALING, GREETING, OPEN };

struct owed {
    px_on_reply *cb; /* NULL: nobody waits any more; the answer is dropped when it comes */
    void *ctx;
    int64_t asked_ns, due_ns;
};

struct px_resp {
    struct px_wire *wire;
    struct px_dns *dns;
    struct px_resp_config c;
    const struct px_resp_events *events;
    void *ctx;
    struct px_dns_query query;
    struct px_conn *conn;
    struct px_resp_reader *reader;
    struct ev_timer timer; /* the pause; then every LOOK_MS while something is due */
    enum state state;
    int64_t open_due_ns, opened_ns, heard_ns, pinged_ns;
    int pause_ms;
    unsigned depth;
    struct rng dice;
    const char *going; /* px_resp_move(): why; NULL: not going */
    struct px_resp_facts facts;
    unsigned first, owed; /* the ring */
    struct owed ring[PX_RESP_PENDING];
};

void px_resp_defaults(struct px_resp_config *c)
{
    *c = (struct px_resp_config){
        .open_ms = 1000,
        .command_ms = 500,
        .silent_ms = 2000,
        .pause_first_ms = 100,
        .pause_max_ms = 5000,
        .pending_max = PX_RESP_PENDING,
        .reply_max = 4 * 1024 * 1024,
    };
}

static int64_t now_of(const struct px_resp *r)
{
    return px_wire_now_ns(r->wire);
}

static bool listens(const struct px_resp *r)
{
    return r->c.channel[0] != NULL;
}

/* ---- answers owed ---- */

static void answer(struct px_resp *r, struct owed *o, const struct px_resp_value *v)
{
    px_on_reply *cb = o->cb;

    o->cb = NULL;
    if (cb == NULL)
        return;
    r->depth++;
    cb(o->ctx, v);
    r->depth--;
}

static void owe(struct px_resp *r, int ms, px_on_reply *cb, void *ctx)
{
    int64_t now = now_of(r);

    r->ring[(r->first + r->owed++) % PX_RESP_PENDING] =
        (struct owed){ cb, ctx, now, now + (int64_t)ms * MS };
}

static void lose_all(struct px_resp *r)
{
    unsigned n = r->owed;

    r->owed = 0; /* the state says that nothing can be asked: the ring stays as it is */
    for (unsigned i = 0; i < n; i++) {
        struct owed *o = &r->ring[(r->first + i) % PX_RESP_PENDING];

        r->facts.lost += o->cb != NULL ? 1 : 0;
        answer(r, o, NULL);
    }
}

/* ---- coming and going ---- */

static void timer_in(struct px_resp *r, int ms, bool again)
{
    struct ev_loop *loop = px_wire_loop(r->wire);

    ev_timer_stop(loop, &r->timer);
    ev_timer_set(&r->timer, ms / 1e3, again ? ms / 1e3 : 0.0);
    ev_timer_start(loop, &r->timer);
}

static int next_pause(struct px_resp *r)
{
    int ms = r->pause_ms;

    r->pause_ms = ms > r->c.pause_max_ms / 2 ? r->c.pause_max_ms : ms * 2;
    return ms / 2 + (int)rng_below(&r->dice, (uint64_t)ms / 2 + 1);
}

static void rest(struct px_resp *r, const char *why, int ms)
{
    bool was_open = r->state == OPEN;

    r->facts.failed++;
    r->facts.why = why;
    r->facts.open = false;
    r->state = PAUSED;
    r->going = NULL;
    px_dns_cancel(&r->query);
    px_conn_destroy(r->conn);
    r->conn = NULL;
    px_resp_reader_destroy(r->reader);
    r->reader = NULL;
    timer_in(r, ms, false);
    lose_all(r);
    if (was_open && r->events->on_end != NULL) {
        r->depth++;
        r->events->on_end(r->ctx, why);
        r->depth--;
    }
}

static void fail(struct px_resp *r, const char *why)
{
    if (r->state == PAUSED)
        return;
    if (r->state == OPEN && now_of(r) - r->opened_ns > (int64_t)STEADY_MS * MS)
        r->pause_ms = r->c.pause_first_ms;
    rest(r, why, next_pause(r));
}

void px_resp_move(struct px_resp *r, const struct px_resp_place *to, const char *why)
{
    if (to != NULL)
        r->c.place = *to;
    r->pause_ms = r->c.pause_first_ms;
    if (r->state == PAUSED)
        timer_in(r, 1, false);
    else
        r->going = why;
}

/* ---- the greeting ---- */

static bool say(struct px_resp *r, const struct span *arg, unsigned args)
{
    size_t n = 0;
    char *bytes = px_resp_command(arg, args, &n);
    bool ok = bytes != NULL && px_conn_put(r->conn, (struct span){ bytes, n });

    if (bytes != NULL)
        secret_wipe(bytes, n); /* AUTH passes here */
    px_resp_command_free(bytes);
    return ok;
}

/* CLIENT SETNAME may be forbidden by an ACL; it is only for people. */
static void on_named(void *ctx, const struct px_resp_value *v)
{
    (void)ctx;
    (void)v;
}

static void opened(struct px_resp *r)
{
    r->state = OPEN;
    r->opened_ns = now_of(r);
    r->facts.open = true;
    r->facts.opened++;
    if (r->events->on_open != NULL)
        r->events->on_open(r->ctx);
}

static void on_greeted(void *ctx, const struct px_resp_value *v)
{
    struct px_resp *r = ctx;

    if (v == NULL || r->state != GREETING)
        return;
    if (v->kind == PX_RESP_ERROR)
        r->going = span_starts(v->text, "LOADING") ? "loading"
                   : span_starts(v->text, "NOAUTH") || span_starts(v->text, "WRONGPASS") ||
                           span_starts(v->text, "NOPERM")
                       ? "not_authorised"
                       : "greeting_refused";
    else if (r->owed == 0 && r->going == NULL)
        opened(r);
}

static bool greet_with(struct px_resp *r, const struct span *arg, unsigned args, px_on_reply *cb)
{
    if (!say(r, arg, args))
        return false;
    owe(r, r->c.open_ms, cb, r);
    return true;
}

static bool greet_auth(struct px_resp *r)
{
    struct span arg[3] = { SPAN("AUTH") };
    unsigned n = 1;

    if (r->c.password == NULL || secret_none(r->c.password))
        return true;
    if (r->c.user != NULL)
        arg[n++] = span_str(r->c.user);
    arg[n++] = secret_reveal(r->c.password);
    return greet_with(r, arg, n, on_greeted);
}

static bool greet_db(struct px_resp *r)
{
    char text[16];
    struct buf b = BUF_OF(text);

    if (r->c.db == 0)
        return true;
    buf_u64(&b, r->c.db);
    return greet_with(r, (struct span[]){ SPAN("SELECT"), buf_span(&b) }, 2, on_greeted);
}

static bool greet_name(struct px_resp *r)
{
    return r->c.name == NULL ||
           greet_with(r, (struct span[]){ SPAN("CLIENT"), SPAN("SETNAME"), span_str(r->c.name) }, 3,
                      on_named);
}

/* One answer per channel comes, as an array; PING is the last word, so "open" means heard. */
static bool greet_channels(struct px_resp *r)
{
    for (unsigned i = 0; r->c.channel[i] != NULL; i++)
        if (!greet_with(r, (struct span[]){ SPAN("SUBSCRIBE"), span_str(r->c.channel[i]) }, 2,
                        on_greeted))
            return false;
    return true;
}

static void on_conn_open(void *ctx)
{
    struct px_resp *r = ctx;

    r->state = GREETING;
    r->heard_ns = r->pinged_ns = now_of(r);
    r->reader = px_resp_reader_create(r->c.reply_max);
    if (r->reader == NULL || !greet_auth(r) || !greet_db(r) || !greet_name(r) ||
        !greet_channels(r) || !greet_with(r, (struct span[]){ SPAN("PING") }, 1, on_greeted))
        fail(r, "no_memory");
}

/* ---- what arrives ---- */

/* In pub/sub mode messages come between the answers, and all of it is arrays. */
static bool is_message(struct px_resp *r, const struct px_resp_value *v)
{
    if (!listens(r) || !span_is(px_resp_text_at(v, 0), "message") || v->n != 3)
        return false;
    if (r->events->on_message != NULL) {
        r->depth++;
        r->events->on_message(r->ctx, px_resp_text_at(v, 1), px_resp_text_at(v, 2));
        r->depth--;
    }
    return true;
}

/* False: an answer to nothing. */
static bool take(struct px_resp *r, const struct px_resp_value *v)
{
    struct owed *o = &r->ring[r->first];

    if (is_message(r, v))
        return true;
    if (r->owed == 0)
        return false;
    r->first = (r->first + 1) % PX_RESP_PENDING;
    r->owed--;
    answer(r, o, v);
    return true;
}

static void nonsense(struct px_resp *r, const char *why)
{
    r->facts.nonsense++;
    fail(r, why);
}

static void on_conn_data(void *ctx, struct span bytes)
{
    struct px_resp *r = ctx;
    struct px_resp_value *v;
    enum err e;
    bool known;

    r->heard_ns = now_of(r);
    if (!px_resp_feed(r->reader, bytes)) {
        nonsense(r, "reply_too_large");
        return;
    }
    while ((e = px_resp_next(r->reader, &v)) == OK && v != NULL) {
        known = take(r, v);
        px_resp_free(v);
        if (!known) {
            nonsense(r, "answer_to_nothing");
            return;
        }
    }
    if (e != OK)
        nonsense(r, e == E_SYNTAX ? "not_resp2" : "reply_too_large");
    else if (r->going != NULL)
        fail(r, r->going);
}

static void on_conn_end(void *ctx, enum px_end why)
{
    fail(ctx, px_end_name(why));
}

/* ---- connecting ---- */

static void dial(struct px_resp *r, const struct sockaddr *addr, unsigned addr_n)
{
    static const struct px_conn_events events = { .on_open = on_conn_open,
                                                  .on_data = on_conn_data,
                                                  .on_end = on_conn_end };
    struct px_conn_options o = {
        .events = &events, .ctx = r, .queue_max = QUEUE, .write_ms = r->c.silent_ms
    };
    struct px_conn_to to = { addr, addr_n, r->c.tls, span_str(r->c.place.host), PX_OFFER_HTTP1 };

    r->state = DIALING;
    r->conn = px_conn_connect(r->wire, &to, &o);
    if (r->conn == NULL)
        fail(r, "no_memory");
}

static void on_dns(void *ctx, const struct px_dns_answer *a)
{
    struct px_resp *r = ctx;

    if (a->e != OK)
        fail(r, "no_such_name");
    else
        dial(r, &a->addr[0].sa.any, a->addr[0].len);
}

static void dial_path(struct px_resp *r)
{
    struct sockaddr_un un = { .sun_family = AF_UNIX };

    if (span_copyz(span_str(r->c.place.host), un.sun_path, sizeof un.sun_path) != OK)
        fail(r, "path_too_long");
    else
        dial(r, (const struct sockaddr *)&un, sizeof un);
}

static void begin(struct px_resp *r)
{
    r->state = NAMING;
    r->open_due_ns = now_of(r) + (int64_t)r->c.open_ms * MS;
    timer_in(r, LOOK_MS, true);
    if (r->c.place.host[0] == '/')
        dial_path(r);
    else
        px_dns_ask(r->dns, &r->query, span_str(r->c.place.host), r->c.place.port, on_dns, r);
}

/* ---- deadlines ---- */

static void look_late(struct px_resp *r, int64_t now)
{
    for (unsigned i = 0; i < r->owed; i++) {
        struct owed *o = &r->ring[(r->first + i) % PX_RESP_PENDING];

        if (o->cb == NULL || o->due_ns > now)
            continue;
        r->facts.late++;
        answer(r, o, NULL);
    }
}

/* Nothing is heard, and something is owed since before that: frozen, or the path is gone. */
static bool is_silent(const struct px_resp *r, int64_t now)
{
    int64_t since = now - (int64_t)r->c.silent_ms * MS;

    return r->owed > 0 && r->heard_ns < since && r->ring[r->first].asked_ns < since;
}

static void on_pong(void *ctx, const struct px_resp_value *v)
{
    (void)ctx;
    (void)v;
}

/* Where nobody asks, only a question of our own tells that the other side is still there. */
static void ping(struct px_resp *r, int64_t now)
{
    if (now - r->pinged_ns < (int64_t)r->c.silent_ms * MS || r->owed > 0)
        return;
    r->pinged_ns = now;
    if (say(r, (struct span[]){ SPAN("PING") }, 1))
        owe(r, r->c.silent_ms, on_pong, r);
}

static void look(struct px_resp *r, int64_t now)
{
    if (r->going != NULL) {
        rest(r, r->going, 1);
    } else if (r->state != OPEN) {
        if (now >= r->open_due_ns)
            fail(r, "open_timeout");
    } else if (is_silent(r, now)) {
        fail(r, "silent");
    } else {
        look_late(r, now);
        ping(r, now);
    }
}

static void on_timer(struct ev_loop *loop, ev_timer *watcher, int revents)
{
    struct px_resp *r = watcher->data;

    (void)loop;
    (void)revents;
    if (r->state == PAUSED)
        begin(r);
    else
        look(r, now_of(r));
}

/* ---- the public side ---- */

struct px_resp *px_resp_create(struct px_wire *w, struct px_dns *dns,
                               const struct px_resp_config *c, const struct px_resp_events *events,
                               void *ctx)
{
    struct px_resp *r = calloc(1, sizeof *r);

    if (r == NULL)
        return NULL;
    CHECK(c->pending_max > GREETING_MAX && c->pending_max <= PX_RESP_PENDING);
    r->wire = w;
    r->dns = dns;
    r->c = *c;
    r->events = events;
    r->ctx = ctx;
    r->dice = rng_of(c->seed);
    r->pause_ms = c->pause_first_ms;
    r->facts.why = "";
    ev_timer_init(&r->timer, on_timer, 0.0, 0.0);
    r->timer.data = r;
    timer_in(r, 1, false);
    return r;
}

void px_resp_destroy(struct px_resp *r)
{
    if (r == NULL)
        return;
    CHECK(r->depth == 0);
    ev_timer_stop(px_wire_loop(r->wire), &r->timer);
    px_dns_cancel(&r->query);
    px_conn_destroy(r->conn);
    px_resp_reader_destroy(r->reader);
    free(r);
}

bool px_resp_ready(const struct px_resp *r, unsigned n)
{
    return r->state == OPEN && r->going == NULL && !listens(r) && r->owed + n <= r->c.pending_max;
}

bool px_resp_ask(struct px_resp *r, const struct span *arg, unsigned args, int timeout_ms,
                 px_on_reply *cb, void *ctx)
{
    if (!px_resp_ready(r, 1) || !say(r, arg, args)) {
        r->facts.dropped++;
        return false;
    }
    r->facts.asked++;
    owe(r, timeout_ms > 0 ? timeout_ms : r->c.command_ms, cb, ctx);
    return true;
}

struct px_resp_facts px_resp_facts(const struct px_resp *r)
{
    struct px_resp_facts f = r->facts;

    f.owed = r->owed;
    return f;
}
