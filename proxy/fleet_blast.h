/* proxy/fleet_blast.h -- what stopping a provider would do, before it is done. Pure. */
#ifndef PX_FLEET_BLAST_H
#define PX_FLEET_BLAST_H
#include "proxy/fleet.h"
#include "routing/provider.h"

/* What is in use here: adapters can take far more currencies than any shop has. */
struct px_uses {
    uint64_t currency[4]; /* bit c */
    uint32_t methods;     /* 1 << enum rt_method; cards are in use wherever */
};

/* Kinds of payments (method, brand, currency) that one of `before` takes and none of `after`, into
 * out->kind and out->kinds: brands that nobody takes any more, and of the others the currencies
 * that are in use. A provider's own tokens are left out: they have nowhere else to go.
 *   in   bit p of the masks: provider p may get new payments. */
void px_blast_kinds(const struct rt_provider *p, unsigned n, uint32_t before, uint32_t after,
                    const struct px_uses *uses, struct px_blast *out);

/* Where provider's share goes if it spreads over the others as their own traffic does.
 *   in   chosen[n], pay_milli[n], peak_milli[n]: of each; after: who may get new payments then;
 *        kept_permille: how much of its traffic it keeps (a limit). */
void px_blast_heirs(const uint64_t *chosen, const int64_t *pay_milli, const int64_t *peak_milli,
                    unsigned n, unsigned provider, uint32_t after, unsigned kept_permille,
                    struct px_blast *out);
#endif
