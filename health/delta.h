/* health/delta.h -- what one node learned in a tick, as the others may add it to what they know.
 *
 * Only things that commute are shared: differences of cells and counts of technical outcomes, never
 * averages and never a decision. The packed form is little-endian:
 *
 *   'D' 1 flags techs(u8) cells(u16)
 *   cells x { id u32, n, s, e: f16, or f32 when flags & 1 }
 *   techs x { id u32, ok u16, fail u16, overdue u16, last_ms u32 }
 *
 * docs/live.md, "What the nodes tell each other". */
#ifndef HL_DELTA_H
#define HL_DELTA_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "health/cell.h"
#include "routing/base/err.h"
#include "routing/base/span.h"

enum {
    HL_DELTA_CELLS = 512, /* touched cells that fit one delta */
    HL_DELTA_TECHS = 32,  /* providers that fit one delta */
    HL_DELTA_SLOTS_ = 2 * HL_DELTA_CELLS,
    HL_DELTA_BYTES = 6 + HL_DELTA_CELLS * 16 + HL_DELTA_TECHS * 14, /* the largest packed form */
};

/* Who a cell is, the same on every node whatever the order in its configuration: a hash the owner
 * makes of the provider's name and the cell's key. */
struct hl_delta_cell {
    uint32_t id;
    float n, s, e; /* 0 <= s, e <= n */
};

struct hl_delta_tech {
    uint32_t id;
    uint16_t ok, fail, overdue; /* stop at their maximum */
    uint32_t last_ms;           /* the last outcome was so long before the delta's own time */
};

/* What was learned since the last tick. Zeroed: empty. */
struct hl_delta {
    unsigned cells, techs;
    struct hl_delta_cell cell[HL_DELTA_CELLS];
    struct hl_delta_tech tech[HL_DELTA_TECHS];
    uint16_t at_[HL_DELTA_SLOTS_]; /* index + 1 by hash of the id */
};

void hl_delta_clear(struct hl_delta *d);
/* One observation of a cell, as hl_cell_add() takes it. False: full (time to send), or not a
 * possible observation; nothing changed. */
bool hl_delta_add(struct hl_delta *d, uint32_t id, double y, double expected, double weight);
/* A whole cell at once, for snapshots. False as above, or the cell is there already. */
bool hl_delta_put(struct hl_delta *d, uint32_t id, double n, double s, double e);
/* Technical outcomes of a provider; NULL when HL_DELTA_TECHS providers are there already. */
struct hl_delta_tech *hl_delta_tech_of(struct hl_delta *d, uint32_t id);
void hl_delta_count(uint16_t *count, unsigned more); /* without wrapping */

/* Packs; wide takes f32 (snapshots), otherwise f16 is used where every number fits it. Gives the
 * number of bytes, 0 if cap is too small (HL_DELTA_BYTES always does). */
size_t hl_delta_pack(const struct hl_delta *d, bool wide, void *out, size_t cap);

/* A packed delta, checked as a whole; the bytes are lent for its life. */
struct hl_delta_view {
    const unsigned char *cell_, *tech_;
    unsigned cells, techs;
    bool wide;
};
/* E_SYNTAX: not ours, other length than promised, or numbers that no node can have learned. */
MUST enum err hl_delta_open(struct span blob, struct hl_delta_view *out);
struct hl_delta_cell hl_delta_cell_at(const struct hl_delta_view *v, unsigned i);
struct hl_delta_tech hl_delta_tech_at(const struct hl_delta_view *v, unsigned i);

/* Adds a foreign difference that is age_s old: it has faded as the cell's own counts would have. */
void hl_delta_into(struct hl_cell *c, struct hl_fade f, const struct hl_delta_cell *d, double age_s,
                   int64_t now_ns);

/* IEEE 754 binary16, rounded to nearest even; out of range becomes infinity. */
uint16_t hl_half_of(float x);
float hl_half_to(uint16_t h);
#endif
