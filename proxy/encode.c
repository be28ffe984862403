/* proxy/encode.c -- the text forms of proxy/crypto.h: base64, hex, identifiers. */
#include <string.h>

#include "proxy/crypto.h"

static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void px_base64(struct span bytes, struct buf *out)
{
    const unsigned char *p = (const unsigned char *)bytes.p;

    for (size_t i = 0; i < bytes.n; i += 3) {
        size_t left = bytes.n - i;
        uint32_t v = (uint32_t)p[i] << 16;

        v |= left > 1 ? (uint32_t)p[i + 1] << 8 : 0;
        v |= left > 2 ? (uint32_t)p[i + 2] : 0;
        buf_byte(out, base64[v >> 18]);
        buf_byte(out, base64[v >> 12 & 63]);
        buf_byte(out, left > 1 ? base64[v >> 6 & 63] : '=');
        buf_byte(out, left > 2 ? base64[v & 63] : '=');
    }
}

static int base64_value(char c)
{
    const char *at = c == '\0' ? NULL : strchr(base64, c);

    return at == NULL ? -1 : (int)(at - base64);
}

/* One group of four: how many bytes it holds, 0 if it is not one. */
static unsigned base64_group(const char *p, unsigned char byte[3])
{
    unsigned bytes = p[3] != '=' ? 3 : p[2] != '=' ? 2 : 1;
    uint32_t v = 0;

    for (unsigned i = 0; i < 4; i++) {
        int d = i <= bytes ? base64_value(p[i]) : 0;

        if (d < 0)
            return 0;
        v = v << 6 | (uint32_t)d;
    }
    byte[0] = (unsigned char)(v >> 16);
    byte[1] = (unsigned char)(v >> 8);
    byte[2] = (unsigned char)v;
    /* bits that belong to no byte must be zero, or two texts would say the same */
    if ((bytes < 3 && byte[2] != 0) || (bytes < 2 && byte[1] != 0))
        return 0;
    return bytes;
}

enum err px_base64_decode(struct span text, struct buf *out)
{
    unsigned char byte[3];

    if (text.n % 4 != 0)
        return E_SYNTAX;
    for (size_t i = 0; i < text.n; i += 4) {
        unsigned n = base64_group(text.p + i, byte);

        if (n == 0 || (n < 3 && i + 4 != text.n))
            return E_SYNTAX;
        buf_put(out, (struct span){ (const char *)byte, n });
    }
    return buf_ok(out) ? OK : E_LIMIT;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

enum err px_hex_decode(struct span text, struct buf *out)
{
    if (text.n % 2 != 0)
        return E_SYNTAX;
    for (size_t i = 0; i < text.n; i += 2) {
        int high = hex_value(text.p[i]), low = hex_value(text.p[i + 1]);

        if (high < 0 || low < 0)
            return E_SYNTAX;
        buf_byte(out, (char)(high << 4 | low));
    }
    return buf_ok(out) ? OK : E_LIMIT;
}

/* RFC 9562 section 5.7: 48 bits of milliseconds, version 7, 12 random bits, variant 10, 62 more. */
static void uuid7(int64_t unix_ms, unsigned char u[16])
{
    px_random(u, 16);
    for (unsigned i = 0; i < 6; i++)
        u[i] = (unsigned char)((uint64_t)unix_ms >> (40 - 8 * i));
    u[6] = (unsigned char)(0x70 | (u[6] & 0x0F));
    u[8] = (unsigned char)(0x80 | (u[8] & 0x3F));
}

void px_id_make(int64_t unix_ms, char out[27])
{
    static const char crockford[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    unsigned char u[16];
    uint32_t bits = 0, held = 2; /* 26 x 5 = 130 bits: two zeros go in front */
    unsigned n = 0;

    uuid7(unix_ms, u);
    for (unsigned i = 0; i < sizeof u; i++) {
        bits = bits << 8 | u[i];
        for (held += 8; held >= 5; held -= 5)
            out[n++] = crockford[bits >> (held - 5) & 31];
    }
    out[n] = '\0';
}
