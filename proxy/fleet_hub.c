/* proxy/fleet_hub.c -- what the workers counted, read and added up. */
#include <string.h>

#include "proxy/config.h"
#include "proxy/fleet_inside.h"
#include "routing/base/check.h"

/* ---- a letter ---- */

static void see(struct px_fleet_seen *s, const struct px_tally_provider *t, int64_t now_ms)
{
    *s = (struct px_fleet_seen){
        .asked_ms = t->attempts > 0 ? now_ms : s->asked_ms,
        .serving = t->serving,
        .admit_permille = t->admit_permille,
        .flying = t->flying,
        .cause = t->cause == NULL ? "" : t->cause,
        .since_ms = t->since_ms,
        .probe_due_ms = t->probe_due_ms,
        .available_ppm = t->available_ppm,
        .approval_ppm = t->approval_ppm,
        .latency_ms = t->latency_ms,
    };
}

static void owe(struct px_tally_provider *o, const struct px_tally_provider *t)
{
    o->chosen += t->chosen;
    o->attempts += t->attempts;
    o->approved += t->approved;
    o->soft += t->soft;
    o->hard += t->hard;
    o->failed += t->failed;
    o->unsent += t->unsent;
}

static void count(struct px_fleet *f, const struct px_tally *t, int64_t now_ms)
{
    struct px_fleet_worker *w = &f->worker[t->worker];

    for (unsigned p = 0; p < f->providers && p < t->providers; p++) {
        see(&w->provider[p], &t->provider[p], now_ms);
        px_counts_add(&f->count[p], &t->provider[p], now_ms);
        owe(&f->owed[p], &t->provider[p]);
    }
    f->payments += t->payments;
    f->no_route += t->no_route;
    f->seen.methods |= t->seen_methods;
    for (unsigned i = 0; i < 4; i++)
        f->seen.currency[i] |= t->seen_currencies[i];
    w->at_ms = now_ms;
    w->view_epoch = t->view_epoch;
}

/* ---- the workers' breakers together ---- */

/* A worker that asked nobody there for a while knows nothing of it: its breaker is closed, or not
 * yet closed again, for want of payments. */
static bool has_a_vote(const struct px_fleet_worker *w, unsigned p, int64_t now_ms)
{
    const struct px_fleet_seen *s = &w->provider[p];

    return w->at_ms != 0 && (now_ms - s->asked_ms < PX_FLEET_VOTE_MS || s->probe_due_ms > now_ms);
}

/* Stopped when most are; whole only when all are. */
static enum hl_serving together(const unsigned *n, unsigned all)
{
    if (2 * n[HL_STOPPED] > all || (2 * n[HL_STOPPED] == all && n[HL_SERVING] == 0))
        return HL_STOPPED;
    return n[HL_SERVING] == all ? HL_SERVING : HL_PROBING;
}

/* Of those who have one; of all when nobody has. */
static void vote(const struct px_fleet *f, unsigned p, int64_t now_ms, struct px_fleet_seen *out)
{
    unsigned n[3] = { 0 }, all = 0, voters = 0;
    int64_t admit = 0;

    for (unsigned i = 0; i < f->hands.workers; i++)
        voters += has_a_vote(&f->worker[i], p, now_ms);
    for (unsigned i = 0; i < f->hands.workers; i++) {
        const struct px_fleet_worker *w = &f->worker[i];

        if (w->at_ms == 0 || (voters > 0 && !has_a_vote(w, p, now_ms)))
            continue;
        all++;
        n[w->provider[p].serving]++;
        admit += w->provider[p].admit_permille;
    }
    out->serving = all == 0 ? HL_SERVING : together(n, all);
    out->admit_permille = (uint16_t)(all == 0 ? RT_PERMILLE : admit / all);
}

static int32_t mean(int64_t sum, unsigned n)
{
    return n == 0 ? -1 : (int32_t)(sum / n);
}

static void merge(const struct px_fleet *f, unsigned p, int64_t now_ms, struct px_fleet_seen *out)
{
    unsigned known[3] = { 0 };
    int64_t sum[3] = { 0 };

    *out = (struct px_fleet_seen){ .cause = "" };
    for (unsigned i = 0; i < f->hands.workers; i++) {
        const struct px_fleet_seen *s = &f->worker[i].provider[p];
        const int32_t value[3] = { s->available_ppm, s->approval_ppm, s->latency_ms };

        if (f->worker[i].at_ms == 0)
            continue;
        out->flying += s->flying;
        if (s->serving != HL_SERVING && s->since_ms >= out->since_ms)
            out->cause = s->cause;
        if (s->since_ms > out->since_ms)
            out->since_ms = s->since_ms;
        if (s->probe_due_ms != 0 && (out->probe_due_ms == 0 || s->probe_due_ms < out->probe_due_ms))
            out->probe_due_ms = s->probe_due_ms;
        for (unsigned v = 0; v < 3; v++) {
            sum[v] += value[v] < 0 ? 0 : value[v];
            known[v] += value[v] >= 0;
        }
    }
    vote(f, p, now_ms, out);
    out->available_ppm = mean(sum[0], known[0]);
    out->approval_ppm = mean(sum[1], known[1]);
    out->latency_ms = mean(sum[2], known[2]);
}

static void note_move(struct px_fleet *f, unsigned p, const struct px_fleet_seen *now,
                      int64_t now_ms)
{
    struct px_fleet_move m = { .at_ms = now_ms,
                               .from = f->merged[p].serving,
                               .to = now->serving,
                               .admit_permille = now->admit_permille };

    if (m.from == m.to)
        return;
    px_fleet_text(span_str(now->cause), m.cause, sizeof m.cause);
    px_fleet_text(span_str(f->node), m.node, sizeof m.node);
    f->told_ms[p] = 0;
    px_fleet_moved(f, p, &m);
}

static void merge_all(struct px_fleet *f, int64_t now_ms)
{
    for (unsigned p = 0; p < f->providers; p++) {
        struct px_fleet_seen now;

        merge(f, p, now_ms, &now);
        note_move(f, p, &now, now_ms);
        f->merged[p] = now;
    }
}

uint64_t px_fleet_epoch_seen(const struct px_fleet *f)
{
    uint64_t least = UINT64_MAX;

    for (unsigned i = 0; i < f->hands.workers; i++)
        if (f->worker[i].at_ms != 0 && f->worker[i].view_epoch < least)
            least = f->worker[i].view_epoch;
    return least;
}

void px_fleet_hub_letter(void *ctx, struct px_letter *l)
{
    struct px_tally *t = (struct px_tally *)l;
    struct px_fleet *f = ctx;
    int64_t now_ms = px_fleet_now();
    unsigned worker = t->worker;

    CHECK(t->note.kind == PX_NOTE_TALLY);
    CHECK(worker < f->hands.workers);
    count(f, t, now_ms);
    merge_all(f, now_ms);
    px_fleet_volume_take(f, t);
    if (t->delta_n > 0)
        px_fleet_delta_ours(f, worker, (struct span){ (const char *)t->delta, t->delta_n });
    px_fleet_words_seen(f);
    f->hands.tell(f->hands.ctx, worker, &t->note); /* it is the worker's again */
}
