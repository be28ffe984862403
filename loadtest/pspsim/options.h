/* loadtest/pspsim/options.h -- the command line. */
#ifndef SIM_OPTIONS_H
#define SIM_OPTIONS_H
#include <stdbool.h>
#include <stdint.h>

#include "loadtest/pspsim/who.h"

struct sim_options {
    int port[SIM_WHOS]; /* main port; 0: pick a free one; -1: do not play this part */
    const char *address;
    bool tls;
    const char *certs; /* directory */
    const char *make_certs;
    uint64_t seed;
    int64_t latency_ms, jitter_ms;
    unsigned streams;   /* SETTINGS_MAX_CONCURRENT_STREAMS */
    const char *ledger; /* file for the whole ledger at the end; NULL: only the summary */
    bool quiet;
};

enum sim_options_say { SIM_GO, SIM_STOP, SIM_USAGE };

/* SIM_GO, or what main should do: SIM_STOP after --help, SIM_USAGE after an error (both told). */
enum sim_options_say sim_options_read(struct sim_options *o, int argc, char **argv);
#endif
