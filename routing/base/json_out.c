/* routing/base/json_out.c -- the writer of json.h. */
#include <string.h>

#include "routing/base/json.h"
#include "routing/base/utf8.h"

struct json_out json_to(struct buf *b)
{
    return (struct json_out){ b, false };
}

static void comma(struct json_out *o)
{
    if (o->comma_)
        buf_byte(o->b, ',');
    o->comma_ = true;
}

void json_open(struct json_out *o, char bracket)
{
    comma(o);
    buf_byte(o->b, bracket);
    o->comma_ = false;
}

void json_close(struct json_out *o, char bracket)
{
    buf_byte(o->b, bracket == '{' || bracket == '}' ? '}' : ']');
    o->comma_ = true;
}

/* Is one of these eight bytes a control character, a quote, a backslash or beyond ASCII? Whole
 * words at a time: most of what is written is plain. */
static bool special(const char *p)
{
    const uint64_t one = UINT64_C(0x0101010101010101), top = one * 0x80;
    uint64_t v, quote, slash;

    memcpy(&v, p, sizeof v);
    quote = v ^ one * '"';
    slash = v ^ one * '\\';
    return ((v | (v - one * 0x20) | (quote - one) | (slash - one)) & top) != 0;
}

/* How many bytes of s stand for themselves. */
static size_t plain(struct span s)
{
    size_t at = 0;

    while (s.n - at >= 8 && !special(s.p + at))
        at += 8;
    while (at < s.n && (unsigned char)s.p[at] >= 0x20 && (unsigned char)s.p[at] < 0x80 &&
           s.p[at] != '"' && s.p[at] != '\\')
        at++;
    return at;
}

static void escape(struct buf *b, char c)
{
    static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
    const char *at = c == '\0' ? NULL : strchr(from, c);

    if (at != NULL) {
        buf_put(b, (struct span){ (const char[]){ '\\', to[at - from] }, 2 });
    } else {
        buf_str(b, "\\u00");
        buf_hex(b, &c, 1);
    }
}

static void quote(struct buf *b, struct span s)
{
    buf_byte(b, '"');
    while (s.n > 0) {
        size_t n = plain(s);

        buf_put(b, span_take(s, n));
        s = span_drop(s, n);
        if (s.n == 0)
            break;
        if ((unsigned char)s.p[0] < 0x80) {
            escape(b, s.p[0]);
            n = 1;
        } else {
            n = utf8_len(s.p, s.n);
            buf_put(b, n > 0 ? span_take(s, n) : SPAN("\xEF\xBF\xBD"));
            n += n == 0;
        }
        s = span_drop(s, n);
    }
    buf_byte(b, '"');
}

void json_name(struct json_out *o, const char *name)
{
    comma(o);
    quote(o->b, span_str(name));
    buf_byte(o->b, ':');
    o->comma_ = false;
}

void json_put_str(struct json_out *o, struct span s)
{
    comma(o);
    quote(o->b, s);
}

void json_put_z(struct json_out *o, const char *z)
{
    if (z == NULL)
        json_put_null(o);
    else
        json_put_str(o, span_str(z));
}

void json_put_i64(struct json_out *o, int64_t v)
{
    comma(o);
    buf_i64(o->b, v);
}

void json_put_raw(struct json_out *o, struct span json)
{
    comma(o);
    buf_put(o->b, json);
}

void json_put_bool(struct json_out *o, bool v)
{
    json_put_raw(o, v ? SPAN("true") : SPAN("false"));
}

void json_put_null(struct json_out *o)
{
    json_put_raw(o, SPAN("null"));
}

void json_member_str(struct json_out *o, const char *name, struct span s)
{
    json_name(o, name);
    json_put_str(o, s);
}

void json_member_z(struct json_out *o, const char *name, const char *z)
{
    json_name(o, name);
    json_put_z(o, z);
}

void json_member_i64(struct json_out *o, const char *name, int64_t v)
{
    json_name(o, name);
    json_put_i64(o, v);
}

void json_member_bool(struct json_out *o, const char *name, bool v)
{
    json_name(o, name);
    json_put_bool(o, v);
}
