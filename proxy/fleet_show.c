/* proxy/fleet_show.c -- what people are shown. */
#include <string.h>

#include "proxy/config.h"
#include "proxy/fleet_inside.h"
#include "proxy/snapshot.h"
#include "routing/base/check.h"

bool px_fleet_is_there(const struct px_fleet_other *o, int64_t now_ms)
{
    return now_ms - o->read_ms < PX_FLEET_STALE_MS;
}

/* ---- providers ---- */

uint64_t px_fleet_chosen(const struct px_fleet *f, unsigned p, int64_t now_ms)
{
    uint64_t n = px_counts_sum(&f->count[p], PX_OVER_15M, now_ms).chosen;

    for (unsigned i = 0; i < f->others; i++)
        if (px_fleet_is_there(&f->other[i], now_ms))
            n += (uint64_t)f->other[i].provider[p].chosen;
    return n;
}

static void put_shares(const struct px_fleet *f, unsigned p, int64_t now_ms,
                       struct px_fleet_provider *out)
{
    uint64_t here = 0, fleet = 0;

    for (unsigned i = 0; i < f->providers; i++) {
        here += px_counts_sum(&f->count[i], PX_OVER_15M, now_ms).chosen;
        fleet += px_fleet_chosen(f, i, now_ms);
    }
    out->share_permille =
        px_share_permille(px_counts_sum(&f->count[p], PX_OVER_15M, now_ms).chosen, here);
    out->fleet_share_permille = px_share_permille(px_fleet_chosen(f, p, now_ms), fleet);
    out->fleet_pay_milli_s = out->pay_milli_s;
    out->fleet_in_flight = out->in_flight;
    for (unsigned i = 0; i < f->others; i++) {
        if (!px_fleet_is_there(&f->other[i], now_ms))
            continue;
        out->fleet_pay_milli_s += f->other[i].provider[p].pay_milli_s;
        out->fleet_in_flight += f->other[i].provider[p].flying;
    }
}

static int32_t approval(const struct px_count *c)
{
    return px_share_ppm(c->approved, c->approved + c->soft + c->hard);
}

static void put_counts(const struct px_fleet *f, unsigned p, int64_t now_ms,
                       struct px_fleet_provider *out)
{
    const struct px_counts *c = &f->count[p];
    struct px_count now = px_counts_sum(c, PX_OVER_10S, now_ms);
    struct px_count recent = px_counts_sum(c, PX_OVER_15M, now_ms);
    struct px_count week = px_counts_sum(c, PX_OVER_7D, now_ms);

    out->pay_milli_s = px_counts_milli(now.attempts);
    out->peak_milli_s = px_counts_peak_milli(c, now_ms);
    out->approval_ppm_15m = approval(&recent);
    out->approval_ppm_7d = approval(&week);
    out->error_ppm_15m =
        px_share_ppm(recent.failed + recent.unsent,
                     recent.failed + recent.unsent + recent.approved + recent.soft + recent.hard);
    out->p50_ms = px_counts_quantile(c, 500, now_ms);
    out->p99_ms = px_counts_quantile(c, 990, now_ms);
    out->attempts = c->all.attempts;
    out->approved = c->all.approved;
    out->soft = c->all.soft;
    out->hard = c->all.hard;
    out->failed = c->all.failed;
    out->unsent = c->all.unsent;
}

void px_fleet_provider(const struct px_fleet *f, unsigned p, struct px_fleet_provider *out)
{
    const struct px_fleet_seen *s = &f->merged[p];
    int64_t now_ms = px_fleet_now();

    CHECK(p < f->providers);
    memset(out, 0, sizeof *out);
    out->serving = s->serving;
    out->admit_permille = s->admit_permille;
    px_fleet_text(span_str(s->cause), out->cause, sizeof out->cause);
    out->since_ms = s->since_ms;
    out->nodes_open = px_fleet_nodes_open(f, p, now_ms);
    out->may_probe = (f->view->may_probe >> p & 1) != 0;
    out->in_flight = s->flying;
    out->available_ppm = s->available_ppm;
    out->approval_ppm = s->approval_ppm;
    out->latency_ms = s->latency_ms;
    put_counts(f, p, now_ms, out);
    put_shares(f, p, now_ms, out);
}

/* ---- nodes ---- */

unsigned px_fleet_confirmed(const struct px_fleet *f, unsigned provider, int64_t set_ms,
                            unsigned *of)
{
    int64_t now_ms = px_fleet_now();
    unsigned n = f->confirmed_ms[provider] >= set_ms;

    *of = 1;
    for (unsigned i = 0; i < f->others; i++) {
        if (!px_fleet_is_there(&f->other[i], now_ms))
            continue;
        ++*of;
        n += f->other[i].provider[provider].set_ms >= set_ms;
    }
    return n;
}

static void revision_of(const struct px_snapshot *s, char out[20])
{
    struct buf b = buf_over(out, 20);

    if (s != NULL && s->policy.program != NULL)
        buf_fmt(&b, "%016llx", (unsigned long long)pol_program_revision(s->policy.program));
    (void)buf_z(&b);
}

static void put_self(const struct px_fleet *f, int64_t now_ms, struct px_fleet_node *out)
{
    int64_t sum = 0;

    memset(out, 0, sizeof *out);
    px_fleet_text(span_str(f->node), out->name, sizeof out->name);
    out->self = out->in_sync = true;
    out->heard_ms = now_ms;
    out->started_ms = f->started_ms;
    out->view_epoch = px_fleet_epoch_seen(f);
    if (out->view_epoch == UINT64_MAX)
        out->view_epoch = f->view->epoch;
    revision_of(f->snapshot, out->policy);
    px_fleet_text(span_str(f->config_hash), out->config, sizeof out->config);
    for (unsigned p = 0; p < f->providers; p++) {
        sum += px_counts_milli(px_counts_sum(&f->count[p], PX_OVER_10S, now_ms).chosen);
        out->in_sync &= f->confirmed_ms[p] == f->word[p].set_ms;
    }
    out->pay_milli_s = sum;
}

static void put_other(const struct px_fleet *f, const struct px_fleet_other *o, int64_t now_ms,
                      const struct px_fleet_node *self, struct px_fleet_node *out)
{
    *out = o->node;
    out->stale = !px_fleet_is_there(o, now_ms);
    out->in_sync = !out->stale && strcmp(out->policy, self->policy) == 0;
    for (unsigned p = 0; p < f->providers; p++)
        out->in_sync &= o->provider[p].set_ms >= f->word[p].set_ms;
}

unsigned px_fleet_nodes(const struct px_fleet *f, struct px_fleet_node *out, unsigned max)
{
    int64_t now_ms = px_fleet_now();
    unsigned n = 0;

    if (max == 0)
        return 0;
    put_self(f, now_ms, &out[n++]);
    for (unsigned i = 0; i < f->others && n < max; i++)
        put_other(f, &f->other[i], now_ms, &out[0], &out[n++]);
    return n;
}

/* ---- the rest ---- */

void px_fleet_link(const struct px_fleet *f, struct px_fleet_link *out)
{
    memset(out, 0, sizeof *out);
    out->node = f->node;
    out->why = "";
    out->configured = f->live != NULL;
    if (f->live == NULL)
        return;
    out->facts = px_live_facts(f->live);
    out->up = px_live_up(f->live);
    out->heard_ms = out->facts.heard_ms;
    if (!out->up)
        out->why = out->facts.redis.open ? "it does not answer" : out->facts.redis.why;
    for (unsigned p = 0; p < f->providers; p++)
        out->local_only += f->word[p].local;
}

unsigned px_fleet_conflicts(const struct px_fleet *f, struct px_fleet_conflict *out, unsigned max)
{
    unsigned n = f->conflicts < PX_FLEET_CONFLICTS ? f->conflicts : PX_FLEET_CONFLICTS;

    if (n > max)
        n = max;
    for (unsigned i = 0; i < n; i++)
        out[i] = f->conflict[(f->conflicts - 1 - i) % PX_FLEET_CONFLICTS];
    return n;
}
