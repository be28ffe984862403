/* policies/program.c -- parse, check, compile; and what a program tells about itself. */
#include "policies/program.h"

#include <string.h>

#include "policies/inside.h"
#include "policies/value.h"
#include "routing/base/check.h"
#include "routing/base/hash.h"

/* ---- gathering: the file and what it imports, as one row of items ---- */

static void gather(struct pol_bench *b, struct pol_source *s, struct pol_word from, unsigned deep);

static bool imports_itself(const struct pol_bench *b, const char *name)
{
    for (const struct pol_source *s = b->source; s != NULL; s = s->next) {
        if (strcmp(s->name, name) == 0)
            return true;
    }
    return false;
}

static void import(struct pol_bench *b, struct pol_word path, unsigned deep)
{
    struct diag why = { 0 };
    struct span text;
    const char *name;
    struct pol_source *s;

    if (deep == POL_IMPORTS_DEEP) {
        pol_say(b->report, POL_E_TOO_BIG, path.at, "imports nested more than %d deep",
                POL_IMPORTS_DEEP);
        return;
    }
    if (b->env->load == NULL ||
        !b->env->load(b->env->ctx, path.text, path.at.source->name, &text, &name, &why)) {
        pol_say(b->report, POL_E_FILE, path.at, "%s",
                b->env->load == NULL ? "no files can be imported here" : why.text);
        return;
    }
    if (imports_itself(b, name)) {
        pol_say(b->report, POL_E_CYCLE, path.at, "%s is imported already", name);
        return;
    }
    s = pol_source_new(b->arena, name, text);
    if (s == NULL)
        b->no_memory = true;
    else
        gather(b, s, path, deep + 1);
}

static void append_broken(struct pol_bench *b, struct pol_broken *list)
{
    while (list != NULL) {
        struct pol_broken *next = list->next;

        if (list->is_default)
            b->default_broken = true;
        list->next = b->broken;
        b->broken = list;
        list = next;
    }
}

static void gather(struct pol_bench *b, struct pol_source *s, struct pol_word from, unsigned deep)
{
    struct pol_item *next;
    struct pol_ast *ast;

    s->next = b->source;
    b->source = s;
    if (pol_parse(s, b->arena, b->report, &ast) != OK) {
        b->no_memory = b->no_memory || ast == NULL;
        return;
    }
    if (from.text.p == NULL) {
        b->p->name = pol_z(b, ast->name.text);
        b->p->owner = ast->owner.text.p == NULL ? NULL : pol_z(b, ast->owner.text);
    }
    append_broken(b, ast->broken);
    for (struct pol_item *i = ast->item; i != NULL; i = next) {
        next = i->next;
        i->next = NULL;
        if (i->kind == POL_I_IMPORT) {
            import(b, i->import, deep);
            continue;
        }
        *b->item_end = i;
        b->item_end = &i->next;
    }
}

/* ---- declarations ---- */

static void declare_provider(struct pol_bench *b, struct pol_word w)
{
    struct pol_program *p = b->p;
    struct pol_near near = pol_near_init(w.text);
    struct pol_finding *f;
    unsigned i = 0;

    while (i < p->providers && !span_is(w.text, p->provider[i])) {
        pol_near_offer(&near, span_str(p->provider[i]));
        i++;
    }
    if (i < p->providers) {
        if ((p->declared >> i & 1) != 0)
            pol_say(b->report, POL_E_DUPLICATE, w.at, "`%.*s` stands here twice", SPAN_ARG(w.text));
        p->declared |= UINT32_C(1) << i;
        return;
    }
    if (b->env->providers > 0) {
        f = pol_say(b->report, POL_E_PROVIDER, w.at, "the configuration has no provider `%.*s`",
                    SPAN_ARG(w.text));
        if (pol_near_found(&near))
            pol_say_help(f, "did you mean `%.*s`?", SPAN_ARG(near.best));
        return;
    }
    if (p->providers == LIMIT_PROVIDERS) {
        pol_say(b->report, POL_E_TOO_BIG, w.at, "more than %d providers", LIMIT_PROVIDERS);
        return;
    }
    p->provider[p->providers] = pol_z(b, w.text);
    p->declared |= UINT32_C(1) << p->providers++;
}

static void declare_providers(struct pol_bench *b)
{
    struct pol_program *p = b->p;

    p->provider = ARENA_NEWS(b->arena, const char *, LIMIT_PROVIDERS);
    if (p->provider == NULL) {
        b->no_memory = true;
        return;
    }
    CHECK(b->env->providers <= LIMIT_PROVIDERS);
    for (p->providers = 0; p->providers < b->env->providers; p->providers++)
        p->provider[p->providers] = pol_z(b, span_str(b->env->provider[p->providers]));
    for (const struct pol_item *i = p->item; i != NULL; i = i->next) {
        for (const struct pol_words *w = i->providers; w != NULL; w = w->next)
            declare_provider(b, w->word);
    }
    /* a policy without the line may use all that are configured */
    if (p->declared == 0 && p->providers > 0)
        p->declared = p->providers == 32 ? UINT32_MAX : (UINT32_C(1) << p->providers) - 1;
}

static bool period_find(struct span word, enum pol_period *out)
{
    static const char *const words[] = { "hour", "day", "week", "month" };

    for (unsigned i = 0; i < POL_PERIODS_; i++) {
        if (span_is(word, words[i])) {
            *out = (enum pol_period)i;
            return true;
        }
    }
    return false;
}

static void take_target(struct pol_bench *b, const struct pol_commit *c,
                        struct pol_commit_info *info)
{
    if (c->target->kind == POL_V_NUMBER) {
        info->by_count = true;
        if (pol_decimal(c->target->text, 0, &info->payments) != OK)
            pol_wrong(b, "commit", c->target, "`EUR 250_000` or `1_000` payments");
    } else if (c->target->kind == POL_V_MONEY) {
        (void)pol_take_money(b, "commit", c->target, &info->target);
    } else {
        pol_wrong(b, "commit", c->target, "`EUR 250_000`, or `1_000` for a number of payments");
    }
}

static void declare_commit(struct pol_bench *b, const struct pol_commit *c)
{
    struct pol_commit_code *all = b->commit.p, *code;
    uint16_t zone;

    for (unsigned i = 0; i < b->commit.n; i++) {
        if (span_eq(all[i].ast->name.text, c->name.text))
            pol_say(b->report, POL_E_DUPLICATE, c->name.at,
                    "there is a commitment `%.*s` already (line %u)", SPAN_ARG(c->name.text),
                    all[i].ast->name.at.line);
    }
    if (b->commit.n == POL_COMMITS_MAX) {
        pol_say(b->report, POL_E_TOO_BIG, c->name.at, "more than %d commitments", POL_COMMITS_MAX);
        return;
    }
    code = pol_push(b, &b->commit, sizeof *code);
    code->ast = c;
    code->info.name = pol_z(b, c->name.text);
    code->info.provider = pol_find_provider(b, c->provider);
    code->info.least = c->least;
    take_target(b, c, &code->info);
    if (!period_find(c->period.text, &code->info.period))
        pol_say_help(pol_say(b->report, POL_E_TYPE, c->period.at, "`%.*s` is no period",
                             SPAN_ARG(c->period.text)),
                     "write `per hour`, `per day`, `per week` or `per month`");
    zone = pol_find_zone(b, c->zone);
    code->info.zone = zone == POL_NONE ? -1 : zone;
}

/* ---- rules ---- */

static void duplicate_names(struct pol_bench *b, const struct pol_rule *r)
{
    const struct pol_rule_code *all = b->rule.p;

    for (unsigned i = 0; i < b->rule.n; i++) {
        if (span_eq(all[i].ast->name.text, r->name.text)) {
            pol_say(b->report, POL_E_DUPLICATE, r->name.at,
                    "there is a rule \"%.*s\" already (line %u)",
                    SPAN_ARG(span_take(r->name.text, 80)), all[i].place_line);
            return;
        }
    }
}

static void check_rule(struct pol_bench *b, const struct pol_rule *r)
{
    struct pol_rule_code c = { .ast = r, .at = r->name.at, .off = r->off };

    if (!r->is_default)
        duplicate_names(b, r);
    if (b->rule.n == POL_RULES_MAX) {
        pol_say(b->report, POL_E_TOO_BIG, r->name.at, "more than %d rules", POL_RULES_MAX);
        return;
    }
    c.name = r->is_default ? "default" : pol_z(b, pol_unescape(b->arena, r->name.text));
    c.file = r->name.at.source->name;
    c.place_line = r->name.at.line;
    b->rule_name = c.name;
    b->implicit_salt = false;
    c.cond = pol_cond_which(b, r->when, r->unless);
    c.code = pol_code_emit(b, c.cond);
    pol_check_chain(b, &r->chain, &c);
    c.implicit_salt = b->implicit_salt;
    *(struct pol_rule_code *)pol_push(b, &b->rule, sizeof c) = c;
}

static void say_unreachable(struct pol_bench *b, const struct pol_rule_code *r,
                            const struct pol_rule_code *above)
{
    pol_say_help(pol_say(b->report, POL_E_UNREACHABLE, r->at,
                         "this rule can never be reached: rule \"%.80s\" (line %u) has no `when` "
                         "and takes every payment",
                         above->name, above->place_line),
                 "move it above that rule, or remove it");
}

static void check_rules(struct pol_bench *b)
{
    const struct pol_rule *last = NULL;
    const struct pol_rule_code *r, *taker = NULL;

    for (const struct pol_item *i = b->p->item; i != NULL; i = i->next) {
        if (i->kind != POL_I_RULE)
            continue;
        if (!i->rule->is_default)
            check_rule(b, i->rule);
        else if (last != NULL)
            pol_say(b->report, POL_E_DEFAULTS, i->rule->name.at,
                    "there is a default already (line %u)", last->name.at.line);
        else
            last = i->rule;
    }
    for (unsigned i = 0; i < b->rule.n; i++) {
        r = (const struct pol_rule_code *)b->rule.p + i;
        if (taker != NULL)
            say_unreachable(b, r, taker);
        else if (r->cond == NULL && !r->off && !r->go_on)
            taker = r;
    }
    if (last != NULL)
        check_rule(b, last);
    b->default_seen = last != NULL;
}

static void check_default(struct pol_bench *b)
{
    struct pol_place at = { b->source, 0, 0, 0 };

    if (b->default_seen || b->default_broken)
        return;
    while (at.source != NULL && at.source->next != NULL)
        at.source = at.source->next;
    at.at = (uint32_t)at.source->text.n; /* the end of the first text */
    at.line = 1;
    for (size_t i = 0; i < at.source->text.n; i++)
        at.line += at.source->text.p[i] == '\n';
    pol_say_help(pol_say(b->report, POL_E_NO_DEFAULT, at,
                         "no `default use …`: a payment no rule matches would be declined"),
                 "add `default use PROVIDER then PROVIDER`, or `default use decline \"…\"`");
}

/* ---- all of it ---- */

static void check(struct pol_bench *b)
{
    struct pol_commit_code *c;

    declare_providers(b);
    for (const struct pol_item *i = b->p->item; i != NULL && !b->no_memory; i = i->next) {
        if (i->kind == POL_I_LIST)
            pol_check_list(b, i->list);
        else if (i->kind == POL_I_COMMIT)
            declare_commit(b, i->commit);
    }
    for (unsigned i = 0; i < b->commit.n && !b->no_memory; i++) {
        struct pol_node *where;
        const struct pol_commit *ast = ((struct pol_commit_code *)b->commit.p)[i].ast;

        where = ast->where == NULL ? NULL : pol_cond_build(b, ast->where);
        c = (struct pol_commit_code *)b->commit.p + i;
        c->cond = where;
        c->code = pol_code_emit(b, where);
    }
    if (!b->no_memory)
        check_rules(b);
    for (const struct pol_item *i = b->p->item; i != NULL && !b->no_memory; i = i->next) {
        if (i->kind == POL_I_RETRY)
            pol_check_retry(b, i->retry);
    }
    if (!b->no_memory)
        check_default(b);
}

static uint64_t revision_of(const struct pol_source *s)
{
    uint64_t h = 0;

    for (; s != NULL; s = s->next)
        h = hash64_mix(hash64(s->text, 0), h);
    return h == 0 ? 1 : h;
}

enum err pol_compile(struct span text, const char *name, const struct pol_env *env, struct arena *a,
                     struct pol_report *report, struct pol_program **out)
{
    struct pol_bench *b = ARENA_NEW(a, struct pol_bench);
    struct pol_source *source;

    if (b == NULL || (b->p = ARENA_NEW(a, struct pol_program)) == NULL ||
        (source = pol_source_new(a, name, text)) == NULL)
        return E_LIMIT;
    b->arena = a;
    b->report = report;
    b->env = env;
    b->item_end = &b->p->item;
    gather(b, source, (struct pol_word){ 0 }, 0);
    if (!b->no_memory)
        check(b);
    if (!b->no_memory) {
        pol_code_finish(b);
        pol_check_capability(b);
        pol_check_expects(b);
    }
    if (!b->no_memory && report->errors == 0)
        pol_index_make(b);
    pol_report_sort(report);
    if (b->no_memory || report->errors > 0) {
        for (unsigned i = 0; i < b->regex.n; i++)
            pol_regex_fini((struct pol_regex *)b->regex.p + i);
        return b->no_memory ? E_LIMIT : E_SYNTAX;
    }
    b->p->regexes = b->regex.n;
    b->p->revision = revision_of(b->source);
    *out = b->p;
    return OK;
}

void pol_program_fini(struct pol_program *p)
{
    for (unsigned i = 0; p != NULL && i < p->regexes; i++)
        pol_regex_fini(&p->regex[i]);
}

/* ---- what it tells ---- */

uint64_t pol_program_revision(const struct pol_program *p)
{
    return p->revision;
}

const char *pol_program_name(const struct pol_program *p)
{
    return p->name;
}

const char *pol_program_owner(const struct pol_program *p)
{
    return p->owner;
}

unsigned pol_program_steps(const struct pol_program *p)
{
    return p->steps;
}

unsigned pol_program_rules(const struct pol_program *p)
{
    return p->rules;
}

struct pol_rule_info pol_program_rule(const struct pol_program *p, unsigned rule)
{
    const struct pol_rule_code *r = &p->rule[rule];

    CHECK(rule < p->rules);
    return (struct pol_rule_info){ r->name, r->file, r->place_line, r->off, r->implicit_salt };
}

unsigned pol_program_providers(const struct pol_program *p)
{
    return p->providers;
}

const char *pol_program_provider(const struct pol_program *p, unsigned index)
{
    CHECK(index < p->providers);
    return p->provider[index];
}

unsigned pol_program_zones(const struct pol_program *p)
{
    return p->zones;
}

const char *pol_program_zone(const struct pol_program *p, unsigned zone)
{
    CHECK(zone < p->zones);
    return p->zone[zone];
}

unsigned pol_program_commits(const struct pol_program *p)
{
    return p->commits;
}

struct pol_commit_info pol_program_commit(const struct pol_program *p, unsigned commit)
{
    CHECK(commit < p->commits);
    return p->commit[commit].info;
}

unsigned pol_program_overs(const struct pol_program *p)
{
    return p->overs;
}
