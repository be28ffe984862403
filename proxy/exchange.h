/* proxy/exchange.h -- one request and what has been heard of it, as both client protocols see it.
 *
 * Holds a private copy of the request (it may carry a card number: wiped when the exchange ends)
 * and gathers the response under the ceilings of limits.h. One block of memory; only what is longer
 * than usual needs a second. Made once, used for many requests in turn. */
#ifndef PX_EXCHANGE_H
#define PX_EXCHANGE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/http.h"
#include "routing/base/limits.h"

struct px_client;

enum { PX_EXCHANGE_ASK = 3072, PX_EXCHANGE_ANSWER = 4096 };
#define PX_NOWHERE UINT64_MAX

/* Bytes that start in room of their own and move to the heap when they outgrow it. */
struct px_gather {
    char *p;
    size_t n, cap;
};

struct px_exchange {
    struct px_message request; /* spans point into ask_ */

    /* facts, from which evidence.c concludes what is proven */
    uint64_t first_at; /* where its first byte stands in the connection's output; PX_NOWHERE: it was
                          never put there */
    bool sent;         /* that byte is known to have been handed to the socket or to TLS */
    bool whole;        /* all of the request was put into the output */
    bool headed;       /* a response header has come, be it an informational one */
    unsigned informational;

    /* the response, as far as it has come */
    int status;
    bool final;       /* the header section of the real answer is complete */
    bool length_told; /* it said how long its body is */
    uint64_t length;
    size_t body_n;

    /* the protocol's own */
    struct px_client *client_; /* NULL: with nobody */
    struct px_exchange *next_, *prev_;
    int32_t stream_;
    size_t uploaded_; /* of the body */

    struct px_gather ask_, answer_;
    struct {
        uint32_t name, name_n, value, value_n; /* offsets into answer_ */
    } field_[LIMIT_HEADERS];
    unsigned fields_;
    size_t header_n_, body_at_;
    bool in_value_;
    char ask_room_[PX_EXCHANGE_ASK], answer_room_[PX_EXCHANGE_ANSWER];
};

void px_exchange_init(struct px_exchange *x);
/* Copies m. E_NOMEM; E_SYNTAX if it could not be sent without changing its meaning (a line break in
 * a value, a space in the path); E_LIMIT if the body is longer than LIMIT_BODY. */
MUST enum err px_exchange_set(struct px_exchange *x, const struct px_message *m);
/* Wipes both directions and gives back what was borrowed; ready to be set again. */
void px_exchange_clear(struct px_exchange *x);

/* What the protocol hears. False: past a limit, or out of memory; the exchange must then end in
 * doubt. Names and values may come in pieces; a piece of a name after a value starts a field. */
bool px_exchange_name(struct px_exchange *x, struct span piece);
bool px_exchange_value(struct px_exchange *x, struct span piece);
bool px_exchange_body(struct px_exchange *x, struct span piece);
/* The header section heard so far was informational: forget it, count it. False: too many. */
bool px_exchange_informational(struct px_exchange *x);
/* The header section of the answer is complete; fields that still come are trailers: counted
 * against the same ceilings, and not kept. */
void px_exchange_final(struct px_exchange *x, int status);

/* The answer, in place; valid until the exchange is cleared. */
unsigned px_exchange_headers(const struct px_exchange *x, struct px_header out[LIMIT_HEADERS]);
struct span px_exchange_answer(const struct px_exchange *x);
#endif
