/* proxy/cmd_explain_record.c -- route explain: a record is decided again, and told in sentences. */
#include "proxy/cmd_explain_record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "proxy/cmd_records.h"
#include "proxy/record_again.h"
#include "routing/base/check.h"
#include "routing/base/json.h"

enum { JSON_ROOM = 512 * 1024, WHAT = 300 };

struct telling {
    const struct px_decided *d;
    const struct px_policy *policy; /* NULL: the configured order */
    struct px_again again;
    struct pol_trace_rule *rule;
    unsigned rules;
    char text[WHAT];
    struct buf what; /* what differs */
    bool same;
    char shown[4][200]; /* what a record says, fit for a terminal */
    unsigned at;
};

/* ---- sentences ---- */

/* Good until four more were asked for. A record may come from anywhere: no control characters. */
static const char *show_span(struct telling *t, struct span s)
{
    char *room = t->shown[t->at++ % 4];
    size_t n = s.n < sizeof t->shown[0] ? s.n : sizeof t->shown[0] - 1;

    for (size_t i = 0; i < n; i++)
        room[i] = (unsigned char)s.p[i] < ' ' || s.p[i] == 0x7F ? '?' : s.p[i];
    room[n] = '\0';
    return room;
}

static const char *show(struct telling *t, const char *z)
{
    return show_span(t, span_str(z));
}

static void print_time(int64_t now_s)
{
    time_t when = (time_t)now_s;
    char text[32] = "";
    struct tm t;

    if (gmtime_r(&when, &t) != NULL)
        (void)strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &t);
    printf("%s", text);
}

static const char *or_unknown(const char *word, const char *otherwise)
{
    return word == NULL ? otherwise : word;
}

static void print_card(struct telling *t)
{
    const struct px_decided *d = t->d;
    char two[3];

    printf("%s, %s", rt_brand_name(d->brand),
           or_unknown(pol_funding_name(d->funding), "funding unknown"));
    if (d->said.bin_digits > 0)
        printf(", card %06u...", d->bin6);
    if (d->issuer.n > 0)
        printf(", issuer %s", show_span(t, d->issuer));
    if (d->issuer_country != RT_COUNTRY_UNKNOWN)
        printf(" (%s)", rt_country_code(d->issuer_country, two));
}

static void print_head(struct telling *t)
{
    const struct px_decided *d = t->d;
    char text[64];
    struct buf b = BUF_OF(text);

    if (d->amount.cur != CURRENCY_NONE)
        money_print(d->amount, &b);
    printf("Payment %s  %s  ", d->payment[0] == '\0' ? "(none was made)" : show(t, d->payment),
           buf_z(&b));
    print_card(t);
    printf("\n  decided ");
    print_time(d->now_s);
    printf(", request %s\n", show(t, d->request));
    if (d->verdict.revision == 0)
        printf("  without a policy: the configured order\n");
    else
        printf("  policy %016llx: rule \"%s\" (%s:%u)\n", (unsigned long long)d->verdict.revision,
               show(t, d->verdict.rule), show(t, d->verdict.file), d->verdict.line);
    if (d->verdict.decline)
        printf("  the policy turns it away: %s\n", show(t, d->verdict.decline_why));
}

static void print_share(const char *name, int64_t ppm)
{
    if (ppm >= 0)
        printf("  %s %lld.%02lld%%", name, (long long)(ppm / 10000),
               (long long)(ppm % 10000 / 100));
}

static void print_numbers(const struct telling *t, const struct px_decided_provider *p)
{
    char text[64];
    struct buf b = BUF_OF(text);

    if (p->cost.why != RT_COST_KNOWN) {
        printf("  cost unknown (%s)", rt_cost_why_sentence(p->cost.why));
    } else {
        money_print((struct money){ rt_cost_minor(&p->cost), t->d->amount.cur }, &b);
        printf("  costs %s", buf_z(&b));
        print_share("or", p->sight.cost_ppm);
    }
    print_share("approval", p->sight.approval_ppm[POL_OVER_NOW] >= 0
                                ? p->sight.approval_ppm[POL_OVER_NOW]
                                : p->view.approval_ppm);
    print_share("available", p->view.available_ppm);
    if (p->view.latency_ms >= 0)
        printf("  %d ms", p->view.latency_ms);
    if (p->view.value_micro != RT_UNKNOWN_VALUE)
        printf("  value %.2f", (double)p->view.value_micro / 1e6);
    if (p->view.breaker == RT_BREAKER_OPEN || p->view.breaker == RT_BREAKER_HALF_OPEN)
        printf("  breaker %s", rt_breaker_name(p->view.breaker));
    if (p->view.admin != RT_ADMIN_AUTO)
        printf("  %s by an operator", rt_admin_name(p->view.admin));
    if (p->view.limit_permille < RT_PERMILLE)
        printf("  limited to %.1f%%", p->view.limit_permille / 10.0);
}

static void print_leg(struct telling *t, const struct rt_leg *leg, unsigned place)
{
    const struct px_decided_provider *p = &t->d->provider[leg->provider];
    char number[12] = "out";

    if (place > 0)
        (void)snprintf(number, sizeof number, "%u.", place);
    printf("    %-4s %-14s %s\n                       ", number, show(t, p->name),
           rt_reason_sentence(leg->reason));
    print_numbers(t, p);
    printf("\n");
}

static const char *match_word(enum pol_match m)
{
    switch (m) {
    case POL_NO: return "no";
    case POL_UNKNOWN: return "unknown";
    case POL_YES: return "yes";
    case POL_OFF: return "off";
    case POL_NOT_ASKED: return "not asked";
    }
    return "unknown";
}

static void print_rules(const struct telling *t)
{
    if (t->rules > 0)
        printf("  rules\n");
    for (unsigned i = 0; i < t->rules; i++) {
        struct pol_rule_info info = pol_program_rule(t->policy->program, i);

        printf("    %-9s  %s", match_word(t->rule[i].match),
               i + 1 == t->rules ? "default" : info.name);
        if (t->rule[i].line > 0 && t->rule[i].match != POL_YES)
            printf("  (%s:%u:%u)", t->rule[i].file, t->rule[i].line, t->rule[i].col);
        printf("\n");
    }
}

/* What the record holds answers to, since it may not hold what was asked about. */
static void print_answers(struct telling *t)
{
    const struct pol_said *s = &t->d->said;

    if (s->bin_digits > POL_SAID_DIGITS)
        printf("  the record holds %d of the %u card digits that were looked at\n", POL_SAID_DIGITS,
               s->bin_digits);
    for (unsigned i = 0; i < s->answers; i++) {
        const struct px_decided_place *at = &t->d->answer_at[i];

        printf("    %s:%u:%u was answered: %s\n", show(t, at->file), at->line, at->col,
               s->answer[i].is == POL_IS_YES  ? "yes"
               : s->answer[i].is == POL_IS_NO ? "no"
                                              : "unknown");
    }
    if (s->more)
        printf("    and more answers than a record holds\n");
}

static void print_end(const struct telling *t)
{
    if (t->again.missed)
        printf("Cannot be decided again: %s:%u:%u asks for what no record holds (card digits "
               "beyond the sixth, or a text).\n",
               t->again.missing.file, t->again.missing.line, t->again.missing.col);
    else if (t->same)
        printf("Decided again from this record: the same, bit for bit.\n");
    else
        printf("Decided again from this record: NOT the same. Different: %s.\n", t->text);
}

static void print_text(struct telling *t)
{
    print_head(t);
    for (unsigned i = 0; i < t->d->plan.legs; i++)
        print_leg(t, &t->d->plan.leg[i], i + 1);
    for (unsigned i = 0; i < t->d->plan.outs; i++)
        print_leg(t, &t->d->plan.out[i], 0);
    print_rules(t);
    print_answers(t);
    if (!t->same && !t->again.missed) {
        printf("  decided again: rule \"%s\" (%s:%u)\n", t->again.verdict.rule,
               t->again.verdict.file, t->again.verdict.line);
        for (unsigned i = 0; i < t->again.plan.legs; i++)
            print_leg(t, &t->again.plan.leg[i], i + 1);
    }
    print_end(t);
}

/* ---- JSON ---- */

static void write_legs(struct json_out *o, const struct telling *t, const char *name,
                       const struct rt_leg *leg, unsigned n)
{
    json_name(o, name);
    json_open(o, '[');
    for (unsigned i = 0; i < n; i++) {
        json_open(o, '{');
        json_member_z(o, "provider", t->d->provider[leg[i].provider].name);
        json_member_z(o, "reason", rt_reason_name(leg[i].reason));
        json_member_z(o, "sentence", rt_reason_sentence(leg[i].reason));
        json_close(o, '}');
    }
    json_close(o, '[');
}

static void write_rules(struct json_out *o, const struct telling *t)
{
    json_name(o, "rules");
    json_open(o, '[');
    for (unsigned i = 0; i < t->rules; i++) {
        json_open(o, '{');
        json_member_z(o, "rule", pol_program_rule(t->policy->program, i).name);
        json_member_z(o, "match", match_word(t->rule[i].match));
        json_close(o, '}');
    }
    json_close(o, '[');
}

static void write_again(struct json_out *o, const struct telling *t)
{
    json_name(o, "again");
    json_open(o, '{');
    json_member_bool(o, "possible", !t->again.missed);
    json_member_bool(o, "same", t->same);
    json_member_z(o, "different", t->same || t->again.missed ? NULL : t->text);
    if (!t->again.missed) {
        json_member_z(o, "rule", t->again.verdict.rule);
        write_legs(o, t, "plan", t->again.plan.leg, t->again.plan.legs);
        write_legs(o, t, "left_out", t->again.plan.out, t->again.plan.outs);
    }
    json_close(o, '}');
}

static void print_json(const struct telling *t)
{
    char *record = malloc(PX_DECIDED_LINE), *room = malloc(JSON_ROOM);
    struct buf line = buf_over(record, PX_DECIDED_LINE), b = buf_over(room, JSON_ROOM);
    struct json_out o = json_to(&b);

    CHECK(record != NULL && room != NULL);
    CHECK(px_decided_write(t->d, &line)); /* it was read from a line no longer than that */
    json_open(&o, '{');
    json_member_i64(&o, "schema", 1);
    write_again(&o, t);
    write_legs(&o, t, "plan", t->d->plan.leg, t->d->plan.legs);
    write_legs(&o, t, "left_out", t->d->plan.out, t->d->plan.outs);
    write_rules(&o, t);
    json_name(&o, "record");
    json_put_raw(&o, buf_span(&line));
    json_close(&o, '}');
    if (buf_ok(&b))
        printf("%.*s\n", SPAN_ARG(buf_span(&b)));
    free(record);
    free(room);
}

/* ---- the command ---- */

static int tell(const struct px_cli *c, const struct px_decided *d, const struct px_policy *policy)
{
    struct telling *t = calloc(1, sizeof *t);
    struct pol_trace trace = { .rule = NULL };
    int code;

    CHECK(t != NULL);
    t->d = d;
    t->policy = policy;
    t->what = BUF_OF(t->text);
    if (policy != NULL) {
        t->rules = pol_program_rules(policy->program);
        trace.rule = t->rule = calloc(t->rules, sizeof *t->rule);
        CHECK(t->rule != NULL);
    }
    px_again(d, policy, trace.rule == NULL ? NULL : &trace, &t->again);
    t->same = !t->again.missed && px_again_same(d, &t->again, &t->what);
    (void)buf_z(&t->what);
    if (c->json)
        print_json(t);
    else
        print_text(t);
    code = t->same ? PX_YES : PX_NO;
    free(t->rule);
    free(t);
    return code;
}

/* The record that is meant; NULL: there is none. */
static const struct px_decided *pick(struct px_records *r, const char *payment, uint64_t line)
{
    const struct px_decided *d;

    while ((d = px_records_next(r)) != NULL) {
        px_records_progress(r, false);
        if (payment != NULL ? strcmp(d->payment, payment) == 0 || strcmp(d->request, payment) == 0
                            : line == 0 || r->line == line)
            break;
    }
    px_records_progress(r, true);
    return d;
}

static int explain(const struct px_cli *c, struct px_records *r, const char *payment, uint64_t line)
{
    char folder[4096];
    const struct px_decided *d = pick(r, payment, line);
    const char *dir = px_cli_value(c, "state"), *why;
    const struct px_policy *policy;
    struct px_policies *p;
    int code;

    if (d == NULL)
        return px_cli_fail(c, PX_NO, "no such record%s%s", r->why[0] == '\0' ? "" : "; ", r->why);
    px_folder_of(r->path[0], folder);
    p = px_policies_create(px_cli_value(c, "policy"), dir == NULL ? folder : dir);
    if (px_policies_get(p, d, &policy, &why))
        code = tell(c, d, policy);
    else
        code = px_cli_fail(c, PX_NO, "%s", why);
    px_policies_destroy(p);
    return code;
}

static int run(const struct px_cli *c)
{
    const char *payment = px_cli_value(c, "payment"), *number = px_cli_value(c, "line");
    struct px_records r;
    uint64_t line = 0;
    int code;

    if (number != NULL && (span_u64(span_str(number), &line) != OK || line == 0))
        return px_cli_usage(c, "--line takes a number: --line 12");
    if (number != NULL && payment != NULL)
        return px_cli_usage(c, "either --line or --payment");
    code = px_records_open(c, c->operand, 1, &r);
    if (code == PX_YES)
        code = explain(c, &r, payment, line);
    px_records_close(&r);
    return code;
}

const struct px_command px_cmd_route_explain = {
    .name = "route explain",
    .operands = "RECORDS",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "why a recorded payment went where it went",
    .help =
        "Decides one record of a decision log again, offline, and tells how: candidates, costs,\n"
        "reasons, rules. RECORDS is a file (decisions.jsonl) or - ; the first record unless\n"
        "--line or --payment says which. The policy is the one the record names, from the\n"
        "folder policies/ beside the file (or of --state), or FILE. Exit: 0 the same bit for\n"
        "bit, 1 different, not to be decided again, or no such record.",
    .option = (const struct px_option[]){ { "line", 'n', "N", "the record on this line" },
                                          { "payment", 'p', "ID", "of this payment, or request" },
                                          { "policy", 0, "FILE", "decide by this policy" },
                                          { "state", 0, "DIR", "the gateway's state folder" },
                                          { .name = NULL } },
    .json = true,
    .run = run,
};
