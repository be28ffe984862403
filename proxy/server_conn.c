/* proxy/server_conn.c -- one client's connection: which protocol, which deadlines, when to end. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proxy/log.h"
#include "proxy/server_inside.h"
#include "routing/base/check.h"

static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"; /* RFC 9113 section 3.4 */

enum { PREFACE = sizeof preface - 1, LINGER_MS = 1000, REST_MS = 2000, MS = 1000000 };

bool px_server_conn_idle(const struct px_server_conn *c)
{
    for (int i = 0; i < PX_PHASES_; i++) {
        if (i != PX_PHASE_GONE && c->phase[i].first != NULL)
            return false;
    }
    return true;
}

/* ---- deadlines ---- */

void px_server_conn_quiet_in(struct px_server_conn *c, int ms)
{
    int64_t now = px_wire_now_ns(c->server->wire);

    c->quiet_due = ms <= 0 ? 0 : now + (int64_t)ms * MS;
    if (c->speaker != NULL && c->speaker->rest != NULL)
        c->rest_due = now + (int64_t)REST_MS * MS;
}

void px_server_conn_drain_again_in(struct px_server_conn *c, int ms)
{
    c->drain_due = px_wire_now_ns(c->server->wire) + (int64_t)ms * MS;
    px_server_conn_arm(c);
}

static int64_t sooner(int64_t a, int64_t b)
{
    return a == 0 || (b != 0 && b < a) ? b : a;
}

static int64_t first_due(const struct px_server_conn *c, enum px_phase phase)
{
    return c->phase[phase].first == NULL ? 0 : c->phase[phase].first->due_ns;
}

void px_server_conn_arm(struct px_server_conn *c)
{
    int64_t due = sooner(c->quiet_due, c->drain_due), left;

    due = sooner(due, c->rest_due);
    due = sooner(due, first_due(c, PX_PHASE_HEAD));
    due = sooner(due, first_due(c, PX_PHASE_BODY));
    due = sooner(due, first_due(c, PX_PHASE_SENDING));
    if (due == 0) {
        px_conn_timer(c->conn, 0);
        return;
    }
    left = (due - px_wire_now_ns(c->server->wire) + MS - 1) / MS;
    px_conn_timer(c->conn, left < 1 ? 1 : left > INT32_MAX ? INT32_MAX : (int)left);
}

static void late_in(struct px_server_conn *c, enum px_phase phase, int64_t now)
{
    struct px_server_request *q;

    while ((q = c->phase[phase].first) != NULL && q->due_ns != 0 && q->due_ns <= now) {
        px_server_request_move(q, phase); /* to the end, so that nobody is told twice */
        q->due_ns = INT64_MAX;
        c->speaker->late(q);
    }
}

static void on_timer(void *ctx)
{
    struct px_server_conn *c = ctx;
    int64_t now = px_wire_now_ns(c->server->wire);

    late_in(c, PX_PHASE_HEAD, now);
    late_in(c, PX_PHASE_BODY, now);
    late_in(c, PX_PHASE_SENDING, now);
    if (c->rest_due != 0 && c->rest_due <= now) {
        c->rest_due = 0;
        c->speaker->rest(c);
    }
    if (c->quiet_due != 0 && c->quiet_due <= now) {
        c->quiet_due = 0;
        if (c->speaker != NULL)
            c->speaker->quiet(c);
        else
            px_conn_finish(c->conn, LINGER_MS);
    }
    if (c->drain_due != 0 && c->drain_due <= now) {
        c->drain_due = 0;
        c->speaker->drain(c);
    }
    px_server_conn_arm(c);
}

/* ---- the protocol ---- */

static bool speak(struct px_server_conn *c, const struct px_speaker *speaker)
{
    c->speaker = speaker;
    if (speaker->start(c)) {
        if (c->draining)
            speaker->drain(c);
        return true;
    }
    c->speaker = NULL;
    px_conn_finish(c->conn, LINGER_MS);
    return false;
}

/* In clear text the first bytes tell: the preface of HTTP/2 is no request of HTTP/1.1. What it has
 * in common with one so far needs no buffer: it is the preface's beginning. False: not known yet.
 */
static bool sniff(struct px_server_conn *c, struct span *bytes)
{
    size_t left = (size_t)PREFACE - c->sniffed, n = left < bytes->n ? left : bytes->n;
    struct span seen = { preface, c->sniffed };

    if (memcmp(preface + c->sniffed, bytes->p, n) != 0) {
        if (speak(c, &px_http1_speaker) && seen.n > 0)
            c->speaker->data(c, seen);
        return c->speaker != NULL;
    }
    c->sniffed = (uint8_t)(c->sniffed + n);
    *bytes = span_drop(*bytes, n);
    if (c->sniffed < PREFACE)
        return false;
    if (speak(c, &px_http2_speaker))
        c->speaker->data(c, SPAN("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
    return c->speaker != NULL;
}

void px_server_conn_dispatch(struct px_server_conn *c)
{
    struct px_server *s = c->server;
    struct px_server_request *q;

    while ((q = c->phase[PX_PHASE_READY].first) != NULL) {
        px_server_request_move(q, PX_PHASE_DISPATCHED);
        q->dispatched = true;
        s->requests++;
        s->counts.requests++;
        s->config.handler(s->config.ctx, &q->r);
    }
}

static void on_open(void *ctx)
{
    struct px_server_conn *c = ctx;

    px_server_conn_quiet_in(c, c->server->config.first_request_ms);
    if (c->tls)
        (void)speak(c,
                    px_conn_protocol(c->conn) == PX_HTTP2 ? &px_http2_speaker : &px_http1_speaker);
    px_server_conn_arm(c);
}

static void on_data(void *ctx, struct span bytes)
{
    struct px_server_conn *c = ctx;

    if (c->speaker == NULL && !sniff(c, &bytes))
        return;
    if (bytes.n > 0)
        c->speaker->data(c, bytes);
    px_server_conn_dispatch(c);
    px_server_conn_arm(c);
}

static void on_fill(void *ctx)
{
    struct px_server_conn *c = ctx;

    if (c->speaker == NULL)
        return;
    c->speaker->fill(c);
    px_server_conn_arm(c);
}

/* Most are scanners and health checks; a client whose TLS does not fit needs to be found, too. */
static void not_opened(struct px_server_conn *c, enum px_end why)
{
    struct px_server *s = c->server;
    const struct px_tls *tls = px_conn_tls(c->conn);

    s->counts.not_opened++;
    if (px_log_allowed(&s->log_gate, 5, px_wire_now_ns(s->wire)))
        LOG(INFO, "server.not_opened", F("peer", c->peer), F("why", px_end_name(why)),
            F("tls", tls == NULL ? "" : px_tls_why(tls)));
}

static void on_end(void *ctx, enum px_end why)
{
    struct px_server_conn *c = ctx;

    if (why < PX_END_EOF)
        not_opened(c, why);
    px_server_conn_kill(c);
}

static const struct px_conn_events events = {
    .on_open = on_open,
    .on_data = on_data,
    .on_fill = on_fill,
    .on_timer = on_timer,
    .on_end = on_end,
};

/* ---- life ---- */

static void link_conn(struct px_server *s, struct px_server_conn *c)
{
    c->next = s->first;
    if (s->first != NULL)
        s->first->prev = c;
    s->first = c;
    s->connections++;
    s->counts.accepted++;
}

void px_server_conn_accept(struct px_server *s, int fd, const char *peer)
{
    struct px_server_conn *c = calloc(1, sizeof *c);
    struct px_conn_options o = { .events = &events,
                                 .ctx = c,
                                 .queue_max = PX_SERVER_QUEUE,
                                 .open_ms = s->config.tls_ms,
                                 .write_ms = s->config.write_ms };

    if (c == NULL) {
        close(fd);
        return;
    }
    c->conn = px_conn_accept(s->wire, fd, s->config.tls, &o);
    if (c->conn == NULL) {
        free(c);
        return;
    }
    c->server = s;
    c->tls = s->config.tls != NULL;
    (void)memcpy(c->peer, peer, sizeof c->peer);
    link_conn(s, c);
}

static void unlink_conn(struct px_server_conn *c)
{
    if (c->prev == NULL)
        c->server->first = c->next;
    else
        c->prev->next = c->next;
    if (c->next != NULL)
        c->next->prev = c->prev;
    c->server->connections--;
}

void px_server_conn_kill(struct px_server_conn *c)
{
    struct px_server *s = c->server;

    unlink_conn(c);
    if (c->speaker != NULL)
        c->speaker->stop(c);
    for (int i = 0; i < PX_PHASES_; i++) {
        while (c->phase[i].first != NULL)
            px_server_request_orphan(c->phase[i].first);
    }
    px_conn_destroy(c->conn);
    free(c);
    px_server_maybe_drained(s);
}

void px_server_conn_drain(struct px_server_conn *c)
{
    c->draining = true;
    if (c->speaker != NULL)
        c->speaker->drain(c);
    else if (!c->tls)
        px_conn_finish(c->conn, LINGER_MS);
    /* else: in its handshake; the speaker is told to drain as soon as there is one */
}
