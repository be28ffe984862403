/* proxy/payment_leg.c -- one attempt: the request, its copies, what comes back. */
#include <string.h>

#include "proxy/clock.h"
#include "proxy/crypto.h"
#include "proxy/log.h"
#include "proxy/payment_inside.h"
#include "routing/base/check.h"

void px_pay_name_attempt(struct px_payment *p, unsigned leg)
{
    const struct rt_provider *provider = px_pay_provider(p, leg);

    rt_attempt_ref(span_str(p->rec.id), leg, p->attempt[leg].ref);
    px_provider_key(p->desk->keys, p->pay.merchant, span_str(p->rec.key), span_str(provider->name),
                    span_str(rt_op_name(p->pay.op)), provider->promises.key_max, p->key);
    p->asking = (struct px_asking){ .pay = &p->pay,
                                    .op = p->pay.op,
                                    .ref = span_str(p->attempt[leg].ref),
                                    .key = span_str(p->key),
                                    .payment_id = p->pay.provider_payment_id };
}

enum err px_pay_prepare(struct px_payment *p, unsigned leg, struct diag *why)
{
    const struct px_provider_config *seat = px_pay_seat(p, leg);
    unsigned char digest[PX_SHA256];
    enum err e;

    px_pay_name_attempt(p, leg);
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

/* By what the schemes' rules know the card again. */
static void name_card(struct px_payment *p, unsigned leg)
{
    p->rec.carded =
        p->pay.op == RT_AUTHORIZE &&
        px_card_digest(p->desk->cards, &p->pay, px_pay_provider(p, leg)->name, p->rec.card);
}

enum err px_pay_open_attempt(struct px_payment *p, unsigned leg)
{
    struct px_attempt *a = &p->attempt[leg];

    a->leg = (uint8_t)leg;
    put_word(a->provider, sizeof a->provider, px_pay_provider(p, leg)->name);
    a->promised_ms = px_unix_ms();
    a->ended_ms = 0;
    a->evidence[0] = a->why[0] = '\0';
    p->rec.leg = (uint8_t)leg;
    p->rec.leg_ms = a->promised_ms;
    name_card(p, leg);
    p->copies = 0;
    p->copy_out = false;
    p->was_watched = p->judged_told = false;
    if (p->judged[leg] == NULL)
        p->judged[leg] = ARENA_NEW(p->arena, struct rt_judgement);
    if (p->judged[leg] == NULL)
        return E_LIMIT;
    memset(p->judged[leg], 0, sizeof *p->judged[leg]);
    return OK;
}

void px_pay_close_attempt(struct px_payment *p)
{
    struct px_attempt *a = &p->attempt[p->rec.leg];
    const struct rt_judgement *j = px_pay_judged(p);

    a->ended_ms = px_unix_ms();
    a->took_ms = (int32_t)(a->ended_ms - a->promised_ms);
    a->copies = p->copies;
    a->outcome = j->outcome;
    a->code = j->code;
    a->strike = rt_strike_of(p->pay.brand, j);
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
        F("why", why), F("status", status),
        F("outcome", rt_outcome_name(px_pay_judged(p)->outcome)),
        F("code", rt_code_name(px_pay_judged(p)->code)));
}

static void judge(struct px_payment *p, const struct px_heard *h, const struct px_asking *q,
                  enum rt_op op, struct rt_judgement *out)
{
    struct px_answer ans = { .status = h->status,
                             .header = h->header,
                             .headers = h->headers,
                             .body = h->body,
                             .earlier_unanswered = p->copy_out };

    px_pay_seat(p, p->rec.leg)->adapter->judge(q, op, &ans, p->arena, out);
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

/* The network said "never again" or "not before": no policy is above that. */
static bool stopped_by_scheme(const struct px_payment *p, const struct rt_judgement *j)
{
    return p->desk->config->rules.reattempts.stops && p->pay.op == RT_AUTHORIZE &&
           rt_strike_of(p->pay.brand, j).stop != RT_RULE_NONE;
}

static void on_heard(void *ctx, const struct px_heard *h)
{
    struct px_payment *p = px_pay_of(ctx);
    struct rt_event ev = { .kind = RT_EV_IN_DOUBT };
    struct rt_judgement *j = px_pay_judged(p);

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
        /* The policy may only forbid: what is unsafe or useless stays so. */
        ev.heard.retry_other = ev.heard.retry_other && rt_verdict_moves(&p->verdict, j->code) &&
                               !stopped_by_scheme(p, j);
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
    px_pay_tell(p, h);
    px_pay_feed(p, &ev);
}

static void on_inquired(void *ctx, const struct px_heard *h)
{
    struct px_payment *p = px_pay_of(ctx);
    struct rt_event ev = { .kind = RT_EV_INQUIRED };
    struct rt_judgement found = { 0 };

    p->ask = NULL;
    if (h->kind == PX_ANSWERED)
        judge(p, h, &p->asking, RT_INQUIRE, &found);
    if (found.outcome != RT_UNKNOWN && !found.inconclusive)
        *px_pay_judged(p) = found;
    if (found.outcome == RT_APPROVED || found.outcome == RT_DECLINED)
        px_pay_tell(p, h);
    ev.heard = rt_heard_of(&found);
    note_evidence(p, "inquired", h->why, h->status);
    px_pay_feed(p, &ev);
}

void px_pay_ask(struct px_payment *p)
{
    struct px_upstream *up = p->desk->upstream[p->plan.leg[p->rec.leg].provider];

    const char *withheld = px_pay_withheld(p);

    CHECK(p->ask == NULL);
    if (withheld != NULL) { /* as truly not sent as if nobody had picked up */
        judge_unasked(px_pay_judged(p));
        note_evidence(p, "not_sent", withheld, 0);
        px_pay_feed_kind(p, RT_EV_NOT_SENT);
        return;
    }
    p->copies++;
    p->ask = px_upstream_ask(up, &p->message, 0, on_heard, p);
    if (p->ask != NULL)
        return;
    px_pay_unwatch(p);
    px_pay_feed_kind(p, RT_EV_NOT_SENT); /* no memory: nothing left */
}

void px_pay_inquire(struct px_payment *p)
{
    const struct px_provider_config *seat = px_pay_seat(p, p->rec.leg);
    struct px_upstream *up = p->desk->upstream[p->plan.leg[p->rec.leg].provider];
    struct px_asking q = p->asking;
    struct px_message m = { 0 };
    struct diag why = { 0 };

    q.op = RT_INQUIRE;
    q.key = SPAN_NONE;
    if (px_pay_judged(p)->payment_id[0] != '\0')
        q.payment_id = span_str(px_pay_judged(p)->payment_id);
    q.by_reference = q.payment_id.n == 0;
    CHECK(p->ask == NULL);
    if (seat->adapter->ask(&seat->account, &q, p->arena, &m, &why) == OK)
        p->ask = px_upstream_ask(up, &m, 0, on_inquired, p);
    if (p->ask == NULL)
        px_pay_feed_kind(p, RT_EV_INQUIRED); /* a failed inquiry: a zeroed judgement */
}
