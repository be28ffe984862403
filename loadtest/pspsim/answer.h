/* loadtest/pspsim/answer.h -- what a provider says, before it is written in its dialect.
 *
 * Small, because it is what an idempotency key remembers: the dialect writes the same bytes from it
 * again for every replay. */
#ifndef SIM_ANSWER_H
#define SIM_ANSWER_H
#include <stdbool.h>
#include <stdint.h>

#include "loadtest/pspsim/ledger.h"

enum sim_says {
    SIM_SAYS_NOTHING,
    /* executed */
    SIM_SAYS_PAYMENT, /* the charge: approved, declined, action, pending */
    SIM_SAYS_ACT,     /* a capture, void, refund or reversal */
    SIM_SAYS_STATE,   /* not possible in this state; `code` says which rule */
    SIM_SAYS_TOKEN,   /* a stored credential; `act` is its row */
    SIM_SAYS_FOUND,   /* one charge, read */
    SIM_SAYS_LIST,    /* search or list; written from the ask, not from here */
    SIM_SAYS_ACTS,    /* Checkout.com: the actions of a payment */
    SIM_SAYS_REFUND,  /* one refund, read */
    /* not executed */
    SIM_SAYS_INVALID,       /* code, param, text */
    SIM_SAYS_NO_CREDENTIAL, /* 401 */
    SIM_SAYS_NO_PATH,       /* unknown URL or method */
    SIM_SAYS_NO_OBJECT,     /* unknown id in the URL */
    SIM_SAYS_RUNNING,       /* the same key is being worked on */
    SIM_SAYS_OTHER_PARAMS,  /* the same key came with other parameters before */
    SIM_SAYS_THROTTLED,
    SIM_SAYS_BROKEN, /* 5xx */
};

struct sim_answer {
    enum sim_says says;
    int status; /* 0: the dialect's usual one */
    uint32_t charge, act;
    struct sim_money then;
    const char *code; /* static */
    /* Only in answers that are never stored: */
    const char *param; /* lent from the request */
    const char *text;
};
#endif
