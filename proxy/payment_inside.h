/* proxy/payment_inside.h -- what the files of proxy/payment share; nobody else includes it.
 *
 *   payment.c        the doors: a payment begins, is taken up again, ends
 *   payment_said.c   what the journal says
 *   payment_step.c   the flight's commands, and the customer's answer
 *   payment_leg.c    one attempt: the request, its copies, what comes back
 *   payment_watch.c  what is learned from it */
#ifndef PX_PAYMENT_INSIDE_H
#define PX_PAYMENT_INSIDE_H
#include <ev.h>

#include "health/watch.h"
#include "proxy/adapters/adapter.h"
#include "proxy/config.h"
#include "proxy/fault.h"
#include "proxy/payment.h"
#include "proxy/upstream.h"
#include "routing/flight.h"

enum { PX_PAYMENT_MAGIC = 0x70617921 };

struct px_payment {
    unsigned magic; /* PX_PAYMENT_MAGIC */
    struct px_desk *desk;
    struct px_payment *next_, **prev_; /* in the desk's list */
    struct px_request *req;            /* NULL: nobody waits (reconciliation) */
    struct arena *arena;               /* the request's, or own_ */
    struct arena own_, letter_arena_;

    struct rt_payment pay;
    struct rt_plan plan;
    struct rt_verdict verdict;    /* into the snapshot */
    struct px_snapshot *snapshot; /* the one that decided; held to the end */
    struct rt_flight flight;
    bool flying; /* the journal gave it to us: the flight has begun */

    struct px_decided *note; /* what it was decided from, until it is promised; or NULL */

    struct px_record rec;
    struct px_attempt attempt[LIMIT_LEGS];
    struct px_attempt ended;                 /* in a letter: how the leg before ended */
    struct rt_judgement *judged[LIMIT_LEGS]; /* what was last concluded about each leg asked */

    struct px_asking asking;   /* the current leg's request, in our words ... */
    char key[PX_KEY_MAX];      /* ... under this provider key ... */
    struct px_message message; /* ... and in the provider's */
    struct px_ask *ask;        /* under way; NULL if none */
    bool copy_out;             /* an earlier copy of this leg may still be running */
    uint8_t copies;

    /* What the worker's watch over the providers shall learn from it; authorisations alone. */
    uint32_t commits; /* of the policy that it counts for once approved; counted: 0 */
    struct hl_card card;
    struct hl_pass pass; /* of the current leg, if watched */
    bool watched;        /* the leg's first copy is out, and its end was not told yet */
    bool was_watched;    /* the leg was: a verdict that comes later belongs to it */
    bool judged_told;    /* the leg's verdict was told */
    double soft_before;  /* expected approval of the leg before, if that was declined softly; -1 */

    ev_timer timer, patience;
    struct px_journal_letter letter;
    bool letter_out, answered;
    struct span request_id;         /* in the request's arena */
    int64_t policy_ns, provider_ns; /* spent deciding; waiting for providers */
    void (*on_end)(void *ctx);
    void *on_end_ctx;
};

struct px_payment *px_pay_of(void *opaque); /* a callback's context proves itself */
struct px_payment *px_pay_enter(struct px_desk *d, struct px_request *req); /* NULL: no memory */
void px_pay_leave(struct px_payment *p); /* nothing of p may be touched afterwards */
const struct px_provider_config *px_pay_seat(const struct px_payment *p, unsigned leg);
const struct rt_provider *px_pay_provider(const struct px_payment *p, unsigned leg);
struct rt_judgement *px_pay_judged(const struct px_payment *p); /* of the current leg */

/* payment_step.c */
void px_pay_feed(struct px_payment *p, const struct rt_event *ev);
void px_pay_feed_kind(struct px_payment *p, enum rt_event_kind kind);
void px_pay_send_letter(struct px_payment *p, enum px_call call);
void px_pay_answer(struct px_payment *p, const struct rt_command *c);
void px_pay_fenced(struct px_payment *p);
void px_pay_respond_body(struct px_payment *p, const struct px_record *r, int status,
                         struct span body, bool replayed);
void px_pay_respond_fault(struct px_payment *p, const struct px_fault *f);

/* payment_said.c */
void px_pay_on_said(void *ctx, struct px_journal_letter *l);

/* payment_leg.c */
/* Our words for leg's attempt: the same after every restart. */
void px_pay_name_attempt(struct px_payment *p, unsigned leg);
/* Writes leg's request and its digest: same attempt, same bytes, whoever builds them. */
MUST enum err px_pay_prepare(struct px_payment *p, unsigned leg, struct diag *why);
MUST enum err px_pay_open_attempt(struct px_payment *p, unsigned leg); /* its line of history */
void px_pay_close_attempt(struct px_payment *p);
void px_pay_ask(struct px_payment *p);
void px_pay_inquire(struct px_payment *p);

/* payment_watch.c: what the worker's watch over the providers is asked and told */
/* NULL: the leg's next copy may leave. Else one word why it does not: nothing is sent. */
const char *px_pay_withheld(struct px_payment *p);
/* How a copy ended; its judgement is in px_pay_judged(p). */
void px_pay_tell(struct px_payment *p, const struct px_heard *h);
/* The payment is approved: commitments of whoever approved it have come that much further. */
void px_pay_count(struct px_payment *p);
/* The leg's copy will not be told of any more. */
void px_pay_unwatch(struct px_payment *p);
#endif
