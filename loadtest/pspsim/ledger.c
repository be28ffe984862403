/* loadtest/pspsim/ledger.c */
#include "loadtest/pspsim/ledger.h"

#include <string.h>

#include "routing/base/check.h"
#include "routing/base/hash.h"

enum { FIRST_SLOTS = 1 << 20, TOKEN_SLOTS = 1 << 16, PAYMENT_ID = 26 };

static const char *const op_names[SIM_OPS] = {
    [SIM_OP_NONE] = "none",
    [SIM_AUTHORIZE] = "authorize",
    [SIM_CAPTURE] = "capture",
    [SIM_VOID] = "void",
    [SIM_REFUND] = "refund",
    [SIM_REVERSE] = "reversal",
    [SIM_CANCEL_REF] = "cancel_by_reference",
    [SIM_INQUIRE] = "inquire",
    [SIM_SEARCH] = "search",
    [SIM_TOKENIZE] = "tokenize",
};

const char *sim_op_name(enum sim_op op)
{
    return op_names[op];
}

enum sim_op sim_op_find(struct span name)
{
    for (enum sim_op op = SIM_AUTHORIZE; op < SIM_OPS; op++) {
        if (span_is(name, op_names[op]))
            return op;
    }
    return SIM_OP_NONE;
}

bool sim_op_moves_money(enum sim_op op)
{
    return op >= SIM_AUTHORIZE && op <= SIM_CANCEL_REF;
}

void sim_copyz(struct span s, char *dst, size_t cap)
{
    CHECK(span_copyz(s, dst, cap) == OK);
}

void sim_ledger_init(struct sim_ledger *l)
{
    *l = (struct sim_ledger){ .charges.size = sizeof(struct sim_charge),
                              .acts.size = sizeof(struct sim_act),
                              .payments.size = sizeof(struct sim_payment),
                              .tokens.size = sizeof(struct sim_token) };
    sim_table_init(&l->by_id, FIRST_SLOTS);
    sim_table_init(&l->by_reference, FIRST_SLOTS);
    sim_table_init(&l->by_payment, FIRST_SLOTS);
    sim_table_init(&l->by_token, TOKEN_SLOTS);
}

void sim_ledger_fini(struct sim_ledger *l)
{
    sim_rows_fini(&l->charges);
    sim_rows_fini(&l->acts);
    sim_rows_fini(&l->payments);
    sim_rows_fini(&l->tokens);
    sim_table_fini(&l->by_id);
    sim_table_fini(&l->by_reference);
    sim_table_fini(&l->by_payment);
    sim_table_fini(&l->by_token);
    sim_pool_fini(&l->pool);
}

/* Our own reference of an attempt is "at", the leg (one of 0-9a-z), "_" and the payment's id. */
struct span sim_payment_of(struct span r)
{
    bool ours = r.n == PAYMENT_ID + 4 && span_starts(r, "at") && r.p[3] == '_';

    return ours ? span_drop(r, 4) : r;
}

static struct sim_payment *payment_find(struct sim_ledger *l, struct span id)
{
    uint64_t h = hash64(id, 0);
    size_t at = SIM_TABLE_START;
    uint32_t n;

    while ((n = sim_table_get(&l->by_payment, h, &at)) != 0) {
        struct sim_payment *p = sim_rows_at(&l->payments, n);

        if (span_eq(p->id, id))
            return p;
    }
    return NULL;
}

static void payment_join(struct sim_ledger *l, struct sim_charge *c)
{
    struct span id = sim_payment_of(c->reference);
    struct sim_payment *p;

    if (id.n == 0)
        id = span_str(c->id); /* nothing to group by: a payment of its own */
    p = payment_find(l, id);
    if (p == NULL) {
        p = sim_rows_add(&l->payments);
        p->id = id;
        p->first = c->number;
        sim_table_put(&l->by_payment, hash64(id, 0), l->payments.rows);
    } else {
        sim_charge_at(l, p->last)->next_of_payment = c->number;
    }
    p->last = c->number;
}

static uint32_t *reference_slot(const struct sim_ledger *l, enum sim_who who, struct span reference)
{
    size_t at = SIM_TABLE_START;
    uint32_t *slot;

    while ((slot = sim_table_slot(&l->by_reference, hash64(reference, who), &at)) != NULL) {
        const struct sim_charge *c = sim_charge_at(l, *slot);

        if (c->who == who && span_eq(c->reference, reference))
            return slot;
    }
    return NULL;
}

static void reference_join(struct sim_ledger *l, struct sim_charge *c)
{
    uint32_t *slot = reference_slot(l, c->who, c->reference);

    c->older_of_reference = slot == NULL ? 0 : *slot;
    if (slot != NULL)
        *slot = c->number;
    else
        sim_table_put(&l->by_reference, hash64(c->reference, c->who), c->number);
}

struct sim_charge *sim_ledger_charge(struct sim_ledger *l, const struct sim_charge *draft)
{
    struct sim_charge *c = sim_rows_add(&l->charges);

    *c = *draft;
    c->number = l->charges.rows;
    c->next_of_payment = c->older_of_reference = c->first_act = c->last_act = 0;
    c->reference = sim_pool_copy(&l->pool, draft->reference);
    c->key = sim_pool_copy(&l->pool, draft->key);
    c->token = sim_pool_copy(&l->pool, draft->token);
    c->metadata = sim_pool_copy(&l->pool, draft->metadata);
    c->return_url = sim_pool_copy(&l->pool, draft->return_url);
    sim_table_put(&l->by_id, hash64(span_str(c->id), c->who), c->number);
    if (c->reference.n > 0)
        reference_join(l, c);
    payment_join(l, c);
    return c;
}

struct sim_act *sim_ledger_act(struct sim_ledger *l, struct sim_charge *c,
                               const struct sim_act *draft)
{
    struct sim_act *a = sim_rows_add(&l->acts);

    *a = *draft;
    a->number = l->acts.rows;
    a->charge = c->number;
    a->next = 0;
    a->reference = sim_pool_copy(&l->pool, draft->reference);
    a->key = sim_pool_copy(&l->pool, draft->key);
    a->metadata = sim_pool_copy(&l->pool, draft->metadata);
    if (c->last_act == 0)
        c->first_act = a->number;
    else
        sim_act_at(l, c->last_act)->next = a->number;
    c->last_act = a->number;
    c->changed_ms = a->created_ms;
    return a;
}

struct sim_token *sim_ledger_token(struct sim_ledger *l, const struct sim_token *draft)
{
    struct sim_token *t = sim_rows_add(&l->tokens);

    *t = *draft;
    t->billing = sim_pool_copy(&l->pool, draft->billing);
    sim_table_put(&l->by_token, hash64(span_str(t->id), t->who), l->tokens.rows);
    return t;
}

struct sim_charge *sim_charge_at(const struct sim_ledger *l, uint32_t number)
{
    return sim_rows_at(&l->charges, number);
}

struct sim_act *sim_act_at(const struct sim_ledger *l, uint32_t number)
{
    return sim_rows_at(&l->acts, number);
}

struct sim_charge *sim_charge_by_id(const struct sim_ledger *l, enum sim_who who, struct span id)
{
    uint64_t h = hash64(id, who);
    size_t at = SIM_TABLE_START;
    uint32_t n;

    while ((n = sim_table_get(&l->by_id, h, &at)) != 0) {
        struct sim_charge *c = sim_charge_at(l, n);

        if (c->who == who && span_is(id, c->id))
            return c;
    }
    return NULL;
}

struct sim_charge *sim_charge_by_reference(const struct sim_ledger *l, enum sim_who who,
                                           struct span reference)
{
    const uint32_t *slot = reference_slot(l, who, reference);

    return slot == NULL ? NULL : sim_charge_at(l, *slot);
}

struct sim_charge *sim_charge_older(const struct sim_ledger *l, const struct sim_charge *c)
{
    return c->older_of_reference == 0 ? NULL : sim_charge_at(l, c->older_of_reference);
}

struct sim_token *sim_token_by_id(const struct sim_ledger *l, enum sim_who who, struct span id)
{
    uint64_t h = hash64(id, who);
    size_t at = SIM_TABLE_START;
    uint32_t n;

    while ((n = sim_table_get(&l->by_token, h, &at)) != 0) {
        struct sim_token *t = sim_rows_at(&l->tokens, n);

        if (t->who == who && span_is(id, t->id))
            return t;
    }
    return NULL;
}

bool sim_charge_live(const struct sim_charge *c)
{
    return c->now.status == SIM_AUTHORIZED;
}

struct sim_standing sim_payment_standing(const struct sim_ledger *l, const struct sim_payment *p)
{
    struct sim_standing s = { 0 };

    for (uint32_t n = p->first; n != 0;) {
        const struct sim_charge *c = sim_charge_at(l, n);

        s.charges++;
        s.live += sim_charge_live(c);
        s.approved += c->approved;
        s.declined += c->now.status == SIM_DECLINED;
        s.open += c->now.status == SIM_ACTION || c->now.status == SIM_PENDING;
        n = c->next_of_payment;
    }
    return s;
}
