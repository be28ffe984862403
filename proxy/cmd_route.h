/* proxy/cmd_route.h -- `signalbox route …`. */
#ifndef PX_CMD_ROUTE_H
#define PX_CMD_ROUTE_H
struct px_command;

extern const struct px_command px_cmd_route_engine;
#endif
