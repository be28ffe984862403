/* proxy/admin/chain.h -- the audit log's lines: how each hangs on the one before. Pure.
 *
 *   {"schema":1,"n":7,"at":"2026-11-21T02:52:11.104Z","actor":"ana","role":"operator",
 *    "what":"provider.stop","object":"worldpay","result":"done","why":"INC-4711",
 *    "details":{...},"previous":"<64 hex>","hash":"<64 hex>"}
 *
 * hash is the SHA-256 of the line's bytes up to and without `,"hash":`, so it covers `previous`,
 * which is the hash of the line before (64 zeros in the first). n counts from 1. A line that was
 * changed, removed or moved breaks the chain at its place; lines cut off at the end are noticed by
 * comparing with the last number and hash in the gateway's log (`audit.written`). */
#ifndef PX_CHAIN_H
#define PX_CHAIN_H
#include <stdbool.h>
#include <stdint.h>

#include "routing/base/buf.h"
#include "routing/base/span.h"

enum { PX_CHAIN_HEX = 64, PX_CHAIN_LINE = 4096 };

/* Where the chain stands. */
struct px_chain {
    uint64_t n;                  /* lines so far */
    char hash[PX_CHAIN_HEX + 1]; /* of the last one */
};
void px_chain_init(struct px_chain *c);

/* What is told of an act; texts are cut to what a line takes. */
struct px_deed {
    int64_t at_ms;
    const char *actor, *role, *what, *object, *result, *why;
    struct span details; /* a JSON object, or none */
};
/* Appends the next line, with its newline, and moves the chain. False: it does not fit (the chain
 * stays). */
MUST bool px_chain_add(struct px_chain *c, const struct px_deed *a, struct buf *out);

enum px_link {
    PX_CHAIN_GOOD,
    PX_CHAIN_NO_LINE,  /* not a line of this form */
    PX_CHAIN_CHANGED,  /* its hash is not its own */
    PX_CHAIN_DETACHED, /* it hangs on another line than the one before */
    PX_CHAIN_JUMPED,   /* its number is not the next */
};
const char *px_chain_word(enum px_link l);
/* Looks at the next line (without its newline). Moves on past good ones; also past others as far as
 * they can be read, so that what follows is judged by what it hangs on. */
enum px_link px_chain_look(struct px_chain *c, struct span line);
#endif
