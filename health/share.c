/* health/share.c -- what the watches of a fleet tell each other. */
#include <math.h>
#include <string.h>

#include "health/watch_inside.h"
#include "routing/base/check.h"

static const int64_t S = INT64_C(1000000000);
static const double FAR_S = 5, FAR_FAILING = 0.15; /* memory of how the others fare */
static const double STALE_S = 10;                  /* older says nothing of how things are now */

enum {
    AGREE_S = 10, /* nodes that report failures within so long agree */
    ALONE_S = 60, /* so long our own failures outweigh what others manage to do */
    BURST = 64,   /* more outcomes of one tick tell nothing more */
};

/* ---- ours ---- */

static void count_verdict(struct hl_delta_card *c, const struct hl_outcome *o)
{
    bool first = o->attempt <= 1;

    switch (o->result) {
    case HL_APPROVED: hl_delta_count(first ? &c->approved : &c->approved_later, 1); break;
    case HL_SOFT: hl_delta_count(first ? &c->soft : &c->declined_later, 1); break;
    case HL_HARD: hl_delta_count(first ? &c->hard : &c->declined_later, 1); break;
    case HL_FAILED:
    case HL_TIMEOUT:
    case HL_PENDING: break;
    }
}

void hl_watch_publish(struct hl_watch *w, const struct hl_outcome *o, int64_t now_ns)
{
    uint32_t id = w->rules.id[o->provider];
    bool failed = o->result == HL_FAILED || o->result == HL_TIMEOUT;
    int at = hl_delta_tech_of(&w->fresh, id);

    if (!failed && o->result != HL_PENDING) {
        struct hl_delta_card *c =
            hl_delta_card_of(&w->fresh, id, o->card.bin, o->card.country, o->card.product);

        if (c != NULL)
            count_verdict(c, o);
    }
    if (o->late || at < 0)
        return;
    w->guard[o->provider].last_ns = now_ns;
    if (failed) {
        if (!o->overdue)
            hl_delta_count(&w->fresh.tech[at].fail, 1);
        return;
    }
    hl_delta_count(&w->fresh.tech[at].ok, o->overdue ? 2 : 1);
    if (o->latency_s > 0)
        hl_delta_count(&w->fresh.wait[at][hl_hist_bucket((int64_t)(o->latency_s * 1e3 + 0.5))], 1);
}

void hl_watch_publish_overdue(struct hl_watch *w, unsigned provider, int64_t now_ns)
{
    int at = hl_delta_tech_of(&w->fresh, w->rules.id[provider]);

    w->guard[provider].last_ns = now_ns;
    if (at >= 0)
        hl_delta_count(&w->fresh.tech[at].overdue, 1);
}

int hl_watch_provider(const struct hl_watch *w, uint32_t id)
{
    for (unsigned p = 0; p < w->rules.providers; p++) {
        if (w->rules.id[p] == id)
            return (int)p;
    }
    return -1; /* another node's configuration may be newer */
}

void hl_watch_collect(struct hl_watch *w, struct hl_delta *out, int64_t now_ns)
{
    for (unsigned i = 0; i < w->fresh.techs; i++) {
        int p = hl_watch_provider(w, w->fresh.tech[i].provider);

        if (p >= 0)
            w->fresh.tech[i].last_ms = (uint32_t)((now_ns - w->guard[p].last_ns) / 1000000);
    }
    *out = w->fresh;
    hl_delta_clear(&w->fresh);
}

/* ---- whom to believe ---- */

static bool is_recent(int64_t at_ns, int64_t now_ns, int64_t s)
{
    return at_ns != 0 && now_ns - at_ns <= s * S;
}

static struct hl_witness *witness_of(struct hl_guard *g, uint64_t node)
{
    struct hl_witness *oldest = &g->witness[0];

    for (unsigned i = 0; i < HL_WITNESSES; i++) {
        if (g->witness[i].node == node)
            return &g->witness[i];
        if (g->witness[i].at_ns < oldest->at_ns)
            oldest = &g->witness[i];
    }
    *oldest = (struct hl_witness){ .node = node };
    return oldest;
}

/* Failures that we may believe now: none while only one other node reports them (it may be sick
 * itself), all of them as soon as a second one, or we ourselves, agree. */
static unsigned believed(struct hl_watch *w, unsigned p, uint64_t node, unsigned failures,
                         int64_t now_ns)
{
    struct hl_guard *g = &w->guard[p];
    struct hl_witness *from;
    unsigned nodes = 0, sum = 0;

    if (node == w->rules.node) { /* a worker beside us: as good as our own */
        g->failed_ns = now_ns;
        return failures;
    }
    from = witness_of(g, node);
    if (!is_recent(from->at_ns, now_ns, AGREE_S))
        from->held = 0;
    from->at_ns = now_ns;
    from->held += failures;
    for (unsigned i = 0; i < HL_WITNESSES; i++)
        nodes += is_recent(g->witness[i].at_ns, now_ns, AGREE_S);
    if (nodes < 2 && !is_recent(g->failed_ns, now_ns, AGREE_S) && g->breaker.state_ == HL_SERVING)
        return 0;
    for (unsigned i = 0; i < HL_WITNESSES; i++) {
        if (is_recent(g->witness[i].at_ns, now_ns, AGREE_S))
            sum += g->witness[i].held;
        g->witness[i].held = 0;
    }
    return sum;
}

/* How the other nodes fare, all together: is it trouble of the provider's? */
static void count_far(struct hl_guard *g, unsigned ok, unsigned failed, int64_t now_ns)
{
    double keep = hl_decay(g->far_ns, now_ns, FAR_S);

    g->far_n = g->far_n * keep + ok + failed;
    g->far_failed = g->far_failed * keep + failed;
    g->far_ns = now_ns;
    if (failed > 0 && g->far_failed >= 2 && g->far_failed >= FAR_FAILING * g->far_n)
        g->agreed_ns = now_ns;
}

/* We fail where nobody else does: what others manage does not tell how we would fare. */
static bool alone(const struct hl_guard *g, int64_t now_ns)
{
    return is_recent(g->failed_ns, now_ns, ALONE_S) && !is_recent(g->agreed_ns, now_ns, ALONE_S);
}

/* ---- theirs ---- */

/* The order inside a burst is not known: failures are spread evenly. */
static void learn_burst(struct hl_watch *w, unsigned p, unsigned ok, unsigned failed,
                        int64_t now_ns)
{
    unsigned n = ok + failed, due = 0;
    double others_n, others_failed;

    for (unsigned i = 0; i < n && i < BURST; i++) {
        bool bad = (due += failed) >= n;

        due -= bad ? n : 0;
        hl_book_others(w->book, p, &others_n, &others_failed);
        hl_tech_hearsay(&w->book->tech[p], bad, others_n, others_failed, now_ns);
    }
}

static void apply_tech(struct hl_watch *w, unsigned p, const struct hl_delta_tech *t, uint64_t node,
                       int64_t now_ns)
{
    struct hl_guard *g = &w->guard[p];
    struct hl_tech *tech = &w->book->tech[p];
    unsigned reported = (unsigned)t->fail + t->overdue;
    unsigned failed = reported == 0 ? 0 : believed(w, p, node, reported, now_ns);
    unsigned ok;

    if (node != w->rules.node)
        count_far(g, t->ok, reported, now_ns);
    ok = node != w->rules.node && alone(g, now_ns) ? 0 : t->ok;

    if (ok + failed == 0)
        return;
    learn_burst(w, p, ok, failed, now_ns);
    if (failed > 0 && hl_tech_sick(tech) > 0.5 && tech->setbacks < 8)
        tech->setbacks++;
    if (ok > 0 && tech->up > 0.5)
        tech->setbacks = 0;
    hl_watch_heard(w, p, ok, failed, now_ns);
}

static void apply_waits(struct hl_watch *w, const struct hl_delta_view *v, const int *provider,
                        int64_t now_ns)
{
    for (unsigned i = 0; i < v->waits; i++) {
        struct hl_delta_wait d = hl_delta_wait_at(v, i);
        int p = provider[d.tech];
        int64_t ms = (hl_hist_least(d.bucket) + hl_hist_least(d.bucket + 1)) / 2;

        if (p < 0)
            continue;
        hl_window_latency(&w->guard[p].window, ms, d.count, now_ns);
        for (unsigned k = 0; k < d.count && k < BURST; k++)
            hl_tech_latency(&w->book->tech[p], (double)ms * 1e-3, true);
    }
}

static void apply_card(struct hl_watch *w, unsigned p, const struct hl_delta_card *c, double age_s,
                       int64_t now_ns)
{
    struct hl_card card = { .country = c->country, .product = c->product, .bin = c->bin };
    struct hl_verdicts v = { c->approved, c->soft, c->hard, c->approved_later, c->declined_later };

    hl_learn_verdicts(w->book, p, card, &v, age_s, age_s > STALE_S, now_ns);
    hl_window_answer(&w->guard[p].window,
                     v.approved + v.soft + v.hard + v.approved_later + v.declined_later,
                     v.approved + v.approved_later, 0, now_ns);
}

void hl_watch_apply(struct hl_watch *w, const struct hl_delta_view *v, uint64_t node, double age_s,
                    int64_t now_ns)
{
    int provider[HL_DELTA_TECHS];

    for (unsigned i = 0; i < v->cells; i++) {
        struct hl_delta_cell c = hl_delta_cell_at(v, i);

        hl_watch_restore(w, &c, age_s, now_ns);
    }
    for (unsigned i = 0; i < v->techs; i++) {
        struct hl_delta_tech t = hl_delta_tech_at(v, i);

        provider[i] = hl_watch_provider(w, t.provider);
        if (provider[i] < 0)
            continue;
        hl_window_answer(&w->guard[provider[i]].window, 0, 0, (unsigned)t.fail + t.overdue, now_ns);
        if (age_s + t.last_ms * 1e-3 <= STALE_S)
            apply_tech(w, (unsigned)provider[i], &t, node, now_ns);
    }
    apply_waits(w, v, provider, now_ns);
    for (unsigned i = 0; i < v->cards; i++) {
        struct hl_delta_card c = hl_delta_card_at(v, i);
        int p = hl_watch_provider(w, c.provider);

        if (p >= 0)
            apply_card(w, (unsigned)p, &c, age_s, now_ns);
    }
}
