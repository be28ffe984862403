/* proxy/admin_client.c -- connection and exchange are the upstream's own; here they run a loop
 * until the answer is there. */
#include "proxy/admin_client.h"

#include <ev.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "proxy/admin_address.h"
#include "proxy/client.h"
#include "proxy/clock.h"
#include "proxy/conn.h"
#include "proxy/tls.h"
#include "proxy/wire.h"
#include "routing/base/check.h"
#include "routing/base/json.h"

struct px_admin_client {
    const struct px_cli *cli;
    struct px_admin_address to;
    struct ev_loop *loop;
    struct px_wire *wire;
    struct px_tls_client *tls;
    struct px_conn *conn;
    struct px_client *client;
    struct px_exchange x;
    ev_timer deadline;
    const char *lost; /* why there is no answer; NULL: there is one, or it may come */
    bool answered, open;
};

/* ---- the client of HTTP/1.1, told what the connection is ---- */

static size_t io_room(void *ctx)
{
    struct px_admin_client *k = ctx;

    return px_conn_room(k->conn);
}

static bool io_put(void *ctx, struct span bytes)
{
    struct px_admin_client *k = ctx;

    return px_conn_put(k->conn, bytes);
}

static uint64_t io_at(void *ctx)
{
    struct px_admin_client *k = ctx;

    return px_conn_put_bytes(k->conn);
}

static void io_wake(void *ctx)
{
    struct px_admin_client *k = ctx;

    px_conn_wake(k->conn);
}

static void io_ended(void *ctx, struct px_exchange *x, enum px_ending how, const char *why)
{
    struct px_admin_client *k = ctx;

    (void)x;
    k->answered = how == PX_ENDED_ANSWERED;
    if (!k->answered && k->lost == NULL)
        k->lost = why;
    ev_break(k->loop, EVBREAK_ALL);
}

static const struct px_client_io io = { io_room, io_put, io_at, io_wake, io_ended };

/* ---- the connection ---- */

static void on_open(void *ctx)
{
    struct px_admin_client *k = ctx;

    k->open = true;
    px_client_start(k->client, &k->x);
    px_conn_wake(k->conn);
}

static void on_data(void *ctx, struct span bytes)
{
    struct px_admin_client *k = ctx;

    if (!px_client_receive(k->client, bytes, px_now_ns()))
        px_client_lost(k->client, PX_LOST_OTHER, "malformed");
}

static void on_fill(void *ctx)
{
    struct px_admin_client *k = ctx;

    if (k->open && !px_client_fill(k->client))
        px_client_lost(k->client, PX_LOST_OTHER, "malformed");
}

static void on_end(void *ctx, enum px_end why)
{
    struct px_admin_client *k = ctx;

    if (!k->answered && k->lost == NULL)
        k->lost =
            why == PX_END_TLS_VERIFY || why == PX_END_TLS_HANDSHAKE || why == PX_END_TLS_BROKEN
                ? px_tls_why(px_conn_tls(k->conn))
                : px_end_name(why);
    px_client_lost(k->client, why == PX_END_EOF ? PX_LOST_EOF : PX_LOST_OTHER, px_end_name(why));
    ev_break(k->loop, EVBREAK_ALL);
}

static const struct px_conn_events events = {
    .on_open = on_open, .on_data = on_data, .on_fill = on_fill, .on_end = on_end
};

static void on_late(struct ev_loop *loop, ev_timer *t, int revents)
{
    struct px_admin_client *k = t->data;

    (void)revents;
    k->lost = k->open ? "no answer in time" : "no connection in time";
    ev_break(loop, EVBREAK_ALL);
}

/* ---- life ---- */

static int no_tls(const struct px_admin_client *k, const struct diag *why)
{
    return px_cli_fail(k->cli, PX_USAGE, "%s", why->text);
}

static int prepare_tls(struct px_admin_client *k)
{
    struct px_tls_client_config c = { .ca_file = k->to.ca,
                                      .chain_file = k->to.cert,
                                      .key_file = k->to.key };
    struct diag why = { 0 };

    if (!k->to.tls)
        return PX_YES;
    if ((c.chain_file == NULL) != (c.key_file == NULL))
        return px_cli_usage(k->cli, "--cert and --key go together");
    return px_tls_client_create(&c, &k->tls, &why) == OK ? PX_YES : no_tls(k, &why);
}

int px_admin_client_open(const struct px_cli *c, struct px_admin_client **out)
{
    struct px_admin_client *k = calloc(1, sizeof *k);
    int e;

    CHECK(k != NULL);
    k->cli = c;
    px_exchange_init(&k->x);
    k->loop = ev_loop_new(EVFLAG_AUTO);
    CHECK(k->loop != NULL);
    k->wire = px_wire_create(k->loop);
    CHECK(k->wire != NULL);
    ev_timer_init(&k->deadline, on_late, 0., 0.);
    k->deadline.data = k;
    e = px_admin_address_find(c, &k->to);
    if (e == PX_YES)
        e = prepare_tls(k);
    if (e == PX_YES)
        *out = k;
    else
        px_admin_client_close(k);
    return e;
}

static void hang_up(struct px_admin_client *k)
{
    if (k->client != NULL)
        px_client_lost(k->client, PX_LOST_OTHER, "closed");
    px_conn_destroy(k->conn);
    px_client_destroy(k->client);
    k->conn = NULL;
    k->client = NULL;
    k->open = false;
}

void px_admin_client_close(struct px_admin_client *k)
{
    if (k == NULL)
        return;
    hang_up(k);
    px_exchange_clear(&k->x);
    px_wire_destroy(k->wire);
    px_tls_client_unref(k->tls);
    ev_loop_destroy(k->loop);
    free(k);
}

const char *px_admin_client_where(const struct px_admin_client *k)
{
    return k->to.text;
}

/* ---- one call ---- */

static bool dial(struct px_admin_client *k)
{
    struct px_conn_options o = { .events = &events, .ctx = k, .queue_max = 512 * 1024 };
    struct px_conn_to to = { .addr = (const struct sockaddr *)&k->to.sa,
                             .addr_n = k->to.len,
                             .tls = k->tls,
                             .host = span_str(k->to.host),
                             .offer = PX_OFFER_HTTP1 };

    k->client = px_http1_client_create(&io, k);
    k->conn = px_conn_connect(k->wire, &to, &o);
    return k->client != NULL && k->conn != NULL;
}

static int unreachable(const struct px_admin_client *k)
{
    (void)px_cli_fail(k->cli, PX_UNREACHABLE, "the gateway can not be reached at %s: %s",
                      k->to.text, k->lost == NULL ? "out of memory" : k->lost);
    if (k->open)
        (void)fprintf(stderr, "what was asked for may have been done: signalbox status tells\n");
    else
        (void)fprintf(stderr, "help: is it running, and is listen.admin.address this one? "
                              "--socket names another\n");
    return PX_UNREACHABLE;
}

static enum err ask(struct px_admin_client *k, const char *method, const char *path,
                    struct span body)
{
    struct px_message m = { .method = span_str(method),
                            .path = span_str(path),
                            .scheme = k->to.tls ? SPAN("https") : SPAN("http"),
                            .authority = k->to.tls ? span_str(k->to.authority) : SPAN("signalbox"),
                            .body = body };

    px_message_add(&m, "accept", SPAN("application/json"));
    if (body.n > 0)
        px_message_add(&m, "content-type", SPAN("application/json"));
    px_exchange_clear(&k->x);
    return px_exchange_set(&k->x, &m);
}

/* A connection a call: the gateway may have been started anew since the last one, and a doubt is
 * not worth the 0.1 ms. */
int px_admin_call_raw(struct px_admin_client *k, const char *method, const char *path,
                      struct span body, struct px_admin_answer *out)
{
    if (ask(k, method, path, body) != OK)
        return px_cli_fail(k->cli, PX_USAGE, "the request is too long");
    k->answered = false;
    k->lost = NULL;
    ev_now_update(k->loop);
    ev_timer_set(&k->deadline, PX_ADMIN_CALL_MS / 1e3, 0.);
    ev_timer_start(k->loop, &k->deadline);
    if (dial(k))
        ev_run(k->loop, 0);
    ev_timer_stop(k->loop, &k->deadline);
    if (!k->answered) {
        int e = unreachable(k);

        hang_up(k);
        return e;
    }
    hang_up(k);
    *out = (struct px_admin_answer){ k->x.status, px_exchange_answer(&k->x) };
    return PX_YES;
}

int px_admin_exit(int status)
{
    if (status < 300)
        return PX_YES;
    if (status == 403 || status == 409)
        return PX_DENIED;
    if (status == 400 || status == 415)
        return PX_USAGE;
    return status >= 500 ? PX_UNREACHABLE : PX_NO;
}

const char *px_admin_text(const struct px_admin_answer *w, struct arena *a, const char *outer,
                          const char *name)
{
    struct json j;
    struct span s;
    bool found = outer == NULL ? json_find(w->body, &j, name, NULL)
                               : json_find(w->body, &j, outer, name, NULL);
    const char *z =
        found && json_tok(&j) == JSON_STRING && json_str(&j, a, &s) == OK ? arena_str(a, s) : NULL;

    return z == NULL ? "" : z;
}

int px_admin_call(struct px_admin_client *k, const char *method, const char *path, struct span body,
                  struct px_admin_answer *out)
{
    int e = px_admin_call_raw(k, method, path, body, out);
    struct arena a;
    const char *text;

    if (e != PX_YES || out->status < 300)
        return e;
    arena_init(&a, NULL, 0, px_heap(), 64 * 1024);
    text = px_admin_text(out, &a, "error", "message");
    e = px_cli_fail(k->cli, px_admin_exit(out->status), "%s",
                    text[0] == '\0' ? "the gateway refuses" : text);
    text = px_admin_text(out, &a, "error", "help");
    if (text[0] != '\0')
        (void)fprintf(stderr, "help: %s\n", text);
    arena_fini(&a);
    return e;
}

void px_admin_put_encoded(struct buf *b, const char *text)
{
    static const char hex[] = "0123456789ABCDEF";

    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;

        if ((c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '-' ||
            c == '_' || c == '.') {
            buf_byte(b, (char)c);
        } else {
            buf_byte(b, '%');
            buf_byte(b, hex[c >> 4]);
            buf_byte(b, hex[c & 15]);
        }
    }
}
