/* loadtest/pspsim/request.c */
#include "loadtest/pspsim/request.h"

#include <stdlib.h>
#include <string.h>

#include "routing/base/check.h"
#include "routing/base/secret.h"

enum { SPARES_MAX = 4096 };

/* The big arrays are not cleared: only counters are, which is what makes reuse cheap. */
static void reset(struct sim_req *r, struct sim *s, enum sim_who who)
{
    r->magic = SIM_REQ_MAGIC;
    r->sim = s;
    r->who = who;
    r->conn = NULL;
    r->next = NULL;
    r->back = NULL;
    r->stream = 0;
    r->number = 0;
    r->method = r->path = r->query = r->authority = SPAN_NONE;
    r->headers = 0;
    r->head_n = r->body.n = r->work.n = r->noted = 0;
    r->whole = r->broken = r->ghost = r->began = r->dealt = r->replayed = r->spent = r->waiting =
        false;
    r->key_row = r->copy = 0;
    r->fault.kind = SIM_F_NONE;
    r->fault.late_ms = -1;
    r->answer = (struct sim_answer){ 0 };
    r->reply.status = 0;
    r->reply.headers = 0;
    r->reply.body.n = r->reply.at = r->reply.piece = 0;
    r->reply.limit = SIZE_MAX;
    r->reply.started = r->reply.ended = false;
    r->then = NULL;
}

static void ask_reset(struct sim_ask *a)
{
    struct lt_out metadata = a->metadata, billing = a->billing;

    metadata.n = billing.n = 0;
    *a = (struct sim_ask){ .amount = -1,
                           .confirm = true,
                           .final = true,
                           .limit = 10,
                           .until_ms = INT64_MAX,
                           .metadata = metadata,
                           .billing = billing };
}

struct sim_req *sim_req_open(struct sim *s, enum sim_who who)
{
    struct sim_req *r = s->spare;

    if (r != NULL) {
        s->spare = r->next;
        s->spares--;
    } else {
        r = lt_new(1, sizeof *r);
    }
    reset(r, s, who);
    ask_reset(&r->ask);
    return r;
}

static void unlink_from(struct sim_req *r)
{
    if (r->back == NULL)
        return;
    *r->back = r->next;
    if (r->next != NULL)
        r->next->back = r->back;
    r->back = NULL;
    r->next = NULL;
}

/* Bodies hold card numbers: nothing of them stays behind. */
static void forget(struct sim_req *r)
{
    secret_wipe(r->body.p, r->body.n);
    secret_wipe(r->work.p, r->work.n);
    r->magic = 0;
}

void sim_req_release(struct sim_req *r)
{
    struct sim *s = r->sim;

    CHECK(r->magic == SIM_REQ_MAGIC);
    if (r->conn != NULL || r->waiting)
        return;
    unlink_from(r);
    forget(r);
    if (s->spares < SPARES_MAX) {
        r->next = s->spare;
        s->spare = r;
        s->spares++;
        return;
    }
    lt_out_fini(&r->body);
    lt_out_fini(&r->work);
    lt_out_fini(&r->ask.metadata);
    lt_out_fini(&r->ask.billing);
    lt_out_fini(&r->reply.body);
    free(r);
}

static struct span moved(struct span s, const struct sim_req *from, const struct sim_req *to)
{
    return s.p == NULL ? s : (struct span){ to->head + (s.p - from->head), s.n };
}

struct sim_req *sim_req_copy(const struct sim_req *r)
{
    struct sim_req *n = sim_req_open(r->sim, r->who);

    memcpy(n->head, r->head, r->head_n);
    n->head_n = r->head_n;
    n->method = moved(r->method, r, n);
    n->path = moved(r->path, r, n);
    n->query = moved(r->query, r, n);
    n->authority = moved(r->authority, r, n);
    for (unsigned i = 0; i < r->headers; i++) {
        n->header[i].name = moved(r->header[i].name, r, n);
        n->header[i].value = moved(r->header[i].value, r, n);
    }
    n->headers = r->headers;
    lt_put(&n->body, lt_out_span(&r->body));
    n->whole = true;
    return n;
}

struct span sim_req_keep(struct sim_req *r, struct span s)
{
    struct span kept = { r->head + r->head_n, s.n };

    if (s.n > sizeof r->head - r->head_n)
        return SPAN_NONE;
    if (s.n > 0)
        memcpy(r->head + r->head_n, s.p, s.n);
    r->head_n += s.n;
    return kept;
}

bool sim_req_header_add(struct sim_req *r, struct span name, struct span value)
{
    struct sim_header h;

    if (r->headers == SIM_HEADERS)
        return false;
    h.name = sim_req_keep(r, name);
    h.value = sim_req_keep(r, value);
    if (h.name.p == NULL || h.value.p == NULL)
        return false;
    r->header[r->headers++] = h;
    return true;
}

struct span sim_req_header(const struct sim_req *r, const char *name)
{
    for (unsigned i = 0; i < r->headers; i++) {
        if (span_is_nocase(r->header[i].name, name))
            return r->header[i].value;
    }
    return SPAN_NONE;
}

void sim_req_target(struct sim_req *r, struct span target)
{
    r->path = SPAN_NONE;
    r->query = SPAN_NONE;
    (void)span_cut(&target, '?', &r->path);
    r->query = target;
}

const char *sim_note(struct sim_req *r, struct span s)
{
    char *to = r->note + r->noted;
    size_t room = sizeof r->note - r->noted;

    if (room == 0)
        return "";
    if (s.n >= room)
        s.n = room - 1;
    if (s.n > 0)
        memcpy(to, s.p, s.n);
    to[s.n] = 0;
    r->noted += s.n + 1;
    return to;
}

static void on_timer(struct ev_loop *loop, ev_timer *w, int revents)
{
    struct sim_req *r = w->data;
    void (*then)(struct sim_req *) = r->then;

    (void)loop;
    (void)revents;
    CHECK(r->magic == SIM_REQ_MAGIC);
    r->waiting = false;
    r->then = NULL;
    then(r);
}

void sim_req_later(struct sim_req *r, int64_t ms, void (*then)(struct sim_req *))
{
    CHECK(!r->waiting);
    r->waiting = true;
    r->then = then;
    ev_timer_init(&r->timer, on_timer, (double)ms / 1e3, 0.);
    r->timer.data = r;
    ev_timer_start(r->sim->loop, &r->timer);
}

void sim_reply_header(struct sim_reply *p, const char *name, struct span value)
{
    CHECK(p->headers < SIM_REPLY_HEADERS);
    p->header[p->headers++] = (struct sim_header){ span_str(name), value };
}
