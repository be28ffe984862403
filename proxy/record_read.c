/* proxy/record_read.c -- a line of a decision log, read with suspicion: facts and providers. */
#include <string.h>

#include "proxy/record_reader.h"

/* ---- facts ---- */

static bool take_bin(struct px_reader *r)
{
    struct span s = json_raw(&r->j);
    uint64_t v;

    if (json_tok(&r->j) != JSON_STRING || s.n != POL_SAID_DIGITS || span_u64(s, &v) != OK)
        return px_r_odd(r, "bin");
    r->d->bin6 = (uint32_t)v;
    return true;
}

static bool take_metadata(struct px_reader *r)
{
    struct pol_said *s = &r->d->said;

    while (px_r_next_element(r, "metadata")) {
        unsigned n = s->metadata_n;

        if (!px_r_room(r, n, LIMIT_METADATA, "metadata") || !px_r_open_inner(r, "metadata"))
            return false;
        (void)json_next(&r->j);
        if (!px_r_take_hex(r, "metadata", &s->metadata[n].name))
            return false;
        (void)json_next(&r->j);
        if (!px_r_take_hex(r, "metadata", &s->metadata[n].value) ||
            !px_r_close_inner(r, "metadata"))
            return false;
        s->metadata_n++;
    }
    return r->e == OK;
}

static bool take_or_null(struct px_reader *r, const char *member, int64_t least, int64_t most,
                         int64_t unknown, int64_t *out)
{
    *out = unknown;
    return json_tok(&r->j) == JSON_NULL || px_r_take_i64(r, member, least, most, out);
}

static bool take_zones(struct px_reader *r)
{
    enum { DAY = 24 * 3600 };
    struct px_decided *d = r->d;
    int64_t v;

    while (px_r_next_element(r, "zones")) {
        if (!px_r_room(r, d->zones, POL_ZONES_MAX, "zones") ||
            !take_or_null(r, "zones", -DAY, DAY, POL_NO_ZONE, &v))
            return false;
        d->zone_offset_s[d->zones++] = (int32_t)v;
    }
    return r->e == OK;
}

static bool take_volumes(struct px_reader *r)
{
    struct px_decided *d = r->d;

    while (px_r_next_element(r, "volumes")) {
        struct pol_volume *v = &d->volume[d->volumes];

        if (!px_r_room(r, d->volumes, POL_COMMITS_MAX, "volumes") || !px_r_open_inner(r, "volumes"))
            return false;
        (void)json_next(&r->j);
        if (!px_r_take_text(r, "volumes", &d->volume_of[d->volumes]))
            return false;
        (void)json_next(&r->j);
        if (!take_or_null(r, "volumes", 0, INT64_MAX, -1, &v->minor))
            return false;
        (void)json_next(&r->j);
        if (!take_or_null(r, "volumes", 0, INT64_MAX, -1, &v->payments) ||
            !px_r_close_inner(r, "volumes"))
            return false;
        d->volumes++;
    }
    return r->e == OK;
}

static bool take_facts_list(struct px_reader *r)
{
    static const struct {
        const char *name;
        bool (*take)(struct px_reader *);
    } lists[] = { { "metadata", take_metadata },
                  { "zones", take_zones },
                  { "volumes", take_volumes } };

    for (unsigned i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        if (json_is(&r->j, lists[i].name))
            return px_r_open_array(r, lists[i].name) && lists[i].take(r);
    }
    if (!json_is(&r->j, "bin"))
        return px_r_skip(r);
    (void)json_next(&r->j);
    return take_bin(r);
}

static bool take_facts(struct px_reader *r)
{
    struct px_decided *d = r->d;
    uint32_t seen = 0;
    bool taken;

    d->bin6 = UINT32_MAX;
    px_r_set_unknown(px_r_facts, d);
    (void)json_next(&r->j);
    if (!px_r_is_object(r, "facts"))
        return false;
    while (px_r_next_member(r, "facts")) {
        if (!px_r_take_from(r, px_r_facts, d, &seen, &taken) || (!taken && !take_facts_list(r)))
            return false;
    }
    if (r->e != OK || !px_r_all_seen(r, px_r_facts, seen))
        return false;
    if ((d->bin6 == UINT32_MAX) != (d->said.bin_digits == 0))
        return px_r_bad(r, E_RANGE, "bin", "its digits and their number belong together");
    if (d->bin6 == UINT32_MAX)
        d->bin6 = 0;
    return d->amount.cur != CURRENCY_NONE || d->amount.minor == 0 || px_r_odd(r, "amount");
}

static bool take_answer(struct px_reader *r, unsigned i)
{
    struct pol_answer *a = &r->d->said.answer[i];
    struct px_decided_place *at = &r->d->answer_at[i];
    int64_t test, line, col;
    unsigned is;

    (void)json_next(&r->j);
    if (!px_r_take_i64(r, "answers", 0, UINT32_MAX - 1, &test))
        return false;
    (void)json_next(&r->j);
    if (!px_r_take_text(r, "answers", &at->file))
        return false;
    (void)json_next(&r->j);
    if (!px_r_take_i64(r, "answers", 0, INT32_MAX, &line))
        return false;
    (void)json_next(&r->j);
    if (!px_r_take_i64(r, "answers", 0, INT32_MAX, &col))
        return false;
    (void)json_next(&r->j);
    if (!px_r_take_word(r, "answers", POL_IS_, px_r_is, &is))
        return false;
    *a = (struct pol_answer){ .test = (uint32_t)test, .is = (enum pol_is)is };
    (void)json_next(&r->j);
    if (!px_r_take_hex(r, "answers", &a->meaning))
        return false;
    at->line = (unsigned)line;
    at->col = (unsigned)col;
    return px_r_close_inner(r, "answers");
}

static bool take_answers(struct px_reader *r)
{
    struct pol_said *s = &r->d->said;

    if (!px_r_open_array(r, "answers"))
        return false;
    while (px_r_next_element(r, "answers")) {
        if (!px_r_room(r, s->answers, POL_ANSWERS_MAX, "answers") ||
            !px_r_open_inner(r, "answers") || !take_answer(r, s->answers))
            return false;
        for (unsigned i = 0; i < s->answers; i++) {
            if (s->answer[i].test == s->answer[s->answers].test)
                return px_r_bad(r, E_RANGE, "answers", "one test twice");
        }
        s->answers++;
    }
    return r->e == OK;
}

/* ---- providers ---- */

/* {"now": 1, "5m": 2}: into v[enum pol_over], of 4 or 8 bytes. */
static bool take_windows(struct px_reader *r, const char *member, int64_t most, int32_t *narrow,
                         int64_t *wide)
{
    int64_t v;

    (void)json_next(&r->j);
    if (!px_r_is_object(r, member))
        return false;
    while (px_r_next_member(r, member)) {
        unsigned w = 0;

        while (w < POL_OVERS_ && !json_is(&r->j, px_r_over(w)))
            w++;
        if (w == POL_OVERS_)
            return px_r_odd(r, member);
        (void)json_next(&r->j);
        if (!px_r_take_i64(r, member, 0, most, &v))
            return false;
        if (narrow != NULL)
            narrow[w] = (int32_t)v;
        else
            wide[w] = v;
    }
    return r->e == OK;
}

static bool take_provider_part(struct px_reader *r, struct px_decided_provider *p, uint32_t *parts)
{
    if (json_is(&r->j, "approval_ppm"))
        return take_windows(r, "approval_ppm", INT32_MAX, p->sight.approval_ppm, NULL);
    if (json_is(&r->j, "latency_ms"))
        return take_windows(r, "latency_ms", INT32_MAX, p->sight.latency_ms, NULL);
    if (json_is(&r->j, "volume_minor"))
        return take_windows(r, "volume_minor", INT64_MAX, NULL, p->sight.volume_minor);
    if (json_is(&r->j, "cost")) {
        *parts |= 1;
        return px_r_take_object(r, "cost", px_r_cost, &p->cost);
    }
    if (json_is(&r->j, "view")) {
        *parts |= 2;
        return px_r_take_object(r, "view", px_r_view, &p->view);
    }
    return px_r_skip(r);
}

static void provider_init(struct px_decided_provider *p)
{
    px_r_set_unknown(px_r_sight, &p->sight);
    px_r_set_unknown(px_r_cost, &p->cost);
    px_r_set_unknown(px_r_view, &p->view);
    for (unsigned w = 0; w < POL_OVERS_; w++) {
        p->sight.approval_ppm[w] = p->sight.latency_ms[w] = -1;
        p->sight.volume_minor[w] = -1;
    }
}

static bool take_provider(struct px_reader *r, struct px_decided_provider *p)
{
    uint32_t seen = 0, sight = 0, parts = 0;
    bool taken;

    provider_init(p);
    if (!px_r_is_object(r, "providers"))
        return false;
    while (px_r_next_member(r, "providers")) {
        if (!px_r_take_from(r, px_r_provider, p, &seen, &taken))
            return false;
        if (!taken && !px_r_take_from(r, px_r_sight, &p->sight, &sight, &taken))
            return false;
        if (!taken && !take_provider_part(r, p, &parts))
            return false;
    }
    if (r->e != OK || !px_r_all_seen(r, px_r_provider, seen))
        return false;
    if (p->name[0] == '\0')
        return px_r_odd(r, "name");
    if ((p->cost.why == RT_COST_KNOWN) != (p->cost.micro >= 0))
        return px_r_bad(r, E_RANGE, "cost", "either known, or unknown for a reason");
    return parts == 3 || px_r_bad(r, E_RANGE, "providers", "without cost or view");
}

static bool take_providers(struct px_reader *r)
{
    struct px_decided *d = r->d;

    if (!px_r_open_array(r, "providers"))
        return false;
    while (px_r_next_element(r, "providers")) {
        if (!px_r_room(r, d->providers, LIMIT_PROVIDERS, "providers") ||
            !take_provider(r, &d->provider[d->providers]))
            return false;
        for (unsigned i = 0; i < d->providers; i++) {
            if (strcmp(d->provider[i].name, d->provider[d->providers].name) == 0)
                return px_r_bad(r, E_RANGE, "providers", "one name twice");
        }
        d->providers++;
    }
    return r->e == OK;
}

/* ---- the whole ---- */

/* The text of the current member's value; moves over it. */
static bool put_off(struct px_reader *r, struct span *out)
{
    struct span name = json_raw(&r->j), last;
    const char *from = name.p + name.n + 1; /* behind the quote */

    if (!px_r_skip(r))
        return false;
    last = json_raw(&r->j);
    from = memchr(from, ':', (size_t)(last.p - from));
    if (from == NULL || json_tok(&r->j) != JSON_OBJECT_END)
        return px_r_odd(r, "record");
    *out = (struct span){ from + 1, (size_t)(last.p + last.n - from - 1) };
    return true;
}

enum { SCHEMA = 1, FACTS = 2, PROVIDERS = 4, VERDICT = 8, PLAN = 16, ALL = 31 };

static bool take_schema(struct px_reader *r)
{
    (void)json_next(&r->j);
    if (json_tok(&r->j) == JSON_STRING && json_is(&r->j, PX_DECIDED_SCHEMA))
        return true;
    return px_r_bad(r, E_SYNTAX, "schema", "not " PX_DECIDED_SCHEMA);
}

static bool take_part(struct px_reader *r, uint32_t *parts)
{
    if (json_is(&r->j, "schema")) {
        *parts |= SCHEMA;
        return take_schema(r);
    }
    if (json_is(&r->j, "facts")) {
        *parts |= FACTS;
        return take_facts(r);
    }
    if (json_is(&r->j, "providers")) {
        *parts |= PROVIDERS;
        return take_providers(r);
    }
    if (json_is(&r->j, "answers"))
        return take_answers(r);
    if (json_is(&r->j, "verdict")) {
        *parts |= VERDICT;
        return put_off(r, &r->later[0]);
    }
    if (json_is(&r->j, "plan")) {
        *parts |= PLAN;
        return put_off(r, &r->later[1]);
    }
    if (!json_is(&r->j, "answers_cut"))
        return px_r_skip(r);
    r->d->said.more = json_next(&r->j) == JSON_TRUE;
    return r->d->said.more || px_r_odd(r, "answers_cut");
}

static bool take_record(struct px_reader *r)
{
    uint32_t seen = 0, parts = 0;
    bool taken;

    (void)json_next(&r->j);
    if (!px_r_is_object(r, "record"))
        return false;
    while (px_r_next_member(r, "record")) {
        if (!px_r_take_from(r, px_r_top, r->d, &seen, &taken) || (!taken && !take_part(r, &parts)))
            return false;
    }
    if (r->e != OK || json_next(&r->j) != JSON_DONE)
        return px_r_odd(r, "record");
    if (parts != ALL)
        return px_r_bad(r, (parts & SCHEMA) == 0 ? E_SYNTAX : E_RANGE, "record",
                        (parts & SCHEMA) == 0 ? "no " PX_DECIDED_SCHEMA
                                              : "a part of it is missing");
    return px_r_all_seen(r, px_r_top, seen);
}

static bool take_later(struct px_reader *r)
{
    json_init(&r->j, r->later[0]);
    if (!px_r_take_verdict(r))
        return false;
    json_init(&r->j, r->later[1]);
    return px_r_take_plan(r);
}

static bool hangs_together(struct px_reader *r)
{
    const struct px_decided *d = r->d;

    if (d->verdict.revision == 0 && d->said.answers + d->zones + d->volumes > 0)
        return px_r_bad(r, E_RANGE, "answers", "of no policy");
    return (d->providers > 0 && d->plan.legs + d->plan.outs <= d->providers) ||
           px_r_bad(r, E_RANGE, "providers", "too few");
}

enum err px_decided_read(struct span line, struct arena *a, struct px_decided *out,
                         struct diag *why)
{
    struct px_reader r;

    r.arena = a;
    r.d = out;
    r.why = why;
    r.e = OK;
    memset(out, 0, sizeof *out);
    if (line.n > PX_DECIDED_LINE) {
        (void)px_r_bad(&r, E_RANGE, "record", "too long");
        return r.e;
    }
    json_init(&r.j, line);
    if (!take_record(&r) || !take_later(&r) || !hangs_together(&r))
        return r.e == OK ? E_SYNTAX : r.e;
    return OK;
}
