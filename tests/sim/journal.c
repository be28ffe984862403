/* tests/sim/journal.c -- one record, its owner and its fence; slow, down at times, never forgetful.
 */
#include "routing/base/check.h"
#include "tests/sim/sim.h"

const char *said_name(enum said s)
{
    static const char *const name[] = {
        "down", "ok", "ours", "resumed", "taken", "done", "fenced"
    };

    return name[s];
}

static const char *call_name(enum call c)
{
    static const char *const name[] = { "begin", "claim", "next", "settle" };

    return name[c];
}

void send_letter(struct world *w, unsigned process, unsigned voyage, enum call call,
                 const struct rt_command *c)
{
    const struct voyage *v = &w->process[process].voyage[voyage];
    unsigned n = w->letters++ % LETTERS;

    w->letter[n] = (struct letter){ .call = call,
                                    .process = (uint8_t)process,
                                    .voyage = (uint8_t)voyage,
                                    .epoch = w->process[process].epoch,
                                    .serial = v->serial,
                                    .fence = v->fence,
                                    .id_known = v->id_known };
    if (c != NULL) {
        w->letter[n].leg = c->leg;
        w->letter[n].outcome = c->outcome;
        w->letter[n].not_sent = c->not_sent;
    }
    note(w, "%c to journal: %s", 'A' + (char)process, call_name(call));
    plan(w, between(w, MS, 50 * MS), HAP_LETTER_COMMITS, 0, n, 0); /* group commit */
}

static bool is_owned(const struct world *w)
{
    const struct record *r = &w->record;
    const struct process *p = &w->process[r->owner];

    if (!r->owned)
        return false;
    if (w->sky.embedded)
        return p->up && p->epoch == r->epoch;
    return w->now_ns - r->written_ns < w->sky.lease_ns;
}

static void own(struct world *w, const struct letter *l)
{
    struct record *r = &w->record;

    r->owned = true;
    r->owner = l->process;
    r->epoch = l->epoch;
    r->fence = ++w->fences;
    r->written_ns = w->now_ns;
}

static enum said take_over(struct world *w, const struct letter *l)
{
    if (is_owned(w))
        return SAID_TAKEN;
    own(w, l);
    w->tally->takeovers++;
    return SAID_RESUMED;
}

/* The customer asks again; what was said of the last time is past. */
static void begin_a_life(struct world *w)
{
    if (w->told == TOLD_NO)
        w->told = TOLD_NOTHING;
}

static enum said begin(struct world *w, struct letter *l)
{
    struct record *r = &w->record;

    switch (r->standing) {
    case ST_NONE:
        begin_a_life(w);
        *r = (struct record){ .standing = ST_OPEN, .created_ns = w->now_ns, .life = 1 };
        own(w, l);
        return SAID_OURS;
    case ST_OPEN:
    case ST_PENDING: return take_over(w, l);
    case ST_SETTLED: return SAID_DONE;
    case ST_NOT_SENT: break;
    }
    l->reopened = true;
    w->tally->reopened++;
    begin_a_life(w);
    if (w->told == TOLD_NO)
        w->told =
            TOLD_NOTHING; /* the customer asks again; what was said of the last time is past */
    *r = (struct record){ .standing = ST_OPEN, .created_ns = r->created_ns, .life = r->life + 1 };
    own(w, l);
    return SAID_OURS;
}

static enum said claim(struct world *w, const struct letter *l)
{
    if (w->record.standing != ST_OPEN && w->record.standing != ST_PENDING)
        return SAID_TAKEN;
    return take_over(w, l);
}

static bool is_fenced(const struct world *w, const struct letter *l)
{
    return !broken(w, BREAK_FENCE) && w->record.fence != l->fence;
}

static enum said next(struct world *w, const struct letter *l)
{
    struct record *r = &w->record;

    if (is_fenced(w, l))
        return SAID_FENCED;
    if (w->broken == BREAK_NONE)
        CHECK(l->leg == r->leg + 1);
    r->leg = l->leg;
    r->outcome = RT_UNKNOWN;
    r->id_known = false;
    r->written_ns = w->now_ns;
    return SAID_OK;
}

static void check_settled(struct world *w, const struct letter *l)
{
    bool no = l->outcome == RT_DECLINED || l->outcome == RT_ERROR;

    if (no && charges(w) > 0)
        harm(w, "lost: the journal is told a no while a charge stands");
    if (l->outcome == RT_APPROVED && charges(w) == 0)
        harm(w, "phantom: the journal is told of an approval that no provider gave");
    for (unsigned i = 0; i < w->providers && l->not_sent; i++) {
        const struct provider *p = &w->provider[i];

        if (p->accepted || (p->declined && p->terms.remembers_declines))
            harm(w, "untrue: called not sent, and a provider had executed it");
    }
}

static enum said settle(struct world *w, const struct letter *l)
{
    struct record *r = &w->record;
    bool pending = l->outcome == RT_UNKNOWN || l->outcome == RT_PENDING;

    if (is_fenced(w, l) || (l->leg != r->leg && !broken(w, BREAK_FENCE)))
        return SAID_FENCED;
    r->standing = l->not_sent ? ST_NOT_SENT : pending ? ST_PENDING : ST_SETTLED;
    r->outcome = l->outcome;
    r->not_sent = l->not_sent;
    r->id_known = r->id_known || l->id_known;
    r->owned = false;
    r->written_ns = w->now_ns;
    check_settled(w, l);
    return SAID_OK;
}

static enum said apply(struct world *w, struct letter *l)
{
    if (broken(w, BREAK_PROMISE) && l->call != CALL_SETTLE && l->call != CALL_CLAIM)
        return l->call == CALL_BEGIN ? SAID_OURS : SAID_OK;
    switch (l->call) {
    case CALL_BEGIN: return begin(w, l);
    case CALL_CLAIM: return claim(w, l);
    case CALL_NEXT: return next(w, l);
    case CALL_SETTLE: return settle(w, l);
    }
    return SAID_DOWN;
}

void letter_commits(struct world *w, unsigned n)
{
    struct letter *l = &w->letter[n];
    const struct process *p = &w->process[l->process];
    bool orphan = !p->up || p->epoch != l->epoch;
    bool writes = l->call == CALL_NEXT || l->call == CALL_SETTLE;

    if (orphan && (w->sky.embedded || chance(w, 500)))
        return; /* it died with its process */
    l->said = w->journal_down ? SAID_DOWN : apply(w, l);
    note(w, "journal to %c: %s %s (leg %d, fence %u)", 'A' + (char)l->process, call_name(l->call),
         said_name(l->said), w->record.leg, (unsigned)w->record.fence);
    l->found = w->record;
    if (writes && l->said == SAID_OK && chance(w, w->sky.ambiguous)) {
        note(w, "... but %c hears that it is down", 'A' + (char)l->process);
        l->said = SAID_DOWN;
    }
    plan(w, between(w, MS / 10, 10 * MS), HAP_LETTER_BACK, 0, n, 0);
}
