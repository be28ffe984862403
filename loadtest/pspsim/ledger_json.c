/* loadtest/pspsim/ledger_json.c */
#include "loadtest/pspsim/ledger_json.h"

static const char *state_word(const struct sim_charge *c)
{
    const struct sim_money *m = &c->now;

    switch (m->status) {
    case SIM_NEW: return "new";
    case SIM_DECLINED: return "declined";
    case SIM_ACTION: return "requires_action";
    case SIM_PENDING: return "pending";
    case SIM_VOIDED: return "voided";
    case SIM_AUTHORIZED: break;
    }
    if (m->refunded > 0)
        return m->refunded == m->captured ? "refunded" : "partially_refunded";
    if (m->captured > 0)
        return m->captured == c->amount ? "captured" : "partially_captured";
    return "authorized";
}

static void acts_write(const struct sim_ledger *l, const struct sim_charge *c, struct lt_out *o)
{
    lt_member(o, "acts");
    lt_byte(o, '[');
    for (uint32_t n = c->first_act; n != 0;) {
        const struct sim_act *a = sim_act_at(l, n);

        if (n != c->first_act)
            lt_byte(o, ',');
        lt_byte(o, '{');
        lt_member_z(o, "op", sim_op_name(a->op));
        lt_member_z(o, "did", sim_op_name(a->did));
        lt_member_num(o, "amount", a->amount);
        lt_member_z(o, "id", a->id);
        lt_member_span(o, "reference", a->reference);
        lt_member_span(o, "key", a->key);
        lt_member_num(o, "created_ms", a->created_ms);
        lt_byte(o, '}');
        n = a->next;
    }
    lt_byte(o, ']');
}

void sim_charge_write(const struct sim *s, const struct sim_charge *c, struct lt_out *o)
{
    const struct sim_key *k = c->key_row == 0 ? NULL : sim_key_at(&s->keys, c->key_row);

    lt_byte(o, '{');
    lt_member_num(o, "n", c->number);
    lt_member_z(o, "provider", sim_who_name(c->who));
    lt_member_z(o, "id", c->id);
    lt_member_span(o, "payment", sim_payment_of(c->reference));
    lt_member_span(o, "reference", c->reference);
    lt_member_span(o, "key", c->key);
    lt_member_num(o, "amount", c->amount);
    lt_member_z(o, "currency", c->currency);
    lt_member_z(o, "state", state_word(c));
    lt_member_bool(o, "approved", c->approved);
    lt_member_bool(o, "live", sim_charge_live(c));
    lt_member_num(o, "captured", c->now.captured);
    lt_member_num(o, "refunded", c->now.refunded);
    lt_member_num(o, "code", c->why);
    lt_member_z(o, "last4", c->card.last4);
    lt_member_z(o, "brand", c->card.brand);
    lt_member_num(o, "copies", k == NULL ? 1 : k->copies);
    lt_member_num(o, "executions", k == NULL ? 1 : k->executions);
    lt_member_num(o, "created_ms", c->created_ms);
    lt_member_num(o, "changed_ms", c->changed_ms);
    acts_write(&s->ledger, c, o);
    lt_byte(o, '}');
}

static bool wanted(const struct sim_ledger_wish *w, const struct sim_charge *c)
{
    return (w->who == SIM_PSPS || w->who == c->who) &&
           (w->payment.p == NULL || span_eq(w->payment, sim_payment_of(c->reference))) &&
           (w->reference.p == NULL || span_eq(w->reference, c->reference));
}

void sim_ledger_write(const struct sim *s, const struct sim_ledger_wish *w, struct lt_out *o)
{
    const struct sim_ledger *l = &s->ledger;
    uint32_t put = 0;

    lt_byte(o, '{');
    lt_member_num(o, "total", l->charges.rows);
    lt_member(o, "charges");
    lt_byte(o, '[');
    for (uint32_t n = w->after + 1; n <= l->charges.rows && (w->limit == 0 || put < w->limit);
         n++) {
        const struct sim_charge *c = sim_charge_at(l, n);

        if (!wanted(w, c))
            continue;
        lt_z(o, put++ > 0 ? ",\n" : "\n");
        sim_charge_write(s, c, o);
    }
    lt_z(o, "]}\n");
}

static void payment_write(const struct sim *s, const struct sim_payment *p,
                          const struct sim_standing *st, struct lt_out *o)
{
    lt_byte(o, '{');
    lt_member_span(o, "payment", p->id);
    lt_member_num(o, "attempts", st->charges);
    lt_member_num(o, "live", st->live);
    lt_member_num(o, "approved", st->approved);
    lt_member_num(o, "open", st->open);
    lt_member_num(o, "declined", st->declined);
    lt_member(o, "charges");
    lt_byte(o, '[');
    for (uint32_t n = p->first; n != 0;) {
        const struct sim_charge *c = sim_charge_at(&s->ledger, n);

        if (n != p->first)
            lt_byte(o, ',');
        sim_charge_write(s, c, o);
        n = c->next_of_payment;
    }
    lt_z(o, "]}");
}

void sim_payments_write(const struct sim *s, const struct sim_ledger_wish *w, struct lt_out *o)
{
    const struct sim_ledger *l = &s->ledger;
    uint32_t put = 0;

    lt_byte(o, '{');
    lt_member_num(o, "total", l->payments.rows);
    lt_member(o, "payments");
    lt_byte(o, '[');
    for (uint32_t n = 1; n <= l->payments.rows && (w->limit == 0 || put < w->limit); n++) {
        const struct sim_payment *p = sim_rows_at(&l->payments, n);
        struct sim_standing st = sim_payment_standing(l, p);

        if ((w->doubles && st.live < 2) || (w->payment.p != NULL && !span_eq(w->payment, p->id)))
            continue;
        lt_z(o, put++ > 0 ? ",\n" : "\n");
        payment_write(s, p, &st, o);
    }
    lt_z(o, "]}\n");
}

void sim_counters_write(const struct sim_counters *c, struct lt_out *o)
{
    lt_byte(o, '{');
    lt_member_num(o, "connections", (int64_t)c->connections);
    lt_member_num(o, "handshakes_failed", (int64_t)c->handshakes_failed);
    lt_member_num(o, "requests", (int64_t)c->requests);
    lt_member_num(o, "malformed", (int64_t)c->malformed);
    lt_member_num(o, "unauthorized", (int64_t)c->unauthorized);
    lt_member_num(o, "refused", (int64_t)c->refused);
    lt_member_num(o, "executed", (int64_t)c->executed);
    lt_member_num(o, "replayed", (int64_t)c->replayed);
    lt_member_num(o, "key_running", (int64_t)c->key_running);
    lt_member_num(o, "key_conflicts", (int64_t)c->key_conflicts);
    lt_member_num(o, "key_missing", (int64_t)c->key_missing);
    lt_member_num(o, "late_copies", (int64_t)c->late_copies);
    lt_member_num(o, "unheard", (int64_t)c->unheard);
    lt_member_num(o, "faults", (int64_t)c->faults);
    lt_byte(o, '}');
}

/* The same refund (or capture) asked for under one reference must run once. */
static unsigned repeated(const struct sim_ledger *l, const struct sim_charge *c, enum sim_op did)
{
    unsigned twice = 0;

    for (uint32_t n = c->first_act; n != 0; n = sim_act_at(l, n)->next) {
        const struct sim_act *a = sim_act_at(l, n);

        for (uint32_t m = c->first_act; m != n; m = sim_act_at(l, m)->next) {
            const struct sim_act *b = sim_act_at(l, m);

            if (a->did == did && b->did == did && a->reference.n > 0 &&
                span_eq(a->reference, b->reference)) {
                twice++;
                break;
            }
        }
    }
    return twice;
}

struct totals {
    int64_t charges, approved, live, declined, open, voided, captured, refunds, double_refunds,
        double_captures;
};

static void charges_count(const struct sim *s, enum sim_who who, struct totals *t)
{
    const struct sim_ledger *l = &s->ledger;

    for (uint32_t n = 1; n <= l->charges.rows; n++) {
        const struct sim_charge *c = sim_charge_at(l, n);

        if (who != SIM_PSPS && c->who != who)
            continue;
        t->charges++;
        t->approved += c->approved;
        t->live += sim_charge_live(c);
        t->declined += c->now.status == SIM_DECLINED;
        t->open += c->now.status == SIM_ACTION || c->now.status == SIM_PENDING;
        t->voided += c->now.status == SIM_VOIDED && c->approved;
        t->captured += c->now.captured > 0;
        for (uint32_t a = c->first_act; a != 0; a = sim_act_at(l, a)->next)
            t->refunds += sim_act_at(l, a)->did == SIM_REFUND;
        t->double_refunds += repeated(l, c, SIM_REFUND);
        t->double_captures += repeated(l, c, SIM_CAPTURE);
    }
}

static void totals_write(const struct totals *t, struct lt_out *o)
{
    lt_member_num(o, "charges", t->charges);
    lt_member_num(o, "approved", t->approved);
    lt_member_num(o, "live", t->live);
    lt_member_num(o, "declined", t->declined);
    lt_member_num(o, "open", t->open);
    lt_member_num(o, "voided", t->voided);
    lt_member_num(o, "captured", t->captured);
    lt_member_num(o, "refunds", t->refunds);
}

static void payments_count(const struct sim *s, int64_t *doubles, int64_t *doubles_ever)
{
    for (uint32_t n = 1; n <= s->ledger.payments.rows; n++) {
        struct sim_standing st =
            sim_payment_standing(&s->ledger, sim_rows_at(&s->ledger.payments, n));

        *doubles += st.live > 1;
        *doubles_ever += st.approved > 1;
    }
}

void sim_summary_write(const struct sim *s, struct lt_out *o)
{
    struct totals all = { 0 };
    int64_t doubles = 0, doubles_ever = 0;

    charges_count(s, SIM_PSPS, &all);
    payments_count(s, &doubles, &doubles_ever);
    lt_byte(o, '{');
    lt_member_num(o, "payments", s->ledger.payments.rows);
    totals_write(&all, o);
    lt_member_num(o, "doubles", doubles);
    lt_member_num(o, "doubles_ever", doubles_ever);
    lt_member_num(o, "double_refunds", all.double_refunds);
    lt_member_num(o, "double_captures", all.double_captures);
    lt_member(o, "providers");
    lt_byte(o, '{');
    for (enum sim_who w = 0; w < SIM_PSPS; w++) {
        struct totals one = { 0 };

        charges_count(s, w, &one);
        lt_member(o, sim_who_name(w));
        lt_byte(o, '{');
        totals_write(&one, o);
        lt_member(o, "counters");
        sim_counters_write(&s->count[w], o);
        lt_byte(o, '}');
    }
    lt_z(o, "}}\n");
}
