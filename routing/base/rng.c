/* routing/base/rng.c */
#include "routing/base/rng.h"

#include "routing/base/check.h"

uint64_t rng_next(struct rng *r)
{
    uint64_t z = (r->s_ += 0x9E3779B97F4A7C15U);

    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
}

uint64_t rng_below(struct rng *r, uint64_t n)
{
    uint64_t floor, x;

    CHECK(n > 0);
    floor = (0 - n) % n; /* values below it would be drawn once too often */
    do
        x = rng_next(r);
    while (x < floor);
    return x % n;
}

double rng_unit(struct rng *r)
{
    return (double)(rng_next(r) >> 11) * 0x1p-53;
}
