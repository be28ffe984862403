/* routing/base/hash.h -- a fast 64-bit hash that is the same on every machine and for ever.
 *
 * Splits and samples hang on it (POLICY: weighted rendezvous), so it is a published one that other
 * tools can compute too: XXH64 (github.com/Cyan4973/xxHash, doc/xxhash_spec.md, v0.1.1). Not for
 * secrets: those use HMAC. */
#ifndef BASE_HASH_H
#define BASE_HASH_H
#include <stdint.h>

#include "routing/base/span.h"

uint64_t hash64(struct span s, uint64_t seed);
/* Mixes one number into another; for combining keys already hashed. */
uint64_t hash64_mix(uint64_t a, uint64_t b);
#endif
