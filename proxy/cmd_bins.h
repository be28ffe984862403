/* proxy/cmd_bins.h -- `signalbox bins build`, `signalbox bins show`. */
#ifndef PX_CMD_BINS_H
#define PX_CMD_BINS_H
#include "proxy/cli.h"

extern const struct px_command px_cmd_bins_build, px_cmd_bins_show;
#endif
