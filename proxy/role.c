/* proxy/role.c */
#include "proxy/role.h"

#include <string.h>

const char *px_role_name(enum px_role r)
{
    switch (r) {
    case PX_ROLE_NONE: return "none";
    case PX_ROLE_VIEWER: return "viewer";
    case PX_ROLE_OPERATOR: return "operator";
    case PX_ROLE_POLICY_EDITOR: return "policy_editor";
    case PX_ROLE_ADMIN: return "admin";
    case PX_ROLES_: break;
    }
    return "";
}

bool px_who_parse(const char *text, struct px_who *out)
{
    static const struct {
        const char *prefix;
        enum px_who_kind kind;
    } form[] = {
        { "user:", PX_WHO_USER },
        { "group:", PX_WHO_GROUP },
        { "cert:", PX_WHO_CERT },
    };

    for (size_t i = 0; i < sizeof form / sizeof form[0]; i++) {
        size_t n = strlen(form[i].prefix);

        if (strncmp(text, form[i].prefix, n) != 0 || text[n] == '\0')
            continue;
        *out = (struct px_who){ form[i].kind, text + n };
        return true;
    }
    return false;
}

static bool in_group(const struct px_identity *id, const char *name)
{
    for (unsigned i = 0; i < id->groups; i++) {
        if (strcmp(id->group[i], name) == 0)
            return true;
    }
    return false;
}

static bool is(const struct px_who *w, const struct px_identity *id)
{
    switch (w->kind) {
    case PX_WHO_USER: return id->user != NULL && strcmp(id->user, w->name) == 0;
    case PX_WHO_GROUP: return in_group(id, w->name);
    case PX_WHO_CERT: return id->cert != NULL && strcmp(id->cert, w->name) == 0;
    }
    return false;
}

enum px_role px_role_of(const struct px_role_map *m, const struct px_identity *id)
{
    if (id->owner)
        return PX_ROLE_ADMIN;
    for (int r = PX_ROLES_ - 1; r > PX_ROLE_NONE; r--) {
        for (unsigned i = 0; i < m->whos[r]; i++) {
            if (is(&m->whom[r][i], id))
                return (enum px_role)r;
        }
    }
    return PX_ROLE_NONE;
}
