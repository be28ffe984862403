/* proxy/journal_begin.c -- promises: a key's first begin, and whoever comes after it. */
#include "proxy/journal_sql.h"

#include <string.h>

#include "routing/base/check.h"

static enum px_ran say(struct px_journal_letter *l, enum px_said said)
{
    l->said = said;
    return PX_RAN;
}

static enum px_ran refuse(struct px_journal_letter *l, enum rt_code code)
{
    l->code = code;
    return say(l, PX_SAID_CONFLICT);
}

static void ours(struct px_journal_letter *l)
{
    struct px_record *r = &l->record;

    r->standing = PX_OPEN;
    r->created_ms = r->updated_ms = r->leg_ms = l->now_ms;
    r->leg = 0;
    r->fence = 1;
    r->owned = true;
    l->said = PX_SAID_OURS;
}

/* ---- what an operation asks of its payment ---- */

static enum px_ran sibling_locks(struct px_store *s, const char *parent, int64_t self, bool *locked)
{
    struct px_sql q = px_sql_use(s, PX_SQL_LOCKED);

    px_sql_text(&q, parent);
    px_sql_int(&q, self);
    *locked = px_sql_row(&q);
    return px_sql_end(&q);
}

/* Open or in doubt: wait for it. Everything else but an approval has nothing to operate on. */
static enum rt_code parent_forbids(const struct px_record *p)
{
    if (p->standing == PX_OPEN || (p->standing == PX_PENDING && p->outcome == RT_UNKNOWN))
        return RT_CODE_LOCK_CONFLICT;
    if (p->standing != PX_SETTLED || p->outcome != RT_APPROVED)
        return RT_CODE_STATE_CONFLICT;
    return RT_CODE_NONE;
}

/* Fills in what the operation left to its payment: the currency, "all that is left". */
static enum rt_code complete(struct px_record *r, const struct px_record *p,
                             const struct rt_ledger *ledger)
{
    if (r->amount.cur == CURRENCY_NONE)
        r->amount.cur = p->amount.cur;
    if (r->amount.cur != p->amount.cur)
        return RT_CODE_INVALID_AMOUNT;
    if (r->full || r->op == RT_VOID)
        r->amount.minor = rt_ledger_left(ledger, r->op);
    return strcmp(r->plan[0], p->plan[p->leg]) == 0 ? RT_CODE_NONE : RT_CODE_STATE_CONFLICT;
}

/* May it go out? If so, what it asks for is held in the payment's row. self: the operation's own
 * number, 0 while it has none. */
static enum px_ran hold(struct px_store *s, struct px_journal_letter *l, int64_t self,
                        enum rt_code *no)
{
    struct px_record *r = &l->record;
    struct rt_ledger ledger;
    struct px_row parent;
    bool found, locked = false;
    enum px_ran ran = px_row_by_id(s, r->parent, &parent, &found);

    if (ran == PX_RAN && found)
        ran = sibling_locks(s, r->parent, self, &locked);
    if (ran != PX_RAN)
        return ran;
    *no = RT_CODE_NOT_FOUND;
    if (!found || parent.r.parent[0] != '\0' || strcmp(parent.r.merchant, r->merchant) != 0)
        return PX_RAN;
    ledger = px_ledger_of(&parent.r);
    if ((*no = parent_forbids(&parent.r)) != RT_CODE_NONE)
        return PX_RAN;
    *no = locked ? RT_CODE_LOCK_CONFLICT : complete(r, &parent.r, &ledger);
    if (*no != RT_CODE_NONE)
        return PX_RAN;
    if ((*no = rt_ledger_hold(&ledger, r->op, r->amount.minor)) != RT_CODE_NONE)
        return PX_RAN;
    r->held = r->op == RT_VOID ? 0 : r->amount.minor;
    return r->held == 0 ? PX_RAN : px_ledger_write(s, &parent, &ledger, l->now_ms);
}

/* ---- what the schemes say of its card ---- */

/* What is left for the payment goes into the letter. no: its record, 0 while it has none. */
static enum px_ran ask_schemes(struct px_store *s, struct px_journal_letter *l, int64_t no)
{
    const struct px_record *r = &l->record;
    const struct px_trial trial = { .card = r->carded ? r->card : NULL,
                                    .no = no,
                                    .now_ms = l->now_ms,
                                    .amount = r->amount,
                                    .brand = r->brand,
                                    .by_merchant = r->by_merchant };

    return px_reattempt_ask(s, &trial, &l->reattempt);
}

/* ---- a key that is known ---- */

static enum px_ran take_over(struct px_store *s, struct px_journal_letter *l, struct px_row *row,
                             const char *what)
{
    struct px_sql q = px_sql_use(s, PX_SQL_TAKE_OVER);
    enum px_ran ran;

    px_sql_int(&q, row->no);
    px_sql_int(&q, s->life);
    px_sql_int(&q, l->now_ms);
    if ((ran = px_sql_run(&q)) != PX_RAN)
        return ran;
    row->r.standing = PX_OPEN;
    row->r.updated_ms = l->now_ms;
    row->r.fence++;
    row->r.owned = true;
    ran = px_event_insert(s, row, l->now_ms, what, SPAN_NONE);
    if (ran == PX_RAN)
        l->said = PX_SAID_RESUMED;
    return ran;
}

static enum px_ran update_again(struct px_store *s, const struct px_journal_letter *l, int64_t no)
{
    const struct px_record *r = &l->record;
    char text[LIMIT_LEGS * (PX_NAME + 1)];
    struct buf plan = BUF_OF(text);
    struct px_sql q = px_sql_use(s, PX_SQL_BEGIN_AGAIN);

    px_plan_write(r, &plan);
    px_sql_int(&q, no);
    px_sql_text(&q, r->id);
    px_sql_int(&q, s->life);
    px_sql_int(&q, l->now_ms);
    px_sql_span(&q, buf_span(&plan));
    px_sql_blob(&q, r->request_mac, sizeof r->request_mac);
    px_sql_int(&q, r->amount.minor);
    px_sql_int(&q, r->held);
    px_sql_text(&q, r->provider_payment_id);
    px_sql_card(&q, r);
    return px_sql_run(&q);
}

/* The old id was perhaps told to somebody. */
static enum px_ran keep_former(struct px_store *s, const struct px_journal_letter *l,
                               const struct px_row *row)
{
    struct px_sql q = px_sql_use(s, PX_SQL_KEEP_FORMER);

    if (strcmp(row->r.id, l->record.id) == 0)
        return PX_RAN;
    px_sql_text(&q, row->r.id);
    px_sql_int(&q, row->no);
    return px_sql_run(&q);
}

/* Nothing happened anywhere, so nothing forbids a new plan. The record takes the caller's id, which
 * is in the references of the request that was made ready; its history stays. */
static enum px_ran begin_again(struct px_store *s, struct px_journal_letter *l,
                               const struct px_row *row)
{
    enum rt_code no = RT_CODE_NONE;
    enum px_ran ran = PX_RAN;

    if (row->r.parent[0] != '\0')
        ran = hold(s, l, row->no, &no);
    else
        ran = ask_schemes(s, l, row->no);
    if (ran != PX_RAN || no != RT_CODE_NONE)
        return ran != PX_RAN ? ran : refuse(l, no);
    if (l->reattempt.refused)
        return say(l, PX_SAID_FORBIDDEN);
    if (l->record.carded)
        px_cards_add(s, l->record.card, row->no, l->record.amount);
    if ((ran = update_again(s, l, row->no)) != PX_RAN)
        return ran;
    ran = px_event_insert(s, row, l->now_ms, "begun_again", span_str(row->r.id));
    if (ran == PX_RAN)
        ran = keep_former(s, l, row);
    ours(l);
    l->record.fence = row->r.fence + 1;
    l->record.created_ms = row->r.created_ms;
    return ran;
}

/* The provider took it and the customer has its answer: there is nothing to repeat. */
static bool accepted(const struct px_record *r)
{
    return r->status != 0 && (r->outcome == RT_PENDING || r->outcome == RT_ACTION_REQUIRED);
}

static enum px_ran give(struct px_store *s, struct px_journal_letter *l, struct px_row *row,
                        bool with_answer, enum px_said said)
{
    enum px_ran ran = PX_RAN;

    if (!px_find_give(s, l, row, with_answer, &ran))
        return ran;
    l->no_ = row->no;
    return say(l, said);
}

/* Ours from now on. The copy for the caller is made first: afterwards nothing may go wrong. */
static enum px_ran resume(struct px_store *s, struct px_journal_letter *l, struct px_row *row,
                          const char *what)
{
    enum px_ran ran = ask_schemes(s, l, row->no); /* for its further legs; this one is under way */

    if (ran != PX_RAN || !px_find_give(s, l, row, false, &ran))
        return ran;
    ran = take_over(s, l, row, what);
    *l->found_ = row->r;
    return ran;
}

static enum px_ran begin_known(struct px_store *s, struct px_journal_letter *l, struct px_row *row)
{
    struct px_record *r = &row->r;

    if (memcmp(r->fingerprint, l->record.fingerprint, sizeof r->fingerprint) != 0)
        return say(l, PX_SAID_MISMATCH);
    switch (r->standing) {
    case PX_SETTLED: return give(s, l, row, true, PX_SAID_DONE);
    case PX_NEVER_SENT: return begin_again(s, l, row);
    case PX_PENDING:
        if (accepted(r))
            return give(s, l, row, true, PX_SAID_DONE);
        return resume(s, l, row, "resumed");
    case PX_OPEN:
        if (r->owned)
            return give(s, l, row, false, PX_SAID_TAKEN);
        return resume(s, l, row, "resumed");
    }
    return PX_POISON;
}

/* ---- the calls ---- */

static enum px_ran begin_new(struct px_store *s, struct px_journal_letter *l)
{
    enum rt_code no = RT_CODE_NONE;
    enum px_ran ran = PX_RAN;

    if (l->record.parent[0] != '\0')
        ran = hold(s, l, 0, &no);
    else
        ran = ask_schemes(s, l, 0);
    if (ran != PX_RAN)
        return ran;
    if (l->reattempt.refused)
        return say(l, PX_SAID_FORBIDDEN);
    if (no == RT_CODE_NOT_FOUND)
        return say(l, PX_SAID_NOT_FOUND);
    if (no != RT_CODE_NONE)
        return refuse(l, no);
    if ((ran = px_row_insert(s, &l->record, l->now_ms)) == PX_RAN)
        ours(l);
    return ran;
}

enum px_ran px_run_begin(struct px_store *s, struct px_journal_letter *l)
{
    struct px_record *r = &l->record;
    bool found = false;
    struct px_row row;
    enum px_ran ran = px_keys_find(s, r->merchant, r->key, &row, &found);

    CHECK(r->plan[0][0] != '\0');
    r->held = 0;
    if (ran != PX_RAN)
        return ran;
    return found ? begin_known(s, l, &row) : begin_new(s, l);
}

enum px_ran px_run_claim(struct px_store *s, struct px_journal_letter *l)
{
    struct px_row row;
    bool found = false;
    enum px_ran ran = px_row_by_id(s, l->record.id, &row, &found);

    if (ran != PX_RAN)
        return ran;
    if (!found)
        return say(l, PX_SAID_NOT_FOUND);
    switch (row.r.standing) {
    case PX_SETTLED:
    case PX_NEVER_SENT: return give(s, l, &row, true, PX_SAID_DONE);
    case PX_OPEN:
        if (row.r.owned)
            return give(s, l, &row, false, PX_SAID_TAKEN);
        return resume(s, l, &row, "claimed");
    case PX_PENDING: return resume(s, l, &row, "claimed");
    }
    return PX_POISON;
}
