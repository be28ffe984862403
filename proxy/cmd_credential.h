/* proxy/cmd_credential.h -- credential new, credential list. */
#ifndef PX_CMD_CREDENTIAL_H
#define PX_CMD_CREDENTIAL_H
#include "proxy/cli.h"

extern const struct px_command px_cmd_credential_list, px_cmd_credential_new;
#endif
