/* health/window.c */
#include "health/window.h"

#include <string.h>

#include "routing/base/check.h"

static const int64_t MINUTE_NS = INT64_C(60000000000);
enum { QUARTER = 15 };

static const struct {
    unsigned minutes, quarters; /* one of them is 0 */
} LENGTH[HL_OVERS_] = {
    [HL_OVER_5M] = { 5, 0 },  [HL_OVER_15M] = { 15, 0 }, [HL_OVER_30M] = { 30, 0 },
    [HL_OVER_1H] = { 60, 0 }, [HL_OVER_6H] = { 0, 24 },  [HL_OVER_24H] = { 0, 96 },
};

void hl_window_init(struct hl_windows *w, int64_t now_ns)
{
    memset(w, 0, sizeof *w);
    w->minute_ = now_ns / MINUTE_NS;
}

/* ---- tallies ---- */

static void take(struct hl_tally *from, const struct hl_tally *t)
{
    from->answered -= t->answered;
    from->approved -= t->approved;
    from->failed -= t->failed;
    from->wait_ms -= t->wait_ms;
    hl_hist_take(&from->latency, &t->latency);
}

static struct hl_tally *minute_at(struct hl_windows *w, int64_t minute)
{
    return &w->minutes_[minute % HL_WINDOW_MINUTES];
}

static struct hl_tally *quarter_at(struct hl_windows *w, int64_t quarter)
{
    return &w->quarters_[quarter % HL_WINDOW_QUARTERS];
}

/* ---- time ---- */

/* One minute begins: what is too old leaves the sums. */
static void step(struct hl_windows *w)
{
    int64_t minute = ++w->minute_, quarter = minute / QUARTER;

    for (unsigned o = HL_OVER_5M; o < HL_OVERS_; o++) {
        if (LENGTH[o].minutes != 0 && minute >= LENGTH[o].minutes)
            take(&w->sum_[o], minute_at(w, minute - LENGTH[o].minutes));
        if (LENGTH[o].quarters != 0 && minute % QUARTER == 0 && quarter >= LENGTH[o].quarters)
            take(&w->sum_[o], quarter_at(w, quarter - LENGTH[o].quarters));
    }
    *minute_at(w, minute) = (struct hl_tally){ 0 };
    if (minute % QUARTER == 0)
        *quarter_at(w, quarter) = (struct hl_tally){ 0 };
}

static void advance(struct hl_windows *w, int64_t now_ns)
{
    int64_t minute = now_ns / MINUTE_NS;

    if (minute - w->minute_ > (int64_t)HL_WINDOW_QUARTERS * QUARTER)
        hl_window_init(w, now_ns);
    while (w->minute_ < minute)
        step(w);
}

/* ---- counting ---- */

/* Everything that a tally of now is part of. */
static unsigned running(struct hl_windows *w, int64_t now_ns, struct hl_tally *part[HL_OVERS_ + 1])
{
    unsigned n = 0;

    advance(w, now_ns);
    part[n++] = minute_at(w, w->minute_);
    part[n++] = quarter_at(w, w->minute_ / QUARTER);
    for (unsigned o = HL_OVER_5M; o < HL_OVERS_; o++)
        part[n++] = &w->sum_[o];
    return n;
}

void hl_window_answer(struct hl_windows *w, unsigned answered, unsigned approved, unsigned failed,
                      int64_t now_ns)
{
    struct hl_tally *part[HL_OVERS_ + 1];
    unsigned n = running(w, now_ns, part);

    CHECK(approved <= answered);
    for (unsigned i = 0; i < n; i++) {
        part[i]->answered += answered;
        part[i]->approved += approved;
        part[i]->failed += failed;
    }
}

void hl_window_latency(struct hl_windows *w, int64_t ms, unsigned count, int64_t now_ns)
{
    struct hl_tally *part[HL_OVERS_ + 1];
    unsigned n = running(w, now_ns, part), bucket = hl_hist_bucket(ms);

    for (unsigned i = 0; i < n; i++) {
        part[i]->wait_ms += (uint64_t)(ms < 0 ? 0 : ms) * count;
        hl_hist_add(&part[i]->latency, bucket, count);
    }
}

/* ---- asking ---- */

static int32_t share_ppm(uint64_t part, uint64_t all)
{
    return all == 0 ? -1 : (int32_t)(part * 1000000 / all);
}

static int32_t mean_of(const struct hl_tally *t)
{
    uint64_t n = hl_hist_count(&t->latency);

    return n == 0 ? -1 : (int32_t)(t->wait_ms / n);
}

void hl_window_sum(struct hl_windows *w, enum hl_over over, int64_t now_ns,
                   struct hl_window_sum *out)
{
    const struct hl_tally *t = &w->sum_[over];

    CHECK(over >= HL_OVER_5M && over < HL_OVERS_);
    advance(w, now_ns);
    *out = (struct hl_window_sum){
        .answered = t->answered,
        .approved = t->approved,
        .failed = t->failed,
        .approval_ppm = share_ppm(t->approved, t->answered),
        .mean_ms = mean_of(t),
        .p50_ms = (int32_t)hl_hist_quantile(&t->latency, 500),
        .p95_ms = (int32_t)hl_hist_quantile(&t->latency, 950),
        .p99_ms = (int32_t)hl_hist_quantile(&t->latency, 990),
    };
}

void hl_window_brief(struct hl_windows *w, enum hl_over over, int64_t now_ns, int32_t *approval_ppm,
                     int32_t *mean_ms)
{
    const struct hl_tally *t = &w->sum_[over];

    CHECK(over >= HL_OVER_5M && over < HL_OVERS_);
    advance(w, now_ns);
    *approval_ppm = share_ppm(t->approved, t->answered);
    *mean_ms = mean_of(t);
}
