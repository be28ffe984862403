/* routing/base/buf.h -- a writer into memory somebody lent us, that remembers when it was too
 * small.
 *
 * Append freely and ask once at the end: buf_ok() is false if anything did not fit. What did not
 * fit is dropped whole; nothing is ever written past cap. */
#ifndef BASE_BUF_H
#define BASE_BUF_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "routing/base/span.h"

struct buf {
    char *p;
    size_t n, cap;
    bool short_; /* something did not fit */
};

#define BUF_OF(array) ((struct buf){ (array), 0, sizeof(array), false })

struct buf buf_over(void *mem, size_t cap);
bool buf_ok(const struct buf *b);
struct span buf_span(const struct buf *b);
void buf_clear(struct buf *b);
void buf_byte(struct buf *b, char c);
void buf_put(struct buf *b, struct span s);
void buf_str(struct buf *b, const char *z);
void buf_u64(struct buf *b, uint64_t v);
void buf_i64(struct buf *b, int64_t v);
void buf_pad(struct buf *b, uint64_t v, unsigned digits); /* leading zeros */
void buf_hex(struct buf *b, const void *bytes, size_t n); /* lower case */
void buf_fmt(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Ends the text with a NUL that does not count; the text, or "" if there was no room for it. */
const char *buf_z(struct buf *b);
#endif
