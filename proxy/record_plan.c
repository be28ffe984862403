/* proxy/record_plan.c -- verdict and plan of a decision record. */
#include <string.h>

#include "proxy/record_reader.h"

bool px_r_find_provider(struct px_reader *r, const char *member, unsigned *out)
{
    if (json_tok(&r->j) != JSON_STRING)
        return px_r_odd(r, member);
    for (unsigned i = 0; i < r->d->providers; i++) {
        if (json_is(&r->j, r->d->provider[i].name)) {
            *out = i;
            return true;
        }
    }
    return px_r_bad(r, E_RANGE, member, "a provider that is not in the record");
}

static bool take_order(struct px_reader *r)
{
    struct rt_verdict *v = &r->d->verdict;
    uint32_t named = 0;
    unsigned p;
    int64_t rule;

    if (!px_r_open_array(r, "order"))
        return false;
    while (px_r_next_element(r, "order")) {
        if (!px_r_room(r, v->providers, LIMIT_PROVIDERS, "order") || !px_r_open_inner(r, "order"))
            return false;
        (void)json_next(&r->j);
        if (!px_r_find_provider(r, "order", &p))
            return false;
        (void)json_next(&r->j);
        if (!px_r_take_i64(r, "order", 0, UINT16_MAX, &rule) || !px_r_close_inner(r, "order"))
            return false;
        if ((named >> p & 1) != 0)
            return px_r_bad(r, E_RANGE, "order", "one provider twice");
        named |= UINT32_C(1) << p;
        v->rule_of[v->providers] = (uint16_t)rule;
        v->provider[v->providers++] = (uint8_t)p;
    }
    return r->e == OK;
}

static bool take_names(struct px_reader *r, const char *member, unsigned n,
                       const char *(*word)(unsigned), uint64_t bits[2])
{
    unsigned v;

    if (!px_r_open_array(r, member))
        return false;
    while (px_r_next_element(r, member)) {
        if (!px_r_take_word(r, member, n, word, &v))
            return false;
        bits[v / 64] |= UINT64_C(1) << v % 64;
    }
    return r->e == OK;
}

static bool take_retry_member(struct px_reader *r)
{
    struct rt_verdict *v = &r->d->verdict;
    uint64_t bits[2] = { 0, 0 };
    unsigned p;

    if (json_is(&r->j, "on")) {
        if (!take_names(r, "on", PX_R_CATEGORIES, px_r_category, bits))
            return false;
        v->retry_on = (uint16_t)bits[0];
        return true;
    }
    if (json_is(&r->j, "never_on")) {
        if (!take_names(r, "never_on", PX_R_CATEGORIES, px_r_category, bits))
            return false;
        v->retry_never = (uint16_t)bits[0];
        return true;
    }
    if (json_is(&r->j, "on_code"))
        return take_names(r, "on_code", RT_CODES_, px_r_code, v->retry_on_code);
    if (json_is(&r->j, "never_on_code"))
        return take_names(r, "never_on_code", RT_CODES_, px_r_code, v->retry_never_code);
    if (!json_is(&r->j, "to"))
        return px_r_skip(r);
    (void)json_next(&r->j);
    if (!px_r_find_provider(r, "retry", &p))
        return false;
    v->retry_to = (uint8_t)(p + 1);
    return true;
}

static bool take_retry(struct px_reader *r)
{
    r->d->verdict.retry_said = true;
    (void)json_next(&r->j);
    if (!px_r_is_object(r, "retry"))
        return false;
    while (px_r_next_member(r, "retry")) {
        if (!take_retry_member(r))
            return false;
    }
    return r->e == OK;
}

bool px_r_take_verdict(struct px_reader *r)
{
    struct rt_verdict *v = &r->d->verdict;
    uint32_t seen = 0;
    bool taken;

    px_r_set_unknown(px_r_verdict, v);
    (void)json_next(&r->j);
    if (!px_r_is_object(r, "verdict"))
        return false;
    while (px_r_next_member(r, "verdict")) {
        if (!px_r_take_from(r, px_r_verdict, v, &seen, &taken))
            return false;
        if (!taken && !(json_is(&r->j, "order")   ? take_order(r)
                        : json_is(&r->j, "retry") ? take_retry(r)
                                                  : px_r_skip(r)))
            return false;
    }
    if (r->e != OK || !px_r_all_seen(r, px_r_verdict, seen))
        return false;
    if (v->rule == NULL || v->file == NULL)
        return px_r_bad(r, E_RANGE, "rule", "missing");
    if (v->scored_from + v->scored > v->providers)
        return px_r_odd(r, "scored");
    return v->decline || v->decline_why == NULL || px_r_odd(r, "decline_why");
}

static bool take_legs(struct px_reader *r, const char *member, struct rt_leg *leg, unsigned most,
                      uint8_t *n, uint32_t *named)
{
    unsigned p, reason;

    if (!px_r_open_array(r, member))
        return false;
    while (px_r_next_element(r, member)) {
        if (!px_r_room(r, *n, most, member) || !px_r_open_inner(r, member))
            return false;
        (void)json_next(&r->j);
        if (!px_r_find_provider(r, member, &p))
            return false;
        (void)json_next(&r->j);
        if (!px_r_take_word(r, member, RT_REASONS_, px_r_reason, &reason) ||
            !px_r_close_inner(r, member))
            return false;
        if ((*named >> p & 1) != 0)
            return px_r_bad(r, E_RANGE, "plan", "one provider twice");
        *named |= UINT32_C(1) << p;
        leg[*n].provider = (uint8_t)p;
        leg[*n].reason = (enum rt_reason)reason;
        ++*n;
    }
    return r->e == OK;
}

static bool take_plan_member(struct px_reader *r, uint32_t *named)
{
    struct rt_plan *plan = &r->d->plan;

    if (json_is(&r->j, "legs"))
        return take_legs(r, "legs", plan->leg, LIMIT_LEGS, &plan->legs, named);
    if (json_is(&r->j, "out"))
        return take_legs(r, "out", plan->out, LIMIT_PROVIDERS, &plan->outs, named);
    if (!json_is(&r->j, "seed"))
        return px_r_skip(r);
    (void)json_next(&r->j);
    return px_r_take_hex(r, "seed", &plan->seed);
}

bool px_r_take_plan(struct px_reader *r)
{
    uint32_t named = 0;

    r->d->plan.seed = r->d->seed;
    (void)json_next(&r->j);
    if (!px_r_is_object(r, "plan"))
        return false;
    while (px_r_next_member(r, "plan")) {
        if (!take_plan_member(r, &named))
            return false;
    }
    return r->e == OK;
}
