/* proxy/cmd_explain.h -- explain CODE: what a code or word of ours means. */
#ifndef PX_CMD_EXPLAIN_H
#define PX_CMD_EXPLAIN_H
#include "proxy/cli.h"

extern const struct px_command px_cmd_explain;
#endif
