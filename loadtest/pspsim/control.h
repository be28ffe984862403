/* loadtest/pspsim/control.h -- the control port: faults, settings, ledger, clock. */
#ifndef SIM_CONTROL_H
#define SIM_CONTROL_H
#include "loadtest/pspsim/request.h"

void sim_control(struct sim_req *r);
/* The plain port: the same answer to everything, for benchmarks that only carry bytes. */
void sim_plain(struct sim_req *r);
/* Usual behaviour of one provider. */
void sim_settings_init(struct sim_settings *set, const struct sim_options *o);
#endif
