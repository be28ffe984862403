/* proxy/fleet.c -- life, the view, the tick. */
#include "proxy/fleet.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proxy/clock.h"
#include "proxy/config.h"
#include "proxy/fleet_inside.h"
#include "proxy/log.h"
#include "proxy/snapshot.h"
#include "routing/base/check.h"
#include "routing/base/hash.h"

int64_t px_fleet_now(void)
{
    return px_unix_ms();
}

bool px_fleet_path(const struct px_fleet *f, const char *name, char out[PX_STATE_PATH])
{
    return px_state_path(f->state[0] == '\0' ? NULL : f->state, name, out);
}

int px_fleet_find(const struct px_fleet *f, struct span provider)
{
    for (unsigned p = 0; p < f->providers; p++)
        if (span_is(provider, f->config->provider[p].name))
            return (int)p;
    return -1;
}

void px_fleet_text(struct span s, char *out, size_t cap)
{
    struct buf b = buf_over(out, cap);

    buf_put(&b, span_take(s, cap - 1));
    (void)buf_z(&b);
}

struct px_mailbox *px_fleet_mailbox(struct px_fleet *f)
{
    return f->mailbox;
}

struct px_view *px_fleet_view(struct px_fleet *f)
{
    return f->view;
}

/* ---- the view ---- */

void px_fleet_stale(struct px_fleet *f)
{
    f->stale = true;
}

static void put_words(const struct px_fleet *f, struct px_view *v)
{
    for (unsigned p = 0; p < f->providers; p++) {
        if (f->holds[p])
            v->toggle[p] = f->word[p];
        else
            px_toggle_init(&v->toggle[p]);
        v->ended[p] = f->ended[p];
    }
}

void px_fleet_renew(struct px_fleet *f)
{
    struct px_view *v = px_view_copy(f->view);

    f->stale = false;
    put_words(f, v);
    v->remote_open = f->remote_open;
    v->may_probe = f->may_probe;
    v->volumes_of = f->volumes_of;
    for (unsigned i = 0; i < POL_COMMITS_MAX; i++)
        px_fleet_volume(f, i, &v->volume[i].minor, &v->volume[i].payments);
    px_view_unref(f->view);
    f->view = v;
    if (f->attached)
        f->hands.use_view(f->hands.ctx, v);
}

static void on_tick(struct ev_loop *loop, ev_timer *t, int revents)
{
    struct px_fleet *f = t->data;
    int64_t now_ms = px_fleet_now();

    (void)loop;
    (void)revents;
    px_fleet_words_tick(f, now_ms);
    px_fleet_words_seen(f);
    px_fleet_breaker_tick(f, now_ms);
    px_fleet_volume_tick(f, now_ms);
    px_fleet_live_tick(f, now_ms);
    px_fleet_book_tick(f, now_ms);
    px_fleet_counts_tick(f, now_ms);
    if (f->stale)
        px_fleet_renew(f);
}

/* ---- life ---- */

/* "host:port"; a port that is any free one tells nothing, so it is our number then. */
static void name_node(struct px_fleet *f)
{
    const struct px_config *c = f->config;
    const struct px_address *a = &c->payments.address[0];
    struct buf b = BUF_OF(f->node);
    char host[40] = "node";
    unsigned port = 0;

    if (c->node.n > 0) {
        buf_put(&b, c->node);
        (void)buf_z(&b);
        return;
    }
    (void)gethostname(host, sizeof host - 1);
    if (c->payments.addresses > 0 && a->sa.ss_family == AF_INET)
        port = ntohs(((const struct sockaddr_in *)&a->sa)->sin_port);
    else if (c->payments.addresses > 0 && a->sa.ss_family == AF_INET6)
        port = ntohs(((const struct sockaddr_in6 *)&a->sa)->sin6_port);
    buf_fmt(&b, "%s:%u", host, port != 0 ? port : (unsigned)getpid());
    (void)buf_z(&b);
}

/* What has to be alike on all nodes, or decisions differ: the providers and what they take. */
static void hash_config(struct px_fleet *f)
{
    uint64_t h = 0;
    struct buf b = BUF_OF(f->config_hash);

    for (unsigned p = 0; p < f->providers; p++) {
        const struct rt_provider *r = &f->config->facts[p];

        h = hash64(span_str(r->name), h);
        h = hash64_mix(h, r->enabled);
        h = hash64_mix(h, (uint64_t)r->brands << 32 | r->methods);
        for (unsigned i = 0; i < 4; i++)
            h = hash64_mix(h, r->currencies[i]);
    }
    buf_fmt(&b, "%016llx", (unsigned long long)h);
    (void)buf_z(&b);
}

/* Operators' words must outlive us: a folder that can not be written is told now. */
static enum err open_state(struct px_fleet *f, struct diag *why)
{
    const char *dir = f->config->state_path;
    enum err e;

    if (dir == NULL)
        return OK;
    if ((e = px_state_open(dir, why)) != OK)
        return e;
    return span_copyz(span_str(dir), f->state, sizeof f->state);
}

static enum err allocate(struct px_fleet *f)
{
    f->count = calloc(f->providers, sizeof *f->count);
    f->owed = calloc(f->providers, sizeof *f->owed);
    f->move = calloc((size_t)f->providers * PX_FLEET_MOVES, sizeof *f->move);
    return f->count == NULL || f->owed == NULL || f->move == NULL ? E_NOMEM : OK;
}

static void begin(struct px_fleet *f)
{
    f->may_probe = UINT32_MAX;
    f->view = px_view_create();
    for (unsigned p = 0; p < LIMIT_PROVIDERS; p++)
        f->merged[p] = (struct px_fleet_seen){ .cause = "",
                                               .admit_permille = RT_PERMILLE,
                                               .available_ppm = -1,
                                               .approval_ppm = -1,
                                               .latency_ms = -1 };
    px_fleet_words_load(f);
    px_fleet_history_load(f);
    px_fleet_counts_load(f);
    px_fleet_volume_begin(f);
    px_fleet_volume_load(f);
}

enum err px_fleet_create(struct ev_loop *loop, const struct px_config *c, struct px_snapshot *s,
                         struct px_fleet **out, struct diag *why)
{
    struct px_fleet *f = calloc(1, sizeof *f);
    enum err e;

    if (f == NULL)
        return E_NOMEM;
    f->loop = loop;
    f->config = c;
    f->providers = c->providers;
    f->snapshot = s == NULL ? NULL : px_snapshot_ref(s);
    f->started_ms = px_fleet_now();
    ev_timer_init(&f->timer, on_tick, PX_FLEET_TICK_MS / 1e3, PX_FLEET_TICK_MS / 1e3);
    f->timer.data = f;
    name_node(f);
    hash_config(f);
    if ((e = open_state(f, why)) != OK || (e = allocate(f)) != OK ||
        (e = px_fleet_book_open(f)) != OK) {
        px_fleet_destroy(f);
        return e;
    }
    f->mailbox = px_mailbox_create(loop, px_fleet_hub_letter, f);
    begin(f);
    if ((e = px_fleet_live_open(f, why)) != OK) {
        px_fleet_destroy(f);
        return e;
    }
    px_fleet_renew(f);
    ev_timer_start(loop, &f->timer);
    *out = f;
    return OK;
}

void px_fleet_attach(struct px_fleet *f, const struct px_fleet_hands *hands)
{
    f->worker = calloc(hands->workers, sizeof *f->worker);
    CHECK(f->worker != NULL);
    f->hands = *hands;
    f->attached = true;
    f->hands.use_view(f->hands.ctx, f->view);
    px_fleet_book_load(f);
}

void px_fleet_use_snapshot(struct px_fleet *f, struct px_snapshot *s)
{
    px_snapshot_unref(f->snapshot);
    f->snapshot = px_snapshot_ref(s);
    px_fleet_volume_begin(f);
    px_fleet_stale(f);
}

void px_fleet_destroy(struct px_fleet *f)
{
    if (f == NULL)
        return;
    ev_timer_stop(f->loop, &f->timer);
    px_fleet_volume_keep(f);
    px_fleet_book_keep(f);
    if (f->attached)
        px_fleet_counts_keep(f);
    px_fleet_live_close(f);
    px_fleet_book_close(f);
    px_mailbox_destroy(f->mailbox);
    px_view_unref(f->view);
    px_snapshot_unref(f->snapshot);
    free(f->worker);
    free(f->count);
    free(f->owed);
    free(f->move);
    free(f);
}
