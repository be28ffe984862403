/* health/book.c */
#include "health/book_inside.h"

#include <stdalign.h>
#include <string.h>

#include "routing/base/check.h"
#include "routing/base/hash.h"

enum { ALIGN = alignof(max_align_t) };

uint16_t hl_country(const char *a)
{
    if (a == NULL || a[0] < 'A' || a[0] > 'Z' || a[1] < 'A' || a[1] > 'Z' || a[2] != '\0')
        return 0;
    return (uint16_t)((a[0] - 'A') * 26 + (a[1] - 'A') + 1);
}

/* ---- memory ---- */

static size_t padded(size_t n)
{
    return (n + ALIGN - 1) / ALIGN * ALIGN;
}

static unsigned slots_for(unsigned bins_max)
{
    unsigned slots = 16;

    while (slots < bins_max * 2)
        slots *= 2;
    return slots;
}

static size_t place_size(unsigned providers, bool cells)
{
    return padded(sizeof(struct hl_place)) + padded(providers * sizeof(struct hl_regime)) +
           (cells ? padded(providers * sizeof(struct hl_weight)) : 0);
}

size_t hl_book_size(unsigned providers, unsigned bins_max)
{
    return padded(sizeof(struct hl_book)) + padded(providers * sizeof(double)) +
           padded(providers * sizeof(struct hl_tech)) +
           padded(HL_SPEEDS * providers * sizeof(struct hl_weight)) +
           padded(providers * sizeof(struct hl_regime)) +
           padded((HL_COUNTRIES + HL_PRODUCTS) * providers * sizeof(struct hl_weight)) + 2 * ALIGN +
           padded(HL_COUNTRIES * HL_PRODUCTS * sizeof(uint16_t)) +
           padded(HL_GROUPS_MAX * sizeof(void *)) + padded(slots_for(bins_max) * sizeof(void *)) +
           HL_GROUPS_MAX * place_size(providers, false) + bins_max * place_size(providers, true);
}

static void *cut(struct hl_book *b, size_t n)
{
    char *p = b->spare_;

    CHECK(padded(n) <= (size_t)(b->spare_end_ - b->spare_));
    b->spare_ += padded(n);
    return memset(p, 0, n);
}

struct hl_book *hl_book_init(void *mem, size_t size, unsigned providers, unsigned bins_max,
                             int64_t now_ns)
{
    struct hl_book *b = mem;

    CHECK(size >= hl_book_size(providers, bins_max));
    memset(b, 0, sizeof *b); /* pages are cleared when they are cut: most never are */
    b->spare_ = (char *)mem + padded(sizeof *b);
    b->spare_end_ = (char *)mem + size;
    b->providers = providers;
    hl_book_init_approval(b, now_ns);
    b->hard = (struct hl_cell){ .n = 50, .s = 3.5, .at_ns = now_ns };
    b->retry_n = 2;
    b->retry_s = 2 * 0.3;
    b->won = cut(b, providers * sizeof *b->won);
    b->tech = cut(b, providers * sizeof *b->tech);
    b->provider_cell = cut(b, HL_SPEEDS * providers * sizeof *b->provider_cell);
    b->provider_regime = cut(b, providers * sizeof *b->provider_regime);
    b->country_cell = cut(b, HL_COUNTRIES * providers * sizeof *b->country_cell);
    b->product_cell = cut(b, HL_PRODUCTS * providers * sizeof *b->product_cell);
    b->group_at = cut(b, HL_COUNTRIES * HL_PRODUCTS * sizeof *b->group_at);
    b->groups_max = HL_GROUPS_MAX;
    b->group = cut(b, HL_GROUPS_MAX * sizeof(void *));
    b->bins_max = bins_max;
    b->bin_slots = slots_for(bins_max);
    b->bin = cut(b, b->bin_slots * sizeof(void *));
    for (unsigned p = 0; p < providers; p++)
        hl_tech_init(&b->tech[p], now_ns);
    return b;
}

/* ---- pages ---- */

static struct hl_place *make_place(struct hl_book *b, bool cells, int64_t now_ns)
{
    struct hl_place *g = cut(b, sizeof *g);

    g->regime = cut(b, b->providers * sizeof *g->regime);
    if (cells)
        g->cell = cut(b, b->providers * sizeof *g->cell);
    for (unsigned p = 0; p < b->providers; p++) {
        g->regime[p].at_ns = now_ns;
    }
    return g;
}

static unsigned group_key(struct hl_card card)
{
    CHECK(card.country < HL_COUNTRIES);
    CHECK(card.product < HL_PRODUCTS);
    return (unsigned)card.country * HL_PRODUCTS + card.product;
}

struct hl_place *hl_book_group(const struct hl_book *b, struct hl_card card)
{
    unsigned at = b->group_at[group_key(card)];

    return at == 0 ? NULL : b->group[at - 1];
}

struct hl_place *hl_book_group_made(struct hl_book *b, struct hl_card card, int64_t now_ns)
{
    struct hl_place *g = hl_book_group(b, card);

    if (g != NULL || b->groups == b->groups_max)
        return g;
    g = make_place(b, false, now_ns);
    b->group[b->groups++] = g;
    b->group_at[group_key(card)] = (uint16_t)b->groups;
    return g;
}

static unsigned bin_slot(const struct hl_book *b, uint32_t bin)
{
    unsigned at = (unsigned)hash64_mix(bin, 0) & (b->bin_slots - 1);

    while (b->bin[at] != NULL && b->bin[at]->bin != bin)
        at = (at + 1) & (b->bin_slots - 1);
    return at;
}

struct hl_place *hl_book_bin(const struct hl_book *b, struct hl_card card)
{
    return card.bin == 0 ? NULL : b->bin[bin_slot(b, card.bin)];
}

struct hl_place *hl_book_bin_made(struct hl_book *b, struct hl_card card, int64_t now_ns)
{
    struct hl_place *g = hl_book_bin(b, card);

    if (g != NULL || card.bin == 0 || b->bins == b->bins_max)
        return g;
    g = make_place(b, true, now_ns);
    g->bin = card.bin;
    b->bin[bin_slot(b, card.bin)] = g;
    b->bins++;
    return g;
}

/* ---- what is common ---- */

struct hl_at hl_book_find(const struct hl_book *b, struct hl_card card)
{
    return (struct hl_at){ card, hl_book_group(b, card), hl_book_bin(b, card) };
}

struct hl_regime *hl_book_regime(struct hl_book *b, unsigned level, unsigned p,
                                 const struct hl_at *at)
{
    struct hl_place *g;

    if (level == 0)
        return &b->provider_regime[p];
    g = level == 1 ? at->group : at->bin;
    return g == NULL ? NULL : &g->regime[p];
}

struct hl_common hl_book_common(struct hl_book *b, const struct hl_at *at, int64_t now_ns)
{
    struct hl_regime *row[64];
    struct hl_common common;
    double so_far = 0;

    CHECK(b->providers <= 64);
    for (unsigned l = 0; l < HL_LEVELS; l++) {
        double drop;

        for (unsigned p = 0; p < b->providers; p++)
            row[p] = hl_book_regime(b, l, p, at);
        drop = hl_regime_common(row, b->providers, now_ns);
        so_far = drop < so_far ? drop : so_far;
        common.drop[l] = so_far;
    }
    return common;
}

void hl_book_others(const struct hl_book *b, unsigned p, double *n, double *failed)
{
    *n = *failed = 0;
    for (unsigned i = 0; i < b->providers; i++) {
        if (i == p)
            continue;
        *n += b->tech[i].recent_n;
        *failed += b->tech[i].recent_failed;
    }
}
