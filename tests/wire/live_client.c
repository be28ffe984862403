/* tests/wire/live_client.c -- proxy/live_redis.h on a command line: one node of a fleet. Prints one
 * JSON object a line. Not installed; tests/integration/test_live.py uses it.
 *
 *   live_client [options] HOST PORT     commands, one a line:
 *     --node N --tenant T --prefix P      learn ID N S       N observations, S of them good
 *     --epoch N --tick-ms N               tech ID OK FAIL
 *     --snapshot-ms N --board-ms N        known              all cells, ours and theirs
 *     --tls CA_FILE --user U              say BOARD FIELD FOR_MS TEXT    (0: for ever)
 *     --password-file FILE --db N         words              all of both boards
 *     --sentinel PORT --master NAME --sentinel-password-file FILE
 *                                         show PROVIDER NAME VALUE
 *                                         count PROVIDER MINUTE NAME ADD
 *                                         lease NAME MS      release NAME
 *                                         facts              quit
 */
#include <ev.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proxy/clock.h"
#include "proxy/dns.h"
#include "proxy/live_redis.h"
#include "proxy/tls.h"
#include "proxy/wire.h"
#include "routing/base/buf.h"
#include "routing/base/check.h"
#include "routing/base/json.h"

enum { CELLS = 512, STALL_TICK_MS = 5 };

static struct ev_loop *loop;
static struct px_live *live;
static struct hl_delta fresh; /* not told yet */
static struct {
    uint32_t id;
    unsigned n, s;
} all[CELLS]; /* everything known */
static unsigned alls;
static uint64_t techs_ok, techs_fail;
static int64_t looked_ns, stall_ns;
static char out_mem[256 * 1024], line[4096];
static size_t line_n;
static ev_io in;
static ev_timer stall;

static void print(struct buf *b)
{
    CHECK(buf_ok(b));
    buf_byte(b, '\n');
    (void)fwrite(b->p, 1, b->n, stdout);
    (void)fflush(stdout);
}

/* ---- what a node knows ---- */

static void know(uint32_t id, unsigned n, unsigned good)
{
    unsigned i = 0;

    while (i < alls && all[i].id != id)
        i++;
    CHECK(i < CELLS);
    alls = i == alls ? alls + 1 : alls;
    all[i].id = id;
    all[i].n += n;
    all[i].s += good;
}

static size_t collect(void *ctx, void *out, size_t cap)
{
    size_t n;

    (void)ctx;
    if (hl_delta_is_empty(&fresh))
        return 0;
    n = hl_delta_pack(&fresh, false, out, cap);
    hl_delta_clear(&fresh);
    return n;
}

static void apply(void *ctx, struct span node, int64_t age_ms, struct span packed)
{
    struct hl_delta_view view, *d = &view;

    (void)ctx;
    (void)node;
    CHECK(age_ms >= 0);
    CHECK(hl_delta_open(packed, &view) == OK);
    for (unsigned i = 0; i < d->cells; i++) {
        struct hl_delta_cell c = hl_delta_cell_at(d, i);

        know((uint32_t)c.key, (unsigned)c.n, (unsigned)c.s);
    }
    for (unsigned i = 0; i < d->cards; i++) {
        struct hl_delta_card c = hl_delta_card_at(d, i);

        know(c.provider, (unsigned)c.approved + c.soft, c.approved);
    }
    for (unsigned i = 0; i < d->techs; i++) {
        techs_ok += hl_delta_tech_at(d, i).ok;
        techs_fail += hl_delta_tech_at(d, i).fail;
    }
}

static size_t snapshot(void *ctx, unsigned part, void *out, size_t cap)
{
    static struct hl_delta whole;

    (void)ctx;
    hl_delta_clear(&whole);
    for (unsigned i = 0; i < alls; i++) {
        struct hl_cell_key key = { .kind = HL_CELL_PROVIDER, .provider = all[i].id };

        CHECK(hl_delta_put(&whole, &key, all[i].n, all[i].s, 0));
    }
    return part == 0 ? hl_delta_pack(&whole, true, out, cap) : 0;
}

static void put_word(struct json_out *o, const struct px_live_word *w)
{
    json_open(o, '{');
    json_member_z(o, "board", w->board == PX_LIVE_TOGGLES ? "toggles" : "breakers");
    json_member_z(o, "field", w->field);
    json_member_z(o, "text", w->text);
    json_member_i64(o, "t_ms", w->t_ms);
    json_member_bool(o, "expired", w->expired);
    json_member_bool(o, "local", w->local);
    json_close(o, '}');
}

static void on_word(void *ctx, const struct px_live_word *w)
{
    struct buf b = BUF_OF(out_mem);
    struct json_out o = json_to(&b);

    (void)ctx;
    json_open(&o, '{');
    json_member_z(&o, "event", "word");
    json_member_i64(&o, "at_ms", px_unix_ms());
    json_name(&o, "word");
    put_word(&o, w);
    json_close(&o, '}');
    print(&b);
}

static void on_lease(void *ctx, enum px_lease got)
{
    static const char *const name[] = { "ours", "taken", "unknown" };

    (void)ctx;
    printf("{\"event\":\"lease\",\"got\":\"%s\"}\n", name[got]);
    (void)fflush(stdout);
}

/* ---- commands ---- */

static void do_learn(char **arg)
{
    uint32_t id = (uint32_t)strtoul(arg[1], NULL, 10);
    unsigned n = (unsigned)strtoul(arg[2], NULL, 10), s = (unsigned)strtoul(arg[3], NULL, 10);

    struct hl_delta_card *c = hl_delta_card_of(&fresh, id, 0, 0, 0);

    CHECK(c != NULL && s <= n);
    hl_delta_count(&c->approved, s);
    hl_delta_count(&c->soft, n - s);
    know(id, n, s);
}

static void do_tech(char **arg)
{
    int at = hl_delta_tech_of(&fresh, (uint32_t)strtoul(arg[1], NULL, 10));

    CHECK(at >= 0);
    hl_delta_count(&fresh.tech[at].ok, (unsigned)strtoul(arg[2], NULL, 10));
    hl_delta_count(&fresh.tech[at].fail, (unsigned)strtoul(arg[3], NULL, 10));
}

static void do_known(void)
{
    struct buf b = BUF_OF(out_mem);
    struct json_out o = json_to(&b);
    char id[16];

    json_open(&o, '{');
    json_member_z(&o, "event", "known");
    json_member_i64(&o, "ok", (int64_t)techs_ok);
    json_member_i64(&o, "fail", (int64_t)techs_fail);
    json_name(&o, "n");
    json_open(&o, '{');
    for (unsigned i = 0; i < alls; i++) {
        (void)snprintf(id, sizeof id, "%u", all[i].id);
        json_member_i64(&o, id, (int64_t)all[i].n);
    }
    json_close(&o, '}');
    json_close(&o, '}');
    print(&b);
}

static void do_words(void)
{
    struct buf b = BUF_OF(out_mem);
    struct json_out o = json_to(&b);
    const struct px_live_word *w;

    json_open(&o, '{');
    json_member_z(&o, "event", "words");
    json_name(&o, "words");
    json_open(&o, '[');
    for (unsigned i = 0; (w = px_live_word_at(live, i)) != NULL; i++)
        put_word(&o, w);
    json_close(&o, ']');
    json_close(&o, '}');
    print(&b);
}

static void put_resp(struct json_out *o, const char *name, const struct px_resp_facts *f)
{
    json_name(o, name);
    json_open(o, '{');
    json_member_bool(o, "open", f->open);
    json_member_i64(o, "opened", (int64_t)f->opened);
    json_member_i64(o, "failed", (int64_t)f->failed);
    json_member_i64(o, "asked", (int64_t)f->asked);
    json_member_i64(o, "dropped", (int64_t)f->dropped);
    json_member_i64(o, "late", (int64_t)f->late);
    json_member_i64(o, "lost", (int64_t)f->lost);
    json_member_i64(o, "nonsense", (int64_t)f->nonsense);
    json_member_i64(o, "owed", f->owed);
    json_member_z(o, "why", f->why);
    json_close(o, '}');
}

static void do_facts(void)
{
    struct buf b = BUF_OF(out_mem);
    struct json_out o = json_to(&b);
    struct px_live_facts f = px_live_facts(live);

    json_open(&o, '{');
    json_member_z(&o, "event", "facts");
    put_resp(&o, "redis", &f.redis);
    put_resp(&o, "pubsub", &f.pubsub);
    json_member_i64(&o, "sent", (int64_t)f.sent);
    json_member_i64(&o, "shed", (int64_t)f.shed);
    json_member_i64(&o, "applied", (int64_t)f.applied);
    json_member_i64(&o, "doubles", (int64_t)f.doubles);
    json_member_i64(&o, "refused", (int64_t)f.refused);
    json_member_i64(&o, "errors", (int64_t)f.errors);
    json_member_i64(&o, "conflicts", (int64_t)f.conflicts);
    json_member_i64(&o, "snapshots", (int64_t)f.snapshots);
    json_member_i64(&o, "moves", (int64_t)f.moves);
    json_member_i64(&o, "asked_aside", (int64_t)f.asked_aside);
    json_member_i64(&o, "switches", (int64_t)f.switches);
    json_member_i64(&o, "waiting", f.waiting);
    json_member_i64(&o, "stall_ms", stall_ns / 1000000);
    json_close(&o, '}');
    print(&b);
    stall_ns = 0;
}

static void do_say(char **arg, char *text)
{
    int64_t ms = strtoll(arg[3], NULL, 10);
    enum err e =
        px_live_say(live, strcmp(arg[1], "toggles") == 0 ? PX_LIVE_TOGGLES : PX_LIVE_BREAKERS,
                    arg[2], ms == 0 ? 0 : px_unix_ms() + ms, text);

    if (e != OK)
        printf("{\"event\":\"refused\",\"why\":\"%s\"}\n", err_name(e));
}

static void taken(bool yes)
{
    printf("{\"event\":\"%s\"}\n", yes ? "taken" : "not_taken");
}

static void command(char *z)
{
    char *arg[6] = { NULL }, *rest = z;
    unsigned n = 0;

    while (n < 4 && rest != NULL)
        arg[n++] = strsep(&rest, " ");
    if (rest != NULL)
        arg[n++] = rest;
    if (strcmp(arg[0], "learn") == 0 && n == 4)
        do_learn(arg);
    else if (strcmp(arg[0], "tech") == 0 && n == 4)
        do_tech(arg);
    else if (strcmp(arg[0], "known") == 0)
        do_known();
    else if (strcmp(arg[0], "words") == 0)
        do_words();
    else if (strcmp(arg[0], "facts") == 0)
        do_facts();
    else if (strcmp(arg[0], "say") == 0 && n == 5)
        do_say(arg, arg[4]);
    else if (strcmp(arg[0], "show") == 0 && n == 4)
        taken(px_live_show(live, arg[1], &(struct px_live_pair){ arg[2], arg[3] }, 1, 60000));
    else if (strcmp(arg[0], "count") == 0 && n == 5)
        taken(px_live_count(live, arg[1], strtoll(arg[2], NULL, 10),
                            &(struct px_live_sum){ arg[3], strtoll(arg[4], NULL, 10) }, 1));
    else if (strcmp(arg[0], "lease") == 0 && n == 3)
        taken(px_live_lease(live, arg[1], (int)strtol(arg[2], NULL, 10), on_lease, NULL));
    else if (strcmp(arg[0], "release") == 0 && n == 2)
        px_live_release(live, arg[1]);
    else if (strcmp(arg[0], "quit") == 0)
        ev_break(loop, EVBREAK_ALL);
    else
        printf("{\"event\":\"what\"}\n");
    (void)fflush(stdout);
}

static void on_stdin(struct ev_loop *lp, ev_io *watcher, int revents)
{
    ssize_t got = read(0, line + line_n, sizeof line - 1 - line_n);
    char *nl;

    (void)watcher;
    (void)revents;
    if (got <= 0) {
        ev_break(lp, EVBREAK_ALL);
        return;
    }
    line_n += (size_t)got;
    line[line_n] = '\0';
    while ((nl = strchr(line, '\n')) != NULL) {
        *nl = '\0';
        command(line);
        line_n -= (size_t)(nl + 1 - line);
        memmove(line, nl + 1, line_n + 1);
    }
}

/* The longest the loop stood still: whatever Redis does, it must not. */
static void on_stall(struct ev_loop *lp, ev_timer *watcher, int revents)
{
    int64_t now = px_now_ns();

    (void)lp;
    (void)watcher;
    (void)revents;
    if (now - looked_ns > stall_ns)
        stall_ns = now - looked_ns;
    looked_ns = now;
}

/* ---- options ---- */

static void read_secret(const char *file, struct secret *s)
{
    char text[SECRET_MAX];
    FILE *f = fopen(file, "r");
    size_t n;

    CHECK(f != NULL);
    n = fread(text, 1, sizeof text, f);
    while (n > 0 && text[n - 1] == '\n')
        n--;
    (void)fclose(f);
    CHECK(secret_set(s, (struct span){ text, n }) == OK);
}

static struct px_tls_client *trust(const char *file)
{
    struct px_tls_client_config c = { .ca_file = file };
    struct px_tls_client *t = NULL;
    struct diag why;

    CHECK(px_tls_client_create(&c, &t, &why) == OK);
    return t;
}

static void add_sentinel(const char *port, struct px_live_config *c)
{
    CHECK(c->sentinels < PX_LIVE_SENTINELS);
    c->sentinel[c->sentinels++] =
        (struct px_resp_place){ "127.0.0.1", (uint16_t)strtoul(port, NULL, 10) };
}

static void options(int argc, char **argv, struct px_live_config *c)
{
    static const struct option all_options[] = {
        { "node", 1, NULL, 'n' },     { "tenant", 1, NULL, 't' },
        { "prefix", 1, NULL, 'p' },   { "epoch", 1, NULL, 'e' },
        { "tick-ms", 1, NULL, 'k' },  { "snapshot-ms", 1, NULL, 's' },
        { "board-ms", 1, NULL, 'b' }, { "tls", 1, NULL, 'T' },
        { "user", 1, NULL, 'u' },     { "password-file", 1, NULL, 'P' },
        { "db", 1, NULL, 'd' },       { "sentinel", 1, NULL, 'S' },
        { "master", 1, NULL, 'M' },   { "sentinel-password-file", 1, NULL, 'W' },
        { NULL, 0, NULL, 0 },
    };
    static struct secret password, sentinels;
    int o;

    while ((o = getopt_long(argc, argv, "", all_options, NULL)) != -1)
        switch (o) {
        case 'n': c->node = optarg; break;
        case 't': c->tenant = optarg; break;
        case 'p': c->prefix = optarg; break;
        case 'e': c->epoch = strtoull(optarg, NULL, 10); break;
        case 'k': c->tick_ms = (int)strtol(optarg, NULL, 10); break;
        case 's': c->snapshot_ms = (int)strtol(optarg, NULL, 10); break;
        case 'b': c->board_ms = (int)strtol(optarg, NULL, 10); break;
        case 'T': c->redis.tls = trust(optarg); break;
        case 'u': c->redis.user = optarg; break;
        case 'P':
            read_secret(optarg, &password);
            c->redis.password = &password;
            break;
        case 'd': c->redis.db = (unsigned)strtoul(optarg, NULL, 10); break;
        case 'S': add_sentinel(optarg, c); break;
        case 'M': c->master = optarg; break;
        case 'W':
            read_secret(optarg, &sentinels);
            c->sentinel_password = &sentinels;
            break;
        default: exit(2);
        }
    CHECK(argc - optind == 2);
    (void)snprintf(c->redis.place.host, sizeof c->redis.place.host, "%s", argv[optind]);
    c->redis.place.port = (uint16_t)strtoul(argv[optind + 1], NULL, 10);
}

int main(int argc, char **argv)
{
    static const struct px_live_events events = { collect, apply, snapshot, on_word };
    struct px_live_config c;
    struct px_wire *wire;
    struct px_dns *dns;

    px_live_defaults(&c);
    c.node = "node-1";
    c.epoch = (uint64_t)px_unix_ms();
    options(argc, argv, &c);
    c.redis.name = c.node;
    c.redis.seed = c.epoch;
    loop = ev_loop_new(EVFLAG_AUTO);
    wire = px_wire_create(loop);
    CHECK(wire != NULL && px_dns_create(loop, &dns) == OK);
    CHECK(px_live_create(wire, dns, &c, &events, NULL, &live) == OK);
    ev_io_init(&in, on_stdin, 0, EV_READ);
    ev_io_start(loop, &in);
    looked_ns = px_now_ns();
    ev_timer_init(&stall, on_stall, STALL_TICK_MS / 1e3, STALL_TICK_MS / 1e3);
    ev_timer_start(loop, &stall);
    ev_run(loop, 0);
    ev_io_stop(loop, &in);
    ev_timer_stop(loop, &stall);
    px_live_destroy(live);
    px_dns_destroy(dns);
    px_wire_destroy(wire);
    px_tls_client_unref(c.redis.tls);
    ev_loop_destroy(loop);
    return 0;
}
