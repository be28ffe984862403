/* tests/unit/test_near.c */
#include "tests/unit/unit.h"

#include "proxy/near.h"

static void distance_counts_edits(void **state)
{
    static const struct {
        const char *a, *b;
        unsigned edits;
    } known[] = {
        { "", "", 0 },
        { "a", "", 1 },
        { "", "abc", 3 },
        { "adress", "address", 1 },
        { "ADDRESS", "address", 0 },
        { "wrokers", "workers", 1 },
        { "kitten", "sitting", 3 },
        { "ab", "ba", 1 },
        { "timeout", "timeouts", 1 },
    };
    char a[100];

    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        assert_int_equal(px_near_distance(known[i].a, known[i].b), known[i].edits);
        assert_int_equal(px_near_distance(known[i].b, known[i].a), known[i].edits);
    }
    memset(a, 'a', sizeof a - 1);
    a[sizeof a - 1] = '\0';
    assert_int_equal(px_near_distance(a, "a"), PX_NEAR_FAR);
    a[63] = '\0';
    assert_int_equal(px_near_distance(a, "a"), 62);
}

static void near_names_the_nearest_or_nobody(void **state)
{
    static const char *const words[] = { "address", NULL, "tls", "timeouts", "time" };

    (void)state;
    assert_string_equal(px_near("adress", words, 5), "address");
    assert_string_equal(px_near("timeout", words, 5), "timeouts");
    assert_string_equal(px_near("tsl", words, 5), "tls");
    assert_null(px_near("abc", words, 5)); /* three letters: one edit at most */
    assert_null(px_near("certificate", words, 5));
    assert_null(px_near("x", words, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(distance_counts_edits),
        cmocka_unit_test(near_names_the_nearest_or_nobody),
    };

    return cmocka_run_group_tests_name("near", tests, NULL, NULL);
}
