/* proxy/cmd_adapter_ask.h -- what `signalbox adapter ask` reads: the body of an API request. */
#ifndef PX_CMD_ADAPTER_ASK_H
#define PX_CMD_ADAPTER_ASK_H
#include "routing/base/arena.h"
#include "routing/payment.h"

/* The body as the API takes it, understood by the code that understands it there. E_SYNTAX with the
 * field at fault in why. Text points into body and the arena. */
MUST enum err px_ask_payment(struct span body, enum rt_op op, struct arena *a,
                             struct rt_payment *out, struct diag *why);

/* The card number as it stands in the body, to find it again in a request; SPAN_NONE: there is
 * none.
 */
struct span px_ask_number(struct span body, struct arena *a);

/* A card number that payment providers publish for tests; nobody can be hurt by showing it. */
bool px_ask_test_card(struct span number);
#endif
