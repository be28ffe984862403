/* proxy/control.h -- the control thread: sockets, workers, signals, the end.
 *
 * Everything that can fail at start fails before the first socket listens, so a supervisor sees
 * either a gateway that serves or an exit code with a reason. */
#ifndef PX_CONTROL_H
#define PX_CONTROL_H
#include "routing/base/err.h"

struct px_config;
struct px_credentials;
struct px_rollout;

/* Serves until SIGTERM or SIGINT (drain, then end; a second one: now). SIGHUP reads certificate,
 * key and the files that decisions look things up in anew; on any error the old ones stay. SIGUSR1
 * reopens the log file. in      rollout: what to decide from; lent. errors  anything that
 * kept it from starting, told in why. */
MUST enum err px_control_run(const struct px_config *c, const struct px_credentials *credentials,
                             struct px_rollout *rollout, struct diag *why);
#endif
