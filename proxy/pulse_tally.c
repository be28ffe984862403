/* proxy/pulse_tally.c -- letters to and from the control thread: what was counted and learned in a
 * tick goes up, what others learned comes down. */
#include <stdlib.h>
#include <string.h>

#include "proxy/clock.h"
#include "proxy/config.h"
#include "proxy/mail.h"
#include "proxy/pulse_inside.h"
#include "proxy/view.h"
#include "routing/base/check.h"

/* ---- what is counted ---- */

void px_pulse_decided(struct px_pulse *p, const struct rt_payment *pay, bool routed)
{
    p->seen_currencies[pay->amount.cur / 64] |= UINT64_C(1) << pay->amount.cur % 64;
    p->seen_methods |= UINT32_C(1) << pay->method;
    p->payments++;
    p->no_route += !routed;
}

void px_pulse_volume(struct px_pulse *p, uint64_t revision, uint32_t commits, int64_t minor)
{
    if (commits == 0)
        return;
    if (p->volumes_of != revision) /* of the policy before: its last tick is lost with it */
        memset(p->volume, 0, sizeof p->volume);
    p->volumes_of = revision;
    for (unsigned i = 0; i < POL_COMMITS_MAX; i++) {
        if ((commits >> i & 1) == 0)
            continue;
        p->volume[i].payments++;
        if (__builtin_add_overflow(p->volume[i].minor, minor, &p->volume[i].minor))
            p->volume[i].minor = INT64_MAX;
    }
}

/* ---- up ---- */

static void put_provider(struct px_pulse *p, unsigned i, int64_t now_ns, int64_t now_ms,
                         struct px_tally_provider *out)
{
    struct px_pulse_seat *s = &p->seat[i];
    struct hl_watch_state state;

    hl_watch_state(p->watch, i, now_ns, &state);
    *out = (struct px_tally_provider){
        .chosen = s->sum.chosen,
        .attempts = s->sum.attempts,
        .approved = s->sum.approved,
        .soft = s->sum.soft,
        .hard = s->sum.hard,
        .failed = s->sum.failed,
        .unsent = s->sum.unsent,
        .latency = s->sum.latency,
        .flying = s->flying,
        .serving = state.serving,
        .admit_permille = (uint16_t)state.share_permille,
        .cause = state.cause,
        .since_ms = now_ms - (now_ns - state.since_ns) / 1000000,
        .probe_due_ms = state.until_ns == 0 ? 0 : now_ms + (state.until_ns - now_ns) / 1000000,
        .available_ppm = state.available_ppm,
        .approval_ppm = state.approval_ppm,
        .latency_ms = state.latency_ms,
    };
    memset(&s->sum, 0, sizeof s->sum);
}

/* The hub logs them. Those that do not fit wait for the next letter. */
static void put_moves(struct px_pulse *p, struct px_tally *t, int64_t now_ns)
{
    struct hl_move m;

    t->moves = 0;
    while (t->moves < PX_TALLY_MOVES && hl_watch_moved(p->watch, &m))
        t->move[t->moves++] = (struct px_tally_move){
            .provider = (uint8_t)m.provider,
            .from = m.from,
            .to = m.to,
            .admit_permille = t->provider[m.provider].admit_permille,
            .cause = m.cause,
            .at_ms = t->at_ms - (now_ns - m.at_ns) / 1000000,
        };
}

static void put_learned(struct px_pulse *p, struct px_tally *t, int64_t now_ns)
{
    hl_watch_collect(p->watch, &p->delta, now_ns);
    t->delta_n = hl_delta_is_empty(&p->delta)
                     ? 0
                     : hl_delta_pack(&p->delta, false, t->delta, sizeof t->delta);
}

void px_pulse_send(struct px_pulse *p, int64_t now_ns)
{
    struct px_tally *t = p->home[0] != NULL ? p->home[0] : p->home[1];

    if (t == NULL || p->hub == NULL)
        return; /* both are away: it goes on counting */
    p->home[t != p->home[0]] = NULL;
    t->note.kind = PX_NOTE_TALLY;
    t->worker = p->worker;
    t->at_ms = px_unix_ms();
    t->view_epoch = p->epoch;
    t->payments = p->payments;
    t->no_route = p->no_route;
    p->payments = p->no_route = 0;
    memcpy(t->seen_currencies, p->seen_currencies, sizeof t->seen_currencies);
    t->seen_methods = p->seen_methods;
    memset(p->seen_currencies, 0, sizeof p->seen_currencies);
    p->seen_methods = 0;
    t->providers = p->config->providers;
    for (unsigned i = 0; i < t->providers; i++)
        put_provider(p, i, now_ns, t->at_ms, &t->provider[i]);
    put_moves(p, t, now_ns);
    t->volumes_of = p->volumes_of;
    memcpy(t->volume, p->volume, sizeof t->volume);
    memset(p->volume, 0, sizeof p->volume);
    p->volumes_of = 0;
    put_learned(p, t, now_ns);
    px_mailbox_send(p->hub, &t->note.letter);
}

/* ---- down ---- */

static void hear(struct px_pulse *p, const struct px_foreign *x, int64_t now_ns)
{
    struct hl_delta_view d;

    if (hl_delta_open((struct span){ (const char *)x->delta, x->n }, &d) == OK)
        hl_watch_apply(p->watch, &d, x->node, (double)x->age_ms * 1e-3, now_ns);
}

static void come_home(struct px_pulse *p, struct px_tally *t)
{
    unsigned at = p->home[0] == NULL ? 0 : 1;

    CHECK(t == p->own[0] || t == p->own[1]);
    CHECK(p->home[at] == NULL);
    p->home[at] = t;
}

void px_pulse_note(struct px_pulse *p, struct px_note *note, int64_t now_ns)
{
    switch (note->kind) {
    case PX_NOTE_TALLY: come_home(p, (struct px_tally *)note); return;
    case PX_NOTE_FOREIGN:
        hear(p, (const struct px_foreign *)note, now_ns);
        free(note);
        return;
    }
}
