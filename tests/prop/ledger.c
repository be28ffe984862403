/* tests/prop/ledger.c -- whatever is asked of a payment, and however it ends, the ledger is sound
 * and gives out no more than came in. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "routing/base/rng.h"
#include "routing/ledger.h"

enum { HOLDS = 8, STEPS = 40 };

struct hold {
    enum rt_op op;
    int64_t held;
    bool live;
};

/* What really moved, counted beside the ledger. */
struct purse {
    int64_t captured, refunded;
};

static enum rt_outcome any_outcome(struct rng *r)
{
    static const enum rt_outcome all[] = { RT_UNKNOWN, RT_APPROVED, RT_DECLINED, RT_ERROR,
                                           RT_PENDING };

    return all[rng_below(r, sizeof all / sizeof all[0])];
}

static void ask(struct rng *r, struct rt_ledger *l, struct hold *h)
{
    static const enum rt_op ops[] = { RT_CAPTURE, RT_REFUND, RT_VOID };
    enum rt_op op = ops[rng_below(r, 3)];
    int64_t amount = (int64_t)rng_below(r, 1200) - 50;

    if (rng_below(r, 4) == 0)
        amount = rt_ledger_left(l, op);
    if (rt_ledger_hold(l, op, amount) == RT_CODE_NONE)
        *h = (struct hold){ .op = op, .held = op == RT_VOID ? 0 : amount, .live = true };
}

static void end(struct rng *r, struct rt_ledger *l, struct hold *h, struct purse *p)
{
    enum rt_outcome o = any_outcome(r);
    int64_t moved = (int64_t)rng_below(r, (uint64_t)h->held + 2); /* one too many, sometimes */
    int64_t held;

    if (h->op == RT_VOID && l->captured + l->capture_pending > 0 && o == RT_APPROVED)
        o = RT_DECLINED; /* the journal's lock lets nothing go out beside a void */
    held = rt_ledger_settle(l, h->op, h->held, o, moved);
    if (held < 0)
        return;
    if (o == RT_APPROVED && h->op == RT_CAPTURE)
        p->captured += moved;
    if (o == RT_APPROVED && h->op == RT_REFUND)
        p->refunded += moved;
    h->live = o == RT_UNKNOWN || o == RT_PENDING;
    if (h->live != (held == h->held && (held > 0 || h->live)))
        abort();
    h->held = held;
}

static bool one_life(struct rng *r)
{
    struct rt_ledger l;
    struct hold hold[HOLDS] = { 0 };
    struct purse p = { 0 };
    static const enum rt_state opens[] = { RT_STATE_AUTHORIZED, RT_STATE_CAPTURED,
                                           RT_STATE_CAPTURE_PENDING };
    enum rt_state state = opens[rng_below(r, 3)];
    int64_t authorized = 1 + (int64_t)rng_below(r, 1000);

    rt_ledger_open(&l, authorized, state);
    p.captured = l.captured;
    for (unsigned i = 0; i < STEPS; i++) {
        struct hold *h = &hold[rng_below(r, HOLDS)];

        if (h->live)
            end(r, &l, h, &p);
        else
            ask(r, &l, h);
        if (!rt_ledger_sound(&l) || p.captured != l.captured || p.refunded != l.refunded ||
            p.captured > authorized || p.refunded > p.captured + l.capture_pending)
            return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    uint64_t rounds = argc > 2 ? strtoull(argv[2], NULL, 10) : 1000;

    for (uint64_t i = 0; i < rounds; i++) {
        struct rng r = rng_of(seed + i);

        if (!one_life(&r)) {
            fprintf(stderr, "an unsound ledger: %s %" PRIu64 " 1\n", argv[0], seed + i);
            return 1;
        }
    }
    return 0;
}
