/* proxy/worker.h -- one thread, one loop: its own listener sockets, upstream pools and payments.
 *
 * Workers share nothing but what is immutable (configuration, credentials, TLS contexts) and the
 * journal, which they reach by letter. */
#ifndef PX_WORKER_H
#define PX_WORKER_H
#include <stdbool.h>
#include <stdint.h>

#include "routing/base/err.h"

struct px_config;
struct px_credentials;
struct px_decisions_lane;
struct px_journal;
struct px_mailbox;
struct px_note;
struct px_snapshot;
struct px_tls_server;
struct px_view;
struct px_worker;

struct px_worker_terms {
    const struct px_config *config;
    const struct px_credentials *credentials;
    struct px_journal *journal;
    struct px_decisions_lane *decisions; /* NULL: no log of them is kept */
    struct px_snapshot *snapshot;        /* what to decide from, until another is given */
    struct px_tls_server *tls;           /* NULL: clear text */
    struct px_view *view;   /* what operators and other nodes say, until another is given */
    struct px_mailbox *hub; /* where px_tally goes; NULL: nowhere */
    uint64_t node;          /* px_fleet_node_id() */
    const int *listen_fd;   /* this worker's own sockets; they stay the caller's */
    unsigned listen_fds;
    unsigned index;
    bool reconciles; /* exactly one worker of a process does */
};

/* Builds everything that can fail, then starts the thread. */
MUST enum err px_worker_start(const struct px_worker_terms *t, struct px_worker **out,
                              struct diag *why);
/* Any thread: connections from now on get this certificate. */
void px_worker_use_tls(struct px_worker *w, struct px_tls_server *tls);
/* Any thread: payments from now on are decided from this one; those under way keep theirs. */
void px_worker_use_snapshot(struct px_worker *w, struct px_snapshot *s);
/* Any thread: payments from now on see this one. The newest given is taken, those between are not.
 */
void px_worker_use_view(struct px_worker *w, struct px_view *v);
/* Any thread: its own px_tally back, or a px_foreign that is the worker's from now on. */
void px_worker_tell(struct px_worker *w, struct px_note *note);
/* Any thread: stop accepting, tell the clients, let payments land. */
void px_worker_drain(struct px_worker *w);
/* Waits for the thread and frees everything. After px_worker_drain. */
void px_worker_join(struct px_worker *w);
#endif
