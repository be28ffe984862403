/* proxy/config_live.c -- where the fleet's Redis is.
 *
 *   memory
 *   redis://[user@]host[:port][/db]            rediss:// with TLS
 *   redis+unix:///run/redis/redis.sock
 *   redis+sentinel://host[:port],host/name     rediss+sentinel:// with TLS */
#include <string.h>

#include "proxy/config_schema.h"

enum { REDIS_PORT = 6379, SENTINEL_PORT = 26379, DB_MAX = 1023 };

static const struct scheme {
    const char *start;
    enum px_live_kind kind;
    bool tls;
    uint16_t port;
} schemes[] = {
    { "redis://", PX_LIVE_REDIS, false, REDIS_PORT },
    { "rediss://", PX_LIVE_REDIS, true, REDIS_PORT },
    { "redis+sentinel://", PX_LIVE_SENTINEL, false, SENTINEL_PORT },
    { "rediss+sentinel://", PX_LIVE_SENTINEL, true, SENTINEL_PORT },
};

/* "host", "host:port", "[v6]:port" */
static const char *read_place(struct span s, uint16_t port, struct px_resp_place *out)
{
    const char *colon = s.n == 0 ? NULL : memrchr(s.p, ':', s.n);
    struct span host = s;
    uint64_t v;

    if (colon != NULL && memchr(colon, ']', (size_t)(s.p + s.n - colon)) != NULL)
        colon = NULL; /* inside the brackets */
    if (colon != NULL) {
        host.n = (size_t)(colon - s.p);
        if (span_u64(span_drop(s, host.n + 1), &v) != OK || v == 0 || v > UINT16_MAX)
            return "a port is a number from 1 to 65535";
        port = (uint16_t)v;
    }
    if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
        host = (struct span){ host.p + 1, host.n - 2 };
    if (host.n == 0)
        return "a host is missing";
    if (span_copyz(host, out->host, sizeof out->host) != OK)
        return "this host's name is too long";
    out->port = port;
    return NULL;
}

/* What stands behind the host: a database's number, or the master's name. */
static const char *read_path(struct px_reading *r, struct span path, struct px_live_where *out)
{
    uint64_t db;

    if (out->kind == PX_LIVE_SENTINEL) {
        if (path.n == 0 || memchr(path.p, '/', path.n) != NULL)
            return "the sentinels' name of the master is missing: .../NAME";
        out->master = arena_str(r->arena, path);
        return NULL;
    }
    if (path.n == 0)
        return NULL;
    if (span_u64(path, &db) != OK || db > DB_MAX)
        return "behind the slash stands the number of a database";
    out->db = (unsigned)db;
    return NULL;
}

static const char *read_places(struct span all, uint16_t port, struct px_live_where *out)
{
    struct span one;
    const char *wrong;

    if (all.n == 0)
        return "a host is missing";
    while (span_cut(&all, ',', &one)) {
        if (out->places == PX_LIVE_PLACES || (out->places == 1 && out->kind == PX_LIVE_REDIS))
            return out->kind == PX_LIVE_REDIS ? "one host only; several are redis+sentinel://"
                                              : "too many sentinels";
        if ((wrong = read_place(one, port, &out->place[out->places])) != NULL)
            return wrong;
        out->places++;
    }
    return NULL;
}

static const char *split(struct px_reading *r, const struct scheme *scheme, struct span s,
                         struct px_live_where *out)
{
    const char *at = s.n == 0 ? NULL : memchr(s.p, '@', s.n), *slash, *wrong;
    struct span user, path = SPAN_NONE;

    out->kind = scheme->kind;
    out->tls = scheme->tls;
    if (at != NULL) {
        user = span_take(s, (size_t)(at - s.p));
        if (memchr(user.p, ':', user.n) != NULL)
            return "a password does not belong here";
        out->user = arena_str(r->arena, user);
        s = span_drop(s, user.n + 1);
    }
    slash = s.n == 0 ? NULL : memchr(s.p, '/', s.n);
    if (slash != NULL) {
        path = span_drop(s, (size_t)(slash - s.p) + 1);
        s = span_take(s, (size_t)(slash - s.p));
    }
    if ((wrong = read_places(s, scheme->port, out)) != NULL)
        return wrong;
    return read_path(r, path, out);
}

/* NULL, or what is wrong with it. */
static const char *read_where(struct px_reading *r, const char *text, struct px_live_where *out)
{
    static const char socket[] = "redis+unix://";
    struct span s = span_str(text), path;

    if (span_is(s, "memory"))
        return NULL;
    if (span_starts(s, socket)) {
        path = span_drop(s, strlen(socket));
        out->kind = PX_LIVE_REDIS;
        out->places = 1;
        if (path.n < 2 || path.p[0] != '/')
            return "a socket's path begins with a slash";
        return span_copyz(path, out->place[0].host, sizeof out->place[0].host) == OK
                   ? NULL
                   : "this path is too long";
    }
    for (unsigned i = 0; i < sizeof schemes / sizeof *schemes; i++)
        if (span_starts(s, schemes[i].start))
            return split(r, &schemes[i], span_drop(s, strlen(schemes[i].start)), out);
    return "it is memory, redis://, rediss://, redis+unix:// or redis+sentinel://";
}

static void read_live(struct px_reading *r, const struct px_field *f, struct px_node *n, void *at)
{
    struct px_live_where where = { .kind = PX_LIVE_MEMORY }, *out = at;
    const char *wrong = read_where(r, n->resolved, &where);
    struct diag *d;

    if (wrong == NULL) {
        *out = where;
        return;
    }
    if (strchr(n->resolved, '@') != NULL)
        px_node_hide(n, r->report); /* there may be a password in front of it */
    d = px_config_error(r, "C124", n);
    diag_set(d, "\"%s\" names no Redis: %s", f->name, wrong);
    if (strchr(n->resolved, '@') != NULL)
        diag_help(d, "write \"redis://USER@HOST\" and redis: { password: \"${file:PATH}\" }");
    else
        diag_help(d, "write memory, \"redis://HOST\" or \"redis+sentinel://A,B,C/NAME\"");
}

const struct px_type px_type_live = { .what = "memory or the URL of a Redis", .read = read_live };
