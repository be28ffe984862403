/* proxy/cmd_override.h -- override list, extend, clear: what operators have said and still holds.
 */
#ifndef PX_CMD_OVERRIDE_H
#define PX_CMD_OVERRIDE_H
#include "proxy/cli.h"

extern const struct px_command px_cmd_override_list, px_cmd_override_extend, px_cmd_override_clear;
#endif
