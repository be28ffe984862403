/* proxy/cmd_records_hits.c */
#include "proxy/cmd_records_hits.h"

#include <stdlib.h>

#include "proxy/clock.h"
#include "proxy/cmd_records.h"
#include "proxy/record_again.h"
#include "proxy/simulate.h"
#include "routing/base/check.h"

enum { FILES = 64 };

static void count(struct px_records *r, const char *policy, struct px_sim *sum)
{
    struct px_policies *policies = px_policies_create(policy, NULL);
    struct px_again *again = calloc(1, sizeof *again);
    const struct px_policy *p;
    const struct px_decided *d;
    const char *why;

    CHECK(again != NULL);
    while ((d = px_records_next(r)) != NULL) {
        px_records_progress(r, false);
        if (!px_policies_get(policies, d, &p, &why))
            continue;
        px_again(d, p, NULL, again);
        if (!again->missed)
            px_sim_add(sum, d, again, p->program);
    }
    px_records_progress(r, true);
    free(again);
    px_policies_destroy(policies);
}

int px_hits_read(const struct px_cli *c, const char *policy, unsigned rules, uint64_t *hit,
                 uint64_t *decisions)
{
    const char *path[FILES], *since = px_cli_value(c, "since");
    struct px_sim *sum;
    struct px_records r;
    unsigned n = 0;
    int code;

    for (const char *f; n < FILES && (f = px_cli_nth(c, "records", n)) != NULL;)
        path[n++] = f;
    code = px_records_open(c, path, n, &r);
    if (code != PX_YES)
        return code;
    if (since != NULL && !px_records_since(since, px_unix_ms() / 1000, &r.since_s)) {
        px_records_close(&r);
        return px_cli_usage(c, "--since takes 7d, 36h, 2026-11-20 or 2026-11-20T10:00:00Z");
    }
    sum = calloc(1, sizeof *sum);
    CHECK(sum != NULL);
    px_sim_init(sum);
    count(&r, policy, sum);
    *decisions = sum->decided;
    for (unsigned i = 0; i < rules && i < sum->rules; i++)
        hit[i] += sum->hit[i];
    px_sim_fini(sum);
    free(sum);
    px_records_close(&r);
    return PX_YES;
}
