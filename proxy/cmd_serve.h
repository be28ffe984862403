/* proxy/cmd_serve.h -- `signalbox serve`. */
#ifndef PX_CMD_SERVE_H
#define PX_CMD_SERVE_H
struct px_command;

extern const struct px_command px_cmd_serve;
#endif
