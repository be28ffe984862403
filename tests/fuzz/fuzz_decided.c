/* tests/fuzz/fuzz_decided.c -- any line: a decision record with values a gateway can have written,
 * which reads the same again once it is written; or refused with a reason. */
#include <stdalign.h>
#include <string.h>

#include "proxy/record_decided.h"
#include "routing/base/check.h"
#include "tests/fuzz/fuzz.h"

static alignas(max_align_t) char mem[256 * 1024];
static char first[PX_DECIDED_LINE], second[PX_DECIDED_LINE];

static void must_be_possible(const struct px_decided *d)
{
    const struct rt_verdict *v = &d->verdict;

    CHECK(d->providers >= 1 && d->providers <= LIMIT_PROVIDERS);
    CHECK(d->bin6 <= 999999 && (d->said.bin_digits == 0 || d->said.bin_digits >= 6));
    CHECK(d->said.bin_digits <= POL_BIN_DIGITS && d->said.answers <= POL_ANSWERS_MAX);
    CHECK(d->said.metadata_n <= LIMIT_METADATA);
    CHECK(d->zones <= POL_ZONES_MAX && d->volumes <= POL_COMMITS_MAX);
    CHECK(d->amount.cur <= currency_count() && d->amount.minor >= 0);
    CHECK(d->brand < RT_BRANDS_ && d->method < RT_METHODS_);
    CHECK(v->providers <= d->providers && v->retry_to <= d->providers);
    CHECK(v->scored_from + v->scored <= v->providers);
    for (unsigned i = 0; i < v->providers; i++)
        CHECK(v->provider[i] < d->providers);
    CHECK(d->plan.legs <= LIMIT_LEGS && d->plan.legs + d->plan.outs <= d->providers);
    for (unsigned i = 0; i < d->plan.legs; i++)
        CHECK(d->plan.leg[i].provider < d->providers && d->plan.leg[i].reason < RT_REASONS_);
    for (unsigned i = 0; i < d->providers; i++)
        CHECK(d->provider[i].judged < RT_REASONS_ && d->provider[i].cost.why < RT_COST_WHYS_);
}

/* The line of what was read; its length. */
static size_t rewritten(struct span line, char *room, bool must)
{
    static struct px_decided d;
    struct diag why = { .text = "" };
    struct buf out = buf_over(room, PX_DECIDED_LINE);
    struct arena a;
    enum err e;

    arena_init(&a, mem, sizeof mem, NULL, sizeof mem);
    e = px_decided_read(line, &a, &d, &why);
    CHECK(!must || e == OK);
    CHECK((e == OK) == (why.text[0] == '\0'));
    if (e == OK) {
        must_be_possible(&d);
        CHECK(px_decided_write(&d, &out) || line.n > PX_DECIDED_LINE / 8);
    }
    arena_fini(&a);
    return buf_ok(&out) ? out.n : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    size_t once = rewritten((struct span){ (const char *)data, n }, first, false), twice;

    if (once == 0)
        return 0;
    twice = rewritten((struct span){ first, once }, second, true);
    CHECK(once == twice && memcmp(first, second, once) == 0);
    return 0;
}
