/* routing/base/json_bytes.h -- the text of a string that was checked. Private to json*.c. */
#ifndef BASE_JSON_BYTES_H
#define BASE_JSON_BYTES_H
#include "routing/base/span.h"

/* The bytes of checked string text one by one, unescaped. */
struct json_bytes_ {
    struct span rest;
    char c[4]; /* of the last character read */
    unsigned i, n;
};

/* The next one, or -1 at the end of the text or at the quote that ends it. */
int json_byte_next_(struct json_bytes_ *b);
#endif
