/* proxy/intake.h -- a request -> what the merchant wants. Verb 2, understand; pure.
 *
 * Everything is validated here, before anything is promised. Strings are copied into the arena, the
 * card number is sealed, and whatever is wrong is told with the field at fault (proxy/fault.h).
 * docs/openapi.json is the contract this reads by. */
#ifndef PX_INTAKE_H
#define PX_INTAKE_H
#include <stdbool.h>
#include <stdint.h>

#include "proxy/fault.h"
#include "proxy/http.h"
#include "proxy/journal.h"
#include "proxy/route.h"
#include "routing/base/arena.h"
#include "routing/payment.h"

struct px_hmac;

/* A request whose route is found and whose sender is known. Lent for the call. */
struct px_asked {
    enum px_route route;
    struct span id; /* of the path */
    const struct px_header *header;
    unsigned headers;
    struct span body;
    unsigned year, month; /* now, UTC: what "expired" means */
};

enum { PX_WISH_PARTS = 256 };

struct px_wish {
    enum px_route route;
    char id[PX_ID];        /* of the path; "" for PX_ROUTE_CREATE */
    struct span key;       /* the Idempotency-Key, unquoted, in the arena; empty for reads */
    struct rt_payment pay; /* op and, for writes, everything else; strings in the arena. merchant,
                              provider_payment_id and BIN facts are the caller's to add */
    /* The body's canonical form: the fields by number, each with its value unescaped, maps sorted.
     * Two bodies that mean the same have the same parts. Holds the card number; points into the
     * body and the arena, so it is good only while the request is. */
    struct span part[PX_WISH_PARTS];
    unsigned parts;
};

/*   gives   *out, whole.
 *   errors  false: 400 or 415 in *why. */
bool px_intake(const struct px_asked *q, struct arena *a, struct px_wish *out,
               struct px_fault *why);

/* What "the same request" means for one key: HMAC over route, id and canonical body. Keyed, since a
 * plain hash of a body with a card number in it can be searched. */
void px_intake_fingerprint(const struct px_wish *w, struct px_hmac *secret,
                           unsigned char out[PX_DIGEST]);

/* The Idempotency-Key header's value: bare, or a quoted string of RFC 8941 (as the IETF draft
 * has it); `abc` and `"abc"` are the same key. Printable ASCII, 1..LIMIT_IDEMPOTENCY_KEY. */
bool px_intake_key(const struct px_header *h, unsigned n, struct arena *a, struct span *key,
                   struct px_fault *why);
#endif
