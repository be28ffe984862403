/* routing/base/money.c */
#include "routing/base/money.h"

#include <stdlib.h>
#include <string.h>

#include "routing/base/check.h"

enum { EXPONENT_NONE = 255 };

struct row {
    char code[4];
    uint16_t numeric;
    uint8_t exponent[MONEY_DIALECTS_];
    uint8_t zero_last; /* one bit per dialect: the last digit must be 0 */
};

static const struct row table[] = {
#include "currency_table.inc"
};

enum { ROWS = sizeof table / sizeof table[0] };

static const struct row *row_of(currency c)
{
    CHECK(c >= 1 && c <= ROWS);
    return &table[c - 1];
}

currency currency_find(struct span code)
{
    size_t low = 0, high = ROWS;

    if (code.n != 3)
        return CURRENCY_NONE;
    while (low < high) {
        size_t mid = (low + high) / 2;
        int order = memcmp(code.p, table[mid].code, 3);

        if (order == 0)
            return (currency)(mid + 1);
        if (order < 0)
            high = mid;
        else
            low = mid + 1;
    }
    return CURRENCY_NONE;
}

const char *currency_code(currency c)
{
    return row_of(c)->code;
}

bool currency_taken(currency c, enum money_dialect d)
{
    return row_of(c)->exponent[d] != EXPONENT_NONE;
}

unsigned currency_exponent(currency c, enum money_dialect d)
{
    CHECK(currency_taken(c, d));
    return row_of(c)->exponent[d];
}

unsigned currency_count(void)
{
    return ROWS;
}

static char upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

static unsigned likeness(const char *code, const char *other)
{
    const char have[3] = { upper(code[0]), upper(code[1]), upper(code[2]) };
    unsigned placed = 0;
    bool same = true; /* the same letters, in whatever order */

    for (unsigned i = 0; i < 3; i++) {
        placed += have[i] == other[i];
        same &= memchr(other, have[i], 3) != NULL && memchr(have, other[i], 3) != NULL;
    }
    return same || placed >= 2 ? 2 * placed + 2 * same : 0;
}

/* All three letters in whatever case or order, or two of them in place. */
currency currency_near(struct span code)
{
    currency best = CURRENCY_NONE;
    unsigned most = 0;

    if (code.n != 3)
        return CURRENCY_NONE;
    for (currency c = 1; c <= ROWS; c++) {
        unsigned like = likeness(code.p, table[c - 1].code);

        if (like > most) {
            best = c;
            most = like;
        }
    }
    return best;
}

enum err money_add(struct money a, struct money b, struct money *sum)
{
    int64_t minor;

    if (a.cur != b.cur)
        return E_CONFLICT;
    if (__builtin_add_overflow(a.minor, b.minor, &minor))
        return E_RANGE;
    *sum = (struct money){ minor, a.cur };
    return OK;
}

enum err money_sub(struct money a, struct money b, struct money *diff)
{
    int64_t minor;

    if (a.cur != b.cur)
        return E_CONFLICT;
    if (__builtin_sub_overflow(a.minor, b.minor, &minor))
        return E_RANGE;
    *diff = (struct money){ minor, a.cur };
    return OK;
}

/* v x 10^(to - from), exactly. */
static enum err rescale(int64_t v, unsigned from, unsigned to, int64_t *out)
{
    for (; from < to; from++) {
        if (__builtin_mul_overflow(v, 10, &v))
            return E_RANGE;
    }
    for (; from > to; from--) {
        if (v % 10 != 0)
            return E_RANGE;
        v /= 10;
    }
    *out = v;
    return OK;
}

enum err money_to(struct money m, enum money_dialect d, int64_t *units)
{
    const struct row *r = row_of(m.cur);
    int64_t v;
    enum err e;

    if (!currency_taken(m.cur, d))
        return E_RANGE;
    if ((e = rescale(m.minor, r->exponent[MONEY_ISO], r->exponent[d], &v)) != OK)
        return e;
    if ((r->zero_last >> d & 1) != 0 && v % 10 != 0)
        return E_RANGE;
    *units = v;
    return OK;
}

enum err money_from(int64_t units, currency c, enum money_dialect d, struct money *out)
{
    const struct row *r = row_of(c);
    int64_t v;
    enum err e;

    if (!currency_taken(c, d))
        return E_RANGE;
    if ((e = rescale(units, r->exponent[d], r->exponent[MONEY_ISO], &v)) != OK)
        return e;
    *out = (struct money){ v, c };
    return OK;
}

void money_print(struct money m, struct buf *out)
{
    unsigned exponent = currency_exponent(m.cur, MONEY_ISO);
    uint64_t v = m.minor < 0 ? 0 - (uint64_t)m.minor : (uint64_t)m.minor;
    uint64_t scale = 1;

    for (unsigned i = 0; i < exponent; i++)
        scale *= 10;
    buf_str(out, currency_code(m.cur));
    buf_byte(out, ' ');
    if (m.minor < 0)
        buf_byte(out, '-');
    buf_u64(out, v / scale);
    if (exponent > 0) {
        buf_byte(out, '.');
        buf_pad(out, v % scale, exponent);
    }
}

enum err money_ppm(int64_t minor, int64_t ppm, enum money_round how, int64_t *out)
{
    __extension__ typedef __int128 wide;
    const wide million = 1000000;
    wide product = (wide)minor * ppm;
    bool neg = product < 0;
    wide magnitude = neg ? -product : product;
    wide q = magnitude / million, r = magnitude % million;

    switch (how) {
    case MONEY_DOWN: break;
    case MONEY_UP: q += r > 0; break;
    case MONEY_HALF_EVEN: q += 2 * r > million || (2 * r == million && q % 2 == 1); break;
    }
    if (q > INT64_MAX)
        return E_RANGE;
    *out = (int64_t)(neg ? -q : q);
    return OK;
}
