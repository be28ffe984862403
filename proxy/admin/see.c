/* proxy/admin/see.c -- what a viewer sees: the gateway, its providers, the other nodes. */
#include <stdio.h>

#include "proxy/admin/admin.h"
#include "proxy/admin/audit.h"
#include "proxy/admin/show.h"
#include "proxy/admin/unresolved.h"
#include "proxy/config.h"
#include "proxy/fleet.h"
#include "proxy/snapshot.h"
#include "routing/base/json.h"

enum { SCHEMA = 1, CONFLICTS_MAX = 32 };

static void begin(struct json_out *o, const struct px_admin_call *c)
{
    json_open(o, '{');
    json_member_i64(o, "schema", SCHEMA);
    json_member_i64(o, "now_ms", c->now_ms);
}

static void put_audit(struct json_out *o, const struct px_audit *audit)
{
    const struct px_chain *head = px_audit_head(audit);

    json_name(o, "audit");
    if (head == NULL) {
        json_put_null(o);
        return;
    }
    json_open(o, '{');
    json_member_i64(o, "n", (int64_t)head->n);
    json_member_z(o, "hash", head->hash);
    json_close(o, '}');
}

static void put_policy(struct json_out *o, const struct px_snapshot *s)
{
    char word[17];

    json_name(o, "policy");
    if (s == NULL || s->policy.program == NULL) {
        json_put_null(o);
        return;
    }
    (void)snprintf(word, sizeof word, "%016llx",
                   (unsigned long long)pol_program_revision(s->policy.program));
    json_put_z(o, word);
}

static void put_unresolved(struct json_out *o, const struct px_admin_call *c,
                           const struct px_unresolved *u)
{
    struct px_unresolved_count n;

    px_unresolved_read(u, &n);
    json_name(o, "unresolved");
    if (!n.known) {
        json_put_null(o);
        return;
    }
    json_open(o, '{');
    json_member_i64(o, "count", n.count);
    json_member_bool(o, "more", n.more);
    json_member_i64(o, "oldest_ms", n.oldest_ms == 0 ? 0 : c->now_ms - n.oldest_ms);
    json_close(o, '}');
}

static int run_status(struct px_admin *a, struct px_admin_call *c, struct buf *out)
{
    const struct px_admin_terms *t = px_admin_terms(a);
    struct json_out o = json_to(out);

    begin(&o, c);
    json_member_i64(&o, "started_ms", t->started_ms);
    json_member_z(&o, "life", t->life);
    put_policy(&o, t->snapshot(t->control));
    put_audit(&o, t->audit);
    put_unresolved(&o, c, t->unresolved);
    px_show_link(&o, t);
    px_show_nodes(&o, t->fleet);
    json_name(&o, "providers");
    json_open(&o, '[');
    for (unsigned i = 0; i < t->config->providers; i++)
        px_show_provider(&o, t, i);
    json_close(&o, ']');
    json_close(&o, '}');
    return 200;
}

static int run_whoami(struct px_admin *a, struct px_admin_call *c, struct buf *out)
{
    struct json_out o = json_to(out);

    (void)a;
    begin(&o, c);
    json_member_z(&o, "actor", c->actor);
    json_member_z(&o, "role", px_role_name(c->role));
    json_close(&o, '}');
    return 200;
}

static int run_nodes(struct px_admin *a, struct px_admin_call *c, struct buf *out)
{
    const struct px_admin_terms *t = px_admin_terms(a);
    struct json_out o = json_to(out);

    begin(&o, c);
    px_show_link(&o, t);
    px_show_nodes(&o, t->fleet);
    json_close(&o, '}');
    return 200;
}

static int run_provider(struct px_admin *a, struct px_admin_call *c, struct buf *out)
{
    const struct px_admin_terms *t = px_admin_terms(a);
    struct json_out o = json_to(out);
    unsigned provider = 0;
    int status = px_show_find(c, t, &provider);

    if (status != 200)
        return status;
    begin(&o, c);
    px_show_link(&o, t);
    json_name(&o, "provider");
    px_show_provider(&o, t, provider);
    px_show_moves(&o, t->fleet, provider, c->now_ms - 24 * 3600 * INT64_C(1000));
    json_close(&o, '}');
    return 200;
}

static int run_history(struct px_admin *a, struct px_admin_call *c, struct buf *out)
{
    const struct px_admin_terms *t = px_admin_terms(a);
    struct span since = px_admin_query(c, "since_ms");
    struct json_out o = json_to(out);
    unsigned provider = 0;
    int64_t since_ms = 0;
    int status = px_show_find(c, t, &provider);

    if (status != 200)
        return status;
    if (since.n > 0 && span_i64(since, &since_ms) != OK) {
        (void)px_admin_trouble(c, PX_TROUBLE_FIELD, "since_ms is a moment in unix milliseconds");
        return px_admin_field(c, "since_ms");
    }
    begin(&o, c);
    json_member_z(&o, "provider", t->config->provider[provider].name);
    px_show_moves(&o, t->fleet, provider, since_ms);
    json_close(&o, '}');
    return 200;
}

static void put_overrides(struct json_out *o, const struct px_admin_terms *t)
{
    json_name(o, "overrides");
    json_open(o, '[');
    for (unsigned i = 0; i < t->config->providers; i++) {
        const struct px_toggle *toggle = px_fleet_toggle(t->fleet, i);

        if (!px_toggle_holds(toggle))
            continue;
        json_open(o, '{');
        json_member_z(o, "provider", t->config->provider[i].name);
        px_show_toggle(o, toggle);
        px_show_confirmed(o, t->fleet, i, toggle->set_ms);
        json_close(o, '}');
    }
    json_close(o, ']');
}

static void put_conflicts(struct json_out *o, const struct px_admin_terms *t)
{
    struct px_fleet_conflict conflict[CONFLICTS_MAX];
    unsigned n = px_fleet_conflicts(t->fleet, conflict, CONFLICTS_MAX);

    json_name(o, "conflicts");
    json_open(o, '[');
    for (unsigned i = 0; i < n; i++) {
        json_open(o, '{');
        json_member_z(o, "provider", t->config->provider[conflict[i].provider].name);
        json_member_i64(o, "at_ms", conflict[i].at_ms);
        json_name(o, "lost");
        json_open(o, '{');
        px_show_toggle(o, &conflict[i].lost);
        json_close(o, '}');
        json_name(o, "won");
        json_open(o, '{');
        px_show_toggle(o, &conflict[i].won);
        json_close(o, '}');
        json_close(o, '}');
    }
    json_close(o, ']');
}

static int run_overrides(struct px_admin *a, struct px_admin_call *c, struct buf *out)
{
    const struct px_admin_terms *t = px_admin_terms(a);
    struct json_out o = json_to(out);

    begin(&o, c);
    px_show_link(&o, t);
    put_overrides(&o, t);
    put_conflicts(&o, t);
    json_close(&o, '}');
    return 200;
}

const struct px_admin_route px_admin_see_routes[] = {
    { "GET", "/v1/status", PX_ROLE_VIEWER, run_status },
    { "GET", "/v1/whoami", PX_ROLE_VIEWER, run_whoami },
    { "GET", "/v1/nodes", PX_ROLE_VIEWER, run_nodes },
    { "GET", "/v1/providers/{name}", PX_ROLE_VIEWER, run_provider },
    { "GET", "/v1/providers/{name}/history", PX_ROLE_VIEWER, run_history },
    { "GET", "/v1/overrides", PX_ROLE_VIEWER, run_overrides },
    { .run = NULL },
};
