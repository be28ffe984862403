/* health/window.h -- what a provider did over the last 5 minutes ... 24 hours.
 *
 * Running sums over rings of minutes (up to an hour) and of quarters of an hour (up to a day), so
 * asking costs nothing that grows with the window. A window holds its last unit as far as it has
 * come, and the whole units before. */
#ifndef HL_WINDOW_H
#define HL_WINDOW_H
#include <stdint.h>

#include "health/hist.h"

/* The numbers are those of the policies' `over`, which has "now" for 0. */
enum hl_over {
    HL_OVER_5M = 1,
    HL_OVER_15M,
    HL_OVER_30M,
    HL_OVER_1H,
    HL_OVER_6H,
    HL_OVER_24H,
    HL_OVERS_
};

struct hl_tally {
    uint32_t answered; /* approved or declined, any attempt */
    uint32_t approved;
    uint32_t failed; /* technically */
    uint64_t wait_ms;
    struct hl_hist latency; /* of answers that came */
};

enum { HL_WINDOW_MINUTES = 61, HL_WINDOW_QUARTERS = 97 };

struct hl_windows {
    int64_t minute_; /* the running one */
    struct hl_tally minutes_[HL_WINDOW_MINUTES], quarters_[HL_WINDOW_QUARTERS];
    struct hl_tally sum_[HL_OVERS_];
};

struct hl_window_sum {
    uint64_t answered, approved, failed;
    int32_t approval_ppm;                    /* of those answered; -1: none */
    int32_t mean_ms, p50_ms, p95_ms, p99_ms; /* -1: none */
};

void hl_window_init(struct hl_windows *w, int64_t now_ns);
void hl_window_answer(struct hl_windows *w, unsigned answered, unsigned approved, unsigned failed,
                      int64_t now_ns);
void hl_window_latency(struct hl_windows *w, int64_t ms, unsigned count, int64_t now_ns);
void hl_window_sum(struct hl_windows *w, enum hl_over over, int64_t now_ns,
                   struct hl_window_sum *out);
/* Share of approvals and mean latency alone; cheap enough for every payment. */
void hl_window_brief(struct hl_windows *w, enum hl_over over, int64_t now_ns, int32_t *approval_ppm,
                     int32_t *mean_ms);
#endif
