/* routing/base/utf8.c */
#include "routing/base/utf8.h"

#include <stdbool.h>

#include "routing/base/check.h"

static bool within(char c, unsigned low, unsigned high)
{
    return (unsigned char)c >= low && (unsigned char)c <= high;
}

static bool trail(char c)
{
    return within(c, 0x80, 0xBF);
}

/* The second byte's range is what refuses overlong forms, surrogates and numbers too high. */
unsigned utf8_len(const char *p, size_t n)
{
    if (n >= 1 && within(p[0], 0x00, 0x7F))
        return 1;
    if (n >= 2 && within(p[0], 0xC2, 0xDF))
        return trail(p[1]) ? 2 : 0;
    if (n >= 3 && within(p[0], 0xE0, 0xEF)) {
        unsigned low = p[0] == '\xE0' ? 0xA0 : 0x80, high = p[0] == '\xED' ? 0x9F : 0xBF;

        return within(p[1], low, high) && trail(p[2]) ? 3 : 0;
    }
    if (n >= 4 && within(p[0], 0xF0, 0xF4)) {
        unsigned low = p[0] == '\xF0' ? 0x90 : 0x80, high = p[0] == '\xF4' ? 0x8F : 0xBF;

        return within(p[1], low, high) && trail(p[2]) && trail(p[3]) ? 4 : 0;
    }
    return 0;
}

static char six(uint32_t c, unsigned shift)
{
    return (char)(0x80 | (c >> shift & 0x3F));
}

unsigned utf8_put(uint32_t c, char out[4])
{
    CHECK(c <= 0x10FFFF);
    CHECK(c < 0xD800 || c > 0xDFFF);
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xC0 | c >> 6);
        out[1] = six(c, 0);
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xE0 | c >> 12);
        out[1] = six(c, 6);
        out[2] = six(c, 0);
        return 3;
    }
    out[0] = (char)(0xF0 | c >> 18);
    out[1] = six(c, 12);
    out[2] = six(c, 6);
    out[3] = six(c, 0);
    return 4;
}
