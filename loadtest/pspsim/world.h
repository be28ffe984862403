/* loadtest/pspsim/world.h -- everything one simulator process holds.
 *
 * pspsim plays Stripe, Adyen and Checkout.com at once and judges the gateway by its ledger, so it
 * shares no code with proxy/: only spans, buffers, dice and hashes of routing/base. One thread. */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H
#include <stdbool.h>
#include <stdint.h>

#include "loadtest/common/tree.h"
#include "loadtest/pspsim/fault.h"
#include "loadtest/pspsim/keys.h"
#include "loadtest/pspsim/ledger.h"
#include "loadtest/pspsim/options.h"
#include "loadtest/pspsim/who.h"
#include "routing/base/rng.h"

struct ev_loop;
struct sim_conn;
struct sim_listener;
struct sim_req;
struct sim_tls;

enum { SIM_LISTENERS = 2 * SIM_WHOS, SIM_SECRETS = 8, SIM_SECRET_MAX = 160 };

/* How one provider behaves when nothing is wrong; changed by PUT /settings/{provider}. */
struct sim_settings {
    struct sim_delay latency;    /* from the whole request to its execution */
    int64_t index_delay_ms;      /* a charge shows up in search and list only after this */
    uint32_t decline_permille;   /* declined by chance, whatever the card */
    uint16_t decline_why;        /* index into sim_whys */
    bool alpn_h2, alpn_http1;    /* what a TLS handshake may agree on */
    char merchant_account[64];   /* Adyen: the only one it knows; "" any */
    char processing_channel[64]; /* Checkout.com: the only one it knows; "" any or none */
    unsigned secrets;            /* API keys it accepts; 0: any well-formed one */
    char secret[SIM_SECRETS][SIM_SECRET_MAX];
};

struct sim_counters {
    uint64_t requests;      /* whole requests, late copies not counted */
    uint64_t malformed;     /* rejected by HTTP itself */
    uint64_t unauthorized;  /* 401 */
    uint64_t refused;       /* 4xx before execution: validation, unknown path */
    uint64_t executed;      /* operations that ran */
    uint64_t replayed;      /* answered from memory */
    uint64_t key_running;   /* same key while the first ran */
    uint64_t key_conflicts; /* same key, other parameters */
    uint64_t key_missing;   /* a POST that moves money without a key */
    uint64_t late_copies;   /* copies delivered by the network later */
    uint64_t unheard;       /* answers nobody waited for any more */
    uint64_t faults;        /* fault rules that fired */
    uint64_t connections, handshakes_failed;
};

struct sim {
    struct ev_loop *loop;
    struct sim_options opt;
    struct sim_ledger ledger;
    struct sim_keys keys;
    struct sim_faults faults[SIM_PSPS];
    struct sim_settings set[SIM_PSPS];
    struct sim_counters count[SIM_WHOS];
    struct rng ids, dice; /* apart, so that ids do not depend on the faults asked for */
    int64_t skew_ms;      /* POST /clock moves time forward */
    int64_t started_ms;
    uint64_t requests; /* numbers Request-Id */
    unsigned running;  /* executions that wait for their time */
    struct sim_tls *tls;
    struct sim_listener *listener[SIM_LISTENERS];
    struct sim_conn *conns;
    struct sim_req *spare; /* freed ones, kept for the next */
    unsigned spares;
    struct sim_charge lie; /* scratch: what a wrong_* fault says instead */
    struct lt_tree tree;   /* scratch: the body being read */
    char read[64 * 1024];  /* scratch: bytes from a socket */
};

int64_t sim_now_ms(const struct sim *s); /* wall clock of the loop turn, skewed */
/* n characters of the alphabet, from the seeded dice; out[n] becomes NUL. */
void sim_id(struct sim *s, const char *alphabet, unsigned n, char *out);
extern const char sim_base62[], sim_base36_upper[], sim_base32_lower[];
/* Draws from the distribution, in milliseconds. */
int64_t sim_delay_draw(struct sim *s, const struct sim_delay *d);
#endif
