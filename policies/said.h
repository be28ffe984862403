/* policies/said.h -- what a record of a decision holds in place of facts that it may not hold.
 *
 * A record has no card digits beyond the sixth, and of what the merchant's systems wrote (customer,
 * metadata) only hashes. Equality, lists, splits and samples need no more than those. The answers
 * to every other test that the evaluation came by are noted here, by the program's number of the
 * test; the same program finds them again and decides the same. Another program finds those that
 * mean the same, wherever they stand in it; when it asks what was never noted, `missed` says so,
 * and its verdict is not to be believed. */
#ifndef POL_SAID_H
#define POL_SAID_H
#include <stdbool.h>
#include <stdint.h>

#include "routing/base/limits.h"
#include "routing/base/span.h"

struct pol_facts;
struct pol_program;

enum { POL_ANSWERS_MAX = 64, POL_SAID_DIGITS = 6 };

enum pol_is { POL_IS_NO, POL_IS_YES, POL_IS_UNKNOWN, POL_IS_ }; /* of a test */

struct pol_answer {
    uint32_t test;
    enum pol_is is;   /* before a `not` */
    uint64_t meaning; /* pol_program_meaning(); 0: not known */
};

struct pol_said {
    bool again;       /* false: answers are noted; true: they are looked up, hashes are compared */
    bool other;       /* again, by another program: answers are looked up by their meaning */
    bool more;        /* there were more answers than fit */
    bool missed;      /* again: a test was asked whose answer is not here ... */
    uint32_t missing; /* ... this one, the first */
    uint8_t bin_digits; /* again: how many there were; facts hold POL_SAID_DIGITS of them at most */
    unsigned answers;
    struct pol_answer answer[POL_ANSWERS_MAX];

    /* again: hash64(text, 0); 0: unknown */
    uint64_t customer;
    struct {
        uint64_t name, value;
    } metadata[LIMIT_METADATA];
    unsigned metadata_n;
};

/* Empties it; for an evaluation whose answers are wanted. */
void pol_said_init(struct pol_said *s);
/* The hashes of these facts' texts, as a record holds them. */
void pol_said_take(struct pol_said *s, const struct pol_facts *f);

/* What a noted test asks, as a hash: the same in every program that asks the same (the same prefix,
 * pattern, or set of card ranges, list files included). 0: no such test. */
uint64_t pol_program_meaning(const struct pol_program *p, uint32_t test);
/* Where a test of the program stands, so that a record can name it; false: no such test. */
bool pol_program_test(const struct pol_program *p, uint32_t test, const char **file, unsigned *line,
                      unsigned *col);
#endif
