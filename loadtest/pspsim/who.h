/* loadtest/pspsim/who.h -- the parts one process plays. */
#ifndef SIM_WHO_H
#define SIM_WHO_H
#include "routing/base/span.h"

enum sim_who {
    SIM_STRIPE,
    SIM_ADYEN,
    SIM_CHECKOUTCOM,
    SIM_PSPS,
    SIM_CONTROL = SIM_PSPS, /* faults, settings, ledger */
    SIM_PLAIN,              /* answers every POST with the same bytes: for carrying benchmarks */
    SIM_WHOS,
};

const char *sim_who_name(enum sim_who w);
/* SIM_WHOS if there is no such name. */
enum sim_who sim_who_find(struct span name);
#endif
