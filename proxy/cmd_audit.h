/* proxy/cmd_audit.h -- signalbox audit: who did what, when and why; and is that all of it? */
#ifndef PX_CMD_AUDIT_H
#define PX_CMD_AUDIT_H
#include "proxy/cli.h"

extern const struct px_command px_cmd_audit;
#endif
