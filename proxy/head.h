/* proxy/head.h -- is the head of a request one we take, whichever protocol brought it?
 *
 * The libraries have checked the syntax their RFC demands; what is left is what lets two readers of
 * the same bytes disagree: a Host beside another :authority, user info, a fragment, a scheme that
 * is not the transport's, a field that may stand once standing twice. Pure. */
#ifndef PX_HEAD_H
#define PX_HEAD_H
#include <stdbool.h>
#include <stdint.h>

#include "proxy/http.h"
#include "routing/base/buf.h"

/* Why we answer a request ourselves. The words are told to clients: add, never rename. */
enum px_refusal {
    PX_REFUSE_NOT,
    PX_REFUSE_SYNTAX,
    PX_REFUSE_METHOD,
    PX_REFUSE_VERSION,
    PX_REFUSE_PATH,
    PX_REFUSE_PATH_TOO_LONG,
    PX_REFUSE_SCHEME,
    PX_REFUSE_AUTHORITY,
    PX_REFUSE_HEADER,
    PX_REFUSE_DUPLICATE_HEADER,
    PX_REFUSE_HEADERS_TOO_LARGE,
    PX_REFUSE_BODY_FRAMING,
    PX_REFUSE_BODY_TOO_LARGE,
    PX_REFUSE_EXPECTATION,
    PX_REFUSE_TOO_SLOW,
    PX_REFUSE_OVERLOADED,
    PX_REFUSE_UNANSWERED, /* our bug: the handler let go of a request without an answer */
    PX_REFUSALS_
};

int px_refusal_status(enum px_refusal r);
const char *px_refusal_word(enum px_refusal r); /* "body_too_large" */
/* The answer's body: problem+json (RFC 9457) with `error`, `outcome` and `retry_safe`. */
void px_refusal_body(enum px_refusal r, struct buf *out);

/* What was read. scheme and authority are SPAN_NONE in HTTP/1.1's origin form; there the authority
 * is the Host field alone. Names of header fields are lower case already. */
struct px_head {
    enum px_protocol protocol;
    bool tls;
    bool http10; /* need not name a host */
    struct span method, scheme, authority, path;
    const struct px_header *header;
    unsigned headers;
    /* given */
    int64_t content_length; /* -1: not told */
    bool expects;           /* 100-continue */
};

enum px_refusal px_head_check(struct px_head *h);

/* No control character but the tab. */
bool px_value_ok(struct span value);
/* "example.com", "example.com:8443", "[2001:db8::1]:443": no user info, nothing empty. */
bool px_authority_ok(struct span a);
/* At the first '?', which belongs to neither. */
void px_path_split(struct span whole, struct span *path, struct span *query);
#endif
