/* tests/sim/sim.h -- one payment in bad weather: the real flight.c on a virtual clock.
 *
 * A seed is a world: its providers, its rules, its weather and its luck. Two worker processes share
 * a journal; a customer asks, waits, retries with the same key; copies are late, doubled or lost;
 * processes crash, sleep and come back. Three harms are looked for at every step:
 *   double    more than one charge stands
 *   lie       the customer was told "no" and a charge stands
 *   lost      the journal holds a "no" and a charge stands
 * and beside them: a charge or a copy that no record knows, an approval that is no charge, a "not
 * sent" of something executed, a charge that could have been found and was not. */
#ifndef SIM_H
#define SIM_H
#include <stdbool.h>
#include <stdint.h>

#include "routing/base/rng.h"
#include "routing/flight.h"

#define MS INT64_C(1000000)
#define S  (1000 * MS)

enum {
    PROCESSES = 2,
    VOYAGES = 6, /* flights of this payment that one process may have at once */
    PROVIDERS = 3,
    COPIES = 96,
    LETTERS = 64, /* used in turn */
    HAPPENINGS = 512,
};

/* Ways to break a law on purpose; each must be caught (--mutations). Bits. */
enum mutation {
    BREAK_NONE = 0,
    BREAK_PROMISE = 1 << 0,  /* copies leave while the promise is still being written */
    BREAK_SOLE = 1 << 1,     /* the flight is made to forget its earlier copies */
    BREAK_BOUND = 1 << 2,    /* every "no" is called bound */
    BREAK_CLEAN = 1 << 3,    /* every provider is said to refuse cleanly */
    BREAK_SILENCE = 1 << 4,  /* "not found" is told as a decline */
    BREAK_UNSTORED = 1 << 5, /* every provider is said to store its 5xx */
    BREAK_WINDOW = 1 << 6,   /* keys are said to be kept for ever */
    BREAK_AGED = 1 << 7,     /* a payment begun again, or taken over, is called new */
    BREAK_FENCE = 1 << 8,    /* the journal takes writes from anybody */
    BREAK_KEEP = 1 << 9,     /* the journal forgets at a crash */
    BREAK_TELL = 1 << 10,    /* a "no" that could not be settled is told all the same */
    BREAK_N0 = 1 << 11,      /* doubt is told as "never left us" */
    BREAK_N1 = 1 << 12,      /* doubt is told as "the peer did not process it" */
    BREAK_ANSWER = 1 << 13,  /* a 5xx is told as a decline */
    BREAK_SETTLE = 1 << 14,  /* doubt is settled as a decline */
    BREAK_TAKEOVER = 1 << 15 /* a payment taken over is begun, not resumed */
};
enum { MUTATIONS = 16 };
extern const char *const mutation_name[MUTATIONS];

/* What happens, and when. a, b, c mean what the kind says. */
enum happening_kind {
    HAP_CUSTOMER_ASKS,    /* a: process */
    HAP_CUSTOMER_LEAVES,  /* a: process, b: voyage, c: serial */
    HAP_LETTER_COMMITS,   /* b: letter */
    HAP_LETTER_BACK,      /* b: letter */
    HAP_COPY_ARRIVES,     /* b: copy */
    HAP_COPY_DOUBLED,     /* b: copy */
    HAP_COPY_EXECUTED,    /* b: copy */
    HAP_WIRE_SAYS,        /* b: copy, c: enum rt_event_kind, to the worker that sent it */
    HAP_ANSWER_ARRIVES,   /* b: copy */
    HAP_INQUIRY_ARRIVES,  /* b: copy */
    HAP_PROVIDER_DECIDES, /* a: provider: what it had accepted is approved or not */
    HAP_TIMER,            /* a: process, b: voyage, c: serial */
    HAP_CRASH,            /* a: process */
    HAP_RESTART,          /* a: process */
    HAP_SLEEP,            /* a: process */
    HAP_JOURNAL_DOWN,
    HAP_JOURNAL_UP,
    HAP_RECONCILE, /* a: process */
};

struct happening {
    int64_t at_ns;
    uint32_t seq; /* ties happen in the order they were planned */
    uint8_t kind, a;
    uint16_t b;
    uint32_t c;
};

/* --- providers (provider.c) --- */

enum result {
    RES_NONE,
    RES_APPROVED,
    RES_SOFT,
    RES_HARD,
    RES_PENDING,
    RES_ACTION,
    RES_INVALID,  /* 400, after execution began */
    RES_REFUSED,  /* 401 */
    RES_LIMITED,  /* 429 */
    RES_BROKEN,   /* 5xx */
    RES_BUSY,     /* 409: an earlier copy is being executed */
    RES_GARBLED,  /* bytes nobody can read */
    RES_NOTHING,  /* inquiry: not found */
    RES_DECLINED, /* inquiry: a declined payment */
    RESULTS_
};

struct provider_kind {
    const char *name;
    struct rt_promises terms;
    bool stores_5xx_as_5xx; /* a 5xx is given again (else what was executed is) */
    bool lies_about_429;    /* may execute and say 429: refuses_cleanly is false */
};

struct provider {
    const struct provider_kind *kind;
    struct rt_promises terms; /* the kind's, with this world's key window */
    enum result kept;         /* under our key */
    int64_t kept_ns;
    bool executing, accepted, declined;
    uint8_t charges;
    int64_t seen_ns; /* inquiries find what was there this long ago */
    int64_t changed_ns;
};

/* --- the wire (wire.c) --- */

struct copy {
    uint8_t leg, process, voyage;
    bool inquiry;
    bool over; /* the worker heard of it and waits no longer */
    bool deaf; /* its answer will be lost */
    uint32_t serial;
    enum result result;
    bool charged;
    int64_t sent_ns;
};

/* --- the journal (journal.c) --- */

enum standing { ST_NONE, ST_OPEN, ST_PENDING, ST_SETTLED, ST_NOT_SENT };
enum call { CALL_BEGIN, CALL_CLAIM, CALL_NEXT, CALL_SETTLE };
enum said { SAID_DOWN, SAID_OK, SAID_OURS, SAID_RESUMED, SAID_TAKEN, SAID_DONE, SAID_FENCED };

struct record {
    enum standing standing;
    enum rt_outcome outcome;
    bool not_sent, id_known;
    bool owned;
    uint8_t owner; /* process */
    uint32_t epoch, fence;
    uint32_t life; /* times begun */
    uint8_t leg;
    int64_t created_ns, written_ns;
};

struct letter {
    enum call call;
    uint8_t process, voyage, leg;
    uint32_t epoch, serial, fence;
    enum rt_outcome outcome;
    bool not_sent, id_known, ambiguous;
    enum said said;
    bool reopened;
    struct record found;
};

/* --- workers (worker.c) --- */

struct voyage {
    bool on, flying, waited_for; /* waited_for: a customer is on the line */
    bool reconciling;
    bool asked_before; /* it is not the customer's first try */
    bool id_known;
    uint32_t serial, fence, life;
    int64_t asked_ns; /* when it wrote to the journal first */
    struct rt_flight flight;
};

struct process {
    bool up;
    uint32_t epoch;
    int64_t asleep_until_ns;
    struct voyage voyage[VOYAGES];
};

/* Faults in a thousand; 0 in most worlds each, so that they meet in every combination. */
struct weather {
    unsigned n0, n1, lost, reset, late, deaf, doubled, garbled;
    unsigned crash, sleep, down, ambiguous, impatient;
    bool embedded;     /* the journal dies with its process: uncommitted letters too */
    bool rebuild;      /* reconciliation can say the request again */
    bool late_answers; /* answers of copies given up are fed */
    int64_t lease_ns;  /* an owner that writes nothing for so long is taken over */
};

enum told { TOLD_NOTHING, TOLD_YES, TOLD_UNKNOWN, TOLD_NO };

struct world {
    uint64_t seed;
    unsigned broken; /* enum mutation */
    bool trace;
    struct rng dice;
    int64_t now_ns, end_ns, window_ns;
    struct weather sky;
    struct rt_flight_rules rules;
    struct tally *tally;
    const char *harm;

    struct provider provider[PROVIDERS];
    unsigned providers;
    struct process process[PROCESSES];
    struct record record;
    bool journal_down;
    uint32_t serials, fences, seq;

    unsigned tries_left; /* of the customer */
    bool asked_before;
    enum told told;
    bool ever_sent;

    unsigned heap_n, copies, letters;
    struct copy copy[COPIES]; /* what follows is not cleared between payments */
    struct letter letter[LETTERS];
    struct happening heap[HAPPENINGS];
};

/* What a run has seen; proves that the weather was bad enough. */
struct tally {
    uint64_t payments, happenings, charges, copies, repeats, inquiries, moves, takeovers, fenced;
    uint64_t crashes, sleeps, reopened, late_answers, doubles, oversleeps, early_answers;
    uint64_t settle_lost, promise_lost, impatient, windows_over;
    uint64_t ended_approved, ended_declined, ended_not_sent, ended_live, ended_pending, ended_open;
    uint64_t ended_none;
    uint64_t met[RT_STAGES_][RT_EVENTS_];
};

/* dice */
bool chance(struct world *w, unsigned permille);
uint64_t below(struct world *w, uint64_t n);
int64_t between(struct world *w, int64_t low, int64_t high); /* small ones as often as big ones */

/* time (world.c) */
void plan(struct world *w, int64_t in_ns, enum happening_kind kind, unsigned a, unsigned b,
          uint32_t c);
void note(const struct world *w, const char *fmt, ...) PRINTF_LIKE(2, 3); /* when tracing */
void harm(struct world *w, const char *what);
void tell(struct world *w, enum told t, const char *by);
unsigned charges(const struct world *w);
bool broken(const struct world *w, enum mutation m);

/* provider.c */
const struct provider_kind *any_kind(struct world *w);
void provider_init(struct world *w, struct provider *p);
void copy_arrives(struct world *w, unsigned copy);
void copy_doubled(struct world *w, unsigned copy);
void copy_executed(struct world *w, unsigned copy);
void provider_decides(struct world *w, unsigned provider);
enum result provider_knows(struct world *w, struct provider *p);
struct rt_heard heard_of(struct world *w, const struct provider *p, enum result r, bool inquiry);
const char *result_name(enum result r);

/* wire.c */
void send_copy(struct world *w, unsigned process, unsigned voyage, unsigned leg);
void send_inquiry(struct world *w, unsigned process, unsigned voyage, unsigned leg);
void inquiry_arrives(struct world *w, unsigned copy);
void answer_leaves(struct world *w, unsigned copy, enum result r);
void answer_arrives(struct world *w, unsigned copy);
void wire_says(struct world *w, unsigned copy, enum rt_event_kind kind);

/* journal.c */
void send_letter(struct world *w, unsigned process, unsigned voyage, enum call call,
                 const struct rt_command *c);
void letter_commits(struct world *w, unsigned letter);
const char *said_name(enum said s);

/* worker.c */
void customer_asks(struct world *w, unsigned process);
void customer_leaves(struct world *w, unsigned process, unsigned voyage, uint32_t serial);
void letter_back(struct world *w, unsigned letter);
void reconcile(struct world *w, unsigned process);
void timer(struct world *w, unsigned process, unsigned voyage, uint32_t serial);
void crash(struct world *w, unsigned process);
/* The voyage that sent this copy, if it is still there and at that leg; else NULL. */
struct voyage *sender_of(struct world *w, const struct copy *c);
void feed(struct world *w, unsigned process, unsigned voyage, const struct rt_event *ev);

/* world.c: true if the payment came to harm */
bool world_run(struct world *w, uint64_t seed, unsigned mutations, bool trace, struct tally *t);
#endif
