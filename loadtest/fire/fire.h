/* loadtest/fire/fire.h -- the load generator's parts and how they hang together.
 *
 *   aim (options) -> plan (which payment is due when) -> link (connections) -> tally, record
 *
 * Open loop: payments are due at times fixed beforehand and their latency counts from the moment
 * due, whether or not a connection was free (no coordinated omission). Closed loop: every stream
 * sends the next payment as soon as the last is answered. */
#ifndef FIRE_H
#define FIRE_H
#include <ev.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "loadtest/common/out.h"
#include "loadtest/common/tree.h"
#include "routing/base/rng.h"

enum { FIRE_MIX_MAX = 16, FIRE_STATUSES = 600 };

/* One kind of payment in the mix. */
struct fire_kind {
    const char *card; /* number */
    int ending;       /* last four digits of the amount; -1: any */
    unsigned weight;
};

struct fire_aim {
    bool tls, verify, poisson, closed, json, manual;
    char host[256], path[256];
    int port;
    const char *ca, *token_file, *body_file, *record_file, *order;
    double rate;
    unsigned connections, streams, retries, size; /* size: of a body, at least */
    uint64_t count;
    double duration_s, warmup_s, give_up_s;
    int timeout_ms, backoff_ms;
    uint64_t seed;
    int64_t amount_low, amount_high;
    char currency[4];
    struct fire_kind kind[FIRE_MIX_MAX];
    unsigned kinds, weights;
};

enum fire_say { FIRE_GO, FIRE_STOP, FIRE_USAGE };
enum fire_say fire_aim_read(struct fire_aim *a, int argc, char **argv);
/* "visa", "declined", ...: the public test numbers; NULL if there is no such name. */
const char *fire_card(struct span name);

/* --- numbers --- */

/* Log-linear: 128 steps per power of two, better than 1 %. */
enum { FIRE_STEPS = 128, FIRE_POWERS = 40, FIRE_BUCKETS = FIRE_STEPS * FIRE_POWERS };
struct fire_histogram {
    uint64_t bucket[FIRE_BUCKETS], n, sum, max;
};
void fire_histogram_add(struct fire_histogram *h, uint64_t v);
uint64_t fire_histogram_at(const struct fire_histogram *h, double quantile);

struct fire_tally {
    struct fire_histogram latency, late; /* microseconds */
    uint64_t due, answered, lost, gave_up, tries, repeats, reconnects, replayed;
    uint64_t status[FIRE_STATUSES];
    uint64_t approved, declined, processing, other;
    int64_t first_ns, last_ns; /* of what is counted */
};

/* --- one payment --- */

struct fire_link;
struct fire_peer;
struct fire_job {
    struct fire_job *next;
    struct fire *fire;
    uint64_t number;
    int64_t due_ns, give_up_ns;
    unsigned kind, tries, lost;
    int64_t amount;
    struct fire_link *link; /* while its bytes are on the way */
    struct fire_job *link_next, **link_back;
    int32_t stream;
    size_t body_at;
    int status;
    bool replayed, refused;
    struct lt_out body, answer; /* request, answer */
    ev_timer timer;             /* the try's deadline, or the pause before the next */
    char key[40];
};

struct fire {
    struct ev_loop *loop;
    struct fire_aim aim;
    struct lt_out token, fixed_body;
    struct rng dice;
    struct fire_tally tally;
    struct fire_link *links;
    struct fire_job *spare, *first, **last; /* waiting for a stream, oldest first */
    uint64_t begun, ended, under_way;
    int64_t start_ns, next_ns; /* next_ns: when the next payment is due */
    bool finished;             /* no more are begun */
    ev_io due;
    int due_fd;
    ev_timer stop, sweep;
    FILE *record;
    struct fire_peer *peer;
    struct lt_tree tree;  /* scratch: the answer being read */
    char read[64 * 1024]; /* scratch: bytes from a socket */
};

int64_t fire_now_ns(void);

/* plan.c */
void fire_plan_start(struct fire *f);
void fire_job_ended(struct fire_job *j, bool answered);
/* The link takes it or it waits; from a retry's timer too. */
void fire_job_send(struct fire_job *j);
/* Lost on the wire (refused: provably not processed): again with the same key, or the end. */
void fire_job_lost(struct fire_job *j, bool refused);
void fire_job_answered(struct fire_job *j);
struct fire_job *fire_job_waiting(struct fire *f); /* takes the oldest; NULL if none */
void fire_plan_free(struct fire *f);

/* payment.c */
void fire_payment_write(struct fire_job *j);
/* Notes what the answer says; writes the record's line. */
void fire_payment_note(struct fire_job *j, bool answered);

/* link.c */
bool fire_links_open(struct fire *f);
bool fire_link_take(struct fire *f, struct fire_job *j);
void fire_link_forget(struct fire_job *j); /* the try took too long: RST_STREAM(CANCEL) */
void fire_links_free(struct fire *f);

/* tally.c */
void fire_tally_print(const struct fire *f);
#endif
