/* tests/unit/test_geo.c -- addresses to countries, by a database of our own making. */
#include "proxy/geo.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/lib/mmdb.h"
#include "tests/unit/unit.h"

static char path[] = "/tmp/signalbox-geo-XXXXXX";

static int begin(void **state)
{
    int fd = mkstemp(path);

    (void)state;
    return fd < 0 ? -1 : close(fd);
}

static int end(void **state)
{
    (void)state;
    return unlink(path);
}

static void the_narrowest_network_answers(void **state)
{
    static const struct mmdb_net nets[] = {
        { "192.0.2.0/24", "DE" },
        { "192.0.2.128/25", "FR" },
        { "2001:db8::/32", "SE" },
        { "198.51.100.7/32", "GB" },
    };
    static const struct {
        const char *ip, *country;
    } known[] = {
        { "192.0.2.1", "DE" },    { "192.0.2.200", "FR" },      { "192.0.3.1", "" },
        { "198.51.100.7", "GB" }, { "198.51.100.8", "" },       { "2001:db8::1", "SE" },
        { "2001:db9::1", "" },    { "::ffff:192.0.2.1", "DE" }, { "", "" },
        { "192.0.2", "" },        { "localhost", "" },          { "1.2.3.4.5.6.7.8.9.0", "" },
    };
    struct diag why = { 0 };
    struct px_geo *g;
    char two[3];

    (void)state;
    assert_true(mmdb_write(path, nets, sizeof nets / sizeof nets[0]));
    assert_int_equal(px_geo_open(path, &g, &why), OK);
    assert_true(px_geo_built(g) > 0);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        assert_string_equal(rt_country_code(px_geo_country(g, span_str(known[i].ip)), two),
                            known[i].country);
    px_geo_close(g);
}

static void what_is_no_database_is_told(void **state)
{
    struct diag why = { 0 };
    struct px_geo *g;
    FILE *f = fopen(path, "w");

    (void)state;
    assert_true(f != NULL && fputs("no database\n", f) >= 0 && fclose(f) == 0);
    assert_int_equal(px_geo_open(path, &g, &why), E_SYNTAX);
    assert_true(why.text[0] != '\0');
    assert_int_equal(px_geo_open("/nowhere/x.mmdb", &g, &why), E_IO);
    px_geo_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_narrowest_network_answers),
        cmocka_unit_test(what_is_no_database_is_told),
    };

    return cmocka_run_group_tests_name("geo", tests, begin, end);
}
