/* loadtest/pspsim/ledger.h -- every charge and everything that was done to it: the judge.
 *
 * Only what was executed is here. Card numbers are not: the last four digits are. */
#ifndef SIM_LEDGER_H
#define SIM_LEDGER_H
#include <stdbool.h>
#include <stdint.h>

#include "loadtest/common/out.h"
#include "loadtest/pspsim/table.h"
#include "loadtest/pspsim/who.h"

enum sim_op {
    SIM_OP_NONE,
    SIM_AUTHORIZE,
    SIM_CAPTURE,
    SIM_VOID,
    SIM_REFUND,
    SIM_REVERSE,    /* void or refund, whichever fits */
    SIM_CANCEL_REF, /* Adyen: cancel by our reference */
    SIM_INQUIRE,    /* by the provider's id */
    SIM_SEARCH,     /* by our reference, or a list */
    SIM_TOKENIZE,
    SIM_OPS
};

const char *sim_op_name(enum sim_op op);
enum sim_op sim_op_find(struct span name); /* SIM_OP_NONE if there is none */
bool sim_op_moves_money(enum sim_op op);   /* and so wants an idempotency key */

/* What a provider remembers of a credential. */
enum sim_credential { SIM_CARD, SIM_NETWORK_TOKEN, SIM_TOKEN };

struct sim_card {
    enum sim_credential kind;
    char bin[7], last4[5];
    uint8_t month;
    uint16_t year;
    uint16_t script; /* index into the test cards of why.c; 0: an ordinary card */
    bool cvc;
    const char *brand; /* "visa" ... "unknown" */
};

/* SIM_NEW: made, never tried (Stripe without confirm). */
enum sim_status { SIM_NEW, SIM_DECLINED, SIM_ACTION, SIM_PENDING, SIM_AUTHORIZED, SIM_VOIDED };

/* What changes. An answer keeps a copy, so that a replay says what was true then. */
struct sim_money {
    enum sim_status status;
    int64_t capturable, captured, refunded, voided;
};

struct sim_charge {
    uint32_t number;
    enum sim_who who;
    struct sim_money now;
    bool manual;   /* capture is asked for later */
    bool approved; /* was authorised at some time */
    uint16_t why;  /* index into sim_whys (Stripe), or the provider's own code */
    int64_t amount;
    char currency[4]; /* capitals */
    char id[32];
    struct sim_card card;
    struct span reference, key, token, metadata; /* metadata: JSON object text */
    struct span return_url;
    uint32_t key_row; /* in sim_keys; 0: none was sent */
    int64_t created_ms, changed_ms;
    uint32_t first_act, last_act;
    uint32_t next_of_payment, older_of_reference;
};

/* A capture, void, refund or reversal that was executed. */
struct sim_act {
    uint32_t number, charge, next;
    enum sim_op op;  /* as asked */
    enum sim_op did; /* a reversal voids or refunds; SIM_OP_NONE: accepted, but nothing to do */
    int64_t amount;
    char id[32];
    struct span reference, key, metadata;
    int64_t created_ms;
    const char *reason; /* static */
};

/* All attempts of one payment: same 26 characters behind "at<leg>_", or the same reference. */
struct sim_payment {
    struct span id;
    uint32_t first, last; /* charges */
};

/* A stored credential (Stripe PaymentMethod). */
struct sim_token {
    enum sim_who who;
    char id[32];
    struct sim_card card;
    struct span billing; /* JSON object text */
    int64_t created_ms;
};

struct sim_ledger {
    struct sim_rows charges, acts, payments, tokens;
    struct sim_table by_id, by_reference, by_payment, by_token;
    struct sim_pool pool;
};

/* A text known to fit. */
void sim_copyz(struct span s, char *dst, size_t cap);

void sim_ledger_init(struct sim_ledger *l);
void sim_ledger_fini(struct sim_ledger *l);

/* Texts of *draft are copied; number and the links are set here. */
struct sim_charge *sim_ledger_charge(struct sim_ledger *l, const struct sim_charge *draft);
struct sim_act *sim_ledger_act(struct sim_ledger *l, struct sim_charge *c,
                               const struct sim_act *draft);
struct sim_token *sim_ledger_token(struct sim_ledger *l, const struct sim_token *draft);

struct sim_charge *sim_charge_at(const struct sim_ledger *l, uint32_t number);
struct sim_act *sim_act_at(const struct sim_ledger *l, uint32_t number);
struct sim_charge *sim_charge_by_id(const struct sim_ledger *l, enum sim_who who, struct span id);
/* The newest charge with this reference; sim_charge_older() gives the others. */
struct sim_charge *sim_charge_by_reference(const struct sim_ledger *l, enum sim_who who,
                                           struct span reference);
struct sim_charge *sim_charge_older(const struct sim_ledger *l, const struct sim_charge *c);
struct sim_token *sim_token_by_id(const struct sim_ledger *l, enum sim_who who, struct span id);

/* The payment a reference belongs to: the 26 characters, or all of it. */
struct span sim_payment_of(struct span reference);

/* How a payment stands: more than one live charge is a double charge. */
struct sim_standing {
    unsigned charges, live, approved, open, declined;
};
struct sim_standing sim_payment_standing(const struct sim_ledger *l, const struct sim_payment *p);
/* Approved and not voided. Refunded counts: the payer was charged. */
bool sim_charge_live(const struct sim_charge *c);
#endif
