/* policies/cond_clock.c -- what a condition asks of the clock of a time zone. */
#include "policies/cond.h"
#include "policies/value.h"

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
    if (pol_test_membership(c)) {
        if (!pol_test_values(b, c, &value))
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

void pol_test_hour(struct pol_bench *b, const struct pol_cond *c, struct pol_ins *ins)
{
    uint32_t bits;

    ins->op = POL_OP_HOUR;
    if (c->test == POL_TEST_STARTS || c->test == POL_TEST_MATCHES)
        pol_test_wrong(b, c, "`hour in { 9..17 }` or `hour >= 9`");
    else if (hour_bits(b, c, &bits))
        ins->lo = bits;
}

void pol_test_weekday(struct pol_bench *b, const struct pol_cond *c, struct pol_ins *ins)
{
    const struct pol_value *value;
    unsigned day;

    ins->op = POL_OP_WEEKDAY;
    if (!pol_test_membership(c)) {
        pol_test_wrong(b, c, "`weekday is monday` or `weekday in { saturday sunday }`");
        return;
    }
    if (!pol_test_values(b, c, &value))
        return;
    for (; value != NULL; value = c->test == POL_TEST_IS ? NULL : value->next) {
        if (pol_take_day(b, value, &day))
            ins->lo |= INT64_C(1) << day;
    }
}

void pol_test_clock(struct pol_bench *b, const struct pol_cond *c, struct pol_ins *ins)
{
    unsigned lo, hi;

    ins->op = POL_OP_CLOCK;
    if (c->test != POL_TEST_BETWEEN || c->value->kind != POL_V_CLOCK ||
        c->second->kind != POL_V_CLOCK || pol_clock(c->value->text, &lo) != OK ||
        pol_clock(c->second->text, &hi) != OK) {
        pol_test_wrong(b, c, "`clock \"Europe/Berlin\" between 22:00 and 06:00`");
        return;
    }
    ins->lo = lo;
    ins->hi = hi;
}

void pol_test_zone(struct pol_bench *b, const struct pol_cond *c, enum pol_attr attr,
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
