/* proxy/tally.c -- buckets of latency: eight to a doubling, so that they can be added and still
 * tell a quantile within 12.5 %. */
#include "proxy/tally.h"

#include "routing/base/check.h"

enum { PER_DOUBLING = 8, OCTAVES = 16 };

/* Bucket 0: below 1 ms. Then octave o (from 2^o ms) holds buckets 1 + 8 o ... 8 + 8 o. */
unsigned px_tally_bucket(int64_t latency_us)
{
    uint64_t us = latency_us < 0 ? 0 : (uint64_t)latency_us;
    uint64_t floor_us = 1000;
    unsigned octave = 0, at;

    if (us < floor_us)
        return 0;
    while (us >= 2 * floor_us && octave < OCTAVES) {
        floor_us *= 2;
        octave++;
    }
    at = 1 + PER_DOUBLING * octave + (unsigned)((us - floor_us) * PER_DOUBLING / floor_us);
    return at < PX_TALLY_BUCKETS ? at : PX_TALLY_BUCKETS - 1;
}

int32_t px_tally_bucket_ms(unsigned bucket)
{
    unsigned octave, step;

    CHECK(bucket < PX_TALLY_BUCKETS);
    if (bucket == 0)
        return 1;
    octave = (bucket - 1) / PER_DOUBLING;
    step = (bucket - 1) % PER_DOUBLING;
    return (int32_t)(((uint64_t)(2 * PER_DOUBLING + 2 * step + 1) << octave) / (2 * PER_DOUBLING));
}

int32_t px_tally_quantile(const uint32_t *count, unsigned q_permille)
{
    uint64_t all = 0, seen = 0, want;

    for (unsigned i = 0; i < PX_TALLY_BUCKETS; i++)
        all += count[i];
    if (all == 0)
        return -1;
    want = (all * q_permille + 999) / 1000;
    for (unsigned i = 0; i < PX_TALLY_BUCKETS; i++) {
        seen += count[i];
        if (seen >= want && count[i] > 0)
            return px_tally_bucket_ms(i);
    }
    return px_tally_bucket_ms(PX_TALLY_BUCKETS - 1);
}
