/* proxy/cmd_policy_diff.c -- policy diff: which payments change their way. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policies/diff.h"
#include "proxy/cmd_policy.h"
#include "proxy/cmd_policy_diff_records.h"
#include "routing/base/check.h"
#include "routing/base/json.h"

enum { ROUNDS = 100000 };

static void print_text(const struct pol_diff *d)
{
    for (unsigned i = 0; i < d->classes; i++) {
        const struct pol_diff_class *c = &d->cls[i];

        printf("payment %s\n  - %s  (\"%s\")\n  + %s  (\"%s\")\n", c->payment, c->route_a,
               c->rule_a, c->route_b, c->rule_b);
    }
    if (d->classes == 0)
        printf("the same for all of %u payments tried\n", d->tried);
    else
        printf("%u%s class(es) of payments change; %u of %u payments tried\n", d->classes,
               d->more ? " and more" : "", d->differ, d->tried);
}

static void print_json(const struct pol_diff *d, const struct px_traffic *t)
{
    size_t cap = 65536 + (size_t)(d->classes + (t == NULL ? 0 : t->classes)) * 16384;
    char *room = malloc(cap);
    struct buf out = buf_over(room, cap);
    struct json_out o = json_to(&out);

    CHECK(room != NULL);
    json_open(&o, '{');
    json_member_i64(&o, "schema", 1);
    json_member_bool(&o, "same", d->classes == 0);
    json_member_i64(&o, "payments_tried", d->tried);
    json_member_i64(&o, "payments_changed", d->differ);
    json_member_bool(&o, "more", d->more);
    json_name(&o, "classes");
    json_open(&o, '[');
    for (unsigned i = 0; i < d->classes; i++) {
        json_open(&o, '{');
        json_member_z(&o, "payment", d->cls[i].payment);
        json_member_z(&o, "from_route", d->cls[i].route_a);
        json_member_z(&o, "from_rule", d->cls[i].rule_a);
        json_member_z(&o, "to_route", d->cls[i].route_b);
        json_member_z(&o, "to_rule", d->cls[i].rule_b);
        json_member_i64(&o, "payments", d->cls[i].payments);
        json_close(&o, '}');
    }
    json_close(&o, ']');
    if (t != NULL)
        px_traffic_write(t, &o);
    json_close(&o, '}');
    CHECK(buf_ok(&out));
    (void)puts(buf_z(&out));
    free(room);
}

static int tell(const struct px_cli *c, const struct pol_diff *d)
{
    struct px_traffic *t = NULL;
    int e = PX_YES;

    if (px_cli_has(c, "records")) {
        t = calloc(1, sizeof *t);
        CHECK(t != NULL);
        e = px_traffic_read(c, c->operand, t);
    }
    if (e == PX_YES && c->json)
        print_json(d, t);
    if (e == PX_YES && !c->json)
        print_text(d);
    if (e == PX_YES && !c->json && t != NULL)
        px_traffic_print(t);
    if (e == PX_YES && (d->classes > 0 || (t != NULL && t->changed > 0)))
        e = PX_NO;
    free(t);
    return e;
}

static int run(const struct px_cli *c)
{
    struct px_draft *p[2] = { NULL, NULL };
    struct pol_diff *d = calloc(1, sizeof *d);
    int e = PX_YES;

    CHECK(d != NULL);
    for (unsigned i = 0; i < 2 && e == PX_YES; i++) {
        e = px_policy_open(c, c->operand[i], &p[i]);
        if (e != PX_YES && p[i] != NULL)
            px_policy_report(PX_POLICY_TEXT, &p[i], 1, c->color);
    }
    if (e != PX_YES) {
        e = PX_USAGE; /* 1 would say that they differ */
    } else if (pol_diff(p[0]->program, p[1]->program, 1, ROUNDS, &p[0]->arena, d) != OK) {
        e = px_cli_fail(c, PX_USAGE, "the policies are too big to compare");
    } else {
        pol_report_init(&p[1]->report, &p[1]->arena); /* what `policy check` says is its affair */
        pol_renamed(p[0]->program, p[1]->program, &p[1]->report);
        px_policy_report(PX_POLICY_TEXT, &p[1], 1, c->color);
        e = tell(c, d);
    }
    free(d);
    px_draft_destroy(p[0]);
    px_draft_destroy(p[1]);
    return e;
}

const struct px_command px_cmd_policy_diff = {
    .name = "policy diff",
    .operands = "OLD NEW",
    .operands_min = 2,
    .operands_max = 2,
    .summary = "which payments two policies send different ways",
    .help =
        "Tries payments made from the constants of both policies: one for every way in which a\n"
        "rule can match, and 100,000 combinations. Each class of changed payments is shown with\n"
        "one sample. With --records: also which share of recorded payments each change concerns.\n"
        "Exit: 0 the same for all that were tried, 1 different, 2 not comparable.",
    .option =
        (const struct px_option[]){ { "records", 'r', "FILE", "decisions.jsonl; may be repeated" },
                                    { "since", 0, "TIME", "only records since: 7d, 2026-11-20" },
                                    { .name = NULL } },
    .json = true,
    .run = run,
};
