/* proxy/cmd_audit.c -- reads the log over the admin API or from its file; every line read is
 * verified, asked for or not. */
#include "proxy/cmd_audit.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/admin/chain.h"
#include "proxy/admin_client.h"
#include "proxy/clock.h"
#include "proxy/duration.h"
#include "proxy/file.h"
#include "proxy/table.h"
#include "routing/base/check.h"

static const size_t FILE_MOST = (size_t)1 << 30;

struct reading {
    const struct px_cli *cli;
    struct px_chain chain;
    uint64_t lines, broken; /* broken: the first broken line's number in the file; 0: none */
    enum px_link how;
    uint64_t told_n; /* how many lines the gateway says there are; 0: not known */
    int64_t now_ms, since_ms;
    json_t *entries; /* those asked for */
};

/* ---- taking lines ---- */

/* "2026-11-21T02:52:11.104Z" sorts as text as it does in time. */
static bool is_asked_for(const struct reading *r, const json_t *entry)
{
    const char *at = json_string_value(json_object_get(entry, "at"));
    char from[PX_MOMENT];

    return r->since_ms == 0 || at == NULL || strcmp(at, px_moment(r->since_ms, from)) >= 0;
}

static void take_line(struct reading *r, struct span line)
{
    enum px_link how = px_chain_look(&r->chain, line);
    json_t *entry;

    r->lines++;
    if (how != PX_CHAIN_GOOD && r->broken == 0) {
        r->broken = r->lines;
        r->how = how;
    }
    entry = json_loadb(line.p, line.n, JSON_REJECT_DUPLICATES, NULL);
    if (json_is_object(entry) && is_asked_for(r, entry))
        CHECK(json_array_append(r->entries, entry) == 0);
    json_decref(entry);
}

static int from_file(struct reading *r, const char *path)
{
    struct px_file f = { .text = SPAN_NONE };
    struct diag why = { 0 };
    struct span rest, line;

    if (px_file_read(path, FILE_MOST, &f, &why) != OK)
        return px_cli_fail(r->cli, PX_UNREACHABLE, "%s", why.text);
    rest = f.text;
    while (rest.n > 0 && span_cut(&rest, '\n', &line))
        take_line(r, line);
    px_file_close(&f);
    return PX_YES;
}

/* One page; *next is where the next one begins. */
static int page(struct reading *r, struct px_admin_client *k, json_int_t *next)
{
    char path[64];
    struct px_admin_answer w;
    json_error_t why = { .text = "" };
    json_t *doc, *line;
    size_t i;
    int e;

    (void)snprintf(path, sizeof path, "/v1/audit?from=%lld", (long long)*next);
    e = px_admin_call(k, "GET", path, SPAN_NONE, &w);
    if (e != PX_YES)
        return e;
    doc = json_loadb(w.body.p, w.body.n, JSON_ALLOW_NUL, &why);
    if (!json_is_integer(json_object_get(doc, "next"))) {
        json_decref(doc);
        return px_cli_fail(r->cli, PX_UNREACHABLE, "the answer of %s can not be read: %s",
                           px_admin_client_where(k), why.text);
    }
    json_array_foreach(json_object_get(doc, "lines"), i, line)
    {
        const char *text = json_string_value(line);

        take_line(r, (struct span){ text, text == NULL ? 0 : json_string_length(line) });
    }
    *next = json_integer_value(json_object_get(doc, "next"));
    json_decref(doc);
    return PX_YES;
}

/* What the gateway itself remembers of its log: a file that was cut off at its end shows. */
static void hear_head(struct reading *r, struct px_admin_client *k)
{
    struct px_admin_answer w;
    json_t *doc;

    if (px_admin_call_raw(k, "GET", "/v1/status", SPAN_NONE, &w) != PX_YES || w.status != 200)
        return;
    doc = json_loadb(w.body.p, w.body.n, 0, NULL);
    r->told_n = (uint64_t)json_integer_value(json_object_get(json_object_get(doc, "audit"), "n"));
    json_decref(doc);
}

static int from_gateway(struct reading *r)
{
    struct px_admin_client *k = NULL;
    json_int_t next = 0, at = -1;
    int e = px_admin_client_open(r->cli, &k);

    if (e != PX_YES)
        return e;
    hear_head(r, k);
    while (e == PX_YES && next > at) {
        at = next;
        e = page(r, k, &next);
    }
    px_admin_client_close(k);
    return e;
}

/* ---- telling ---- */

static bool is_whole(const struct reading *r)
{
    return r->broken == 0 && r->chain.n >= r->told_n;
}

static const char *text_of(const json_t *entry, const char *name)
{
    const char *z = json_string_value(json_object_get(entry, name));

    return z == NULL ? "" : z;
}

static enum px_tone tone_of(const char *result)
{
    if (strcmp(result, "done") == 0)
        return PX_PLAIN;
    return strcmp(result, "refused") == 0 ? PX_UNEASY : PX_BAD;
}

/* The second it happened in, as everybody on call reads clocks. */
static void put_row(struct px_table *t, const json_t *entry)
{
    const char *at = text_of(entry, "at"), *result = text_of(entry, "result");

    px_table_row(t);
    px_table_cell(t, PX_PLAIN, "%.10s %.8s", at, strlen(at) > 18 ? at + 11 : "");
    px_table_cell(t, PX_PLAIN, "%s", text_of(entry, "actor"));
    px_table_cell(t, PX_PLAIN, "%s", text_of(entry, "what"));
    px_table_cell(t, PX_PLAIN, "%s", text_of(entry, "object"));
    px_table_cell(t, tone_of(result), "%s", result);
    px_table_cell(t, PX_PLAIN, "%s", text_of(entry, "why"));
}

static void print_table(const struct reading *r)
{
    static const struct px_table_column columns[] = {
        { "TIME (UTC)", false, false },
        { "WHO", false, false },
        { "WHAT", false, false },
        { "OBJECT", false, true },
        { "RESULT", false, false },
        { "WHY", false, true },
        { .head = NULL },
    };
    struct px_table *t = px_table_create(columns);
    struct px_look look;
    json_t *entry;
    size_t i;

    px_look_at(stdout, &look);
    json_array_foreach(r->entries, i, entry) put_row(t, entry);
    if (json_array_size(r->entries) > 0)
        px_table_print(t, &look, stdout);
    else
        printf("nothing%s\n", r->since_ms > 0 ? " in that time" : " yet");
    px_table_destroy(t);
}

static void print_json(const struct reading *r)
{
    json_t *doc = json_pack("{s:i, s:I, s:b, s:I, s:O}", "schema", 1, "lines", (json_int_t)r->lines,
                            "verified", is_whole(r), "first_broken_line", (json_int_t)r->broken,
                            "entries", r->entries);

    CHECK(doc != NULL);
    (void)json_dumpf(doc, stdout, JSON_COMPACT);
    (void)putchar('\n');
    json_decref(doc);
}

static int tell_chain(const struct reading *r)
{
    bool verify = px_cli_has(r->cli, "verify");

    if (r->broken > 0)
        return px_cli_fail(r->cli, PX_NO, "line %llu is broken: %s", (unsigned long long)r->broken,
                           px_chain_word(r->how));
    if (!is_whole(r))
        return px_cli_fail(
            r->cli, PX_NO, "%llu lines are missing at the end: the gateway wrote %llu",
            (unsigned long long)(r->told_n - r->chain.n), (unsigned long long)r->told_n);
    if (verify && !r->cli->json)
        printf("%llu lines, none changed, none missing; the last hash is %s\n",
               (unsigned long long)r->lines, r->chain.hash);
    return PX_YES;
}

static int parse_since(const struct px_cli *c, struct reading *r)
{
    const char *since = px_cli_value(c, "since");
    struct diag why = { 0 };
    int64_t ms;

    if (since == NULL)
        return PX_YES;
    if (px_duration_parse(since, &ms, &why) != OK)
        return px_cli_usage(c, "--since: %s; %s", why.text, why.help);
    r->since_ms = r->now_ms - ms;
    return PX_YES;
}

static int run_audit(const struct px_cli *c)
{
    struct reading r = { .cli = c, .now_ms = px_unix_ms(), .entries = json_array() };
    const char *file = px_cli_value(c, "file");
    int e = parse_since(c, &r);

    CHECK(r.entries != NULL);
    px_chain_init(&r.chain);
    if (e == PX_YES)
        e = file != NULL ? from_file(&r, file) : from_gateway(&r);
    if (e == PX_YES && c->json)
        print_json(&r);
    else if (e == PX_YES && !px_cli_has(c, "verify"))
        print_table(&r);
    if (e == PX_YES)
        e = tell_chain(&r);
    json_decref(r.entries);
    return e;
}

static const struct px_option options[] = {
    { "since", 0, "DURATION", "only what happened since then: 24h, 7d" },
    { "verify", 0, NULL, "only whether the log is whole" },
    { "file", 'f', "FILE", "read this file instead of asking the gateway" },
    PX_OPTION_ADMIN,
    { .name = NULL },
};

const struct px_command px_cmd_audit = {
    .name = "audit",
    .summary = "who did what, when and why",
    .help = "Every change and every refused attempt. Each line of the log carries a hash of the\n"
            "one before; all are verified whenever they are read, and the first that was changed\n"
            "is named.\n"
            "Exit: 0 the log is whole, 1 it is not, 3 the gateway or the file can not be read.",
    .option = options,
    .json = true,
    .run = run_audit,
};
