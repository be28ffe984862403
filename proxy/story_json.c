/* proxy/story_json.c -- a payment's story for programs. */
#include "proxy/story.h"
#include "routing/base/json.h"

enum { SENTENCE = 1024 };

static void member_moment(struct json_out *o, const char *name, int64_t unix_ms)
{
    char text[40];
    struct buf moment = BUF_OF(text);

    if (unix_ms == 0) {
        json_member_z(o, name, NULL);
        return;
    }
    px_story_moment(unix_ms, &moment); /* "2026-11-21 02:47:31.104 UTC" as RFC 3339 has it */
    text[10] = 'T';
    text[23] = 'Z';
    json_member_str(o, name, (struct span){ text, 24 });
}

static void member_word(struct json_out *o, const char *name, const char *word)
{
    json_member_z(o, name, word[0] == '\0' ? NULL : word);
}

static void put_plan(const struct px_record *r, struct json_out *o)
{
    json_name(o, "plan");
    json_open(o, '[');
    for (unsigned i = 0; i < LIMIT_LEGS && r->plan[i][0] != '\0'; i++)
        json_put_z(o, r->plan[i]);
    json_close(o, ']');
}

static void put_amounts(const struct px_record *r, struct json_out *o)
{
    json_member_z(o, "currency", currency_code(r->amount.cur));
    json_member_i64(o, "amount", r->amount.minor);
    if (r->parent[0] != '\0')
        return;
    json_member_i64(o, "authorized", r->authorized);
    json_member_i64(o, "captured", r->captured);
    json_member_i64(o, "capture_pending", r->capture_pending);
    json_member_i64(o, "refunded", r->refunded);
    json_member_i64(o, "refund_pending", r->refund_pending);
}

void px_story_record_json(const struct px_record *r, struct json_out *o)
{
    json_open(o, '{');
    json_member_z(o, "id", r->id);
    json_member_z(o, "operation", rt_op_name(r->op));
    member_word(o, "parent", r->parent);
    json_member_z(o, "merchant", r->merchant);
    json_member_z(o, "key", r->key);
    member_word(o, "order", r->order);
    member_moment(o, "created", r->created_ms);
    member_moment(o, "updated", r->updated_ms);
    json_member_z(o, "standing", px_standing_name(r->standing));
    json_member_bool(o, "owned", r->owned);
    json_member_z(o, "outcome", rt_outcome_name(r->outcome));
    json_member_z(o, "state", rt_state_name(r->state));
    member_word(o, "code", rt_code_name(r->code));
    put_amounts(r, o);
    put_plan(r, o);
    json_member_i64(o, "attempt", r->leg + 1);
    member_word(o, "provider_payment_id", r->provider_payment_id);
    member_word(o, "provider_op_id", r->provider_op_id);
    member_word(o, "network_txn_id", r->network_txn_id);
    member_word(o, "brand", r->last4[0] == '\0' ? "" : rt_brand_name(r->brand));
    member_word(o, "last4", r->last4);
    json_close(o, '}');
}

static void put_attempt(const struct px_attempt *a, struct json_out *o)
{
    json_open(o, '{');
    json_member_i64(o, "attempt", a->leg + 1);
    json_member_z(o, "provider", a->provider);
    member_word(o, "reference", a->ref);
    member_moment(o, "promised", a->promised_ms);
    member_moment(o, "ended", a->ended_ms);
    if (a->ended_ms != 0) {
        json_member_i64(o, "copies", a->copies);
        member_word(o, "evidence", a->evidence);
        member_word(o, "why", a->why);
        json_member_z(o, "outcome", rt_outcome_name(a->outcome));
        member_word(o, "code", rt_code_name(a->code));
        member_word(o, "raw_code", a->raw_code);
        member_word(o, "provider_payment_id", a->provider_payment_id);
        json_member_i64(o, "status", a->status);
        json_member_i64(o, "took_ms", a->took_ms);
    }
    json_close(o, '}');
}

static void put_event(const struct px_event *e, struct json_out *o)
{
    json_open(o, '{');
    member_moment(o, "at", e->at_ms);
    json_member_z(o, "what", e->what);
    member_word(o, "text", e->text);
    json_close(o, '}');
}

static void put_lists(const struct px_journal_letter *l, struct json_out *o)
{
    json_name(o, "attempts");
    json_open(o, '[');
    for (unsigned i = 0; i < l->attempts; i++)
        put_attempt(&l->attempt[i], o);
    json_close(o, ']');
    json_name(o, "operations");
    json_open(o, '[');
    for (unsigned i = 0; i < l->lists; i++)
        px_story_record_json(&l->list[i], o);
    json_close(o, ']');
    json_name(o, "events");
    json_open(o, '[');
    for (unsigned i = 0; i < l->events; i++)
        put_event(&l->event[i], o);
    json_close(o, ']');
}

void px_story_json(const struct px_journal_letter *l, struct buf *out)
{
    char text[SENTENCE];
    struct buf verdict = BUF_OF(text);
    struct json_out o = json_to(out);

    px_story_verdict(&l->record, l->list, l->lists, &verdict);
    json_open(&o, '{');
    json_member_i64(&o, "schema", 1);
    json_member_z(&o, "charged", px_charged_name(px_story_charged(&l->record)));
    json_member_str(&o, "verdict", buf_span(&verdict));
    json_name(&o, "payment");
    px_story_record_json(&l->record, &o);
    put_lists(l, &o);
    json_close(&o, '}');
    buf_byte(out, '\n');
}
