/* proxy/note.c */
#include "proxy/note.h"

#include <string.h>

#include "proxy/clock.h"
#include "proxy/crypto.h"
#include "routing/base/json.h"

enum { DIGITS = 16, READ_ROOM = 4096 };

static const char *const acts[PX_ACTS_] = { "start", "reload", "apply", "rollback" };

const char *px_act_name(enum px_act a)
{
    return acts[a];
}

void px_revision_put(uint64_t revision, struct buf *out)
{
    buf_fmt(out, "%016llx", (unsigned long long)revision);
}

enum err px_revision_read(struct span text, uint64_t *out)
{
    unsigned char bytes[DIGITS / 2];
    struct buf b = buf_over(bytes, sizeof bytes);

    if (text.n != DIGITS || px_hex_decode(text, &b) != OK || !buf_ok(&b))
        return E_SYNTAX;
    *out = 0;
    for (size_t i = 0; i < sizeof bytes; i++)
        *out = *out << 8 | bytes[i];
    return OK;
}

/* ---- writing ---- */

static void member_revision(struct json_out *o, const char *name, uint64_t revision)
{
    char room[DIGITS + 1];
    struct buf b = BUF_OF(room);

    px_revision_put(revision, &b);
    json_member_z(o, name, revision == 0 ? NULL : buf_z(&b));
}

void px_note_print(const struct px_note *n, struct json_out *o)
{
    char moment[PX_MOMENT];

    json_open(o, '{');
    json_member_i64(o, "schema", 1);
    json_member_z(o, "at", px_moment(n->at_ms, moment));
    json_member_i64(o, "at_ms", n->at_ms);
    json_member_z(o, "act", acts[n->act]);
    json_member_z(o, "by", n->by);
    json_member_z(o, "why", n->why);
    json_member_z(o, "from", n->from);
    json_member_bool(o, "sent", n->sent);
    member_revision(o, "revision", n->revision);
    member_revision(o, "previous", n->previous);
    member_revision(o, "file", n->file);
    json_close(o, '}');
}

/* ---- reading ---- */

static enum err take_text(const struct json *j, struct arena *a, char *out, size_t cap)
{
    struct span s;
    enum err e = json_str(j, a, &s);

    return e != OK ? e : span_copyz(s, out, cap);
}

static enum err take_revision(const struct json *j, uint64_t *out)
{
    *out = 0;
    return json_tok(j) == JSON_NULL ? OK : px_revision_read(json_raw(j), out);
}

static enum err take_act(const struct json *j, enum px_act *out)
{
    for (unsigned i = 0; i < PX_ACTS_; i++) {
        if (json_is(j, acts[i])) {
            *out = (enum px_act)i;
            return OK;
        }
    }
    return E_SYNTAX;
}

static enum err take_member(struct json *j, const char *name, struct arena *a, struct px_note *n)
{
    if (strcmp(name, "at_ms") == 0)
        return json_i64(j, &n->at_ms);
    if (strcmp(name, "act") == 0)
        return take_act(j, &n->act);
    if (strcmp(name, "by") == 0)
        return take_text(j, a, n->by, sizeof n->by);
    if (strcmp(name, "why") == 0)
        return take_text(j, a, n->why, sizeof n->why);
    if (strcmp(name, "from") == 0)
        return take_text(j, a, n->from, sizeof n->from);
    if (strcmp(name, "revision") == 0)
        return take_revision(j, &n->revision);
    if (strcmp(name, "previous") == 0)
        return take_revision(j, &n->previous);
    if (strcmp(name, "file") == 0)
        return take_revision(j, &n->file);
    if (strcmp(name, "sent") == 0)
        n->sent = json_tok(j) == JSON_TRUE;
    return json_skip(j) ? OK : E_SYNTAX;
}

enum err px_note_read(struct span line, struct px_note *out)
{
    struct px_note n = { .act = PX_ACTS_ };
    char room[READ_ROOM], name[32];
    struct arena a;
    struct json j;
    enum err e = OK;

    arena_init(&a, room, sizeof room, NULL, sizeof room);
    json_init(&j, line);
    if (json_next(&j) != JSON_OBJECT)
        e = E_SYNTAX;
    while (e == OK && json_next(&j) == JSON_NAME) {
        if (span_copyz(json_raw(&j), name, sizeof name) != OK)
            name[0] = '\0'; /* longer than any we know */
        (void)json_next(&j);
        e = take_member(&j, name, &a, &n);
    }
    if (e == OK && (json_tok(&j) != JSON_OBJECT_END || json_next(&j) != JSON_DONE ||
                    n.act == PX_ACTS_ || n.at_ms == 0))
        e = E_SYNTAX;
    arena_fini(&a);
    if (e == OK)
        *out = n;
    return e == OK ? OK : E_SYNTAX;
}
