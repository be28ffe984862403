/* proxy/role.h -- who may do what on the admin API.
 *
 *   viewer         sees everything there
 *   operator       stops and resumes providers
 *   policy_editor  changes what decisions are made by
 *   admin          everything
 *
 * Each includes the ones before it. Root and the user the gateway runs as are admins; everybody
 * else is nobody until the configuration names them. Pure: names and numbers in, a role out. */
#ifndef PX_ROLE_H
#define PX_ROLE_H
#include <stdbool.h>
#include <stdint.h>

#include "routing/base/span.h"

enum px_role {
    PX_ROLE_NONE,
    PX_ROLE_VIEWER,
    PX_ROLE_OPERATOR,
    PX_ROLE_POLICY_EDITOR,
    PX_ROLE_ADMIN,
    PX_ROLES_
};
const char *px_role_name(enum px_role r); /* "none", "viewer", ... */

/* As written: "user:ana", "group:sre", "cert:ana.example". */
struct px_who {
    enum px_who_kind { PX_WHO_USER, PX_WHO_GROUP, PX_WHO_CERT } kind;
    const char *name;
};
/* name points into text. False: not of this form. */
MUST bool px_who_parse(const char *text, struct px_who *out);

enum { PX_WHO_MAX = 64 };
/* The configuration's lists; whom[PX_ROLE_NONE] stays empty. */
struct px_role_map {
    struct px_who whom[PX_ROLES_][PX_WHO_MAX];
    unsigned whos[PX_ROLES_];
};

/* Somebody, in names. group: of those groups that have one. */
struct px_identity {
    bool owner;       /* root, or who the gateway runs as */
    const char *user; /* NULL: not over a unix socket */
    const char *const *group;
    unsigned groups;
    const char *cert; /* NULL: showed none */
};
/* The highest role that any line gives. */
enum px_role px_role_of(const struct px_role_map *m, const struct px_identity *id);
#endif
