/* loadtest/pspsim/keys.c */
#include "loadtest/pspsim/keys.h"

#include "routing/base/hash.h"

enum { FIRST_SLOTS = 1 << 20 };

void sim_keys_init(struct sim_keys *k)
{
    *k = (struct sim_keys){ .rows.size = sizeof(struct sim_key) };
    sim_table_init(&k->table, FIRST_SLOTS);
}

void sim_keys_fini(struct sim_keys *k)
{
    sim_rows_fini(&k->rows);
    sim_table_fini(&k->table);
    sim_pool_fini(&k->pool);
}

struct sim_key *sim_key_at(const struct sim_keys *k, uint32_t row)
{
    return sim_rows_at(&k->rows, row);
}

static struct sim_key *find(const struct sim_keys *k, enum sim_who who, uint64_t account,
                            struct span text, uint64_t hash, uint32_t *row)
{
    size_t at = SIM_TABLE_START;

    while ((*row = sim_table_get(&k->table, hash, &at)) != 0) {
        struct sim_key *key = sim_key_at(k, *row);

        if (key->who == who && key->account == account && span_eq(key->text, text))
            return key;
    }
    return NULL;
}

struct sim_key *sim_keys_get(struct sim_keys *k, enum sim_who who, uint64_t account,
                             struct span text, int64_t now_ms, int64_t life_ms, uint32_t *row)
{
    uint64_t hash = hash64_mix(hash64(text, who), account);
    struct sim_key *key = find(k, who, account, text, hash, row);

    if (key == NULL) {
        key = sim_rows_add(&k->rows);
        *row = k->rows.rows;
        key->who = who;
        key->text = sim_pool_copy(&k->pool, text);
        key->account = account;
        sim_table_put(&k->table, hash, *row);
    } else if (key->state == SIM_KEY_STORED && now_ms - key->since_ms > life_ms) {
        key->state = SIM_KEY_FREE;
    }
    return key;
}
