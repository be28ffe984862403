/* proxy/control.c */
#include "proxy/control.h"

#include <errno.h>
#include <ev.h>
#include <netdb.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "proxy/admin/admin.h"
#include "proxy/admin/audit.h"
#include "proxy/admin/unresolved.h"
#include "proxy/clock.h"
#include "proxy/config.h"
#include "proxy/crypto.h"
#include "proxy/decisions.h"
#include "proxy/fleet.h"
#include "proxy/journal.h"
#include "proxy/log.h"
#include "proxy/rollout.h"
#include "proxy/snapshot.h"
#include "proxy/state.h"
#include "proxy/tls.h"
#include "proxy/worker.h"
#include "routing/base/check.h"

enum { BACKLOG = 1024, SECOND_SIGNAL_EXIT = 130 };

struct control {
    const struct px_config *config;
    struct ev_loop *loop;
    ev_signal term, intr, hup, usr1;
    const struct px_credentials *credentials;
    struct px_journal *journal;
    struct px_decisions *decisions;
    struct px_tls_server *tls;
    struct px_rollout *rollout; /* what is decided from */
    struct px_fleet *fleet;     /* operators' words, tallies, other nodes */
    struct px_worker *worker[LIMIT_WORKERS];
    int fd[LIMIT_WORKERS][PX_LISTEN_MAX];
    unsigned workers, fds;
    bool draining;
    char life[27]; /* what this process is called: owner of journal leases, name in views */
    struct px_audit *audit;           /* NULL: no state is kept */
    struct px_admin *admin;           /* NULL: not configured */
    struct px_unresolved *unresolved; /* counted for the admin API */
};

/* ---- signals ---- */

static void on_end(struct ev_loop *loop, ev_signal *s, int revents)
{
    struct control *k = s->data;

    (void)revents;
    if (k->draining) {
        LOG(WARN, "gateway.now", F("signal", s->signum));
        _exit(SECOND_SIGNAL_EXIT); /* crash-only: the journal knows what was in the air */
    }
    k->draining = true;
    LOG(INFO, "gateway.drains", F("signal", s->signum), F("deadline_ms", k->config->drain_ms));
    ev_break(loop, EVBREAK_ALL);
}

static enum err read_certificate(const struct px_listen *l, struct px_tls_server **out,
                                 struct diag *why)
{
    struct px_tls_server_config c = { .chain_file = l->certificate, .key_file = l->key };

    return px_tls_server_create(&c, out, why);
}

static void use_snapshot(void *ctx, struct px_snapshot *fresh)
{
    struct control *k = ctx;

    for (unsigned i = 0; i < k->workers; i++)
        px_worker_use_snapshot(k->worker[i], fresh);
    px_fleet_use_snapshot(k->fleet, fresh);
}

/* On any error the old certificate stays. */
static void renew_certificate(struct control *k)
{
    struct px_tls_server *fresh;
    struct diag why = { 0 };

    if (k->tls == NULL)
        return;
    if (read_certificate(&k->config->payments, &fresh, &why) != OK) {
        LOG(ERROR, "tls.reload_failed", F("why", (const char *)why.text));
        return;
    }
    px_tls_server_unref(k->tls);
    k->tls = fresh;
    for (unsigned i = 0; i < k->workers; i++)
        px_worker_use_tls(k->worker[i], fresh);
    LOG(INFO, "tls.reloaded", F("certificate", k->config->payments.certificate));
}

static void on_hup(struct ev_loop *loop, ev_signal *s, int revents)
{
    struct control *k = s->data;

    (void)loop;
    (void)revents;
    renew_certificate(k);
    px_admin_renew(k->admin);
    px_rollout_reload(k->rollout, "SIGHUP");
}

static void on_usr1(struct ev_loop *loop, ev_signal *s, int revents)
{
    struct control *k = s->data;

    (void)loop;
    (void)revents;
    if (px_log_open(k->config->log_file, k->config->log_level) != OK)
        LOG(ERROR, "log.reopen_failed", F("file", k->config->log_file));
    px_decisions_reopen(k->decisions);
}

static void watch(struct control *k, ev_signal *s, void (*cb)(struct ev_loop *, ev_signal *, int),
                  int signum)
{
    ev_signal_init(s, cb, signum);
    s->data = k;
    ev_signal_start(k->loop, s);
}

/* ---- sockets ---- */

static int listen_on(const struct px_address *a, struct diag *why)
{
    const int on = 1;
    int fd = socket(a->sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0 ||
        bind(fd, (const struct sockaddr *)&a->sa, a->len) != 0 || listen(fd, BACKLOG) != 0) {
        diag_set(why, "can not listen on %s: %s", a->text, strerror(errno));
        if (fd >= 0)
            close(fd);
        return -1;
    }
    return fd;
}

/* Port 0 means "any free one": the first worker's choice is everybody's. */
static void adopt_port(struct px_address *a, int fd)
{
    a->len = sizeof a->sa;
    CHECK(getsockname(fd, (struct sockaddr *)&a->sa, &a->len) == 0);
}

static void tell_address(const struct px_address *a)
{
    char host[64], port[8], text[80];

    if (getnameinfo((const struct sockaddr *)&a->sa, a->len, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return;
    struct buf b = buf_over(text, sizeof text);
    buf_fmt(&b, strchr(host, ':') != NULL ? "[%s]:%s" : "%s:%s", host, port);
    LOG(INFO, "gateway.listens", F("address", buf_z(&b)));
}

static enum err open_sockets(struct control *k, struct diag *why)
{
    const struct px_listen *l = &k->config->payments;

    for (unsigned i = 0; i < l->addresses; i++) {
        struct px_address a = l->address[i];

        for (unsigned w = 0; w < k->config->workers; w++) {
            k->fd[w][i] = listen_on(&a, why);
            if (k->fd[w][i] < 0)
                return E_IO;
            if (w == 0)
                adopt_port(&a, k->fd[w][i]);
        }
        k->fds++;
        tell_address(&a);
    }
    return OK;
}

/* ---- start and end ---- */

static enum err open_journal(struct control *k, struct diag *why)
{
    struct px_journal_config j = { .path = k->config->journal_path,
                                   .owner = k->life,
                                   .reattempts = k->config->rules.reattempts };

    return px_journal_open(&j, &k->journal, why);
}

static struct px_snapshot *snapshot_of(void *control)
{
    struct control *k = control;

    return px_rollout_snapshot(k->rollout);
}

static enum err open_audit(struct control *k, struct diag *why)
{
    char path[PX_STATE_PATH];

    if (k->config->state_path == NULL)
        return OK;
    if (!px_state_path(k->config->state_path, "audit.jsonl", path)) {
        diag_set(why, "the state folder's path is too long");
        return E_LIMIT;
    }
    return px_audit_open(path, &k->audit, why);
}

/* Before there are other threads: the socket is made under an umask of its own. */
static enum err open_admin(struct control *k, struct diag *why)
{
    struct px_admin_terms t = { .config = k->config,
                                .life = k->life,
                                .started_ms = px_unix_ms(),
                                .fleet = k->fleet,
                                .rollout = k->rollout,
                                .control = k,
                                .snapshot = snapshot_of };
    enum err e = open_audit(k, why);

    t.audit = k->audit;
    if (e != OK || k->config->admin.address.len == 0)
        return e;
    k->unresolved = px_unresolved_create(k->loop, k->journal);
    t.unresolved = k->unresolved;
    return px_admin_create(k->loop, &t, &k->admin, why);
}

static enum err open_decisions(struct control *k)
{
    const struct px_config *c = k->config;
    struct px_decisions_config d = { .path = c->decisions.path,
                                     .rotate_size = (int64_t)c->decisions.rotate_mib << 20,
                                     .keep = c->decisions.keep,
                                     .lanes = c->workers };

    return d.path == NULL ? OK : px_decisions_open(&d, &k->decisions);
}

/* ---- the fleet's hands ---- */

static void use_view(void *ctx, struct px_view *v)
{
    struct control *k = ctx;

    for (unsigned i = 0; i < k->workers; i++)
        px_worker_use_view(k->worker[i], v);
}

static void tell_worker(void *ctx, unsigned worker, struct px_note *note)
{
    struct control *k = ctx;

    px_worker_tell(k->worker[worker], note);
}

static void attach_fleet(struct control *k)
{
    px_fleet_attach(
        k->fleet, &(struct px_fleet_hands){
                      .use_view = use_view, .tell = tell_worker, .ctx = k, .workers = k->workers });
}

static enum err start(struct control *k, struct diag *why)
{
    const struct px_config *c = k->config;
    enum err e;

    if (!c->payments.cleartext && (e = read_certificate(&c->payments, &k->tls, why)) != OK)
        return e;
    if ((e = open_journal(k, why)) != OK ||
        (e = px_fleet_create(k->loop, c, px_rollout_snapshot(k->rollout), &k->fleet, why)) != OK ||
        (e = open_admin(k, why)) != OK || (e = open_decisions(k)) != OK ||
        (e = open_sockets(k, why)) != OK)
        return e;
    px_rollout_begin(k->rollout, use_snapshot, k);
    for (; k->workers < c->workers; k->workers++) {
        struct px_worker_terms t = { .config = c,
                                     .credentials = k->credentials,
                                     .journal = k->journal,
                                     .decisions = px_decisions_lane(k->decisions, k->workers),
                                     .snapshot = px_rollout_snapshot(k->rollout),
                                     .tls = k->tls,
                                     .view = px_fleet_view(k->fleet),
                                     .hub = px_fleet_mailbox(k->fleet),
                                     .node = px_fleet_node_id(k->fleet),
                                     .listen_fd = k->fd[k->workers],
                                     .listen_fds = k->fds,
                                     .index = k->workers,
                                     .reconciles = k->workers == 0 };

        if ((e = px_worker_start(&t, &k->worker[k->workers], why)) != OK)
            return e;
    }
    attach_fleet(k);
    return OK;
}

static void stop(struct control *k)
{
    px_admin_destroy(k->admin);
    px_unresolved_stop(k->unresolved);
    for (unsigned i = 0; i < k->workers; i++)
        px_worker_drain(k->worker[i]);
    for (unsigned i = 0; i < k->workers; i++)
        px_worker_join(k->worker[i]);
    px_decisions_close(k->decisions);
    px_fleet_destroy(k->fleet);
    if (k->journal != NULL)
        px_journal_close(k->journal);
    px_unresolved_destroy(k->unresolved);
    for (unsigned w = 0; w < k->config->workers; w++) {
        for (unsigned i = 0; i < PX_LISTEN_MAX; i++) {
            if (k->fd[w][i] >= 0)
                close(k->fd[w][i]);
        }
    }
    px_tls_server_unref(k->tls);
    px_audit_close(k->audit);
    ev_loop_destroy(k->loop);
}

enum err px_control_run(const struct px_config *c, const struct px_credentials *credentials,
                        struct px_rollout *rollout, struct diag *why)
{
    struct control k = { .config = c, .credentials = credentials, .rollout = rollout };
    enum err e;

    memset(k.fd, -1, sizeof k.fd);
    k.loop = ev_default_loop(0);
    if (k.loop == NULL)
        return E_NOMEM;
    px_id_make(px_unix_ms(), k.life);
    watch(&k, &k.term, on_end, SIGTERM);
    watch(&k, &k.intr, on_end, SIGINT);
    watch(&k, &k.hup, on_hup, SIGHUP);
    watch(&k, &k.usr1, on_usr1, SIGUSR1);
    e = start(&k, why);
    if (e == OK) {
        LOG(INFO, "gateway.ready", F("workers", k.workers), F("providers", c->providers));
        ev_run(k.loop, 0);
    }
    stop(&k);
    LOG(INFO, "gateway.stopped", F("ok", e == OK));
    return e;
}
