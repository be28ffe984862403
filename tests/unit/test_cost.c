/* tests/unit/test_cost.c -- price lists: read, applied, exact to the millionth of a cent. */
#include "routing/cost.h"

#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>

#include "proxy/fees.h"
#include "proxy/report.h"
#include "tests/unit/unit.h"

static alignas(max_align_t) char mem[512 * 1024];
static struct arena arena;
static struct px_report *report;
static struct px_source source;

static enum err read_list(const char *text, struct rt_fees *out)
{
    arena_init(&arena, mem, sizeof mem, NULL, sizeof mem);
    px_report_destroy(report);
    report = px_report_create();
    source = (struct px_source){ .name = "fees.csv", .text = span_str(text) };
    *out = (struct rt_fees){ .country = rt_country_of(SPAN("DE")),
                             .settles = currency_find(SPAN("EUR")) };
    return px_fees_read(&source, &arena, report, out);
}

static struct rt_cost_ask ask_of(int64_t minor, const char *cur, const char *issuer)
{
    return (struct rt_cost_ask){ .amount = { minor, currency_find(span_str(cur)) },
                                 .brand = RT_VISA,
                                 .funding = RT_DEBIT,
                                 .grade = RT_CONSUMER,
                                 .issuer = rt_country_of(span_str(issuer)),
                                 .volume = -1 };
}

static struct rt_cost cost_of(const struct rt_fees *list, struct rt_cost_ask ask)
{
    struct rt_cost c;

    rt_cost(list, &ask, NULL, &c);
    return c;
}

static const char list_text[] =
    "brand,funding,category,region,currency,percent,fixed,fee_currency,min,max,decline,fx\n"
    "amex,,,,,2.5%,0.10,EUR,,,,\n"
    "visa|mastercard,debit,consumer,domestic,,0.2%,0.05,EUR,,,0.02,\n"
    "visa|mastercard,debit|prepaid,,eea,,0.3%,0.05,EUR,0.08,,0.02,\n"
    ",,,uk,,2.5,0.25,EUR,,,,\n"
    ",,,international,,3.25%,0.25,EUR,,1.00,0.10,2%\n";

static void the_first_line_that_fits_counts(void **state)
{
    static const struct {
        int64_t minor;
        const char *cur, *issuer;
        unsigned line;
        int64_t micro, cost_minor, ppm;
    } known[] = {
        { 2000, "EUR", "DE", 3, 9000000, 9, 4500 },    /* 0.2 % + 5 ct */
        { 2001, "EUR", "DE", 3, 9002000, 10, 4499 },   /* rounded up */
        { 2000, "EUR", "FR", 4, 11000000, 11, 5500 },  /* 0.3 % + 5 ct */
        { 100, "EUR", "FR", 4, 8000000, 8, 80000 },    /* at least 8 ct */
        { 2000, "EUR", "GB", 5, 75000000, 75, 37500 }, /* before international */
        { 2000, "EUR", "US", 6, 90000000, 90, 45000 },
        { 9900, "EUR", "US", 6, 100000000, 100, 10102 }, /* at most 1.00 */
        { 0, "EUR", "DE", 3, 5000000, 5, -1 },
    };
    struct rt_fees list;

    (void)state;
    assert_int_equal(read_list(list_text, &list), OK);
    assert_int_equal(list.fees, 5);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        struct rt_cost c = cost_of(&list, ask_of(known[i].minor, known[i].cur, known[i].issuer));

        assert_int_equal(c.why, RT_COST_KNOWN);
        assert_int_equal(c.line, known[i].line);
        assert_int_equal(c.micro, known[i].micro);
        assert_int_equal(rt_cost_minor(&c), known[i].cost_minor);
        assert_int_equal(rt_cost_ppm(&c, known[i].minor), known[i].ppm);
    }
}

static void what_can_not_be_told_has_a_reason(void **state)
{
    struct rt_fees list, none = { 0 };
    struct rt_cost_ask ask;
    struct rt_cost c;

    (void)state;
    assert_int_equal(read_list(list_text, &list), OK);
    assert_int_equal(cost_of(&none, ask_of(100, "EUR", "DE")).why, RT_COST_NO_LIST);
    assert_int_equal(cost_of(&list, ask_of(100, "EUR", "")).why, RT_COST_NO_LINE);
    c = cost_of(&list, ask_of(100, "USD", "DE"));
    assert_int_equal(c.why, RT_COST_NO_RATE);
    assert_int_equal(c.line, 3);
    assert_int_equal(rt_cost_minor(&c), -1);
    assert_int_equal(rt_cost_ppm(&c, 100), -1);
    ask = ask_of(INT64_MAX, "EUR", "DE");
    assert_int_equal(cost_of(&list, ask).why, RT_COST_RANGE);
    for (unsigned w = 0; w < RT_COST_WHYS_; w++)
        assert_string_not_equal(rt_cost_why_sentence((enum rt_cost_why)w), "unknown");
}

static void foreign_money_is_converted_and_marked_up(void **state)
{
    static const char rates_text[] = "currency,rate\nEUR,1\nUSD,1.10\nJPY,160\n";
    struct rt_rates rates;
    struct rt_cost_ask ask = ask_of(10000, "USD", "US");
    struct rt_fees list;
    struct rt_cost c;

    (void)state;
    assert_int_equal(read_list(list_text, &list), OK);
    source = (struct px_source){ .name = "rates.csv", .text = span_str(rates_text) };
    assert_int_equal(px_rates_read(&source, report, &rates), OK);
    rt_cost(&list, &ask, &rates, &c);
    assert_int_equal(c.why, RT_COST_KNOWN);
    /* capped at 1.00 EUR = 1.10 USD, and 2 % for the exchange = 2.00 USD */
    assert_int_equal(c.micro, 310 * 1000000);
    assert_int_equal(c.declined_micro, 11 * 1000000);
    ask = ask_of(1000, "JPY", "DE"); /* 0.2 % = 2 JPY, 5 ct = 8 JPY */
    rt_cost(&list, &ask, &rates, &c);
    assert_int_equal(c.micro, 10 * 1000000);
}

static void volume_steps_are_taken_when_reached(void **state)
{
    struct rt_fees list;
    struct rt_cost_ask ask = ask_of(10000, "EUR", "DE");

    (void)state;
    assert_int_equal(read_list("volume_from,percent,fee_currency\n"
                               "1000000,0.8%,EUR\n10000,1%,EUR\n,1.2%,EUR\n",
                               &list),
                     OK);
    assert_int_equal(rt_cost_ppm(&(struct rt_cost){ 0 }, 0), -1);
    assert_int_equal(cost_of(&list, ask).line, 4);
    ask.volume = 999999;
    assert_int_equal(cost_of(&list, ask).line, 4);
    ask.volume = 1000000;
    assert_int_equal(cost_of(&list, ask).line, 3);
    ask.volume = 100000000;
    assert_int_equal(cost_of(&list, ask).line, 2);
}

static void regions_overlap_as_price_lists_do(void **state)
{
    static const struct {
        const char *issuer, *acquirer;
        uint32_t set;
    } known[] = {
        { "DE", "DE", 1 << RT_REGION_DOMESTIC | 1 << RT_REGION_EEA },
        { "NO", "DE", 1 << RT_REGION_EEA },
        { "GB", "DE", 1 << RT_REGION_UK | 1 << RT_REGION_INTERNATIONAL },
        { "GB", "GB", 1 << RT_REGION_DOMESTIC | 1 << RT_REGION_UK },
        { "DE", "GB", 1 << RT_REGION_EEA | 1 << RT_REGION_INTERNATIONAL },
        { "CH", "DE", 1 << RT_REGION_INTERNATIONAL },
        { "US", "US", 1 << RT_REGION_DOMESTIC },
        { "", "DE", 0 },
        { "DE", "", 0 },
    };
    enum rt_region r;

    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        assert_int_equal(rt_regions_of(rt_country_of(span_str(known[i].issuer)),
                                       rt_country_of(span_str(known[i].acquirer))),
                         known[i].set);
    assert_true(rt_region_find(SPAN("EEA"), &r));
    assert_int_equal(r, RT_REGION_EEA);
    assert_false(rt_region_find(SPAN("mars"), &r));
}

static void mistakes_are_told_with_their_place(void **state)
{
    static const struct {
        const char *text, *told;
    } wrong[] = {
        { "percent\n1.5x\n", "fees.csv:2:1: error[B110]: \"1.5x\" is no percentage" },
        { "percent\n1.23456\n", "fees.csv:2:1: error[B110]" },
        { "prcent,fixed\n1,2\n", "fees.csv:1:1: error[B110]: no such column: \"prcent\"" },
        { "brand\nvisa\n", "fees.csv:1:1: error[B110]: neither" },
        { "fixed\n0.25\n", "fees.csv:2:1: error[B110]: in which currency?" },
        { "brand,percent\nvsia|amex,1\n", "fees.csv:2:1: error[B110]: \"vsia\" is no brand" },
        { "percent,currency\n1,eur\n", "fees.csv:2:3: error[B110]: \"eur\" is no currency" },
        { "percent,region\n1,eu\n", "fees.csv:2:3: error[B110]: \"eu\" is no region" },
        { "fixed,fee_currency,min,max\n1,EUR,2,1\n", "fees.csv:2:9: error[B110]: the most" },
        { "percent\n", "a price list without prices" },
        { "", "an empty price list" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char *told = NULL;
        struct rt_fees list;
        size_t n;
        FILE *to;

        assert_int_equal(read_list(wrong[i].text, &list), E_SYNTAX);
        to = open_memstream(&told, &n);
        px_report_print(report, to, false);
        assert_int_equal(fclose(to), 0);
        if (strstr(told, wrong[i].told) == NULL)
            fail_msg("expected %s, told %s", wrong[i].told, told);
        free(told);
    }
}

static void rates_are_read_once_each(void **state)
{
    static const char *const wrong[] = { "EURO,1\n", "EUR,0\n",         "EUR,1\nEUR,2\n",
                                         "EUR\n",    "EUR,1.1234567\n", "EUR,-1\n" };
    struct rt_rates rates;
    struct rt_fees list;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        (void)!read_list("percent\n1\n", &list);
        source = (struct px_source){ .name = "rates.csv", .text = span_str(wrong[i]) };
        assert_int_equal(px_rates_read(&source, report, &rates), E_SYNTAX);
        assert_true(px_report_errors(report) > 0);
    }
}

static int end(void **state)
{
    (void)state;
    px_report_destroy(report);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_line_that_fits_counts),
        cmocka_unit_test(what_can_not_be_told_has_a_reason),
        cmocka_unit_test(foreign_money_is_converted_and_marked_up),
        cmocka_unit_test(volume_steps_are_taken_when_reached),
        cmocka_unit_test(regions_overlap_as_price_lists_do),
        cmocka_unit_test(mistakes_are_told_with_their_place),
        cmocka_unit_test(rates_are_read_once_each),
    };

    return cmocka_run_group_tests_name("cost", tests, NULL, end);
}
