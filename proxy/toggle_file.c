/* proxy/toggle_file.c */
#include "proxy/toggle_file.h"

#include "proxy/clock.h"
#include "proxy/file.h"
#include "routing/base/arena.h"
#include "routing/base/json.h"

enum { ROOM = 64 * 1024, MODE = 0640, VERSION = 1 };

/* ---- writing ---- */

static void put(struct json_out *o, const struct px_toggle_kept *k)
{
    const struct px_toggle *t = &k->toggle;

    json_open(o, '{');
    json_member_z(o, "provider", k->provider);
    json_member_z(o, "admin", rt_admin_name(t->admin));
    json_member_i64(o, "limit_permille", t->limit_permille);
    json_member_z(o, "ops", t->ops_all ? "all" : "authorize");
    json_member_z(o, "actor", t->actor);
    json_member_z(o, "reason", t->reason);
    json_member_i64(o, "set_ms", t->set_ms);
    json_member_i64(o, "until_ms", t->until_ms);
    json_member_bool(o, "local", t->local);
    json_close(o, '}');
}

enum err px_toggle_save(const char *path, const struct px_toggle_kept *kept, unsigned n,
                        struct diag *why)
{
    static char room[ROOM]; /* the control thread's */
    struct buf b = BUF_OF(room);
    struct json_out o = json_to(&b);

    json_open(&o, '{');
    json_member_i64(&o, "version", VERSION);
    json_name(&o, "overrides");
    json_open(&o, '[');
    for (unsigned i = 0; i < n; i++)
        put(&o, &kept[i]);
    json_close(&o, ']');
    json_close(&o, '}');
    buf_byte(&b, '\n');
    if (!buf_ok(&b)) {
        diag_set(why, "%s: too long", path);
        return E_LIMIT;
    }
    return px_file_replace(path, buf_span(&b), MODE, why);
}

/* ---- reading ---- */

struct reader {
    struct json *j;
    struct arena *a;
    bool ok;
};

static void read_text(struct reader *r, char *out, size_t cap)
{
    struct span s = SPAN_NONE;

    r->ok = r->ok && json_str(r->j, r->a, &s) == OK && span_copyz(s, out, cap) == OK;
}

static void read_number(struct reader *r, int64_t *out)
{
    r->ok = r->ok && json_tok(r->j) == JSON_NUMBER && json_i64(r->j, out) == OK;
}

enum member { PROVIDER, ADMIN, LIMIT, OPS, ACTOR, REASON, SET, UNTIL, LOCAL, MEMBERS };
static const char *const member_name[MEMBERS] = { "provider", "admin",    "limit_permille",
                                                  "ops",      "actor",    "reason",
                                                  "set_ms",   "until_ms", "local" };

static void read_member(struct reader *r, struct px_toggle_kept *k, int64_t *limit)
{
    struct px_toggle *t = &k->toggle;
    unsigned m = PROVIDER;

    while (m < MEMBERS && !json_is(r->j, member_name[m]))
        m++;
    if (m == MEMBERS) { /* of a later version */
        r->ok = json_skip(r->j) && r->ok;
        return;
    }
    (void)json_next(r->j);
    switch ((enum member)m) {
    case PROVIDER: read_text(r, k->provider, sizeof k->provider); break;
    case ADMIN: r->ok = r->ok && rt_admin_find(json_raw(r->j), &t->admin); break;
    case LIMIT: read_number(r, limit); break;
    case OPS: t->ops_all = json_is(r->j, "all"); break;
    case ACTOR: read_text(r, t->actor, sizeof t->actor); break;
    case REASON: read_text(r, t->reason, sizeof t->reason); break;
    case SET: read_number(r, &t->set_ms); break;
    case UNTIL: read_number(r, &t->until_ms); break;
    case LOCAL: t->local = json_tok(r->j) == JSON_TRUE; break;
    case MEMBERS: break;
    }
}

/* After JSON_OBJECT. What is read must be what could have been said. */
static bool read_one(struct reader *r, struct px_toggle_kept *k)
{
    int64_t limit = RT_PERMILLE;
    char text[PX_TOGGLE_TEXT];
    struct buf b = BUF_OF(text);
    bool local;

    px_toggle_init(&k->toggle);
    k->provider[0] = '\0';
    while (r->ok && json_next(r->j) == JSON_NAME)
        read_member(r, k, &limit);
    if (!r->ok || json_tok(r->j) != JSON_OBJECT_END || limit < 1 || limit > RT_PERMILLE ||
        k->provider[0] == '\0')
        return false;
    k->toggle.limit_permille = (uint16_t)limit;
    local = k->toggle.local;
    px_toggle_write(&k->toggle, &b);
    if (px_toggle_read(buf_span(&b), k->toggle.set_ms, k->toggle.until_ms, &k->toggle) != OK)
        return false;
    k->toggle.local = local;
    return true;
}

static bool read_all(struct reader *r, struct span text, struct px_toggle_kept *kept, unsigned *n)
{
    if (!json_find(text, r->j, "overrides", NULL) || json_tok(r->j) != JSON_ARRAY)
        return false;
    while (json_next(r->j) == JSON_OBJECT) {
        if (*n == LIMIT_PROVIDERS || !read_one(r, &kept[*n]))
            return false;
        ++*n;
    }
    return json_tok(r->j) == JSON_ARRAY_END;
}

enum err px_toggle_parse(struct span text, struct px_toggle_kept kept[LIMIT_PROVIDERS], unsigned *n)
{
    static struct json j;
    char room[4096];
    struct arena a;
    struct reader r = { &j, &a, true };
    bool ok;

    *n = 0;
    arena_init(&a, room, sizeof room, px_heap(), ROOM);
    ok = read_all(&r, text, kept, n);
    arena_fini(&a);
    if (!ok)
        *n = 0;
    return ok ? OK : E_SYNTAX;
}

enum err px_toggle_load(const char *path, struct px_toggle_kept kept[LIMIT_PROVIDERS], unsigned *n,
                        struct diag *why)
{
    struct px_file file;
    enum err e;

    *n = 0;
    e = px_file_read(path, ROOM, &file, why);
    if (e != OK)
        return e == E_NOTFOUND ? OK : e;
    e = px_toggle_parse(file.text, kept, n);
    if (e != OK)
        diag_set(why, "%s is not what a gateway writes", path);
    px_file_close(&file);
    return e;
}
