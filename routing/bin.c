/* routing/bin.c */
#include "routing/bin.h"

#include "routing/base/check.h"

static const uint64_t power[] = {
    1,
    10,
    100,
    1000,
    10000,
    100000,
    1000000,
    10000000,
    100000000,
    1000000000,
    10000000000,
    100000000000,
    1000000000000,
    10000000000000,
    100000000000000,
    1000000000000000,
    10000000000000000,
    100000000000000000,
    1000000000000000000,
    UINT64_C(10000000000000000000),
};

uint64_t rt_bin_power(unsigned n)
{

    CHECK(n < sizeof power / sizeof power[0]);
    return power[n];
}

/* ---- asking ---- */

static inline bool tell(const struct rt_bins *t, uint32_t kind, struct rt_bin *out)
{
    const struct rt_bin_facts *f = &t->facts_[kind];

    *out = (struct rt_bin){ .brand = (enum rt_brand)f->brand,
                            .funding = (enum rt_funding)f->funding,
                            .grade = (enum rt_grade)f->grade,
                            .country = f->country,
                            .issuer = { t->names_ + f->issuer, f->issuer_n } };
    return kind != 0;
}

/* The last of the stretches behind this lead that begins at or before `from`; NULL: none. */
static inline const uint64_t *stretch_at(const struct rt_bins *t, uint64_t lead, uint64_t from)
{
    uint32_t first = t->index_[lead], n = t->index_[lead + 1] - first;
    const uint64_t *at = t->stretch_ + first;
    uint64_t key = (from + 1) << t->bits_;

    if (n == 0 || *at >= key)
        return NULL;
    while (n > 1) { /* halves without a jump that could be guessed wrong */
        uint32_t half = n / 2;

        at += at[half] < key ? half : 0;
        n -= half;
    }
    return at;
}

/* The narrowest range around this stretch that also holds `to`: ranges nest. */
static const struct rt_bin_range *range_of(const struct rt_bins *t, const uint64_t *stretch,
                                           uint64_t to)
{
    uint32_t i = stretch == NULL ? 0 : t->owner_[stretch - t->stretch_];

    while (i > 0 && t->range_[i - 1].high < to)
        i = t->range_[i - 1].parent;
    return i == 0 ? NULL : &t->range_[i - 1];
}

bool rt_bins_find_range(const struct rt_bins *t, uint64_t lead, unsigned digits, struct rt_bin *out,
                        uint64_t *low, uint64_t *high)
{
    const struct rt_bin_range *r;
    uint64_t unit, from, first;

    CHECK(digits >= 1 && digits < RT_BIN_WIDTH);
    CHECK(lead < power[digits]);
    unit = power[RT_BIN_WIDTH - digits];
    from = lead * unit;
    first = from / power[RT_BIN_WIDTH - t->lead_];
    r = range_of(t, stretch_at(t, first, from - first * power[RT_BIN_WIDTH - t->lead_]),
                 from + (unit - 1));
    if (r == NULL)
        return tell(t, 0, out);
    if (low != NULL)
        *low = r->low;
    if (high != NULL)
        *high = r->high;
    return tell(t, r->facts, out);
}

bool rt_bins_find(const struct rt_bins *t, uint64_t lead, unsigned digits, struct rt_bin *out)
{
    uint64_t first, from, part, unit;
    const uint64_t *at;

    CHECK(digits >= 1 && digits < RT_BIN_WIDTH);
    if (digits < t->lead_) /* behind several leads */
        return rt_bins_find_range(t, lead, digits, out, NULL, NULL);
    part = power[digits - t->lead_];
    unit = power[RT_BIN_WIDTH - digits];
    first = lead / part;
    CHECK(first < power[t->lead_]);
    from = (lead - first * part) * unit;
    at = stretch_at(t, first, from);
    if (at == NULL)
        return tell(t, 0, out);
    /* All that was asked for lies in one stretch, and so has one answer: the usual case. */
    if (at + 1 == t->stretch_ + t->index_[first + 1] || at[1] >> t->bits_ > from + (unit - 1))
        return tell(t, (uint32_t)(*at & ((UINT64_C(1) << t->bits_) - 1)), out);
    return rt_bins_find_range(t, lead, digits, out, NULL, NULL);
}

/* ---- words ---- */

const char *rt_funding_name(enum rt_funding f)
{
    switch (f) {
    case RT_FUNDING_UNKNOWN: break;
    case RT_CREDIT: return "credit";
    case RT_DEBIT: return "debit";
    case RT_PREPAID: return "prepaid";
    case RT_CHARGE: return "charge";
    case RT_FUNDINGS_: break;
    }
    return "unknown";
}

const char *rt_grade_name(enum rt_grade g)
{
    switch (g) {
    case RT_GRADE_UNKNOWN: break;
    case RT_CONSUMER: return "consumer";
    case RT_PREMIUM: return "premium";
    case RT_BUSINESS: return "business";
    case RT_CORPORATE: return "corporate";
    case RT_PURCHASING: return "purchasing";
    case RT_GOVERNMENT: return "government";
    case RT_GRADES_: break;
    }
    return "unknown";
}

enum rt_funding rt_funding_find(struct span word)
{
    for (unsigned f = RT_FUNDING_UNKNOWN + 1; f < RT_FUNDINGS_; f++) {
        if (span_is_nocase(word, rt_funding_name((enum rt_funding)f)))
            return (enum rt_funding)f;
    }
    return RT_FUNDING_UNKNOWN;
}

enum rt_grade rt_grade_find(struct span word)
{
    for (unsigned g = RT_GRADE_UNKNOWN + 1; g < RT_GRADES_; g++) {
        if (span_is_nocase(word, rt_grade_name((enum rt_grade)g)))
            return (enum rt_grade)g;
    }
    return RT_GRADE_UNKNOWN;
}
