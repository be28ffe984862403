/* loadtest/fire/tally.c -- the numbers at the end. */
#include "loadtest/fire/fire.h"

void fire_histogram_add(struct fire_histogram *h, uint64_t v)
{
    unsigned power = 0;
    uint64_t top = v;
    size_t i;

    while (top >= 2 * FIRE_STEPS) {
        top >>= 1;
        power++;
    }
    /* Below 2 x FIRE_STEPS every value has its own bucket. */
    i = power == 0 ? (size_t)top : (size_t)power * FIRE_STEPS + (size_t)top;
    h->bucket[i < FIRE_BUCKETS ? i : FIRE_BUCKETS - 1]++;
    h->n++;
    h->sum += v;
    if (v > h->max)
        h->max = v;
}

uint64_t fire_histogram_at(const struct fire_histogram *h, double quantile)
{
    uint64_t want = (uint64_t)((double)h->n * quantile), seen = 0;

    for (size_t i = 0; i < FIRE_BUCKETS; i++) {
        seen += h->bucket[i];
        if (h->bucket[i] > 0 && seen > want) {
            size_t power = i < 2 * FIRE_STEPS ? 0 : i / FIRE_STEPS - 1;
            uint64_t v = power == 0 ? i : (uint64_t)(i - power * FIRE_STEPS) << power;

            return v < h->max ? v : h->max;
        }
    }
    return h->max;
}

static double seconds(const struct fire_tally *t)
{
    return t->last_ns > t->first_ns ? (double)(t->last_ns - t->first_ns) / 1e9 : 0.;
}

static void quantiles_json(const char *name, const struct fire_histogram *h)
{
    (void)printf("\"%s\":{\"p50\":%llu,\"p90\":%llu,\"p99\":%llu,\"p999\":%llu,\"max\":%llu,"
                 "\"mean\":%.1f},",
                 name, (unsigned long long)fire_histogram_at(h, .5),
                 (unsigned long long)fire_histogram_at(h, .9),
                 (unsigned long long)fire_histogram_at(h, .99),
                 (unsigned long long)fire_histogram_at(h, .999), (unsigned long long)h->max,
                 h->n == 0 ? 0. : (double)h->sum / (double)h->n);
}

static void print_json(const struct fire *f)
{
    const struct fire_tally *t = &f->tally;
    bool first = true;

    (void)printf("{\"due\":%llu,\"answered\":%llu,\"gave_up\":%llu,\"tries\":%llu,"
                 "\"repeats\":%llu,\"lost\":%llu,\"reconnects\":%llu,\"replayed\":%llu,"
                 "\"seconds\":%.3f,\"rate\":%.1f,",
                 (unsigned long long)t->due, (unsigned long long)t->answered,
                 (unsigned long long)t->gave_up, (unsigned long long)t->tries,
                 (unsigned long long)t->repeats, (unsigned long long)t->lost,
                 (unsigned long long)t->reconnects, (unsigned long long)t->replayed, seconds(t),
                 seconds(t) > 0. ? (double)t->latency.n / seconds(t) : 0.);
    quantiles_json("latency_us", &t->latency);
    quantiles_json("late_us", &t->late);
    (void)printf("\"approved\":%llu,\"declined\":%llu,\"processing\":%llu,\"other\":%llu,"
                 "\"status\":{",
                 (unsigned long long)t->approved, (unsigned long long)t->declined,
                 (unsigned long long)t->processing, (unsigned long long)t->other);
    for (int i = 0; i < FIRE_STATUSES; i++) {
        if (t->status[i] == 0)
            continue;
        (void)printf("%s\"%d\":%llu", first ? "" : ",", i, (unsigned long long)t->status[i]);
        first = false;
    }
    (void)puts("}}");
}

static void quantiles_text(const char *name, const struct fire_histogram *h)
{
    (void)printf("%-10s p50 %8llu   p90 %8llu   p99 %8llu   p99.9 %8llu   max %8llu us\n", name,
                 (unsigned long long)fire_histogram_at(h, .5),
                 (unsigned long long)fire_histogram_at(h, .9),
                 (unsigned long long)fire_histogram_at(h, .99),
                 (unsigned long long)fire_histogram_at(h, .999), (unsigned long long)h->max);
}

static void print_text(const struct fire *f)
{
    const struct fire_tally *t = &f->tally;

    (void)printf("payments   %llu due, %llu answered, %llu without an answer; %.1f/s over %.1f s\n",
                 (unsigned long long)t->due, (unsigned long long)t->answered,
                 (unsigned long long)t->gave_up,
                 seconds(t) > 0. ? (double)t->latency.n / seconds(t) : 0., seconds(t));
    (void)printf("answers    %llu approved, %llu declined, %llu processing, %llu other;",
                 (unsigned long long)t->approved, (unsigned long long)t->declined,
                 (unsigned long long)t->processing, (unsigned long long)t->other);
    for (int i = 0; i < FIRE_STATUSES; i++) {
        if (t->status[i] > 0)
            (void)printf(" %d: %llu", i, (unsigned long long)t->status[i]);
    }
    (void)printf("\ntries      %llu, of them %llu repeats (%llu lost on the wire, %llu answered "
                 "from memory); %llu reconnects\n",
                 (unsigned long long)t->tries, (unsigned long long)t->repeats,
                 (unsigned long long)t->lost, (unsigned long long)t->replayed,
                 (unsigned long long)t->reconnects);
    quantiles_text("latency", &t->latency);
    if (!f->aim.closed)
        quantiles_text("own delay", &t->late);
}

void fire_tally_print(const struct fire *f)
{
    if (f->aim.json)
        print_json(f);
    else
        print_text(f);
}
