/* proxy/fleet_book.c -- what the whole node has learned, for those who start cold.
 *
 * The control thread keeps a book of its own, into which everything goes that workers and other
 * nodes tell. From it come the snapshot in Redis and, for a gateway that stands alone, a file: a
 * restart does not begin with nothing. Nobody decides from it. */
#include <stdlib.h>
#include <string.h>

#include "proxy/clock.h"
#include "proxy/config.h"
#include "proxy/file.h"
#include "proxy/fleet_inside.h"
#include "proxy/log.h"
#include "proxy/pulse.h"

enum {
    KEEP_MS = 60000,
    PARTS_MAX = 64,
    HEAD = 12, /* "SBL1", then when it was written, ms since 1970 */
    FILE_MAX = 4 << 20,
    AGE_MAX_MS = 7 * 24 * 3600 * 1000, /* older than that it tells nothing */
};

static const char learned[] = "learned.bin", magic[] = "SBL1";

enum err px_fleet_book_open(struct px_fleet *f)
{
    struct hl_watch_rules rules;
    size_t size;

    px_pulse_rules(f->config, &rules);
    size = hl_watch_size(&rules);
    f->book_memory = malloc(size);
    f->part = calloc(1, sizeof *f->part);
    if (f->book_memory == NULL || f->part == NULL)
        return E_NOMEM;
    f->book = hl_watch_init(f->book_memory, size, &rules, (uint64_t)f->started_ms, px_now_ns());
    return OK;
}

void px_fleet_book_close(struct px_fleet *f)
{
    free(f->book_memory);
    free(f->part);
}

void px_fleet_book_take(struct px_fleet *f, const struct hl_delta_view *d, uint64_t node,
                        int64_t age_ms)
{
    hl_watch_apply(f->book, d, node, (double)age_ms / 1e3, px_now_ns());
}

size_t px_fleet_book_part(void *ctx, unsigned part, void *out, size_t cap)
{
    struct px_fleet *f = ctx;

    if (!hl_watch_snapshot(f->book, part, f->part, px_now_ns()))
        return 0;
    return hl_delta_pack(f->part, true, out, cap);
}

/* ---- on disk ---- */

static void put_number(char *at, uint64_t v, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        at[i] = (char)(v >> (8 * i) & 0xff);
}

static uint64_t get_number(const char *at, unsigned bytes)
{
    uint64_t v = 0;

    for (unsigned i = 0; i < bytes; i++)
        v |= (uint64_t)(unsigned char)at[i] << (8 * i);
    return v;
}

/* Each part behind its length; what does not fit is left out. */
static size_t write_parts(struct px_fleet *f, char *room, size_t cap)
{
    size_t at = HEAD;

    memcpy(room, magic, 4);
    put_number(room + 4, (uint64_t)px_fleet_now(), 8);
    for (unsigned i = 0; i < PARTS_MAX && cap - at > 4; i++) {
        size_t n = px_fleet_book_part(f, i, room + at + 4, cap - at - 4);

        if (n == 0)
            break;
        put_number(room + at, n, 4);
        at += 4 + n;
    }
    return at;
}

void px_fleet_book_keep(struct px_fleet *f)
{
    char path[PX_STATE_PATH];
    struct diag why = { 0 };
    char *room;
    size_t n;

    if (f->live != NULL || !f->attached || !px_fleet_path(f, learned, path))
        return; /* in a fleet Redis has it */
    room = malloc(FILE_MAX);
    if (room == NULL)
        return;
    n = write_parts(f, room, FILE_MAX);
    if (px_file_replace(path, (struct span){ room, n }, 0640, &why) != OK)
        LOG(WARN, "learned.not_kept", F("why", (const char *)why.text));
    free(room);
}

/* The workers are told like of any other who learned it. */
static unsigned take_parts(struct px_fleet *f, struct span rest, int64_t age_ms)
{
    struct hl_delta_view d;
    unsigned parts = 0;

    while (rest.n > 4) {
        size_t n = get_number(rest.p, 4);

        rest = span_drop(rest, 4);
        if (n > rest.n || hl_delta_open(span_take(rest, n), &d) != OK)
            return parts; /* cut off, or of another version */
        px_fleet_delta_theirs(f, SPAN_NONE, age_ms, span_take(rest, n));
        rest = span_drop(rest, n);
        parts++;
    }
    return parts;
}

void px_fleet_book_load(struct px_fleet *f)
{
    char path[PX_STATE_PATH];
    struct diag why = { 0 };
    struct px_file file;
    int64_t age_ms;

    if (f->live != NULL || !px_fleet_path(f, learned, path) ||
        px_file_read(path, FILE_MAX, &file, &why) != OK)
        return;
    if (file.text.n > HEAD && memcmp(file.text.p, magic, 4) == 0) {
        age_ms = px_fleet_now() - (int64_t)get_number(file.text.p + 4, 8);
        if (age_ms >= 0 && age_ms < AGE_MAX_MS)
            LOG(INFO, "learned.restored",
                F("parts", take_parts(f, span_drop(file.text, HEAD), age_ms)),
                F("age_s", age_ms / 1000));
    }
    px_file_close(&file);
}

void px_fleet_book_tick(struct px_fleet *f, int64_t now_ms)
{
    if (f->book_ms == 0)
        f->book_ms = now_ms;
    if (now_ms - f->book_ms < KEEP_MS)
        return;
    f->book_ms = now_ms;
    px_fleet_book_keep(f);
}
