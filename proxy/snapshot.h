/* proxy/snapshot.h -- everything a decision is made from, as it stood at one moment.
 *
 * Built on the control thread, immutable from then on, handed to each worker; a payment holds the
 * one it began with until its end. The configuration itself is not read anew: only the files it
 * names (policy, BIN table, country database, price lists, rates). */
#ifndef PX_SNAPSHOT_H
#define PX_SNAPSHOT_H
#include <stdatomic.h>

#include "proxy/bins.h"
#include "proxy/config.h"
#include "proxy/policy.h"
#include "routing/cost.h"

struct px_geo;
struct px_report;

enum { PX_SNAPSHOT_LISTS = 256 };

struct px_snapshot {
    atomic_uint refs_;
    uint64_t number; /* 1 for the first of the process, one more for each that replaced it */
    const struct px_config *config;
    struct px_policy policy;
    struct px_bins bins;
    bool has_bins;
    struct px_geo *geo; /* NULL: none */
    struct rt_fees fees[LIMIT_PROVIDERS];
    struct rt_rates rates;
    bool has_rates;

    struct arena arena_;
    struct px_snapshot_list {
        struct px_file file;
        struct px_source *source;
        const char *path;
        size_t was; /* bytes, also when it is mapped */
    } list_[PX_SNAPSHOT_LISTS];
    unsigned lists_;
};

/* before: what is in force, or NULL. A file that has lost nine tenths of itself since then is
 * refused (B121): it was cut off, or is not the one that was meant.
 *   errors  E_SYNTAX, E_IO, ...: told in report, which may point into what was read; *out is not
 *           touched, and what is in force stays so. */
MUST enum err px_snapshot_build(const struct px_config *c, const struct px_snapshot *before,
                                struct px_report *report, struct px_snapshot **out);
struct px_snapshot *px_snapshot_ref(struct px_snapshot *s); /* any thread */
/* Where its policy comes from. */
struct px_snapshot_from {
    const struct px_bundle *bundle; /* NULL: the configured file */
    bool may_shrink;                /* lists of the policy may lose nine tenths of themselves */
};
/* The same with a policy that need not be the configured one; bundle is copied. */
MUST enum err px_snapshot_build_from(const struct px_config *c, const struct px_snapshot *before,
                                     const struct px_snapshot_from *from, struct px_report *report,
                                     struct px_snapshot **out);
void px_snapshot_unref(struct px_snapshot *s); /* any thread; NULL does nothing */
#endif
