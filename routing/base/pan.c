/* routing/base/pan.c */
#include "routing/base/pan.h"

#include <string.h>

#include "routing/base/check.h"
#include "routing/base/secret.h"

enum { LAST = 4, HIDDEN_MIN = 4, BIN_SHOWN = 6, LEAD_MAX = 11 };

bool pan_luhn(struct span digits)
{
    unsigned sum = 0;

    for (size_t i = 0; i < digits.n; i++) {
        unsigned d = (unsigned)(digits.p[digits.n - 1 - i] - '0');

        if (d > 9)
            return false;
        if (i % 2 == 1)
            d = d > 4 ? 2 * d - 9 : 2 * d;
        sum += d;
    }
    return digits.n > 0 && sum % 10 == 0;
}

enum err pan_seal(struct span digits, struct pan *out)
{
    for (size_t i = 0; i < digits.n; i++) {
        if (digits.p[i] < '0' || digits.p[i] > '9')
            return E_SYNTAX;
    }
    if (digits.n < PAN_DIGITS_MIN || digits.n > PAN_DIGITS_MAX)
        return E_RANGE;
    if (!pan_luhn(digits))
        return E_CONFLICT;
    memset(out, 0, sizeof *out);
    memcpy(out->digit_, digits.p, digits.n);
    out->len = (uint8_t)digits.n;
    return OK;
}

void pan_mask(const struct pan *p, struct buf *out)
{
    unsigned len = p->len;
    unsigned first = BIN_SHOWN;

    CHECK(len >= PAN_DIGITS_MIN && len <= PAN_DIGITS_MAX);
    if (first + LAST + HIDDEN_MIN > len)
        first = len - LAST - HIDDEN_MIN;
    for (unsigned i = 0; i < len; i++)
        buf_byte(out, i < first || i >= len - LAST ? p->digit_[i] : '*');
}

uint32_t pan_prefix(const struct pan *p, unsigned n)
{
    uint32_t v = 0;

    if (n > 8 || n + HIDDEN_MIN > p->len)
        return 0;
    for (unsigned i = 0; i < n; i++)
        v = v * 10 + (uint32_t)(p->digit_[i] - '0');
    return v;
}

uint64_t pan_lead(const struct pan *p, unsigned n)
{
    uint64_t v = 0;

    if (n > LEAD_MAX || n + HIDDEN_MIN > p->len)
        return 0;
    for (unsigned i = 0; i < n; i++)
        v = v * 10 + (uint64_t)(p->digit_[i] - '0');
    return v;
}

void pan_last4(const struct pan *p, char out[5])
{
    CHECK(p->len >= PAN_DIGITS_MIN);
    memcpy(out, p->digit_ + p->len - LAST, LAST);
    out[LAST] = '\0';
}

void pan_wipe(struct pan *p)
{
    secret_wipe(p, sizeof *p);
}

struct span pan_reveal(const struct pan *p)
{
    return (struct span){ p->digit_, p->len };
}
