/* proxy/desk.h -- what a payment needs of the worker it runs on. One per worker; shared by nothing.
 */
#ifndef PX_DESK_H
#define PX_DESK_H
#include <stdbool.h>
#include <stdint.h>

#include "routing/base/limits.h"

struct ev_loop;
struct px_config;
struct px_credentials;
struct px_decisions_lane;
struct px_hmac;
struct px_journal;
struct px_mailbox;
struct px_payment;
struct px_pulse;
struct px_snapshot;
struct px_upstream;
struct px_view;

struct px_desk {
    struct ev_loop *loop;
    const struct px_config *config;
    const struct px_credentials *credentials;
    struct px_snapshot *snapshot;                  /* what payments are decided from now */
    struct px_pulse *pulse;                        /* how the providers are doing */
    struct px_view *view;                          /* what operators and other nodes say now */
    struct px_upstream *upstream[LIMIT_PROVIDERS]; /* same index as config->provider */
    struct px_journal *journal;
    struct px_decisions_lane *decisions; /* NULL: no log of them is kept */
    struct px_mailbox *mailbox;          /* where the journal's letters come back */
    struct px_hmac *keys;                /* provider keys, fingerprints, request digests */
    struct px_hmac *cards;               /* digests of cards, and nothing else */
    struct px_payment *flying;           /* every payment under way, newest first */
    unsigned flights;
    bool draining;
};

/* The index of a configured provider; -1 if there is none of that name. */
int px_desk_provider(const struct px_desk *d, const char *name);
#endif
