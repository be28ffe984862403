/* proxy/fleet_blast.h -- what stopping a provider would do, before it is done. Pure. */
#ifndef PX_FLEET_BLAST_H
#define PX_FLEET_BLAST_H
#include "proxy/fleet.h"
#include "routing/provider.h"

/* Kinds of payments (method, brand, currency) that one of `before` takes and none of `after`, into
 * out->kind and out->kinds. A provider's own tokens are left out: they have nowhere else to go.
 *   in   bit p of the masks: provider p may get new payments. */
void px_blast_kinds(const struct rt_provider *p, unsigned n, uint32_t before, uint32_t after,
                    struct px_blast *out);

/* Where provider's share goes if it spreads over the others as their own traffic does.
 *   in   chosen[n], pay_milli[n], peak_milli[n]: of each; after: who may get new payments then;
 *        kept_permille: how much of its traffic it keeps (a limit). */
void px_blast_heirs(const uint64_t *chosen, const int64_t *pay_milli, const int64_t *peak_milli,
                    unsigned n, unsigned provider, uint32_t after, unsigned kept_permille,
                    struct px_blast *out);
#endif
