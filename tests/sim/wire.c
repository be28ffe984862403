/* tests/sim/wire.c -- copies on their way, and what their senders come to know of them. */
#include "tests/sim/sim.h"

/* No copy, doubled or not, is later than this: the assumption that docs/one-charge.md makes. */
static int64_t latest(const struct world *w, const struct provider *p)
{
    return p->terms.keeps_keys_s > 0 ? p->terms.keeps_keys_s * S / 7 : w->window_ns;
}

static int64_t delay(struct world *w, const struct provider *p)
{
    if (chance(w, w->sky.late))
        return between(w, S, latest(w, p));
    return between(w, MS, 200 * MS);
}

static struct copy *new_copy(struct world *w, unsigned process, unsigned voyage, unsigned leg)
{
    struct copy *c = &w->copy[w->copies++];

    *c = (struct copy){ .leg = (uint8_t)leg,
                        .process = (uint8_t)process,
                        .voyage = (uint8_t)voyage,
                        .serial = w->process[process].voyage[voyage].serial,
                        .sent_ns = w->now_ns };
    return c;
}

/* Everything that can become of one copy; whatever it is, its sender hears of it exactly once, or
 * once more when its answer comes after it was given up. */
static void meet_fate(struct world *w, unsigned n, const struct provider *p)
{
    struct copy *c = &w->copy[n];
    int64_t there = delay(w, p);

    plan(w, between(w, 2 * S, 25 * S), HAP_WIRE_SAYS, 0, n, RT_EV_IN_DOUBT);
    if (chance(w, w->sky.lost)) {
        note(w, "copy %u will be lost", n);
        return;
    }
    c->deaf = chance(w, w->sky.deaf);
    plan(w, there, c->inquiry ? HAP_INQUIRY_ARRIVES : HAP_COPY_ARRIVES, 0, n, 0);
    if (chance(w, w->sky.reset))
        plan(w, between(w, MS, 2 * S), HAP_WIRE_SAYS, 0, n, RT_EV_IN_DOUBT);
    if (!c->inquiry && chance(w, w->sky.doubled))
        plan(w, between(w, there, latest(w, p)), HAP_COPY_DOUBLED, 0, n, 0);
}

void send_copy(struct world *w, unsigned process, unsigned voyage, unsigned leg)
{
    struct provider *p = &w->provider[leg];
    unsigned n = w->copies;

    if (w->copies == COPIES) {
        feed(w, process, voyage, &(struct rt_event){ .kind = RT_EV_NOT_SENT });
        return;
    }
    new_copy(w, process, voyage, leg);
    note(w, "%c sends copy %u to %s", 'A' + (char)process, n, p->kind->name);
    w->tally->copies++;
    if (chance(w, w->sky.n0)) {
        plan(w, between(w, MS, 3 * S), HAP_WIRE_SAYS, 0, n, RT_EV_NOT_SENT);
    } else if (chance(w, w->sky.n1)) {
        w->ever_sent = true;
        plan(w, between(w, MS, S), HAP_WIRE_SAYS, 0, n, RT_EV_REFUSED);
    } else {
        w->ever_sent = true;
        meet_fate(w, n, p);
    }
}

void send_inquiry(struct world *w, unsigned process, unsigned voyage, unsigned leg)
{
    unsigned n = w->copies;

    if (w->copies == COPIES) {
        feed(w, process, voyage, &(struct rt_event){ .kind = RT_EV_INQUIRED });
        return;
    }
    new_copy(w, process, voyage, leg)->inquiry = true;
    note(w, "%c inquires at %s (%u)", 'A' + (char)process, w->provider[leg].kind->name, n);
    w->tally->inquiries++;
    meet_fate(w, n, &w->provider[leg]);
}

void inquiry_arrives(struct world *w, unsigned n)
{
    static const enum result refusals[] = { RES_BROKEN, RES_REFUSED, RES_LIMITED, RES_GARBLED };
    enum result r = provider_knows(w, &w->provider[w->copy[n].leg]);

    if (chance(w, w->sky.garbled))
        r = refusals[below(w, sizeof refusals / sizeof refusals[0])];
    answer_leaves(w, n, r);
}

void answer_leaves(struct world *w, unsigned n, enum result r)
{
    struct copy *c = &w->copy[n];

    c->result = chance(w, w->sky.garbled) ? RES_GARBLED : r;
    if (!c->deaf)
        plan(w, delay(w, &w->provider[c->leg]), HAP_ANSWER_ARRIVES, 0, n, 0);
}

/* Where the shell would lie, if it is told to. */
static struct rt_heard heard_crooked(struct world *w, const struct copy *c)
{
    struct rt_heard h = heard_of(w, &w->provider[c->leg], c->result, c->inquiry);
    bool no = h.outcome == RT_DECLINED || h.outcome == RT_ERROR;

    if (broken(w, BREAK_BOUND) && no)
        h.bound = true;
    if (broken(w, BREAK_UNSTORED) && c->result == RES_BROKEN) {
        h.same_key = RT_SAME_KEY_YES;
        h.inquire_first = false;
    }
    if ((broken(w, BREAK_SILENCE) && c->result == RES_NOTHING) ||
        (broken(w, BREAK_ANSWER) && c->result == RES_BROKEN))
        h = (struct rt_heard){
            .outcome = RT_DECLINED, .executed = RT_EXECUTED_YES, .bound = true, .retry_other = true
        };
    return h;
}

void answer_arrives(struct world *w, unsigned n)
{
    struct copy *c = &w->copy[n];
    struct rt_event ev = { .kind = c->inquiry ? RT_EV_INQUIRED : RT_EV_ANSWERED };
    struct voyage *v = sender_of(w, c);

    if (v == NULL || (c->over && (c->inquiry || !w->sky.late_answers)))
        return;
    if (c->over)
        w->tally->late_answers++;
    note(w, "%c hears %s of %u%s", 'A' + (char)c->process, result_name(c->result), n,
         c->over ? ", late" : "");
    c->over = true;
    ev.heard = heard_crooked(w, c);
    v->id_known = v->id_known || ev.heard.id_known;
    feed(w, c->process, c->voyage, &ev);
}

void wire_says(struct world *w, unsigned n, enum rt_event_kind kind)
{
    struct copy *c = &w->copy[n];
    struct voyage *v = sender_of(w, c);

    if (c->over)
        return;
    c->over = true;
    if (v == NULL)
        return;
    if (kind == RT_EV_IN_DOUBT && broken(w, BREAK_N0))
        kind = RT_EV_NOT_SENT;
    if (kind == RT_EV_IN_DOUBT && broken(w, BREAK_N1))
        kind = RT_EV_REFUSED;
    if (c->inquiry)
        kind = RT_EV_INQUIRED;
    note(w, "%c learns of %u: %s", 'A' + (char)c->process, n, rt_event_name(kind));
    feed(w, c->process, c->voyage, &(struct rt_event){ .kind = kind });
}
