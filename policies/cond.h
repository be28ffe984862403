/* policies/cond.h -- what the files that make conditions know of each other; for them only.
 *
 *   cond.c           trees and their leaves
 *   cond_payment.c   words, texts, BINs and amounts of the payment
 *   cond_clock.c     times of day, hours and weekdays of a zone
 *   cond_provider.c  what is measured of a provider
 *
 * A test fills in its instruction, or says what is wrong; then nobody runs it. */
#ifndef POL_COND_H
#define POL_COND_H
#include "policies/inside.h"

/* cond_payment.c; neg: negation goes into the bits of a set of words */
void pol_test_word(struct pol_bench *b, const struct pol_cond *c, enum pol_attr attr, bool neg,
                   struct pol_ins *ins);
void pol_test_text(struct pol_bench *b, const struct pol_cond *c, uint16_t text,
                   struct pol_ins *ins);
void pol_test_bin(struct pol_bench *b, const struct pol_cond *c, struct pol_ins *ins);
void pol_test_amount(struct pol_bench *b, const struct pol_cond *c, struct pol_ins *ins);
void pol_test_known(struct pol_bench *b, const struct pol_cond *c, enum pol_attr attr, bool neg,
                    struct pol_ins *ins);

/* cond_clock.c */
void pol_test_hour(struct pol_bench *b, const struct pol_cond *c, struct pol_ins *ins);
void pol_test_weekday(struct pol_bench *b, const struct pol_cond *c, struct pol_ins *ins);
void pol_test_clock(struct pol_bench *b, const struct pol_cond *c, struct pol_ins *ins);
/* Which zone's clock; a zone beside anything else is an error. */
void pol_test_zone(struct pol_bench *b, const struct pol_cond *c, enum pol_attr attr,
                   struct pol_ins *ins);

/* cond_provider.c */
void pol_test_provider(struct pol_bench *b, const struct pol_cond *c, enum pol_attr attr,
                       struct pol_ins *ins);

/* cond.c */
void pol_test_wrong(struct pol_bench *b, const struct pol_cond *c, const char *instead);
/* `is`, `in { ... }` or `in LIST`. */
bool pol_test_membership(const struct pol_cond *c);
/* The values after `in`: a list's or those in braces. False once an error was told. */
bool pol_test_values(struct pol_bench *b, const struct pol_cond *c, const struct pol_value **value);
/* lo and hi of a comparison with whole numbers, value and second already typed. */
void pol_test_bounds(const struct pol_cond *c, int64_t value, int64_t second, struct pol_ins *ins);
#endif
