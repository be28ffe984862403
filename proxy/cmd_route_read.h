/* proxy/cmd_route_read.h -- the lines of the route engine's protocol, read. */
#ifndef PX_CMD_ROUTE_READ_H
#define PX_CMD_ROUTE_READ_H
#include <stdbool.h>
#include <stdint.h>

#include "health/learn.h"
#include "routing/base/limits.h"
#include "routing/base/span.h"

enum { PX_ROUTE_FEES = 64 };

struct px_route_fee {
    char region[16], funding[16];
    double pct, fixed, least;
};

struct px_route_psp {
    char id[40];
    struct px_route_fee fee[PX_ROUTE_FEES];
    unsigned fees;
    double fee_declined;
    double share, penalty; /* commitment; 0: none */
};

/* The "init" line. */
struct px_route_init {
    struct px_route_psp psp[LIMIT_PROVIDERS];
    unsigned psps, nodes;
    double margin, latency_cost_per_s, timeout_s;
    bool async;
    uint64_t seed;
};
/* False: it makes no sense. */
bool px_route_read_init(struct span line, struct px_route_init *out);

/* A "decide" line. Bit p of a mask: psp[p]. */
struct px_route_asked {
    int64_t now_ns, id;
    unsigned node, attempt, attempts_max;
    double amount;
    char country[4], region[16], brand[16], funding[16], bin[12];
    uint32_t eligible, soft;
    bool hard; /* the last provider tried declined for good */
};
bool px_route_read_asked(struct span line, const struct px_route_init *e,
                         struct px_route_asked *out);
/* Fee of an approval there, in the currency's major unit. */
double px_route_fee(const struct px_route_psp *p, const struct px_route_asked *a);

/* An "outcome" line. */
struct px_route_outcome {
    int64_t now_ns, id;
    unsigned node, attempt, psp;
    enum hl_result result;
    double latency_s;
};
bool px_route_read_outcome(struct span line, const struct px_route_init *e,
                           struct px_route_outcome *out);
double px_route_number(struct span line, const char *outer, const char *name, double otherwise);
#endif
