/* proxy/cmd_adapter_exchange.h -- a recorded exchange with a provider, read from JSON.
 *
 *   { "provider": "stripe", "operation": "authorize",
 *     "request":  { "method", "path", "headers", "body" (an object) or "body_raw" (text) },
 *     "response": { "status", "headers", "body" or "body_raw" },      or, instead of it,
 *     "transport": "timeout",                                         or
 *     "webhook":  { "headers", "body_raw" (the exact bytes) and perhaps "body" } }
 *
 * docs/adapters.md lists the operations, and how a transport event may be spelled. */
#ifndef PX_CMD_ADAPTER_EXCHANGE_H
#define PX_CMD_ADAPTER_EXCHANGE_H
#include <jansson.h>

#include "proxy/adapters/adapter.h"
#include "proxy/adapters/webhook.h"

enum px_occasion { PX_ON_ANSWER, PX_ON_WEBHOOK, PX_ON_EVENT };

/* What a transport event proves (docs/one-charge.md). */
enum px_proof {
    PX_PROVES_NOT_SENT, /* N0, and decisions made before sending */
    PX_PROVES_REFUSED,  /* N1 */
    PX_PROVES_NOTHING,  /* D */
};

enum { PX_RECORDED_HEADERS = 100 };

struct px_exchange {
    json_t *doc; /* owned; everything below points into it or into the arena */
    struct arena *arena;
    const struct px_adapter *adapter;
    const char *operation; /* as we spell it */
    enum rt_op op;
    bool tokenize, sale;
    enum px_occasion occasion;

    bool asked; /* a request was recorded; q may be compared with */
    struct rt_payment pay;
    struct px_asking q;

    struct px_header header[PX_RECORDED_HEADERS];
    unsigned headers;
    struct px_answer answer;
    struct px_hook hook; /* secret and time are the caller's */
    int64_t recorded_s;  /* "now_unix" of the recording; 0: not said */
    int32_t tolerance_s; /* "tolerance_s"; the usual one if not said */
    bool bytes_exact;    /* the webhook's body is body_raw */

    enum px_proof proof;
    bool event_known;        /* false: a word we do not know, so it proves nothing */
    bool local;              /* decided here, before anything was sent */
    bool earlier_unanswered; /* an earlier copy under this key */
};

/* E_SYNTAX with a sentence in why. x->doc is to be given back with px_exchange_fini either way. */
MUST enum err px_exchange_read(struct px_exchange *x, struct arena *a, const char *text, size_t n,
                               struct diag *why);
void px_exchange_fini(struct px_exchange *x);

/* The operation by its word; false if there is none such. */
bool px_exchange_operation(struct px_exchange *x, struct span word);
/* What the recorded request asked for, in our words: pay and q. What it leaves out is not compared.
 */
void px_exchange_asked(struct px_exchange *x, json_t *request);
/* What the words of a transport event prove. */
enum px_proof px_event_proof(const char *words, bool *known, bool *local);
#endif
