/* proxy/cmd_nodes.h -- signalbox nodes: who is in the fleet, and does everybody know the same? */
#ifndef PX_CMD_NODES_H
#define PX_CMD_NODES_H
#include "proxy/cli.h"

extern const struct px_command px_cmd_nodes;
#endif
