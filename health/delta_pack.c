/* health/delta_pack.c -- the packed form of a delta, there and back. */
#include "health/delta.h"

#include <math.h>
#include <string.h>

#include "health/book.h"

enum { HEAD = 10, CELL_HALF = 14, CELL_WIDE = 20, CARD = 22, TECH = 14, WAIT = 4 };
enum { VERSION = 2, WIDE = 1 };
static const double HALF_MAX = 60000; /* binary16 ends at 65504 */
static const double COUNT_MAX = 1e9;  /* no node learns more than this */
enum { BIN_MAX = 99999999, LAST_MAX_MS = 3600 * 1000 };

/* ---- numbers ---- */

static uint32_t bits_of(float x)
{
    uint32_t u;

    memcpy(&u, &x, sizeof u);
    return u;
}

static float of_bits(uint32_t u)
{
    float x;

    memcpy(&x, &u, sizeof x);
    return x;
}

/* m is shifted right by n, rounding to nearest even. A carry into the exponent is what rounding up
 * to the next power of two means. */
static uint32_t shift_even(uint32_t m, unsigned n)
{
    uint32_t half = 1u << (n - 1), rest = m & ((1u << n) - 1), out = m >> n;

    return out + (rest > half || (rest == half && (out & 1) != 0) ? 1 : 0);
}

uint16_t hl_half_of(float x)
{
    uint32_t u = bits_of(x), sign = u >> 16 & 0x8000, m = u & 0x7fffff;
    int exp = (int)(u >> 23 & 0xff) - 127 + 15;

    if ((u & 0x7fffffff) > 0x7f800000)
        return (uint16_t)(sign | 0x7e00); /* NaN */
    if (exp >= 31)
        return (uint16_t)(sign | 0x7c00);
    if (exp > 0)
        return (uint16_t)(sign | shift_even((uint32_t)exp << 23 | m, 13));
    if (exp < -10)
        return (uint16_t)sign;
    return (uint16_t)(sign | shift_even(m | 0x800000, (unsigned)(14 - exp)));
}

float hl_half_to(uint16_t h)
{
    uint32_t sign = (uint32_t)(h & 0x8000) << 16, exp = h >> 10 & 31, m = h & 0x3ff;

    if (exp == 31)
        return of_bits(sign | 0x7f800000 | m << 13);
    if (exp == 0)
        return (sign != 0 ? -1.0f : 1.0f) * ldexpf((float)m, -24);
    return of_bits(sign | (exp + 112) << 23 | m << 13);
}

/* ---- bytes ---- */

static unsigned char *put(unsigned char *p, uint64_t v, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        *p++ = (unsigned char)(v >> 8 * i);
    return p;
}

static uint32_t get(const unsigned char *p, unsigned bytes)
{
    uint32_t v = 0;

    for (unsigned i = 0; i < bytes; i++)
        v |= (uint32_t)p[i] << 8 * i;
    return v;
}

static unsigned char *put_number(unsigned char *p, float x, bool wide)
{
    return wide ? put(p, bits_of(x), 4) : put(p, hl_half_of(x), 2);
}

static float get_number(const unsigned char *p, bool wide)
{
    return wide ? of_bits(get(p, 4)) : hl_half_to((uint16_t)get(p, 2));
}

/* ---- packing ---- */

static bool fits_half(const struct hl_delta *d)
{
    for (unsigned i = 0; i < d->cells; i++) {
        if ((double)d->cell[i].n > HALF_MAX)
            return false;
    }
    return true;
}

static unsigned waits_of(const struct hl_delta *d)
{
    unsigned n = 0;

    for (unsigned i = 0; i < d->techs; i++) {
        for (unsigned b = 0; b < HL_HIST; b++)
            n += d->wait[i][b] != 0;
    }
    return n;
}

static unsigned char *put_cell(unsigned char *p, const struct hl_delta_cell *c, bool wide)
{
    p = put(p, c->key, 8);
    p = put_number(p, c->n, wide);
    p = put_number(p, c->s, wide);
    return put_number(p, c->e, wide);
}

static unsigned char *put_card(unsigned char *p, const struct hl_delta_card *c)
{
    p = put(p, c->provider, 4);
    p = put(p, c->bin, 4);
    p = put(p, c->country, 2);
    p = put(p, c->product, 1);
    p = put(p, 0, 1);
    p = put(p, c->approved, 2);
    p = put(p, c->soft, 2);
    p = put(p, c->hard, 2);
    p = put(p, c->approved_later, 2);
    return put(p, c->declined_later, 2);
}

static unsigned char *put_tech(unsigned char *p, const struct hl_delta_tech *t)
{
    p = put(p, t->provider, 4);
    p = put(p, t->ok, 2);
    p = put(p, t->fail, 2);
    p = put(p, t->overdue, 2);
    return put(p, t->last_ms < LAST_MAX_MS ? t->last_ms : LAST_MAX_MS, 4);
}

static unsigned char *put_waits(unsigned char *p, const struct hl_delta *d)
{
    for (unsigned i = 0; i < d->techs; i++) {
        for (unsigned b = 0; b < HL_HIST; b++) {
            if (d->wait[i][b] == 0)
                continue;
            p = put(p, i, 1);
            p = put(p, b, 1);
            p = put(p, d->wait[i][b], 2);
        }
    }
    return p;
}

size_t hl_delta_pack(const struct hl_delta *d, bool wide, void *out, size_t cap)
{
    bool w = wide || !fits_half(d);
    unsigned waits = waits_of(d);
    size_t n = HEAD + (size_t)d->cells * (w ? CELL_WIDE : CELL_HALF) + (size_t)d->cards * CARD +
               (size_t)d->techs * TECH + (size_t)waits * WAIT;
    unsigned char *p = out;

    if (n > cap)
        return 0;
    p = put(p, 'D', 1);
    p = put(p, VERSION, 1);
    p = put(p, w ? WIDE : 0, 1);
    p = put(p, d->techs, 1);
    p = put(p, d->cells, 2);
    p = put(p, d->cards, 2);
    p = put(p, waits, 2);
    for (unsigned i = 0; i < d->cells; i++)
        p = put_cell(p, &d->cell[i], w);
    for (unsigned i = 0; i < d->cards; i++)
        p = put_card(p, &d->card[i]);
    for (unsigned i = 0; i < d->techs; i++)
        p = put_tech(p, &d->tech[i]);
    (void)put_waits(p, d);
    return n;
}

/* ---- reading ---- */

static bool measure(struct span blob, struct hl_delta_view *v)
{
    const unsigned char *p = (const unsigned char *)blob.p;

    if (blob.n < HEAD || p[0] != 'D' || p[1] != VERSION || (p[2] & ~WIDE) != 0)
        return false;
    v->wide = (p[2] & WIDE) != 0;
    v->techs = p[3];
    v->cells = get(p + 4, 2);
    v->cards = get(p + 6, 2);
    v->waits = get(p + 8, 2);
    v->cell_ = p + HEAD;
    v->card_ = v->cell_ + (size_t)v->cells * (v->wide ? CELL_WIDE : CELL_HALF);
    v->tech_ = v->card_ + (size_t)v->cards * CARD;
    v->wait_ = v->tech_ + (size_t)v->techs * TECH;
    return v->cells <= HL_DELTA_CELLS && v->cards <= HL_DELTA_CARDS && v->techs <= HL_DELTA_TECHS &&
           v->waits <= HL_DELTA_WAITS && blob.n == (size_t)(v->wait_ - p) + (size_t)v->waits * WAIT;
}

static bool good_cell(const struct hl_delta_view *v, unsigned i)
{
    struct hl_delta_cell c = hl_delta_cell_at(v, i);
    struct hl_cell_key key;
    double n = (double)c.n, s = (double)c.s, e = (double)c.e;

    return hl_cell_key_open(c.key, &key) == OK && n >= 0 && n <= COUNT_MAX && s >= 0 && s <= n &&
           e >= 0 && e <= n; /* false for NaN */
}

static bool good_card(const struct hl_delta_view *v, unsigned i)
{
    const unsigned char *p = v->card_ + (size_t)i * CARD;
    struct hl_delta_card c = hl_delta_card_at(v, i);

    return c.bin <= BIN_MAX && c.country < HL_COUNTRIES && c.product < HL_PRODUCTS && p[11] == 0;
}

static bool good_wait(const struct hl_delta_view *v, unsigned i)
{
    struct hl_delta_wait w = hl_delta_wait_at(v, i);

    return w.tech < v->techs && w.bucket < HL_HIST && w.count > 0;
}

enum err hl_delta_open(struct span blob, struct hl_delta_view *out)
{
    struct hl_delta_view v;

    if (!measure(blob, &v))
        return E_SYNTAX;
    for (unsigned i = 0; i < v.cells; i++) {
        if (!good_cell(&v, i))
            return E_SYNTAX;
    }
    for (unsigned i = 0; i < v.cards; i++) {
        if (!good_card(&v, i))
            return E_SYNTAX;
    }
    for (unsigned i = 0; i < v.techs; i++) {
        if (hl_delta_tech_at(&v, i).last_ms > LAST_MAX_MS)
            return E_SYNTAX;
    }
    for (unsigned i = 0; i < v.waits; i++) {
        if (!good_wait(&v, i))
            return E_SYNTAX;
    }
    *out = v;
    return OK;
}

struct hl_delta_cell hl_delta_cell_at(const struct hl_delta_view *v, unsigned i)
{
    unsigned one = v->wide ? 4 : 2;
    const unsigned char *p = v->cell_ + (size_t)i * (v->wide ? CELL_WIDE : CELL_HALF);

    return (struct hl_delta_cell){ .key = get(p, 4) | (uint64_t)get(p + 4, 4) << 32,
                                   .n = get_number(p + 8, v->wide),
                                   .s = get_number(p + 8 + one, v->wide),
                                   .e = get_number(p + 8 + 2 * one, v->wide) };
}

struct hl_delta_card hl_delta_card_at(const struct hl_delta_view *v, unsigned i)
{
    const unsigned char *p = v->card_ + (size_t)i * CARD;

    return (struct hl_delta_card){ .provider = get(p, 4),
                                   .bin = get(p + 4, 4),
                                   .country = (uint16_t)get(p + 8, 2),
                                   .product = p[10],
                                   .approved = (uint16_t)get(p + 12, 2),
                                   .soft = (uint16_t)get(p + 14, 2),
                                   .hard = (uint16_t)get(p + 16, 2),
                                   .approved_later = (uint16_t)get(p + 18, 2),
                                   .declined_later = (uint16_t)get(p + 20, 2) };
}

struct hl_delta_tech hl_delta_tech_at(const struct hl_delta_view *v, unsigned i)
{
    const unsigned char *p = v->tech_ + (size_t)i * TECH;

    return (struct hl_delta_tech){ .provider = get(p, 4),
                                   .ok = (uint16_t)get(p + 4, 2),
                                   .fail = (uint16_t)get(p + 6, 2),
                                   .overdue = (uint16_t)get(p + 8, 2),
                                   .last_ms = get(p + 10, 4) };
}

struct hl_delta_wait hl_delta_wait_at(const struct hl_delta_view *v, unsigned i)
{
    const unsigned char *p = v->wait_ + (size_t)i * WAIT;

    return (struct hl_delta_wait){ p[0], p[1], get(p + 2, 2) };
}
