/* loadtest/pspsim/ledger_json.h -- the ledger for readers. */
#ifndef SIM_LEDGER_JSON_H
#define SIM_LEDGER_JSON_H
#include "loadtest/pspsim/world.h"

struct sim_ledger_wish {
    enum sim_who who; /* SIM_PSPS: all */
    struct span payment, reference;
    uint32_t after, limit; /* charges behind this number, at most so many; 0: all */
    bool doubles;          /* payments: only those with more than one live charge */
};

/* {"total":n,"charges":[...]} */
void sim_ledger_write(const struct sim *s, const struct sim_ledger_wish *w, struct lt_out *o);
/* {"payments":[{"payment":...,"live":n,...,"charges":[...]}]} */
void sim_payments_write(const struct sim *s, const struct sim_ledger_wish *w, struct lt_out *o);
/* One object of numbers; "doubles" must be 0. */
void sim_summary_write(const struct sim *s, struct lt_out *o);
void sim_counters_write(const struct sim_counters *c, struct lt_out *o);
void sim_charge_write(const struct sim *s, const struct sim_charge *c, struct lt_out *o);
#endif
