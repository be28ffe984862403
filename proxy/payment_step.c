/* proxy/payment_step.c -- the flight's commands, carried out; the customer's answer. */
#include <string.h>

#include "proxy/answer.h"
#include "proxy/clock.h"
#include "proxy/log.h"
#include "proxy/payment_inside.h"
#include "proxy/problem.h"
#include "routing/base/check.h"

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

void px_pay_respond_body(struct px_payment *p, const struct px_record *r, int status,
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

void px_pay_respond_fault(struct px_payment *p, const struct px_fault *f)
{
    struct px_message m;

    if (p->req == NULL)
        return;
    px_problem(f, p->request_id, p->arena, &m);
    respond(p, &m);
}

void px_pay_feed_kind(struct px_payment *p, enum rt_event_kind kind)
{
    px_pay_feed(p, &(struct rt_event){ .kind = kind });
}

void px_pay_send_letter(struct px_payment *p, enum px_call call)
{
    p->letter.call = call;
    p->letter.reply_to = p->desk->mailbox;
    p->letter.on_said = px_pay_on_said;
    p->letter.ctx = p;
    p->letter.arena = &p->letter_arena_;
    p->letter.now_ms = px_unix_ms();
    p->letter.record = p->rec;
    CHECK(!p->letter_out);
    p->letter_out = true;
    if (!px_journal_send(p->desk->journal, &p->letter)) {
        p->letter.said = PX_SAID_DOWN; /* the queue is full: as good as down */
        px_pay_on_said(p, &p->letter);
    }
}

static void promise(struct px_payment *p, unsigned leg)
{
    struct px_attempt ended;
    struct diag why = { 0 };

    px_pay_close_attempt(p);
    ended = p->attempt[p->rec.leg];
    if (px_pay_open_attempt(p, leg) != OK || px_pay_prepare(p, leg, &why) != OK) {
        /* The plan knew what this provider takes, so this is a full arena: nothing may leave. */
        LOG(WARN, "attempt.unbuildable", F("payment", (const char *)p->rec.id), F("why", why.text));
        px_pay_feed_kind(p, RT_EV_PROMISE_LOST);
        return;
    }
    p->ended = ended;
    p->letter.attempt = &p->ended;
    p->letter.attempts = 1;
    px_pay_send_letter(p, PX_CALL_NEXT);
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
    if (r->op == RT_AUTHORIZE && r->outcome == RT_APPROVED) {
        /* less than was asked for may be approved: that, and no more, can be captured */
        bool less = j->amount.cur == r->amount.cur && j->amount.minor > 0 &&
                    j->amount.minor < r->amount.minor;

        r->authorized = less ? j->amount.minor : r->amount.minor;
        r->captured = r->state == RT_STATE_CAPTURED ? r->authorized : 0;
    }
    px_pay_close_attempt(p);
}

/* The body that tells the record as it stands now. */
static void tell(struct px_payment *p, const struct rt_command *c)
{
    struct px_telling about = { .record = &p->rec,
                                .attempt = p->attempt,
                                .attempts = p->rec.leg + 1U,
                                .heard = p->judged[c->from],
                                .decided = p->verdict.rule != NULL || p->rec.answer.n == 0,
                                .revision = p->verdict.revision,
                                .file = p->verdict.file,
                                .line = p->verdict.line,
                                .rule = p->verdict.revision == 0 ? NULL : p->verdict.rule };

    p->rec.status = px_answer_body(&about, p->arena, &p->rec.answer);
}

static void settle(struct px_payment *p, const struct rt_command *c)
{
    p->rec.leg = c->leg; /* a leg whose promise was lost is not the record's */
    conclude(p, c);
    if (p->rec.op == RT_AUTHORIZE && p->rec.outcome == RT_APPROVED)
        px_pay_count(p);
    tell(p, c);
    p->letter.attempt = &p->attempt[p->rec.leg];
    p->letter.attempts = 1;
    px_pay_send_letter(p, PX_CALL_SETTLE);
}

void px_pay_answer(struct px_payment *p, const struct rt_command *c)
{
    struct px_record before = p->rec;

    if (p->answered)
        return;
    if (p->rec.status == 0 || p->rec.outcome != c->outcome) {
        /* Answered before it was settled: out of patience, or the journal went away. */
        conclude(p, c);
        tell(p, c);
    }
    px_pay_respond_body(p, &p->rec, p->rec.status, p->rec.answer, false);
    if (!rt_flight_landed(&p->flight))
        p->rec = before; /* the flight goes on: nothing is concluded yet */
}

void px_pay_fenced(struct px_payment *p)
{
    struct rt_command unknown = { .kind = RT_DO_ANSWER, .outcome = RT_UNKNOWN };

    LOG(WARN, "payment.fenced", F("payment", (const char *)p->rec.id));
    px_pay_answer(p, &unknown);
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
    case RT_DO_ASK: px_pay_ask(p); return;
    case RT_DO_INQUIRE: px_pay_inquire(p); return;
    case RT_DO_SETTLE: settle(p, &c); return;
    case RT_DO_ANSWER: px_pay_answer(p, &c); break;
    case RT_DO_STOP: px_pay_fenced(p); break;
    }
    if (rt_flight_landed(&p->flight) && !p->letter_out)
        px_pay_leave(p);
}

void px_pay_feed(struct px_payment *p, const struct rt_event *ev)
{
    execute(p, rt_flight_step(&p->flight, ev, px_now_ns()));
}
