/* proxy/cmd_provider_show.c -- one provider in full, and what its breaker has been through. */
#include <stdio.h>
#include <string.h>

#include "proxy/clock.h"
#include "proxy/cmd_doc.h"
#include "proxy/cmd_provider.h"
#include "proxy/duration.h"

enum { HISTORY_MS = 6 * 3600 * 1000, LINE = 256 };

/* ---- breaker history ---- */

static const struct px_table_column columns[] = {
    { "WHEN (UTC)", false, false }, { "NODE", false, true }, { "FROM", false, false },
    { "TO", false, false },         { "WHY", false, true },  { .head = NULL },
};

static enum px_tone tone_of(const char *state)
{
    if (strcmp(state, "serving") == 0)
        return PX_FINE;
    return strcmp(state, "probing") == 0 ? PX_UNEASY : PX_BAD;
}

static void print_moves(const json_t *moves, int64_t now_ms)
{
    struct px_table *t = px_table_create(columns);
    struct px_look look;
    const json_t *m;
    size_t i;

    px_look_at(stdout, &look);
    json_array_foreach(moves, i, m)
    {
        char room[LINE];
        struct buf at = BUF_OF(room);
        const char *to = px_doc_text(m, "to");

        px_doc_put_moment(px_doc_number(m, "at_ms", 0), now_ms, &at);
        px_table_row(t);
        px_table_cell(t, PX_PLAIN, "%s", buf_z(&at));
        px_table_cell(t, PX_PLAIN, "%s", px_doc_text(m, "node"));
        px_table_cell(t, PX_PLAIN, "%s", px_doc_text(m, "from"));
        px_table_cell(t, tone_of(to), "%s %s", px_look_sign(&look, tone_of(to)), to);
        px_table_cell(t, PX_PLAIN, "%s", px_doc_text(m, "cause"));
    }
    px_table_print(t, &look, stdout);
    px_table_destroy(t);
}

static int since(const struct px_cli *c, int64_t *ms)
{
    const char *said = px_cli_value(c, "since");
    struct diag why = { 0 };

    *ms = HISTORY_MS;
    if (said != NULL && px_duration_parse(said, ms, &why) != OK)
        return px_cli_usage(c, "--since: %s; %s", why.text, why.help);
    return PX_YES;
}

static int run_history(const struct px_cli *c)
{
    char path[PX_DOC_PATH], after[64];
    const json_t *moves;
    json_t *doc = NULL;
    int64_t ms = 0;
    int e = since(c, &ms);

    if (e != PX_YES)
        return e;
    (void)snprintf(after, sizeof after, "/history?since_ms=%lld", (long long)(px_unix_ms() - ms));
    e = px_doc_once(c, px_doc_path(path, "/v1/providers/", c->operand[0], after), &doc);
    moves = json_object_get(doc, "moves");
    if (e == PX_YES && c->json)
        px_doc_print(doc);
    else if (e == PX_YES && json_array_size(moves) == 0)
        printf("the breaker of %s did not move in that time\n", c->operand[0]);
    else if (e == PX_YES)
        print_moves(moves, px_doc_number(doc, "now_ms", 0));
    json_decref(doc);
    return e;
}

const struct px_command px_cmd_breaker_history = {
    .name = "breaker history",
    .operands = "NAME",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "when a provider's breaker moved, and why",
    .help = "Exit: 0 told (also if it never moved), 1 no such provider, 3 the gateway can not be\n"
            "reached.",
    .option =
        (const struct px_option[]){
            { "since", 0, "DURATION", "how far back (default 6h)" },
            PX_OPTION_ADMIN,
            { .name = NULL },
        },
    .json = true,
    .run = run_history,
};

/* ---- provider show ---- */

static void line(const char *name, struct buf *b)
{
    printf("  %-12s %s\n", name, buf_z(b));
    buf_clear(b);
}

static void print_word(const json_t *p, int64_t now_ms, struct buf *b)
{
    const json_t *t = json_object_get(p, "toggle");
    int64_t until = px_doc_number(t, "until_ms", 0), set = px_doc_number(t, "set_ms", 0);

    px_doc_put_admin(p, b);
    line("admin", b);
    if (!json_is_true(json_object_get(t, "holds")))
        return;
    buf_str(b, px_doc_text(t, "reason"));
    line("  because", b);
    px_doc_put_moment(set, now_ms, b);
    line("  since", b);
    if (until > 0)
        px_doc_put_moment(until, now_ms, b);
    else
        buf_str(b, "resumed by somebody");
    line("  until", b);
}

static void print_health(const json_t *p, const struct px_look *look, int64_t now_ms, struct buf *b)
{
    const json_t *h = json_object_get(p, "health");
    int64_t at = px_doc_number(h, "since_ms", 0), nodes = px_doc_number(h, "nodes_open", 0);

    px_doc_put_health(p, look, b);
    if (px_doc_text(h, "cause")[0] != '\0')
        buf_fmt(b, ", last opened for: %s", px_doc_text(h, "cause"));
    line("health", b);
    if (at > 0) {
        px_doc_put_moment(at, now_ms, b);
        line("  since", b);
    }
    if (nodes > 0) {
        buf_i64(b, nodes);
        buf_str(b, " other nodes have stopped it");
        line("  elsewhere", b);
    }
}

static void print_numbers(const json_t *p, struct buf *b)
{
    px_doc_put_permille(px_doc_number(p, "share_permille", -1), b);
    buf_str(b, " of payments, ");
    px_doc_put_rate(px_doc_number(p, "pay_milli_s", -1), b);
    buf_str(b, "/s, busiest ");
    px_doc_put_rate(px_doc_number(p, "peak_milli_s", -1), b);
    buf_fmt(b, "/s; %lld in flight", (long long)px_doc_number(p, "in_flight", 0));
    line("traffic", b);
    px_doc_put_permille(px_doc_number(p, "fleet_share_permille", -1), b);
    buf_str(b, " of payments, ");
    px_doc_put_rate(px_doc_number(p, "fleet_pay_milli_s", -1), b);
    buf_str(b, "/s");
    line("  fleet", b);
    px_doc_put_ppm(px_doc_number(p, "approval_ppm_15m", -1), b);
    buf_str(b, " in 15 minutes, ");
    px_doc_put_ppm(px_doc_number(p, "approval_ppm_7d", -1), b);
    buf_str(b, " in 7 days");
    line("approval", b);
    px_doc_put_ppm(px_doc_number(p, "error_ppm_15m", -1), b);
    buf_str(b, " in 15 minutes");
    line("errors", b);
    px_doc_put_ms(px_doc_number(p, "p50_ms", -1), b);
    buf_str(b, " half, ");
    px_doc_put_ms(px_doc_number(p, "p99_ms", -1), b);
    buf_str(b, " 99%");
    line("answers in", b);
}

static void print_totals(const json_t *p, struct buf *b)
{
    const json_t *s = json_object_get(p, "since_start");

    buf_fmt(b,
            "%lld attempts: %lld approved, %lld soft and %lld hard declines, %lld failed, "
            "%lld never sent",
            (long long)px_doc_number(s, "attempts", 0), (long long)px_doc_number(s, "approved", 0),
            (long long)px_doc_number(s, "soft_declined", 0),
            (long long)px_doc_number(s, "hard_declined", 0),
            (long long)px_doc_number(s, "failed", 0), (long long)px_doc_number(s, "unsent", 0));
    line("since start", b);
}

static void print_provider(const json_t *doc)
{
    const json_t *p = json_object_get(doc, "provider"), *moves = json_object_get(doc, "moves");
    int64_t now_ms = px_doc_number(doc, "now_ms", 0);
    char room[LINE];
    struct buf b = BUF_OF(room);
    struct px_look look;

    px_look_at(stdout, &look);
    printf("%s (%s) as node %s sees it\n", px_doc_text(p, "name"), px_doc_text(p, "adapter"),
           px_doc_text(doc, "node"));
    print_word(p, now_ms, &b);
    print_health(p, &look, now_ms, &b);
    print_numbers(p, &b);
    print_totals(p, &b);
    px_doc_warn(doc, &look, now_ms, stdout);
    if (json_array_size(moves) > 0) {
        printf("\nits breaker in the last 24 hours:\n");
        print_moves(moves, now_ms);
    }
}

static int run_show(const struct px_cli *c)
{
    char path[PX_DOC_PATH];
    json_t *doc = NULL;
    int e = px_doc_once(c, px_doc_path(path, "/v1/providers/", c->operand[0], ""), &doc);

    if (e == PX_YES && c->json)
        px_doc_print(doc);
    else if (e == PX_YES)
        print_provider(doc);
    json_decref(doc);
    return e;
}

const struct px_command px_cmd_provider_show = {
    .name = "provider show",
    .operands = "NAME",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "one provider: who said what, how it is doing",
    .help = "Exit: 0 told, 1 no such provider, 3 the gateway can not be reached.",
    .option = (const struct px_option[]){ PX_OPTION_ADMIN, { .name = NULL } },
    .json = true,
    .run = run_show,
};
