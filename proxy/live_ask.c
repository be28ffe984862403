/* proxy/live_ask.c -- the one way out for commands: remembered until they are answered, so that one
 * whose key is just moving to another node of a cluster can be asked there again (ASK). */
#include <stdlib.h>
#include <string.h>

#include "proxy/live_inside.h"
#include "routing/base/check.h"

struct px_live_sent {
    struct px_live *live;
    px_on_reply *cb;
    void *ctx;
    int timeout_ms;
    struct px_live_sent *next_, **link_; /* of all that are out */
    unsigned args;
    struct span arg[]; /* with the bytes behind them */
};

static struct px_live_sent *keep(struct px_live *l, const struct span *arg, unsigned args)
{
    struct px_live_sent *s;
    size_t bytes = 0;
    char *at;

    for (unsigned i = 0; i < args; i++)
        bytes += arg[i].n;
    s = malloc(sizeof *s + args * sizeof s->arg[0] + bytes);
    if (s == NULL)
        return NULL;
    at = (char *)&s->arg[args];
    for (unsigned i = 0; i < args; i++) {
        if (arg[i].n > 0)
            memcpy(at, arg[i].p, arg[i].n);
        s->arg[i] = (struct span){ at, arg[i].n };
        at += arg[i].n;
    }
    s->live = l;
    s->args = args;
    s->next_ = l->sent_;
    s->link_ = &l->sent_;
    if (s->next_ != NULL)
        s->next_->link_ = &s->next_;
    l->sent_ = s;
    return s;
}

static void drop(struct px_live_sent *s)
{
    *s->link_ = s->next_;
    if (s->next_ != NULL)
        s->next_->link_ = s->link_;
    free(s);
}

static void finish(struct px_live_sent *s, const struct px_resp_value *v)
{
    px_on_reply *cb = s->cb;
    void *ctx = s->ctx;

    drop(s);
    if (cb != NULL)
        cb(ctx, v);
}

/* ---- ASK ---- */

static void on_aside(void *ctx, const struct px_resp_value *v)
{
    finish(ctx, v);
}

/* True once there is a connection to that node. Until then the command fails, and whoever sent it
 * comes again. */
static bool aside_ready(struct px_live *l, const struct px_resp_place *to)
{
    static const struct px_resp_events none = { .on_open = NULL };
    struct px_resp_config c = l->c.redis;

    if (l->aside == NULL) {
        memset(c.channel, 0, sizeof c.channel);
        c.place = *to;
        c.seed += 3;
        l->aside = px_resp_create(l->wire, l->dns, &c, &none, l);
        l->aside_at = *to;
    } else if (l->aside_at.port != to->port || strcmp(l->aside_at.host, to->host) != 0) {
        l->aside_at = *to;
        px_resp_move(l->aside, to, "asked");
        return false;
    }
    return l->aside != NULL && px_resp_ready(l->aside, 2);
}

static bool ask_aside(struct px_live_sent *s, struct span error)
{
    struct px_live *l = s->live;
    struct px_resp_place to;

    if (!px_live_place_of(error, &to) || !aside_ready(l, &to))
        return false;
    l->facts.asked_aside++;
    return px_resp_ask(l->aside, (struct span[]){ SPAN("ASKING") }, 1, 0, NULL, NULL) &&
           px_resp_ask(l->aside, s->arg, s->args, s->timeout_ms, on_aside, s);
}

static void on_answer(void *ctx, const struct px_resp_value *v)
{
    struct px_live_sent *s = ctx;

    if (v == NULL || v->kind != PX_RESP_ERROR || !span_starts(v->text, "ASK ") ||
        !ask_aside(s, v->text))
        finish(s, v);
}

/* ---- the door ---- */

bool px_live_send(struct px_live *l, const struct span *arg, unsigned args, int timeout_ms,
                  px_on_reply *cb, void *ctx)
{
    struct px_live_sent *s;

    if (!px_resp_ready(l->redis, 1) || (s = keep(l, arg, args)) == NULL)
        return px_resp_ask(l->redis, arg, args, timeout_ms, cb, ctx); /* counted as dropped */
    s->cb = cb;
    s->ctx = ctx;
    s->timeout_ms = timeout_ms;
    if (px_resp_ask(l->redis, s->arg, args, timeout_ms, on_answer, s))
        return true;
    drop(s);
    return false;
}

bool px_live_ask(struct px_live *l, const struct span *arg, unsigned args, px_on_reply *cb)
{
    return px_live_send(l, arg, args, 0, cb, l);
}

void px_live_send_fini(struct px_live *l)
{
    while (l->sent_ != NULL)
        drop(l->sent_);
}
