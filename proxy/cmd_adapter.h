/* proxy/cmd_adapter.h -- `signalbox adapter judge|ask|decline`: for whoever integrates or debugs a
 * provider. */
#ifndef PX_CMD_ADAPTER_H
#define PX_CMD_ADAPTER_H
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct px_adapter;
struct px_cli;
struct px_command;
struct rt_judgement;

extern const struct px_command px_cmd_adapter_ask, px_cmd_adapter_decline, px_cmd_adapter_judge;

/* A whole file, or standard input for "-", with room for one more byte; NULL with a complaint. The
 * caller frees it. */
char *px_adapter_slurp(const struct px_cli *c, const char *name, size_t *n);
/* --provider; NULL with a complaint that names the ones there are. */
const struct px_adapter *px_adapter_named(const struct px_cli *c);

/* A member, unless the text is empty. */
void px_adapter_put(json_t *o, const char *name, const char *text);
void px_adapter_put_bool(json_t *o, const char *name, bool v);
/* normalized, category, the two retry answers, raw_code, iso8583, mac. */
void px_adapter_put_reason(json_t *o, const struct rt_judgement *j);
#endif
