/* proxy/record_write.c -- a decision record as one line of JSON. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "proxy/record_fields.h"
#include "routing/base/json.h"

static void put_hex(struct json_out *o, uint64_t v)
{
    char text[18];
    struct buf b = BUF_OF(text);

    for (int shift = 60; shift >= 0; shift -= 4)
        buf_byte(&b, "0123456789abcdef"[v >> shift & 15]);
    json_put_str(o, buf_span(&b));
}

static void put_member(struct json_out *o, const struct px_rfield *f, const void *base)
{
    const char *at = (const char *)base + f->at, *text;
    char two[3];
    struct span s;
    uint64_t hex;
    int64_t v;

    switch (f->kind) {
    case PX_R_NUMBER:
        v = px_r_get(f, base);
        if (f->required || v != f->unknown)
            json_member_i64(o, f->name, v);
        return;
    case PX_R_WORD:
        v = px_r_get(f, base);
        if (f->required || v != f->unknown)
            json_member_z(o, f->name, f->word((unsigned)v));
        return;
    case PX_R_HEX:
        memcpy(&hex, at, sizeof hex);
        if (!f->required && hex == 0)
            return;
        json_name(o, f->name);
        put_hex(o, hex);
        return;
    case PX_R_FLAG:
        if (px_r_get(f, base) != 0)
            json_member_bool(o, f->name, true);
        return;
    case PX_R_COUNTRY:
        v = px_r_get(f, base);
        if (v != RT_COUNTRY_UNKNOWN)
            json_member_z(o, f->name, rt_country_code((rt_country)v, two));
        return;
    case PX_R_CURRENCY:
        v = px_r_get(f, base);
        if (v != CURRENCY_NONE)
            json_member_z(o, f->name, currency_code((currency)v));
        return;
    case PX_R_CHARS:
        if (at[0] != '\0')
            json_member_z(o, f->name, at);
        return;
    case PX_R_SPAN:
        memcpy(&s, at, sizeof s);
        if (s.n > 0)
            json_member_str(o, f->name, s);
        return;
    case PX_R_TEXT:
        memcpy(&text, at, sizeof text);
        if (text != NULL)
            json_member_z(o, f->name, text);
        return;
    }
}

static void put_members(struct json_out *o, struct px_rtable t, const void *base)
{
    for (unsigned i = 0; i < t.n; i++)
        put_member(o, &t.field[i], base);
}

static void open_as(struct json_out *o, const char *name, char bracket)
{
    json_name(o, name);
    json_open(o, bracket);
}

/* ---- facts ---- */

static void put_said(struct json_out *o, const struct px_decided *d)
{
    const struct pol_said *s = &d->said;

    if (s->bin_digits > 0) {
        char text[8];
        struct buf b = BUF_OF(text);

        buf_pad(&b, d->bin6, POL_SAID_DIGITS);
        json_member_str(o, "bin", buf_span(&b));
    }
    if (s->metadata_n > 0) {
        open_as(o, "metadata", '[');
        for (unsigned i = 0; i < s->metadata_n; i++) {
            json_open(o, '[');
            put_hex(o, s->metadata[i].name);
            put_hex(o, s->metadata[i].value);
            json_close(o, '[');
        }
        json_close(o, '[');
    }
}

static void put_or_null(struct json_out *o, int64_t v, int64_t unknown)
{
    if (v == unknown)
        json_put_null(o);
    else
        json_put_i64(o, v);
}

static void put_policy_facts(struct json_out *o, const struct px_decided *d)
{
    if (d->zones > 0) {
        open_as(o, "zones", '[');
        for (unsigned i = 0; i < d->zones; i++)
            put_or_null(o, d->zone_offset_s[i], POL_NO_ZONE);
        json_close(o, '[');
    }
    if (d->volumes == 0)
        return;
    open_as(o, "volumes", '[');
    for (unsigned i = 0; i < d->volumes; i++) {
        json_open(o, '[');
        json_put_z(o, d->volume_of[i]);
        put_or_null(o, d->volume[i].minor, -1);
        put_or_null(o, d->volume[i].payments, -1);
        json_close(o, '[');
    }
    json_close(o, '[');
}

static void put_facts(struct json_out *o, const struct px_decided *d)
{
    open_as(o, "facts", '{');
    put_members(o, px_r_facts, d);
    put_said(o, d);
    put_policy_facts(o, d);
    json_close(o, '{');
}

static void put_answers(struct json_out *o, const struct px_decided *d)
{
    if (d->said.answers > 0) {
        open_as(o, "answers", '[');
        for (unsigned i = 0; i < d->said.answers; i++) {
            const struct px_decided_place *at = &d->answer_at[i];

            json_open(o, '[');
            json_put_i64(o, d->said.answer[i].test);
            json_put_z(o, at->file);
            json_put_i64(o, at->line);
            json_put_i64(o, at->col);
            json_put_z(o, px_r_is(d->said.answer[i].is));
            put_hex(o, d->said.answer[i].meaning);
            json_close(o, '[');
        }
        json_close(o, '[');
    }
    if (d->said.more)
        json_member_bool(o, "answers_cut", true);
}

/* ---- providers ---- */

static void put_windows32(struct json_out *o, const char *name, const int32_t *v)
{
    bool open = false;

    for (unsigned w = 0; w < POL_OVERS_; w++) {
        if (v[w] < 0)
            continue;
        if (!open)
            open_as(o, name, '{');
        open = true;
        json_member_i64(o, px_r_over(w), v[w]);
    }
    if (open)
        json_close(o, '{');
}

static void put_windows64(struct json_out *o, const char *name, const int64_t *v)
{
    bool open = false;

    for (unsigned w = 0; w < POL_OVERS_; w++) {
        if (v[w] < 0)
            continue;
        if (!open)
            open_as(o, name, '{');
        open = true;
        json_member_i64(o, px_r_over(w), v[w]);
    }
    if (open)
        json_close(o, '{');
}

static void put_providers(struct json_out *o, const struct px_decided *d)
{
    open_as(o, "providers", '[');
    for (unsigned i = 0; i < d->providers; i++) {
        const struct px_decided_provider *p = &d->provider[i];

        json_open(o, '{');
        put_members(o, px_r_provider, p);
        open_as(o, "cost", '{');
        put_members(o, px_r_cost, &p->cost);
        json_close(o, '{');
        put_members(o, px_r_sight, &p->sight);
        put_windows32(o, "approval_ppm", p->sight.approval_ppm);
        put_windows32(o, "latency_ms", p->sight.latency_ms);
        put_windows64(o, "volume_minor", p->sight.volume_minor);
        open_as(o, "view", '{');
        put_members(o, px_r_view, &p->view);
        json_close(o, '{');
        json_close(o, '{');
    }
    json_close(o, '[');
}

/* ---- what came of it ---- */

static void put_names(struct json_out *o, const char *name, uint64_t bits, unsigned n,
                      const char *(*word)(unsigned))
{
    if (bits == 0)
        return;
    open_as(o, name, '[');
    for (unsigned i = 0; i < n; i++) {
        if ((bits >> i & 1) != 0)
            json_put_z(o, word(i));
    }
    json_close(o, '[');
}

static void put_codes(struct json_out *o, const char *name, const uint64_t bits[2])
{
    if (bits[0] == 0 && bits[1] == 0)
        return;
    open_as(o, name, '[');
    for (unsigned i = 0; i < RT_CODES_; i++) {
        if ((bits[i / 64] >> i % 64 & 1) != 0)
            json_put_z(o, px_r_code(i));
    }
    json_close(o, '[');
}

static void put_retry(struct json_out *o, const struct px_decided *d)
{
    const struct rt_verdict *v = &d->verdict;

    if (!v->retry_said)
        return;
    open_as(o, "retry", '{');
    if (v->retry_to > 0)
        json_member_z(o, "to", d->provider[v->retry_to - 1].name);
    put_names(o, "on", v->retry_on, PX_R_CATEGORIES, px_r_category);
    put_names(o, "never_on", v->retry_never, PX_R_CATEGORIES, px_r_category);
    put_codes(o, "on_code", v->retry_on_code);
    put_codes(o, "never_on_code", v->retry_never_code);
    json_close(o, '{');
}

static void put_verdict(struct json_out *o, const struct px_decided *d)
{
    const struct rt_verdict *v = &d->verdict;

    open_as(o, "verdict", '{');
    put_members(o, px_r_verdict, v);
    open_as(o, "order", '[');
    for (unsigned i = 0; i < v->providers; i++) {
        json_open(o, '[');
        json_put_z(o, d->provider[v->provider[i]].name);
        json_put_i64(o, v->rule_of[i]);
        json_close(o, '[');
    }
    json_close(o, '[');
    put_retry(o, d);
    json_close(o, '{');
}

static void put_legs(struct json_out *o, const struct px_decided *d, const char *name,
                     const struct rt_leg *leg, unsigned n)
{
    open_as(o, name, '[');
    for (unsigned i = 0; i < n; i++) {
        json_open(o, '[');
        json_put_z(o, d->provider[leg[i].provider].name);
        json_put_z(o, px_r_reason(leg[i].reason));
        json_close(o, '[');
    }
    json_close(o, '[');
}

static void put_plan(struct json_out *o, const struct px_decided *d)
{
    open_as(o, "plan", '{');
    if (d->plan.seed != d->seed) {
        json_name(o, "seed");
        put_hex(o, d->plan.seed);
    }
    put_legs(o, d, "legs", d->plan.leg, d->plan.legs);
    put_legs(o, d, "out", d->plan.out, d->plan.outs);
    json_close(o, '{');
}

/* For people and their tools; readers go by now_s. */
static void put_time(struct json_out *o, int64_t now_s)
{
    time_t when = (time_t)now_s;
    char text[32];
    struct tm t;

    if (gmtime_r(&when, &t) != NULL && strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &t) > 0)
        json_member_z(o, "at", text);
}

bool px_decided_write(const struct px_decided *d, struct buf *out)
{
    struct json_out o = json_to(out);

    json_open(&o, '{');
    json_member_z(&o, "schema", PX_DECIDED_SCHEMA);
    put_time(&o, d->now_s);
    put_members(&o, px_r_top, d);
    put_facts(&o, d);
    put_answers(&o, d);
    put_providers(&o, d);
    put_verdict(&o, d);
    put_plan(&o, d);
    json_close(&o, '{');
    return buf_ok(out);
}
