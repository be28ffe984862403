/* loadtest/bins_bench.c -- how long a look-up takes in a table of half a million ranges.
 *
 *   bins_bench [RANGES]     random 8- and 11-digit leads, half of them in the table. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "proxy/bins.h"
#include "proxy/report.h"
#include "routing/base/rng.h"

enum { RANGES = 500000, ASKS = 4 * 1000 * 1000, ROW = 80 };

/* Of this thread: a busy machine does not count. */
static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Prefixes of 6 to 11 digits under 4 and 5, as a scheme's table has them: nested, in bunches. */
static struct span make_list(unsigned ranges, uint64_t *lead, struct rng *r)
{
    char *text = malloc((size_t)ranges * ROW);
    size_t n = 0;

    if (text == NULL)
        abort();
    for (unsigned i = 0; i < ranges; i++) {
        unsigned digits = 6 + (unsigned)rng_below(r, 6);
        uint64_t p = 4 * rt_bin_power(digits - 1) + rng_below(r, 2 * rt_bin_power(digits - 1));

        lead[i] = p * rt_bin_power(11 - digits) + rng_below(r, rt_bin_power(11 - digits));
        n += (size_t)snprintf(text + n, ROW, "%llu,,debit,classic,Bank %u,DE\n",
                              (unsigned long long)p, (unsigned)rng_below(r, 5000));
    }
    return (struct span){ text, n };
}

int main(int argc, char **argv)
{
    unsigned ranges = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : RANGES;
    uint64_t *lead = malloc((size_t)ranges * sizeof *lead), found = 0, sum = 0;
    struct px_bins_builder *b = px_bins_builder_create();
    struct px_report *report = px_report_create();
    struct rng r = rng_of(7);
    struct px_source source = { .name = "bench" };
    struct diag why = { 0 };
    struct rt_bins table;
    struct rt_bin bin;
    double from, build_s, open_s, ask_s;
    void *image = NULL;
    size_t size = 0;

    if (lead == NULL || ranges == 0)
        abort();
    source.text = make_list(ranges, lead, &r);
    from = now();
    px_bins_builder_read(b, &source, report);
    if (px_bins_builder_finish(b, report, &image, &size) != OK)
        return 1;
    build_s = now() - from;
    from = now();
    if (rt_bins_open((struct span){ image, size }, &table, &why) != OK)
        return 1;
    open_s = now() - from;
    for (unsigned i = ranges; i > 1; i--) { /* no help from the caches */
        uint64_t *other = &lead[rng_below(&r, i)], swap = *other;

        *other = lead[i - 1];
        lead[i - 1] = swap;
    }
    from = now();
    for (unsigned i = 0; i < ASKS; i++) {
        uint64_t x = lead[i % ranges];

        if ((i & 1) != 0)
            x = x / 1000 ^ 1; /* a neighbour of eight digits, which may be nobody's */
        found += rt_bins_find(&table, x, (i & 1) != 0 ? 8 : 11, &bin);
        sum += bin.issuer.n;
    }
    ask_s = now() - from;
    printf("{\"ranges\":%u,\"bytes\":%zu,\"build_ms\":%.0f,\"open_ms\":%.1f,\"lookup_ns\":%.1f,"
           "\"found\":%.3f,\"sum\":%llu}\n",
           rt_bins_ranges(&table), size, build_s * 1e3, open_s * 1e3, ask_s / ASKS * 1e9,
           (double)found / ASKS, (unsigned long long)sum);
    return 0;
}
