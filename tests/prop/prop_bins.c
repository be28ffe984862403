/* tests/prop/prop_bins.c -- whatever ranges lie inside each other, a BIN table answers as looking
 * through all of them would: with the narrowest that holds every number asked for. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/bins.h"
#include "proxy/report.h"
#include "routing/base/rng.h"

enum {
    ASKS = 400,     /* of each table */
    ROWS = 24000,   /* beyond the size from which the index looks at more digits */
    FEW = 300,      /* most tables are small */
    ROW = 80,       /* bytes */
    DEPTH = 8,      /* ranges inside ranges */
    MANY = 1100000, /* rows of as many kinds: the index looks at more digits still */
    LONG = 1000000, /* rounds from which that one is made, too */
    KINDS = 50,
};

struct row {
    uint64_t low, high;
    unsigned kind;
};

struct list {
    struct row *row;
    unsigned n, most, kinds;
};

static uint64_t between(struct rng *r, uint64_t low, uint64_t high)
{
    return low + rng_below(r, high - low + 1);
}

static void add(struct list *l, struct rng *r, uint64_t low, uint64_t high)
{
    if (l->n < l->most) {
        l->row[l->n] = (struct row){ low, high, (unsigned)rng_below(r, l->kinds) };
        l->n++;
    }
}

/* Ranges inside this one, side by side, and ranges inside those. */
static void fill(struct list *l, struct rng *r, uint64_t low, uint64_t high, unsigned depth)
{
    unsigned children = 1 + (unsigned)rng_below(r, depth == 0 ? 40 : 5);

    for (unsigned i = 0; i < children && low < high && l->n < l->most; i++) {
        uint64_t from = between(r, low, low + (high - low) / 4), to;

        if (rng_below(r, 3) == 0)
            from = low; /* begins where the one around it does, or right behind its neighbour */
        to = between(r, from, from + (high - from) / (1 + rng_below(r, 8)));
        if (rng_below(r, 4) == 0)
            to = high;
        add(l, r, from, to);
        if (depth < DEPTH && rng_below(r, 2) == 0)
            fill(l, r, from, to, depth + 1);
        if (to == high)
            break;
        low = to + 1;
    }
}

/* Prefixes of few digits' kinds, so that they meet. */
static void add_prefix(struct list *l, struct rng *r)
{
    unsigned digits = 1 + (unsigned)rng_below(r, RT_BIN_WIDTH);
    uint64_t p = 0, unit = rt_bin_power(RT_BIN_WIDTH - digits);

    for (unsigned i = 0; i < digits; i++)
        p = p * 10 + (rng_below(r, 3) == 0 ? 9 : rng_below(r, 2));
    add(l, r, p * unit, p * unit + (unit - 1));
}

static void make(struct list *l, struct rng *r, unsigned rows)
{
    *l = (struct list){ .row = l->row, .most = rows, .kinds = KINDS };
    if (rng_below(r, 2) == 0) {
        while (l->n < rows)
            add_prefix(l, r);
    }
    for (unsigned tries = 0; l->n < rows && tries < 100000; tries++) {
        uint64_t low = tries * (rt_bin_power(RT_BIN_WIDTH) / 100000);

        fill(l, r, low, low + rt_bin_power(RT_BIN_WIDTH) / 100000 - 1, 0);
    }
}

/* As many kinds as ranges. */
static void make_many(struct list *l)
{
    l->kinds = MANY;
    for (l->n = 0; l->n < MANY; l->n++)
        l->row[l->n] = (struct row){ (4000000 + l->n) * rt_bin_power(12),
                                     (4000001 + l->n) * rt_bin_power(12) - 1, l->n };
}

static void open_table(const struct list *l, struct rt_bins *out, void **image)
{
    char *text = malloc((size_t)l->n * ROW);
    struct px_bins_builder *b = px_bins_builder_create();
    struct px_report *report = px_report_create();
    struct px_source source = { .name = "made" };
    struct diag why = { 0 };
    size_t n = 0;

    if (text == NULL)
        abort();
    for (unsigned i = 0; i < l->n; i++)
        n += (size_t)snprintf(text + n, ROW, "%019" PRIu64 ",%019" PRIu64 ",visa,debit,,I%u,DE\n",
                              l->row[i].low, l->row[i].high, l->row[i].kind);
    source.text = (struct span){ text, n };
    px_bins_builder_read(b, &source, report);
    if (px_bins_builder_finish(b, report, image, &n) != OK || px_bins_builder_count(b).bad > 0 ||
        rt_bins_open((struct span){ *image, n }, out, &why) != OK) {
        px_report_print(report, stderr, false);
        fprintf(stderr, "%s\n", why.text);
        abort();
    }
    px_bins_builder_destroy(b);
    px_report_destroy(report);
    free(text);
}

static const struct row *look_through(const struct list *l, uint64_t from, uint64_t to)
{
    const struct row *best = NULL;

    for (unsigned i = 0; i < l->n; i++) { /* of equals the later */
        const struct row *w = &l->row[i];

        if (w->low <= from && w->high >= to &&
            (best == NULL || w->high - w->low <= best->high - best->low))
            best = w;
    }
    return best;
}

static uint64_t any_number(const struct list *l, struct rng *r)
{
    const struct row *w = &l->row[rng_below(r, l->n)];
    uint64_t top = rt_bin_power(RT_BIN_WIDTH);

    switch (rng_below(r, 6)) {
    case 0: return rng_below(r, top);
    case 1: return w->low;
    case 2: return w->high;
    case 3: return w->low == 0 ? 0 : w->low - 1;
    case 4: return w->high + 1 < top ? w->high + 1 : w->high;
    default: return between(r, w->low, w->high);
    }
}

static bool same(const struct rt_bins *t, const struct list *l, struct rng *r)
{
    unsigned digits = 1 + (unsigned)rng_below(r, RT_BIN_WIDTH - 1);
    uint64_t unit = rt_bin_power(RT_BIN_WIDTH - digits), lead = any_number(l, r) / unit, low, high;
    const struct row *want = look_through(l, lead * unit, lead * unit + (unit - 1));
    struct rt_bin got, ranged;
    char issuer[16] = "";

    if (want != NULL)
        (void)snprintf(issuer, sizeof issuer, "I%u", want->kind);
    if (rt_bins_find(t, lead, digits, &got) == (want != NULL) &&
        rt_bins_find_range(t, lead, digits, &ranged, &low, &high) == (want != NULL) &&
        span_is(got.issuer, issuer) && span_is(ranged.issuer, issuer) &&
        (want == NULL || (low == want->low && high == want->high && got.brand == RT_VISA)))
        return true;
    fprintf(stderr, "%0*" PRIu64 " of %u rows: not %s but %.*s\n", (int)digits, lead, l->n, issuer,
            (int)got.issuer.n, got.issuer.p);
    return false;
}

int main(int argc, char **argv)
{
    uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    uint64_t rounds = argc > 2 ? strtoull(argv[2], NULL, 10) : 20000;
    struct list list = { .row = malloc(MANY * sizeof *list.row) };
    bool ok = list.row != NULL;

    for (uint64_t round = 0; ok && round < rounds; round += ASKS) {
        struct rng r = rng_of(seed * 1000003 + round);
        unsigned asks = ASKS;
        void *image = NULL;
        struct rt_bins t;

        make(&list, &r, round % (20 * ASKS) == 0 ? ROWS : 1 + (unsigned)rng_below(&r, FEW));
        if (round == 0 && rounds >= LONG) {
            make_many(&list);
            asks = 20;
        }
        open_table(&list, &t, &image);
        for (unsigned i = 0; ok && i < asks; i++)
            ok = same(&t, &list, &r);
        if (!ok)
            fprintf(stderr, "seed %" PRIu64 ", round %" PRIu64 "\n", seed, round);
        free(image);
    }
    free(list.row);
    return ok ? 0 : 1;
}
