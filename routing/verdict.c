/* routing/verdict.c */
#include "routing/verdict.h"

#include "routing/base/check.h"

enum { MOVES = 1, WITHIN_S = 15 };

void rt_verdict_in_order(struct rt_verdict *v, unsigned providers)
{
    CHECK(providers <= LIMIT_PROVIDERS);
    *v = (struct rt_verdict){ .providers = (uint8_t)providers,
                              .rule = "configured order",
                              .file = "",
                              .moves_max = MOVES,
                              .within_ns = WITHIN_S * INT64_C(1000000000) };
    for (unsigned i = 0; i < providers; i++)
        v->provider[i] = (uint8_t)i;
}
