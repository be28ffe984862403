/* proxy/route.h -- method and path of the payments API -> what is asked. */
#ifndef PX_ROUTE_H
#define PX_ROUTE_H
#include <stdbool.h>

#include "proxy/fault.h"
#include "routing/base/span.h"

enum px_route {
    PX_ROUTE_CREATE,  /* POST /v1/payments */
    PX_ROUTE_STATUS,  /* GET  /v1/payments/{id} */
    PX_ROUTE_CAPTURE, /* POST /v1/payments/{id}/capture */
    PX_ROUTE_VOID,    /* POST /v1/payments/{id}/void */
    PX_ROUTE_REFUND,  /* POST /v1/payments/{id}/refunds */
    PX_ROUTE_OPENAPI, /* GET  /openapi.json */
    PX_ROUTES_
};

/*   in      path without query, as received.
 *   gives   the route and, where there is one, the id (into path; 26 characters of the alphabet of
 *           px_id_make, so it fits struct px_record).
 *   errors  false: 404 (no such path, or an id that no payment can have) or 405 with Allow. */
bool px_route_find(struct span method, struct span path, enum px_route *route, struct span *id,
                   struct px_fault *why);
bool px_route_writes(enum px_route r);      /* POST: wants an Idempotency-Key */
const char *px_route_name(enum px_route r); /* "create", "capture", ...: for logs and metrics */
#endif
