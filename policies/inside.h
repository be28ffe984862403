/* policies/inside.h -- the compiled program, and the workbench on which it is made. For policies/
 * only; the shell sees program.h.
 *
 * A condition becomes a tree in which `not` stands at the leaves only (De Morgan holds in
 * three-valued logic), then flat code: every test names the instruction that follows when it is
 * true and the one when it is not. Jumps go forward, so an evaluation ends. */
#ifndef POL_INSIDE_H
#define POL_INSIDE_H
#include "policies/ast.h"
#include "policies/attr.h"
#include "policies/match.h"
#include "policies/parse.h"
#include "policies/program.h"
#include "policies/said.h"

enum {
    POL_RULES_MAX = 4096,
    POL_LISTS_MAX = 256,
    POL_METAS_MAX = 32,
    POL_IMPORTS_DEEP = 8,
    POL_REGEX_MAX = 256,
    POL_NONE = 0xFFFF, /* of 16-bit indices: UTC, the payment key */
    POL_SET_WORDS = (RT_COUNTRIES_ + 63) / 64,
};
#define POL_TRUE  UINT32_MAX
#define POL_FALSE (UINT32_MAX - 1)

enum pol_op {
    POL_OP_SLOT,      /* a: slot; set: its bits; negation is in the bits */
    POL_OP_AMOUNT,    /* n: currency; lo..hi minor units */
    POL_OP_BIN,       /* set, n: pairs lo..hi of 11 digits, sorted, apart */
    POL_OP_BIN_REGEX, /* set: regex */
    POL_OP_TEXT,      /* a: text; set: index into texts */
    POL_OP_TEXTS,     /* a: text; set, n: pairs of hash and text, sorted */
    POL_OP_PREFIX,    /* a: text; set: text */
    POL_OP_REGEX,     /* a: text; set: regex */
    POL_OP_CLOCK,     /* a: zone; lo <= minute < hi, over midnight if lo > hi */
    POL_OP_HOUR,      /* a: zone; lo: bits of hours */
    POL_OP_WEEKDAY,   /* a: zone; lo: bits of days */
    POL_OP_KNOWN,     /* b: attribute; a: text or provider; n: window */
    POL_OP_PROVIDER,  /* b: attribute; a: provider; n: window; lo..hi; set: currency of money, or 0
                       */
    POL_OP_COMMIT,    /* a: commitment; lo: bits of states */
    POL_OP_SAMPLE,    /* a: text to go by; lo: threshold, hi: salt, both unsigned */
};

enum pol_pace { POL_BEHIND, POL_AHEAD, POL_REACHED, POL_PACES_ };

struct pol_ins {
    uint8_t op;
    bool neg;
    uint16_t a, b;
    uint32_t set, n;
    uint32_t yes, no;
    int64_t lo, hi;
};

struct pol_node {
    enum pol_cond_kind kind; /* AND, OR, TEST */
    struct pol_node *kids, *next;
    struct pol_ins ins;
    struct pol_place at;
};

struct pol_pair {
    uint64_t lo, hi;
};

struct pol_member {
    uint8_t provider;
    uint32_t ppm;  /* split: its share */
    uint64_t salt; /* split: hash of its name */
};

enum pol_measure {
    POL_BY_COST,
    POL_BY_LATENCY,
    POL_BY_APPROVAL,
    POL_BY_VOLUME,
    POL_BY_VALUE,
    POL_BY_NOTHING
};

struct pol_step {
    enum pol_target_kind kind;
    uint8_t measure; /* cheapest, fastest, best */
    uint8_t guard;   /* enum pol_measure; POL_BY_NOTHING: no `within` */
    uint16_t members;
    uint32_t first; /* member */
    uint16_t by;    /* split: text, or POL_NONE */
    uint64_t salt;
    int64_t within;  /* ppm, or ms for latency */
    const char *why; /* decline */
};

struct pol_rule_code {
    const char *name;
    const struct pol_rule *ast;
    struct pol_place at;
    const char *file;
    unsigned place_line;
    struct pol_node *cond; /* NULL: always */
    uint32_t code;         /* first instruction; POL_TRUE: always */
    uint32_t steps, step;  /* how many, the first */
    bool off, go_on;
    bool implicit_salt;
};

struct pol_retry_code {
    struct pol_node *cond;
    uint32_t code;
    uint16_t on, never;
    uint64_t on_code[2], never_code[2];
    uint8_t most, to;
    int64_t within_ns;
    const struct pol_retry *ast;
};

struct pol_commit_code {
    struct pol_commit_info info;
    struct pol_node *cond;
    uint32_t code;
    const struct pol_commit *ast;
    bool used;
};

struct pol_list_code {
    struct pol_word name;
    struct pol_value *value;
    const struct pol_source *file; /* NULL: written in the policy */
    unsigned count;
    bool used;
};

/* Candidates by value: rows of bits, a bit a rule. */
enum { POL_INDEX_BIN = POL_SLOTS_, POL_INDICES_ };
struct pol_index {
    uint16_t of;          /* slot, or POL_INDEX_BIN */
    const uint64_t *rows; /* value * words */
};

struct pol_program {
    const char *name, *owner;
    uint64_t revision;
    struct pol_ins *ins;
    struct pol_place *ins_at;
    uint64_t *meaning; /* [ins_n] of tests whose answers are noted, else 0; policies/said.c */
    uint32_t ins_n;
    uint64_t *bits;
    struct pol_pair *pair;
    struct span *text;
    struct pol_regex *regex;
    unsigned regexes;
    struct pol_rule_code *rule; /* the default is the last */
    unsigned rules;
    struct pol_step *step;
    struct pol_member *member;
    struct pol_retry_code *retry;
    unsigned retries;
    struct pol_commit_code *commit;
    unsigned commits;
    struct pol_list_code *list;
    unsigned lists;
    const char **provider;
    unsigned providers;
    uint32_t declared; /* bits of those the policy itself names */
    const char *zone[POL_ZONES_MAX];
    unsigned zones;
    struct span meta[POL_METAS_MAX];
    unsigned metas;
    unsigned overs, steps;
    struct pol_item *item; /* imports replaced by what they hold */

    struct pol_index index[POL_INDICES_];
    unsigned indices, words; /* words of a row */
    const uint64_t *active;  /* rules that are not off, the default left out */
};

/* ---- the workbench ---- */

/* An array that grows in the arena. */
struct pol_vec {
    void *p;
    uint32_t n, cap;
};

struct pol_bench {
    struct arena *arena;
    struct pol_report *report;
    const struct pol_env *env;
    struct pol_program *p;
    struct pol_vec bits, pair, text, regex, rule, step, member, retry, commit, list, ins, ins_at;
    struct pol_item **item_end;
    struct pol_broken *broken;
    struct pol_source *source; /* all texts, the last first */
    const char *rule_name;     /* the salt of what has none */
    uint32_t markers;          /* code.c */
    bool implicit_salt;
    bool default_seen, default_broken;
    bool no_memory;
    char scratch[512];
};

/* A zeroed element at the end; a throw-away one when the arena is full (no_memory is set). */
void *pol_push(struct pol_bench *b, struct pol_vec *v, size_t size);
uint32_t pol_add_text(struct pol_bench *b, struct span s);
const char *pol_z(struct pol_bench *b, struct span s); /* a C string in the arena; never NULL */
bool pol_is_broken(const struct pol_bench *b, enum pol_item_kind kind, struct span name);
void pol_sort_pairs(struct pol_pair *p, size_t n);

/* names.c: these tell the error and give a value past the end (or POL_NONE). */
unsigned pol_find_provider(struct pol_bench *b, struct pol_word w);
struct pol_list_code *pol_find_list(struct pol_bench *b, const struct pol_cond *c);
unsigned pol_find_commit(struct pol_bench *b, struct pol_word w);
enum pol_attr pol_find_attr(struct pol_bench *b, struct pol_word w);
uint16_t pol_find_zone(struct pol_bench *b, struct pol_word w); /* POL_NONE: none was named */
uint16_t pol_find_meta(struct pol_bench *b, struct pol_word w); /* the text's index */
/* What split and sample go by: a text's index, POL_NONE for `payment`. */
uint16_t pol_find_key(struct pol_bench *b, struct pol_word w);
void pol_names_help(struct pol_bench *b, struct pol_finding *f, struct span word,
                    const char *(*name)(const struct pol_program *, unsigned), unsigned n);

/* words.c: typed literals; false once an error was told. */
bool pol_take_word(struct pol_bench *b, enum pol_attr attr, const struct pol_value *v,
                   unsigned *out);
bool pol_take_money(struct pol_bench *b, const char *what, const struct pol_value *v,
                    struct money *out);
bool pol_take_bin(struct pol_bench *b, const struct pol_value *v, struct pol_pair *out);
bool pol_take_hour(struct pol_bench *b, const struct pol_value *v, unsigned *lo, unsigned *hi);
bool pol_take_day(struct pol_bench *b, const struct pol_value *v, unsigned *out);
bool pol_take_ppm(struct pol_bench *b, const char *what, const struct pol_value *v, int64_t *out);
bool pol_take_ms(struct pol_bench *b, const char *what, const struct pol_value *v, int64_t *out);
bool pol_take_breaker(struct pol_bench *b, const struct pol_value *v, unsigned *out);
bool pol_take_pace(struct pol_bench *b, struct pol_word w, unsigned *out);
/* Tells that v is no value for `what`, which wants `example`. */
void pol_wrong(struct pol_bench *b, const char *what, const struct pol_value *v,
               const char *example);
const char *pol_pace_name(enum pol_pace p);

/* cond.c */
struct pol_node *pol_cond_build(struct pol_bench *b, const struct pol_cond *c);
/* when and not unless; NULL: always. */
struct pol_node *pol_cond_which(struct pol_bench *b, const struct pol_cond *when,
                                const struct pol_cond *unless);
/* code.c: flattens a tree behind what is there; gives its first instruction. */
uint32_t pol_code_emit(struct pol_bench *b, const struct pol_node *n);
void pol_code_finish(struct pol_bench *b);
/* index.c */
void pol_index_make(struct pol_bench *b);
/* retry.c */
bool pol_retry_word(struct span word, enum rt_category *category, enum rt_code *code);
void pol_check_retry(struct pol_bench *b, const struct pol_retry *r);
/* capability.c: once the code is finished */
void pol_check_capability(struct pol_bench *b);
/* chain.c */
void pol_check_chain(struct pol_bench *b, const struct pol_chain *c, struct pol_rule_code *r);
/* expect_check.c */
void pol_check_expects(struct pol_bench *b);
/* lint_list.c: unused, empty, twice, overlapping; a: room for comparing */
void pol_lint_list(const struct pol_list_code *c, struct arena *a, struct pol_report *report);
/* lists.c */
void pol_check_list(struct pol_bench *b, const struct pol_list *l);

/* eval.c */
/* Does the rule's condition hold (on or off)? */
bool pol_rule_holds(const struct pol_program *p, unsigned rule, const struct pol_facts *f);
enum pol_pace pol_pace_of(const struct pol_commit_info *i, const struct pol_volume *v,
                          const struct pol_facts *f, bool *known);
/* choose.c: appends what a rule's chain says. */
void pol_choose(const struct pol_program *p, const struct pol_rule_code *r,
                const struct pol_facts *f, struct rt_verdict *out, uint32_t *named,
                uint16_t rule_of);
double pol_ln(uint64_t hash);
struct span pol_text_of(const struct pol_program *p, const struct pol_facts *f, uint16_t text);
/* said.c */
/* hash64(text, 0), which is all that equality, splits and samples need; false: unknown. */
bool pol_text_hash(const struct pol_program *p, const struct pol_facts *f, uint16_t text,
                   uint64_t *out);
bool pol_text_private(uint16_t text);                           /* stands in no record */
bool pol_text_hidden(const struct pol_facts *f, uint16_t text); /* and these facts are a record's */
void pol_said_note(struct pol_said *s, uint32_t test, enum pol_is is);
enum pol_is pol_said_find(struct pol_said *s, const struct pol_program *p, uint32_t test);
uint64_t *pol_meanings(const struct pol_program *p, struct arena *a); /* NULL: no memory */
#endif
