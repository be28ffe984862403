/* routing/bin.c */
#include "routing/bin.h"

#include <stdalign.h>
#include <string.h>

#include "routing/base/check.h"
#include "routing/base/hash.h"

enum { SUMMED_FROM = 16, LEAD_SMALL = 4, LEAD_BIG = 6, SMALL = 20000 };

_Static_assert(sizeof(struct rt_bin_head) == 32, "the image's header");
_Static_assert(sizeof(struct rt_bin_range) == 32, "the image's ranges");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the image is read as it lies");

uint64_t rt_bin_power(unsigned n)
{
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

    CHECK(n < sizeof power / sizeof power[0]);
    return power[n];
}

/* ---- the image ---- */

struct offsets {
    size_t index, range, names, end;
};

/* Few ranges to look through behind each entry, and no big index for a small table. */
static uint32_t lead_of(uint32_t ranges)
{
    return ranges < SMALL ? LEAD_SMALL : LEAD_BIG;
}

static size_t up32(size_t n)
{
    return (n + 31) & ~(size_t)31;
}

static struct offsets offsets_of(uint32_t ranges, uint32_t names)
{
    struct offsets o = { .index = sizeof(struct rt_bin_head) };

    o.range = up32(o.index + (rt_bin_power(lead_of(ranges)) + 1) * sizeof(uint32_t));
    o.names = o.range + (size_t)ranges * sizeof(struct rt_bin_range);
    o.end = up32(o.names + names);
    return o;
}

size_t rt_bins_size(uint32_t ranges, uint32_t names)
{
    return offsets_of(ranges, names).end;
}

struct rt_bins_parts rt_bins_lay(void *image, uint32_t ranges, uint32_t names)
{
    struct offsets o = offsets_of(ranges, names);
    struct rt_bin_head head = { .ranges = ranges, .names = names, .lead = lead_of(ranges) };
    char *at = image;

    memcpy(image, &head, sizeof head);
    return (struct rt_bins_parts){ .index = (void *)(at + o.index),
                                   .range = (void *)(at + o.range),
                                   .names = at + o.names };
}

static uint64_t sum_of(const void *image, size_t n)
{
    return hash64((struct span){ (const char *)image + SUMMED_FROM, n - SUMMED_FROM }, 0);
}

static void make_index(uint32_t *index, const struct rt_bin_range *range, uint32_t ranges)
{
    uint32_t lead = lead_of(ranges), at = 0;
    uint64_t step = rt_bin_power(RT_BIN_WIDTH - lead);

    for (uint32_t i = 0; i <= rt_bin_power(lead); i++) {
        while (at < ranges && range[at].low < i * step)
            at++;
        index[i] = at;
    }
}

void rt_bins_seal(void *image, size_t n)
{
    struct rt_bin_head head;
    struct rt_bins_parts p;

    memcpy(&head, image, sizeof head);
    CHECK(n == rt_bins_size(head.ranges, head.names));
    p = rt_bins_lay(image, head.ranges, head.names);
    make_index(p.index, p.range, head.ranges);
    memcpy(head.magic, RT_BIN_MAGIC, sizeof head.magic);
    head.sum = sum_of(image, n);
    memcpy(image, &head, sizeof head);
}

/* ---- opening ---- */

static bool range_ok(const struct rt_bins *t, uint32_t i)
{
    const struct rt_bin_range *r = &t->range_[i];
    uint32_t up = r->parent;

    if (r->low > r->high || up > i || r->high >= rt_bin_power(RT_BIN_WIDTH))
        return false;
    if (i > 0 && r->low < r[-1].low)
        return false;
    return up == 0 || (t->range_[up - 1].low <= r->low && t->range_[up - 1].high >= r->high);
}

static bool words_ok(const struct rt_bins *t, const struct rt_bin_range *r)
{
    return r->brand < RT_BRANDS_ && r->funding < RT_FUNDINGS_ && r->grade < RT_GRADES_ &&
           r->country < RT_COUNTRIES_ && r->issuer <= t->names_n_ &&
           r->issuer_n <= t->names_n_ - r->issuer;
}

static bool index_ok(const struct rt_bins *t)
{
    for (uint32_t i = 0; i <= rt_bin_power(t->lead_); i++) {
        uint32_t at = t->index_[i];

        if (at > t->ranges_ || (at > 0 && t->range_[at - 1].low >= i * t->step_) ||
            (at < t->ranges_ && t->range_[at].low < i * t->step_))
            return false;
    }
    return true;
}

static bool whole(const struct rt_bins *t)
{
    for (uint32_t i = 0; i < t->ranges_; i++) {
        if (!range_ok(t, i) || !words_ok(t, &t->range_[i]))
            return false;
    }
    return index_ok(t);
}

enum err rt_bins_open(struct span image, struct rt_bins *out, struct diag *why)
{
    struct rt_bin_head head;
    struct rt_bins t;
    struct offsets o;

    CHECK((uintptr_t)image.p % alignof(uint64_t) == 0);
    if (image.n < sizeof head || memcmp(image.p, "SBBINS", 6) != 0) {
        diag_set(why, "this is no BIN table: signalbox bins build writes one");
        return E_SYNTAX;
    }
    memcpy(&head, image.p, sizeof head);
    if (memcmp(head.magic, RT_BIN_MAGIC, sizeof head.magic) != 0) {
        diag_set(why, "a BIN table of another version: build it anew with this signalbox");
        return E_SYNTAX;
    }
    if (head.ranges > RT_BIN_RANGES_MAX || head.lead != lead_of(head.ranges) ||
        rt_bins_size(head.ranges, head.names) != image.n) {
        diag_set(why, "the BIN table is cut short or too long: %zu bytes", image.n);
        return E_SYNTAX;
    }
    o = offsets_of(head.ranges, head.names);
    t = (struct rt_bins){ .index_ = (const void *)(image.p + o.index),
                          .range_ = (const void *)(image.p + o.range),
                          .names_ = image.p + o.names,
                          .ranges_ = head.ranges,
                          .names_n_ = head.names,
                          .lead_ = head.lead,
                          .step_ = rt_bin_power(RT_BIN_WIDTH - lead_of(head.ranges)),
                          .sum_ = head.sum };
    if (head.sum != sum_of(image.p, image.n) || !whole(&t)) {
        diag_set(why, "the BIN table is damaged: its checksum does not match");
        return E_SYNTAX;
    }
    *out = t;
    return OK;
}

uint32_t rt_bins_ranges(const struct rt_bins *t)
{
    return t->ranges_;
}

uint64_t rt_bins_version(const struct rt_bins *t)
{
    return t->sum_;
}

/* ---- asking ---- */

/* How many ranges begin at or below x. */
static uint32_t begin_by(const struct rt_bins *t, uint64_t x)
{
    size_t lead = (size_t)(x / t->step_);
    uint32_t at = t->index_[lead], n = t->index_[lead + 1] - at;
    const struct rt_bin_range *range = t->range_ + at;

    while (n > 0) { /* halves without a jump that could be guessed wrong */
        uint32_t half = n - n / 2;

        range += range[half - 1].low <= x ? half : 0;
        n /= 2;
    }
    return (uint32_t)(range - t->range_);
}

static void tell(const struct rt_bins *t, const struct rt_bin_range *r, struct rt_bin *out)
{
    *out = (struct rt_bin){ .brand = (enum rt_brand)r->brand,
                            .funding = (enum rt_funding)r->funding,
                            .grade = (enum rt_grade)r->grade,
                            .country = r->country,
                            .issuer = { t->names_ + r->issuer, r->issuer_n } };
}

bool rt_bins_find_range(const struct rt_bins *t, uint64_t lead, unsigned digits, struct rt_bin *out,
                        uint64_t *low, uint64_t *high)
{
    uint64_t step, from, to;
    uint32_t i;

    CHECK(digits >= 1 && digits < RT_BIN_WIDTH);
    step = rt_bin_power(RT_BIN_WIDTH - digits);
    CHECK(lead < rt_bin_power(digits));
    from = lead * step;
    to = from + (step - 1);
    /* Ranges nest: whatever holds `from` is the last one to begin, or lies around it. */
    for (i = begin_by(t, from); i > 0; i = t->range_[i - 1].parent) {
        const struct rt_bin_range *r = &t->range_[i - 1];

        if (r->high < to)
            continue;
        tell(t, r, out);
        if (low != NULL)
            *low = r->low;
        if (high != NULL)
            *high = r->high;
        return true;
    }
    *out = (struct rt_bin){ 0 };
    return false;
}

bool rt_bins_find(const struct rt_bins *t, uint64_t lead, unsigned digits, struct rt_bin *out)
{
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
