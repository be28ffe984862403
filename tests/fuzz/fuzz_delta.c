/* tests/fuzz/fuzz_delta.c -- whatever another node (or somebody in its place) wrote to the stream:
 * what opens holds possible numbers only, and packs to the same bytes again. */
#include <string.h>

#include "health/delta.h"
#include "routing/base/check.h"
#include "tests/fuzz/fuzz.h"

static struct hl_delta d;

static void must_be_possible(const struct hl_delta_cell *c)
{
    struct hl_cell_key key;

    CHECK(c->n >= 0 && c->s >= 0 && c->e >= 0);
    CHECK(c->s <= c->n && c->e <= c->n);
    CHECK(hl_cell_key_open(c->key, &key) == OK);
    CHECK(hl_cell_key_pack(&key) == c->key);
}

/* True if something stands there twice, which gathering would have added up. */
static bool gather(const struct hl_delta_view *v)
{
    bool twice = false;

    for (unsigned i = 0; i < v->cards; i++) {
        struct hl_delta_card c = hl_delta_card_at(v, i), *at;

        at = hl_delta_card_of(&d, c.provider, c.bin, c.country, c.product);
        twice |= at != &d.card[i];
        *at = c;
    }
    for (unsigned i = 0; i < v->techs; i++) {
        struct hl_delta_tech t = hl_delta_tech_at(v, i);
        int at = hl_delta_tech_of(&d, t.provider);

        twice |= at != (int)i;
        d.tech[at] = t;
    }
    for (unsigned i = 0; i < v->waits && !twice; i++) {
        struct hl_delta_wait w = hl_delta_wait_at(v, i);

        twice |= d.wait[w.tech][w.bucket] != 0;
        hl_delta_count(&d.wait[w.tech][w.bucket], w.count);
    }
    return twice;
}

static void must_be_the_same(const uint8_t *data, size_t n, const struct hl_delta_view *v)
{
    static unsigned char again[HL_DELTA_BYTES];

    for (unsigned i = 1; i < v->waits; i++) { /* any order may be read, one is written */
        struct hl_delta_wait a = hl_delta_wait_at(v, i - 1), b = hl_delta_wait_at(v, i);

        if (a.tech * HL_HIST + a.bucket >= b.tech * HL_HIST + b.bucket)
            return;
    }
    if (hl_delta_pack(&d, v->wide, again, sizeof again) != n)
        return;
    for (size_t i = 0; i < n; i++) /* all but the sign of zero */
        CHECK(again[i] == data[i] || (data[i] | again[i]) == 0x80);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct hl_delta_view v;

    if (hl_delta_open((struct span){ (const char *)data, n }, &v) != OK)
        return 0;
    hl_delta_clear(&d);
    CHECK(hl_delta_merge(&d, &v));
    hl_delta_clear(&d);
    for (unsigned i = 0; i < v.cells; i++) {
        struct hl_delta_cell c = hl_delta_cell_at(&v, i);
        struct hl_cell_key key;

        must_be_possible(&c);
        CHECK(hl_cell_key_open(c.key, &key) == OK);
        CHECK(hl_delta_put(&d, &key, (double)c.n, (double)c.s, (double)c.e));
    }
    if (!gather(&v))
        must_be_the_same(data, n, &v);
    return 0;
}
