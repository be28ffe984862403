/* tests/unit/test_journal_file.c -- what only a file can show: restarts, other processes, full
 * disks, foreign hands. */
#include "tests/unit/unit.h"

#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/journal_client.h"

static char directory[64], path[96];

#define assert_said(said, expected)                                                                \
    assert_string_equal(px_said_name(said), px_said_name(PX_SAID_##expected))

static void sweep(void)
{
    static const char *const ends[] = { "", "-wal", "-shm", ".lock", ".away", ".link" };
    char name[128];

    for (unsigned i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        snprintf(name, sizeof name, "%s%s", path, ends[i]);
        (void)unlink(name);
    }
}

static void open_client(struct client *c)
{
    struct diag why = { 0 };

    if (client_open(c, &why) != OK)
        fail_msg("%s", why.text);
}

static void reopen(struct client *c)
{
    client_close(c);
    open_client(c);
}

/* A second connection, as an operator's sqlite3. */
static sqlite3 *sqlite_on(const char *file)
{
    sqlite3 *db = NULL;

    assert_int_equal(sqlite3_open_v2(file, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    return db;
}

static void sql(sqlite3 *db, const char *text)
{
    char *why = NULL;

    if (sqlite3_exec(db, text, NULL, NULL, &why) != SQLITE_OK)
        fail_msg("%s: %s", text, why);
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

static void assert_sql_text(sqlite3 *db, const char *text, const char *expected)
{
    sqlite3_stmt *st = NULL;

    assert_int_equal(sqlite3_prepare_v2(db, text, -1, &st, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(st), SQLITE_ROW);
    assert_string_equal((const char *)sqlite3_column_text(st, 0), expected);
    sqlite3_finalize(st);
}

static void assert_sound(void)
{
    sqlite3 *db = sqlite_on(path);

    assert_sql_text(db, "PRAGMA integrity_check", "ok");
    assert_int_equal(sql_int(db, "SELECT count(*) - count(DISTINCT merchant || ' ' || key) FROM "
                                 "record"),
                     0);
    assert_int_equal(sql_int(db, "SELECT count(*) FROM record r, key_state WHERE no <= indexed_to "
                                 "AND NOT EXISTS (SELECT 1 FROM key_index WHERE record = no)"),
                     0);
    sqlite3_close(db);
}

/* ---- whose file it is ---- */

static unsigned mode_of(const char *end)
{
    char name[128];
    struct stat st;

    snprintf(name, sizeof name, "%s%s", path, end);
    assert_int_equal(stat(name, &st), 0);
    return st.st_mode & 0777;
}

static void the_file_is_its_owners_alone(void **state)
{
    struct client c = { .path = path };
    mode_t before = umask(0);

    (void)state;
    open_client(&c);
    begin_payment(&c, "k1", 1000, NULL);
    assert_int_equal(mode_of(""), 0600);
    assert_int_equal(mode_of("-wal"), 0600);
    assert_int_equal(mode_of("-shm"), 0600);
    client_close(&c);
    assert_int_equal(chmod(path, 0644), 0);
    open_client(&c);
    assert_int_equal(mode_of(""), 0600);
    client_fini(&c);
    umask(before);
}

static void one_process_per_file(void **state)
{
    struct client c = { .path = path }, other = { .path = path };
    struct diag why = { 0 };
    char link[128];

    (void)state;
    open_client(&c);
    assert_int_equal(client_open(&other, &why), E_CONFLICT);
    assert_non_null(strstr(why.text, "is in use by another process (pid "));
    assert_true(why.help[0] != '\0');
    snprintf(link, sizeof link, "%s.link", path);
    assert_int_equal(symlink(path, link), 0);
    other.path = link;
    assert_int_equal(client_open(&other, &why), E_CONFLICT);
    assert_said(begin_payment(&c, "k1", 1000, NULL), OURS); /* and the first one works on */
    client_close(&c);
    assert_int_equal(client_open(&other, &why), OK);
    client_fini(&other);
    client_fini(&c);
}

static void a_path_that_can_not_be_is_told(void **state)
{
    struct client c = { .path = "/no/such/directory/journal.db" };
    struct diag why = { 0 };

    (void)state;
    assert_int_equal(client_open(&c, &why), E_IO);
    assert_non_null(strstr(why.text, "No such file or directory"));
    c.path = directory;
    assert_int_equal(client_open(&c, &why), E_CONFLICT);
    assert_non_null(strstr(why.text, "is not a file"));
    client_fini(&c);
}

static void another_programs_file_is_left_alone(void **state)
{
    struct client c = { .path = path };
    struct diag why = { 0 };
    sqlite3 *db;
    FILE *f;

    (void)state;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    sql(db, "CREATE TABLE recipes (cake TEXT)");
    sqlite3_close(db);
    assert_int_equal(client_open(&c, &why), E_CONFLICT);
    assert_non_null(strstr(why.text, "another program"));
    sweep();
    f = fopen(path, "w");
    assert_non_null(f);
    for (int i = 0; i < 1000; i++)
        fputs("this is no database\n", f);
    fclose(f);
    assert_int_not_equal(client_open(&c, &why), OK);
    assert_non_null(strstr(why.text, path));
    client_fini(&c);
}

static void a_newer_version_is_refused(void **state)
{
    struct client c = { .path = path };
    struct diag why = { 0 };
    struct call k;
    sqlite3 *db;

    (void)state;
    open_client(&c);
    client_close(&c);
    db = sqlite_on(path);
    assert_int_equal(sql_int(db, "PRAGMA user_version"), 2);
    assert_int_equal(sql_int(db, "SELECT max(version) FROM migration"), 2);
    sql(db, "PRAGMA user_version = 99");
    sqlite3_close(db);
    assert_int_equal(client_open(&c, &why), E_CONFLICT);
    assert_non_null(strstr(why.text, "newer signalbox (journal version 99; this one knows 2)"));
    say_id(&c, &k, PX_CALL_LOAD, "x");
    assert_int_equal(px_journal_read(path, &k.l, &why), E_CONFLICT);
    call_fini(&k);
    client_fini(&c);
}

/* ---- after a restart ---- */

static void what_was_promised_outlives_its_process(void **state)
{
    struct client c = { .path = path };
    struct px_record open, parked, done, found;
    struct call k;

    (void)state;
    open_client(&c);
    begin_payment(&c, "open", 1000, &open);
    begin_payment(&c, "parked", 1000, &parked);
    settle(&c, &parked, PX_PENDING, RT_UNKNOWN, RT_STATE_IN_DOUBT);
    begin_payment(&c, "done", 1000, &done);
    settle(&c, &done, PX_SETTLED, RT_APPROVED, RT_STATE_CAPTURED);
    reopen(&c);
    call_init(&c, &k, PX_CALL_UNRESOLVED);
    assert_said(call_now(&c, &k), OK);
    assert_int_equal(k.l.lists, 2);
    assert_string_equal(k.l.list[0].id, open.id);
    assert_false(k.l.list[0].owned);
    assert_string_equal(k.l.list[1].id, parked.id);
    call_fini(&k);
    assert_said(begin_payment(&c, "open", 1000, &found), RESUMED);
    assert_int_equal(found.fence, 2);
    assert_said(settle(&c, &open, PX_SETTLED, RT_DECLINED, RT_STATE_DECLINED), FENCED);
    assert_said(claim(&c, parked.id, &found), RESUMED);
    say_payment(&c, &k, "done", 1000);
    assert_said(call_now(&c, &k), DONE);
    assert_span(k.l.record.answer, "{\"status\":\"told\"}");
    assert_int_equal(k.l.record.captured, 1000);
    call_fini(&k);
    client_fini(&c);
    assert_sound();
}

/* The same fence number in another life is another owner. */
static void a_number_of_an_earlier_life_is_worth_nothing(void **state)
{
    struct client c = { .path = path };
    struct px_record r;

    (void)state;
    open_client(&c);
    begin_payment(&c, "k1", 1000, &r);
    reopen(&c);
    assert_said(settle(&c, &r, PX_SETTLED, RT_APPROVED, RT_STATE_AUTHORIZED), FENCED);
    client_fini(&c);
}

static void keys_are_found_wherever_they_are_kept(void **state)
{
    enum { KEYS = 600 };
    struct client c = { .path = path, .keys_in_memory = 16 };
    struct px_record r;
    char key[16], id[KEYS][PX_ID];
    sqlite3 *db;

    (void)state;
    open_client(&c);
    for (unsigned i = 0; i < KEYS; i++) {
        snprintf(key, sizeof key, "k%u", i);
        assert_said(begin_payment(&c, key, 1000, &r), OURS);
        memcpy(id[i], r.id, PX_ID);
        if (i % 97 == 0)
            reopen(&c);
    }
    for (unsigned i = 0; i < KEYS; i++) {
        snprintf(key, sizeof key, "k%u", i);
        if (i <= 582) /* the last restart came after this one */
            assert_said(begin_payment(&c, key, 1000, &r), RESUMED);
        else
            assert_said(begin_payment(&c, key, 1000, &r), TAKEN);
        assert_string_equal(r.id, id[i]);
    }
    client_fini(&c);
    assert_sound();
    db = sqlite_on(path);
    assert_true(sql_int(db, "SELECT indexed_to FROM key_state") > KEYS - 64);
    sqlite3_close(db);
}

/* Whatever memory had of a transaction that did not last, it has no more. */
static void keys_of_a_failed_transaction_are_forgotten(void **state)
{
    struct client c = { .path = path, .keys_in_memory = 16 };
    char key[16];
    sqlite3 *db;

    (void)state;
    open_client(&c);
    db = sqlite_on(path);
    for (unsigned i = 0; i < 200; i++) {
        snprintf(key, sizeof key, "k%u", i);
        if (i % 100 == 7) {
            sql(db, "BEGIN IMMEDIATE");
            assert_said(begin_payment(&c, key, 1000, NULL), DOWN);
            sql(db, "ROLLBACK");
        }
        assert_said(begin_payment(&c, key, 1000, NULL), OURS);
    }
    sqlite3_close(db);
    client_fini(&c);
    assert_sound();
}

/* ---- foreign hands ---- */

static void a_reader_disturbs_nobody(void **state)
{
    struct client c = { .path = path };
    struct px_record r;
    sqlite3 *db;

    (void)state;
    open_client(&c);
    begin_payment(&c, "k1", 1000, NULL);
    db = sqlite_on(path);
    sql(db, "BEGIN");
    assert_int_equal(sql_int(db, "SELECT count(*) FROM record"), 1);
    assert_said(begin_payment(&c, "k2", 1000, &r), OURS);
    assert_said(settle(&c, &r, PX_SETTLED, RT_APPROVED, RT_STATE_AUTHORIZED), OK);
    assert_int_equal(sql_int(db, "SELECT count(*) FROM record"), 1);
    sql(db, "COMMIT");
    assert_int_equal(sql_int(db, "SELECT count(*) FROM record"), 2);
    sqlite3_close(db);
    client_fini(&c);
}

static void a_foreign_writer_is_waited_for_and_then_everybody_is_told(void **state)
{
    struct client c = { .path = path };
    struct px_journal_counts n;
    struct call k[8];
    sqlite3 *db;

    (void)state;
    open_client(&c);
    db = sqlite_on(path);
    sql(db, "BEGIN IMMEDIATE");
    for (unsigned i = 0; i < 8; i++) {
        say_payment(&c, &k[i], "k1", 1000);
        snprintf(k[i].l.record.key, PX_NAME, "k%u", i);
        call_send(&c, &k[i]);
    }
    for (unsigned i = 0; i < 8; i++) {
        assert_said(call_wait(&c, &k[i]), DOWN);
        call_fini(&k[i]);
    }
    px_journal_count(c.journal, &n);
    assert_true(n.down);
    assert_true(n.failures > 0);
    sql(db, "ROLLBACK");
    assert_said(begin_payment(&c, "k1", 1000, NULL), OURS);
    px_journal_count(c.journal, &n);
    assert_false(n.down);
    assert_int_equal(sql_int(db, "SELECT count(*) FROM record"), 1);
    sqlite3_close(db);
    client_fini(&c);
}

static void a_file_that_was_moved_away_takes_no_promises(void **state)
{
    struct client c = { .path = path };
    char away[128];

    (void)state;
    open_client(&c);
    begin_payment(&c, "k1", 1000, NULL);
    snprintf(away, sizeof away, "%s.away", path);
    assert_int_equal(rename(path, away), 0);
    assert_said(begin_payment(&c, "k2", 1000, NULL), DOWN);
    assert_int_equal(rename(away, path), 0);
    assert_said(begin_payment(&c, "k2", 1000, NULL), OURS);
    client_fini(&c);
}

/* ---- a full disk ---- */

static void limit_files_to(rlim_t bytes)
{
    struct rlimit l;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &l), 0);
    l.rlim_cur = bytes < l.rlim_max ? bytes : l.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &l), 0);
}

static void a_full_disk_is_down_until_there_is_room(void **state)
{
    struct client c = { .path = path };
    struct px_record r = { 0 }, done;
    enum px_said said = PX_SAID_OURS;
    struct call k[4];
    char key[16];
    unsigned i;

    (void)state;
    open_client(&c);
    begin_payment(&c, "done", 1000, &done);
    limit_files_to(512 * 1024);
    for (i = 0; i < 1000 && said == PX_SAID_OURS; i++) {
        snprintf(key, sizeof key, "k%u", i);
        said = begin_payment(&c, key, 1000, &r);
    }
    assert_said(said, DOWN);
    assert_true(i > 10);
    assert_said(settle(&c, &done, PX_SETTLED, RT_APPROVED, RT_STATE_AUTHORIZED), DOWN);
    for (i = 0; i < 4; i++) {
        say_payment(&c, &k[i], "k", 1000);
        snprintf(k[i].l.record.key, PX_NAME, "together-%u", i);
        call_send(&c, &k[i]);
    }
    for (i = 0; i < 4; i++) {
        assert_said(call_wait(&c, &k[i]), DOWN);
        call_fini(&k[i]);
    }
    assert_int_equal(load(&c, done.id).standing, PX_OPEN); /* reading goes on */
    limit_files_to(RLIM_INFINITY);
    assert_said(begin_payment(&c, key, 1000, &r), OURS);
    assert_said(begin_payment(&c, "together-2", 1000, NULL), OURS); /* nothing was half told */
    assert_said(settle(&c, &done, PX_SETTLED, RT_APPROVED, RT_STATE_AUTHORIZED), OK);
    client_fini(&c);
    assert_sound();
}

/* ---- the log ---- */

static void the_log_is_folded_again_and_again(void **state)
{
    enum { FLIGHTS = 24, PAYMENTS = 2500 };
    static struct call k[FLIGHTS];
    struct client c = { .path = path };
    char key[16], name[128];
    unsigned begun = 0;
    struct stat st;

    (void)state;
    open_client(&c);
    while (begun < PAYMENTS) {
        for (unsigned i = 0; i < FLIGHTS; i++) {
            snprintf(key, sizeof key, "k%u", begun++);
            say_payment(&c, &k[i], key, 1000);
            call_send(&c, &k[i]);
        }
        for (unsigned i = 0; i < FLIGHTS; i++) {
            assert_said(call_wait(&c, &k[i]), OURS);
            call_fini(&k[i]);
        }
        for (unsigned i = 0; i < FLIGHTS; i++) {
            const struct px_record r = k[i].l.record;

            say_settle(&c, &k[i], &r, PX_SETTLED, RT_APPROVED, RT_STATE_AUTHORIZED);
            call_send(&c, &k[i]);
        }
        for (unsigned i = 0; i < FLIGHTS; i++) {
            assert_said(call_wait(&c, &k[i]), OK);
            call_fini(&k[i]);
        }
    }
    snprintf(name, sizeof name, "%s-wal", path);
    assert_int_equal(stat(name, &st), 0);
    assert_true(st.st_size < 24 << 20);
    assert_int_equal(stat(path, &st), 0);
    assert_true(st.st_size > 512 * 1024); /* it arrived */
    client_fini(&c);
    assert_sound();
}

/* ---- reading beside ---- */

static void read_beside(struct client *c, struct call *k, enum px_call call, const char *id,
                        enum err expected)
{
    struct diag why = { 0 };

    say_id(c, k, call, id);
    if (px_journal_read(path, &k->l, &why) != expected)
        fail_msg("%s", why.text);
}

static void commands_read_beside_a_running_gateway(void **state)
{
    struct client c = { .path = path, .keys_in_memory = 16 };
    struct px_record r, old;
    struct diag why = { 0 };
    struct call k;
    char key[16];

    (void)state;
    call_init(&c, &k, PX_CALL_UNRESOLVED);
    assert_int_equal(px_journal_read(path, &k.l, &why), E_NOTFOUND);
    call_fini(&k);
    open_client(&c);
    begin_payment(&c, "old", 1000, &old);
    settle(&c, &old, PX_SETTLED, RT_APPROVED, RT_STATE_CAPTURED);
    for (unsigned i = 0; i < 100; i++) {
        snprintf(key, sizeof key, "k%u", i);
        begin_payment(&c, key, 1000, &r);
    }
    read_beside(&c, &k, PX_CALL_LOAD, r.id, OK);
    assert_said(k.l.said, OK);
    assert_true(k.l.record.owned);
    assert_int_equal(k.l.attempts, 1);
    call_fini(&k);
    read_beside(&c, &k, PX_CALL_UNRESOLVED, "", OK);
    assert_int_equal(k.l.lists, 0); /* the gateway is at work on all of them */
    call_fini(&k);
    for (unsigned i = 0; i < 2; i++) { /* one in the index, one only in the gateway's memory */
        call_init(&c, &k, PX_CALL_FIND);
        snprintf(k.l.record.merchant, PX_NAME, "shop");
        snprintf(k.l.record.key, PX_NAME, "%s", i == 0 ? "old" : "k99");
        assert_int_equal(px_journal_read(path, &k.l, &why), OK);
        assert_said(k.l.said, OK);
        assert_string_equal(k.l.record.id, i == 0 ? old.id : r.id);
        call_fini(&k);
    }
    client_close(&c);
    read_beside(&c, &k, PX_CALL_LOAD, r.id, OK);
    assert_false(k.l.record.owned);
    call_fini(&k);
    read_beside(&c, &k, PX_CALL_UNRESOLVED, "", OK);
    assert_int_equal(k.l.lists, 100);
    call_fini(&k);
    client_fini(&c);
}

static void search(struct client *c, const char *word, const char *id)
{
    struct diag why = { 0 };
    struct call k;

    call_init(c, &k, PX_CALL_LOAD);
    k.l.limit = 8;
    assert_int_equal(px_journal_search(path, span_str(word), &k.l, &why), OK);
    assert_int_equal(k.l.lists, id == NULL ? 0 : 1);
    if (id != NULL)
        assert_string_equal(k.l.list[0].id, id);
    call_fini(&k);
}

static void a_person_finds_a_payment_by_any_of_its_names(void **state)
{
    struct client c = { .path = path };
    struct px_record r, other, again;
    struct call k;

    (void)state;
    open_client(&c);
    begin_payment(&c, "k1", 1000, &r);
    begin_payment(&c, "k2", 1000, &other);
    search(&c, "at0_01TEST00000000000000000001", r.id); /* under way: no attempt is written yet */
    say_settle(&c, &k, &r, PX_SETTLED, RT_APPROVED, RT_STATE_CAPTURED);
    snprintf(k.l.record.provider_payment_id, LIMIT_REF, "psp-17");
    snprintf(k.l.record.network_txn_id, LIMIT_REF, "MCC123");
    assert_said(call_now(&c, &k), OK);
    call_fini(&k);
    search(&c, r.id, r.id);
    search(&c, "k1", r.id);
    search(&c, "psp-17", r.id);
    search(&c, "MCC123", r.id);
    search(&c, "order-k1", r.id);
    search(&c, "at0_01TEST00000000000000000001", r.id);
    search(&c, "at1_01TEST00000000000000000001", r.id);
    search(&c, "k", NULL);
    settle(&c, &other, PX_NEVER_SENT, RT_ERROR, RT_STATE_NOT_EXECUTED);
    assert_said(begin_payment(&c, "k2", 1000, &again), OURS);
    search(&c, other.id, again.id);
    client_fini(&c);
}

static void a_person_reads_it_with_sqlite3(void **state)
{
    struct client c = { .path = path };
    struct px_record r, op;
    struct call k;
    sqlite3 *db;

    (void)state;
    open_client(&c);
    begin_payment(&c, "k1", 1099, &r);
    settle(&c, &r, PX_SETTLED, RT_APPROVED, RT_STATE_CAPTURED);
    begin_operation(&c, &r, RT_REFUND, "r1", 100, &op, NULL);
    settle(&c, &op, PX_PENDING, RT_UNKNOWN, RT_STATE_IN_DOUBT);
    say_id(&c, &k, PX_CALL_NOTE, op.id);
    k.l.note = "asked the bank";
    assert_said(call_now(&c, &k), OK);
    call_fini(&k);
    db = sqlite_on(path);
    assert_sql_text(db, "SELECT amount || ' ' || currency FROM payments_readable", "10.99 EUR");
    assert_sql_text(db, "SELECT captured FROM payments_readable", "10.99");
    assert_sql_text(db, "SELECT created FROM payments_readable", "2026-09-21 14:13:20.000");
    assert_sql_text(db, "SELECT op || ' ' || amount FROM operations_readable", "refund 1.00");
    assert_sql_text(db, "SELECT id FROM unresolved", op.id);
    assert_true(sql_int(db, "SELECT age_s FROM unresolved") != 0);
    assert_sql_text(db,
                    "SELECT group_concat(what) FROM (SELECT what FROM history h JOIN record r ON "
                    "r.id = h.id WHERE r.op = 'refund' ORDER BY h.at_ms)",
                    "accepted,promised,ended,note,pending");
    sqlite3_close(db);
    client_fini(&c);
}

static int sweep_after(void **state)
{
    (void)state;
    sweep();
    return 0;
}

#define ON_A_FILE(f) cmocka_unit_test_teardown(f, sweep_after)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_A_FILE(the_file_is_its_owners_alone),
        ON_A_FILE(one_process_per_file),
        ON_A_FILE(a_path_that_can_not_be_is_told),
        ON_A_FILE(another_programs_file_is_left_alone),
        ON_A_FILE(a_newer_version_is_refused),
        ON_A_FILE(what_was_promised_outlives_its_process),
        ON_A_FILE(a_number_of_an_earlier_life_is_worth_nothing),
        ON_A_FILE(keys_are_found_wherever_they_are_kept),
        ON_A_FILE(keys_of_a_failed_transaction_are_forgotten),
        ON_A_FILE(a_reader_disturbs_nobody),
        ON_A_FILE(a_foreign_writer_is_waited_for_and_then_everybody_is_told),
        ON_A_FILE(a_file_that_was_moved_away_takes_no_promises),
        ON_A_FILE(a_full_disk_is_down_until_there_is_room),
        ON_A_FILE(the_log_is_folded_again_and_again),
        ON_A_FILE(commands_read_beside_a_running_gateway),
        ON_A_FILE(a_person_finds_a_payment_by_any_of_its_names),
        ON_A_FILE(a_person_reads_it_with_sqlite3),
    };
    int failed;

    snprintf(directory, sizeof directory, "/tmp/signalbox-journal-XXXXXX");
    if (mkdtemp(directory) == NULL)
        return 1;
    snprintf(path, sizeof path, "%s/journal.db", directory);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    (void)rmdir(directory);
    return failed;
}
