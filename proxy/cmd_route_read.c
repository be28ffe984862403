/* proxy/cmd_route_read.c */
#include "proxy/cmd_route_read.h"

#include <stdlib.h>
#include <string.h>

#include "routing/base/json.h"

static double number(const struct json *j)
{
    char text[40];

    return span_copyz(json_raw(j), text, sizeof text) == OK ? strtod(text, NULL) : 0;
}

static void text(const struct json *j, char *out, size_t cap)
{
    if (span_copyz(json_raw(j), out, cap) != OK)
        out[0] = '\0';
}

static int psp_find(const struct px_route_init *e, struct span id)
{
    for (unsigned i = 0; i < e->psps; i++) {
        if (span_is(id, e->psp[i].id))
            return (int)i;
    }
    return -1;
}

static void read_fee(struct json *j, struct px_route_fee *f)
{
    while (json_next(j) == JSON_NAME) {
        struct span name = json_raw(j);

        (void)json_next(j);
        if (span_is(name, "region"))
            text(j, f->region, sizeof f->region);
        else if (span_is(name, "funding"))
            text(j, f->funding, sizeof f->funding);
        else if (span_is(name, "pct"))
            f->pct = number(j);
        else if (span_is(name, "fixed"))
            f->fixed = number(j);
        else if (span_is(name, "min"))
            f->least = number(j);
        else
            (void)json_skip(j);
    }
}

static void read_fees(struct json *j, struct px_route_psp *p)
{
    while (json_next(j) == JSON_OBJECT) {
        struct px_route_fee f = { 0 };

        read_fee(j, &f);
        if (p->fees < PX_ROUTE_FEES)
            p->fee[p->fees++] = f;
    }
}

static void read_psps(struct json *j, struct px_route_init *e)
{
    while (json_next(j) == JSON_OBJECT) {
        struct px_route_psp p = { 0 };

        while (json_next(j) == JSON_NAME) {
            struct span name = json_raw(j);

            (void)json_next(j);
            if (span_is(name, "id"))
                text(j, p.id, sizeof p.id);
            else if (span_is(name, "declined_fee"))
                p.fee_declined = number(j);
            else if (span_is(name, "fees"))
                read_fees(j, &p);
            else
                (void)json_skip(j);
        }
        if (e->psps < LIMIT_PROVIDERS)
            e->psp[e->psps++] = p;
    }
}

static void read_commitments(struct json *j, struct px_route_init *e)
{
    while (json_next(j) == JSON_NAME) {
        int p = psp_find(e, json_raw(j));

        (void)json_next(j);
        while (json_next(j) == JSON_NAME) {
            struct span name = json_raw(j);

            (void)json_next(j);
            if (p >= 0 && span_is(name, "min_share"))
                e->psp[p].share = number(j);
            else if (p >= 0 && span_is(name, "penalty_per_missing_payment"))
                e->psp[p].penalty = number(j);
        }
    }
}

double px_route_number(struct span line, const char *outer, const char *name, double otherwise)
{
    struct json j;

    return json_find(line, &j, outer, name, NULL) && json_tok(&j) == JSON_NUMBER ? number(&j)
                                                                                 : otherwise;
}

bool px_route_read_init(struct span line, struct px_route_init *e)
{
    struct json j;

    *e = (struct px_route_init){ 0 };
    if (!json_find(line, &j, "init", "providers", NULL) || json_tok(&j) != JSON_ARRAY)
        return false;
    read_psps(&j, e);
    if (json_find(line, &j, "init", "commitments", NULL) && json_tok(&j) == JSON_OBJECT)
        read_commitments(&j, e);
    e->margin = px_route_number(line, "init", "margin", 0.15);
    e->latency_cost_per_s = px_route_number(line, "init", "latency_cost_per_s", 0.005);
    e->timeout_s = px_route_number(line, "init", "timeout_ms", 10000) / 1e3;
    e->async = json_find(line, &j, "init", "async_results", NULL) && json_tok(&j) == JSON_TRUE;
    e->nodes = (unsigned)px_route_number(line, "init", "nodes", 1);
    e->seed = (uint64_t)px_route_number(line, "init", "seed", 1);
    return e->psps > 0 && e->nodes > 0;
}

/* ---- one payment ---- */

static void read_eligible(struct json *j, const struct px_route_init *e, struct px_route_asked *a)
{
    while (json_next(j) == JSON_STRING) {
        int p = psp_find(e, json_raw(j));

        if (p >= 0)
            a->eligible |= UINT32_C(1) << p;
    }
}

static void read_tried(struct json *j, const struct px_route_init *e, struct px_route_asked *a)
{
    while (json_next(j) == JSON_OBJECT) {
        int p = -1;

        a->hard = false; /* the last one counts */
        while (json_next(j) == JSON_NAME) {
            struct span name = json_raw(j);

            (void)json_next(j);
            if (span_is(name, "p"))
                p = psp_find(e, json_raw(j));
            else if (span_is(name, "result")) {
                a->hard = json_is(j, "hard_decline");
                if (json_is(j, "soft_decline") && p >= 0)
                    a->soft |= UINT32_C(1) << p;
            } else
                (void)json_skip(j);
        }
    }
}

static void read_asked(struct json *j, const struct px_route_init *e, struct px_route_asked *a)
{
    while (json_next(j) == JSON_NAME) {
        struct span name = json_raw(j);

        (void)json_next(j);
        if (span_is(name, "t"))
            a->now_ns = (int64_t)(number(j) * 1e9);
        else if (span_is(name, "id"))
            a->id = (int64_t)number(j);
        else if (span_is(name, "node"))
            a->node = (unsigned)number(j);
        else if (span_is(name, "attempt"))
            a->attempt = (unsigned)number(j);
        else if (span_is(name, "max_attempts"))
            a->attempts_max = (unsigned)number(j);
        else if (span_is(name, "amount"))
            a->amount = number(j);
        else if (span_is(name, "country"))
            text(j, a->country, sizeof a->country);
        else if (span_is(name, "region"))
            text(j, a->region, sizeof a->region);
        else if (span_is(name, "brand"))
            text(j, a->brand, sizeof a->brand);
        else if (span_is(name, "funding"))
            text(j, a->funding, sizeof a->funding);
        else if (span_is(name, "bin"))
            text(j, a->bin, sizeof a->bin);
        else if (span_is(name, "eligible"))
            read_eligible(j, e, a);
        else if (span_is(name, "tried"))
            read_tried(j, e, a);
        else
            (void)json_skip(j);
    }
}

bool px_route_read_asked(struct span line, const struct px_route_init *e,
                         struct px_route_asked *out)
{
    struct json j;

    *out = (struct px_route_asked){ .attempt = 1, .attempts_max = 1 };
    if (!json_find(line, &j, "decide", NULL))
        return false;
    read_asked(&j, e, out);
    return true;
}

double px_route_fee(const struct px_route_psp *p, const struct px_route_asked *a)
{
    for (unsigned i = 0; i < p->fees; i++) {
        const struct px_route_fee *f = &p->fee[i];
        double fee = f->pct * a->amount + f->fixed;

        if (strcmp(f->region, a->region) == 0 && strcmp(f->funding, a->funding) == 0)
            return fee > f->least ? fee : f->least;
    }
    return 0;
}

/* ---- what became of it ---- */

static enum hl_result result_of(const struct json *j)
{
    static const struct {
        const char *word;
        enum hl_result result;
    } table[] = {
        { "approved", HL_APPROVED }, { "soft_decline", HL_SOFT }, { "hard_decline", HL_HARD },
        { "error", HL_FAILED },      { "timeout", HL_TIMEOUT },   { "pending", HL_PENDING },
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (json_is(j, table[i].word))
            return table[i].result;
    }
    return HL_FAILED;
}

bool px_route_read_outcome(struct span line, const struct px_route_init *e,
                           struct px_route_outcome *o)
{
    struct json j;
    int p = -1;

    *o = (struct px_route_outcome){ .attempt = 1 };
    if (!json_find(line, &j, "outcome", NULL))
        return false;
    while (json_next(&j) == JSON_NAME) {
        struct span name = json_raw(&j);

        (void)json_next(&j);
        if (span_is(name, "t"))
            o->now_ns = (int64_t)(number(&j) * 1e9);
        else if (span_is(name, "id"))
            o->id = (int64_t)number(&j);
        else if (span_is(name, "node"))
            o->node = (unsigned)number(&j);
        else if (span_is(name, "attempt"))
            o->attempt = (unsigned)number(&j);
        else if (span_is(name, "p"))
            p = psp_find(e, json_raw(&j));
        else if (span_is(name, "result"))
            o->result = result_of(&j);
        else if (span_is(name, "latency_ms"))
            o->latency_s = number(&j) / 1e3;
        else
            (void)json_skip(&j);
    }
    o->psp = p < 0 ? 0 : (unsigned)p;
    return p >= 0;
}
