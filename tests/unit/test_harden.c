/* tests/unit/test_harden.c */
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proxy/harden.h"

static void a_hardened_process_leaves_no_core(void **state)
{
    struct rlimit core = { 1, 1 };

    (void)state;
    px_harden();
    assert_int_equal(getrlimit(RLIMIT_CORE, &core), 0);
    assert_int_equal(core.rlim_cur, 0);
    assert_int_equal(core.rlim_max, 0);
    assert_int_equal(prctl(PR_GET_DUMPABLE), PX_DUMPABLE);
}

static void its_files_are_its_own(void **state)
{
    (void)state;
    px_harden();
    assert_int_equal(umask(022), 077);
}

/* A journal that may not grow says so; the gateway lives on and answers 503. */
static void a_file_at_its_limit_is_an_error_and_no_death(void **state)
{
    struct rlimit before;
    FILE *f = tmpfile();

    (void)state;
    px_harden();
    assert_non_null(f);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &(struct rlimit){ 0, before.rlim_max }), 0);
    errno = 0;
    assert_int_equal(write(fileno(f), "x", 1), -1);
    assert_int_equal(errno, EFBIG);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    (void)fclose(f);
}

static void a_closed_pipe_is_an_error_and_no_death(void **state)
{
    int fd[2];

    (void)state;
    px_harden();
    assert_int_equal(pipe(fd), 0);
    assert_int_equal(close(fd[0]), 0);
    assert_int_equal(write(fd[1], "x", 1), -1);
    assert_int_equal(errno, EPIPE);
    assert_int_equal(close(fd[1]), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hardened_process_leaves_no_core),
        cmocka_unit_test(its_files_are_its_own),
        cmocka_unit_test(a_file_at_its_limit_is_an_error_and_no_death),
        cmocka_unit_test(a_closed_pipe_is_an_error_and_no_death),
    };

    return cmocka_run_group_tests_name("harden", tests, NULL, NULL);
}
