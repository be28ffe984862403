/* tests/unit/test_policy_eval.c -- what policies say about payments. */
#include "tests/unit/policy_kit.h"

#define HEAD "policy \"t\"\nproviders a, b, c\n"

static struct kit kit;

static void compile(const char *policy)
{
    kit = (struct kit){ .program = NULL };
    if (kit_compile(&kit, policy) != OK)
        fail_msg("%s", kit.text);
}

static struct pol_facts anybody(void)
{
    struct pol_facts f;

    pol_facts_init(&f);
    f.eligible = 7;
    f.now_s = 1767614400; /* Monday 2026-01-05 12:00 UTC */
    return f;
}

static void unknown_is_neither_true_nor_false(void **state)
{
    struct pol_facts f = anybody();
    struct pol_trace_rule rule[4];
    struct pol_trace t = { rule };
    struct rt_verdict v;

    (void)state;
    compile(HEAD "rule \"is\" when country is DE use b\n"
                 "rule \"is not\" when country is not DE use c\n"
                 "rule \"known\" when not (country is known) use a then b\n default use b");
    assert_int_equal(kit_first(&kit, &f, &v), 0);
    assert_string_equal(v.rule, "known");
    assert_int_equal(v.line, 5);
    pol_eval(kit.program, &f, &v, &t);
    assert_int_equal(rule[0].match, POL_UNKNOWN);
    assert_int_equal(rule[0].line, 3);
    assert_int_equal(rule[0].col, 16);
    assert_int_equal(rule[1].match, POL_UNKNOWN);
    assert_int_equal(rule[2].match, POL_YES);
    assert_int_equal(rule[3].match, POL_NOT_ASKED);
    f.country = rt_country_of(SPAN("DE"));
    assert_int_equal(kit_first(&kit, &f, &v), 1);
    f.country = rt_country_of(SPAN("FR"));
    assert_int_equal(kit_first(&kit, &f, &v), 2);
    kit_fini(&kit);
}

static void money_of_another_currency_is_unknown(void **state)
{
    struct pol_facts f = anybody();
    struct rt_verdict v;

    (void)state;
    compile(HEAD "rule \"r\" when amount >= EUR 500.00 use b\n"
                 "rule \"s\" when not amount >= EUR 500.00 use c\ndefault use a");
    f.amount = (struct money){ 50000, currency_find(SPAN("EUR")) };
    assert_int_equal(kit_first(&kit, &f, &v), 1);
    f.amount.minor--;
    assert_int_equal(kit_first(&kit, &f, &v), 2);
    f.amount.cur = currency_find(SPAN("USD"));
    assert_int_equal(kit_first(&kit, &f, &v), 0);
    kit_fini(&kit);
}

static void card_digits_match_as_far_as_they_are_known(void **state)
{
    static const struct {
        uint64_t bin;
        uint8_t digits;
        int to;
    } cases[] = {
        { 457112, 6, 1 },   { 45711299, 8, 1 },  { 457113, 6, 0 },   { 552150, 6, 1 },
        { 552200, 6, 0 },   { 552099, 6, 0 },    { 40001234, 8, 1 }, { 400012, 6, 0 },
        { 40001235, 8, 0 }, { 400012345, 9, 1 }, { 0, 0, 0 },
    };
    struct pol_facts f = anybody();
    struct rt_verdict v;

    (void)state;
    compile(HEAD "rule \"r\" when bin in { 457112 552100..552199 40001234 } use b\ndefault use a");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        f.bin = cases[i].bin;
        f.bin_digits = cases[i].digits;
        if (kit_first(&kit, &f, &v) != cases[i].to)
            fail_msg("case %zu: to %d", i, kit_first(&kit, &f, &v));
    }
    kit_fini(&kit);
}

static void the_clock_stands_in_a_zone(void **state)
{
    struct pol_facts f = anybody();
    struct rt_verdict v;

    (void)state;
    compile(HEAD "rule \"night\" when clock \"Europe/Berlin\" between 22:00 and 06:00 use b\n"
                 "rule \"weekend\" when weekday in { saturday sunday } use c\n"
                 "rule \"lunch\" when hour is 12 use c\ndefault use a");
    assert_int_equal(pol_program_zones(kit.program), 1);
    assert_string_equal(pol_program_zone(kit.program, 0), "Europe/Berlin");
    assert_int_equal(kit_first(&kit, &f, &v), 2); /* the offset is unknown: not night; lunch */
    assert_string_equal(v.rule, "lunch");
    f.zone_offset_s[0] = 3600;
    f.now_s = 1767614400 + 9 * 3600 - 1; /* 21:59:59 in Berlin */
    assert_int_equal(kit_first(&kit, &f, &v), 0);
    f.now_s++;
    assert_int_equal(kit_first(&kit, &f, &v), 1);
    f.now_s += 8 * 3600; /* 06:00: over */
    assert_int_equal(kit_first(&kit, &f, &v), 0);
    f.now_s = 1767614400 - 86400; /* Sunday */
    assert_int_equal(kit_first(&kit, &f, &v), 2);
    assert_string_equal(v.rule, "weekend");
    kit_fini(&kit);
}

static void a_chain_continues_when_its_target_is_out(void **state)
{
    struct pol_facts f = anybody();
    struct rt_verdict v;

    (void)state;
    compile(HEAD "rule \"canary\" when brand is visa use c then continue\ndefault use a then b");
    f.brand = RT_VISA;
    assert_int_equal(kit_first(&kit, &f, &v), 2);
    assert_string_equal(v.rule, "canary");
    assert_int_equal(v.providers, 3);
    assert_int_equal(v.rule_of[0], 1);
    assert_int_equal(v.rule_of[1], 2);
    f.eligible = 3;
    assert_int_equal(kit_first(&kit, &f, &v), 0);
    assert_string_equal(v.rule, "default");
    kit_fini(&kit);
}

static void best_value_then_cheaper_then_as_written(void **state)
{
    struct pol_facts f = anybody();
    struct rt_verdict v;

    (void)state;
    compile(HEAD "rule \"pin\" when country is FR use b then best value of any\n"
                 "rule \"worth\" when country is DE and value of b < EUR 0.00 use c\n"
                 "default use best value of any");
    f.amount = (struct money){ 2000, currency_find(SPAN("EUR")) };
    assert_int_equal(kit_first(&kit, &f, &v), 0); /* nothing known: as written */
    assert_int_equal(v.scored_from, 0);
    assert_int_equal(v.scored, 3);
    f.provider[1].cost_ppm = 9000;
    f.provider[2].cost_ppm = 3000;
    assert_int_equal(kit_first(&kit, &f, &v), 2);
    f.provider[0].value_micro = -5;
    f.provider[1].value_micro = 7;
    assert_int_equal(kit_first(&kit, &f, &v), 1);
    assert_int_equal(v.provider[1], 0);
    assert_int_equal(v.provider[2], 2); /* unknown: last */
    f.provider[0].value_micro = 7;
    f.provider[0].cost_ppm = 9001;
    assert_int_equal(kit_first(&kit, &f, &v), 1); /* equal: the cheaper */
    f.country = rt_country_of(SPAN("FR"));
    assert_int_equal(kit_first(&kit, &f, &v), 1);
    assert_int_equal(v.scored_from, 1); /* b was named before */
    assert_int_equal(v.scored, 2);
    f.country = rt_country_of(SPAN("DE"));
    assert_int_equal(kit_first(&kit, &f, &v), 1); /* 0.000007 cents are not below nothing */
    f.provider[1].value_micro = -1;
    assert_int_equal(kit_first(&kit, &f, &v), 2);
    kit_fini(&kit);
}

static void cheapest_keeps_within_its_guard(void **state)
{
    struct pol_facts f = anybody();
    struct rt_verdict v;

    (void)state;
    compile(HEAD "default use cheapest of a, b, c within 0.5pp of best approval");
    f.provider[0].cost_ppm = 9000;
    f.provider[1].cost_ppm = 2000;
    assert_int_equal(kit_first(&kit, &f, &v), 1); /* no approval is known: no guard */
    assert_int_equal(v.provider[2], 2);           /* an unknown cost comes last */
    f.provider[2].cost_ppm = 5000;
    f.provider[0].approval_ppm[POL_OVER_NOW] = 900000;
    f.provider[1].approval_ppm[POL_OVER_NOW] = 894999;
    f.provider[2].approval_ppm[POL_OVER_NOW] = 895000;
    assert_int_equal(kit_first(&kit, &f, &v), 2);
    assert_int_equal(v.provider[1], 0);
    assert_int_equal(v.provider[2], 1); /* outside: last */
    f.eligible = 6;                     /* who can not be asked is no measure */
    assert_int_equal(kit_first(&kit, &f, &v), 1);
    kit_fini(&kit);
}

static void commitments_are_paced(void **state)
{
    struct pol_commit_info c;
    struct pol_facts f = anybody();
    struct rt_verdict v;

    (void)state;
    compile(HEAD "commit day to b at least EUR 1_000 per day where currency is EUR\n"
                 "rule \"r\" when commitment day is behind use b then continue\n"
                 "rule \"s\" when commitment day is reached use c\ndefault use a");
    c = pol_program_commit(kit.program, 0);
    assert_string_equal(c.name, "day");
    assert_int_equal(c.target.minor, 100000);
    assert_int_equal(kit_first(&kit, &f, &v), 0); /* unknown */
    f.volume[0].minor = 49999;                    /* noon: half of it */
    assert_int_equal(kit_first(&kit, &f, &v), 1);
    f.volume[0].minor = 50000;
    assert_int_equal(kit_first(&kit, &f, &v), 0);
    f.volume[0].minor = 100000;
    assert_int_equal(kit_first(&kit, &f, &v), 2);
    f.amount = (struct money){ 100, currency_find(SPAN("EUR")) };
    assert_true(pol_commit_counts(kit.program, 0, &f));
    f.amount.cur = currency_find(SPAN("USD"));
    assert_false(pol_commit_counts(kit.program, 0, &f));
    kit_fini(&kit);
}

static void periods_begin_where_people_think(void **state)
{
    const int64_t at = 1772323200 + 3 * 86400 + 45000; /* Wednesday 2026-03-04 12:30 */

    (void)state;
    assert_int_equal(pol_period_began(POL_PER_HOUR, at), at - 1800);
    assert_int_equal(pol_period_began(POL_PER_DAY, at), 1772323200 + 3 * 86400);
    assert_int_equal(pol_period_began(POL_PER_WEEK, at), 1772323200 + 86400); /* Monday the 2nd */
    assert_int_equal(pol_period_began(POL_PER_MONTH, at), 1772323200);
}

static void a_retry_block_becomes_masks(void **state)
{
    struct pol_facts f = anybody();
    struct rt_verdict v;

    (void)state;
    compile(HEAD "retry when brand is visa on soft_decline, rate_limited never on do_not_honor\n"
                 "  at most 2 times within 8s to c\ndefault use a then b");
    pol_eval(kit.program, &f, &v, NULL);
    assert_false(v.retry_said);
    f.brand = RT_VISA;
    pol_eval(kit.program, &f, &v, NULL);
    assert_true(v.retry_said);
    assert_int_equal(v.moves_max, 2);
    assert_true(v.within_ns == INT64_C(8000000000));
    assert_int_equal(v.retry_to, 3);
    assert_true(rt_verdict_moves(&v, RT_CODE_GENERIC_DECLINE));
    assert_true(rt_verdict_moves(&v, RT_CODE_RATE_LIMITED));
    assert_false(rt_verdict_moves(&v, RT_CODE_DO_NOT_HONOR));
    assert_false(rt_verdict_moves(&v, RT_CODE_ACQUIRER_ERROR));
    kit_fini(&kit);
}

static void a_hostile_regex_gives_up(void **state)
{
    char text[201];
    struct pol_facts f = anybody();
    struct rt_verdict v;

    (void)state;
    compile(HEAD "rule \"r\" when customer matches /^(a+)+$/ use b\n"
                 "rule \"n\" when not customer matches /^(a+)+$/ use c\ndefault use a");
    memset(text, 'a', 200);
    text[199] = '!';
    f.customer = (struct span){ text, 200 };
    assert_int_equal(kit_first(&kit, &f, &v), 0); /* neither: unknown */
    f.customer = SPAN("aaa");
    assert_int_equal(kit_first(&kit, &f, &v), 1);
    f.customer = SPAN("b");
    assert_int_equal(kit_first(&kit, &f, &v), 2);
    kit_fini(&kit);
}

static void samples_keep_whom_they_have(void **state)
{
    struct kit small = { .program = NULL }, big = { .program = NULL };
    struct pol_facts f = anybody();
    unsigned in_small = 0, in_big = 0, lost = 0;
    struct rt_verdict v;
    char name[16];

    (void)state;
    assert_int_equal(kit_compile(&small,
                                 HEAD "rule \"r\" when sample 5% by customer salt \"x\" use b"
                                      "\ndefault use a"),
                     OK);
    assert_int_equal(kit_compile(&big,
                                 HEAD "rule \"r\" when sample 10% by customer salt \"x\" use b"
                                      "\ndefault use a"),
                     OK);
    for (unsigned i = 0; i < 20000; i++) {
        struct buf b = BUF_OF(name);
        bool s, g;

        buf_u64(&b, i);
        f.customer = buf_span(&b);
        s = kit_first(&small, &f, &v) == 1;
        g = kit_first(&big, &f, &v) == 1;
        in_small += s;
        in_big += g;
        lost += s && !g;
    }
    assert_int_equal(lost, 0);
    assert_in_range(in_small, 850, 1150);
    assert_in_range(in_big, 1800, 2200);
    kit_fini(&small);
    kit_fini(&big);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unknown_is_neither_true_nor_false),
        cmocka_unit_test(money_of_another_currency_is_unknown),
        cmocka_unit_test(card_digits_match_as_far_as_they_are_known),
        cmocka_unit_test(the_clock_stands_in_a_zone),
        cmocka_unit_test(a_chain_continues_when_its_target_is_out),
        cmocka_unit_test(best_value_then_cheaper_then_as_written),
        cmocka_unit_test(cheapest_keeps_within_its_guard),
        cmocka_unit_test(commitments_are_paced),
        cmocka_unit_test(periods_begin_where_people_think),
        cmocka_unit_test(a_retry_block_becomes_masks),
        cmocka_unit_test(a_hostile_regex_gives_up),
        cmocka_unit_test(samples_keep_whom_they_have),
    };

    return cmocka_run_group_tests_name("policy_eval", tests, NULL, NULL);
}
