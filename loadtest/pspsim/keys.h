/* loadtest/pspsim/keys.h -- idempotency keys and what they remember. */
#ifndef SIM_KEYS_H
#define SIM_KEYS_H
#include <stdint.h>

#include "loadtest/pspsim/answer.h"

enum sim_key_state { SIM_KEY_FREE, SIM_KEY_RUNNING, SIM_KEY_STORED };

struct sim_key {
    enum sim_who who;
    enum sim_key_state state;
    uint64_t account;       /* scope: a hash of the credential */
    struct span text;       /* the key itself */
    uint64_t params;        /* fingerprint of what it was first used with */
    uint64_t first_request; /* number of the request that executed */
    int64_t since_ms;       /* first execution began */
    uint32_t copies, executions;
    struct sim_answer answer;
};

struct sim_keys {
    struct sim_rows rows;
    struct sim_table table;
    struct sim_pool pool;
};

void sim_keys_init(struct sim_keys *k);
void sim_keys_fini(struct sim_keys *k);
/* The key's row, made if there is none; number in *row. A stored key older than life_ms is free
 * again. */
struct sim_key *sim_keys_get(struct sim_keys *k, enum sim_who who, uint64_t account,
                             struct span text, int64_t now_ms, int64_t life_ms, uint32_t *row);
struct sim_key *sim_key_at(const struct sim_keys *k, uint32_t row);
#endif
