/* routing/base/span.h -- bytes that belong to somebody else. */
#ifndef BASE_SPAN_H
#define BASE_SPAN_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "routing/base/err.h"

/* n bytes at p. Not NUL-terminated; valid for as long as their owner says. {NULL, 0} is "none". */
struct span {
    const char *p;
    size_t n;
};

#define SPAN(lit) ((struct span){ "" lit, sizeof(lit) - 1 })
#define SPAN_NONE ((struct span){ NULL, 0 })
/* printf("%.*s", SPAN_ARG(s)) -- for bytes we know to be harmless, never for a card. */
#define SPAN_ARG(s) (int)(s).n, (s).p

struct span span_str(const char *z); /* NULL gives SPAN_NONE */
bool span_eq(struct span a, struct span b);
bool span_is(struct span a, const char *z);
bool span_is_nocase(struct span a, const char *z); /* ASCII letters only */
bool span_starts(struct span a, const char *prefix);
bool span_ends(struct span a, const char *suffix);
struct span span_trim(struct span a); /* spaces and tabs at both ends */
struct span span_drop(struct span a, size_t n);
struct span span_take(struct span a, size_t n);

/* The part of *rest before the first sep, or all of it; *rest moves behind sep. False once empty
 * and finished. "a,,b" gives "a", "", "b". */
bool span_cut(struct span *rest, char sep, struct span *part);

/* Decimal digits only, no sign, no spaces; E_SYNTAX or E_RANGE otherwise. */
MUST enum err span_u64(struct span a, uint64_t *out);
/* The same with an optional leading '-'. */
MUST enum err span_i64(struct span a, int64_t *out);

/* Copies into dst[cap] with a NUL; E_LIMIT if it does not fit or holds a NUL itself. */
MUST enum err span_copyz(struct span a, char *dst, size_t cap);
#endif
