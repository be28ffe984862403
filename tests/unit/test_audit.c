/* The audit log: what was written is known to have been, and nothing else passes for it. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proxy/admin/audit.h"
#include "proxy/admin/chain.h"
#include "proxy/file.h"
#include "proxy/log.h"
#include "tests/unit/unit.h"

static const struct px_deed act = { .at_ms = 1795000000123,
                                    .actor = "ana",
                                    .role = "operator",
                                    .what = "provider.stop",
                                    .object = "stripe",
                                    .result = "done",
                                    .why = "timeouts, \"INC-4711\"",
                                    .details = { "{\"for_s\":1800}", 14 } };

static struct buf three_lines(char *room, size_t n)
{
    struct buf b = buf_over(room, n);
    struct px_chain c;

    px_chain_init(&c);
    for (int i = 0; i < 3; i++)
        assert_true(px_chain_add(&c, &act, &b));
    assert_int_equal(c.n, 3);
    return b;
}

/* The first line that is not good, 0 if all are. */
static unsigned first_broken(struct span text, enum px_link *how)
{
    struct px_chain c;
    struct span line;
    unsigned n = 0;

    px_chain_init(&c);
    while (text.n > 0 && span_cut(&text, '\n', &line)) {
        n++;
        if ((*how = px_chain_look(&c, line)) != PX_CHAIN_GOOD)
            return n;
    }
    return 0;
}

static void a_chain_of_its_own_lines_is_good(void **state)
{
    char room[8192];
    struct buf b = three_lines(room, sizeof room);
    enum px_link how;

    (void)state;
    assert_int_equal(first_broken(buf_span(&b), &how), 0);
    assert_non_null(strstr(buf_z(&b), "\"at\":\"2026-11-18T"));
}

static void every_changed_byte_is_found(void **state)
{
    char room[8192];
    struct buf b = three_lines(room, sizeof room);
    unsigned line = 1;
    enum px_link how;

    (void)state;
    for (size_t i = 0; i < b.n; i++) {
        char was = room[i];

        room[i] = was == '7' ? '8' : '7';
        assert_int_equal(first_broken(buf_span(&b), &how), line);
        room[i] = was;
        line += was == '\n';
    }
}

static void a_removed_line_is_found(void **state)
{
    char room[8192];
    struct buf b = three_lines(room, sizeof room);
    struct span rest = buf_span(&b), line;
    enum px_link how;

    (void)state;
    (void)span_cut(&rest, '\n', &line);
    assert_int_equal(first_broken(rest, &how), 1); /* the first is gone */
    assert_int_equal(how, PX_CHAIN_DETACHED);
    (void)span_cut(&rest, '\n', &line);
    memmove(room + line.n + 1, rest.p, rest.n); /* the second is gone */
    assert_int_equal(first_broken((struct span){ room, line.n + 1 + rest.n }, &how), 2);
}

static void too_much_is_not_written(void **state)
{
    char small[200], quotes[4096];
    struct buf b = BUF_OF(small);
    struct px_deed big = act;
    struct px_chain c;

    (void)state;
    px_chain_init(&c);
    assert_false(px_chain_add(&c, &act, &b));
    assert_int_equal(b.n, 0);
    assert_int_equal(c.n, 0);
    memset(quotes, '\x01', sizeof quotes - 1); /* six bytes each as JSON */
    quotes[sizeof quotes - 1] = '\0';
    big.why = big.actor = big.object = quotes;
    big.details = SPAN_NONE;
    assert_false(px_chain_add(&c, &big, &b));
    assert_int_equal(c.n, 0);
}

/* ---- the file ---- */

static char path[64];

static int fresh_path(void **state)
{
    (void)state;
    snprintf(path, sizeof path, "/tmp/sb-audit-%d.jsonl", (int)getpid());
    unlink(path);
    return 0;
}

static int remove_path(void **state)
{
    char torn[80];

    (void)state;
    unlink(path);
    snprintf(torn, sizeof torn, "%s.torn", path);
    unlink(torn);
    return 0;
}

static struct px_audit *opened(void)
{
    struct px_audit *a = NULL;
    struct diag why = { 0 };

    if (px_audit_open(path, &a, &why) != OK)
        fail_msg("%s", why.text);
    return a;
}

static void append(const char *text)
{
    FILE *f = fopen(path, "a");

    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static unsigned broken_in_file(enum px_link *how)
{
    struct px_file f;
    struct diag why;
    unsigned n;

    assert_int_equal(px_file_read(path, 1 << 20, &f, &why), OK);
    n = first_broken(f.text, how);
    px_file_close(&f);
    return n;
}

static void it_goes_on_after_a_restart(void **state)
{
    struct px_audit *a = opened();
    enum px_link how;
    struct stat s;

    (void)state;
    assert_int_equal(px_audit_write(a, &act), OK);
    px_audit_close(a);
    a = opened();
    assert_int_equal(px_audit_head(a)->n, 1);
    assert_int_equal(px_audit_write(a, &act), OK);
    assert_int_equal(px_audit_head(a)->n, 2);
    px_audit_close(a);
    assert_int_equal(broken_in_file(&how), 0);
    assert_int_equal(stat(path, &s), 0);
    assert_int_equal(s.st_mode & 0777, 0640);
}

static void a_torn_line_is_put_aside_and_told(void **state)
{
    struct px_audit *a = opened();
    enum px_link how;
    char torn[80];

    (void)state;
    assert_int_equal(px_audit_write(a, &act), OK);
    px_audit_close(a);
    append("{\"schema\":1,\"n\":2,\"at\":\"20");
    a = opened();
    assert_int_equal(px_audit_head(a)->n, 2); /* the second tells of it */
    px_audit_close(a);
    assert_int_equal(broken_in_file(&how), 0);
    snprintf(torn, sizeof torn, "%s.torn", path);
    assert_int_equal(access(torn, R_OK), 0);
}

static void a_broken_chain_goes_on_and_stays_broken(void **state)
{
    struct px_audit *a = opened();
    enum px_link how;

    (void)state;
    assert_int_equal(px_audit_write(a, &act), OK);
    px_audit_close(a);
    append("somebody was here\n");
    a = opened();
    assert_int_equal(px_audit_head(a)->n, 2); /* told */
    assert_int_equal(px_audit_write(a, &act), OK);
    px_audit_close(a);
    assert_int_equal(broken_in_file(&how), 2);
    assert_int_equal(how, PX_CHAIN_NO_LINE);
}

static void one_writer_a_file(void **state)
{
    struct px_audit *a = opened(), *second = NULL;
    struct diag why = { 0 };

    (void)state;
    assert_int_equal(px_audit_open(path, &second, &why), E_CONFLICT);
    px_audit_close(a);
}

static void no_audit_stops_nothing(void **state)
{
    (void)state;
    assert_int_equal(px_audit_write(NULL, &act), OK);
    assert_null(px_audit_head(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chain_of_its_own_lines_is_good),
        cmocka_unit_test(every_changed_byte_is_found),
        cmocka_unit_test(a_removed_line_is_found),
        cmocka_unit_test(too_much_is_not_written),
        cmocka_unit_test_setup_teardown(it_goes_on_after_a_restart, fresh_path, remove_path),
        cmocka_unit_test_setup_teardown(a_torn_line_is_put_aside_and_told, fresh_path, remove_path),
        cmocka_unit_test_setup_teardown(a_broken_chain_goes_on_and_stays_broken, fresh_path,
                                        remove_path),
        cmocka_unit_test_setup_teardown(one_writer_a_file, fresh_path, remove_path),
        cmocka_unit_test(no_audit_stops_nothing),
    };

    px_log_to(STDERR_FILENO, ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
