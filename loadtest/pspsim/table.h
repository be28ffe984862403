/* loadtest/pspsim/table.h -- text -> number, growing, never shrinking; and memory for texts. */
#ifndef SIM_TABLE_H
#define SIM_TABLE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "routing/base/span.h"

/* Slots hold 64-bit hashes; the owner compares the texts behind equal hashes. */
struct sim_table {
    uint64_t *hash;
    uint32_t *value; /* 0: empty slot */
    size_t slots, used;
};

void sim_table_init(struct sim_table *t, size_t slots); /* a power of two */
void sim_table_fini(struct sim_table *t);
/* value > 0; equal hashes may be put more than once. */
void sim_table_put(struct sim_table *t, uint64_t hash, uint32_t value);
/* The next value under this hash, for changing; *at starts at SIM_TABLE_START. NULL: no more. */
uint32_t *sim_table_slot(const struct sim_table *t, uint64_t hash, size_t *at);
#define SIM_TABLE_START SIZE_MAX
/* The same, the value itself; 0: no more. */
uint32_t sim_table_get(const struct sim_table *t, uint64_t hash, size_t *at);

/* Texts that live as long as the pool. */
struct sim_pool {
    struct sim_pool_block *block;
    size_t at, cap;
};

struct span sim_pool_copy(struct sim_pool *p, struct span s); /* SPAN_NONE stays SPAN_NONE */
void sim_pool_fini(struct sim_pool *p);

/* Records by number from 1, at addresses that never move. */
struct sim_rows {
    size_t size;
    uint32_t rows;
    void **chunk;
    size_t chunks;
};

void *sim_rows_add(struct sim_rows *r); /* zeroed; its number is r->rows afterwards */
void *sim_rows_at(const struct sim_rows *r, uint32_t number);
void sim_rows_fini(struct sim_rows *r);
#endif
