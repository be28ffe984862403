/* loadtest/pspsim/execute.c -- moving the money that is not there. */
#include <string.h>
#include <time.h>

#include "loadtest/pspsim/dialect.h"

const struct sim_dialect *sim_dialect_of(enum sim_who w)
{
    static const struct sim_dialect *const all[SIM_PSPS] = { &sim_stripe, &sim_adyen,
                                                             &sim_checkoutcom };

    return all[w];
}

struct sim_verdict sim_decide(struct sim_req *r)
{
    const struct sim_settings *set = &r->sim->set[r->who];
    struct sim_verdict v = { SIM_APPROVES, 0, 0 };

    if (r->ask.test_code != 0)
        return (struct sim_verdict){ SIM_DECLINES, 0, (uint16_t)r->ask.test_code };
    if (sim_why_of_amount(r->ask.amount, &v))
        return v;
    if (r->ask.card.script != 0)
        return sim_script_verdict(r->ask.card.script);
    if (r->ask.want_action)
        return (struct sim_verdict){ SIM_WANTS_ACTION, 0, 0 };
    if (set->decline_permille > 0 && rng_below(&r->sim->dice, 1000) < set->decline_permille)
        v = (struct sim_verdict){ SIM_DECLINES, set->decline_why, 0 };
    return v;
}

static enum sim_status status_of(enum sim_result r)
{
    switch (r) {
    case SIM_APPROVES: return SIM_AUTHORIZED;
    case SIM_DECLINES: return SIM_DECLINED;
    case SIM_WANTS_ACTION: return SIM_ACTION;
    case SIM_WAITS: break;
    }
    return SIM_PENDING;
}

static uint16_t code_of(enum sim_who who, const struct sim_verdict *v)
{
    if (v->own_code != 0)
        return v->own_code;
    if (who == SIM_STRIPE)
        return v->why;
    return (uint16_t)(who == SIM_ADYEN ? sim_whys[v->why].adyen : sim_whys[v->why].checkoutcom);
}

static struct span key_of(const struct sim_req *r)
{
    return r->key_row == 0 ? SPAN_NONE : sim_key_at(&r->sim->keys, r->key_row)->text;
}

struct sim_charge *sim_authorize(struct sim_req *r, const char *id, struct sim_verdict *v)
{
    const struct sim_ask *a = &r->ask;
    bool approved = v->result == SIM_APPROVES;
    struct sim_charge c = {
        .who = r->who,
        .now = { .status = status_of(v->result) },
        .manual = a->manual,
        .approved = approved,
        .why = code_of(r->who, v),
        .amount = a->amount,
        .card = a->card,
        .reference = a->reference,
        .key = key_of(r),
        .key_row = r->key_row,
        .token = a->token,
        .return_url = a->return_url,
        .metadata = lt_out_span(&a->metadata),
        .created_ms = sim_now_ms(r->sim),
    };

    c.changed_ms = c.created_ms;
    c.now.capturable = approved && a->manual ? a->amount : 0;
    c.now.captured = approved && !a->manual ? a->amount : 0;
    memcpy(c.currency, a->currency, sizeof c.currency);
    sim_copyz(span_str(id), c.id, sizeof c.id);
    return sim_ledger_charge(&r->sim->ledger, &c);
}

enum sim_did sim_capture(struct sim_charge *c, int64_t amount, bool final, int64_t *moved)
{
    if (amount < 0)
        amount = c->now.capturable;
    if (c->now.status != SIM_AUTHORIZED || c->now.capturable == 0)
        return SIM_BAD_STATE;
    if (amount > c->now.capturable)
        return SIM_TOO_MUCH;
    c->now.captured += amount;
    c->now.capturable -= amount;
    if (final) {
        c->now.voided += c->now.capturable;
        c->now.capturable = 0;
    }
    *moved = amount;
    return SIM_DONE;
}

enum sim_did sim_void(struct sim_charge *c)
{
    if (c->now.status == SIM_VOIDED || c->now.captured > 0)
        return SIM_BAD_STATE;
    c->now.voided = c->now.status == SIM_AUTHORIZED ? c->amount : 0;
    c->now.capturable = 0;
    c->now.status = SIM_VOIDED;
    return SIM_DONE;
}

enum sim_did sim_refund(struct sim_charge *c, int64_t amount, int64_t *moved)
{
    int64_t left = c->now.captured - c->now.refunded;

    if (amount < 0)
        amount = left;
    if (c->now.status != SIM_AUTHORIZED || left == 0)
        return SIM_BAD_STATE;
    if (amount > left)
        return SIM_TOO_MUCH;
    c->now.refunded += amount;
    *moved = amount;
    return SIM_DONE;
}

struct sim_act *sim_act_add(struct sim_req *r, struct sim_charge *c, enum sim_op did,
                            int64_t amount, const char *id)
{
    struct sim_act a = { .op = r->ask.op,
                         .did = did,
                         .amount = amount,
                         .reference = r->ask.reference,
                         .metadata = lt_out_span(&r->ask.metadata),
                         .key = key_of(r),
                         .created_ms = sim_now_ms(r->sim),
                         .reason = r->ask.reason };

    sim_copyz(span_str(id), a.id, sizeof a.id);
    return sim_ledger_act(&r->sim->ledger, c, &a);
}

struct sim_charge *sim_target(const struct sim_req *r)
{
    return sim_charge_at(&r->sim->ledger, r->ask.target);
}

bool sim_indexed(const struct sim_req *r, const struct sim_charge *c)
{
    return sim_now_ms(r->sim) - c->created_ms >= r->sim->set[r->who].index_delay_ms;
}

const struct sim_charge *sim_said(struct sim_req *r, const struct sim_answer *a)
{
    const struct sim_charge *c = sim_charge_at(&r->sim->ledger, a->charge);
    struct sim_charge *lie = &r->sim->lie;

    if (r->fault.kind < SIM_F_LIE_AMOUNT || r->fault.kind > SIM_F_LIE_REFERENCE)
        return c;
    *lie = *c;
    if (r->fault.kind == SIM_F_LIE_AMOUNT)
        lie->amount += 1000;
    else if (r->fault.kind == SIM_F_LIE_CURRENCY)
        memcpy(lie->currency, strcmp(c->currency, "USD") == 0 ? "EUR" : "USD", 4);
    else {
        lie->reference = SPAN("somebody-elses-reference");
        lie->metadata = SPAN("{\"gw_attempt\":\"somebody-elses-reference\"}");
    }
    return lie;
}

void sim_time_text(int64_t ms, char out[32])
{
    time_t s = (time_t)(ms / 1000);
    struct tm tm;

    (void)gmtime_r(&s, &tm);
    (void)strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
}
