/* tests/unit/test_bundle.c -- texts come out as they went in, or not at all. */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "proxy/bundle.h"
#include "proxy/clock.h"

static const struct px_bundle two = {
    .text = { { "checkout.route", 1764510000, { "policy \"A\"\ndefault use x\n", 25 } },
              { "lists/near by.csv", 0, { "end 1 \0\ntext 1 1 x\n", 18 } } },
    .texts = 2,
};

static enum err again(struct span bytes, struct px_bundle *out)
{
    struct diag why = { 0 };
    struct arena a;
    enum err e;

    arena_init(&a, NULL, 0, px_heap(), 1 << 20);
    e = px_bundle_read(bytes, &a, out, &why);
    assert_true(e == OK || e == E_LIMIT || why.text[0] != '\0');
    if (e == OK) {
        struct px_bundle *kept = out;

        for (unsigned i = 0; i < kept->texts; i++) {
            assert_string_equal(kept->text[i].name, two.text[i].name);
            kept->text[i].name = two.text[i].name; /* the arena goes */
        }
    }
    arena_fini(&a);
    return e;
}

static void texts_come_out_as_they_went_in(void **state)
{
    struct px_bundle out;
    struct diag why = { 0 };
    struct px_file file = { 0 };

    (void)state;
    assert_int_equal(px_bundle_write(&two, &file, &why), OK);
    assert_int_equal(again(file.text, &out), OK);
    assert_int_equal(out.texts, 2);
    for (unsigned i = 0; i < 2; i++) {
        assert_true(span_eq(out.text[i].text, two.text[i].text));
        assert_int_equal(out.text[i].changed_s, two.text[i].changed_s);
    }
    assert_ptr_equal(px_bundle_find(&out, "lists/near by.csv"), &out.text[1]);
    assert_null(px_bundle_find(&out, "near by.csv"));
    px_file_close(&file);
}

static void a_damaged_one_is_none(void **state)
{
    struct px_bundle out;
    struct diag why = { 0 };
    struct px_file file = { 0 };
    char *copy;

    (void)state;
    assert_int_equal(px_bundle_write(&two, &file, &why), OK);
    copy = malloc(file.text.n + 1);
    assert_non_null(copy);
    for (size_t n = 0; n < file.text.n; n++) /* cut off anywhere */
        assert_int_not_equal(again((struct span){ file.text.p, n }, &out), OK);
    for (size_t i = 0; i < file.text.n; i++) { /* changed anywhere */
        memcpy(copy, file.text.p, file.text.n);
        copy[i] ^= 1;
        assert_int_not_equal(again((struct span){ copy, file.text.n }, &out), OK);
    }
    memcpy(copy, file.text.p, file.text.n);
    copy[file.text.n] = '\n'; /* gone on with */
    assert_int_not_equal(again((struct span){ copy, file.text.n + 1 }, &out), OK);
    free(copy);
    px_file_close(&file);
}

static void what_can_not_be_said_is_not_written(void **state)
{
    static char name[PX_BUNDLE_NAME + 2];
    struct px_bundle b = { .texts = 0 };
    struct diag why = { 0 };
    struct px_file file = { 0 };

    (void)state;
    assert_int_equal(px_bundle_write(&b, &file, &why), E_SYNTAX);
    b = two;
    b.text[1].name = "a\nb";
    assert_int_equal(px_bundle_write(&b, &file, &why), E_SYNTAX);
    memset(name, 'n', sizeof name - 1);
    b.text[1].name = name;
    assert_int_equal(px_bundle_write(&b, &file, &why), E_SYNTAX);
    b.text[1].name = "b";
    b.text[1].text.n = PX_BUNDLE_BYTES;
    assert_int_equal(px_bundle_write(&b, &file, &why), E_LIMIT);
    assert_non_null(strstr(why.text, "more than 48 MiB"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_come_out_as_they_went_in),
        cmocka_unit_test(a_damaged_one_is_none),
        cmocka_unit_test(what_can_not_be_said_is_not_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
