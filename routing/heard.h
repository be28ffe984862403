/* routing/heard.h -- of a judgement, what the flight needs. */
#ifndef RT_HEARD_H
#define RT_HEARD_H
#include <stdbool.h>
#include <stdint.h>

#include "routing/outcome.h"

/* By value, so that an event outlives the answer's memory. Zeroed it means "in doubt". */
struct rt_heard {
    enum rt_outcome outcome;
    enum rt_executed executed;
    enum rt_same_key same_key;
    bool bound, retry_other, inquire_first, inconclusive;
    bool id_known; /* the provider named its id of the payment */
    int32_t retry_after_ms;
};

/* What can be built upon. Only what hangs together counts: an outcome whose `executed` is missing
 * or contradicts it is an adapter's slip, and says nothing. */
enum rt_says {
    RT_SAYS_NOTHING,      /* in doubt */
    RT_SAYS_YES,          /* approved, or live: accepted, payer must act */
    RT_SAYS_DECLINED,     /* a no to the payer */
    RT_SAYS_NOT_EXECUTED, /* a no to us: nothing was done */
};

struct rt_heard rt_heard_of(const struct rt_judgement *j);
enum rt_says rt_heard_says(const struct rt_heard *h);
#endif
