/* loadtest/policy_bench.c -- how long a policy takes to compile, and a payment to be decided.
 *
 * policy_bench [RULES PROVIDERS [PAYMENTS]]: makes a policy of that size (50 lists; countries,
 * currencies, brands, card digits, amounts, metadata), compiles it, and evaluates and plans
 * payments one by one, each timed. Without arguments: 1000 rules with 20 providers, then 20 with 5.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "health/watch.h"
#include "policies/diag.h"
#include "policies/program.h"
#include "routing/base/rng.h"
#include "routing/plan.h"
#include "routing/verdict.h"

enum { LISTS = 50, ROOM = 256 << 20, TEXT = 8 << 20 };

static const char *const countries[] = {
    "DE", "FR", "AT", "NL", "BE", "ES", "IT", "PL", "SE", "NO",
    "US", "GB", "CA", "JP", "BR", "IN", "MX", "AU", "CH", "DK"
};
static const char *const currencies[] = { "EUR", "USD", "GBP", "SEK", "JPY", "BRL" };
static const char *const brands[] = { "visa", "mastercard", "amex", "maestro" };

#define ONE_OF(r, list) ((list)[rng_below((r), sizeof(list) / sizeof((list)[0]))])

static double now_s(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void make_condition(struct rng *r, struct buf *out)
{
    switch (rng_below(r, 6)) {
    case 0:
        buf_fmt(out, "issuer_country in l%u and brand is %s and funding is debit",
                (unsigned)rng_below(r, LISTS / 2), ONE_OF(r, brands));
        break;
    case 1:
        buf_fmt(out, "bin in l%u and currency is %s",
                (unsigned)(LISTS / 2 + rng_below(r, LISTS / 2)), ONE_OF(r, currencies));
        break;
    case 2:
        buf_fmt(out, "amount >= %s %u and country is %s and initiator is not merchant", "EUR",
                500 + (unsigned)rng_below(r, 500), ONE_OF(r, countries));
        break;
    case 3:
        buf_fmt(out, "country is %s and metadata.line is m%u", ONE_OF(r, countries),
                (unsigned)rng_below(r, 100));
        break;
    case 4:
        buf_fmt(out, "country is %s and sample 5%% by customer and approval of p1 over 30m >= 85%%",
                ONE_OF(r, countries));
        break;
    default:
        buf_fmt(out, "(country is %s or ip_country is %s) and brand is %s and stored is later",
                ONE_OF(r, countries), ONE_OF(r, countries), ONE_OF(r, brands));
    }
}

static void make_chain(struct rng *r, unsigned providers, struct buf *out)
{
    unsigned a = (unsigned)rng_below(r, providers), b = (a + 1) % providers,
             c = (a + 2) % providers;

    switch (rng_below(r, 3)) {
    case 0: buf_fmt(out, "cheapest of p%u, p%u, p%u within 0.5pp of best approval", a, b, c); break;
    case 1: buf_fmt(out, "split 70%% p%u, 30%% p%u by customer", a, b); break;
    default: buf_fmt(out, "p%u then p%u", a, b);
    }
}

static void make_policy(struct rng *r, unsigned rules, unsigned providers, struct buf *out)
{
    buf_str(out, "policy \"bench\"\nproviders p0");
    for (unsigned i = 1; i < providers; i++)
        buf_fmt(out, ", p%u", i);
    for (unsigned i = 0; i < LISTS; i++) {
        buf_fmt(out, "\nlist l%u", i);
        for (unsigned k = 0; k < (i < LISTS / 2 ? 8 : 200); k++) {
            if (i < LISTS / 2)
                buf_fmt(out, " %s", ONE_OF(r, countries));
            else
                buf_fmt(out, " %u", 400000 + (unsigned)rng_below(r, 199999));
        }
    }
    for (unsigned i = 0; i < rules; i++) {
        buf_fmt(out, "\nrule \"rule %u\" when ", i);
        make_condition(r, out);
        buf_str(out, "\n  use ");
        make_chain(r, providers, out);
    }
    buf_str(out, "\ndefault use split 70% p0, 30% p1 by customer then p2\n");
}

static void make_facts(struct rng *r, unsigned providers, struct pol_facts *f, char name[24])
{
    pol_facts_init(f);
    f->now_s = 1767614400;
    f->seed = rng_next(r);
    f->eligible = (uint32_t)((UINT64_C(1) << providers) - 1);
    f->amount = (struct money){ (int64_t)rng_below(r, 90000),
                                currency_find(span_str(ONE_OF(r, currencies))) };
    f->country = rt_country_of(span_str(ONE_OF(r, countries)));
    f->issuer_country = rt_country_of(span_str(ONE_OF(r, countries)));
    f->bin = 40000000 + rng_below(r, 19999999);
    f->bin_digits = 8;
    f->brand = rt_brand_find(span_str(ONE_OF(r, brands)));
    f->funding = rng_below(r, 2) ? POL_DEBIT : POL_CREDIT;
    (void)snprintf(name, 24, "cus_%u", (unsigned)rng_below(r, 1000000));
    f->customer = span_str(name);
    for (unsigned p = 0; p < providers; p++) {
        f->provider[p].cost_ppm = (int64_t)rng_below(r, 30000);
        f->provider[p].approval_ppm[POL_OVER_NOW] = 850000 + (int32_t)rng_below(r, 100000);
        f->provider[p].approval_ppm[POL_OVER_30M] = 850000 + (int32_t)rng_below(r, 100000);
    }
}

static void make_providers(struct rt_provider *p, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        p[i] = (struct rt_provider){ .name = "p",
                                     .index = (uint8_t)i,
                                     .enabled = true,
                                     .brands = ~0U,
                                     .methods = ~0U,
                                     .ops = ~0U };
        for (unsigned w = 0; w < 4; w++)
            p[i].currencies[w] = UINT64_MAX;
    }
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

/* A watch that has seen some trade; its owner frees it. */
static struct hl_watch *make_watch(struct rng *r, unsigned providers, int64_t *now_ns)
{
    struct hl_watch_rules rules;
    struct hl_watch *w;
    void *memory;

    hl_watch_rules_init(&rules);
    rules.providers = providers;
    for (unsigned p = 0; p < providers; p++)
        rules.id[p] = p + 1;
    memory = malloc(hl_watch_size(&rules));
    if (memory == NULL)
        return NULL;
    w = hl_watch_init(memory, hl_watch_size(&rules), &rules, 7, *now_ns);
    for (unsigned i = 0; i < 50000; i++) {
        struct hl_outcome o = { .provider = (unsigned)rng_below(r, providers),
                                .card = { (uint16_t)(1 + rng_below(r, 40)),
                                          (uint16_t)(1 + rng_below(r, 20)),
                                          (uint32_t)(400000 + rng_below(r, 2000)) },
                                .result = rng_below(r, 10) < 9 ? HL_APPROVED : HL_SOFT,
                                .attempt = 1,
                                .latency_s = 0.2,
                                .soft_before = -1 };
        struct hl_pass pass;

        *now_ns += 1000000;
        if (hl_watch_admit(w, o.provider, rng_next(r), true, *now_ns, &pass))
            (void)hl_watch_told(w, &o, &pass, false, *now_ns);
    }
    return w;
}

/* What the gateway does for each payment with nothing but the core: survey, evaluate, plan. */
static void decide(struct hl_watch *w, const struct pol_program *p, unsigned providers,
                   struct pol_facts *f, int64_t now_ns, struct rt_plan *plan)
{
    static const double none[LIMIT_PROVIDERS];
    static enum rt_reason judged[LIMIT_PROVIDERS];
    struct hl_watch_ask ask = { .card = { (uint16_t)(1 + f->seed % 40),
                                          (uint16_t)(1 + f->seed % 20),
                                          (uint32_t)(400000 + f->seed % 2000) },
                                .amount = (double)f->amount.minor,
                                .fee_approved = none,
                                .fee_declined = none,
                                .may = f->eligible,
                                .attempts_max = 2,
                                .seed = f->seed,
                                .now_ns = now_ns };
    struct rt_verdict v;
    struct rt_view view;

    rt_view_init(&view);
    hl_watch_survey(w, &ask, &view);
    for (unsigned i = 0; i < providers; i++) {
        f->provider[i].approval_ppm[POL_OVER_NOW] = view.provider[i].approval_ppm;
        f->provider[i].latency_ms[POL_OVER_NOW] = view.provider[i].latency_ms;
        f->provider[i].breaker = (enum pol_breaker)view.provider[i].breaker;
        f->provider[i].value_micro = view.provider[i].value_micro;
    }
    pol_eval(p, f, &v, NULL);
    rt_plan_lay(judged, providers, &v, &view, f->seed, plan);
}

static void bench_choice(struct rng *r, const struct pol_program *p, unsigned providers,
                         unsigned payments, double clock_cost, double *took)
{
    int64_t now_ns = 1000000000;
    struct hl_watch *w = make_watch(r, providers, &now_ns);
    struct rt_plan plan;
    struct pol_facts f;
    char name[24];

    if (w == NULL)
        return;
    for (unsigned i = 0; i < payments; i++) {
        double begin;

        make_facts(r, providers, &f, name);
        now_ns += 1000000;
        begin = now_s();
        decide(w, p, providers, &f, now_ns, &plan);
        took[i] = now_s() - begin - clock_cost;
    }
    qsort(took, payments, sizeof *took, by_size);
    printf("  survey, evaluate and plan: median %.0f ns, p99 %.0f ns\n", took[payments / 2] * 1e9,
           took[payments / 100 * 99] * 1e9);
    free(w);
}

static int bench(unsigned rules, unsigned providers, unsigned payments)
{
    struct rng r = rng_of(20261120);
    char *text = malloc(TEXT), *mem = malloc(ROOM), name[24];
    struct buf policy = buf_over(text, TEXT);
    struct rt_provider table[LIMIT_PROVIDERS];
    struct pol_env env = { .providers = 0 };
    struct pol_program *p = NULL;
    struct rt_payment pay = { .op = RT_AUTHORIZE };
    struct rt_view view;
    struct pol_report report;
    struct rt_verdict v;
    struct rt_plan plan;
    struct pol_facts f;
    struct arena a;
    double *took = calloc(payments, sizeof *took), begin, compile = 1e9, clock_cost, sum = 0;
    unsigned defaults = 0, legs = 0;

    if (text == NULL || mem == NULL || took == NULL)
        return 1;
    rt_view_init(&view);
    make_policy(&r, rules, providers, &policy);
    for (unsigned i = 0; i < 5; i++) {
        if (p != NULL) {
            pol_program_fini(p);
            arena_fini(&a);
        }
        arena_init(&a, mem, ROOM, NULL, ROOM);
        pol_report_init(&report, &a);
        begin = now_s();
        if (pol_compile(buf_span(&policy), "bench.route", &env, &a, &report, &p) != OK) {
            char room[4096];
            struct buf out = BUF_OF(room);

            if (report.first != NULL)
                pol_finding_print(report.first, false, &out);
            (void)fprintf(stderr, "%s", buf_z(&out));
            return 1;
        }
        if (now_s() - begin < compile)
            compile = now_s() - begin;
    }
    make_providers(table, providers);
    pay.amount = (struct money){ 1000, currency_find(SPAN("EUR")) };
    begin = now_s();
    for (unsigned i = 0; i < 10000; i++)
        took[i % payments] = now_s();
    clock_cost = (now_s() - begin) / 10000;
    for (unsigned i = 0; i < payments; i++) {
        make_facts(&r, providers, &f, name);
        begin = now_s();
        pol_eval(p, &f, &v, NULL);
        rt_plan_make(table, providers, &pay, &v, &view, f.seed, &plan);
        took[i] = now_s() - begin - clock_cost;
        defaults += strcmp(v.rule, "default") == 0;
        legs += plan.legs;
        sum += took[i];
    }
    qsort(took, payments, sizeof *took, by_size);
    printf("%u rules, %u providers, %u lists: compile %.1f ms (%zu KiB), worst case %u steps\n"
           "  evaluate and plan: median %.0f ns, p99 %.0f ns, mean %.0f ns; %.0f%% reach the "
           "default, %.1f legs\n",
           rules, providers, LISTS, compile * 1e3, arena_used(&a) / 1024, pol_program_steps(p),
           took[payments / 2] * 1e9, took[payments / 100 * 99] * 1e9, sum / payments * 1e9,
           100.0 * defaults / payments, (double)legs / payments);
    bench_choice(&r, p, providers, payments, clock_cost, took);
    pol_program_fini(p);
    arena_fini(&a);
    free(took);
    free(text);
    free(mem);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc >= 3)
        return bench((unsigned)strtoul(argv[1], NULL, 10), (unsigned)strtoul(argv[2], NULL, 10),
                     argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 100000);
    return bench(1000, 20, 100000) + bench(20, 5, 100000) + bench(1, 4, 100000);
}
