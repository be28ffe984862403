/* proxy/admin/wish.h -- an operator's wish, read from the body of a request. Pure. */
#ifndef PX_ADMIN_WISH_H
#define PX_ADMIN_WISH_H
#include <stdbool.h>
#include <stdint.h>

#include "proxy/admin/trouble.h"
#include "routing/base/span.h"

/* { "act": "stop", "reason": "...", "for_s": 1800 | "until_resumed": true, "limit_permille": 200,
 *   "ops": "authorize" | "all", "allow_no_route": false, "local": false, "dry_run": false } */
struct px_admin_wish {
    const char *act;    /* a word; "" when it was not there */
    const char *reason; /* "" the same */
    int64_t for_s;      /* 0: not given */
    int64_t limit_permille;
    bool until_resumed, ops_all, allow_no_route, local, dry_run;
};

/* Strings live in a. False: told in why. A text with what may be a card number in it is refused:
 * it would be kept in clear. */
MUST bool px_admin_wish_read(struct span body, struct arena *a, struct px_admin_wish *out,
                             struct px_trouble *why);
#endif
