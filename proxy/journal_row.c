/* proxy/journal_row.c -- records and attempts as rows. Enums are words in the file; a word that a
 * newer version wrote reads as the careful value: in doubt, no state, no code. */
#include "proxy/journal_sql.h"

#include <string.h>

#include "routing/base/check.h"

enum { PLAN_TEXT = LIMIT_LEGS * (PX_NAME + 1) };

/* ---- words ---- */

enum rt_outcome px_outcome_of(const char *word)
{
    for (int o = RT_UNKNOWN; o <= RT_INFO; o++) {
        if (strcmp(rt_outcome_name((enum rt_outcome)o), word) == 0)
            return (enum rt_outcome)o;
    }
    return RT_UNKNOWN;
}

static enum rt_state state_of(const char *word)
{
    for (int s = RT_STATE_NONE + 1; s < RT_STATES_; s++) {
        if (strcmp(rt_state_name((enum rt_state)s), word) == 0)
            return (enum rt_state)s;
    }
    return RT_STATE_NONE;
}

static enum px_standing standing_of(const char *word)
{
    for (int s = PX_OPEN; s <= PX_NEVER_SENT; s++) {
        if (strcmp(px_standing_name((enum px_standing)s), word) == 0)
            return (enum px_standing)s;
    }
    return PX_PENDING;
}

static enum rt_method method_of(const char *word)
{
    for (int m = RT_CARD; m < RT_METHODS_; m++) {
        if (strcmp(rt_method_name((enum rt_method)m), word) == 0)
            return (enum rt_method)m;
    }
    return RT_CARD;
}

static enum rt_op op_of(const char *word)
{
    enum rt_op op = RT_AUTHORIZE;

    return rt_op_find(span_str(word), &op) == OK ? op : RT_AUTHORIZE;
}

/* RT_STATE_NONE and "no code" are NULL. */
static void put_state(struct px_sql *q, enum rt_state s)
{
    px_sql_text(q, s == RT_STATE_NONE ? "" : rt_state_name(s));
}

/* ---- reading ---- */

static const char *text_at(struct px_sql *q, int at)
{
    const char *z = (const char *)sqlite3_column_text(q->st, at);

    return z == NULL ? "" : z;
}

/* Text that is longer than its field was not written by us; it is cut. */
static void copy_at(struct px_sql *q, int at, char *dst, size_t cap)
{
    const char *z = text_at(q, at);
    size_t n = strnlen(z, cap - 1);

    memcpy(dst, z, n);
    dst[n] = '\0';
}

static void bytes_at(struct px_sql *q, int at, void *dst, size_t cap)
{
    const void *p = sqlite3_column_blob(q->st, at);
    size_t n = (size_t)sqlite3_column_bytes(q->st, at);

    if (p != NULL)
        memcpy(dst, p, n < cap ? n : cap);
}

static int64_t int_at(struct px_sql *q, int at)
{
    return sqlite3_column_int64(q->st, at);
}

static void read_plan(const char *text, struct px_record *r)
{
    struct span rest = span_str(text), name;

    for (unsigned i = 0; i < LIMIT_LEGS && span_cut(&rest, ',', &name); i++) {
        if (span_copyz(name, r->plan[i], sizeof r->plan[i]) != OK)
            r->plan[i][0] = '\0';
    }
}

static void read_money(struct px_sql *q, struct px_record *r)
{
    r->amount.minor = int_at(q, PX_AT_amount);
    r->amount.cur = currency_find(span_str(text_at(q, PX_AT_currency)));
    r->authorized = int_at(q, PX_AT_authorized);
    r->captured = int_at(q, PX_AT_captured);
    r->capture_pending = int_at(q, PX_AT_capture_pending);
    r->refunded = int_at(q, PX_AT_refunded);
    r->refund_pending = int_at(q, PX_AT_refund_pending);
    r->held = int_at(q, PX_AT_held);
    r->capture_now = int_at(q, PX_AT_capture_now) != 0;
}

static void read_result(struct px_sql *q, struct px_record *r)
{
    r->outcome = px_outcome_of(text_at(q, PX_AT_outcome));
    r->state = state_of(text_at(q, PX_AT_state));
    r->code = rt_code_find(span_str(text_at(q, PX_AT_code)));
    r->status = (int32_t)int_at(q, PX_AT_status);
    copy_at(q, PX_AT_provider_payment_id, r->provider_payment_id, sizeof r->provider_payment_id);
    copy_at(q, PX_AT_provider_op_id, r->provider_op_id, sizeof r->provider_op_id);
    copy_at(q, PX_AT_network_txn_id, r->network_txn_id, sizeof r->network_txn_id);
}

static void read_payer(struct px_sql *q, struct px_record *r)
{
    r->method = method_of(text_at(q, PX_AT_method));
    r->brand = rt_brand_find(span_str(text_at(q, PX_AT_brand)));
    r->bin6 = (uint32_t)int_at(q, PX_AT_bin6);
    copy_at(q, PX_AT_last4, r->last4, sizeof r->last4);
    copy_at(q, PX_AT_order_ref, r->order, sizeof r->order);
}

void px_row_read(struct px_sql *q, struct px_row *out)
{
    struct px_record *r = &out->r;

    memset(out, 0, sizeof *out);
    out->no = int_at(q, PX_AT_no);
    out->life = int_at(q, PX_AT_life);
    copy_at(q, PX_AT_id, r->id, sizeof r->id);
    copy_at(q, PX_AT_merchant, r->merchant, sizeof r->merchant);
    copy_at(q, PX_AT_key, r->key, sizeof r->key);
    copy_at(q, PX_AT_parent, r->parent, sizeof r->parent);
    r->op = op_of(text_at(q, PX_AT_op));
    bytes_at(q, PX_AT_fingerprint, r->fingerprint, sizeof r->fingerprint);
    r->created_ms = int_at(q, PX_AT_created_ms);
    r->updated_ms = int_at(q, PX_AT_updated_ms);
    r->standing = standing_of(text_at(q, PX_AT_standing));
    r->fence = (uint32_t)int_at(q, PX_AT_fence);
    r->owned = r->standing == PX_OPEN && out->life == q->store->life && out->life != 0;
    r->leg = (uint8_t)int_at(q, PX_AT_leg);
    r->leg_ms = int_at(q, PX_AT_leg_ms);
    bytes_at(q, PX_AT_request_mac, r->request_mac, sizeof r->request_mac);
    read_plan(text_at(q, PX_AT_plan), r);
    read_money(q, r);
    read_result(q, r);
    read_payer(q, r);
}

static enum px_ran read_one(struct px_sql *q, struct px_row *out, bool *found)
{
    *found = px_sql_row(q);
    if (*found)
        px_row_read(q, out);
    return px_sql_end(q);
}

enum px_ran px_row_by_id(struct px_store *s, const char *id, struct px_row *out, bool *found)
{
    struct px_sql q = px_sql_use(s, PX_SQL_BY_ID);
    enum px_ran ran;

    px_sql_text(&q, id);
    ran = read_one(&q, out, found);
    if (ran != PX_RAN || *found)
        return ran;
    q = px_sql_use(s, PX_SQL_FORMER);
    px_sql_text(&q, id);
    return read_one(&q, out, found);
}

/* ---- writing ---- */

void px_plan_write(const struct px_record *r, struct buf *out)
{
    for (unsigned i = 0; i < LIMIT_LEGS && r->plan[i][0] != '\0'; i++) {
        CHECK(strchr(r->plan[i], ',') == NULL); /* the configuration does not let it be */
        if (i > 0)
            buf_byte(out, ',');
        buf_str(out, r->plan[i]);
    }
    CHECK(buf_ok(out));
}

enum px_ran px_row_insert(struct px_store *s, const struct px_record *r, int64_t now_ms)
{
    char plan_text[PLAN_TEXT];
    struct buf plan = BUF_OF(plan_text);
    struct px_sql q = px_sql_use(s, PX_SQL_INSERT);
    enum px_ran ran;

    px_plan_write(r, &plan);
    px_sql_text(&q, r->id);
    px_sql_text(&q, r->merchant);
    px_sql_text(&q, r->key);
    px_sql_text(&q, rt_op_name(r->op));
    px_sql_text(&q, r->parent);
    px_sql_blob(&q, r->fingerprint, sizeof r->fingerprint);
    px_sql_int(&q, now_ms);
    px_sql_int(&q, s->life);
    px_sql_span(&q, buf_span(&plan));
    px_sql_blob(&q, r->request_mac, sizeof r->request_mac);
    px_sql_int(&q, r->amount.minor);
    px_sql_text(&q, currency_code(r->amount.cur));
    px_sql_int(&q, r->held);
    px_sql_text(&q, r->provider_payment_id);
    px_sql_text(&q, r->network_txn_id);
    px_sql_int(&q, r->capture_now);
    px_sql_text(&q, rt_method_name(r->method));
    px_sql_text(&q, rt_brand_name(r->brand));
    px_sql_int_or_null(&q, r->bin6);
    px_sql_text(&q, r->last4);
    px_sql_text(&q, r->order);
    px_sql_card(&q, r);
    px_sql_int_or_null(&q, r->by_merchant);
    ran = px_sql_run(&q);
    if (ran != PX_RAN)
        return ran;
    px_keys_add(s, r->merchant, r->key, sqlite3_last_insert_rowid(s->db));
    if (r->carded)
        px_cards_add(s, r->card, sqlite3_last_insert_rowid(s->db), r->amount);
    return PX_RAN;
}

enum px_ran px_attempt_insert(struct px_store *s, int64_t no, uint32_t fence, uint8_t leg,
                              const struct px_attempt *a)
{
    struct px_sql q = px_sql_use(s, PX_SQL_ATTEMPT);

    px_sql_int(&q, no);
    px_sql_int(&q, fence);
    px_sql_int(&q, leg);
    px_sql_text(&q, a->provider);
    px_sql_text(&q, a->ref);
    px_sql_int(&q, a->promised_ms);
    px_sql_int(&q, a->ended_ms);
    px_sql_int(&q, a->copies);
    px_sql_text(&q, a->evidence);
    px_sql_text(&q, a->why);
    px_sql_text(&q, rt_outcome_name(a->outcome));
    px_sql_text(&q, rt_code_name(a->code));
    px_sql_text(&q, a->raw_code);
    px_sql_text(&q, a->provider_payment_id);
    px_sql_int_or_null(&q, a->status);
    px_sql_int(&q, a->took_ms);
    return px_sql_run(&q);
}

enum px_ran px_event_insert(struct px_store *s, const struct px_row *row, int64_t at_ms,
                            const char *what, struct span text)
{
    struct px_sql q = px_sql_use(s, PX_SQL_EVENT);

    px_sql_int(&q, row->no);
    px_sql_int(&q, at_ms);
    px_sql_text(&q, what);
    px_sql_int(&q, row->r.fence);
    px_sql_span(&q, span_take(text, LIMIT_TEXT));
    return px_sql_run(&q);
}

struct rt_ledger px_ledger_of(const struct px_record *r)
{
    return (struct rt_ledger){ .authorized = r->authorized,
                               .captured = r->captured,
                               .capture_pending = r->capture_pending,
                               .refunded = r->refunded,
                               .refund_pending = r->refund_pending,
                               .state = r->state };
}

enum px_ran px_ledger_write(struct px_store *s, const struct px_row *row, const struct rt_ledger *l,
                            int64_t now_ms)
{
    struct px_sql q = px_sql_use(s, PX_SQL_LEDGER);

    px_sql_int(&q, row->no);
    px_sql_int(&q, l->authorized);
    px_sql_int(&q, l->captured);
    px_sql_int(&q, l->capture_pending);
    px_sql_int(&q, l->refunded);
    px_sql_int(&q, l->refund_pending);
    put_state(&q, l->state);
    px_sql_int(&q, now_ms);
    return px_sql_run(&q);
}
