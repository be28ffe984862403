/* tests/unit/scene.h -- a small world for the watch: payments arrive, providers answer, fail or
 * hang on a virtual clock, and nodes tell each other what they saw.
 *
 * A scene is a table of providers and a list of troubles; what happens is a pure function of the
 * scene and its seed. */
#ifndef TESTS_SCENE_H
#define TESTS_SCENE_H
#include "health/watch_inside.h"
#include "routing/base/rng.h"

enum { SCENE_PSPS = 4, SCENE_NODES = 8, SCENE_BINS = 10, SCENE_AIR = 1 << 14 };

struct scene_psp {
    double approves;  /* when it answers */
    double latency_s; /* median */
    double from_s;    /* is there from then on */
};

enum trouble { ERRORS, HANGS, SLOW, DECLINES };

/* From..to, at provider p (-1: all), for BINs in the mask, on nodes in the mask. */
struct scene_trouble {
    double from_s, to_s;
    int p;
    enum trouble kind;
    double x;             /* share that fails, hangs or is declined; factor of the latency */
    unsigned bins, nodes; /* 0: all */
};

struct scene {
    struct scene_psp psp[SCENE_PSPS];
    unsigned psps, nodes;
    double rate, sync_s, timeout_s;
    struct scene_trouble trouble[16];
    unsigned troubles;
    uint64_t seed;

    /* private */
    struct hl_watch *watch[SCENE_NODES];
    struct rng dice;
    int64_t now_ns, next_sync_ns;
    uint64_t payments;
    struct scene_call {
        int64_t at_ns;
        unsigned p, node, bin;
        enum hl_result result;
        double latency_s;
        struct hl_pass pass;
        bool used;
    } air[SCENE_AIR];
    unsigned calls; /* slots of air ever used */
};

/* Three providers, 90, 87 and 84 % approvals, 0.35 s; ten payments a second at one node. */
void scene_init(struct scene *s);
void scene_start(struct scene *s);
void scene_end(struct scene *s);
void scene_add(struct scene *s, struct scene_trouble t);

/* What came of a stretch of time; only of BINs in the mask (0: all). */
struct scene_sum {
    unsigned payments, to[SCENE_PSPS], approved;
    unsigned
        felt[SCENE_PSPS]; /* went to a provider in trouble of ERRORS or HANGS and failed there */
    unsigned stops[SCENE_PSPS]; /* breakers that opened, all nodes */
};
struct scene_sum scene_run(struct scene *s, double until_s, unsigned bins);
/* Runs until at least `share` (or, below: at most) of the last `last` payments of those BINs went
 * to p; gives the seconds it took, and how many went there meanwhile; -1 after `limit_s`. */
double scene_until(struct scene *s, unsigned p, bool below, double share, unsigned last,
                   unsigned bins, double limit_s, unsigned *went);
enum hl_serving scene_serving(struct scene *s, unsigned node, unsigned p);
double scene_now(const struct scene *s);
#endif
