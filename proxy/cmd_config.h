/* proxy/cmd_config.h -- config check, config print, config reference; and how other commands load a
 * configuration. */
#ifndef PX_CMD_CONFIG_H
#define PX_CMD_CONFIG_H
#include "proxy/cli.h"
#include "proxy/config.h"

extern const struct px_command px_cmd_config_check, px_cmd_config_print, px_cmd_config_reference;

#define PX_CONFIG_FILE "/etc/signalbox/signalbox.yaml"

/* What --config, --set and the environment say, for a command with PX_OPTION_CONFIG and
 * PX_OPTION_SET. Mistakes (and warnings) are told on stderr.
 *   gives   PX_YES and *out, which the caller destroys; or the exit code. */
int px_cmd_config_load(const struct px_cli *c, struct px_config **out);
#endif
