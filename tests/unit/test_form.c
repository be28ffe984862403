/* tests/unit/test_form.c */
#include "tests/unit/unit.h"

#include "proxy/adapters/form.h"

static void names_and_values_are_percent_encoded(void **state)
{
    char mem[200];
    struct buf b = BUF_OF(mem);

    (void)state;
    px_form_u64(&b, "amount", 1099);
    px_form_put(&b, "metadata[gw_attempt]", SPAN("at0_01J9"));
    px_form_z(&b, "return_url", "https://shop.example/a b?x=1&y=~._-");
    assert_span(buf_span(&b),
                "amount=1099&metadata%5Bgw_attempt%5D=at0_01J9&return_url=https%3A%2F%"
                "2Fshop.example%2Fa%20b%3Fx%3D1%26y%3D~._-");
}

static void bytes_outside_ascii_are_two_digits_each(void **state)
{
    char mem[64];
    struct buf b = BUF_OF(mem);

    (void)state;
    px_form_put(&b, "n", SPAN("M\xC3\xBCller\x00+\xFF"));
    assert_span(buf_span(&b), "n=M%C3%BCller%00%2B%FF");
}

/* "a]=1&amount" as somebody's metadata name must stay a name. */
static void a_strange_key_can_not_become_a_parameter(void **state)
{
    char mem[128];
    struct buf b = BUF_OF(mem);

    (void)state;
    px_form_in(&b, "metadata", SPAN("a]=1&amount"), SPAN("2"));
    px_form_in(&b, "metadata", SPAN("b[c]"), SPAN(""));
    assert_span(buf_span(&b), "metadata%5Ba%255D%3D1%26amount%5D=2&metadata%5Bb%255Bc%255D%5D=");
}

static void what_does_not_fit_is_told(void **state)
{
    char mem[8];
    struct buf b = BUF_OF(mem);

    (void)state;
    px_form_z(&b, "name", "value");
    assert_false(buf_ok(&b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_values_are_percent_encoded),
        cmocka_unit_test(bytes_outside_ascii_are_two_digits_each),
        cmocka_unit_test(a_strange_key_can_not_become_a_parameter),
        cmocka_unit_test(what_does_not_fit_is_told),
    };

    return cmocka_run_group_tests_name("form", tests, NULL, NULL);
}
