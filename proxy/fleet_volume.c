/* proxy/fleet_volume.c -- how far commitments have come: our part, kept on disk, and the others'.
 *
 * Each node says its own part of each commitment and period to Redis as a whole number, so saying
 * it twice changes nothing, and a Redis that was emptied is told again. The sum over the nodes is
 * what policies see; while Redis is away, what the others said last still counts. */
#include <string.h>

#include "policies/program.h"
#include "proxy/config.h"
#include "proxy/file.h"
#include "proxy/fleet_inside.h"
#include "proxy/log.h"
#include "proxy/snapshot.h"
#include "routing/base/json.h"

enum {
    SAY_MS = 1000,
    KEEP_MS = 5000,
    KEPT_S = 40 * 24 * 3600, /* in Redis: longer than the longest period */
    FILE_MAX = 64 * 1024,
};

static const char volumes[] = "volumes.json";

static const struct pol_program *program_of(const struct px_fleet *f)
{
    return f->snapshot == NULL ? NULL : f->snapshot->policy.program;
}

/* ---- the running period ---- */

static int64_t began(const struct px_fleet *f, const struct pol_commit_info *i, int64_t now_s)
{
    struct pol_facts facts;
    int64_t offset = 0;

    pol_facts_init(&facts);
    facts.now_s = now_s;
    px_policy_clock(&f->snapshot->policy, &facts);
    if (i->zone >= 0 && facts.zone_offset_s[i->zone] != POL_NO_ZONE)
        offset = facts.zone_offset_s[i->zone];
    return pol_period_began(i->period, now_s + offset);
}

static void name_commit(struct px_fleet_commit *c, const char *name)
{
    struct buf b = BUF_OF(c->name);

    for (const char *p = name; *p != '\0' && b.n < sizeof c->name - 24; p++)
        buf_byte(&b, *p == ' ' || (unsigned char)*p < ' ' ? '_' : *p);
    buf_fmt(&b, "@%lld", (long long)c->period_s);
    (void)buf_z(&b);
}

/* A reading that is under way will still come to this place. */
static void anew(struct px_fleet *f, struct px_fleet_commit *c)
{
    *c = (struct px_fleet_commit){ .fleet = f, .reading = c->reading, .ignore = c->reading };
}

/* A new period begins with nothing. */
static void roll(struct px_fleet *f, unsigned i, int64_t now_s)
{
    struct px_fleet_commit *c = &f->commit[i];
    struct pol_commit_info info = pol_program_commit(program_of(f), i);
    int64_t period_s = began(f, &info, now_s);

    if (c->name[0] != '\0' && c->period_s == period_s)
        return;
    anew(f, c);
    c->period_s = period_s;
    name_commit(c, info.name);
    f->volumes_moved = true;
}

/* ---- in and out ---- */

static int64_t plus(int64_t a, int64_t b)
{
    int64_t sum;

    return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

void px_fleet_volume_take(struct px_fleet *f, const struct px_tally *t)
{
    if (t->volumes_of == 0 || t->volumes_of != f->volumes_of)
        return; /* of the policy before: at most a tick's worth */
    for (unsigned i = 0; i < f->commits; i++) {
        const struct px_tally_volume *v = &t->volume[i];

        if (v->minor == 0 && v->payments == 0)
            continue;
        f->commit[i].minor = plus(f->commit[i].minor, v->minor > 0 ? v->minor : 0);
        f->commit[i].payments = plus(f->commit[i].payments, v->payments > 0 ? v->payments : 0);
        f->commit[i].said = false;
        f->volumes_moved = true;
    }
}

/* More of ours than was on our disk: it was said after the disk was last written. */
static void take_ours(struct px_fleet_commit *c, const struct px_live_part *part)
{
    c->found = true;
    if (c->checked)
        return;
    if (part->a > c->loaded_minor)
        c->minor = plus(c->minor, part->a - c->loaded_minor);
    if (part->b > c->loaded_payments)
        c->payments = plus(c->payments, part->b - c->loaded_payments);
}

static void whole(struct px_fleet_commit *c)
{
    if (!c->checked || c->others_minor != c->reading_minor ||
        c->others_payments != c->reading_payments) {
        c->fleet->volumes_moved = true;
        px_fleet_stale(c->fleet);
    }
    c->others_minor = c->reading_minor;
    c->others_payments = c->reading_payments;
    c->checked = true;
    c->said &= c->found; /* Redis was emptied */
}

static void on_part(void *ctx, const struct px_live_part *part)
{
    struct px_fleet_commit *c = ctx;
    bool over = part == NULL || part->node.n == 0;

    c->reading &= !over;
    if (c->ignore || part == NULL) {
        c->ignore &= !over;
        return;
    }
    if (over) {
        whole(c);
    } else if (part->ours) {
        take_ours(c, part);
    } else {
        c->reading_minor = plus(c->reading_minor, part->a);
        c->reading_payments = plus(c->reading_payments, part->b);
    }
}

static void exchange(struct px_fleet *f)
{
    for (unsigned i = 0; i < f->commits; i++) {
        struct px_fleet_commit *c = &f->commit[i];

        if (c->checked && !c->said)
            c->said = px_live_sum_say(f->live, c->name, c->minor, c->payments, KEPT_S);
        if (c->reading)
            continue;
        c->reading_minor = c->reading_payments = 0;
        c->found = c->ignore = false;
        c->reading = px_live_sum_read(f->live, c->name, on_part, c);
    }
}

/* ---- on disk ---- */

void px_fleet_volume_keep(struct px_fleet *f)
{
    static char room[FILE_MAX];
    struct buf b = BUF_OF(room);
    struct json_out o = json_to(&b);
    char path[PX_STATE_PATH];
    struct diag why = { 0 };

    if (f->commits == 0 || !px_fleet_path(f, volumes, path))
        return;
    json_open(&o, '{');
    json_member_i64(&o, "version", 1);
    json_name(&o, "commitments");
    json_open(&o, '[');
    for (unsigned i = 0; i < f->commits; i++) {
        json_open(&o, '{');
        json_member_z(&o, "name", f->commit[i].name);
        json_member_i64(&o, "minor", f->commit[i].minor);
        json_member_i64(&o, "payments", f->commit[i].payments);
        json_close(&o, '}');
    }
    json_close(&o, ']');
    json_close(&o, '}');
    buf_byte(&b, '\n');
    if (buf_ok(&b) && px_file_replace(path, buf_span(&b), 0640, &why) != OK)
        LOG(ERROR, "volumes.not_kept", F("why", (const char *)why.text));
}

static struct px_fleet_commit *find(struct px_fleet *f, struct span name)
{
    for (unsigned i = 0; i < f->commits; i++)
        if (span_is(name, f->commit[i].name))
            return &f->commit[i];
    return NULL;
}

/* After JSON_OBJECT: name, minor, payments, as we wrote them. */
static bool load_one(struct px_fleet *f, struct json *j)
{
    struct px_fleet_commit *c = NULL;
    int64_t minor = -1, payments = -1;

    while (json_next(j) == JSON_NAME) {
        bool name = json_is(j, "name"), m = json_is(j, "minor"), p = json_is(j, "payments");

        (void)json_next(j);
        if (name)
            c = find(f, json_raw(j));
        else if ((m && json_i64(j, &minor) != OK) || (p && json_i64(j, &payments) != OK))
            return false;
    }
    if (c != NULL && minor >= 0 && payments >= 0) {
        c->minor = c->loaded_minor = minor;
        c->payments = c->loaded_payments = payments;
    }
    return json_tok(j) == JSON_OBJECT_END;
}

void px_fleet_volume_load(struct px_fleet *f)
{
    static struct json j;
    char path[PX_STATE_PATH];
    struct diag why = { 0 };
    struct px_file file;
    bool ok;

    if (f->commits == 0 || !px_fleet_path(f, volumes, path) ||
        px_file_read(path, FILE_MAX, &file, &why) != OK)
        return;
    ok = json_find(file.text, &j, "commitments", NULL) && json_tok(&j) == JSON_ARRAY;
    while (ok && json_next(&j) == JSON_OBJECT)
        ok = load_one(f, &j);
    if (!ok)
        LOG(ERROR, "volumes.lost", F("file", (const char *)path));
    px_file_close(&file);
}

/* ---- the policy in force ---- */

/* A commitment that the policy before had too goes on. */
void px_fleet_volume_begin(struct px_fleet *f)
{
    static struct px_fleet_commit before[POL_COMMITS_MAX];
    const struct pol_program *program = program_of(f);
    unsigned were = f->commits;

    memcpy(before, f->commit, sizeof before);
    f->commits = program == NULL ? 0 : pol_program_commits(program);
    f->volumes_of = f->commits == 0 ? 0 : pol_program_revision(program);
    f->volumes_moved = true;
    for (unsigned i = 0; i < f->commits; i++) {
        struct px_fleet_commit *c = &f->commit[i];

        anew(f, c);
        roll(f, i, px_fleet_now() / 1000);
        for (unsigned k = 0; k < were; k++) {
            if (strcmp(before[k].name, c->name) != 0)
                continue;
            c->minor = before[k].minor;
            c->payments = before[k].payments;
            c->others_minor = before[k].others_minor;
            c->others_payments = before[k].others_payments;
            c->checked = before[k].checked;
        }
    }
}

void px_fleet_volume(const struct px_fleet *f, unsigned commit, int64_t *minor, int64_t *payments)
{
    bool known = commit < f->commits;

    *minor = known ? plus(f->commit[commit].minor, f->commit[commit].others_minor) : -1;
    *payments = known ? plus(f->commit[commit].payments, f->commit[commit].others_payments) : -1;
}

void px_fleet_volume_tick(struct px_fleet *f, int64_t now_ms)
{
    if (f->commits == 0 || now_ms - f->volumes_ms < SAY_MS)
        return;
    f->volumes_ms = now_ms;
    for (unsigned i = 0; i < f->commits; i++)
        roll(f, i, now_ms / 1000);
    if (f->live != NULL && px_live_up(f->live))
        exchange(f);
    if (!f->volumes_moved)
        return;
    px_fleet_stale(f);
    if (now_ms - f->kept_ms < KEEP_MS)
        return;
    f->kept_ms = now_ms;
    f->volumes_moved = false;
    px_fleet_volume_keep(f);
}
