/* proxy/server_request.c -- requests: their memory, their phases, their answers. */
#include <stdlib.h>
#include <string.h>

#include "proxy/log.h"
#include "proxy/server_inside.h"
#include "routing/base/check.h"
#include "routing/base/limits.h"
#include "routing/base/secret.h"

enum {
    SPARES_MAX = 256,
    BLOCK = 16 * 1024, /* the size arenas usually ask for */
    BLOCKS_MAX = 256,
    BODY_START = 4096,
    INCOMING_MAX = 4 * 1024 * 1024 /* per connection, in requests that are not whole */
};

struct px_spare_block {
    struct px_spare_block *next;
};

/* ---- phases ---- */

static int64_t due_in(const struct px_server *s, enum px_phase phase)
{
    int ms = 0;

    switch (phase) {
    case PX_PHASE_HEAD: ms = s->config.headers_ms; break;
    case PX_PHASE_BODY: ms = s->config.body_ms; break;
    case PX_PHASE_SENDING: ms = s->config.write_ms; break;
    case PX_PHASE_READY:
    case PX_PHASE_DISPATCHED:
    case PX_PHASE_GONE:
    case PX_PHASES_: break;
    }
    return ms <= 0 ? 0 : px_wire_now_ns(s->wire) + (int64_t)ms * 1000000;
}

static void link_to(struct px_server_request *q, enum px_phase phase)
{
    struct px_request_list *l = &q->on->phase[phase];

    q->phase = phase;
    q->due_ns = due_in(q->server, phase);
    q->next = NULL;
    q->prev = l->last;
    if (l->last == NULL)
        l->first = q;
    else
        l->last->next = q;
    l->last = q;
}

static void unlink_from(struct px_server_request *q)
{
    struct px_request_list *l = &q->on->phase[q->phase];

    if (q->prev == NULL)
        l->first = q->next;
    else
        q->prev->next = q->next;
    if (q->next == NULL)
        l->last = q->prev;
    else
        q->next->prev = q->prev;
}

static void weigh(struct px_server_request *q, size_t n)
{
    q->weight += n;
    q->on->incoming += n;
}

static void weigh_off(struct px_server_request *q)
{
    q->on->incoming -= q->weight;
    q->weight = 0;
}

bool px_server_conn_has_place(const struct px_server_conn *c)
{
    return c->places < LIMIT_STREAMS && c->incoming < INCOMING_MAX;
}

void px_server_request_move(struct px_server_request *q, enum px_phase to)
{
    if (to > PX_PHASE_BODY)
        weigh_off(q);
    unlink_from(q);
    link_to(q, to);
}

/* ---- memory ---- */

static struct px_server_request *take(struct px_server *s)
{
    struct px_server_request *q = s->spare;

    if (s->held >= LIMIT_REQUESTS)
        return NULL;
    if (q != NULL) {
        s->spare = q->next;
        s->spares--;
    } else if ((q = malloc(sizeof *q)) == NULL) {
        return NULL;
    }
    s->held++;
    return q;
}

static void wipe(struct px_server_request *q)
{
    if (q->wiped)
        return;
    q->wiped = true;
    arena_fini(&q->r.arena);
    secret_wipe(q->r.header, q->r.headers * sizeof q->r.header[0]);
    q->r.headers = 0;
    q->r.method = q->r.path = q->r.query = q->r.body = SPAN_NONE;
}

static void drop_answer(struct px_server_request *q)
{
    if (q->answer != NULL)
        secret_wipe(q->answer, q->answer_n);
    free(q->answer);
    q->answer = NULL;
    q->answer_n = q->answer_at = 0;
}

static void give(struct px_server_request *q)
{
    struct px_server *s = q->server;

    wipe(q);
    drop_answer(q);
    s->held--;
    if (s->spares == SPARES_MAX || s->destroyed) {
        free(q);
        return;
    }
    q->next = s->spare;
    s->spare = q;
    s->spares++;
}

void px_server_requests_free(struct px_server *s)
{
    while (s->spare != NULL) {
        struct px_server_request *q = s->spare;

        s->spare = q->next;
        free(q);
    }
    while (s->spare_block != NULL) {
        struct px_spare_block *b = s->spare_block;

        s->spare_block = b->next;
        free(b);
    }
    s->spares = s->spare_blocks = 0;
}

static void *block_get(void *ctx, size_t n)
{
    struct px_server *s = ctx;
    struct px_spare_block *b = s->spare_block;

    if (n != BLOCK || b == NULL)
        return malloc(n);
    s->spare_block = b->next;
    s->spare_blocks--;
    return b;
}

static void block_put(void *ctx, void *block, size_t n)
{
    struct px_server *s = ctx;
    struct px_spare_block *b = block;

    if (n != BLOCK || s->spare_blocks == BLOCKS_MAX) {
        free(block);
        return;
    }
    b->next = s->spare_block;
    s->spare_block = b;
    s->spare_blocks++;
}

void px_server_requests_init(struct px_server *s)
{
    s->blocks = (struct arena_source){ .get = block_get, .put = block_put, .ctx = s };
}

/* Everything but the big arrays, which are filled as they are used. */
static void reset(struct px_server_request *q, struct px_server_conn *c)
{
    size_t before = offsetof(struct px_request, header);
    size_t after = before + sizeof q->r.header;

    memset(q, 0, before);
    memset((char *)q + after, 0, offsetof(struct px_server_request, memory) - after);
    arena_init(&q->r.arena, q->memory, sizeof q->memory, &c->server->blocks, LIMIT_ARENA);
    q->server = c->server;
    q->on = c;
    q->r.tls = c->tls;
    q->r.protocol = c->speaker == &px_http2_speaker ? PX_HTTP2 : PX_HTTP1;
    memcpy(q->r.peer, c->peer, sizeof q->r.peer);
    q->head = (struct px_head){ .protocol = q->r.protocol, .tls = c->tls, .content_length = -1 };
}

struct px_server_request *px_server_request_create(struct px_server_conn *c)
{
    struct px_server_request *q = take(c->server);

    if (q == NULL)
        return NULL;
    reset(q, c);
    q->counted = true;
    c->places++;
    c->quiet_due = c->rest_due = 0;
    link_to(q, PX_PHASE_HEAD);
    weigh(q, sizeof *q);
    return q;
}

static void leave_place(struct px_server_request *q)
{
    if (q->counted && q->on != NULL)
        q->on->places--;
    q->counted = false;
}

/* ---- letting go ---- */

static void tell_gone(struct px_server_request *q)
{
    void (*tell)(struct px_request * r) = q->r.on_gone;

    if (q->r.gone)
        return;
    q->r.gone = true;
    q->server->counts.gone++;
    q->r.on_gone = NULL;
    if (tell != NULL)
        tell(&q->r); /* q may be done and freed now */
}

void px_server_request_release(struct px_server_request *q)
{
    struct px_server_conn *c = q->on;

    drop_answer(q);
    if (q->dispatched && !q->done) {
        px_server_request_move(q, PX_PHASE_GONE);
        if (!q->responded)
            tell_gone(q);
    } else {
        leave_place(q);
        weigh_off(q);
        unlink_from(q);
        give(q);
    }
    if (px_server_conn_idle(c))
        px_server_conn_quiet_in(c, c->server->config.idle_ms);
}

void px_server_request_orphan(struct px_server_request *q)
{
    unlink_from(q);
    drop_answer(q);
    leave_place(q);
    q->on = NULL;
    if (!q->dispatched || q->done)
        give(q);
    else if (!q->responded)
        tell_gone(q);
}

/* ---- collecting ---- */

static void lower(char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (p[i] >= 'A' && p[i] <= 'Z')
            p[i] = (char)(p[i] + ('a' - 'A'));
    }
}

bool px_server_request_header(struct px_server_request *q, struct span name, struct span value)
{
    char *p;

    q->header_bytes += name.n + value.n;
    if (q->header_bytes > LIMIT_HEADER_BYTES || q->r.headers == LIMIT_HEADERS)
        return false;
    p = arena_alloc(&q->r.arena, name.n + value.n);
    if (p == NULL)
        return false;
    weigh(q, name.n + value.n);
    if (name.n > 0)
        memcpy(p, name.p, name.n);
    if (value.n > 0)
        memcpy(p + name.n, value.p, value.n);
    lower(p, name.n);
    q->r.header[q->r.headers++] =
        (struct px_header){ .name = { p, name.n }, .value = { p + name.n, value.n } };
    return true;
}

static bool grow_body(struct px_server_request *q, size_t need)
{
    size_t cap = q->body_cap > 0 ? q->body_cap * 2 : BODY_START;
    char *p;

    if (q->head.content_length > 0 && (size_t)q->head.content_length >= need)
        cap = (size_t)q->head.content_length;
    while (cap < need)
        cap *= 2;
    p = arena_alloc(&q->r.arena, cap);
    if (p == NULL)
        return false;
    if (q->r.body.n > 0)
        memcpy(p, q->r.body.p, q->r.body.n);
    weigh(q, cap);
    q->r.body.p = p;
    q->body_cap = cap;
    return true;
}

bool px_server_request_body(struct px_server_request *q, struct span bytes)
{
    size_t n = q->r.body.n + bytes.n;
    char *at;

    if (bytes.n == 0)
        return true;
    if (n > LIMIT_BODY || (n > q->body_cap && !grow_body(q, n)))
        return false;
    at = (char *)(uintptr_t)q->r.body.p + q->r.body.n; /* our own arena's bytes */
    memcpy(at, bytes.p, bytes.n);
    q->r.body.n = n;
    return true;
}

bool px_server_request_headed(struct px_server_request *q)
{
    enum px_refusal why;

    q->head.header = q->r.header;
    q->head.headers = q->r.headers;
    why = px_head_check(&q->head);
    if (why != PX_REFUSE_NOT) {
        px_server_request_refuse(q, why);
        return false;
    }
    q->r.method = q->head.method;
    px_path_split(q->head.path, &q->r.path, &q->r.query);
    px_server_request_move(q, PX_PHASE_BODY);
    return true;
}

void px_server_request_complete(struct px_server_request *q)
{
    q->r.received_ns = px_wire_now_ns(q->server->wire);
    px_server_request_move(q, PX_PHASE_READY);
}

/* ---- answering ---- */

bool px_server_request_keep(struct px_server_request *q, struct span body)
{
    if (body.n == 0)
        return true;
    q->answer = malloc(body.n);
    if (q->answer == NULL)
        return false;
    memcpy(q->answer, body.p, body.n);
    q->answer_n = body.n;
    q->answer_at = 0;
    return true;
}

struct span px_server_request_kept(const struct px_server_request *q)
{
    return (struct span){ q->answer == NULL ? NULL : q->answer + q->answer_at,
                          q->answer_n - q->answer_at };
}

static void respond(struct px_server_request *q, const struct px_message *m)
{
    q->responded = true;
    if (q->on == NULL || q->phase == PX_PHASE_GONE)
        return;
    px_server_request_move(q, PX_PHASE_SENDING);
    q->on->speaker->respond(q, m);
}

static void respond_refusal(struct px_server_request *q, enum px_refusal why)
{
    char body[512];
    struct buf b = BUF_OF(body);
    struct px_message m = { .status = px_refusal_status(why) };

    px_refusal_body(why, &b);
    px_message_add(&m, "content-type", SPAN("application/problem+json"));
    px_message_add(&m, "cache-control", SPAN("no-store"));
    m.body = buf_span(&b);
    respond(q, &m);
}

void px_server_request_drop(struct px_server_request *q)
{
    q->server->counts.refused++;
    q->refused = q->done = true;
    leave_place(q);
    px_server_request_move(q, PX_PHASE_SENDING);
}

void px_server_request_refuse(struct px_server_request *q, enum px_refusal why)
{
    CHECK(!q->dispatched);
    CHECK(!q->responded);
    q->server->counts.refused++;
    q->refused = true;
    q->done = true;
    leave_place(q);
    respond_refusal(q, why); /* q may be released by it */
}

void px_respond(struct px_request *r, const struct px_message *m)
{
    struct px_server_request *q = (struct px_server_request *)r;

    CHECK(q->dispatched);
    CHECK(!q->responded);
    CHECK(!q->done);
    respond(q, m);
}

void px_request_done(struct px_request *r)
{
    struct px_server_request *q = (struct px_server_request *)r;
    struct px_server *s = q->server;

    CHECK(q->dispatched);
    CHECK(!q->done);
    if (!q->responded) {
        LOG(ERROR, "server.unanswered", F("gone", q->r.gone));
        respond_refusal(q, PX_REFUSE_UNANSWERED);
    }
    q->done = true;
    q->r.on_gone = NULL;
    s->requests--;
    leave_place(q);
    if (q->on == NULL) {
        give(q);
    } else if (q->phase == PX_PHASE_GONE) {
        unlink_from(q);
        give(q);
    } else {
        wipe(q); /* what is left of it is an answer on its way */
    }
    px_server_free_if_unused(s);
}
