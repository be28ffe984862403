/* policies/eval.c -- asks a program about one payment. No heap, no recursion, no clock, no loop
 * that code could make longer. */
#include <string.h>

#include "policies/inside.h"
#include "routing/base/check.h"
#include "routing/base/hash.h"

enum known { NO = POL_IS_NO, YES = POL_IS_YES, UNKNOWN = POL_IS_UNKNOWN };

struct eval {
    const struct pol_program *p;
    const struct pol_facts *f;
    uint16_t slot[POL_SLOTS_];
    uint64_t bin_lo, bin_hi; /* what is known of its 11 digits; lo > hi: nothing */
    bool long_bin;           /* more digits than a record may hold ... */
    uint64_t six_lo, six_hi; /* ... which would know this much */
};

static enum known truth(bool b)
{
    return b ? YES : NO;
}

/* ---- texts ---- */

struct span pol_text_of(const struct pol_program *p, const struct pol_facts *f, uint16_t text)
{
    if (text < POL_TEXTS_)
        return pol_text_read(f, (enum pol_text)text);
    for (unsigned i = 0; i < f->metadata_n; i++) {
        if (span_eq(f->metadata[i].name, p->meta[text - POL_TEXTS_]))
            return f->metadata[i].value;
    }
    return SPAN_NONE;
}

/* ---- what a record can not hold ---- */

static uint32_t number_of(const struct eval *e, const struct pol_ins *ins)
{
    return (uint32_t)(ins - e->p->ins);
}

/* Notes the answer for the record, if one is kept. */
static enum known noted(const struct eval *e, const struct pol_ins *ins, enum known k)
{
    if (e->f->said != NULL)
        pol_said_note(e->f->said, number_of(e, ins), (enum pol_is)k);
    return k;
}

static bool again(const struct eval *e)
{
    return e->f->said != NULL && e->f->said->again;
}

static enum known looked_up(const struct eval *e, const struct pol_ins *ins)
{
    return (enum known)pol_said_find(e->f->said, e->p, number_of(e, ins));
}

/* ---- tests of texts ---- */

/* s: NULL if nothing but its hash is known. */
static enum known in_texts(const struct pol_program *p, const struct pol_ins *ins, uint64_t hash,
                           const struct span *s)
{
    const struct pol_pair *pair = &p->pair[ins->set];
    uint32_t lo = 0, hi = ins->n;

    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;

        if (pair[mid].lo < hash)
            lo = mid + 1;
        else
            hi = mid;
    }
    for (; lo < ins->n && pair[lo].lo == hash; lo++) {
        if (s == NULL || span_eq(p->text[pair[lo].hi], *s))
            return YES;
    }
    return NO;
}

static enum known matches(const struct pol_regex *r, struct span s)
{
    switch (pol_regex_match(r, s)) {
    case POL_FOUND_NO: return NO;
    case POL_FOUND_YES: return YES;
    case POL_FOUND_GAVE_UP: break;
    }
    return UNKNOWN; /* too much work: not true, and the trace says so */
}

static enum known test_hidden(const struct eval *e, const struct pol_ins *ins)
{
    uint64_t hash;

    if (!pol_text_hash(e->p, e->f, ins->a, &hash))
        return UNKNOWN;
    if (ins->op == POL_OP_TEXT)
        return truth(hash == hash64(e->p->text[ins->set], 0));
    if (ins->op == POL_OP_TEXTS)
        return in_texts(e->p, ins, hash, NULL);
    return looked_up(e, ins);
}

static enum known starts(struct span s, struct span want)
{
    return truth(s.n >= want.n && memcmp(s.p, want.p, want.n) == 0);
}

static enum known test_text(const struct eval *e, const struct pol_ins *ins)
{
    struct span s;
    enum known k;

    if (pol_text_hidden(e->f, ins->a))
        return test_hidden(e, ins);
    s = pol_text_of(e->p, e->f, ins->a);
    if (s.n == 0)
        return UNKNOWN;
    if (ins->op == POL_OP_TEXT)
        return truth(span_eq(s, e->p->text[ins->set]));
    if (ins->op == POL_OP_TEXTS)
        return in_texts(e->p, ins, hash64(s, 0), &s);
    k = ins->op == POL_OP_REGEX ? matches(&e->p->regex[ins->set], s)
                                : starts(s, e->p->text[ins->set]);
    return pol_text_private(ins->a) ? noted(e, ins, k) : k;
}

/* ---- card digits ---- */

/* Wholly inside a range: yes. Partly: the digits that are known do not say. */
static enum known in_ranges(const struct eval *e, const struct pol_ins *ins, uint64_t from,
                            uint64_t to)
{
    const struct pol_pair *pair = &e->p->pair[ins->set];
    uint32_t lo = 0, hi = ins->n;

    while (lo < hi) { /* the first range that does not end before the digits begin */
        uint32_t mid = lo + (hi - lo) / 2;

        if (pair[mid].hi < from)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (lo == ins->n || pair[lo].lo > to)
        return NO;
    return pair[lo].lo <= from && to <= pair[lo].hi ? YES : UNKNOWN;
}

/* What six digits say holds for all digits too; what they leave open is noted. */
static enum known test_bin(const struct eval *e, const struct pol_ins *ins)
{
    enum known six;

    if (e->bin_lo > e->bin_hi)
        return UNKNOWN;
    if (!e->long_bin || e->f->said == NULL)
        return in_ranges(e, ins, e->bin_lo, e->bin_hi);
    six = in_ranges(e, ins, e->six_lo, e->six_hi);
    if (six != UNKNOWN)
        return six;
    return again(e) ? looked_up(e, ins) : noted(e, ins, in_ranges(e, ins, e->bin_lo, e->bin_hi));
}

static enum known test_bin_regex(const struct eval *e, const struct pol_ins *ins)
{
    char text[24];
    struct buf b = BUF_OF(text);
    enum known k;

    if (e->f->bin_digits == 0)
        return UNKNOWN;
    if (e->long_bin && again(e))
        return looked_up(e, ins);
    buf_pad(&b, e->f->bin, e->f->bin_digits);
    k = matches(&e->p->regex[ins->set], buf_span(&b));
    return e->long_bin ? noted(e, ins, k) : k;
}

static void read_bin(struct eval *e)
{
    static const uint64_t six = 100000; /* numbers of 11 digits that share the first six */
    uint64_t width = 1;

    e->bin_lo = 1;
    e->bin_hi = 0;
    e->long_bin = false;
    if (e->f->bin_digits < 6 || e->f->bin_digits > POL_BIN_DIGITS)
        return;
    for (unsigned i = e->f->bin_digits; i < POL_BIN_DIGITS; i++)
        width *= 10;
    e->bin_lo = e->f->bin * width;
    e->bin_hi = e->bin_lo + width - 1;
    e->six_lo = e->bin_lo / six * six;
    e->six_hi = e->six_lo + six - 1;
    e->long_bin = (again(e) ? e->f->said->bin_digits : e->f->bin_digits) > POL_SAID_DIGITS;
}

/* ---- the clock ---- */

static bool local_time(const struct pol_facts *f, int zone, int64_t *local)
{
    int32_t offset = zone == POL_NONE ? 0 : f->zone_offset_s[zone];

    *local = f->now_s + offset;
    return offset != POL_NO_ZONE;
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static enum known test_time(const struct eval *e, const struct pol_ins *ins)
{
    int64_t local, day, second;

    if (!local_time(e->f, ins->a, &local))
        return UNKNOWN;
    day = floor_div(local, 86400);
    second = local - day * 86400;
    if (ins->op == POL_OP_HOUR)
        return truth((ins->lo >> (second / 3600) & 1) != 0);
    if (ins->op == POL_OP_WEEKDAY) /* 1970-01-01 was a Thursday */
        return truth((ins->lo >> ((day + 3) - floor_div(day + 3, 7) * 7) & 1) != 0);
    if (ins->lo <= ins->hi)
        return truth(second >= ins->lo * 60 && second < ins->hi * 60);
    return truth(second >= ins->lo * 60 || second < ins->hi * 60);
}

/* ---- providers and commitments ---- */

/* -1: unknown, but for the value, which may be below nothing (RT_UNKNOWN_VALUE). */
static int64_t provider_number(const struct pol_facts *f, const struct pol_ins *ins)
{
    const struct pol_sight *s = &f->provider[ins->a];

    if (ins->b == POL_ATTR_VALUE && s->value_micro != RT_UNKNOWN_VALUE)
        return floor_div(s->value_micro, 1000000);
    if (ins->b == POL_ATTR_VALUE)
        return RT_UNKNOWN_VALUE;
    if (ins->b == POL_ATTR_APPROVAL)
        return s->approval_ppm[ins->n];
    if (ins->b == POL_ATTR_LATENCY)
        return s->latency_ms[ins->n];
    if (ins->b == POL_ATTR_VOLUME)
        return s->volume_minor[ins->n];
    if (ins->b == POL_ATTR_COST)
        return ins->set == 0 ? s->cost_ppm : s->cost_minor;
    return s->breaker == POL_BREAKER_UNKNOWN ? -1 : (int64_t)s->breaker;
}

static bool number_known(const struct pol_ins *ins, int64_t v)
{
    return ins->b == POL_ATTR_VALUE ? v != RT_UNKNOWN_VALUE : v >= 0;
}

static enum known test_provider(const struct eval *e, const struct pol_ins *ins)
{
    int64_t v = provider_number(e->f, ins);

    if (!number_known(ins, v) || (ins->set != 0 && ins->set != e->f->amount.cur))
        return UNKNOWN;
    return truth(v >= ins->lo && v <= ins->hi);
}

static bool is_known(const struct eval *e, const struct pol_ins *ins)
{
    uint64_t hash;

    switch (pol_attribute((enum pol_attr)ins->b)->type) {
    case POL_TYPE_MONEY: return e->f->amount.cur != CURRENCY_NONE;
    case POL_TYPE_BIN: return e->f->bin_digits != 0;
    case POL_TYPE_TEXT:
    case POL_TYPE_META:
        if (pol_text_hidden(e->f, ins->a))
            return pol_text_hash(e->p, e->f, ins->a, &hash);
        return pol_text_of(e->p, e->f, ins->a).n > 0;
    case POL_TYPE_WORD:
    case POL_TYPE_CLOCK:
    case POL_TYPE_HOUR:
    case POL_TYPE_WEEKDAY: return true;
    case POL_TYPE_SHARE:
    case POL_TYPE_COST:
    case POL_TYPE_MS:
    case POL_TYPE_BREAKER:
    case POL_TYPE_VOLUME:
    case POL_TYPE_VALUE: break;
    }
    return number_known(ins, provider_number(e->f, ins));
}

/* Days since 1970 of the first of a day's month; civil calendar arithmetic (Gregorian). */
static int64_t month_start(int64_t day, int64_t *length)
{
    int64_t z = day + 719468, era = floor_div(z, 146097), doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    int64_t d = doy - (153 * mp + 2) / 5, year = yoe + era * 400 + (mp >= 10);
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    static const uint8_t lengths[] = { 31, 30, 31, 30, 31, 31, 30, 31, 30, 31, 31, 28 }; /* March */

    *length = lengths[mp] + (mp == 11 && leap);
    return day - d;
}

int64_t pol_period_began(enum pol_period period, int64_t local_s)
{
    int64_t day = floor_div(local_s, 86400), length;

    switch (period) {
    case POL_PER_HOUR: return floor_div(local_s, 3600) * 3600;
    case POL_PER_DAY: return day * 86400;
    case POL_PER_WEEK: return (day - ((day + 3) - floor_div(day + 3, 7) * 7)) * 86400;
    case POL_PER_MONTH: return month_start(day, &length) * 86400;
    case POL_PERIODS_: break;
    }
    return local_s;
}

static int64_t period_length(enum pol_period period, int64_t began)
{
    int64_t days;

    switch (period) {
    case POL_PER_HOUR: return 3600;
    case POL_PER_DAY: return 86400;
    case POL_PER_WEEK: return 7 * 86400;
    case POL_PER_MONTH: (void)month_start(floor_div(began, 86400), &days); return days * 86400;
    case POL_PERIODS_: break;
    }
    return 1;
}

/* Behind: less than the part of the target that belongs to the part of the period that is over. */
enum pol_pace pol_pace_of(const struct pol_commit_info *i, const struct pol_volume *v,
                          const struct pol_facts *f, bool *known)
{
    int64_t done = i->by_count ? v->payments : v->minor;
    int64_t target = i->by_count ? i->payments : i->target.minor;
    int64_t local, began;
    double pace;

    *known = done >= 0 && local_time(f, i->zone < 0 ? POL_NONE : i->zone, &local);
    if (!*known)
        return POL_AHEAD;
    if (done >= target)
        return POL_REACHED;
    began = pol_period_began(i->period, local);
    pace = (double)target * ((double)(local - began) / (double)period_length(i->period, began));
    return (double)done < pace ? POL_BEHIND : POL_AHEAD;
}

static enum known test_commit(const struct eval *e, const struct pol_ins *ins)
{
    enum pol_pace pace;
    bool known;

    pace = pol_pace_of(&e->p->commit[ins->a].info, &e->f->volume[ins->a], e->f, &known);
    return known ? truth((ins->lo >> pace & 1) != 0) : UNKNOWN;
}

static enum known test_sample(const struct eval *e, const struct pol_ins *ins)
{
    uint64_t h = e->f->seed;

    if (ins->a != POL_NONE && !pol_text_hash(e->p, e->f, ins->a, &h))
        return UNKNOWN;
    h = hash64_mix(h, (uint64_t)ins->hi);
    return truth(h < (uint64_t)ins->lo || (uint64_t)ins->lo == UINT64_MAX);
}

/* ---- one test, one condition ---- */

static enum known test_other(const struct eval *e, const struct pol_ins *ins)
{
    switch ((enum pol_op)ins->op) {
    case POL_OP_SLOT:
    case POL_OP_AMOUNT: break;
    case POL_OP_BIN: return test_bin(e, ins);
    case POL_OP_BIN_REGEX: return test_bin_regex(e, ins);
    case POL_OP_TEXT:
    case POL_OP_TEXTS:
    case POL_OP_PREFIX:
    case POL_OP_REGEX: return test_text(e, ins);
    case POL_OP_CLOCK:
    case POL_OP_HOUR:
    case POL_OP_WEEKDAY: return test_time(e, ins);
    case POL_OP_KNOWN: return truth(is_known(e, ins));
    case POL_OP_PROVIDER: return test_provider(e, ins);
    case POL_OP_COMMIT: return test_commit(e, ins);
    case POL_OP_SAMPLE: return test_sample(e, ins);
    }
    return UNKNOWN;
}

static enum known test(const struct eval *e, const struct pol_ins *ins)
{
    enum known k;
    unsigned v;

    if (ins->op == POL_OP_SLOT) {
        v = e->slot[ins->a];
        if ((e->p->bits[(size_t)ins->set * POL_SET_WORDS + v / 64] >> v % 64 & 1) != 0)
            return YES;
        return v == 0 ? UNKNOWN : NO;
    }
    if (ins->op == POL_OP_AMOUNT)
        k = e->f->amount.cur != ins->n
                ? UNKNOWN
                : truth(e->f->amount.minor >= ins->lo && e->f->amount.minor <= ins->hi);
    else
        k = test_other(e, ins);
    if (ins->neg && k != UNKNOWN)
        k = k == YES ? NO : YES;
    return k;
}

static bool holds(const struct eval *e, uint32_t pc)
{
    while (pc < POL_FALSE) {
        const struct pol_ins *ins = &e->p->ins[pc];

        pc = test(e, ins) == YES ? ins->yes : ins->no;
    }
    return pc == POL_TRUE;
}

/* ---- rules ---- */

static void begin(struct eval *e, const struct pol_program *p, const struct pol_facts *f)
{
    e->p = p;
    e->f = f;
    pol_slots_read(f, e->slot);
    read_bin(e);
}

static const uint64_t *row_of(const struct eval *e, const struct pol_index *x)
{
    static const uint64_t width = 100000000;
    size_t v;

    if (x->of == POL_INDEX_BIN)
        v = e->bin_lo > e->bin_hi ? 0 : e->bin_lo / width + 1;
    else
        v = e->slot[x->of];
    return x->rows + v * e->p->words;
}

static void speak(const struct eval *e, unsigned rule, struct rt_verdict *out, uint32_t *named)
{
    const struct pol_rule_code *r = &e->p->rule[rule];
    bool before = (*named & e->f->eligible) != 0;

    pol_choose(e->p, r, e->f, out, named, (uint16_t)(rule + 1));
    /* the rule that decides is the first that leads to somebody who can take the payment */
    if (out->rules_matched++ == 0 || (!before && (*named & e->f->eligible) != 0)) {
        out->rule = r->name;
        out->file = r->file;
        out->line = r->place_line;
    }
}

static void ask_rules(const struct eval *e, struct rt_verdict *out)
{
    const struct pol_program *p = e->p;
    const uint64_t *row[POL_INDICES_];
    uint32_t named = 0;

    for (unsigned i = 0; i < p->indices; i++)
        row[i] = row_of(e, &p->index[i]);
    for (unsigned w = 0; w < p->words; w++) {
        uint64_t left = p->active[w];

        for (unsigned i = 0; i < p->indices; i++)
            left &= row[i][w];
        for (; left != 0; left &= left - 1) {
            unsigned r = w * 64 + (unsigned)__builtin_ctzll(left);

            if (!holds(e, p->rule[r].code))
                continue;
            speak(e, r, out, &named);
            if (!p->rule[r].go_on)
                return;
        }
    }
    speak(e, p->rules - 1, out, &named);
}

static void apply_retry(const struct eval *e, struct rt_verdict *out)
{
    for (unsigned i = 0; i < e->p->retries; i++) {
        const struct pol_retry_code *r = &e->p->retry[i];

        if (!holds(e, r->code))
            continue;
        out->retry_said = true;
        out->retry_on = r->on;
        out->retry_never = r->never;
        memcpy(out->retry_on_code, r->on_code, sizeof r->on_code);
        memcpy(out->retry_never_code, r->never_code, sizeof r->never_code);
        out->retry_to = r->to;
        out->moves_max = r->most;
        out->within_ns = r->within_ns;
        return;
    }
}

/* ---- traces ---- */

/* Like holds, but unknown counts as true: tells "no" from "unknown", and where it hung. */
static enum pol_match why_not(const struct eval *e, uint32_t pc, struct pol_place *at)
{
    bool unknown_seen = false;
    struct pol_place unknown = { 0 };

    while (pc < POL_FALSE) {
        const struct pol_ins *ins = &e->p->ins[pc];
        enum known k = test(e, ins);

        if (k == UNKNOWN && !unknown_seen) {
            unknown_seen = true;
            unknown = e->p->ins_at[pc];
        }
        if (k == NO)
            *at = e->p->ins_at[pc];
        pc = k == NO ? ins->no : ins->yes;
    }
    if (pc != POL_TRUE)
        return POL_NO;
    *at = unknown;
    return POL_UNKNOWN;
}

static void trace_rule(const struct eval *e, unsigned rule, bool decided,
                       struct pol_trace_rule *out)
{
    const struct pol_rule_code *r = &e->p->rule[rule];
    struct pol_place at = { 0 };

    *out = (struct pol_trace_rule){ .match = POL_YES };
    if (r->off)
        out->match = POL_OFF;
    else if (decided)
        out->match = POL_NOT_ASKED;
    else if (!holds(e, r->code))
        out->match = why_not(e, r->code, &at);
    if (at.line != 0) {
        out->file = at.source->name;
        out->line = at.line;
        out->col = pol_place_col(at);
        out->len = at.len;
    }
}

static void trace_rules(const struct eval *e, struct pol_trace *t)
{
    bool decided = false;

    for (unsigned r = 0; r < e->p->rules; r++) {
        trace_rule(e, r, decided, &t->rule[r]);
        decided = decided || (t->rule[r].match == POL_YES && !e->p->rule[r].go_on);
    }
}

/* ---- from outside ---- */

void pol_eval(const struct pol_program *p, const struct pol_facts *f, struct rt_verdict *out,
              struct pol_trace *trace)
{
    struct eval e;

    begin(&e, p, f);
    *out = (struct rt_verdict){ .revision = p->revision,
                                .moves_max = 1,
                                .within_ns = INT64_C(15000000000) };
    ask_rules(&e, out);
    apply_retry(&e, out);
    if (trace != NULL)
        trace_rules(&e, trace);
}

bool pol_commit_counts(const struct pol_program *p, unsigned commit, const struct pol_facts *f)
{
    const struct pol_commit_code *c = &p->commit[commit];
    struct eval e;

    CHECK(commit < p->commits);
    if (!c->info.by_count && f->amount.cur != c->info.target.cur)
        return false;
    begin(&e, p, f);
    return holds(&e, c->code);
}

bool pol_rule_holds(const struct pol_program *p, unsigned rule, const struct pol_facts *f)
{
    struct eval e;

    CHECK(rule < p->rules);
    begin(&e, p, f);
    return holds(&e, p->rule[rule].code);
}
