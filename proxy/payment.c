/* proxy/payment.c */
#include "proxy/payment.h"

#include <ev.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/answer.h"
#include "proxy/clock.h"
#include "proxy/config.h"
#include "proxy/crypto.h"
#include "proxy/fault.h"
#include "proxy/intake.h"
#include "proxy/log.h"
#include "proxy/problem.h"
#include "routing/base/check.h"
#include "routing/flight.h"

enum { MAGIC = 0x70617921, MEMORY = 8 * 1024, LETTER_MEMORY = 256 * 1024 };

struct px_payment {
    unsigned magic;
    struct px_desk *desk;
    struct px_payment *next_, **prev_; /* in the desk's list */
    struct px_request *req;            /* NULL: nobody waits (reconciliation) */
    struct arena *arena;               /* the request's, or own_ */
    struct arena own_, letter_arena_;

    struct rt_payment pay;
    struct rt_plan plan;
    struct rt_flight flight;
    bool flying; /* the journal gave it to us: the flight has begun */

    struct px_record rec;
    struct px_attempt attempt[LIMIT_LEGS];
    struct px_attempt ended;                 /* in a letter: how the leg before ended */
    struct rt_judgement *judged[LIMIT_LEGS]; /* what was last concluded about each leg asked */

    struct px_asking asking;   /* the current leg's request, in our words ... */
    char key[PX_KEY_MAX];      /* ... under this provider key ... */
    struct px_message message; /* ... and in the provider's */
    struct px_ask *ask;        /* under way; NULL if none */
    bool copy_out;             /* an earlier copy of this leg may still be running */
    uint8_t copies;

    ev_timer timer, patience;
    struct px_journal_letter letter;
    bool letter_out, answered;
    struct span request_id;         /* in the request's arena */
    int64_t policy_ns, provider_ns; /* spent deciding; waiting for providers */
    void (*on_end)(void *ctx);
    void *on_end_ctx;
};

static void feed(struct px_payment *p, const struct rt_event *ev);
static void on_said(void *ctx, struct px_journal_letter *l);

static struct px_payment *payment_of(void *opaque)
{
    struct px_payment *p = opaque;

    CHECK(p != NULL);
    CHECK(p->magic == MAGIC);
    return p;
}

static void feed_kind(struct px_payment *p, enum rt_event_kind kind)
{
    feed(p, &(struct rt_event){ .kind = kind });
}

static const struct px_provider_config *seat_of(const struct px_payment *p, unsigned leg)
{
    CHECK(leg < p->plan.legs);
    return &p->desk->config->provider[p->plan.leg[leg].provider];
}

static const struct rt_provider *provider_of(const struct px_payment *p, unsigned leg)
{
    CHECK(leg < p->plan.legs);
    return &p->desk->config->facts[p->plan.leg[leg].provider];
}

/* ---- beginning and end ---- */

static struct rt_judgement *judged_now(const struct px_payment *p)
{
    CHECK(p->judged[p->rec.leg] != NULL);
    return p->judged[p->rec.leg];
}

static void on_timer(struct ev_loop *loop, ev_timer *w, int revents)
{
    struct px_payment *p = payment_of(w->data);

    (void)loop;
    (void)revents;
    feed_kind(p, RT_EV_TIMER);
}

static void on_patience(struct ev_loop *loop, ev_timer *w, int revents)
{
    struct px_payment *p = payment_of(w->data);

    (void)loop;
    (void)revents;
    if (p->flying)
        feed_kind(p, RT_EV_IMPATIENT);
}

static struct px_payment *enter(struct px_desk *d, struct px_request *req)
{
    struct px_payment *p = calloc(1, sizeof *p);

    if (p == NULL)
        return NULL;
    p->magic = MAGIC;
    p->desk = d;
    p->req = req;
    if (req == NULL)
        arena_init(&p->own_, NULL, 0, px_heap(), LIMIT_ARENA);
    arena_init(&p->letter_arena_, NULL, 0, px_heap(), LETTER_MEMORY);
    p->arena = req == NULL ? &p->own_ : &req->arena;
    ev_init(&p->timer, on_timer);
    ev_init(&p->patience, on_patience);
    p->timer.data = p->patience.data = p;
    p->next_ = d->flying;
    p->prev_ = &d->flying;
    if (p->next_ != NULL)
        p->next_->prev_ = &p->next_;
    d->flying = p;
    d->flights++;
    return p;
}

/* Nothing of p may be touched afterwards. */
static void leave(struct px_payment *p)
{
    struct px_desk *d = p->desk;
    struct px_request *req = p->req;
    void (*on_end)(void *) = p->on_end;
    void *ctx = p->on_end_ctx;

    CHECK(!p->letter_out);
    if (p->ask != NULL)
        px_ask_forget(p->ask);
    ev_timer_stop(d->loop, &p->timer);
    ev_timer_stop(d->loop, &p->patience);
    *p->prev_ = p->next_;
    if (p->next_ != NULL)
        p->next_->prev_ = p->prev_;
    d->flights--;
    arena_fini(&p->letter_arena_);
    if (req == NULL)
        arena_fini(&p->own_);
    secret_wipe(p, sizeof *p);
    free(p);
    if (req != NULL)
        px_request_done(req);
    if (on_end != NULL)
        on_end(ctx);
}

/* ---- the customer ---- */

static void respond(struct px_payment *p, const struct px_message *m)
{
    ev_timer_stop(p->desk->loop, &p->patience);
    if (p->req != NULL && !p->answered)
        px_respond(p->req, m);
    p->answered = true;
}

static struct px_answer_head head_of(const struct px_payment *p, const struct px_record *r)
{
    int64_t now_ns = px_now_ns();
    int64_t whole_ns = p->req == NULL ? 0 : now_ns - p->req->received_ns;

    return (struct px_answer_head){ .request_id = p->request_id,
                                    .policy_us = p->policy_ns / 1000,
                                    .provider_us = p->provider_ns / 1000,
                                    .gateway_us = (whole_ns - p->provider_ns) / 1000,
                                    .record = r,
                                    .last = p->flying ? &p->attempt[p->rec.leg] : NULL };
}

static void respond_body(struct px_payment *p, const struct px_record *r, int status,
                         struct span body, bool replayed)
{
    struct px_answer_head head = head_of(p, r);
    struct px_message m;

    if (p->answered || p->req == NULL) {
        p->answered = true;
        return;
    }
    head.replayed = replayed;
    px_answer_message(status, body, &head, p->arena, &m);
    respond(p, &m);
}

static void respond_fault(struct px_payment *p, enum px_fault_code code, const char *text)
{
    struct px_message m;
    struct px_fault f;

    if (p->req == NULL)
        return;
    (void)px_fault_at(&f, code, NULL);
    if (text != NULL && text[0] != '\0')
        (void)px_fault_say(&f, "%s", text);
    px_problem(&f, p->request_id, p->arena, &m);
    respond(p, &m);
}

/* ---- what we ask a provider ---- */

/* Our words for leg's attempt: the same after every restart. */
static void name_attempt(struct px_payment *p, unsigned leg)
{
    const struct rt_provider *provider = provider_of(p, leg);

    rt_attempt_ref(span_str(p->rec.id), leg, p->attempt[leg].ref);
    px_provider_key(p->desk->keys, p->pay.merchant, span_str(p->rec.key), span_str(provider->name),
                    span_str(rt_op_name(p->pay.op)), provider->promises.key_max, p->key);
    p->asking = (struct px_asking){ .pay = &p->pay,
                                    .op = p->pay.op,
                                    .ref = span_str(p->attempt[leg].ref),
                                    .key = span_str(p->key),
                                    .payment_id = p->pay.provider_payment_id };
}

/* Writes leg's request and its digest: same attempt, same bytes, whoever builds them. */
static enum err prepare(struct px_payment *p, unsigned leg, struct diag *why)
{
    const struct px_provider_config *seat = seat_of(p, leg);
    unsigned char digest[PX_SHA256];
    enum err e;

    name_attempt(p, leg);
    memset(&p->message, 0, sizeof p->message);
    e = seat->adapter->ask(&seat->account, &p->asking, p->arena, &p->message, why);
    if (e != OK)
        return e;
    px_hmac_parts(p->desk->keys,
                  (struct span[]){ p->message.method, p->message.path, p->message.body }, 3,
                  digest);
    memcpy(p->rec.request_mac, digest, PX_MAC);
    return OK;
}

/* A word of ours; one that does not fit is left out rather than cut. */
static void put_word(char *dst, size_t cap, const char *word)
{
    if (span_copyz(span_str(word), dst, cap) != OK)
        dst[0] = '\0';
}

/* Opens the history line of a leg. */
static enum err open_attempt(struct px_payment *p, unsigned leg)
{
    struct px_attempt *a = &p->attempt[leg];

    a->leg = (uint8_t)leg;
    put_word(a->provider, sizeof a->provider, provider_of(p, leg)->name);
    a->promised_ms = px_unix_ms();
    a->ended_ms = 0;
    a->evidence[0] = a->why[0] = '\0';
    p->rec.leg = (uint8_t)leg;
    p->rec.leg_ms = a->promised_ms;
    p->copies = 0;
    p->copy_out = false;
    if (p->judged[leg] == NULL)
        p->judged[leg] = ARENA_NEW(p->arena, struct rt_judgement);
    if (p->judged[leg] == NULL)
        return E_LIMIT;
    memset(p->judged[leg], 0, sizeof *p->judged[leg]);
    return OK;
}

static void close_attempt(struct px_payment *p)
{
    struct px_attempt *a = &p->attempt[p->rec.leg];
    const struct rt_judgement *j = judged_now(p);

    a->ended_ms = px_unix_ms();
    a->took_ms = (int32_t)(a->ended_ms - a->promised_ms);
    a->copies = p->copies;
    a->outcome = j->outcome;
    a->code = j->code;
    memcpy(a->raw_code, j->raw_code, sizeof a->raw_code);
    memcpy(a->provider_payment_id, j->payment_id, sizeof a->provider_payment_id);
}

static void note_evidence(struct px_payment *p, const char *evidence, const char *why, int status)
{
    struct px_attempt *a = &p->attempt[p->rec.leg];

    put_word(a->evidence, sizeof a->evidence, evidence);
    put_word(a->why, sizeof a->why, why);
    a->status = status;
    LOG(INFO, "attempt.heard", F("payment", (const char *)p->rec.id), F("psp", a->provider),
        F("leg", (int)p->rec.leg), F("copy", (int)p->copies), F("evidence", evidence),
        F("why", why), F("status", status), F("outcome", rt_outcome_name(judged_now(p)->outcome)),
        F("code", rt_code_name(judged_now(p)->code)));
}

/* ---- what comes back ---- */

static void judge(struct px_payment *p, const struct px_heard *h, const struct px_asking *q,
                  enum rt_op op, struct rt_judgement *out)
{
    struct px_answer ans = { .status = h->status,
                             .header = h->header,
                             .headers = h->headers,
                             .body = h->body,
                             .earlier_unanswered = p->copy_out };

    seat_of(p, p->rec.leg)->adapter->judge(q, op, &ans, p->arena, out);
    /* The answer's memory ends with this callback. */
    if (out->redirect_url.n > 0)
        out->redirect_url = arena_copy(p->arena, out->redirect_url);
}

static void judge_unasked(struct rt_judgement *j)
{
    j->outcome = RT_ERROR;
    j->executed = RT_EXECUTED_NO;
    j->state = RT_STATE_NOT_EXECUTED;
    rt_judge_code(j, RT_CODE_PROVIDER_UNAVAILABLE);
}

static void on_heard(void *ctx, const struct px_heard *h)
{
    struct px_payment *p = payment_of(ctx);
    struct rt_event ev = { .kind = RT_EV_IN_DOUBT };
    struct rt_judgement *j = judged_now(p);

    p->ask = NULL;
    p->provider_ns += h->heard_ns - h->asked_ns;
    memset(j, 0, sizeof *j);
    switch (h->kind) {
    case PX_NOT_SENT:
        ev.kind = RT_EV_NOT_SENT;
        judge_unasked(j);
        break;
    case PX_REFUSED:
        ev.kind = RT_EV_REFUSED;
        judge_unasked(j);
        break;
    case PX_ANSWERED:
        ev.kind = RT_EV_ANSWERED;
        judge(p, h, &p->asking, p->pay.op, j);
        ev.heard = rt_heard_of(j);
        break;
    case PX_IN_DOUBT: break;
    }
    if (h->kind == PX_IN_DOUBT || j->outcome == RT_UNKNOWN)
        p->copy_out = true;
    note_evidence(p,
                  h->kind == PX_NOT_SENT                                  ? "not_sent"
                  : h->kind == PX_REFUSED                                 ? "refused"
                  : ev.kind == RT_EV_ANSWERED && j->outcome != RT_UNKNOWN ? "answered"
                                                                          : "in_doubt",
                  h->why, h->status);
    feed(p, &ev);
}

static void on_inquired(void *ctx, const struct px_heard *h)
{
    struct px_payment *p = payment_of(ctx);
    struct rt_event ev = { .kind = RT_EV_INQUIRED };
    struct rt_judgement found = { 0 };

    p->ask = NULL;
    if (h->kind == PX_ANSWERED)
        judge(p, h, &p->asking, RT_INQUIRE, &found);
    if (found.outcome != RT_UNKNOWN && !found.inconclusive)
        *judged_now(p) = found;
    ev.heard = rt_heard_of(&found);
    note_evidence(p, "inquired", h->why, h->status);
    feed(p, &ev);
}

/* ---- the flight's commands ---- */

static void send_letter(struct px_payment *p, enum px_call call)
{
    p->letter.call = call;
    p->letter.reply_to = p->desk->mailbox;
    p->letter.on_said = on_said;
    p->letter.ctx = p;
    p->letter.arena = &p->letter_arena_;
    p->letter.now_ms = px_unix_ms();
    p->letter.record = p->rec;
    CHECK(!p->letter_out);
    p->letter_out = true;
    if (!px_journal_send(p->desk->journal, &p->letter)) {
        p->letter.said = PX_SAID_DOWN; /* the queue is full: as good as down */
        on_said(p, &p->letter);
    }
}

static void promise(struct px_payment *p, unsigned leg)
{
    struct px_attempt ended;
    struct diag why = { 0 };

    close_attempt(p);
    ended = p->attempt[p->rec.leg];
    if (open_attempt(p, leg) != OK || prepare(p, leg, &why) != OK) {
        /* The plan knew what this provider takes, so this is a full arena: nothing may leave. */
        LOG(WARN, "attempt.unbuildable", F("payment", (const char *)p->rec.id), F("why", why.text));
        feed_kind(p, RT_EV_PROMISE_LOST);
        return;
    }
    p->ended = ended;
    p->letter.attempt = &p->ended;
    p->letter.attempts = 1;
    send_letter(p, PX_CALL_NEXT);
}

static void ask(struct px_payment *p)
{
    struct px_upstream *up = p->desk->upstream[p->plan.leg[p->rec.leg].provider];

    CHECK(p->ask == NULL);
    p->copies++;
    p->ask = px_upstream_ask(up, &p->message, 0, on_heard, p);
    if (p->ask == NULL)
        feed_kind(p, RT_EV_NOT_SENT); /* no memory: nothing left */
}

static void inquire(struct px_payment *p)
{
    const struct px_provider_config *seat = seat_of(p, p->rec.leg);
    struct px_upstream *up = p->desk->upstream[p->plan.leg[p->rec.leg].provider];
    struct px_asking q = p->asking;
    struct px_message m = { 0 };
    struct diag why = { 0 };

    q.op = RT_INQUIRE;
    q.key = SPAN_NONE;
    if (judged_now(p)->payment_id[0] != '\0')
        q.payment_id = span_str(judged_now(p)->payment_id);
    q.by_reference = q.payment_id.n == 0;
    CHECK(p->ask == NULL);
    if (seat->adapter->ask(&seat->account, &q, p->arena, &m, &why) == OK)
        p->ask = px_upstream_ask(up, &m, 0, on_inquired, p);
    if (p->ask == NULL)
        feed_kind(p, RT_EV_INQUIRED); /* a failed inquiry: a zeroed judgement */
}

/* What the journal will say of this record from now on. */
static enum px_standing standing_of(const struct px_payment *p, const struct rt_command *c)
{
    if (c->not_sent)
        return PX_NEVER_SENT;
    switch (c->outcome) {
    case RT_UNKNOWN: return PX_PENDING;
    case RT_PENDING: return p->pay.op == RT_AUTHORIZE ? PX_PENDING : PX_SETTLED;
    case RT_APPROVED:
    case RT_DECLINED:
    case RT_ACTION_REQUIRED:
    case RT_ERROR:
    case RT_INFO: return PX_SETTLED;
    }
    return PX_PENDING;
}

/* Writes what is known into the record: the answer is made from it, now and at every replay. */
static void conclude(struct px_payment *p, const struct rt_command *c)
{
    const struct rt_judgement *j = p->judged[c->from];
    struct px_record *r = &p->rec;

    r->standing = standing_of(p, c);
    r->outcome = c->outcome;
    r->updated_ms = px_unix_ms();
    r->state = c->outcome == RT_UNKNOWN ? RT_STATE_IN_DOUBT
               : c->not_sent            ? RT_STATE_NOT_EXECUTED
                                        : j->state;
    r->code = j->code;
    if (j->payment_id[0] != '\0')
        memcpy(r->provider_payment_id, j->payment_id, sizeof r->provider_payment_id);
    memcpy(r->provider_op_id, j->op_id, sizeof r->provider_op_id);
    memcpy(r->network_txn_id, j->network_txn_id, sizeof r->network_txn_id);
    if (r->op == RT_AUTHORIZE && r->outcome == RT_APPROVED)
        r->captured = r->state == RT_STATE_CAPTURED ? r->amount.minor : 0;
    close_attempt(p);
}

/* The body that tells the record as it stands now. */
static void tell(struct px_payment *p, const struct rt_command *c)
{
    struct px_telling about = { .record = &p->rec,
                                .attempt = p->attempt,
                                .attempts = p->rec.leg + 1U,
                                .heard = p->judged[c->from],
                                .decided = true };

    p->rec.status = px_answer_body(&about, p->arena, &p->rec.answer);
}

static void settle(struct px_payment *p, const struct rt_command *c)
{
    conclude(p, c);
    tell(p, c);
    p->letter.attempt = &p->attempt[p->rec.leg];
    p->letter.attempts = 1;
    send_letter(p, PX_CALL_SETTLE);
}

static void answer(struct px_payment *p, const struct rt_command *c)
{
    struct px_record before = p->rec;

    if (p->answered)
        return;
    if (p->rec.status == 0 || p->rec.outcome != c->outcome) {
        /* Answered before it was settled: out of patience, or the journal went away. */
        conclude(p, c);
        tell(p, c);
    }
    respond_body(p, &p->rec, p->rec.status, p->rec.answer, false);
    if (!rt_flight_landed(&p->flight))
        p->rec = before; /* the flight goes on: nothing is concluded yet */
}

static void fenced(struct px_payment *p)
{
    struct rt_command unknown = { .kind = RT_DO_ANSWER, .outcome = RT_UNKNOWN };

    LOG(WARN, "payment.fenced", F("payment", (const char *)p->rec.id));
    answer(p, &unknown);
}

static void execute(struct px_payment *p, struct rt_command c)
{
    if (c.wait_ms > 0) {
        ev_timer_stop(p->desk->loop, &p->timer);
        ev_timer_set(&p->timer, c.wait_ms / 1e3, 0.);
        ev_timer_start(p->desk->loop, &p->timer);
    }
    switch (c.kind) {
    case RT_DO_NOTHING: break;
    case RT_DO_PROMISE: promise(p, c.leg); return;
    case RT_DO_ASK: ask(p); return;
    case RT_DO_INQUIRE: inquire(p); return;
    case RT_DO_SETTLE: settle(p, &c); return;
    case RT_DO_ANSWER: answer(p, &c); break;
    case RT_DO_STOP: fenced(p); break;
    }
    if (rt_flight_landed(&p->flight) && !p->letter_out)
        leave(p);
}

static void feed(struct px_payment *p, const struct rt_event *ev)
{
    execute(p, rt_flight_step(&p->flight, ev, px_now_ns()));
}

/* ---- promises coming back ---- */

static const struct rt_promises *terms_of(const struct px_payment *p, struct rt_promises *terms)
{
    for (unsigned i = 0; i < p->plan.legs; i++)
        terms[i] = provider_of(p, i)->promises;
    return terms;
}

static void take_off(struct px_payment *p, const struct px_record *promised)
{
    const struct rt_flight_rules *rules = &p->desk->config->rules.flight;
    int64_t age_ms = p->rec.created_ms - promised->created_ms;
    struct rt_promises terms[LIMIT_LEGS];

    p->rec = *promised;
    p->flying = true;
    terms_of(p, terms);
    if (age_ms > 0) /* begun again after nothing came of it: its provider keys are that old */
        rt_flight_reopen(&p->flight, rules, terms, p->plan.legs, age_ms * 1000000, px_now_ns());
    else
        rt_flight_begin(&p->flight, rules, terms, p->plan.legs, px_now_ns());
    feed_kind(p, RT_EV_PROMISED);
}

/* The plan of a record promised in an earlier life; false if its current provider is gone. */
static bool plan_from_record(struct px_payment *p, const struct px_record *r)
{
    p->plan.legs = 0;
    for (unsigned i = 0; i < LIMIT_LEGS && r->plan[i][0] != '\0'; i++) {
        int at = px_desk_provider(p->desk, r->plan[i]);

        if (at < 0) {
            if (i <= r->leg)
                return false;
            break; /* later legs are gone with their provider */
        }
        p->plan.leg[p->plan.legs++] = (struct rt_leg){ (uint8_t)at, RT_REASON_NEXT };
    }
    return r->leg < p->plan.legs;
}

/* A card is in nobody's journal: after a crash only the customer's own retry can repeat an
 * authorisation. An operation on a payment is told by its record alone. */
static bool can_rebuild(const struct px_payment *p)
{
    return p->req != NULL || p->pay.op != RT_AUTHORIZE;
}

/* Ours now, but copies of the leg's request may be anywhere. */
static void resume(struct px_payment *p)
{
    struct rt_promises terms[LIMIT_LEGS];
    const struct px_record found = p->letter.record;
    int64_t age_ms = px_unix_ms() - found.created_ms;
    unsigned char mac[PX_MAC];
    struct diag why = { 0 };
    struct rt_resumption what;
    unsigned legs;
    bool same;

    p->rec = found;
    if (!plan_from_record(p, &found) || open_attempt(p, found.leg) != OK) {
        LOG(ERROR, "payment.stranded", F("payment", (const char *)p->rec.id),
            F("why", "its provider is no longer configured"));
        p->flying = false;
        fenced(p);
        leave(p);
        return;
    }
    p->rec.leg_ms = found.leg_ms;
    p->copy_out = true;
    memcpy(mac, found.request_mac, sizeof mac);
    name_attempt(p, found.leg);
    same = can_rebuild(p) && prepare(p, found.leg, &why) == OK &&
           memcmp(mac, p->rec.request_mac, sizeof mac) == 0;
    memcpy(p->rec.request_mac, mac, sizeof mac);
    terms_of(p, terms);
    LOG(WARN, "payment.resumed", F("payment", (const char *)p->rec.id), F("leg", (int)found.leg),
        F("age_ms", age_ms), F("same_bytes", same));
    p->flying = true;
    what = (struct rt_resumption){ .leg = found.leg,
                                   .age_ns = (age_ms > 0 ? age_ms : 0) * 1000000,
                                   .known = found.outcome,
                                   .id_known = found.provider_payment_id[0] != '\0',
                                   .answered = p->req == NULL,
                                   /* other bytes under the same key would be another request */
                                   .inquire_only = !same };
    /* Nobody to pay for another leg when the customer is gone. */
    legs = p->req == NULL ? found.leg + 1U : p->plan.legs;
    rt_flight_resume(&p->flight, &p->desk->config->rules.flight, terms, legs, &what, px_now_ns());
    feed_kind(p, RT_EV_PROMISED);
}

static void begin_said(struct px_payment *p, const struct px_journal_letter *l)
{
    switch (l->said) {
    case PX_SAID_OURS: take_off(p, &l->record); return;
    case PX_SAID_RESUMED: resume(p); return;
    case PX_SAID_DONE: respond_body(p, &l->record, l->record.status, l->record.answer, true); break;
    case PX_SAID_TAKEN: respond_fault(p, PX_FAULT_KEY_IN_PROGRESS, NULL); break;
    case PX_SAID_MISMATCH: respond_fault(p, PX_FAULT_KEY_REUSED, NULL); break;
    case PX_SAID_NOT_FOUND: respond_fault(p, PX_FAULT_PAYMENT_NOT_FOUND, NULL); break;
    case PX_SAID_CONFLICT:
        respond_fault(p, PX_FAULT_OPERATION_REFUSED, rt_code_sentence(l->code));
        break;
    case PX_SAID_DOWN:
    case PX_SAID_OK:
    case PX_SAID_FENCED: respond_fault(p, PX_FAULT_JOURNAL_UNAVAILABLE, NULL); break;
    }
    leave(p);
}

static void on_said(void *ctx, struct px_journal_letter *l)
{
    struct px_payment *p = payment_of(ctx);
    bool settling = l->call == PX_CALL_SETTLE;

    CHECK(p->letter_out);
    p->letter_out = false;
    if (!p->flying) {
        begin_said(p, l);
        return;
    }
    switch (l->said) {
    case PX_SAID_OK:
        p->rec.fence = l->record.fence;
        feed_kind(p, settling ? RT_EV_SETTLED : RT_EV_PROMISED);
        return;
    case PX_SAID_FENCED: feed_kind(p, RT_EV_FENCED); return;
    case PX_SAID_DOWN:
    case PX_SAID_OURS:
    case PX_SAID_RESUMED:
    case PX_SAID_TAKEN:
    case PX_SAID_DONE:
    case PX_SAID_MISMATCH:
    case PX_SAID_NOT_FOUND:
    case PX_SAID_CONFLICT: feed_kind(p, settling ? RT_EV_SETTLE_LOST : RT_EV_PROMISE_LOST); return;
    }
}

/* ---- the doors ---- */

/* The facts of the wish that outlive it. */
static enum err record_of(struct px_payment *p, const struct px_decision *d)
{
    struct px_record *r = &p->rec;
    const struct rt_payment *pay = &d->wish->pay;

    r->created_ms = r->updated_ms = px_unix_ms();
    px_id_make(r->created_ms, r->id);
    if (d->parent != NULL)
        memcpy(r->parent, d->parent->id, sizeof r->parent);
    if (span_copyz(pay->merchant, r->merchant, sizeof r->merchant) != OK ||
        span_copyz(d->wish->key, r->key, sizeof r->key) != OK ||
        span_copyz(pay->order, r->order, sizeof r->order) != OK ||
        span_copyz(pay->provider_payment_id, r->provider_payment_id,
                   sizeof r->provider_payment_id) != OK)
        return E_LIMIT;
    memcpy(r->fingerprint, d->fingerprint, sizeof r->fingerprint);
    r->op = pay->op;
    r->amount = pay->amount;
    r->capture_now = pay->capture_now;
    r->method = pay->method;
    r->brand = pay->brand;
    r->bin6 = pay->bin6;
    memcpy(r->last4, pay->last4, sizeof r->last4);
    for (unsigned i = 0; i < p->plan.legs; i++) {
        if (span_copyz(span_str(provider_of(p, i)->name), r->plan[i], sizeof r->plan[i]) != OK)
            return E_LIMIT;
    }
    return OK;
}

void px_payment_begin(struct px_desk *desk, struct px_request *req, const struct px_decision *d)
{
    struct px_payment *p = enter(desk, req);
    struct diag why = { 0 };

    if (p == NULL) {
        struct px_message m;
        struct px_fault f;

        (void)px_fault_at(&f, PX_FAULT_OVERLOADED, NULL);
        px_problem(&f, d->request_id, &req->arena, &m);
        px_respond(req, &m);
        px_request_done(req);
        return;
    }
    p->pay = d->wish->pay;
    p->plan = d->plan;
    p->request_id = d->request_id;
    p->policy_ns = d->took_ns;
    if (record_of(p, d) != OK || open_attempt(p, 0) != OK || prepare(p, 0, &why) != OK) {
        respond_fault(p, PX_FAULT_NO_ROUTE, why.text);
        leave(p);
        return;
    }
    ev_timer_set(&p->patience, desk->config->rules.patience_ms / 1e3, 0.);
    ev_timer_start(desk->loop, &p->patience);
    p->letter.wait_ms = desk->config->rules.attach_wait_ms;
    p->letter.attempt = &p->attempt[0];
    p->letter.attempts = 1;
    send_letter(p, PX_CALL_BEGIN);
}

/* The record's facts as a wish again; what a card says is not among them. */
static void pay_from_record(struct px_payment *p)
{
    const struct px_record *r = &p->rec;
    struct rt_payment *pay = &p->pay;

    pay->op = r->op;
    pay->amount = r->amount;
    pay->capture_now = r->capture_now;
    pay->method = r->method;
    pay->brand = r->brand;
    pay->bin6 = r->bin6;
    memcpy(pay->last4, r->last4, sizeof pay->last4);
    pay->merchant = span_str(r->merchant);
    pay->order = span_str(r->order);
    pay->provider_payment_id = span_str(r->provider_payment_id);
}

void px_payment_reconcile(struct px_desk *d, const struct px_record *r, void (*on_end)(void *ctx),
                          void *ctx)
{
    struct px_payment *p = enter(d, NULL);

    if (p == NULL) {
        on_end(ctx);
        return;
    }
    p->on_end = on_end;
    p->on_end_ctx = ctx;
    p->rec = *r;
    pay_from_record(p);
    send_letter(p, PX_CALL_CLAIM);
}

void px_payment_abandon_all(struct px_desk *d)
{
    struct rt_command unknown = { .kind = RT_DO_ANSWER, .outcome = RT_UNKNOWN };

    for (struct px_payment *p = d->flying; p != NULL; p = p->next_) {
        if (p->flying)
            answer(p, &unknown);
    }
}
