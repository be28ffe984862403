/* routing/flight.c -- the interlocking. docs/one-charge.md says why; tests/model proves the laws
 * needed and enough; tests/sim drives this file through the same world. */
#include "routing/flight.h"

#include <string.h>

#include "routing/base/check.h"

enum { WINDOW_PARTS = 5, PAUSE_DOUBLINGS = 3, PAUSE_FIRST_MAX_MS = 60 * 60 * 1000 };
static const int64_t SECOND_NS = INT64_C(1000000000);

/* --- what the state allows --- */

static const struct rt_promises *terms_of(const struct rt_flight *f)
{
    return &f->terms_[f->leg_];
}

/* May this provider ever see a second copy? Only if it binds whatever it did, also a 5xx that we
 * may not have seen, to our key. */
static bool takes_copies(const struct rt_promises *t)
{
    return t->keeps_keys_s >= WINDOW_PARTS && t->repeat_after_5xx;
}

/* The last fifth of the window is left to copies that are late on the wire. */
static bool window_open(const struct rt_flight *f, int64_t since_ns, int64_t now_ns)
{
    return (now_ns - since_ns) / SECOND_NS <
           terms_of(f)->keeps_keys_s / WINDOW_PARTS * (WINDOW_PARTS - 1);
}

/* We promised this leg and slept since. If somebody who replaced us could have sent a copy, its key
 * may be forgotten by now, and ours would be a second charge. */
static bool overslept(const struct rt_flight *f, int64_t now_ns)
{
    return takes_copies(terms_of(f)) && !window_open(f, f->leg_ns_, now_ns);
}

static bool can_repeat(const struct rt_flight *f, int64_t now_ns)
{
    return takes_copies(terms_of(f)) && window_open(f, f->keys_ns_, now_ns) && !f->no_repeat_ &&
           f->copies_ < f->rules_.copies_max;
}

static bool can_inquire(const struct rt_flight *f)
{
    bool found = terms_of(f)->finds_by_reference || (terms_of(f)->finds_by_id && f->id_known_);

    return found && f->inquiries_ < f->rules_.copies_max;
}

/* --- commands --- */

static struct rt_command command(const struct rt_flight *f, enum rt_command_kind kind)
{
    return (struct rt_command){ .kind = kind, .leg = f->leg_, .from = f->leg_ };
}

static struct rt_command nothing(const struct rt_flight *f)
{
    return command(f, RT_DO_NOTHING);
}

static int32_t pause_ms(struct rt_flight *f)
{
    int32_t ms = f->rules_.repeat_first_ms << f->pauses_;

    if (f->pauses_ < PAUSE_DOUBLINGS)
        f->pauses_++;
    return ms;
}

static struct rt_command ask(struct rt_flight *f)
{
    struct rt_command c;

    f->exposed_ = f->exposed_ || f->copies_ > 0;
    f->copies_++;
    f->stage_ = RT_AT_ASKING;
    c = command(f, RT_DO_ASK);
    c.copy = f->copies_;
    return c;
}

static struct rt_command inquire(struct rt_flight *f)
{
    f->inquiries_++;
    f->stage_ = RT_AT_INQUIRING;
    return command(f, RT_DO_INQUIRE);
}

/* An attempt that executed something leaves another outcome than RT_ERROR: see closed(). */
static bool is_not_sent(const struct rt_flight *f)
{
    return f->outcome_ == RT_ERROR && f->whole_;
}

static struct rt_command settle_again(struct rt_flight *f)
{
    struct rt_command c = command(f, RT_DO_SETTLE);

    f->stage_ = RT_AT_SETTLING;
    c.from = f->from_;
    c.outcome = f->outcome_;
    c.not_sent = is_not_sent(f);
    return c;
}

static struct rt_command settle(struct rt_flight *f, enum rt_outcome o, uint8_t from)
{
    f->outcome_ = o;
    f->from_ = from;
    f->pauses_ = 0;
    return settle_again(f);
}

/* Nothing more can be learned now. The record stays listed and reconciliation resumes it. */
static struct rt_command give_up(struct rt_flight *f)
{
    return settle(f, f->live_, f->leg_);
}

static struct rt_command answer(struct rt_flight *f, enum rt_outcome o)
{
    struct rt_command c = command(f, RT_DO_ANSWER);

    f->answered_ = true;
    c.outcome = o;
    return c;
}

/* An answer before the journal holds the outcome: yes, or unknown, never no. A worker that takes
 * over could ask again, or ask the next provider, and hear yes. */
static struct rt_command answer_early(struct rt_flight *f)
{
    switch (f->outcome_) {
    case RT_APPROVED:
    case RT_ACTION_REQUIRED:
    case RT_PENDING: return answer(f, f->outcome_);
    case RT_UNKNOWN:
    case RT_DECLINED:
    case RT_ERROR:
    case RT_INFO: break;
    }
    return answer(f, RT_UNKNOWN);
}

static struct rt_command stop(struct rt_flight *f)
{
    f->stage_ = RT_AT_LANDED;
    f->answered_ = true;
    return command(f, RT_DO_STOP);
}

static struct rt_command impatient(struct rt_flight *f)
{
    return f->answered_ ? nothing(f) : answer_early(f);
}

/* --- an attempt that closed without a charge --- */

static struct rt_command promise_next(struct rt_flight *f, int64_t now_ns)
{
    struct rt_command c = command(f, RT_DO_PROMISE);

    f->stage_ = RT_AT_PROMISING;
    f->leg_ns_ = now_ns;
    c.leg = (uint8_t)(f->leg_ + 1);
    return c;
}

static bool may_open(const struct rt_flight *f, int64_t now_ns)
{
    return f->leg_ + 1 < f->legs_ && now_ns - f->begun_ns_ < f->rules_.within_ns;
}

static struct rt_command closed(struct rt_flight *f, enum rt_outcome o, bool move, int64_t now_ns)
{
    if (o == RT_DECLINED || f->no_ != RT_DECLINED) {
        f->no_ = o;
        f->no_leg_ = f->leg_;
    }
    if (move && may_open(f, now_ns))
        return promise_next(f, now_ns);
    return settle(f, f->no_, f->no_leg_);
}

/* --- an attempt in doubt --- */

static struct rt_command try_again(struct rt_flight *f, int64_t now_ns)
{
    if (can_repeat(f, now_ns))
        return ask(f);
    if (can_inquire(f))
        return inquire(f);
    return give_up(f);
}

static struct rt_command doubt(struct rt_flight *f, int32_t least_ms, int64_t now_ns)
{
    struct rt_command c = nothing(f);

    if (least_ms > f->rules_.repeat_first_ms << PAUSE_DOUBLINGS)
        return give_up(f);
    if (!can_repeat(f, now_ns) && !can_inquire(f))
        return give_up(f);
    f->stage_ = RT_AT_UNSURE;
    c.wait_ms = pause_ms(f);
    if (c.wait_ms < least_ms)
        c.wait_ms = least_ms;
    return c;
}

/* --- what an answer says --- */

/* Law 2. A "no" closes the attempt if every copy is given it, or if there is no other copy. A
 * refusal that is not bound counts only where the provider documents what it means. */
static bool closes(const struct rt_flight *f, const struct rt_heard *h)
{
    if (h->bound)
        return true;
    if (rt_heard_says(h) == RT_SAYS_NOT_EXECUTED && !terms_of(f)->refuses_cleanly)
        return false;
    return !f->exposed_;
}

/* An inquiry speaks of one execution. We are in doubt, so even the only copy we sent may have been
 * doubled on the way (proxies repeat what they time out on): a decline that is found counts only
 * where every copy is given it, or where the provider had accepted our key for this payment. */
static bool inquiry_closes(const struct rt_flight *f, const struct rt_heard *h)
{
    return h->bound || terms_of(f)->remembers_declines || f->live_ != RT_UNKNOWN;
}

static struct rt_command declined(struct rt_flight *f, const struct rt_heard *h, int64_t now_ns)
{
    bool move = h->retry_other && f->moves_ < f->rules_.moves_max;

    f->moves_ = (uint8_t)(f->moves_ + move);
    return closed(f, RT_DECLINED, move, now_ns);
}

/* An answer that leaves the attempt in doubt, and what it says about repeating. */
static struct rt_command answered_in_doubt(struct rt_flight *f, const struct rt_heard *h,
                                           int64_t now_ns)
{
    switch (h->same_key) {
    case RT_SAME_KEY_NO: f->no_repeat_ = true; break;
    case RT_SAME_KEY_YES:
        /* the second time it is the stored answer, and will be for ever */
        f->no_repeat_ = f->no_repeat_ || f->heard_5xx_;
        f->heard_5xx_ = true;
        break;
    case RT_SAME_KEY_AFTER_WAIT: break; /* still at work on an earlier copy */
    }
    f->no_repeat_ = f->no_repeat_ || h->inquire_first;
    return doubt(f, h->retry_after_ms, now_ns);
}

static struct rt_command answered(struct rt_flight *f, const struct rt_heard *h, int64_t now_ns)
{
    f->id_known_ = f->id_known_ || h->id_known;
    switch (rt_heard_says(h)) {
    case RT_SAYS_YES: return settle(f, h->outcome, f->leg_);
    case RT_SAYS_DECLINED:
        if (closes(f, h))
            return declined(f, h, now_ns);
        f->no_repeat_ = true; /* a repeat could not close it, only ask the issuer once more */
        return doubt(f, 0, now_ns);
    case RT_SAYS_NOT_EXECUTED:
        if (closes(f, h))
            return closed(f, RT_ERROR, h->retry_other, now_ns);
        return doubt(f, h->retry_after_ms, now_ns);
    case RT_SAYS_NOTHING: break;
    }
    return answered_in_doubt(f, h, now_ns);
}

/* The answer of a copy that was given up. It may decide; it may not add to the doubt. */
static struct rt_command answered_late(struct rt_flight *f, const struct rt_heard *h,
                                       int64_t now_ns)
{
    switch (rt_heard_says(h)) {
    case RT_SAYS_YES: return answered(f, h, now_ns);
    case RT_SAYS_DECLINED:
    case RT_SAYS_NOT_EXECUTED: return closes(f, h) ? answered(f, h, now_ns) : nothing(f);
    case RT_SAYS_NOTHING: break;
    }
    return nothing(f);
}

/* Law 3: finding nothing, or being refused the look, proves nothing about the attempt. */
static struct rt_command inquired(struct rt_flight *f, const struct rt_heard *h, int64_t now_ns)
{
    f->id_known_ = f->id_known_ || h->id_known;
    switch (h->inconclusive ? RT_SAYS_NOTHING : rt_heard_says(h)) {
    case RT_SAYS_YES: return settle(f, h->outcome, f->leg_);
    case RT_SAYS_DECLINED:
        if (inquiry_closes(f, h))
            return declined(f, h, now_ns);
        f->no_repeat_ = true;
        break;
    case RT_SAYS_NOT_EXECUTED:
    case RT_SAYS_NOTHING: break;
    }
    return doubt(f, h->retry_after_ms, now_ns);
}

/* N0, N1: this copy was not processed. That closes the attempt unless there is another one. */
static struct rt_command unprocessed(struct rt_flight *f, bool move, int64_t now_ns)
{
    if (f->exposed_)
        return doubt(f, 0, now_ns);
    return closed(f, RT_ERROR, move, now_ns);
}

/* --- what the journal says --- */

static void enter_next_leg(struct rt_flight *f)
{
    f->leg_++;
    f->copies_ = f->inquiries_ = f->pauses_ = 0;
    f->exposed_ = f->no_repeat_ = f->heard_5xx_ = f->id_known_ = false;
    f->live_ = RT_UNKNOWN;
}

static struct rt_command promised(struct rt_flight *f, int64_t now_ns)
{
    f->promised_++;
    if (f->promised_ > 1)
        enter_next_leg(f);
    f->exposed_ = f->exposed_ || overslept(f, now_ns);
    return f->exposed_ ? try_again(f, now_ns) : ask(f); /* exposed: taken over, or overslept */
}

/* The first leg: nothing has left and the journal knows nothing, or (resumed) the record is no
 * business of ours. A later leg: the earlier ones are closed, and what they said is the outcome. */
static struct rt_command promise_lost(struct rt_flight *f)
{
    struct rt_command c;

    if (f->promised_ > 0)
        return settle(f, f->no_, f->no_leg_);
    f->stage_ = RT_AT_LANDED;
    if (f->answered_)
        return nothing(f);
    c = answer(f, f->exposed_ ? RT_UNKNOWN : RT_ERROR);
    c.not_sent = !f->exposed_;
    return c;
}

static struct rt_command settled(struct rt_flight *f)
{
    struct rt_command c;

    f->stage_ = RT_AT_LANDED;
    if (f->answered_)
        return nothing(f);
    c = answer(f, f->outcome_);
    c.from = f->from_;
    c.not_sent = is_not_sent(f);
    return c;
}

static struct rt_command settle_lost(struct rt_flight *f)
{
    struct rt_command c;

    f->stage_ = RT_AT_OWING;
    c = f->answered_ ? nothing(f) : answer_early(f);
    c.wait_ms = pause_ms(f);
    return c;
}

/* --- stage by stage, event by event --- */

static struct rt_command at_promising(struct rt_flight *f, const struct rt_event *ev,
                                      int64_t now_ns)
{
    switch (ev->kind) {
    case RT_EV_PROMISED: return promised(f, now_ns);
    case RT_EV_PROMISE_LOST: return promise_lost(f);
    case RT_EV_FENCED: return stop(f);
    case RT_EV_IMPATIENT: return impatient(f);
    case RT_EV_NOT_SENT:
    case RT_EV_REFUSED:
    case RT_EV_ANSWERED:
    case RT_EV_IN_DOUBT:
    case RT_EV_INQUIRED:
    case RT_EV_TIMER:
    case RT_EV_SETTLED:
    case RT_EV_SETTLE_LOST:
    case RT_EVENTS_: break;
    }
    return nothing(f);
}

static struct rt_command at_asking(struct rt_flight *f, const struct rt_event *ev, int64_t now_ns)
{
    bool first_refusal = !f->refused_;

    switch (ev->kind) {
    case RT_EV_NOT_SENT: return unprocessed(f, true, now_ns);
    case RT_EV_REFUSED: f->refused_ = true; return unprocessed(f, first_refusal, now_ns);
    case RT_EV_ANSWERED: return answered(f, &ev->heard, now_ns);
    case RT_EV_IN_DOUBT: return doubt(f, 0, now_ns);
    case RT_EV_FENCED: return stop(f);
    case RT_EV_IMPATIENT: return impatient(f);
    case RT_EV_PROMISED:
    case RT_EV_PROMISE_LOST:
    case RT_EV_INQUIRED:
    case RT_EV_TIMER:
    case RT_EV_SETTLED:
    case RT_EV_SETTLE_LOST:
    case RT_EVENTS_: break;
    }
    return nothing(f);
}

static struct rt_command at_unsure(struct rt_flight *f, const struct rt_event *ev, int64_t now_ns)
{
    switch (ev->kind) {
    case RT_EV_TIMER: return try_again(f, now_ns);
    case RT_EV_ANSWERED: return answered_late(f, &ev->heard, now_ns);
    case RT_EV_FENCED: return stop(f);
    case RT_EV_IMPATIENT: return impatient(f);
    case RT_EV_PROMISED:
    case RT_EV_PROMISE_LOST:
    case RT_EV_NOT_SENT:
    case RT_EV_REFUSED:
    case RT_EV_IN_DOUBT:
    case RT_EV_INQUIRED:
    case RT_EV_SETTLED:
    case RT_EV_SETTLE_LOST:
    case RT_EVENTS_: break;
    }
    return nothing(f);
}

static struct rt_command at_inquiring(struct rt_flight *f, const struct rt_event *ev,
                                      int64_t now_ns)
{
    switch (ev->kind) {
    case RT_EV_INQUIRED: return inquired(f, &ev->heard, now_ns);
    case RT_EV_ANSWERED: return answered_late(f, &ev->heard, now_ns);
    case RT_EV_FENCED: return stop(f);
    case RT_EV_IMPATIENT: return impatient(f);
    case RT_EV_PROMISED:
    case RT_EV_PROMISE_LOST:
    case RT_EV_NOT_SENT:
    case RT_EV_REFUSED:
    case RT_EV_IN_DOUBT:
    case RT_EV_TIMER:
    case RT_EV_SETTLED:
    case RT_EV_SETTLE_LOST:
    case RT_EVENTS_: break;
    }
    return nothing(f);
}

static struct rt_command at_settling(struct rt_flight *f, const struct rt_event *ev)
{
    switch (ev->kind) {
    case RT_EV_SETTLED: return settled(f);
    case RT_EV_SETTLE_LOST: return settle_lost(f);
    case RT_EV_FENCED: return stop(f);
    case RT_EV_IMPATIENT: return impatient(f);
    case RT_EV_PROMISED:
    case RT_EV_PROMISE_LOST:
    case RT_EV_NOT_SENT:
    case RT_EV_REFUSED:
    case RT_EV_ANSWERED:
    case RT_EV_IN_DOUBT:
    case RT_EV_INQUIRED:
    case RT_EV_TIMER:
    case RT_EVENTS_: break;
    }
    return nothing(f);
}

static struct rt_command at_owing(struct rt_flight *f, const struct rt_event *ev)
{
    switch (ev->kind) {
    case RT_EV_TIMER: return settle_again(f);
    case RT_EV_FENCED: return stop(f);
    case RT_EV_PROMISED:
    case RT_EV_PROMISE_LOST:
    case RT_EV_NOT_SENT:
    case RT_EV_REFUSED:
    case RT_EV_ANSWERED:
    case RT_EV_IN_DOUBT:
    case RT_EV_INQUIRED:
    case RT_EV_IMPATIENT:
    case RT_EV_SETTLED:
    case RT_EV_SETTLE_LOST:
    case RT_EVENTS_: break;
    }
    return nothing(f);
}

static struct rt_command at_landed(struct rt_flight *f, const struct rt_event *ev)
{
    switch (ev->kind) {
    case RT_EV_FENCED: return stop(f);
    case RT_EV_PROMISED:
    case RT_EV_PROMISE_LOST:
    case RT_EV_NOT_SENT:
    case RT_EV_REFUSED:
    case RT_EV_ANSWERED:
    case RT_EV_IN_DOUBT:
    case RT_EV_INQUIRED:
    case RT_EV_TIMER:
    case RT_EV_IMPATIENT:
    case RT_EV_SETTLED:
    case RT_EV_SETTLE_LOST:
    case RT_EVENTS_: break;
    }
    return nothing(f);
}

struct rt_command rt_flight_step(struct rt_flight *f, const struct rt_event *ev, int64_t now_ns)
{
    CHECK(ev->kind < RT_EVENTS_);
    CHECK(f->leg_ < f->legs_);
    switch (f->stage_) {
    case RT_AT_PROMISING: return at_promising(f, ev, now_ns);
    case RT_AT_ASKING: return at_asking(f, ev, now_ns);
    case RT_AT_UNSURE: return at_unsure(f, ev, now_ns);
    case RT_AT_INQUIRING: return at_inquiring(f, ev, now_ns);
    case RT_AT_SETTLING: return at_settling(f, ev);
    case RT_AT_OWING: return at_owing(f, ev);
    case RT_AT_LANDED: return at_landed(f, ev);
    case RT_STAGES_: break;
    }
    return stop(f);
}

/* --- beginnings --- */

void rt_flight_begin(struct rt_flight *f, const struct rt_flight_rules *rules,
                     const struct rt_promises *terms, unsigned legs, int64_t asked_ns)
{
    CHECK(legs >= 1 && legs <= LIMIT_LEGS);
    CHECK(rules->copies_max >= 1);
    CHECK(rules->repeat_first_ms >= 1 && rules->repeat_first_ms <= PAUSE_FIRST_MAX_MS);
    *f = (struct rt_flight){ .rules_ = *rules,
                             .begun_ns_ = asked_ns,
                             .keys_ns_ = asked_ns,
                             .leg_ns_ = asked_ns,
                             .stage_ = RT_AT_PROMISING,
                             .no_ = RT_ERROR,
                             .legs_ = (uint8_t)legs,
                             .whole_ = true };
    memcpy(f->terms_, terms, legs * sizeof *terms);
}

void rt_flight_reopen(struct rt_flight *f, const struct rt_flight_rules *rules,
                      const struct rt_promises *terms, unsigned legs, int64_t age_ns,
                      int64_t asked_ns)
{
    rt_flight_begin(f, rules, terms, legs, asked_ns);
    f->keys_ns_ = asked_ns - (age_ns > 0 ? age_ns : 0);
}

void rt_flight_resume(struct rt_flight *f, const struct rt_flight_rules *rules,
                      const struct rt_promises *terms, unsigned legs,
                      const struct rt_resumption *what, int64_t now_ns)
{
    bool accepted = what->known == RT_PENDING || what->known == RT_ACTION_REQUIRED;

    CHECK(what->leg < legs);
    rt_flight_reopen(f, rules, terms, legs, what->age_ns, now_ns);
    f->begun_ns_ = f->keys_ns_;
    if (what->inquire_only)
        f->legs_ = (uint8_t)(what->leg + 1);
    f->leg_ = f->no_leg_ = (uint8_t)what->leg;
    f->live_ = accepted ? what->known : RT_UNKNOWN;
    f->exposed_ = true;
    f->no_repeat_ = accepted || what->inquire_only;
    f->id_known_ = what->id_known;
    f->answered_ = what->answered;
    /* how the earlier legs ended is not known: every allowance counts as used once per leg */
    f->moves_ = (uint8_t)what->leg;
    f->refused_ = what->leg > 0;
    f->whole_ = what->leg == 0;
}

bool rt_flight_landed(const struct rt_flight *f)
{
    return f->stage_ == RT_AT_LANDED;
}

enum rt_stage rt_flight_stage(const struct rt_flight *f)
{
    return f->stage_;
}

unsigned rt_flight_leg(const struct rt_flight *f)
{
    return f->leg_;
}
