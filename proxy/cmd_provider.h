/* proxy/cmd_provider.h -- provider show, stop, drain, resume, force-on, limit; breaker history and
 * its other names for the same acts. */
#ifndef PX_CMD_PROVIDER_H
#define PX_CMD_PROVIDER_H
#include "proxy/cli.h"

extern const struct px_command px_cmd_provider_show, px_cmd_provider_stop, px_cmd_provider_drain,
    px_cmd_provider_resume, px_cmd_provider_force_on, px_cmd_provider_limit;
extern const struct px_command px_cmd_breaker_history, px_cmd_breaker_open, px_cmd_breaker_close,
    px_cmd_breaker_reset;
#endif
