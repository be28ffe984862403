/* tests/fuzz/fuzz_delta.c -- whatever another node (or somebody in its place) wrote to the stream:
 * what opens holds possible numbers only, and packs to the same bytes again. */
#include <string.h>

#include "health/delta.h"
#include "routing/base/check.h"
#include "tests/fuzz/fuzz.h"

static struct hl_delta d;

static void must_be_possible(const struct hl_delta_cell *c)
{
    CHECK(c->n >= 0 && c->s >= 0 && c->e >= 0);
    CHECK(c->s <= c->n && c->e <= c->n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static unsigned char again[HL_DELTA_BYTES];
    struct hl_cell sum = { .at_ns = 1 };
    struct hl_delta_view v;
    bool twice = false;

    if (hl_delta_open((struct span){ (const char *)data, n }, &v) != OK)
        return 0;
    hl_delta_clear(&d);
    for (unsigned i = 0; i < v.cells; i++) {
        struct hl_delta_cell c = hl_delta_cell_at(&v, i);

        must_be_possible(&c);
        hl_delta_into(&sum, (struct hl_fade){ 3600, 5000 }, &c, 1, (int64_t)i + 2);
        CHECK(sum.n >= 0 && sum.n < 5001);
        twice |= !hl_delta_put(&d, c.id, (double)c.n, (double)c.s, (double)c.e);
    }
    for (unsigned i = 0; i < v.techs; i++) {
        struct hl_delta_tech t = hl_delta_tech_at(&v, i);

        twice |= hl_delta_tech_of(&d, t.id) != &d.tech[i];
        *hl_delta_tech_of(&d, t.id) = t;
    }
    if (twice || hl_delta_pack(&d, v.wide, again, sizeof again) != n)
        return 0;
    for (size_t i = 0; i < n; i++) /* all but the sign of zero */
        CHECK(again[i] == data[i] || (data[i] | again[i]) == 0x80);
    return 0;
}
