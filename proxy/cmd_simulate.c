/* proxy/cmd_simulate.c -- policy simulate: past payments, decided again. */
#include "proxy/cmd_simulate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "policies/attr.h"
#include "proxy/clock.h"
#include "proxy/cmd_records.h"
#include "proxy/record_again.h"
#include "proxy/simulate.h"
#include "routing/base/check.h"
#include "routing/base/json.h"

enum { JSON_ROOM = 1 << 20, FILES = 64 };

struct simulation {
    struct px_records records;
    struct px_policies *policies;
    const struct px_policy *policy; /* the last one; NULL: none was needed */
    struct px_again again;
    struct px_sim sum;
    const char *new;  /* NULL: each record by its own policy ... */
    uint64_t unalike; /* ... so many of them not bit for bit as recorded ... */
    char how[300];    /* ... the first of them so */
};

static double per_cent(uint64_t part, uint64_t of)
{
    return of == 0 ? 0 : 100.0 * (double)part / (double)of;
}

/* 95 %: 1.96 standard deviations of a sum of independent yes or no. */
static double within(double variance)
{
    return 1.96 * sqrt(variance);
}

static double units(double micro, currency cur)
{
    return micro / 1e6 / pow(10, currency_exponent(cur, MONEY_ISO));
}

/* ---- text ---- */

static void print_matrix(const struct px_sim *s)
{
    for (unsigned from = 0; from < s->places; from++) {
        for (unsigned to = 0; to < s->places; to++) {
            if (s->moved[from][to] == 0)
                continue;
            printf("  %-16s -> %-16s %10llu  %6.2f%%%s\n", s->place[from], s->place[to],
                   (unsigned long long)s->moved[from][to], per_cent(s->moved[from][to], s->decided),
                   from == to ? "" : "  *");
        }
    }
}

static void print_costs(const struct px_sim *s)
{
    for (unsigned i = 0; i < s->costs; i++) {
        const struct px_sim_cost *c = &s->cost[i];
        const char *code = c->cur == CURRENCY_NONE ? "(none)" : currency_code(c->cur);

        if (c->payments > 0)
            printf("cost      %s %.2f -> %.2f (%+.2f) for %llu payments that move\n", code,
                   units(c->before, c->cur), units(c->after, c->cur),
                   units(c->after - c->before, c->cur), (unsigned long long)c->payments);
        if (c->unknown > 0)
            printf("cost      %s unknown for %llu payments that move\n", code,
                   (unsigned long long)c->unknown);
    }
}

static void print_approval(const struct px_sim_approval *a)
{
    if (a->payments > 0)
        printf(
            "approval  of the %llu that move: %.1f%% +- %.1f -> %.1f%% +- %.1f\n"
            "          both are estimates of the time of the decision (95%% of outcomes, if they "
            "were right);\n          nobody knows what a provider would have said that was not "
            "asked\n",
            (unsigned long long)a->payments, 100 * a->before / (double)a->payments,
            100 * within(a->before_var) / (double)a->payments, 100 * a->after / (double)a->payments,
            100 * within(a->after_var) / (double)a->payments);
    if (a->unknown > 0)
        printf("approval  not estimated for %llu that move\n", (unsigned long long)a->unknown);
}

static void print_rules(const struct simulation *m)
{
    const struct px_sim *s = &m->sum;

    if (m->policy == NULL || m->new == NULL)
        return;
    for (unsigned r = 0; r < s->rules; r++) {
        struct pol_rule_info info = pol_program_rule(m->policy->program, r);

        printf("rule      %-40s %10llu  %s:%u%s\n", info.name, (unsigned long long)s->hit[r],
               info.file, info.line,
               info.off         ? "  off"
               : s->hit[r] == 0 ? "  never hit"
                                : "");
    }
}

/* A test on what is unknown does not hold: a rule may look unneeded for that reason alone. */
static void print_unknown(const struct simulation *m)
{
    const struct pol_program *p = m->new == NULL || m->policy == NULL ? NULL : m->policy->program;

    for (unsigned w = POL_OVER_NOW + 1; p != NULL && w < POL_OVERS_; w++) {
        if ((pol_program_overs(p) >> w & 1) != 0 && (m->sum.overs >> w & 1) == 0)
            printf("unknown   no record holds numbers over %s, which the policy asks for\n",
                   pol_over_name((enum pol_over)w));
    }
    for (unsigned i = 0; p != NULL && i < pol_program_commits(p); i++) {
        if (m->sum.uncommitted[i] > 0)
            printf("unknown   commitment %s in %llu records\n", pol_program_commit(p, i).name,
                   (unsigned long long)m->sum.uncommitted[i]);
    }
}

static void print_left(const struct simulation *m)
{
    const struct px_sim *s = &m->sum;
    const struct px_records *r = &m->records;

    for (unsigned i = 0; i < s->whys; i++)
        printf("left out  %10llu  %s\n", (unsigned long long)s->why[i].records, s->why[i].text);
    if (r->unreadable > 0)
        printf("left out  %10llu  no records: %s\n", (unsigned long long)r->unreadable, r->why);
}

static void print_faith(const struct simulation *m)
{
    if (m->new != NULL)
        return;
    if (m->unalike == 0)
        printf("decided again by the policies they name: all %llu the same, bit for bit\n",
               (unsigned long long)m->sum.decided);
    else
        printf("decided again by the policies they name: %llu NOT the same, the first of them in "
               "%s\n",
               (unsigned long long)m->unalike, m->how);
}

static void print_text(const struct simulation *m)
{
    const struct px_sim *s = &m->sum;

    print_faith(m);
    print_matrix(s);
    printf("%llu of %llu decisions (%.2f%%) go elsewhere first; %llu more have others behind\n",
           (unsigned long long)s->changed, (unsigned long long)s->decided,
           per_cent(s->changed, s->decided), (unsigned long long)s->order_changed);
    printf("declined  %llu -> %llu   no route  %llu -> %llu\n",
           (unsigned long long)s->declined_before, (unsigned long long)s->declined_after,
           (unsigned long long)s->no_route_before, (unsigned long long)s->no_route_after);
    print_costs(s);
    print_approval(&s->approval);
    print_rules(m);
    print_unknown(m);
    print_left(m);
}

/* ---- JSON ---- */

static void put_number(struct json_out *o, const char *name, double v)
{
    char text[48];
    struct buf b = BUF_OF(text);

    buf_fmt(&b, "%.6f", v);
    json_name(o, name);
    json_put_raw(o, buf_span(&b));
}

static void write_matrix(struct json_out *o, const struct px_sim *s)
{
    json_name(o, "moves");
    json_open(o, '[');
    for (unsigned from = 0; from < s->places; from++) {
        for (unsigned to = 0; to < s->places; to++) {
            if (s->moved[from][to] == 0)
                continue;
            json_open(o, '{');
            json_member_z(o, "from", s->place[from]);
            json_member_z(o, "to", s->place[to]);
            json_member_i64(o, "decisions", (int64_t)s->moved[from][to]);
            json_close(o, '}');
        }
    }
    json_close(o, '[');
}

static void write_costs(struct json_out *o, const struct px_sim *s)
{
    json_name(o, "cost");
    json_open(o, '[');
    for (unsigned i = 0; i < s->costs; i++) {
        const struct px_sim_cost *c = &s->cost[i];

        if (c->cur == CURRENCY_NONE)
            continue;
        json_open(o, '{');
        json_member_z(o, "currency", currency_code(c->cur));
        json_member_i64(o, "payments", (int64_t)c->payments);
        json_member_i64(o, "unknown", (int64_t)c->unknown);
        put_number(o, "before", units(c->before, c->cur));
        put_number(o, "after", units(c->after, c->cur));
        json_close(o, '}');
    }
    json_close(o, '[');
}

static void write_approval(struct json_out *o, const struct px_sim_approval *a)
{
    double n = a->payments == 0 ? 1 : (double)a->payments;

    json_name(o, "approval_estimate");
    json_open(o, '{');
    json_member_i64(o, "payments", (int64_t)a->payments);
    json_member_i64(o, "unknown", (int64_t)a->unknown);
    put_number(o, "before", a->before / n);
    put_number(o, "before_within", within(a->before_var) / n);
    put_number(o, "after", a->after / n);
    put_number(o, "after_within", within(a->after_var) / n);
    json_close(o, '}');
}

static void write_rules(struct json_out *o, const struct simulation *m)
{
    json_name(o, "rules");
    json_open(o, '[');
    for (unsigned r = 0; m->policy != NULL && m->new != NULL &&r < m->sum.rules; r++) {
        struct pol_rule_info info = pol_program_rule(m->policy->program, r);

        json_open(o, '{');
        json_member_z(o, "rule", info.name);
        json_member_z(o, "file", info.file);
        json_member_i64(o, "line", info.line);
        json_member_bool(o, "off", info.off);
        json_member_i64(o, "hits", (int64_t)m->sum.hit[r]);
        json_close(o, '}');
    }
    json_close(o, '[');
}

static void write_unknown(struct json_out *o, const struct simulation *m)
{
    const struct pol_program *p = m->new == NULL || m->policy == NULL ? NULL : m->policy->program;

    json_name(o, "unknown");
    json_open(o, '{');
    json_name(o, "over");
    json_open(o, '[');
    for (unsigned w = POL_OVER_NOW + 1; p != NULL && w < POL_OVERS_; w++) {
        if ((pol_program_overs(p) >> w & 1) != 0 && (m->sum.overs >> w & 1) == 0)
            json_put_z(o, pol_over_name((enum pol_over)w));
    }
    json_close(o, '[');
    json_name(o, "commitments");
    json_open(o, '[');
    for (unsigned i = 0; p != NULL && i < pol_program_commits(p); i++) {
        if (m->sum.uncommitted[i] > 0)
            json_put_z(o, pol_program_commit(p, i).name);
    }
    json_close(o, '[');
    json_close(o, '{');
}

static void write_left(struct json_out *o, const struct simulation *m)
{
    json_name(o, "left_out");
    json_open(o, '[');
    for (unsigned i = 0; i < m->sum.whys; i++) {
        json_open(o, '{');
        json_member_z(o, "why", m->sum.why[i].text);
        json_member_i64(o, "records", (int64_t)m->sum.why[i].records);
        json_close(o, '}');
    }
    json_close(o, '[');
}

static int print_json(const struct px_cli *c, const struct simulation *m)
{
    const struct px_sim *s = &m->sum;
    char *room = malloc(JSON_ROOM);
    struct buf b = buf_over(room, JSON_ROOM);
    struct json_out o = json_to(&b);
    bool good;

    CHECK(room != NULL);
    json_open(&o, '{');
    json_member_i64(&o, "schema", 1);
    json_member_bool(&o, "same", s->changed + s->order_changed + m->unalike == 0);
    json_member_i64(&o, "unalike", (int64_t)m->unalike);
    json_member_i64(&o, "decisions", (int64_t)s->decided);
    json_member_i64(&o, "changed", (int64_t)s->changed);
    json_member_i64(&o, "order_changed", (int64_t)s->order_changed);
    json_member_i64(&o, "declined_before", (int64_t)s->declined_before);
    json_member_i64(&o, "declined_after", (int64_t)s->declined_after);
    json_member_i64(&o, "no_route_before", (int64_t)s->no_route_before);
    json_member_i64(&o, "no_route_after", (int64_t)s->no_route_after);
    json_member_i64(&o, "unreadable", (int64_t)m->records.unreadable);
    write_matrix(&o, s);
    write_costs(&o, s);
    write_approval(&o, &s->approval);
    write_rules(&o, m);
    write_unknown(&o, m);
    write_left(&o, m);
    json_close(&o, '}');
    good = buf_ok(&b);
    if (good)
        printf("%.*s\n", SPAN_ARG(buf_span(&b)));
    free(room);
    return good ? PX_YES : px_cli_fail(c, PX_USAGE, "the answer is too long");
}

/* ---- the command ---- */

static void missed(struct simulation *m, const struct px_decided_place *at)
{
    char text[200];

    (void)snprintf(text, sizeof text,
                   "%.80s:%u:%u asks for what records do not hold: card digits beyond the sixth, "
                   "or a text",
                   at->file, at->line, at->col);
    px_sim_leave(&m->sum, text);
}

static void compare(struct simulation *m, const struct px_decided *d)
{
    char text[200];
    struct buf what = BUF_OF(text);

    if (px_again_same(d, &m->again, &what))
        return;
    if (m->unalike++ == 0)
        (void)snprintf(m->how, sizeof m->how, "%s (%.40s, line %llu)", buf_z(&what), d->payment,
                       (unsigned long long)m->records.line);
}

static void add(struct simulation *m, const struct px_decided *d)
{
    const struct px_policy *policy;
    const char *why;

    if (!px_policies_get(m->policies, d, &policy, &why)) {
        px_sim_leave(&m->sum, why);
        return;
    }
    px_again(d, policy, NULL, &m->again);
    if (m->again.missed) {
        missed(m, &m->again.missing);
        return;
    }
    if (m->new == NULL)
        compare(m, d);
    m->policy = policy;
    px_sim_add(&m->sum, d, &m->again, policy == NULL || m->new == NULL ? NULL : policy->program);
}

/* Everything is read before anything is told; a new policy that does not compile is told at once.
 */
static int simulate(const struct px_cli *c, struct simulation *m)
{
    const struct px_decided *d = px_records_next(&m->records);

    if (d != NULL && m->new != NULL &&px_policies_check(m->policies, c, d) != PX_YES)
        return px_cli_fail(c, PX_USAGE, "%s can not decide these payments", m->new);
    for (; d != NULL; d = px_records_next(&m->records)) {
        add(m, d);
        px_records_progress(&m->records, false);
    }
    px_records_progress(&m->records, true);
    if (px_records_failed(&m->records))
        return px_cli_fail(c, PX_USAGE, "a file can not be read to its end");
    if (m->sum.decided == 0 && m->records.read == m->records.unreadable)
        return px_cli_fail(c, PX_USAGE, "no decision records%s%s",
                           m->records.why[0] == '\0' ? "" : "; ", m->records.why);
    if (!c->json)
        print_text(m);
    else if (print_json(c, m) != PX_YES)
        return PX_USAGE;
    return m->sum.changed + m->sum.order_changed + m->unalike == 0 ? PX_YES : PX_NO;
}

static int open_records(const struct px_cli *c, struct simulation *m, const char **path)
{
    const char *since = px_cli_value(c, "since");
    unsigned n = 0;
    int code;

    for (const char *f; n < FILES && (f = px_cli_nth(c, "records", n)) != NULL;)
        path[n++] = f;
    for (unsigned i = 0; i < c->operands && n < FILES; i++)
        path[n++] = c->operand[i];
    if (n == 0)
        return px_cli_usage(c, "which decisions? --records FILE");
    code = px_records_open(c, path, n, &m->records);
    if (code == PX_YES && since != NULL &&
        !px_records_since(since, px_unix_ms() / 1000, &m->records.since_s))
        return px_cli_usage(c, "--since takes 7d, 36h, 2026-11-20 or 2026-11-20T10:00:00Z");
    return code;
}

static int run(const struct px_cli *c)
{
    struct simulation *m = calloc(1, sizeof *m);
    const char *path[FILES], *dir = px_cli_value(c, "state");
    char folder[4096] = ".";
    int code;

    CHECK(m != NULL);
    px_sim_init(&m->sum);
    m->new = px_cli_value(c, "policy");
    code = open_records(c, m, path);
    if (code == PX_YES) {
        px_folder_of(path[0], folder);
        m->policies = px_policies_create(m->new, dir == NULL ? folder : dir);
        code = simulate(c, m);
    }
    px_policies_destroy(m->policies);
    px_records_close(&m->records);
    px_sim_fini(&m->sum);
    free(m);
    return code;
}

const struct px_command px_cmd_policy_simulate = {
    .name = "policy simulate",
    .operands = "[FILE...]",
    .operands_max = FILES,
    .summary = "what a policy would have done with recorded payments",
    .help =
        "Decides the records of decision logs again by the policy NEW (without --policy: each by\n"
        "the policy it was decided by) and shows who would have been asked first instead of whom,\n"
        "what that changes in cost, an estimate of what it changes in approval, how often each\n"
        "rule would have been needed, and which records could not be decided again, and why.\n"
        "Exit: 0 the same, 1 different, 2 not comparable.",
    .option =
        (const struct px_option[]){ { "policy", 0, "NEW", "the policy to decide by" },
                                    { "records", 'r', "FILE", "decisions.jsonl; may be repeated" },
                                    { "since", 0, "TIME", "only records since: 7d, 2026-11-20" },
                                    { "state", 0, "DIR", "the gateway's state folder" },
                                    { .name = NULL } },
    .json = true,
    .run = run,
};
