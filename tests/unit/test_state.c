/* tests/unit/test_state.c -- the folder is there and can be written, or it is said why not. */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proxy/state.h"

static char dir[] = "/tmp/test_state_XXXXXX";

static void a_folder_is_made_for_us_alone(void **state)
{
    struct diag why = { 0 };
    struct stat s;

    (void)state;
    (void)umask(0);
    assert_int_equal(px_state_open("one", &why), OK);
    assert_int_equal(px_state_open("one", &why), OK);
    assert_int_equal(stat("one", &s), 0);
    assert_int_equal(s.st_mode & 07777, 0750);
    assert_int_equal(px_state_folder("one", "two", &why), OK);
    assert_int_equal(stat("one/two", &s), 0);
    assert_int_equal(rmdir("one/two") | rmdir("one"), 0); /* nothing was left in them */
}

static void what_can_not_be_written_is_told(void **state)
{
    struct diag why = { 0 };
    int fd = open("file", O_CREAT | O_WRONLY, 0600);

    (void)state;
    assert_true(fd >= 0 && close(fd) == 0);
    assert_int_equal(px_state_open("file", &why), E_IO);
    assert_non_null(strstr(why.text, "can not keep state in file: Not a directory"));
    assert_int_equal(px_state_open("no/where", &why), E_IO);
    assert_non_null(strstr(why.text, "No such file or directory"));
    assert_non_null(strstr(why.help, "`state:`"));
    if (geteuid() == 0) /* to whom nothing is forbidden */
        return;
    assert_int_equal(mkdir("closed", 0500), 0);
    assert_int_equal(px_state_open("closed", &why), E_IO);
    assert_non_null(strstr(why.text, "Permission denied"));
    assert_int_equal(rmdir("closed"), 0);
}

static void paths_are_whole_or_none(void **state)
{
    static char name[PX_STATE_PATH];
    char path[PX_STATE_PATH];
    struct diag why = { 0 };

    (void)state;
    assert_true(px_state_path("a", "b", path));
    assert_string_equal(path, "a/b");
    assert_false(px_state_path(NULL, "b", path));
    assert_string_equal(path, "");
    memset(name, 'n', sizeof name - 1);
    assert_false(px_state_path("a", name, path));
    assert_string_equal(path, "");
    assert_int_equal(px_state_folder("a", name, &why), E_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_folder_is_made_for_us_alone),
        cmocka_unit_test(what_can_not_be_written_is_told),
        cmocka_unit_test(paths_are_whole_or_none),
    };
    char end[64];
    int failed;

    if (mkdtemp(dir) == NULL || chdir(dir) != 0)
        return 1;
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    (void)snprintf(end, sizeof end, "%s/file", dir);
    (void)unlink(end);
    return rmdir(dir) != 0 || failed;
}
