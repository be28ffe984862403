/* policies/cond.c -- conditions as written to typed tests in negation normal form. */
#include "policies/cond.h"

#include "policies/value.h"
#include "routing/base/hash.h"

/* ---- what the tests share ---- */

void pol_test_wrong(struct pol_bench *b, const struct pol_cond *c, const char *instead)
{
    struct pol_finding *f = pol_say(b->report, POL_E_TYPE, c->at,
                                    "`%.*s` cannot be compared like this", SPAN_ARG(c->attr.text));

    pol_say_help(f, "write %s", instead);
}

/* The values after `in`: a list's or those in braces. False once an error was told. */
bool pol_test_values(struct pol_bench *b, const struct pol_cond *c, const struct pol_value **value)
{
    struct pol_list_code *l;

    *value = c->value;
    if (c->test != POL_TEST_LIST)
        return true;
    l = pol_find_list(b, c);
    if (l == NULL)
        return false;
    *value = l->value;
    return true;
}

bool pol_test_membership(const struct pol_cond *c)
{
    return c->test == POL_TEST_IS || c->test == POL_TEST_LIST || c->test == POL_TEST_SET;
}

/* lo and hi of a comparison with whole numbers, value and second already typed. */
void pol_test_bounds(const struct pol_cond *c, int64_t value, int64_t second, struct pol_ins *ins)
{
    ins->lo = INT64_MIN;
    ins->hi = INT64_MAX;
    if (c->test == POL_TEST_IS)
        ins->lo = ins->hi = value;
    else if (c->test == POL_TEST_LESS)
        ins->hi = value - 1;
    else if (c->test == POL_TEST_ATMOST)
        ins->hi = value;
    else
        ins->lo = value + (c->test == POL_TEST_MORE);
    if (c->test == POL_TEST_BETWEEN)
        ins->hi = second;
}

/* ---- leaves ---- */

static struct pol_node *node_new(struct pol_bench *b, enum pol_cond_kind kind, struct pol_place at)
{
    struct pol_node *n = ARENA_NEW(b->arena, struct pol_node);

    if (n == NULL) {
        b->no_memory = true;
        return NULL;
    }
    n->kind = kind;
    n->at = at;
    return n;
}

static void test_sample(struct pol_bench *b, const struct pol_cond *c, struct pol_ins *ins)
{
    struct span salt = c->salt.text;
    int64_t ppm = 0;

    ins->op = POL_OP_SAMPLE;
    ins->a = pol_find_key(b, c->attr);
    if (!pol_take_ppm(b, "sample", c->value, &ppm))
        return;
    if (salt.p == NULL) {
        salt = span_str(b->rule_name);
        b->implicit_salt = true;
    } else {
        salt = pol_unescape(b->arena, salt);
    }
    /* ppm of 2^64, rounded down; 100 % takes all */
    ins->lo = (int64_t)(ppm >= 1000000 ? UINT64_MAX : UINT64_MAX / 1000000 * (uint64_t)ppm);
    ins->hi = (int64_t)hash64(salt, 0);
}

static void test_payment(struct pol_bench *b, const struct pol_cond *c, enum pol_attr attr,
                         bool neg, struct pol_ins *ins)
{
    const struct pol_attribute *a = pol_attribute(attr);

    if (a->per_provider) {
        pol_say_help(pol_say(b->report, POL_E_TYPE, c->at, "`%s` of which provider?", a->name),
                     "write `%s of PROVIDER …`", a->name);
        return;
    }
    if (c->test == POL_TEST_KNOWN) {
        pol_test_known(b, c, attr, neg, ins);
        return;
    }
    switch (a->type) {
    case POL_TYPE_WORD: pol_test_word(b, c, attr, neg, ins); break;
    case POL_TYPE_TEXT: pol_test_text(b, c, (uint16_t)a->slot, ins); break;
    case POL_TYPE_META: pol_test_text(b, c, pol_find_meta(b, c->attr), ins); break;
    case POL_TYPE_MONEY: pol_test_amount(b, c, ins); break;
    case POL_TYPE_BIN: pol_test_bin(b, c, ins); break;
    case POL_TYPE_CLOCK: pol_test_clock(b, c, ins); break;
    case POL_TYPE_HOUR: pol_test_hour(b, c, ins); break;
    case POL_TYPE_WEEKDAY: pol_test_weekday(b, c, ins); break;
    case POL_TYPE_SHARE:
    case POL_TYPE_COST:
    case POL_TYPE_MS:
    case POL_TYPE_BREAKER:
    case POL_TYPE_VOLUME:
    case POL_TYPE_VALUE: break;
    }
    pol_test_zone(b, c, attr, ins);
}

static void test_commit(struct pol_bench *b, const struct pol_cond *c, struct pol_ins *ins)
{
    unsigned commit = pol_find_commit(b, c->attr), pace;
    struct pol_word state = { c->value->text, c->value->at };

    ins->op = POL_OP_COMMIT;
    ins->a = (uint16_t)commit;
    if (pol_take_pace(b, state, &pace))
        ins->lo = INT64_C(1) << pace;
}

static struct pol_node *leaf(struct pol_bench *b, const struct pol_cond *c, bool neg)
{
    struct pol_node *n = node_new(b, POL_C_TEST, c->at);
    enum pol_attr attr;

    if (n == NULL)
        return NULL;
    neg = neg != c->negated;
    if (c->test == POL_TEST_SAMPLE) {
        test_sample(b, c, &n->ins);
    } else if (c->test == POL_TEST_COMMIT) {
        test_commit(b, c, &n->ins);
    } else if ((attr = pol_find_attr(b, c->attr)) != POL_ATTRS_) {
        if (c->of.text.p != NULL)
            pol_test_provider(b, c, attr, &n->ins);
        else
            test_payment(b, c, attr, neg, &n->ins);
    }
    n->ins.neg = n->ins.op == POL_OP_SLOT ? false : neg;
    return n;
}

/* ---- trees ---- */

static struct pol_node *build(struct pol_bench *b, const struct pol_cond *c, bool neg)
{
    struct pol_node *n, **end;
    bool is_and;

    if (c->kind == POL_C_TEST)
        return leaf(b, c, neg);
    if (c->kind == POL_C_NOT)
        return build(b, c->kids, !neg);
    is_and = (c->kind == POL_C_AND) != neg; /* De Morgan */
    n = node_new(b, is_and ? POL_C_AND : POL_C_OR, c->at);
    if (n == NULL)
        return NULL;
    end = &n->kids;
    for (const struct pol_cond *k = c->kids; k != NULL; k = k->next) {
        if ((*end = build(b, k, neg)) == NULL)
            break;
        end = &(*end)->next;
    }
    return n;
}

struct pol_node *pol_cond_build(struct pol_bench *b, const struct pol_cond *c)
{
    return build(b, c, false);
}

struct pol_node *pol_cond_which(struct pol_bench *b, const struct pol_cond *when,
                                const struct pol_cond *unless)
{
    struct pol_node *w = when == NULL ? NULL : build(b, when, false);
    struct pol_node *u = unless == NULL ? NULL : build(b, unless, true);
    struct pol_node *both;

    if (w == NULL || u == NULL)
        return w == NULL ? u : w;
    both = node_new(b, POL_C_AND, w->at);
    if (both == NULL)
        return NULL;
    both->kids = w;
    w->next = u;
    return both;
}
