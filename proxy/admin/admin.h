/* proxy/admin/admin.h -- the operators' API: who may see and do what, on a listener of its own.
 *
 * HTTP and JSON on the control thread's loop, over a unix socket or TLS with client certificates;
 * never on the payments port. Who calls is what the kernel or the certificate says; what they may
 * do, listen.admin.roles says; what they did is in the audit log. docs/admin-api.md lists the
 * routes.
 *
 * A route is a line in a table and a function:
 *
 *   static int run_show(struct px_admin *a, struct px_admin_call *call, struct buf *out)
 *   {
 *       struct json_out o = json_to(out);
 *       ...                                                 // call->arg[0] is NAME
 *       if (unknown)
 *           return px_admin_trouble(call, PX_TROUBLE_PROVIDER, "there is no \"%s\"", name);
 *       return 200;
 *   }
 *   const struct px_admin_route px_admin_see_routes[] = {
 *       { "GET", "/v1/providers/{name}", PX_ROLE_VIEWER, run_show }, ..., { .run = NULL } };
 */
#ifndef PX_ADMIN_H
#define PX_ADMIN_H
#include <stdbool.h>
#include <stdint.h>

#include "proxy/admin/trouble.h"
#include "proxy/role.h"
#include "routing/base/arena.h"
#include "routing/base/buf.h"

struct ev_loop;
struct px_audit;
struct px_config;
struct px_fleet;
struct px_rollout;
struct px_snapshot;
struct px_unresolved;

enum { PX_ADMIN_ARGS = 4, PX_ADMIN_ANSWER = 224 * 1024, PX_ADMIN_ACTOR = 104 };

/* What routes work with. All lent for the admin server's life; the control thread owns them. */
struct px_admin_terms {
    const struct px_config *config;
    struct px_audit *audit; /* NULL: no state is kept */
    struct px_fleet *fleet;
    const struct px_unresolved *unresolved;
    const char *life;                               /* this process's id */
    int64_t started_ms;                             /* unix */
    struct px_rollout *rollout;                     /* the policy in force */
    void *control;                                  /* handed back to the calls below */
    struct px_snapshot *(*snapshot)(void *control); /* in force; lent */
};

struct px_admin;

/* One call. Everything lives until run() returns. */
struct px_admin_call {
    const char *actor; /* "ana", "uid:1004", "cert:ana.example" */
    enum px_role role;
    struct span method, path, query, body;
    struct span arg[PX_ADMIN_ARGS]; /* what the braces of the path stood for, decoded */
    unsigned args;
    struct arena *arena;
    int64_t now_ms; /* unix */
    struct px_trouble why;
};

struct px_admin_route {
    const char *method, *path; /* "/v1/providers/{name}/stop" */
    enum px_role least;
    /* Gives the HTTP status and the JSON body in out, or px_admin_trouble(): then the body is
     * the problem. A body over PX_ADMIN_ANSWER is answered 500. */
    int (*run)(struct px_admin *a, struct px_admin_call *c, struct buf *out);
};

/* The tables of all files with routes; each ends with run NULL. */
extern const struct px_admin_route px_admin_see_routes[], px_admin_act_routes[],
    px_admin_audit_routes[], px_admin_policy_routes[];

const struct px_admin_terms *px_admin_terms(const struct px_admin *a);

/* What is wrong, in a sentence; gives the status. fmt NULL: the title says it. */
int px_admin_trouble(struct px_admin_call *c, enum px_trouble_code code, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
/* What to do about it; gives the status, too. */
int px_admin_help(struct px_admin_call *c, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Which field it is about. */
int px_admin_field(struct px_admin_call *c, const char *field);
/* The query's value of name, decoded, in the arena; SPAN_NONE. "a=1&b=2" */
struct span px_admin_query(const struct px_admin_call *c, const char *name);
/* Writes the act to the audit log, before it takes effect. False: it could not be written, the
 * trouble is set and the act must not happen. object, why may be NULL; details: a JSON object, or
 * none. */
MUST bool px_admin_audit(struct px_admin *a, struct px_admin_call *c, const char *what,
                         const char *object, const char *why, struct span details);
/* The same with a result other than "done": "refused", "failed". Never stops anything. */
void px_admin_audit_note(struct px_admin *a, struct px_admin_call *c, const char *what,
                         const char *object, const char *result, const char *why);

/* Listens where t->config says (it must say so).
 *   errors  told in why: the address is taken, a certificate is wrong, ... */
MUST enum err px_admin_create(struct ev_loop *loop, const struct px_admin_terms *t,
                              struct px_admin **out, struct diag *why);
/* Certificates anew, at SIGHUP; on any error the old ones stay (logged). */
void px_admin_renew(struct px_admin *a);
void px_admin_destroy(struct px_admin *a); /* NULL does nothing */
#endif
