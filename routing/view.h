/* routing/view.h -- what is known about the providers at one moment: what operators said, where
 * the breakers stand, and what asking each one would be worth to this payment.
 *
 * Whole numbers only, and unknown is a value of its own: a decision that is recorded with its view
 * is made again from the record, bit for bit, without the book of what was learned. Handed, never
 * grabbed. docs/health.md, "From what is known to a plan". */
#ifndef RT_VIEW_H
#define RT_VIEW_H
#include <stdbool.h>
#include <stdint.h>

#include "routing/base/limits.h"
#include "routing/base/span.h"

/* An operator's word; it stands above the breaker and above the policy. */
enum rt_admin {
    RT_ADMIN_AUTO,     /* nobody said anything: the breaker decides */
    RT_ADMIN_DRAIN,    /* no new payments; those it holds go on */
    RT_ADMIN_STOP,     /* the same, at once and on purpose */
    RT_ADMIN_FORCE_ON, /* asked whatever the breaker says */
    RT_ADMINS_
};

enum rt_breaker {
    RT_BREAKER_UNKNOWN, /* nothing was ever seen: as closed */
    RT_BREAKER_CLOSED,
    RT_BREAKER_HALF_OPEN,
    RT_BREAKER_OPEN,
    RT_BREAKERS_
};

enum { RT_PERMILLE = 1000, RT_UNKNOWN_PPM = -1, RT_UNKNOWN_MS = -1 };
#define RT_UNKNOWN_VALUE INT64_MIN

struct rt_sight {
    enum rt_admin admin;
    bool ops_all;            /* admin's stop also holds for captures, voids, refunds, inquiries */
    uint16_t limit_permille; /* share of new payments that may go there; 1000: no limit */

    enum rt_breaker breaker;
    uint16_t admit_permille; /* half-open: the share that is let through; otherwise not looked at */
    bool probe; /* this payment shall find out how it is doing, where the order is ours to choose */

    int32_t available_ppm; /* that it answers at all; -1: unknown */
    int32_t approval_ppm;  /* that it approves this payment, if it answers; -1: unknown */
    int32_t latency_ms;    /* how long it takes; -1: unknown */
    int64_t value_micro;   /* of asking it: millionths of a minor unit; RT_UNKNOWN_VALUE */
    bool explored;         /* its value is the best only because of the exploration in it */
    bool ramped;           /* too new for this payment: behind those of value */
};

struct rt_view {
    uint64_t epoch; /* which view this was, for the decision record */
    struct rt_sight provider[LIMIT_PROVIDERS];
};

/* Nobody said or saw anything: everybody may be asked, all numbers are unknown. */
void rt_view_init(struct rt_view *v);

const char *rt_admin_name(enum rt_admin a); /* "auto", "drain", "stop", "force-on" */
bool rt_admin_find(struct span word, enum rt_admin *out);
const char *rt_breaker_name(enum rt_breaker b); /* "unknown", "closed", "half_open", "open" */
bool rt_breaker_find(struct span word, enum rt_breaker *out);
#endif
