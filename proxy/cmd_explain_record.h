/* proxy/cmd_explain_record.h -- route explain: why a recorded payment went where it went. */
#ifndef PX_CMD_EXPLAIN_RECORD_H
#define PX_CMD_EXPLAIN_RECORD_H
#include "proxy/cli.h"

extern const struct px_command px_cmd_route_explain;
#endif
