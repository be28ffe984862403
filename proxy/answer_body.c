/* proxy/answer_body.c */
#include "proxy/answer_body.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "routing/base/json.h"
#include "routing/ledger.h"
#include "routing/reattempt.h"

/* Room for each part at its longest, every byte of a provider's word written as \\u00XX. */
enum { BODY_FIXED = 6 * 1024, BODY_ATTEMPT = 2 * 1024, BODY_OP = 2 * 1024 };

/* ---- small parts ----------------------------------------------------------------------------- */

static void text_if(struct json_out *o, const char *name, const char *z)
{
    if (z != NULL && z[0] != '\0')
        json_member_z(o, name, z);
}

/* RFC 3339, UTC, milliseconds. */
static void time_if(struct json_out *o, const char *name, int64_t unix_ms)
{
    time_t s = (time_t)(unix_ms / 1000);
    char text[40];
    struct tm tm;
    size_t n;

    if (unix_ms <= 0 || gmtime_r(&s, &tm) == NULL)
        return;
    n = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
    (void)snprintf(text + n, sizeof text - n, ".%03dZ", (int)(unix_ms % 1000));
    json_member_z(o, name, text);
}

static void write_money(struct json_out *o, struct money m)
{
    if (m.cur == CURRENCY_NONE)
        return;
    json_member_i64(o, "amount", m.minor);
    json_member_z(o, "currency", currency_code(m.cur));
}

static void write_method(struct json_out *o, const struct px_record *r)
{
    char bin[8];

    json_name(o, "payment_method");
    json_open(o, '{');
    json_member_z(o, "type", rt_method_name(r->method));
    json_name(o, "card");
    json_open(o, '{');
    json_member_z(o, "brand", rt_brand_name(r->brand));
    (void)snprintf(bin, sizeof bin, "%06u", (unsigned)(r->bin6 % 1000000));
    if (r->bin6 != 0)
        json_member_z(o, "bin6", bin);
    text_if(o, "last4", r->last4);
    json_close(o, '}');
    json_close(o, '}');
}

/* ---- declines -------------------------------------------------------------------------------- */

/* Mastercard's merchant advice codes, as the scheme's and the providers' documents describe them
 * (read 2026-10). */
static const char *advice_text(const char *mac)
{
    static const char *const text[][2] = {
        { "01", "new account information is available: update the card before another try" },
        { "02", "can not be approved now, try again later" },
        { "03", "do not try again with this card" },
        { "04", "token requirements are not met" },
        { "21", "the payer cancelled the agreement: do not try again" },
        { "22", "the merchant does not qualify for the product code" },
        { "24", "try again after one hour" },
        { "25", "try again after 24 hours" },
        { "26", "try again after two days" },
        { "27", "try again after four days" },
        { "28", "try again after six days" },
        { "29", "try again after eight days" },
        { "30", "try again after ten days" },
        { "40", "a prepaid card that can not be reloaded" },
        { "41", "a virtual card for a single use" },
        { "42", "a virtual card with restrictions" },
        { "43", "a virtual card for several uses" },
    };

    for (size_t i = 0; i < sizeof text / sizeof text[0]; i++) {
        if (strcmp(mac, text[i][0]) == 0)
            return text[i][1];
    }
    return NULL;
}

static const struct px_attempt *last_of(const struct px_telling *t)
{
    return t->attempts == 0 ? NULL : &t->attempt[t->attempts - 1];
}

/* What the decline means for the next payment with this card; nothing once the answer is gone. */
static struct rt_strike strike_of(const struct px_telling *t)
{
    const struct rt_strike none = { 0 };

    return t->heard == NULL ? none : rt_strike_of(t->record->brand, t->heard);
}

static void write_stop(struct json_out *o, const struct px_telling *t)
{
    struct rt_strike s = strike_of(t);

    if (s.stop == RT_RULE_NONE)
        return;
    json_name(o, "scheme_rule");
    json_open(o, '{');
    json_member_z(o, "rule", rt_rule_name(s.stop));
    json_member_z(o, "message", rt_rule_sentence(s.stop));
    time_if(o, "not_before", t->record->updated_ms + s.wait_ms);
    json_close(o, '}');
}

static void write_decline(struct json_out *o, const struct px_telling *t)
{
    enum rt_code code = t->record->code;
    const struct px_attempt *last = last_of(t);
    const struct rt_judgement *h = t->heard;

    json_name(o, "decline");
    json_open(o, '{');
    json_member_z(o, "code", code == RT_CODE_NONE ? "generic_decline" : rt_code_name(code));
    json_member_z(o, "category", rt_category_name(rt_code_category(code)));
    json_member_z(o, "message", rt_code_sentence(code));
    json_member_bool(o, "retry_later",
                     rt_code_retry_later(code) && strike_of(t).stop != RT_RULE_NEVER_AGAIN);
    text_if(o, "provider_code", last == NULL ? NULL : last->raw_code);
    if (h != NULL && h->iso8583[0] != '\0')
        json_member_z(o, "issuer_code", h->iso8583);
    if (h != NULL && h->mac[0] != '\0') {
        json_name(o, "network_advice");
        json_open(o, '{');
        json_member_z(o, "code", h->mac);
        text_if(o, "message", advice_text(h->mac));
        json_close(o, '}');
    }
    write_stop(o, t);
    json_close(o, '}');
}

static void write_error(struct json_out *o, const char *type, const char *code, const char *message)
{
    json_name(o, "error");
    json_open(o, '{');
    json_member_z(o, "type", type);
    json_member_z(o, "code", code);
    json_member_z(o, "message", message);
    json_close(o, '}');
}

/* What a decline's `error` says; safe to try again when the schemes' rules let it be. */
static void write_declined(struct json_out *o, const struct px_telling *t)
{
    enum rt_code code = t->record->code;
    char message[160];

    (void)snprintf(message, sizeof message, "The payment was declined: %s",
                   code == RT_CODE_NONE ? "no reason was given" : rt_code_sentence(code));
    write_error(o, "declined", code == RT_CODE_NONE ? "generic_decline" : rt_code_name(code),
                message);
    json_member_z(o, "outcome", "declined");
    json_member_bool(o, "retry_safe",
                     rt_code_retry_later(code) && strike_of(t).stop == RT_RULE_NONE);
}

/* ---- attempts -------------------------------------------------------------------------------- */

/* One word for programs, one sentence for people: why this attempt ended as it did. */
static void write_reason(struct json_out *o, const struct px_attempt *t)
{
    char text[160];

    if (t->ended_ms == 0) {
        json_member_z(o, "reason", "under_way");
        return;
    }
    if (strcmp(t->evidence, "answered") == 0) {
        text_if(o, "reason", rt_code_name(t->code));
        if (t->code != RT_CODE_NONE)
            json_member_z(o, "message", rt_code_sentence(t->code));
        return;
    }
    if (strcmp(t->evidence, "not_sent") == 0)
        (void)snprintf(text, sizeof text, "the request never left the gateway (%s)", t->why);
    else if (strcmp(t->evidence, "refused") == 0)
        (void)snprintf(text, sizeof text, "the provider did not process the request (%s)", t->why);
    else
        (void)snprintf(text, sizeof text, "it is not known whether it was executed (%s)", t->why);
    text_if(o, "reason", t->why);
    json_member_z(o, "message", text);
}

/* What the wire proved outweighs that nobody wrote an outcome down. */
static enum rt_outcome outcome_of(const struct px_attempt *t)
{
    bool nothing = strcmp(t->evidence, "not_sent") == 0 || strcmp(t->evidence, "refused") == 0;

    return nothing && t->outcome == RT_UNKNOWN ? RT_ERROR : t->outcome;
}

static void write_attempt(struct json_out *o, const struct px_attempt *t)
{
    json_open(o, '{');
    json_member_z(o, "provider", t->provider);
    json_member_z(o, "reference", t->ref);
    json_member_z(o, "outcome", rt_outcome_name(outcome_of(t)));
    text_if(o, "evidence", t->evidence);
    write_reason(o, t);
    text_if(o, "provider_code", t->raw_code);
    text_if(o, "provider_reference", t->provider_payment_id);
    json_member_i64(o, "copies", t->copies);
    if (t->status > 0)
        json_member_i64(o, "http_status", t->status);
    if (t->ended_ms > 0)
        json_member_i64(o, "duration_ms", t->took_ms);
    time_if(o, "started", t->promised_ms);
    json_close(o, '}');
}

static void write_attempts(struct json_out *o, const struct px_telling *t)
{
    json_name(o, "attempts");
    json_open(o, '[');
    for (unsigned i = 0; i < t->attempts; i++)
        write_attempt(o, &t->attempt[i]);
    json_close(o, '[');
}

/* ---- decision -------------------------------------------------------------------------------- */

/* The member `decision` of an answer stored earlier, as it stands there. */
static struct span stored_decision(struct span answer)
{
    struct span from;
    struct json j;

    if (answer.n == 0 || !json_find(answer, &j, "decision", NULL) || json_tok(&j) != JSON_OBJECT)
        return SPAN_NONE;
    from = json_raw(&j);
    if (!json_skip(&j))
        return SPAN_NONE;
    return (struct span){ from.p, (size_t)(json_raw(&j).p - from.p) + 1 };
}

static void write_decision(struct json_out *o, const struct px_telling *t)
{
    const struct px_record *r = t->record;
    char text[176];

    if (!t->decided) {
        struct span stored = stored_decision(r->answer);

        if (stored.n > 0) {
            json_name(o, "decision");
            json_put_raw(o, stored);
        }
        return;
    }
    json_name(o, "decision");
    json_open(o, '{');
    /* 53 bits are what every reader of JSON keeps exactly; all of it stands beside as text. */
    json_member_i64(o, "policy_revision", (int64_t)(t->revision >> 11));
    json_member_z(o, "rule", t->rule);
    if (t->revision != 0 && t->rule != NULL) {
        (void)snprintf(text, sizeof text, "%016llx", (unsigned long long)t->revision);
        json_member_z(o, "policy", text);
        (void)snprintf(text, sizeof text, "%.150s:%u", t->file == NULL ? "" : t->file, t->line);
        json_member_z(o, "at", text);
    }
    json_name(o, "plan");
    json_open(o, '[');
    for (unsigned i = 0; i < LIMIT_LEGS && r->plan[i][0] != '\0'; i++)
        json_put_z(o, r->plan[i]);
    json_close(o, '[');
    json_close(o, '}');
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* Of whom the outcome is: the provider of the last attempt that was asked for it. */
static const char *provider_of(const struct px_telling *t)
{
    const struct px_record *r = t->record;
    const struct px_attempt *last = last_of(t);

    if (last != NULL)
        return last->provider;
    return r->leg < LIMIT_LEGS ? r->plan[r->leg] : NULL;
}

/* What has moved. The journal keeps these; before it has, they follow from the outcome. */
static void write_moved(struct json_out *o, const struct px_record *r)
{
    struct rt_ledger l = { .captured = r->captured, .refunded = r->refunded };

    if (r->outcome == RT_APPROVED && r->authorized == 0)
        rt_ledger_open(&l, r->amount.minor, r->state);
    json_member_i64(o, "amount_captured", l.captured);
    json_member_i64(o, "amount_refunded", l.refunded);
}

static void write_payment_facts(struct json_out *o, const struct px_telling *t)
{
    const struct px_record *r = t->record;
    const struct rt_judgement *h = t->heard;

    write_moved(o, r);
    json_member_z(o, "capture", r->capture_now ? "automatic" : "manual");
    text_if(o, "network_transaction_id", r->network_txn_id);
    write_method(o, r);
    if (h != NULL && h->redirect_url.n > 0 && r->outcome == RT_ACTION_REQUIRED) {
        json_name(o, "next_action");
        json_open(o, '{');
        json_member_z(o, "type", "redirect");
        json_member_str(o, "url", h->redirect_url);
        json_close(o, '}');
    }
    write_decision(o, t);
}

static void write_op(struct json_out *o, const struct px_record *op)
{
    json_open(o, '{');
    json_member_z(o, "id", op->id);
    json_member_z(o, "object", rt_op_name(op->op));
    json_member_z(o, "status", px_answer_word(op));
    write_money(o, op->amount);
    text_if(o, "order", op->order);
    text_if(o, "provider_reference", op->provider_op_id);
    if (op->code != RT_CODE_NONE)
        json_member_z(o, "reason", rt_code_name(op->code));
    time_if(o, "created", op->created_ms);
    time_if(o, "updated", op->updated_ms);
    json_close(o, '}');
}

static void write_ops(struct json_out *o, const struct px_telling *t)
{
    json_name(o, "operations");
    json_open(o, '[');
    for (unsigned i = 0; i < t->ops; i++)
        write_op(o, &t->op[i]);
    json_close(o, '[');
}

static bool is_declined(const struct px_record *r)
{
    return r->outcome == RT_DECLINED && r->standing != PX_OPEN && r->standing != PX_NEVER_SENT;
}

static void write_record(struct json_out *o, const struct px_telling *t, bool request)
{
    const struct px_record *r = t->record;
    bool payment = r->op == RT_AUTHORIZE;

    json_member_z(o, "id", r->id);
    json_member_z(o, "object", payment ? "payment" : rt_op_name(r->op));
    text_if(o, "payment", r->parent);
    json_member_z(o, "status", px_answer_word(r));
    write_money(o, r->amount);
    text_if(o, "order", r->order);
    text_if(o, "provider", provider_of(t));
    text_if(o, "provider_reference", payment ? r->provider_payment_id : r->provider_op_id);
    if (payment)
        write_payment_facts(o, t);
    if (is_declined(r))
        write_decline(o, t);
    write_attempts(o, t);
    if (!request)
        write_ops(o, t);
    time_if(o, "created", r->created_ms);
    time_if(o, "updated", r->updated_ms);
}

static struct buf room(const struct px_telling *t, struct arena *a)
{
    return arena_buf(a, BODY_FIXED + t->attempts * BODY_ATTEMPT + t->ops * BODY_OP +
                            t->record->answer.n +
                            6 * (t->heard == NULL ? 0 : t->heard->redirect_url.n));
}

bool px_answer_write(const struct px_telling *t, bool request, struct arena *a, struct span *body)
{
    struct buf b = room(t, a);
    struct json_out o = json_to(&b);

    json_open(&o, '{');
    write_record(&o, t, request);
    if (request && is_declined(t->record))
        write_declined(&o, t);
    if (request && strcmp(px_answer_word(t->record), "processing") == 0) {
        json_member_z(&o, "outcome", "unknown");
        json_member_bool(&o, "retry_safe", false);
    }
    json_close(&o, '}');
    *body = buf_span(&b);
    return buf_ok(&b);
}

static const char *type_of(int status)
{
    switch (status) {
    case 409: return "conflict";
    case 422: return "routing";
    case 502: return "provider";
    default: return "unavailable";
    }
}

/* The provider has seen the same thing before: perhaps it was charged then. */
static bool maybe_done_before(enum rt_code c)
{
    return c == RT_CODE_DUPLICATE_TRANSACTION || c == RT_CODE_IDEMPOTENCY_MISMATCH;
}

/* Nothing was asked, or nothing that was asked was taken up: the code's own sentence would speak of
 * doubt, and there is none. */
static const char *why_not(enum rt_code c)
{
    if (c == RT_CODE_NONE || c == RT_CODE_PROVIDER_UNAVAILABLE)
        return "no provider could be reached, or would take it up";
    return rt_code_sentence(c);
}

bool px_answer_write_problem(const struct px_telling *t, int status, struct arena *a,
                             struct span *body)
{
    enum rt_code code = t->record->code;
    const char *word = code == RT_CODE_NONE ? "no_provider_reached" : rt_code_name(code);
    bool declined = is_declined(t->record);
    struct buf b = room(t, a);
    struct json_out o = json_to(&b);
    char urn[96], detail[160];

    (void)snprintf(urn, sizeof urn, "urn:signalbox:problem:%s", word);
    (void)snprintf(detail, sizeof detail, "Nothing was executed: %s", why_not(code));
    json_open(&o, '{');
    json_member_z(&o, "type", urn);
    json_member_z(&o, "title", "The request was not carried out");
    json_member_i64(&o, "status", status);
    json_member_z(&o, "detail", detail);
    write_error(&o, type_of(status), word, detail);
    json_member_z(&o, "outcome", declined ? "declined" : "not_sent");
    json_member_bool(&o, "retry_safe", !maybe_done_before(code));
    json_member_z(&o, t->record->op == RT_AUTHORIZE ? "payment" : "operation", t->record->id);
    write_attempts(&o, t);
    json_close(&o, '}');
    *body = buf_span(&b);
    return buf_ok(&b);
}
