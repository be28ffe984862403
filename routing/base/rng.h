/* routing/base/rng.h -- dice for tests, jitter and exploration; the seed is always an argument.
 *
 * SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014). Not for
 * secrets. */
#ifndef BASE_RNG_H
#define BASE_RNG_H
#include <stdint.h>

struct rng {
    uint64_t s_;
};

static inline struct rng rng_of(uint64_t seed)
{
    return (struct rng){ seed };
}

uint64_t rng_next(struct rng *r);
/* 0 <= result < n, unbiased; n > 0. */
uint64_t rng_below(struct rng *r, uint64_t n);
/* 0 <= result < 1, 53 bits. */
double rng_unit(struct rng *r);
#endif
