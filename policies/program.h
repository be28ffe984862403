/* policies/program.h -- a policy, compiled; and what it says about one payment.
 *
 * The text comes from the caller, imports and lists through a callback, memory from an arena that
 * must outlive the program. A program is immutable: any number of threads may ask it. */
#ifndef POL_PROGRAM_H
#define POL_PROGRAM_H
#include <stdbool.h>
#include <stdint.h>

#include "policies/facts.h"
#include "routing/base/arena.h"
#include "routing/base/err.h"
#include "routing/base/span.h"
#include "routing/verdict.h"

struct pol_program;
struct rt_provider; /* routing/provider.h */
struct pol_report;  /* policies/diag.h */

/* What the shell knows and the text can not say. */
struct pol_env {
    /* The configured providers by index: a policy may only name these, and verdicts speak of these
     * indices. providers 0: the policy's own `providers` line, in its order. */
    const char *const *provider;
    unsigned providers;
    /* What each of them can take; NULL: not known. */
    const struct rt_provider *facts;
    /* The text of an import or a list file; path as written, from: the file that names it. False
     * with why->text set if it can not be read. NULL: the policy must stand in one file. Texts and
     * *name must outlive the program. */
    bool (*load)(void *ctx, struct span path, const char *from, struct span *text,
                 const char **name, struct diag *why);
    /* Is there such a time zone? NULL: every name is taken. */
    bool (*zone)(void *ctx, const char *name);
    void *ctx;
};

/* How many values the text of a list file has, good or bad; one pass. */
size_t pol_list_rows(struct span text);

/* Parses, checks and compiles. All mistakes are told in report, not only the first.
 *   in      name: as people call the text ("checkout.route"); text, name and env->load's texts
 *           outlive the program.
 *   gives   *out, in the arena.
 *   errors  E_SYNTAX: the report holds errors; E_LIMIT: the arena was full. */
MUST enum err pol_compile(struct span text, const char *name, const struct pol_env *env,
                          struct arena *a, struct pol_report *report, struct pol_program **out);

/* Gives back what no arena can hold (executable memory of regular expressions); before the arena
 * goes. NULL: nothing. */
void pol_program_fini(struct pol_program *p);

/* How each rule took the payment, for `explain`. */
enum pol_match { POL_NO, POL_UNKNOWN, POL_YES, POL_OFF, POL_NOT_ASKED };
struct pol_trace_rule {
    enum pol_match match;
    unsigned line, col, len; /* of the test that decided; 0: the rule has no `when` */
    const char *file;
};
struct pol_trace {
    struct pol_trace_rule *rule; /* by rule index; room for pol_program_rules() of them */
};

/* What the policy says. Total: there is always a default. No heap, no recursion, at most
 * pol_program_steps() steps.
 *   trace   NULL, or room to say how each rule took it (slower). */
void pol_eval(const struct pol_program *p, const struct pol_facts *f, struct rt_verdict *out,
              struct pol_trace *trace);

uint64_t pol_program_revision(const struct pol_program *p); /* hash of all texts; never 0 */
const char *pol_program_name(const struct pol_program *p);
const char *pol_program_owner(const struct pol_program *p); /* NULL if none was named */
/* The most instructions one evaluation can take. */
unsigned pol_program_steps(const struct pol_program *p);

unsigned pol_program_rules(const struct pol_program *p); /* the default is the last */
struct pol_rule_info {
    const char *name, *file;
    unsigned line;
    bool off;
    bool implicit_salt; /* deals customers by its name */
};
struct pol_rule_info pol_program_rule(const struct pol_program *p, unsigned rule);

unsigned pol_program_providers(const struct pol_program *p); /* env's or the policy's own */
const char *pol_program_provider(const struct pol_program *p, unsigned index);

/* The time zones whose offsets facts must carry, by index. */
unsigned pol_program_zones(const struct pol_program *p);
const char *pol_program_zone(const struct pol_program *p, unsigned zone);

/* Volume commitments: the shell counts, the policy paces. */
enum pol_period { POL_PER_HOUR, POL_PER_DAY, POL_PER_WEEK, POL_PER_MONTH, POL_PERIODS_ };
struct pol_commit_info {
    const char *name;
    unsigned provider; /* index */
    bool least;        /* at least; else at most */
    bool by_count;     /* target is a number of payments; else target is money */
    struct money target;
    int64_t payments;
    enum pol_period period;
    int zone; /* index of the zone its period begins in; -1: UTC */
};
unsigned pol_program_commits(const struct pol_program *p);
struct pol_commit_info pol_program_commit(const struct pol_program *p, unsigned commit);
/* Does an approved payment with these facts count (its `where`, and the currency)? The provider is
 * the caller's to compare. */
bool pol_commit_counts(const struct pol_program *p, unsigned commit, const struct pol_facts *f);
/* When the running period began: local time of its zone, as seconds since 1970 of that clock. */
int64_t pol_period_began(enum pol_period period, int64_t local_s);

/* Which windows of `over` the policy asks for: bit 1 << enum pol_over. Others need no filling. */
unsigned pol_program_overs(const struct pol_program *p);
#endif
