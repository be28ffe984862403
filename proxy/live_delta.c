/* proxy/live_delta.c -- the stream: ours out, theirs in, each exactly once; and the snapshot. */
#include <stdlib.h>
#include <string.h>

#include "proxy/clock.h"
#include "proxy/live_inside.h"
#include "routing/base/check.h"
#include "routing/base/hash.h"

enum {
    KEPT_MS = 60000, /* older ones are dropped: counts only lose weight */
    PAGE = 256,      /* entries per read */
    PARTS_MAX = 64,  /* of a snapshot */
    COLLECT = 4,     /* deltas taken at one tick */
    SNAPSHOT_KEPT_MS = 7 * 24 * 3600 * 1000,
};

static int64_t age_of(int64_t t_ms)
{
    int64_t now = px_unix_ms();

    return t_ms < now ? now - t_ms : 0; /* their clock may be ahead of ours */
}

/* ---- ids ---- */

static bool id_of(struct span text, struct px_live_id *out)
{
    struct span ms;

    return span_cut(&text, '-', &ms) && span_u64(ms, &out->ms) == OK &&
           span_u64(text, &out->seq) == OK;
}

static bool before(struct px_live_id a, struct px_live_id b)
{
    return a.ms != b.ms ? a.ms < b.ms : a.seq < b.seq;
}

static struct span id_text(struct px_live_id id, struct buf *b)
{
    buf_u64(b, id.ms);
    buf_byte(b, '-');
    buf_u64(b, id.seq);
    return buf_span(b);
}

/* Nobody waits for these, and what is given up is done twice: so late is better than again. */
static bool ask_patiently(struct px_live *l, const struct span *arg, unsigned args, px_on_reply *cb)
{
    return px_live_send(l, arg, args, l->c.redis.silent_ms, cb, l);
}

/* ---- ours ---- */

static void drop_first(struct px_live *l)
{
    free(l->batch[l->batch_first].blob);
    l->batch_first = (l->batch_first + 1) % PX_LIVE_BATCHES;
    l->batches--;
}

static void keep(struct px_live *l, const void *blob, size_t n, int64_t now_ms)
{
    struct px_live_batch *b;
    char *copy;

    if (l->batches == PX_LIVE_BATCHES) {
        drop_first(l);
        l->facts.shed++;
    }
    copy = malloc(n);
    if (copy == NULL) {
        l->facts.shed++;
        return;
    }
    memcpy(copy, blob, n);
    b = &l->batch[(l->batch_first + l->batches++) % PX_LIVE_BATCHES];
    *b = (struct px_live_batch){ ++l->seq, now_ms, n, copy };
}

static void collect(struct px_live *l, int64_t now_ms)
{
    static char blob[HL_DELTA_BYTES]; /* the control thread's */
    size_t n;

    for (unsigned i = 0; i < COLLECT && l->events->collect != NULL; i++) {
        if ((n = l->events->collect(l->ctx, blob, sizeof blob)) == 0)
            break;
        keep(l, blob, n, now_ms);
    }
    while (l->batches > 0 && l->batch[l->batch_first].t_ms < now_ms - KEPT_MS) {
        drop_first(l);
        l->facts.shed++;
    }
}

static void send_first(struct px_live *l);

/* No answer: it may be in the stream or not. It is sent again under the same number, and whoever
 * has seen that number does not count it again. */
static void on_added(void *ctx, const struct px_resp_value *v)
{
    struct px_live *l = ctx;
    uint64_t sent = l->sending;

    l->sending = 0;
    if (!px_live_heard(l, v) || v->kind != PX_RESP_TEXT || !id_of(v->text, &l->own))
        return;
    l->facts.sent++;
    if (l->batches > 0 && l->batch[l->batch_first].seq == sent)
        drop_first(l);
    if (before(l->own, l->cursor)) /* the stream began anew; numbers keep us from doubling */
        l->cursor = (struct px_live_id){ 0, 0 };
    send_first(l);
}

static void send_first(struct px_live *l)
{
    const struct px_live_batch *f = &l->batch[l->batch_first];
    char key[PX_LIVE_KEY], text[3][24];
    struct buf b = BUF_OF(key), t[3] = { BUF_OF(text[0]), BUF_OF(text[1]), BUF_OF(text[2]) };

    if (l->batches == 0 || l->sending != 0 || !px_resp_ready(l->redis, 1))
        return;
    buf_u64(&t[0], l->c.epoch);
    buf_u64(&t[1], f->seq);
    buf_i64(&t[2], f->t_ms);
    if (ask_patiently(l,
                      (struct span[]){ SPAN("XADD"), px_live_key(l, &b, "d:", l->c.tenant),
                                       SPAN("MAXLEN"), SPAN("~"), SPAN("14400"), SPAN("*"),
                                       SPAN("node"), span_str(l->c.node), SPAN("epoch"),
                                       buf_span(&t[0]), SPAN("seq"), buf_span(&t[1]), SPAN("t_ms"),
                                       buf_span(&t[2]), SPAN("blob"),
                                       (struct span){ f->blob, f->n } },
                      16, on_added))
        l->sending = f->seq;
}

/* ---- theirs ---- */

struct entry {
    struct span node, blob;
    uint64_t epoch, seq;
    int64_t t_ms;
};

static bool read_entry(const struct px_resp_value *fields, struct entry *e)
{
    bool epoch = false, seq = false, t = false;

    *e = (struct entry){ .t_ms = 0 };
    for (unsigned i = 0; fields != NULL && i + 1 < fields->n; i += 2) {
        struct span name = px_resp_text_at(fields, i), v = px_resp_text_at(fields, i + 1);

        if (span_is(name, "node"))
            e->node = v;
        else if (span_is(name, "blob"))
            e->blob = v;
        else if (span_is(name, "epoch"))
            epoch = span_u64(v, &e->epoch) == OK;
        else if (span_is(name, "seq"))
            seq = span_u64(v, &e->seq) == OK;
        else if (span_is(name, "t_ms"))
            t = span_i64(v, &e->t_ms) == OK;
    }
    return epoch && seq && t && e->node.n > 0;
}

/* The page of this life of that node; the least recently used one if it is new to us. */
static struct px_live_origin *origin_of(struct px_live *l, uint64_t who)
{
    struct px_live_origin *o = &l->origin[0];

    for (unsigned i = 0; i < PX_LIVE_ORIGINS; i++) {
        if (l->origin[i].who == who)
            return &l->origin[i];
        if (l->origin[i].used_ms < o->used_ms)
            o = &l->origin[i];
    }
    *o = (struct px_live_origin){ .who = who };
    return o;
}

static bool is_ours(const struct px_live *l, const struct entry *e)
{
    return e->epoch == l->c.epoch && span_is(e->node, l->c.node);
}

static void take_entry(struct px_live *l, const struct entry *e)
{
    struct px_live_origin *o = origin_of(l, hash64(e->node, e->epoch));
    struct hl_delta_view d;

    o->used_ms = px_unix_ms();
    if (e->seq <= o->seq) {
        l->facts.doubles++;
        return;
    }
    o->seq = e->seq;
    if (hl_delta_open(e->blob, &d) != OK) {
        l->facts.refused++;
        return;
    }
    l->facts.applied++;
    if (l->events->apply != NULL)
        l->events->apply(l->ctx, e->node, age_of(e->t_ms), e->blob);
}

/* [[key, [[id, [name, value, ...]], ...]]]; gives how many entries there were. */
static unsigned take_page(struct px_live *l, const struct px_resp_value *v)
{
    const struct px_resp_value *page = px_resp_array_at(px_resp_array_at(v, 0), 1);
    struct px_live_id id;
    struct entry e;

    for (unsigned i = 0; page != NULL && i < page->n; i++) {
        const struct px_resp_value *one = px_resp_array_at(page, i);

        if (!id_of(px_resp_text_at(one, 0), &id))
            continue;
        l->cursor = id; /* first of all: whatever comes of it, it is not taken again */
        if (!read_entry(px_resp_array_at(one, 1), &e))
            l->facts.refused++;
        else if (!is_ours(l, &e))
            take_entry(l, &e);
    }
    return page == NULL ? 0 : page->n;
}

static void read_page(struct px_live *l);
static void write_snapshot(struct px_live *l);

static void on_page(void *ctx, const struct px_resp_value *v)
{
    struct px_live *l = ctx;

    l->reading = false;
    if (!px_live_heard(l, v))
        return;
    if (take_page(l, v) == PAGE)
        read_page(l);
    else if (l->snapshot_ours && l->batches == 0 && !before(l->cursor, l->own))
        write_snapshot(l);
}

static void read_page(struct px_live *l)
{
    char key[PX_LIVE_KEY], id[48];
    struct buf b = BUF_OF(key), i = BUF_OF(id);

    _Static_assert(PAGE == 256, "as in the command");
    if (!l->reading)
        l->reading = ask_patiently(
            l,
            (struct span[]){ SPAN("XREAD"), SPAN("COUNT"), SPAN("256"), SPAN("STREAMS"),
                             px_live_key(l, &b, "d:", l->c.tenant), id_text(l->cursor, &i) },
            6, on_page);
}

/* ---- the snapshot ---- */

static void restore(struct px_live *l, int64_t t_ms, struct span blob)
{
    struct hl_delta_view d;

    if (hl_delta_open(blob, &d) != OK)
        l->facts.refused++;
    else if (l->events->apply != NULL)
        l->events->apply(l->ctx, SPAN_NONE, age_of(t_ms), blob);
}

static struct span field_of(const struct px_resp_value *v, const char *name)
{
    for (unsigned i = 0; i + 1 < v->n; i += 2)
        if (span_is(px_resp_text_at(v, i), name))
            return px_resp_text_at(v, i + 1);
    return SPAN_NONE;
}

/* First the snapshot, then the stream from its id; without one, all of the stream. */
static void on_snapshot(void *ctx, const struct px_resp_value *v)
{
    struct px_live *l = ctx;
    int64_t t_ms;

    l->warming = false;
    if (!px_live_heard(l, v) || v->kind != PX_RESP_ARRAY)
        return;
    l->warm = true;
    if (id_of(field_of(v, "id"), &l->cursor) && span_i64(field_of(v, "t_ms"), &t_ms) == OK) {
        for (unsigned i = 0; i + 1 < v->n; i += 2)
            if (span_starts(px_resp_text_at(v, i), "blob"))
                restore(l, t_ms, px_resp_text_at(v, i + 1));
    } else {
        l->cursor = (struct px_live_id){ 0, 0 };
    }
    read_page(l);
}

static void read_snapshot(struct px_live *l)
{
    char key[PX_LIVE_KEY];
    struct buf b = BUF_OF(key);

    if (!l->warming)
        l->warming = ask_patiently(
            l, (struct span[]){ SPAN("HGETALL"), px_live_key(l, &b, "s:", l->c.tenant) }, 2,
            on_snapshot);
}

static void on_written(void *ctx, const struct px_resp_value *v)
{
    struct px_live *l = ctx;

    if (px_live_heard(l, v) && v->kind == PX_RESP_ARRAY)
        l->facts.snapshots++;
}

static void on_queued(void *ctx, const struct px_resp_value *v)
{
    (void)px_live_heard(ctx, v);
}

static bool hset(struct px_live *l, struct span key, const char *name, struct span value)
{
    return ask_patiently(l, (struct span[]){ SPAN("HSET"), key, span_str(name), value }, 4,
                         on_queued);
}

static void write_parts(struct px_live *l, struct span key)
{
    static char blob[HL_DELTA_BYTES];

    for (unsigned i = 0; i < PARTS_MAX; i++) {
        size_t n = l->events->snapshot(l->ctx, i, blob, sizeof blob);
        char name[16];
        struct buf b = BUF_OF(name);

        if (n == 0)
            return;
        buf_fmt(&b, "blob%u", i);
        (void)hset(l, key, buf_z(&b), (struct span){ blob, n });
    }
}

/* As of the cursor: all foreign entries up to it are in our cells, all of ours that are out are
 * behind it. What we learned since the last tick is in it and will come once more as a delta. */
static void write_snapshot(struct px_live *l)
{
    char name[PX_LIVE_KEY], id[48], text[2][24];
    struct buf b = BUF_OF(name), i = BUF_OF(id), t = BUF_OF(text[0]), e = BUF_OF(text[1]);
    struct span key = px_live_key(l, &b, "s:", l->c.tenant);

    if (l->events->snapshot == NULL || !px_resp_ready(l->redis, PARTS_MAX + 8))
        return;
    l->snapshot_ours = false;
    buf_i64(&t, px_unix_ms());
    buf_u64(&e, SNAPSHOT_KEPT_MS);
    (void)ask_patiently(l, (struct span[]){ SPAN("MULTI") }, 1, on_queued);
    (void)ask_patiently(l, (struct span[]){ SPAN("DEL"), key }, 2, on_queued);
    (void)hset(l, key, "id", id_text(l->cursor, &i));
    (void)hset(l, key, "t_ms", buf_span(&t));
    (void)hset(l, key, "node", span_str(l->c.node));
    write_parts(l, key);
    (void)ask_patiently(l, (struct span[]){ SPAN("PEXPIRE"), key, buf_span(&e) }, 3, on_queued);
    (void)ask_patiently(l, (struct span[]){ SPAN("EXEC") }, 1, on_written);
}

static void on_lock(void *ctx, const struct px_resp_value *v)
{
    struct px_live *l = ctx;

    if (px_live_heard(l, v))
        l->snapshot_ours = px_resp_is(v, "OK");
}

static void ask_lock(struct px_live *l, int64_t now_ms)
{
    char key[PX_LIVE_KEY], text[24];
    struct buf b = BUF_OF(key), t = BUF_OF(text);

    if (l->events->snapshot == NULL || now_ms - l->snapshot_ms < l->c.snapshot_ms)
        return;
    l->snapshot_ms = now_ms;
    buf_i64(&t, l->c.snapshot_ms - l->c.snapshot_ms / 10);
    (void)ask_patiently(l,
                        (struct span[]){ SPAN("SET"), px_live_key(l, &b, "lock:", l->c.tenant),
                                         span_str(l->me), SPAN("NX"), SPAN("PX"), buf_span(&t) },
                        6, on_lock);
}

/* ---- the tick ---- */

void px_live_delta_tick(struct px_live *l, int64_t now_ms)
{
    collect(l, now_ms);
    if (!px_resp_ready(l->redis, 4))
        return;
    send_first(l);
    if (!l->warm) {
        read_snapshot(l);
        return;
    }
    ask_lock(l, now_ms);
    read_page(l);
}

void px_live_delta_fini(struct px_live *l)
{
    while (l->batches > 0)
        drop_first(l);
}
