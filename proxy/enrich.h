/* proxy/enrich.h -- what a card says without asking anybody: its brand and its BIN. */
#ifndef PX_ENRICH_H
#define PX_ENRICH_H
#include "routing/payment.h"

/* Fills brand, BINs and last four from the card number where there is one. Unknown stays unknown:
 * a value policies must meet. */
void px_enrich(struct rt_payment *pay);
#endif
