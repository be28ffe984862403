/* tests/unit/policy_kit.h -- compiles a policy in memory of the test's own. */
#ifndef POLICY_KIT_H
#define POLICY_KIT_H
#include <stdlib.h>

#include "policies/diag.h"
#include "policies/expect.h"
#include "policies/program.h"
#include "tests/unit/unit.h"

struct kit {
    struct arena arena;
    struct pol_report report;
    struct pol_program *program;
    struct pol_env env;
    char text[64 * 1024]; /* what was complained about, as people read it */
};

static void *kit_get(void *ctx, size_t n)
{
    (void)ctx;
    return malloc(n);
}

static void kit_put(void *ctx, void *block, size_t n)
{
    (void)ctx;
    (void)n;
    free(block);
}

static const struct arena_source kit_heap = { kit_get, kit_put, NULL };

static inline enum err kit_compile(struct kit *k, const char *policy)
{
    struct buf out = BUF_OF(k->text);
    enum err e;

    arena_init(&k->arena, NULL, 0, &kit_heap, 64 << 20);
    pol_report_init(&k->report, &k->arena);
    e = pol_compile(span_str(policy), "test.route", &k->env, &k->arena, &k->report, &k->program);
    for (const struct pol_finding *f = k->report.first; f != NULL; f = f->next)
        pol_finding_print(f, false, &out);
    (void)buf_z(&out);
    return e;
}

static inline void kit_fini(struct kit *k)
{
    pol_program_fini(k->program);
    k->program = NULL; /* the next policy may not compile */
    arena_fini(&k->arena);
}

/* Who is asked first; -1: nobody. */
static inline int kit_first(const struct kit *k, const struct pol_facts *f, struct rt_verdict *v)
{
    pol_eval(k->program, f, v, NULL);
    for (unsigned i = 0; i < v->providers && !v->decline; i++) {
        if ((f->eligible >> v->provider[i] & 1) != 0 &&
            f->provider[v->provider[i]].breaker != POL_BREAKER_OPEN)
            return v->provider[i];
    }
    return -1;
}
#endif
