/* tests/sim/worker.c -- the shell as proxy/payment.c is one: feeds the flight, does what it says.
 */
#include "routing/base/check.h"
#include "tests/sim/sim.h"

enum { NOBODY = -1 };

static struct voyage *voyage_of(struct world *w, unsigned process, unsigned voyage)
{
    return &w->process[process].voyage[voyage];
}

static int new_voyage(struct world *w, unsigned process)
{
    for (int i = 0; i < VOYAGES; i++) {
        struct voyage *v = voyage_of(w, process, (unsigned)i);

        if (!v->on) {
            *v = (struct voyage){ .on = true, .serial = ++w->serials, .asked_ns = w->now_ns };
            return i;
        }
    }
    return NOBODY;
}

struct voyage *sender_of(struct world *w, const struct copy *c)
{
    struct voyage *v = voyage_of(w, c->process, c->voyage);

    if (!v->on || !v->flying || v->serial != c->serial || rt_flight_leg(&v->flight) != c->leg)
        return NULL;
    return v;
}

/* --- the customer --- */

void customer_asks(struct world *w, unsigned process)
{
    struct process *p = &w->process[process];
    unsigned next;
    int n;

    if (w->tries_left == 0 || (w->told == TOLD_YES && chance(w, 700)) ||
        (w->told == TOLD_NO && chance(w, 400)))
        return;
    w->tries_left--;
    next = (unsigned)below(w, PROCESSES);
    plan(w, between(w, 100 * MS, w->window_ns * 3 / 2), HAP_CUSTOMER_ASKS, next, 0, 0);
    if (!p->up || (n = new_voyage(w, process)) == NOBODY)
        return; /* connection refused, or 503 before anything happened */
    note(w, "the customer asks %c", 'A' + (char)process);
    p->voyage[n].waited_for = true;
    p->voyage[n].asked_before = w->asked_before;
    w->asked_before = true;
    send_letter(w, process, (unsigned)n, CALL_BEGIN, NULL);
    if (chance(w, w->sky.impatient))
        plan(w, between(w, MS, 20 * S), HAP_CUSTOMER_LEAVES, process, (unsigned)n,
             p->voyage[n].serial);
}

void customer_leaves(struct world *w, unsigned process, unsigned voyage, uint32_t serial)
{
    struct voyage *v = voyage_of(w, process, voyage);

    if (!v->on || !v->flying || v->serial != serial)
        return;
    w->tally->impatient++;
    note(w, "the customer loses patience with %c", 'A' + (char)process);
    feed(w, process, voyage, &(struct rt_event){ .kind = RT_EV_IMPATIENT });
}

static enum told told_of(enum rt_outcome o)
{
    switch (o) {
    case RT_APPROVED:
    case RT_ACTION_REQUIRED:
    case RT_PENDING: return TOLD_YES;
    case RT_DECLINED:
    case RT_ERROR: return TOLD_NO;
    case RT_UNKNOWN:
    case RT_INFO: break;
    }
    return TOLD_UNKNOWN;
}

/* --- what a flight commands --- */

static void check_promised(const struct world *w, const struct voyage *v,
                           const struct rt_command *c)
{
    if (w->broken != BREAK_NONE)
        return;
    CHECK(w->record.standing != ST_NONE);
    CHECK(w->record.fence > v->fence || w->record.leg == c->leg);
}

static void answer(struct world *w, const struct voyage *v, const struct rt_command *c,
                   const struct rt_event *ev)
{
    enum rt_outcome o = c->outcome;

    if (ev->kind == RT_EV_SETTLE_LOST || ev->kind == RT_EV_IMPATIENT)
        w->tally->early_answers++;
    if (broken(w, BREAK_TELL) && ev->kind == RT_EV_SETTLE_LOST)
        o = v->flight.outcome_;
    if (o == RT_APPROVED && charges(w) == 0)
        harm(w, "phantom: the customer is told of an approval that no provider gave");
    /* It was true of a life of the payment that ended; the customer has begun another since. */
    if (told_of(o) == TOLD_NO && v->life != w->record.life)
        return;
    /* "Not sent" from a journal that is down speaks of this try, not of an earlier one: a customer
     * who had asked before knows no more than before. */
    if (ev->kind == RT_EV_PROMISE_LOST && c->not_sent && v->asked_before)
        return;
    tell(w, told_of(o), rt_outcome_name(o));
}

static void settle(struct world *w, unsigned process, unsigned voyage, struct rt_command c)
{
    if (broken(w, BREAK_SETTLE) && c.outcome == RT_UNKNOWN)
        c.outcome = RT_DECLINED;
    send_letter(w, process, voyage, CALL_SETTLE, &c);
}

static void execute(struct world *w, unsigned process, unsigned n, struct rt_command c,
                    const struct rt_event *ev)
{
    struct voyage *v = voyage_of(w, process, n);
    uint32_t serial = v->serial;

    if (c.wait_ms > 0)
        plan(w, c.wait_ms * MS, HAP_TIMER, process, n, serial);
    switch (c.kind) {
    case RT_DO_NOTHING: break;
    case RT_DO_PROMISE:
        w->tally->moves++;
        send_letter(w, process, n, CALL_NEXT, &c);
        break;
    case RT_DO_ASK:
        check_promised(w, v, &c);
        w->tally->repeats += c.copy > 1;
        v->id_known = c.copy > 1 && v->id_known;
        send_copy(w, process, n, c.leg);
        break;
    case RT_DO_INQUIRE: send_inquiry(w, process, n, c.leg); break;
    case RT_DO_SETTLE: settle(w, process, n, c); break;
    case RT_DO_ANSWER: answer(w, v, &c, ev); break;
    case RT_DO_STOP:
        w->tally->fenced++;
        if (v->waited_for)
            tell(w, TOLD_UNKNOWN, "fenced");
        break;
    }
    if (v->serial == serial && rt_flight_landed(&v->flight))
        v->on = false;
}

void feed(struct world *w, unsigned process, unsigned n, const struct rt_event *ev)
{
    struct voyage *v = voyage_of(w, process, n);
    enum rt_stage was = rt_flight_stage(&v->flight);
    struct rt_command c;

    if (broken(w, BREAK_SOLE))
        v->flight.exposed_ = false;
    w->tally->met[was][ev->kind]++;
    w->tally->settle_lost += ev->kind == RT_EV_SETTLE_LOST;
    w->tally->promise_lost += ev->kind == RT_EV_PROMISE_LOST;
    c = rt_flight_step(&v->flight, ev, w->now_ns);
    note(w, "%c flight, leg %u: %s, %s -> %s %s%s, %s", 'A' + (char)process,
         rt_flight_leg(&v->flight), rt_stage_name(was), rt_event_name(ev->kind),
         rt_command_name(c.kind),
         c.kind == RT_DO_SETTLE || c.kind == RT_DO_ANSWER ? rt_outcome_name(c.outcome) : "",
         c.not_sent ? " (not sent)" : "", rt_stage_name(rt_flight_stage(&v->flight)));
    execute(w, process, n, c, ev);
}

static void feed_kind(struct world *w, unsigned process, unsigned n, enum rt_event_kind kind)
{
    feed(w, process, n, &(struct rt_event){ .kind = kind });
}

void timer(struct world *w, unsigned process, unsigned n, uint32_t serial)
{
    struct voyage *v = voyage_of(w, process, n);

    if (v->on && v->flying && v->serial == serial)
        feed_kind(w, process, n, RT_EV_TIMER);
}

/* --- beginnings --- */

static void terms_of(const struct world *w, struct rt_promises terms[PROVIDERS])
{
    for (unsigned i = 0; i < w->providers; i++) {
        terms[i] = w->provider[i].terms;
        if (broken(w, BREAK_CLEAN))
            terms[i].refuses_cleanly = true;
        if (broken(w, BREAK_UNSTORED) && terms[i].keeps_keys_s > 0)
            terms[i].repeat_after_5xx = true;
        if (broken(w, BREAK_WINDOW))
            terms[i].keeps_keys_s *= 1000;
    }
}

static void take_off(struct world *w, unsigned process, unsigned n, const struct letter *l)
{
    struct voyage *v = voyage_of(w, process, n);
    struct rt_promises terms[PROVIDERS];
    int64_t age_ns = v->asked_ns - l->found.created_ns;

    terms_of(w, terms);
    v->flying = true;
    v->fence = l->found.fence;
    v->life = l->found.life;
    if (l->reopened && !broken(w, BREAK_AGED))
        rt_flight_reopen(&v->flight, &w->rules, terms, w->providers, age_ns, v->asked_ns);
    else
        rt_flight_begin(&v->flight, &w->rules, terms, w->providers, v->asked_ns);
    feed_kind(w, process, n, l->said == SAID_DOWN ? RT_EV_PROMISE_LOST : RT_EV_PROMISED);
}

static void resume(struct world *w, unsigned process, unsigned n, const struct letter *l)
{
    struct voyage *v = voyage_of(w, process, n);
    struct rt_promises terms[PROVIDERS];
    struct rt_resumption what = { .leg = l->found.leg,
                                  .age_ns = w->now_ns - l->found.created_ns,
                                  .known = l->found.outcome,
                                  .id_known = l->found.id_known,
                                  .answered = v->reconciling,
                                  .inquire_only = v->reconciling && !w->sky.rebuild };

    if (broken(w, BREAK_TAKEOVER)) {
        take_off(w, process, n, l);
        return;
    }
    if (broken(w, BREAK_AGED))
        what.age_ns = 0;
    terms_of(w, terms);
    v->flying = true;
    v->fence = l->found.fence;
    v->life = l->found.life;
    v->id_known = what.id_known;
    rt_flight_resume(&v->flight, &w->rules, terms, w->providers, &what, w->now_ns);
    feed_kind(w, process, n, RT_EV_PROMISED);
}

static void replay(struct world *w, struct voyage *v, const struct record *r)
{
    v->on = false;
    if (v->waited_for)
        tell(w, told_of(r->outcome), "from the journal");
}

static void begin_said(struct world *w, unsigned n, const struct letter *l)
{
    struct voyage *v = voyage_of(w, l->process, n);

    switch (l->said) {
    case SAID_OURS: take_off(w, l->process, n, l); return;
    case SAID_RESUMED: resume(w, l->process, n, l); return;
    case SAID_DONE: replay(w, v, &l->found); return;
    case SAID_DOWN:
        if (!v->reconciling) {
            take_off(w, l->process, n, l);
            return;
        }
        break;
    case SAID_OK:
    case SAID_TAKEN:
    case SAID_FENCED: break;
    }
    v->on = false; /* 409 */
}

void letter_back(struct world *w, unsigned letter)
{
    const struct letter *l = &w->letter[letter];
    unsigned n = l->voyage;
    struct voyage *v = voyage_of(w, l->process, n);

    if (!v->on || v->serial != l->serial || !w->process[l->process].up)
        return;
    if (!v->flying) {
        begin_said(w, n, l);
        return;
    }
    switch (l->said) {
    case SAID_OK:
        feed_kind(w, l->process, n, l->call == CALL_SETTLE ? RT_EV_SETTLED : RT_EV_PROMISED);
        return;
    case SAID_FENCED: feed_kind(w, l->process, n, RT_EV_FENCED); return;
    case SAID_DOWN:
    case SAID_OURS:
    case SAID_RESUMED:
    case SAID_TAKEN:
    case SAID_DONE: break;
    }
    feed_kind(w, l->process, n, l->call == CALL_SETTLE ? RT_EV_SETTLE_LOST : RT_EV_PROMISE_LOST);
}

void reconcile(struct world *w, unsigned process)
{
    struct process *p = &w->process[process];
    int n;

    if (!p->up || (w->record.standing != ST_OPEN && w->record.standing != ST_PENDING) ||
        (n = new_voyage(w, process)) == NOBODY)
        return;
    note(w, "%c reconciles", 'A' + (char)process);
    p->voyage[n].reconciling = true;
    send_letter(w, process, (unsigned)n, CALL_CLAIM, NULL);
}

void crash(struct world *w, unsigned process)
{
    struct process *p = &w->process[process];

    if (!p->up)
        return;
    note(w, "%c crashes", 'A' + (char)process);
    w->tally->crashes++;
    p->up = false;
    p->asleep_until_ns = 0;
    for (unsigned i = 0; i < VOYAGES; i++)
        p->voyage[i].on = false;
    if (broken(w, BREAK_KEEP)) {
        note(w, "the journal forgets");
        w->record = (struct record){ .standing = ST_NONE };
    }
    plan(w, between(w, 10 * MS, 30 * S), HAP_RESTART, process, 0, 0);
}
