/* policies/code.c -- trees to flat code. Jumps only go forward: evaluation ends. */
#include "policies/inside.h"
#include "routing/base/check.h"

static struct pol_ins *ins_at(struct pol_bench *b, uint32_t i)
{
    return (struct pol_ins *)b->ins.p + i;
}

static uint32_t add(struct pol_bench *b, const struct pol_node *n)
{
    *(struct pol_ins *)pol_push(b, &b->ins, sizeof n->ins) = n->ins;
    *(struct pol_place *)pol_push(b, &b->ins_at, sizeof n->at) = n->at;
    return b->ins.n - 1;
}

/* Emits n; whatever in it ends true (false) jumps to what is not known yet: marked by yes (no),
 * which a later pass over [first, end) replaces. */
static void emit(struct pol_bench *b, const struct pol_node *n, uint32_t yes, uint32_t no)
{
    uint32_t i;

    if (n->kind == POL_C_TEST) {
        i = add(b, n);
        if (!b->no_memory) {
            ins_at(b, i)->yes = yes;
            ins_at(b, i)->no = no;
        }
        return;
    }
    for (const struct pol_node *k = n->kids; k != NULL && !b->no_memory; k = k->next) {
        uint32_t first = b->ins.n, marker = POL_FALSE - ++b->markers; /* unlike any other */
        bool last = k->next == NULL, is_and = n->kind == POL_C_AND;

        emit(b, k, last || !is_and ? yes : marker, last || is_and ? no : marker);
        for (i = first; i < b->ins.n && !last && !b->no_memory; i++) {
            if (ins_at(b, i)->yes == marker)
                ins_at(b, i)->yes = b->ins.n;
            if (ins_at(b, i)->no == marker)
                ins_at(b, i)->no = b->ins.n;
        }
    }
}

uint32_t pol_code_emit(struct pol_bench *b, const struct pol_node *n)
{
    uint32_t first = b->ins.n;

    if (n == NULL)
        return POL_TRUE;
    emit(b, n, POL_TRUE, POL_FALSE);
    return first;
}

/* Every jump must lead forward or out. */
static void verify(const struct pol_program *p)
{
    for (uint32_t i = 0; i < p->ins_n; i++) {
        CHECK(p->ins[i].yes > i);
        CHECK(p->ins[i].yes < p->ins_n || p->ins[i].yes >= POL_FALSE);
        CHECK(p->ins[i].no > i);
        CHECK(p->ins[i].no < p->ins_n || p->ins[i].no >= POL_FALSE);
    }
}

static void pack(struct pol_bench *b, struct pol_program *p)
{
    p->ins = b->ins.p;
    p->ins_at = b->ins_at.p;
    p->ins_n = b->ins.n;
    p->bits = b->bits.p;
    p->pair = b->pair.p;
    p->text = b->text.p;
    p->regex = b->regex.p;
    p->rule = b->rule.p;
    p->rules = b->rule.n;
    p->step = b->step.p;
    p->member = b->member.p;
    p->retry = b->retry.p;
    p->retries = b->retry.n;
    p->commit = b->commit.p;
    p->commits = b->commit.n;
    p->list = b->list.p;
    p->lists = b->list.n;
}

void pol_code_finish(struct pol_bench *b)
{
    struct pol_program *p = b->p;

    pack(b, p);
    verify(p);
    p->meaning = pol_meanings(p, b->arena);
    /* all tests of all rules and retries, and every step of every chain with its members */
    p->steps = p->ins_n + b->step.n + b->member.n + p->rules;
}
