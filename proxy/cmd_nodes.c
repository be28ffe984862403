/* proxy/cmd_nodes.c */
#include "proxy/cmd_nodes.h"

#include <stdio.h>
#include <stdlib.h>

#include "proxy/cmd_doc.h"
#include "proxy/duration.h"

enum { CELL = 64, SKEW_MS = 1000 };

static const struct px_table_column columns[] = {
    { "NODE", false, true },    { "STATE", false, false }, { "POLICY", false, false },
    { "CONFIG", false, false }, { "PAY/S", true, false },  { "UP", true, false },
    { "HEARD", false, false },  { "CLOCK", true, false },  { .head = NULL },
};

static enum px_tone tone_of(const json_t *n)
{
    if (json_is_true(json_object_get(n, "stale")))
        return PX_BAD;
    return json_is_true(json_object_get(n, "in_sync")) ? PX_FINE : PX_UNEASY;
}

static const char *state_of(const json_t *n)
{
    if (json_is_true(json_object_get(n, "stale")))
        return "silent";
    return json_is_true(json_object_get(n, "in_sync")) ? "in sync" : "behind";
}

static void put_ago(struct px_table *t, int64_t ms, int64_t now_ms, const char *after)
{
    char room[CELL];
    struct buf b = BUF_OF(room);

    if (ms > 0)
        px_duration_put(now_ms - ms, &b);
    px_table_cell(t, PX_PLAIN, "%s%s", buf_z(&b), ms > 0 ? after : "");
}

static void put_row(struct px_table *t, const json_t *n, const struct px_look *look, int64_t now_ms)
{
    int64_t skew = px_doc_number(n, "skew_ms", 0);
    bool self = json_is_true(json_object_get(n, "self"));
    char room[CELL];
    struct buf b = BUF_OF(room);

    px_table_row(t);
    px_table_cell(t, PX_PLAIN, "%s%s", px_doc_text(n, "name"), self ? " (this one)" : "");
    px_table_cell(t, tone_of(n), "%s %s", px_look_sign(look, tone_of(n)), state_of(n));
    px_table_cell(t, PX_PLAIN, "%.7s", px_doc_text(n, "policy"));
    px_table_cell(t, PX_PLAIN, "%.7s", px_doc_text(n, "config"));
    px_doc_put_rate(px_doc_number(n, "pay_milli_s", -1), &b);
    px_table_cell(t, PX_PLAIN, "%s", buf_z(&b));
    put_ago(t, px_doc_number(n, "started_ms", 0), now_ms, "");
    put_ago(t, self ? 0 : px_doc_number(n, "heard_ms", 0), now_ms, " ago");
    if (llabs(skew) >= SKEW_MS)
        px_table_cell(t, PX_UNEASY, "%+lld.%llds", (long long)skew / 1000,
                      (long long)llabs(skew) % 1000 / 100);
    else
        px_table_cell(t, PX_PLAIN, "%s", self ? "" : "ok");
}

static void print_nodes(const json_t *doc)
{
    struct px_table *t = px_table_create(columns);
    int64_t now_ms = px_doc_number(doc, "now_ms", 0);
    struct px_look look;
    const json_t *n;
    size_t i;

    px_look_at(stdout, &look);
    json_array_foreach(json_object_get(doc, "nodes"), i, n) put_row(t, n, &look, now_ms);
    px_table_print(t, &look, stdout);
    px_table_destroy(t);
    px_doc_warn(doc, &look, now_ms, stdout);
}

/* Every node heard, and all of one mind? */
static bool in_sync(const json_t *doc)
{
    const json_t *n;
    size_t i;

    json_array_foreach(json_object_get(doc, "nodes"), i, n)
    {
        if (tone_of(n) != PX_FINE)
            return false;
    }
    return true;
}

static int run_nodes(const struct px_cli *c)
{
    json_t *doc = NULL;
    int e = px_doc_once(c, "/v1/nodes", &doc);

    if (e == PX_YES && c->json)
        px_doc_print(doc);
    else if (e == PX_YES)
        print_nodes(doc);
    if (e == PX_YES && !in_sync(doc))
        e = PX_NO;
    json_decref(doc);
    return e;
}

const struct px_command px_cmd_nodes = {
    .name = "nodes",
    .summary = "the gateways of the fleet, and whether they agree",
    .help = "Exit: 0 all are in sync, 1 one is behind or silent, 3 the gateway can not be "
            "reached.",
    .option = (const struct px_option[]){ PX_OPTION_ADMIN, { .name = NULL } },
    .json = true,
    .run = run_nodes,
};
