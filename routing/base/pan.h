/* routing/base/pan.h -- a card number, sealed: it cannot be printed by accident.
 *
 * There is no NUL to print up to and no branch in the log that takes one. It shows itself through
 * pan_mask(). Only proxy/adapters may call pan_reveal(); tests/layering.py looks for it elsewhere.
 */
#ifndef BASE_PAN_H
#define BASE_PAN_H
#include <stdbool.h>
#include <stdint.h>

#include "routing/base/buf.h"
#include "routing/base/span.h"

enum { PAN_DIGITS_MIN = 12, PAN_DIGITS_MAX = 19 }; /* ISO/IEC 7812-1 */

struct pan {
    uint8_t len;
    char digit_[PAN_DIGITS_MAX];
};

/* Digits only, 12 to 19 of them (E_RANGE), Luhn must hold (E_CONFLICT), anything else E_SYNTAX. */
MUST enum err pan_seal(struct span digits, struct pan *out);
/* The Luhn check of ISO/IEC 7812-1 annex B over decimal digits. */
bool pan_luhn(struct span digits);
/* "424242******4242": at most the first six and the last four (PCI DSS 3.4.1), fewer for numbers
 * so short that less than four digits would stay hidden. */
void pan_mask(const struct pan *p, struct buf *out);
/* The first n digits as a number, n <= 8 and at least four digits left hidden; 0 otherwise. */
uint32_t pan_prefix(const struct pan *p, unsigned n);
/* The first n digits for looking a range up, n <= 11 and at least four left hidden; 0 otherwise.
 * More than may be stored or shown: what comes of it must not leave the memory of the payment. */
uint64_t pan_lead(const struct pan *p, unsigned n);
void pan_last4(const struct pan *p, char out[5]);
void pan_wipe(struct pan *p);
/* The digits themselves, for the provider's request and nothing else. */
struct span pan_reveal(const struct pan *p);
#endif
