/* tests/unit/watch_kit.h -- watches in tests: made, asked, told, on a clock of the test's own. */
#ifndef TESTS_WATCH_KIT_H
#define TESTS_WATCH_KIT_H
#include <stdlib.h>

#include "health/watch_inside.h"
#include "routing/base/hash.h"
#include "tests/unit/unit.h"

enum { KIT_PSPS = 3 };

static inline struct hl_watch *kit_watch(uint64_t node)
{
    struct hl_watch_rules rules;
    struct hl_watch *w;
    void *mem;

    hl_watch_rules_init(&rules);
    rules.providers = KIT_PSPS;
    rules.bins_max = 256;
    rules.node = node;
    for (unsigned p = 0; p < KIT_PSPS; p++)
        rules.id[p] = 100 + p;
    mem = malloc(hl_watch_size(&rules));
    assert_non_null(mem);
    w = hl_watch_init(mem, hl_watch_size(&rules), &rules, node, 0);
    return w;
}

static inline void kit_survey(struct hl_watch *w, struct hl_card card, uint64_t seed,
                              int64_t now_ns, struct rt_view *view)
{
    static const double fee[KIT_PSPS] = { 10, 10, 10 }, declined[KIT_PSPS] = { 2, 2, 2 };

    *view = (struct rt_view){ 0 };
    hl_watch_survey(w,
                    &(struct hl_watch_ask){ .card = card,
                                            .amount = 4000,
                                            .fee_approved = fee,
                                            .fee_declined = declined,
                                            .may = (1 << KIT_PSPS) - 1,
                                            .attempts_max = 2,
                                            .seed = seed,
                                            .now_ns = now_ns },
                    view);
}

/* One payment at provider p, answered at once. */
static inline void kit_tell(struct hl_watch *w, unsigned p, struct hl_card card, enum hl_result r,
                            int64_t now_ns)
{
    struct hl_pass pass;

    assert_true(hl_watch_admit(w, p, 0, true, now_ns, &pass));
    (void)hl_watch_told(w,
                        &(struct hl_outcome){ .provider = p,
                                              .card = card,
                                              .result = r,
                                              .attempt = 1,
                                              .latency_s = 0.4,
                                              .soft_before = -1 },
                        &pass, false, now_ns);
}

/* What `from` has learned since the last time travels to `to`, packed. */
static inline void kit_send(struct hl_watch *from, struct hl_watch *const *to, unsigned n,
                            int64_t now_ns)
{
    static unsigned char blob[HL_DELTA_BYTES];
    static struct hl_delta d;
    struct hl_delta_view v;

    hl_watch_collect(from, &d, now_ns);
    assert_int_equal(
        hl_delta_open((struct span){ (char *)blob, hl_delta_pack(&d, false, blob, sizeof blob) },
                      &v),
        OK);
    for (unsigned i = 0; i < n; i++) {
        if (to[i] != from)
            hl_watch_apply(to[i], &v, from->rules.node, 0, now_ns);
    }
}
#endif
