/* policies/value.c */
#include "policies/value.h"

#include <string.h>

#include "policies/facts.h"

static bool add_digit(int64_t *v, char c)
{
    return !__builtin_mul_overflow(*v, 10, v) && !__builtin_add_overflow(*v, c - '0', v);
}

enum err pol_decimal(struct span text, unsigned exponent, int64_t *out)
{
    bool point = false;
    int64_t v = 0;

    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];

        if (c == '_')
            continue;
        if (c == '.') {
            point = true;
            continue;
        }
        if (point && exponent == 0 && c == '0')
            continue; /* 20.00 of a currency without decimals is 20 */
        if ((point && exponent == 0) || !add_digit(&v, c))
            return E_RANGE;
        exponent -= point;
    }
    for (; exponent > 0; exponent--) {
        if (__builtin_mul_overflow(v, 10, &v))
            return E_RANGE;
    }
    *out = v;
    return OK;
}

enum err pol_percent(struct span text, int64_t *ppm)
{
    return pol_decimal(text, 4, ppm);
}

enum err pol_pp(struct span text, int64_t *ppm)
{
    if (span_ends(text, "bps"))
        return pol_decimal(span_take(text, text.n - 3), 2, ppm);
    return pol_decimal(span_take(text, text.n - 2), 4, ppm);
}

enum err pol_duration(struct span text, int64_t *ms)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = { { "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 }, { "d", 86400000 } };
    size_t n = 0;

    while (n < text.n && (text.p[n] == '_' || (text.p[n] >= '0' && text.p[n] <= '9')))
        n++;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (!span_is(span_drop(text, n), units[i].unit))
            continue;
        if (pol_decimal(span_take(text, n), 0, ms) != OK ||
            __builtin_mul_overflow(*ms, units[i].ms, ms) || *ms > INT64_C(366) * 86400000)
            return E_RANGE;
        return OK;
    }
    return E_SYNTAX;
}

enum err pol_clock(struct span text, unsigned *minutes)
{
    unsigned h, m;

    h = (unsigned)(text.p[0] - '0');
    if (text.n == 5)
        h = h * 10 + (unsigned)(text.p[1] - '0');
    m = (unsigned)(text.p[text.n - 2] - '0') * 10 + (unsigned)(text.p[text.n - 1] - '0');
    if (m > 59 || h * 60 + m > 24 * 60)
        return E_RANGE;
    *minutes = h * 60 + m;
    return OK;
}

enum err pol_money(const struct pol_value *v, struct money *out)
{
    currency c = currency_find(v->text);

    if (c == CURRENCY_NONE || !currency_taken(c, MONEY_ISO))
        return E_NOTFOUND;
    out->cur = c;
    return pol_decimal(v->second, currency_exponent(c, MONEY_ISO), &out->minor);
}

struct span pol_unescape(struct arena *a, struct span text)
{
    char *out;
    size_t n = 0;

    if (memchr(text.p, '\\', text.n) == NULL)
        return text;
    out = arena_alloc(a, text.n + 1);
    if (out == NULL)
        return SPAN_NONE;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '\\')
            i++;
        out[n++] = text.p[i];
    }
    return (struct span){ out, n };
}

enum err pol_bin_range(struct span digits, uint64_t *low, uint64_t *high)
{
    uint64_t width = 1;

    if (digits.n == 0 || digits.n > POL_BIN_DIGITS || span_u64(digits, low) != OK)
        return E_SYNTAX;
    for (size_t i = digits.n; i < POL_BIN_DIGITS; i++)
        width *= 10;
    *low *= width;
    *high = *low + width - 1;
    return OK;
}
