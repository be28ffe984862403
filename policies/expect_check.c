/* policies/expect_check.c -- expects make sense before anybody runs them. */
#include "policies/bind.h"
#include "policies/value.h"

static void check_names(struct pol_bench *b, const struct pol_expect *e)
{
    for (const struct pol_item *i = b->p->item; i != NULL && i->expect != e; i = i->next) {
        if (i->expect != NULL && span_eq(i->expect->name.text, e->name.text)) {
            pol_say(b->report, POL_E_DUPLICATE, e->name.at,
                    "there is an expect \"%.*s\" already (line %u)",
                    SPAN_ARG(span_take(e->name.text, 80)), i->expect->name.at.line);
            return;
        }
    }
}

static void check_like(struct pol_bench *b, const struct pol_expect *e)
{
    struct pol_near near = pol_near_init(e->like.text);
    struct pol_finding *f;

    if (e->like.text.p == NULL || pol_like_find(b->p, e) != NULL ||
        pol_is_broken(b, POL_I_EXPECT, e->like.text))
        return;
    for (const struct pol_item *i = b->p->item; i != NULL && i->expect != e; i = i->next) {
        if (i->expect != NULL)
            pol_near_offer(&near, i->expect->name.text);
    }
    f = pol_say(b->report, POL_E_REFERENCE, e->like.at, "there is no such expect above");
    if (pol_near_found(&near))
        pol_say_help(f, "did you mean \"%.*s\"?", SPAN_ARG(near.best));
}

static void check_rule_name(struct pol_bench *b, const struct pol_expect *e)
{
    struct pol_near near = pol_near_init(e->rule.text);
    struct pol_finding *f;

    if (e->rule.text.p == NULL || pol_is_broken(b, POL_I_RULE, e->rule.text))
        return;
    for (unsigned i = 0; i < b->p->rules; i++) {
        const struct pol_rule *r = b->p->rule[i].ast;

        if (span_eq(r->name.text, e->rule.text))
            return;
        pol_near_offer(&near, r->name.text);
    }
    f = pol_say(b->report, POL_E_REFERENCE, e->rule.at, "there is no such rule");
    if (pol_near_found(&near))
        pol_say_help(f, "did you mean \"%.*s\"?", SPAN_ARG(near.best));
}

static void check_shares(struct pol_bench *b, const struct pol_expect *e)
{
    int64_t sum = 0, ppm, n;

    for (const struct pol_share *s = e->shares; s != NULL; s = s->next) {
        struct pol_value v = { .kind = POL_V_PERCENT,
                               .text = s->percent.text,
                               .at = s->percent.at };

        (void)pol_find_provider(b, s->provider);
        if (!pol_take_ppm(b, "routes to", &v, &ppm))
            return;
        sum += ppm;
    }
    if (e->shares != NULL && sum > 1000000)
        pol_say(b->report, POL_E_SHARES, e->routes_at, "these shares are more than 100%% together");
    if (e->over.text.p != NULL && (pol_decimal(e->over.text, 0, &n) != OK || n < 1 || n > 1000000))
        pol_say(b->report, POL_E_TYPE, e->over.at, "over 1 to 1_000_000 payments");
    if (e->within.text.p != NULL && pol_pp(e->within.text, &ppm) != OK)
        pol_say(b->report, POL_E_TYPE, e->within.at, "too fine: write for example 1.5pp");
    if (e->over.text.p != NULL && e->shares == NULL)
        pol_say(b->report, POL_E_TYPE, e->over.at,
                "one payment goes one way; `over` needs shares: `routes to 70%% adyen, …`");
}

static void check_retries(struct pol_bench *b, const struct pol_expect *e)
{
    enum rt_category category;
    enum rt_code code;

    for (const struct pol_retries *r = e->retries; r != NULL; r = r->next) {
        if (!pol_retry_word(r->on.text, &category, &code))
            pol_say_help(pol_say(b->report, POL_E_TYPE, r->on.at, "nothing ends as `%.*s`",
                                 SPAN_ARG(r->on.text)),
                         "write soft_decline, hard_decline, … or a code such as rate_limited");
        if (!r->never)
            (void)pol_find_provider(b, r->to);
    }
}

static void check_expect(struct pol_bench *b, const struct pol_expect *e)
{
    struct pol_bound *x = ARENA_NEW(b->arena, struct pol_bound);

    if (x == NULL) {
        b->no_memory = true;
        return;
    }
    check_names(b, e);
    check_like(b, e);
    check_rule_name(b, e);
    pol_bound_init(x, b->p);
    for (const struct pol_bind *i = e->bind; i != NULL; i = i->next)
        (void)pol_bind(b, x, i);
    x->facts.amount.cur = CURRENCY_NONE; /* `like` may bring another amount */
    for (const struct pol_fact *i = e->fact; i != NULL; i = i->next)
        (void)pol_bind_fact(b, x, i);
    for (const struct pol_words *w = e->route; w != NULL; w = w->next)
        (void)pol_find_provider(b, w->word);
    check_shares(b, e);
    check_retries(b, e);
    if (e->routes_at.line == 0 && !e->declines && e->retries == NULL)
        pol_say_help(pol_say(b->report, POL_E_EXPECT, e->name.at, "this expects nothing"),
                     "add `routes to PROVIDER`, `declines`, or `never retries on hard_decline`");
}

void pol_check_expects(struct pol_bench *b)
{
    for (const struct pol_item *i = b->p->item; i != NULL && !b->no_memory; i = i->next) {
        if (i->kind == POL_I_EXPECT)
            check_expect(b, i->expect);
    }
}
