/* policies/match.h -- regular expressions, kept on a leash (PCRE2; the only door to it). */
#ifndef POL_MATCH_H
#define POL_MATCH_H
#include <stdbool.h>
#include <stdint.h>

#include "routing/base/arena.h"
#include "routing/base/span.h"

struct pol_regex {
    void *code_, *context_; /* in the arena, compiled by PCRE2 through its allocator hook */
    struct span text;       /* between the slashes */
    bool anchored;
    bool fast; /* the JIT took it */
};

/* E_SYNTAX with why->text and why->col (bytes into text, from 1); E_LIMIT: the arena is full.
 * The code lives in the arena. A JIT that may not (no executable memory) is no error. */
MUST enum err pol_regex_make(struct pol_regex *r, struct span text, struct arena *a,
                             struct diag *why);
/* Gives back executable memory of the JIT, which no arena can hold. */
void pol_regex_fini(struct pol_regex *r);

enum pol_found { POL_FOUND_NO, POL_FOUND_YES, POL_FOUND_GAVE_UP };
/* Matching stops at a limit of steps and of memory: POL_FOUND_GAVE_UP. Uses no heap. */
enum pol_found pol_regex_match(const struct pol_regex *r, struct span subject);
#endif
