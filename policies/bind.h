/* policies/bind.h -- facts from words: `payment country DE, amount EUR 20.00` of an expect, and of
 * a command line. */
#ifndef POL_BIND_H
#define POL_BIND_H
#include "policies/inside.h"

struct pol_bound {
    struct pol_facts facts;
    struct rt_pair metadata[POL_METAS_MAX];
    bool key_bound[POL_TEXTS_]; /* texts that were given: others vary over many payments */
    bool split_metadata;        /* metadata was given */
    unsigned commit_said[POL_COMMITS_MAX]; /* 1 + pace */
    int64_t local_s;
    struct span clock_zone;
    bool clock_said;
};

/* A payment of which nothing is known, that every provider of the program can take. */
void pol_bound_init(struct pol_bound *x, const struct pol_program *p);
/* Sets one attribute; false once an error was told. */
void pol_bind_word(struct pol_facts *f, enum pol_slot s, unsigned v);
/* A card's digits tell its brand: there is no payment with digits and without what they tell. */
void pol_facts_settle(struct pol_facts *f);
/* Writes the payment as `payment …` would. */
void pol_bound_print(const struct pol_program *p, const struct pol_bound *x, struct buf *out);
bool pol_bind(struct pol_bench *b, struct pol_bound *x, const struct pol_bind *bind);
bool pol_bind_fact(struct pol_bench *b, struct pol_bound *x, const struct pol_fact *fact);
/* The expect that `like` names, among those above; NULL if there is none. */
const struct pol_expect *pol_like_find(const struct pol_program *p, const struct pol_expect *e);
#endif
