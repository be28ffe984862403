/* health/delta.c -- gathering what was learned. Packing is in health/delta_pack.c. */
#include "health/delta.h"

#include <string.h>

#include "health/book.h"
#include "routing/base/check.h"
#include "routing/base/hash.h"

/* ---- keys ---- */

enum { KIND_AT = 60, CARD_AT = 32, BIN_MAX = 99999999 };

static uint64_t card_part(const struct hl_cell_key *k)
{
    switch (k->kind) {
    case HL_CELL_GROUP:
    case HL_CELL_COUNTRY:
    case HL_CELL_PRODUCT: return (uint64_t)k->country * HL_PRODUCTS + k->product;
    case HL_CELL_BIN:
    case HL_CELL_PROVIDER_BIN: return k->bin;
    case HL_CELL_BASE:
    case HL_CELL_HARD:
    case HL_CELL_PROVIDER: break;
    }
    return 0;
}

uint64_t hl_cell_key_pack(const struct hl_cell_key *k)
{
    return (uint64_t)k->kind << KIND_AT | card_part(k) << CARD_AT | k->provider;
}

enum err hl_cell_key_open(uint64_t packed, struct hl_cell_key *out)
{
    uint32_t card = (uint32_t)(packed >> CARD_AT) & 0xfffffff;
    struct hl_cell_key k = { .provider = (uint32_t)packed };

    if (packed >> KIND_AT < HL_CELL_BASE || packed >> KIND_AT > HL_CELL_PROVIDER_BIN)
        return E_SYNTAX;
    k.kind = (enum hl_cell_kind)(packed >> KIND_AT);
    if (k.kind == HL_CELL_BIN || k.kind == HL_CELL_PROVIDER_BIN) {
        k.bin = card;
        if (k.bin == 0 || k.bin > BIN_MAX)
            return E_SYNTAX;
    } else {
        if (card >= HL_COUNTRIES * HL_PRODUCTS)
            return E_SYNTAX;
        k.country = (uint16_t)(card / HL_PRODUCTS);
        k.product = (uint16_t)(card % HL_PRODUCTS);
    }
    if (k.kind < HL_CELL_PROVIDER && k.provider != 0)
        return E_SYNTAX;
    if (hl_cell_key_pack(&k) != packed) /* parts that the kind does not have */
        return E_SYNTAX;
    *out = k;
    return OK;
}

/* ---- gathering ---- */

void hl_delta_clear(struct hl_delta *d)
{
    memset(d->wait, 0, d->techs * sizeof d->wait[0]);
    memset(d->at_, 0, sizeof d->at_);
    d->cells = d->cards = d->techs = 0;
}

bool hl_delta_is_empty(const struct hl_delta *d)
{
    return d->cells == 0 && d->cards == 0 && d->techs == 0;
}

bool hl_delta_put(struct hl_delta *d, const struct hl_cell_key *key, double n, double s, double e)
{
    struct hl_delta_cell c = { hl_cell_key_pack(key), (float)n, (float)s, (float)e };

    if (d->cells == HL_DELTA_CELLS || !(n >= 0 && n <= 1e9 && s >= 0 && s <= n && e >= 0 && e <= n))
        return false;
    d->cell[d->cells++] = c;
    return true;
}

static bool is_card(const struct hl_delta_card *c, const struct hl_delta_card *key)
{
    return c->provider == key->provider && c->bin == key->bin && c->country == key->country &&
           c->product == key->product;
}

/* The slot where it is, or where it would go. Half of the slots are always free. */
static uint16_t *slot_of(struct hl_delta *d, const struct hl_delta_card *key)
{
    uint64_t hash = hash64_mix((uint64_t)key->provider << 32 | key->bin,
                               (uint64_t)key->country << 16 | key->product);
    unsigned i = (unsigned)(hash % HL_DELTA_SLOTS_);

    while (d->at_[i] != 0 && !is_card(&d->card[d->at_[i] - 1], key))
        i = (i + 1) % HL_DELTA_SLOTS_;
    return &d->at_[i];
}

struct hl_delta_card *hl_delta_card_of(struct hl_delta *d, uint32_t provider, uint32_t bin,
                                       uint16_t country, uint16_t product)
{
    struct hl_delta_card key = {
        .provider = provider, .bin = bin, .country = country, .product = product
    };
    uint16_t *slot = slot_of(d, &key);

    CHECK(country < HL_COUNTRIES && product < HL_PRODUCTS);
    if (*slot == 0) {
        if (d->cards == HL_DELTA_CARDS)
            return NULL;
        d->card[d->cards] = key;
        *slot = (uint16_t)++d->cards;
    }
    return &d->card[*slot - 1];
}

int hl_delta_tech_of(struct hl_delta *d, uint32_t provider)
{
    for (unsigned i = 0; i < d->techs; i++) {
        if (d->tech[i].provider == provider)
            return (int)i;
    }
    if (d->techs == HL_DELTA_TECHS)
        return -1;
    d->tech[d->techs] = (struct hl_delta_tech){ .provider = provider };
    memset(d->wait[d->techs], 0, sizeof d->wait[0]);
    return (int)d->techs++;
}

void hl_delta_count(uint16_t *count, unsigned more)
{
    *count = more > (unsigned)(UINT16_MAX - *count) ? UINT16_MAX : (uint16_t)(*count + more);
}

/* ---- merging ---- */

static void merge_card(struct hl_delta *into, const struct hl_delta_card *c)
{
    struct hl_delta_card *at = hl_delta_card_of(into, c->provider, c->bin, c->country, c->product);

    CHECK(at != NULL);
    hl_delta_count(&at->approved, c->approved);
    hl_delta_count(&at->soft, c->soft);
    hl_delta_count(&at->hard, c->hard);
    hl_delta_count(&at->approved_later, c->approved_later);
    hl_delta_count(&at->declined_later, c->declined_later);
}

static void merge_techs(struct hl_delta *into, const struct hl_delta_view *v)
{
    int at[HL_DELTA_TECHS];

    for (unsigned i = 0; i < v->techs; i++) {
        struct hl_delta_tech t = hl_delta_tech_at(v, i), *sum;

        at[i] = hl_delta_tech_of(into, t.provider);
        CHECK(at[i] >= 0);
        sum = &into->tech[at[i]];
        hl_delta_count(&sum->ok, t.ok);
        hl_delta_count(&sum->fail, t.fail);
        hl_delta_count(&sum->overdue, t.overdue);
        sum->last_ms = sum->last_ms == 0 || t.last_ms < sum->last_ms ? t.last_ms : sum->last_ms;
    }
    for (unsigned i = 0; i < v->waits; i++) {
        struct hl_delta_wait w = hl_delta_wait_at(v, i);

        hl_delta_count(&into->wait[at[w.tech]][w.bucket], w.count);
    }
}

bool hl_delta_merge(struct hl_delta *into, const struct hl_delta_view *v)
{
    if (into->cards + v->cards > HL_DELTA_CARDS || into->techs + v->techs > HL_DELTA_TECHS)
        return false;
    for (unsigned i = 0; i < v->cards; i++) {
        struct hl_delta_card c = hl_delta_card_at(v, i);

        merge_card(into, &c);
    }
    merge_techs(into, v);
    return true;
}
