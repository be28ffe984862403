/* health/delta.h -- what one node learned in a tick, as the others may add it to what they know.
 *
 * Only things that commute are shared: counts of verdicts and of technical outcomes, latencies, and
 * for those who start cold whole cells; never averages and never a decision. Keys tell what they
 * stand for, so a receiver can make the cell that it does not have. The packed form is
 * little-endian:
 *
 *   'D' 2 flags techs(u8) cells(u16) cards(u16) waits(u16)
 *   cells x { key u64, n, s, e: f16, or f32 when flags & 1 }
 *   cards x { provider u32, bin u32, country u16, product u8, 0 u8,
 *             approved, soft, hard, approved_later, declined_later: u16 }
 *   techs x { provider u32, ok u16, fail u16, overdue u16, last_ms u32 }
 *   waits x { tech u8, bucket u8, count u16 }
 *
 * docs/live.md, "What the nodes tell each other". */
#ifndef HL_DELTA_H
#define HL_DELTA_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "health/hist.h"
#include "routing/base/err.h"
#include "routing/base/span.h"

enum {
    HL_DELTA_CELLS = 512,  /* cells that fit one delta */
    HL_DELTA_CARDS = 1024, /* kinds of cards at a provider that fit one delta */
    HL_DELTA_TECHS = 32,   /* providers that fit one delta */
    HL_DELTA_WAITS = HL_DELTA_TECHS * HL_HIST,
    HL_DELTA_SLOTS_ = 2 * HL_DELTA_CARDS,
    HL_DELTA_BYTES = 10 + HL_DELTA_CELLS * 20 + HL_DELTA_CARDS * 22 + HL_DELTA_TECHS * 14 +
                     HL_DELTA_WAITS * 4, /* the largest packed form */
};

/* ---- cells: for snapshots ---- */

enum hl_cell_kind {
    HL_CELL_BASE = 1, /* approval over all */
    HL_CELL_HARD,     /* share of payments nobody can approve */
    HL_CELL_GROUP,    /* approval of a country x product */
    HL_CELL_BIN,      /* of a BIN */
    HL_CELL_PROVIDER, /* offsets: of a provider, and there of a country, a product, a BIN */
    HL_CELL_COUNTRY,
    HL_CELL_PRODUCT,
    HL_CELL_PROVIDER_BIN,
};

/* Who a cell is, the same on every node whatever the order in its configuration. */
struct hl_cell_key {
    enum hl_cell_kind kind;
    uint32_t provider; /* a hash of its name; 0 where the kind has none */
    uint32_t bin;      /* 0 where the kind has none; likewise */
    uint16_t country, product;
};
uint64_t hl_cell_key_pack(const struct hl_cell_key *k);
MUST enum err hl_cell_key_open(uint64_t packed, struct hl_cell_key *out); /* E_SYNTAX: no such */

/* An effect on approval travels as the observations that would tell as much as is known: n of them,
 * s of which went well; e: how often it was really observed, at most n. */
struct hl_delta_cell {
    uint64_t key;
    float n, s, e; /* 0 <= s, e <= n */
};

/* ---- what was seen ---- */

/* Verdicts on one kind of card at one provider. */
struct hl_delta_card {
    uint32_t provider, bin; /* bin 0: not known */
    uint16_t country, product;
    uint16_t approved, soft, hard;           /* first attempts */
    uint16_t approved_later, declined_later; /* further ones */
};

struct hl_delta_tech {
    uint32_t provider;
    uint16_t ok, fail, overdue; /* stop at their maximum */
    uint32_t last_ms;           /* the last outcome was so long before the delta's own time */
};

/* What was learned since the last tick. Zeroed: empty. */
struct hl_delta {
    unsigned cells, cards, techs;
    struct hl_delta_cell cell[HL_DELTA_CELLS];
    struct hl_delta_card card[HL_DELTA_CARDS];
    struct hl_delta_tech tech[HL_DELTA_TECHS];
    uint16_t wait[HL_DELTA_TECHS][HL_HIST]; /* of tech[i]: answers by latency */
    uint16_t at_[HL_DELTA_SLOTS_];          /* index of card + 1 by hash */
};

void hl_delta_clear(struct hl_delta *d);
bool hl_delta_is_empty(const struct hl_delta *d);
/* A whole cell. False: full, or not a possible one. The caller puts each key once. */
bool hl_delta_put(struct hl_delta *d, const struct hl_cell_key *key, double n, double s, double e);
/* Verdicts are counted in what it gives; NULL when it is full (time to send). */
struct hl_delta_card *hl_delta_card_of(struct hl_delta *d, uint32_t provider, uint32_t bin,
                                       uint16_t country, uint16_t product);
/* Index of the provider's technical outcomes; -1 when HL_DELTA_TECHS are there already. */
int hl_delta_tech_of(struct hl_delta *d, uint32_t provider);
void hl_delta_count(uint16_t *count, unsigned more); /* without wrapping */

/* ---- packed ---- */

/* Packs; wide takes f32 (snapshots), otherwise f16 is used where every number fits it. Gives the
 * number of bytes, 0 if cap is too small (HL_DELTA_BYTES always does). */
size_t hl_delta_pack(const struct hl_delta *d, bool wide, void *out, size_t cap);

/* A packed delta, checked as a whole; the bytes are lent for its life. */
struct hl_delta_view {
    const unsigned char *cell_, *card_, *tech_, *wait_;
    unsigned cells, cards, techs, waits;
    bool wide;
};
struct hl_delta_wait {
    unsigned tech, bucket, count;
};
/* E_SYNTAX: not ours, other length than promised, keys that are none, or numbers that no node can
 * have learned. */
MUST enum err hl_delta_open(struct span blob, struct hl_delta_view *out);
struct hl_delta_cell hl_delta_cell_at(const struct hl_delta_view *v, unsigned i);
struct hl_delta_card hl_delta_card_at(const struct hl_delta_view *v, unsigned i);
struct hl_delta_tech hl_delta_tech_at(const struct hl_delta_view *v, unsigned i);
struct hl_delta_wait hl_delta_wait_at(const struct hl_delta_view *v, unsigned i);

/* Adds a packed delta to one that is being gathered (a hub for its workers). False: not all of it
 * fits; nothing changed: send what is there first. Cells are not merged: a snapshot is one
 * worker's. */
bool hl_delta_merge(struct hl_delta *into, const struct hl_delta_view *v);

/* IEEE 754 binary16, rounded to nearest even; out of range becomes infinity. */
uint16_t hl_half_of(float x);
float hl_half_to(uint16_t h);
#endif
