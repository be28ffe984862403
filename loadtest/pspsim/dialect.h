/* loadtest/pspsim/dialect.h -- one provider: its words, its rules, its memory for keys. */
#ifndef SIM_DIALECT_H
#define SIM_DIALECT_H
#include "loadtest/pspsim/request.h"
#include "loadtest/pspsim/why.h"

struct sim_dialect {
    const char *key_header;
    unsigned key_max;
    int64_t key_life_ms;
    bool compares_params; /* same key, other parameters: an error instead of the old answer */
    bool stores_all;      /* every executed answer; else only 2xx */

    void (*route)(struct sim_req *r); /* head only: ask.op and ask.object */
    bool (*authentic)(const struct sim_req *r);
    /* Fills the ask; false with an answer that says what is wrong. Changes nothing. */
    bool (*understand)(struct sim_req *r, struct sim_answer *bad);
    /* Runs it: changes the ledger (or reads it) and says what came of it. */
    void (*execute)(struct sim_req *r, struct sim_answer *out);
    /* Writes r->reply from the answer, the same bytes every time. */
    void (*render)(struct sim_req *r, const struct sim_answer *a);
};

extern const struct sim_dialect sim_stripe, sim_adyen, sim_checkoutcom;
const struct sim_dialect *sim_dialect_of(enum sim_who w);

/* --- execute.c: what all three do alike --- */

enum sim_did { SIM_DONE, SIM_BAD_STATE, SIM_TOO_MUCH };

/* A new charge as the card, the amount and the dice decide. The id is the dialect's. */
struct sim_charge *sim_authorize(struct sim_req *r, const char *id, struct sim_verdict *v);
struct sim_verdict sim_decide(struct sim_req *r);
/* amount -1: all that is left. The amount that moved in *moved. */
enum sim_did sim_capture(struct sim_charge *c, int64_t amount, bool final, int64_t *moved);
enum sim_did sim_void(struct sim_charge *c);
enum sim_did sim_refund(struct sim_charge *c, int64_t amount, int64_t *moved);
struct sim_act *sim_act_add(struct sim_req *r, struct sim_charge *c, enum sim_op did,
                            int64_t amount, const char *id);
/* The charge an answer is about; a lying copy under a wrong_* fault. */
const struct sim_charge *sim_said(struct sim_req *r, const struct sim_answer *a);
struct sim_charge *sim_target(const struct sim_req *r);
/* Has it been there long enough to show up in searches and lists? */
bool sim_indexed(const struct sim_req *r, const struct sim_charge *c);

/* --- checks the dialects share --- */
bool sim_bearer(const struct sim_req *r, const char *prefix, const char *other);
bool sim_secret_known(const struct sim_req *r, struct span given);
bool sim_is(struct span s, const char *const *words); /* one of them; list ends with NULL */
bool sim_made_of(struct span s, const char *alphabet);
bool sim_currency_read(struct span s, char out[4]); /* three letters, made capitals */
/* Currencies with three decimals, whose last digit has to be 0 at Stripe and Checkout.com. */
bool sim_three_decimals(const char *currency);
bool sim_invalid(struct sim_answer *bad, const char *code, const char *param, const char *text);
/* A pair list as JSON object text. */
void sim_pairs_json(const struct lt_tree *t, const struct lt_node *n, struct lt_out *o);
void sim_time_text(int64_t ms, char out[32]); /* 2026-10-09T08:53:21Z */
#endif
