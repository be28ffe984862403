/* proxy/resp.h -- one connection to a Redis (or Valkey), kept up: RESP2 over proxy/conn.h.
 *
 * Commands are pipelined, each with a deadline of its own; nothing here ever waits. While there is
 * no connection, or too many answers are owed, a command is not taken: it is dropped and counted,
 * and the caller, who comes again every tick, decides what that means. A connection that says
 * nothing while answers are owed, or says what is not RESP2, is closed, counted and made anew after
 * a growing, jittered pause. docs/live.md, "The connection". */
#ifndef PX_RESP_H
#define PX_RESP_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/resp_codec.h"
#include "routing/base/secret.h"
#include "routing/base/span.h"

struct px_dns;        /* proxy/dns.h */
struct px_tls_client; /* proxy/tls.h */
struct px_wire;       /* proxy/wire.h */

enum { PX_RESP_HOST = 254, PX_RESP_CHANNELS = 4, PX_RESP_PENDING = 256 };

struct px_resp_place {
    char host[PX_RESP_HOST]; /* a name, an IP literal, or the path of a unix socket ("/...") */
    uint16_t port;
};

struct px_resp_config {
    struct px_resp_place place;
    struct px_tls_client *tls; /* NULL: clear. Lent for life */
    const char *user;          /* ACL; NULL: the default user. Lent for life, as all texts here */
    const struct secret *password; /* NULL: none */
    unsigned db;
    const char *name; /* CLIENT SETNAME; NULL: none */
    /* Pub/sub: NULL-terminated list; no commands can be asked then. */
    const char *channel[PX_RESP_CHANNELS + 1];
    int open_ms;                      /* name, TCP, TLS and greeting together: 1000 */
    int command_ms;                   /* where px_resp_ask() does not say: 500 */
    int silent_ms;                    /* owes an answer and says nothing: closed; 2000 */
    int pause_first_ms, pause_max_ms; /* 100, 5000 */
    unsigned pending_max;             /* answers owed; at most PX_RESP_PENDING */
    size_t reply_max;                 /* bytes of one reply: 4 MiB */
    uint64_t seed;                    /* of the jitter */
};
void px_resp_defaults(struct px_resp_config *c); /* place and secrets: none */

/* Any may be NULL. They may ask, but not destroy. */
struct px_resp_events {
    void (*on_open)(void *ctx);
    void (*on_end)(void *ctx, const char *why); /* it comes back on its own */
    void (*on_message)(void *ctx, struct span channel, struct span text); /* pub/sub */
};

/* v NULL: there is no answer, and whether the command was executed is not known. Lent. */
typedef void px_on_reply(void *ctx, const struct px_resp_value *v);

struct px_resp_facts {
    bool open;
    uint64_t opened, failed; /* connections; failed includes those that never opened */
    uint64_t asked, dropped; /* commands taken, and not taken */
    uint64_t late;           /* no answer in time */
    uint64_t lost;           /* no answer because the connection ended */
    uint64_t nonsense;       /* connections closed because the peer does not speak RESP2 */
    unsigned owed;
    const char *why; /* static: why the last connection ended; "" */
};

struct px_resp;
/* NULL: no memory. Begins to connect from the loop. */
struct px_resp *px_resp_create(struct px_wire *w, struct px_dns *dns,
                               const struct px_resp_config *c, const struct px_resp_events *events,
                               void *ctx);
void px_resp_destroy(struct px_resp *r); /* without callbacks; not from inside one */

/* arg[args], lent for the call; timeout_ms 0: the default. cb (may be NULL) comes exactly once,
 * never from inside this call. False: not taken, no callback. */
bool px_resp_ask(struct px_resp *r, const struct span *arg, unsigned args, int timeout_ms,
                 px_on_reply *cb, void *ctx);
/* Can n commands be taken now? */
bool px_resp_ready(const struct px_resp *r, unsigned n);
/* Ends the connection, if any, and goes elsewhere (a failover) or, with NULL, back at once. Fine
 * from inside a callback: it happens from the loop. */
void px_resp_move(struct px_resp *r, const struct px_resp_place *to, const char *why);
struct px_resp_facts px_resp_facts(const struct px_resp *r);
#endif
