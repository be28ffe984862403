/* proxy/cmd_simulate.h -- policy simulate: what another policy would have done with past payments.
 */
#ifndef PX_CMD_SIMULATE_H
#define PX_CMD_SIMULATE_H
#include "proxy/cli.h"

extern const struct px_command px_cmd_policy_simulate;
#endif
