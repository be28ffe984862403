/* proxy/cmd_try.h -- `signalbox route try`: who would be asked, and why. */
#ifndef PX_CMD_TRY_H
#define PX_CMD_TRY_H
#include "proxy/cli.h"

extern const struct px_command px_cmd_route_try;
#endif
