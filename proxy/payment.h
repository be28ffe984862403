/* proxy/payment.h -- one payment under way: feeds routing/flight.c what happened, does what it
 * says.
 *
 * There is no opinion about money in here. A payment lives from its promise until the flight has
 * landed; the customer may have been answered long before. */
#ifndef PX_PAYMENT_H
#define PX_PAYMENT_H
#include <stdbool.h>

#include "health/book.h"
#include "proxy/desk.h"
#include "proxy/journal.h"
#include "proxy/server.h"
#include "routing/plan.h"
#include "routing/verdict.h"

struct px_decided;
struct px_payment;
struct px_wish;

/* A wish with whom to ask, ready to be promised. Its text lives in the request's arena. */
struct px_decision {
    const struct px_wish *wish;
    struct rt_plan plan;
    struct rt_verdict verdict; /* into the desk's snapshot; zeroed for operations */
    uint32_t commits;          /* commitments it counts for once approved */
    struct hl_card card;       /* what is learned from it belongs to this */
    unsigned char fingerprint[PX_DIGEST];
    const struct px_record *parent; /* operations: the payment; lent for the call */
    struct px_decided *note;        /* for the log of decisions, in the request's arena; or NULL */
    struct span request_id;
    int64_t took_ns; /* to decide */
};

/* Takes req over: it will be answered, and done when the flight has landed. */
void px_payment_begin(struct px_desk *desk, struct px_request *req, const struct px_decision *d);

/* Takes an ownerless record over for reconciliation; nobody waits for it. `on_end` tells when the
 * flight has landed (or the record was not to be had). */
void px_payment_reconcile(struct px_desk *d, const struct px_record *r, void (*on_end)(void *ctx),
                          void *ctx);

/* The process is stopping and will not wait longer: customers still waiting get 202, the records
 * stay open for the next life. */
void px_payment_abandon_all(struct px_desk *d);
#endif
