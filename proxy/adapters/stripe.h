/* proxy/adapters/stripe.h -- what the files of the Stripe adapter share. */
#ifndef PX_STRIPE_H
#define PX_STRIPE_H
#include "proxy/adapters/judge.h"
#include "proxy/adapters/webhook.h"

#define PX_STRIPE_VERSION "2026-10-28.endive"

void px_stripe_judge(const struct px_asking *q, enum rt_op op, const struct px_answer *ans,
                     struct arena *a, struct rt_judgement *out);
void px_stripe_token(const struct px_answer *ans, struct arena *a, struct rt_judgement *out);
unsigned px_stripe_news(const struct px_hook *h, struct arena *a, struct px_news *out,
                        unsigned max);

/* One PaymentIntent, read. */
struct px_intent {
    enum rt_state state; /* RT_STATE_NONE: a status we do not know */
    struct span id, ref, redirect_url, cancellation_reason, network_txn_id, cvc;
    struct money amount, capturable, received, refunded;
    struct span last_error; /* an object, or empty */
    bool readable;          /* the text was a JSON object, whatever was in it */
};

/* False if text is not a PaymentIntent with an id. */
bool px_intent_read(const struct px_case *c, struct span text, struct px_intent *out);
/* Amounts and ids into the judgement; nothing about the outcome. */
void px_intent_note(struct px_case *c, const struct px_intent *i);
/* The reason in an error object (error, last_payment_error): code, flags, raw code. `inner` is
 * looked at for what the outer one leaves out; may be empty. True: a listed word. */
bool px_stripe_reason(struct px_case *c, struct span error, struct span inner);
#endif
