/* loadtest/common/out.c */
#include "loadtest/common/out.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "routing/base/check.h"

void *lt_new(size_t n, size_t size)
{
    void *p = calloc(n, size);

    CHECK(p != NULL);
    return p;
}

void *lt_grow(void *p, size_t size)
{
    p = realloc(p, size);
    CHECK(p != NULL);
    return p;
}

void lt_out_room(struct lt_out *o, size_t more)
{
    size_t cap = o->cap == 0 ? 1024 : o->cap;

    if (o->cap - o->n >= more)
        return;
    while (cap - o->n < more)
        cap *= 2;
    o->p = lt_grow(o->p, cap);
    o->cap = cap;
}

void lt_out_fini(struct lt_out *o)
{
    free(o->p);
    *o = (struct lt_out){ 0 };
}

void lt_byte(struct lt_out *o, char c)
{
    lt_out_room(o, 1);
    o->p[o->n++] = c;
}

void lt_bytes(struct lt_out *o, const void *p, size_t n)
{
    lt_out_room(o, n);
    if (n > 0)
        memcpy(o->p + o->n, p, n);
    o->n += n;
}

void lt_put(struct lt_out *o, struct span s)
{
    lt_bytes(o, s.p, s.n);
}

void lt_z(struct lt_out *o, const char *z)
{
    lt_bytes(o, z, strlen(z));
}

void lt_num(struct lt_out *o, int64_t v)
{
    char digit[20];
    size_t i = sizeof digit;
    uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;

    do {
        digit[--i] = (char)('0' + u % 10);
        u /= 10;
    } while (u > 0);
    if (v < 0)
        lt_byte(o, '-');
    lt_bytes(o, digit + i, sizeof digit - i);
}

void lt_fmt(struct lt_out *o, const char *fmt, ...)
{
    va_list ap;
    int n;

    lt_out_room(o, 512);
    va_start(ap, fmt);
    n = vsnprintf(o->p + o->n, o->cap - o->n, fmt, ap);
    va_end(ap);
    CHECK(n >= 0 && (size_t)n < o->cap - o->n);
    o->n += (size_t)n;
}

void lt_json(struct lt_out *o, struct span s)
{
    size_t from = 0;

    lt_byte(o, '"');
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];

        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        lt_bytes(o, s.p + from, i - from);
        lt_fmt(o, "\\u%04x", c);
        from = i + 1;
    }
    lt_bytes(o, s.p + from, s.n - from);
    lt_byte(o, '"');
}

void lt_json_or_null(struct lt_out *o, struct span s)
{
    if (s.p == NULL)
        lt_z(o, "null");
    else
        lt_json(o, s);
}

void lt_member(struct lt_out *o, const char *name)
{
    char last = o->n == 0 ? '{' : o->p[o->n - 1];

    if (last != '{' && last != '[')
        lt_byte(o, ',');
    lt_byte(o, '"');
    lt_z(o, name);
    lt_bytes(o, "\":", 2);
}

void lt_member_z(struct lt_out *o, const char *name, const char *z)
{
    lt_member(o, name);
    lt_json_or_null(o, span_str(z));
}

void lt_member_span(struct lt_out *o, const char *name, struct span s)
{
    lt_member(o, name);
    lt_json_or_null(o, s);
}

void lt_member_num(struct lt_out *o, const char *name, int64_t v)
{
    lt_member(o, name);
    lt_num(o, v);
}

void lt_member_bool(struct lt_out *o, const char *name, int v)
{
    lt_member(o, name);
    lt_z(o, v ? "true" : "false");
}

struct span lt_out_span(const struct lt_out *o)
{
    return (struct span){ o->p, o->n };
}
