/* proxy/fleet_kept.c -- the hours of the last seven days, over restarts: approval and the busiest
 * minute are compared with them.
 *
 * "SBC1", then for each provider its name behind its length, how many hours follow, and each as
 * nine numbers of eight bytes, little-endian. Best effort: what can not be read is begun anew. */
#include <stdlib.h>
#include <string.h>

#include "proxy/config.h"
#include "proxy/file.h"
#include "proxy/fleet_inside.h"
#include "proxy/log.h"

enum {
    KEEP_MS = 60000,
    NUMBERS = 9, /* of an hour */
    PER_PROVIDER = 2 + 64 + PX_COUNT_HOURS * NUMBERS * 8,
};

static const char counters[] = "counters.bin", magic[] = "SBC1";

/* ---- writing ---- */

static void put(struct buf *b, uint64_t v, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        buf_byte(b, (char)(v >> (8 * i) & 0xff));
}

static void put_hour(struct buf *b, const struct px_count_slot *s)
{
    const uint64_t v[NUMBERS] = { (uint64_t)s->at, s->sum.chosen, s->sum.attempts,
                                  s->sum.approved, s->sum.soft,   s->sum.hard,
                                  s->sum.failed,   s->sum.unsent, s->peak };

    for (unsigned i = 0; i < NUMBERS; i++)
        put(b, v[i], 8);
}

static void put_provider(const struct px_fleet *f, unsigned p, struct buf *b)
{
    struct span name = span_str(f->config->provider[p].name);
    unsigned hours = 0;

    for (unsigned i = 0; i < PX_COUNT_HOURS; i++)
        hours += f->count[p].hour[i].at != 0;
    put(b, name.n, 1);
    buf_put(b, name);
    put(b, hours, 1);
    for (unsigned i = 0; i < PX_COUNT_HOURS; i++)
        if (f->count[p].hour[i].at != 0)
            put_hour(b, &f->count[p].hour[i]);
}

void px_fleet_counts_keep(struct px_fleet *f)
{
    size_t room = 4 + (size_t)f->providers * PER_PROVIDER;
    char path[PX_STATE_PATH], *text;
    struct diag why = { 0 };
    struct buf b;

    if (f->count == NULL || !px_fleet_path(f, counters, path) || (text = malloc(room)) == NULL)
        return;
    b = buf_over(text, room);
    buf_str(&b, magic);
    for (unsigned p = 0; p < f->providers; p++)
        put_provider(f, p, &b);
    if (buf_ok(&b) && px_file_replace(path, buf_span(&b), 0640, &why) != OK)
        LOG(WARN, "counters.not_kept", F("why", (const char *)why.text));
    free(text);
}

/* ---- reading ---- */

static bool get(struct span *s, unsigned bytes, uint64_t *v)
{
    *v = 0;
    if (s->n < bytes)
        return false;
    for (unsigned i = 0; i < bytes; i++)
        *v |= (uint64_t)(unsigned char)s->p[i] << (8 * i);
    *s = span_drop(*s, bytes);
    return true;
}

static bool get_hour(struct span *s, struct px_count_slot *out)
{
    uint64_t v[NUMBERS];

    for (unsigned i = 0; i < NUMBERS; i++)
        if (!get(s, 8, &v[i]) || v[i] > INT64_MAX / 1024)
            return false; /* cut off, or no count there ever was */
    *out = (struct px_count_slot){
        .at = (int64_t)v[0],
        .sum = { v[1], v[2], v[3], v[4], v[5], v[6], v[7] },
        .peak = v[8],
    };
    return true;
}

static bool get_provider(struct px_fleet *f, struct span *s)
{
    uint64_t n, hours;
    struct px_count_slot slot;
    int p;

    if (!get(s, 1, &n) || s->n < n)
        return false;
    p = px_fleet_find(f, span_take(*s, n));
    *s = span_drop(*s, n);
    if (!get(s, 1, &hours))
        return false;
    for (; hours > 0; hours--) {
        if (!get_hour(s, &slot))
            return false;
        if (p >= 0)
            f->count[p].hour[(uint64_t)slot.at % PX_COUNT_HOURS] = slot;
    }
    return true;
}

void px_fleet_counts_load(struct px_fleet *f)
{
    char path[PX_STATE_PATH];
    struct diag why = { 0 };
    struct px_file file;
    struct span rest;

    if (!px_fleet_path(f, counters, path) ||
        px_file_read(path, 4 + LIMIT_PROVIDERS * PER_PROVIDER, &file, &why) != OK)
        return;
    rest = file.text;
    if (span_starts(rest, magic)) {
        rest = span_drop(rest, 4);
        while (rest.n > 0 && get_provider(f, &rest))
            continue;
    }
    px_file_close(&file);
}

void px_fleet_counts_tick(struct px_fleet *f, int64_t now_ms)
{
    if (f->counts_ms == 0)
        f->counts_ms = now_ms;
    if (now_ms - f->counts_ms < KEEP_MS)
        return;
    f->counts_ms = now_ms;
    px_fleet_counts_keep(f);
}
