/* health/hist.h -- how long answers took: a log-linear histogram of fixed size that adds up.
 *
 * Milliseconds; up to 8 each has a bucket of its own, from there every octave has eight. So a
 * quantile is off by at most half a bucket, 1/16 of its value. What is 131 s or longer shares the
 * last bucket. Sums of histograms are the histogram of everything: between minutes, workers,
 * nodes. */
#ifndef HL_HIST_H
#define HL_HIST_H
#include <stdint.h>

enum { HL_HIST = 120 };

struct hl_hist {
    uint32_t n[HL_HIST];
};

unsigned hl_hist_bucket(int64_t ms);    /* negative counts as 0 */
int64_t hl_hist_least(unsigned bucket); /* the least value in it; bucket HL_HIST: the end of all */
void hl_hist_add(struct hl_hist *h, unsigned bucket, uint32_t count); /* stops at the maximum */
void hl_hist_merge(struct hl_hist *into, const struct hl_hist *from);
/* Takes away what was merged before. Never below zero. */
void hl_hist_take(struct hl_hist *from, const struct hl_hist *what);
uint64_t hl_hist_count(const struct hl_hist *h);
/* The value that so many permille of the answers do not exceed, the middle of its bucket; -1 when
 * empty. */
int64_t hl_hist_quantile(const struct hl_hist *h, unsigned permille);
#endif
