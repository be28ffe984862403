/* loadtest/pspsim/fault.c -- which rule strikes; fault_json.c reads and writes them. */
#include "loadtest/pspsim/fault.h"

static bool ending_fits(const struct sim_match *m, int64_t amount)
{
    int64_t power = 1;

    for (int64_t i = 0; i < m->digits; i++)
        power *= 10;
    return m->digits == 0 || (amount >= 0 && amount % power == m->ending);
}

static bool flag_fits(int8_t want, bool is)
{
    return want < 0 || (want != 0) == is;
}

static bool match_fits(const struct sim_match *m, const struct sim_seen *s)
{
    return (m->ops == 0 || (m->ops & 1u << s->op) != 0) &&
           (m->amount < 0 || m->amount == s->amount) && ending_fits(m, s->amount) &&
           (m->copy == 0 || m->copy == s->copy) && flag_fits(m->reused, s->reused) &&
           flag_fits(m->http2, s->http2) &&
           (m->reference[0] == 0 ||
            (s->reference.p != NULL && span_starts(s->reference, m->reference)));
}

static bool rule_strikes(struct sim_fault *f, struct rng *dice)
{
    f->fitted++;
    if (f->fitted <= (uint64_t)f->skip || f->count == 0)
        return false;
    /* The dice are rolled only for rules that need them: a rule of certainty must not change what
     * the next one draws. */
    if (f->rate < 1. && rng_unit(dice) >= f->rate)
        return false;
    if (f->count > 0)
        f->count--;
    f->struck++;
    return true;
}

struct sim_fault *sim_fault_strikes(struct sim_faults *f, enum sim_phase first, enum sim_phase last,
                                    const struct sim_seen *seen, struct rng *dice)
{
    for (unsigned i = 0; i < f->rules; i++) {
        struct sim_fault *rule = &f->rule[i];

        if (rule->kind != SIM_F_REFUSE && rule->when >= first && rule->when <= last &&
            match_fits(&rule->match, seen) && rule_strikes(rule, dice))
            return rule;
    }
    return NULL;
}

bool sim_fault_has(const struct sim_faults *f, enum sim_fault_kind kind)
{
    for (unsigned i = 0; i < f->rules; i++) {
        if (f->rule[i].kind == kind)
            return true;
    }
    return false;
}
