/* proxy/live_redis.c */
#include "proxy/live_redis.h"

#include <ev.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/clock.h"
#include "proxy/live_inside.h"
#include "proxy/wire.h"
#include "routing/base/check.h"

enum { MINUTES_KEPT_S = 48 * 3600, PAIRS_MAX = 64, STRANDED = 3, SILENT_MS = 3000 };

static const char drop_if_ours[] = "if redis.call('GET',KEYS[1])==ARGV[1] then "
                                   "return redis.call('DEL',KEYS[1]) end return 0";

void px_live_defaults(struct px_live_config *c)
{
    *c = (struct px_live_config){ .prefix = "",
                                  .tenant = "default",
                                  .tick_ms = 250,
                                  .board_ms = 2000,
                                  .snapshot_ms = 60000,
                                  .nodes_ms = 1000 };
    px_resp_defaults(&c->redis);
}

struct span px_live_key(const struct px_live *l, struct buf *b, const char *kind, const char *name)
{
    buf_clear(b);
    buf_str(b, l->c.prefix);
    buf_str(b, "rt:");
    buf_str(b, kind);
    buf_str(b, name);
    (void)buf_z(b);
    CHECK(buf_ok(b));
    return buf_span(b);
}

/* ---- what Redis says to everything ---- */

/* "MOVED 3999 127.0.0.1:6381", "ASK 3999 127.0.0.1:6381" */
bool px_live_place_of(struct span error, struct px_resp_place *to)
{
    struct span word, host = SPAN_NONE;
    uint64_t port;
    size_t colon = 0;

    *to = (struct px_resp_place){ .port = 0 };
    while (span_cut(&error, ' ', &word))
        host = word;
    for (size_t i = 0; i < host.n; i++)
        if (host.p[i] == ':')
            colon = i;
    if (colon == 0 || span_u64(span_drop(host, colon + 1), &port) != OK || port == 0 ||
        port > UINT16_MAX || span_copyz(span_take(host, colon), to->host, sizeof to->host) != OK)
        return false;
    to->port = (uint16_t)port;
    return true;
}

/* All our keys have one hash tag, so all of us moves. */
static void moved(struct px_live *l, struct span text)
{
    struct px_resp_place to;

    if (!px_live_place_of(text, &to))
        return;
    l->facts.moves++;
    l->away = true;
    l->away_failed = px_resp_facts(l->redis).failed + 1; /* this move counts as one */
    px_resp_move(l->redis, &to, "moved");
}

bool px_live_heard(struct px_live *l, const struct px_resp_value *v)
{
    if (v == NULL)
        return false;
    l->facts.heard_ms = px_unix_ms();
    if (v->kind != PX_RESP_ERROR)
        return true;
    l->facts.errors++;
    if (span_starts(v->text, "MOVED "))
        moved(l, v->text);
    else if (span_starts(v->text, "READONLY"))
        px_resp_move(l->redis, &l->c.redis.place, "not_the_master");
    return false;
}

/* ---- the tick ---- */

static void on_heard(void *ctx, const struct px_resp_value *v)
{
    (void)px_live_heard(ctx, v);
}

/* The node MOVED named is gone: the configured one knows who has its place. */
static void go_home(struct px_live *l)
{
    struct px_resp_facts f = px_resp_facts(l->redis);

    if (!l->away || f.open || f.failed - l->away_failed < STRANDED)
        return;
    l->away = false;
    px_resp_move(l->redis, &l->c.redis.place, "home");
}

static void on_tick(struct ev_loop *loop, ev_timer *watcher, int revents)
{
    struct px_live *l = watcher->data;
    int64_t now_ms = px_unix_ms();

    (void)loop;
    (void)revents;
    go_home(l);
    px_live_sentinel_tick(l, now_ms);
    px_live_delta_tick(l, now_ms);
    px_live_board_tick(l, now_ms);
    px_live_nodes_tick(l, now_ms);
}

static void on_open(void *ctx)
{
    struct px_live *l = ctx;

    px_live_board_read(l);
    px_live_delta_tick(l, px_unix_ms());
}

/* Until now messages were lost. */
static void on_listening(void *ctx)
{
    px_live_board_read(ctx);
}

/* ---- life ---- */

static bool is_name(const char *z)
{
    size_t n = z == NULL ? 0 : strlen(z);

    return n > 0 && n < PX_LIVE_NAME && strpbrk(z, " \t\r\n") == NULL;
}

static bool connect_both(struct px_live *l, struct px_dns *dns)
{
    static const struct px_resp_events commands = { .on_open = on_open };
    static const struct px_resp_events listening = { .on_open = on_listening,
                                                     .on_message = px_live_board_message };
    struct px_resp_config c = l->c.redis;

    memset(c.channel, 0, sizeof c.channel);
    l->redis = px_resp_create(l->wire, dns, &c, &commands, l);
    c.channel[0] = l->channel;
    c.seed++;
    l->pubsub = px_resp_create(l->wire, dns, &c, &listening, l);
    return l->redis != NULL && l->pubsub != NULL && px_live_sentinel_open(l, dns);
}

static void start(struct px_live *l)
{
    struct ev_timer *t = l->timer;

    ev_timer_init(t, on_tick, 0.01, l->c.tick_ms / 1e3);
    t->data = l;
    ev_timer_start(px_wire_loop(l->wire), t);
}

enum err px_live_create(struct px_wire *w, struct px_dns *dns, const struct px_live_config *c,
                        const struct px_live_events *events, void *ctx, struct px_live **out)
{
    struct px_live *l;
    struct buf b;

    if (!is_name(c->tenant) || !is_name(c->node) || strlen(c->prefix) >= PX_LIVE_NAME ||
        c->sentinels > PX_LIVE_SENTINELS || (c->sentinels > 0 && !is_name(c->master)))
        return E_SYNTAX;
    l = calloc(1, sizeof *l);
    if (l == NULL)
        return E_NOMEM;
    l->wire = w;
    l->dns = dns;
    l->c = *c;
    l->events = events;
    l->ctx = ctx;
    l->timer = calloc(1, sizeof(struct ev_timer));
    b = BUF_OF(l->channel);
    (void)px_live_key(l, &b, "said", "");
    b = BUF_OF(l->me);
    buf_fmt(&b, "%s:%llu", c->node, (unsigned long long)c->epoch);
    (void)buf_z(&b);
    if (l->timer == NULL || !connect_both(l, dns)) {
        px_live_destroy(l);
        return E_NOMEM;
    }
    start(l);
    *out = l;
    return OK;
}

void px_live_destroy(struct px_live *l)
{
    if (l == NULL)
        return;
    if (l->timer != NULL)
        ev_timer_stop(px_wire_loop(l->wire), l->timer);
    free(l->timer);
    px_resp_destroy(l->redis);
    px_resp_destroy(l->pubsub);
    px_resp_destroy(l->sentinel);
    px_resp_destroy(l->sentinel_says);
    px_resp_destroy(l->aside);
    px_live_send_fini(l);
    px_live_delta_fini(l);
    free(l);
}

bool px_live_up(const struct px_live *l)
{
    return px_resp_ready(l->redis, 1) && px_unix_ms() - l->facts.heard_ms < SILENT_MS;
}

struct px_live_facts px_live_facts(const struct px_live *l)
{
    struct px_live_facts f = l->facts;

    f.redis = px_resp_facts(l->redis);
    f.pubsub = px_resp_facts(l->pubsub);
    f.waiting = l->batches;
    return f;
}

/* ---- for people and tools ---- */

bool px_live_show(struct px_live *l, const char *provider, const struct px_live_pair *pair,
                  unsigned pairs, int expire_ms)
{
    struct span arg[2 + 2 * PAIRS_MAX] = { SPAN("HSET") };
    char key[PX_LIVE_KEY], ms[24];
    struct buf b = BUF_OF(key), m = BUF_OF(ms);
    unsigned n = 2;

    if (!is_name(provider) || pairs == 0 || pairs > PAIRS_MAX || !px_resp_ready(l->redis, 2))
        return false;
    arg[1] = px_live_key(l, &b, "p:", provider);
    for (unsigned i = 0; i < pairs; i++) {
        arg[n++] = span_str(pair[i].name);
        arg[n++] = span_str(pair[i].value);
    }
    buf_i64(&m, expire_ms);
    return px_live_ask(l, arg, n, on_heard) &&
           px_live_ask(l, (struct span[]){ SPAN("PEXPIRE"), arg[1], buf_span(&m) }, 3, on_heard);
}

bool px_live_count(struct px_live *l, const char *provider, int64_t minute,
                   const struct px_live_sum *sum, unsigned sums)
{
    char key[PX_LIVE_KEY], name[PX_LIVE_NAME + 24], add[24], kept[24];
    struct buf b = BUF_OF(key), k = BUF_OF(name), s = BUF_OF(kept);
    struct span at;

    if (!is_name(provider) || !px_resp_ready(l->redis, sums + 1))
        return false;
    buf_fmt(&k, "%s:%lld", provider, (long long)minute);
    at = px_live_key(l, &b, "m:", buf_z(&k));
    for (unsigned i = 0; i < sums; i++) {
        struct buf a = BUF_OF(add);

        buf_i64(&a, sum[i].add);
        if (!px_live_ask(
                l, (struct span[]){ SPAN("HINCRBY"), at, span_str(sum[i].name), buf_span(&a) }, 4,
                on_heard))
            return false;
    }
    buf_u64(&s, MINUTES_KEPT_S);
    return px_live_ask(l, (struct span[]){ SPAN("EXPIRE"), at, buf_span(&s) }, 3, on_heard);
}

/* ---- leases ---- */

static void on_lease(void *ctx, const struct px_resp_value *v)
{
    struct px_live_asking *a = ctx;
    bool use = px_live_heard(a->live, v);

    a->used = false;
    a->cb(a->ctx, !use                     ? PX_LEASE_UNKNOWN
                  : px_resp_is(v, "OK")    ? PX_LEASE_OURS
                  : v->kind == PX_RESP_NIL ? PX_LEASE_TAKEN
                                           : PX_LEASE_UNKNOWN);
}

bool px_live_lease(struct px_live *l, const char *name, int ms, px_on_lease *cb, void *ctx)
{
    struct px_live_asking *a = NULL;
    char key[PX_LIVE_KEY], text[24];
    struct buf b = BUF_OF(key), t = BUF_OF(text);

    for (unsigned i = 0; i < PX_LIVE_LEASES && a == NULL; i++)
        if (!l->asking[i].used)
            a = &l->asking[i];
    if (a == NULL || !is_name(name) || ms <= 0)
        return false;
    *a = (struct px_live_asking){ l, cb, ctx, true };
    buf_i64(&t, ms);
    a->used = px_live_send(l,
                           (struct span[]){ SPAN("SET"), px_live_key(l, &b, "l:", name),
                                            span_str(l->me), SPAN("NX"), SPAN("PX"), buf_span(&t) },
                           6, 0, on_lease, a);
    return a->used;
}

void px_live_release(struct px_live *l, const char *name)
{
    char key[PX_LIVE_KEY];
    struct buf b = BUF_OF(key);

    if (is_name(name)) /* no answer: the lease ends by itself */
        (void)px_live_ask(l,
                          (struct span[]){ SPAN("EVAL"), span_str(drop_if_ours), SPAN("1"),
                                           px_live_key(l, &b, "l:", name), span_str(l->me) },
                          5, on_heard);
}
