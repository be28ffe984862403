/* proxy/journal_reattempt.c -- declined attempts by card, and what the schemes' rules make of them.
 *
 * Asked and written in the transaction that promises or settles, so that two workers can not both
 * take what is left of a budget. A card that was not declined lately costs two bits in memory
 * (journal_seen.c), an approval writes nothing. */
#include "proxy/journal_sql.h"

#include <stdio.h>
#include <time.h>

#include "routing/base/check.h"

enum {
    ROWS_MAX = 512, /* of one card; the newest. No rule needs more, whoever hammers on it */
    BITE = 32,      /* old rows removed with one commit */
    EVERY_MS = 1000,
};

static bool read_row(struct px_sql *q, struct rt_declined *d)
{
    const char *code, *rule;

    if (!px_sql_row(q))
        return false;
    code = (const char *)sqlite3_column_text(q->st, 3);
    rule = (const char *)sqlite3_column_text(q->st, 5);
    *d = (struct rt_declined){
        .at_ms = sqlite3_column_int64(q->st, 0),
        .payment = sqlite3_column_int64(q->st, 1),
        .amount = { sqlite3_column_int64(q->st, 2),
                    code == NULL ? CURRENCY_NONE : currency_find(span_str(code)) },
        .by_merchant = sqlite3_column_int(q->st, 4) != 0,
        .stop = rule == NULL ? RT_RULE_NONE : rt_rule_find(span_str(rule)),
        .until_ms = sqlite3_column_int64(q->st, 6),
    };
    return true;
}

/* Nearly every payment: all that the rules leave is left. */
static enum px_ran none_declined(const struct px_store *s, const struct rt_reattempt_ask *ask,
                                 struct rt_reattempt_answer *out)
{
    struct rt_reattempt_tally tally;

    rt_reattempt_begin(&tally, &s->limits, ask);
    *out = rt_reattempt_end(&tally);
    return PX_RAN;
}

enum px_ran px_reattempt_ask(struct px_store *s, const struct px_trial *t,
                             struct rt_reattempt_answer *out)
{
    struct rt_reattempt_ask ask = { .brand = t->brand,
                                    .amount = t->amount,
                                    .by_merchant = t->by_merchant,
                                    .now_ms = t->now_ms,
                                    .payment = t->no };
    struct rt_reattempt_tally tally;
    struct rt_declined d;
    struct px_sql q;
    enum px_ran ran;

    *out = (struct rt_reattempt_answer){ .moves = UINT8_MAX };
    if (t->card == NULL || rt_reattempt_off(&s->limits))
        return PX_RAN;
    if (t->just == NULL && !px_seen_perhaps(s, t->card))
        return none_declined(s, &ask, out);
    ask.flying = px_cards_flying(s, t->card, t->no, t->amount, &ask.flying_same);
    rt_reattempt_begin(&tally, &s->limits, &ask);
    if (t->just != NULL)
        rt_reattempt_add(&tally, t->just);
    q = px_sql_use(s, PX_SQL_DECLINES_OF);
    px_sql_blob(&q, t->card, PX_MAC);
    px_sql_int(&q, t->now_ms - RT_REATTEMPT_MS);
    px_sql_int(&q, ROWS_MAX);
    while (read_row(&q, &d))
        rt_reattempt_add(&tally, &d);
    ran = px_sql_end(&q);
    if (ran == PX_RAN)
        *out = rt_reattempt_end(&tally);
    return ran;
}

/* For whoever reads the payment's story. */
static enum px_ran tell_stop(struct px_store *s, const struct px_trial *t, uint32_t fence,
                             const struct rt_strike *strike)
{
    const struct px_row row = { .no = t->no, .r.fence = fence };
    time_t until = (time_t)((t->now_ms + strike->wait_ms) / 1000);
    char date[32], text[LIMIT_TEXT + 1];
    struct tm tm;

    CHECK(gmtime_r(&until, &tm) != NULL);
    CHECK(strftime(date, sizeof date, "%Y-%m-%d %H:%M", &tm) > 0);
    (void)snprintf(text, sizeof text, "not again before %s UTC: %s", date,
                   rt_rule_sentence(strike->stop));
    return px_event_insert(s, &row, t->now_ms, "scheme_rule", span_str(text));
}

enum px_ran px_reattempt_record(struct px_store *s, const struct px_trial *t, uint32_t fence,
                                uint8_t leg, const struct rt_strike *strike)
{
    struct px_sql q;
    enum px_ran ran;

    if (t->card == NULL || !strike->counts || rt_reattempt_off(&s->limits))
        return PX_RAN;
    q = px_sql_use(s, PX_SQL_DECLINE);
    px_sql_blob(&q, t->card, PX_MAC);
    px_sql_int(&q, t->now_ms);
    px_sql_int(&q, t->no);
    px_sql_int(&q, leg);
    px_sql_int(&q, t->amount.minor);
    px_sql_text(&q, currency_code(t->amount.cur));
    px_sql_text(&q, rt_brand_name(t->brand));
    px_sql_int_or_null(&q, t->by_merchant);
    px_sql_text(&q, strike->stop == RT_RULE_NONE ? "" : rt_rule_name(strike->stop));
    px_sql_int_or_null(&q, strike->stop == RT_RULE_NONE ? 0 : t->now_ms + strike->wait_ms);
    ran = px_sql_run(&q);
    px_seen_add(s, t->card);
    return ran == PX_RAN && strike->stop != RT_RULE_NONE ? tell_stop(s, t, fence, strike) : ran;
}

enum px_ran px_reattempt_prune(struct px_store *s)
{
    struct px_sql q;
    enum px_ran ran;

    if (!s->writing ||
        (s->now_ms >= s->pruned_ms && s->now_ms - s->pruned_ms < EVERY_MS && !s->prune_on))
        return PX_RAN;
    q = px_sql_use(s, PX_SQL_PRUNE);
    px_sql_int(&q, s->now_ms - RT_REATTEMPT_MS);
    px_sql_int(&q, BITE);
    ran = px_sql_run(&q);
    s->pruned_ms = s->now_ms;
    s->prune_on = ran == PX_RAN && sqlite3_changes(s->db) == BITE;
    return ran;
}
