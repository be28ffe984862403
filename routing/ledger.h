/* routing/ledger.h -- how much of a payment has moved, and what may still be asked of it.
 *
 * Always: captured + capture_pending <= authorized and refunded + refund_pending <=
 * captured + capture_pending. An amount is held before anything leaves and stays held for as long
 * as it may have moved, so that two operations can never promise the same money. */
#ifndef RT_LEDGER_H
#define RT_LEDGER_H
#include <stdbool.h>
#include <stdint.h>

#include "routing/outcome.h"
#include "routing/payment.h"

/* Whole minor units of the payment's currency. Zeroed: nothing is authorized, nothing may be asked.
 */
struct rt_ledger {
    int64_t authorized;
    int64_t captured, capture_pending;
    int64_t refunded, refund_pending;
    enum rt_state state;
};

/* The payment itself ended as `state`. authorized: what was approved, 0 if it was not. A provider
 * that captures by itself says so with its state (captured, capture_pending). */
void rt_ledger_open(struct rt_ledger *l, int64_t authorized, enum rt_state state);

/* What "all that is left" means for this operation; void: everything that was authorized. */
int64_t rt_ledger_left(const struct rt_ledger *l, enum rt_op op);

/* May this operation go out? RT_CODE_NONE, and the amount is held now; or why not, and nothing has
 * changed. A void holds no amount: that operations in doubt lock a payment is the journal's to see.
 */
enum rt_code rt_ledger_hold(struct rt_ledger *l, enum rt_op op, int64_t amount);

/* An operation ended, or is in doubt.
 *   in      held: what it holds; outcome RT_ERROR also for "never left us"; moved: how much of it
 *           an approved one moved.
 *   gives   what it goes on holding: held while the outcome is in doubt or still to come, else 0.
 *   errors  -1, and nothing has changed, when moved is not within 0..held, or when a capture moves
 *           less than refunds count on already. */
int64_t rt_ledger_settle(struct rt_ledger *l, enum rt_op op, int64_t held, enum rt_outcome outcome,
                         int64_t moved);

bool rt_ledger_sound(const struct rt_ledger *l);
#endif
