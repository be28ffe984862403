/* What stopping a provider would do. */
#include "proxy/fleet_blast.h"
#include "unit.h"

enum { ADYEN, STRIPE, AMEX };

static struct rt_provider provider(const char *name, uint32_t brands, const char *const *codes)
{
    struct rt_provider p = { .name = name,
                             .enabled = true,
                             .brands = brands,
                             .methods =
                                 1 << RT_CARD | 1 << RT_NETWORK_TOKEN | 1 << RT_PROVIDER_TOKEN,
                             .ops = 1 << RT_AUTHORIZE };

    for (; *codes != NULL; codes++)
        rt_provider_take_currency(&p, currency_find(span_str(*codes)));
    return p;
}

static const char *const eur[] = { "EUR", NULL }, *const both[] = { "EUR", "USD", NULL };
static const uint32_t visa = 1 << RT_VISA, amex = 1 << RT_AMEX;

static const struct px_uses everything = { { UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX },
                                           1 << RT_NETWORK_TOKEN };
static const struct px_uses nothing = { { 0 }, 0 };

static bool told(const struct px_blast *b, const char *kind)
{
    for (unsigned i = 0; i < b->kinds && i < PX_BLAST_KINDS; i++)
        if (strcmp(b->kind[i], kind) == 0)
            return true;
    return false;
}

static void what_somebody_else_takes_has_a_route(void **state)
{
    const struct rt_provider p[] = { provider("adyen", visa, both),
                                     provider("stripe", visa, both) };
    struct px_blast b = { .kinds = 7 };

    (void)state;
    px_blast_kinds(p, 2, 3, 2, &everything, &b);
    assert_int_equal(b.kinds, 0);
}

static void what_only_it_takes_is_told_by_brand_and_currency(void **state)
{
    const struct rt_provider p[] = { provider("adyen", visa | amex, both),
                                     provider("stripe", visa, eur) };
    struct px_blast b = { .kinds = 0 };

    (void)state;
    px_blast_kinds(p, 2, 3, 2, &everything, &b);
    assert_int_equal(b.kinds, 4); /* its own tokens are left out */
    assert_true(told(&b, "card visa: USD"));
    assert_true(told(&b, "card amex: every currency"));
    assert_true(told(&b, "network_token visa: USD"));
    assert_true(told(&b, "network_token amex: every currency"));
}

static void what_nobody_uses_is_not_told(void **state)
{
    const struct rt_provider p[] = { provider("adyen", visa | amex, both),
                                     provider("stripe", visa, eur) };
    struct px_uses dollars = nothing;
    struct px_blast b = { .kinds = 0 };

    (void)state;
    px_blast_kinds(p, 2, 3, 2, &nothing, &b);
    assert_int_equal(b.kinds, 1); /* a brand that is lost as a whole is told in any case */
    assert_true(told(&b, "card amex: every currency"));
    dollars.currency[currency_find(SPAN("USD")) / 64] |= UINT64_C(1)
                                                         << currency_find(SPAN("USD")) % 64;
    px_blast_kinds(p, 2, 3, 2, &dollars, &b);
    assert_int_equal(b.kinds, 2);
    assert_true(told(&b, "card visa: USD"));
}

static void nobody_left_is_every_payment(void **state)
{
    const struct rt_provider p[] = { provider("adyen", visa, eur), provider("stripe", visa, eur) };
    struct rt_provider off[] = { p[0], p[1] };
    struct px_blast b = { .kinds = 0 };

    (void)state;
    px_blast_kinds(p, 2, 1, 0, &everything, &b);
    assert_true(told(&b, "every payment: every currency"));
    off[1].enabled = false; /* what the configuration switched off is nobody's way out */
    px_blast_kinds(off, 2, 3, 2, &everything, &b);
    assert_true(told(&b, "every payment: every currency"));
}

static void what_had_no_route_before_is_not_its_loss(void **state)
{
    const struct rt_provider p[] = { provider("adyen", visa, eur), provider("stripe", amex, eur) };
    struct px_blast b = { .kinds = 0 };

    (void)state;
    px_blast_kinds(p, 2, 1, 1, &everything, &b);
    assert_int_equal(b.kinds, 0);
}

static void there_are_more_kinds_than_are_told(void **state)
{
    struct rt_provider p[] = { provider("adyen", UINT32_MAX, both), provider("stripe", 0, eur) };
    struct px_blast b = { .kinds = 0 };

    (void)state;
    p[1].network_token_brands = p[0].network_token_brands = UINT32_MAX;
    p[1].methods = 1 << RT_PROVIDER_TOKEN;
    px_blast_kinds(p, 2, 3, 2, &everything, &b);
    assert_true(b.kinds >= 2 * (RT_BRANDS_ - 1));
    for (unsigned i = 0; i < b.kinds && i < PX_BLAST_KINDS; i++)
        assert_true(strlen(b.kind[i]) > 0 && strlen(b.kind[i]) < PX_BLAST_KIND);
}

static void its_share_spreads_as_theirs_does(void **state)
{
    const uint64_t chosen[] = { 500, 300, 200 };
    const int64_t pay[] = { 50000, 30000, 20000 }, peak[] = { 9, 8, 7 };
    struct px_blast b = { .heirs = 0 };

    (void)state;
    px_blast_heirs(chosen, pay, peak, 3, ADYEN, 6, 0, &b);
    assert_int_equal(b.heirs, 2);
    assert_int_equal(b.heir[0].provider, STRIPE);
    assert_int_equal(b.heir[0].share_permille_before, 300);
    assert_int_equal(b.heir[0].share_permille_after, 600);
    assert_int_equal(b.heir[0].pay_milli_s_after, 60000);
    assert_int_equal(b.heir[0].peak_milli_s, 8);
    assert_int_equal(b.heir[1].share_permille_after, 400);
    px_blast_heirs(chosen, pay, peak, 3, ADYEN, 4, 200, &b); /* a fifth stays; stripe is out */
    assert_int_equal(b.heirs, 1);
    assert_int_equal(b.heir[0].provider, AMEX);
    assert_int_equal(b.heir[0].share_permille_after, 600);
}

static void without_traffic_nothing_is_known(void **state)
{
    const uint64_t chosen[] = { 0, 0 };
    const int64_t none[] = { 0, 0 };
    struct px_blast b = { .heirs = 0 };

    (void)state;
    px_blast_heirs(chosen, none, none, 2, ADYEN, 2, 0, &b);
    assert_int_equal(b.heirs, 1);
    assert_int_equal(b.heir[0].share_permille_after, -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_somebody_else_takes_has_a_route),
        cmocka_unit_test(what_only_it_takes_is_told_by_brand_and_currency),
        cmocka_unit_test(what_nobody_uses_is_not_told),
        cmocka_unit_test(nobody_left_is_every_payment),
        cmocka_unit_test(what_had_no_route_before_is_not_its_loss),
        cmocka_unit_test(there_are_more_kinds_than_are_told),
        cmocka_unit_test(its_share_spreads_as_theirs_does),
        cmocka_unit_test(without_traffic_nothing_is_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
