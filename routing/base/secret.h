/* routing/base/secret.h -- keys and tokens: wiped on every way out, compared in constant time. */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H
#include <stdbool.h>
#include <stddef.h>

#include "routing/base/span.h"

enum { SECRET_MAX = 256 };

/* Not a string: no NUL to print up to. The log has no branch for it, so logging one does not
 * compile (tests/no_compile). */
struct secret {
    size_t n_;
    unsigned char byte_[SECRET_MAX];
};

MUST enum err secret_set(struct secret *s, struct span bytes); /* E_LIMIT past SECRET_MAX */
struct span secret_reveal(const struct secret *s);
bool secret_none(const struct secret *s);
void secret_clear(struct secret *s);

void secret_wipe(void *p, size_t n);             /* not optimised away */
bool secret_equal(struct span a, struct span b); /* time depends on the lengths only */
#endif
