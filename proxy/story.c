/* proxy/story.c */
#include "proxy/story.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "routing/base/check.h"

/* ---- moments ---- */

static struct tm utc(int64_t unix_ms)
{
    time_t s = (time_t)(unix_ms / 1000);
    struct tm t;

    CHECK(gmtime_r(&s, &t) != NULL);
    return t;
}

void px_story_time(int64_t unix_ms, struct buf *out)
{
    struct tm t = utc(unix_ms);

    buf_fmt(out, "%02d:%02d:%02d.%03d", t.tm_hour, t.tm_min, t.tm_sec, (int)(unix_ms % 1000));
}

void px_story_moment(int64_t unix_ms, struct buf *out)
{
    struct tm t = utc(unix_ms);

    buf_fmt(out, "%04d-%02d-%02d ", t.tm_year + 1900, t.tm_mon + 1, t.tm_mday);
    px_story_time(unix_ms, out);
    buf_str(out, " UTC");
}

void px_story_span(int64_t ms, struct buf *out)
{
    if (ms < 1000)
        buf_fmt(out, "%d ms", (int)ms);
    else if (ms < 10000)
        buf_fmt(out, "%d.%02d s", (int)(ms / 1000), (int)(ms % 1000 / 10));
    else if (ms < 120000)
        buf_fmt(out, "%d s", (int)(ms / 1000));
    else if (ms < 7200000)
        buf_fmt(out, "%d min", (int)(ms / 60000));
    else if (ms < 48 * 3600000LL)
        buf_fmt(out, "%d h", (int)(ms / 3600000));
    else
        buf_fmt(out, "%d d", (int)(ms / 86400000));
}

static void put_money(const struct px_record *r, int64_t minor, struct buf *out)
{
    money_print((struct money){ minor, r->amount.cur }, out);
}

static const char *provider_of(const struct px_record *r)
{
    return r->plan[r->leg < LIMIT_LEGS ? r->leg : 0];
}

/* ---- the verdict ---- */

enum px_charged px_story_charged(const struct px_record *r)
{
    if (r->standing == PX_NEVER_SENT)
        return PX_CHARGED_NO;
    if (r->standing == PX_OPEN || r->outcome == RT_UNKNOWN || r->outcome == RT_PENDING)
        return PX_CHARGED_UNKNOWN;
    if (r->outcome != RT_APPROVED)
        return PX_CHARGED_NO;
    if (r->captured > 0)
        return PX_CHARGED_ONCE;
    return r->capture_pending > 0 ? PX_CHARGED_UNKNOWN : PX_CHARGED_NO;
}

const char *px_charged_name(enum px_charged c)
{
    switch (c) {
    case PX_CHARGED_UNKNOWN: return "unknown";
    case PX_CHARGED_NO: return "no";
    case PX_CHARGED_ONCE: return "once";
    }
    return "unknown";
}

static void verdict_open(const struct px_record *r, struct buf *out)
{
    buf_str(out, "Not yet known whether the customer was charged, being resolved: ");
    if (r->standing == PX_OPEN && r->owned)
        buf_fmt(out, "%s is being asked right now.", provider_of(r));
    else if (r->standing == PX_OPEN)
        buf_fmt(out, "the gateway stopped while asking %s, and takes it up again when it runs.",
                provider_of(r));
    else if (r->outcome == RT_PENDING)
        buf_fmt(out, "%s accepted it and tells the result later.", provider_of(r));
    else
        buf_fmt(out, "%s has not said what became of it.", provider_of(r));
}

static void verdict_not(const struct px_record *r, struct buf *out)
{
    buf_str(out, "Customer was not charged: ");
    if (r->standing == PX_NEVER_SENT)
        buf_str(out, "nothing reached a provider.");
    else if (r->outcome == RT_ACTION_REQUIRED)
        buf_str(out, "the payer has to act first (3-D Secure or a redirect).");
    else if (r->outcome == RT_APPROVED && r->state == RT_STATE_VOIDED)
        buf_str(out, "the authorization was voided.");
    else if (r->outcome == RT_APPROVED) {
        put_money(r, r->authorized, out);
        buf_fmt(out, " is authorized at %s, nothing is captured%s.", provider_of(r),
                r->state == RT_STATE_VOID_PENDING ? ", and its void is under way" : "");
    } else if (r->code != RT_CODE_NONE)
        buf_fmt(out, "%s (%s).", rt_code_name(r->code), rt_code_sentence(r->code));
    else
        buf_fmt(out, "%s.", rt_outcome_name(r->outcome));
}

static void verdict_capture_pending(const struct px_record *r, struct buf *out)
{
    buf_fmt(out, "Not yet known whether the customer was charged: %s accepted the capture of ",
            provider_of(r));
    put_money(r, r->capture_pending, out);
    buf_str(out, " and tells the result later.");
}

static void verdict_once(const struct px_record *r, struct buf *out)
{
    buf_str(out, "Customer was charged once: ");
    put_money(r, r->captured, out);
    buf_fmt(out, " captured at %s", provider_of(r));
    if (r->provider_payment_id[0] != '\0')
        buf_fmt(out, " (PSP reference %s)", r->provider_payment_id);
    if (r->capture_pending > 0) {
        buf_str(out, ", ");
        put_money(r, r->capture_pending, out);
        buf_str(out, " more is accepted for capture");
    }
    buf_byte(out, '.');
}

static void verdict_refunds(const struct px_record *r, struct buf *out)
{
    if (r->refunded > 0) {
        buf_byte(out, ' ');
        put_money(r, r->refunded, out);
        buf_str(out,
                r->refunded == r->captured ? " was given back: all of it." : " was given back.");
    }
    if (r->refund_pending > 0) {
        buf_byte(out, ' ');
        put_money(r, r->refund_pending, out);
        buf_str(out, " is on its way back.");
    }
}

/* Operations whose outcome nobody knows yet. */
static void verdict_doubts(const struct px_record *operation, unsigned n, struct buf *out)
{
    for (unsigned i = 0; i < n; i++) {
        const struct px_record *o = &operation[i];

        if (o->standing != PX_OPEN && (o->standing != PX_PENDING || o->outcome != RT_UNKNOWN))
            continue;
        buf_fmt(out, " A %s of ", rt_op_name(o->op));
        put_money(o, o->amount.minor, out);
        buf_str(out, " is not yet known, being resolved.");
    }
}

void px_story_verdict(const struct px_record *r, const struct px_record *operation,
                      unsigned operations, struct buf *out)
{
    switch (px_story_charged(r)) {
    case PX_CHARGED_ONCE: verdict_once(r, out); break;
    case PX_CHARGED_NO: verdict_not(r, out); break;
    case PX_CHARGED_UNKNOWN:
        if (r->outcome == RT_APPROVED && r->standing == PX_SETTLED)
            verdict_capture_pending(r, out);
        else
            verdict_open(r, out);
        break;
    }
    verdict_refunds(r, out);
    verdict_doubts(operation, operations, out);
}

/* ---- the timeline ---- */

enum { MOMENTS_MAX = 3 * PX_LIST_MAX + 4 };

/* One line of it. Exactly one of attempt, operation, event; none: the payment was accepted. */
struct moment {
    int64_t at_ms;
    unsigned order; /* of equal times */
    const struct px_attempt *attempt;
    const struct px_record *operation;
    const struct px_event *event;
    bool end;
};

struct timeline {
    struct moment moment[MOMENTS_MAX];
    unsigned n;
};

static void add(struct timeline *t, struct moment m)
{
    if (t->n == MOMENTS_MAX)
        return;
    m.order = t->n;
    t->moment[t->n++] = m;
}

static int by_time(const void *a, const void *b)
{
    const struct moment *x = a, *y = b;

    if (x->at_ms != y->at_ms)
        return x->at_ms < y->at_ms ? -1 : 1;
    return (x->order > y->order) - (x->order < y->order);
}

/* A leg taken up again has a row for each time, but was promised once. */
static bool promised_before(const struct px_journal_letter *l, unsigned i)
{
    for (unsigned k = 0; k < i; k++) {
        if (l->attempt[k].leg == l->attempt[i].leg &&
            l->attempt[k].promised_ms == l->attempt[i].promised_ms)
            return true;
    }
    return false;
}

static void collect(const struct px_journal_letter *l, struct timeline *t)
{
    add(t, (struct moment){ .at_ms = l->record.created_ms });
    for (unsigned i = 0; i < l->attempts; i++) {
        const struct px_attempt *a = &l->attempt[i];

        if (!promised_before(l, i))
            add(t, (struct moment){ .at_ms = a->promised_ms, .attempt = a });
        if (a->ended_ms != 0)
            add(t, (struct moment){ .at_ms = a->ended_ms, .attempt = a, .end = true });
    }
    for (unsigned i = 0; i < l->events; i++)
        add(t, (struct moment){ .at_ms = l->event[i].at_ms, .event = &l->event[i] });
    for (unsigned i = 0; i < l->lists; i++) {
        const struct px_record *o = &l->list[i];

        add(t, (struct moment){ .at_ms = o->created_ms, .operation = o });
        if (o->standing != PX_OPEN)
            add(t, (struct moment){ .at_ms = o->updated_ms, .operation = o, .end = true });
    }
    qsort(t->moment, t->n, sizeof t->moment[0], by_time);
}

/* The sentence is the verdict's to tell, and `signalbox explain CODE`'s. */
static void tell_reason(enum rt_code code, const char *raw, struct buf *out)
{
    if (code == RT_CODE_NONE)
        return;
    buf_fmt(out, ", %s (%s", rt_code_name(code), rt_category_name(rt_code_category(code)));
    if (raw[0] != '\0' && strcmp(raw, rt_code_name(code)) != 0)
        buf_fmt(out, "; its word: %s", raw);
    buf_byte(out, ')');
}

static void tell_attempt_end(const struct px_attempt *a, struct buf *out)
{
    buf_fmt(out, "attempt %u at %s: ", a->leg + 1U, a->provider);
    if (strcmp(a->evidence, "not_sent") == 0)
        buf_str(out, "never left us");
    else if (strcmp(a->evidence, "refused") == 0)
        buf_str(out, "refused unprocessed");
    else if (a->outcome == RT_UNKNOWN)
        buf_str(out, "in doubt");
    else {
        buf_str(out, rt_outcome_name(a->outcome));
        tell_reason(a->code, a->raw_code, out);
    }
    if (a->why[0] != '\0' && strcmp(a->why, "answered") != 0)
        buf_fmt(out, ", %s", a->why);
    if (a->copies > 1)
        buf_fmt(out, ", sent %u times", a->copies);
    if (a->took_ms > 0) {
        buf_str(out, ", ");
        px_story_span(a->took_ms, out);
    }
}

static void tell_event(const struct px_event *e, struct buf *out)
{
    if (strcmp(e->what, "resumed") == 0)
        buf_str(out, "taken up again: its client asked once more");
    else if (strcmp(e->what, "claimed") == 0)
        buf_str(out, "taken up again by reconciliation");
    else if (strcmp(e->what, "begun_again") == 0)
        buf_fmt(out, "begun again, nothing had been sent (it was %s)", e->text);
    else
        buf_fmt(out, "%s: %s", e->what, e->text);
}

static void tell_operation(const struct px_record *o, bool end, struct buf *out)
{
    buf_fmt(out, "%s %s ", rt_op_name(o->op), o->id);
    put_money(o, o->amount.minor, out);
    if (!end) {
        buf_fmt(out, " begun at %s", provider_of(o));
        return;
    }
    buf_fmt(out, ": %s",
            o->standing == PX_NEVER_SENT ? "never left us" : rt_outcome_name(o->outcome));
    tell_reason(o->code, "", out);
}

static void tell_moment(const struct px_record *r, const struct moment *m, struct buf *out)
{
    buf_str(out, "  ");
    px_story_time(m->at_ms, out);
    buf_str(out, "  ");
    if (m->attempt != NULL && m->end)
        tell_attempt_end(m->attempt, out);
    else if (m->attempt != NULL)
        buf_fmt(out, "attempt %u at %s promised (%s)", m->attempt->leg + 1U, m->attempt->provider,
                m->attempt->ref);
    else if (m->operation != NULL)
        tell_operation(m->operation, m->end, out);
    else if (m->event != NULL)
        tell_event(m->event, out);
    else
        buf_fmt(out, "accepted from %s (Idempotency-Key %s)", r->merchant, r->key);
    buf_byte(out, '\n');
}

static const char *headline_of(const struct px_record *r)
{
    if (r->standing == PX_NEVER_SENT)
        return "NOT SENT";
    if (r->standing == PX_OPEN)
        return r->owned ? "BEING ASKED" : "OPEN";
    switch (r->outcome) {
    case RT_UNKNOWN: return "IN DOUBT";
    case RT_APPROVED: return "APPROVED";
    case RT_DECLINED: return "DECLINED";
    case RT_ACTION_REQUIRED: return "ACTION REQUIRED";
    case RT_PENDING: return "PENDING";
    case RT_ERROR: return "NOT EXECUTED";
    case RT_INFO: return "UNCHANGED";
    }
    return "";
}

static void tell_head(const struct px_record *r, struct buf *out)
{
    buf_fmt(out, "Payment %s  ", r->id);
    put_money(r, r->amount.minor, out);
    if (r->last4[0] != '\0')
        buf_fmt(out, "  %s \xe2\x80\xa2\xe2\x80\xa2 %s", rt_brand_name(r->brand), r->last4);
    buf_fmt(out, "  \xe2\x86\x92 %s", headline_of(r));
    if (r->standing != PX_NEVER_SENT)
        buf_fmt(out, " at %s", provider_of(r));
    if (r->standing == PX_SETTLED) {
        buf_str(out, ", ");
        buf_str(out, rt_state_name(r->state));
    }
    buf_str(out, "\n  begun ");
    px_story_moment(r->created_ms, out);
    if (r->order[0] != '\0')
        buf_fmt(out, ", order %s", r->order);
    buf_byte(out, '\n');
}

void px_story_tell(const struct px_journal_letter *l, struct buf *out)
{
    struct timeline *t = calloc(1, sizeof *t);

    CHECK(t != NULL);
    tell_head(&l->record, out);
    collect(l, t);
    for (unsigned i = 0; i < t->n; i++)
        tell_moment(&l->record, &t->moment[i], out);
    free(t);
    px_story_verdict(&l->record, l->list, l->lists, out);
    buf_byte(out, '\n');
}
