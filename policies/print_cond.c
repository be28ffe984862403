/* policies/print_cond.c -- conditions, broken before `and` and `or` where the line is full. */
#include "policies/print_inside.h"

static void test_value(struct pol_printer *p, const struct pol_cond *c)
{
    static const char *const relation[] = {
        [POL_TEST_LESS] = " < ",
        [POL_TEST_ATMOST] = " <= ",
        [POL_TEST_MORE] = " > ",
        [POL_TEST_ATLEAST] = " >= ",
    };

    switch (c->test) {
    case POL_TEST_IS:
    case POL_TEST_COMMIT:
        pol_put_z(p, c->negated ? " is not " : " is ");
        pol_put_value(p, c->value);
        break;
    case POL_TEST_KNOWN: pol_put_z(p, c->negated ? " is not known" : " is known"); break;
    case POL_TEST_LIST:
        pol_put_z(p, c->negated ? " not in " : " in ");
        pol_put(p, c->list.text);
        break;
    case POL_TEST_SET:
        pol_put_z(p, c->negated ? " not in { " : " in { ");
        pol_put_values(p, c->value);
        pol_put_z(p, " }");
        break;
    case POL_TEST_LESS:
    case POL_TEST_ATMOST:
    case POL_TEST_MORE:
    case POL_TEST_ATLEAST:
        pol_put_z(p, relation[c->test]);
        pol_put_value(p, c->value);
        break;
    case POL_TEST_BETWEEN:
        pol_put_z(p, " between ");
        pol_put_value(p, c->value);
        pol_put_z(p, " and ");
        pol_put_value(p, c->second);
        break;
    case POL_TEST_STARTS:
        pol_put_z(p, " starts with ");
        pol_put_value(p, c->value);
        break;
    case POL_TEST_MATCHES:
        pol_put_z(p, " matches /");
        pol_put(p, c->list.text);
        pol_put_z(p, "/");
        break;
    case POL_TEST_SAMPLE: break;
    }
}

void pol_put_salt(struct pol_printer *p, struct pol_word w)
{
    if (w.text.p == NULL)
        return;
    pol_put_z(p, " salt ");
    pol_put_quoted(p, w);
}

static void test(struct pol_printer *p, const struct pol_cond *c)
{
    if (c->test == POL_TEST_SAMPLE) {
        pol_put_z(p, "sample ");
        pol_put_value(p, c->value);
        pol_put_z(p, " by ");
        pol_put(p, c->attr.text);
        pol_put_salt(p, c->salt);
        return;
    }
    if (c->test == POL_TEST_COMMIT)
        pol_put_z(p, "commitment ");
    pol_put(p, c->attr.text);
    if (c->of.text.p != NULL) {
        pol_put_z(p, " of ");
        pol_put(p, c->of.text);
    }
    if (c->over.text.p != NULL) {
        pol_put_z(p, " over ");
        pol_put(p, c->over.text);
    }
    if (c->zone.text.p != NULL) {
        pol_put_z(p, " ");
        pol_put_quoted(p, c->zone);
    }
    test_value(p, c);
}

static unsigned measure(const struct pol_cond *c)
{
    char room[512];
    struct buf b = BUF_OF(room);
    struct pol_printer p = { .out = &b };

    pol_put_cond(&p, c, true);
    return buf_ok(&b) ? p.col : POL_WIDE;
}

static void group(struct pol_printer *p, const struct pol_cond *c, bool wraps)
{
    unsigned left = p->col;

    for (const struct pol_cond *k = c->kids; k != NULL; k = k->next) {
        if (k != c->kids) {
            if (wraps && p->col + 5 + measure(k) > POL_WIDE)
                pol_put_indent(p, left);
            else
                pol_put_z(p, " ");
            pol_put_z(p, c->kind == POL_C_AND ? "and " : "or ");
        }
        pol_put_cond(p, k, true);
    }
}

void pol_put_cond(struct pol_printer *p, const struct pol_cond *c, bool nested)
{
    switch (c->kind) {
    case POL_C_TEST: test(p, c); break;
    case POL_C_NOT:
        pol_put_z(p, "not ");
        pol_put_cond(p, c->kids, true);
        break;
    case POL_C_AND:
    case POL_C_OR:
        if (nested)
            pol_put_z(p, "(");
        group(p, c, !nested);
        if (nested)
            pol_put_z(p, ")");
        break;
    }
}
