/* proxy/evidence.h -- what the wire proves about one copy of a request. Pure, total.
 *
 * The whole table of docs/one-charge.md, "What the wire proves", is this one function; nothing else
 * in proxy/ may call something not sent or refused. */
#ifndef PX_EVIDENCE_H
#define PX_EVIDENCE_H
#include <stdbool.h>

#include "proxy/client.h"
#include "proxy/upstream.h"

struct px_facts {
    bool handed; /* its first byte was in a buffer given to write() or to TLS, whatever came back */
    bool headed; /* a response header had come, be it an informational one */
    enum px_ending ending;
};

enum px_heard_kind px_evidence(struct px_facts f);
#endif
