/* Who is who, and what that allows. */
#include "proxy/role.h"
#include "tests/unit/unit.h"

static struct px_role_map map(void)
{
    static struct px_role_map m;

    memset(&m, 0, sizeof m);
    m.whom[PX_ROLE_VIEWER][0] = (struct px_who){ PX_WHO_GROUP, "support" };
    m.whom[PX_ROLE_VIEWER][1] = (struct px_who){ PX_WHO_USER, "ana" };
    m.whos[PX_ROLE_VIEWER] = 2;
    m.whom[PX_ROLE_OPERATOR][0] = (struct px_who){ PX_WHO_GROUP, "sre" };
    m.whos[PX_ROLE_OPERATOR] = 1;
    m.whom[PX_ROLE_ADMIN][0] = (struct px_who){ PX_WHO_CERT, "ana" };
    m.whos[PX_ROLE_ADMIN] = 1;
    return m;
}

static void nobody_is_anything_unless_named(void **state)
{
    struct px_role_map m = map();
    struct px_identity id = { .user = "eve" };

    (void)state;
    assert_int_equal(px_role_of(&m, &id), PX_ROLE_NONE);
    id.user = NULL;
    assert_int_equal(px_role_of(&m, &id), PX_ROLE_NONE);
    id.user = "ANA";
    assert_int_equal(px_role_of(&m, &id), PX_ROLE_NONE);
}

static void the_highest_line_counts(void **state)
{
    const char *groups[] = { "users", "support", "sre" };
    struct px_role_map m = map();
    struct px_identity id = { .user = "ana", .group = groups, .groups = 2 };

    (void)state;
    assert_int_equal(px_role_of(&m, &id), PX_ROLE_VIEWER);
    id.groups = 3;
    assert_int_equal(px_role_of(&m, &id), PX_ROLE_OPERATOR);
}

/* A user called like somebody's certificate, or the other way round, is not them. */
static void a_user_is_no_certificate(void **state)
{
    struct px_role_map m = map();
    struct px_identity user = { .user = "ana" }, cert = { .cert = "ana" }, sre = { .cert = "sre" };

    (void)state;
    assert_int_equal(px_role_of(&m, &user), PX_ROLE_VIEWER);
    assert_int_equal(px_role_of(&m, &cert), PX_ROLE_ADMIN);
    assert_int_equal(px_role_of(&m, &sre), PX_ROLE_NONE);
}

static void the_owner_is_admin(void **state)
{
    struct px_role_map m = { .whos = { 0 } };
    struct px_identity id = { .owner = true };

    (void)state;
    assert_int_equal(px_role_of(&m, &id), PX_ROLE_ADMIN);
}

static void whos_are_read(void **state)
{
    struct px_who w;

    (void)state;
    assert_true(px_who_parse("cert:Ana Example", &w));
    assert_int_equal(w.kind, PX_WHO_CERT);
    assert_string_equal(w.name, "Ana Example");
    assert_true(px_who_parse("group:sre", &w));
    assert_int_equal(w.kind, PX_WHO_GROUP);
    assert_false(px_who_parse("ana", &w));
    assert_false(px_who_parse("user:", &w));
    assert_false(px_who_parse("users:ana", &w));
    assert_false(px_who_parse("", &w));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_is_anything_unless_named),
        cmocka_unit_test(the_highest_line_counts),
        cmocka_unit_test(a_user_is_no_certificate),
        cmocka_unit_test(the_owner_is_admin),
        cmocka_unit_test(whos_are_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
