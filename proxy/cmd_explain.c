/* proxy/cmd_explain.c */
#include "proxy/cmd_explain.h"

#include <stdio.h>
#include <string.h>

#include "policies/diag.h"
#include "proxy/config.h"
#include "proxy/fault.h"
#include "proxy/near.h"
#include "routing/base/json.h"
#include "routing/outcome.h"
#include "routing/reason.h"
#include "routing/reattempt.h"

/* What there is to say about one word. */
struct meaning {
    const char *word, *kind, *title, *text; /* text may be NULL */
    enum rt_code code;                      /* RT_CODE_NONE: it is no reason of a decline */
    enum rt_category category;              /* words after `retry on`; RT_CATEGORY_NONE: none */
    enum rt_rule rule;                      /* of the card schemes; RT_RULE_NONE: none */
    enum px_fault_code fault;               /* a problem of the API; PX_FAULT_NONE: none */
};

static bool explain_problem(const char *word, struct meaning *m)
{
    for (unsigned i = PX_FAULT_NONE + 1; i < PX_FAULTS_; i++) {
        if (strcmp(px_fault_word((enum px_fault_code)i), word) != 0)
            continue;
        m->fault = (enum px_fault_code)i;
        m->kind = "problem";
        m->title = px_fault_title(m->fault);
        return true;
    }
    return false;
}

/* What a policy's `retry on` calls the ends of an attempt. */
static const struct {
    const char *word;
    enum rt_category category;
    const char *title, *text;
} categories[] = {
    { "soft_decline", RT_SOFT, "a decline that may not come again later or elsewhere",
      "A `retry` of a policy may go on to another provider." },
    { "hard_decline", RT_HARD, "a decline for good: this card will not be approved",
      "Never tried elsewhere, whatever a policy says: the card schemes forbid it." },
    { "fraud_suspected", RT_FRAUD, "a decline because somebody suspects fraud",
      "Never tried elsewhere, whatever a policy says: the card schemes forbid it." },
    { "sca_required", RT_SCA_REQUIRED, "the payer has to authenticate",
      "Another provider would ask for the same; the answer says what the payer must do." },
    { "technical", RT_TECHNICAL, "it failed for a reason that is not about the payer",
      "A `retry` of a policy may go on to another provider if this one provably did nothing." },
    { "configuration", RT_CONFIG, "it failed for a reason of the merchant account or the request",
      "A `retry` of a policy may go on to another provider; somebody should look at this one." },
    { "unknown_outcome", RT_CATEGORY_NONE, "nobody knows yet whether the money has moved",
      "Never sent to another provider, whatever a policy says: it might be charged twice. The\n"
      "gateway asks the same provider until it knows (signalbox payment unresolved)." },
};

static bool explain_category(const char *word, struct meaning *m)
{
    for (size_t i = 0; i < sizeof categories / sizeof categories[0]; i++) {
        if (strcmp(word, categories[i].word) != 0)
            continue;
        m->kind = "category";
        m->category = categories[i].category;
        m->title = categories[i].title;
        m->text = categories[i].text;
        return true;
    }
    return false;
}

static bool explain(const char *word, struct meaning *m)
{
    enum pol_code c;

    *m = (struct meaning){ .word = word };
    if (explain_category(word, m))
        return true;
    m->text = px_config_explain(word, &m->title);
    if (m->text != NULL) {
        m->kind = "configuration";
        return true;
    }
    c = pol_code_find(span_str(word));
    if (c != POL_CODES_) {
        m->kind = "policy";
        m->title = pol_code_title(c);
        m->text = pol_code_text(c);
        return true;
    }
    m->code = rt_code_find(span_str(word));
    if (m->code != RT_CODE_NONE) {
        m->kind = "outcome";
        m->title = rt_code_sentence(m->code);
        return true;
    }
    m->rule = rt_rule_find(span_str(word));
    if (m->rule != RT_RULE_NONE) {
        m->kind = "scheme_rule";
        m->title = rt_rule_sentence(m->rule);
        return true;
    }
    if (explain_problem(word, m))
        return true;
    for (unsigned i = 0; i < RT_REASONS_; i++) {
        if (strcmp(rt_reason_name((enum rt_reason)i), word) == 0) {
            m->kind = "routing";
            m->title = rt_reason_sentence((enum rt_reason)i);
            return true;
        }
    }
    return false;
}

static void print_rule(enum rt_rule rule)
{
    int hours = (int)(rt_rule_window_ms(rule) / 3600000);

    printf("\nlooks back        %d %s\n", hours > 24 ? hours / 24 : hours,
           hours > 24   ? "days"
           : hours == 1 ? "hour"
                        : "hours");
    if (rt_rule_most(rule) > 0)
        printf("by default        %u declines\n", rt_rule_most(rule));
    else if ((int)rule < RT_RULES_COUNTED_)
        printf("by default        off\n");
    printf("set by            payments.reattempts.%s\n",
           (int)rule < RT_RULES_COUNTED_ ? rt_rule_name(rule) : "stops");
}

static void print_text(const struct meaning *m)
{
    printf("%s: %s\n", m->word, m->title);
    if (m->text != NULL)
        printf("\n%s\n", m->text);
    if (m->rule != RT_RULE_NONE)
        print_rule(m->rule);
    if (m->fault != PX_FAULT_NONE)
        printf("\nHTTP status       %d\nthe money         %s\nunder a new key   %s\n",
               px_fault_status(m->fault), px_fault_outcome(m->fault),
               px_fault_retry_safe(m->fault) ? "may be tried again" : "not now");
    if (m->category != RT_CATEGORY_NONE) {
        printf("\nits codes\n");
        for (unsigned i = RT_CODE_NONE + 1; i < RT_CODES_; i++) {
            if (rt_code_category((enum rt_code)i) == m->category)
                printf("  %s\n", rt_code_name((enum rt_code)i));
        }
    }
    if (m->code == RT_CODE_NONE)
        return;
    printf("\ncategory          %s\n", rt_category_name(rt_code_category(m->code)));
    printf("another provider  %s\n",
           rt_code_retry_other(m->code) ? "may be asked, if it is safe" : "would not help");
    printf("the same, later   %s\n", rt_code_retry_later(m->code) ? "may be asked" : "no");
}

static void print_json(const struct meaning *m)
{
    char room[8192];
    struct buf out = BUF_OF(room);
    struct json_out json = json_to(&out);

    json_open(&json, '{');
    json_member_i64(&json, "schema", 1);
    json_member_z(&json, "code", m->word);
    json_member_z(&json, "kind", m->kind);
    json_member_z(&json, "title", m->title);
    json_member_z(&json, "text", m->text);
    if (m->code != RT_CODE_NONE) {
        json_member_z(&json, "category", rt_category_name(rt_code_category(m->code)));
        json_member_bool(&json, "retry_other_provider", rt_code_retry_other(m->code));
        json_member_bool(&json, "retry_later", rt_code_retry_later(m->code));
    }
    json_close(&json, '}');
    printf("%s\n", buf_z(&out));
}

static const char *nearest(const char *word)
{
    enum { CATEGORIES = sizeof categories / sizeof categories[0] };
    const char *words[RT_CODES_ + RT_REASONS_ + RT_RULES_ + PX_FAULTS_ + CATEGORIES];
    unsigned n = 0;

    for (unsigned i = 0; i < CATEGORIES; i++)
        words[n++] = categories[i].word;
    for (unsigned i = RT_CODE_NONE + 1; i < RT_CODES_; i++)
        words[n++] = rt_code_name((enum rt_code)i);
    for (unsigned i = 0; i < RT_REASONS_; i++)
        words[n++] = rt_reason_name((enum rt_reason)i);
    for (unsigned i = RT_RULE_NONE + 1; i < RT_RULES_; i++)
        words[n++] = rt_rule_name((enum rt_rule)i);
    for (unsigned i = PX_FAULT_NONE + 1; i < PX_FAULTS_; i++)
        words[n++] = px_fault_word((enum px_fault_code)i);
    return px_near(word, words, n);
}

/* "e301" for "E301". */
static const char *as_printed(const char *word, char room[5])
{
    if (strlen(word) != 4 || word[0] < 'a' || word[0] > 'z' || word[1] < '0' || word[1] > '9')
        return word;
    memcpy(room, word, 5);
    room[0] = (char)(room[0] - 'a' + 'A');
    return room;
}

static int run(const struct px_cli *c)
{
    const char *near;
    struct meaning m;
    char room[5];

    if (!explain(as_printed(c->operand[0], room), &m)) {
        near = nearest(c->operand[0]);
        if (near != NULL)
            return px_cli_fail(c, PX_NO, "knows no \"%.60s\"; did you mean \"%s\"?", c->operand[0],
                               near);
        return px_cli_fail(c, PX_NO, "knows no \"%.60s\"", c->operand[0]);
    }
    if (c->json)
        print_json(&m);
    else
        print_text(&m);
    return PX_YES;
}

const struct px_command px_cmd_explain = {
    .name = "explain",
    .operands = "CODE",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "what a code means and what to do about it",
    .help =
        "CODE is a configuration code (C110), a policy code (E101), the code of a decline or error "
        "as\n"
        "the API and the journal give it (insufficient_funds), a problem of the API\n"
        "(reattempt_not_allowed), a rule of the card schemes (visa_30_days), a word after `retry "
        "on`\n"
        "(soft_decline), or a reason of a routing decision (brand).",
    .json = true,
    .run = run,
};
