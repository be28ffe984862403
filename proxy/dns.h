/* proxy/dns.h -- names to addresses, without ever blocking the loop: c-ares and a small cache.
 *
 * One per worker. Answers live as long as the record says, within bounds; a failure is remembered
 * shortly, so that a dead resolver is not hammered; an answer that has gone stale still serves when
 * the resolver fails (RFC 8767), because a provider's old address is better than none. A name that
 * does not exist is never served stale. /etc/hosts and the system's resolver settings count. */
#ifndef PX_DNS_H
#define PX_DNS_H
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "routing/base/err.h"
#include "routing/base/span.h"

struct ev_loop;
struct px_dns;
struct px_dns_entry;

enum { PX_DNS_ADDRS = 8, PX_DNS_NAME = 253 }; /* RFC 1035 section 2.3.4, in text */

struct px_addr {
    socklen_t len;
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } sa;
};

struct px_dns_answer {
    enum err e; /* OK, E_NOTFOUND (no such name, or no address), E_TIMEOUT, E_IO, E_SYNTAX */
    struct px_addr addr[PX_DNS_ADDRS]; /* in the order to try them (RFC 6724) */
    unsigned addrs;
};

/* a is lent for the callback. */
typedef void px_on_dns(void *ctx, const struct px_dns_answer *a);

/* A question; the caller's memory, in use from px_dns_ask until the callback or px_dns_cancel. */
struct px_dns_query {
    px_on_dns *cb_;
    void *ctx_;
    uint16_t port_;
    struct px_dns_entry *entry_; /* NULL: not in use */
    struct px_dns_query *next_, **link_;
};

struct px_dns_config {
    int ttl_min_ms, ttl_max_ms; /* bounds of what a record may say: 5 s, 5 min */
    int negative_ms;            /* remember "no such name" and failures: 2 s */
    int stale_ms;               /* serve an outdated answer so long while the resolver fails: 1 h */
    int try_ms, tries;          /* first wait for a server (doubles), rounds: 500 ms, 2 */
    const char *servers;        /* "addr:port,addr:port"; NULL: the system's */
};

void px_dns_defaults(struct px_dns_config *c);
/* c NULL takes the defaults. E_NOMEM; E_IO if c-ares can not start; E_SYNTAX for bad servers. */
MUST enum err px_dns_create_with(struct ev_loop *loop, const struct px_dns_config *c,
                                 struct px_dns **out);
MUST enum err px_dns_create(struct ev_loop *loop, struct px_dns **out);
/* Queries still waiting are dropped without a callback. */
void px_dns_destroy(struct px_dns *d);

/* Asks for host's addresses; cb comes exactly once, never from inside this call. IP literals (IPv6
 * with or without brackets) are answered without a query. */
void px_dns_ask(struct px_dns *d, struct px_dns_query *q, struct span host, uint16_t port,
                px_on_dns *cb, void *ctx);
/* No callback follows. Fine on a query that is not in use (zeroed, or answered). */
void px_dns_cancel(struct px_dns_query *q);

/* "192.0.2.1", "2001:db8::1", "[2001:db8::1]"; E_SYNTAX if host is no literal. */
MUST enum err px_addr_literal(struct span host, uint16_t port, struct px_addr *out);
#endif
