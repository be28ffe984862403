/* policies/lint.c */
#include "policies/lint.h"

#include <string.h>

#include "policies/bind.h"
#include "policies/box.h"
#include "policies/print.h"

enum { WORK_BOXES = 1024, RULE_BOXES = 64 };

struct lint {
    const struct pol_program *p;
    struct pol_report *report;
    struct arena *arena;
    struct pol_atoms atoms;
    struct pol_boxes *of; /* by rule */
    struct pol_boxes work, spare, scratch;
    struct pol_bound *bound;
};

/* ---- who takes whose payments ---- */

/* Puts the payment's sample and clock where both rules hold, if a few hundred tries find it. */
static bool both_hold(struct lint *l, unsigned upper, unsigned lower)
{
    struct pol_facts *f = &l->bound->facts;
    int64_t monday = f->now_s;
    bool customer = f->customer.n > 0;
    char name[24];

    for (unsigned i = 0; i < 700; i++) {
        struct buf b = BUF_OF(name);

        if (pol_rule_holds(l->p, upper, f) && pol_rule_holds(l->p, lower, f))
            return true;
        f->now_s = monday + (int64_t)i * 900;
        f->seed = i;
        buf_fmt(&b, "cus_%u", i);
        if (!customer)
            f->customer = arena_copy(l->arena, buf_span(&b));
    }
    return false;
}

/* One payment that matches `lower` and is taken by `upper`; false if none was found. */
static bool witness(struct lint *l, unsigned upper, unsigned lower, struct buf *out)
{
    const struct pol_boxes *a = &l->of[upper], *b = &l->of[lower];
    struct pol_box both;

    for (unsigned i = 0; i < a->n; i++) {
        for (unsigned k = 0; k < b->n; k++) {
            if (pol_box_meet(&a->box[i], &b->box[k], &both) &&
                pol_box_payment(&l->atoms, &both, l->bound, l->arena) &&
                both_hold(l, upper, lower)) {
                pol_bound_print(l->p, l->bound, out);
                if (out->n == 0)
                    buf_str(out, "any");
                return true;
            }
        }
    }
    return false;
}

static bool takes(const struct lint *l, unsigned rule)
{
    return !l->p->rule[rule].off && !l->p->rule[rule].go_on && !l->of[rule].overflow;
}

static bool meets(const struct lint *l, unsigned upper, unsigned lower)
{
    struct pol_box both;

    for (unsigned i = 0; i < l->of[upper].n; i++) {
        for (unsigned k = 0; k < l->of[lower].n; k++) {
            if (pol_box_meet(&l->of[upper].box[i], &l->of[lower].box[k], &both))
                return true;
        }
    }
    return false;
}

static void say_covered(struct lint *l, unsigned rule, unsigned by, bool alone)
{
    const struct pol_rule_code *r = &l->p->rule[rule], *u = &l->p->rule[by];
    char room[200];
    struct buf payment = BUF_OF(room);
    struct pol_finding *f;

    if (u->cond == NULL)
        return; /* the checker has said so */
    f = pol_say(l->report, POL_E_UNREACHABLE, r->at,
                alone
                    ? "this rule can never be reached: rule \"%.80s\" (line %u) takes every "
                      "payment it would match"
                    : "this rule can never be reached: the rules above, up to \"%.80s\" (line %u), "
                      "take every payment it would match",
                u->name, u->place_line);
    if (witness(l, by, rule, &payment))
        pol_say_help(f, "for example `payment %s` goes to \"%.60s\"", buf_z(&payment), u->name);
}

static bool acknowledged(struct lint *l, unsigned upper, unsigned lower);

static void say_shadowed(struct lint *l, unsigned rule, unsigned by)
{
    const struct pol_rule_code *r = &l->p->rule[rule], *u = &l->p->rule[by];
    char room[200];
    struct buf payment = BUF_OF(room);

    if (acknowledged(l, by, rule) || !witness(l, by, rule, &payment))
        return;
    pol_say_help(pol_say(l->report, POL_W_SHADOWED, r->at,
                         "some payments that match are taken by rule \"%.80s\" (line %u)", u->name,
                         u->place_line),
                 "for example `payment %s`; an `expect` that says so makes it clear",
                 buf_z(&payment));
}

/* A warning: a list that is empty today does it too, and is no mistake. */
static void say_never(struct lint *l, unsigned rule)
{
    pol_say_help(
        pol_say(l->report, POL_W_NARROW, l->p->rule[rule].at,
                "no payment matches this rule: its conditions exclude each other"),
        "a test on an unknown value matches nothing either, nor does a list that is empty");
}

static void copy_boxes(struct pol_boxes *to, const struct pol_boxes *from)
{
    to->n = from->n;
    to->overflow = false;
    memcpy(to->box, from->box, from->n * sizeof *from->box);
}

static void check_reach(struct lint *l, unsigned rule)
{
    unsigned by = rule, shadow = rule;
    bool alone;

    if (l->of[rule].n == 0) {
        say_never(l, rule);
        return;
    }
    copy_boxes(&l->work, &l->of[rule]);
    for (unsigned u = 0; u < rule && !l->work.overflow && l->work.n > 0; u++) {
        if (!takes(l, u) || !meets(l, u, rule))
            continue;
        shadow = shadow == rule ? u : shadow;
        for (unsigned i = 0; i < l->of[u].n && !l->work.overflow; i++)
            pol_boxes_subtract(&l->work, &l->of[u].box[i], &l->spare);
        by = u;
    }
    if (l->work.overflow)
        return;
    if (l->work.n > 0) {
        if (shadow != rule)
            say_shadowed(l, rule, shadow);
        return;
    }
    copy_boxes(&l->work, &l->of[rule]);
    for (unsigned i = 0; i < l->of[by].n && !l->work.overflow; i++)
        pol_boxes_subtract(&l->work, &l->of[by].box[i], &l->spare);
    alone = l->work.n == 0 && !l->work.overflow;
    say_covered(l, rule, by, alone);
}

/* ---- expects that show an overlap ---- */

static bool shows(struct lint *l, const struct pol_expect *e, unsigned upper, unsigned lower)
{
    struct pol_report quiet;
    struct pol_env env = { .providers = 0 };
    struct pol_program copy = *l->p;
    struct pol_bench bench = { .arena = l->arena, .report = &quiet, .env = &env, .p = &copy };

    pol_report_init(&quiet, l->arena);
    bench.commit = (struct pol_vec){ l->p->commit, l->p->commits, l->p->commits };
    pol_bound_init(l->bound, l->p);
    for (unsigned deep = 0; e != NULL && deep < 16; deep++) {
        for (const struct pol_bind *b = e->bind; b != NULL; b = b->next)
            (void)pol_bind(&bench, l->bound, b);
        e = e->like.text.p == NULL ? NULL : pol_like_find(l->p, e);
    }
    return both_hold(l, upper, lower);
}

static bool acknowledged(struct lint *l, unsigned upper, unsigned lower)
{
    for (const struct pol_item *i = l->p->item; i != NULL; i = i->next) {
        if (i->kind == POL_I_EXPECT && i->expect->routes_at.line != 0 &&
            shows(l, i->expect, upper, lower))
            return true;
    }
    return false;
}

/* ---- one rule on its own ---- */

static bool falls_back(const struct pol_rule *r)
{
    const struct pol_target *t = r->chain.target;

    return r->chain.go_on || t->next != NULL || t->kind != POL_TO_PROVIDER ||
           span_is(t->what.text, "any");
}

static void check_single(struct lint *l, const struct pol_rule_code *r)
{
    const struct pol_target *t = r->ast->chain.target;

    if (falls_back(r->ast) || l->p->providers < 2)
        return;
    pol_say_help(pol_say(l->report, POL_W_SINGLE, t->at,
                         "nobody else is asked when `%.*s` cannot take the payment",
                         SPAN_ARG(t->what.text)),
                 "write `use only %.*s` if that is meant, or `use %.*s then …`",
                 SPAN_ARG(t->what.text), SPAN_ARG(t->what.text));
}

struct seen {
    bool sample, guard;
    struct pol_place sample_at, not_at, amount_at;
    bool narrow_not, amount;
    uint32_t currency;
    bool one_currency, names_currency;
};

static void look(const struct pol_cond *c, bool in_or, struct seen *s)
{
    for (const struct pol_cond *k = c->kids; k != NULL; k = k->next)
        look(k, in_or || c->kind == POL_C_OR, s);
    if (c->kind != POL_C_TEST)
        return;
    if (c->test == POL_TEST_SAMPLE) {
        s->sample = true;
        s->sample_at = c->at;
    }
    if (span_is(c->attr.text, "approval") || span_is(c->attr.text, "breaker"))
        s->guard = true;
    if (span_is(c->attr.text, "currency"))
        s->names_currency = true;
    if (span_is(c->attr.text, "amount") && !in_or) {
        s->amount = true;
        s->amount_at = c->at;
    }
    if (c->test == POL_TEST_IS && c->negated &&
        (span_is(c->attr.text, "issuer_country") || span_is(c->attr.text, "ip_country") ||
         span_is(c->attr.text, "funding") || span_is(c->attr.text, "card_category"))) {
        s->narrow_not = true;
        s->not_at = c->at;
    }
}

static void check_shape(struct lint *l, const struct pol_rule_code *r)
{
    struct seen s = { .sample = false };

    if (r->ast->when == NULL)
        return;
    look(r->ast->when, false, &s);
    if (s.sample && !s.guard && r->go_on)
        pol_say_help(pol_say(l->report, POL_W_CANARY, s.sample_at,
                             "a sample without a guard goes on when its provider does badly"),
                     "add `and approval of %.*s over 30m >= 85%%`",
                     SPAN_ARG(r->ast->chain.target->what.text));
    if (s.amount && !s.names_currency)
        pol_say_help(pol_say(l->report, POL_W_NARROW, s.amount_at,
                             "this only ever matches payments in one currency"),
                     "say so with `currency is …`, or name the others: `(amount > EUR 500 or "
                     "amount > USD 550)`");
    if (s.narrow_not)
        pol_say_help(pol_say(l->report, POL_W_NARROW, s.not_at,
                             "this does not match when the value is unknown, which it often is"),
                     "if those are meant as well: `(x is not … or x is not known)`");
}

/* ---- expressions ---- */

static bool only_digits(struct span s)
{
    for (size_t i = 1; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
    }
    return s.n > 1 && s.p[0] == '^';
}

static void regexes(struct lint *l, const struct pol_node *n)
{
    for (const struct pol_node *k = n == NULL ? NULL : n->kids; k != NULL; k = k->next)
        regexes(l, k);
    if (n == NULL || n->kind != POL_C_TEST ||
        (n->ins.op != POL_OP_REGEX && n->ins.op != POL_OP_BIN_REGEX))
        return;
    if (n->ins.op == POL_OP_BIN_REGEX && only_digits(l->p->regex[n->ins.set].text)) {
        struct span digits = span_drop(l->p->regex[n->ins.set].text, 1);

        pol_say_help(pol_say(l->report, POL_W_REGEX, n->at, "a prefix says the same"),
                     "write `bin starts with %.*s`", SPAN_ARG(digits));
    } else if (!l->p->regex[n->ins.set].anchored) {
        pol_say_help(
            pol_say(l->report, POL_W_REGEX, n->at, "without ^ this also matches in the middle"),
            "begin it with ^: `/^%.*s/`", SPAN_ARG(l->p->regex[n->ins.set].text));
    }
}

/* ---- all of it ---- */

static bool make_boxes(struct lint *l)
{
    const struct pol_program *p = l->p;

    l->of = ARENA_NEWS(l->arena, struct pol_boxes, p->rules);
    l->bound = ARENA_NEW(l->arena, struct pol_bound);
    if (l->of == NULL || l->bound == NULL || !pol_atoms_init(&l->atoms, p, l->arena) ||
        !pol_boxes_init(&l->work, WORK_BOXES, l->arena) ||
        !pol_boxes_init(&l->spare, WORK_BOXES, l->arena) ||
        !pol_boxes_init(&l->scratch, WORK_BOXES, l->arena))
        return false;
    for (unsigned r = 0; r < p->rules; r++) {
        l->work.n = l->scratch.n = 0;
        l->work.overflow = l->scratch.overflow = false;
        pol_boxes_of(&l->atoms, p->rule[r].cond, &l->work, &l->scratch);
        if (l->work.n > RULE_BOXES)
            l->work.overflow = true;
        if (!pol_boxes_init(&l->of[r], l->work.overflow ? 1 : l->work.n + 1, l->arena))
            return false;
        l->of[r].overflow = l->work.overflow;
        if (!l->work.overflow) {
            l->of[r].n = l->work.n;
            memcpy(l->of[r].box, l->work.box, l->work.n * sizeof *l->work.box);
        }
    }
    return true;
}

enum err pol_lint(const struct pol_program *p, const bool *covered, struct arena *a,
                  struct pol_report *report)
{
    struct lint *l = ARENA_NEW(a, struct lint);

    if (l == NULL)
        return E_LIMIT;
    *l = (struct lint){ .p = p, .report = report, .arena = a };
    if (!make_boxes(l))
        return E_LIMIT;
    for (unsigned r = 0; r < p->rules; r++) {
        const struct pol_rule_code *rule = &p->rule[r];

        check_single(l, rule);
        check_shape(l, rule);
        regexes(l, rule->cond);
        if (!rule->ast->is_default && !rule->off && !l->of[r].overflow)
            check_reach(l, r);
        if (covered != NULL && !covered[r] && !rule->off)
            pol_say_help(pol_say(report, POL_W_UNTESTED, rule->at, "no expect covers this rule"),
                         "write `expect \"…\" payment … routes to … by rule \"%.60s\"`",
                         rule->name);
    }
    for (unsigned i = 0; i < p->lists; i++)
        pol_lint_list(&p->list[i], a, report);
    for (unsigned i = 0; i < p->commits; i++) {
        if (!p->commit[i].used)
            pol_say_help(pol_say(report, POL_W_UNUSED, p->commit[i].ast->name.at,
                                 "nothing asks for this commitment"),
                         "remove it, or write `when commitment %s is behind`",
                         p->commit[i].info.name);
    }
    pol_report_sort(report);
    return OK;
}

void pol_lint_hits(const struct pol_program *p, const uint64_t *hit, uint64_t decisions,
                   struct pol_report *report)
{
    for (unsigned r = 0; r + 1 < p->rules && decisions > 0; r++) {
        const struct pol_rule_code *rule = &p->rule[r];

        if (hit[r] == 0 && !rule->off)
            pol_say_help(pol_say(report, POL_W_UNTESTED, rule->at,
                                 "none of %llu recorded decisions needed this rule",
                                 (unsigned long long)decisions),
                         "remove it, or switch it off: `rule \"%.60s\" off`", rule->name);
    }
}
