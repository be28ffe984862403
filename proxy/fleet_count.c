/* proxy/fleet_count.c */
#include "proxy/fleet_count.h"

#include <string.h>

static const int64_t second_ms = 1000, minute_ms = 60 * 1000, hour_ms = 3600 * 1000;

/* ---- adding ---- */

static struct px_count_slot *slot_of(struct px_count_slot *s, unsigned n, int64_t at)
{
    struct px_count_slot *x = &s[(uint64_t)at % n];

    if (x->at != at)
        *x = (struct px_count_slot){ .at = at };
    return x;
}

static void add_count(struct px_count *c, const struct px_tally_provider *t)
{
    c->chosen += t->chosen;
    c->attempts += t->attempts;
    c->approved += t->approved;
    c->soft += t->soft;
    c->hard += t->hard;
    c->failed += t->failed;
    c->unsent += t->unsent;
}

static void add_latency(struct px_counts *c, const struct px_tally_provider *t, int64_t minute)
{
    unsigned i = (unsigned)((uint64_t)minute % PX_COUNT_MINUTES);

    if (c->latency_at[i] != minute) {
        c->latency_at[i] = minute;
        memset(&c->latency[i], 0, sizeof c->latency[i]);
    }
    hl_hist_merge(&c->latency[i], &t->latency);
}

void px_counts_add(struct px_counts *c, const struct px_tally_provider *t, int64_t now_ms)
{
    struct px_count_slot *minute, *hour;

    if (now_ms > c->now_ms)
        c->now_ms = now_ms;
    minute = slot_of(c->minute, PX_COUNT_MINUTES, c->now_ms / minute_ms);
    hour = slot_of(c->hour, PX_COUNT_HOURS, c->now_ms / hour_ms);
    add_count(&c->all, t);
    add_count(&slot_of(c->second, PX_COUNT_SECONDS, c->now_ms / second_ms)->sum, t);
    add_count(&minute->sum, t);
    add_count(&hour->sum, t);
    add_latency(c, t, minute->at);
    if (minute->sum.attempts > hour->peak)
        hour->peak = minute->sum.attempts;
}

/* ---- reading ---- */

static void add_sum(struct px_count *to, const struct px_count *c)
{
    to->chosen += c->chosen;
    to->attempts += c->attempts;
    to->approved += c->approved;
    to->soft += c->soft;
    to->hard += c->hard;
    to->failed += c->failed;
    to->unsent += c->unsent;
}

static struct px_count sum_of(const struct px_count_slot *s, unsigned n, int64_t from, int64_t to)
{
    struct px_count sum = { 0 };

    for (unsigned i = 0; i < n; i++)
        if (s[i].at >= from && s[i].at <= to)
            add_sum(&sum, &s[i].sum);
    return sum;
}

struct px_count px_counts_sum(const struct px_counts *c, enum px_over over, int64_t now_ms)
{
    int64_t now = now_ms > c->now_ms ? now_ms : c->now_ms;

    switch (over) {
    case PX_OVER_10S: /* ten whole ones: the running one would make every rate too small */
        return sum_of(c->second, PX_COUNT_SECONDS, now / second_ms - 10, now / second_ms - 1);
    case PX_OVER_15M:
        return sum_of(c->minute, PX_COUNT_MINUTES, now / minute_ms - 15, now / minute_ms);
    case PX_OVER_7D: return sum_of(c->hour, PX_COUNT_HOURS, now / hour_ms - 168, now / hour_ms);
    case PX_OVERS_: break;
    }
    return (struct px_count){ 0 };
}

int32_t px_counts_quantile(const struct px_counts *c, unsigned q_permille, int64_t now_ms)
{
    int64_t now = (now_ms > c->now_ms ? now_ms : c->now_ms) / minute_ms;
    struct hl_hist sum = { { 0 } };

    for (unsigned i = 0; i < PX_COUNT_MINUTES; i++)
        if (c->latency_at[i] >= now - 15)
            hl_hist_merge(&sum, &c->latency[i]);
    return (int32_t)hl_hist_quantile(&sum, q_permille);
}

int64_t px_counts_peak_milli(const struct px_counts *c, int64_t now_ms)
{
    int64_t now = (now_ms > c->now_ms ? now_ms : c->now_ms) / hour_ms;
    uint64_t peak = 0;

    for (unsigned i = 0; i < PX_COUNT_HOURS; i++)
        if (c->hour[i].at >= now - 168 && c->hour[i].peak > peak)
            peak = c->hour[i].peak;
    return (int64_t)(peak * 1000 / 60);
}

int64_t px_counts_milli(uint64_t n)
{
    return (int64_t)(n * 1000 / 10);
}

int32_t px_share_ppm(uint64_t part, uint64_t whole)
{
    return whole == 0 ? -1 : (int32_t)((double)part * 1e6 / (double)whole + 0.5);
}

int32_t px_share_permille(uint64_t part, uint64_t whole)
{
    return whole == 0 ? -1 : (int32_t)((double)part * 1e3 / (double)whole + 0.5);
}
