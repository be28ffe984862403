/* proxy/cmd_payment.h -- payment show, payment unresolved: the journal, for people. */
#ifndef PX_CMD_PAYMENT_H
#define PX_CMD_PAYMENT_H
#include "proxy/cli.h"

extern const struct px_command px_cmd_payment_show;
extern const struct px_command px_cmd_payment_unresolved;
#endif
