/* proxy/cmd_override.c */
#include "proxy/cmd_override.h"

#include <stdio.h>

#include "proxy/cmd_act.h"
#include "proxy/cmd_doc.h"

enum { CELL = 160 };

static const struct px_table_column columns[] = {
    { "PROVIDER", false, false },
    { "WHAT", false, false },
    { "SINCE (UTC)", false, false },
    { "ENDS", false, false },
    { "NODES", true, false },
    { "WHY", false, true },
    { .head = NULL },
};

static void put_row(struct px_table *t, const json_t *w, int64_t now_ms)
{
    const json_t *toggle = json_object_get(w, "toggle"), *done = json_object_get(w, "confirmed");
    int64_t until = px_doc_number(toggle, "until_ms", 0);
    char room[CELL];
    struct buf b = BUF_OF(room);

    px_table_row(t);
    px_table_cell(t, PX_PLAIN, "%s", px_doc_text(w, "provider"));
    px_doc_put_admin(w, &b);
    px_table_cell(t, px_doc_admin_tone(w), "%s", buf_z(&b));
    buf_clear(&b);
    px_doc_put_moment(px_doc_number(toggle, "set_ms", 0), now_ms, &b);
    px_table_cell(t, PX_PLAIN, "%s", buf_z(&b));
    buf_clear(&b);
    if (until > 0)
        px_doc_put_moment(until, now_ms, &b);
    else
        buf_str(&b, "when resumed");
    px_table_cell(t, PX_PLAIN, "%s", buf_z(&b));
    px_table_cell(t, PX_PLAIN, "%lld/%lld", (long long)px_doc_number(done, "nodes", 0),
                  (long long)px_doc_number(done, "of", 0));
    px_table_cell(t, PX_PLAIN, "%s", px_doc_text(toggle, "reason"));
}

static void print_conflicts(const json_t *doc, int64_t now_ms)
{
    const json_t *conflict;
    size_t i;

    json_array_foreach(json_object_get(doc, "conflicts"), i, conflict)
    {
        const json_t *won = json_object_get(conflict, "won"),
                     *lost = json_object_get(conflict, "lost");
        char room[3 * CELL];
        struct buf b = BUF_OF(room);

        buf_fmt(&b, "! %s: \"", px_doc_text(conflict, "provider"));
        px_doc_put_admin(lost, &b);
        buf_str(&b, "\" of here lost to the newer \"");
        px_doc_put_admin(won, &b);
        buf_str(&b, "\" ");
        px_doc_put_moment(px_doc_number(conflict, "at_ms", 0), now_ms, &b);
        printf("%s\n", buf_z(&b));
    }
}

static void print_list(const json_t *doc)
{
    const json_t *words = json_object_get(doc, "overrides"), *w;
    int64_t now_ms = px_doc_number(doc, "now_ms", 0);
    struct px_table *t = px_table_create(columns);
    struct px_look look;
    size_t i;

    px_look_at(stdout, &look);
    json_array_foreach(words, i, w) put_row(t, w, now_ms);
    if (json_array_size(words) > 0)
        px_table_print(t, &look, stdout);
    else
        printf("no overrides: every provider is left to its breaker\n");
    px_table_destroy(t);
    print_conflicts(doc, now_ms);
    px_doc_warn(doc, &look, now_ms, stdout);
}

static int run_list(const struct px_cli *c)
{
    json_t *doc = NULL;
    int e = px_doc_once(c, "/v1/overrides", &doc);

    if (e == PX_YES && c->json)
        px_doc_print(doc);
    else if (e == PX_YES)
        print_list(doc);
    json_decref(doc);
    return e;
}

const struct px_command px_cmd_override_list = {
    .name = "override list",
    .summary = "what operators have said and still holds",
    .help = "Exit: 0 told (also if there are none), 3 the gateway can not be reached.",
    .option = (const struct px_option[]){ PX_OPTION_ADMIN, { .name = NULL } },
    .json = true,
    .run = run_list,
};

static int run_extend(const struct px_cli *c)
{
    return px_cmd_act(c, "extend", c->operand[0], 0);
}

static int run_clear(const struct px_cli *c)
{
    return px_cmd_act(c, "resume", c->operand[0], 0);
}

const struct px_command px_cmd_override_extend = {
    .name = "override extend",
    .operands = "NAME",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "a new end for what was said about a provider",
    .help = "--for counts from now.\n"
            "Exit: 0 done, 1 nothing was said, 2 usage, 3 unreachable, 4 refused, 5 unconfirmed.",
    .option =
        (const struct px_option[]){
            PX_OPTION_REASON,
            PX_OPTION_FOR,
            { "until-resumed", 0, NULL, "instead of --for: no end" },
            PX_OPTIONS_ACT,
            { .name = NULL },
        },
    .json = true,
    .run = run_extend,
};

const struct px_command px_cmd_override_clear = {
    .name = "override clear",
    .operands = "NAME",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "the same as provider resume",
    .option = (const struct px_option[]){ PX_OPTION_REASON, PX_OPTIONS_ACT, { .name = NULL } },
    .json = true,
    .run = run_clear,
};
