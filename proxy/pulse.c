/* proxy/pulse.c */
#include "proxy/pulse.h"

#include <stdlib.h>
#include <string.h>

#include "proxy/config.h"
#include "proxy/pulse_inside.h"
#include "proxy/view.h"
#include "routing/base/check.h"
#include "routing/base/hash.h"

/* What of a provider's traffic may come from others' technical failures: a share of its own and a
 * floor, saved up to a burst. So the failure of one can not topple the next. */
static const double BUDGET_SHARE = 0.2, BUDGET_PER_S = 10, BUDGET_BURST = 100;
/* Other nodes say that it is stopped, we see nothing of it: some go on, so that we find out. */
enum { DOUBT_PERMILLE = 50 };
/* Of a request's time; a busy machine's many little pauses must not hide that nobody answers. */
enum { SLEPT_PART = 4 };
/* A tick this late: we stood still. */
static const int64_t MS_NS = 1000000, PAUSE_NS = 250 * INT64_C(1000000);

#define SAME(a, b) _Static_assert((unsigned)(a) == (unsigned)(b), "one is a copy of the other")
SAME(POL_OVER_5M, HL_OVER_5M);
SAME(POL_OVER_15M, HL_OVER_15M);
SAME(POL_OVER_30M, HL_OVER_30M);
SAME(POL_OVER_1H, HL_OVER_1H);
SAME(POL_OVER_6H, HL_OVER_6H);
SAME(POL_OVER_24H, HL_OVER_24H);
SAME(POL_OVERS_, HL_OVERS_);
_Static_assert(1 + RT_BRANDS_ * POL_FUNDINGS_ <= HL_PRODUCTS, "each product has a number");

void px_pulse_rules(const struct px_config *c, struct hl_watch_rules *r)
{
    hl_watch_rules_init(r);
    r->providers = c->providers;
    r->margin = c->routing.margin_ppm * 1e-6;
    r->latency_cost_per_s = c->routing.latency_cost_ppm * 1e-6;
    r->breaker.open_first_ns = c->routing.open_first_ms * INT64_C(1000000);
    r->breaker.open_max_ns = c->routing.open_max_ms * INT64_C(1000000);
    r->breaker.ramp_ns = c->routing.ramp_ms * INT64_C(1000000);
    for (unsigned i = 0; i < c->providers; i++) {
        r->id[i] = hl_watch_id(span_str(c->provider[i].name));
        r->timeout_ns[i] = c->provider[i].response_ms * INT64_C(1000000);
    }
}

enum err px_pulse_create(const struct px_pulse_terms *t, int64_t now_ns, struct px_pulse **out)
{
    struct px_pulse *p = calloc(1, sizeof *p);
    struct hl_watch_rules rules;
    size_t size;

    if (p == NULL)
        return E_NOMEM;
    px_pulse_rules(t->config, &rules);
    rules.node = t->node;
    size = hl_watch_size(&rules);
    p->memory_ = malloc(size);
    for (unsigned i = 0; i < 2; i++)
        p->home[i] = p->own[i] = calloc(1, sizeof *p->own[i]);
    if (p->memory_ == NULL || p->own[0] == NULL || p->own[1] == NULL) {
        px_pulse_destroy(p);
        return E_NOMEM;
    }
    p->config = t->config;
    p->worker = t->worker;
    p->hub = t->hub;
    p->tick_ns = now_ns;
    p->watch =
        hl_watch_init(p->memory_, size, &rules, hash64_mix((uint64_t)now_ns, t->worker), now_ns);
    for (unsigned i = 0; i < LIMIT_PROVIDERS; i++)
        p->seat[i] = (struct px_pulse_seat){ .tokens = BUDGET_BURST, .at_ns = now_ns };
    *out = p;
    return OK;
}

void px_pulse_destroy(struct px_pulse *p)
{
    if (p == NULL)
        return;
    free(p->memory_);
    free(p->own[0]);
    free(p->own[1]);
    free(p);
}

/* ---- decide ---- */

struct hl_card px_pulse_card(const struct pol_facts *f)
{
    rt_country from = f->issuer_country != RT_COUNTRY_UNKNOWN ? f->issuer_country : f->country;
    struct hl_card card = { 0 };
    uint64_t bin = f->bin;
    char two[3];

    for (unsigned d = f->bin_digits; d > 6; d--)
        bin /= 10;
    card.bin = f->bin_digits >= 6 ? (uint32_t)bin : 0;
    if (from != RT_COUNTRY_UNKNOWN)
        card.country = hl_country(rt_country_code(from, two));
    if (f->brand != RT_BRAND_UNKNOWN || f->funding != POL_FUNDING_UNKNOWN)
        card.product = (uint16_t)(1 + (unsigned)f->brand * POL_FUNDINGS_ + (unsigned)f->funding);
    return card;
}

/* Minor units. A price that nobody knows is taken for the dearest that is known: not knowing must
 * not win. */
static void take_fees(const struct rt_cost *cost, unsigned n, double *approved, double *declined)
{
    int64_t most = 0, most_declined = 0;

    for (unsigned i = 0; i < n; i++) {
        if (cost[i].why == RT_COST_KNOWN && cost[i].micro > most)
            most = cost[i].micro;
        if (cost[i].why == RT_COST_KNOWN && cost[i].declined_micro > most_declined)
            most_declined = cost[i].declined_micro;
    }
    for (unsigned i = 0; i < n; i++) {
        bool known = cost[i].why == RT_COST_KNOWN;

        approved[i] = (double)(known ? cost[i].micro : most) * 1e-6;
        declined[i] = (double)(known ? cost[i].declined_micro : most_declined) * 1e-6;
    }
}

/* Switched off: it still looks, and values fall with what it sees. */
static void all_closed(unsigned n, struct rt_view *out)
{
    for (unsigned i = 0; i < n; i++) {
        out->provider[i].breaker = RT_BREAKER_CLOSED;
        out->provider[i].admit_permille = RT_PERMILLE;
    }
}

/* What the other nodes say: nobody probes without the fleet's lease, and a breaker that is open
 * elsewhere is doubted here. Our own breaker stands above theirs. */
static void overlay(const struct px_view *v, unsigned n, struct rt_view *out)
{
    for (unsigned i = 0; i < n; i++) {
        struct rt_sight *s = &out->provider[i];

        if (s->breaker == RT_BREAKER_HALF_OPEN && (v->may_probe >> i & 1) == 0) {
            s->breaker = RT_BREAKER_OPEN;
            s->probe = false;
        } else if (s->breaker == RT_BREAKER_CLOSED && (v->remote_open >> i & 1) != 0) {
            s->breaker = RT_BREAKER_HALF_OPEN;
            if (s->admit_permille > DOUBT_PERMILLE)
                s->admit_permille = DOUBT_PERMILLE;
        }
    }
}

void px_pulse_survey(struct px_pulse *p, const struct pol_facts *f, const struct rt_cost *cost,
                     uint32_t may, const struct px_view *view, int64_t now_ns, struct rt_view *out)
{
    double approved[LIMIT_PROVIDERS], declined[LIMIT_PROVIDERS];
    struct hl_watch_ask ask = { .card = px_pulse_card(f),
                                .amount = (double)f->amount.minor,
                                .fee_approved = approved,
                                .fee_declined = declined,
                                .may = may,
                                .attempts_max = p->config->rules.flight.moves_max + 1U,
                                .seed = f->seed,
                                .now_ns = now_ns };

    take_fees(cost, p->config->providers, approved, declined);
    hl_watch_survey(p->watch, &ask, out);
    if (!p->config->routing.breaker)
        all_closed(p->config->providers, out);
    else if (view != NULL)
        overlay(view, p->config->providers, out);
}

void px_pulse_windows(struct px_pulse *p, unsigned overs, int64_t now_ns, struct pol_facts *f)
{
    for (unsigned over = 1; over < HL_OVERS_; over++) {
        if ((overs >> over & 1) == 0)
            continue;
        for (unsigned i = 0; i < p->config->providers; i++)
            hl_window_brief(hl_watch_windows(p->watch, i), (enum hl_over)over, now_ns,
                            &f->provider[i].approval_ppm[over], &f->provider[i].latency_ms[over]);
    }
}

/* ---- ask ---- */

static void refill(struct px_pulse_seat *s, double more, int64_t now_ns)
{
    s->tokens += more + BUDGET_PER_S * (double)(now_ns - s->at_ns) * 1e-9;
    s->at_ns = now_ns;
    if (s->tokens > BUDGET_BURST)
        s->tokens = BUDGET_BURST;
}

static bool within_budget(struct px_pulse_seat *s, const struct px_pulse_leg *l, int64_t now_ns)
{
    refill(s, l->leg == 0 ? BUDGET_SHARE : 0, now_ns);
    if (l->leg == 0 || !l->technical)
        return true;
    if (s->tokens < 1)
        return false;
    s->tokens -= 1;
    return true;
}

/* A breaker that regrows deals its share in the plan already; who is left has nobody else. */
static bool only_regrows(struct px_pulse *p, unsigned provider, int64_t now_ns)
{
    struct hl_watch_state s;

    hl_watch_state(p->watch, provider, now_ns, &s);
    return s.serving == HL_SERVING;
}

const char *px_pulse_admit(struct px_pulse *p, const struct px_pulse_leg *l, int64_t now_ns,
                           struct hl_pass *out)
{
    struct px_pulse_seat *s = &p->seat[l->provider];
    bool forced = l->forced || !p->config->routing.breaker;

    CHECK(l->provider < p->config->providers);
    if (!forced && l->more && hl_watch_silent(p->watch, l->provider, now_ns))
        return "silent";
    if (!forced && !within_budget(s, l, now_ns))
        return "budget";
    if (!hl_watch_admit(p->watch, l->provider, l->seed, forced, now_ns, out) &&
        !(only_regrows(p, l->provider, now_ns) &&
          hl_watch_admit(p->watch, l->provider, l->seed, true, now_ns, out)))
        return "breaker";
    s->flying++;
    s->sum.attempts++;
    s->sum.chosen += l->leg == 0;
    return NULL;
}

void px_pulse_return(struct px_pulse *p, unsigned provider, const struct hl_pass *pass,
                     int64_t now_ns)
{
    struct px_pulse_seat *s = &p->seat[provider];

    CHECK(provider < p->config->providers);
    if (s->flying > 0)
        s->flying--;
    hl_watch_return(p->watch, provider, pass, now_ns);
}

/* ---- learn ---- */

/* Of our own making: no memory, a request we could not write, no place in our own queue. */
static bool is_ours(const char *why)
{
    static const char *const words[] = { "no_memory", "shutdown", "bad_request", "queue_full" };

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(why, words[i]) == 0)
            return true;
    }
    return false;
}

static bool result_of_error(const struct px_pulse_news *n, enum hl_result *out)
{
    *out = HL_FAILED;
    /* Told to wait is not down: every other one counts. */
    if (n->j->code == RT_CODE_RATE_LIMITED)
        return (hash64_mix(n->seed, n->leg) & 1) != 0;
    return rt_code_category(n->j->code) != RT_CONFIG;
}

static bool result_of_answer(const struct px_pulse_news *n, enum hl_result *out)
{
    enum rt_category c = rt_code_category(n->j->code);

    switch (n->j->outcome) {
    case RT_UNKNOWN: *out = HL_FAILED; return true;
    case RT_APPROVED: *out = HL_APPROVED; return true;
    case RT_ACTION_REQUIRED:
    case RT_PENDING:
    case RT_INFO: *out = HL_PENDING; return true;
    case RT_ERROR: return result_of_error(n, out);
    case RT_DECLINED:
        /* Step-up and wrong set-ups say nothing about approval, an empty account nothing about the
         * provider. */
        *out = c == RT_SCA_REQUIRED || c == RT_CONFIG ? HL_PENDING
               : (c == RT_SOFT || c == RT_TECHNICAL || c == RT_CATEGORY_NONE) &&
                       rt_code_retry_other(n->j->code)
                   ? HL_SOFT
                   : HL_HARD;
        return true;
    }
    return false;
}

bool px_pulse_result(const struct px_pulse_news *n, enum hl_result *out, bool *unsent)
{
    *unsent = false;
    switch (n->kind) {
    case PX_NOT_SENT:
        *unsent = true;
        *out = HL_FAILED;
        return !is_ours(n->why);
    case PX_REFUSED: *out = HL_FAILED; return true;
    case PX_IN_DOUBT:
        *out = strcmp(n->why, "timeout") == 0 ? HL_TIMEOUT : HL_FAILED;
        return !is_ours(n->why);
    case PX_ANSWERED: return result_of_answer(n, out);
    }
    return false;
}

static void count(struct px_pulse_seat *s, enum hl_result r, bool unsent, bool late,
                  int64_t took_ns)
{
    switch (r) {
    case HL_APPROVED: s->sum.approved++; break;
    case HL_SOFT: s->sum.soft++; break;
    case HL_HARD: s->sum.hard++; break;
    case HL_FAILED:
    case HL_TIMEOUT:
        s->sum.unsent += unsent;
        s->sum.failed += !unsent;
        return;
    case HL_PENDING: break;
    }
    if (!late)
        hl_hist_add(&s->sum.latency, hl_hist_bucket(took_ns / 1000000), 1);
}

/* Its time ran out while we stood still for a good part of it: our fault, no evidence. */
static bool slept_through(const struct px_pulse *p, const struct px_pulse_news *n, int64_t now_ns)
{
    return now_ns - n->took_ns < p->woke_ns && p->stood_ns > n->took_ns / SLEPT_PART;
}

double px_pulse_told(struct px_pulse *p, const struct px_pulse_news *n, int64_t now_ns)
{
    struct hl_outcome o = { .provider = n->provider,
                            .card = n->card,
                            .attempt = n->leg + 1,
                            .late = n->pass == NULL,
                            .latency_s = (double)n->took_ns * 1e-9,
                            .soft_before = n->soft_before };
    struct px_pulse_seat *s = &p->seat[n->provider];
    bool unsent, says = px_pulse_result(n, &o.result, &unsent);
    double expected;

    CHECK(n->provider < p->config->providers);
    if (!says || (o.result == HL_TIMEOUT && slept_through(p, n, now_ns))) {
        if (!o.late)
            px_pulse_return(p, n->provider, n->pass, now_ns);
        return -1;
    }
    if (!o.late && s->flying > 0)
        s->flying--;
    if (o.late && (o.result == HL_PENDING || o.result == HL_FAILED || o.result == HL_TIMEOUT))
        return -1; /* no verdict yet */
    count(s, o.result, unsent, o.late, n->took_ns);
    expected = hl_watch_told(p->watch, &o, n->pass, unsent, now_ns);
    return o.result == HL_SOFT ? expected : -1;
}

/* ---- ticks ---- */

/* An operator's word that kept it away has ended: it comes back by probing. */
static void follow_view(struct px_pulse *p, const struct px_view *v, int64_t now_ns)
{
    if (v->epoch == p->epoch)
        return;
    p->epoch = v->epoch;
    for (unsigned i = 0; i < p->config->providers; i++) {
        if (v->ended[i] != p->ended[i])
            hl_watch_probe(p->watch, i, now_ns);
        p->ended[i] = v->ended[i];
    }
}

void px_pulse_tick(struct px_pulse *p, const struct px_view *view, int64_t now_ns)
{
    if (view != NULL)
        follow_view(p, view, now_ns);
    if (now_ns - p->tick_ns > PAUSE_NS) { /* timers come before what was read in the same turn */
        p->woke_ns = now_ns;
        p->stood_ns = now_ns - p->tick_ns - PX_PULSE_TICK_MS * MS_NS;
        hl_watch_paused(p->watch, p->stood_ns);
    }
    p->tick_ns = now_ns;
    hl_watch_tick(p->watch, now_ns);
    px_pulse_send(p, now_ns);
}
