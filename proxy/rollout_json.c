/* proxy/rollout_json.c -- what an act came to, and what is in force, for programs. */
#include <stdio.h>
#include <stdlib.h>

#include "proxy/clock.h"
#include "proxy/report.h"
#include "proxy/rollout_inside.h"
#include "routing/base/json.h"

enum { CLASSES_SHOWN = 20 };

static void member_revision(struct json_out *o, const char *name, uint64_t revision)
{
    char room[17];
    struct buf b = BUF_OF(room);

    px_revision_put(revision, &b);
    json_member_z(o, name, revision == 0 ? NULL : buf_z(&b));
}

static void member_moment(struct json_out *o, const char *name, int64_t unix_ms)
{
    char moment[PX_MOMENT];

    json_member_z(o, name, unix_ms == 0 ? NULL : px_moment(unix_ms, moment));
}

/* ---- an act ---- */

static void put_expects(const struct px_judged *j, struct json_out *o)
{
    json_name(o, "expects");
    json_open(o, '{');
    json_member_i64(o, "passed", j->passed);
    json_member_i64(o, "failed", j->failed);
    json_name(o, "failures");
    json_open(o, '[');
    for (unsigned i = 0; i < j->failed && i < PX_JUDGED_FAILS; i++) {
        json_open(o, '{');
        json_member_z(o, "name", j->fail[i].name);
        json_member_z(o, "file", j->fail[i].file);
        json_member_i64(o, "line", j->fail[i].line);
        json_member_z(o, "why", j->fail[i].why);
        json_close(o, '}');
    }
    json_close(o, ']');
    json_close(o, '}');
}

static void put_diff(const struct pol_diff *d, struct json_out *o)
{
    json_name(o, "diff");
    if (d == NULL) {
        json_put_null(o);
        return;
    }
    json_open(o, '{');
    json_member_i64(o, "payments_tried", d->tried);
    json_member_i64(o, "payments_changed", d->differ);
    json_member_i64(o, "classes", d->classes);
    json_member_bool(o, "more", d->more);
    json_name(o, "samples");
    json_open(o, '[');
    for (unsigned i = 0; i < d->classes && i < CLASSES_SHOWN; i++) {
        json_open(o, '{');
        json_member_z(o, "payment", d->cls[i].payment);
        json_member_z(o, "from_route", d->cls[i].route_a);
        json_member_z(o, "from_rule", d->cls[i].rule_a);
        json_member_z(o, "to_route", d->cls[i].route_b);
        json_member_z(o, "to_rule", d->cls[i].rule_b);
        json_close(o, '}');
    }
    json_close(o, ']');
    json_close(o, '}');
}

/* What a printer writes to a stream, in memory; false without memory. */
static bool print_to(struct px_report *report, void (*print)(struct px_report *, FILE *),
                     char **text, size_t *n)
{
    FILE *to = open_memstream(text, n);

    if (to == NULL)
        return false;
    print(report, to);
    return fclose(to) == 0;
}

static void print_plain(struct px_report *report, FILE *to)
{
    px_report_print(report, to, false);
}

static enum err put_report(struct px_report *report, bool brief, struct json_out *o)
{
    char *json = NULL, *plain = NULL;
    size_t json_n = 0, plain_n = 0;
    bool ok = print_to(report, px_report_print_json, &json, &json_n) &&
              print_to(report, print_plain, &plain, &plain_n);

    if (ok) {
        json_name(o, "report");
        json_put_raw(o, span_trim((struct span){ json, json_n - 1 })); /* without its line end */
        json_member_str(o, "text", (struct span){ plain, brief ? 0 : plain_n });
    }
    free(json);
    free(plain);
    return ok ? OK : E_NOMEM;
}

/* As every refusal of the API has it. */
static void put_error(const struct px_rolled *d, struct json_out *o)
{
    json_name(o, "error");
    json_open(o, '{');
    json_member_z(o, "code", px_rolled_name(d->end));
    json_member_z(o, "message", d->why[0] == '\0' ? "it does not compile" : d->why);
    json_close(o, '}');
}

enum err px_rolled_print(const struct px_rolled *d, bool brief, struct json_out *o)
{
    enum err e;

    json_open(o, '{');
    json_member_i64(o, "schema", 1);
    json_member_z(o, "result", px_rolled_name(d->end));
    json_member_z(o, "why", d->why[0] == '\0' ? NULL : d->why);
    member_revision(o, "revision", d->revision);
    member_revision(o, "previous", d->previous);
    json_member_i64(o, "took_us", d->took_us);
    if (d->end > PX_ROLLED_TRIED)
        put_error(d, o);
    e = put_report(d->report, brief, o);
    if (d->judged_it) {
        put_expects(&d->judged, o);
        put_diff(d->judged.diff, o);
    }
    json_close(o, '}');
    return e;
}

/* ---- what is in force ---- */

void px_rollout_print(const struct px_rollout *r, struct json_out *o)
{
    struct px_rollout_facts f;

    px_rollout_facts(r, &f);
    json_open(o, '{');
    json_member_i64(o, "schema", 1);
    member_revision(o, "revision", f.revision);
    json_member_z(o, "name", f.name);
    member_moment(o, "since", f.note->at_ms);
    json_member_z(o, "act", px_act_name(f.note->act));
    json_member_z(o, "by", f.note->by);
    json_member_z(o, "why", f.note->why);
    json_member_z(o, "from", f.note->from);
    member_revision(o, "previous", f.note->previous);
    json_member_z(o, "configured", px_rollout_path(r));
    json_member_bool(o, "differs", f.differs);
    json_member_i64(o, "reloads", f.reloads);
    json_member_i64(o, "reloads_refused", f.refused);
    json_member_z(o, "last_error", f.last_error);
    member_moment(o, "last_error_at", f.last_error_ms);
    json_member_z(o, "not_kept", f.unkept);
    json_close(o, '}');
}
