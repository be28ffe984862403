/* tests/unit/test_journal_kill.c -- kill -9 in the middle of work: what was answered is there.
 *
 * An argument gives the number of rounds. */
#include "tests/unit/unit.h"

#include <poll.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/journal_client.h"

enum { FEW = 6 };

static char directory[64], path[96];
static unsigned rounds = FEW;

static int64_t now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void open_client(struct client *c)
{
    struct diag why = { 0 };

    if (client_open(c, &why) != OK)
        fail_msg("%s", why.text);
}

static int64_t sql_int(sqlite3 *db, const char *text)
{
    sqlite3_stmt *st = NULL;
    int64_t n;

    assert_int_equal(sqlite3_prepare_v2(db, text, -1, &st, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(st), SQLITE_ROW);
    n = sqlite3_column_int64(st, 0);
    sqlite3_finalize(st);
    return n;
}

static void assert_sound(void)
{
    sqlite3 *db;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sql_int(db, "SELECT count(*) FROM pragma_integrity_check WHERE "
                                 "integrity_check <> 'ok'"),
                     0);
    assert_int_equal(sql_int(db, "SELECT count(*) - count(DISTINCT merchant || ' ' || key) FROM "
                                 "record"),
                     0);
    assert_int_equal(sql_int(db, "SELECT count(*) FROM record WHERE standing = 'settled' AND no "
                                 "NOT IN (SELECT record FROM answer)"),
                     0);
    sqlite3_close(db);
}

struct told {
    char id[PX_ID];
    bool settled;
};

/* The child: payments as fast as they go, and every answer told through the pipe at once. */
static void work_until_killed(unsigned round, int pipe)
{
    enum { FLIGHTS = 32 };
    static struct call k[FLIGHTS];
    struct client c = { .path = path, .keys_in_memory = 64 };
    unsigned n = 0;
    char key[24];

    c.ids = round * 1000000;
    open_client(&c);
    for (;;) {
        for (unsigned i = 0; i < FLIGHTS; i++) {
            snprintf(key, sizeof key, "r%u-%u", round, n++);
            say_payment(&c, &k[i], key, 1000);
            call_send(&c, &k[i]);
        }
        for (unsigned i = 0; i < FLIGHTS; i++) {
            struct told t = { .settled = false };
            struct px_record r;

            CHECK(call_wait(&c, &k[i]) == PX_SAID_OURS);
            r = k[i].l.record;
            memcpy(t.id, r.id, sizeof t.id);
            CHECK(write(pipe, &t, sizeof t) == sizeof t);
            call_fini(&k[i]);
            say_settle(&c, &k[i], &r, PX_SETTLED, RT_APPROVED, RT_STATE_CAPTURED);
            call_send(&c, &k[i]);
        }
        for (unsigned i = 0; i < FLIGHTS; i++) {
            struct told t = { .settled = true };

            CHECK(call_wait(&c, &k[i]) == PX_SAID_OK);
            memcpy(t.id, k[i].l.record.id, sizeof t.id);
            CHECK(write(pipe, &t, sizeof t) == sizeof t);
            call_fini(&k[i]);
        }
    }
}

/* What the child tells in the time it has. */
static struct told *listen_to(int pipe, int64_t until_us, size_t *n)
{
    static struct told told[1 << 20];
    char *at = (char *)told, *end = (char *)(told + sizeof told / sizeof told[0]);

    while (now_us() < until_us) {
        struct pollfd p = { .fd = pipe, .events = POLLIN };
        ssize_t got;

        if (poll(&p, 1, (int)((until_us - now_us()) / 1000) + 1) <= 0 || at == end)
            continue;
        got = read(pipe, at, (size_t)(end - at));
        if (got > 0)
            at += got;
    }
    *n = (size_t)(at - (char *)told) / sizeof *told; /* one told in part is not counted */
    return told;
}

static void check_told(struct client *c, const struct told *told, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct px_record r = load(c, told[i].id); /* aborts when it is not there */

        if (told[i].settled) {
            assert_int_equal(r.standing, PX_SETTLED);
            assert_int_equal(r.captured, 1000);
        }
    }
}

/* Long rounds are long enough for the log to be folded in the middle. */
static int64_t time_us(unsigned round)
{
    return rounds == FEW ? 25000 + round * 7919 % 40000 : 25000 + round * 7919 % 700000;
}

static pid_t start_child(unsigned round, int *out)
{
    int fd[2];
    pid_t child;

    assert_int_equal(pipe(fd), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(fd[0]);
        work_until_killed(round, fd[1]);
        _exit(1);
    }
    close(fd[1]);
    *out = fd[0];
    return child;
}

static void whatever_was_answered_survives_kill_9(void **state)
{
    size_t n, all = 0;

    (void)state;
    for (unsigned round = 1; round <= rounds; round++) {
        struct client c = { .path = path, .keys_in_memory = 64 };
        struct told *told;
        int from, status;
        pid_t child = start_child(round, &from);

        told = listen_to(from, now_us() + time_us(round), &n);
        assert_int_equal(kill(child, SIGKILL), 0);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        close(from);
        open_client(&c);
        check_told(&c, told, n);
        client_fini(&c);
        assert_sound();
        all += n;
    }
    assert_true(all > rounds);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_was_answered_survives_kill_9),
    };
    static const char *const ends[] = { "", "-wal", "-shm", ".lock" };
    char name[128];
    int failed;

    if (argc > 1)
        rounds = (unsigned)strtoul(argv[1], NULL, 10);
    snprintf(directory, sizeof directory, "/tmp/signalbox-journal-XXXXXX");
    if (mkdtemp(directory) == NULL)
        return 1;
    snprintf(path, sizeof path, "%s/journal.db", directory);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    for (unsigned i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        snprintf(name, sizeof name, "%s%s", path, ends[i]);
        (void)unlink(name);
    }
    (void)rmdir(directory);
    return failed;
}
