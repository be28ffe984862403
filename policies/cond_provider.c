/* policies/cond_provider.c -- what a condition asks of a provider. */
#include "policies/cond.h"
#include "policies/value.h"

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

void pol_test_provider(struct pol_bench *b, const struct pol_cond *c, enum pol_attr attr,
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
        pol_test_wrong(b, c, "`breaker of X is open`");
        return;
    }
    if (provider_value(b, a, c->value, ins, &value))
        pol_test_bounds(c, value, 0, ins);
}
