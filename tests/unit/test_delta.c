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

static void observations_of_a_cell_add_up(void **state)
{
    struct hl_delta_view v;
    struct hl_delta_cell c;

    (void)state;
    hl_delta_clear(&d);
    assert_true(hl_delta_add(&d, 7, 1, 0.75, 1));
    assert_true(hl_delta_add(&d, 9, 0, 0.5, 0.5));
    assert_true(hl_delta_add(&d, 7, 0, 0.25, 1));
    assert_int_equal(hl_delta_open(packed(false), &v), OK);
    assert_int_equal(v.cells, 2);
    assert_false(v.wide);
    c = hl_delta_cell_at(&v, 0);
    assert_int_equal(c.id, 7);
    assert_true(c.n == 2 && c.s == 1 && c.e == 1);
    c = hl_delta_cell_at(&v, 1);
    assert_true(c.id == 9 && c.n == 0.5f && c.s == 0 && c.e == 0.25f);
}

static void a_full_delta_says_so_and_still_counts_known_cells(void **state)
{
    struct hl_delta_view v;

    (void)state;
    hl_delta_clear(&d);
    for (uint32_t i = 0; i < HL_DELTA_CELLS; i++)
        assert_true(hl_delta_add(&d, i * 2654435761u, 1, 1, 1));
    assert_false(hl_delta_add(&d, 1, 1, 1, 1));
    assert_true(hl_delta_add(&d, 0, 1, 1, 1));
    for (uint32_t i = 0; i < HL_DELTA_TECHS; i++)
        assert_non_null(hl_delta_tech_of(&d, i));
    assert_null(hl_delta_tech_of(&d, 99));
    assert_int_equal(packed(true).n, HL_DELTA_BYTES);
    assert_int_equal(hl_delta_open(packed(true), &v), OK);
    assert_true(hl_delta_cell_at(&v, 0).n == 2);
    assert_int_equal(hl_delta_pack(&d, true, mem, HL_DELTA_BYTES - 1), 0);
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
    *hl_delta_tech_of(&d, 0xfeedbeef) = (struct hl_delta_tech){
        .id = 0xfeedbeef, .ok = 65535, .fail = 258, .overdue = 3, .last_ms = 70000
    };
    assert_int_equal(hl_delta_open(packed(false), &v), OK);
    t = hl_delta_tech_at(&v, 0);
    assert_int_equal(t.id, 0xfeedbeef);
    assert_int_equal(t.ok, 65535);
    assert_int_equal(t.fail, 258);
    assert_int_equal(t.overdue, 3);
    assert_int_equal(t.last_ms, 70000);
}

static void impossible_observations_are_refused(void **state)
{
    (void)state;
    hl_delta_clear(&d);
    assert_false(hl_delta_add(&d, 1, 2, 0.5, 1));
    assert_false(hl_delta_add(&d, 1, 1, 1.5, 1));
    assert_false(hl_delta_add(&d, 1, 1, 1, -1));
    assert_false(hl_delta_add(&d, 1, (double)NAN, 1, 1));
    assert_false(hl_delta_put(&d, 1, (double)INFINITY, 1, 1));
    assert_int_equal(d.cells, 0);
    assert_true(hl_delta_put(&d, 1, 5, 4, 3));
    assert_false(hl_delta_put(&d, 1, 5, 4, 3));
}

static void big_counts_take_the_wide_form(void **state)
{
    struct hl_delta_view v;

    (void)state;
    hl_delta_clear(&d);
    assert_true(hl_delta_put(&d, 1, 100000, 90001, 1));
    assert_int_equal(hl_delta_open(packed(false), &v), OK);
    assert_true(v.wide && hl_delta_cell_at(&v, 0).s == 90001);
}

static void foreign_bytes_are_refused(void **state)
{
    struct hl_delta_view v;
    struct span good;

    (void)state;
    hl_delta_clear(&d);
    assert_true(hl_delta_add(&d, 1, 1, 1, 1));
    good = packed(false);
    assert_int_equal(hl_delta_open(good, &v), OK);
    assert_int_equal(hl_delta_open(SPAN_NONE, &v), E_SYNTAX);
    assert_int_equal(hl_delta_open(SPAN("PONG!!"), &v), E_SYNTAX);
    for (size_t n = 0; n < good.n; n++)
        assert_int_equal(hl_delta_open(span_take(good, n), &v), E_SYNTAX);
    mem[10] = 0, mem[11] = 0x7c; /* n: infinity */
    assert_int_equal(hl_delta_open(good, &v), E_SYNTAX);
    mem[11] = 0x38; /* n: 0.5, less than its successes */
    assert_int_equal(hl_delta_open(good, &v), E_SYNTAX);
    mem[11] = 0x3c;
    assert_int_equal(hl_delta_open(good, &v), OK);
    mem[1] = 2; /* a version to come */
    assert_int_equal(hl_delta_open(good, &v), E_SYNTAX);
}

/* Rounding keeps the order, so what a node may send any node can open. */
static void whatever_was_gathered_can_be_opened(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 300; seed++) {
        struct rng r = rng_of(seed);
        struct hl_delta_view v;
        unsigned n = (unsigned)rng_below(&r, 1500);

        hl_delta_clear(&d);
        for (unsigned i = 0; i < n; i++)
            (void)hl_delta_add(&d, (uint32_t)rng_below(&r, 600), rng_unit(&r), rng_unit(&r),
                               rng_unit(&r));
        assert_int_equal(hl_delta_open(packed(seed % 2 == 0), &v), OK);
        assert_int_equal(v.cells, d.cells);
        for (unsigned i = 0; i < v.cells; i++) {
            struct hl_delta_cell c = hl_delta_cell_at(&v, i);

            assert_true(c.id == d.cell[i].id);
            assert_true(fabsf(c.n - d.cell[i].n) <= d.cell[i].n / 2048 + 1e-7f);
            assert_true(fabsf(c.s - d.cell[i].s) <= d.cell[i].s / 2048 + 1e-7f);
        }
    }
}

/* Two nodes that exchange differences know what one node would that saw it all. */
static void an_old_difference_counts_as_if_it_had_been_seen_then(void **state)
{
    static const struct hl_fade f = { 3600, 1e6 };
    static const int64_t S = 1000000000;
    struct hl_cell one = { .at_ns = S }, two = { .at_ns = S };
    struct hl_delta_cell c = { 1, 10, 6, 7 };

    (void)state;
    hl_cell_add(&one, f, 0.6, 0.7, 10, 100 * S);
    hl_cell_add(&one, f, 1, 1, 1, 1000 * S);
    hl_cell_add(&two, f, 1, 1, 1, 1000 * S);
    hl_delta_into(&two, f, &c, 900, 1000 * S);
    assert_true(fabs(one.n - two.n) < 1e-6 && fabs(one.s - two.s) < 1e-6);
    assert_true(fabs(one.e - two.e) < 1e-6);
    hl_delta_into(&two, f, &(struct hl_delta_cell){ .id = 1 }, 0, 1000 * S);
    assert_true(fabs(one.n - two.n) < 1e-6);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_half_comes_back),
        cmocka_unit_test(halves_round_to_nearest_even),
        cmocka_unit_test(observations_of_a_cell_add_up),
        cmocka_unit_test(a_full_delta_says_so_and_still_counts_known_cells),
        cmocka_unit_test(counts_stop_at_their_maximum),
        cmocka_unit_test(technical_counts_come_back),
        cmocka_unit_test(impossible_observations_are_refused),
        cmocka_unit_test(big_counts_take_the_wide_form),
        cmocka_unit_test(foreign_bytes_are_refused),
        cmocka_unit_test(whatever_was_gathered_can_be_opened),
        cmocka_unit_test(an_old_difference_counts_as_if_it_had_been_seen_then),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
