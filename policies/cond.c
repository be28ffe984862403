/* policies/cond.c -- conditions as written to typed tests in negation normal form. */
#include "policies/inside.h"
#include "policies/value.h"
#include "routing/base/check.h"
#include "routing/base/hash.h"

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

/* ---- sets ---- */

static uint64_t *bits_new(struct pol_bench *b, uint32_t *set)
{
    *set = b->bits.n / POL_SET_WORDS;
    for (unsigned i = 0; i + 1 < POL_SET_WORDS; i++)
        (void)pol_push(b, &b->bits, sizeof(uint64_t));
    (void)pol_push(b, &b->bits, sizeof(uint64_t));
    return b->no_memory ? (uint64_t *)(void *)b->scratch
                        : (uint64_t *)b->bits.p + (size_t)*set * POL_SET_WORDS;
}

/* The other known values: negation leaves unknown out on both sides. */
static void complement(uint64_t *set, unsigned count)
{
    for (unsigned v = 0; v < count; v++)
        set[v / 64] ^= UINT64_C(1) << v % 64;
    set[0] &= ~UINT64_C(1);
}

static void set_word(struct pol_bench *b, const struct pol_cond *c, enum pol_attr attr, bool neg,
                     const struct pol_value *value, struct pol_ins *ins)
{
    unsigned slot = pol_attribute(attr)->slot, v;
    uint64_t *set = bits_new(b, &ins->set);

    ins->op = POL_OP_SLOT;
    ins->a = (uint16_t)slot;
    for (; value != NULL; value = c->test == POL_TEST_IS ? NULL : value->next) {
        if (pol_take_word(b, attr, value, &v))
            set[v / 64] |= UINT64_C(1) << v % 64;
    }
    if (neg)
        complement(set, pol_slot_count((enum pol_slot)slot));
}

/* Sorted and joined: what touches or overlaps becomes one. */
static uint32_t join_pairs(struct pol_pair *p, uint32_t n)
{
    uint32_t out = 0;

    pol_sort_pairs(p, n);
    for (uint32_t i = 0; i < n; i++) {
        if (out > 0 && p[i].lo <= p[out - 1].hi + 1)
            p[out - 1].hi = p[i].hi > p[out - 1].hi ? p[i].hi : p[out - 1].hi;
        else
            p[out++] = p[i];
    }
    return out;
}

static void set_bin(struct pol_bench *b, const struct pol_cond *c, const struct pol_value *value,
                    struct pol_ins *ins)
{
    struct pol_pair pair;

    ins->op = POL_OP_BIN;
    ins->set = b->pair.n;
    for (; value != NULL; value = c->test == POL_TEST_IS ? NULL : value->next) {
        if (pol_take_bin(b, value, &pair)) {
            *(struct pol_pair *)pol_push(b, &b->pair, sizeof pair) = pair;
            ins->n++;
        }
    }
    if (b->no_memory)
        return;
    ins->n = join_pairs((struct pol_pair *)b->pair.p + ins->set, ins->n);
    b->pair.n = ins->set + ins->n;
}

static bool take_text(struct pol_bench *b, const struct pol_cond *c, const struct pol_value *v,
                      struct span *out)
{
    if (v->kind == POL_V_TEXT)
        *out = pol_unescape(b->arena, v->text);
    else if (v->kind == POL_V_WORD || v->kind == POL_V_NUMBER)
        *out = v->text;
    else {
        char name[80];
        struct buf room = BUF_OF(name);

        buf_fmt(&room, "%.*s", SPAN_ARG(span_take(c->attr.text, 70)));
        pol_wrong(b, buf_z(&room), v, "a word, or a text in quotes");
        return false;
    }
    return true;
}

static void set_text(struct pol_bench *b, const struct pol_cond *c, uint16_t text,
                     const struct pol_value *value, struct pol_ins *ins)
{
    struct span s;

    ins->a = text;
    if (c->test == POL_TEST_IS) {
        ins->op = POL_OP_TEXT;
        if (take_text(b, c, value, &s))
            ins->set = pol_add_text(b, s);
        return;
    }
    ins->op = POL_OP_TEXTS;
    ins->set = b->pair.n;
    for (; value != NULL; value = value->next) {
        if (!take_text(b, c, value, &s))
            continue;
        *(struct pol_pair *)pol_push(b, &b->pair, sizeof(struct pol_pair)) =
            (struct pol_pair){ hash64(s, 0), pol_add_text(b, s) };
        ins->n++;
    }
    if (!b->no_memory)
        pol_sort_pairs((struct pol_pair *)b->pair.p + ins->set, ins->n);
}

/* ---- tests of the payment ---- */

static void wrong_test(struct pol_bench *b, const struct pol_cond *c, const char *instead)
{
    struct pol_finding *f = pol_say(b->report, POL_E_TYPE, c->at,
                                    "`%.*s` cannot be compared like this", SPAN_ARG(c->attr.text));

    pol_say_help(f, "write %s", instead);
}

/* The values after `in`: a list's or those in braces. False once an error was told. */
static bool values_of(struct pol_bench *b, const struct pol_cond *c, const struct pol_value **value)
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

static bool is_membership(const struct pol_cond *c)
{
    return c->test == POL_TEST_IS || c->test == POL_TEST_LIST || c->test == POL_TEST_SET;
}

static void test_word(struct pol_bench *b, const struct pol_cond *c, enum pol_attr attr, bool neg,
                      struct pol_ins *ins)
{
    const struct pol_value *value;

    if (!is_membership(c))
        wrong_test(b, c, "`is`, `is not`, `in { … }`, `in LIST` or `is known`");
    else if (values_of(b, c, &value))
        set_word(b, c, attr, neg, value, ins);
}

static void test_regex(struct pol_bench *b, const struct pol_cond *c, struct pol_ins *ins)
{
    struct diag why = { 0 };
    struct pol_place at = c->list.at;
    struct pol_regex *r;
    enum err e;

    if (b->regex.n == POL_REGEX_MAX) {
        pol_say(b->report, POL_E_TOO_BIG, at, "more than %d regular expressions", POL_REGEX_MAX);
        return;
    }
    ins->set = b->regex.n;
    r = pol_push(b, &b->regex, sizeof *r);
    e = pol_regex_make(r, c->list.text, b->arena, &why);
    if (e == E_SYNTAX) {
        b->regex.n--;
        at.at += why.col <= at.len ? why.col : at.len - 1;
        at.len = 1;
        pol_say(b->report, POL_E_REGEX, at, "not a regular expression: %s", why.text);
    } else if (e != OK) {
        b->no_memory = true;
    }
}

static void test_text(struct pol_bench *b, const struct pol_cond *c, uint16_t text,
                      struct pol_ins *ins)
{
    const struct pol_value *value;
    struct span s;

    ins->a = text;
    if (c->test == POL_TEST_MATCHES) {
        ins->op = POL_OP_REGEX;
        test_regex(b, c, ins);
    } else if (c->test == POL_TEST_STARTS) {
        ins->op = POL_OP_PREFIX;
        if (take_text(b, c, c->value, &s))
            ins->set = pol_add_text(b, s);
    } else if (!is_membership(c)) {
        wrong_test(b, c, "`is`, `in { … }`, `in LIST`, `starts with` or `matches /…/`");
    } else if (values_of(b, c, &value)) {
        set_text(b, c, text, value, ins);
    }
}

static void test_bin(struct pol_bench *b, const struct pol_cond *c, struct pol_ins *ins)
{
    const struct pol_value *value;
    struct pol_value range;

    if (c->test == POL_TEST_MATCHES) {
        ins->op = POL_OP_BIN_REGEX;
        test_regex(b, c, ins);
    } else if (c->test == POL_TEST_STARTS) {
        struct pol_cond is = *c;

        is.test = POL_TEST_IS;
        set_bin(b, &is, c->value, ins);
    } else if (c->test == POL_TEST_BETWEEN && c->value->kind == POL_V_NUMBER &&
               c->second->kind == POL_V_NUMBER) {
        range = *c->value;
        range.kind = POL_V_RANGE;
        range.second = c->second->text;
        range.at = pol_place_to(c->value->at, c->second->at);
        range.next = NULL;
        set_bin(b, c, &range, ins);
    } else if (!is_membership(c)) {
        wrong_test(b, c,
                   "`bin in { 457112 552100..552199 }`, `bin in LIST` or `bin matches /^4571/`");
    } else if (values_of(b, c, &value)) {
        set_bin(b, c, value, ins);
    }
}

/* lo and hi of a comparison with whole numbers, value and second already typed. */
static void bounds(const struct pol_cond *c, int64_t value, int64_t second, struct pol_ins *ins)
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

static bool is_comparison(const struct pol_cond *c)
{
    return c->test == POL_TEST_IS || c->test == POL_TEST_LESS || c->test == POL_TEST_ATMOST ||
           c->test == POL_TEST_MORE || c->test == POL_TEST_ATLEAST || c->test == POL_TEST_BETWEEN;
}

static void test_amount(struct pol_bench *b, const struct pol_cond *c, struct pol_ins *ins)
{
    struct money value = { 0 }, second = { 0 };

    ins->op = POL_OP_AMOUNT;
    if (!is_comparison(c)) {
        wrong_test(b, c, "`amount >= EUR 20.00` or `amount between EUR 20 and EUR 50`");
        return;
    }
    if (!pol_take_money(b, "amount", c->value, &value) ||
        (c->second != NULL && !pol_take_money(b, "amount", c->second, &second)))
        return;
    if (c->second != NULL && (second.cur != value.cur || second.minor < value.minor)) {
        pol_say_help(pol_say(b->report, POL_E_TYPE, pol_place_to(c->value->at, c->second->at),
                             "no amount is between these"),
                     "both need the same currency, the lower first");
        return;
    }
    ins->n = value.cur;
    bounds(c, value.minor, second.minor, ins);
}

/* ---- tests of the clock ---- */

static uint32_t hours_between(unsigned lo, unsigned hi)
{
    uint32_t bits = 0;

    for (unsigned h = lo; h <= hi; h++)
        bits |= UINT32_C(1) << h;
    return bits;
}

static bool hour_bits(struct pol_bench *b, const struct pol_cond *c, uint32_t *bits)
{
    const struct pol_value *value;
    unsigned lo, hi, ignore;

    *bits = 0;
    if (is_membership(c)) {
        if (!values_of(b, c, &value))
            return false;
        for (; value != NULL; value = c->test == POL_TEST_IS ? NULL : value->next) {
            if (!pol_take_hour(b, value, &lo, &hi))
                return false;
            *bits |= hours_between(lo, hi);
        }
        return true;
    }
    if (!pol_take_hour(b, c->value, &lo, &ignore))
        return false;
    if (c->test != POL_TEST_BETWEEN) {
        if (c->test == POL_TEST_ATMOST)
            *bits = hours_between(0, lo);
        else if (c->test == POL_TEST_LESS)
            *bits = lo == 0 ? 0 : hours_between(0, lo - 1);
        else
            *bits = hours_between(lo + (c->test == POL_TEST_MORE), 23);
        return true;
    }
    if (!pol_take_hour(b, c->second, &hi, &ignore))
        return false;
    *bits = lo <= hi ? hours_between(lo, hi) : hours_between(lo, 23) | hours_between(0, hi);
    return true;
}

static void test_hour(struct pol_bench *b, const struct pol_cond *c, struct pol_ins *ins)
{
    uint32_t bits;

    ins->op = POL_OP_HOUR;
    if (c->test == POL_TEST_STARTS || c->test == POL_TEST_MATCHES)
        wrong_test(b, c, "`hour in { 9..17 }` or `hour >= 9`");
    else if (hour_bits(b, c, &bits))
        ins->lo = bits;
}

static void test_weekday(struct pol_bench *b, const struct pol_cond *c, struct pol_ins *ins)
{
    const struct pol_value *value;
    unsigned day;

    ins->op = POL_OP_WEEKDAY;
    if (!is_membership(c)) {
        wrong_test(b, c, "`weekday is monday` or `weekday in { saturday sunday }`");
        return;
    }
    if (!values_of(b, c, &value))
        return;
    for (; value != NULL; value = c->test == POL_TEST_IS ? NULL : value->next) {
        if (pol_take_day(b, value, &day))
            ins->lo |= INT64_C(1) << day;
    }
}

static void test_clock(struct pol_bench *b, const struct pol_cond *c, struct pol_ins *ins)
{
    unsigned lo, hi;

    ins->op = POL_OP_CLOCK;
    if (c->test != POL_TEST_BETWEEN || c->value->kind != POL_V_CLOCK ||
        c->second->kind != POL_V_CLOCK || pol_clock(c->value->text, &lo) != OK ||
        pol_clock(c->second->text, &hi) != OK) {
        wrong_test(b, c, "`clock \"Europe/Berlin\" between 22:00 and 06:00`");
        return;
    }
    ins->lo = lo;
    ins->hi = hi;
}

/* ---- tests of providers ---- */

static uint32_t window_of(struct pol_bench *b, const struct pol_cond *c, enum pol_attr attr)
{
    enum pol_over over;
    int64_t ms;

    if (c->over.text.p == NULL) {
        b->p->overs |= 1U << POL_OVER_NOW;
        return POL_OVER_NOW;
    }
    if (!pol_attribute(attr)->windows) {
        pol_say_help(pol_say(b->report, POL_E_TYPE, c->over.at, "`%s` is not measured over time",
                             pol_attribute(attr)->name),
                     "leave out `over %.*s`", SPAN_ARG(c->over.text));
        return POL_OVER_NOW;
    }
    over = pol_duration(c->over.text, &ms) == OK ? pol_over_find(ms) : POL_OVERS_;
    if (over == POL_OVERS_) {
        pol_say_help(pol_say(b->report, POL_E_TYPE, c->over.at, "nothing is measured over %.*s",
                             SPAN_ARG(c->over.text)),
                     "write one of 5m, 15m, 30m, 1h, 6h, 24h");
        return POL_OVER_NOW;
    }
    b->p->overs |= 1U << over;
    return over;
}

/* One side of a comparison, in the provider attribute's unit. */
static bool provider_value(struct pol_bench *b, const struct pol_attribute *a,
                           const struct pol_value *v, struct pol_ins *ins, int64_t *out)
{
    struct money m = { 0 };
    unsigned breaker;

    if (a->type == POL_TYPE_SHARE || (a->type == POL_TYPE_COST && v->kind == POL_V_PERCENT))
        return pol_take_ppm(b, a->name, v, out);
    if (a->type == POL_TYPE_MS)
        return pol_take_ms(b, a->name, v, out);
    if (a->type == POL_TYPE_BREAKER) {
        if (!pol_take_breaker(b, v, &breaker))
            return false;
        *out = breaker;
        return true;
    }
    if (!pol_take_money(b, a->name, v, &m))
        return false;
    ins->set = m.cur;
    *out = m.minor;
    return true;
}

static void test_provider(struct pol_bench *b, const struct pol_cond *c, enum pol_attr attr,
                          struct pol_ins *ins)
{
    const struct pol_attribute *a = pol_attribute(attr);
    unsigned provider = pol_find_provider(b, c->of);
    int64_t value = 0;

    ins->op = POL_OP_PROVIDER;
    ins->a = (uint16_t)(provider < LIMIT_PROVIDERS ? provider : 0);
    ins->b = (uint16_t)attr;
    ins->n = window_of(b, c, attr);
    if (!a->per_provider) {
        pol_say_help(pol_say(b->report, POL_E_TYPE, c->at,
                             "`%s` is asked of the payment, not of "
                             "a provider",
                             a->name),
                     "leave out `of %.*s`", SPAN_ARG(c->of.text));
        return;
    }
    if (c->test == POL_TEST_KNOWN) {
        ins->op = POL_OP_KNOWN;
        return;
    }
    if (a->type == POL_TYPE_BREAKER && c->test != POL_TEST_IS) {
        wrong_test(b, c, "`breaker of X is open`");
        return;
    }
    if (provider_value(b, a, c->value, ins, &value))
        bounds(c, value, 0, ins);
}

/* ---- the others ---- */

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

static void test_known(struct pol_bench *b, const struct pol_cond *c, enum pol_attr attr, bool neg,
                       struct pol_ins *ins)
{
    const struct pol_attribute *a = pol_attribute(attr);
    uint64_t *set;

    ins->op = POL_OP_KNOWN;
    ins->b = (uint16_t)attr;
    if (a->type == POL_TYPE_META)
        ins->a = pol_find_meta(b, c->attr);
    else if (a->type == POL_TYPE_TEXT)
        ins->a = (uint16_t)a->slot;
    else if (a->type == POL_TYPE_WORD) {
        set = bits_new(b, &ins->set);
        ins->op = POL_OP_SLOT;
        ins->a = (uint16_t)a->slot;
        complement(set, pol_slot_count((enum pol_slot)a->slot));
        if (neg) {
            for (unsigned i = 0; i < POL_SET_WORDS; i++)
                set[i] = 0;
            set[0] = 1;
        }
    }
}

static void zone_for(struct pol_bench *b, const struct pol_cond *c, enum pol_attr attr,
                     struct pol_ins *ins)
{
    enum pol_type t = pol_attribute(attr)->type;

    if (t == POL_TYPE_CLOCK || t == POL_TYPE_HOUR || t == POL_TYPE_WEEKDAY)
        ins->a = pol_find_zone(b, c->zone);
    else if (c->zone.text.p != NULL)
        pol_say_help(pol_say(b->report, POL_E_TYPE, c->zone.at, "`%s` has no time zone",
                             pol_attribute(attr)->name),
                     "leave out \"%.*s\"", SPAN_ARG(c->zone.text));
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
        test_known(b, c, attr, neg, ins);
        return;
    }
    switch (a->type) {
    case POL_TYPE_WORD: test_word(b, c, attr, neg, ins); break;
    case POL_TYPE_TEXT: test_text(b, c, (uint16_t)a->slot, ins); break;
    case POL_TYPE_META: test_text(b, c, pol_find_meta(b, c->attr), ins); break;
    case POL_TYPE_MONEY: test_amount(b, c, ins); break;
    case POL_TYPE_BIN: test_bin(b, c, ins); break;
    case POL_TYPE_CLOCK: test_clock(b, c, ins); break;
    case POL_TYPE_HOUR: test_hour(b, c, ins); break;
    case POL_TYPE_WEEKDAY: test_weekday(b, c, ins); break;
    case POL_TYPE_SHARE:
    case POL_TYPE_COST:
    case POL_TYPE_MS:
    case POL_TYPE_BREAKER:
    case POL_TYPE_VOLUME:
    case POL_TYPE_VALUE: break;
    }
    zone_for(b, c, attr, ins);
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
            test_provider(b, c, attr, &n->ins);
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
