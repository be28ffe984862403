/* health/watch.c */
#include "health/watch_inside.h"

#include <math.h>
#include <stdalign.h>
#include <string.h>

#include "routing/base/check.h"
#include "routing/base/hash.h"

enum { ALIGN = alignof(max_align_t) };

/* Of the technical filter, the breaker opens: by what we saw; when several nodes saw it. */
static const double DOWN = 0.9, DOWN_AGREED = 0.5;
static const int64_t RELAX_NS = 10000000; /* nothing changes much in less */
enum { IN_A_ROW = 4 }; /* of our failures, when it is not sure whether degraded or down */
static const double PROBE_S = 2, PROBE_MAX_S = 30;
static const double REGIME_PROBE_S[HL_LEVELS] = { 5, 10, 20 };
static const double REGIME_PROBE_MAX_S[HL_LEVELS] = { 30, 60, 120 };

/* ---- memory ---- */

void hl_watch_rules_init(struct hl_watch_rules *r)
{
    *r = (struct hl_watch_rules){ .bins_max = 4096,
                                  .margin = 0.15,
                                  .latency_cost_per_s = 0.005,
                                  .breaker = hl_breaker_defaults };
    for (unsigned p = 0; p < LIMIT_PROVIDERS; p++)
        r->timeout_ns[p] = INT64_C(10000000000);
}

uint32_t hl_watch_id(struct span provider_name)
{
    return (uint32_t)hash64(provider_name, 0);
}

static size_t padded(size_t n)
{
    return (n + ALIGN - 1) / ALIGN * ALIGN;
}

size_t hl_watch_size(const struct hl_watch_rules *r)
{
    return padded(sizeof(struct hl_watch)) + padded(r->providers * sizeof(struct hl_guard)) +
           hl_book_size(r->providers, r->bins_max);
}

struct hl_watch *hl_watch_init(void *mem, size_t size, const struct hl_watch_rules *r,
                               uint64_t seed, int64_t now_ns)
{
    struct hl_watch *w = mem;
    char *at = (char *)mem + padded(sizeof *w);

    CHECK(size >= hl_watch_size(r));
    CHECK(r->providers <= LIMIT_PROVIDERS);
    memset(w, 0, sizeof *w);
    w->rules = *r;
    w->jitter = rng_of(hash64_mix(seed, 1));
    w->guard = (struct hl_guard *)(void *)at;
    at += padded(r->providers * sizeof *w->guard);
    w->book = hl_book_init(at, hl_book_size(r->providers, r->bins_max), r->providers, r->bins_max,
                           now_ns);
    for (unsigned p = 0; p < r->providers; p++) {
        memset(&w->guard[p], 0, sizeof w->guard[p]);
        hl_breaker_init(&w->guard[p].breaker, &w->rules.breaker, now_ns);
        hl_window_init(&w->guard[p].window, now_ns);
    }
    return w;
}

static struct hl_guard *guard_of(struct hl_watch *w, unsigned provider)
{
    CHECK(provider < w->rules.providers);
    return &w->guard[provider];
}

static double timeout_s(const struct hl_watch *w, unsigned provider)
{
    return (double)w->rules.timeout_ns[provider] * 1e-9;
}

/* ---- moves ---- */

/* Whatever moved the breaker, it is written down once. */
static void note(struct hl_watch *w, unsigned provider)
{
    struct hl_guard *g = &w->guard[provider];
    const struct hl_breaker *b = &g->breaker;

    if (b->state_ == g->told)
        return;
    if (w->moves == HL_MOVES) {
        w->move_first = (w->move_first + 1) % HL_MOVES;
        w->moves--;
    }
    w->move[(w->move_first + w->moves++) % HL_MOVES] =
        (struct hl_move){ provider, g->told, b->state_,
                          b->state_ == HL_STOPPED ? hl_breaker_cause(b) : "", b->since_ns_ };
    g->told = b->state_;
}

bool hl_watch_moved(struct hl_watch *w, struct hl_move *out)
{
    if (w->moves == 0)
        return false;
    *out = w->move[w->move_first];
    w->move_first = (w->move_first + 1) % HL_MOVES;
    w->moves--;
    return true;
}

bool hl_watch_others_serve(const struct hl_watch *w, unsigned provider)
{
    for (unsigned p = 0; p < w->rules.providers; p++) {
        if (p != provider && w->guard[p].breaker.state_ == HL_SERVING)
            return true;
    }
    return false;
}

/* ---- the breaker ---- */

/* The filter has seen enough. The last provider in service is stopped by its own window alone, and
 * so never for slowness. */
static void trip_if_down(struct hl_watch *w, unsigned p, double down, int64_t now_ns)
{
    const struct hl_tech *t = &w->book->tech[p];
    bool sure = t->down > down || (hl_tech_sick(t) > DOWN && w->guard[p].in_a_row >= IN_A_ROW);

    if (sure && hl_watch_others_serve(w, p))
        hl_breaker_trip(&w->guard[p].breaker, "down", &w->jitter, now_ns);
}

static uint32_t lease_of(struct hl_guard *g, hl_ticket ticket)
{
    for (unsigned i = 0; i < HL_LEASES; i++) {
        if (g->probe[i].lease != 0 && g->probe[i].ticket == ticket) {
            uint32_t lease = g->probe[i].lease;

            g->probe[i].lease = 0;
            return lease;
        }
    }
    return 0;
}

static void keep_lease(struct hl_guard *g, uint32_t lease, hl_ticket ticket)
{
    unsigned at = 0;

    for (unsigned i = 0; i < HL_LEASES; i++) {
        if (g->probe[i].lease == 0)
            at = i;
    }
    g->probe[at].lease = lease;
    g->probe[at].ticket = ticket;
}

void hl_watch_look(struct hl_watch *w, unsigned p, int64_t now_ns)
{
    struct hl_guard *g = guard_of(w, p);
    struct hl_tech *t = &w->book->tech[p];
    hl_ticket which;

    if (now_ns - t->at_ns >= RELAX_NS)
        hl_tech_relax(t, now_ns);
    while (hl_tech_overdue(t, timeout_s(w, p), now_ns, &which)) {
        hl_learn_technical(w->book, p, true, now_ns);
        hl_watch_publish_overdue(w, p, now_ns);
        g->failed_ns = now_ns;
        g->in_a_row++;
        if (hl_watch_others_serve(w, p)) /* else it may just be slow */
            hl_breaker_told(&g->breaker, HL_TOLD_FAILED, false, lease_of(g, which), &w->jitter,
                            now_ns);
        trip_if_down(w, p, DOWN, now_ns);
    }
    (void)hl_breaker_look(&g->breaker, &w->jitter, now_ns);
    note(w, p);
}

/* A probe of another node's is as good as one of ours: it failed, so we wait as well; it was
 * answered, so we may look at once. */
void hl_watch_heard(struct hl_watch *w, unsigned provider, unsigned ok, unsigned failed,
                    int64_t now_ns)
{
    hl_breaker_heard(&w->guard[provider].breaker, failed > 0 && failed >= ok, &w->jitter, now_ns);
    trip_if_down(w, provider, failed > 0 ? DOWN_AGREED : DOWN, now_ns);
    note(w, provider);
}

bool hl_watch_admit(struct hl_watch *w, unsigned provider, uint64_t seed, bool forced,
                    int64_t now_ns, struct hl_pass *out)
{
    struct hl_guard *g = guard_of(w, provider);
    struct rng dice = rng_of(hash64_mix(seed, provider));
    uint32_t lease = 0;
    bool yes = hl_breaker_admit(&g->breaker, &dice, now_ns, &lease);

    note(w, provider);
    if (!yes && !forced)
        return false;
    out->ticket = hl_tech_sent(&w->book->tech[provider], now_ns);
    out->lease = lease;
    if (lease != 0)
        keep_lease(g, lease, out->ticket);
    return true;
}

bool hl_watch_silent(struct hl_watch *w, unsigned provider, int64_t now_ns)
{
    return provider < w->rules.providers && hl_tech_silent(&w->book->tech[provider], now_ns);
}

void hl_watch_return(struct hl_watch *w, unsigned provider, const struct hl_pass *pass,
                     int64_t now_ns)
{
    struct hl_guard *g = guard_of(w, provider);

    (void)now_ns;
    (void)hl_tech_answered(&w->book->tech[provider], pass->ticket);
    (void)lease_of(g, pass->ticket);
    hl_breaker_return(&g->breaker, pass->lease);
}

void hl_watch_probe(struct hl_watch *w, unsigned provider, int64_t now_ns)
{
    hl_breaker_probe(&guard_of(w, provider)->breaker, now_ns);
    note(w, provider);
}

void hl_watch_paused(struct hl_watch *w, int64_t ns)
{
    for (unsigned p = 0; p < w->rules.providers; p++)
        hl_tech_paused(&w->book->tech[p], ns);
}

void hl_watch_tick(struct hl_watch *w, int64_t now_ns)
{
    for (unsigned p = 0; p < w->rules.providers; p++)
        hl_watch_look(w, p, now_ns);
}

/* ---- probes ---- */

static int64_t later(int64_t now_ns, double s, double max_s)
{
    return now_ns + (int64_t)(fmin(s, max_s) * 1e9);
}

static bool regime_due(struct hl_watch *w, unsigned p, const struct hl_watch_ask *ask)
{
    struct hl_at at = hl_book_find(w->book, ask->card);
    bool due = false;

    for (unsigned l = 0; l < HL_LEVELS; l++) {
        struct hl_regime *r = hl_book_regime(w->book, l, p, &at);

        if (r == NULL || hl_regime_sick(r) <= HL_REGIME_SICK)
            continue;
        if (ask->now_ns < r->next_probe_ns)
            return false;
        r->next_probe_ns =
            later(ask->now_ns, REGIME_PROBE_S[l] * pow(1.5, r->setbacks), REGIME_PROBE_MAX_S[l]);
        due = true;
    }
    return due;
}

/* One schedule: while the breaker is not in full service its leases are the probes; before that,
 * the filter's own turns. Never a large amount into the unknown. */
bool hl_watch_probe_due(struct hl_watch *w, unsigned p, const struct hl_watch_ask *ask)
{
    const struct hl_breaker *b = &w->guard[p].breaker;
    struct hl_tech *t = &w->book->tech[p];
    bool small = ask->amount <= w->book->typical_amount;

    if (b->state_ != HL_SERVING)
        return hl_breaker_has_lease(b) && (small || b->good_ > 0);
    if (!small)
        return false;
    if (hl_tech_sick(t) <= HL_TECH_SICK)
        return regime_due(w, p, ask);
    if (ask->now_ns < t->next_probe_ns)
        return false;
    t->next_probe_ns = later(ask->now_ns, PROBE_S * (1 << t->setbacks), PROBE_MAX_S);
    return true;
}

/* ---- learning ---- */

static bool is_failure(enum hl_result r)
{
    return r == HL_FAILED || r == HL_TIMEOUT;
}

/* Slow: it came when nobody expected it any more. Where there is nobody else, that is no reason. */
static void tell_breaker(struct hl_watch *w, const struct hl_outcome *o, const struct hl_pass *pass,
                         bool unsent, int64_t now_ns)
{
    struct hl_guard *g = &w->guard[o->provider];
    bool failed = is_failure(o->result);
    bool others = hl_watch_others_serve(w, o->provider);
    uint32_t lease = lease_of(g, pass->ticket);

    if (failed)
        g->failed_ns = now_ns;
    if (!o->overdue)
        g->in_a_row = failed ? g->in_a_row + 1 : 0;
    if (!(failed && o->overdue && others)) /* counted when it was overdue */
        hl_breaker_told(&g->breaker,
                        unsent   ? HL_TOLD_UNSENT
                        : failed ? HL_TOLD_FAILED
                                 : HL_TOLD_OK,
                        !failed && o->overdue && others, lease, &w->jitter, now_ns);
    trip_if_down(w, o->provider, DOWN, now_ns);
    note(w, o->provider);
}

static void count(struct hl_watch *w, const struct hl_outcome *o, int64_t now_ns)
{
    struct hl_windows *win = &w->guard[o->provider].window;
    bool failed = is_failure(o->result), pending = o->result == HL_PENDING;

    hl_window_answer(win, !failed && !pending, o->result == HL_APPROVED, failed, now_ns);
    if (!failed && !o->late && o->latency_s > 0)
        hl_window_latency(win, (int64_t)(o->latency_s * 1e3 + 0.5), 1, now_ns);
}

double hl_watch_told(struct hl_watch *w, const struct hl_outcome *o, const struct hl_pass *pass,
                     bool unsent, int64_t now_ns)
{
    struct hl_outcome told = *o;
    double expected;

    CHECK(o->provider < w->rules.providers);
    CHECK(pass != NULL || o->late);
    told.overdue = pass != NULL && hl_tech_answered(&w->book->tech[o->provider], pass->ticket);
    expected = hl_learn(w->book, &told, timeout_s(w, o->provider), now_ns);
    if (pass != NULL)
        tell_breaker(w, &told, pass, unsent, now_ns);
    count(w, &told, now_ns);
    hl_watch_publish(w, &told, now_ns);
    return expected;
}

/* ---- what people see ---- */

void hl_watch_state(struct hl_watch *w, unsigned provider, int64_t now_ns,
                    struct hl_watch_state *out)
{
    struct hl_guard *g = guard_of(w, provider);
    const struct hl_tech *t = &w->book->tech[provider];
    struct hl_book *b = w->book;

    hl_watch_look(w, provider, now_ns);
    *out = (struct hl_watch_state){
        .serving = g->breaker.state_,
        .share_permille = hl_breaker_share(&g->breaker, &w->jitter, now_ns),
        .cause = hl_breaker_cause(&g->breaker),
        .since_ns = g->breaker.since_ns_,
        .until_ns = g->breaker.state_ == HL_STOPPED ? g->breaker.until_ns_ : 0,
        .opened = g->breaker.opened_,
        .in_air = hl_tech_in_air(t),
        .available_ppm = (int32_t)(hl_tech_available(t) * 1e6 + 0.5),
        .approval_ppm =
            (int32_t)(hl_expit(b->base.m + hl_book_provider(b, provider).m) * 1e6 + 0.5),
        .latency_ms = (int32_t)(t->latency_s * 1e3 + 0.5),
    };
}

void hl_watch_window(struct hl_watch *w, unsigned provider, enum hl_over over, int64_t now_ns,
                     struct hl_window_sum *out)
{
    hl_window_sum(&guard_of(w, provider)->window, over, now_ns, out);
}

struct hl_windows *hl_watch_windows(struct hl_watch *w, unsigned provider)
{
    return &guard_of(w, provider)->window;
}

double hl_watch_price(const struct hl_watch *w, unsigned provider, double share, double penalty)
{
    return hl_commitment_price(w->book, provider, share, penalty);
}
