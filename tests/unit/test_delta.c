/* tests/unit/test_delta.c -- the packed form of what a node learned, there and back. */
#include "health/delta.h"

#include <math.h>

#include "routing/base/rng.h"
#include "tests/unit/unit.h"

static unsigned char mem[HL_DELTA_BYTES];
static struct hl_delta d;

static struct span packed(bool wide)
{
    size_t n = hl_delta_pack(&d, wide, mem, sizeof mem);

    assert_true(n > 0);
    return (struct span){ (char *)mem, n };
}

static void every_half_comes_back(void **state)
{
    (void)state;
    for (uint32_t h = 0; h < 0x10000; h++) {
        float x = hl_half_to((uint16_t)h);

        if (isnan(x))
            assert_true((h & 0x7c00) == 0x7c00 && isnan(hl_half_to(hl_half_of(x))));
        else
            assert_int_equal(hl_half_of(x), h);
    }
}

static void halves_round_to_nearest_even(void **state)
{
    static const struct {
        float x;
        uint16_t h;
    } table[] = {
        { 1.0f, 0x3c00 },     { 2049.0f, 0x6800 }, /* tie: down to even */
        { 2051.0f, 0x6802 },                       /* tie: up to even */
        { 65504.0f, 0x7bff }, { 65520.0f, 0x7c00 }, { 5.9604645e-8f, 0x0001 }, { 2.98e-8f, 0x0000 },
        { 0.1f, 0x2e66 },     { -2.0f, 0xc000 },    { 1e-10f, 0x0000 },        { 1e10f, 0x7c00 },
    };

    (void)state;
    for (unsigned i = 0; i < sizeof table / sizeof *table; i++)
        assert_int_equal(hl_half_of(table[i].x), table[i].h);
}

static const struct hl_cell_key KEY = { .kind = HL_CELL_PROVIDER_BIN,
                                        .provider = 7,
                                        .bin = 457112 };

static void every_kind_of_key_comes_back(void **state)
{
    static const struct hl_cell_key table[] = {
        { .kind = HL_CELL_BASE },
        { .kind = HL_CELL_HARD },
        { .kind = HL_CELL_GROUP, .country = 676, .product = 63 },
        { .kind = HL_CELL_BIN, .bin = 99999999 },
        { .kind = HL_CELL_PROVIDER, .provider = 0xffffffff },
        { .kind = HL_CELL_COUNTRY, .provider = 3, .country = 83 },
        { .kind = HL_CELL_PRODUCT, .provider = 3, .product = 9 },
        { .kind = HL_CELL_PROVIDER_BIN, .provider = 3, .bin = 1 },
    };
    struct hl_cell_key k;

    (void)state;
    for (unsigned i = 0; i < sizeof table / sizeof *table; i++) {
        assert_int_equal(hl_cell_key_open(hl_cell_key_pack(&table[i]), &k), OK);
        assert_memory_equal(&k, &table[i], sizeof k);
    }
}

static void keys_of_nothing_are_refused(void **state)
{
    static const uint64_t table[] = {
        0,
        UINT64_C(15) << 60,
        UINT64_C(1) << 60 | 1,                         /* the base rate has no provider */
        UINT64_C(1) << 60 | UINT64_C(1) << 32,         /* ... and no card */
        UINT64_C(4) << 60,                             /* no BIN */
        UINT64_C(4) << 60 | UINT64_C(100000000) << 32, /* nine digits */
        UINT64_C(3) << 60 | UINT64_C(677 * 64) << 32,  /* no such country */
    };
    struct hl_cell_key k;

    (void)state;
    for (unsigned i = 0; i < sizeof table / sizeof *table; i++)
        assert_int_equal(hl_cell_key_open(table[i], &k), E_SYNTAX);
}

static void verdicts_on_one_kind_of_card_add_up(void **state)
{
    struct hl_delta_view v;
    struct hl_delta_card c;

    (void)state;
    hl_delta_clear(&d);
    hl_delta_count(&hl_delta_card_of(&d, 7, 457112, 83, 2)->approved, 1);
    hl_delta_count(&hl_delta_card_of(&d, 8, 457112, 83, 2)->hard, 1);
    hl_delta_count(&hl_delta_card_of(&d, 7, 457112, 83, 2)->soft, 1);
    assert_int_equal(hl_delta_open(packed(false), &v), OK);
    assert_int_equal(v.cards, 2);
    c = hl_delta_card_at(&v, 0);
    assert_true(c.provider == 7 && c.bin == 457112 && c.country == 83 && c.product == 2);
    assert_true(c.approved == 1 && c.soft == 1 && c.hard == 0);
    assert_int_equal(hl_delta_card_at(&v, 1).hard, 1);
}

static void a_full_delta_says_so_and_still_counts_known_cards(void **state)
{
    struct hl_delta_view v;

    (void)state;
    hl_delta_clear(&d);
    for (uint32_t i = 0; i < HL_DELTA_CARDS; i++)
        assert_non_null(hl_delta_card_of(&d, i % 5, i, 1, 1));
    assert_null(hl_delta_card_of(&d, 6, 1, 1, 1));
    assert_non_null(hl_delta_card_of(&d, 1, 1, 1, 1));
    for (uint32_t i = 0; i < HL_DELTA_CELLS; i++)
        assert_true(hl_delta_put(&d, &KEY, 2, 1, 1));
    assert_false(hl_delta_put(&d, &KEY, 2, 1, 1));
    for (uint32_t i = 0; i < HL_DELTA_TECHS; i++) {
        assert_int_equal(hl_delta_tech_of(&d, i), i);
        for (unsigned b = 0; b < HL_HIST; b++)
            hl_delta_count(&d.wait[i][b], i + 1);
    }
    assert_int_equal(hl_delta_tech_of(&d, 99), -1);
    assert_int_equal(packed(true).n, HL_DELTA_BYTES);
    assert_int_equal(hl_delta_open(packed(true), &v), OK);
    assert_int_equal(hl_delta_wait_at(&v, HL_HIST).count, 2);
    assert_int_equal(hl_delta_pack(&d, true, mem, HL_DELTA_BYTES - 1), 0);
    hl_delta_clear(&d);
    assert_true(hl_delta_is_empty(&d));
    assert_int_equal(packed(false).n, 10);
}

static void counts_stop_at_their_maximum(void **state)
{
    uint16_t n = 65530;

    (void)state;
    hl_delta_count(&n, 3);
    assert_int_equal(n, 65533);
    hl_delta_count(&n, 4000000000u);
    assert_int_equal(n, UINT16_MAX);
}

static void technical_counts_come_back(void **state)
{
    struct hl_delta_view v;
    struct hl_delta_tech t;

    (void)state;
    hl_delta_clear(&d);
    assert_int_equal(hl_delta_tech_of(&d, 0xfeedbeef), 0);
    d.tech[0] = (struct hl_delta_tech){
        .provider = 0xfeedbeef, .ok = 65535, .fail = 258, .overdue = 3, .last_ms = 70000
    };
    hl_delta_count(&d.wait[0][40], 9);
    assert_int_equal(hl_delta_open(packed(false), &v), OK);
    t = hl_delta_tech_at(&v, 0);
    assert_int_equal(t.provider, 0xfeedbeef);
    assert_int_equal(hl_delta_wait_at(&v, 0).bucket, 40);
    assert_int_equal(hl_delta_wait_at(&v, 0).count, 9);
    assert_int_equal(t.ok, 65535);
    assert_int_equal(t.fail, 258);
    assert_int_equal(t.overdue, 3);
    assert_int_equal(t.last_ms, 70000);
}

static void impossible_cells_are_refused(void **state)
{
    (void)state;
    hl_delta_clear(&d);
    assert_false(hl_delta_put(&d, &KEY, 1, 2, 0.5));
    assert_false(hl_delta_put(&d, &KEY, 1, 1, 1.5));
    assert_false(hl_delta_put(&d, &KEY, -1, 0, 0));
    assert_false(hl_delta_put(&d, &KEY, (double)NAN, 1, 1));
    assert_false(hl_delta_put(&d, &KEY, (double)INFINITY, 1, 1));
    assert_int_equal(d.cells, 0);
    assert_true(hl_delta_put(&d, &KEY, 5, 4, 3));
}

static void big_counts_take_the_wide_form(void **state)
{
    struct hl_delta_view v;

    (void)state;
    hl_delta_clear(&d);
    assert_true(hl_delta_put(&d, &KEY, 100000, 90001, 1));
    assert_int_equal(hl_delta_open(packed(false), &v), OK);
    assert_true(v.wide && hl_delta_cell_at(&v, 0).s == 90001);
}

static void foreign_bytes_are_refused(void **state)
{
    struct hl_delta_view v;
    struct span good;

    (void)state;
    hl_delta_clear(&d);
    assert_true(hl_delta_put(&d, &KEY, 1, 1, 1));
    good = packed(false);
    assert_int_equal(hl_delta_open(good, &v), OK);
    assert_int_equal(hl_delta_open(SPAN_NONE, &v), E_SYNTAX);
    assert_int_equal(hl_delta_open(SPAN("PONG!!PONG"), &v), E_SYNTAX);
    for (size_t n = 0; n < good.n; n++)
        assert_int_equal(hl_delta_open(span_take(good, n), &v), E_SYNTAX);
    mem[18] = 0, mem[19] = 0x7c; /* n: infinity */
    assert_int_equal(hl_delta_open(good, &v), E_SYNTAX);
    mem[19] = 0x38; /* n: 0.5, less than its successes */
    assert_int_equal(hl_delta_open(good, &v), E_SYNTAX);
    mem[19] = 0xbc; /* n: counted backwards */
    assert_int_equal(hl_delta_open(good, &v), E_SYNTAX);
    mem[19] = 0x3c;
    assert_int_equal(hl_delta_open(good, &v), OK);
    mem[17] = 0xf0; /* a kind of cell that there is not */
    assert_int_equal(hl_delta_open(good, &v), E_SYNTAX);
    mem[17] = 0x80;
    mem[1] = 3; /* a version to come */
    assert_int_equal(hl_delta_open(good, &v), E_SYNTAX);
}

static void gather(struct rng *r, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        struct hl_delta_card *c =
            hl_delta_card_of(&d, (uint32_t)rng_below(r, 9), (uint32_t)rng_below(r, 200), 5, 5);
        int t = hl_delta_tech_of(&d, (uint32_t)rng_below(r, 9));

        if (c != NULL)
            hl_delta_count(&c->soft, (unsigned)rng_below(r, 3000));
        hl_delta_count(&d.tech[t].ok, (unsigned)rng_below(r, 100));
        hl_delta_count(&d.wait[t][rng_below(r, HL_HIST)], 1);
        (void)hl_delta_put(&d, &KEY, 1 + rng_unit(r), rng_unit(r), rng_unit(r));
    }
}

/* Rounding keeps the order, so what a node may send any node can open; nothing but cells is
 * rounded. */
static void whatever_was_gathered_can_be_opened(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 300; seed++) {
        struct rng r = rng_of(seed);
        struct hl_delta_view v;

        hl_delta_clear(&d);
        gather(&r, (unsigned)rng_below(&r, 1500));
        assert_int_equal(hl_delta_open(packed(seed % 2 == 0), &v), OK);
        assert_true(v.cells == d.cells && v.cards == d.cards && v.techs == d.techs);
        for (unsigned i = 0; i < v.cells; i++)
            assert_true(fabsf(hl_delta_cell_at(&v, i).n - d.cell[i].n) <= d.cell[i].n / 2048);
        for (unsigned i = 0; i < v.cards; i++)
            assert_int_equal(hl_delta_card_at(&v, i).soft, d.card[i].soft);
    }
}

/* A hub adds up what its workers packed; whatever the order, it is what one would have gathered. */
static void merged_deltas_are_what_one_would_have_gathered(void **state)
{
    static struct hl_delta sum;
    static unsigned char part[4][HL_DELTA_BYTES];
    struct hl_delta_view v[4];
    struct rng r = rng_of(8);

    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        hl_delta_clear(&d);
        gather(&r, 60);
        d.cells = 0;
        assert_int_equal(
            hl_delta_open(
                (struct span){ (char *)part[i], hl_delta_pack(&d, false, part[i], sizeof part[i]) },
                &v[i]),
            OK);
    }
    hl_delta_clear(&sum);
    for (unsigned i = 0; i < 4; i++)
        assert_true(hl_delta_merge(&sum, &v[(i * 3 + 1) % 4]));
    r = rng_of(8);
    hl_delta_clear(&d);
    gather(&r, 240);
    assert_int_equal(sum.cards, d.cards);
    for (unsigned i = 0; i < d.cards; i++) {
        const struct hl_delta_card *c = &d.card[i];

        assert_int_equal(hl_delta_card_of(&sum, c->provider, c->bin, 5, 5)->soft, c->soft);
    }
    for (unsigned i = 0; i < d.techs; i++) {
        int at = hl_delta_tech_of(&sum, d.tech[i].provider);

        assert_int_equal(sum.tech[at].ok, d.tech[i].ok);
        assert_memory_equal(sum.wait[at], d.wait[i], sizeof d.wait[i]);
    }
    while (hl_delta_card_of(&sum, 99, sum.cards, 1, 1) != NULL)
        continue;
    assert_false(hl_delta_merge(&sum, &v[0])); /* send first */
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_half_comes_back),
        cmocka_unit_test(halves_round_to_nearest_even),
        cmocka_unit_test(every_kind_of_key_comes_back),
        cmocka_unit_test(keys_of_nothing_are_refused),
        cmocka_unit_test(verdicts_on_one_kind_of_card_add_up),
        cmocka_unit_test(a_full_delta_says_so_and_still_counts_known_cards),
        cmocka_unit_test(counts_stop_at_their_maximum),
        cmocka_unit_test(technical_counts_come_back),
        cmocka_unit_test(impossible_cells_are_refused),
        cmocka_unit_test(big_counts_take_the_wide_form),
        cmocka_unit_test(foreign_bytes_are_refused),
        cmocka_unit_test(whatever_was_gathered_can_be_opened),
        cmocka_unit_test(merged_deltas_are_what_one_would_have_gathered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
