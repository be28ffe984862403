/* proxy/http.h -- HTTP messages as both protocols and both directions see them. */
#ifndef PX_HTTP_H
#define PX_HTTP_H
#include <stdbool.h>
#include <stdint.h>

#include "routing/base/span.h"

struct px_header {
    struct span name,
        value;   /* names lower case on the way out; compared without case on the way in */
    bool secret; /* never index it (HPACK "never indexed", RFC 7541 section 7.1.3) */
};

enum px_protocol { PX_HTTP1, PX_HTTP2 };

enum { PX_HEADERS_MAX = 24 };

/* A message on its way out. Everything is lent until the call that takes it returns, unless that
 * call says otherwise. Content-Length, Date, Host and Connection are written by the protocol. */
struct px_message {
    struct span method, path, scheme, authority; /* requests; path includes the query */
    int status;                                  /* responses */
    struct px_header header[PX_HEADERS_MAX];
    unsigned headers;
    struct span body;
};

void px_message_add(struct px_message *m, const char *name,
                    struct span value); /* CHECKs the room */
void px_message_add_secret(struct px_message *m, const char *name, struct span value);
/* The first header of this name, or SPAN_NONE. */
struct span px_header_find(const struct px_header *h, unsigned n, const char *name);
/* "Not Found"; "" for numbers we never send. */
const char *px_status_text(int status);
#endif
