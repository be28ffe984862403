/* routing/reattempt.c */
#include "routing/reattempt.h"

#include <string.h>

#include "routing/base/check.h"

#define HOUR    (INT64_C(3600) * 1000)
#define DAY     (24 * HOUR)
#define FOREVER RT_REATTEMPT_MS
#define BIT(b)  (1U << BRAND_##b)
#define ANY     UINT32_MAX
#define SOON_MS 1000

enum {
    BRAND_UNKNOWN = RT_BRAND_UNKNOWN,
    BRAND_VISA = RT_VISA,
    BRAND_MASTERCARD = RT_MASTERCARD,
    BRAND_MAESTRO = RT_MAESTRO,
    BRAND_AMEX = RT_AMEX,
    BRAND_DISCOVER = RT_DISCOVER,
    BRAND_DINERS = RT_DINERS,
};

enum unit { LEGS, PAYMENTS };
enum scope { CARD, AMOUNT };

struct rule {
    const char *word, *sentence;
    enum unit unit;
    enum scope scope;
    int64_t window_ms;
    unsigned most;
    uint32_t brands;
};

static const struct rule rules[RT_RULES_] = {
    { "none", "no rule", LEGS, CARD, 0, 0, 0 },
#define R(name, word, unit, scope, window_ms, most, brands, sentence)                              \
    { word, sentence, unit, scope, window_ms, most, brands },
#include "routing/reattempt.def"
#define S(name, word, sentence) { word, sentence, LEGS, AMOUNT, RT_REATTEMPT_MS, 0, 0 },
#include "routing/reattempt.def"
};

enum field { MAC, DE39, CODE };

struct word {
    uint32_t brands;
    enum field field;
    const char *word;
    int64_t wait_ms;
};

static const struct word words[] = {
#define W(brands, field, word, wait_ms) { brands, field, word, wait_ms },
#include "routing/reattempt.def"
};

enum { WORDS = sizeof words / sizeof words[0] };

const struct rt_reattempt_limits rt_reattempt_defaults = {
    .most = { 0,
#define R(name, word, unit, scope, window_ms, most, brands, sentence) most,
#include "routing/reattempt.def"
    },
    .stops = true,
};

bool rt_reattempt_off(const struct rt_reattempt_limits *l)
{
    for (unsigned r = 0; r < RT_RULES_COUNTED_; r++) {
        if (l->most[r] > 0)
            return false;
    }
    return !l->stops;
}

/* ---- one decline ---- */

static bool is_brand(uint32_t brands, enum rt_brand b)
{
    return (brands >> b & 1) != 0;
}

/* The first row for this word; NULL: the tables know nothing of it. */
static const struct word *find(enum rt_brand brand, enum field field, const char *said)
{
    for (unsigned i = 0; i < WORDS; i++) {
        if (words[i].field == field && is_brand(words[i].brands, brand) &&
            strcmp(words[i].word, said) == 0)
            return &words[i];
    }
    return NULL;
}

/* Did it get as far as an issuer? Where the provider passes on what the network said, it did. */
static bool reached_issuer(const struct rt_judgement *j)
{
    if (j->mac[0] != '\0' || j->iso8583[0] != '\0')
        return true;
    switch (rt_code_category(j->code)) {
    case RT_CONFIG: return false;
    case RT_CATEGORY_NONE:
    case RT_SOFT:
    case RT_HARD:
    case RT_FRAUD:
    case RT_SCA_REQUIRED:
    case RT_TECHNICAL: break;
    }
    return j->code != RT_CODE_BLOCKED_BY_RISK && j->code != RT_CODE_BLOCKLISTED &&
           j->code != RT_CODE_AUTHENTICATION_FAILED &&
           j->code != RT_CODE_AUTHENTICATION_UNAVAILABLE &&
           j->code != RT_CODE_PAYER_ACTION_REQUIRED && j->code != RT_CODE_CUSTOMER_CANCELLED;
}

static int64_t wait_of(enum rt_brand brand, const struct rt_judgement *j)
{
    const struct word *w = find(brand, MAC, j->mac);

    if (w != NULL)
        return w->wait_ms;
    switch (j->advice) {
    case RT_ADVICE_NEVER: return FOREVER;
    case RT_ADVICE_LATER:
    case RT_ADVICE_CORRECT: return 0;
    case RT_ADVICE_NONE: break;
    }
    w = find(brand, DE39, j->iso8583);
    if (w == NULL)
        w = find(brand, CODE, rt_code_name(j->code));
    return w == NULL ? 0 : w->wait_ms;
}

struct rt_strike rt_strike_of(enum rt_brand brand, const struct rt_judgement *j)
{
    struct rt_strike s = { 0 };

    if (j->outcome != RT_DECLINED || !reached_issuer(j))
        return s;
    s.counts = true;
    s.wait_ms = wait_of(brand, j);
    if (s.wait_ms > 0)
        s.stop = s.wait_ms == FOREVER ? RT_RULE_NEVER_AGAIN : RT_RULE_NOT_BEFORE;
    return s;
}

/* ---- many declines ---- */

void rt_reattempt_begin(struct rt_reattempt_tally *t, const struct rt_reattempt_limits *limits,
                        const struct rt_reattempt_ask *ask)
{
    memset(t, 0, sizeof *t);
    t->limits_ = limits;
    t->ask_ = ask;
    t->answer_.moves = UINT8_MAX;
    for (unsigned r = 0; r < RT_RULES_COUNTED_; r++)
        CHECK(limits->most[r] <= RT_REATTEMPT_MAX);
}

static void refuse(struct rt_reattempt_tally *t, enum rt_rule rule, int64_t again_ms)
{
    struct rt_reattempt_answer *a = &t->answer_;
    int64_t latest_ms = t->ask_->now_ms + rules[rule].window_ms;

    if (again_ms > latest_ms)
        again_ms = latest_ms; /* the clock was set back since */
    if (!a->refused || again_ms > a->again_ms) {
        a->rule = rule;
        a->again_ms = again_ms;
    }
    a->refused = true;
}

static bool same_amount(const struct rt_reattempt_tally *t, const struct rt_declined *d)
{
    return t->ask_->amount.cur == d->amount.cur && t->ask_->amount.minor == d->amount.minor;
}

/* A payment is counted once, and the one that asks is not. */
static bool new_payment(struct rt_reattempt_tally *t, enum rt_rule rule, int64_t payment)
{
    if (payment == t->ask_->payment)
        return false;
    for (unsigned i = 0; i < t->n_[rule] && i < RT_REATTEMPT_MAX; i++) {
        if (t->seen_[i] == payment)
            return false;
    }
    if (t->n_[rule] < RT_REATTEMPT_MAX)
        t->seen_[t->n_[rule]] = payment;
    return true;
}

static bool applies(const struct rt_reattempt_tally *t, enum rt_rule rule)
{
    return t->limits_->most[rule] > 0 && is_brand(rules[rule].brands, t->ask_->brand);
}

static bool concerns(struct rt_reattempt_tally *t, enum rt_rule rule, const struct rt_declined *d)
{
    const struct rule *r = &rules[rule];

    if (d->at_ms <= t->ask_->now_ms - r->window_ms)
        return false;
    if (r->scope == AMOUNT && !same_amount(t, d))
        return false;
    if (rule == RT_RULE_VISA_30_DAYS && t->limits_->visa_apart &&
        d->by_merchant != t->ask_->by_merchant)
        return false;
    return r->unit == LEGS || new_payment(t, rule, d->payment);
}

void rt_reattempt_add(struct rt_reattempt_tally *t, const struct rt_declined *d)
{
    for (unsigned i = RT_RULE_NONE + 1; i < RT_RULES_COUNTED_; i++) {
        enum rt_rule rule = (enum rt_rule)i;

        if (!applies(t, rule) || !concerns(t, rule, d))
            continue;
        /* The newest `most` of them must not all be inside the window. */
        if (++t->n_[rule] == t->limits_->most[rule])
            refuse(t, rule, d->at_ms + rules[rule].window_ms);
    }
    if (t->limits_->stops && d->stop >= RT_RULE_NEVER_AGAIN && d->until_ms > t->ask_->now_ms &&
        same_amount(t, d))
        refuse(t, d->stop, d->until_ms);
}

/* With those under way: what is left of this rule? */
static void bound(struct rt_reattempt_tally *t, enum rt_rule rule)
{
    unsigned flying = rules[rule].scope == CARD ? t->ask_->flying : t->ask_->flying_same;
    unsigned most = t->limits_->most[rule], n = t->n_[rule];

    if (n > 0)
        n += flying;
    if (n >= most)
        refuse(t, rule, t->ask_->now_ms + SOON_MS); /* those under way may yet be approved */
    else if (most - n - 1 < t->answer_.moves)
        t->answer_.moves = (uint8_t)(most - n - 1);
}

struct rt_reattempt_answer rt_reattempt_end(struct rt_reattempt_tally *t)
{
    for (unsigned i = RT_RULE_NONE + 1; i < RT_RULES_COUNTED_; i++) {
        if (applies(t, (enum rt_rule)i) && rules[i].unit == LEGS)
            bound(t, (enum rt_rule)i);
    }
    if (t->answer_.refused)
        t->answer_.moves = 0;
    return t->answer_;
}

/* ---- for people ---- */

const char *rt_rule_name(enum rt_rule r)
{
    CHECK(r < RT_RULES_);
    return rules[r].word;
}

enum rt_rule rt_rule_find(struct span word)
{
    for (unsigned r = RT_RULE_NONE + 1; r < RT_RULES_; r++) {
        if (span_is(word, rules[r].word))
            return (enum rt_rule)r;
    }
    return RT_RULE_NONE;
}

const char *rt_rule_sentence(enum rt_rule r)
{
    CHECK(r < RT_RULES_);
    return rules[r].sentence;
}

unsigned rt_rule_most(enum rt_rule r)
{
    CHECK(r < RT_RULES_);
    return rules[r].most;
}

int64_t rt_rule_window_ms(enum rt_rule r)
{
    CHECK(r < RT_RULES_);
    return rules[r].window_ms;
}
