/* tests/wire/ask_client.c -- proxy/upstream.h on a command line: asks what stdin says, prints what
 * is heard, one JSON object a line. Not installed; tests/integration/test_wire_upstream.py and
 * people at night use it.
 *
 *   ask_client [options] HOST PORT        commands, one a line:
 *     --tls CA_FILE      trust this        ask ID [BODY_BYTES [RESPONSE_MS]]
 *     --h2 | --h1        (default: both)   get ID PATH
 *     --connect-ms N  --response-ms N      chain ID    asks ID.1 from inside the callback of ID
 *     --idle-ms N  --connections N         forget ID
 *     --waiting N                          idle        prints how many are in flight
 *     --dns ADDR:PORT    name server       pause MS    reads no command meanwhile
 *                                          quit        (or the end of stdin) destroys the upstream
 */
#include <ev.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proxy/dns.h"
#include "proxy/log.h"
#include "proxy/tls.h"
#include "proxy/upstream.h"
#include "routing/base/buf.h"
#include "routing/base/check.h"
#include "routing/base/json.h"

enum { ASKS_MAX = 20000, OUT = 2 * 1024 * 1024 };

struct asked {
    struct px_ask *ask; /* NULL: heard or forgotten */
    bool chain;
    char id[32];
};

static struct ev_loop *loop;
static struct px_upstream *up;
static struct px_dns *dns;
static struct px_tls_client *tls;
static struct asked asked[ASKS_MAX];
static unsigned askeds;
static bool inside; /* px_upstream_ask: no callback may come now */
static char line[65536], body[128 * 1024], out_mem[OUT];
static size_t line_n;
static ev_io in;
static ev_timer paused;

static const char *kind_name(enum px_heard_kind k)
{
    switch (k) {
    case PX_IN_DOUBT: return "in_doubt";
    case PX_NOT_SENT: return "not_sent";
    case PX_REFUSED: return "refused";
    case PX_ANSWERED: return "answered";
    }
    return "?";
}

static void print(struct buf *b)
{
    CHECK(buf_ok(b));
    buf_byte(b, '\n');
    (void)fwrite(b->p, 1, b->n, stdout);
    (void)fflush(stdout);
}

static void put_headers(struct json_out *o, const struct px_heard *h)
{
    json_name(o, "header");
    json_open(o, '[');
    for (unsigned i = 0; i < h->headers; i++) {
        json_open(o, '[');
        json_put_str(o, h->header[i].name);
        json_put_str(o, h->header[i].value);
        json_close(o, ']');
    }
    json_close(o, ']');
}

static void do_ask(const char *id, const char *method, const char *path, size_t n, int response_ms,
                   bool chain);

static void on_heard(void *ctx, const struct px_heard *h)
{
    struct asked *a = ctx;
    struct buf b = BUF_OF(out_mem);
    struct json_out o = json_to(&b);
    char next[40];

    CHECK(!inside);
    CHECK(a->ask != NULL);
    json_open(&o, '{');
    json_member_z(&o, "id", a->id);
    json_member_z(&o, "kind", kind_name(h->kind));
    json_member_z(&o, "why", h->why);
    json_member_z(&o, "protocol", h->protocol == PX_HTTP2 ? "h2" : "http/1.1");
    json_member_bool(&o, "reused", h->reused);
    json_member_i64(&o, "status", h->status);
    put_headers(&o, h);
    json_member_i64(&o, "body_n", (int64_t)h->body.n);
    json_member_str(&o, "body", span_take(h->body, 1000));
    json_member_i64(&o, "sent_us", h->sent_ns == 0 ? -1 : (h->sent_ns - h->asked_ns) / 1000);
    json_member_i64(&o, "heard_us", (h->heard_ns - h->asked_ns) / 1000);
    json_close(&o, '}');
    print(&b);
    px_ask_forget(a->ask); /* from inside its own callback: does nothing */
    a->ask = NULL;
    if (a->chain) {
        (void)snprintf(next, sizeof next, "%.30s.1", a->id);
        do_ask(next, "POST", "/chained", 10, 0, false);
    }
}

static void do_ask(const char *id, const char *method, const char *path, size_t n, int response_ms,
                   bool chain)
{
    struct asked *a = &asked[askeds++];
    struct px_message m = { .method = span_str(method), .path = span_str(path) };

    CHECK(askeds < ASKS_MAX);
    CHECK(n <= sizeof body);
    (void)snprintf(a->id, sizeof a->id, "%.31s", id);
    a->chain = chain;
    px_message_add(&m, "content-type", SPAN("application/json"));
    px_message_add(&m, "x-ask", span_str(a->id));
    px_message_add_secret(&m, "authorization", SPAN("Bearer sk_test_not_to_be_indexed"));
    m.body = (struct span){ body, n };
    inside = true;
    a->ask = px_upstream_ask(up, &m, response_ms, on_heard, a);
    inside = false;
    if (a->ask == NULL)
        printf("{\"id\":\"%s\",\"kind\":\"none\"}\n", a->id);
}

static void do_forget(const char *id)
{
    for (unsigned i = 0; i < askeds; i++)
        if (strcmp(asked[i].id, id) == 0 && asked[i].ask != NULL) {
            px_ask_forget(asked[i].ask);
            asked[i].ask = NULL;
        }
}

static void quit(void)
{
    ev_io_stop(loop, &in);
    px_upstream_destroy(up);
    px_dns_destroy(dns);
    px_tls_client_unref(tls);
    ev_loop_destroy(loop);
    for (unsigned i = 0; i < askeds; i++)
        CHECK(asked[i].ask == NULL); /* everyone has heard */
    exit(0);
}

static void command(char *text)
{
    char verb[16] = "", id[32] = "", arg[256] = "";
    int response_ms = 0;
    int n = sscanf(text, "%15s %31s %255s %d", verb, id, arg, &response_ms);

    if (n <= 0)
        return;
    if (strcmp(verb, "ask") == 0 || strcmp(verb, "chain") == 0)
        do_ask(id, "POST", "/v1/charges?x=1", n > 2 ? strtoul(arg, NULL, 10) : 16, response_ms,
               verb[0] == 'c');
    else if (strcmp(verb, "get") == 0)
        do_ask(id, "GET", arg, 0, 0, false);
    else if (strcmp(verb, "forget") == 0)
        do_forget(id);
    else if (strcmp(verb, "idle") == 0)
        printf("{\"in_flight\":%u}\n", px_upstream_in_flight(up));
    else if (strcmp(verb, "quit") == 0)
        quit();
    else if (strcmp(verb, "pause") == 0) {
        ev_io_stop(loop, &in);
        ev_now_update(loop);
        ev_timer_set(&paused, strtod(id, NULL) / 1e3, 0.);
        ev_timer_start(loop, &paused);
    } else
        (void)fprintf(stderr, "what is %s?\n", verb);
    (void)fflush(stdout);
}

/* The lines that are here; a pause leaves the rest for later. */
static void commands(void)
{
    char *end;

    while (!ev_is_active(&paused) && (end = strchr(line, '\n')) != NULL) {
        size_t used = (size_t)(end - line) + 1;

        *end = '\0';
        command(line);
        line_n -= used;
        memmove(line, line + used, line_n + 1);
    }
}

static void on_pause_over(struct ev_loop *l, ev_timer *w, int revents)
{
    (void)w;
    (void)revents;
    ev_io_start(l, &in);
    commands();
}

static void on_input(struct ev_loop *l, ev_io *w, int revents)
{
    ssize_t n = read(0, line + line_n, sizeof line - 1 - line_n);

    (void)l;
    (void)w;
    (void)revents;
    if (n <= 0)
        quit();
    line_n += (size_t)n;
    line[line_n] = '\0';
    commands();
    CHECK(line_n < sizeof line - 1);
}

static void die(const char *what, const char *why)
{
    (void)fprintf(stderr, "ask_client: %s: %s\n", what, why);
    exit(2);
}

static void open_upstream(struct px_upstream_config *c, const char *ca, const char *server)
{
    struct px_dns_config d;
    struct diag why = { .text = "" };
    enum err e;

    px_dns_defaults(&d);
    d.servers = server;
    d.try_ms = 100;
    if ((e = px_dns_create_with(loop, &d, &dns)) != OK)
        die("dns", err_name(e));
    c->tls = ca != NULL;
    if (ca != NULL &&
        px_tls_client_create(&(struct px_tls_client_config){ .ca_file = ca }, &tls, &why) != OK)
        die("tls", why.text);
    if ((e = px_upstream_create(loop, c, tls, dns, &up)) != OK)
        die("upstream", err_name(e));
}

int main(int argc, char **argv)
{
    static const struct option known[] = {
        { "tls", required_argument, NULL, 't' },
        { "h2", no_argument, NULL, '2' },
        { "h1", no_argument, NULL, '1' },
        { "connect-ms", required_argument, NULL, 'c' },
        { "response-ms", required_argument, NULL, 'r' },
        { "idle-ms", required_argument, NULL, 'i' },
        { "connections", required_argument, NULL, 'n' },
        { "waiting", required_argument, NULL, 'w' },
        { "dns", required_argument, NULL, 'd' },
        { NULL, 0, NULL, 0 },
    };
    struct px_upstream_config c;
    const char *ca = NULL, *server = NULL;
    int o;

    px_upstream_defaults(&c);
    c.name = "test";
    while ((o = getopt_long(argc, argv, "", known, NULL)) != -1)
        switch (o) {
        case 't': ca = optarg; break;
        case '2': c.speak = PX_ALPN_H2; break;
        case '1': c.speak = PX_ALPN_HTTP1; break;
        case 'c': c.connect_ms = (int)strtol(optarg, NULL, 10); break;
        case 'r': c.response_ms = (int)strtol(optarg, NULL, 10); break;
        case 'i': c.idle_ms = (int)strtol(optarg, NULL, 10); break;
        case 'n': c.connections_max = (unsigned)strtoul(optarg, NULL, 10); break;
        case 'w': c.waiting_max = (unsigned)strtoul(optarg, NULL, 10); break;
        case 'd': server = optarg; break;
        default: return 2;
        }
    if (argc - optind != 2)
        die("usage", "ask_client [options] HOST PORT");
    c.host = span_str(argv[optind]);
    c.port = (uint16_t)strtoul(argv[optind + 1], NULL, 10);
    memset(body, 'b', sizeof body);
    loop = ev_default_loop(0);
    open_upstream(&c, ca, server);
    ev_init(&paused, on_pause_over);
    ev_io_init(&in, on_input, 0, EV_READ);
    ev_io_start(loop, &in);
    ev_run(loop, 0);
    return 0;
}
