/* proxy/admin/admin.c -- the listener, who calls, and which route it is. */
#include "proxy/admin/admin.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/admin/audit.h"
#include "proxy/admin/caller.h"
#include "proxy/admin/socket.h"
#include "proxy/clock.h"
#include "proxy/config.h"
#include "proxy/crypto.h"
#include "proxy/log.h"
#include "proxy/problem.h"
#include "proxy/server.h"
#include "proxy/tls.h"
#include "routing/base/check.h"

enum { REFUSALS_PER_S = 20, ALLOW_MAX = 64, CONNECTIONS = 64, IDLE_MS = 10000 };

struct px_admin {
    struct px_admin_terms terms;
    struct px_admin_socket socket;
    struct px_server *server;
    struct px_tls_server *tls;
    struct px_log_gate refusals;
};

static const struct px_admin_route *const tables[] = { px_admin_see_routes, px_admin_act_routes,
                                                       px_admin_audit_routes,
                                                       px_admin_policy_routes };

const struct px_admin_terms *px_admin_terms(const struct px_admin *a)
{
    return &a->terms;
}

/* ---- for routes ---- */

int px_admin_trouble(struct px_admin_call *c, enum px_trouble_code code, const char *fmt, ...)
{
    va_list ap;

    c->why = (struct px_trouble){ .code = code };
    if (fmt != NULL) {
        va_start(ap, fmt);
        (void)vsnprintf(c->why.text, sizeof c->why.text, fmt, ap);
        va_end(ap);
    }
    return px_trouble_status(code);
}

int px_admin_help(struct px_admin_call *c, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(c->why.help, sizeof c->why.help, fmt, ap);
    va_end(ap);
    return px_trouble_status(c->why.code);
}

int px_admin_field(struct px_admin_call *c, const char *field)
{
    (void)snprintf(c->why.field, sizeof c->why.field, "%s", field);
    return px_trouble_status(c->why.code);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Percent-decoding; SPAN_NONE when it is broken or decodes to a control character. */
static struct span decoded(struct arena *a, struct span s)
{
    struct buf b = arena_buf(a, s.n + 1);

    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];

        if (c == '%') {
            int high = s.n - i > 2 ? hex_digit(s.p[i + 1]) : -1;
            int low = s.n - i > 2 ? hex_digit(s.p[i + 2]) : -1;

            if (high < 0 || low < 0)
                return SPAN_NONE;
            c = (char)(high * 16 + low);
            i += 2;
        }
        if ((unsigned char)c < ' ' || c == 0x7F)
            return SPAN_NONE;
        buf_byte(&b, c);
    }
    return buf_ok(&b) ? buf_span(&b) : SPAN_NONE;
}

struct span px_admin_query(const struct px_admin_call *c, const char *name)
{
    struct span rest = c->query, pair, key;

    while (rest.n > 0 && span_cut(&rest, '&', &pair)) {
        struct span value = pair;

        if (span_cut(&value, '=', &key) && span_is(key, name))
            return decoded(c->arena, value);
    }
    return SPAN_NONE;
}

static struct px_deed act_of(const struct px_admin_call *c, const char *what, const char *object,
                             const char *result, const char *why)
{
    return (struct px_deed){ .actor = c->actor,
                             .role = px_role_name(c->role),
                             .what = what,
                             .object = object,
                             .result = result,
                             .why = why };
}

bool px_admin_audit(struct px_admin *a, struct px_admin_call *c, const char *what,
                    const char *object, const char *why, struct span details)
{
    struct px_deed act = act_of(c, what, object, "done", why);

    act.details = details;
    if (px_audit_write(a->terms.audit, &act) == OK)
        return true;
    (void)px_admin_trouble(c, PX_TROUBLE_AUDIT, NULL);
    return false;
}

void px_admin_audit_note(struct px_admin *a, struct px_admin_call *c, const char *what,
                         const char *object, const char *result, const char *why)
{
    struct px_deed act = act_of(c, what, object, result, why);

    if (px_audit_write(a->terms.audit, &act) != OK)
        LOG(ERROR, "admin.not_audited", F("what", what), F("actor", c->actor));
}

/* ---- which route ---- */

static bool is_hole(struct span part)
{
    return span_starts(part, "{") && span_ends(part, "}");
}

/* Fills args from the holes of the pattern. */
static bool path_fits(const char *pattern, struct px_admin_call *c)
{
    struct span want = span_str(pattern), have = c->path, w, h;

    c->args = 0;
    for (;;) {
        bool more = span_cut(&want, '/', &w);

        if (more != span_cut(&have, '/', &h))
            return false;
        if (!more)
            return true;
        if (!is_hole(w)) {
            if (!span_eq(w, h))
                return false;
            continue;
        }
        CHECK(c->args < PX_ADMIN_ARGS);
        c->arg[c->args] = decoded(c->arena, h);
        if (c->arg[c->args++].n == 0)
            return false;
    }
}

static const struct px_admin_route *route_at(unsigned *table, unsigned *i)
{
    while (*table < sizeof tables / sizeof tables[0]) {
        const struct px_admin_route *r = &tables[*table][*i];

        if (r->run != NULL) {
            ++*i;
            return r;
        }
        ++*table;
        *i = 0;
    }
    return NULL;
}

static const char *allowed_methods(struct px_admin_call *c)
{
    struct buf b = arena_buf(c->arena, ALLOW_MAX);
    const struct px_admin_route *r;
    unsigned table = 0, i = 0;

    while ((r = route_at(&table, &i)) != NULL) {
        if (path_fits(r->path, c))
            buf_fmt(&b, "%s%s", b.n > 0 ? ", " : "", r->method);
    }
    return buf_z(&b);
}

static const struct px_admin_route *find_route(struct px_admin_call *c)
{
    const struct px_admin_route *r;
    unsigned table = 0, i = 0;
    const char *allow;

    while ((r = route_at(&table, &i)) != NULL) {
        if (span_is(c->method, r->method) && path_fits(r->path, c))
            return r;
    }
    allow = allowed_methods(c);
    if (allow[0] == '\0') {
        (void)px_admin_trouble(c, PX_TROUBLE_PATH, NULL);
    } else {
        (void)px_admin_trouble(c, PX_TROUBLE_METHOD, NULL);
        c->why.allow = allow;
    }
    return NULL;
}

/* ---- may they? ---- */

static bool refuse(struct px_admin *a, struct px_admin_call *c, enum px_role least)
{
    char object[160];
    struct buf b = BUF_OF(object);

    if (c->role == PX_ROLE_NONE)
        (void)px_admin_trouble(c, PX_TROUBLE_ROLE, "%s has no role here", c->actor);
    else
        (void)px_admin_trouble(c, PX_TROUBLE_ROLE, "%s is %s, and this takes %s", c->actor,
                               px_role_name(c->role), px_role_name(least));
    (void)px_admin_help(c, "an administrator adds you to listen.admin.roles.%s",
                        px_role_name(least));
    buf_fmt(&b, "%.*s %.*s", SPAN_ARG(span_take(c->method, 8)), SPAN_ARG(span_take(c->path, 140)));
    if (px_log_allowed(&a->refusals, REFUSALS_PER_S, px_now_ns()))
        px_admin_audit_note(a, c, "refused", buf_z(&b), "refused", c->why.text);
    else
        LOG(WARN, "admin.refused_too_often", F("actor", c->actor));
    return false;
}

/* A page in an operator's browser can send forms to anywhere, but not JSON without being asked
 * first (the listener answers no CORS request). */
static bool body_is_json(const struct px_request *r, struct px_admin_call *c)
{
    struct span type = px_header_find(r->header, r->headers, "content-type"), first;

    if (span_is(c->method, "GET"))
        return true;
    if (type.n > 0 && span_cut(&type, ';', &first) &&
        span_is_nocase(span_trim(first), "application/json"))
        return true;
    (void)px_admin_trouble(c, PX_TROUBLE_MEDIA_TYPE, NULL);
    return false;
}

static bool allowed(struct px_admin *a, const struct px_request *r, struct px_admin_call *c,
                    const struct px_admin_route **route)
{
    if (c->role == PX_ROLE_NONE)
        return refuse(a, c, PX_ROLE_VIEWER);
    *route = find_route(c);
    if (*route == NULL)
        return false;
    if (c->role < (*route)->least)
        return refuse(a, c, (*route)->least);
    return body_is_json(r, c);
}

/* ---- one call ---- */

static void answer(struct px_request *r, struct px_admin_call *c, int status, struct buf *out)
{
    struct px_message m;

    if (c->why.code == PX_TROUBLE_NONE && !buf_ok(out)) {
        LOG(ERROR, "admin.answer_too_long", F("room", (unsigned)out->cap));
        (void)px_admin_trouble(c, PX_TROUBLE_INTERNAL, NULL);
    }
    if (c->why.code != PX_TROUBLE_NONE) {
        px_trouble_message(&c->why, c->arena, &m);
    } else {
        px_message_begin(&m, status, "application/json", SPAN_NONE, c->arena);
        m.body = buf_span(out);
    }
    px_respond(r, &m);
    px_request_done(r);
}

static void on_request(void *ctx, struct px_request *r)
{
    struct px_admin *a = ctx;
    char actor[PX_CALLER_NAME] = "nobody";
    struct px_admin_call c = { .actor = actor,
                               .method = r->method,
                               .path = r->path,
                               .query = r->query,
                               .body = r->body,
                               .arena = &r->arena,
                               .now_ms = px_unix_ms() };
    const struct px_admin_route *route = NULL;
    struct px_caller who;
    struct buf out = arena_buf(&r->arena, PX_ADMIN_ANSWER);
    int status = 0;

    if (px_request_caller(r, &who))
        c.role = px_caller_role(&who, &a->terms.config->admin.roles, actor);
    if (allowed(a, r, &c, &route))
        status = route->run(a, &c, &out);
    answer(r, &c, status, &out);
}

/* ---- life ---- */

static enum err read_tls(const struct px_admin *a, struct px_tls_server **out, struct diag *why)
{
    const struct px_admin_listen *l = &a->terms.config->admin;
    struct px_tls_server_config c = { .chain_file = l->certificate,
                                      .key_file = l->key,
                                      .client_ca_file = l->client_ca };

    if (l->address.unix_path)
        return OK;
    CHECK(l->client_ca != NULL);
    return px_tls_server_create(&c, out, why);
}

static enum err serve(struct px_admin *a, struct ev_loop *loop, struct diag *why)
{
    struct px_server_config c;
    enum err e = px_admin_socket_open(&a->terms.config->admin, &a->socket, why);

    if (e != OK)
        return e;
    px_server_defaults(&c);
    c.listen_fd = &a->socket.fd;
    c.listen_fds = 1;
    c.tls = a->tls;
    c.handler = on_request;
    c.ctx = a;
    /* whoever can connect must not take the descriptors that payments need */
    c.connections_max = CONNECTIONS;
    c.idle_ms = IDLE_MS;
    return px_server_create(loop, &c, &a->server);
}

enum err px_admin_create(struct ev_loop *loop, const struct px_admin_terms *t,
                         struct px_admin **out, struct diag *why)
{
    struct px_admin *a = calloc(1, sizeof *a);
    enum err e;

    if (a == NULL)
        return E_NOMEM;
    a->terms = *t;
    a->socket.fd = a->socket.lock = -1;
    e = read_tls(a, &a->tls, why);
    if (e == OK)
        e = serve(a, loop, why);
    if (e != OK) {
        px_admin_destroy(a);
        return e;
    }
    LOG(INFO, "admin.listens", F("address", t->config->admin.address.text));
    *out = a;
    return OK;
}

void px_admin_renew(struct px_admin *a)
{
    struct px_tls_server *fresh = NULL;
    struct diag why = { 0 };

    if (a == NULL || a->tls == NULL)
        return;
    if (read_tls(a, &fresh, &why) != OK) {
        LOG(ERROR, "admin.tls_reload_failed", F("why", (const char *)why.text));
        return;
    }
    px_tls_server_unref(a->tls);
    a->tls = fresh;
    px_server_use_tls(a->server, fresh);
}

void px_admin_destroy(struct px_admin *a)
{
    if (a == NULL)
        return;
    px_server_destroy(a->server);
    px_admin_socket_close(&a->socket);
    px_tls_server_unref(a->tls);
    free(a);
}
