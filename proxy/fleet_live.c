/* proxy/fleet_live.c -- the fleet over Redis: what goes out, what comes in. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/config.h"
#include "proxy/crypto.h"
#include "proxy/dns.h"
#include "proxy/fleet_inside.h"
#include "proxy/log.h"
#include "proxy/tls.h"
#include "proxy/wire.h"
#include "routing/base/check.h"
#include "routing/base/rng.h"

enum {
    SCORES_MS = 1000,
    SCORES_KEPT_MS = 10000,
    COUNTERS_MS = 2000,
    GONE_MS = 10 * 60 * 1000,
    SELF_ROOM = 8192,
    NUMBER = 24,
    SCORES = 20,
};

/* ---- words ---- */

bool px_fleet_live_say(struct px_fleet *f, unsigned p, bool known)
{
    const struct px_toggle *t = &f->word[p];
    const char *name = f->config->provider[p].name;
    char text[PX_LIVE_TEXT];
    struct buf b = BUF_OF(text);
    enum err e;

    px_toggle_write(t, &b);
    px_live_hurry(f->live);
    e = px_live_say_at(f->live, PX_LIVE_TOGGLES, name, t->set_ms, t->until_ms, buf_z(&b), known);
    if (e != OK)
        LOG(ERROR, "override.not_told", F("provider", name), F("why", err_name(e)));
    return e == OK;
}

static bool read_toggle(const struct px_live_word *w, struct px_toggle *t)
{
    if (px_toggle_read(span_str(w->text), w->t_ms, w->until_ms, t) != OK)
        return false;
    return true;
}

static void on_word(void *ctx, const struct px_live_word *w)
{
    struct px_fleet *f = ctx;
    struct px_toggle t;
    int p;

    if (w->board == PX_LIVE_BREAKERS) {
        px_fleet_breaker_word(f, w);
        return;
    }
    p = px_fleet_find(f, span_str(w->field));
    if (p < 0)
        return; /* of a provider that only others have */
    if (!read_toggle(w, &t)) {
        LOG(WARN, "override.unreadable", F("provider", f->config->provider[p].name));
        return;
    }
    px_fleet_word_take(f, (unsigned)p, &t, px_fleet_now());
}

static void on_conflict(void *ctx, const struct px_live_word *lost, const struct px_live_word *won)
{
    struct px_fleet *f = ctx;
    struct px_fleet_conflict *c = &f->conflict[f->conflicts % PX_FLEET_CONFLICTS];
    int p = px_fleet_find(f, span_str(lost->field));

    if (lost->board != PX_LIVE_TOGGLES || p < 0)
        return;
    *c = (struct px_fleet_conflict){ .provider = (unsigned)p, .at_ms = px_fleet_now() };
    if (!read_toggle(lost, &c->lost) || !read_toggle(won, &c->won))
        return;
    f->conflicts++;
    LOG(WARN, "override.conflict", F("provider", f->config->provider[p].name),
        F("lost", (const char *)c->lost.actor), F("won", (const char *)c->won.actor),
        F("reason", (const char *)c->won.reason));
}

/* ---- nodes ---- */

struct texts { /* one after the other in f->self_text */
    struct px_live_pair *out;
    unsigned n, max;
    char *at, *end;
};

static void add_text(struct texts *t, const char *name, const char *value)
{
    if (t->n < t->max)
        t->out[t->n++] = (struct px_live_pair){ name, value };
}

static const char *keep_text(struct texts *t, const char *fmt, ...) PRINTF_LIKE(2, 3);
static const char *keep_text(struct texts *t, const char *fmt, ...)
{
    char *at = t->at;
    va_list args;
    int n;

    va_start(args, fmt);
    n = vsnprintf(at, (size_t)(t->end - at), fmt, args);
    va_end(args);
    if (n < 0 || n >= t->end - at)
        return "";
    t->at += n + 1;
    return at;
}

static unsigned self(void *ctx, struct px_live_pair *out, unsigned max)
{
    struct px_fleet *f = ctx;
    struct texts t = { out, 0, max, f->self_text, f->self_text + SELF_ROOM };
    static struct px_fleet_node me; /* the texts live until the next call */
    int64_t now_ms = px_fleet_now();

    (void)px_fleet_nodes(f, &me, 1);
    add_text(&t, "started_ms", keep_text(&t, "%lld", (long long)f->started_ms));
    add_text(&t, "uptime_s", keep_text(&t, "%lld", (long long)(now_ms - f->started_ms) / 1000));
    add_text(&t, "policy", me.policy);
    add_text(&t, "config", me.config);
    add_text(&t, "view", keep_text(&t, "%llu", (unsigned long long)me.view_epoch));
    add_text(&t, "pay_milli_s", keep_text(&t, "%lld", (long long)me.pay_milli_s));
    for (unsigned p = 0; p < f->providers; p++) {
        struct px_count now = px_counts_sum(&f->count[p], PX_OVER_10S, now_ms);
        struct px_count recent = px_counts_sum(&f->count[p], PX_OVER_15M, now_ms);

        add_text(&t, keep_text(&t, "p:%s", f->config->provider[p].name),
                 keep_text(&t, "%lld %lld %u %llu", (long long)f->confirmed_ms[p],
                           (long long)px_counts_milli(now.attempts), f->merged[p].flying,
                           (unsigned long long)recent.chosen));
    }
    return t.n;
}

static struct px_fleet_other *other_of(struct px_fleet *f, struct span name)
{
    struct px_fleet_other *o = NULL;

    for (unsigned i = 0; i < f->others; i++) {
        if (span_is(name, f->other[i].node.name))
            return &f->other[i];
        if (o == NULL || f->other[i].read_ms < o->read_ms)
            o = &f->other[i];
    }
    if (f->others < PX_FLEET_NODES - 1)
        o = &f->other[f->others++];
    memset(o, 0, sizeof *o);
    return span_copyz(name, o->node.name, sizeof o->node.name) == OK ? o : NULL;
}

/* "set_ms pay_milli_s flying chosen" */
static void read_provider(struct px_fleet *f, struct px_fleet_other *o, struct span name,
                          struct span text)
{
    int p = px_fleet_find(f, name);
    int64_t v[4] = { 0 };
    struct span word;

    for (unsigned i = 0; i < 4; i++)
        if (!span_cut(&text, ' ', &word) || span_i64(word, &v[i]) != OK || v[i] < 0)
            return; /* a later version, or nonsense: nothing is known then */
    if (p < 0)
        return;
    o->provider[p].set_ms = v[0];
    o->provider[p].pay_milli_s = v[1];
    o->provider[p].flying = v[2];
    o->provider[p].chosen = v[3];
}

static void read_field(struct px_fleet *f, struct px_fleet_other *o, struct span name,
                       struct span value)
{
    int64_t n = 0;
    bool number = span_i64(value, &n) == OK && n >= 0;

    if (span_starts(name, "p:"))
        read_provider(f, o, span_drop(name, 2), value);
    else if (span_is(name, "policy"))
        px_fleet_text(value, o->node.policy, sizeof o->node.policy);
    else if (span_is(name, "config"))
        px_fleet_text(value, o->node.config, sizeof o->node.config);
    else if (number && span_is(name, "t_ms"))
        o->node.heard_ms = n;
    else if (number && span_is(name, "started_ms"))
        o->node.started_ms = n;
    else if (number && span_is(name, "view"))
        o->node.view_epoch = (uint64_t)n;
    else if (number && span_is(name, "pay_milli_s"))
        o->node.pay_milli_s = n;
}

/* A sign is new when its own time has moved on: so a clock that is wrong makes nobody stale. */
static void on_node(void *ctx, struct span name, const struct px_resp_value *fields)
{
    struct px_fleet *f = ctx;
    struct px_fleet_other *o = other_of(f, name);
    int64_t before, now_ms = px_fleet_now();

    if (o == NULL)
        return;
    before = o->node.heard_ms;
    for (unsigned i = 0; i + 1 < fields->n; i += 2)
        read_field(f, o, px_resp_text_at(fields, i), px_resp_text_at(fields, i + 1));
    if (o->node.heard_ms != before) {
        o->read_ms = now_ms;
        o->node.skew_ms = o->node.heard_ms - now_ms;
    }
}

/* ---- scores and counters ---- */

static void show_one(struct px_fleet *f, unsigned p)
{
    struct px_live_pair pair[SCORES];
    char room[SCORES * NUMBER];
    struct texts t = { pair, 0, SCORES, room, room + sizeof room };
    struct px_fleet_provider is;
    const struct {
        const char *name;
        int64_t value;
    } number[] = {
        { "admit_permille", (px_fleet_provider(f, p, &is), is.admit_permille) },
        { "nodes_open", is.nodes_open },
        { "available_ppm", is.available_ppm },
        { "approval_ppm", is.approval_ppm },
        { "latency_ms", is.latency_ms },
        { "approval_ppm_15m", is.approval_ppm_15m },
        { "approval_ppm_7d", is.approval_ppm_7d },
        { "error_ppm_15m", is.error_ppm_15m },
        { "p50_ms", is.p50_ms },
        { "p99_ms", is.p99_ms },
        { "share_permille", is.fleet_share_permille },
        { "attempts_milli_s", is.fleet_pay_milli_s },
        { "in_flight", is.fleet_in_flight },
        { "t_ms", px_fleet_now() },
    };

    add_text(&t, "breaker", hl_serving_name(is.serving));
    add_text(&t, "cause", is.cause);
    add_text(&t, "admin", rt_admin_name(f->view->toggle[p].admin));
    add_text(&t, "by", f->node);
    for (unsigned i = 0; i < sizeof number / sizeof *number; i++)
        if (number[i].value >= 0)
            add_text(&t, number[i].name, keep_text(&t, "%lld", (long long)number[i].value));
    (void)px_live_show(f->live, f->config->provider[p].name, pair, t.n, SCORES_KEPT_MS);
}

/* Added at most once: what was taken and never answered is not told again. */
static void count_one(struct px_fleet *f, unsigned p, int64_t now_ms)
{
    struct px_tally_provider *o = &f->owed[p];
    const struct px_live_sum all[] = {
        { "chosen", o->chosen }, { "attempts", o->attempts }, { "approved", o->approved },
        { "soft", o->soft },     { "hard", o->hard },         { "failed", o->failed },
        { "unsent", o->unsent },
    };
    struct px_live_sum sum[sizeof all / sizeof *all];
    unsigned n = 0;

    for (unsigned i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i].add > 0)
            sum[n++] = all[i];
    if (n > 0 && px_live_count(f->live, f->config->provider[p].name, now_ms / 60000, sum, n))
        memset(o, 0, sizeof *o);
}

/* Those that were taken down on purpose shall not be asked after for ever. */
static void forget_the_gone(struct px_fleet *f, int64_t now_ms)
{
    for (unsigned i = 0; i < f->others; i++)
        if (now_ms - f->other[i].read_ms > GONE_MS)
            f->other[i--] = f->other[--f->others];
}

void px_fleet_live_tick(struct px_fleet *f, int64_t now_ms)
{
    forget_the_gone(f, now_ms);
    if (f->live == NULL || !px_live_up(f->live))
        return;
    if (now_ms - f->scores_ms >= SCORES_MS) {
        f->scores_ms = now_ms;
        for (unsigned p = 0; p < f->providers; p++)
            show_one(f, p);
    }
    if (now_ms - f->counters_ms >= COUNTERS_MS) {
        f->counters_ms = now_ms;
        for (unsigned p = 0; p < f->providers; p++)
            count_one(f, p, now_ms);
    }
}

/* ---- life ---- */

static const char *word_or(struct span s, const char *otherwise)
{
    return s.n == 0 ? otherwise : s.p; /* settings end with a NUL */
}

static void fill(const struct px_fleet *f, struct px_live_config *c)
{
    const struct px_live_settings *s = &f->config->live;
    char life[27];

    px_live_defaults(c);
    px_id_make(px_fleet_now(), life);
    c->redis.place = s->where.place[0];
    c->redis.tls = f->tls;
    c->redis.user = s->username.n > 0 ? s->username.p : s->where.user;
    c->redis.password = s->password;
    c->redis.db = s->where.db;
    c->redis.name = "signalbox";
    c->redis.command_ms = s->command_ms;
    c->redis.seed = (uint64_t)f->started_ms;
    c->prefix = word_or(s->prefix, "");
    c->tenant = word_or(s->tenant, "default");
    c->node = f->node;
    c->epoch = (uint64_t)f->started_ms; /* another one for every start */
    c->sentinel_user = s->sentinel_username.n > 0 ? s->sentinel_username.p : NULL;
    c->sentinel_password = s->sentinel_password;
    if (s->where.kind != PX_LIVE_SENTINEL)
        return;
    c->master = s->where.master;
    c->sentinels = s->where.places;
    memcpy(c->sentinel, s->where.place, sizeof c->sentinel);
}

static enum err open_parts(struct px_fleet *f, struct diag *why)
{
    const struct px_live_settings *s = &f->config->live;
    struct px_tls_client_config trust = { .ca_file = s->ca_file };
    enum err e;

    if (s->where.tls && (e = px_tls_client_create(&trust, &f->tls, why)) != OK)
        return e;
    f->wire = px_wire_create(f->loop);
    f->self_text = malloc(SELF_ROOM);
    f->gather = calloc(PX_FLEET_GATHERS, sizeof *f->gather);
    if (f->wire == NULL || f->self_text == NULL || f->gather == NULL)
        return E_NOMEM;
    return px_dns_create(f->loop, &f->dns);
}

enum err px_fleet_live_open(struct px_fleet *f, struct diag *why)
{
    static const struct px_live_events events = { .collect = px_fleet_delta_collect,
                                                  .apply = px_fleet_delta_theirs,
                                                  .snapshot = px_fleet_book_part,
                                                  .on_word = on_word,
                                                  .on_conflict = on_conflict,
                                                  .self = self,
                                                  .on_node = on_node };
    struct px_live_config c;
    enum err e;

    _Static_assert((int)PX_LIVE_PLACES == (int)PX_LIVE_SENTINELS, "copied");
    if (f->config->live.where.kind == PX_LIVE_MEMORY)
        return OK;
    if ((e = open_parts(f, why)) != OK)
        return e;
    fill(f, &c);
    e = px_live_create(f->wire, f->dns, &c, &events, f, &f->live);
    if (e == E_SYNTAX) {
        diag_set(why, "node, redis.tenant or redis.prefix is too long: 63 characters at most");
        diag_help(why, "node: %.20s...", f->node);
    }
    if (e != OK)
        return e;
    for (unsigned p = 0; p < f->providers; p++)
        if (f->word[p].set_ms != 0)
            (void)px_fleet_live_say(f, p, !f->word[p].local);
    return OK;
}

void px_fleet_live_close(struct px_fleet *f)
{
    px_live_destroy(f->live);
    f->live = NULL;
    px_dns_destroy(f->dns);
    if (f->wire != NULL)
        px_wire_destroy(f->wire);
    px_tls_client_unref(f->tls);
    free(f->self_text);
    free(f->gather);
}
