/* health/delta.c */
#include "health/delta.h"

#include <math.h>
#include <string.h>

enum { HEAD = 6, CELL_HALF = 10, CELL_WIDE = 16, TECH = 14, VERSION = 1, WIDE = 1 };
static const double HALF_MAX = 60000; /* binary16 ends at 65504 */
static const double COUNT_MAX = 1e9;  /* no node learns more than this */

/* ---- gathering ---- */

void hl_delta_clear(struct hl_delta *d)
{
    d->cells = d->techs = 0;
    memset(d->at_, 0, sizeof d->at_);
}

/* The slot where id is, or where it would go. Half of the slots are always free. */
static uint16_t *slot_of(struct hl_delta *d, uint32_t id)
{
    uint32_t i = (id * 2654435761u) >> 22; /* Knuth, TAOCP 6.4: golden ratio; 10 bits */

    _Static_assert(HL_DELTA_SLOTS_ == 1 << 10, "ten bits of hash");
    while (d->at_[i] != 0 && d->cell[d->at_[i] - 1].id != id)
        i = (i + 1) % HL_DELTA_SLOTS_;
    return &d->at_[i];
}

static struct hl_delta_cell *cell_of(struct hl_delta *d, uint32_t id)
{
    uint16_t *slot = slot_of(d, id);

    if (*slot == 0) {
        if (d->cells == HL_DELTA_CELLS)
            return NULL;
        d->cell[d->cells] = (struct hl_delta_cell){ .id = id };
        *slot = (uint16_t)++d->cells;
    }
    return &d->cell[*slot - 1];
}

static bool possible(double n, double s, double e)
{
    return n >= 0 && n <= COUNT_MAX && s >= 0 && s <= n && e >= 0 && e <= n; /* false for NaN */
}

bool hl_delta_add(struct hl_delta *d, uint32_t id, double y, double expected, double weight)
{
    struct hl_delta_cell *c;

    if (!possible(weight, weight * y, weight * expected) || (c = cell_of(d, id)) == NULL)
        return false;
    c->n += (float)weight;
    c->s = fminf(c->s + (float)(weight * y), c->n);
    c->e = fminf(c->e + (float)(weight * expected), c->n);
    return true;
}

bool hl_delta_put(struct hl_delta *d, uint32_t id, double n, double s, double e)
{
    struct hl_delta_cell *c;

    if (!possible(n, s, e) || *slot_of(d, id) != 0 || (c = cell_of(d, id)) == NULL)
        return false;
    *c = (struct hl_delta_cell){ id, (float)n, (float)s, (float)e };
    return true;
}

struct hl_delta_tech *hl_delta_tech_of(struct hl_delta *d, uint32_t id)
{
    for (unsigned i = 0; i < d->techs; i++)
        if (d->tech[i].id == id)
            return &d->tech[i];
    if (d->techs == HL_DELTA_TECHS)
        return NULL;
    d->tech[d->techs] = (struct hl_delta_tech){ .id = id };
    return &d->tech[d->techs++];
}

void hl_delta_count(uint16_t *count, unsigned more)
{
    *count = more > (unsigned)(UINT16_MAX - *count) ? UINT16_MAX : (uint16_t)(*count + more);
}

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

/* ---- packing ---- */

static unsigned char *put(unsigned char *p, uint32_t v, unsigned bytes)
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

static bool fits_half(const struct hl_delta *d)
{
    for (unsigned i = 0; i < d->cells; i++)
        if ((double)d->cell[i].n > HALF_MAX)
            return false;
    return true;
}

static unsigned char *put_tech(unsigned char *p, const struct hl_delta_tech *t)
{
    p = put(p, t->id, 4);
    p = put(p, t->ok, 2);
    p = put(p, t->fail, 2);
    p = put(p, t->overdue, 2);
    return put(p, t->last_ms, 4);
}

size_t hl_delta_pack(const struct hl_delta *d, bool wide, void *out, size_t cap)
{
    bool w = wide || !fits_half(d);
    size_t n = HEAD + (size_t)d->cells * (w ? CELL_WIDE : CELL_HALF) + (size_t)d->techs * TECH;
    unsigned char *p = out;

    if (n > cap)
        return 0;
    p = put(p, 'D', 1);
    p = put(p, VERSION, 1);
    p = put(p, w ? WIDE : 0, 1);
    p = put(p, d->techs, 1);
    p = put(p, d->cells, 2);
    for (unsigned i = 0; i < d->cells; i++) {
        p = put(p, d->cell[i].id, 4);
        p = put_number(p, d->cell[i].n, w);
        p = put_number(p, d->cell[i].s, w);
        p = put_number(p, d->cell[i].e, w);
    }
    for (unsigned i = 0; i < d->techs; i++)
        p = put_tech(p, &d->tech[i]);
    return n;
}

/* ---- reading ---- */

enum err hl_delta_open(struct span blob, struct hl_delta_view *out)
{
    const unsigned char *p = (const unsigned char *)blob.p;
    struct hl_delta_view v;

    if (blob.n < HEAD || p[0] != 'D' || p[1] != VERSION || (p[2] & ~WIDE) != 0)
        return E_SYNTAX;
    v.wide = (p[2] & WIDE) != 0;
    v.techs = p[3];
    v.cells = get(p + 4, 2);
    v.cell_ = p + HEAD;
    v.tech_ = v.cell_ + (size_t)v.cells * (v.wide ? CELL_WIDE : CELL_HALF);
    if (v.cells > HL_DELTA_CELLS || v.techs > HL_DELTA_TECHS ||
        blob.n != (size_t)(v.tech_ - p) + (size_t)v.techs * TECH)
        return E_SYNTAX;
    for (unsigned i = 0; i < v.cells; i++) {
        struct hl_delta_cell c = hl_delta_cell_at(&v, i);

        if (!possible((double)c.n, (double)c.s, (double)c.e))
            return E_SYNTAX;
    }
    *out = v;
    return OK;
}

struct hl_delta_cell hl_delta_cell_at(const struct hl_delta_view *v, unsigned i)
{
    unsigned one = v->wide ? 4 : 2;
    const unsigned char *p = v->cell_ + (size_t)i * (v->wide ? CELL_WIDE : CELL_HALF);

    return (struct hl_delta_cell){ .id = get(p, 4),
                                   .n = get_number(p + 4, v->wide),
                                   .s = get_number(p + 4 + one, v->wide),
                                   .e = get_number(p + 4 + 2 * one, v->wide) };
}

struct hl_delta_tech hl_delta_tech_at(const struct hl_delta_view *v, unsigned i)
{
    const unsigned char *p = v->tech_ + (size_t)i * TECH;

    return (struct hl_delta_tech){ .id = get(p, 4),
                                   .ok = (uint16_t)get(p + 4, 2),
                                   .fail = (uint16_t)get(p + 6, 2),
                                   .overdue = (uint16_t)get(p + 8, 2),
                                   .last_ms = get(p + 10, 4) };
}

void hl_delta_into(struct hl_cell *c, struct hl_fade f, const struct hl_delta_cell *d, double age_s,
                   int64_t now_ns)
{
    double left = age_s <= 0 ? 1 : exp2(-age_s / f.half_life_s);

    if (!(d->n > 0))
        return;
    hl_cell_add(c, f, (double)d->s / (double)d->n, (double)d->e / (double)d->n, (double)d->n * left,
                now_ns);
}
