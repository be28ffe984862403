/* proxy/admin/show.c */
#include "proxy/admin/show.h"

#include <stdlib.h>

#include "proxy/admin/admin.h"
#include "proxy/config.h"
#include "proxy/fleet.h"
#include "proxy/near.h"
#include "routing/base/check.h"
#include "routing/base/json.h"

enum { MOVES_MAX = 200 };

/* ---- which provider ---- */

static int unknown_provider(struct px_admin_call *c, const struct px_config *config,
                            const char *name)
{
    const char *names[LIMIT_PROVIDERS], *near;

    for (unsigned i = 0; i < config->providers; i++)
        names[i] = config->provider[i].name;
    near = px_near(name, names, config->providers);
    (void)px_admin_trouble(c, PX_TROUBLE_PROVIDER, "there is no provider \"%.60s\"%s%s%s", name,
                           near == NULL ? "" : "; did you mean ", near == NULL ? "" : near,
                           near == NULL ? "" : "?");
    return px_trouble_status(c->why.code);
}

int px_show_find(struct px_admin_call *c, const struct px_admin_terms *t, unsigned *provider)
{
    const char *name = arena_str(c->arena, c->arg[0]);

    if (name == NULL)
        return px_admin_trouble(c, PX_TROUBLE_BUSY, NULL);
    for (unsigned i = 0; i < t->config->providers; i++) {
        if (span_is(c->arg[0], t->config->provider[i].name)) {
            *provider = i;
            return 200;
        }
    }
    return unknown_provider(c, t->config, name);
}

/* ---- pieces ---- */

/* Below 0: not known. */
static void put_known(struct json_out *o, const char *name, int64_t v)
{
    json_name(o, name);
    if (v < 0)
        json_put_null(o);
    else
        json_put_i64(o, v);
}

/* 0: there is no such moment. */
static void put_moment(struct json_out *o, const char *name, int64_t ms)
{
    json_name(o, name);
    if (ms <= 0)
        json_put_null(o);
    else
        json_put_i64(o, ms);
}

void px_show_toggle(struct json_out *o, const struct px_toggle *t)
{
    json_name(o, "toggle");
    json_open(o, '{');
    json_member_z(o, "admin", rt_admin_name(t->admin));
    json_member_bool(o, "holds", px_toggle_holds(t));
    json_member_i64(o, "limit_permille", t->limit_permille);
    json_member_z(o, "ops", t->ops_all ? "all" : "authorize");
    json_member_bool(o, "local", t->local);
    json_member_z(o, "actor", t->actor);
    json_member_z(o, "reason", t->reason);
    put_moment(o, "set_ms", t->set_ms);
    put_moment(o, "until_ms", t->until_ms);
    json_close(o, '}');
}

static void put_heirs(struct json_out *o, const struct px_config *c, const struct px_blast *b)
{
    json_name(o, "heirs");
    json_open(o, '[');
    for (unsigned i = 0; i < b->heirs; i++) {
        json_open(o, '{');
        json_member_z(o, "provider", c->provider[b->heir[i].provider].name);
        put_known(o, "share_permille_before", b->heir[i].share_permille_before);
        put_known(o, "share_permille_after", b->heir[i].share_permille_after);
        put_known(o, "pay_milli_s_after", b->heir[i].pay_milli_s_after);
        put_known(o, "peak_milli_s", b->heir[i].peak_milli_s);
        json_close(o, '}');
    }
    json_close(o, ']');
}

void px_show_blast(struct json_out *o, const struct px_config *c, const struct px_blast *b)
{
    json_name(o, "blast");
    json_open(o, '{');
    put_known(o, "share_permille", b->share_permille);
    put_known(o, "pay_milli_s", b->pay_milli_s);
    put_known(o, "peak_milli_s", b->peak_milli_s);
    put_known(o, "in_flight", b->in_flight);
    put_heirs(o, c, b);
    json_member_i64(o, "no_route_kinds", b->kinds);
    json_name(o, "no_route_for");
    json_open(o, '[');
    for (unsigned i = 0; i < b->kinds && i < PX_BLAST_KINDS; i++)
        json_put_z(o, b->kind[i]);
    json_close(o, ']');
    json_close(o, '}');
}

void px_show_confirmed(struct json_out *o, const struct px_fleet *f, unsigned provider,
                       int64_t set_ms)
{
    unsigned of = 0, have = px_fleet_confirmed(f, provider, set_ms, &of);

    json_name(o, "confirmed");
    json_open(o, '{');
    json_member_i64(o, "nodes", have);
    json_member_i64(o, "of", of);
    json_close(o, '}');
}

void px_show_link(struct json_out *o, const struct px_admin_terms *t)
{
    struct px_fleet_link l;

    px_fleet_link(t->fleet, &l);
    json_member_z(o, "node", l.node);
    json_name(o, "live");
    json_open(o, '{');
    json_member_bool(o, "configured", l.configured);
    json_member_bool(o, "up", l.up);
    json_member_z(o, "why", l.why);
    put_moment(o, "heard_ms", l.heard_ms);
    json_member_i64(o, "local_only", l.local_only);
    json_close(o, '}');
}

static void put_node(struct json_out *o, const struct px_fleet_node *n)
{
    json_open(o, '{');
    json_member_z(o, "name", n->name);
    json_member_bool(o, "self", n->self);
    json_member_bool(o, "stale", n->stale);
    json_member_bool(o, "in_sync", n->in_sync);
    put_moment(o, "heard_ms", n->heard_ms);
    put_moment(o, "started_ms", n->started_ms);
    json_member_i64(o, "skew_ms", n->skew_ms);
    json_member_i64(o, "view_epoch", (int64_t)n->view_epoch);
    json_member_z(o, "policy", n->policy);
    json_member_z(o, "config", n->config);
    put_known(o, "pay_milli_s", n->pay_milli_s);
    json_close(o, '}');
}

void px_show_nodes(struct json_out *o, const struct px_fleet *f)
{
    struct px_fleet_node *node = calloc(PX_FLEET_NODES, sizeof *node);
    unsigned n;

    CHECK(node != NULL);
    n = px_fleet_nodes(f, node, PX_FLEET_NODES);
    json_name(o, "nodes");
    json_open(o, '[');
    for (unsigned i = 0; i < n; i++)
        put_node(o, &node[i]);
    json_close(o, ']');
    free(node);
}

/* ---- one provider ---- */

static void put_health(struct json_out *o, const struct px_fleet_provider *p)
{
    json_name(o, "health");
    json_open(o, '{');
    json_member_z(o, "state", hl_serving_name(p->serving));
    json_member_i64(o, "admit_permille", p->admit_permille);
    json_member_z(o, "cause", p->cause);
    put_moment(o, "since_ms", p->since_ms);
    json_member_i64(o, "nodes_open", p->nodes_open);
    json_member_bool(o, "may_probe", p->may_probe);
    json_close(o, '}');
}

static void put_numbers(struct json_out *o, const struct px_fleet_provider *p)
{
    put_known(o, "share_permille", p->share_permille);
    put_known(o, "fleet_share_permille", p->fleet_share_permille);
    put_known(o, "pay_milli_s", p->pay_milli_s);
    put_known(o, "fleet_pay_milli_s", p->fleet_pay_milli_s);
    put_known(o, "peak_milli_s", p->peak_milli_s);
    put_known(o, "in_flight", p->in_flight);
    put_known(o, "fleet_in_flight", p->fleet_in_flight);
    put_known(o, "approval_ppm_15m", p->approval_ppm_15m);
    put_known(o, "approval_ppm_7d", p->approval_ppm_7d);
    put_known(o, "error_ppm_15m", p->error_ppm_15m);
    put_known(o, "p50_ms", p->p50_ms);
    put_known(o, "p99_ms", p->p99_ms);
    put_known(o, "believed_available_ppm", p->available_ppm);
    put_known(o, "believed_approval_ppm", p->approval_ppm);
    put_known(o, "believed_latency_ms", p->latency_ms);
}

static void put_totals(struct json_out *o, const struct px_fleet_provider *p)
{
    json_name(o, "since_start");
    json_open(o, '{');
    json_member_i64(o, "attempts", (int64_t)p->attempts);
    json_member_i64(o, "approved", (int64_t)p->approved);
    json_member_i64(o, "soft_declined", (int64_t)p->soft);
    json_member_i64(o, "hard_declined", (int64_t)p->hard);
    json_member_i64(o, "failed", (int64_t)p->failed);
    json_member_i64(o, "unsent", (int64_t)p->unsent);
    json_close(o, '}');
}

void px_show_provider(struct json_out *o, const struct px_admin_terms *t, unsigned provider)
{
    const struct px_provider_config *c = &t->config->provider[provider];
    struct px_fleet_provider p;

    px_fleet_provider(t->fleet, provider, &p);
    json_open(o, '{');
    json_member_z(o, "name", c->name);
    json_member_z(o, "adapter", c->adapter->name);
    json_member_bool(o, "enabled", c->enabled);
    px_show_toggle(o, px_fleet_toggle(t->fleet, provider));
    put_health(o, &p);
    put_numbers(o, &p);
    put_totals(o, &p);
    json_close(o, '}');
}

void px_show_moves(struct json_out *o, const struct px_fleet *f, unsigned provider,
                   int64_t since_ms)
{
    struct px_fleet_move *move = calloc(MOVES_MAX, sizeof *move);
    unsigned n;

    CHECK(move != NULL);
    n = px_fleet_history(f, provider, since_ms, move, MOVES_MAX);
    json_name(o, "moves");
    json_open(o, '[');
    for (unsigned i = 0; i < n; i++) {
        json_open(o, '{');
        json_member_i64(o, "at_ms", move[i].at_ms);
        json_member_z(o, "from", hl_serving_name(move[i].from));
        json_member_z(o, "to", hl_serving_name(move[i].to));
        json_member_i64(o, "admit_permille", move[i].admit_permille);
        json_member_z(o, "cause", move[i].cause);
        json_member_z(o, "node", move[i].node);
        json_close(o, '}');
    }
    json_close(o, ']');
    free(move);
}
