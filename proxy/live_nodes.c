/* proxy/live_nodes.c -- who else is there, and sums that each node adds its own part to.
 *
 * A node writes rt:n:<node> and its name with the time into rt:nodes. The others read the names,
 * then one hash for each. A sum is a hash with one field for each node, which only that node
 * writes: saying it twice, or again after Redis was emptied, changes nothing. */
#include <string.h>

#include "proxy/clock.h"
#include "proxy/live_inside.h"

enum {
    SHOWN_MS = 1000,
    NODE_KEPT_MS = 10000,
    NODE_LISTED_MS = 24 * 3600 * 1000, /* then the name goes from the list */
    HURRY_MS = 10000,
    SELF_FIELDS = 3,
};

static void on_heard(void *ctx, const struct px_resp_value *v)
{
    (void)px_live_heard(ctx, v);
}

/* ---- ourselves ---- */

static int64_t toggles_heard(const struct px_live *l)
{
    int64_t newest = 0;

    for (unsigned i = 0; i < l->words; i++)
        if (l->word[i].board == PX_LIVE_TOGGLES && l->word[i].t_ms > newest)
            newest = l->word[i].t_ms;
    return newest;
}

static void show_self(struct px_live *l, int64_t now_ms)
{
    struct span arg[2 + 2 * (SELF_FIELDS + PX_LIVE_PAIRS)] = { SPAN("HSET") };
    struct px_live_pair more[PX_LIVE_PAIRS];
    char key[PX_LIVE_KEY], nodes[PX_LIVE_KEY], text[4][24];
    struct buf b = BUF_OF(key), m = BUF_OF(nodes);
    struct buf t[4] = { BUF_OF(text[0]), BUF_OF(text[1]), BUF_OF(text[2]), BUF_OF(text[3]) };
    const char *name[SELF_FIELDS] = { "epoch", "t_ms", "toggles_ms" };
    struct span all = px_live_key(l, &m, "nodes", "");
    unsigned args = 2, extra;

    buf_u64(&t[0], l->c.epoch);
    buf_i64(&t[1], now_ms);
    buf_i64(&t[2], toggles_heard(l));
    buf_i64(&t[3], now_ms - NODE_LISTED_MS);
    arg[1] = px_live_key(l, &b, "n:", l->c.node);
    for (unsigned i = 0; i < SELF_FIELDS; i++) {
        arg[args++] = span_str(name[i]);
        arg[args++] = buf_span(&t[i]);
    }
    extra = l->events->self == NULL ? 0 : l->events->self(l->ctx, more, PX_LIVE_PAIRS);
    for (unsigned i = 0; i < extra; i++) {
        arg[args++] = span_str(more[i].name);
        arg[args++] = span_str(more[i].value);
    }
    (void)px_live_ask(l, arg, args, on_heard);
    (void)px_live_ask(l, (struct span[]){ SPAN("PEXPIRE"), arg[1], SPAN("10000") }, 3, on_heard);
    (void)px_live_ask(l, (struct span[]){ SPAN("ZADD"), all, buf_span(&t[1]), span_str(l->c.node) },
                      4, on_heard);
    if (now_ms - l->swept_ms > NODE_LISTED_MS / 24) {
        l->swept_ms = now_ms;
        (void)px_live_ask(
            l, (struct span[]){ SPAN("ZREMRANGEBYSCORE"), all, SPAN("-inf"), buf_span(&t[3]) }, 4,
            on_heard);
    }
    _Static_assert(NODE_KEPT_MS == 10000, "as in the command");
}

/* ---- the others ---- */

static void on_node(void *ctx, const struct px_resp_value *v)
{
    struct px_live_named *a = ctx;
    struct px_live *l = a->live;

    a->used = false;
    if (px_live_heard(l, v) && v->kind == PX_RESP_ARRAY && v->n > 0 && l->events->on_node != NULL)
        l->events->on_node(l->ctx, span_str(a->name), v);
}

static void read_node(struct px_live *l, struct span name)
{
    struct px_live_named *a = NULL;
    char key[PX_LIVE_KEY];
    struct buf b = BUF_OF(key);

    for (unsigned i = 0; i < PX_LIVE_NODES && a == NULL; i++)
        if (!l->named[i].used)
            a = &l->named[i];
    if (a == NULL || span_is(name, l->c.node) || span_copyz(name, a->name, sizeof a->name) != OK ||
        name.n == 0)
        return;
    a->live = l;
    a->used = px_live_send(l, (struct span[]){ SPAN("HGETALL"), px_live_key(l, &b, "n:", a->name) },
                           2, 0, on_node, a);
}

static void on_names(void *ctx, const struct px_resp_value *v)
{
    struct px_live *l = ctx;

    l->names_asked = false;
    if (!px_live_heard(l, v) || v->kind != PX_RESP_ARRAY)
        return;
    for (unsigned i = 0; i < v->n && i < PX_LIVE_NODES; i++)
        read_node(l, px_resp_text_at(v, i));
}

/* The latest sign first: of more nodes than we have room for, the living. */
static void read_names(struct px_live *l)
{
    char key[PX_LIVE_KEY];
    struct buf b = BUF_OF(key);

    _Static_assert(PX_LIVE_NODES == 64, "as in the command");
    if (!l->names_asked && l->events->on_node != NULL)
        l->names_asked =
            px_live_ask(l,
                        (struct span[]){ SPAN("ZREVRANGE"), px_live_key(l, &b, "nodes", ""),
                                         SPAN("0"), SPAN("63") },
                        4, on_names);
}

void px_live_hurry(struct px_live *l)
{
    l->hurry_ms = px_unix_ms() + HURRY_MS;
    l->shown_ms = 0;
}

void px_live_nodes_tick(struct px_live *l, int64_t now_ms)
{
    bool hurry = now_ms < l->hurry_ms;

    if (!px_resp_ready(l->redis, 4))
        return;
    if (hurry || now_ms - l->shown_ms >= SHOWN_MS) {
        l->shown_ms = now_ms;
        show_self(l, now_ms);
    }
    if (hurry || now_ms - l->names_ms >= l->c.nodes_ms) {
        l->names_ms = now_ms;
        read_names(l);
    }
}

/* ---- sums ---- */

static struct span sum_key(const struct px_live *l, struct buf *b, const char *name)
{
    char full[PX_LIVE_KEY];
    struct buf k = BUF_OF(full);

    buf_fmt(&k, "%s:%s", l->c.tenant, name);
    return px_live_key(l, b, "c:", buf_z(&k));
}

static bool is_sum_name(const char *name)
{
    return name[0] != '\0' && strlen(name) < PX_LIVE_SUM && strpbrk(name, " \t\r\n") == NULL;
}

bool px_live_sum_say(struct px_live *l, const char *name, int64_t a, int64_t b, int expire_s)
{
    char key[PX_LIVE_KEY], value[48], expire[24];
    struct buf k = BUF_OF(key), v = BUF_OF(value), e = BUF_OF(expire);

    if (!is_sum_name(name) || !px_resp_ready(l->redis, 2))
        return false;
    (void)sum_key(l, &k, name);
    buf_fmt(&v, "%lld %lld", (long long)a, (long long)b);
    buf_i64(&e, expire_s);
    return px_live_ask(
               l, (struct span[]){ SPAN("HSET"), buf_span(&k), span_str(l->c.node), buf_span(&v) },
               4, on_heard) &&
           px_live_ask(l, (struct span[]){ SPAN("EXPIRE"), buf_span(&k), buf_span(&e) }, 3,
                       on_heard);
}

static void on_sum(void *ctx, const struct px_resp_value *v)
{
    struct px_live_summing *s = ctx;
    struct px_live *l = s->live;
    struct px_live_part part = { .node = SPAN_NONE };

    s->used = false;
    if (!px_live_heard(l, v) || v->kind != PX_RESP_ARRAY) {
        s->cb(s->ctx, NULL);
        return;
    }
    for (unsigned i = 0; i + 1 < v->n; i += 2) {
        struct span text = px_resp_text_at(v, i + 1), a;

        part.node = px_resp_text_at(v, i);
        part.ours = span_is(part.node, l->c.node);
        if (span_cut(&text, ' ', &a) && span_i64(a, &part.a) == OK &&
            span_i64(text, &part.b) == OK && part.a >= 0 && part.b >= 0)
            s->cb(s->ctx, &part);
        else
            l->facts.refused++;
    }
    part.node = SPAN_NONE;
    s->cb(s->ctx, &part);
}

bool px_live_sum_read(struct px_live *l, const char *name, px_on_part *cb, void *ctx)
{
    struct px_live_summing *s = NULL;
    char key[PX_LIVE_KEY];
    struct buf b = BUF_OF(key);

    for (unsigned i = 0; i < PX_LIVE_SUMS && s == NULL; i++)
        if (!l->summing[i].used)
            s = &l->summing[i];
    if (s == NULL || !is_sum_name(name))
        return false;
    *s = (struct px_live_summing){ l, cb, ctx, true };
    s->used =
        px_live_send(l, (struct span[]){ SPAN("HGETALL"), sum_key(l, &b, name) }, 2, 0, on_sum, s);
    return s->used;
}
