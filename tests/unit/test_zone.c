/* tests/unit/test_zone.c -- local time by the system's files, and by broken ones. */
#include "proxy/zone.h"

#include <stdalign.h>
#include <unistd.h>

#include "tests/unit/unit.h"

static alignas(max_align_t) char mem[256 * 1024];
static struct arena arena;

static struct arena *fresh(void)
{
    arena_init(&arena, mem, sizeof mem, NULL, sizeof mem);
    return &arena;
}

static void summer_time_comes_and_goes(void **state)
{
    struct px_zone z;

    (void)state;
    if (access("/usr/share/zoneinfo/Europe/Berlin", R_OK) != 0)
        skip();
    assert_true(px_zone_read("Europe/Berlin", fresh(), &z));
    assert_int_equal(px_zone_offset(&z, 1774745999), 3600); /* 2026-03-29 00:59:59 UTC */
    assert_int_equal(px_zone_offset(&z, 1774746000), 7200);
    assert_int_equal(px_zone_offset(&z, 1792889999), 7200); /* 2026-10-25 00:59:59 UTC */
    assert_int_equal(px_zone_offset(&z, 1792890000), 3600);
    assert_true(px_zone_read("Asia/Kolkata", fresh(), &z));
    assert_int_equal(px_zone_offset(&z, 1790000000), 19800);
    assert_true(px_zone_read("UTC", fresh(), &z));
    assert_int_equal(px_zone_offset(&z, 1790000000), 0);
}

static void other_names_are_no_zones(void **state)
{
    static const char *const wrong[] = {
        "Europe/Berln",           "../../../etc/passwd", "/etc/passwd", "Europe", "",
        "Europe/../Europe/Berlin"
    };
    struct px_zone z;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_false(px_zone_read(wrong[i], fresh(), &z));
}

/* Every file cut at every place: none is read past its end (the sanitizer looks). */
static void broken_files_are_refused(void **state)
{
    char file[44 + 6 + 44 + 9 * 2 + 6 + 8] = "TZif2";
    struct px_zone z;

    (void)state;
    file[39] = 1; /* one type */
    memcpy(file + 50, "TZif2", 5);
    file[50 + 35] = 2; /* two times */
    file[50 + 39] = 1;
    file[50 + 44 + 7] = 1;
    file[50 + 44 + 15] = 5;
    file[50 + 44 + 18 + 3] = 60; /* a minute */
    assert_true(px_zone_parse((struct span){ file, sizeof file - 8 }, fresh(), &z));
    assert_int_equal(px_zone_offset(&z, 7), 60);
    for (size_t n = 0; n < sizeof file - 8; n++)
        assert_false(px_zone_parse((struct span){ file, n }, fresh(), &z));
    memcpy(file + sizeof file - 8, "\nA,B,C\n", 7); /* summer time by a rule */
    assert_false(px_zone_parse((struct span){ file, sizeof file - 1 }, fresh(), &z));
    file[sizeof file - 8] = file[sizeof file - 7] = '\0';
    memset(file + sizeof file - 8, 0, 8);
    file[50 + 44 + 16] = 1; /* a type that there is not */
    assert_false(px_zone_parse((struct span){ file, sizeof file - 8 }, fresh(), &z));
    file[50 + 44 + 16] = 0;
    file[50 + 44 + 15] = 1; /* twice the same moment */
    assert_false(px_zone_parse((struct span){ file, sizeof file - 8 }, fresh(), &z));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(summer_time_comes_and_goes),
        cmocka_unit_test(other_names_are_no_zones),
        cmocka_unit_test(broken_files_are_refused),
    };

    return cmocka_run_group_tests_name("zone", tests, NULL, NULL);
}
