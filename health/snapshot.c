/* health/snapshot.c -- all that a watch has learned, cell by cell, for those who start cold. */
#include "health/watch_inside.h"

/* ---- there ---- */

/* Cells are numbered in a fixed order; a part is HL_DELTA_CELLS of them in a row. */
struct writing {
    struct hl_watch *w;
    struct hl_delta *out;
    unsigned first, at; /* the part's first cell; the next one's number */
};

static void put_cell(struct writing *t, struct hl_cell_key key, double n, double s, double e)
{
    if (t->at >= t->first && t->at < t->first + HL_DELTA_CELLS)
        (void)hl_delta_put(t->out, &key, n, s, e);
    t->at++;
}

/* An effect travels as the observations that would tell as much: 1 / variance of them, of which
 * so many good that their logit is the mean; e holds how often it was really observed. */
static void put(struct writing *t, struct hl_cell_key key, const struct hl_weight *w)
{
    double n;

    if (w->v <= 0 || w->n < 1e-3)
        return;
    n = 1 / w->v;
    put_cell(t, key, n, n * hl_expit(w->m), w->n < n ? w->n : n);
}

static void put_providers(struct writing *t)
{
    const struct hl_book *b = t->w->book;

    for (unsigned p = 0; p < b->providers; p++) {
        struct hl_cell_key key = { .kind = HL_CELL_PROVIDER, .provider = t->w->rules.id[p] };
        struct hl_weight own;

        own = hl_book_provider(b, p);
        put(t, key, &own);
        key.kind = HL_CELL_COUNTRY;
        for (unsigned c = 0; c < HL_COUNTRIES; c++) {
            key.country = (uint16_t)c;
            put(t, key, &b->country_cell[c * b->providers + p]);
        }
        key.kind = HL_CELL_PRODUCT;
        key.country = 0;
        for (unsigned c = 0; c < HL_PRODUCTS; c++) {
            key.product = (uint16_t)c;
            put(t, key, &b->product_cell[c * b->providers + p]);
        }
    }
}

static void put_groups(struct writing *t)
{
    const struct hl_book *b = t->w->book;

    for (unsigned k = 0; k < HL_COUNTRIES * HL_PRODUCTS; k++) {
        struct hl_cell_key key = { .kind = HL_CELL_GROUP,
                                   .country = (uint16_t)(k / HL_PRODUCTS),
                                   .product = (uint16_t)(k % HL_PRODUCTS) };

        if (b->group_at[k] != 0)
            put(t, key, &b->group[b->group_at[k] - 1]->base);
    }
}

static void put_bins(struct writing *t)
{
    const struct hl_book *b = t->w->book;

    for (unsigned i = 0; i < b->bin_slots; i++) {
        struct hl_cell_key key = { .kind = HL_CELL_BIN };

        if (b->bin[i] == NULL)
            continue;
        key.bin = b->bin[i]->bin;
        put(t, key, &b->bin[i]->base);
        key.kind = HL_CELL_PROVIDER_BIN;
        for (unsigned p = 0; p < b->providers; p++) {
            key.provider = t->w->rules.id[p];
            put(t, key, &b->bin[i]->cell[p]);
        }
    }
}

bool hl_watch_snapshot(struct hl_watch *w, unsigned part, struct hl_delta *out, int64_t now_ns)
{
    struct writing t = { w, out, part * HL_DELTA_CELLS, 0 };

    for (unsigned p = 0; p < w->rules.providers; p++)
        hl_book_relax(w->book, p, now_ns);
    hl_delta_clear(out);
    put(&t, (struct hl_cell_key){ .kind = HL_CELL_BASE }, &w->book->base);
    put_cell(&t, (struct hl_cell_key){ .kind = HL_CELL_HARD }, w->book->hard.n, w->book->hard.s, 0);
    put_providers(&t);
    put_groups(&t);
    put_bins(&t);
    return out->cells > 0;
}

/* ---- and back ---- */

static struct hl_weight *country_or_product(struct hl_book *b, const struct hl_cell_key *k,
                                            unsigned p)
{
    return k->kind == HL_CELL_COUNTRY ? &b->country_cell[k->country * b->providers + p]
                                      : &b->product_cell[k->product * b->providers + p];
}

/* The effect with that key, made if need be; NULL when the book is full or the provider is not
 * ours. */
static struct hl_weight *weight_of(struct hl_book *b, const struct hl_cell_key *k, int p,
                                   int64_t now_ns)
{
    struct hl_card card = { k->country, k->product, k->bin };
    struct hl_place *place;

    switch (k->kind) {
    case HL_CELL_BASE: return &b->base;
    case HL_CELL_GROUP:
        place = hl_book_group_made(b, card, now_ns);
        return place == NULL ? NULL : &place->base;
    case HL_CELL_BIN:
        place = hl_book_bin_made(b, card, now_ns);
        return place == NULL ? NULL : &place->base;
    case HL_CELL_PROVIDER: return p < 0 ? NULL : &b->provider_cell[p * HL_SPEEDS];
    case HL_CELL_COUNTRY:
    case HL_CELL_PRODUCT: return p < 0 ? NULL : country_or_product(b, k, (unsigned)p);
    case HL_CELL_PROVIDER_BIN:
        place = p < 0 ? NULL : hl_book_bin_made(b, card, now_ns);
        return place == NULL ? NULL : &place->cell[p];
    case HL_CELL_HARD: break;
    }
    return NULL;
}

/* Who already knows more keeps what it knows. */
static void take(struct hl_weight *w, const struct hl_delta_cell *c, int64_t at_ns)
{
    double n = (double)c->n;

    if (n <= 0 || (w->v > 0 && w->v < 1 / n))
        return;
    *w = (struct hl_weight){
        .m = hl_logit((double)c->s / n), .v = 1 / n, .n = (double)c->e, .at_ns = at_ns
    };
}

void hl_watch_restore(struct hl_watch *w, const struct hl_delta_cell *c, double age_s,
                      int64_t now_ns)
{
    int64_t at_ns = now_ns - (int64_t)(age_s * 1e9);
    struct hl_cell_key key;
    struct hl_weight *into;
    int p;

    if (hl_cell_key_open(c->key, &key) != OK)
        return;
    if (key.kind == HL_CELL_HARD) {
        if (w->book->hard.n < (double)c->n)
            w->book->hard = (struct hl_cell){ (double)c->n, (double)c->s, at_ns };
        return;
    }
    p = key.provider == 0 ? -1 : hl_watch_provider(w, key.provider);
    into = weight_of(w->book, &key, p, now_ns);
    for (unsigned k = 0; into != NULL && k < (key.kind == HL_CELL_PROVIDER ? HL_SPEEDS : 1); k++)
        take(&into[k], c, at_ns);
}
