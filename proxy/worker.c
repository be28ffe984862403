/* proxy/worker.c */
#include "proxy/worker.h"

#include <ev.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "proxy/api.h"
#include "proxy/clock.h"
#include "proxy/config.h"
#include "proxy/crypto.h"
#include "proxy/desk.h"
#include "proxy/dns.h"
#include "proxy/journal.h"
#include "proxy/log.h"
#include "proxy/mail.h"
#include "proxy/payment.h"
#include "proxy/pulse.h"
#include "proxy/reconcile.h"
#include "proxy/server.h"
#include "proxy/snapshot.h"
#include "proxy/tally.h"
#include "proxy/tls.h"
#include "proxy/upstream.h"
#include "proxy/view.h"
#include "routing/base/check.h"

enum { RECONCILE_EVERY_MS = 1000, LANDING_TICK_MS = 20 };

struct px_worker {
    struct px_worker_terms terms_;
    pthread_t thread_;
    bool running_;
    struct ev_loop *loop_;
    ev_async wake_; /* another thread wants something */
    atomic_bool drain_asked_;
    _Atomic(struct px_tls_server *) tls_given_;    /* NULL: none; ours to unref */
    _Atomic(struct px_snapshot *) snapshot_given_; /* the same */
    _Atomic(struct px_view *) view_given_;         /* the same */
    struct px_mailbox *notes_;                     /* from the hub: px_note */
    ev_timer landing_;                             /* while draining: are all payments down? */
    double landing_until_;
    bool drained_;   /* the server is */
    bool abandoned_; /* payments were still in the air: their memory is not ours to free */
    struct px_dns *dns_;
    struct px_tls_client *trust_[LIMIT_PROVIDERS];
    struct px_server *server_;
    struct px_reconcile *reconcile_;
    ev_timer pulse_;
    struct px_desk desk_;
};

static void on_pulse(struct ev_loop *loop, ev_timer *t, int revents)
{
    struct px_worker *w = t->data;

    (void)loop;
    (void)revents;
    px_pulse_tick(w->desk_.pulse, w->desk_.view, px_now_ns());
}

static void on_landing(struct ev_loop *loop, ev_timer *t, int revents)
{
    struct px_worker *w = t->data;
    bool late = ev_now(loop) >= w->landing_until_;
    bool down = w->desk_.flights == 0 && px_reconcile_idle(w->reconcile_);

    (void)revents;
    if (!late && !(down && w->drained_))
        return;
    if (!down) {
        LOG(WARN, "worker.abandons", F("worker", w->terms_.index), F("flights", w->desk_.flights));
        px_payment_abandon_all(&w->desk_);
        w->abandoned_ = true;
    }
    ev_break(loop, EVBREAK_ALL);
}

static void on_drained(void *ctx)
{
    struct px_worker *w = ctx;

    w->drained_ = true;
}

static void on_wake(struct ev_loop *loop, ev_async *a, int revents)
{
    struct px_worker *w = a->data;
    int deadline_ms = w->terms_.config->drain_ms;
    struct px_tls_server *tls = atomic_exchange(&w->tls_given_, NULL);
    struct px_snapshot *snapshot = atomic_exchange(&w->snapshot_given_, NULL);
    struct px_view *view = atomic_exchange(&w->view_given_, NULL);

    (void)revents;
    if (tls != NULL) {
        px_server_use_tls(w->server_, tls);
        px_tls_server_unref(tls);
    }
    if (snapshot != NULL) {
        px_snapshot_unref(w->desk_.snapshot);
        w->desk_.snapshot = snapshot;
    }
    if (view != NULL) {
        px_view_unref(w->desk_.view);
        w->desk_.view = view;
    }
    if (w->desk_.draining || !atomic_load(&w->drain_asked_))
        return;
    w->desk_.draining = true;
    if (w->reconcile_ != NULL)
        px_reconcile_stop(w->reconcile_);
    px_server_drain(w->server_, deadline_ms, on_drained, w);
    w->landing_until_ = ev_now(loop) + deadline_ms / 1e3;
    ev_timer_set(&w->landing_, LANDING_TICK_MS / 1e3, LANDING_TICK_MS / 1e3);
    ev_timer_start(loop, &w->landing_);
}

static void on_note(void *ctx, struct px_letter *l)
{
    struct px_worker *w = ctx;

    px_pulse_note(w->desk_.pulse, (struct px_note *)l, px_now_ns());
}

static enum err open_upstreams(struct px_worker *w, struct diag *why)
{
    const struct px_config *c = w->terms_.config;
    enum err e;

    for (unsigned i = 0; i < c->providers; i++) {
        const struct px_provider_config *p = &c->provider[i];
        struct px_upstream_config u;

        px_upstream_defaults(&u);
        u.name = p->name;
        u.host = p->host;
        u.port = p->port;
        u.tls = p->tls;
        u.speak = (unsigned)p->speak;
        u.connect_ms = p->connect_ms;
        u.response_ms = p->response_ms;
        u.idle_ms = p->idle_ms;
        u.connections_max = p->connections_max;
        u.waiting_max = p->waiting_max;
        if (p->tls &&
            (e = px_tls_client_create(&(struct px_tls_client_config){ .ca_file = p->ca_file },
                                      &w->trust_[i], why)) != OK)
            return e;
        e = px_upstream_create(w->loop_, &u, w->trust_[i], w->dns_, &w->desk_.upstream[i]);
        if (e != OK) {
            diag_set(why, "provider %s: can not set up its connections: %s", p->name, err_name(e));
            return e;
        }
    }
    return OK;
}

static enum err open_server(struct px_worker *w)
{
    const struct px_listen *l = &w->terms_.config->payments;
    struct px_server_config s;

    px_server_defaults(&s);
    s.listen_fd = w->terms_.listen_fd;
    s.listen_fds = w->terms_.listen_fds;
    s.tls = w->terms_.tls;
    s.handler = px_api_handle;
    s.ctx = &w->desk_;
    s.tls_ms = l->tls_ms;
    s.first_request_ms = l->first_request_ms;
    s.headers_ms = l->headers_ms;
    s.body_ms = l->body_ms;
    s.idle_ms = l->idle_ms;
    s.write_ms = l->write_ms;
    return px_server_create(w->loop_, &s, &w->server_);
}

/* Letters that came when the loop had ended. */
static void drop_notes(struct px_worker *w)
{
    struct px_letter *l = w->notes_ == NULL ? NULL : px_mailbox_rest(w->notes_), *next;

    for (; l != NULL; l = next) {
        next = l->next_;
        on_note(w, l);
    }
}

static void destroy(struct px_worker *w)
{
    if (w == NULL)
        return;
    px_reconcile_destroy(w->reconcile_);
    px_server_destroy(w->server_);
    for (unsigned i = 0; i < LIMIT_PROVIDERS; i++) {
        px_upstream_destroy(w->desk_.upstream[i]);
        px_tls_client_unref(w->trust_[i]);
    }
    drop_notes(w);
    px_pulse_destroy(w->desk_.pulse);
    px_dns_destroy(w->dns_);
    px_mailbox_destroy(w->desk_.mailbox);
    px_mailbox_destroy(w->notes_);
    px_hmac_destroy(w->desk_.keys);
    px_hmac_destroy(w->desk_.cards);
    px_tls_server_unref(atomic_load(&w->tls_given_));
    px_snapshot_unref(atomic_load(&w->snapshot_given_));
    px_snapshot_unref(w->desk_.snapshot);
    px_view_unref(atomic_load(&w->view_given_));
    px_view_unref(w->desk_.view);
    if (w->loop_ != NULL)
        ev_loop_destroy(w->loop_);
    free(w);
}

static void *run(void *arg)
{
    struct px_worker *w = arg;

    ev_run(w->loop_, 0);
    return NULL;
}

/* Signals belong to the control thread: a thread inherits the mask it was born with. */
static bool start_thread(struct px_worker *w)
{
    sigset_t all, before;
    int rc;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = pthread_create(&w->thread_, NULL, run, w);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc == 0;
}

enum err px_worker_start(const struct px_worker_terms *t, struct px_worker **out, struct diag *why)
{
    struct px_worker *w = calloc(1, sizeof *w);
    enum err e = E_NOMEM;

    if (w == NULL)
        return E_NOMEM;
    w->terms_ = *t;
    w->loop_ = ev_loop_new(EVFLAG_AUTO);
    if (w->loop_ == NULL)
        goto out;
    ev_async_init(&w->wake_, on_wake);
    ev_init(&w->landing_, on_landing);
    ev_timer_init(&w->pulse_, on_pulse, PX_PULSE_TICK_MS / 1e3, PX_PULSE_TICK_MS / 1e3);
    w->wake_.data = w->landing_.data = w->pulse_.data = w;
    ev_timer_start(w->loop_, &w->pulse_);
    ev_async_start(w->loop_, &w->wake_);
    w->desk_ = (struct px_desk){ .loop = w->loop_,
                                 .config = t->config,
                                 .credentials = t->credentials,
                                 .journal = t->journal,
                                 .decisions = t->decisions,
                                 .snapshot = px_snapshot_ref(t->snapshot),
                                 .view = px_view_ref(t->view) };
    w->desk_.mailbox = px_mailbox_create(w->loop_, px_journal_on_letter, NULL);
    w->notes_ = px_mailbox_create(w->loop_, on_note, w);
    w->desk_.keys = px_hmac_create(secret_reveal(t->config->key_derivation));
    w->desk_.cards = px_hmac_derive(secret_reveal(t->config->key_derivation),
                                    "signalbox: card digests of the journal, 1");
    if ((e = px_pulse_create(
             &(struct px_pulse_terms){
                 .config = t->config, .worker = t->index, .node = t->node, .hub = t->hub },
             px_now_ns(), &w->desk_.pulse)) != OK ||
        (e = px_dns_create(w->loop_, &w->dns_)) != OK || (e = open_upstreams(w, why)) != OK ||
        (e = open_server(w)) != OK)
        goto out;
    if (t->reconciles)
        w->reconcile_ = px_reconcile_create(&w->desk_, RECONCILE_EVERY_MS);
    if (!start_thread(w)) {
        e = E_NOMEM;
        goto out;
    }
    *out = w;
    w = NULL;
    e = OK;
out:
    destroy(w);
    return e;
}

void px_worker_use_tls(struct px_worker *w, struct px_tls_server *tls)
{
    px_tls_server_unref(atomic_exchange(&w->tls_given_, px_tls_server_ref(tls)));
    ev_async_send(w->loop_, &w->wake_);
}

void px_worker_use_snapshot(struct px_worker *w, struct px_snapshot *s)
{
    px_snapshot_unref(atomic_exchange(&w->snapshot_given_, px_snapshot_ref(s)));
    ev_async_send(w->loop_, &w->wake_);
}

void px_worker_use_view(struct px_worker *w, struct px_view *v)
{
    px_view_unref(atomic_exchange(&w->view_given_, px_view_ref(v)));
    ev_async_send(w->loop_, &w->wake_);
}

void px_worker_tell(struct px_worker *w, struct px_note *note)
{
    px_mailbox_send(w->notes_, &note->letter);
}

void px_worker_drain(struct px_worker *w)
{
    atomic_store(&w->drain_asked_, true);
    ev_async_send(w->loop_, &w->wake_);
}

void px_worker_join(struct px_worker *w)
{
    if (w == NULL)
        return;
    CHECK(pthread_join(w->thread_, NULL) == 0);
    if (!w->abandoned_) /* the journal may still be writing into letters of payments in the air */
        destroy(w);
}
