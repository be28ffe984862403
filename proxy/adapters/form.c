/* proxy/adapters/form.c */
#include "proxy/adapters/form.h"

static bool unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

void px_percent(struct buf *b, struct span text)
{
    static const char digit[] = "0123456789ABCDEF";

    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        char code[3] = { '%', digit[c >> 4], digit[c & 15] };

        if (unreserved(text.p[i]))
            buf_byte(b, text.p[i]);
        else
            buf_put(b, (struct span){ code, sizeof code });
    }
}

void px_form_put(struct buf *b, const char *name, struct span value)
{
    if (b->n > 0)
        buf_byte(b, '&');
    px_percent(b, span_str(name));
    buf_byte(b, '=');
    px_percent(b, value);
}

void px_form_z(struct buf *b, const char *name, const char *value)
{
    px_form_put(b, name, span_str(value));
}

void px_form_u64(struct buf *b, const char *name, uint64_t value)
{
    char digits[24];
    struct buf d = BUF_OF(digits);

    buf_u64(&d, value);
    px_form_put(b, name, buf_span(&d));
}

static void key_put(struct buf *b, struct span key)
{
    for (size_t i = 0; i < key.n; i++) {
        struct span c = { key.p + i, 1 };

        if (*c.p == '[' || *c.p == ']')
            buf_str(b, *c.p == '[' ? "%255B" : "%255D");
        else
            px_percent(b, c);
    }
}

void px_form_in(struct buf *b, const char *parent, struct span key, struct span value)
{
    if (b->n > 0)
        buf_byte(b, '&');
    px_percent(b, span_str(parent));
    buf_str(b, "%5B");
    key_put(b, key);
    buf_str(b, "%5D=");
    px_percent(b, value);
}
