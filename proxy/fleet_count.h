/* proxy/fleet_count.h -- what happened at one provider in the last seconds, minutes, hours and
 * days.
 *
 * Sums in slots of a second, a minute and an hour; a slot that is too old is begun anew when it is
 * written, and left out when it is read. Wall time: a clock that is set back writes into the newest
 * slot until it has caught up, so nothing is counted twice or lost. No clock, no heap. */
#ifndef PX_FLEET_COUNT_H
#define PX_FLEET_COUNT_H
#include <stdint.h>

#include "proxy/tally.h"

struct px_count {
    uint64_t chosen, attempts, approved, soft, hard, failed, unsent;
};

enum px_over { PX_OVER_10S, PX_OVER_15M, PX_OVER_7D, PX_OVERS_ };
enum {
    PX_COUNT_SECONDS = 12, /* the running one is not whole, so one more than is summed */
    PX_COUNT_MINUTES = 17,
    PX_COUNT_HOURS = 169,
};

struct px_count_slot {
    int64_t at; /* which second, minute, hour since 1970 */
    struct px_count sum;
    uint64_t peak; /* hours: attempts of the busiest minute */
};

struct px_counts {
    int64_t now_ms; /* the latest time it was told */
    struct px_count all;
    struct px_count_slot second[PX_COUNT_SECONDS], minute[PX_COUNT_MINUTES], hour[PX_COUNT_HOURS];
    int64_t latency_at[PX_COUNT_MINUTES];
    struct hl_hist latency[PX_COUNT_MINUTES];
};

/* Zeroed: empty. */
void px_counts_add(struct px_counts *c, const struct px_tally_provider *t, int64_t now_ms);
struct px_count px_counts_sum(const struct px_counts *c, enum px_over over, int64_t now_ms);
/* Of the last 15 minutes; -1: nothing was answered. */
int32_t px_counts_quantile(const struct px_counts *c, unsigned q_permille, int64_t now_ms);
/* Attempts of the busiest minute of seven days, per 1,000 s. */
int64_t px_counts_peak_milli(const struct px_counts *c, int64_t now_ms);
/* n events in the last 10 s, per 1,000 s. */
int64_t px_counts_milli(uint64_t n);
/* part of whole in millionths (or thousandths); -1 if whole is 0. */
int32_t px_share_ppm(uint64_t part, uint64_t whole);
int32_t px_share_permille(uint64_t part, uint64_t whole);
#endif
