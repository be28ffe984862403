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

static bool has(const uint64_t mask[2], enum rt_code c)
{
    _Static_assert(RT_CODES_ <= 128, "two words hold every code");
    return (mask[c / 64] >> (c % 64) & 1) != 0;
}

bool rt_verdict_moves(const struct rt_verdict *v, enum rt_code c)
{
    unsigned category = (unsigned)rt_code_category(c);

    if (!v->retry_said)
        return true;
    if (has(v->retry_never_code, c))
        return false;
    if (has(v->retry_on_code, c))
        return true;
    if ((v->retry_never >> category & 1) != 0)
        return false;
    return (v->retry_on >> category & 1) != 0;
}
