/* proxy/admin_client.h -- a command's way to the gateway: one call, one answer, a deadline.
 *
 * Over the unix socket or TLS with a client certificate. Which: --socket, else $SIGNALBOX_ADMIN,
 * else listen.admin.address of the configuration. An address is "unix:PATH", a path, or
 * "https://HOST:PORT" (then --ca, --cert and --key, or $SIGNALBOX_ADMIN_CA, _CERT and _KEY). */
#ifndef PX_ADMIN_CLIENT_H
#define PX_ADMIN_CLIENT_H
#include <stdbool.h>

#include "proxy/cli.h"
#include "routing/base/arena.h"
#include "routing/base/buf.h"
#include "routing/base/span.h"

/* Every command that talks to the gateway takes these. */
#define PX_OPTION_ADMIN                                                                            \
    { "socket", 's', "ADDRESS", "the gateway's admin address: unix:PATH or https://HOST:PORT" },   \
        { "ca", 0, "FILE", "https: the authorities the gateway's certificate may come from" },     \
        { "cert", 0, "FILE", "https: our certificate" }, { "key", 0, "FILE", "https: its key" },   \
        PX_OPTION_CONFIG

struct px_admin_client;
/* Finds out where; connects at the first call. Gives PX_YES and *out, or the exit code, told. */
int px_admin_client_open(const struct px_cli *c, struct px_admin_client **out);
void px_admin_client_close(struct px_admin_client *k); /* NULL does nothing */
/* "unix:/run/signalbox/admin.sock": for people. */
const char *px_admin_client_where(const struct px_admin_client *k);

struct px_admin_answer {
    int status;
    struct span body; /* valid until the next call or close */
};
/* One call, at most PX_ADMIN_CALL_MS. body: JSON, or SPAN_NONE. Gives PX_YES when an answer came,
 * whatever its status; else PX_UNREACHABLE, told on stderr. */
enum { PX_ADMIN_CALL_MS = 10000 };
int px_admin_call_raw(struct px_admin_client *k, const char *method, const char *path,
                      struct span body, struct px_admin_answer *out);
/* The same, and a problem is told on stderr and becomes its exit code: 400, 404, 409, 422: 1 or 4
 * (px_admin_exit); PX_YES for 2xx. */
int px_admin_call(struct px_admin_client *k, const char *method, const char *path, struct span body,
                  struct px_admin_answer *out);
/* 403 and 409: PX_DENIED; 400: PX_USAGE; 404, 422: PX_NO; 503: PX_UNREACHABLE. */
int px_admin_exit(int status);
/* A member of the body as text in a; "" if there is none. For the problem: "error", "code". */
const char *px_admin_text(const struct px_admin_answer *w, struct arena *a, const char *outer,
                          const char *name);

/* Percent-encodes for one segment of a path or a value of a query. */
void px_admin_put_encoded(struct buf *b, const char *text);
#endif
