/* tests/sim/provider.c -- providers that keep exactly what they promise, and nothing more. */
#include "routing/base/check.h"
#include "tests/sim/sim.h"

/* Key windows are short here, so that payments live to see their end; the world sets them. */
static const struct provider_kind kinds[] = {
    /* Stripe: the first result is kept whatever it was; found by search, a little late */
    { .name = "keeper",
      .terms = { .keeps_keys_s = 1,
                 .remembers_declines = true,
                 .refuses_cleanly = true,
                 .repeat_after_5xx = true,
                 .finds_by_reference = true,
                 .finds_by_id = true },
      .stores_5xx_as_5xx = true },
    /* Adyen: a 5xx is not final, a repeat gets what was executed; nothing can be inquired */
    { .name = "blind",
      .terms = { .keeps_keys_s = 7,
                 .remembers_declines = true,
                 .refuses_cleanly = true,
                 .repeat_after_5xx = true } },
    /* Checkout.com: keeps 2xx only; a copy after a 5xx executes again */
    { .name = "loose",
      .terms = { .keeps_keys_s = 1,
                 .remembers_declines = true,
                 .refuses_cleanly = true,
                 .finds_by_reference = true,
                 .finds_by_id = true } },
    /* Worldpay Access: no keys at all */
    { .name = "keyless", .terms = { .refuses_cleanly = true, .finds_by_reference = true } },
    /* nobody we know: tries the issuer anew after a decline */
    { .name = "fickle",
      .terms = { .keeps_keys_s = 1,
                 .refuses_cleanly = true,
                 .repeat_after_5xx = true,
                 .finds_by_reference = true },
      .stores_5xx_as_5xx = true },
    /* nobody we want to know: its 429 may come after execution */
    { .name = "murky",
      .terms = { .keeps_keys_s = 1,
                 .remembers_declines = true,
                 .repeat_after_5xx = true,
                 .finds_by_id = true },
      .lies_about_429 = true },
};

enum { KINDS = sizeof kinds / sizeof kinds[0] };

const char *result_name(enum result r)
{
    static const char *const name[RESULTS_] = {
        "nothing yet",
        "approved",
        "declined (soft)",
        "declined (hard)",
        "pending",
        "action required",
        "400",
        "401",
        "429",
        "5xx",
        "409 busy",
        "garbage",
        "not found",
        "declined",
    };

    return name[r];
}

const struct provider_kind *any_kind(struct world *w)
{
    return &kinds[below(w, KINDS)];
}

void provider_init(struct world *w, struct provider *p)
{
    *p = (struct provider){ .kind = any_kind(w) };
    p->terms = p->kind->terms;
    p->terms.keeps_keys_s *= w->window_ns / S;
    p->seen_ns = chance(w, 500) ? 0 : between(w, S, 60 * S);
}

static bool keeps_keys(const struct provider *p)
{
    return p->terms.keeps_keys_s > 0;
}

static void forget_if_old(struct world *w, struct provider *p)
{
    if (p->kept != RES_NONE && w->now_ns - p->kept_ns >= p->terms.keeps_keys_s * S) {
        note(w, "%s forgets the key", p->kind->name);
        p->kept = RES_NONE;
    }
}

static void keep(struct world *w, struct provider *p, enum result r)
{
    if (!keeps_keys(p))
        return;
    p->kept = r;
    p->kept_ns = w->now_ns;
}

static enum result draw(struct world *w, const struct provider *p)
{
    uint64_t d = below(w, 100);

    if (d < 42)
        return RES_APPROVED;
    if (d < 60)
        return RES_SOFT;
    if (d < 65)
        return RES_HARD;
    if (d < 70)
        return RES_PENDING;
    if (d < 73)
        return RES_ACTION;
    if (d < 77)
        return RES_INVALID;
    if (d < 81)
        return RES_REFUSED;
    if (d < 86)
        return RES_LIMITED;
    return p->kind->lies_about_429 && d < 93 ? RES_LIMITED : RES_BROKEN;
}

void copy_arrives(struct world *w, unsigned n)
{
    struct copy *c = &w->copy[n];
    struct provider *p = &w->provider[c->leg];

    forget_if_old(w, p);
    if (p->kept != RES_NONE) {
        note(w, "%s recalls %s for copy %u", p->kind->name, result_name(p->kept), n);
        c->result = p->kept;
        answer_leaves(w, n, p->kept);
        return;
    }
    if (p->executing && keeps_keys(p)) {
        note(w, "%s is busy with another copy, says so to copy %u", p->kind->name, n);
        answer_leaves(w, n, RES_BUSY);
        return;
    }
    p->executing = true;
    c->result = draw(w, p);
    plan(w, between(w, MS, 3 * S), HAP_COPY_EXECUTED, 0, n, 0);
}

static void charge(struct world *w, struct provider *p)
{
    p->charges++;
    p->changed_ns = w->now_ns;
    w->tally->charges++;
    if (charges(w) > 1)
        harm(w, "double: more than one charge stands");
    else if (w->told == TOLD_NO)
        harm(w, "lie: the customer was told no, and now a charge stands");
    else if (w->record.standing == ST_NOT_SENT ||
             (w->record.standing == ST_SETTLED &&
              (w->record.outcome == RT_DECLINED || w->record.outcome == RT_ERROR)))
        harm(w, "lost: the journal holds a no, and now a charge stands");
}

/* A 5xx may come before or after the issuer was asked. */
static void break_down(struct world *w, struct provider *p, struct copy *c)
{
    bool after = chance(w, 500), approved = after && chance(w, 700);

    if (approved) {
        note(w, "%s approves copy %d and breaks down", p->kind->name, (int)(c - w->copy));
        c->charged = true;
        charge(w, p);
    } else if (after) {
        p->declined = true;
        p->changed_ns = w->now_ns;
    }
    if (!p->terms.repeat_after_5xx)
        return;
    if (p->kind->stores_5xx_as_5xx)
        keep(w, p, RES_BROKEN);
    else if (approved || (after && p->terms.remembers_declines))
        keep(w, p, approved ? RES_APPROVED : RES_HARD);
}

void copy_executed(struct world *w, unsigned n)
{
    struct copy *c = &w->copy[n];
    struct provider *p = &w->provider[c->leg];

    p->executing = false;
    note(w, "%s has executed copy %u: %s", p->kind->name, n, result_name(c->result));
    switch (c->result) {
    case RES_APPROVED:
        c->charged = true;
        keep(w, p, c->result);
        charge(w, p);
        break;
    case RES_SOFT:
    case RES_HARD:
        p->declined = true;
        p->changed_ns = w->now_ns;
        if (p->terms.remembers_declines)
            keep(w, p, c->result);
        break;
    case RES_PENDING:
    case RES_ACTION:
        p->accepted = true;
        p->changed_ns = w->now_ns;
        keep(w, p, c->result);
        plan(w, between(w, S, w->window_ns), HAP_PROVIDER_DECIDES, c->leg, 0, 0);
        break;
    case RES_INVALID:
        if (p->terms.repeat_after_5xx)
            keep(w, p, c->result);
        break;
    case RES_LIMITED:
        if (p->kind->lies_about_429 && chance(w, 500)) {
            note(w, "%s has approved it all the same", p->kind->name);
            keep(w, p, RES_APPROVED);
            c->charged = true;
            charge(w, p);
        }
        break;
    case RES_BROKEN: break_down(w, p, c); break;
    case RES_REFUSED:
    case RES_NONE:
    case RES_BUSY:
    case RES_GARBLED:
    case RES_NOTHING:
    case RES_DECLINED:
    case RESULTS_: break;
    }
    answer_leaves(w, n, c->result);
}

/* A double does something only where we could not know better: its twin's answer is never heard,
 * and its twin did not charge without leaving a word under the key. A provider that doubles a copy
 * inside, answers "no" to one of them and executes the other has broken its own promise. */
void copy_doubled(struct world *w, unsigned n)
{
    struct copy *twin = &w->copy[n];
    struct provider *p = &w->provider[twin->leg];

    forget_if_old(w, p);
    if (p->kept == RES_NONE && (!twin->deaf || twin->charged || !p->terms.repeat_after_5xx))
        return;
    if (w->copies == COPIES)
        return;
    note(w, "copy %u arrives again, as copy %u", n, w->copies);
    w->tally->doubles++;
    w->copy[w->copies] = *twin;
    w->copy[w->copies].deaf = w->copy[w->copies].over = true;
    copy_arrives(w, w->copies++);
}

void provider_decides(struct world *w, unsigned n)
{
    struct provider *p = &w->provider[n];
    bool yes = chance(w, 600);

    note(w, "%s decides what it had accepted: %s", p->kind->name, yes ? "approved" : "declined");
    p->accepted = false;
    p->changed_ns = w->now_ns;
    if (yes)
        charge(w, p);
    else
        p->declined = true;
}

/* What an inquiry is told: the best there is, and nothing if it is too fresh to be found. */
enum result provider_knows(struct world *w, struct provider *p)
{
    if (w->now_ns - p->changed_ns < p->seen_ns)
        return RES_NOTHING;
    if (p->charges > 0)
        return RES_APPROVED;
    if (p->accepted)
        return RES_PENDING;
    return p->declined ? RES_DECLINED : RES_NOTHING;
}

/* What an honest adapter makes of it. */
struct rt_heard heard_of(struct world *w, const struct provider *p, enum result r, bool inquiry)
{
    struct rt_heard h = { 0 };

    switch (r) {
    case RES_APPROVED:
    case RES_PENDING:
    case RES_ACTION:
        h.outcome = r == RES_APPROVED  ? RT_APPROVED
                    : r == RES_PENDING ? RT_PENDING
                                       : RT_ACTION_REQUIRED;
        h.executed = RT_EXECUTED_YES;
        h.id_known = true;
        h.bound = !inquiry && keeps_keys(p);
        break;
    case RES_SOFT:
    case RES_HARD:
    case RES_DECLINED:
        h.outcome = RT_DECLINED;
        h.executed = RT_EXECUTED_YES;
        h.retry_other = r != RES_HARD;
        h.bound = !inquiry && p->terms.remembers_declines;
        break;
    case RES_INVALID:
    case RES_REFUSED:
    case RES_LIMITED:
        h.outcome = RT_ERROR;
        h.executed = RT_EXECUTED_NO;
        h.bound = r == RES_INVALID && p->terms.repeat_after_5xx;
        h.retry_other = r != RES_INVALID;
        h.same_key = r == RES_LIMITED ? RT_SAME_KEY_AFTER_WAIT : RT_SAME_KEY_YES;
        h.retry_after_ms = r == RES_LIMITED ? (int32_t)below(w, 3000) : 0;
        break;
    case RES_BROKEN:
        h.same_key = p->terms.repeat_after_5xx ? RT_SAME_KEY_YES : RT_SAME_KEY_NO;
        h.inquire_first = !p->terms.repeat_after_5xx;
        break;
    case RES_BUSY:
        h.same_key = RT_SAME_KEY_AFTER_WAIT;
        h.retry_after_ms = (int32_t)below(w, 3000);
        break;
    case RES_GARBLED: h.same_key = chance(w, 500) ? RT_SAME_KEY_YES : RT_SAME_KEY_NO; break;
    case RES_NOTHING:
        h.outcome = RT_INFO;
        h.inconclusive = true;
        break;
    case RES_NONE:
    case RESULTS_: CHECK(r != r); break;
    }
    return h;
}
