/* proxy/state.h -- the folder where a gateway keeps what is no payment: the revisions of its
 * policy, its switches, its logs of decisions and of acts. docs/operations.md lists what is in it.
 *
 * A configuration names it (`state`), or it is the journal's folder; with a journal in memory and
 * no `state` there is none, and what would be kept there is not. */
#ifndef PX_STATE_H
#define PX_STATE_H
#include <stdbool.h>

#include "routing/base/err.h"

struct diag;

enum { PX_STATE_PATH = 4096, PX_STATE_MODE = 0750 };

/* Makes the folder if it is not there (0750; not its parents) and sees whether it can be written.
 *   errors  E_IO: it can not; told in why. */
MUST enum err px_state_open(const char *dir, struct diag *why);
/* The same for a folder inside it. */
MUST enum err px_state_folder(const char *dir, const char *name, struct diag *why);
/* dir/name. dir: px_config.state_path; NULL (there is none) or too long: false, and out is "". */
MUST bool px_state_path(const char *dir, const char *name, char out[PX_STATE_PATH]);
#endif
