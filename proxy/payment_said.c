/* proxy/payment_said.c -- what the journal says: ours, taken up again, done before, or not ours. */
#include <string.h>

#include "proxy/clock.h"
#include "proxy/decisions.h"
#include "proxy/desk.h"
#include "proxy/log.h"
#include "proxy/payment_inside.h"
#include "proxy/record_decided.h"
#include "routing/base/check.h"

static const struct rt_promises *terms_of(const struct px_payment *p, struct rt_promises *terms)
{
    for (unsigned i = 0; i < p->plan.legs; i++)
        terms[i] = px_pay_provider(p, i)->promises;
    return terms;
}

/* The configuration's bounds, the policy's where it is stricter, and above them what the card
 * schemes leave this card. */
static struct rt_flight_rules rules_of(const struct px_payment *p)
{
    struct rt_flight_rules r = p->desk->config->rules.flight;
    const struct rt_verdict *v = &p->verdict;

    if (v->retry_said && v->moves_max < r.moves_max)
        r.moves_max = v->moves_max;
    if (p->letter.reattempt.moves < r.moves_max)
        r.moves_max = p->letter.reattempt.moves;
    if (v->retry_said && v->within_ns < r.within_ns)
        r.within_ns = v->within_ns;
    return r;
}

/* Once the payment is ours: a repeated request was decided before. */
static void log_decision(struct px_payment *p)
{
    if (p->note == NULL)
        return;
    memcpy(p->note->payment, p->rec.id, sizeof p->note->payment);
    px_decisions_put(p->desk->decisions, p->note, p->snapshot);
    p->note = NULL;
}

static void take_off(struct px_payment *p, const struct px_record *promised)
{
    const struct rt_flight_rules rules = rules_of(p);
    int64_t age_ms = p->rec.created_ms - promised->created_ms;
    int64_t asked_ns = p->req->received_ns; /* a process that sleeps on a promise may be replaced */
    struct rt_promises terms[LIMIT_LEGS];

    p->rec = *promised;
    p->flying = true;
    log_decision(p);
    if (rules.moves_max < p->desk->config->rules.flight.moves_max &&
        rules.moves_max == p->letter.reattempt.moves)
        LOG(INFO, "payment.moves_bounded", F("payment", (const char *)p->rec.id),
            F("moves", (int)rules.moves_max));
    terms_of(p, terms);
    if (age_ms > 0) /* begun again after nothing came of it: its provider keys are that old */
        rt_flight_reopen(&p->flight, &rules, terms, p->plan.legs, age_ms * 1000000, asked_ns);
    else
        rt_flight_begin(&p->flight, &rules, terms, p->plan.legs, asked_ns);
    px_pay_feed_kind(p, RT_EV_PROMISED);
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
    const struct rt_flight_rules rules = rules_of(p);
    struct rt_promises terms[LIMIT_LEGS];
    const struct px_record found = p->letter.record;
    int64_t age_ms = px_unix_ms() - found.created_ms;
    unsigned char mac[PX_MAC];
    struct diag why = { 0 };
    struct rt_resumption what;
    unsigned legs;
    bool same;

    p->rec = found;
    if (!plan_from_record(p, &found) || px_pay_open_attempt(p, found.leg) != OK) {
        LOG(ERROR, "payment.stranded", F("payment", (const char *)p->rec.id),
            F("why", "its provider is no longer configured"));
        p->flying = false;
        px_pay_fenced(p);
        px_pay_leave(p);
        return;
    }
    p->rec.leg_ms = found.leg_ms;
    p->copy_out = true;
    memcpy(mac, found.request_mac, sizeof mac);
    px_pay_name_attempt(p, found.leg);
    same = can_rebuild(p) && px_pay_prepare(p, found.leg, &why) == OK &&
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
    rt_flight_resume(&p->flight, &rules, terms, legs, &what, px_now_ns());
    px_pay_feed_kind(p, RT_EV_PROMISED);
}

enum { TRY_AGAIN_S = 1 };

static void refuse(struct px_payment *p, enum px_fault_code code, enum rt_code reason)
{
    struct px_fault f;

    (void)px_fault_at(&f, code, NULL);
    if (code == PX_FAULT_KEY_IN_PROGRESS)
        f.retry_after_s = TRY_AGAIN_S;
    if (reason != RT_CODE_NONE) {
        f.reason = rt_code_name(reason);
        (void)px_fault_say(&f, "%s", rt_code_sentence(reason));
    }
    px_pay_respond_fault(p, &f);
}

/* Nothing was sent, and nothing should be for a while. */
static void forbid(struct px_payment *p, const struct rt_reattempt_answer *a)
{
    int64_t wait_ms = a->again_ms - p->letter.now_ms;
    struct px_fault f;

    LOG(INFO, "payment.reattempt_refused", F("merchant", (const char *)p->rec.merchant),
        F("brand", rt_brand_name(p->rec.brand)), F("rule", rt_rule_name(a->rule)),
        F("wait_ms", wait_ms));
    (void)px_fault_at(&f, PX_FAULT_REATTEMPT_NOT_ALLOWED, NULL);
    (void)px_fault_say(&f, "%s", rt_rule_sentence(a->rule));
    (void)px_fault_help(&f, "ask the payer for another card");
    f.reason = rt_rule_name(a->rule);
    f.retry_after_s = wait_ms <= 0 ? 1 : (int)((wait_ms + 999) / 1000);
    px_pay_respond_fault(p, &f);
}

static void begin_said(struct px_payment *p, const struct px_journal_letter *l)
{
    switch (l->said) {
    case PX_SAID_OURS: take_off(p, &l->record); return;
    case PX_SAID_RESUMED: resume(p); return;
    case PX_SAID_DONE:
        px_pay_respond_body(p, &l->record, l->record.status, l->record.answer, true);
        break;
    case PX_SAID_TAKEN: refuse(p, PX_FAULT_KEY_IN_PROGRESS, RT_CODE_NONE); break;
    case PX_SAID_MISMATCH: refuse(p, PX_FAULT_KEY_REUSED, RT_CODE_NONE); break;
    case PX_SAID_NOT_FOUND: refuse(p, PX_FAULT_PAYMENT_NOT_FOUND, RT_CODE_NONE); break;
    case PX_SAID_CONFLICT: refuse(p, PX_FAULT_OPERATION_REFUSED, l->code); break;
    case PX_SAID_FORBIDDEN: forbid(p, &l->reattempt); break;
    case PX_SAID_DOWN:
    case PX_SAID_OK:
    case PX_SAID_FENCED: refuse(p, PX_FAULT_JOURNAL_UNAVAILABLE, RT_CODE_NONE); break;
    }
    px_pay_leave(p);
}

void px_pay_on_said(void *ctx, struct px_journal_letter *l)
{
    struct px_payment *p = px_pay_of(ctx);
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
        px_pay_feed_kind(p, settling ? RT_EV_SETTLED : RT_EV_PROMISED);
        return;
    case PX_SAID_FENCED: px_pay_feed_kind(p, RT_EV_FENCED); return;
    case PX_SAID_CONFLICT: /* a leg or an amount that can not be: for people, not for trying again
                            */
        LOG(ERROR, "journal.refused", F("payment", (const char *)p->rec.id),
            F("code", rt_code_name(l->code)));
        px_pay_feed_kind(p, RT_EV_FENCED);
        return;
    case PX_SAID_FORBIDDEN: /* a next leg: the last one's decline is the answer */
        LOG(INFO, "payment.move_refused", F("payment", (const char *)p->rec.id),
            F("rule", rt_rule_name(l->reattempt.rule)));
        px_pay_feed_kind(p, RT_EV_PROMISE_LOST);
        return;
    case PX_SAID_DOWN:
    case PX_SAID_OURS:
    case PX_SAID_RESUMED:
    case PX_SAID_TAKEN:
    case PX_SAID_DONE:
    case PX_SAID_MISMATCH:
    case PX_SAID_NOT_FOUND:
        px_pay_feed_kind(p, settling ? RT_EV_SETTLE_LOST : RT_EV_PROMISE_LOST);
        return;
    }
}
