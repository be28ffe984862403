/* proxy/cmd_status.h -- signalbox status: the fleet at a glance. */
#ifndef PX_CMD_STATUS_H
#define PX_CMD_STATUS_H
#include "proxy/cli.h"

extern const struct px_command px_cmd_status;
#endif
