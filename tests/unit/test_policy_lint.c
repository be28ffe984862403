/* tests/unit/test_policy_lint.c -- what is probably not meant, and what a change changes. */
#include <stdlib.h>

#include "policies/diff.h"
#include "policies/lint.h"
#include "routing/provider.h"
#include "tests/unit/policy_kit.h"

#define HEAD "policy \"t\"\nproviders a, b, c\n"
#define TAIL "\ndefault use a then b\n"

/* The codes, "E301@3 W303@4"; help of the first E301 or W301 in k->text. */
static void lint(struct kit *k, const char *policy, char *codes, size_t cap)
{
    struct buf out = buf_over(codes, cap);

    *k = (struct kit){ .program = NULL };
    if (kit_compile(k, policy) != OK)
        fail_msg("%s", k->text);
    assert_int_equal(pol_lint(k->program, NULL, &k->arena, &k->report), OK);
    k->text[0] = '\0';
    for (const struct pol_finding *f = k->report.first; f != NULL; f = f->next) {
        buf_fmt(&out, "%s%s@%u", out.n > 0 ? " " : "", pol_code_word(f->code), f->at.line);
        if ((f->code == POL_E_UNREACHABLE || f->code == POL_W_SHADOWED) && k->text[0] == '\0')
            assert_int_equal(span_copyz(span_str(f->help), k->text, sizeof k->text), OK);
    }
    (void)buf_z(&out);
}

static void finds_what_is_probably_not_meant(void **state)
{
    static const struct {
        const char *policy, *codes, *shown; /* a part of the payment shown */
    } cases[] = {
        { "rule \"x\" when country in { DE FR } use a then b\n"
          "rule \"y\" when country is DE and amount > EUR 20 and currency is EUR use b then a",
          "E301@4", "payment country DE, amount EUR 20.01` goes to \"x\"" },
        /* two rules together leave nothing over */
        { "rule \"x\" when amount < EUR 50 and currency is EUR use a then b\n"
          "rule \"y\" when amount >= EUR 50 and currency is EUR use b then a\n"
          "rule \"z\" when currency is EUR use c then a",
          "E301@5", "amount EUR" },
        { "rule \"x\" when bin in { 4571 } use a then b\nrule \"y\" when bin in { 457112 } use b "
          "then a",
          "E301@4", "bin 457112" },
        { "rule \"x\" when metadata.k is \"v\" use a then b\n"
          "rule \"y\" when metadata.k is \"v\" and country is US use b then a",
          "E301@4", "metadata.k \"v\"" },
        /* unknown values slip through: reachable, and partly shadowed */
        { "rule \"x\" when country is not DE use a then b\nrule \"y\" when brand is visa use b "
          "then a",
          "W301@4", "brand visa" },
        { "rule \"x\" when country is DE use a then b\nrule \"y\" when country is FR use b then a",
          "", "" },
        /* what goes on takes nothing */
        { "rule \"x\" when country is DE use c then continue\nrule \"y\" when country is DE use b "
          "then a",
          "", "" },
        { "rule \"x\" when country is DE use a then b\nrule \"y\" when country is DE and brand is "
          "visa "
          "and bin matches /^4(5|6)/ use b then a",
          "E301@4", "" },
        { "rule \"x\" when brand is visa use c", "W303@3", "" },
        { "rule \"x\" when brand is visa use only c", "", "" },
        { "rule \"x\" when amount > EUR 5 use a then b", "W304@3", "" },
        { "rule \"x\" when brand is visa and not (brand in { visa amex }) use a then b", "W304@3",
          "" },
        { "rule \"x\" when country is DE unless country is known use a then b", "W304@3", "" },
        { "rule \"x\" when currency is EUR and amount < EUR 5 and amount > EUR 10 use a then b",
          "W304@3", "" },
        { "rule \"x\" when currency is EUR and amount < EUR 5 and amount > USD 1 use a then b",
          "W304@3", "" },
        { "rule \"x\" when country is DE unless country is AT use a then b", "", "" },
        { "rule \"x\" when bin is 457112 and brand is not known use a then b\n"
          "rule \"y\" when country is DE use b then a",
          "", "" }, /* the digits tell the brand */
        { "rule \"x\" when bin matches /571/ use a then b", "W305@3", "" },
        { "rule \"x\" when bin matches /^4571/ use a then b", "W305@3", "" },
        { "list l DE AT DE", "W310@3 W307@3", "" },
        { "list l\n4571\n457112", "W310@3", "" }, /* an exception beside its range, perhaps */
        { "list l\n4571\n457112\n457112", "W310@3 W307@6", "" },
        { "list l\n457100..457150\n4572\n457120", "W310@3 W307@6", "" },
        { "list l\n457120..457130\n457100..457119\n4572", "W310@3", "" },
        { "rule \"x\" when sample 5% by customer use c then continue", "W309@3", "" },
        { "rule \"x\" when sample 5% by customer and approval of c >= 85% use c then continue", "",
          "" },
    };
    char policy[1024], codes[200];
    struct kit k;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf b = BUF_OF(policy);

        buf_fmt(&b, "%s%s%s", HEAD, cases[i].policy, TAIL);
        lint(&k, buf_z(&b), codes, sizeof codes);
        if (strcmp(codes, cases[i].codes) != 0 || strstr(k.text, cases[i].shown) == NULL)
            fail_msg("case %zu: %s; %s", i, codes, k.text);
        kit_fini(&k);
    }
}

static void an_expect_makes_an_overlap_clear(void **state)
{
    struct kit k;
    char codes[200];

    (void)state;
    lint(&k,
         HEAD
         "rule \"x\" when country is DE use a then b\nrule \"y\" when brand is visa use b then a\n"
         "expect \"e\" payment country DE, brand visa routes to a" TAIL,
         codes, sizeof codes);
    assert_string_equal(codes, "");
    kit_fini(&k);
}

static void values_twice_are_found_in_long_lists_too(void **state)
{
    enum { ROWS = 50000 };
    char *policy = malloc(ROWS * 8 + 256);
    struct buf b = buf_over(policy, ROWS * 8 + 256);
    char codes[200];
    struct kit k;

    (void)state;
    assert_non_null(policy);
    buf_str(&b, HEAD "list l");
    for (unsigned i = 0; i < ROWS; i++)
        buf_fmt(&b, "\n%u", 400000 + (i * 7919) % ROWS);
    buf_str(&b, "\n412345" TAIL);
    lint(&k, buf_z(&b), codes, sizeof codes);
    assert_string_equal(codes, "W310@3 W307@50004");
    kit_fini(&k);
    free(policy);
}

/* ---- lists from files ---- */

static bool two_rows(void *ctx, struct span path, const char *from, struct span *text,
                     const char **name, struct diag *why)
{
    (void)ctx, (void)path, (void)from, (void)why;
    *text = SPAN("DE\nAT\n");
    *name = "near.csv";
    return true;
}

static int64_t day_100(void *ctx, const char *file)
{
    return strcmp(file, "near.csv") == 0 ? *(const int64_t *)ctx * 86400 : 0;
}

static void a_list_file_grows_old(void **state)
{
    static const struct {
        int64_t changed, now;
        const char *said;
    } cases[] = { { 100, 130, NULL },
                  { 100, 131, "its file has not changed for 31 days" },
                  { 0, 131, NULL },
                  { 140, 131, NULL } };
    struct kit k = { .env = { .load = two_rows } };

    (void)state;
    assert_int_equal(kit_compile(&k,
                                 HEAD "list near from \"near.csv\"\nlist own DE\nrule \"r\" "
                                      "when country in near or country in own use a then b" TAIL),
                     OK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct pol_report report;
        int64_t changed = cases[i].changed;

        pol_report_init(&report, &k.arena);
        pol_lint_ages(k.program, day_100, &changed, cases[i].now * 86400 + 1, 30, &report);
        assert_int_equal(report.warnings, cases[i].said != NULL);
        if (cases[i].said != NULL) {
            assert_string_equal(report.first->text, cases[i].said);
            assert_int_equal(report.first->at.line, 3);
        }
    }
    kit_fini(&k);
}

/* ---- what a provider can take ---- */

static void a_retry_goes_to_somebody_who_can_take_it(void **state)
{
    static const struct {
        const char *policy, *said; /* NULL: it is right */
    } cases[] = {
        { "retry on soft_decline to c", NULL },
        { "retry when currency is JPY on soft_decline to b", NULL },
        { "retry when currency is JPY on soft_decline to c", "not with that currency" },
        { "retry when currency is JPY or brand is visa on soft_decline to c", NULL },
        { "retry when currency in { JPY USD } and amount > USD 5 on soft_decline to c",
          "not with" },
        { "retry when currency in { JPY EUR } on soft_decline to c", NULL },
        { "retry when currency is not EUR on soft_decline to c", "not with that currency" },
        { "retry when brand is amex on soft_decline to c", "not with that brand" },
        { "retry when payment_method is network_token on soft_decline to c", "payment_method" },
        { "retry when metadata.x is \"y\" on soft_decline to c", NULL },
        { "retry on soft_decline to a", "`a` can not take payments" },
        { "retry when currency is JPY on soft_decline to next", NULL },
    };
    static const char *const name[] = { "a", "b", "c" };
    struct rt_provider facts[3] = { { .ops = 0 },
                                    { .ops = 1U << RT_AUTHORIZE, .brands = ~0U, .methods = ~0U },
                                    { .ops = 1U << RT_AUTHORIZE,
                                      .brands = 1U << RT_VISA | 1U << RT_MASTERCARD,
                                      .methods = 1U << RT_CARD } };

    (void)state;
    memset(facts[1].currencies, 0xFF, sizeof facts[1].currencies);
    rt_provider_take_currency(&facts[2], currency_find(SPAN("EUR")));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct kit k = { .env = { .provider = name, .providers = 3, .facts = facts } };
        char policy[400];
        struct buf b = BUF_OF(policy);
        enum err e;

        buf_fmt(&b, "%s%s%s", HEAD, cases[i].policy, TAIL);
        e = kit_compile(&k, buf_z(&b));
        if ((e == OK) != (cases[i].said == NULL) ||
            (e != OK && (strstr(k.text, "E203") == NULL || strstr(k.text, cases[i].said) == NULL)))
            fail_msg("%s: %s", cases[i].policy, k.text);
        kit_fini(&k);
    }
}

static struct pol_diff *diff(struct kit *a, struct kit *b, const char *one, const char *two)
{
    struct pol_diff *d;

    *a = *b = (struct kit){ .program = NULL };
    assert_int_equal(kit_compile(a, one), OK);
    assert_int_equal(kit_compile(b, two), OK);
    d = ARENA_NEW(&a->arena, struct pol_diff);
    assert_non_null(d);
    assert_int_equal(pol_diff(a->program, b->program, 1, 2000, &a->arena, d), OK);
    kit_fini(b);
    return d;
}

static void a_change_is_shown_by_one_plain_payment(void **state)
{
    struct kit a, b;
    struct pol_diff *d;

    (void)state;
    d = diff(&a, &b, HEAD "rule \"r\" when amount >= EUR 500 and brand is visa use b then a" TAIL,
             HEAD "rule \"r\" when amount >= EUR 400 and brand is visa use b then a" TAIL);
    assert_int_equal(d->classes, 1);
    assert_string_equal(d->cls[0].route_a, "a then b");
    assert_string_equal(d->cls[0].route_b, "b then a");
    assert_non_null(strstr(d->cls[0].payment, "brand visa, amount EUR 4"));
    kit_fini(&a);
    /* the same in other words, with providers in another order */
    d = diff(&a, &b, HEAD "rule \"r\" when country in { DE AT } use b then a" TAIL,
             "policy \"t\" providers c, b, a rule \"r\" when country is AT or country is DE use b "
             "then a" TAIL);
    assert_int_equal(d->classes, 0);
    assert_true(d->tried > 2000);
    kit_fini(&a);
    d = diff(&a, &b, HEAD "retry on soft_decline" TAIL, HEAD "retry on technical" TAIL);
    assert_int_equal(d->classes, 1);
    kit_fini(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_is_probably_not_meant),
        cmocka_unit_test(an_expect_makes_an_overlap_clear),
        cmocka_unit_test(values_twice_are_found_in_long_lists_too),
        cmocka_unit_test(a_list_file_grows_old),
        cmocka_unit_test(a_retry_goes_to_somebody_who_can_take_it),
        cmocka_unit_test(a_change_is_shown_by_one_plain_payment),
    };

    return cmocka_run_group_tests_name("policy_lint", tests, NULL, NULL);
}
