/* proxy/cmd_policy_history.c -- policy history: what was in force, since when, by whom and why. */
#include <stdio.h>
#include <stdlib.h>

#include "proxy/cmd_policy_live.h"
#include "proxy/table.h"
#include "routing/base/check.h"

static void print(const json_t *acts)
{
    static const struct px_table_column columns[] = {
        { .head = "WHEN" },
        { .head = "ACT" },
        { .head = "REVISION" },
        { .head = "BY" },
        { .head = "FROM", .cut = true },
        { .head = "WHY", .cut = true },
        { .head = NULL },
    };
    struct px_table *t = px_table_create(columns);
    struct px_look look;
    const json_t *act;
    size_t i;

    px_look_at(stdout, &look);
    json_array_foreach(acts, i, act)
    {
        const json_t *n = json_object_get(act, "note");
        bool kept = json_is_true(json_object_get(act, "kept"));

        px_table_row(t);
        px_table_cell(t, PX_PLAIN, "%s", px_policy_text(n, "at"));
        px_table_cell(t, PX_PLAIN, "%s", px_policy_text(n, "act"));
        px_table_cell(t, i == 0 ? PX_FINE : PX_PLAIN, "%s%s", px_policy_text(n, "revision"),
                      i == 0 ? " *"
                      : kept ? ""
                             : " (gone)");
        px_table_cell(t, PX_PLAIN, "%s", px_policy_text(n, "by"));
        px_table_cell(t, PX_PLAIN, "%s", px_policy_text(n, "from"));
        px_table_cell(t, PX_PLAIN, "%s", px_policy_text(n, "why"));
    }
    px_table_print(t, &look, stdout);
    px_table_destroy(t);
}

/* What somebody who looks at the history should know about the present. */
static void print_trouble(const json_t *now)
{
    long long refused = (long long)json_integer_value(json_object_get(now, "reloads_refused"));

    if (json_is_true(json_object_get(now, "differs")))
        printf("! not what %s says\n", px_policy_text(now, "configured"));
    if (refused > 0)
        printf("! %lld of %lld reloads refused since the start, the last at %s: %s\n", refused,
               (long long)json_integer_value(json_object_get(now, "reloads")),
               px_policy_text(now, "last_error_at"), px_policy_text(now, "last_error"));
    if (px_policy_text(now, "not_kept")[0] != '\0')
        printf("! revisions are not kept: %s\n", px_policy_text(now, "not_kept"));
}

static int run(const struct px_cli *c)
{
    const char *most = px_cli_value(c, "most");
    struct px_policy_line l = { .cli = c };
    json_t *answer = NULL, *now = NULL;
    char path[64], *text;
    int status, e = px_policy_line_open(c, &l);

    if (e != PX_YES)
        return e;
    (void)snprintf(path, sizeof path, "/v1/policy/history%s%.20s",
                   most == NULL ? "" : "?n=", most == NULL ? "" : most);
    e = px_policy_ask(&l, "GET", path, NULL, false, &answer, &status);
    if (e == PX_YES)
        e = px_policy_ask(&l, "GET", "/v1/policy", NULL, false, &now, &status);
    if (e == PX_YES && c->json) {
        CHECK(json_object_set(answer, "now", now) == 0);
        text = json_dumps(answer, JSON_INDENT(1) | JSON_PRESERVE_ORDER);
        CHECK(text != NULL);
        printf("%s\n", text);
        free(text);
    } else if (e == PX_YES) {
        print(json_object_get(answer, "acts"));
        print_trouble(now);
    }
    json_decref(now);
    json_decref(answer);
    px_policy_line_close(&l);
    return e;
}

static const struct px_option options[] = {
    { "most", 0, "N", "how many acts, the newest first (default 50, at most 200)" },
    PX_OPTION_ADMIN,
    { .name = NULL },
};

const struct px_command px_cmd_policy_history = {
    .name = "policy history",
    .summary = "which policies were in force, and who put them there",
    .help = "The newest act first; * is in force. (gone): its texts are not kept any more.\n"
            "Reloads that were refused since the start are told below, with the last error.\n"
            "Exit: 0 told, 3 the gateway can not be reached, 4 you have no role there.",
    .option = options,
    .json = true,
    .run = run,
};
