/* proxy/fault.h -- why a request was not carried out: one code, one field, one sentence.
 *
 * A fault is about the request or about us, never about the card: nothing was sent to a provider
 * because of a request that ends in one. It never holds a value of the request that could be a card
 * number; px_fault_quote() shows outside words harmlessly. */
#ifndef PX_FAULT_H
#define PX_FAULT_H
#include <stdbool.h>

#include "routing/base/err.h"
#include "routing/base/span.h"

enum px_fault_code {
    PX_FAULT_NONE,
#define X(NAME, status, type, code, outcome, retry_safe, title) PX_FAULT_##NAME,
#include "proxy/faults.def"
#undef X
    PX_FAULTS_
};

enum { PX_FAULT_FIELD = 96 };

struct px_fault {
    enum px_fault_code code;
    char field[PX_FAULT_FIELD]; /* JSON pointer into the body ("/payment_method/card/number"), or a
                                   header's name; "" when it is about the whole request */
    unsigned line, col;         /* malformed JSON: where; 0 otherwise */
    char text[200];             /* what is wrong, a sentence; "" for the title alone */
    char help[160];             /* what to do, a sentence; "" for none */
    const char *reason;         /* OPERATION_REFUSED: rt_code_name(), REATTEMPT_NOT_ALLOWED:
                                   rt_rule_name(), why; static; may be NULL */
    const char *allow;          /* 405: the Allow header; static */
    int retry_after_s;          /* 0: no Retry-After */
};

/* Zeroed but for code and field; field may be NULL. Always gives false, for `return`. */
bool px_fault_at(struct px_fault *f, enum px_fault_code code, const char *field);
/* The sentences. false, too. */
bool px_fault_say(struct px_fault *f, const char *fmt, ...) PRINTF_LIKE(2, 3);
bool px_fault_help(struct px_fault *f, const char *fmt, ...) PRINTF_LIKE(2, 3);
bool px_fault_field(struct px_fault *f, const char *fmt, ...) PRINTF_LIKE(2, 3);

int px_fault_status(enum px_fault_code c);          /* HTTP */
const char *px_fault_type(enum px_fault_code c);    /* "invalid_request", "idempotency", ... */
const char *px_fault_word(enum px_fault_code c);    /* "unknown_currency": stable, for programs */
const char *px_fault_title(enum px_fault_code c);   /* for people; no full stop */
const char *px_fault_outcome(enum px_fault_code c); /* "not_sent" or "unknown" */
/* May the merchant try again, under a new key, without the risk of charging twice? */
bool px_fault_retry_safe(enum px_fault_code c);

/* A word from outside, fit to be shown: printable ASCII, at most 40 characters, quotes and
 * backslashes as '?', and every digit as '*' if there are more than four. out: 48 bytes. */
enum { PX_QUOTE = 48 };
const char *px_fault_quote(struct span word, char out[PX_QUOTE]);
#endif
