/* policies/retry.c -- `retry` blocks: words to masks, and what no policy may ask for. */
#include "policies/inside.h"
#include "policies/value.h"

static const struct {
    const char *word;
    enum rt_category category;
} categories[] = {
    { "soft_decline", RT_SOFT },     { "hard_decline", RT_HARD },
    { "fraud_suspected", RT_FRAUD }, { "sca_required", RT_SCA_REQUIRED },
    { "technical", RT_TECHNICAL },   { "configuration", RT_CONFIG },
};

enum { CATEGORIES = sizeof categories / sizeof categories[0] };

bool pol_retry_word(struct span word, enum rt_category *category, enum rt_code *code)
{
    *category = RT_CATEGORY_NONE;
    *code = RT_CODE_NONE;
    for (size_t i = 0; i < CATEGORIES; i++) {
        if (span_is(word, categories[i].word)) {
            *category = categories[i].category;
            return true;
        }
    }
    *code = rt_code_find(word);
    return *code != RT_CODE_NONE;
}

static void say_unknown(struct pol_bench *b, struct pol_word w)
{
    struct pol_near near = pol_near_init(w.text);
    struct pol_finding *f;

    for (size_t i = 0; i < CATEGORIES; i++)
        pol_near_offer(&near, span_str(categories[i].word));
    for (unsigned c = RT_CODE_NONE + 1; c < RT_CODES_; c++)
        pol_near_offer(&near, span_str(rt_code_name((enum rt_code)c)));
    f = pol_say(b->report, POL_E_TYPE, w.at, "nothing ends as `%.*s`", SPAN_ARG(w.text));
    if (pol_near_found(&near))
        pol_say_help(f, "did you mean `%.*s`?", SPAN_ARG(near.best));
    else
        pol_say_help(f, "write soft_decline, hard_decline, fraud_suspected, sca_required, "
                        "technical, configuration, or a code such as rate_limited");
}

/* The money may have moved: what such an answer ends is not known. */
static bool is_unknown_outcome(struct span word)
{
    static const char *const words[] = { "unknown_outcome",
                                         "unknown",
                                         "in_doubt",
                                         "timeout",
                                         "provider_error",
                                         "issuer_timeout",
                                         "idempotency_in_progress" };

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (span_is(word, words[i]))
            return true;
    }
    return false;
}

static bool allowed(struct pol_bench *b, struct pol_word w, enum rt_category c, enum rt_code code)
{
    enum rt_category of = code == RT_CODE_NONE ? c : rt_code_category(code);

    if (of == RT_HARD || of == RT_FRAUD) {
        pol_say_help(pol_say(b->report, POL_E_RETRY, w.at,
                             "`%.*s` is never tried elsewhere: the card schemes forbid it and "
                             "charge for it",
                             SPAN_ARG(w.text)),
                     "remove it, or say so: `never on %.*s`", SPAN_ARG(w.text));
        return false;
    }
    if (of == RT_SCA_REQUIRED) {
        pol_say_help(pol_say(b->report, POL_E_RETRY, w.at,
                             "after `%.*s` the payer must act; another provider would ask for the "
                             "same",
                             SPAN_ARG(w.text)),
                     "remove it, or say so: `never on %.*s`", SPAN_ARG(w.text));
        return false;
    }
    return true;
}

static void take(struct pol_bench *b, struct pol_word w, bool on, struct pol_retry_code *r)
{
    enum rt_category category;
    enum rt_code code;
    uint64_t *codes = on ? r->on_code : r->never_code;
    uint16_t *mask = on ? &r->on : &r->never;

    if (on && is_unknown_outcome(w.text)) {
        pol_say_help(pol_say(b->report, POL_E_RETRY, w.at,
                             "a payment whose outcome is unknown is never sent to another "
                             "provider: it might be charged twice"),
                     "remove `%.*s`; the gateway asks the same provider again by itself",
                     SPAN_ARG(w.text));
        return;
    }
    if (!pol_retry_word(w.text, &category, &code)) {
        say_unknown(b, w);
        return;
    }
    if (on && !allowed(b, w, category, code))
        return;
    if (code == RT_CODE_NONE)
        *mask |= (uint16_t)(1U << category);
    else
        codes[code / 64] |= UINT64_C(1) << code % 64;
}

static void take_most(struct pol_bench *b, const struct pol_retry *r, struct pol_retry_code *out)
{
    int64_t n;

    if (r->most.text.p == NULL)
        return;
    if (pol_decimal(r->most.text, 0, &n) != OK || n > LIMIT_LEGS - 1) {
        pol_say(b->report, POL_E_TYPE, r->most.at, "at most %d times makes sense", LIMIT_LEGS - 1);
        return;
    }
    out->most = (uint8_t)n;
    if (!span_is(r->unit.text, "time") && !span_is(r->unit.text, "times"))
        pol_say_help(pol_say(b->report, POL_E_TYPE, r->unit.at, "`%.*s` is no unit here",
                             SPAN_ARG(r->unit.text)),
                     "write `at most %d time%s`", (int)n, n == 1 ? "" : "s");
}

static void take_within(struct pol_bench *b, const struct pol_retry *r, struct pol_retry_code *out)
{
    int64_t ms;

    if (r->within.text.p == NULL)
        return;
    if (pol_duration(r->within.text, &ms) != OK || ms > 300000)
        pol_say_help(pol_say(b->report, POL_E_TYPE, r->within.at,
                             "the customer is waiting: "
                             "at most 5m"),
                     "write for example `within 8s`");
    else
        out->within_ns = ms * 1000000;
}

void pol_check_retry(struct pol_bench *b, const struct pol_retry *r)
{
    struct pol_retry_code c = { .ast = r, .most = 1, .within_ns = INT64_C(15000000000) };
    unsigned provider;

    b->rule_name = "retry";
    c.cond = r->when == NULL ? NULL : pol_cond_build(b, r->when);
    for (const struct pol_words *w = r->on; w != NULL; w = w->next)
        take(b, w->word, true, &c);
    for (const struct pol_words *w = r->never; w != NULL; w = w->next)
        take(b, w->word, false, &c);
    take_most(b, r, &c);
    take_within(b, r, &c);
    if (r->to.text.p != NULL && !span_is(r->to.text, "next")) {
        provider = pol_find_provider(b, r->to);
        c.to = (uint8_t)(provider < b->p->providers ? 1 + provider : 0);
    }
    c.code = pol_code_emit(b, c.cond);
    *(struct pol_retry_code *)pol_push(b, &b->retry, sizeof c) = c;
}
