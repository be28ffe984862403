/* loadtest/common/out.h -- a text that grows; out of memory ends the program (test equipment). */
#ifndef LT_OUT_H
#define LT_OUT_H
#include <stddef.h>
#include <stdint.h>

#include "routing/base/span.h"

struct lt_out {
    char *p;
    size_t n, cap;
};

void lt_out_room(struct lt_out *o, size_t more);
void lt_out_fini(struct lt_out *o);
void lt_byte(struct lt_out *o, char c);
void lt_bytes(struct lt_out *o, const void *p, size_t n);
void lt_put(struct lt_out *o, struct span s);
void lt_z(struct lt_out *o, const char *z);
void lt_num(struct lt_out *o, int64_t v);
void lt_fmt(struct lt_out *o, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* A JSON string with its quotes; lt_json_or_null writes null for SPAN_NONE. */
void lt_json(struct lt_out *o, struct span s);
void lt_json_or_null(struct lt_out *o, struct span s);
/* "name": and the value; a comma first unless it is the object's first. */
void lt_member(struct lt_out *o, const char *name);
void lt_member_z(struct lt_out *o, const char *name, const char *z);
void lt_member_span(struct lt_out *o, const char *name, struct span s);
void lt_member_num(struct lt_out *o, const char *name, int64_t v);
void lt_member_bool(struct lt_out *o, const char *name, int v);
struct span lt_out_span(const struct lt_out *o);

/* calloc and realloc that do not fail. */
void *lt_new(size_t n, size_t size);
void *lt_grow(void *p, size_t size);
#endif
