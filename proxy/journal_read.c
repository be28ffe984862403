/* proxy/journal_read.c -- what is known: records, their answers, attempts and operations. */
#include "proxy/journal_sql.h"

#include <string.h>

#include "routing/base/check.h"

/* The letter's arena is full: this letter can not be answered, all others can. */
static enum px_ran no_room(struct px_journal_letter *l)
{
    l->said = PX_SAID_DOWN;
    l->found_ = NULL;
    return PX_RAN;
}

static enum px_ran answer_of(struct px_store *s, struct px_journal_letter *l, int64_t no,
                             struct span *out, bool *room)
{
    struct px_sql q = px_sql_use(s, PX_SQL_ANSWER_OF);

    px_sql_int(&q, no);
    if (px_sql_row(&q) && sqlite3_column_type(q.st, 0) != SQLITE_NULL) {
        const char *z = (const char *)sqlite3_column_text(q.st, 0);

        *out = arena_copy(l->arena, (struct span){ z, (size_t)sqlite3_column_bytes(q.st, 0) });
        *room = out->p != NULL || out->n == 0;
    }
    return px_sql_end(&q);
}

bool px_find_give(struct px_store *s, struct px_journal_letter *l, const struct px_row *row,
                  bool with_answer, enum px_ran *ran)
{
    bool room = true;

    CHECK(l->arena != NULL);
    *ran = PX_RAN;
    l->found_ = ARENA_NEW(l->arena, struct px_record);
    if (l->found_ != NULL) {
        *l->found_ = row->r;
        if (with_answer && row->r.status != 0)
            *ran = answer_of(s, l, row->no, &l->found_->answer, &room);
    }
    if (*ran == PX_RAN && (l->found_ == NULL || !room)) {
        *ran = no_room(l);
        return false;
    }
    return *ran == PX_RAN;
}

/* ---- attempts ---- */

static void copy_text(struct px_sql *q, int at, char *dst, size_t cap)
{
    const char *z = (const char *)sqlite3_column_text(q->st, at);
    size_t n = z == NULL ? 0 : strnlen(z, cap - 1);

    if (n > 0)
        memcpy(dst, z, n);
    dst[n] = '\0';
}

static void read_attempt(struct px_sql *q, struct px_attempt *a)
{
    char word[40];

    memset(a, 0, sizeof *a);
    a->fence = (uint32_t)sqlite3_column_int64(q->st, 0);
    a->leg = (uint8_t)sqlite3_column_int(q->st, 1);
    copy_text(q, 2, a->provider, sizeof a->provider);
    copy_text(q, 3, a->ref, sizeof a->ref);
    a->promised_ms = sqlite3_column_int64(q->st, 4);
    a->ended_ms = sqlite3_column_int64(q->st, 5);
    a->copies = (uint8_t)sqlite3_column_int(q->st, 6);
    copy_text(q, 7, a->evidence, sizeof a->evidence);
    copy_text(q, 8, a->why, sizeof a->why);
    copy_text(q, 9, word, sizeof word);
    a->outcome = px_outcome_of(word);
    copy_text(q, 10, word, sizeof word);
    a->code = rt_code_find(span_str(word));
    copy_text(q, 11, a->raw_code, sizeof a->raw_code);
    copy_text(q, 12, a->provider_payment_id, sizeof a->provider_payment_id);
    a->status = sqlite3_column_int(q->st, 13);
    a->took_ms = sqlite3_column_int(q->st, 14);
}

/* The leg that is being asked has no row yet: its record tells. */
static void open_attempt(const struct px_record *r, struct px_attempt *a)
{
    memset(a, 0, sizeof *a);
    a->fence = r->fence;
    a->leg = r->leg;
    memcpy(a->provider, r->plan[r->leg < LIMIT_LEGS ? r->leg : 0], sizeof a->provider);
    if (strlen(r->id) == RT_ID_CHARS)
        rt_attempt_ref(span_str(r->id), r->leg, a->ref);
    a->promised_ms = r->leg_ms;
}

/* Rows are counted first: an arena gives what it is asked for, and only once. */
static enum px_ran count_rows(struct px_sql q, unsigned *n)
{
    *n = 0;
    while (px_sql_row(&q))
        ++*n;
    return px_sql_end(&q);
}

static struct px_sql attempts_of(struct px_store *s, int64_t no)
{
    struct px_sql q = px_sql_use(s, PX_SQL_ATTEMPTS_OF);

    px_sql_int(&q, no);
    px_sql_int(&q, PX_LIST_MAX);
    return q;
}

static enum px_ran load_attempts(struct px_store *s, struct px_journal_letter *l,
                                 const struct px_row *row)
{
    bool open = row->r.standing == PX_OPEN;
    unsigned n = 0, i = 0;
    enum px_ran ran = count_rows(attempts_of(s, row->no), &n);
    struct px_sql q;

    if (ran != PX_RAN)
        return ran;
    l->attempts = n + open;
    l->attempt = ARENA_NEWS(l->arena, struct px_attempt, l->attempts + 1U);
    if (l->attempt == NULL)
        return no_room(l);
    for (q = attempts_of(s, row->no); i < n && px_sql_row(&q); i++)
        read_attempt(&q, &l->attempt[i]);
    if (open)
        open_attempt(&row->r, &l->attempt[n]);
    return px_sql_end(&q);
}

/* ---- events ---- */

static struct px_sql events_of(struct px_store *s, int64_t no)
{
    struct px_sql q = px_sql_use(s, PX_SQL_EVENTS_OF);

    px_sql_int(&q, no);
    px_sql_int(&q, PX_LIST_MAX);
    return q;
}

static enum px_ran load_events(struct px_store *s, struct px_journal_letter *l,
                               const struct px_row *row)
{
    unsigned n = 0;
    enum px_ran ran = count_rows(events_of(s, row->no), &n);
    struct px_sql q;

    if (ran != PX_RAN)
        return ran;
    l->events = 0;
    l->event = ARENA_NEWS(l->arena, struct px_event, n + 1U);
    if (l->event == NULL)
        return no_room(l);
    for (q = events_of(s, row->no); l->events < n && px_sql_row(&q); l->events++) {
        struct px_event *e = &l->event[l->events];

        e->at_ms = sqlite3_column_int64(q.st, 0);
        e->fence = (uint32_t)sqlite3_column_int64(q.st, 1);
        copy_text(&q, 2, e->what, sizeof e->what);
        copy_text(&q, 3, e->text, sizeof e->text);
    }
    return px_sql_end(&q);
}

/* ---- lists of records ---- */

/* The bound query's rows, of which there are at most n, into l->list. */
static enum px_ran read_list(struct px_sql q, struct px_journal_letter *l, unsigned n)
{
    struct px_row row;
    unsigned i;

    l->lists = 0;
    l->list = n == 0 ? NULL : ARENA_NEWS(l->arena, struct px_record, n);
    if (n > 0 && l->list == NULL)
        return no_room(l);
    for (i = 0; i < n && px_sql_row(&q); i++) {
        px_row_read(&q, &row);
        l->list[i] = row.r;
    }
    l->lists = i;
    return px_sql_end(&q);
}

/* The same for a query that is cheap to run twice: first to count. */
static enum px_ran count_and_read(struct px_sql q, struct px_journal_letter *l)
{
    unsigned n = 0;
    enum px_ran ran = count_rows(q, &n);

    return ran == PX_RAN ? read_list(q, l, n) : ran;
}

static enum px_ran load_operations(struct px_store *s, struct px_journal_letter *l,
                                   const struct px_row *row)
{
    struct px_sql q = px_sql_use(s, PX_SQL_OPERATIONS_OF);

    px_sql_text(&q, row->r.id);
    px_sql_int(&q, PX_LIST_MAX);
    return count_and_read(q, l);
}

/* ---- the calls ---- */

static enum px_ran load_row(struct px_store *s, struct px_journal_letter *l,
                            const struct px_row *row)
{
    enum px_ran ran;

    l->said = PX_SAID_OK;
    if (!px_find_give(s, l, row, true, &ran))
        return ran;
    if ((ran = load_attempts(s, l, row)) == PX_RAN && l->said == PX_SAID_OK)
        ran = load_operations(s, l, row);
    if (ran == PX_RAN && l->said == PX_SAID_OK && l->with_events)
        ran = load_events(s, l, row);
    return ran;
}

enum px_ran px_run_load(struct px_store *s, struct px_journal_letter *l)
{
    const char *merchant = l->record.merchant;
    struct px_row row;
    bool found = false;
    enum px_ran ran = px_row_by_id(s, l->record.id, &row, &found);

    if (ran != PX_RAN)
        return ran;
    if (found && (merchant[0] == '\0' || strcmp(merchant, row.r.merchant) == 0))
        return load_row(s, l, &row);
    l->said = PX_SAID_NOT_FOUND;
    return PX_RAN;
}

enum px_ran px_run_find(struct px_store *s, struct px_journal_letter *l)
{
    struct px_row row;
    bool found = false;
    enum px_ran ran = px_keys_find(s, l->record.merchant, l->record.key, &row, &found);

    if (ran != PX_RAN)
        return ran;
    if (found)
        return load_row(s, l, &row);
    l->said = PX_SAID_NOT_FOUND;
    return PX_RAN;
}

static unsigned limit_of(const struct px_journal_letter *l)
{
    return l->limit == 0 || l->limit > PX_LIST_MAX ? PX_LIST_MAX : l->limit;
}

enum px_ran px_run_unresolved(struct px_store *s, struct px_journal_letter *l)
{
    struct px_sql q = px_sql_use(s, PX_SQL_UNRESOLVED);

    CHECK(l->arena != NULL);
    l->said = PX_SAID_OK;
    px_sql_int(&q, s->life);
    px_sql_int(&q, l->now_ms - l->after_ms);
    px_sql_text(&q, l->record.id);
    px_sql_int(&q, limit_of(l));
    return count_and_read(q, l);
}

enum px_ran px_store_search(struct px_store *s, struct span word, struct px_journal_letter *l)
{
    struct px_sql q = px_sql_use(s, PX_SQL_SEARCH);

    CHECK(l->arena != NULL);
    l->said = PX_SAID_OK;
    px_sql_span(&q, word);
    px_sql_int(&q, limit_of(l));
    return read_list(q, l, limit_of(l)); /* it reads the whole file: once is enough */
}
