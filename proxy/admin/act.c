/* proxy/admin/act.c -- what an operator does to a provider: looked at first, written down, done. */
#include <stdio.h>
#include <string.h>

#include "proxy/admin/admin.h"
#include "proxy/admin/show.h"
#include "proxy/admin/wish.h"
#include "proxy/config.h"
#include "proxy/fleet.h"
#include "routing/base/json.h"

enum { SCHEMA = 1, DETAILS = 512 };

/* ---- from the body to a wish ---- */

static int unknown_act(struct px_admin_call *c, const char *word)
{
    (void)px_admin_trouble(c, PX_TROUBLE_FIELD,
                           word[0] == '\0' ? "what shall be done?%s" : "there is no act \"%.40s\"",
                           word);
    (void)px_admin_field(c, "act");
    return px_admin_help(c, "stop, drain, force-on, limit, resume or extend");
}

static bool needs_end(enum px_order_act act)
{
    return act != PX_ORDER_RESUME;
}

static int check_end(struct px_admin_call *c, enum px_order_act act, const struct px_admin_wish *b)
{
    if (needs_end(act) && (b->for_s > 0) == b->until_resumed) {
        (void)px_admin_trouble(c, PX_TROUBLE_FIELD, "%s needs an end: for_s, or until_resumed",
                               px_order_name(act));
        return px_admin_field(c, "for_s");
    }
    if (act == PX_ORDER_LIMIT && b->limit_permille == 0) {
        (void)px_admin_trouble(c, PX_TROUBLE_FIELD, "a limit is a share of its traffic");
        return px_admin_field(c, "limit_permille");
    }
    return 200;
}

/* The actor is kept as one word of at most so many bytes in the fleet's toggles. */
static void fill_order(const struct px_admin_call *c, const struct px_admin_wish *b,
                       char actor[PX_TOGGLE_ACTOR], struct px_order *w)
{
    (void)snprintf(actor, PX_TOGGLE_ACTOR, "%s", c->actor);
    w->limit_permille = (uint16_t)b->limit_permille;
    w->ops_all = b->ops_all;
    w->actor = actor;
    w->reason = b->reason;
    w->until_ms = b->for_s > 0 ? c->now_ms + b->for_s * 1000 : 0;
    w->allow_no_route = b->allow_no_route;
    w->local = b->local;
}

/* ---- what the fleet says ---- */

static enum px_trouble_code trouble_of(enum err e)
{
    switch (e) {
    case E_SYNTAX:
    case E_RANGE: return PX_TROUBLE_FIELD;
    case E_NOTFOUND: return PX_TROUBLE_NOTHING;
    case E_CONFLICT: return PX_TROUBLE_GUARD_RAIL;
    case E_CLOSED:
    case E_TIMEOUT: return PX_TROUBLE_LIVE;
    case E_IO: return PX_TROUBLE_STATE;
    case OK:
    case E_NOMEM:
    case E_LIMIT:
    case E_DENIED: break;
    }
    return PX_TROUBLE_INTERNAL;
}

static int told(struct px_admin_call *c, enum err e, const struct diag *why)
{
    int status = px_admin_trouble(c, trouble_of(e), "%s", why->text);

    if (why->help[0] != '\0')
        (void)px_admin_help(c, "%s", why->help);
    return status;
}

static int no_route(struct px_admin_call *c, const char *provider, const struct px_blast *blast)
{
    (void)px_admin_trouble(c, PX_TROUBLE_GUARD_RAIL, "without %s there would be no route for: %s%s",
                           provider, blast->kind[0], blast->kinds > 1 ? ", ..." : "");
    return px_admin_help(c, "allow_no_route does it all the same");
}

/* ---- answering ---- */

static void put_answer(const struct px_admin_terms *t, const struct px_order *w, bool dry,
                       const struct px_blast *blast, struct buf *out)
{
    const struct px_toggle *toggle = px_fleet_toggle(t->fleet, w->provider);
    struct json_out o = json_to(out);

    json_open(&o, '{');
    json_member_i64(&o, "schema", SCHEMA);
    json_member_z(&o, "provider", t->config->provider[w->provider].name);
    json_member_z(&o, "act", px_order_name(w->act));
    json_member_bool(&o, "dry_run", dry);
    json_member_i64(&o, "until_ms", w->until_ms);
    json_member_bool(&o, "needs_allow_no_route", blast->kinds > 0);
    px_show_link(&o, t);
    px_show_blast(&o, t->config, blast);
    px_show_toggle(&o, toggle);
    px_show_confirmed(&o, t->fleet, w->provider, toggle->set_ms);
    json_close(&o, '}');
}

static struct span details_of(const struct px_order *w, char room[DETAILS])
{
    struct buf b = buf_over(room, DETAILS);
    struct json_out o = json_to(&b);

    json_open(&o, '{');
    if (w->until_ms > 0)
        json_member_i64(&o, "until_ms", w->until_ms);
    if (w->act == PX_ORDER_LIMIT)
        json_member_i64(&o, "limit_permille", w->limit_permille);
    if (w->act == PX_ORDER_STOP)
        json_member_z(&o, "ops", w->ops_all ? "all" : "authorize");
    if (w->allow_no_route)
        json_member_bool(&o, "allow_no_route", true);
    if (w->local)
        json_member_bool(&o, "local", true);
    json_close(&o, '}');
    return buf_span(&b);
}

/* Written down before it is done: nothing takes effect that nobody could read about. */
static int act(struct px_admin *a, struct px_admin_call *c, const struct px_order *w,
               const struct px_blast *blast, struct buf *out)
{
    const struct px_admin_terms *t = px_admin_terms(a);
    const char *name = t->config->provider[w->provider].name;
    char what[48], room[DETAILS];
    struct diag why = { 0 };
    struct px_toggle said;
    enum err e;

    (void)snprintf(what, sizeof what, "provider.%s", px_order_name(w->act));
    if (blast->kinds > 0 && !w->allow_no_route) {
        int status = no_route(c, name, blast);

        px_admin_audit_note(a, c, what, name, "refused", c->why.text);
        return status;
    }
    if ((e = px_fleet_may(t->fleet, w, &why)) != OK) {
        px_admin_audit_note(a, c, what, name, "refused", why.text);
        return told(c, e, &why);
    }
    if (!px_admin_audit(a, c, what, name, w->reason, details_of(w, room)))
        return px_trouble_status(c->why.code);
    e = px_fleet_act(t->fleet, w, &said, &why);
    if (e != OK) {
        px_admin_audit_note(a, c, what, name, "failed", why.text);
        return told(c, e, &why);
    }
    put_answer(t, w, false, blast, out);
    return 200;
}

static int run_toggle(struct px_admin *a, struct px_admin_call *c, struct buf *out)
{
    const struct px_admin_terms *t = px_admin_terms(a);
    struct px_admin_wish body;
    struct px_order w = { .provider = 0 };
    struct px_blast blast;
    struct diag why = { 0 };
    char actor[PX_TOGGLE_ACTOR];
    enum err e;
    int status = px_show_find(c, t, &w.provider);

    if (status != 200)
        return status;
    if (!px_admin_wish_read(c->body, c->arena, &body, &c->why))
        return px_trouble_status(c->why.code);
    if (!px_order_find(span_str(body.act), &w.act))
        return unknown_act(c, body.act);
    if ((status = check_end(c, w.act, &body)) != 200)
        return status;
    fill_order(c, &body, actor, &w);
    if ((e = px_fleet_look(t->fleet, &w, &blast, &why)) != OK)
        return told(c, e, &why);
    if (!body.dry_run)
        return act(a, c, &w, &blast, out);
    put_answer(t, &w, true, &blast, out);
    return 200;
}

static int run_confirmed(struct px_admin *a, struct px_admin_call *c, struct buf *out)
{
    const struct px_admin_terms *t = px_admin_terms(a);
    struct span since = px_admin_query(c, "set_ms");
    struct json_out o = json_to(out);
    unsigned provider = 0;
    int64_t set_ms;
    int status = px_show_find(c, t, &provider);

    if (status != 200)
        return status;
    if (span_i64(since, &set_ms) != OK || set_ms < 0) {
        (void)px_admin_trouble(c, PX_TROUBLE_FIELD, "set_ms is the word's stamp");
        return px_admin_field(c, "set_ms");
    }
    json_open(&o, '{');
    json_member_i64(&o, "schema", SCHEMA);
    px_show_link(&o, t);
    px_show_confirmed(&o, t->fleet, provider, set_ms);
    json_close(&o, '}');
    return 200;
}

const struct px_admin_route px_admin_act_routes[] = {
    { "POST", "/v1/providers/{name}/toggle", PX_ROLE_OPERATOR, run_toggle },
    { "GET", "/v1/providers/{name}/confirmed", PX_ROLE_VIEWER, run_confirmed },
    { .run = NULL },
};
