/* policies/ast.h -- a policy as it was written: what the parser makes, the checker reads and the
 * printer writes again. Lives in one arena; every text points into it. */
#ifndef POL_AST_H
#define POL_AST_H
#include <stdbool.h>
#include <stdint.h>

#include "policies/diag.h"
#include "routing/base/span.h"

/* Any token that stands for itself. text.p NULL: not there. Strings without their quotes. */
struct pol_word {
    struct span text;
    struct pol_place at;
};

struct pol_words {
    struct pol_word word;
    struct pol_words *next;
};

enum pol_value_kind {
    POL_V_WORD,
    POL_V_NUMBER,
    POL_V_PERCENT,  /* text without the sign */
    POL_V_PP,       /* "0.5pp", "40bps" */
    POL_V_DURATION, /* "30m" */
    POL_V_CLOCK,    /* "22:00" */
    POL_V_TEXT,     /* a string, as written between the quotes */
    POL_V_MONEY,    /* text EUR, second 500.00 */
    POL_V_RANGE,    /* text..second */
};

struct pol_value {
    enum pol_value_kind kind;
    struct span text, second;
    struct span cell; /* of a list file: as it stands there; empty otherwise */
    struct pol_place at;
    struct pol_value *next;
};

enum pol_cond_kind { POL_C_AND, POL_C_OR, POL_C_NOT, POL_C_TEST };

enum pol_test {
    POL_TEST_IS,      /* attr is value */
    POL_TEST_KNOWN,   /* attr is known */
    POL_TEST_LIST,    /* attr in list */
    POL_TEST_SET,     /* attr in { … } */
    POL_TEST_LESS,    /* attr < value; of provider too */
    POL_TEST_ATMOST,  /* <= */
    POL_TEST_MORE,    /* > */
    POL_TEST_ATLEAST, /* >= */
    POL_TEST_BETWEEN, /* attr between value and second */
    POL_TEST_STARTS,  /* attr starts with value */
    POL_TEST_MATCHES, /* attr matches regex */
    POL_TEST_COMMIT,  /* commitment attr is value */
    POL_TEST_SAMPLE,  /* sample value by attr salt */
};

struct pol_cond {
    enum pol_cond_kind kind;
    struct pol_cond *kids, *next;
    struct pol_place at;

    enum pol_test test;
    bool negated;             /* `is not`, `not in` */
    struct pol_word attr;     /* attribute, commitment, or what `sample` goes by */
    struct pol_word of, over; /* approval of PROVIDER over DURATION */
    struct pol_word zone;     /* clock "Europe/Berlin" */
    struct pol_word list;     /* the list's name, or the regex */
    struct pol_word salt;
    struct pol_value *value, *second; /* value: a chain for POL_TEST_SET */
};

enum pol_target_kind {
    POL_TO_PROVIDER,
    POL_TO_ONLY,
    POL_TO_CHEAPEST,
    POL_TO_FASTEST,
    POL_TO_BEST,
    POL_TO_SPLIT,
    POL_TO_DECLINE,
};

struct pol_share {
    bool rest;
    struct pol_word percent, provider; /* percent: the number without its sign */
    struct pol_share *next;
};

struct pol_target {
    enum pol_target_kind kind;
    struct pol_place at;
    struct pol_word what; /* provider; what it is best at; why it declines */
    struct pol_words *of;
    struct pol_value *within; /* … of cheapest, or of best guard_best */
    bool guard_cheapest;
    struct pol_word guard_best;
    struct pol_share *shares;
    struct pol_word by, salt;
    struct pol_target *next;
};

struct pol_chain {
    struct pol_target *target;
    bool go_on; /* then continue */
    struct pol_place at;
};

struct pol_rule {
    bool is_default, off;
    struct pol_word name; /* default: the keyword's place */
    struct pol_cond *when, *unless;
    struct pol_place when_at, unless_at, use_at; /* of the keywords */
    struct pol_chain chain;
};

struct pol_list {
    struct pol_word name, from;
    struct pol_value *value;
};

struct pol_commit {
    struct pol_word name, provider, period, zone;
    bool least;
    struct pol_value *target;
    struct pol_cond *where;
    struct pol_place where_at;
};

struct pol_retry {
    struct pol_cond *when;
    struct pol_place when_at;
    struct pol_words *on, *never;
    struct pol_word most, unit, within, to;
    bool twice; /* a clause came twice; told */
};

struct pol_bind {
    struct pol_word attr;
    struct pol_value *value;
    struct pol_bind *next;
};

enum pol_fact_kind { POL_F_PROVIDER, POL_F_COMMIT, POL_F_TEXT };

struct pol_fact {
    enum pol_fact_kind kind;
    struct pol_word attr, of, text; /* cost of adyen; commitment text; clock "…" */
    struct pol_value *value;
    struct pol_fact *next;
};

struct pol_retries {
    bool never;
    struct pol_word on, to;
    struct pol_retries *next;
};

struct pol_expect {
    struct pol_word name, like;
    struct pol_bind *bind;
    struct pol_fact *fact;
    struct pol_words *route;  /* routes to A then B */
    struct pol_share *shares; /* routes to 70% A, 30% B */
    struct pol_word within, over, unit, rule;
    struct pol_place routes_at; /* line 0: it does not say */
    bool declines;
    struct pol_retries *retries;
};

enum pol_item_kind {
    POL_I_IMPORT,
    POL_I_PROVIDERS,
    POL_I_LIST,
    POL_I_COMMIT,
    POL_I_RULE, /* and default */
    POL_I_RETRY,
    POL_I_EXPECT,
};

struct pol_item {
    enum pol_item_kind kind;
    struct pol_place at; /* of the keyword */
    struct pol_item *next;
    struct pol_word import;
    struct pol_words *providers;
    struct pol_list *list;
    struct pol_commit *commit;
    struct pol_rule *rule;
    struct pol_retry *retry;
    struct pol_expect *expect;
};

struct pol_comment {
    struct span text; /* from # to the end of the line */
    struct pol_place at;
    bool own_line;
    struct pol_comment *next;
};

/* A name whose item could not be read: nobody complains that it is unknown. */
struct pol_broken {
    enum pol_item_kind kind;
    bool is_default;
    struct span name;
    struct pol_broken *next;
};

struct pol_ast {
    struct pol_source *source;
    struct pol_word name, owner;
    struct pol_item *item;
    struct pol_comment *comment;
    struct pol_broken *broken;
};
#endif
