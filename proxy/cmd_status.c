/* proxy/cmd_status.c */
#include "proxy/cmd_status.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "proxy/clock.h"
#include "proxy/cmd_doc.h"
#include "proxy/duration.h"
#include "routing/base/check.h"

enum { EVERY_MS = 2000, CELL = 160, NOTE = 640 };

/* ---- the table ---- */

static const struct px_table_column columns[] = {
    { "PROVIDER", false, false }, { "ADMIN", false, false }, { "HEALTH", false, false },
    { "SHARE", true, false },     { "PAY/S", true, false },  { "APPROVAL 15m (7d)", true, false },
    { "P50", true, false },       { "P99", true, false },    { "ERR", true, false },
    { "SINCE", true, false },     { .head = NULL },
};

/* How long it is like that: what an operator said, or else the breaker. */
static void put_since(const json_t *p, int64_t now_ms, struct buf *b)
{
    const json_t *toggle = json_object_get(p, "toggle"), *health = json_object_get(p, "health");
    int64_t since = px_doc_number(health, "since_ms", 0);

    if (json_is_true(json_object_get(toggle, "holds")))
        since = px_doc_number(toggle, "set_ms", 0);
    if (since > 0)
        px_duration_put(now_ms - since, b);
}

static void put_approval(const json_t *p, struct buf *b)
{
    int64_t week = px_doc_number(p, "approval_ppm_7d", -1);

    px_doc_put_ppm(px_doc_number(p, "approval_ppm_15m", -1), b);
    if (week >= 0) {
        buf_str(b, " (");
        px_doc_put_ppm(week, b);
        buf_byte(b, ')');
    }
}

static void cell(struct px_table *t, enum px_tone tone, struct buf *b)
{
    px_table_cell(t, tone, "%s", buf_z(b));
    buf_clear(b);
}

/* The fleet's number if it is known, else this node's. */
static int64_t fleets(const json_t *p, const char *of_fleet, const char *own)
{
    return px_doc_number(p, of_fleet, px_doc_number(p, own, -1));
}

static void put_row(struct px_table *t, const json_t *p, const struct px_look *look, int64_t now_ms)
{
    char room[CELL];
    struct buf b = BUF_OF(room);

    px_table_row(t);
    px_table_cell(t, PX_PLAIN, "%s", px_doc_text(p, "name"));
    px_doc_put_admin(p, &b);
    cell(t, px_doc_admin_tone(p), &b);
    px_doc_put_health(p, look, &b);
    cell(t, px_doc_health_tone(p), &b);
    px_doc_put_permille(fleets(p, "fleet_share_permille", "share_permille"), &b);
    cell(t, PX_PLAIN, &b);
    px_doc_put_rate(fleets(p, "fleet_pay_milli_s", "pay_milli_s"), &b);
    cell(t, PX_PLAIN, &b);
    put_approval(p, &b);
    cell(t, PX_PLAIN, &b);
    px_doc_put_ms(px_doc_number(p, "p50_ms", -1), &b);
    cell(t, PX_PLAIN, &b);
    px_doc_put_ms(px_doc_number(p, "p99_ms", -1), &b);
    cell(t, PX_PLAIN, &b);
    px_doc_put_ppm(px_doc_number(p, "error_ppm_15m", -1), &b);
    cell(t, PX_PLAIN, &b);
    put_since(p, now_ms, &b);
    cell(t, PX_PLAIN, &b);
}

/* ---- what is not as usual, in sentences ---- */

static void put_word(const json_t *p, int64_t now_ms, struct buf *b)
{
    const json_t *toggle = json_object_get(p, "toggle");
    int64_t until = px_doc_number(toggle, "until_ms", 0);

    buf_fmt(b, "%s: ", px_doc_text(p, "name"));
    px_doc_put_admin(p, b);
    if (until > 0) {
        buf_str(b, ", ends ");
        px_doc_put_moment(until, now_ms, b);
    } else {
        buf_str(b, ", until resumed");
    }
    buf_fmt(b, ": %.200s", px_doc_text(toggle, "reason"));
}

static void put_move(const json_t *p, int64_t now_ms, struct buf *b)
{
    const json_t *health = json_object_get(p, "health");
    int64_t since = px_doc_number(health, "since_ms", 0),
            nodes = px_doc_number(health, "nodes_open", 0);

    buf_fmt(b, "%s: %s", px_doc_text(p, "name"), px_doc_text(health, "state"));
    if (since > 0) {
        buf_str(b, " since ");
        px_doc_put_moment(since, now_ms, b);
    }
    if (px_doc_text(health, "cause")[0] != '\0')
        buf_fmt(b, ": %s", px_doc_text(health, "cause"));
    if (nodes > 0)
        buf_fmt(b, "; stopped on %d other nodes", (int)nodes);
}

static void print_note(const struct px_look *look, enum px_tone tone, struct buf *b)
{
    size_t room = look->width - 2;

    for (size_t i = 0; i < b->n; i++) {
        if ((unsigned char)b->p[i] < ' ' || b->p[i] == 0x7F)
            b->p[i] = '?';
    }
    if (b->n > room) {
        room -= 3;
        while ((b->p[room] & 0xC0) == 0x80) /* not inside a character */
            room--;
        printf("%s!%s %.*s...\n", px_look_on(look, tone), px_look_off(look), (int)room, b->p);
    } else {
        printf("%s!%s %.*s\n", px_look_on(look, tone), px_look_off(look), (int)b->n, b->p);
    }
    buf_clear(b);
}

static void print_notes(const json_t *doc, const struct px_look *look, int64_t now_ms)
{
    char room[NOTE];
    struct buf b = BUF_OF(room);
    const json_t *p;
    size_t i;

    json_array_foreach(json_object_get(doc, "providers"), i, p)
    {
        if (json_is_true(json_object_get(json_object_get(p, "toggle"), "holds"))) {
            put_word(p, now_ms, &b);
            print_note(look, px_doc_admin_tone(p), &b);
        }
        if (px_doc_health_tone(p) != PX_FINE) {
            put_move(p, now_ms, &b);
            print_note(look, px_doc_health_tone(p), &b);
        }
    }
}

/* ---- around it ---- */

static void print_head(const json_t *doc, const struct px_look *look)
{
    const json_t *nodes = json_object_get(doc, "nodes"), *n;
    const char *policy = px_doc_text(doc, "policy");
    unsigned sync = 0, all = 0;
    char room[PX_MOMENT];
    const char *at = px_moment(px_doc_number(doc, "now_ms", 0), room);
    size_t i;

    json_array_foreach(nodes, i, n)
    {
        if (json_is_true(json_object_get(n, "stale")))
            continue;
        all++;
        sync += json_is_true(json_object_get(n, "in_sync"));
    }
    printf("%.10s %.8s UTC   node %s   policy %.7s   %s%snodes %u/%u in sync%s\n", at,
           strlen(at) > 18 ? at + 11 : "", px_doc_text(doc, "node"),
           policy[0] == '\0' ? "none" : policy, px_look_on(look, sync < all ? PX_BAD : PX_PLAIN),
           sync < all ? "! " : "", sync, all, px_look_off(look));
}

static void print_unresolved(const json_t *doc, const struct px_look *look)
{
    const json_t *u = json_object_get(doc, "unresolved");
    int64_t n = px_doc_number(u, "count", 0);
    char text[32];
    struct buf age = BUF_OF(text);

    if (n <= 0)
        return;
    px_duration_put(px_doc_number(u, "oldest_ms", 0), &age);
    printf("%s! %lld%s payment%s unresolved, the oldest for %s%s: signalbox payment unresolved\n",
           px_look_on(look, PX_UNEASY), (long long)n,
           json_is_true(json_object_get(u, "more")) ? " or more" : "", n == 1 ? "" : "s",
           buf_z(&age), px_look_off(look));
}

static void print_board(const json_t *doc, const struct px_look *look)
{
    struct px_table *t = px_table_create(columns);
    int64_t now_ms = px_doc_number(doc, "now_ms", 0);
    const json_t *p;
    size_t i;

    print_head(doc, look);
    json_array_foreach(json_object_get(doc, "providers"), i, p) put_row(t, p, look, now_ms);
    px_table_print(t, look, stdout);
    px_table_destroy(t);
    print_notes(doc, look, now_ms);
    px_doc_warn(doc, look, now_ms, stdout);
    print_unresolved(doc, look);
}

/* ---- once, or again and again ---- */

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signum)
{
    (void)signum;
    interrupted = 1;
}

static void print(const struct px_cli *c, const json_t *doc)
{
    struct px_look look;

    if (c->json) {
        px_doc_print(doc);
        return;
    }
    px_look_at(stdout, &look);
    if (look.terminal && px_cli_has(c, "watch"))
        printf("\033[H\033[2J");
    print_board(doc, &look);
    (void)fflush(stdout);
}

static int once(const struct px_cli *c, struct px_admin_client *k)
{
    json_t *doc = NULL;
    int e = px_doc_ask(k, c, "GET", "/v1/status", NULL, &doc);

    if (e == PX_YES)
        print(c, doc);
    json_decref(doc);
    return e;
}

/* A gateway that is away for a moment is what one watches for: only a refusal ends it. */
static int watch(const struct px_cli *c, struct px_admin_client *k)
{
    const struct sigaction act = { .sa_handler = on_interrupt };
    const struct timespec pause = { EVERY_MS / 1000, EVERY_MS % 1000 * 1000000L };
    int e;

    CHECK(sigaction(SIGINT, &act, NULL) == 0);
    while (!interrupted) {
        e = once(c, k);
        if (e == PX_DENIED || ferror(stdout))
            return e;
        if (!interrupted && nanosleep(&pause, NULL) != 0 && errno != EINTR)
            break;
    }
    return PX_INTERRUPTED;
}

static int run_status(const struct px_cli *c)
{
    struct px_admin_client *k = NULL;
    int e = px_admin_client_open(c, &k);

    if (e == PX_YES)
        e = px_cli_has(c, "watch") ? watch(c, k) : once(c, k);
    px_admin_client_close(k);
    return e;
}

static const struct px_option options[] = {
    { "watch", 'w', NULL, "again every 2 s until Ctrl-C; with --json a line each time" },
    PX_OPTION_ADMIN,
    { .name = NULL },
};

const struct px_command px_cmd_status = {
    .name = "status",
    .summary = "how the providers and the fleet are",
    .help =
        "ADMIN is what operators said, HEALTH what the breaker sees; they are two things. Shares\n"
        "and rates are the fleet's where it is heard, the rest this node's.\n"
        "Exit: 0 told, 3 the gateway can not be reached, 4 you have no role there, 130 Ctrl-C.",
    .option = options,
    .json = true,
    .run = run_status,
};
