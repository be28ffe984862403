/* proxy/cmd_try.c */
#include "proxy/cmd_try.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/clock.h"
#include "proxy/cmd_config.h"
#include "proxy/decide.h"
#include "proxy/enrich.h"
#include "proxy/report.h"
#include "proxy/snapshot.h"
#include "routing/base/json.h"

enum { JSON_ROOM = 256 * 1024, AMOUNT_DIGITS = 15 };

struct trial {
    const struct px_snapshot *snapshot;
    struct rt_payment pay;
    struct px_known known;
    struct px_choice choice;
    struct pol_trace_rule *rule; /* how each rule took it */
    unsigned rules;
};

/* ---- the payment in question ---- */

/* "EUR 20" or "EUR 20.50". */
static bool take_amount(struct span text, struct money *out)
{
    struct span part, whole, rest = text;
    int64_t minor = 0;
    unsigned left;

    if (!span_cut(&rest, ' ', &part))
        return false;
    out->cur = currency_find(part);
    rest = span_trim(rest);
    if (out->cur == CURRENCY_NONE || rest.n == 0 || !span_cut(&rest, '.', &whole))
        return false;
    left = currency_exponent(out->cur, MONEY_ISO);
    if (whole.n == 0 || whole.n > AMOUNT_DIGITS || rest.n > left || span_i64(whole, &minor) != OK ||
        minor < 0)
        return false;
    for (size_t i = 0; i < left; i++) {
        char digit = i < rest.n ? rest.p[i] : '0';

        if (digit < '0' || digit > '9')
            return false;
        minor = minor * 10 + (digit - '0');
    }
    out->minor = minor;
    return minor > 0;
}

static bool take_bin(struct span bin, struct rt_payment *pay)
{
    uint64_t v;

    if ((bin.n != 6 && bin.n != 8) || span_u64(bin, &v) != OK)
        return false;
    if (bin.n == 8)
        pay->bin8 = (uint32_t)v;
    pay->bin6 = (uint32_t)(bin.n == 8 ? v / 100 : v);
    return true;
}

static struct span option(const struct px_cli *c, const char *name, const char *otherwise)
{
    const char *value = px_cli_value(c, name);

    return span_str(value == NULL ? otherwise : value);
}

static bool is_address(const char *text)
{
    unsigned char address[16];

    return inet_pton(AF_INET, text, address) == 1 || inet_pton(AF_INET6, text, address) == 1;
}

/* PX_YES, or the exit code of what is wrong with the words. */
static int take_words(const struct px_cli *c, struct rt_payment *pay)
{
    struct span country = option(c, "country", NULL), brand = option(c, "brand", NULL);

    *pay = (struct rt_payment){ .op = RT_AUTHORIZE, .method = RT_CARD };
    if (!take_amount(option(c, "amount", ""), &pay->amount))
        return px_cli_usage(c, "--amount takes a currency and how much: --amount 'EUR 20.00'");
    if (px_cli_has(c, "bin") && !take_bin(option(c, "bin", NULL), pay))
        return px_cli_usage(c, "--bin takes the first 6 or 8 digits of a card");
    if (country.n > 0 && rt_country_of(country) == RT_COUNTRY_UNKNOWN)
        return px_cli_usage(c, "--country takes two capital letters: --country DE");
    if (country.n > 0)
        memcpy(pay->country, country.p, 2);
    pay->brand = rt_brand_find(brand);
    if (brand.n > 0 && pay->brand == RT_BRAND_UNKNOWN)
        return px_cli_usage(c, "--brand takes visa, mastercard, amex, ...");
    if (px_cli_has(c, "ip") && !is_address(px_cli_value(c, "ip")))
        return px_cli_usage(c, "--ip takes an IPv4 or IPv6 address");
    pay->customer = option(c, "customer", NULL);
    pay->merchant = option(c, "merchant", "");
    pay->shopper_ip = option(c, "ip", NULL);
    px_enrich(pay);
    return PX_YES;
}

/* ---- text ---- */

static void print_cost(const struct trial *t, unsigned provider)
{
    const struct rt_cost *cost = &t->choice.cost[provider];
    struct money m = { rt_cost_minor(cost), t->pay.amount.cur };
    int64_t ppm = rt_cost_ppm(cost, t->pay.amount.minor);
    char text[64];
    struct buf b = BUF_OF(text);

    if (cost->why != RT_COST_KNOWN) {
        printf("cost unknown: %s\n", rt_cost_why_sentence(cost->why));
        return;
    }
    money_print(m, &b);
    printf("costs %s (%lld.%04lld%%), price list line %u\n", buf_z(&b), (long long)(ppm / 10000),
           (long long)(ppm % 10000), cost->line);
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

static void print_rules(const struct trial *t)
{
    for (unsigned i = 0; i < t->rules; i++) {
        struct pol_rule_info info = pol_program_rule(t->snapshot->policy.program, i);

        printf("  %-9s  %s", match_word(t->rule[i].match),
               i + 1 == t->rules ? "default" : info.name);
        if (t->rule[i].line > 0 && t->rule[i].match != POL_YES)
            printf("  (%s:%u:%u)", t->rule[i].file, t->rule[i].line, t->rule[i].col);
        printf("\n");
    }
}

static void print_facts(const struct trial *t)
{
    const struct pol_facts *f = &t->choice.facts;
    char text[64], two[3];
    struct buf b = BUF_OF(text);
    const char *funding = pol_funding_name(f->funding), *grade = pol_category_name(f->category);

    money_print(t->pay.amount, &b);
    printf("payment  %s, %s", buf_z(&b), rt_brand_name(f->brand));
    printf(", %s, %s", funding == NULL ? "funding unknown" : funding,
           grade == NULL ? "category unknown" : grade);
    printf(", issuer %.*s", (int)f->issuer.n, f->issuer.n == 0 ? "" : f->issuer.p);
    printf("%s%s\n", f->issuer.n == 0 ? "unknown " : " ",
           f->issuer_country == 0 ? "" : rt_country_code(f->issuer_country, two));
}

static void print_text(const struct trial *t)
{
    const struct rt_plan *plan = &t->choice.plan;
    const struct rt_verdict *v = &t->choice.verdict;
    const struct px_config *c = t->snapshot->config;

    print_facts(t);
    printf("rule     \"%s\" (%s:%u) of policy %s %016llx\n", v->rule, v->file, v->line,
           pol_program_name(t->snapshot->policy.program), (unsigned long long)v->revision);
    if (v->decline)
        printf("         declines: %s\n", v->decline_why == NULL ? "" : v->decline_why);
    for (unsigned i = 0; i < plan->legs; i++) {
        printf("%u.       %-14s ", i + 1, c->provider[plan->leg[i].provider].name);
        print_cost(t, plan->leg[i].provider);
    }
    for (unsigned i = 0; i < plan->outs; i++) {
        printf("not      %-14s %s; ", c->provider[plan->out[i].provider].name,
               rt_reason_sentence(plan->out[i].reason));
        print_cost(t, plan->out[i].provider);
    }
    if (t->rules > 0)
        printf("rules\n");
    print_rules(t);
}

/* ---- JSON ---- */

static void write_leg(struct json_out *o, const struct trial *t, const struct rt_leg *leg)
{
    const struct rt_cost *cost = &t->choice.cost[leg->provider];

    json_open(o, '{');
    json_member_z(o, "provider", t->snapshot->config->provider[leg->provider].name);
    json_member_z(o, "reason", rt_reason_name(leg->reason));
    json_name(o, "cost");
    json_open(o, '{');
    if (cost->why == RT_COST_KNOWN) {
        json_member_i64(o, "minor", rt_cost_minor(cost));
        json_member_i64(o, "ppm", rt_cost_ppm(cost, t->pay.amount.minor));
        json_member_i64(o, "line", cost->line);
    } else {
        json_member_z(o, "unknown", rt_cost_why_sentence(cost->why));
    }
    json_close(o, '}');
    json_close(o, '}');
}

static void write_legs(struct json_out *o, const struct trial *t, const char *name,
                       const struct rt_leg *leg, unsigned n)
{
    json_name(o, name);
    json_open(o, '[');
    for (unsigned i = 0; i < n; i++)
        write_leg(o, t, &leg[i]);
    json_close(o, '[');
}

static void write_rules(struct json_out *o, const struct trial *t)
{
    json_name(o, "rules");
    json_open(o, '[');
    for (unsigned i = 0; i < t->rules; i++) {
        json_open(o, '{');
        json_member_z(o, "rule", pol_program_rule(t->snapshot->policy.program, i).name);
        json_member_z(o, "match", match_word(t->rule[i].match));
        json_close(o, '}');
    }
    json_close(o, '[');
}

static bool print_json(const struct trial *t)
{
    const struct rt_verdict *v = &t->choice.verdict;
    char *room = malloc(JSON_ROOM), hash[17];
    struct buf b = buf_over(room, room == NULL ? 0 : JSON_ROOM);
    struct json_out o = json_to(&b);
    bool ok;

    (void)snprintf(hash, sizeof hash, "%016llx", (unsigned long long)v->revision);
    json_open(&o, '{');
    json_member_i64(&o, "schema", 1);
    json_member_z(&o, "policy", hash);
    json_member_z(&o, "name", pol_program_name(t->snapshot->policy.program));
    json_member_z(&o, "rule", v->rule);
    json_member_z(&o, "file", v->file);
    json_member_i64(&o, "line", v->line);
    json_member_bool(&o, "declined", v->decline);
    write_legs(&o, t, "plan", t->choice.plan.leg, t->choice.plan.legs);
    write_legs(&o, t, "left_out", t->choice.plan.out, t->choice.plan.outs);
    write_rules(&o, t);
    json_close(&o, '}');
    ok = buf_ok(&b);
    if (ok)
        printf("%.*s\n", SPAN_ARG(buf_span(&b)));
    free(room);
    return ok;
}

/* ---- the command ---- */

static void decide(const struct px_cli *c, struct trial *t)
{
    const struct pol_program *program = t->snapshot->policy.program;
    struct rt_verdict again;
    struct pol_trace trace;

    px_look_up(t->snapshot, &t->pay, &t->known);
    px_decide(t->snapshot, &(struct px_outlook){ .pulse = NULL }, &t->pay, &t->known,
              option(c, "key", "try"), px_unix_ms() / 1000, &t->choice);
    t->rule = calloc(pol_program_rules(program), sizeof *t->rule);
    if (t->rule == NULL)
        return;
    t->rules = pol_program_rules(program);
    trace.rule = t->rule;
    pol_eval(program, &t->choice.facts, &again, &trace);
}

static int run(const struct px_cli *c)
{
    struct px_report *report = px_report_create();
    struct trial *t = calloc(1, sizeof *t);
    struct px_snapshot *snapshot = NULL;
    struct px_config *config = NULL;
    int code = t == NULL ? px_cli_fail(c, PX_NO, "no memory") : take_words(c, &t->pay);

    if (code == PX_YES)
        code = px_cmd_config_load(c, &config);
    if (code == PX_YES && px_snapshot_build(config, NULL, report, &snapshot) != OK)
        code = PX_NO;
    px_report_print(report, stderr, c->color);
    if (code == PX_YES) {
        t->snapshot = snapshot;
        decide(c, t);
        if (!c->json)
            print_text(t);
        else if (!print_json(t))
            code = px_cli_fail(c, PX_NO, "the answer is too long");
        code = code == PX_YES && t->choice.plan.legs == 0 ? PX_NO : code;
        free(t->rule);
    }
    px_report_destroy(report);
    px_snapshot_unref(snapshot);
    px_config_destroy(config);
    free(t);
    return code;
}

const struct px_command px_cmd_route_try = {
    .name = "route try",
    .summary = "who would be asked for a payment, why, and at what cost",
    .help = "Decides as the gateway would with this configuration, policy, BIN table and price\n"
            "lists, all providers healthy, and asks nobody. --key stands for the payment's\n"
            "idempotency key: splits by payment hang on it (with --merchant), others on\n"
            "--customer. Exit: 0 somebody would be asked, 1 nobody.",
    .option = (const struct px_option[]){ PX_OPTION_CONFIG,
                                          PX_OPTION_SET,
                                          { "amount", 0, "MONEY", "such as 'EUR 20.00'" },
                                          { "bin", 0, "DIGITS", "first 6 or 8 of the card" },
                                          { "brand", 0, "BRAND", "if it is not the BIN's" },
                                          { "country", 0, "CC", "of the billing address" },
                                          { "ip", 0, "ADDRESS", "the payer's" },
                                          { "customer", 0, "ID", "the merchant's word for them" },
                                          { "merchant", 0, "NAME", "of the API credential" },
                                          { "key", 0, "KEY", "the payment's (default: try)" },
                                          { .name = NULL } },
    .json = true,
    .run = run,
};
