/* proxy/cmd_act.h -- doing something to a provider: looked at, asked back, done, confirmed by every
 * node, and how to undo it. */
#ifndef PX_CMD_ACT_H
#define PX_CMD_ACT_H
#include <stdint.h>

#include "proxy/admin_client.h"
#include "proxy/cli.h"

#define PX_OPTION_REASON                                                                           \
    {                                                                                              \
        "reason", 'r', "TEXT", "why; required, everybody will read it"                             \
    }
#define PX_OPTION_FOR                                                                              \
    {                                                                                              \
        "for", 0, "DURATION", "how long: 30m, 6h, 2d; then it is probed"                           \
    }
/* What every act takes. */
#define PX_OPTIONS_ACT                                                                             \
    { "dry-run", 0, NULL, "tell what it would do, and do nothing" },                               \
        { "yes", 'y', NULL, "do not ask back" },                                                   \
        { "wait", 0, "DURATION", "for every node to have it (default 10s; 0: not at all)" },       \
        { "local", 0, NULL, "with Redis away: on this node alone" }, PX_OPTION_ADMIN
/* And those that keep traffic away. */
#define PX_OPTIONS_HOLD                                                                            \
    PX_OPTION_REASON, PX_OPTION_FOR, { "until-resumed", 0, NULL, "instead of --for: no end" },     \
        { "allow-no-route", 0, NULL, "even if some payments have no provider then" },              \
        PX_OPTIONS_ACT

/* act: the API's word. provider: its name. limit_permille: 0, or of a limit. The exit code. */
int px_cmd_act(const struct px_cli *c, const char *act, const char *provider,
               int64_t limit_permille);
#endif
