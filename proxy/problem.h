/* proxy/problem.h -- a fault as a response: RFC 9457 problem details that also carry what clients
 * of other APIs look for.
 *
 *   { "type": "urn:signalbox:problem:unknown_currency", "title": ..., "status": 400, "detail": ...,
 *     "error": { "type", "code", "message", "field"?, "help"?, "line"?, "column"?, "reason"? },
 *     "outcome": "not_sent", "retry_safe": true, "request_id": ... }
 *
 * outcome and retry_safe are the two things a checkout must know: what became of the money, and
 * whether another try, under a new key, could charge twice. */
#ifndef PX_PROBLEM_H
#define PX_PROBLEM_H
#include <stdbool.h>

#include "proxy/fault.h"
#include "proxy/http.h"
#include "routing/base/arena.h"
#include "routing/base/json.h"

/* The whole message; header values and body live in the arena, or are static when it is full.
 * request_id may be empty. */
void px_problem(const struct px_fault *f, struct span request_id, struct arena *a,
                struct px_message *out);

/* What every answer carries: its type, "do not store", the request id if there is one. The value of
 * a header that needs memory is left out when the arena is full. */
void px_message_begin(struct px_message *m, int status, const char *content_type,
                      struct span request_id, struct arena *a);
void px_message_add_number(struct px_message *m, const char *name, int64_t v, struct arena *a);

/* The client's X-Request-Id, if it is one that can be logged: 1 to 64 of [A-Za-z0-9._-], and not so
 * many digits in a row that it could be a card number. False: make one. */
enum { PX_REQUEST_ID = 65 };
bool px_request_id(const struct px_header *h, unsigned n, char out[PX_REQUEST_ID]);
#endif
