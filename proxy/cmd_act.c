/* proxy/cmd_act.c */
#include "proxy/cmd_act.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "proxy/clock.h"
#include "proxy/cmd_doc.h"
#include "proxy/duration.h"
#include "routing/base/check.h"

enum { WAIT_MS = 10000, POLL_MS = 100, ANSWER = 128 };

struct deed {
    const struct px_cli *cli;
    const char *act, *provider;
    struct px_admin_client *client;
    struct px_look look;
    json_t *body;
    int64_t wait_ms, began_ns;
};

/* ---- what is wished ---- */

static bool keeps_away(const char *act)
{
    return strcmp(act, "resume") != 0 && strcmp(act, "extend") != 0;
}

static int parse_wait(struct deed *d)
{
    const char *wait = px_cli_value(d->cli, "wait");
    struct diag why = { 0 };

    d->wait_ms = WAIT_MS;
    if (wait == NULL)
        return PX_YES;
    if (strcmp(wait, "0") == 0 || strcmp(wait, "0s") == 0)
        d->wait_ms = 0;
    else if (px_duration_parse(wait, &d->wait_ms, &why) != OK)
        return px_cli_usage(d->cli, "--wait: %s; %s", why.text, why.help);
    return PX_YES;
}

static int parse_end(struct deed *d)
{
    const char *length = px_cli_value(d->cli, "for");
    bool for_ever = px_cli_has(d->cli, "until-resumed");
    struct diag why = { 0 };
    int64_t ms;

    if (strcmp(d->act, "resume") == 0)
        return PX_YES;
    if (length == NULL && !for_ever)
        return px_cli_usage(d->cli, "needs --for DURATION: how long shall it last?");
    if (length != NULL && for_ever)
        return px_cli_usage(d->cli, "takes --for or --until-resumed, not both");
    if (for_ever) {
        CHECK(json_object_set_new(d->body, "until_resumed", json_true()) == 0);
        return PX_YES;
    }
    if (px_duration_parse(length, &ms, &why) != OK)
        return px_cli_usage(d->cli, "--for: %s; %s", why.text, why.help);
    CHECK(json_object_set_new(d->body, "for_s", json_integer(ms / 1000)) == 0);
    return PX_YES;
}

static int parse_reason(struct deed *d)
{
    const char *reason = px_cli_value(d->cli, "reason");

    if (reason == NULL && strcmp(d->act, "resume") == 0)
        return PX_YES;
    if (reason == NULL || reason[strspn(reason, " \t")] == '\0')
        return px_cli_usage(d->cli, "needs --reason \"what is wrong, and the ticket\"");
    if (json_object_set_new(d->body, "reason", json_string(reason)) != 0)
        return px_cli_usage(d->cli, "--reason must be UTF-8");
    return PX_YES;
}

static int parse_ops(struct deed *d)
{
    const char *ops = px_cli_value(d->cli, "ops");

    if (ops == NULL)
        return PX_YES;
    if (strcmp(ops, "authorize") != 0 && strcmp(ops, "all") != 0)
        return px_cli_usage(d->cli, "--ops takes authorize (new payments) or all");
    CHECK(json_object_set_new(d->body, "ops", json_string(ops)) == 0);
    return PX_YES;
}

static void set_flag(struct deed *d, const char *option, const char *field)
{
    if (px_cli_has(d->cli, option))
        CHECK(json_object_set_new(d->body, field, json_true()) == 0);
}

static int make_body(struct deed *d, int64_t limit_permille)
{
    int e;

    d->body = json_pack("{s:s}", "act", d->act);
    CHECK(d->body != NULL);
    if ((e = parse_reason(d)) != PX_YES || (e = parse_end(d)) != PX_YES ||
        (e = parse_ops(d)) != PX_YES || (e = parse_wait(d)) != PX_YES)
        return e;
    if (limit_permille > 0)
        CHECK(json_object_set_new(d->body, "limit_permille", json_integer(limit_permille)) == 0);
    set_flag(d, "allow-no-route", "allow_no_route");
    set_flag(d, "local", "local");
    return PX_YES;
}

static int post(struct deed *d, bool dry, json_t **out)
{
    char path[PX_DOC_PATH];

    CHECK(json_object_set_new(d->body, "dry_run", json_boolean(dry)) == 0);
    return px_doc_ask(d->client, d->cli, "POST",
                      px_doc_path(path, "/v1/providers/", d->provider, "/toggle"), d->body, out);
}

/* ---- looking first ---- */

static void print_title(const struct deed *d, const json_t *doc)
{
    const char *ops = px_cli_value(d->cli, "ops");
    bool all = ops != NULL && strcmp(ops, "all") == 0;
    int64_t limit = px_doc_number(d->body, "limit_permille", 0);

    printf("About to ");
    if (strcmp(d->act, "stop") == 0 && all)
        printf("stop ALL operations at %s, captures and refunds too", d->provider);
    else if (strcmp(d->act, "stop") == 0 || strcmp(d->act, "drain") == 0)
        printf("%s NEW payments to %s (captures and refunds go on)", d->act, d->provider);
    else if (limit > 0)
        printf("limit %s to %lld.%lld%% of new payments", d->provider, (long long)limit / 10,
               (long long)limit % 10);
    else if (strcmp(d->act, "force-on") == 0)
        printf("force %s on, whatever its breaker says", d->provider);
    else
        printf("%s %s", d->act, d->provider);
    printf(", on %s%s.\n",
           json_is_true(json_object_get(d->body, "local")) ? "this node ALONE: " : "the fleet of ",
           px_doc_text(doc, "node"));
}

static void print_heir(const json_t *h)
{
    char room[128];
    struct buf b = BUF_OF(room);

    px_doc_put_permille(px_doc_number(h, "share_permille_after", -1), &b);
    buf_str(&b, " (");
    px_doc_put_rate(px_doc_number(h, "pay_milli_s_after", -1), &b);
    buf_str(&b, "/s, its 7-day peak ");
    px_doc_put_rate(px_doc_number(h, "peak_milli_s", -1), &b);
    buf_str(&b, "/s)");
    printf("%s %s", px_doc_text(h, "provider"), buf_z(&b));
}

static void print_now(const struct deed *d, const json_t *blast)
{
    char room[96];
    struct buf b = BUF_OF(room);
    int64_t flying = px_doc_number(blast, "in_flight", -1);

    px_doc_put_permille(px_doc_number(blast, "share_permille", -1), &b);
    buf_str(&b, " of payments, ");
    px_doc_put_rate(px_doc_number(blast, "pay_milli_s", -1), &b);
    printf("  now    %s %s/s", d->provider, buf_z(&b));
    if (flying >= 0)
        printf("; %lld in flight finish normally", (long long)flying);
    (void)putchar('\n');
}

static void print_no_route(const struct deed *d, const json_t *blast)
{
    const json_t *kinds = json_object_get(blast, "no_route_for"), *kind;
    int64_t n = px_doc_number(blast, "no_route_kinds", 0);
    size_t i;

    if (n == 0) {
        printf("  no route for: none\n");
        return;
    }
    printf("  %s! no route for:%s\n", px_look_on(&d->look, PX_BAD), px_look_off(&d->look));
    json_array_foreach(kinds, i, kind) printf("      %s\n", json_string_value(kind));
    if (n > (int64_t)json_array_size(kinds))
        printf("      and %lld more kinds\n", (long long)(n - (int64_t)json_array_size(kinds)));
}

static void print_preview(const struct deed *d, const json_t *doc)
{
    const json_t *blast = json_object_get(doc, "blast"), *heirs, *h;
    size_t i;

    print_title(d, doc);
    if (!keeps_away(d->act))
        return;
    print_now(d, blast);
    heirs = json_object_get(blast, "heirs");
    json_array_foreach(heirs, i, h)
    {
        printf("%s", i == 0 ? "  after  " : ", ");
        print_heir(h);
    }
    if (json_array_size(heirs) > 0)
        (void)putchar('\n');
    print_no_route(d, blast);
    px_doc_warn(doc, &d->look, px_unix_ms(), stdout);
}

/* On a terminal the provider's name must be typed: nobody stops the wrong one by arrow-up, enter.
 */
static int ask_back(const struct deed *d)
{
    char line[ANSWER];

    if (!keeps_away(d->act) || px_cli_has(d->cli, "yes") || !isatty(STDIN_FILENO))
        return PX_YES;
    printf("Type the provider's name to go on: ");
    (void)fflush(stdout);
    if (fgets(line, sizeof line, stdin) == NULL)
        line[0] = '\0';
    line[strcspn(line, "\r\n")] = '\0';
    if (strcmp(line, d->provider) == 0)
        return PX_YES;
    return px_cli_fail(d->cli, PX_DENIED, "\"%.60s\" is not %s: nothing was done", line,
                       d->provider);
}

static int refuse_no_route(const struct deed *d, const json_t *doc)
{
    if (!json_is_true(json_object_get(doc, "needs_allow_no_route")) ||
        px_cli_has(d->cli, "allow-no-route"))
        return PX_YES;
    return px_cli_fail(d->cli, PX_DENIED,
                       "refused: payments would have no provider; --allow-no-route does it all "
                       "the same");
}

/* ---- having done it ---- */

static bool everywhere(const json_t *doc)
{
    const json_t *c = json_object_get(doc, "confirmed");
    int64_t of = px_doc_number(c, "of", 0);

    return of > 0 && px_doc_number(c, "nodes", 0) >= of;
}

/* Said with --local while Redis is away: nobody else can hear it, so nobody is waited for. */
static bool is_alone(const struct deed *d, const json_t *doc)
{
    const json_t *live = json_object_get(doc, "live");

    return px_cli_has(d->cli, "local") && json_is_true(json_object_get(live, "configured")) &&
           json_is_false(json_object_get(live, "up"));
}

static bool is_confirmed(const struct deed *d, const json_t *doc)
{
    const json_t *c = json_object_get(doc, "confirmed");

    return everywhere(doc) || (is_alone(d, doc) && px_doc_number(c, "nodes", 0) > 0);
}

static void take_confirmed(json_t *doc, const json_t *later)
{
    CHECK(json_object_set(doc, "confirmed", json_object_get(later, "confirmed")) == 0);
    CHECK(json_object_set(doc, "live", json_object_get(later, "live")) == 0);
}

/* Asks until everybody who can hear it has the word, or the time is over. */
static void wait_for_nodes(struct deed *d, json_t *doc)
{
    const struct timespec pause = { 0, POLL_MS * 1000000L };
    int64_t end_ns = d->began_ns + d->wait_ms * 1000000;
    int64_t set_ms = px_doc_number(json_object_get(doc, "toggle"), "set_ms", 0);
    char path[PX_DOC_PATH], after[48];
    json_t *later;

    (void)snprintf(after, sizeof after, "/confirmed?set_ms=%lld", (long long)set_ms);
    (void)px_doc_path(path, "/v1/providers/", d->provider, after);
    while (!is_confirmed(d, doc) && px_now_ns() < end_ns) {
        (void)nanosleep(&pause, NULL);
        later = NULL;
        if (px_doc_ask(d->client, d->cli, "GET", path, NULL, &later) != PX_YES)
            return;
        take_confirmed(doc, later);
        json_decref(later);
    }
}

static const char *done_word(const char *act)
{
    static const char *const word[][2] = {
        { "stop", "stopped" },
        { "drain", "draining" },
        { "force-on", "forced on" },
        { "limit", "limited" },
        { "resume", "resumed, probing first" },
        { "extend", "extended" },
    };

    for (size_t i = 0; i < sizeof word / sizeof word[0]; i++) {
        if (strcmp(act, word[i][0]) == 0)
            return word[i][1];
    }
    return "done";
}

static bool is_away(const json_t *toggle)
{
    const char *admin = px_doc_text(toggle, "admin");

    return strcmp(admin, "stop") == 0 || strcmp(admin, "drain") == 0;
}

static void print_done(const struct deed *d, const json_t *doc)
{
    const json_t *confirmed = json_object_get(doc, "confirmed");
    const json_t *toggle = json_object_get(doc, "toggle");
    int64_t until = px_doc_number(toggle, "until_ms", 0);
    int64_t took_ms = (px_now_ns() - d->began_ns) / 1000000;
    char room[64];
    struct buf b = BUF_OF(room);
    bool all = is_confirmed(d, doc);

    printf("%s%s%s %s on %lld/%lld nodes in %lld.%lld s",
           px_look_on(&d->look, all ? PX_FINE : PX_UNEASY),
           d->look.utf8 ? (all ? "\u2713" : "?") : (all ? "ok" : "?"), px_look_off(&d->look),
           done_word(d->act), (long long)px_doc_number(confirmed, "nodes", 0),
           (long long)px_doc_number(confirmed, "of", 0), (long long)took_ms / 1000,
           (long long)took_ms % 1000 / 100);
    if (json_is_true(json_object_get(toggle, "local")) || is_alone(d, doc))
        printf(", LOCAL ONLY on %s", px_doc_text(doc, "node"));
    if (until > 0 && strcmp(d->act, "resume") != 0) {
        px_doc_put_moment(until, px_unix_ms(), &b);
        printf("; ends %s%s", buf_z(&b), is_away(toggle) ? ", then it is probed" : "");
    }
    (void)putchar('\n');
    if (strcmp(d->act, "resume") != 0)
        printf("undo: signalbox provider resume %s\n", d->provider);
}

static int tell_done(struct deed *d, json_t *doc)
{
    if (d->wait_ms > 0)
        wait_for_nodes(d, doc);
    if (d->cli->json)
        px_doc_print(doc);
    else
        print_done(d, doc);
    if (is_confirmed(d, doc) || d->wait_ms == 0)
        return PX_YES;
    return px_cli_fail(d->cli, PX_UNCONFIRMED,
                       "not every node has confirmed it; signalbox nodes tells which");
}

/* ---- the whole of it ---- */

static int look(struct deed *d)
{
    bool dry = px_cli_has(d->cli, "dry-run");
    json_t *doc = NULL;
    int e = post(d, true, &doc);

    if (e != PX_YES)
        return e;
    if (!d->cli->json)
        print_preview(d, doc);
    else if (dry)
        px_doc_print(doc);
    e = refuse_no_route(d, doc);
    json_decref(doc);
    if (e == PX_YES && dry && !d->cli->json)
        printf("Nothing was done: --dry-run.\n");
    return e;
}

static int act(struct deed *d)
{
    json_t *doc = NULL;
    int e = look(d);

    if (e != PX_YES || px_cli_has(d->cli, "dry-run") || (e = ask_back(d)) != PX_YES)
        return e;
    d->began_ns = px_now_ns();
    e = post(d, false, &doc);
    if (e == PX_YES)
        e = tell_done(d, doc);
    json_decref(doc);
    return e;
}

int px_cmd_act(const struct px_cli *c, const char *word, const char *provider,
               int64_t limit_permille)
{
    struct deed d = { .cli = c, .act = word, .provider = provider };
    int e = make_body(&d, limit_permille);

    px_look_at(stdout, &d.look);
    if (e == PX_YES)
        e = px_admin_client_open(c, &d.client);
    if (e == PX_YES)
        e = act(&d);
    px_admin_client_close(d.client);
    json_decref(d.body);
    return e;
}
