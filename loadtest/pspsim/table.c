/* loadtest/pspsim/table.c */
#include "loadtest/pspsim/table.h"

#include <stdlib.h>
#include <string.h>

#include "loadtest/common/out.h"
#include "routing/base/check.h"

enum { POOL_BLOCK = 1 << 20, ROWS_CHUNK = 1024 };

struct sim_pool_block {
    struct sim_pool_block *next;
    char bytes[];
};

/* Equal hashes fill neighbouring slots, so an owner whose texts repeat links its records instead of
 * putting each (ledger.c). calloc of big areas takes no memory until it is touched, so the first
 * size can be generous: growing moves everything at once and would show as a pause in somebody's
 * latency figures. */
void sim_table_init(struct sim_table *t, size_t slots)
{
    CHECK((slots & (slots - 1)) == 0);
    t->hash = lt_new(slots, sizeof *t->hash);
    t->value = lt_new(slots, sizeof *t->value);
    t->slots = slots;
    t->used = 0;
}

void sim_table_fini(struct sim_table *t)
{
    free(t->hash);
    free(t->value);
    *t = (struct sim_table){ 0 };
}

static void put(struct sim_table *t, uint64_t hash, uint32_t value)
{
    size_t i = hash & (t->slots - 1);

    while (t->value[i] != 0)
        i = (i + 1) & (t->slots - 1);
    t->hash[i] = hash;
    t->value[i] = value;
    t->used++;
}

static void grow(struct sim_table *t)
{
    struct sim_table bigger;

    sim_table_init(&bigger, t->slots * 2);
    for (size_t i = 0; i < t->slots; i++) {
        if (t->value[i] != 0)
            put(&bigger, t->hash[i], t->value[i]);
    }
    sim_table_fini(t);
    *t = bigger;
}

void sim_table_put(struct sim_table *t, uint64_t hash, uint32_t value)
{
    CHECK(value != 0);
    if (t->used * 4 >= t->slots * 3)
        grow(t);
    put(t, hash, value);
}

uint32_t *sim_table_slot(const struct sim_table *t, uint64_t hash, size_t *at)
{
    size_t i = *at == SIM_TABLE_START ? hash & (t->slots - 1) : (*at + 1) & (t->slots - 1);

    for (; t->value[i] != 0; i = (i + 1) & (t->slots - 1)) {
        if (t->hash[i] == hash) {
            *at = i;
            return &t->value[i];
        }
    }
    return NULL;
}

uint32_t sim_table_get(const struct sim_table *t, uint64_t hash, size_t *at)
{
    const uint32_t *v = sim_table_slot(t, hash, at);

    return v == NULL ? 0 : *v;
}

struct span sim_pool_copy(struct sim_pool *p, struct span s)
{
    struct sim_pool_block *b;
    char *to;

    if (s.p == NULL)
        return SPAN_NONE;
    if (p->block == NULL || p->cap - p->at < s.n) {
        size_t size = s.n > POOL_BLOCK ? s.n : POOL_BLOCK;

        b = lt_new(1, sizeof *b + size);
        b->next = p->block;
        p->block = b;
        p->at = 0;
        p->cap = size;
    }
    to = p->block->bytes + p->at;
    if (s.n > 0)
        memcpy(to, s.p, s.n);
    p->at += s.n;
    return (struct span){ to, s.n };
}

void sim_pool_fini(struct sim_pool *p)
{
    while (p->block != NULL) {
        struct sim_pool_block *next = p->block->next;

        free(p->block);
        p->block = next;
    }
    *p = (struct sim_pool){ 0 };
}

void *sim_rows_add(struct sim_rows *r)
{
    if (r->rows == r->chunks * ROWS_CHUNK) {
        r->chunk = lt_grow(r->chunk, (r->chunks + 1) * sizeof *r->chunk);
        r->chunk[r->chunks++] = lt_new(ROWS_CHUNK, r->size);
    }
    r->rows++;
    return sim_rows_at(r, r->rows);
}

void *sim_rows_at(const struct sim_rows *r, uint32_t number)
{
    CHECK(number >= 1 && number <= r->rows);
    return (char *)r->chunk[(number - 1) / ROWS_CHUNK] + (number - 1) % ROWS_CHUNK * r->size;
}

void sim_rows_fini(struct sim_rows *r)
{
    for (size_t i = 0; i < r->chunks; i++)
        free(r->chunk[i]);
    free(r->chunk);
    *r = (struct sim_rows){ .size = r->size };
}
