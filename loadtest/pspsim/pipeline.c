/* loadtest/pspsim/pipeline.c -- one request, from its last byte to its answer.
 *
 * A request that was read whole runs to its end whether or not anybody still waits: that is what
 * makes the difference between "no answer" and "nothing happened". */
#include "loadtest/pspsim/pipeline.h"

#include <string.h>

#include "loadtest/pspsim/conn.h"
#include "loadtest/pspsim/control.h"
#include "loadtest/pspsim/dialect.h"
#include "routing/base/check.h"
#include "routing/base/hash.h"

static void say(struct sim_req *r);

static struct sim_counters *count_of(const struct sim_req *r)
{
    return &r->sim->count[r->who];
}

/* --- who waits --- */

void sim_gone(struct sim_req *r)
{
    CHECK(r->conn == NULL);
    sim_req_release(r); /* stays while the timer holds it */
}

void sim_sent(struct sim_req *r)
{
    struct sim_conn *c = r->conn;
    const struct sim_fault *f = &r->fault;

    if (f->kind != SIM_F_NONE && f->when == SIM_END)
        sim_conn_doom(c,
                      f->kind == SIM_F_RESET ? SIM_RESET_
                      : f->kind == SIM_F_CUT ? SIM_CUT_
                                             : SIM_CLOSE_,
                      f->delay.ms > 0 ? f->delay.ms : 1);
    sim_conn_leave(r);
    sim_req_release(r);
}

void sim_done_for_now(struct sim_conn *c)
{
    if (c->stage == SIM_HTTP1 && !c->h1_reading)
        (void)sim_h1_read(c, NULL, 0);
    sim_conn_settle(c);
}

static void more(struct sim_req *r)
{
    struct sim_conn *c = r->conn;

    if (c == NULL) {
        sim_req_release(r);
        return;
    }
    if (r->stream != 0)
        sim_h2_more(r);
    else
        sim_h1_more(r);
    sim_done_for_now(c);
}

void sim_more_later(struct sim_req *r)
{
    sim_req_later(r, r->fault.delay.ms, more);
}

void sim_send(struct sim_req *r)
{
    if (r->conn == NULL) {
        if (!r->ghost)
            count_of(r)->unheard++;
        sim_req_release(r);
        return;
    }
    if (r->stream != 0)
        sim_h2_answer(r);
    else
        sim_h1_answer(r);
}

/* --- faults --- */

static void see(const struct sim_req *r, struct sim_seen *s)
{
    *s = (struct sim_seen){ .op = r->ask.op,
                            .amount = r->ask.amount,
                            .reference = r->ask.reference,
                            .copy = r->copy,
                            .reused = r->conn != NULL && r->conn->served > 0,
                            .http2 = r->stream != 0 };
}

static void pick(struct sim_req *r, enum sim_phase first, enum sim_phase last)
{
    struct sim_seen seen;
    struct sim_fault *f;

    if (r->sim->faults[r->who].rules == 0)
        return;
    see(r, &seen);
    f = sim_fault_strikes(&r->sim->faults[r->who], first, last, &seen, &r->sim->dice);
    if (f == NULL)
        return;
    r->fault = *f;
    count_of(r)->faults++;
}

static void run_copy(struct sim_req *r)
{
    count_of(r)->late_copies++;
    sim_receive(r);
}

/* The network holds a copy of the request and delivers it later, come what may. */
static void copy_later(struct sim_req *r)
{
    struct sim_req *copy;

    if (r->fault.late_ms < 0)
        return;
    copy = sim_req_copy(r);
    copy->ghost = true;
    sim_req_later(copy, r->fault.late_ms, run_copy);
}

/* --- idempotency --- */

static uint64_t credential(const struct sim_req *r)
{
    struct span bearer = sim_req_header(r, "authorization");

    return hash64(bearer.p != NULL ? bearer : sim_req_header(r, "x-api-key"), 7);
}

static uint64_t params_of(const struct sim_req *r)
{
    return hash64_mix(hash64(r->path, 3), hash64(lt_out_span(&r->body), 5));
}

static void key_find(struct sim_req *r)
{
    const struct sim_dialect *d = sim_dialect_of(r->who);
    struct span text = sim_req_header(r, d->key_header);
    struct sim_key *k;

    if (!span_is(r->method, "POST"))
        return;
    if (text.n == 0) {
        count_of(r)->key_missing += sim_op_moves_money(r->ask.op) && !r->ghost;
        return;
    }
    if (text.n > d->key_max)
        return; /* understand() refuses it */
    k = sim_keys_get(&r->sim->keys, r->who, credential(r), text, sim_now_ms(r->sim), d->key_life_ms,
                     &r->key_row);
    if (!r->ghost)
        r->copy = ++k->copies;
}

static void key_store(struct sim_req *r, struct sim_key *k)
{
    const struct sim_dialect *d = sim_dialect_of(r->who);
    bool keep = d->stores_all || r->answer.status == 0 ||
                (r->answer.status >= 200 && r->answer.status < 300);

    /* A 500 that comes after the work is what Stripe remembers; Checkout.com remembers nothing
     * then, and Adyen's memory is of the work itself. */
    if (r->fault.kind == SIM_F_STATUS && r->fault.when == SIM_AFTER && r->fault.status >= 500) {
        if (r->who == SIM_STRIPE)
            r->answer = (struct sim_answer){ .says = SIM_SAYS_BROKEN, .status = r->fault.status };
        keep = r->who != SIM_CHECKOUTCOM;
    }
    k->state = keep ? SIM_KEY_STORED : SIM_KEY_FREE;
    if (keep)
        k->answer = r->answer;
}

/* True: the key answers (or refuses) without execution. */
static bool key_answers(struct sim_req *r)
{
    const struct sim_dialect *d = sim_dialect_of(r->who);
    struct sim_key *k;
    uint64_t params;

    if (r->key_row == 0)
        return false;
    k = sim_key_at(&r->sim->keys, r->key_row);
    params = params_of(r);
    if (k->state != SIM_KEY_FREE && k->params != params) {
        count_of(r)->key_conflicts++;
        if (d->compares_params) {
            r->answer = (struct sim_answer){ .says = SIM_SAYS_OTHER_PARAMS };
            return true;
        }
    }
    if (k->state == SIM_KEY_RUNNING) {
        count_of(r)->key_running++;
        r->answer = (struct sim_answer){ .says = SIM_SAYS_RUNNING };
        return true;
    }
    if (k->state == SIM_KEY_STORED) {
        count_of(r)->replayed++;
        r->answer = k->answer;
        r->replayed = true;
        return true;
    }
    k->params = params;
    k->state = SIM_KEY_RUNNING;
    k->since_ms = sim_now_ms(r->sim);
    k->first_request = r->number;
    return false;
}

/* --- execution --- */

static void execute(struct sim_req *r)
{
    const struct sim_dialect *d = sim_dialect_of(r->who);
    struct sim_key *k = NULL;

    d->execute(r, &r->answer);
    count_of(r)->executed++;
    if (r->key_row == 0)
        return;
    k = sim_key_at(&r->sim->keys, r->key_row);
    k->executions++;
    key_store(r, k);
}

static void execute_later(struct sim_req *r)
{
    struct sim_conn *c;

    r->sim->running--;
    execute(r);
    c = r->conn;
    say(r);
    if (c != NULL)
        sim_done_for_now(c);
}

static bool auth_fails(struct sim_req *r)
{
    if (sim_dialect_of(r->who)->authentic(r))
        return false;
    count_of(r)->unauthorized++;
    r->answer = (struct sim_answer){ .says = SIM_SAYS_NO_CREDENTIAL };
    return true;
}

/* Nothing stands in its way: the provider works on it. */
static void serve(struct sim_req *r, bool understood, const struct sim_answer *bad)
{
    int64_t wait = r->ghost ? 0 : sim_delay_draw(r->sim, &r->sim->set[r->who].latency);

    if (r->conn != NULL && r->stream > r->conn->begun_max)
        r->conn->begun_max = r->stream;
    if (auth_fails(r)) {
        say(r);
        return;
    }
    if (!understood) {
        count_of(r)->refused++;
        r->answer = *bad;
        say(r);
        return;
    }
    if (key_answers(r)) {
        say(r);
        return;
    }
    r->began = true;
    if (r->fault.kind == SIM_F_SLOW && r->fault.when == SIM_BEFORE)
        wait += sim_delay_draw(r->sim, &r->fault.delay);
    if (wait > 0) {
        r->sim->running++;
        sim_req_later(r, wait, execute_later);
        return;
    }
    execute(r);
    say(r);
}

static void say_late(struct sim_req *r)
{
    struct sim_conn *c = r->conn;

    sim_send(r);
    if (c != NULL)
        sim_done_for_now(c);
}

/* r->answer becomes bytes, and whatever goes wrong behind the execution goes wrong. */
static void say(struct sim_req *r)
{
    sim_dialect_of(r->who)->render(r, &r->answer);
    if (r->ghost) {
        sim_req_release(r);
        return;
    }
    if (r->fault.kind != SIM_F_NONE && r->fault.when == SIM_AFTER) {
        copy_later(r);
        if (r->fault.kind == SIM_F_SLOW) {
            sim_req_later(r, sim_delay_draw(r->sim, &r->fault.delay), say_late);
            return;
        }
        if (r->conn != NULL && sim_strike(r))
            return;
        sim_spoil(r);
    } else if (r->fault.kind != SIM_F_NONE && r->fault.when == SIM_MIDDLE) {
        r->reply.limit = r->reply.body.n / 2;
    }
    sim_send(r);
}

void sim_middle(struct sim_req *r)
{
    copy_later(r);
    (void)sim_strike(r);
}

/* --- arrival --- */

void sim_head(struct sim_req *r)
{
    if (r->who >= SIM_PSPS)
        return;
    sim_dialect_of(r->who)->route(r);
    pick(r, SIM_HEAD, SIM_HEAD);
    if (r->fault.kind == SIM_F_NONE)
        return;
    if (sim_strike(r))
        return;
    r->fault.kind = SIM_F_NONE; /* goaway_above that goes on: one fault a request is enough */
    r->spent = true;
}

static void arrive(struct sim_req *r)
{
    struct sim_answer bad = { 0 };
    bool ok;

    if (!r->ghost)
        count_of(r)->requests++;
    r->number = ++r->sim->requests;
    sim_dialect_of(r->who)->route(r);
    lt_put(&r->work, lt_out_span(&r->body));
    ok = sim_dialect_of(r->who)->understand(r, &bad);
    key_find(r);
    if (!r->ghost && !r->spent)
        pick(r, SIM_BEFORE, SIM_END);
    if (r->fault.kind != SIM_F_NONE && r->fault.when == SIM_BEFORE) {
        copy_later(r);
        if (r->conn != NULL && sim_strike(r))
            return;
    }
    serve(r, ok, &bad);
}

void sim_receive(struct sim_req *r)
{
    if (r->dealt || (r->conn != NULL && r->conn->doom > SIM_DRAIN))
        return;
    if (r->who == SIM_CONTROL)
        sim_control(r);
    else if (r->who == SIM_PLAIN)
        sim_plain(r);
    else
        arrive(r);
}

void sim_reply_json(struct sim_req *r, int status)
{
    r->reply.status = status;
    sim_reply_header(&r->reply, "content-type", SPAN("application/json"));
    sim_send(r);
}

const char *sim_reason_phrase(int status)
{
    static const struct {
        int status;
        const char *words;
    } all[] = {
        { 200, "OK" },
        { 201, "Created" },
        { 202, "Accepted" },
        { 400, "Bad Request" },
        { 401, "Unauthorized" },
        { 402, "Payment Required" },
        { 403, "Forbidden" },
        { 404, "Not Found" },
        { 405, "Method Not Allowed" },
        { 409, "Conflict" },
        { 422, "Unprocessable Content" },
        { 429, "Too Many Requests" },
        { 431, "Request Header Fields Too Large" },
        { 500, "Internal Server Error" },
        { 502, "Bad Gateway" },
        { 503, "Service Unavailable" },
        { 504, "Gateway Timeout" },
    };

    for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
        if (all[i].status == status)
            return all[i].words;
    }
    return "Status";
}
