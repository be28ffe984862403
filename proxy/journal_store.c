/* proxy/journal_store.c -- statements, transactions, and what their failures mean. */
#include "proxy/journal_sql.h"

#include <stdio.h>
#include <string.h>

#include "routing/base/check.h"

#define LIVE "standing IN ('open', 'pending')" /* as the index record_unresolved has it */

static const char *const sql_of[PX_SQLS_] = {
    [PX_SQL_BEGIN] = "BEGIN IMMEDIATE",
    [PX_SQL_BEGIN_READ] = "BEGIN",
    [PX_SQL_COMMIT] = "COMMIT",
    [PX_SQL_ROLLBACK] = "ROLLBACK",
    [PX_SQL_INSERT] =
        "INSERT INTO record (id, merchant, key, op, parent, fingerprint, created_ms, updated_ms, "
        "leg_ms, life, plan, request_mac, amount, currency, held, provider_payment_id, "
        "network_txn_id, capture_now, method, brand, bin6, last4, order_ref, card, by_merchant, "
        "standing, fence, leg) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, "
        "?17, ?18, ?19, ?20, ?21, ?22, ?23, 'open', 1, 0)",
    [PX_SQL_BY_NO] =
        "SELECT " PX_RECORD_LIST " FROM record WHERE no = ?1 AND merchant = ?2 AND key = ?3",
    [PX_SQL_BY_KEY] = "SELECT " PX_RECORD_LIST " FROM key_index i CROSS JOIN record ON no = "
                      "i.record WHERE i.hash = ?1 AND merchant = ?2 AND key = ?3",
    [PX_SQL_BY_KEY_UNINDEXED] =
        "SELECT " PX_RECORD_LIST " FROM record WHERE no > (SELECT indexed_to FROM key_state) AND "
        "merchant = ?1 AND key = ?2",
    [PX_SQL_INDEX_KEY] = "INSERT OR IGNORE INTO key_index (hash, record) VALUES (?1, ?2)",
    [PX_SQL_INDEXED_TO] = "UPDATE key_state SET indexed_to = ?1",
    [PX_SQL_KEY_SEED] = "SELECT seed FROM key_state",
    [PX_SQL_UNINDEXED] = "SELECT no, merchant, key FROM record WHERE no > (SELECT indexed_to FROM "
                         "key_state) ORDER BY no",
    [PX_SQL_BY_ID] = "SELECT " PX_RECORD_LIST " FROM record WHERE id = ?1",
    [PX_SQL_FORMER] = "SELECT " PX_RECORD_LIST " FROM record WHERE no = (SELECT f.record FROM "
                      "former_id f WHERE f.id = ?1)",
    [PX_SQL_LOCKED] = "SELECT 1 FROM record WHERE parent = ?1 AND no <> ?2 AND (standing = 'open' "
                      "OR (standing = 'pending' AND outcome = 'in_doubt')) LIMIT 1",
    [PX_SQL_TAKE_OVER] = "UPDATE record SET standing = 'open', life = ?2, fence = fence + 1, "
                         "updated_ms = ?3 WHERE no = ?1",
    [PX_SQL_BEGIN_AGAIN] =
        "UPDATE record SET id = ?2, standing = 'open', life = ?3, fence = fence + 1, updated_ms = "
        "?4, leg_ms = ?4, leg = 0, plan = ?5, request_mac = ?6, amount = ?7, held = ?8, "
        "provider_payment_id = ?9, outcome = NULL, state = NULL, code = NULL, status = 0, "
        "card = ?10 "
        "WHERE no = ?1",
    [PX_SQL_KEEP_FORMER] = "INSERT INTO former_id (id, record) VALUES (?1, ?2)",
    [PX_SQL_LEDGER] = "UPDATE record SET authorized = ?2, captured = ?3, capture_pending = ?4, "
                      "refunded = ?5, refund_pending = ?6, state = ?7, updated_ms = ?8 "
                      "WHERE no = ?1",
    [PX_SQL_STAND] = "SELECT no, life, fence, leg, standing, op, plan, amount, held, parent, "
                     "currency, brand, card, by_merchant "
                     "FROM record WHERE id = ?1",
    [PX_SQL_NEXT] =
        "UPDATE record SET leg = ?2, leg_ms = ?3, updated_ms = ?3, request_mac = ?4, card = ?5 "
        "WHERE no = ?1",
    [PX_SQL_SETTLE] =
        "UPDATE record SET standing = ?2, outcome = ?3, state = ?4, code = ?5, status = ?6, "
        "updated_ms = ?7, authorized = ?8, captured = ?9, capture_pending = ?10, held = ?11, "
        "provider_payment_id = ifnull(?12, provider_payment_id), provider_op_id = ifnull(?13, "
        "provider_op_id), network_txn_id = ifnull(?14, network_txn_id), "
        "card = CASE ?2 WHEN 'pending' THEN card END WHERE no = ?1",
    [PX_SQL_ATTEMPT] = "INSERT INTO attempt VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, "
                       "?12, ?13, ?14, ?15, ?16)",
    [PX_SQL_ANSWER] = "INSERT OR REPLACE INTO answer (record, body) VALUES (?1, ?2)",
    [PX_SQL_EVENT] = "INSERT INTO event (record, at_ms, what, fence, text) VALUES (?1, ?2, ?3, ?4, "
                     "?5)",
    [PX_SQL_ANSWER_OF] = "SELECT body FROM answer WHERE record = ?1",
    [PX_SQL_ATTEMPTS_OF] =
        "SELECT fence, leg, provider, ref, promised_ms, ended_ms, copies, evidence, why, outcome, "
        "code, raw_code, provider_payment_id, status, took_ms FROM attempt WHERE record = ?1 "
        "ORDER BY fence, leg LIMIT ?2",
    [PX_SQL_OPERATIONS_OF] =
        "SELECT " PX_RECORD_LIST " FROM record WHERE parent = ?1 ORDER BY no LIMIT ?2",
    [PX_SQL_EVENTS_OF] =
        "SELECT at_ms, fence, what, text FROM event WHERE record = ?1 ORDER BY no LIMIT ?2",
    [PX_SQL_UNRESOLVED] =
        "SELECT " PX_RECORD_LIST " FROM record INDEXED BY record_unresolved WHERE " LIVE
        " AND (standing = 'pending' OR life <> "
        "?1) AND created_ms <= ?2 AND no > ifnull((SELECT f.no FROM record f WHERE f.id = ?3), 0) "
        "ORDER BY no LIMIT ?4",
    [PX_SQL_SEARCH] =
        "SELECT " PX_RECORD_LIST " FROM record WHERE ?1 IN (id, key, provider_payment_id, "
        "provider_op_id, network_txn_id, order_ref) OR no IN (SELECT a.record FROM attempt a WHERE "
        "?1 IN (a.ref, a.provider_payment_id) UNION SELECT f.record FROM former_id f WHERE f.id = "
        "?1) OR substr(?1, 5) = id ORDER BY no LIMIT ?2",
    [PX_SQL_CARDS_OPEN] =
        "SELECT no, card, amount, currency FROM record INDEXED BY record_unresolved WHERE " LIVE
        " AND card IS NOT NULL",
    [PX_SQL_DECLINES_OF] =
        "SELECT at_ms, record, amount, currency, by_merchant, rule, until_ms FROM decline "
        "WHERE card = ?1 AND at_ms > ?2 ORDER BY at_ms DESC LIMIT ?3",
    [PX_SQL_DECLINED_CARDS] = "SELECT card FROM decline",
    [PX_SQL_DECLINE] =
        "INSERT OR IGNORE INTO decline VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    [PX_SQL_PRUNE] =
        "DELETE FROM decline WHERE (card, at_ms, record, leg) IN (SELECT card, at_ms, record, leg "
        "FROM decline INDEXED BY decline_at WHERE at_ms < ?1 ORDER BY at_ms LIMIT ?2)",
};

enum px_ran px_store_failed(struct px_store *s, int rc)
{
    (void)snprintf(s->why, sizeof s->why, "%s (%d)", sqlite3_errstr(rc), rc);
    switch (rc & 0xff) {
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG:
    case SQLITE_RANGE:
    case SQLITE_MISUSE: return PX_POISON;
    default: return PX_FAILED;
    }
}

struct px_sql px_sql_use(struct px_store *s, enum px_statement which)
{
    struct px_sql q = { .store = s, .rc = SQLITE_OK };

    if (s->stmt[which] == NULL)
        q.rc = sqlite3_prepare_v3(s->db, sql_of[which], -1, SQLITE_PREPARE_PERSISTENT,
                                  &s->stmt[which], NULL);
    q.st = s->stmt[which];
    return q;
}

static void keep(struct px_sql *q, int rc)
{
    if (q->rc == SQLITE_OK)
        q->rc = rc;
}

void px_sql_int(struct px_sql *q, int64_t v)
{
    keep(q, sqlite3_bind_int64(q->st, ++q->at, v));
}

void px_sql_int_or_null(struct px_sql *q, int64_t v)
{
    if (v == 0)
        keep(q, sqlite3_bind_null(q->st, ++q->at));
    else
        px_sql_int(q, v);
}

void px_sql_span(struct px_sql *q, struct span s)
{
    if (s.n == 0)
        keep(q, sqlite3_bind_null(q->st, ++q->at));
    else
        keep(q, sqlite3_bind_text64(q->st, ++q->at, s.p, s.n, SQLITE_STATIC, SQLITE_UTF8));
}

void px_sql_text(struct px_sql *q, const char *z)
{
    px_sql_span(q, span_str(z));
}

void px_sql_blob(struct px_sql *q, const void *p, size_t n)
{
    keep(q, sqlite3_bind_blob64(q->st, ++q->at, p, n, SQLITE_STATIC));
}

void px_sql_card(struct px_sql *q, const struct px_record *r)
{
    if (r->carded)
        px_sql_blob(q, r->card, sizeof r->card);
    else
        px_sql_int_or_null(q, 0);
}

bool px_sql_row(struct px_sql *q)
{
    int rc;

    if (q->rc != SQLITE_OK)
        return false;
    rc = sqlite3_step(q->st);
    if (rc == SQLITE_ROW)
        return true;
    if (rc != SQLITE_DONE)
        q->rc = sqlite3_extended_errcode(q->store->db);
    return false;
}

enum px_ran px_sql_end(struct px_sql *q)
{
    if (q->st != NULL)
        sqlite3_reset(q->st);
    return q->rc == SQLITE_OK ? PX_RAN : px_store_failed(q->store, q->rc);
}

enum px_ran px_sql_run(struct px_sql *q)
{
    if (px_sql_row(q))
        q->rc = SQLITE_MISUSE; /* a statement that writes gives no rows */
    return px_sql_end(q);
}

/* ---- transactions ---- */

static enum px_ran run_plain(struct px_store *s, enum px_statement which)
{
    struct px_sql q = px_sql_use(s, which);

    return px_sql_run(&q);
}

/* Somebody renamed or removed the file under us: promises would go where nobody finds them. */
static bool moved_away(struct px_store *s)
{
    int moved = 0;

    if (s->in_memory || s->life == 0)
        return false;
    return sqlite3_file_control(s->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK &&
           moved != 0;
}

enum px_ran px_store_begin(struct px_store *s, bool writes)
{
    enum px_ran ran;

    if (moved_away(s)) {
        (void)snprintf(s->why, sizeof s->why, "the file was moved or removed");
        return PX_FAILED;
    }
    s->writing = writes;
    ran = run_plain(s, writes ? PX_SQL_BEGIN : PX_SQL_BEGIN_READ);
    return ran == PX_POISON ? PX_FAILED : ran;
}

enum px_ran px_store_commit(struct px_store *s)
{
    enum px_ran ran = px_reattempt_prune(s);

    if (ran == PX_RAN)
        ran = px_keys_merge(s);
    if (ran == PX_RAN)
        ran = run_plain(s, PX_SQL_COMMIT);
    if (ran == PX_RAN) {
        px_keys_committed(s);
        px_cards_committed(s);
    }
    return ran == PX_POISON ? PX_FAILED : ran;
}

void px_store_rollback(struct px_store *s)
{
    if (sqlite3_get_autocommit(s->db) == 0)
        (void)run_plain(s, PX_SQL_ROLLBACK);
    px_keys_rolled_back(s);
    px_cards_rolled_back(s);
}

void px_store_start(struct px_store *s)
{
    px_fold_start(s->fold);
}

void px_store_tend(struct px_store *s)
{
    px_keys_tend(s);
    px_seen_tend(s);
    px_fold_tend(s->fold);
}

const char *px_store_why(const struct px_store *s)
{
    return s->why;
}

bool px_call_writes(enum px_call c)
{
    switch (c) {
    case PX_CALL_BEGIN:
    case PX_CALL_NEXT:
    case PX_CALL_SETTLE:
    case PX_CALL_CLAIM:
    case PX_CALL_NOTE: return true;
    case PX_CALL_LOAD:
    case PX_CALL_FIND:
    case PX_CALL_UNRESOLVED: return false;
    }
    return true;
}

enum px_ran px_store_run(struct px_store *s, struct px_journal_letter *l)
{
    l->found_ = NULL;
    l->code = RT_CODE_NONE;
    l->reattempt = (struct rt_reattempt_answer){ .moves = UINT8_MAX };
    if (px_call_writes(l->call))
        s->now_ms = l->now_ms;
    switch (l->call) {
    case PX_CALL_BEGIN: return px_run_begin(s, l);
    case PX_CALL_NEXT: return px_run_next(s, l);
    case PX_CALL_SETTLE: return px_run_settle(s, l);
    case PX_CALL_LOAD: return px_run_load(s, l);
    case PX_CALL_FIND: return px_run_find(s, l);
    case PX_CALL_CLAIM: return px_run_claim(s, l);
    case PX_CALL_UNRESOLVED: return px_run_unresolved(s, l);
    case PX_CALL_NOTE: return px_run_note(s, l);
    }
    CHECK(l->call <= PX_CALL_NOTE);
    return PX_POISON;
}

void px_store_deliver(struct px_journal_letter *l)
{
    if (l->found_ != NULL)
        l->record = *l->found_;
    l->found_ = NULL;
}
