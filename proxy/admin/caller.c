/* proxy/admin/caller.c */
#include "proxy/admin/caller.h"

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "proxy/server.h"
#include "routing/base/buf.h"

enum { ROOM = 16384, GROUPS_MAX = 65, GROUP_NAME = 64 };

static bool user_name(uid_t uid, char out[PX_CALLER_NAME])
{
    char room[ROOM];
    struct passwd p, *found = NULL;

    return getpwuid_r(uid, &p, room, sizeof room, &found) == 0 && found != NULL &&
           snprintf(out, PX_CALLER_NAME, "%s", p.pw_name) < PX_CALLER_NAME;
}

static bool group_name(gid_t gid, char out[GROUP_NAME])
{
    char room[ROOM];
    struct group g, *found = NULL;

    return getgrgid_r(gid, &g, room, sizeof room, &found) == 0 && found != NULL &&
           snprintf(out, GROUP_NAME, "%s", g.gr_name) < GROUP_NAME;
}

static enum px_role local_role(const struct px_caller *c, const struct px_role_map *m,
                               char actor[PX_CALLER_NAME])
{
    char name[GROUPS_MAX][GROUP_NAME];
    const char *group[GROUPS_MAX];
    struct px_identity id = { .owner = c->uid == 0 || c->uid == geteuid(), .group = group };

    if (user_name(c->uid, actor))
        id.user = actor;
    else
        (void)snprintf(actor, PX_CALLER_NAME, "uid:%u", (unsigned)c->uid);
    for (unsigned i = 0; i < c->groups && id.groups < GROUPS_MAX; i++) {
        if (group_name(c->group[i], name[id.groups])) {
            group[id.groups] = name[id.groups];
            id.groups++;
        }
    }
    return px_role_of(m, &id);
}

/* One word, whatever the name: a space is %20, and a percent sign %25. */
static void name_cert(const char *cert, char actor[PX_CALLER_NAME])
{
    struct buf b = buf_over(actor, PX_CALLER_NAME - 1);

    buf_str(&b, "cert:");
    for (; *cert != '\0'; cert++) {
        if (*cert == ' ')
            buf_str(&b, "%20");
        else if (*cert == '%')
            buf_str(&b, "%25");
        else
            buf_byte(&b, *cert);
    }
    actor[b.n] = '\0';
}

enum px_role px_caller_role(const struct px_caller *c, const struct px_role_map *m,
                            char actor[PX_CALLER_NAME])
{
    struct px_identity id = { .cert = c->cert };

    if (c->local)
        return local_role(c, m, actor);
    if (c->cert[0] == '\0') {
        (void)snprintf(actor, PX_CALLER_NAME, "nobody");
        return PX_ROLE_NONE;
    }
    name_cert(c->cert, actor);
    return px_role_of(m, &id);
}
