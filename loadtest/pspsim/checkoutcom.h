/* loadtest/pspsim/checkoutcom.h -- private to checkoutcom*.c. */
#ifndef SIM_CHECKOUTCOM_H
#define SIM_CHECKOUTCOM_H
#include "loadtest/common/shape.h"
#include "loadtest/pspsim/dialect.h"

extern const struct lt_shape sim_checkoutcom_payment_shape[], sim_checkoutcom_capture_shape[],
    sim_checkoutcom_void_shape[], sim_checkoutcom_refund_shape[], sim_checkoutcom_search_shape[],
    sim_checkoutcom_list_shape[], sim_checkoutcom_no_shape[];

bool sim_checkoutcom_understand(struct sim_req *r, struct sim_answer *bad);
void sim_checkoutcom_render(struct sim_req *r, const struct sim_answer *a);
#endif
