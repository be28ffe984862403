/* proxy/cmd_policy_diff_records.c */
#include "proxy/cmd_policy_diff_records.h"

#include <stdlib.h>
#include <string.h>

#include "proxy/clock.h"
#include "proxy/cmd_records.h"
#include "proxy/record_again.h"
#include "routing/base/check.h"

enum { FILES = 64 };

struct sides {
    struct px_policies *policies[2];
    struct px_again again[2];
};

static const char *first_of(const struct px_decided *d, const struct px_again *a)
{
    if (a->plan.legs > 0)
        return d->provider[a->plan.leg[0].provider].name;
    return a->verdict.decline ? "declined" : "no route";
}

static bool same_way(const struct px_again *a, const struct px_again *b)
{
    const struct rt_plan *p = &a->plan, *q = &b->plan;

    for (unsigned i = 0; i < p->legs && p->legs == q->legs; i++) {
        if (p->leg[i].provider != q->leg[i].provider)
            return false;
    }
    return p->legs == q->legs && a->verdict.decline == b->verdict.decline;
}

static void take(char *out, size_t cap, const char *text)
{
    (void)snprintf(out, cap, "%s", text);
}

static bool is_class(const struct px_traffic_class *a, const struct px_traffic_class *b)
{
    for (unsigned i = 0; i < 2; i++) {
        if (strcmp(a->rule[i], b->rule[i]) != 0 || strcmp(a->first[i], b->first[i]) != 0)
            return false;
    }
    return true;
}

static void count(struct px_traffic *t, const struct px_decided *d, const struct sides *s)
{
    struct px_traffic_class c = { .decisions = 1 };

    t->changed++;
    take(c.payment, sizeof c.payment, d->payment[0] != '\0' ? d->payment : d->request);
    for (unsigned i = 0; i < 2; i++) {
        take(c.rule[i], sizeof c.rule[i], s->again[i].verdict.rule);
        take(c.first[i], sizeof c.first[i], first_of(d, &s->again[i]));
    }
    for (unsigned i = 0; i < t->classes; i++) {
        if (is_class(&t->cls[i], &c)) {
            t->cls[i].decisions++;
            return;
        }
    }
    t->more = t->more || t->classes == PX_TRAFFIC_CLASSES;
    if (t->classes < PX_TRAFFIC_CLASSES)
        t->cls[t->classes++] = c;
}

static void add(struct px_traffic *t, const struct px_decided *d, struct sides *s)
{
    const struct px_policy *policy;
    const char *why;

    for (unsigned i = 0; i < 2; i++) {
        if (!px_policies_get(s->policies[i], d, &policy, &why)) {
            t->left++;
            return;
        }
        px_again(d, policy, NULL, &s->again[i]);
        if (s->again[i].missed) {
            t->left++;
            return;
        }
    }
    t->decisions++;
    if (!same_way(&s->again[0], &s->again[1]))
        count(t, d, s);
}

static int by_size(const void *a, const void *b)
{
    const struct px_traffic_class *x = a, *y = b;

    return (x->decisions < y->decisions) - (x->decisions > y->decisions);
}

int px_traffic_read(const struct px_cli *c, const char *const policy[2], struct px_traffic *out)
{
    const char *path[FILES], *since = px_cli_value(c, "since");
    const struct px_decided *d;
    struct px_records r;
    struct sides *s;
    unsigned n = 0;
    int code;

    for (const char *f; n < FILES && (f = px_cli_nth(c, "records", n)) != NULL;)
        path[n++] = f;
    code = px_records_open(c, path, n, &r);
    if (code != PX_YES)
        return code;
    if (since != NULL && !px_records_since(since, px_unix_ms() / 1000, &r.since_s)) {
        px_records_close(&r);
        return px_cli_usage(c, "--since takes 7d, 36h, 2026-11-20 or 2026-11-20T10:00:00Z");
    }
    s = calloc(1, sizeof *s);
    CHECK(s != NULL);
    for (unsigned i = 0; i < 2; i++)
        s->policies[i] = px_policies_create(policy[i], NULL);
    while ((d = px_records_next(&r)) != NULL) {
        add(out, d, s);
        px_records_progress(&r, false);
    }
    px_records_progress(&r, true);
    qsort(out->cls, out->classes, sizeof out->cls[0], by_size);
    for (unsigned i = 0; i < 2; i++)
        px_policies_destroy(s->policies[i]);
    free(s);
    out->left += r.unreadable;
    px_records_close(&r);
    return PX_YES;
}

static double share(const struct px_traffic *t, uint64_t n)
{
    return t->decisions == 0 ? 0 : 100.0 * (double)n / (double)t->decisions;
}

void px_traffic_print(const struct px_traffic *t)
{
    for (unsigned i = 0; i < t->classes; i++) {
        const struct px_traffic_class *c = &t->cls[i];

        printf("recorded %6.2f%%  %s (\"%s\") -> %s (\"%s\"), such as %s\n", share(t, c->decisions),
               c->first[0], c->rule[0], c->first[1], c->rule[1], c->payment);
    }
    printf("%llu of %llu recorded payments change (%.2f%%)", (unsigned long long)t->changed,
           (unsigned long long)t->decisions, share(t, t->changed));
    if (t->left > 0)
        printf("; %llu could not be decided by both", (unsigned long long)t->left);
    printf("\n");
}

void px_traffic_write(const struct px_traffic *t, struct json_out *o)
{
    json_name(o, "recorded");
    json_open(o, '{');
    json_member_i64(o, "decisions", (int64_t)t->decisions);
    json_member_i64(o, "changed", (int64_t)t->changed);
    json_member_i64(o, "left_out", (int64_t)t->left);
    json_member_bool(o, "more", t->more);
    json_name(o, "classes");
    json_open(o, '[');
    for (unsigned i = 0; i < t->classes; i++) {
        const struct px_traffic_class *c = &t->cls[i];

        json_open(o, '{');
        json_member_z(o, "from_rule", c->rule[0]);
        json_member_z(o, "from", c->first[0]);
        json_member_z(o, "to_rule", c->rule[1]);
        json_member_z(o, "to", c->first[1]);
        json_member_i64(o, "decisions", (int64_t)c->decisions);
        json_member_z(o, "payment", c->payment);
        json_close(o, '}');
    }
    json_close(o, '[');
    json_close(o, '{');
}
