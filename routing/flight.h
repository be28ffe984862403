/* routing/flight.h -- one charge: what to do next with a payment that is under way.
 *
 * A total function of (state, event): every state meets every event, and nothing it answers can
 * lead to a second charge. The shell (proxy/payment.c, tests/sim) feeds it what happened and does
 * what it says; the shell has no opinion about money.
 *
 * A payment at a provider is an *attempt* (one leg of the plan); each time its bytes leave is a
 * *copy*. The five laws (docs/one-charge.md):
 *   1 promise first        no copy leaves before its leg is in the journal
 *   2 only a closed attempt opens the next: a definite answer bound to our key, or a provable
 *     refusal of the only copy that was ever sent
 *   3 unknown is answered by repeating (same request, provider, key, inside the key window), not by
 *     asking around; an inquiry that finds nothing closes nothing; after that: pending
 *   4 every journal write names owner and leg; who is fenced touches nothing more
 *   5 if the journal can not promise, nothing leaves */
#ifndef RT_FLIGHT_H
#define RT_FLIGHT_H
#include <stdbool.h>
#include <stdint.h>

#include "routing/base/limits.h"
#include "routing/outcome.h"
#include "routing/provider.h"

enum rt_event_kind {
    RT_EV_PROMISED,     /* the journal holds this leg's promise, in our name */
    RT_EV_PROMISE_LOST, /* the journal could not take it (down, full) */
    RT_EV_FENCED,       /* the journal says: another worker owns this payment now */
    RT_EV_NOT_SENT,     /* N0: this copy provably never left us */
    RT_EV_REFUSED,      /* N1: the peer says that it did not process this copy */
    RT_EV_ANSWERED,     /* a complete answer, judged (classes R and A, and D by status) */
    RT_EV_IN_DOUBT,     /* D: everything else */
    RT_EV_INQUIRED,     /* an inquiry ended; judged. A failed inquiry is a zeroed judgement */
    RT_EV_TIMER,        /* the time a command asked for is over */
    RT_EV_IMPATIENT,    /* the customer will not wait longer: answer now, go on behind */
    RT_EV_SETTLED,      /* the journal holds the outcome */
    RT_EV_SETTLE_LOST,  /* it could not take it */
    RT_EVENTS_
};

/* Of a judgement, what the flight needs; by value, so that an event outlives the answer's memory.
 */
struct rt_heard {
    enum rt_outcome outcome;
    enum rt_executed executed;
    enum rt_same_key same_key;
    bool bound, retry_other, inquire_first, inconclusive;
    int32_t retry_after_ms;
};

struct rt_event {
    enum rt_event_kind kind;
    struct rt_heard heard; /* ANSWERED, INQUIRED */
};

enum rt_command_kind {
    RT_DO_NOTHING, /* wait for what is under way (or for the timer, if wait_ms > 0) */
    RT_DO_PROMISE, /* write leg's promise to the journal (the first one is written by begin) */
    RT_DO_ASK,     /* send one copy of leg's request */
    RT_DO_INQUIRE, /* ask leg's provider for the state of the attempt */
    RT_DO_SETTLE,  /* write `outcome` (of leg) to the journal */
    RT_DO_ANSWER,  /* tell the customer `outcome`; RT_UNKNOWN is "202, being resolved" */
    RT_DO_STOP,    /* fenced: forget it, write nothing. The customer, if still there, gets 202 */
};

struct rt_command {
    enum rt_command_kind kind;
    uint8_t leg;
    uint8_t copy;            /* ASK: 1 for the first copy this worker sends of the leg */
    int32_t wait_ms;         /* > 0: also feed RT_EV_TIMER after this long */
    enum rt_outcome outcome; /* SETTLE, ANSWER */
    bool not_sent;           /* SETTLE, ANSWER: provably nothing was executed anywhere */
};

struct rt_flight_rules {
    uint8_t copies_max;      /* of one attempt, by this worker; at least 1 */
    uint8_t moves_max;       /* further legs after a definite soft decline */
    int32_t repeat_first_ms; /* pause before the second copy; doubles, with a cap of 8x */
    int64_t within_ns;       /* no further leg after this long since begin */
};

enum rt_stage {
    RT_AT_PROMISING,
    RT_AT_ASKING,
    RT_AT_UNSURE, /* in doubt, waiting to repeat or inquire */
    RT_AT_INQUIRING,
    RT_AT_SETTLING,
    RT_AT_OWING, /* the customer knows, the journal does not yet */
    RT_AT_LANDED,
    RT_STAGES_
};

struct rt_flight {
    struct rt_flight_rules rules_;
    struct rt_promises terms_[LIMIT_LEGS]; /* per leg: what its provider promises */
    int64_t begun_ns_;
    int64_t first_sent_ns_; /* of this leg, by anybody; the key window counts from here */
    enum rt_stage stage_;
    enum rt_outcome outcome_;
    uint8_t legs_, leg_;
    uint8_t copies_;   /* of this leg, by this worker */
    uint8_t moves_;    /* soft moves done */
    uint8_t refusals_; /* N1 moves done: at most one per payment */
    uint8_t settles_;  /* tries to settle */
    bool exposed_;     /* an earlier copy of this leg may have reached the provider */
    bool heard_5xx_;   /* this leg was answered with something that stored nothing */
    bool answered_;    /* the customer has an answer */
    bool executed_no_; /* every attempt so far is proven not executed */
};

/* A payment that is new to the journal; its begin call has promised leg 0 already, or will: feed
 * RT_EV_PROMISED (or PROMISE_LOST) next.
 *   in   legs 1..LIMIT_LEGS, terms[legs]; now_ns monotonic. */
void rt_flight_begin(struct rt_flight *f, const struct rt_flight_rules *rules,
                     const struct rt_promises *terms, unsigned legs, int64_t now_ns);

/* A payment taken over from a worker that is gone: leg's promise is in our name now, and copies of
 * it may be anywhere. age_ns: since the leg was first promised (wall clock difference, >= 0). Feed
 * RT_EV_PROMISED next. answered: nobody waits for it. Only `leg` may be asked again; further legs
 * open when it closes, as usual. */
void rt_flight_resume(struct rt_flight *f, const struct rt_flight_rules *rules,
                      const struct rt_promises *terms, unsigned legs, unsigned leg, int64_t age_ns,
                      bool answered, int64_t now_ns);

/* One event in, one command out. Events that make no sense in the state (late timers, answers of
 * copies given up) change nothing and give RT_DO_NOTHING. */
struct rt_command rt_flight_step(struct rt_flight *f, const struct rt_event *ev, int64_t now_ns);

struct rt_heard rt_heard_of(const struct rt_judgement *j);
bool rt_flight_landed(const struct rt_flight *f);
enum rt_stage rt_flight_stage(const struct rt_flight *f);
unsigned rt_flight_leg(const struct rt_flight *f);
/* Names for logs, tests and the model. */
const char *rt_event_name(enum rt_event_kind k);
const char *rt_command_name(enum rt_command_kind k);
const char *rt_stage_name(enum rt_stage s);
#endif
