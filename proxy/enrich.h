/* proxy/enrich.h -- what a card says: by itself, and in the tables of a snapshot. */
#ifndef PX_ENRICH_H
#define PX_ENRICH_H
#include "routing/bin.h"
#include "routing/payment.h"

struct px_snapshot;

/* Fills brand, BINs and last four from the card number where there is one. Unknown stays unknown:
 * a value policies must meet. Depends on the payment alone, so that the same request says the same
 * for ever. */
void px_enrich(struct rt_payment *pay);

/* What the tables know beside; it may differ tomorrow. */
struct px_known {
    uint64_t lead;     /* the card's leading digits, as many as ranges are told apart by ... */
    uint8_t digits;    /* ... this many; 0: unknown */
    struct rt_bin bin; /* points into the snapshot */
    rt_country ip_country;
};
void px_look_up(const struct px_snapshot *s, const struct rt_payment *pay, struct px_known *out);
#endif
