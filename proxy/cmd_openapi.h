/* proxy/cmd_openapi.h -- openapi: the API's contract on stdout. */
#ifndef PX_CMD_OPENAPI_H
#define PX_CMD_OPENAPI_H
#include "proxy/cli.h"

extern const struct px_command px_cmd_openapi;
#endif
