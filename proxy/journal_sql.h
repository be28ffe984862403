/* proxy/journal_sql.h -- what the journal's own files share: the connection and its statements. */
#ifndef PX_JOURNAL_SQL_H
#define PX_JOURNAL_SQL_H
#include <sqlite3.h>

#include "proxy/journal_store.h"
#include "routing/ledger.h"
#include "routing/reattempt.h"

#define PX_APPLICATION_ID     0x53496742 /* "SIgB", in the file's header */
#define PX_SET_APPLICATION_ID "PRAGMA application_id = 1397319490"

/* The columns of `record` that make a px_record, in the order they are read. */
/* clang-format off */
#define PX_RECORD_COLUMNS(X) \
    X(no) X(id) X(merchant) X(key) X(op) X(parent) X(fingerprint) X(created_ms) X(updated_ms) \
    X(standing) X(life) X(fence) X(plan) X(leg) X(leg_ms) X(request_mac) X(amount) X(currency) \
    X(outcome) X(state) X(code) X(authorized) X(captured) X(capture_pending) X(refunded) \
    X(refund_pending) X(held) X(status) X(provider_payment_id) X(provider_op_id) \
    X(network_txn_id) X(capture_now) X(method) X(brand) X(bin6) X(last4) X(order_ref)
/* clang-format on */

#define PX_AT(name)    PX_AT_##name,
#define PX_COMMA(name) ", " #name

enum px_column { PX_AT_nothing, PX_RECORD_COLUMNS(PX_AT) };
/* The leading 0 is there for its comma. */
#define PX_RECORD_LIST "0" PX_RECORD_COLUMNS(PX_COMMA)

enum px_statement {
    PX_SQL_BEGIN,
    PX_SQL_BEGIN_READ,
    PX_SQL_COMMIT,
    PX_SQL_ROLLBACK,
    PX_SQL_INSERT,
    PX_SQL_BY_NO,
    PX_SQL_BY_KEY,
    PX_SQL_BY_KEY_UNINDEXED,
    PX_SQL_INDEX_KEY,
    PX_SQL_INDEXED_TO,
    PX_SQL_KEY_SEED,
    PX_SQL_UNINDEXED,
    PX_SQL_BY_ID,
    PX_SQL_FORMER,
    PX_SQL_LOCKED,
    PX_SQL_TAKE_OVER,
    PX_SQL_BEGIN_AGAIN,
    PX_SQL_KEEP_FORMER,
    PX_SQL_LEDGER,
    PX_SQL_STAND,
    PX_SQL_NEXT,
    PX_SQL_SETTLE,
    PX_SQL_ATTEMPT,
    PX_SQL_ANSWER,
    PX_SQL_EVENT,
    PX_SQL_ANSWER_OF,
    PX_SQL_ATTEMPTS_OF,
    PX_SQL_OPERATIONS_OF,
    PX_SQL_EVENTS_OF,
    PX_SQL_UNRESOLVED,
    PX_SQL_SEARCH,
    PX_SQL_CARDS_OPEN,
    PX_SQL_DECLINES_OF,
    PX_SQL_DECLINED_CARDS,
    PX_SQL_DECLINE,
    PX_SQL_PRUNE,
    PX_SQLS_
};

struct px_cards;
struct px_fold;
struct px_keys;
struct px_seen;

struct px_store {
    sqlite3 *db;
    struct px_keys *keys;
    struct px_cards *cards; /* NULL: reading beside */
    struct px_seen *seen;   /* the same */
    struct rt_reattempt_limits limits;
    struct px_fold *fold; /* NULL: in memory, reading beside */
    sqlite3_stmt *stmt[PX_SQLS_];
    char *name;  /* the file's path, or ":memory:" */
    int lock_fd; /* the side file that says whose it is; -1: none */
    bool in_memory;
    int64_t life;              /* ours; reading beside: the living one, 0 if none lives */
    int64_t now_ms, pruned_ms; /* the callers' clock, as last heard; old declines went then */
    bool writing;              /* this transaction */
    bool prune_on;             /* there were more */
    char why[160];
};

/* ---- statements ---- */

/* One use of a cached statement: bind in order, step, and it is reset when done. Errors stick. */
struct px_sql {
    struct px_store *store;
    sqlite3_stmt *st;
    int at, rc;
};

struct px_sql px_sql_use(struct px_store *s, enum px_statement which);
void px_sql_int(struct px_sql *q, int64_t v);
void px_sql_int_or_null(struct px_sql *q, int64_t v); /* 0 is NULL */
void px_sql_text(struct px_sql *q, const char *z);    /* "" is NULL; lent until px_sql_done */
void px_sql_span(struct px_sql *q, struct span s);    /* none is NULL; lent as well */
void px_sql_blob(struct px_sql *q, const void *p, size_t n);
void px_sql_card(struct px_sql *q, const struct px_record *r); /* none is NULL */
bool px_sql_row(struct px_sql *q);                             /* reading: is there one (more)? */
MUST enum px_ran px_sql_end(struct px_sql *q);
MUST enum px_ran px_sql_run(struct px_sql *q); /* writing */

/* What a result code means for the letter at hand; keeps the text. */
enum px_ran px_store_failed(struct px_store *s, int rc);

/* ---- rows ---- */

/* A record as it stands in the file, and what only the journal needs of it. */
struct px_row {
    int64_t no, life;
    struct px_record r; /* without its answer */
};

void px_row_read(struct px_sql *q, struct px_row *out);
MUST enum px_ran px_row_by_id(struct px_store *s, const char *id, struct px_row *out, bool *found);
MUST enum px_ran px_row_insert(struct px_store *s, const struct px_record *r, int64_t now_ms);
enum rt_outcome px_outcome_of(const char *word);
void px_plan_write(const struct px_record *r, struct buf *out);
MUST enum px_ran px_attempt_insert(struct px_store *s, int64_t no, uint32_t fence, uint8_t leg,
                                   const struct px_attempt *a);
MUST enum px_ran px_event_insert(struct px_store *s, const struct px_row *row, int64_t at_ms,
                                 const char *what, struct span text);

/* ---- keys ---- */

MUST enum px_ran px_keys_open(struct px_store *s, size_t generation); /* 0: reading beside */
void px_keys_close(struct px_store *s);
MUST enum px_ran px_keys_find(struct px_store *s, const char *merchant, const char *key,
                              struct px_row *out, bool *found);
void px_keys_add(struct px_store *s, const char *merchant, const char *key, int64_t no);
MUST enum px_ran px_keys_merge(struct px_store *s); /* the last of a transaction */
void px_keys_committed(struct px_store *s);
void px_keys_rolled_back(struct px_store *s);
void px_keys_tend(struct px_store *s);

/* ---- cards and the schemes' rules ---- */

MUST enum px_ran px_cards_open(struct px_store *s);
void px_cards_close(struct px_store *s);
void px_cards_add(struct px_store *s, const unsigned char card[PX_MAC], int64_t no,
                  struct money amount);
void px_cards_drop(struct px_store *s, const unsigned char card[PX_MAC], int64_t no);
/* Attempts under way with this card, but for that record's; and those of this amount. */
unsigned px_cards_flying(struct px_store *s, const unsigned char card[PX_MAC], int64_t but,
                         struct money amount, unsigned *same);
void px_cards_committed(struct px_store *s);
void px_cards_rolled_back(struct px_store *s);

MUST enum px_ran px_seen_open(struct px_store *s);
void px_seen_close(struct px_store *s);
void px_seen_add(struct px_store *s, const unsigned char card[PX_MAC]);
/* False: no decline of this card is in the file. */
bool px_seen_perhaps(const struct px_store *s, const unsigned char card[PX_MAC]);
void px_seen_tend(struct px_store *s);

/* One attempt with a card. */
struct px_trial {
    const unsigned char *card; /* PX_MAC bytes; NULL: no card, no rule */
    int64_t no;                /* its record; 0: none yet */
    int64_t now_ms;
    struct money amount;
    enum rt_brand brand;
    bool by_merchant;
    const struct rt_declined *just; /* counts as well, though it is not written yet; or NULL */
};

/* May it be tried now? */
MUST enum px_ran px_reattempt_ask(struct px_store *s, const struct px_trial *t,
                                  struct rt_reattempt_answer *out);
/* It was tried, and ended so. */
MUST enum px_ran px_reattempt_record(struct px_store *s, const struct px_trial *t, uint32_t fence,
                                     uint8_t leg, const struct rt_strike *strike);
/* A few of those that no rule counts any more; the last but one of a transaction. */
MUST enum px_ran px_reattempt_prune(struct px_store *s);

/* ---- folding the log ---- */

enum err px_fold_open(struct px_store *s, struct diag *why);
void px_fold_start(struct px_fold *f);
void px_fold_tend(struct px_fold *f);
void px_fold_close(struct px_store *s);

/* ---- calls, one file each ---- */

enum px_ran px_run_begin(struct px_store *s, struct px_journal_letter *l);
enum px_ran px_run_claim(struct px_store *s, struct px_journal_letter *l);
enum px_ran px_run_next(struct px_store *s, struct px_journal_letter *l);
enum px_ran px_run_settle(struct px_store *s, struct px_journal_letter *l);
enum px_ran px_run_note(struct px_store *s, struct px_journal_letter *l);
enum px_ran px_run_load(struct px_store *s, struct px_journal_letter *l);
enum px_ran px_run_find(struct px_store *s, struct px_journal_letter *l);
enum px_ran px_run_unresolved(struct px_store *s, struct px_journal_letter *l);

/* The answer and found record into the letter's arena; false: no room, and said is DOWN. */
bool px_find_give(struct px_store *s, struct px_journal_letter *l, const struct px_row *row,
                  bool with_answer, enum px_ran *ran);

/* The ledger's columns of a payment. */
struct rt_ledger px_ledger_of(const struct px_record *r);
MUST enum px_ran px_ledger_write(struct px_store *s, const struct px_row *row,
                                 const struct rt_ledger *l, int64_t now_ms);

enum err px_schema_bring(struct px_store *s, struct diag *why); /* creates or migrates */
enum err px_schema_check(struct px_store *s, struct diag *why); /* only looks */
#endif
