/* routing/provider.c */
#include "routing/provider.h"

#include "routing/base/check.h"

void rt_provider_take_currency(struct rt_provider *p, currency c)
{
    CHECK(c < 64 * (sizeof p->currencies / sizeof p->currencies[0]));
    p->currencies[c / 64] |= UINT64_C(1) << (c % 64);
}

bool rt_provider_takes_currency(const struct rt_provider *p, currency c)
{
    CHECK(c < 64 * (sizeof p->currencies / sizeof p->currencies[0]));
    return (p->currencies[c / 64] >> (c % 64) & 1) != 0;
}

static bool has(uint32_t set, unsigned bit)
{
    return (set >> bit & 1) != 0;
}

static bool can_say(const struct rt_provider *p, struct money m)
{
    int64_t units;

    return rt_provider_takes_currency(p, m.cur) && money_to(m, p->dialect, &units) == OK;
}

static bool owns_token(const struct rt_provider *p, const struct rt_payment *pay)
{
    for (unsigned i = 0; i < pay->tokens; i++) {
        if (span_is(pay->token[i].name, p->name))
            return true;
    }
    return false;
}

/* A provider's own token may stand for a card whose brand nobody told us; the provider knows it. */
static bool takes_brand(const struct rt_provider *p, const struct rt_payment *pay)
{
    if (pay->method == RT_PROVIDER_TOKEN && pay->brand == RT_BRAND_UNKNOWN)
        return true;
    if (pay->method == RT_NETWORK_TOKEN && p->network_token_brands != 0 &&
        !has(p->network_token_brands, pay->brand))
        return false;
    return has(p->brands, pay->brand);
}

enum rt_reason rt_provider_judges(const struct rt_provider *p, const struct rt_payment *pay)
{
    if (!p->enabled)
        return RT_REASON_DISABLED;
    if (!has(p->ops, pay->op))
        return RT_REASON_OPERATION;
    if (!has(p->methods, pay->method))
        return RT_REASON_METHOD;
    if (pay->method == RT_PROVIDER_TOKEN && !owns_token(p, pay))
        return RT_REASON_TOKEN;
    if (pay->method == RT_PROVIDER_TOKEN && p->token_needs_customer && pay->customer.n == 0)
        return RT_REASON_CUSTOMER;
    if (!can_say(p, pay->amount))
        return RT_REASON_CURRENCY;
    if (!takes_brand(p, pay))
        return RT_REASON_BRAND;
    return RT_REASON_ELIGIBLE;
}
