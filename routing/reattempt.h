/* routing/reattempt.h -- the card schemes' rules on trying a card again. No policy is above them.
 *
 * The rules are data, with their sources: routing/reattempt.def. The journal keeps what they count,
 * one row per declined attempt of a card, and asks here in the transaction that promises the next
 * one. What a rule counts is declined attempts; attempts that never reached an issuer, and
 * approvals, are none of its business. */
#ifndef RT_REATTEMPT_H
#define RT_REATTEMPT_H
#include <stdbool.h>
#include <stdint.h>

#include "routing/outcome.h"
#include "routing/payment.h"

enum rt_rule {
    RT_RULE_NONE,
#define R(name, ...) RT_RULE_##name,
#include "routing/reattempt.def"
#define S(name, ...) RT_RULE_##name,
#include "routing/reattempt.def"
    RT_RULES_
};

/* The rules that count come first. */
enum { RT_RULES_COUNTED_ = RT_RULE_NEVER_AGAIN };

/* Longer than this no rule looks back, and no stop lasts. */
#define RT_REATTEMPT_MS  (INT64_C(30) * 24 * 3600 * 1000)
#define RT_REATTEMPT_MAX 100 /* no limit is higher */

/* All zero: nothing is counted and nothing refused. */
struct rt_reattempt_limits {
    unsigned most[RT_RULES_COUNTED_]; /* declines after which no more; 0: off */
    bool visa_apart;                  /* customer's and merchant's payments are counted apart */
    bool stops;                       /* "never again" and "not before" are obeyed */
};

extern const struct rt_reattempt_limits rt_reattempt_defaults;

bool rt_reattempt_off(const struct rt_reattempt_limits *l); /* does nothing at all */

/* ---- one decline ---- */

/* What one ended attempt leaves behind. Zeroed: nothing. */
struct rt_strike {
    bool counts;       /* an issuer declined it */
    enum rt_rule stop; /* NEVER_AGAIN, NOT_BEFORE; else NONE */
    int64_t wait_ms;   /* for how long */
};

/* The network's advice counts more than the issuer's code, and that more than the provider's word.
 * Invalid data (Visa category 3) is no stop: whether the data was changed could be told only by
 * keeping the security code, which nobody may (PCI DSS 3.3.1). Its declines count like any. */
struct rt_strike rt_strike_of(enum rt_brand brand, const struct rt_judgement *j);

/* ---- many declines ---- */

/* One declined attempt of the card, as it was kept. */
struct rt_declined {
    int64_t at_ms, until_ms; /* unix; until_ms 0: no stop */
    int64_t payment;         /* which; any number */
    struct money amount;
    bool by_merchant;
    enum rt_rule stop;
};

/* Who wants to try the card now. */
struct rt_reattempt_ask {
    enum rt_brand brand;
    struct money amount;
    bool by_merchant;
    int64_t now_ms, payment;
    /* other attempts with this card that are under way; of this amount. Each may be declined yet,
     * so they count as soon as the card was declined at all; a card that never was may pay as often
     * at once as it likes. */
    unsigned flying, flying_same;
};

struct rt_reattempt_answer {
    bool refused;
    enum rt_rule rule; /* which refuses; the one that does longest */
    int64_t again_ms;  /* unix: not before */
    uint8_t moves;     /* if not refused: how many more declines after this attempt's there may be;
                          UINT8_MAX: no rule bounds it */
};

/* Rows go in newest first; older than RT_REATTEMPT_MS may be left out. */
struct rt_reattempt_tally {
    const struct rt_reattempt_limits *limits_;
    const struct rt_reattempt_ask *ask_;
    struct rt_reattempt_answer answer_;
    unsigned n_[RT_RULES_COUNTED_];
    int64_t seen_[RT_REATTEMPT_MAX]; /* declined payments of the last hour */
};

void rt_reattempt_begin(struct rt_reattempt_tally *t, const struct rt_reattempt_limits *limits,
                        const struct rt_reattempt_ask *ask); /* both lent until the end */
void rt_reattempt_add(struct rt_reattempt_tally *t, const struct rt_declined *d);
struct rt_reattempt_answer rt_reattempt_end(struct rt_reattempt_tally *t);

/* ---- for people ---- */

const char *rt_rule_name(enum rt_rule r);
enum rt_rule rt_rule_find(struct span word); /* RT_RULE_NONE if there is none */
const char *rt_rule_sentence(enum rt_rule r);
unsigned rt_rule_most(enum rt_rule r);     /* the default; 0 for stops */
int64_t rt_rule_window_ms(enum rt_rule r); /* RT_REATTEMPT_MS for stops */
#endif
