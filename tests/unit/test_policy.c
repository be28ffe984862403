/* tests/unit/test_policy.c -- mistakes are told as people should read them; sound policies compile.
 */
#include <stdio.h>

#include "tests/unit/policy_kit.h"

#define HEAD "policy \"t\"\nproviders adyen, stripe\n"
#define TAIL "default use adyen then stripe\n"

static void says(const char *policy, const char *expected)
{
    struct kit k = { .program = NULL };

    assert_int_equal(kit_compile(&k, policy), expected[0] == '\0' ? OK : E_SYNTAX);
    assert_string_equal(k.text, expected);
    kit_fini(&k);
}

static void the_picture_has_place_span_and_help(void **state)
{
    (void)state;
    says(HEAD "rule \"r\"\n  when country is DE\n  use  cheapest of adyen, strpe\n" TAIL,
         "test.route:5:27: error[E101]: unknown provider `strpe`\n"
         "    5 |   use  cheapest of adyen, strpe\n"
         "      |                           ^^^^^\n"
         "      = help: did you mean `stripe`?\n");
    says(HEAD "rule \"r\"\n  when issuer_country in DE\n  use  adyen then stripe\n" TAIL,
         "test.route:4:26: error[E102]: unknown list `DE`\n"
         "    4 |   when issuer_country in DE\n"
         "      |                          ^^\n"
         "      = help: for one value write `is DE`; for several write `in { DE … }`\n");
    says(HEAD "rule \"r\"\n  when fundng is debit\n  use  adyen then stripe\n" TAIL,
         "test.route:4:8: error[E103]: unknown payment attribute `fundng`\n"
         "    4 |   when fundng is debit\n"
         "      |        ^^^^^^\n"
         "      = help: did you mean `funding`?\n");
    says(HEAD "default use split 70% adyen, 25% stripe by customer\n",
         "test.route:3:13: error[E201]: split adds up to 95%, not 100%\n"
         "    3 | default use split 70% adyen, 25% stripe by customer\n"
         "      |             ^^^^^\n"
         "      = help: change a share, or write `rest PROVIDER` for the remaining 5%\n");
}

static void and_does_not_mix_with_or(void **state)
{
    (void)state;
    says(HEAD
         "rule \"r\" when country is DE or country is AT and funding is debit use adyen\n" TAIL,
         "test.route:3:46: error[E001]: unexpected `and`\n"
         "    3 | rule \"r\" when country is DE or country is AT and funding is debit use adyen\n"
         "      |                                              ^^^\n"
         "      = help: `and` and `or` can not be mixed without parentheses: write `(a or b) and "
         "c`\n");
    says(HEAD
         "rule \"r\" when (country is DE or country is AT) and funding is debit use adyen\n" TAIL,
         "");
}

static void an_equals_sign_is_explained(void **state)
{
    (void)state;
    says(HEAD "rule \"r\" when amount = EUR 5 use adyen\n" TAIL,
         "test.route:3:22: error[E001]: unexpected `=`\n"
         "    3 | rule \"r\" when amount = EUR 5 use adyen\n"
         "      |                      ^\n"
         "      = help: write `is` (or `is not`) to compare; `signalbox policy fmt --fix` rewrites "
         "it\n");
}

static void a_default_is_a_must(void **state)
{
    (void)state;
    says(HEAD,
         "test.route:3:1: error[E302]: no `default use …`: a payment no rule matches would be "
         "declined\n"
         "    3 | \n"
         "      | ^\n"
         "      = help: add `default use PROVIDER then PROVIDER`, or `default use decline "
         "\"…\"`\n");
}

/* Each code at the place it should have; "line:col code". */
static void every_mistake_is_told_in_one_run(void **state)
{
    static const char *const policy =
        HEAD "rule \"a\" when amount is DE use adyen then stripe\n"       /* 3 */
             "rule \"a\" when country is de use adyen then stripe\n"      /* 4 */
             "rule \"b\" whn brand is visa use adyen\n"                   /* 5 */
             "rule \"c\" use only adyen then stripe\n"                    /* 6 */
             "rule \"d\" when bin matches /(/ use adyen then stripe\n"    /* 7 */
             "rule \"e\" when commitment x is behind use adyen\n"         /* 8 */
             "retry on unknown_outcome at most 2 times\n"                 /* 9 */
             "retry on stolen_card\n"                                     /* 10 */
             "expect \"x\" payment country DE\n"                          /* 11 */
             "expect \"y\" like \"z\" routes to adyen by rule \"nope\"\n" /* 12 */
             "list l 12a4\n" TAIL TAIL;
    static const struct {
        unsigned line;
        enum pol_code code;
    } expected[] = {
        { 3, POL_E_TYPE },       { 4, POL_E_DUPLICATE },   { 4, POL_E_TYPE },
        { 5, POL_E_UNEXPECTED }, { 6, POL_E_CHAIN },       { 7, POL_E_UNREACHABLE },
        { 7, POL_E_REGEX },      { 8, POL_E_UNREACHABLE }, { 8, POL_E_COMMITMENT },
        { 9, POL_E_RETRY },      { 10, POL_E_RETRY },      { 11, POL_E_EXPECT },
        { 12, POL_E_REFERENCE }, { 12, POL_E_REFERENCE },  { 13, POL_E_LEXIS },
        { 15, POL_E_DEFAULTS },
    };
    struct kit k = { .program = NULL };
    const struct pol_finding *f;
    size_t i = 0;

    (void)state;
    assert_int_equal(kit_compile(&k, policy), E_SYNTAX);
    for (f = k.report.first; f != NULL; f = f->next, i++) {
        if (i == sizeof expected / sizeof expected[0] || f->at.line != expected[i].line ||
            f->code != expected[i].code)
            fail_msg("finding %zu: %u %s %s", i, f->at.line, pol_code_word(f->code), f->text);
    }
    assert_int_equal(i, sizeof expected / sizeof expected[0]);
    kit_fini(&k);
}

/* What a spreadsheet puts before the text is no part of it, neither of a policy nor of a list. */
static bool load_marked(void *ctx, struct span path, const char *from, struct span *text,
                        const char **name, struct diag *why)
{
    (void)ctx, (void)path, (void)from, (void)why;
    *text = span_str(POL_BOM "bin,note\r\n457112,x\r\n");
    *name = "l.csv";
    return true;
}

static void a_byte_order_mark_is_skipped(void **state)
{
    struct kit k = { .env = { .load = load_marked } };
    struct pol_facts f = { .eligible = 3, .bin = 457112, .bin_digits = 6 };
    struct rt_verdict v;

    (void)state;
    if (kit_compile(&k, POL_BOM HEAD "list l from \"l.csv\"\n"
                                     "rule \"r\" when bin in l use stripe then adyen\n" TAIL) != OK)
        fail_msg("%s", k.text);
    assert_int_equal(kit_first(&k, &f, &v), 1);
    kit_fini(&k);
    assert_int_equal(kit_compile(&k, POL_BOM "polcy \"a\"\n"), E_SYNTAX);
    assert_non_null(strstr(k.text, "test.route:1:1: "));
    assert_non_null(strstr(k.text, "| ^^^^^\n"));
    kit_fini(&k);
}

static bool load_customers(void *ctx, struct span path, const char *from, struct span *text,
                           const char **name, struct diag *why)
{
    (void)ctx, (void)path, (void)from, (void)why;
    *text = span_str("100-200\n7..9\na\\\\b\n0012\n");
    *name = "l.csv";
    return true;
}

static void a_list_of_customers_has_no_ranges(void **state)
{
    static const char *const there[] = { "100-200", "7..9", "a\\\\b", "0012" };
    struct kit k = { .env = { .load = load_customers } };
    struct pol_facts f = { .eligible = 3 };
    struct rt_verdict v;

    (void)state;
    if (kit_compile(&k, HEAD "list l from \"l.csv\"\n"
                             "rule \"r\" when customer in l use stripe then adyen\n" TAIL) != OK)
        fail_msg("%s", k.text);
    for (size_t i = 0; i < sizeof there / sizeof there[0]; i++) {
        f.customer = span_str(there[i]);
        assert_int_equal(kit_first(&k, &f, &v), 1);
    }
    f.customer = SPAN("150");
    assert_int_equal(kit_first(&k, &f, &v), 0);
    kit_fini(&k);
}

static void strings_are_utf8(void **state)
{
    static const char *const good[] = { "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x99\x82",
                                        "\xef\xbf\xbd" };
    static const char *const bad[] = { "\xff",     "\xc3",         "\x80",
                                       "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80" };
    struct kit k = { .program = NULL };
    char text[128];

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0] + sizeof bad / sizeof bad[0]; i++) {
        bool fine = i < sizeof good / sizeof good[0];

        (void)snprintf(text, sizeof text, HEAD "rule \"r%s\" when country is DE use adyen\n" TAIL,
                       fine ? good[i] : bad[i - sizeof good / sizeof good[0]]);
        assert_int_equal(kit_compile(&k, text), fine ? OK : E_SYNTAX);
        assert_true(fine || strstr(k.text, "this string is not UTF-8") != NULL);
        kit_fini(&k);
    }
}

static void the_rows_of_a_list_are_counted(void **state)
{
    (void)state;
    assert_int_equal(pol_list_rows(SPAN_NONE), 0);
    assert_int_equal(pol_list_rows(span_str(POL_BOM "country,x\r\n#a\n\n")), 0);
    assert_int_equal(pol_list_rows(span_str("Country\nDE\n AT\ncode\n")), 3);
    assert_int_equal(pol_list_rows(span_str("DE")), 1);
}

static void a_full_arena_is_an_error_and_no_crash(void **state)
{
    static char mem[512 * 1024];
    static const char *const policy = HEAD
        "list l DE AT\nrule \"r\" when country in l and bin matches /^4/ use adyen then stripe\n"
        "expect \"e\" payment country DE routes to adyen\n" TAIL;
    struct pol_env env = { .providers = 0 };
    unsigned failed = 0;

    (void)state;
    for (size_t n = 100; n < sizeof mem; n += n < 190000 ? 1777 : 61) {
        struct pol_program *p = NULL;
        struct pol_report report;
        struct arena a;
        enum err e;

        arena_init(&a, mem, n, NULL, n);
        pol_report_init(&report, &a);
        e = pol_compile(span_str(policy), "t", &env, &a, &report, &p);
        assert_true(e == E_LIMIT || e == OK);
        failed += e == E_LIMIT;
        if (e == OK)
            pol_program_fini(p);
        arena_fini(&a);
        if (e == OK)
            break;
    }
    assert_true(failed > 100);
}

static void configured_providers_keep_their_numbers(void **state)
{
    static const char *const configured[] = { "checkoutcom", "stripe", "adyen" };
    struct kit k = { .env = { .provider = configured, .providers = 3 } };
    struct pol_facts f;
    struct rt_verdict v;

    (void)state;
    assert_int_equal(kit_compile(&k, HEAD TAIL), OK);
    pol_facts_init(&f);
    f.eligible = 7;
    assert_int_equal(kit_first(&k, &f, &v), 2);
    assert_int_equal(v.provider[1], 1);
    assert_int_equal(v.providers, 2);
    kit_fini(&k);
    says("policy \"t\" default use adyen",
         "test.route:1:24: error[E101]: unknown provider `adyen`\n"
         "    1 | policy \"t\" default use adyen\n"
         "      |                        ^^^^^\n"
         "      = help: name those you use: `providers adyen`\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_picture_has_place_span_and_help),
        cmocka_unit_test(and_does_not_mix_with_or),
        cmocka_unit_test(an_equals_sign_is_explained),
        cmocka_unit_test(a_default_is_a_must),
        cmocka_unit_test(every_mistake_is_told_in_one_run),
        cmocka_unit_test(a_byte_order_mark_is_skipped),
        cmocka_unit_test(a_full_arena_is_an_error_and_no_crash),
        cmocka_unit_test(a_list_of_customers_has_no_ranges),
        cmocka_unit_test(strings_are_utf8),
        cmocka_unit_test(the_rows_of_a_list_are_counted),
        cmocka_unit_test(configured_providers_keep_their_numbers),
    };

    return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
