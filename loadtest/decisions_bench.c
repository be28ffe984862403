/* loadtest/decisions_bench.c -- what the log of decisions costs: the worker that hands a note over,
 * the thread that writes it, and reading and deciding it again.
 *
 * decisions_bench [PROVIDERS [RECORDS]]: one JSON line. Times are of the processor, not of the
 * wall.
 */
#include <stdalign.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "proxy/bins.h"
#include "proxy/config.h"
#include "proxy/decide.h"
#include "proxy/decisions.h"
#include "proxy/record_again.h"
#include "proxy/report.h"
#include "proxy/snapshot.h"
#include "routing/base/check.h"

enum { BURST = 100, MEMORY = 1 << 20 };

static double cpu_us(clockid_t clock)
{
    struct timespec t;

    CHECK(clock_gettime(clock, &t) == 0);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* What a worker has at hand: every number known, a customer, two metadata. */
static void decide(struct px_choice *c, unsigned providers, struct rt_pair metadata[2])
{
    memset(c, 0, sizeof *c);
    pol_facts_init(&c->facts);
    pol_said_init(&c->said);
    rt_view_init(&c->view);
    c->facts.now_s = 1767614400;
    c->facts.seed = 0x8786ac80ddb2f158;
    c->facts.amount = (struct money){ 12900, currency_find(SPAN("EUR")) };
    c->facts.bin = 45711234567;
    c->facts.bin_digits = 11;
    c->facts.customer = SPAN("cus_0123456789");
    c->facts.merchant = SPAN("shop");
    c->facts.issuer = SPAN("Example Bank");
    metadata[0] = (struct rt_pair){ SPAN("tier"), SPAN("gold") };
    metadata[1] = (struct rt_pair){ SPAN("cart"), SPAN("cart-0123456789") };
    c->facts.metadata = metadata;
    c->facts.metadata_n = 2;
    for (unsigned p = 0; p < providers; p++) {
        c->cost[p] = (struct rt_cost){ .micro = 1000000 + p, .declined_micro = 5, .line = 3 };
        c->facts.provider[p].cost_minor = 2;
        c->facts.provider[p].cost_ppm = 15000;
        c->facts.provider[p].approval_ppm[0] = c->view.provider[p].approval_ppm = 930000;
        c->facts.provider[p].latency_ms[0] = c->view.provider[p].latency_ms = 310;
        c->facts.provider[p].value_micro = c->view.provider[p].value_micro = 123456789;
        c->view.provider[p].available_ppm = 995000;
        c->facts.eligible |= UINT32_C(1) << p;
    }
    rt_verdict_in_order(&c->verdict, providers);
    rt_plan_lay(c->judged, providers, &c->verdict, &c->view, c->facts.seed, &c->plan);
}

struct bench {
    struct px_config config;
    struct px_snapshot *snapshot;
    struct px_choice choice;
    struct px_decided note, got;
    struct px_again again;
    struct rt_pair metadata[2];
    char line[PX_DECIDED_LINE];
    alignas(max_align_t) char memory[MEMORY];
};

/* Only what a note looks at. */
static void build(struct bench *b, unsigned providers)
{
    static char name[LIMIT_PROVIDERS][24];

    for (unsigned p = 0; p < providers; p++) {
        (void)snprintf(name[p], sizeof name[p], "provider-%u", p);
        b->config.provider[p].name = name[p];
    }
    b->config.providers = providers;
    b->snapshot = calloc(1, sizeof *b->snapshot);
    CHECK(b->snapshot != NULL);
    atomic_init(&b->snapshot->refs_, 1);
    b->snapshot->config = &b->config;
    b->snapshot->number = 1;
    decide(&b->choice, providers, b->metadata);
}

static double worker_us(struct bench *b, unsigned records, struct px_decisions *log)
{
    double us = 0, from;

    for (unsigned done = 0; done < records; done += BURST) {
        from = cpu_us(CLOCK_THREAD_CPUTIME_ID);
        for (unsigned i = 0; i < BURST; i++) {
            px_decided_note(&b->choice, b->snapshot, &b->note);
            px_decisions_put(px_decisions_lane(log, 0), &b->note, b->snapshot);
        }
        us += cpu_us(CLOCK_THREAD_CPUTIME_ID) - from;
        (void)usleep(12000); /* so that the ring never fills */
    }
    return us / records;
}

static double read_us(struct bench *b, unsigned records, size_t *bytes)
{
    struct buf out = buf_over(b->line, sizeof b->line);
    double from;

    px_decided_place(&b->note, NULL);
    CHECK(px_decided_write(&b->note, &out));
    *bytes = out.n + 1;
    from = cpu_us(CLOCK_THREAD_CPUTIME_ID);
    for (unsigned i = 0; i < records; i++) {
        struct diag why;
        struct arena a;

        arena_init(&a, b->memory, sizeof b->memory, NULL, sizeof b->memory);
        CHECK(px_decided_read(buf_span(&out), &a, &b->got, &why) == OK);
        px_again(&b->got, NULL, NULL, &b->again);
    }
    return (cpu_us(CLOCK_THREAD_CPUTIME_ID) - from) / records;
}

int main(int argc, char **argv)
{
    unsigned providers = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 5;
    unsigned records = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 10000;
    struct px_decisions_config c = {
        .path = "decisions_bench.jsonl", .rotate_size = INT64_C(1) << 40, .keep = 1, .lanes = 1
    };
    struct bench *b = calloc(1, sizeof *b);
    struct px_decisions_counts n;
    struct px_decisions *log;
    double whole, worker, again;
    size_t bytes;

    CHECK(b != NULL && providers >= 1 && providers <= LIMIT_PROVIDERS && records >= BURST);
    build(b, providers);
    CHECK(px_decisions_open(&c, &log) == OK);
    whole = cpu_us(CLOCK_PROCESS_CPUTIME_ID);
    worker = worker_us(b, records, log);
    whole = (cpu_us(CLOCK_PROCESS_CPUTIME_ID) - whole) / records;
    n = px_decisions_counts(log);
    px_decisions_close(log);
    again = read_us(b, records, &bytes);
    printf("{\"providers\":%u,\"records\":%u,\"worker_us\":%.2f,\"writer_us\":%.2f,"
           "\"read_and_decide_us\":%.2f,\"bytes\":%zu,\"dropped\":%llu}\n",
           providers, records, worker, whole - worker, again, bytes, (unsigned long long)n.dropped);
    (void)unlink(c.path);
    free(b->snapshot);
    free(b);
    return 0;
}
