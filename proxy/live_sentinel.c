/* proxy/live_sentinel.c -- who is the master? Asked of the sentinels in turn, once a second. */
#include <string.h>

#include "proxy/live_inside.h"

enum { ASK_MS = 1000 };

static void next(struct px_live *l)
{
    l->sentinel_at = (l->sentinel_at + 1) % l->c.sentinels;
    px_resp_move(l->sentinel, &l->c.sentinel[l->sentinel_at], "next_sentinel");
}

static bool place_of(const struct px_resp_value *v, struct px_resp_place *p)
{
    uint64_t port;

    *p = (struct px_resp_place){ .port = 0 };
    if (span_u64(px_resp_text_at(v, 1), &port) != OK || port == 0 || port > UINT16_MAX ||
        span_copyz(px_resp_text_at(v, 0), p->host, sizeof p->host) != OK)
        return false;
    p->port = (uint16_t)port;
    return p->host[0] != '\0';
}

static void on_master(void *ctx, const struct px_resp_value *v)
{
    struct px_live *l = ctx;
    struct px_resp_place p;

    if (!place_of(v, &p)) { /* no answer, or one that knows no such master */
        next(l);
    } else if (p.port != l->c.redis.place.port || strcmp(p.host, l->c.redis.place.host) != 0) {
        l->c.redis.place = p;
        l->facts.switches++;
        px_resp_move(l->redis, &p, "new_master");
        px_resp_move(l->pubsub, &p, "new_master");
    }
}

static void ask(void *ctx)
{
    struct px_live *l = ctx;

    (void)px_resp_ask(
        l->sentinel,
        (struct span[]){ SPAN("SENTINEL"), SPAN("get-master-addr-by-name"), span_str(l->c.master) },
        3, 0, on_master, l);
}

bool px_live_sentinel_open(struct px_live *l, struct px_dns *dns)
{
    static const struct px_resp_events events = { .on_open = ask };
    struct px_resp_config c = l->c.redis;

    if (l->c.sentinels == 0)
        return true;
    c.place = l->c.sentinel[0];
    c.user = l->c.sentinel_user; /* the sentinels' own users are another matter */
    c.password = l->c.sentinel_password;
    c.db = 0;
    c.seed += 2;
    l->sentinel = px_resp_create(l->wire, dns, &c, &events, l);
    return l->sentinel != NULL;
}

void px_live_sentinel_tick(struct px_live *l, int64_t now_ms)
{
    if (l->sentinel == NULL || now_ms - l->sentinel_ms < ASK_MS)
        return;
    l->sentinel_ms = now_ms;
    if (px_resp_ready(l->sentinel, 1))
        ask(l);
    else
        next(l);
}
