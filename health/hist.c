/* health/hist.c */
#include "health/hist.h"

#include "routing/base/check.h"

enum { SUB = 8, SUB_BITS = 3, TOP_BITS = 17 };

unsigned hl_hist_bucket(int64_t ms)
{
    unsigned top = SUB_BITS;

    if (ms < SUB)
        return ms < 0 ? 0 : (unsigned)ms;
    if (ms >= INT64_C(1) << TOP_BITS)
        return HL_HIST - 1;
    while (ms >> (top + 1) != 0)
        top++;
    return (top - SUB_BITS + 1) * SUB + ((unsigned)(ms >> (top - SUB_BITS)) & (SUB - 1));
}

int64_t hl_hist_least(unsigned bucket)
{
    CHECK(bucket <= HL_HIST);
    if (bucket < SUB)
        return bucket;
    return (int64_t)(SUB + bucket % SUB) << (bucket / SUB - 1);
}

void hl_hist_add(struct hl_hist *h, unsigned bucket, uint32_t count)
{
    CHECK(bucket < HL_HIST);
    if (__builtin_add_overflow(h->n[bucket], count, &h->n[bucket]))
        h->n[bucket] = UINT32_MAX;
}

void hl_hist_merge(struct hl_hist *into, const struct hl_hist *from)
{
    for (unsigned i = 0; i < HL_HIST; i++)
        hl_hist_add(into, i, from->n[i]);
}

void hl_hist_take(struct hl_hist *from, const struct hl_hist *what)
{
    for (unsigned i = 0; i < HL_HIST; i++)
        from->n[i] -= what->n[i] < from->n[i] ? what->n[i] : from->n[i];
}

uint64_t hl_hist_count(const struct hl_hist *h)
{
    uint64_t n = 0;

    for (unsigned i = 0; i < HL_HIST; i++)
        n += h->n[i];
    return n;
}

int64_t hl_hist_quantile(const struct hl_hist *h, unsigned permille)
{
    uint64_t all = hl_hist_count(h), rank, seen = 0;

    if (all == 0)
        return -1;
    rank = (all * permille + 999) / 1000;
    rank = rank == 0 ? 1 : rank > all ? all : rank;
    for (unsigned i = 0; i < HL_HIST; i++) {
        seen += h->n[i];
        if (seen >= rank)
            return (hl_hist_least(i) + hl_hist_least(i + 1) - 1) / 2;
    }
    return -1;
}
