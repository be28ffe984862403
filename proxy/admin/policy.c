/* proxy/admin/policy.c -- the policy in force, its history, and another one in its place. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/admin/admin.h"
#include "proxy/clock.h"
#include "proxy/crypto.h"
#include "proxy/drafts.h"
#include "proxy/rollout.h"
#include "routing/base/check.h"
#include "routing/base/json.h"

enum {
    SCHEMA = 1,
    HISTORY_USUAL = 50,
    HISTORY_MOST = 200,
    PIECE = 96 * 1024, /* of a text, in one answer */
    REASON_MOST = 200,
    NAMES = 1 << 20,
};

static struct px_rollout *rollout(const struct px_admin *a)
{
    return px_admin_terms(a)->rollout;
}

/* ---- looking ---- */

static int run_show(struct px_admin *a, struct px_admin_call *c, struct buf *out)
{
    struct json_out o = json_to(out);

    (void)c;
    px_rollout_print(rollout(a), &o);
    return 200;
}

static int run_history(struct px_admin *a, struct px_admin_call *c, struct buf *out)
{
    const struct px_revisions *store = px_rollout_revisions(rollout(a));
    struct span most = px_admin_query(c, "n");
    uint64_t n = HISTORY_USUAL;
    const struct px_note *note;
    struct json_out o = json_to(out);

    if (most.n > 0 && (span_u64(most, &n) != OK || n == 0 || n > HISTORY_MOST)) {
        (void)px_admin_trouble(c, PX_TROUBLE_FIELD, "n is 1 to %d", HISTORY_MOST);
        return px_admin_field(c, "n");
    }
    json_open(&o, '{');
    json_member_i64(&o, "schema", SCHEMA);
    json_name(&o, "acts");
    json_open(&o, '[');
    for (unsigned i = 0; i < n && (note = px_revisions_nth(store, i)) != NULL; i++) {
        json_open(&o, '{');
        json_member_bool(&o, "kept", px_revisions_has(store, note->revision));
        json_name(&o, "note");
        px_note_print(note, &o);
        json_close(&o, '}');
    }
    json_close(&o, ']');
    json_close(&o, '}');
    return 200;
}

/* The revision of the path: its first digits, or `active`. */
static bool which(struct px_admin *a, struct px_admin_call *c, uint64_t *out)
{
    struct px_rollout_facts f;
    struct diag why = { 0 };

    px_rollout_facts(rollout(a), &f);
    *out = f.revision;
    if (span_is(c->arg[0], "active") ||
        px_revisions_find(px_rollout_revisions(rollout(a)), c->arg[0], out, &why) == OK)
        return true;
    (void)px_admin_trouble(c, PX_TROUBLE_NOTHING, "%s", why.text);
    return false;
}

struct texts {
    struct px_file file;
    struct px_bundle *bundle;
    struct arena arena;
};

static void texts_close(struct texts *t)
{
    px_file_close(&t->file);
    arena_fini(&t->arena);
    free(t->bundle);
}

static bool texts_open(struct px_admin *a, struct px_admin_call *c, uint64_t revision,
                       struct texts *t)
{
    struct diag why = { 0 };

    *t = (struct texts){ .bundle = malloc(sizeof *t->bundle) };
    CHECK(t->bundle != NULL);
    arena_init(&t->arena, NULL, 0, px_heap(), NAMES);
    if (px_revisions_get(px_rollout_revisions(rollout(a)), revision, &t->arena, &t->file, t->bundle,
                         &why) == OK)
        return true;
    texts_close(t);
    (void)px_admin_trouble(c, PX_TROUBLE_NOTHING, "%s", why.text);
    return false;
}

static void put_revision(struct json_out *o, uint64_t revision)
{
    char room[17];
    struct buf b = BUF_OF(room);

    px_revision_put(revision, &b);
    json_member_z(o, "revision", buf_z(&b));
}

static int run_revision(struct px_admin *a, struct px_admin_call *c, struct buf *out)
{
    struct json_out o = json_to(out);
    struct texts t;
    uint64_t revision;

    if (!which(a, c, &revision) || !texts_open(a, c, revision, &t))
        return px_trouble_status(c->why.code);
    json_open(&o, '{');
    json_member_i64(&o, "schema", SCHEMA);
    put_revision(&o, revision);
    json_name(&o, "texts");
    json_open(&o, '[');
    for (unsigned i = 0; i < t.bundle->texts; i++) {
        json_open(&o, '{');
        json_member_z(&o, "name", t.bundle->text[i].name);
        json_member_i64(&o, "changed_s", t.bundle->text[i].changed_s);
        json_member_i64(&o, "bytes", (int64_t)t.bundle->text[i].text.n);
        json_close(&o, '}');
    }
    json_close(&o, ']');
    json_close(&o, '}');
    texts_close(&t);
    return 200;
}

static int put_piece(struct px_admin_call *c, struct span text, uint64_t from, struct buf *out)
{
    struct span piece = span_take(span_drop(text, from), PIECE);
    struct buf data = arena_buf(c->arena, piece.n / 3 * 4 + 8);
    struct json_out o = json_to(out);

    px_base64(piece, &data);
    json_open(&o, '{');
    json_member_i64(&o, "schema", SCHEMA);
    json_member_i64(&o, "bytes", (int64_t)text.n);
    json_member_i64(&o, "from", (int64_t)from);
    json_member_i64(&o, "next", (int64_t)(from + piece.n));
    json_member_str(&o, "data", buf_span(&data));
    json_close(&o, '}');
    return 200;
}

/* One text from a byte on, in base64: any bytes can be in it. */
static int run_text(struct px_admin *a, struct px_admin_call *c, struct buf *out)
{
    struct span where = px_admin_query(c, "from");
    uint64_t revision, i, from = 0;
    struct texts t;
    int status;

    if (where.n > 0 && span_u64(where, &from) != OK) {
        (void)px_admin_trouble(c, PX_TROUBLE_FIELD, "from is a number of bytes");
        return px_admin_field(c, "from");
    }
    if (!which(a, c, &revision) || !texts_open(a, c, revision, &t))
        return px_trouble_status(c->why.code);
    if (span_u64(c->arg[1], &i) != OK || i >= t.bundle->texts || from > t.bundle->text[i].text.n)
        status = px_admin_trouble(c, PX_TROUBLE_NOTHING, "it has %u texts", t.bundle->texts);
    else
        status = put_piece(c, t.bundle->text[i].text, from, out);
    texts_close(&t);
    return status;
}

/* ---- what is asked for ---- */

struct asked {
    struct span draft, data, reason, expect, revision, from;
    int64_t at;
    bool dry_run, force;
};

struct field {
    const char *name;
    size_t offset;
    enum { TEXT, NUMBER, TRUTH } kind;
};

static const struct field fields[] = {
    { "draft", offsetof(struct asked, draft), TEXT },
    { "data", offsetof(struct asked, data), TEXT },
    { "reason", offsetof(struct asked, reason), TEXT },
    { "expect", offsetof(struct asked, expect), TEXT },
    { "revision", offsetof(struct asked, revision), TEXT },
    { "from", offsetof(struct asked, from), TEXT },
    { "at", offsetof(struct asked, at), NUMBER },
    { "dry_run", offsetof(struct asked, dry_run), TRUTH },
    { "force", offsetof(struct asked, force), TRUTH },
};

static bool take_value(struct px_admin_call *c, const struct json *j, const struct field *f,
                       struct asked *out)
{
    void *at = (char *)out + f->offset;

    switch (f->kind) {
    case TEXT: return json_tok(j) == JSON_STRING && json_str(j, c->arena, at) == OK;
    case NUMBER: return json_tok(j) == JSON_NUMBER && json_i64(j, at) == OK && out->at >= 0;
    case TRUTH:
        *(bool *)at = json_tok(j) == JSON_TRUE;
        return json_tok(j) == JSON_TRUE || json_tok(j) == JSON_FALSE;
    }
    return false;
}

static int wrong_field(struct px_admin_call *c, const char *name, const char *what)
{
    (void)px_admin_trouble(c, PX_TROUBLE_FIELD, "\"%.60s\" %s", name, what);
    return px_admin_field(c, name);
}

static bool take_member(struct px_admin_call *c, struct json *j, struct asked *out)
{
    char name[96] = "";

    if (span_copyz(json_raw(j), name, sizeof name) != OK)
        name[0] = '\0';
    for (unsigned i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (strcmp(fields[i].name, name) != 0)
            continue;
        (void)json_next(j);
        if (json_tok(j) == JSON_NULL || take_value(c, j, &fields[i], out))
            return true;
        (void)wrong_field(c, name, "has a value of the wrong kind");
        return false;
    }
    (void)wrong_field(c, name, "is no field of this");
    return false;
}

static bool take_body(struct px_admin_call *c, struct asked *out)
{
    struct json *j = arena_alloc(c->arena, sizeof *j);

    memset(out, 0, sizeof *out);
    if (j == NULL) {
        (void)px_admin_trouble(c, PX_TROUBLE_BUSY, NULL);
        return false;
    }
    json_init(j, c->body);
    if (json_next(j) == JSON_OBJECT) {
        while (json_next(j) == JSON_NAME) {
            if (!take_member(c, j, out))
                return false;
        }
        if (json_tok(j) == JSON_OBJECT_END && json_next(j) == JSON_DONE)
            return true;
    }
    (void)px_admin_trouble(c, PX_TROUBLE_MALFORMED, "%s",
                           json_why(j) == OK ? "an object is wanted" : json_what(j));
    return false;
}

static bool has_reason(struct px_admin_call *c, const struct asked *q)
{
    bool good = q->reason.n <= REASON_MOST && (q->reason.n > 0 || q->dry_run);

    for (size_t i = 0; i < q->reason.n; i++)
        good = good && (unsigned char)q->reason.p[i] >= ' ';
    if (!good) {
        (void)px_admin_trouble(c, PX_TROUBLE_FIELD,
                               "say why, in one line of at most %d bytes: the history and the "
                               "audit log hold it",
                               REASON_MOST);
        (void)px_admin_field(c, "reason");
    }
    return good;
}

/* ---- drafts ---- */

static int run_draft(struct px_admin *a, struct px_admin_call *c, struct buf *out)
{
    struct json_out o = json_to(out);
    char id[PX_DRAFT_ID];
    struct asked q;
    struct buf bytes;
    size_t have;
    enum err e;

    if (!take_body(c, &q))
        return px_trouble_status(c->why.code);
    bytes = arena_buf(c->arena, q.data.n + 4);
    if (px_base64_decode(q.data, &bytes) != OK || !buf_ok(&bytes))
        return wrong_field(c, "data", "is base64");
    e = px_drafts_put(px_rollout_drafts(rollout(a)), c->actor, c->now_ms, q.draft, (size_t)q.at,
                      buf_span(&bytes), id, &have);
    if (e == E_NOTFOUND)
        return px_admin_trouble(c, PX_TROUBLE_NOTHING, "you have no such draft (any more)");
    if (e == E_CONFLICT)
        return wrong_field(c, "at", "is not where the draft ends");
    if (e != OK)
        return px_admin_trouble(c, PX_TROUBLE_BUSY,
                                "a draft is at most %d MiB, and %d may be under way",
                                PX_DRAFT_BYTES >> 20, PX_DRAFTS);
    json_open(&o, '{');
    json_member_i64(&o, "schema", SCHEMA);
    json_member_z(&o, "draft", id);
    json_member_i64(&o, "bytes", (int64_t)have);
    json_close(&o, '}');
    return 200;
}

/* ---- acts ---- */

struct act {
    struct px_admin *admin;
    struct px_admin_call *call;
    const char *what;
    const struct asked *asked;
};

static struct span details_of(const struct px_rolled *d, const struct asked *q, struct buf *b)
{
    struct json_out o = json_to(b);
    char word[17];
    struct buf previous = BUF_OF(word);

    px_revision_put(d->previous, &previous);
    json_open(&o, '{');
    json_member_z(&o, "previous", buf_z(&previous));
    if (q->from.n > 0)
        json_member_str(&o, "from", span_take(q->from, 200));
    if (q->force)
        json_member_bool(&o, "force", true);
    json_close(&o, '}');
    return buf_ok(b) ? buf_span(b) : SPAN_NONE;
}

static const char *text_of(struct px_admin_call *c, struct span s)
{
    const char *z = arena_str(c->arena, s);

    return z == NULL ? "" : z;
}

static bool about_to(void *ctx, const struct px_rolled *d)
{
    struct act *x = ctx;
    char room[2048], word[17];
    struct buf details = BUF_OF(room), revision = BUF_OF(word);

    px_revision_put(d->revision, &revision);
    return px_admin_audit(x->admin, x->call, x->what, buf_z(&revision),
                          text_of(x->call, x->asked->reason), details_of(d, x->asked, &details));
}

static int status_of(enum px_rolled_end e)
{
    switch (e) {
    case PX_ROLLED_DONE:
    case PX_ROLLED_SAME:
    case PX_ROLLED_TRIED: return 200;
    case PX_ROLLED_BROKEN:
    case PX_ROLLED_UNPROVEN: return px_trouble_status(PX_TROUBLE_FINDINGS);
    case PX_ROLLED_STALE: return px_trouble_status(PX_TROUBLE_STALE);
    case PX_ROLLED_UNKNOWN: return px_trouble_status(PX_TROUBLE_NOTHING);
    case PX_ROLLED_UNKEPT: return px_trouble_status(PX_TROUBLE_STATE);
    case PX_ROLLED_ENDS_: break;
    }
    return 500;
}

/* What an act came to is told whole, also when it came to nothing: findings are the answer. */
static int tell(struct act *x, struct px_rolled *d, struct buf *out)
{
    struct json_out o = json_to(out);
    int status = status_of(d->end);
    enum err e;

    if (x->call->why.code != PX_TROUBLE_NONE) { /* the audit log */
        status = px_trouble_status(x->call->why.code);
    } else {
        if (status != 200)
            px_admin_audit_note(x->admin, x->call, x->what, NULL, "refused",
                                d->why[0] != '\0' ? d->why : "it does not compile");
        e = px_rolled_print(d, false, &o);
        if (e == OK && !buf_ok(out)) { /* a hundred long findings */
            buf_clear(out);
            o = json_to(out);
            e = px_rolled_print(d, true, &o);
        }
        if (e != OK)
            status = px_admin_trouble(x->call, PX_TROUBLE_BUSY, NULL);
    }
    px_rolled_fini(d);
    return status;
}

static struct px_wish wish_of(struct act *x)
{
    const struct asked *q = x->asked;

    return (struct px_wish){ .expect = q->expect,
                             .revision = q->revision,
                             .by = x->call->actor,
                             .why = text_of(x->call, q->reason),
                             .from = q->from.n == 0 ? NULL : text_of(x->call, q->from),
                             .dry_run = q->dry_run,
                             .about_to = about_to,
                             .ctx = x,
                             .force = q->force };
}

static int apply(struct act *x, const struct px_bundle *bundle, struct buf *out)
{
    struct px_rolled *d = arena_alloc(x->call->arena, sizeof *d);
    struct px_wish w = wish_of(x);

    if (d == NULL)
        return px_admin_trouble(x->call, PX_TROUBLE_BUSY, NULL);
    w.bundle = bundle;
    px_rollout_apply(rollout(x->admin), &w, d);
    return tell(x, d, out);
}

static int apply_draft(struct act *x, struct buf *out)
{
    struct px_admin_call *c = x->call;
    struct px_drafts *drafts = px_rollout_drafts(rollout(x->admin));
    struct span bytes = px_drafts_get(drafts, c->actor, c->now_ms, x->asked->draft);
    struct px_bundle *bundle = malloc(sizeof *bundle);
    struct diag why = { 0 };
    struct arena names;
    int status;

    CHECK(bundle != NULL);
    arena_init(&names, NULL, 0, px_heap(), NAMES);
    if (bytes.n == 0)
        status = px_admin_trouble(c, PX_TROUBLE_NOTHING, "you have no such draft (any more)");
    else if (px_bundle_read(bytes, &names, bundle, &why) != OK)
        status = px_admin_trouble(c, PX_TROUBLE_MALFORMED, "the draft: %s", why.text);
    else
        status = apply(x, bundle, out);
    px_drafts_drop(drafts, c->actor, x->asked->draft);
    arena_fini(&names);
    free(bundle);
    return status;
}

static int run_apply(struct px_admin *a, struct px_admin_call *c, struct buf *out)
{
    struct asked q;
    struct act x = { a, c, "policy.apply", &q };

    if (!take_body(c, &q) || !has_reason(c, &q))
        return px_trouble_status(c->why.code);
    return q.draft.n > 0 ? apply_draft(&x, out) : apply(&x, NULL, out);
}

static int run_rollback(struct px_admin *a, struct px_admin_call *c, struct buf *out)
{
    struct px_rolled *d = arena_alloc(c->arena, sizeof *d);
    struct asked q;
    struct act x = { a, c, "policy.rollback", &q };
    struct px_wish w;

    if (!take_body(c, &q) || !has_reason(c, &q))
        return px_trouble_status(c->why.code);
    if (d == NULL)
        return px_admin_trouble(c, PX_TROUBLE_BUSY, NULL);
    w = wish_of(&x);
    px_rollout_rollback(rollout(a), &w, d);
    return tell(&x, d, out);
}

const struct px_admin_route px_admin_policy_routes[] = {
    { "GET", "/v1/policy", PX_ROLE_VIEWER, run_show },
    { "GET", "/v1/policy/history", PX_ROLE_VIEWER, run_history },
    { "GET", "/v1/policy/revisions/{revision}", PX_ROLE_VIEWER, run_revision },
    { "GET", "/v1/policy/revisions/{revision}/texts/{i}", PX_ROLE_VIEWER, run_text },
    { "POST", "/v1/policy/apply", PX_ROLE_POLICY_EDITOR, run_apply },
    { "POST", "/v1/policy/drafts", PX_ROLE_POLICY_EDITOR, run_draft },
    { "POST", "/v1/policy/rollback", PX_ROLE_POLICY_EDITOR, run_rollback },
    { .run = NULL },
};
