/* proxy/crypto.h -- digests, HMAC, randomness: libcrypto behind four calls.
 *
 * Algorithms are fetched once per thread (OpenSSL 3 looks them up anew otherwise, at 0.3 us each).
 */
#ifndef PX_CRYPTO_H
#define PX_CRYPTO_H
#include <stddef.h>
#include <stdint.h>

#include "routing/base/buf.h"
#include "routing/base/span.h"

enum { PX_SHA256 = 32 };

void px_sha256(struct span data, unsigned char out[PX_SHA256]);
/* Several parts, each preceded by its length (8 bytes, little endian), so that ("a", "bc") and
 * ("ab", "c") differ. */
void px_sha256_parts(const struct span *part, unsigned parts, unsigned char out[PX_SHA256]);

/* A keyed context, made once and used often. Not shared between threads. */
struct px_hmac;
struct px_hmac *px_hmac_create(struct span key); /* HMAC-SHA-256; CHECKs allocation */
/* A key of its own for `label`, out of `key`: what is known of one says nothing of another. */
struct px_hmac *px_hmac_derive(struct span key, const char *label);
void px_hmac_destroy(struct px_hmac *h);
void px_hmac(struct px_hmac *h, struct span data, unsigned char out[PX_SHA256]);
void px_hmac_parts(struct px_hmac *h, const struct span *part, unsigned parts,
                   unsigned char out[PX_SHA256]); /* lengths in front, as above */

void px_random(void *out, size_t n); /* RAND_bytes, buffered per thread */

void px_base64(struct span bytes, struct buf *out);
MUST enum err px_base64_decode(struct span text, struct buf *out); /* padding required; E_SYNTAX */
MUST enum err px_hex_decode(struct span text, struct buf *out);

/* "01J9ZC3W5E7Q8R2T4V6X8Y0Z1A": 26 characters of Crockford base32 holding a UUIDv7 (RFC 9562): 48
 * bits of unix_ms, then random. Sortable by time. */
void px_id_make(int64_t unix_ms, char out[27]);
#endif
