/* proxy/live_sentinel.c -- who is the master? Asked of the sentinels in turn, once a second, and
 * told by the one that is asked. */
#include <string.h>

#include "proxy/live_inside.h"

enum { ASK_MS = 1000 };

static void next(struct px_live *l)
{
    l->sentinel_at = (l->sentinel_at + 1) % l->c.sentinels;
    px_resp_move(l->sentinel, &l->c.sentinel[l->sentinel_at], "next_sentinel");
    px_resp_move(l->sentinel_says, &l->c.sentinel[l->sentinel_at], "next_sentinel");
}

static bool place_of(struct span host, struct span text, struct px_resp_place *p)
{
    uint64_t port;

    *p = (struct px_resp_place){ .port = 0 };
    if (span_u64(text, &port) != OK || port == 0 || port > UINT16_MAX ||
        span_copyz(host, p->host, sizeof p->host) != OK)
        return false;
    p->port = (uint16_t)port;
    return p->host[0] != '\0';
}

static void go_to(struct px_live *l, const struct px_resp_place *p)
{
    if (p->port == l->c.redis.place.port && strcmp(p->host, l->c.redis.place.host) == 0)
        return;
    l->c.redis.place = *p;
    l->facts.switches++;
    px_resp_move(l->redis, p, "new_master");
    px_resp_move(l->pubsub, p, "new_master");
}

static void on_master(void *ctx, const struct px_resp_value *v)
{
    struct px_live *l = ctx;
    struct px_resp_place p;

    if (place_of(px_resp_text_at(v, 0), px_resp_text_at(v, 1), &p))
        go_to(l, &p);
    else /* no answer, or one that knows no such master */
        next(l);
}

/* "box 10.0.0.1 6379 10.0.0.2 6379": told at once; asking once a second finds it too. */
static void on_switch(void *ctx, struct span channel, struct span text)
{
    struct px_live *l = ctx;
    struct span word[5] = { SPAN_NONE };
    struct px_resp_place p;

    (void)channel;
    for (unsigned i = 0; i < 5; i++)
        if (!span_cut(&text, ' ', &word[i]))
            return;
    if (span_is(word[0], l->c.master) && place_of(word[3], word[4], &p))
        go_to(l, &p);
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
    static const struct px_resp_events listening = { .on_message = on_switch };
    struct px_resp_config c = l->c.redis;

    if (l->c.sentinels == 0)
        return true;
    c.place = l->c.sentinel[0];
    c.user = l->c.sentinel_user; /* the sentinels' own users are another matter */
    c.password = l->c.sentinel_password;
    c.db = 0;
    c.seed += 2;
    memset(c.channel, 0, sizeof c.channel);
    l->sentinel = px_resp_create(l->wire, dns, &c, &events, l);
    c.channel[0] = "+switch-master";
    c.seed++;
    l->sentinel_says = px_resp_create(l->wire, dns, &c, &listening, l);
    return l->sentinel != NULL && l->sentinel_says != NULL;
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
