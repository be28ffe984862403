/* policies/cond_payment.c -- what a condition asks of the payment: words, texts, BINs, amounts. */
#include "policies/cond.h"
#include "policies/value.h"
#include "routing/base/hash.h"

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
    if (v->cell.n > 0) /* 100-200 is no range of customers, and \\ no escape */
        *out = v->cell;
    else if (v->kind == POL_V_TEXT)
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

/* ---- tests ---- */

void pol_test_word(struct pol_bench *b, const struct pol_cond *c, enum pol_attr attr, bool neg,
                   struct pol_ins *ins)
{
    const struct pol_value *value;

    if (!pol_test_membership(c))
        pol_test_wrong(b, c, "`is`, `is not`, `in { … }`, `in LIST` or `is known`");
    else if (pol_test_values(b, c, &value))
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

void pol_test_text(struct pol_bench *b, const struct pol_cond *c, uint16_t text,
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
    } else if (!pol_test_membership(c)) {
        pol_test_wrong(b, c, "`is`, `in { … }`, `in LIST`, `starts with` or `matches /…/`");
    } else if (pol_test_values(b, c, &value)) {
        set_text(b, c, text, value, ins);
    }
}

void pol_test_bin(struct pol_bench *b, const struct pol_cond *c, struct pol_ins *ins)
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
    } else if (!pol_test_membership(c)) {
        pol_test_wrong(
            b, c, "`bin in { 457112 552100..552199 }`, `bin in LIST` or `bin matches /^4571/`");
    } else if (pol_test_values(b, c, &value)) {
        set_bin(b, c, value, ins);
    }
}

static bool is_comparison(const struct pol_cond *c)
{
    return c->test == POL_TEST_IS || c->test == POL_TEST_LESS || c->test == POL_TEST_ATMOST ||
           c->test == POL_TEST_MORE || c->test == POL_TEST_ATLEAST || c->test == POL_TEST_BETWEEN;
}

void pol_test_amount(struct pol_bench *b, const struct pol_cond *c, struct pol_ins *ins)
{
    struct money value = { 0 }, second = { 0 };

    ins->op = POL_OP_AMOUNT;
    if (!is_comparison(c)) {
        pol_test_wrong(b, c, "`amount >= EUR 20.00` or `amount between EUR 20 and EUR 50`");
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
    pol_test_bounds(c, value.minor, second.minor, ins);
}

void pol_test_known(struct pol_bench *b, const struct pol_cond *c, enum pol_attr attr, bool neg,
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
