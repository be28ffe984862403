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
 *   5 if the journal can not promise, nothing leaves
 *
 * What follows from them, and is easy to overlook:
 *   - A copy whose answer we never saw may have been answered 5xx. So a provider that does not
 *     store its 5xx (repeat_after_5xx false) is never sent a second copy at all, by anybody: it can
 *     only be inquired. The same goes for one that keeps no keys.
 *   - A worker that slept over the key window between its promise and its first copy may have been
 *     replaced, its payment approved and the key forgotten: it does not send that copy any more.
 *   - "Yes" (approved, accepted, action required) may be told before the journal holds it: whoever
 *     takes over finds the same. "No" may not: who takes over could ask again and hear yes. So a
 *     "no" that could not be settled is told as "unknown". */
#ifndef RT_FLIGHT_H
#define RT_FLIGHT_H
#include <stdbool.h>
#include <stdint.h>

#include "routing/base/limits.h"
#include "routing/heard.h"
#include "routing/outcome.h"
#include "routing/provider.h"

enum rt_event_kind {
    RT_EV_PROMISED,     /* the journal holds this leg's promise, in our name */
    RT_EV_PROMISE_LOST, /* the journal could not take it (down, full): nothing has changed there */
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

/* ANSWERED and INQUIRED speak of the leg that rt_flight_leg() names; the shell drops what belongs
 * to an earlier one. An answer that comes after its copy was given up (IN_DOUBT) may still be fed.
 */
struct rt_event {
    enum rt_event_kind kind;
    struct rt_heard heard; /* ANSWERED, INQUIRED */
};

enum rt_command_kind {
    RT_DO_NOTHING, /* wait for what is under way (or for the timer, if wait_ms > 0) */
    RT_DO_PROMISE, /* write leg's promise to the journal (the first one is written by begin) */
    RT_DO_ASK,     /* send one copy of leg's request; exactly one event comes back for it */
    RT_DO_INQUIRE, /* ask leg's provider for the state of the attempt; INQUIRED comes back */
    RT_DO_SETTLE,  /* write `outcome` to the journal, in leg's name */
    RT_DO_ANSWER,  /* tell the customer `outcome`; RT_UNKNOWN is "202, being resolved" */
    RT_DO_STOP,    /* fenced: forget it, write nothing. The customer, if still there, gets 202 */
};

struct rt_command {
    enum rt_command_kind kind;
    uint8_t leg;  /* the journal's current leg; PROMISE: the new one */
    uint8_t from; /* SETTLE, ANSWER: the leg that said `outcome`, when it was not `leg` (a decline
                     followed by providers that could not be reached is still that decline) */
    uint8_t copy; /* ASK: 1 for the first copy this worker sends of the leg */
    int32_t wait_ms; /* > 0: feed RT_EV_TIMER after this long. Replaces an earlier wait; 0 leaves it
                        running. A timer that fires once too often does no harm */
    enum rt_outcome outcome; /* SETTLE, ANSWER. RT_ERROR: not executed; RT_UNKNOWN: pending */
    bool not_sent;           /* SETTLE, ANSWER: provably nothing was executed anywhere */
};

struct rt_flight_rules {
    uint8_t copies_max; /* copies, and also inquiries, of one attempt by this worker; at least 1 */
    uint8_t moves_max;  /* further legs after a definite soft decline. A leg that provably was not
                           executed (N0, N1 once, a clean refusal) opens the next without counting */
    int32_t repeat_first_ms; /* pause before the second copy, 1..; doubles, with a cap of 8x. A
                                provider that asks for more than the cap is left pending */
    int64_t within_ns;       /* no further leg after this long since begin */
};

enum rt_stage {
    RT_AT_PROMISING,
    RT_AT_ASKING,
    RT_AT_UNSURE, /* in doubt, waiting to repeat or inquire */
    RT_AT_INQUIRING,
    RT_AT_SETTLING,
    RT_AT_OWING, /* the customer has an answer, the journal does not; waiting to settle again */
    RT_AT_LANDED,
    RT_STAGES_
};

struct rt_flight {
    struct rt_flight_rules rules_;
    struct rt_promises terms_[LIMIT_LEGS]; /* per leg: what its provider promises */
    int64_t begun_ns_;                     /* the payment */
    int64_t keys_ns_;                      /* its provider keys are not older than this */
    int64_t leg_ns_;                       /* when this leg's promise was asked for */
    enum rt_stage stage_;
    enum rt_outcome outcome_; /* what is being settled; RT_UNKNOWN before */
    enum rt_outcome live_;    /* what giving up means: the provider had accepted it, or unknown */
    enum rt_outcome no_;      /* the best "no" of the closed legs: a decline, else RT_ERROR */
    uint8_t legs_, leg_;
    uint8_t from_, no_leg_; /* who said outcome_, no_ */
    uint8_t promised_;      /* legs promised to us */
    uint8_t copies_;        /* of this leg, by this worker */
    uint8_t inquiries_;     /* of this leg, by this worker */
    uint8_t moves_;         /* moves after declines */
    uint8_t pauses_;        /* taken on this leg, or between tries to settle */
    bool refused_;          /* the payment's one move after an N1 is used up */
    bool exposed_;          /* an earlier copy of this leg may have reached the provider */
    bool no_repeat_;        /* this leg must not, or need not, be repeated */
    bool heard_5xx_;        /* this leg was answered, and the answer left it in doubt */
    bool id_known_;         /* the provider's id of this leg's payment is known */
    bool answered_;         /* the customer has an answer */
    bool whole_;            /* no leg was asked before this flight began */
};

/* A payment that is new to the journal; its begin call has promised leg 0 already, or will: feed
 * RT_EV_PROMISED (or PROMISE_LOST) next.
 *   in   legs 1..LIMIT_LEGS, terms[legs]; asked_ns: monotonic, when the begin call was sent to the
 *        journal, not when its answer came (who sleeps in between may have been replaced). */
void rt_flight_begin(struct rt_flight *f, const struct rt_flight_rules *rules,
                     const struct rt_promises *terms, unsigned legs, int64_t asked_ns);

/* The same for a record that had been settled as not sent and is begun again under its key. Its
 * provider keys may be as old as the record: age_ns since it was *first* created (wall clock
 * difference, negative counts as 0), so that a key window is not counted twice. */
void rt_flight_reopen(struct rt_flight *f, const struct rt_flight_rules *rules,
                      const struct rt_promises *terms, unsigned legs, int64_t age_ns,
                      int64_t asked_ns);

/* What is known of a payment taken over from a worker that is gone, or left pending. */
struct rt_resumption {
    unsigned leg;          /* the one promised last */
    int64_t age_ns;        /* since the record was first created; as above */
    enum rt_outcome known; /* RT_PENDING, RT_ACTION_REQUIRED: the provider accepted this leg, a
                              repeat would only bring the old word. Anything else: in doubt */
    bool id_known;         /* the provider's id of this leg's payment */
    bool answered;         /* nobody waits for an answer */
    bool inquire_only; /* the request can not be said again byte for byte (the card is in nobody's
                          journal): send no copy, open no further leg. Do not spell this by
                          changing the terms: they are what other workers' copies went by */
};

/* A payment taken over: leg's promise is in our name now, and copies of it may be anywhere. Feed
 * RT_EV_PROMISED next. Only `leg` may be asked again; further legs open when it closes, within
 * within_ns of the record's creation. What earlier legs said is not known here: at leg 1 or later
 * nothing is reported as not sent. */
void rt_flight_resume(struct rt_flight *f, const struct rt_flight_rules *rules,
                      const struct rt_promises *terms, unsigned legs,
                      const struct rt_resumption *what, int64_t now_ns);

/* One event in, one command out. Events that make no sense in the state (late timers, answers of
 * legs given up) change nothing and give RT_DO_NOTHING. */
struct rt_command rt_flight_step(struct rt_flight *f, const struct rt_event *ev, int64_t now_ns);

bool rt_flight_landed(const struct rt_flight *f);
enum rt_stage rt_flight_stage(const struct rt_flight *f);
unsigned rt_flight_leg(const struct rt_flight *f);
/* Names for logs, tests and the model. */
const char *rt_event_name(enum rt_event_kind k);
const char *rt_command_name(enum rt_command_kind k);
const char *rt_stage_name(enum rt_stage s);
#endif
