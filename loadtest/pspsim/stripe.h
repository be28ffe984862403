/* loadtest/pspsim/stripe.h -- private to stripe*.c. */
#ifndef SIM_STRIPE_H
#define SIM_STRIPE_H
#include "loadtest/common/shape.h"
#include "loadtest/pspsim/dialect.h"

extern const struct lt_shape sim_stripe_intent_shape[], sim_stripe_method_shape[],
    sim_stripe_capture_shape[], sim_stripe_cancel_shape[], sim_stripe_refund_shape[],
    sim_stripe_list_shape[], sim_stripe_search_shape[], sim_stripe_refunds_shape[],
    sim_stripe_no_shape[];

/* Reads card[number] and so on of one object; false with the refusal. */
bool sim_stripe_card(struct sim_req *r, const struct lt_node *card, struct sim_answer *bad);
bool sim_stripe_understand(struct sim_req *r, struct sim_answer *bad);
void sim_stripe_execute(struct sim_req *r, struct sim_answer *out);
void sim_stripe_render(struct sim_req *r, const struct sim_answer *a);
#endif
