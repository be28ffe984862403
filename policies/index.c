/* policies/index.c -- which rules a payment can match at all, by the values of its attributes.
 *
 * For each attribute of words (and the first three card digits) a table has one row of bits per
 * value, one bit per rule: set unless the rule can not be true for that value. An evaluation ands
 * the rows of the payment's values, 64 rules at a time, and runs only the rules that are left. */
#include <string.h>

#include "policies/inside.h"

enum { BIN_ROWS = 1001, SET_MAX = 1024 / 64 }; /* bin: 0 unknown, 1 + first three digits */

struct set {
    uint64_t bit[SET_MAX];
    bool all;
};

static unsigned rows_of(unsigned of)
{
    return of == POL_INDEX_BIN ? BIN_ROWS : pol_slot_count((enum pol_slot)of);
}

static void need(const struct pol_program *p, const struct pol_node *n, unsigned of,
                 struct set *out);

static void need_bin(const struct pol_program *p, const struct pol_ins *ins, struct set *out)
{
    static const uint64_t width = 100000000; /* 11 digits: three, and eight more */

    *out = (struct set){ .all = false };
    for (uint32_t i = 0; i < ins->n; i++) {
        const struct pol_pair *pair = &p->pair[ins->set + i];

        for (uint64_t v = pair->lo / width; v <= pair->hi / width; v++)
            out->bit[(v + 1) / 64] |= UINT64_C(1) << (v + 1) % 64;
    }
}

static void need_leaf(const struct pol_program *p, const struct pol_ins *ins, unsigned of,
                      struct set *out)
{
    *out = (struct set){ .all = true };
    if (of == POL_INDEX_BIN && ins->op == POL_OP_BIN && !ins->neg) {
        need_bin(p, ins, out);
    } else if (of < POL_SLOTS_ && ins->op == POL_OP_SLOT && ins->a == of) {
        out->all = false;
        memcpy(out->bit, &p->bits[(size_t)ins->set * POL_SET_WORDS],
               POL_SET_WORDS * sizeof(uint64_t));
    } else if (of == POL_SLOT_CURRENCY && ins->op == POL_OP_AMOUNT) {
        out->all = false;
        out->bit[ins->n / 64] |= UINT64_C(1) << ins->n % 64;
    }
}

/* The values for which n may be true; all, if it does not look at the attribute. */
static void need(const struct pol_program *p, const struct pol_node *n, unsigned of,
                 struct set *out)
{
    struct set kid;

    if (n->kind == POL_C_TEST) {
        need_leaf(p, &n->ins, of, out);
        return;
    }
    *out = (struct set){ .all = n->kind == POL_C_AND };
    for (const struct pol_node *k = n->kids; k != NULL; k = k->next) {
        need(p, k, of, &kid);
        if (n->kind == POL_C_OR) {
            out->all = out->all || kid.all;
            for (unsigned i = 0; i < SET_MAX; i++)
                out->bit[i] |= kid.bit[i];
        } else if (!kid.all) {
            for (unsigned i = 0; i < SET_MAX; i++)
                out->bit[i] = out->all ? kid.bit[i] : out->bit[i] & kid.bit[i];
            out->all = false;
        }
    }
}

static void mark(uint64_t *rows, unsigned words, unsigned rule, const struct set *s)
{
    for (unsigned w = 0; w < SET_MAX; w++) {
        for (uint64_t m = s->bit[w]; m != 0; m &= m - 1) {
            size_t v = w * 64 + (unsigned)__builtin_ctzll(m);

            rows[v * words + rule / 64] |= UINT64_C(1) << rule % 64;
        }
    }
}

static void index_one(struct pol_bench *b, unsigned of)
{
    struct pol_program *p = b->p;
    unsigned n = rows_of(of), limited = 0;
    uint64_t *rows = NULL, *every = ARENA_NEWS(b->arena, uint64_t, p->words);
    struct set s;

    for (unsigned r = 0; r + 1 < p->rules && every != NULL; r++) {
        if (p->rule[r].cond == NULL)
            s = (struct set){ .all = true };
        else
            need(p, p->rule[r].cond, of, &s);
        if (s.all) {
            every[r / 64] |= UINT64_C(1) << r % 64;
            continue;
        }
        if (rows == NULL && (rows = ARENA_NEWS(b->arena, uint64_t, (size_t)n * p->words)) == NULL)
            break;
        limited++;
        mark(rows, p->words, r, &s);
    }
    if (every == NULL || (limited > 0 && rows == NULL)) {
        b->no_memory = true;
        return;
    }
    for (size_t i = 0; limited > 0 && i < (size_t)n * p->words; i++)
        rows[i] |= every[i % p->words];
    if (limited > 0)
        p->index[p->indices++] = (struct pol_index){ (uint16_t)of, rows };
}

void pol_index_make(struct pol_bench *b)
{
    struct pol_program *p = b->p;
    uint64_t *active;

    p->words = (p->rules + 63) / 64;
    active = ARENA_NEWS(b->arena, uint64_t, p->words);
    if (active == NULL) {
        b->no_memory = true;
        return;
    }
    for (unsigned r = 0; r + 1 < p->rules; r++) {
        if (!p->rule[r].off)
            active[r / 64] |= UINT64_C(1) << r % 64;
    }
    p->active = active;
    for (unsigned of = 0; of < POL_INDICES_ && !b->no_memory; of++)
        index_one(b, of);
}
