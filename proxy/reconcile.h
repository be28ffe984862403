/* proxy/reconcile.h -- takes up what nobody is working on: promises of a life that ended, payments
 * left in doubt, answers the provider still owes.
 *
 * Runs on one worker. It asks the provider for the state where that is possible, repeats operations
 * whose request needs no card, and otherwise leaves the record pending and listed; it never opens
 * another leg of a payment whose customer is gone. */
#ifndef PX_RECONCILE_H
#define PX_RECONCILE_H
#include <stdbool.h>

#include "proxy/desk.h"

struct px_reconcile;

struct px_reconcile *px_reconcile_create(struct px_desk *d, int every_ms); /* CHECKs allocation */
void px_reconcile_stop(struct px_reconcile *r);                            /* starts nothing more */
bool px_reconcile_idle(const struct px_reconcile *r); /* nothing out; NULL is idle */
void px_reconcile_destroy(struct px_reconcile *r);
#endif
