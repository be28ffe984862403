/* routing/base/hash.c -- XXH64, written from its specification. */
#include "routing/base/hash.h"

#include <string.h>

static const uint64_t P1 = 0x9E3779B185EBCA87U, P2 = 0xC2B2AE3D27D4EB4FU, P3 = 0x165667B19E3779F9U,
                      P4 = 0x85EBCA77C2B2AE63U, P5 = 0x27D4EB2F165667C5U;

static uint64_t rotl(uint64_t x, unsigned r)
{
    return (x << r) | (x >> (64 - r));
}

static uint64_t le64(const char *p)
{
    uint64_t v = 0;

    for (unsigned i = 8; i-- > 0;)
        v = v << 8 | (unsigned char)p[i];
    return v;
}

static uint64_t le32(const char *p)
{
    uint64_t v = 0;

    for (unsigned i = 4; i-- > 0;)
        v = v << 8 | (unsigned char)p[i];
    return v;
}

static uint64_t round64(uint64_t acc, uint64_t lane)
{
    return rotl(acc + lane * P2, 31) * P1;
}

static uint64_t avalanche(uint64_t h)
{
    h = (h ^ (h >> 33)) * P2;
    h = (h ^ (h >> 29)) * P3;
    return h ^ (h >> 32);
}

uint64_t hash64(struct span s, uint64_t seed)
{
    const char *p = s.p;
    size_t n = s.n;
    uint64_t h = seed + P5;

    if (n >= 32) {
        uint64_t v[4] = { seed + P1 + P2, seed + P2, seed, seed - P1 };

        for (; n >= 32; n -= 32) {
            for (unsigned i = 0; i < 4; i++, p += 8)
                v[i] = round64(v[i], le64(p));
        }
        h = rotl(v[0], 1) + rotl(v[1], 7) + rotl(v[2], 12) + rotl(v[3], 18);
        for (unsigned i = 0; i < 4; i++)
            h = (h ^ round64(0, v[i])) * P1 + P4;
    }
    h += s.n;
    for (; n >= 8; n -= 8, p += 8)
        h = rotl(h ^ round64(0, le64(p)), 27) * P1 + P4;
    if (n >= 4) {
        h = rotl(h ^ (le32(p) * P1), 23) * P2 + P3;
        n -= 4;
        p += 4;
    }
    for (; n > 0; n--, p++)
        h = rotl(h ^ ((unsigned char)*p * P5), 11) * P1;
    return avalanche(h);
}

uint64_t hash64_mix(uint64_t a, uint64_t b)
{
    return avalanche(rotl(a * P1, 31) ^ (b * P2 + P4));
}
