/* proxy/resp_codec.h -- RESP2, the words of Redis: commands to bytes and bytes to replies.
 *
 * hiredis forms the commands and splits the replies; the objects are ours, so that what a peer
 * promises ("an array of two thousand million") is refused before memory is asked for. */
#ifndef PX_RESP_CODEC_H
#define PX_RESP_CODEC_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "routing/base/span.h"

enum px_resp_kind {
    PX_RESP_NIL,
    PX_RESP_INTEGER,
    PX_RESP_TEXT,   /* bulk string */
    PX_RESP_STATUS, /* "OK" */
    PX_RESP_ERROR,  /* "WRONGTYPE ..." */
    PX_RESP_ARRAY,
};

struct px_resp_value {
    enum px_resp_kind kind;
    int64_t integer;
    struct span text; /* TEXT, STATUS, ERROR */
    unsigned n;       /* ARRAY */
    struct px_resp_value **item;
};

bool px_resp_is(const struct px_resp_value *v, const char *status); /* v may be NULL */
/* Element i of an array if it is a text; SPAN_NONE otherwise. */
struct span px_resp_text_at(const struct px_resp_value *v, unsigned i);
const struct px_resp_value *px_resp_array_at(const struct px_resp_value *v,
                                             unsigned i); /* or NULL */

enum { PX_RESP_ITEMS = 1 << 17 }; /* values in one reply, all levels together */

struct px_resp_reader;
/* bytes_max: of a reply that is not complete yet. NULL: no memory. */
struct px_resp_reader *px_resp_reader_create(size_t bytes_max);
void px_resp_reader_destroy(struct px_resp_reader *r);
/* False: too much, or no memory. The reader is of no use any more. */
MUST bool px_resp_feed(struct px_resp_reader *r, struct span bytes);
/* OK and *out NULL: not complete yet. E_SYNTAX: not RESP2 (RESP3 is not). E_LIMIT: larger than we
 * take. The value is the caller's until px_resp_free(). */
MUST enum err px_resp_next(struct px_resp_reader *r, struct px_resp_value **out);
void px_resp_free(struct px_resp_value *v);

/* The bytes of a command; px_resp_command_free(). NULL: no memory. */
char *px_resp_command(const struct span *arg, unsigned args, size_t *n);
void px_resp_command_free(char *bytes);
#endif
