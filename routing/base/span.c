/* routing/base/span.c */
#include "routing/base/span.h"

#include <string.h>

struct span span_str(const char *z)
{
    return z == NULL ? SPAN_NONE : (struct span){ z, strlen(z) };
}

bool span_eq(struct span a, struct span b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool span_is(struct span a, const char *z)
{
    return span_eq(a, span_str(z));
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool span_is_nocase(struct span a, const char *z)
{
    struct span b = span_str(z);

    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++) {
        if (lower(a.p[i]) != lower(b.p[i]))
            return false;
    }
    return true;
}

bool span_starts(struct span a, const char *prefix)
{
    struct span b = span_str(prefix);

    return a.n >= b.n && span_eq(span_take(a, b.n), b);
}

bool span_ends(struct span a, const char *suffix)
{
    struct span b = span_str(suffix);

    return a.n >= b.n && span_eq(span_drop(a, a.n - b.n), b);
}

struct span span_trim(struct span a)
{
    while (a.n > 0 && (a.p[0] == ' ' || a.p[0] == '\t'))
        a = span_drop(a, 1);
    while (a.n > 0 && (a.p[a.n - 1] == ' ' || a.p[a.n - 1] == '\t'))
        a.n--;
    return a;
}

struct span span_drop(struct span a, size_t n)
{
    return n >= a.n ? (struct span){ a.p == NULL ? NULL : a.p + a.n, 0 }
                    : (struct span){ a.p + n, a.n - n };
}

struct span span_take(struct span a, size_t n)
{
    return n >= a.n ? a : (struct span){ a.p, n };
}

bool span_cut(struct span *rest, char sep, struct span *part)
{
    const char *at;

    if (rest->p == NULL)
        return false;
    at = rest->n == 0 ? NULL : memchr(rest->p, sep, rest->n);
    if (at == NULL) {
        *part = *rest;
        *rest = SPAN_NONE;
        return true;
    }
    *part = (struct span){ rest->p, (size_t)(at - rest->p) };
    *rest = (struct span){ at + 1, rest->n - part->n - 1 };
    return true;
}

enum err span_u64(struct span a, uint64_t *out)
{
    uint64_t v = 0;

    if (a.n == 0)
        return E_SYNTAX;
    for (size_t i = 0; i < a.n; i++) {
        if (a.p[i] < '0' || a.p[i] > '9')
            return E_SYNTAX;
        if (__builtin_mul_overflow(v, 10U, &v) ||
            __builtin_add_overflow(v, (uint64_t)(a.p[i] - '0'), &v))
            return E_RANGE;
    }
    *out = v;
    return OK;
}

enum err span_i64(struct span a, int64_t *out)
{
    bool neg = a.n > 0 && a.p[0] == '-';
    uint64_t v;
    enum err e = span_u64(neg ? span_drop(a, 1) : a, &v);

    if (e != OK)
        return e;
    if (v > (uint64_t)INT64_MAX + neg)
        return E_RANGE;
    if (neg)
        *out = v > (uint64_t)INT64_MAX ? INT64_MIN : -(int64_t)v;
    else
        *out = (int64_t)v;
    return OK;
}

enum err span_copyz(struct span a, char *dst, size_t cap)
{
    if (a.n + 1 > cap || (a.n > 0 && memchr(a.p, '\0', a.n) != NULL))
        return E_LIMIT;
    if (a.n > 0)
        memcpy(dst, a.p, a.n);
    dst[a.n] = '\0';
    return OK;
}
