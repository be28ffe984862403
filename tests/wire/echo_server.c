/* tests/wire/echo_server.c -- a real px_server whose handler says what it was given.
 *
 *   echo_server [--idle-ms N] [--headers-ms N] ... [--ca-file PATH]
 *
 * Listens on two free loopback ports, one in clear text and one with TLS (certificate for localhost
 * and 127.0.0.1, its CA written to --ca-file), prints {"clear":PORT,"tls":PORT} and serves until
 * SIGTERM, which drains. SIGHUP makes a new certificate. Exits 0 if nothing is left over.
 *
 *   /slow?ms=N    answers after N ms      /big?n=N      answers N bytes
 *   /forget       answers nothing         /twice        frees the request long after the answer
 *   /counts       what the servers counted; /quit       drains, too
 *   anything else is echoed as JSON */
#include <arpa/inet.h>
#include <ev.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proxy/log.h"
#include "proxy/server.h"
#include "proxy/tls.h"
#include "routing/base/check.h"
#include "routing/base/json.h"
#include "tests/lib/cert.h"

enum { SERVERS = 2 };

/* The sanitizer keeps freed memory for a while, so that memory says nothing then. */
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#define SANITIZED __has_feature(address_sanitizer)
#else
#define SANITIZED 0
#endif

struct echo {
    struct ev_loop *loop;
    struct px_server *server[SERVERS];
    int listen_fd[SERVERS];
    unsigned drained, told_gone, open;
    uint64_t stream_max; /* the highest number a request named in x-stream */
    int drain_ms;
    struct ev_signal term, hup;
    const char *ca_file;
    int ticket_ms;
    char text[128 * 1024];
};

/* An answer that waits. */
struct later {
    struct ev_timer timer;
    struct echo *e;
    struct px_request *r;
    bool answered;
};

static void answer(struct px_request *r, int status, struct span body)
{
    struct px_message m = { .status = status, .body = body };

    px_message_add(&m, "content-type", SPAN("application/json"));
    px_respond(r, &m);
}

static void done(struct echo *e, struct px_request *r)
{
    e->open--;
    px_request_done(r);
}

/* ---- what to say ---- */

static void say_request(struct px_request *r, struct buf *b)
{
    struct json_out o = json_to(b);

    json_open(&o, '{');
    json_member_z(&o, "protocol", r->protocol == PX_HTTP2 ? "h2" : "http/1.1");
    json_member_bool(&o, "tls", r->tls);
    json_member_str(&o, "method", r->method);
    json_member_str(&o, "path", r->path);
    json_member_str(&o, "query", r->query);
    json_member_z(&o, "peer", r->peer);
    json_member_i64(&o, "length", (int64_t)r->body.n);
    json_member_str(&o, "body", span_take(r->body, 1000));
    json_name(&o, "headers");
    json_open(&o, '[');
    for (unsigned i = 0; i < r->headers; i++) {
        json_open(&o, '[');
        json_put_str(&o, r->header[i].name);
        json_put_str(&o, r->header[i].value);
        json_close(&o, ']');
    }
    json_close(&o, ']');
    json_close(&o, '}');
}

static int64_t rss_kb(void)
{
    char line[128];
    long size = 0, resident = 0;
    FILE *f = fopen("/proc/self/statm", "re");

    CHECK(f != NULL);
    CHECK(fgets(line, sizeof line, f) != NULL);
    (void)fclose(f);
    CHECK(sscanf(line, "%ld %ld", &size, &resident) == 2);
    return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

static void say_counts(struct echo *e, struct buf *b)
{
    struct px_server_counts sum = { 0 };
    struct json_out o = json_to(b);
    int64_t connections = 0;

    for (int i = 0; i < SERVERS; i++) {
        const struct px_server_counts *c = px_server_count(e->server[i]);

        sum.accepted += c->accepted;
        sum.not_opened += c->not_opened;
        sum.requests += c->requests;
        sum.refused += c->refused;
        sum.gone += c->gone;
        sum.calmed += c->calmed;
        sum.broken += c->broken;
        sum.false_claims += c->false_claims;
        connections += px_server_connections(e->server[i]);
    }
    json_open(&o, '{');
    json_member_i64(&o, "accepted", (int64_t)sum.accepted);
    json_member_i64(&o, "not_opened", (int64_t)sum.not_opened);
    json_member_i64(&o, "requests", (int64_t)sum.requests);
    json_member_i64(&o, "refused", (int64_t)sum.refused);
    json_member_i64(&o, "gone", (int64_t)sum.gone);
    json_member_i64(&o, "calmed", (int64_t)sum.calmed);
    json_member_i64(&o, "broken", (int64_t)sum.broken);
    json_member_i64(&o, "false_claims", (int64_t)sum.false_claims);
    json_member_i64(&o, "connections", connections);
    json_member_i64(&o, "told_gone", e->told_gone);
    json_member_i64(&o, "open", e->open);
    json_member_i64(&o, "stream_max", (int64_t)e->stream_max);
    json_member_i64(&o, "rss_kb", SANITIZED ? 0 : rss_kb());
    json_close(&o, '}');
}

static int query_number(const struct px_request *r, const char *name, int otherwise)
{
    uint64_t n;

    if (!span_starts(r->query, name) || span_u64(span_drop(r->query, strlen(name)), &n) != OK)
        return otherwise;
    return (int)n;
}

/* ---- the handler ---- */

static void on_gone(struct px_request *r)
{
    ((struct later *)r->user)->e->told_gone++;
}

static void on_later(struct ev_loop *loop, ev_timer *t, int revents)
{
    struct later *l = t->data;

    (void)loop;
    (void)revents;
    if (!l->answered)
        answer(l->r, 200, SPAN("{\"slow\":true}"));
    done(l->e, l->r);
    free(l);
}

static void wait(struct echo *e, struct px_request *r, int ms, bool answered)
{
    struct later *l = calloc(1, sizeof *l);

    CHECK(l != NULL);
    *l = (struct later){ .e = e, .r = r, .answered = answered };
    r->user = l;
    r->on_gone = on_gone;
    ev_timer_init(&l->timer, on_later, ms / 1e3, 0.0);
    l->timer.data = l;
    ev_timer_start(e->loop, &l->timer);
}

static void on_drained(void *ctx)
{
    struct echo *e = ctx;

    if (++e->drained == SERVERS)
        ev_break(e->loop, EVBREAK_ALL);
}

static void drain(struct echo *e)
{
    ev_signal_stop(e->loop, &e->term);
    for (int i = 0; i < SERVERS; i++)
        px_server_drain(e->server[i], e->drain_ms, on_drained, e);
}

static void say_big(struct px_request *r)
{
    int n = query_number(r, "n=", 100000);
    char *p = malloc((size_t)n + 1);

    CHECK(p != NULL);
    memset(p, 'x', (size_t)n);
    answer(r, 200, (struct span){ p, (size_t)n });
    free(p);
}

static void handle(void *ctx, struct px_request *r)
{
    struct echo *e = ctx;
    struct buf b = BUF_OF(e->text);
    uint64_t stream;

    e->open++;
    if (span_u64(px_header_find(r->header, r->headers, "x-stream"), &stream) == OK &&
        stream > e->stream_max)
        e->stream_max = stream;
    if (span_is(r->path, "/slow")) {
        wait(e, r, query_number(r, "ms=", 100), false);
        return;
    }
    if (span_is(r->path, "/twice")) {
        answer(r, 200, SPAN("{}"));
        wait(e, r, query_number(r, "ms=", 100), true);
        return;
    }
    if (span_is(r->path, "/big")) {
        say_big(r);
    } else if (span_is(r->path, "/quit")) {
        answer(r, 200, SPAN("{}"));
        drain(e);
    } else if (!span_is(r->path, "/forget")) {
        if (span_is(r->path, "/counts"))
            say_counts(e, &b);
        else
            say_request(r, &b);
        CHECK(buf_ok(&b));
        answer(r, 200, buf_span(&b));
    }
    done(e, r);
}

/* ---- setting up ---- */

static void on_term(struct ev_loop *loop, ev_signal *w, int revents)
{
    (void)loop;
    (void)revents;
    drain(w->data);
}

static struct px_tls_server *tls_make(const struct echo *e);

static void on_hup(struct ev_loop *loop, ev_signal *w, int revents)
{
    struct echo *e = w->data;
    struct px_tls_server *tls = tls_make(e);

    (void)loop;
    (void)revents;
    px_server_use_tls(e->server[1], tls);
    px_tls_server_unref(tls);
}

static int listen_anywhere(int *port)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t n = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    CHECK(fd >= 0);
    CHECK(bind(fd, (struct sockaddr *)&a, sizeof a) == 0);
    CHECK(listen(fd, 1024) == 0);
    CHECK(getsockname(fd, (struct sockaddr *)&a, &n) == 0);
    *port = ntohs(a.sin_port);
    return fd;
}

static struct px_tls_server *tls_make(const struct echo *e)
{
    struct cert c;
    struct px_tls_server_config tc = { 0 };
    struct px_tls_server *t = NULL;
    struct diag why = { 0 };

    cert_make(&c, "DNS:localhost,IP:127.0.0.1", 30);
    tc.chain_pem = span_str(c.chain);
    tc.key_pem = span_str(c.key);
    tc.ticket_ms = e->ticket_ms;
    CHECK(px_tls_server_create(&tc, &t, &why) == OK);
    if (e->ca_file != NULL) {
        FILE *f = fopen(e->ca_file, "we");

        CHECK(f != NULL);
        (void)fputs(c.ca, f);
        (void)fclose(f);
    }
    return t;
}

/* --idle-ms 200 and the like; NULL for what is no number option. */
static int *number_option(struct px_server_config *c, struct echo *e, const char *name)
{
    const struct {
        const char *name;
        int *at;
    } options[] = {
        { "--tls-ms", &c->tls_ms },         { "--first-request-ms", &c->first_request_ms },
        { "--headers-ms", &c->headers_ms }, { "--body-ms", &c->body_ms },
        { "--idle-ms", &c->idle_ms },       { "--write-ms", &c->write_ms },
        { "--drain-ms", &e->drain_ms },     { "--ticket-ms", &e->ticket_ms },
    };

    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        if (strcmp(options[i].name, name) == 0)
            return options[i].at;
    }
    return NULL;
}

static const char *read_options(int argc, char **argv, struct px_server_config *c, struct echo *e)
{
    const char *ca_file = NULL;

    for (int i = 1; i + 1 < argc; i += 2) {
        int *at = number_option(c, e, argv[i]);

        if (strcmp(argv[i], "--ca-file") == 0) {
            ca_file = argv[i + 1];
        } else if (at != NULL) {
            *at = (int)strtol(argv[i + 1], NULL, 10);
        } else {
            (void)fprintf(stderr, "echo_server: no option %s\n", argv[i]);
            exit(2);
        }
    }
    return ca_file;
}

int main(int argc, char **argv)
{
    static struct echo e = { .drain_ms = 3000 };
    struct px_server_config c;
    int port[SERVERS];
    struct px_tls_server *tls;

    px_server_defaults(&c);
    e.ca_file = read_options(argc, argv, &c, &e);
    px_log_to(STDERR_FILENO, INFO);
    e.loop = ev_loop_new(EVFLAG_AUTO);
    tls = tls_make(&e);
    c.handler = handle;
    c.ctx = &e;
    for (int i = 0; i < SERVERS; i++) {
        e.listen_fd[i] = listen_anywhere(&port[i]);
        c.listen_fd = &e.listen_fd[i];
        c.listen_fds = 1;
        c.tls = i == 0 ? NULL : tls;
        CHECK(px_server_create(e.loop, &c, &e.server[i]) == OK);
    }
    px_tls_server_unref(tls);
    ev_signal_init(&e.term, on_term, SIGTERM);
    e.term.data = &e;
    ev_signal_start(e.loop, &e.term);
    ev_signal_init(&e.hup, on_hup, SIGHUP);
    e.hup.data = &e;
    ev_signal_start(e.loop, &e.hup);
    (void)printf("{\"clear\":%d,\"tls\":%d}\n", port[0], port[1]);
    (void)fflush(stdout);
    ev_run(e.loop, 0);
    for (int i = 0; i < SERVERS; i++) {
        px_server_destroy(e.server[i]);
        close(e.listen_fd[i]);
    }
    ev_loop_destroy(e.loop);
    return e.open == 0 ? 0 : 1;
}
