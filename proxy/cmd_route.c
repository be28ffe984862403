/* proxy/cmd_route.c -- `signalbox route engine`: the core's choice, driven from outside.
 *
 * Speaks a line protocol on standard input and output, one JSON object a line
 * (docs/route-engine.md): a simulator says what happened at which simulated second, and every
 * "decide" is answered with a provider. What is measured so is the code that production runs. */
#include "proxy/cmd_route.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "health/choose.h"
#include "health/learn.h"
#include "proxy/cli.h"
#include "routing/base/check.h"
#include "routing/base/hash.h"
#include "routing/base/json.h"
#include "routing/payment.h"

enum { NODES_MAX = 64, FEES_MAX = 64, RECENT = 1 << 16, BINS_MAX = 8192, LINE_MAX_ = 1 << 16 };

struct fee {
    char region[16], funding[16];
    double pct, fixed, least;
};

struct psp {
    char id[40];
    struct fee fee[FEES_MAX];
    unsigned fees;
    double fee_declined;
    double share, penalty; /* commitment; 0: none */
};

/* What must be remembered between a decision and its outcome. */
struct recent {
    int64_t id;
    unsigned attempts_max;
    struct hl_card card;
    hl_ticket ticket;
    double soft_before;
};

/* What one node tells the others at the next sync. */
struct news {
    struct hl_outcome outcome;
    bool overdue;
};

struct node {
    void *mem;
    struct hl_book *book;
    struct news *news;
    size_t news_n, news_cap;
};

struct engine {
    struct psp psp[LIMIT_PROVIDERS];
    unsigned psps;
    double margin, latency_cost_per_s, timeout_s;
    bool async;
    struct node node[NODES_MAX];
    unsigned nodes;
    struct recent *recent;
    char brand[HL_PRODUCTS][24]; /* brand/funding seen, in order: the product's number */
    unsigned products;
};

/* ---- reading ---- */

static double number(const struct json *j)
{
    char text[40];

    return span_copyz(json_raw(j), text, sizeof text) == OK ? strtod(text, NULL) : 0;
}

static void text(const struct json *j, char *out, size_t cap)
{
    if (span_copyz(json_raw(j), out, cap) != OK)
        out[0] = '\0';
}

static int psp_find(const struct engine *e, struct span id)
{
    for (unsigned i = 0; i < e->psps; i++) {
        if (span_is(id, e->psp[i].id))
            return (int)i;
    }
    return -1;
}

static void read_fee(struct json *j, struct fee *f)
{
    while (json_next(j) == JSON_NAME) {
        struct span name = json_raw(j);

        (void)json_next(j);
        if (span_is(name, "region"))
            text(j, f->region, sizeof f->region);
        else if (span_is(name, "funding"))
            text(j, f->funding, sizeof f->funding);
        else if (span_is(name, "pct"))
            f->pct = number(j);
        else if (span_is(name, "fixed"))
            f->fixed = number(j);
        else if (span_is(name, "min"))
            f->least = number(j);
        else
            (void)json_skip(j);
    }
}

static void read_fees(struct json *j, struct psp *p)
{
    while (json_next(j) == JSON_OBJECT) {
        struct fee f = { 0 };

        read_fee(j, &f);
        if (p->fees < FEES_MAX)
            p->fee[p->fees++] = f;
    }
}

static void read_psps(struct json *j, struct engine *e)
{
    while (json_next(j) == JSON_OBJECT) {
        struct psp p = { 0 };

        while (json_next(j) == JSON_NAME) {
            struct span name = json_raw(j);

            (void)json_next(j);
            if (span_is(name, "id"))
                text(j, p.id, sizeof p.id);
            else if (span_is(name, "declined_fee"))
                p.fee_declined = number(j);
            else if (span_is(name, "fees"))
                read_fees(j, &p);
            else
                (void)json_skip(j);
        }
        if (e->psps < LIMIT_PROVIDERS)
            e->psp[e->psps++] = p;
    }
}

static void read_commitments(struct json *j, struct engine *e)
{
    while (json_next(j) == JSON_NAME) {
        int p = psp_find(e, json_raw(j));

        (void)json_next(j);
        while (json_next(j) == JSON_NAME) {
            struct span name = json_raw(j);

            (void)json_next(j);
            if (p >= 0 && span_is(name, "min_share"))
                e->psp[p].share = number(j);
            else if (p >= 0 && span_is(name, "penalty_per_missing_payment"))
                e->psp[p].penalty = number(j);
        }
    }
}

static double find_number(struct span line, const char *outer, const char *name, double otherwise)
{
    struct json j;

    return json_find(line, &j, outer, name, NULL) && json_tok(&j) == JSON_NUMBER ? number(&j)
                                                                                 : otherwise;
}

static bool start(struct engine *e, struct span line)
{
    struct json j;
    uint64_t seed = (uint64_t)find_number(line, "init", "seed", 1);

    if (!json_find(line, &j, "init", "providers", NULL) || json_tok(&j) != JSON_ARRAY)
        return false;
    read_psps(&j, e);
    if (json_find(line, &j, "init", "commitments", NULL) && json_tok(&j) == JSON_OBJECT)
        read_commitments(&j, e);
    e->margin = find_number(line, "init", "margin", 0.15);
    e->latency_cost_per_s = find_number(line, "init", "latency_cost_per_s", 0.005);
    e->timeout_s = find_number(line, "init", "timeout_ms", 10000) / 1e3;
    e->async = json_find(line, &j, "init", "async_results", NULL) && json_tok(&j) == JSON_TRUE;
    e->nodes = (unsigned)find_number(line, "init", "nodes", 1);
    if (e->psps == 0 || e->nodes == 0 || e->nodes > NODES_MAX)
        return false;
    e->recent = calloc(RECENT, sizeof *e->recent);
    CHECK(e->recent != NULL);
    for (unsigned i = 0; i < e->nodes; i++) {
        size_t n = hl_book_size(e->psps, BINS_MAX);

        e->node[i].mem = malloc(n);
        CHECK(e->node[i].mem != NULL);
        e->node[i].book =
            hl_book_init(e->node[i].mem, n, e->psps, BINS_MAX, hash64_mix(seed, i), 0);
    }
    return true;
}

/* ---- one payment ---- */

struct asked {
    int64_t now_ns, id;
    unsigned node, attempt, attempts_max;
    double amount;
    char country[4], region[16], brand[16], funding[16], bin[12];
    unsigned eligible[LIMIT_PROVIDERS], eligibles;
    unsigned soft_from[LIMIT_PROVIDERS], softs;
    bool hard;
};

static void read_eligible(struct json *j, const struct engine *e, struct asked *a)
{
    while (json_next(j) == JSON_STRING) {
        int p = psp_find(e, json_raw(j));

        if (p >= 0 && a->eligibles < LIMIT_PROVIDERS)
            a->eligible[a->eligibles++] = (unsigned)p;
    }
}

static void read_tried(struct json *j, const struct engine *e, struct asked *a)
{
    while (json_next(j) == JSON_OBJECT) {
        int p = -1;

        a->hard = false; /* the last one counts */
        while (json_next(j) == JSON_NAME) {
            struct span name = json_raw(j);

            (void)json_next(j);
            if (span_is(name, "p"))
                p = psp_find(e, json_raw(j));
            else if (span_is(name, "result")) {
                a->hard = json_is(j, "hard_decline");
                if (json_is(j, "soft_decline") && p >= 0 && a->softs < LIMIT_PROVIDERS)
                    a->soft_from[a->softs++] = (unsigned)p;
            } else
                (void)json_skip(j);
        }
    }
}

static void read_asked(struct json *j, const struct engine *e, struct asked *a)
{
    while (json_next(j) == JSON_NAME) {
        struct span name = json_raw(j);

        (void)json_next(j);
        if (span_is(name, "t"))
            a->now_ns = (int64_t)(number(j) * 1e9);
        else if (span_is(name, "id"))
            a->id = (int64_t)number(j);
        else if (span_is(name, "node"))
            a->node = (unsigned)number(j);
        else if (span_is(name, "attempt"))
            a->attempt = (unsigned)number(j);
        else if (span_is(name, "max_attempts"))
            a->attempts_max = (unsigned)number(j);
        else if (span_is(name, "amount"))
            a->amount = number(j);
        else if (span_is(name, "country"))
            text(j, a->country, sizeof a->country);
        else if (span_is(name, "region"))
            text(j, a->region, sizeof a->region);
        else if (span_is(name, "brand"))
            text(j, a->brand, sizeof a->brand);
        else if (span_is(name, "funding"))
            text(j, a->funding, sizeof a->funding);
        else if (span_is(name, "bin"))
            text(j, a->bin, sizeof a->bin);
        else if (span_is(name, "eligible"))
            read_eligible(j, e, a);
        else if (span_is(name, "tried"))
            read_tried(j, e, a);
        else
            (void)json_skip(j);
    }
}

/* Brand and funding, numbered as they appear; 0 when there are too many. */
static uint16_t product_of(struct engine *e, const struct asked *a)
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

static double fee_of(const struct psp *p, const struct asked *a)
{
    for (unsigned i = 0; i < p->fees; i++) {
        const struct fee *f = &p->fee[i];
        double fee = f->pct * a->amount + f->fixed;

        if (strcmp(f->region, a->region) == 0 && strcmp(f->funding, a->funding) == 0)
            return fee > f->least ? fee : f->least;
    }
    return 0;
}

static struct recent *recent_of(struct engine *e, int64_t id)
{
    return &e->recent[(uint64_t)id % RECENT];
}

static void publish(struct node *n, const struct hl_outcome *o, bool overdue)
{
    if (n->news_n == n->news_cap) {
        n->news_cap = n->news_cap == 0 ? 64 : 2 * n->news_cap;
        n->news = realloc(n->news, n->news_cap * sizeof *n->news);
        CHECK(n->news != NULL);
    }
    n->news[n->news_n++] = (struct news){ .outcome = *o, .overdue = overdue };
}

/* Overdue requests are evidence for the other nodes as well. */
static void look(struct engine *e, struct node *n, unsigned provider, int64_t now_ns)
{
    struct hl_outcome o = { .provider = provider };
    double others_n, others_failed;
    unsigned overdue;

    hl_book_others(n->book, provider, &others_n, &others_failed);
    overdue = hl_tech_look(&n->book->tech[provider], e->timeout_s, others_n, others_failed, now_ns);
    for (; e->nodes > 1 && overdue > 0; overdue--)
        publish(n, &o, true);
}

static void decide(struct engine *e, struct span line)
{
    struct asked a = { .attempt = 1, .attempts_max = 1 };
    struct hl_option option[LIMIT_PROVIDERS];
    struct hl_choice choice;
    struct json j;
    struct node *n;
    struct recent *r;

    if (!json_find(line, &j, "decide", NULL))
        return;
    read_asked(&j, e, &a);
    if (a.hard || a.eligibles == 0 || a.node >= e->nodes) {
        (void)puts("{\"p\":null}");
        return;
    }
    n = &e->node[a.node];
    r = recent_of(e, a.id);
    if (a.attempt == 1)
        *r = (struct recent){ .id = a.id, .attempts_max = a.attempts_max, .soft_before = -1 };
    r->card = (struct hl_card){ .country = hl_country(a.country),
                                .product = product_of(e, &a),
                                .bin = (uint32_t)strtoul(a.bin, NULL, 10) };
    for (unsigned i = 0; i < a.eligibles; i++) {
        const struct psp *p = &e->psp[a.eligible[i]];

        option[i] = (struct hl_option){
            .provider = a.eligible[i],
            .fee_approved = fee_of(p, &a),
            .fee_declined = p->fee_declined,
            .price = p->share > 0
                         ? hl_commitment_price(n->book, a.eligible[i], p->share, p->penalty)
                         : 0,
        };
    }
    for (unsigned i = 0; i < a.eligibles; i++)
        look(e, n, a.eligible[i], a.now_ns);
    hl_choose(n->book,
              &(struct hl_question){ .card = r->card,
                                     .amount = a.amount,
                                     .margin = e->margin,
                                     .latency_cost_per_s = e->latency_cost_per_s,
                                     .timeout_s = e->timeout_s,
                                     .async = e->async,
                                     .attempt = a.attempt,
                                     .attempts_max = a.attempts_max,
                                     .option = option,
                                     .options = a.eligibles,
                                     .soft_from = a.soft_from,
                                     .softs = a.softs,
                                     .now_ns = a.now_ns },
              &choice);
    if (choice.option < 0) {
        (void)puts("{\"p\":null}");
        return;
    }
    r->ticket = hl_tech_sent(&n->book->tech[option[choice.option].provider], a.now_ns);
    (void)printf("{\"p\":\"%s\",\"why\":\"%s\"}\n", e->psp[option[choice.option].provider].id,
                 hl_why_name(choice.why));
}

/* ---- what became of it ---- */

static enum hl_result result_of(const struct json *j)
{
    static const struct {
        const char *word;
        enum hl_result result;
    } table[] = {
        { "approved", HL_APPROVED }, { "soft_decline", HL_SOFT }, { "hard_decline", HL_HARD },
        { "error", HL_FAILED },      { "timeout", HL_TIMEOUT },   { "pending", HL_PENDING },
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (json_is(j, table[i].word))
            return table[i].result;
    }
    return HL_FAILED;
}

static void outcome(struct engine *e, struct span line)
{
    struct hl_outcome o = { .local = true, .attempt = 1, .soft_before = -1 };
    int64_t now_ns = 0, id = 0;
    unsigned node = 0;
    int p = -1;
    struct json j;
    struct recent *r;
    double expected;

    if (!json_find(line, &j, "outcome", NULL))
        return;
    while (json_next(&j) == JSON_NAME) {
        struct span name = json_raw(&j);

        (void)json_next(&j);
        if (span_is(name, "t"))
            now_ns = (int64_t)(number(&j) * 1e9);
        else if (span_is(name, "id"))
            id = (int64_t)number(&j);
        else if (span_is(name, "node"))
            node = (unsigned)number(&j);
        else if (span_is(name, "attempt"))
            o.attempt = (unsigned)number(&j);
        else if (span_is(name, "p"))
            p = psp_find(e, json_raw(&j));
        else if (span_is(name, "result"))
            o.result = result_of(&j);
        else if (span_is(name, "latency_ms"))
            o.latency_s = number(&j) / 1e3;
        else
            (void)json_skip(&j);
    }
    r = recent_of(e, id);
    if (p < 0 || node >= e->nodes || r->id != id)
        return;
    o.provider = (unsigned)p;
    o.card = r->card;
    o.ticket = r->ticket;
    o.retriable = r->attempts_max > 1;
    o.late = e->async && o.result != HL_PENDING && o.result != HL_FAILED && o.result != HL_TIMEOUT;
    o.soft_before = o.attempt > 1 ? r->soft_before : -1;
    expected = hl_learn(e->node[node].book, &o, e->timeout_s, now_ns);
    r->soft_before = o.attempt == 1 && o.result == HL_SOFT && o.retriable ? expected : -1;
    if (e->nodes > 1)
        publish(&e->node[node], &o, false);
}

static void synchronise(struct engine *e, struct span line)
{
    int64_t now_ns = (int64_t)(find_number(line, "sync", "t", 0) * 1e9);

    for (unsigned from = 0; from < e->nodes; from++) {
        for (size_t i = 0; i < e->node[from].news_n; i++) {
            struct news *w = &e->node[from].news[i];

            w->outcome.local = false;
            for (unsigned to = 0; to < e->nodes; to++) {
                if (to == from)
                    continue;
                if (w->overdue)
                    hl_learn_overdue(e->node[to].book, w->outcome.provider, now_ns);
                else
                    (void)hl_learn(e->node[to].book, &w->outcome, e->timeout_s, now_ns);
            }
        }
        e->node[from].news_n = 0;
    }
}

static void engine_free(struct engine *e)
{
    for (unsigned i = 0; i < e->nodes; i++) {
        free(e->node[i].mem);
        free(e->node[i].news);
    }
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
