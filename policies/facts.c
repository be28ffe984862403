/* policies/facts.c */
#include "policies/facts.h"

static const char *const fundings[] = { NULL, "credit", "debit", "prepaid", "charge" };
static const char *const categories[] = { NULL,        "consumer",   "premium",   "business",
                                          "corporate", "purchasing", "government" };
static const char *const three_ds[] = { NULL,     "none",  "attempted", "authenticated",
                                        "exempt", "failed" };
static const char *const breakers[] = { NULL, "closed", "half_open", "open" };

_Static_assert(sizeof fundings / sizeof fundings[0] == POL_FUNDINGS_, "a word for each");
_Static_assert(sizeof categories / sizeof categories[0] == POL_CATEGORIES_, "a word for each");
_Static_assert(sizeof three_ds / sizeof three_ds[0] == POL_3DS_STATES_, "a word for each");
_Static_assert(sizeof breakers / sizeof breakers[0] == POL_BREAKERS_, "a word for each");

void pol_facts_init(struct pol_facts *f)
{
    *f = (struct pol_facts){ .initiator = RT_BY_CUSTOMER };
    for (unsigned p = 0; p < LIMIT_PROVIDERS; p++) {
        struct pol_sight *s = &f->provider[p];

        s->cost_ppm = s->cost_minor = -1;
        s->value_micro = RT_UNKNOWN_VALUE;
        for (unsigned w = 0; w < POL_OVERS_; w++) {
            s->approval_ppm[w] = s->latency_ms[w] = -1;
            s->volume_minor[w] = -1;
        }
    }
    for (unsigned i = 0; i < POL_COMMITS_MAX; i++)
        f->volume[i] = (struct pol_volume){ -1, -1 };
    for (unsigned i = 0; i < POL_ZONES_MAX; i++)
        f->zone_offset_s[i] = POL_NO_ZONE;
}

int64_t pol_micro_of(int64_t minor)
{
    int64_t micro;

    if (__builtin_mul_overflow(minor, INT64_C(1000000), &micro))
        return minor < 0 ? -INT64_MAX : INT64_MAX; /* INT64_MIN is "unknown" */
    return micro;
}

void pol_facts_take(struct pol_facts *f, const struct rt_payment *pay)
{
    f->amount = pay->amount;
    f->country = rt_country_of(span_str(pay->country));
    f->bin = pay->bin8 != 0 ? pay->bin8 : pay->bin6;
    f->bin_digits = pay->bin8 != 0 ? 8 : pay->bin6 != 0 ? 6 : 0;
    f->brand = pay->brand;
    f->method = pay->method;
    f->channel = pay->channel;
    f->initiator = pay->initiator;
    f->stored = pay->stored;
    f->customer = pay->customer;
    f->merchant = pay->merchant;
    f->metadata = pay->metadata;
    f->metadata_n = pay->metadata_n;
}

static unsigned find(const char *const *words, unsigned n, struct span word)
{
    for (unsigned i = 1; i < n; i++) {
        if (span_is(word, words[i]))
            return i;
    }
    return 0;
}

const char *pol_funding_name(enum pol_funding f)
{
    return fundings[f];
}

const char *pol_category_name(enum pol_category c)
{
    return categories[c];
}

const char *pol_three_ds_name(enum pol_three_ds t)
{
    return three_ds[t];
}

const char *pol_breaker_name(enum pol_breaker b)
{
    return breakers[b];
}

enum pol_funding pol_funding_find(struct span word)
{
    return (enum pol_funding)find(fundings, POL_FUNDINGS_, word);
}

enum pol_category pol_category_find(struct span word)
{
    return (enum pol_category)find(categories, POL_CATEGORIES_, word);
}

enum pol_three_ds pol_three_ds_find(struct span word)
{
    return (enum pol_three_ds)find(three_ds, POL_3DS_STATES_, word);
}
