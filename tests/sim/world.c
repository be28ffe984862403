/* tests/sim/world.c -- time, luck and weather; and the eye that looks for harm. */
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "routing/base/check.h"
#include "routing/base/hash.h"
#include "tests/sim/sim.h"

const char *const mutation_name[MUTATIONS] = {
    "promise", "sole", "bound", "clean", "silence", "unstored", "window", "aged",
    "fence",   "keep", "tell",  "n0",    "n1",      "answer",   "settle", "takeover",
};

/* --- luck --- */

uint64_t below(struct world *w, uint64_t n)
{
    return rng_below(&w->dice, n);
}

bool chance(struct world *w, unsigned permille)
{
    return permille > 0 && below(w, 1000) < permille;
}

int64_t between(struct world *w, int64_t low, int64_t high)
{
    unsigned doublings = 0;

    while (doublings < 40 && low << doublings < high)
        doublings++;
    if (doublings == 0)
        return low;
    low <<= below(w, doublings);
    return low + (int64_t)below(w, (uint64_t)(high - low < low ? high - low : low) + 1);
}

/* --- time: a heap, earliest first --- */

static bool earlier(const struct happening *a, const struct happening *b)
{
    return a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->seq < b->seq;
}

static void swap(struct happening *a, struct happening *b)
{
    struct happening t = *a;

    *a = *b;
    *b = t;
}

static void push(struct world *w, struct happening h)
{
    unsigned i = w->heap_n++;

    CHECK(i < HAPPENINGS);
    h.seq = w->seq++;
    w->heap[i] = h;
    for (; i > 0 && earlier(&w->heap[i], &w->heap[(i - 1) / 2]); i = (i - 1) / 2)
        swap(&w->heap[i], &w->heap[(i - 1) / 2]);
}

static struct happening pop(struct world *w)
{
    struct happening top = w->heap[0];
    unsigned i = 0;

    w->heap[0] = w->heap[--w->heap_n];
    for (;;) {
        unsigned child = 2 * i + 1;

        if (child + 1 < w->heap_n && earlier(&w->heap[child + 1], &w->heap[child]))
            child++;
        if (child >= w->heap_n || !earlier(&w->heap[child], &w->heap[i]))
            return top;
        swap(&w->heap[i], &w->heap[child]);
        i = child;
    }
}

void plan(struct world *w, int64_t in_ns, enum happening_kind kind, unsigned a, unsigned b,
          uint32_t c)
{
    push(w, (struct happening){ .at_ns = w->now_ns + in_ns,
                                .kind = (uint8_t)kind,
                                .a = (uint8_t)a,
                                .b = (uint16_t)b,
                                .c = c });
}

/* --- the eye --- */

void note(const struct world *w, const char *fmt, ...)
{
    va_list ap;

    if (!w->trace)
        return;
    printf("%12.4f s  ", (double)w->now_ns / 1e9);
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    printf("\n");
}

void harm(struct world *w, const char *what)
{
    if (w->harm == NULL)
        w->harm = what;
    note(w, "HARM: %s", what);
}

unsigned charges(const struct world *w)
{
    unsigned n = 0;

    for (unsigned i = 0; i < w->providers; i++)
        n += w->provider[i].charges;
    return n;
}

bool broken(const struct world *w, enum mutation m)
{
    return (w->broken & (unsigned)m) != 0;
}

void tell(struct world *w, enum told t, const char *by)
{
    note(w, "the customer is told: %s", by);
    if (t == TOLD_NO && charges(w) > 0)
        harm(w, "lie: the customer is told no while a charge stands");
    if (t != TOLD_UNKNOWN || w->told == TOLD_NOTHING)
        w->told = t;
}

static void look_back(struct world *w)
{
    const struct record *r = &w->record;
    bool listed = r->standing == ST_OPEN || r->standing == ST_PENDING;

    if (w->ever_sent && r->standing == ST_NONE)
        harm(w, "lost: something was sent and no record knows of it");
    if (charges(w) > 0 && !listed && r->outcome != RT_APPROVED && r->outcome != RT_ACTION_REQUIRED)
        harm(w, "lost: a charge stands and its record is neither approved nor listed");
    if (w->harm == NULL && charges(w) > 0 && listed && w->broken == BREAK_NONE &&
        w->provider[r->leg].terms.finds_by_reference && w->copies < COPIES)
        harm(w, "stuck: the provider could be inquired, and nobody found the charge");
}

/* --- weather --- */

static unsigned some(struct world *w, unsigned most)
{
    return chance(w, 500) ? 0 : (unsigned)below(w, most + 1);
}

/* One throw a statement: C does not say in which order an initialiser throws, and a seed must mean
 * the same world under every compiler. */
static void make_weather(struct world *w)
{
    struct weather *s = &w->sky;

    s->n0 = some(w, 400);
    s->n1 = some(w, 400);
    s->lost = some(w, 300);
    s->reset = some(w, 300);
    s->late = some(w, 400);
    s->deaf = some(w, 400);
    s->doubled = some(w, 300);
    s->garbled = some(w, 200);
    s->crash = some(w, 1000);
    s->sleep = some(w, 1000);
    s->down = some(w, 1000);
    s->ambiguous = some(w, 200);
    s->impatient = some(w, 600);
    s->embedded = chance(w, 500);
    s->rebuild = chance(w, 500);
    s->late_answers = chance(w, 500);
    s->lease_ns = between(w, S, 60 * S);
}

static void make_rules(struct world *w)
{
    w->rules.copies_max = (uint8_t)(1 + below(w, LIMIT_COPIES));
    w->rules.moves_max = (uint8_t)below(w, 4);
    w->rules.repeat_first_ms = (int32_t)(1 + below(w, 2000));
    w->rules.within_ns = between(w, S, 60 * S);
}

/* Troubles at random moments, most of them while the payment is young. */
static void plan_troubles(struct world *w)
{
    for (unsigned i = 0; i < 3; i++) {
        unsigned p = (unsigned)below(w, PROCESSES);

        if (chance(w, w->sky.crash))
            plan(w, between(w, 10 * MS, w->window_ns), HAP_CRASH, p, 0, 0);
        if (chance(w, w->sky.sleep))
            plan(w, between(w, 10 * MS, w->window_ns), HAP_SLEEP, p, 0, 0);
        if (chance(w, w->sky.down))
            plan(w, between(w, 10 * MS, w->window_ns), HAP_JOURNAL_DOWN, 0, 0, 0);
        plan(w, between(w, S, w->window_ns * 3 / 2), HAP_RECONCILE, p, 0, 0);
    }
}

static void make_world(struct world *w, uint64_t seed, unsigned mutations, bool trace,
                       struct tally *t)
{
    memset(w, 0, offsetof(struct world, copy));
    w->seed = seed;
    w->broken = mutations;
    w->trace = trace;
    w->tally = t;
    w->dice = rng_of(hash64_mix(seed, 0x51673a6c626f78));
    w->window_ns = (int64_t)(60 << below(w, 6)) * S;
    w->end_ns = w->window_ns * 3;
    make_rules(w);
    make_weather(w);
    w->providers = 1 + (unsigned)below(w, PROVIDERS);
    for (unsigned i = 0; i < w->providers; i++)
        provider_init(w, &w->provider[i]);
    for (unsigned i = 0; i < PROCESSES; i++)
        w->process[i].up = true;
    w->tries_left = 1 + (unsigned)below(w, 6);
    plan(w, 0, HAP_CUSTOMER_ASKS, (unsigned)below(w, PROCESSES), 0, 0);
    plan_troubles(w);
}

static void introduce(const struct world *w)
{
    const struct weather *s = &w->sky;

    printf("seed %llu: window %lld s, copies %u, moves %u, within %lld ms, pause %d ms%s%s%s\n",
           (unsigned long long)w->seed, (long long)(w->window_ns / S), w->rules.copies_max,
           w->rules.moves_max, (long long)(w->rules.within_ns / MS), w->rules.repeat_first_ms,
           s->embedded ? ", embedded journal" : ", fleet journal",
           s->rebuild ? ", can rebuild" : "", s->late_answers ? ", late answers" : "");
    printf("  providers:");
    for (unsigned i = 0; i < w->providers; i++)
        printf(" %u %s", i, w->provider[i].kind->name);
    printf(
        "\n  permille: n0 %u n1 %u lost %u reset %u late %u deaf %u doubled %u garbled %u crash %u "
        "sleep %u down %u ambiguous %u impatient %u\n",
        s->n0, s->n1, s->lost, s->reset, s->late, s->deaf, s->doubled, s->garbled, s->crash,
        s->sleep, s->down, s->ambiguous, s->impatient);
}

/* --- life --- */

/* The process a happening is for, if it has to be awake for it. */
static int who_wakes_for(const struct world *w, const struct happening *h)
{
    switch ((enum happening_kind)h->kind) {
    case HAP_CUSTOMER_ASKS:
    case HAP_CUSTOMER_LEAVES:
    case HAP_TIMER:
    case HAP_RECONCILE: return h->a;
    case HAP_LETTER_BACK: return w->letter[h->b].process;
    case HAP_WIRE_SAYS:
    case HAP_ANSWER_ARRIVES: return w->copy[h->b].process;
    case HAP_LETTER_COMMITS:
    case HAP_COPY_ARRIVES:
    case HAP_COPY_DOUBLED:
    case HAP_COPY_EXECUTED:
    case HAP_INQUIRY_ARRIVES:
    case HAP_PROVIDER_DECIDES:
    case HAP_CRASH:
    case HAP_RESTART:
    case HAP_SLEEP:
    case HAP_JOURNAL_DOWN:
    case HAP_JOURNAL_UP: break;
    }
    return -1;
}

static void fall_asleep(struct world *w, unsigned process)
{
    struct process *p = &w->process[process];

    if (!p->up || p->asleep_until_ns > w->now_ns)
        return;
    w->tally->sleeps++;
    p->asleep_until_ns = w->now_ns + between(w, S, w->window_ns * 2);
    note(w, "%c falls asleep until %.4f s", 'A' + (char)process, (double)p->asleep_until_ns / 1e9);
}

static void restart(struct world *w, unsigned process)
{
    note(w, "%c is back", 'A' + (char)process);
    w->process[process].up = true;
    w->process[process].epoch++;
    plan(w, between(w, MS, 10 * S), HAP_RECONCILE, process, 0, 0);
}

static void journal_turns(struct world *w, bool down)
{
    note(w, "the journal is %s", down ? "down" : "back");
    w->journal_down = down;
    if (down)
        plan(w, between(w, 100 * MS, 30 * S), HAP_JOURNAL_UP, 0, 0, 0);
}

static void live(struct world *w, const struct happening *h)
{
    switch ((enum happening_kind)h->kind) {
    case HAP_CUSTOMER_ASKS: customer_asks(w, h->a); break;
    case HAP_CUSTOMER_LEAVES: customer_leaves(w, h->a, h->b, h->c); break;
    case HAP_LETTER_COMMITS: letter_commits(w, h->b); break;
    case HAP_LETTER_BACK: letter_back(w, h->b); break;
    case HAP_COPY_ARRIVES: copy_arrives(w, h->b); break;
    case HAP_COPY_DOUBLED: copy_doubled(w, h->b); break;
    case HAP_COPY_EXECUTED: copy_executed(w, h->b); break;
    case HAP_WIRE_SAYS: wire_says(w, h->b, (enum rt_event_kind)h->c); break;
    case HAP_ANSWER_ARRIVES: answer_arrives(w, h->b); break;
    case HAP_INQUIRY_ARRIVES: inquiry_arrives(w, h->b); break;
    case HAP_PROVIDER_DECIDES: provider_decides(w, h->a); break;
    case HAP_TIMER: timer(w, h->a, h->b, h->c); break;
    case HAP_CRASH: crash(w, h->a); break;
    case HAP_RESTART: restart(w, h->a); break;
    case HAP_SLEEP: fall_asleep(w, h->a); break;
    case HAP_JOURNAL_DOWN: journal_turns(w, true); break;
    case HAP_JOURNAL_UP: journal_turns(w, false); break;
    case HAP_RECONCILE: reconcile(w, h->a); break;
    }
}

/* Until nothing is planned any more, or the time is over. */
static void live_until(struct world *w, int64_t end_ns)
{
    while (w->heap_n > 0 && w->heap[0].at_ns <= end_ns && w->harm == NULL) {
        struct happening h = pop(w);
        int who = who_wakes_for(w, &h);

        w->now_ns = h.at_ns;
        w->tally->happenings++;
        if (who >= 0 && w->process[who].up && w->process[who].asleep_until_ns > w->now_ns) {
            h.at_ns = w->process[who].asleep_until_ns;
            push(w, h);
            continue;
        }
        live(w, &h);
    }
}

/* The storm is over, everybody was restarted once more: what can be learned is learned now. */
static void make_peace(struct world *w)
{
    struct tally uncounted = { 0 }, *counted = w->tally;

    note(w, "peace");
    w->now_ns = w->end_ns;
    w->sky = (struct weather){ .embedded = true, .rebuild = w->sky.rebuild };
    w->journal_down = false;
    w->tries_left = 0;
    w->tally = &uncounted;
    for (unsigned i = 0; i < PROCESSES; i++) {
        crash(w, i);
        w->process[i].asleep_until_ns = 0;
    }
    for (unsigned i = 1; i <= 4; i++)
        plan(w, i * 600 * S, HAP_RECONCILE, 0, 0, 0);
    w->end_ns += 3600 * S;
    live_until(w, w->end_ns);
    w->tally = counted;
    w->tally->charges += uncounted.charges;
}

static void count_the_end(const struct world *w)
{
    const struct record *r = &w->record;
    struct tally *t = w->tally;

    t->windows_over += w->now_ns > w->window_ns;
    t->ended_none += r->standing == ST_NONE;
    t->ended_open += r->standing == ST_OPEN;
    t->ended_pending += r->standing == ST_PENDING;
    t->ended_not_sent += r->standing == ST_NOT_SENT;
    if (r->standing != ST_SETTLED)
        return;
    t->ended_approved += r->outcome == RT_APPROVED;
    t->ended_live += r->outcome == RT_ACTION_REQUIRED;
    t->ended_declined += r->outcome == RT_DECLINED || r->outcome == RT_ERROR;
}

bool world_run(struct world *w, uint64_t seed, unsigned mutations, bool trace, struct tally *t)
{
    make_world(w, seed, mutations, trace, t);
    if (trace)
        introduce(w);
    live_until(w, w->end_ns);
    if (w->harm == NULL)
        make_peace(w);
    look_back(w);
    t->payments++;
    count_the_end(w);
    return w->harm != NULL;
}
