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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(adapters_are_found_by_the_word_of_the_configuration),
        cmocka_unit_test(a_key_is_the_same_after_a_restart_and_other_for_another_payment),
        cmocka_unit_test(a_key_has_the_length_its_provider_takes),
    };

    return cmocka_run_group_tests_name("adapter", tests, NULL, NULL);
}
