/* loadtest/pspsim/why.h -- which cards and amounts do not simply work, and what each provider says.
 *
 * Ours to choose, documented in loadtest/README.md: an amount that ends in 99xx (provider's units)
 * has the same result at all three; public test card numbers work at the provider that publishes
 * them and are ordinary cards elsewhere. */
#ifndef SIM_WHY_H
#define SIM_WHY_H
#include <stdbool.h>
#include <stdint.h>

#include "loadtest/pspsim/ledger.h"

enum sim_result { SIM_APPROVES, SIM_DECLINES, SIM_WANTS_ACTION, SIM_WAITS };

/* One reason in three languages. */
struct sim_why {
    const char *name;
    int ending; /* last two digits behind 99; -1: none */
    enum sim_result result;
    const char *stripe_code, *stripe_decline, *stripe_advice, *stripe_text;
    int adyen;       /* refusalReasonCode */
    int checkoutcom; /* response_code */
    const char *mac; /* Mastercard merchant advice code, NULL: none */
};

extern const struct sim_why sim_whys[];
unsigned sim_why_count(void);
/* 0 (approved) if there is no such name. */
uint16_t sim_why_find(struct span name);

struct sim_verdict {
    enum sim_result result;
    uint16_t why;      /* index into sim_whys */
    uint16_t own_code; /* the provider's code, when that is what was asked for; 0: by `why` */
};

/* The generic rule; false if the amount does not end so. */
bool sim_why_of_amount(int64_t amount, struct sim_verdict *v);

/* Test cards: index from the number (0: ordinary), and what becomes of a payment with it. */
uint16_t sim_script_of_card(enum sim_who who, struct span number);
uint16_t sim_script_of_token(enum sim_who who, struct span token); /* pm_card_visa ... */
struct sim_verdict sim_script_verdict(uint16_t script);
bool sim_script_refund_pends(uint16_t script);

/* Names of codes; NULL if the provider has no such code. */
const char *sim_adyen_reason(int code, const char **raw);
const char *sim_checkoutcom_summary(int code);

bool sim_luhn(struct span digits); /* 12 to 19 digits whose check digit is right */
const char *sim_brand_of(struct span number);
void sim_card_fill(struct sim_card *c, enum sim_who who, struct span number);
#endif
