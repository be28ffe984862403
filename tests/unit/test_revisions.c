/* tests/unit/test_revisions.c -- what came into force is kept, and can be had again after a crash.
 */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proxy/clock.h"
#include "proxy/revisions.h"

static char dir[] = "/tmp/test_revisions_XXXXXX";

static struct px_bundle one(const char *text)
{
    struct px_bundle b = { .texts = 1 };

    b.text[0] = (struct px_bundle_text){ "a.route", 7, span_str(text) };
    return b;
}

static struct px_note note(uint64_t revision, const char *why)
{
    struct px_note n = { .at_ms = 1764510000000, .act = PX_ACT_APPLY, .sent = true };

    n.revision = revision;
    (void)snprintf(n.by, sizeof n.by, "ana");
    (void)snprintf(n.why, sizeof n.why, "%s", why);
    (void)snprintf(n.from, sizeof n.from, "rules/\"a\".route");
    return n;
}

static void empty_the_folder(void)
{
    assert_int_equal(system("rm -rf policies"), 0);
}

static struct px_revisions *opened(void)
{
    struct px_revisions *r;
    struct diag why = { 0 };

    if (px_revisions_open(".", &r, &why) != OK)
        fail_msg("%s", why.text);
    return r;
}

static void put(struct px_revisions *r, uint64_t revision, const char *text)
{
    struct px_bundle b = one(text);
    struct px_note n = note(revision, "because");
    struct diag why = { 0 };

    if (px_revisions_note(r, &n, &b, &why) != OK)
        fail_msg("%s", why.text);
}

static void is_kept(struct px_revisions *r, uint64_t revision, const char *text)
{
    struct px_file f = { .read_ = NULL };
    struct px_bundle b;
    struct diag why = { 0 };
    struct arena a;

    arena_init(&a, NULL, 0, px_heap(), 1 << 16);
    if (px_revisions_get(r, revision, &a, &f, &b, &why) != OK)
        fail_msg("%s", why.text);
    assert_int_equal(b.texts, 1);
    assert_span(b.text[0].text, text);
    px_file_close(&f);
    arena_fini(&a);
}

static void what_was_noted_is_there_after_a_restart(void **state)
{
    struct px_revisions *r;
    const struct px_note *n;
    struct stat s;

    (void)state;
    empty_the_folder();
    r = opened();
    assert_null(px_revisions_nth(r, 0));
    put(r, 0xa1, "first");
    put(r, 0xb2, "second");
    px_revisions_close(r);
    r = opened();
    n = px_revisions_nth(r, 0);
    assert_non_null(n);
    assert_int_equal(n->revision, 0xb2);
    assert_int_equal(n->at_ms, 1764510000000);
    assert_int_equal(n->act, PX_ACT_APPLY);
    assert_true(n->sent);
    assert_string_equal(n->by, "ana");
    assert_string_equal(n->why, "because");
    assert_string_equal(n->from, "rules/\"a\".route");
    assert_int_equal(px_revisions_nth(r, 1)->revision, 0xa1);
    assert_null(px_revisions_nth(r, 2));
    is_kept(r, 0xa1, "first");
    is_kept(r, 0xb2, "second");
    assert_int_equal(stat("policies", &s), 0);
    assert_int_equal(s.st_mode & 0777, 0750);
    px_revisions_close(r);
}

static void a_revision_is_found_by_its_first_digits(void **state)
{
    struct px_revisions *r;
    struct diag why = { 0 };
    uint64_t got = 0;

    (void)state;
    empty_the_folder();
    r = opened();
    put(r, 0x1234567890abcdef, "x");
    put(r, 0x1234500000000000, "y");
    put(r, 0x1234567890abcdef, "x");
    assert_int_equal(px_revisions_find(r, SPAN("123456"), &got, &why), OK);
    assert_int_equal(got, 0x1234567890abcdef);
    assert_int_equal(px_revisions_find(r, SPAN("1234567890abcdef"), &got, &why), OK);
    assert_int_equal(px_revisions_find(r, SPAN("12345"), &got, &why), E_CONFLICT);
    assert_int_equal(px_revisions_find(r, SPAN("ffff"), &got, &why), E_NOTFOUND);
    assert_string_equal(why.text, "no revision ffff was in force here");
    assert_int_equal(px_revisions_find(r, SPAN("123"), &got, &why), E_SYNTAX);
    assert_int_equal(px_revisions_find(r, SPAN("HEAD"), &got, &why), E_SYNTAX);
    assert_int_equal(px_revisions_find(r, SPAN("12345678901234567"), &got, &why), E_SYNTAX);
    px_revisions_close(r);
}

static void write_file(const char *path, const char *text, const char *mode)
{
    FILE *f = fopen(path, mode);

    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static void what_a_crash_left_does_no_harm(void **state)
{
    struct px_revisions *r;

    (void)state;
    empty_the_folder();
    r = opened();
    put(r, 0xa1, "first");
    px_revisions_close(r);
    write_file("policies/history.jsonl", "not ours\n{\"schema\":1,\"at_ms\":5,\"act\":\"app", "a");
    write_file("policies/00000000000000b2.bundle.a1b2c3", "signalbox-bundle 1\ntext", "w");
    r = opened();
    assert_int_equal(access("policies/00000000000000b2.bundle.a1b2c3", F_OK), -1);
    assert_int_equal(px_revisions_nth(r, 0)->revision, 0xa1);
    put(r, 0xc3, "third");
    write_file("policies/history.jsonl", "{\"schema\":1,\"at_ms\":6,\"act\":\"rol", "a");
    put(r, 0xd4, "fourth"); /* another process died in between */
    px_revisions_close(r);
    r = opened();
    assert_int_equal(px_revisions_nth(r, 0)->revision, 0xd4);
    assert_int_equal(px_revisions_nth(r, 1)->revision, 0xc3);
    assert_int_equal(px_revisions_nth(r, 2)->revision, 0xa1);
    assert_null(px_revisions_nth(r, 3));
    px_revisions_close(r);
}

static void damaged_texts_are_told_and_can_be_kept_anew(void **state)
{
    static const char path[] = "policies/00000000000000a1.bundle";
    struct px_file f = { .read_ = NULL };
    struct px_revisions *r;
    struct px_bundle b;
    struct diag why = { 0 };
    struct arena a;

    (void)state;
    empty_the_folder();
    arena_init(&a, NULL, 0, px_heap(), 1 << 16);
    r = opened();
    put(r, 0xa1, "first");
    assert_int_equal(truncate(path, 20), 0);
    assert_int_equal(px_revisions_get(r, 0xa1, &a, &f, &b, &why), E_SYNTAX);
    put(r, 0xa1, "first");
    is_kept(r, 0xa1, "first");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(px_revisions_get(r, 0xa1, &a, &f, &b, &why), E_NOTFOUND);
    assert_non_null(strstr(why.text, "00000000000000a1 are not kept any more"));
    assert_false(px_revisions_has(r, 0xa1));
    arena_fini(&a);
    px_revisions_close(r);
}

static void the_oldest_go_and_the_last_few_never(void **state)
{
    struct px_revisions *r;
    unsigned there = 0;

    (void)state;
    empty_the_folder();
    r = opened();
    for (uint64_t i = 1; i <= PX_REVISIONS_KEPT + 5; i++)
        put(r, i, "text");
    put(r, 7, "text"); /* rolled back to: it is new again */
    for (uint64_t i = 1; i <= PX_REVISIONS_KEPT + 5; i++)
        there += px_revisions_has(r, i);
    assert_int_equal(there, PX_REVISIONS_KEPT);
    assert_false(px_revisions_has(r, 1));
    assert_true(px_revisions_has(r, 7));
    assert_true(px_revisions_has(r, PX_REVISIONS_KEPT + 5));
    for (uint64_t i = 0; i < 3 * PX_REVISIONS_ALWAYS; i++) { /* huge ones, and sparse */
        char path[64];

        put(r, 1000 + i, "text");
        (void)snprintf(path, sizeof path, "policies/%016llx.bundle",
                       (unsigned long long)(1000 + i));
        assert_int_equal(truncate(path, PX_REVISIONS_BYTES / 2), 0);
    }
    put(r, 5000, "text");
    for (uint64_t i = 0, n = 0; i < 3 * PX_REVISIONS_ALWAYS; i++) {
        n += px_revisions_has(r, 1000 + i);
        if (i + 1 == 3 * PX_REVISIONS_ALWAYS)
            assert_int_equal(n, PX_REVISIONS_ALWAYS - 1);
    }
    assert_true(px_revisions_has(r, 5000));
    px_revisions_close(r);
}

static void a_store_that_can_not_be_written_says_why(void **state)
{
    struct px_bundle b = one("x");
    struct px_note n = note(0xa1, "w");
    struct px_revisions *r;
    struct diag why = { 0 };

    (void)state;
    assert_int_equal(px_revisions_open(NULL, &r, &why), E_IO);
    assert_non_null(strstr(why.text, "`state:`"));
    assert_int_equal(px_revisions_note(r, &n, &b, &why), E_IO);
    assert_non_null(strstr(why.text, "`state:`"));
    assert_null(px_revisions_nth(r, 0));
    px_revisions_close(r);

    empty_the_folder();
    write_file("policies", "", "w");
    assert_int_equal(px_revisions_open(".", &r, &why), E_IO);
    assert_non_null(strstr(why.text, "policies: Not a directory"));
    assert_int_equal(px_revisions_note(r, &n, &b, &why), E_IO);
    assert_int_equal(unlink("policies"), 0);
    assert_int_equal(px_revisions_note(r, &n, &b, &why), OK); /* mended meanwhile */
    is_kept(r, 0xa1, "x");
    px_revisions_close(r);
}

static void two_processes_see_each_others_acts(void **state)
{
    struct px_revisions *a, *b;

    (void)state;
    empty_the_folder();
    a = opened();
    b = opened();
    put(a, 0xa1, "x");
    put(b, 0xb2, "y");
    assert_int_equal(px_revisions_nth(b, 1)->revision, 0xa1);
    put(a, 0xc3, "z");
    assert_int_equal(px_revisions_nth(a, 1)->revision, 0xb2);
    assert_int_equal(px_revisions_nth(a, 2)->revision, 0xa1);
    assert_null(px_revisions_nth(a, 3));
    px_revisions_close(a);
    px_revisions_close(b);
}

static void writers_take_turns(void **state)
{
    struct px_bundle b = one("x");
    struct px_note n = note(0xa1, "w");
    struct px_revisions *r;
    struct diag why = { 0 };
    int fd;

    (void)state;
    empty_the_folder();
    r = opened();
    fd = open("policies/lock", O_RDWR);
    assert_true(fd >= 0 && flock(fd, LOCK_EX) == 0);
    assert_int_equal(px_revisions_note(r, &n, &b, &why), E_TIMEOUT);
    assert_non_null(strstr(why.text, "another process"));
    close(fd);
    assert_int_equal(px_revisions_note(r, &n, &b, &why), OK);
    px_revisions_close(r);
}

/* A writer is killed at moments of its own choosing; what the history names last is there. */
static void killed_at_any_moment_it_opens_again(void **state)
{
    char text[64];

    (void)state;
    empty_the_folder();
    for (unsigned round = 0; round < 30; round++) {
        pid_t child = fork();
        struct px_revisions *r;
        const struct px_note *n;

        if (child == 0) {
            r = opened();
            for (uint64_t i = round * 1000 + 1;; i++) {
                (void)snprintf(text, sizeof text, "policy %llu", (unsigned long long)i);
                put(r, i, text);
            }
        }
        assert_true(child > 0);
        (void)usleep(3000 + round * 377);
        assert_int_equal(kill(child, SIGKILL), 0);
        assert_int_equal(waitpid(child, NULL, 0), child);
        r = opened();
        n = px_revisions_nth(r, 0);
        for (unsigned i = 0; n != NULL && i < PX_REVISIONS_ALWAYS; i++) {
            (void)snprintf(text, sizeof text, "policy %llu", (unsigned long long)n->revision);
            is_kept(r, n->revision, text);
            n = px_revisions_nth(r, i + 1);
        }
        px_revisions_close(r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_noted_is_there_after_a_restart),
        cmocka_unit_test(a_revision_is_found_by_its_first_digits),
        cmocka_unit_test(what_a_crash_left_does_no_harm),
        cmocka_unit_test(damaged_texts_are_told_and_can_be_kept_anew),
        cmocka_unit_test(the_oldest_go_and_the_last_few_never),
        cmocka_unit_test(a_store_that_can_not_be_written_says_why),
        cmocka_unit_test(two_processes_see_each_others_acts),
        cmocka_unit_test(writers_take_turns),
        cmocka_unit_test(killed_at_any_moment_it_opens_again),
    };
    int failed;

    if (mkdtemp(dir) == NULL || chdir(dir) != 0)
        return 1;
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    if (system("rm -rf policies") != 0)
        return 1;
    return rmdir(dir) != 0 || failed;
}
