/* proxy/tls_tickets.h -- the keys that seal session tickets, renewed by themselves.
 *
 * A ticket key that lives as long as the process would open every resumed TLS 1.2 session ever
 * recorded, should it leak. Two keys are known at a time: one seals, the one before it still opens.
 * Shared by all threads of a server context. */
#ifndef PX_TLS_TICKETS_H
#define PX_TLS_TICKETS_H
#include <stdbool.h>
#include <stdint.h>

struct ssl_ctx_st;
struct px_tickets;

/* each_ms: how long a key seals. The context borrows the result until it is freed; NULL: no memory,
 * or no randomness. */
struct px_tickets *px_tickets_create(struct ssl_ctx_st *ctx, int64_t each_ms);
void px_tickets_destroy(struct px_tickets *t); /* after the context; NULL does nothing */
#endif
