/* routing/base/buf.c */
#include "routing/base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct buf buf_over(void *mem, size_t cap)
{
    return (struct buf){ mem, 0, cap, false };
}

bool buf_ok(const struct buf *b)
{
    return !b->short_;
}

struct span buf_span(const struct buf *b)
{
    return (struct span){ b->p, b->n };
}

void buf_clear(struct buf *b)
{
    b->n = 0;
    b->short_ = false;
}

void buf_byte(struct buf *b, char c)
{
    if (b->n == b->cap) {
        b->short_ = true;
        return;
    }
    b->p[b->n++] = c;
}

void buf_put(struct buf *b, struct span s)
{
    if (s.n > b->cap - b->n) {
        b->short_ = true;
        return;
    }
    if (s.n > 0)
        memcpy(b->p + b->n, s.p, s.n);
    b->n += s.n;
}

void buf_str(struct buf *b, const char *z)
{
    buf_put(b, span_str(z));
}

void buf_pad(struct buf *b, uint64_t v, unsigned digits)
{
    char tmp[20];
    size_t i = sizeof tmp;

    do {
        tmp[--i] = (char)('0' + v % 10);
        v /= 10;
    } while (v != 0);
    while (sizeof tmp - i < digits && i > 0)
        tmp[--i] = '0';
    buf_put(b, (struct span){ tmp + i, sizeof tmp - i });
}

void buf_u64(struct buf *b, uint64_t v)
{
    buf_pad(b, v, 1);
}

void buf_i64(struct buf *b, int64_t v)
{
    if (v < 0)
        buf_byte(b, '-');
    buf_u64(b, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

void buf_hex(struct buf *b, const void *bytes, size_t n)
{
    static const char digit[] = "0123456789abcdef";
    const unsigned char *p = bytes;

    if (n > (b->cap - b->n) / 2) {
        b->short_ = true;
        return;
    }
    for (size_t i = 0; i < n; i++) {
        b->p[b->n++] = digit[p[i] >> 4];
        b->p[b->n++] = digit[p[i] & 15];
    }
}

void buf_fmt(struct buf *b, const char *fmt, ...)
{
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(b->p + b->n, b->cap - b->n, fmt, ap);
    va_end(ap);
    if (n < 0 || (size_t)n >= b->cap - b->n) /* vsnprintf needs room for its NUL */
        b->short_ = true;
    else
        b->n += (size_t)n;
}

const char *buf_z(struct buf *b)
{
    if (b->n == b->cap) {
        b->short_ = true;
        return "";
    }
    b->p[b->n] = '\0';
    return b->p;
}
