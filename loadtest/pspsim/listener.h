/* loadtest/pspsim/listener.h -- the ports. */
#ifndef SIM_LISTENER_H
#define SIM_LISTENER_H
#include "loadtest/pspsim/world.h"

/* port 0 picks a free one. -1 with a line on stderr, else the port. */
int sim_listen(struct sim *s, enum sim_who who, bool tls, int port);
/* While refused, connecting fails (the kernel answers RST); the port stays ours. */
void sim_listeners_refuse(struct sim *s, enum sim_who who, bool refuse);
void sim_listeners_free(struct sim *s);
#endif
