/* proxy/admin/caller.h -- from what the kernel or a certificate says to a name and a role. */
#ifndef PX_ADMIN_CALLER_H
#define PX_ADMIN_CALLER_H
#include "proxy/role.h"

struct px_caller;

enum { PX_CALLER_NAME = 104 };

/* The actor's name for people ("ana", "uid:1004", "cert:ana.example", "nobody") and their role.
 * Asks the system's user and group tables. */
enum px_role px_caller_role(const struct px_caller *c, const struct px_role_map *m,
                            char actor[PX_CALLER_NAME]);
#endif
