/* proxy/cmd_route.c -- `signalbox route engine`: the core's choice, driven from outside.
 *
 * Speaks a line protocol on standard input and output, one JSON object a line
 * (docs/route-engine.md): a simulator says what happened at which simulated second, and every
 * "decide" is answered with a provider. What is measured so is the code that production runs: each
 * node is a watch of its own, breakers included, and they hear of each other by packed
 * differences. */
#include "proxy/cmd_route.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "health/watch.h"
#include "proxy/cli.h"
#include "proxy/cmd_route_read.h"
#include "routing/base/check.h"
#include "routing/base/hash.h"

enum { NODES_MAX = 64, RECENT = 1 << 16, BINS_MAX = 8192, LINE_MAX_ = 1 << 16 };
static const double MINOR = 100; /* amounts come in the major unit, the watch is given minor ones */

/* What must be remembered between a decision and its outcome. */
struct recent {
    int64_t id;
    unsigned attempts_max;
    struct hl_card card;
    struct hl_pass pass;
    double soft_before;
};

struct node {
    void *mem;
    struct hl_watch *watch;
};

struct engine {
    struct px_route_init init;
    struct node node[NODES_MAX];
    struct recent *recent;
    char brand[HL_PRODUCTS][24]; /* brand/funding seen, in order: the product's number */
    unsigned products;
};

/* ---- the start ---- */

static void start_node(struct engine *e, unsigned node, const struct hl_watch_rules *shared)
{
    struct hl_watch_rules rules = *shared;
    struct node *n = &e->node[node];
    size_t size;

    rules.node = node + 1;
    size = hl_watch_size(&rules);
    n->mem = malloc(size);
    CHECK(n->mem != NULL);
    n->watch = hl_watch_init(n->mem, size, &rules, hash64_mix(e->init.seed, node), 0);
}

static bool start(struct engine *e, struct span line)
{
    struct hl_watch_rules rules;

    if (e->recent != NULL || !px_route_read_init(line, &e->init) || e->init.nodes > NODES_MAX)
        return false;
    hl_watch_rules_init(&rules);
    rules.providers = e->init.psps;
    rules.bins_max = BINS_MAX;
    rules.margin = e->init.margin;
    rules.latency_cost_per_s = e->init.latency_cost_per_s;
    for (unsigned p = 0; p < e->init.psps; p++) {
        rules.id[p] = hl_watch_id(span_str(e->init.psp[p].id));
        rules.timeout_ns[p] = (int64_t)(e->init.timeout_s * 1e9);
    }
    e->recent = calloc(RECENT, sizeof *e->recent);
    CHECK(e->recent != NULL);
    for (unsigned i = 0; i < e->init.nodes; i++)
        start_node(e, i, &rules);
    return true;
}

/* ---- one payment ---- */

/* Brand and funding, numbered as they appear; 0 when there are too many. */
static uint16_t product_of(struct engine *e, const struct px_route_asked *a)
{
    char word[24];

    (void)snprintf(word, sizeof word, "%.11s/%.11s", a->brand, a->funding);
    for (unsigned i = 1; i <= e->products; i++) {
        if (strcmp(e->brand[i], word) == 0)
            return (uint16_t)i;
    }
    if (e->products + 1 >= HL_PRODUCTS)
        return 0;
    memcpy(e->brand[++e->products], word, sizeof word);
    return (uint16_t)e->products;
}

static struct recent *recent_of(struct engine *e, int64_t id)
{
    return &e->recent[(uint64_t)id % RECENT];
}

static void survey(const struct engine *e, struct hl_watch *w, const struct px_route_asked *a,
                   struct hl_card card, uint64_t seed, struct rt_view *view)
{
    double fee[LIMIT_PROVIDERS], declined[LIMIT_PROVIDERS], price[LIMIT_PROVIDERS];

    for (unsigned p = 0; p < e->init.psps; p++) {
        const struct px_route_psp *psp = &e->init.psp[p];

        fee[p] = px_route_fee(psp, a) * MINOR;
        declined[p] = psp->fee_declined * MINOR;
        price[p] = psp->share > 0 ? hl_watch_price(w, p, psp->share, psp->penalty) * MINOR : 0;
    }
    rt_view_init(view);
    hl_watch_survey(w,
                    &(struct hl_watch_ask){ .card = card,
                                            .amount = a->amount * MINOR,
                                            .fee_approved = fee,
                                            .fee_declined = declined,
                                            .price = price,
                                            .may = a->eligible,
                                            .attempt = a->attempt,
                                            .attempts_max = a->attempts_max,
                                            .soft = a->soft,
                                            .late_verdicts = e->init.async,
                                            .seed = seed,
                                            .now_ns = a->now_ns },
                    view);
}

/* Does a come before b? The probe, then those of value, then those that are too new. */
static bool is_before(const struct rt_sight *a, const struct rt_sight *b)
{
    if (a->probe != b->probe)
        return a->probe;
    if (a->ramped != b->ramped)
        return b->ramped;
    return a->value_micro > b->value_micro;
}

/* The best of those that may be asked; -1: nobody, or no further attempt that earns anything. */
static int best_of(const struct px_route_asked *a, const struct rt_view *v, uint32_t may)
{
    int best = -1;

    for (unsigned p = 0; p < LIMIT_PROVIDERS; p++) {
        const struct rt_sight *s = &v->provider[p];

        if ((may >> p & 1) == 0 || s->breaker == RT_BREAKER_OPEN ||
            (a->attempt > 1 && s->value_micro <= 0))
            continue;
        if (best < 0 || is_before(s, &v->provider[best]))
            best = (int)p;
    }
    return best;
}

static const char *why(const struct px_route_asked *a, const struct rt_sight *s)
{
    if (s->probe)
        return "probe";
    if (a->attempt > 1)
        return "again";
    if ((a->eligible & (a->eligible - 1)) == 0)
        return "only";
    return s->explored ? "explore" : "best";
}

static void decide(struct engine *e, struct span line)
{
    struct px_route_asked a;
    struct rt_view view;
    struct hl_watch *w;
    struct recent *r;
    uint64_t seed;
    uint32_t may;
    int p = -1;

    if (!px_route_read_asked(line, &e->init, &a))
        return;
    may = a.hard || a.node >= e->init.nodes ? 0 : a.eligible;
    w = e->node[may == 0 ? 0 : a.node].watch;
    r = recent_of(e, a.id);
    if (a.attempt == 1)
        *r = (struct recent){ .id = a.id, .attempts_max = a.attempts_max, .soft_before = -1 };
    r->card = (struct hl_card){ .country = hl_country(a.country),
                                .product = product_of(e, &a),
                                .bin = (uint32_t)strtoul(a.bin, NULL, 10) };
    seed = hash64_mix(hash64_mix(e->init.seed, (uint64_t)a.id), a.attempt);
    if (may != 0)
        survey(e, w, &a, r->card, seed, &view);
    while (may != 0 && (p = best_of(&a, &view, may)) >= 0 &&
           !hl_watch_admit(w, (unsigned)p, seed, false, a.now_ns, &r->pass))
        may &= ~(UINT32_C(1) << p);
    if (may == 0 || p < 0)
        (void)puts("{\"p\":null}");
    else
        (void)printf("{\"p\":\"%s\",\"why\":\"%s\"}\n", e->init.psp[p].id,
                     why(&a, &view.provider[p]));
}

/* ---- what became of it ---- */

static void outcome(struct engine *e, struct span line)
{
    struct px_route_outcome o;
    struct recent *r;
    double expected;
    bool late;

    if (!px_route_read_outcome(line, &e->init, &o))
        return;
    r = recent_of(e, o.id);
    if (o.node >= e->init.nodes || r->id != o.id)
        return;
    late =
        e->init.async && o.result != HL_PENDING && o.result != HL_FAILED && o.result != HL_TIMEOUT;
    expected =
        hl_watch_told(e->node[o.node].watch,
                      &(struct hl_outcome){ .provider = o.psp,
                                            .card = r->card,
                                            .result = o.result,
                                            .attempt = o.attempt,
                                            .late = late,
                                            .latency_s = o.latency_s,
                                            .soft_before = o.attempt > 1 ? r->soft_before : -1 },
                      late ? NULL : &r->pass, false, o.now_ns);
    r->soft_before = o.attempt == 1 && o.result == HL_SOFT && r->attempts_max > 1 ? expected : -1;
}

/* What a node has learned, packed as it would travel. Everybody hears it before anybody else's. */
static void tell_others(struct engine *e, unsigned from, int64_t now_ns)
{
    static unsigned char blob[HL_DELTA_BYTES];
    static struct hl_delta news;
    struct hl_delta_view view;
    size_t n;

    hl_watch_collect(e->node[from].watch, &news, now_ns);
    if (hl_delta_is_empty(&news))
        return;
    n = hl_delta_pack(&news, false, blob, sizeof blob);
    CHECK(hl_delta_open((struct span){ (const char *)blob, n }, &view) == OK);
    for (unsigned to = 0; to < e->init.nodes; to++) {
        if (to != from)
            hl_watch_apply(e->node[to].watch, &view, from + 1, 0, now_ns);
    }
}

static void synchronise(struct engine *e, struct span line)
{
    int64_t now_ns = (int64_t)(px_route_number(line, "sync", "t", 0) * 1e9);

    for (unsigned i = 0; i < e->init.nodes; i++)
        hl_watch_tick(e->node[i].watch, now_ns);
    for (unsigned i = 0; i < e->init.nodes && e->init.nodes > 1; i++)
        tell_others(e, i, now_ns);
}

static void engine_free(struct engine *e)
{
    for (unsigned i = 0; i < NODES_MAX; i++)
        free(e->node[i].mem);
    free(e->recent);
    free(e);
}

static int run(const struct px_cli *c)
{
    static char line[LINE_MAX_];
    struct engine *e = calloc(1, sizeof *e);
    int exit_code = PX_YES;

    (void)c;
    CHECK(e != NULL);
    while (fgets(line, sizeof line, stdin) != NULL) {
        struct span s = span_str(line);

        if (e->recent == NULL && !span_starts(s, "{\"init\"")) {
            exit_code = px_cli_fail(c, PX_USAGE, "the first line must be \"init\"");
            break;
        }
        if (span_starts(s, "{\"decide\"")) {
            decide(e, s);
            (void)fflush(stdout);
        } else if (span_starts(s, "{\"outcome\"")) {
            outcome(e, s);
        } else if (span_starts(s, "{\"sync\"")) {
            synchronise(e, s);
        } else if (span_starts(s, "{\"init\"")) {
            if (!start(e, s)) {
                exit_code = px_cli_fail(c, PX_USAGE, "this \"init\" line makes no sense");
                break;
            }
            (void)puts("{\"ready\":true}");
            (void)fflush(stdout);
        } else if (span_starts(s, "{\"end\"")) {
            break;
        }
    }
    engine_free(e);
    return exit_code;
}

const struct px_command px_cmd_route_engine = {
    .name = "route engine",
    .summary = "drive the routing core by a line protocol (simulators)",
    .help = "Reads one JSON object a line on standard input: init, decide, outcome, sync, end;\n"
            "answers init and decide on standard output. See docs/route-engine.md.\n",
    .run = run,
};
