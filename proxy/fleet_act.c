/* proxy/fleet_act.c -- operators' words: said here, heard from other nodes, kept over restarts. */
#include <string.h>

#include "proxy/config.h"
#include "proxy/fleet_blast.h"
#include "proxy/fleet_inside.h"
#include "proxy/log.h"
#include "proxy/toggle_file.h"
#include "routing/base/check.h"

enum { ON_ITS_WAY_MS = 2000 };

static const char overrides[] = "overrides.json";
static const int64_t kept_for_ms = INT64_C(30) * 24 * 3600 * 1000; /* words that hold nothing */

const char *px_order_name(enum px_order_act a)
{
    static const char *const name[PX_ORDERS_] = { "stop",  "drain",  "force-on",
                                                  "limit", "resume", "extend" };

    CHECK(a < PX_ORDERS_);
    return name[a];
}

bool px_order_find(struct span word, enum px_order_act *out)
{
    for (unsigned a = 0; a < PX_ORDERS_; a++) {
        if (span_is(word, px_order_name((enum px_order_act)a))) {
            *out = (enum px_order_act)a;
            return true;
        }
    }
    return false;
}

const struct px_toggle *px_fleet_toggle(const struct px_fleet *f, unsigned provider)
{
    CHECK(provider < f->providers);
    return &f->shown[provider];
}

/* ---- on disk ---- */

static bool worth_keeping(const struct px_toggle *t, int64_t now_ms)
{
    return t->set_ms != 0 && !px_toggle_is_over(t, now_ms) &&
           (px_toggle_holds(t) || now_ms - t->set_ms < kept_for_ms);
}

enum err px_fleet_words_keep(const struct px_fleet *f, struct diag *why)
{
    static struct px_toggle_kept kept[LIMIT_PROVIDERS];
    char path[PX_STATE_PATH];
    unsigned n = 0;

    if (!px_fleet_path(f, overrides, path))
        return OK; /* nothing is kept: said at the start */
    for (unsigned p = 0; p < f->providers; p++) {
        if (!worth_keeping(&f->word[p], px_fleet_now()))
            continue;
        px_fleet_text(span_str(f->config->provider[p].name), kept[n].provider,
                      sizeof kept[n].provider);
        kept[n++].toggle = f->word[p];
    }
    return px_toggle_save(path, kept, n, why);
}

static void keep(struct px_fleet *f)
{
    struct diag why = { 0 };

    if (px_fleet_words_keep(f, &why) != OK)
        LOG(ERROR, "override.not_kept", F("why", (const char *)why.text));
}

/* ---- in force ---- */

static bool in_force(const struct px_toggle *t, int64_t now_ms)
{
    return px_toggle_holds(t) && !px_toggle_is_over(t, now_ms);
}

static void show(struct px_fleet *f, unsigned p)
{
    f->shown[p] = f->word[p];
    if (f->holds[p])
        return;
    f->shown[p].admin = RT_ADMIN_AUTO;
    f->shown[p].limit_permille = RT_PERMILLE;
    f->shown[p].ops_all = f->shown[p].local = false;
}

/* What was kept from traffic comes back by probing, unless it is forced on. */
static void settle(struct px_fleet *f, unsigned p, bool withheld, int64_t now_ms)
{
    const struct px_toggle *t = &f->word[p];
    bool holds = in_force(t, now_ms);

    if (withheld && !(holds && (px_toggle_withholds(t) || t->admin == RT_ADMIN_FORCE_ON)))
        f->ended[p]++;
    f->holds[p] = holds;
    show(f, p);
    px_fleet_stale(f);
    f->word_epoch[p] = f->view->epoch + 1;
}

static bool withholds_now(const struct px_fleet *f, unsigned p)
{
    return f->holds[p] && px_toggle_withholds(&f->word[p]);
}

static void put_word(struct px_fleet *f, unsigned p, const struct px_toggle *t, int64_t now_ms)
{
    bool withheld = withholds_now(f, p);

    f->word[p] = *t;
    settle(f, p, withheld, now_ms);
    LOG(INFO, "override.said", F("provider", f->config->provider[p].name),
        F("admin", rt_admin_name(t->admin)), F("limit_permille", (unsigned)t->limit_permille),
        F("actor", (const char *)t->actor), F("reason", (const char *)t->reason),
        F("until_ms", t->until_ms), F("local", t->local));
}

void px_fleet_word_take(struct px_fleet *f, unsigned p, const struct px_toggle *t, int64_t now_ms)
{
    if (!px_toggle_is_newer(t, &f->word[p]))
        return;
    put_word(f, p, t, now_ms);
    px_fleet_renew(f);
    keep(f);
}

static bool is_local(const struct px_fleet *f, unsigned p, int64_t now_ms)
{
    const struct px_live_word *w =
        f->live == NULL ? NULL
                        : px_live_word_of(f->live, PX_LIVE_TOGGLES, f->config->provider[p].name);

    /* One that has just been said is on its way. */
    return w != NULL && w->local && px_toggle_holds(&f->word[p]) &&
           (!px_live_up(f->live) || now_ms - w->t_ms > ON_ITS_WAY_MS);
}

void px_fleet_words_tick(struct px_fleet *f, int64_t now_ms)
{
    bool moved = false;

    for (unsigned p = 0; p < f->providers; p++) {
        bool local = is_local(f, p, now_ms);

        if (f->word[p].local != local) {
            f->word[p].local = local;
            show(f, p);
            moved = true;
            px_fleet_stale(f);
        }
        if (!f->holds[p] || !px_toggle_is_over(&f->word[p], now_ms))
            continue;
        moved = true;
        settle(f, p, px_toggle_withholds(&f->word[p]), now_ms);
        LOG(INFO, "override.ended", F("provider", f->config->provider[p].name),
            F("admin", rt_admin_name(f->word[p].admin)));
    }
    if (moved)
        keep(f);
}

/* A word is confirmed when every worker has a view that is as new as the one that brought it. */
void px_fleet_words_seen(struct px_fleet *f)
{
    uint64_t seen = px_fleet_epoch_seen(f);

    for (unsigned p = 0; p < f->providers; p++)
        if (f->word[p].set_ms != f->confirmed_ms[p] && seen >= f->word_epoch[p]) {
            f->confirmed_ms[p] = f->word[p].set_ms;
            if (f->live != NULL)
                px_live_hurry(f->live);
        }
}

/* Ends that passed while we were down lead to probing like any other. */
void px_fleet_words_load(struct px_fleet *f)
{
    static struct px_toggle_kept kept[LIMIT_PROVIDERS];
    char path[PX_STATE_PATH];
    struct diag why = { 0 };
    int64_t now_ms = px_fleet_now();
    unsigned n = 0;

    for (unsigned p = 0; p < LIMIT_PROVIDERS; p++) {
        px_toggle_init(&f->word[p]);
        px_toggle_init(&f->shown[p]);
    }
    if (!px_fleet_path(f, overrides, path))
        return;
    if (px_toggle_load(path, kept, &n, &why) != OK)
        LOG(ERROR, "override.lost", F("why", (const char *)why.text));
    for (unsigned i = 0; i < n; i++) {
        int p = px_fleet_find(f, span_str(kept[i].provider));

        if (p < 0) {
            LOG(WARN, "override.of_nobody", F("provider", (const char *)kept[i].provider));
            continue;
        }
        f->word[p] = kept[i].toggle;
        settle(f, (unsigned)p, px_toggle_withholds(&f->word[p]) && px_toggle_holds(&f->word[p]),
               now_ms);
    }
}

/* ---- what an operator orders ---- */

static enum err refuse(struct diag *why, enum err e, const char *text, const char *help)
{
    diag_set(why, "%s", text);
    diag_help(why, "%s", help);
    return e;
}

/* The word an order would be. */
static enum err word_of(const struct px_fleet *f, const struct px_order *w, int64_t now_ms,
                        struct px_toggle *out, struct diag *why)
{
    static const enum rt_admin admin[PX_ORDERS_] = { [PX_ORDER_STOP] = RT_ADMIN_STOP,
                                                     [PX_ORDER_DRAIN] = RT_ADMIN_DRAIN,
                                                     [PX_ORDER_FORCE_ON] = RT_ADMIN_FORCE_ON };
    const struct px_toggle *held = &f->word[w->provider];
    const char *reason = w->reason;
    bool holds = in_force(held, now_ms);

    if ((w->act == PX_ORDER_RESUME || w->act == PX_ORDER_EXTEND) && !holds)
        return refuse(why, E_NOTFOUND, "there is no override of it", "");
    px_toggle_init(out);
    if (w->act == PX_ORDER_EXTEND)
        *out = *held;
    else
        out->admin = admin[w->act];
    if (w->act == PX_ORDER_LIMIT)
        out->limit_permille = w->limit_permille;
    if (w->act == PX_ORDER_LIMIT && w->limit_permille >= RT_PERMILLE)
        return refuse(why, E_SYNTAX, "a limit is less than all of it", "resume takes it away");
    out->ops_all = w->act == PX_ORDER_EXTEND ? held->ops_all : w->ops_all;
    out->until_ms = w->act == PX_ORDER_RESUME ? 0 : w->until_ms;
    out->set_ms = now_ms > held->set_ms ? now_ms : held->set_ms + 1;
    out->local = f->live != NULL && !px_live_up(f->live);
    if (span_copyz(span_str(w->actor), out->actor, sizeof out->actor) != OK)
        return refuse(why, E_SYNTAX, "the actor's name is too long", "");
    for (char *c = out->actor; *c != '\0'; c++)
        if (*c == ' ')
            *c = '-'; /* "uid 1004"; it travels as one word */
    if (w->act == PX_ORDER_RESUME && (w->reason == NULL || w->reason[0] == '\0'))
        reason = "resumed";
    if (span_copyz(span_str(reason), out->reason, sizeof out->reason) != OK)
        return refuse(why, E_SYNTAX, "the reason is too long: 199 bytes at most", "");
    return px_toggle_check(out, now_ms, why);
}

/* Who may get new payments, one provider's word being t. */
static uint32_t serving_mask(const struct px_fleet *f, unsigned p, const struct px_toggle *t,
                             int64_t now_ms)
{
    uint32_t mask = 0;

    for (unsigned i = 0; i < f->providers; i++) {
        const struct px_toggle *x = i == p ? t : &f->word[i];

        if (!in_force(x, now_ms) || !px_toggle_withholds(x))
            mask |= UINT32_C(1) << i;
    }
    return mask;
}

/* Who gets nothing although nobody says so: its breaker is open, and not overruled. */
static uint32_t sick_mask(const struct px_fleet *f, int64_t now_ms)
{
    uint32_t mask = 0;

    for (unsigned i = 0; i < f->providers; i++) {
        const struct px_toggle *x = &f->word[i];
        struct px_fleet_provider is;

        px_fleet_provider(f, i, &is);
        if (is.serving == HL_STOPPED && !(in_force(x, now_ms) && x->admin == RT_ADMIN_FORCE_ON))
            mask |= UINT32_C(1) << i;
    }
    return mask;
}

/* What the configuration names, and what was seen since the start. */
static struct px_uses uses_of(const struct px_fleet *f)
{
    struct px_uses u = f->seen;

    for (unsigned p = 0; p < f->providers; p++) {
        const struct px_provider_config *c = &f->config->provider[p];
        currency settles = currency_find(c->settles);

        u.methods |= c->methods;
        for (unsigned w = 0; w < 4; w++)
            u.currency[w] |= c->currencies[w];
        if (settles != CURRENCY_NONE)
            u.currency[settles / 64] |= UINT64_C(1) << settles % 64;
    }
    return u;
}

static void look(const struct px_fleet *f, unsigned p, const struct px_toggle *t, int64_t now_ms,
                 struct px_blast *out)
{
    uint32_t before = serving_mask(f, p, &f->word[p], now_ms);
    uint32_t after = serving_mask(f, p, t, now_ms);
    uint64_t chosen[LIMIT_PROVIDERS];
    int64_t pay[LIMIT_PROVIDERS], peak[LIMIT_PROVIDERS];
    struct px_fleet_provider is;
    struct px_uses uses;
    uint32_t sick;
    bool limited = t->admin == RT_ADMIN_AUTO && t->limit_permille < RT_PERMILLE;

    memset(out, 0, sizeof *out);
    for (unsigned i = 0; i < f->providers; i++) {
        px_fleet_provider(f, i, &is);
        chosen[i] = px_fleet_chosen(f, i, now_ms);
        pay[i] = is.fleet_pay_milli_s;
        peak[i] = is.peak_milli_s;
    }
    px_fleet_provider(f, p, &is);
    out->share_permille = is.fleet_share_permille;
    out->pay_milli_s = is.fleet_pay_milli_s;
    out->peak_milli_s = is.peak_milli_s;
    out->in_flight = is.fleet_in_flight;
    if ((after >> p & 1) != 0)
        return; /* nothing is taken from it */
    sick = sick_mask(f, now_ms);
    before &= ~sick;
    after &= ~sick;
    uses = uses_of(f);
    px_blast_kinds(f->config->facts, f->providers, before, after, &uses, out);
    px_blast_heirs(chosen, pay, peak, f->providers, p, after, limited ? t->limit_permille : 0, out);
}

enum err px_fleet_look(const struct px_fleet *f, const struct px_order *w, struct px_blast *out,
                       struct diag *why)
{
    int64_t now_ms = px_fleet_now();
    struct px_toggle t;
    enum err e;

    CHECK(w->provider < f->providers);
    if ((e = word_of(f, w, now_ms, &t, why)) != OK)
        return e;
    look(f, w->provider, &t, now_ms, out);
    return OK;
}

static enum err may(const struct px_fleet *f, const struct px_order *w, const struct px_toggle *t,
                    int64_t now_ms, struct diag *why)
{
    struct px_blast b;

    if (t->local && !w->local)
        return refuse(why, E_CLOSED, "Redis does not answer: only this node would hear it",
                      "--local does it on this node; the others hear it when Redis is back");
    look(f, w->provider, t, now_ms, &b);
    if (b.kinds == 0 || w->allow_no_route)
        return OK;
    diag_set(why, "%s would have no route%s", b.kind[0], b.kinds > 1 ? ", and more" : "");
    diag_help(why, "--allow-no-route does it all the same");
    return E_CONFLICT;
}

enum err px_fleet_may(const struct px_fleet *f, const struct px_order *w, struct diag *why)
{
    int64_t now_ms = px_fleet_now();
    struct px_toggle t;
    enum err e;

    CHECK(w->provider < f->providers);
    if ((e = word_of(f, w, now_ms, &t, why)) != OK)
        return e;
    return may(f, w, &t, now_ms, why);
}

enum err px_fleet_act(struct px_fleet *f, const struct px_order *w, struct px_toggle *said,
                      struct diag *why)
{
    int64_t now_ms = px_fleet_now();
    struct px_toggle t, before;
    enum err e;

    CHECK(w->provider < f->providers);
    if ((e = word_of(f, w, now_ms, &t, why)) != OK || (e = may(f, w, &t, now_ms, why)) != OK)
        return e;
    before = f->word[w->provider];
    f->word[w->provider] = t;
    if ((e = px_fleet_words_keep(f, why)) != OK) {
        f->word[w->provider] = before;
        return e;
    }
    f->word[w->provider] = before;
    put_word(f, w->provider, &t, now_ms);
    px_fleet_renew(f);
    if (f->live != NULL)
        px_fleet_live_say(f, w->provider, false);
    px_fleet_words_seen(f);
    *said = f->shown[w->provider];
    return OK;
}
