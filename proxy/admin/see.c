/* proxy/admin/see.c -- what a viewer sees: the gateway and its providers. */
#include <stdio.h>

#include "proxy/admin/admin.h"
#include "proxy/admin/audit.h"
#include "proxy/config.h"
#include "proxy/snapshot.h"
#include "routing/base/json.h"

enum { SCHEMA = 1 };

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

static void put_provider(struct json_out *o, const struct px_provider_config *p)
{
    json_open(o, '{');
    json_member_z(o, "name", p->name);
    json_member_z(o, "adapter", p->adapter->name);
    json_member_bool(o, "enabled", p->enabled);
    json_close(o, '}');
}

static int run_status(struct px_admin *a, struct px_admin_call *c, struct buf *out)
{
    const struct px_admin_terms *t = px_admin_terms(a);
    struct json_out o = json_to(out);

    json_open(&o, '{');
    json_member_i64(&o, "schema", SCHEMA);
    json_member_i64(&o, "now_ms", c->now_ms);
    json_member_i64(&o, "started_ms", t->started_ms);
    json_member_z(&o, "life", t->life);
    put_policy(&o, t->snapshot(t->control));
    put_audit(&o, t->audit);
    json_name(&o, "providers");
    json_open(&o, '[');
    for (unsigned i = 0; i < t->config->providers; i++)
        put_provider(&o, &t->config->provider[i]);
    json_close(&o, ']');
    json_close(&o, '}');
    return 200;
}

static int run_whoami(struct px_admin *a, struct px_admin_call *c, struct buf *out)
{
    struct json_out o = json_to(out);

    (void)a;
    json_open(&o, '{');
    json_member_i64(&o, "schema", SCHEMA);
    json_member_z(&o, "actor", c->actor);
    json_member_z(&o, "role", px_role_name(c->role));
    json_close(&o, '}');
    return 200;
}

const struct px_admin_route px_admin_see_routes[] = {
    { "GET", "/v1/status", PX_ROLE_VIEWER, run_status },
    { "GET", "/v1/whoami", PX_ROLE_VIEWER, run_whoami },
    { .run = NULL },
};
