/* tests/unit/test_adapter.c -- the registry and the provider key. */
#include "tests/unit/unit.h"

#include <ctype.h>

#include "proxy/adapters/adapter.h"
#include "proxy/crypto.h"

static void adapters_are_found_by_the_word_of_the_configuration(void **state)
{
    unsigned n;
    const struct px_adapter *const *all = px_adapters(&n);

    (void)state;
    assert_int_equal(n, 3);
    for (unsigned i = 0; i < n; i++)
        assert_ptr_equal(px_adapter_find(span_str(all[i]->name)), all[i]);
    assert_null(px_adapter_find(SPAN("Stripe")));
    assert_null(px_adapter_find(SPAN("")));
}

static void key_of(const char *secret, const char *payment, unsigned key_max, char out[PX_KEY_MAX])
{
    struct px_hmac *h = px_hmac_create(span_str(secret));

    px_provider_key(h, SPAN("shop"), span_str(payment), SPAN("stripe"), SPAN("authorize"), key_max,
                    out);
    px_hmac_destroy(h);
}

static void a_key_is_the_same_after_a_restart_and_other_for_another_payment(void **state)
{
    char a[PX_KEY_MAX], b[PX_KEY_MAX];

    (void)state;
    key_of("s", "p1", 255, a);
    key_of("s", "p1", 255, b);
    assert_string_equal(a, b);
    key_of("s", "p2", 255, b);
    assert_string_not_equal(a, b);
    key_of("t", "p1", 255, b);
    assert_string_not_equal(a, b);
}

static void a_key_has_the_length_its_provider_takes(void **state)
{
    char key[PX_KEY_MAX];

    (void)state;
    key_of("s", "p", px_stripe.promises.key_max, key);
    assert_int_equal(strlen(key), 64);
    key_of("s", "p", px_adyen.promises.key_max, key);
    assert_int_equal(strlen(key), 64);
    key_of("s", "p", px_checkoutcom.promises.key_max, key);
    assert_int_equal(strlen(key), 36);
    assert_int_equal(key[8], '-');
    assert_int_equal(key[14], '4');
    assert_non_null(strchr("89ab", key[19]));
    key_of("s", "p", 20, key);
    assert_int_equal(strlen(key), 20);
    for (unsigned i = 0; i < 20; i++)
        assert_true(isxdigit((unsigned char)key[i]));
}

/* ---- digests of cards ---- */

static void digest(const char *secret, const struct rt_payment *pay, const char *provider,
                   unsigned char out[PX_CARD_DIGEST])
{
    struct px_hmac *h = px_hmac_derive(span_str(secret), "cards");

    assert_true(px_card_digest(h, pay, provider, out));
    px_hmac_destroy(h);
}

static void a_card_is_known_again_everywhere_and_only_by_its_number(void **state)
{
    unsigned char a[PX_CARD_DIGEST], b[PX_CARD_DIGEST];
    struct rt_payment pay = { .expiry = { 12, 2034 } }, other = { .merchant = SPAN("shop") };

    (void)state;
    assert_int_equal(pan_seal(SPAN("4242424242424242"), &pay.pan), OK);
    assert_int_equal(pan_seal(SPAN("4242424242424242"), &other.pan), OK);
    digest("s", &pay, "stripe", a);
    digest("s", &other, "adyen", b);
    assert_memory_equal(a, b, PX_CARD_DIGEST);
    digest("t", &pay, "stripe", b);
    assert_memory_not_equal(a, b, PX_CARD_DIGEST);
    assert_int_equal(pan_seal(SPAN("4000000000000002"), &other.pan), OK);
    digest("s", &other, "stripe", b);
    assert_memory_not_equal(a, b, PX_CARD_DIGEST);
}

static void a_token_is_known_again_at_its_provider(void **state)
{
    unsigned char a[PX_CARD_DIGEST], b[PX_CARD_DIGEST];
    struct rt_payment pay = { .token = { { SPAN("stripe"), SPAN("tok_1") },
                                         { SPAN("adyen"), SPAN("tok_1") } },
                              .tokens = 2 };
    struct px_hmac *h = px_hmac_derive(SPAN("s"), "cards");

    (void)state;
    digest("s", &pay, "stripe", a);
    digest("s", &pay, "stripe", b);
    assert_memory_equal(a, b, PX_CARD_DIGEST);
    digest("s", &pay, "adyen", b);
    assert_memory_not_equal(a, b, PX_CARD_DIGEST);
    assert_false(px_card_digest(h, &pay, "checkoutcom", b));
    px_hmac_destroy(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(adapters_are_found_by_the_word_of_the_configuration),
        cmocka_unit_test(a_key_is_the_same_after_a_restart_and_other_for_another_payment),
        cmocka_unit_test(a_key_has_the_length_its_provider_takes),
        cmocka_unit_test(a_card_is_known_again_everywhere_and_only_by_its_number),
        cmocka_unit_test(a_token_is_known_again_at_its_provider),
    };

    return cmocka_run_group_tests_name("adapter", tests, NULL, NULL);
}
