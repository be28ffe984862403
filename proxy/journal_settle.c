/* proxy/journal_settle.c -- what became of a promise: the next leg, the outcome, a line of history.
 *
 * Every write shows its fence number and its leg; who shows an old one is told so and changes
 * nothing (law 4). */
#include "proxy/journal_sql.h"

#include <string.h>

/* Of a record, what decides whether this letter may write. */
struct stand {
    int64_t no;
    bool found, ours;
    uint8_t leg, legs;
    int64_t amount, held;
    enum rt_op op;
    char parent[PX_ID];
    currency cur;
    enum rt_brand brand;
    bool carded, by_merchant;
    unsigned char card[PX_MAC]; /* of the leg promised last */
};

static unsigned count_legs(struct span plan)
{
    unsigned n = plan.n > 0;

    for (size_t i = 0; i < plan.n; i++)
        n += plan.p[i] == ',';
    return n;
}

static struct span column(struct px_sql *q, int at)
{
    const char *z = (const char *)sqlite3_column_text(q->st, at);

    return (struct span){ z, z == NULL ? 0 : (size_t)sqlite3_column_bytes(q->st, at) };
}

static void read_card(struct px_sql *q, struct stand *out)
{
    const void *card = sqlite3_column_blob(q->st, 12);

    out->cur = currency_find(column(q, 10));
    out->brand = rt_brand_find(column(q, 11));
    out->carded = card != NULL && sqlite3_column_bytes(q->st, 12) == PX_MAC;
    if (out->carded)
        memcpy(out->card, card, PX_MAC);
    out->by_merchant = sqlite3_column_int(q->st, 13) != 0;
}

static enum px_ran stand_of(struct px_store *s, const struct px_record *r, struct stand *out)
{
    struct px_sql q = px_sql_use(s, PX_SQL_STAND);

    memset(out, 0, sizeof *out);
    px_sql_text(&q, r->id);
    if (px_sql_row(&q)) {
        out->found = true;
        out->no = sqlite3_column_int64(q.st, 0);
        out->ours = sqlite3_column_int64(q.st, 1) == s->life &&
                    sqlite3_column_int64(q.st, 2) == r->fence && span_is(column(&q, 4), "open");
        out->leg = (uint8_t)sqlite3_column_int(q.st, 3);
        if (rt_op_find(column(&q, 5), &out->op) != OK)
            out->op = RT_AUTHORIZE;
        out->legs = (uint8_t)count_legs(column(&q, 6));
        out->amount = sqlite3_column_int64(q.st, 7);
        out->held = sqlite3_column_int64(q.st, 8);
        if (span_copyz(column(&q, 9), out->parent, sizeof out->parent) != OK)
            out->parent[0] = '\0';
        read_card(&q, out);
    }
    return px_sql_end(&q);
}

static enum px_ran say(struct px_journal_letter *l, enum px_said said)
{
    l->said = said;
    return PX_RAN;
}

/* True if the letter may write; else it has been told why not. */
static bool may_write(const struct stand *at, struct px_journal_letter *l)
{
    if (!at->found)
        l->said = PX_SAID_NOT_FOUND;
    else if (!at->ours)
        l->said = PX_SAID_FENCED;
    return at->found && at->ours;
}

static enum px_ran refuse(struct px_journal_letter *l, enum rt_code code)
{
    l->code = code;
    return say(l, PX_SAID_CONFLICT);
}

/* The leg promised last, as the schemes' rules see it. */
static struct px_trial trial_of(const struct stand *at, const struct px_journal_letter *l)
{
    return (struct px_trial){ .card = at->carded ? at->card : NULL,
                              .no = at->no,
                              .now_ms = l->now_ms,
                              .amount = { at->amount, at->cur },
                              .brand = at->brand,
                              .by_merchant = at->by_merchant };
}

/* How the leg ended: a line of history, and a decline of its card. */
static enum px_ran end_leg(struct px_store *s, const struct px_journal_letter *l,
                           const struct stand *at)
{
    const struct px_trial t = trial_of(at, l);
    enum px_ran ran;

    if (l->attempts == 0)
        return PX_RAN;
    ran = px_attempt_insert(s, at->no, l->record.fence, at->leg, &l->attempt[0]);
    if (ran == PX_RAN)
        ran = px_reattempt_record(s, &t, l->record.fence, at->leg, &l->attempt[0].strike);
    return ran;
}

/* ---- next ---- */

/* May the new leg be tried, after what the last one heard? Its card is another one where a provider
 * is given a token of its own. */
static enum px_ran ask_schemes(struct px_store *s, struct px_journal_letter *l,
                               const struct stand *at)
{
    const struct px_record *r = &l->record;
    const struct rt_strike none = { 0 }, *strike = l->attempts > 0 ? &l->attempt[0].strike : &none;
    struct px_trial t = trial_of(at, l);
    const struct rt_declined just = { .at_ms = l->now_ms,
                                      .until_ms = l->now_ms + strike->wait_ms,
                                      .payment = at->no,
                                      .amount = t.amount,
                                      .by_merchant = t.by_merchant,
                                      .stop = strike->stop };

    if (strike->counts && at->carded && r->carded && memcmp(at->card, r->card, PX_MAC) == 0)
        t.just = &just;
    t.card = r->carded ? r->card : NULL;
    return px_reattempt_ask(s, &t, &l->reattempt);
}

static void change_card(struct px_store *s, const struct px_record *r, const struct stand *at)
{
    if (at->carded && r->carded && memcmp(at->card, r->card, PX_MAC) == 0)
        return;
    if (at->carded)
        px_cards_drop(s, at->card, at->no);
    if (r->carded)
        px_cards_add(s, r->card, at->no, (struct money){ at->amount, at->cur });
}

static enum px_ran promise_leg(struct px_store *s, const struct px_journal_letter *l, int64_t no)
{
    struct px_sql q = px_sql_use(s, PX_SQL_NEXT);

    px_sql_int(&q, no);
    px_sql_int(&q, l->record.leg);
    px_sql_int(&q, l->now_ms);
    px_sql_blob(&q, l->record.request_mac, sizeof l->record.request_mac);
    px_sql_card(&q, &l->record);
    return px_sql_run(&q);
}

enum px_ran px_run_next(struct px_store *s, struct px_journal_letter *l)
{
    struct px_record *r = &l->record;
    struct stand at;
    enum px_ran ran = stand_of(s, r, &at);

    if (ran != PX_RAN || !may_write(&at, l))
        return ran;
    if (r->leg <= at.leg || r->leg >= at.legs)
        return refuse(l, RT_CODE_STATE_CONFLICT);
    if ((ran = ask_schemes(s, l, &at)) != PX_RAN)
        return ran;
    if (l->reattempt.refused)
        return say(l, PX_SAID_FORBIDDEN);
    if ((ran = promise_leg(s, l, at.no)) != PX_RAN)
        return ran;
    ran = end_leg(s, l, &at);
    change_card(s, r, &at);
    r->leg_ms = r->updated_ms = l->now_ms;
    return ran == PX_RAN ? say(l, PX_SAID_OK) : ran;
}

/* ---- settle ---- */

/* A payment's own ledger as its outcome opens it. */
static struct rt_ledger opened(const struct px_record *r, const struct stand *at)
{
    struct rt_ledger ledger = { .state = r->state };

    if (r->outcome == RT_APPROVED && r->standing == PX_SETTLED)
        rt_ledger_open(&ledger, r->authorized > 0 ? r->authorized : at->amount, r->state);
    return ledger;
}

static enum px_ran update_record(struct px_store *s, const struct px_journal_letter *l, int64_t no,
                                 const struct rt_ledger *ledger, int64_t held)
{
    const struct px_record *r = &l->record;
    struct px_sql q = px_sql_use(s, PX_SQL_SETTLE);

    px_sql_int(&q, no);
    px_sql_text(&q, px_standing_name(r->standing));
    px_sql_text(&q, rt_outcome_name(r->outcome));
    px_sql_text(&q, r->state == RT_STATE_NONE ? "" : rt_state_name(r->state));
    px_sql_text(&q, rt_code_name(r->code));
    px_sql_int(&q, r->status);
    px_sql_int(&q, l->now_ms);
    px_sql_int(&q, ledger->authorized);
    px_sql_int(&q, ledger->captured);
    px_sql_int(&q, ledger->capture_pending);
    px_sql_int(&q, held);
    px_sql_text(&q, r->provider_payment_id);
    px_sql_text(&q, r->provider_op_id);
    px_sql_text(&q, r->network_txn_id);
    return px_sql_run(&q);
}

/* An operation's outcome moves or frees what it holds of its payment. Gives what it still holds; -1
 * if the amount can not be. */
static enum px_ran move_in_parent(struct px_store *s, const struct px_journal_letter *l,
                                  const struct stand *at, int64_t *held)
{
    const struct px_record *r = &l->record;
    enum rt_outcome outcome = r->standing == PX_NEVER_SENT ? RT_ERROR : r->outcome;
    int64_t moved = r->amount.minor == 0 || at->op == RT_VOID ? at->held : r->amount.minor;
    struct rt_ledger ledger;
    struct px_row parent;
    bool found = false;
    enum px_ran ran = px_row_by_id(s, at->parent, &parent, &found);

    if (ran != PX_RAN || !found)
        return ran != PX_RAN ? ran : PX_POISON;
    ledger = px_ledger_of(&parent.r);
    *held = rt_ledger_settle(&ledger, at->op, at->held, outcome, moved);
    return *held < 0 ? PX_RAN : px_ledger_write(s, &parent, &ledger, l->now_ms);
}

static enum px_ran keep_answer(struct px_store *s, const struct px_record *r, int64_t no)
{
    struct px_sql q = px_sql_use(s, PX_SQL_ANSWER);

    px_sql_int(&q, no);
    px_sql_span(&q, r->answer);
    return px_sql_run(&q);
}

static enum px_ran write_outcome(struct px_store *s, struct px_journal_letter *l,
                                 const struct stand *at, int64_t held)
{
    const struct px_record *r = &l->record;
    struct rt_ledger ledger = { 0 };
    enum px_ran ran;

    if (at->parent[0] == '\0')
        ledger = opened(r, at);
    ran = update_record(s, l, at->no, &ledger, held);
    if (ran == PX_RAN)
        ran = end_leg(s, l, at);
    if (at->carded && r->standing != PX_PENDING)
        px_cards_drop(s, at->card, at->no);
    if (ran == PX_RAN && r->status != 0)
        ran = keep_answer(s, r, at->no);
    return ran;
}

enum px_ran px_run_settle(struct px_store *s, struct px_journal_letter *l)
{
    struct px_record *r = &l->record;
    struct stand at;
    int64_t held = 0;
    enum px_ran ran = stand_of(s, r, &at);

    if (ran != PX_RAN || !may_write(&at, l))
        return ran;
    if (r->leg != at.leg || r->standing == PX_OPEN || r->authorized > at.amount)
        return refuse(l, RT_CODE_STATE_CONFLICT);
    if (at.parent[0] != '\0') {
        ran = move_in_parent(s, l, &at, &held);
        if (ran != PX_RAN)
            return ran;
        if (held < 0)
            return refuse(l, RT_CODE_INVALID_AMOUNT);
    }
    ran = write_outcome(s, l, &at, held);
    l->no_ = at.no; /* who waits for it is told */
    r->updated_ms = l->now_ms;
    return ran == PX_RAN ? say(l, PX_SAID_OK) : ran;
}

/* ---- note ---- */

enum px_ran px_run_note(struct px_store *s, struct px_journal_letter *l)
{
    struct px_row row;
    bool found = false;
    enum px_ran ran = px_row_by_id(s, l->record.id, &row, &found);

    if (ran != PX_RAN)
        return ran;
    if (!found)
        return say(l, PX_SAID_NOT_FOUND);
    ran = px_event_insert(s, &row, l->now_ms, "note", span_str(l->note));
    return ran == PX_RAN ? say(l, PX_SAID_OK) : ran;
}
