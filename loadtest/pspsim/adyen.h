/* loadtest/pspsim/adyen.h -- private to adyen*.c. */
#ifndef SIM_ADYEN_H
#define SIM_ADYEN_H
#include "loadtest/common/shape.h"
#include "loadtest/pspsim/dialect.h"

extern const struct lt_shape sim_adyen_payment_shape[], sim_adyen_capture_shape[],
    sim_adyen_cancel_shape[], sim_adyen_cancel_ref_shape[], sim_adyen_refund_shape[],
    sim_adyen_reversal_shape[];

bool sim_adyen_understand(struct sim_req *r, struct sim_answer *bad);
void sim_adyen_render(struct sim_req *r, const struct sim_answer *a);
#endif
