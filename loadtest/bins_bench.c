/* loadtest/bins_bench.c -- how long a look-up takes in a table of half a million ranges.
 *
 *   bins_bench [RANGES [ROUNDS]]     random 8- and 11-digit leads, most of them in the table.
 *
 * The table is written and opened as the gateway does it. lookup_ns: one after another, as they
 * come; chained_ns: each asks for what the one before found, so that none can begin early. Medians
 * of the rounds; ask_in is for callgrind, `--toggle-collect=ask_in`. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "proxy/bins.h"
#include "proxy/report.h"
#include "routing/base/rng.h"

enum { RANGES = 500000, ASKS = 1000 * 1000, ROUNDS = 5, ROUNDS_MAX = 99, ROW = 80 };

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

struct tally {
    uint64_t found, sum;
};

/* chain: wait for each answer before the next question. */
__attribute__((noinline)) static void ask_in(const struct rt_bins *t, const uint64_t *lead,
                                             unsigned ranges, bool chain, struct tally *out)
{
    struct rt_bin bin = { 0 };

    for (unsigned i = 0, at = 0; i < ASKS; i++, at = at + 1 < ranges ? at + 1 : 0) {
        uint64_t x = lead[at];

        if (chain)
            x += bin.issuer.n >> 7; /* no name is that long: + 0 */

        if ((i & 1) != 0)
            x = x / 1000 ^ 1; /* a neighbour of eight digits, which may be nobody's */
        out->found += rt_bins_find(t, x, (i & 1) != 0 ? 8 : 11, &bin);
        out->sum += bin.issuer.n;
    }
}

static int by_size(const void *left, const void *right)
{
    const double *a = left, *b = right;

    return (*a > *b) - (*a < *b);
}

static double median(double *s, unsigned n)
{
    qsort(s, n, sizeof *s, by_size);
    return s[n / 2];
}

static double make_table(const struct px_source *source, char *path, size_t *size)
{
    struct px_bins_builder *b = px_bins_builder_create();
    struct px_report *report = px_report_create();
    struct diag why = { 0 };
    void *image = NULL;
    double from = now();
    int fd = mkstemp(path);

    if (fd < 0)
        abort();
    close(fd);
    px_bins_builder_read(b, source, report);
    if (px_bins_builder_finish(b, report, &image, size) != OK)
        abort();
    from = now() - from;
    if (px_file_replace(path, (struct span){ image, *size }, 0600, &why) != OK)
        abort();
    free(image);
    px_report_destroy(report);
    px_bins_builder_destroy(b);
    return from;
}

int main(int argc, char **argv)
{
    unsigned ranges = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : RANGES;
    unsigned rounds = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : ROUNDS;
    uint64_t *lead = malloc(((size_t)ranges + 1) * sizeof *lead);
    char path[] = "/tmp/signalbox-bins-bench-XXXXXX";
    struct px_source source = { .name = "bench" };
    double plain[ROUNDS_MAX], chained[ROUNDS_MAX], build_s, open_s;
    struct tally tally = { 0 };
    struct rng r = rng_of(7);
    struct diag why = { 0 };
    struct px_bins bins;
    size_t size = 0;

    if (lead == NULL || ranges == 0 || rounds == 0 || rounds > ROUNDS_MAX)
        abort();
    source.text = make_list(ranges, lead, &r);
    build_s = make_table(&source, path, &size);
    open_s = now();
    if (px_bins_open(path, &bins, &why) != OK)
        abort();
    open_s = now() - open_s;
    unlink(path);
    for (unsigned i = ranges; i > 1; i--) { /* no help from the caches */
        uint64_t *other = &lead[rng_below(&r, i)], swap = *other;

        *other = lead[i - 1];
        lead[i - 1] = swap;
    }
    for (unsigned i = 0; i < rounds * 2; i++) {
        double from = now();

        ask_in(&bins.table, lead, ranges, (i & 1) != 0, &tally);
        ((i & 1) != 0 ? chained : plain)[i / 2] = (now() - from) / ASKS * 1e9;
    }
    printf("{\"ranges\":%u,\"bytes\":%zu,\"build_ms\":%.0f,\"open_ms\":%.1f,\"lookup_ns\":%.1f,"
           "\"chained_ns\":%.1f,\"found\":%.3f,\"sum\":%llu}\n",
           rt_bins_ranges(&bins.table), size, build_s * 1e3, open_s * 1e3, median(plain, rounds),
           median(chained, rounds), (double)tally.found / rounds / 2 / ASKS,
           (unsigned long long)tally.sum);
    px_bins_close(&bins);
    return 0;
}
