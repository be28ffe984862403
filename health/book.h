/* health/book.h -- everything one node has learned: per provider, per card group, per BIN.
 *
 * A flat block of memory that its owner gives; no heap, no clock, no dice of its own. Decisions
 * read it (health/survey.c), outcomes are written into it (health/learn.h). Sizes are fixed when it
 * is made: a BIN or group that finds no place is served by the level above it. */
#ifndef HL_BOOK_H
#define HL_BOOK_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "health/cell.h"
#include "health/regime.h"
#include "health/tech.h"
#include "health/weight.h"
#include "routing/base/err.h"

enum {
    HL_COUNTRIES = 26 * 26 + 1, /* 0: unknown */
    HL_PRODUCTS = 64,           /* brand x funding; 0: unknown */
    HL_GROUPS_MAX = 4096,
    HL_LEVELS = 3,  /* regimes: provider, group, BIN */
    HL_OFFSETS = 4, /* offsets: provider, x country, x product, x BIN */
    HL_SPEEDS = 3,  /* a provider's offset is followed at several speeds */
};

/* What a payment's card belongs to. */
struct hl_card {
    uint16_t country; /* hl_country() */
    uint16_t product; /* 1 .. HL_PRODUCTS-1, or 0 */
    uint32_t bin;     /* as a number; 0: unknown */
};

/* "DE" -> 1..676; anything that is not two capital letters -> 0. */
uint16_t hl_country(const char *alpha2);

/* n answers of one kind of card at one provider, so many of them approved; drop: what nobody
 * escapes; weight: of each. */
struct hl_lesson {
    unsigned provider;
    const struct hl_at *at;
    double n, approved, weight, drop;
};

struct hl_place; /* a group's or a BIN's page: base rate, and per provider an offset and a regime */

struct hl_book {
    unsigned providers;
    struct hl_weight base;                        /* approval over all */
    struct hl_cell hard;                          /* share of payments nobody can approve */
    double speed_ll[HL_SPEEDS], speed[HL_SPEEDS]; /* how well each speed foretold; its weight */
    int64_t speed_at_ns;
    double retry_n, retry_s;         /* learned weight r0 of "another provider draws afresh" */
    double typical_amount;           /* running median, for probes; 0: none was seen */
    double approved;                 /* payments approved on the first attempt, all providers */
    double *won;                     /* [providers] the same, each */
    struct hl_tech *tech;            /* [providers] */
    struct hl_weight *provider_cell; /* [providers][HL_SPEEDS] */
    struct hl_regime *provider_regime;
    struct hl_weight *country_cell; /* [HL_COUNTRIES][providers] */
    struct hl_weight *product_cell; /* [HL_PRODUCTS][providers] */
    uint16_t *group_at;             /* [HL_COUNTRIES * HL_PRODUCTS] page number + 1 */
    struct hl_place **group;
    unsigned groups, groups_max;
    struct hl_place **bin; /* open addressing, a power of two */
    unsigned bins, bins_max, bin_slots;
    char *spare_, *spare_end_; /* pages are cut from here */
};

/* Bytes that a book for so many providers and BINs needs. */
size_t hl_book_size(unsigned providers, unsigned bins_max);
/* mem: hl_book_size() bytes aligned for any type; it holds the book and is its owner's to free. */
struct hl_book *hl_book_init(void *mem, size_t size, unsigned providers, unsigned bins_max,
                             int64_t now_ns);

struct hl_place {
    uint32_t bin;
    struct hl_weight base;
    struct hl_weight *cell; /* [providers]; groups: NULL (their offsets are country and product) */
    struct hl_regime *regime; /* [providers] */
};

/* A card and its pages; NULL where there is no page (yet). Looked up once for each payment. */
struct hl_at {
    struct hl_card card;
    struct hl_place *group, *bin;
};
struct hl_at hl_book_find(const struct hl_book *b, struct hl_card card);

/* NULL when there is no page (yet). */
struct hl_place *hl_book_group(const struct hl_book *b, struct hl_card card);
struct hl_place *hl_book_bin(const struct hl_book *b, struct hl_card card);
/* The same, made if need be; NULL when the card has no such key or the book is full. */
struct hl_place *hl_book_group_made(struct hl_book *b, struct hl_card card, int64_t now_ns);
struct hl_place *hl_book_bin_made(struct hl_book *b, struct hl_card card, int64_t now_ns);

/* Approval to expect of this card anywhere, and how much was seen of its BIN and group. */
struct hl_base {
    double logit, rate, bin_n, group_n;
};
struct hl_base hl_book_base(const struct hl_book *b, const struct hl_at *at);

/* Approval logit at provider p, given the base's; the variance of each offset (provider, country,
 * product, BIN); n: observations of the provider. */
struct hl_offsets {
    double x, var[HL_OFFSETS], n;
};
void hl_book_offsets(const struct hl_book *b, unsigned p, const struct hl_at *at, double base_logit,
                     struct hl_offsets *out);

/* What nobody escapes right now, cumulated: overall, in the group, in the BIN. */
struct hl_common {
    double drop[HL_LEVELS];
};
struct hl_common hl_book_common(struct hl_book *b, const struct hl_at *at, int64_t now_ns);
/* The regime of provider p at a level; NULL if there is none. */
struct hl_regime *hl_book_regime(struct hl_book *b, unsigned level, unsigned p,
                                 const struct hl_at *at);
/* Recent attempts and failures of all providers but p. */
void hl_book_others(const struct hl_book *b, unsigned p, double *n, double *failed);

/* A provider's offset as all speeds together see it. */
struct hl_weight hl_book_provider(const struct hl_book *b, unsigned p);
/* The provider's offset drifts while it is not observed. */
void hl_book_relax(struct hl_book *b, unsigned p, int64_t now_ns);

void hl_book_learn(struct hl_book *b, const struct hl_lesson *l, int64_t now_ns);
/* The offset of a level (HL_LEVELS) has moved for good by so much, on the logit scale. */
void hl_book_shift(struct hl_book *b, unsigned level, unsigned p, const struct hl_at *at,
                   double by);

/* Effects by kind, for those who keep them. */
enum hl_effect { HL_BASE, HL_GROUP, HL_BIN, HL_PROVIDER, HL_COUNTRY, HL_PRODUCT, HL_PROVIDER_BIN };
/* Price of a volume commitment (least `share` of all approvals, `penalty` for each one missing),
 * per win: rises as the share falls behind; never more than the penalty. */
double hl_commitment_price(const struct hl_book *b, unsigned provider, double share,
                           double penalty);
#endif
