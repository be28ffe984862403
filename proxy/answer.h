/* proxy/answer.h -- what is told of a payment. Verb 8, answer; pure.
 *
 *   approved, captured, action_required   201 + Location; capture and void: 200
 *   in doubt, or the result comes later   202 + Location, status "processing"
 *   declined                              402; an operation its provider refused: 402 or 409
 *   nothing was executed anywhere         502, 503, 422 or 409: a problem, and the key may begin
 * anew GET                                   200
 *
 * 402 and below carry the payment itself (application/json; `status` is the payment's); a declined
 * one also has `error`, `outcome` and `retry_safe`, since clients of other APIs take any body
 * without `error` for success. Everything else from 400 up is problem+json (proxy/problem.h), where
 * `status` is HTTP's. The rule for readers: 200, 201, 202, 402 are payments, the rest problems. */
#ifndef PX_ANSWER_H
#define PX_ANSWER_H
#include <stdbool.h>
#include <stdint.h>

#include "proxy/http.h"
#include "proxy/journal.h"
#include "routing/base/arena.h"
#include "routing/outcome.h"

/* Everything is lent for the call. */
struct px_telling {
    const struct px_record *record;   /* the payment, or the operation on one */
    const struct px_attempt *attempt; /* all of them, oldest first */
    unsigned attempts;
    const struct px_record *op; /* GET: the operations on the payment */
    unsigned ops;
    const struct rt_judgement *heard; /* the answer that decided, while it is here; else NULL */
    bool decided;                     /* revision and rule are known */
    uint64_t revision;                /* of the policy; 0: configured order */
    const char *rule;                 /* NULL: none */
    const char *file;                 /* where the rule stands; with a rule */
    unsigned line;
};

/* The body that answers the request which made this record, and its HTTP status: what a settle
 * stores and a replay repeats. Lives in the arena. */
int px_answer_body(const struct px_telling *t, struct arena *a, struct span *body);
/* The body for GET: the payment as it stands, with its operations. `decision` is taken over from
 * record->answer when t does not know it. False when the arena is full. */
bool px_answer_status_body(const struct px_telling *t, struct arena *a, struct span *body);

/* What goes around a body. */
struct px_answer_head {
    struct span request_id;
    bool replayed;                              /* Idempotent-Replayed: true */
    int retry_after_s;                          /* 0: none */
    int64_t policy_us, provider_us, gateway_us; /* Server-Timing; -1: not told */
    const struct px_record *record;             /* Location, and whose Idempotency-Key it was */
    const struct px_attempt *last;              /* Proxy-Status; NULL: no provider was asked */
};

void px_answer_message(int status, struct span body, const struct px_answer_head *h,
                       struct arena *a, struct px_message *out);

/* "approved", "captured", "declined", "processing", ...: the API's word for how a record stands. */
const char *px_answer_word(const struct px_record *r);
#endif
