/* tests/unit/test_decisions.c -- notes through a ring, lines into files: none twice, none torn, and
 * every one that is missing is counted. */
#include "proxy/decisions.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proxy/config.h"
#include "proxy/decisions_file.h"
#include "proxy/decisions_ring.h"
#include "proxy/log.h"
#include "proxy/record_decided.h"
#include "proxy/snapshot.h"
#include "tests/unit/unit.h"

enum { NOTES = 20000, LANES = 3, EACH = 3000 };

static struct px_ring ring;

/* A note that says its number, and how long it is. */
static size_t size_of(unsigned i)
{
    return sizeof(unsigned) * (2 + i * 7 % 900);
}

static bool put(unsigned i)
{
    unsigned *room = px_ring_room(&ring, size_of(i));

    if (room == NULL)
        return false;
    for (size_t k = 0; k < size_of(i) / sizeof *room; k++)
        room[k] = i;
    px_ring_put(&ring);
    return true;
}

static void must_be(const unsigned *note, unsigned i)
{
    assert_non_null(note);
    for (size_t k = 0; k < size_of(i) / sizeof *note; k++)
        assert_int_equal(note[k], i);
    px_ring_drop(&ring);
}

static void a_ring_keeps_order_until_it_is_full(void **state)
{
    unsigned in = 0, out = 0;

    (void)state;
    px_ring_init(&ring);
    assert_null(px_ring_first(&ring));
    assert_true(px_ring_empty(&ring));
    for (unsigned round = 0; round < 20; round++) {
        while (put(in))
            in++;
        assert_true(in - out > 1000);
        assert_null(px_ring_room(&ring, 4000));
        for (unsigned n = (in - out) / (round % 3 + 1); n > 0; n--)
            must_be(px_ring_first(&ring), out++);
    }
    while (out < in)
        must_be(px_ring_first(&ring), out++);
    assert_true(px_ring_empty(&ring));
    assert_null(px_ring_room(&ring, PX_RING_BYTES));
}

static void *put_all(void *arg)
{
    (void)arg;
    for (unsigned i = 0; i < NOTES;) {
        if (put(i))
            i++;
    }
    return NULL;
}

static void a_ring_joins_two_threads(void **state)
{
    pthread_t putter;

    (void)state;
    px_ring_init(&ring);
    assert_int_equal(pthread_create(&putter, NULL, put_all, NULL), 0);
    for (unsigned i = 0; i < NOTES; i++) {
        while (px_ring_first(&ring) == NULL)
            ;
        must_be(px_ring_first(&ring), i);
    }
    assert_int_equal(pthread_join(putter, NULL), 0);
}

/* ---- the log ---- */

static char dir[64], path[96];
static struct px_config config;
static struct px_snapshot *snapshot;

static int set_up(void **state)
{
    (void)state;
    memcpy(dir, "/tmp/signalbox-decisions.XXXXXX", sizeof "/tmp/signalbox-decisions.XXXXXX");
    assert_non_null(mkdtemp(dir));
    (void)snprintf(path, sizeof path, "%s/decisions.jsonl", dir);
    config.providers = 1;
    config.provider[0].name = "psp";
    snapshot = calloc(1, sizeof *snapshot);
    assert_non_null(snapshot);
    atomic_init(&snapshot->refs_, 1);
    snapshot->config = &config;
    return 0;
}

static int tear_down(void **state)
{
    char name[128];

    (void)state;
    assert_int_equal(atomic_load(&snapshot->refs_), 1); /* every note gave its own back */
    free(snapshot);
    for (unsigned i = 0; i < 5; i++) {
        (void)snprintf(name, sizeof name, i == 0 ? "%s" : "%s.%u", path, i);
        (void)unlink(name);
    }
    return rmdir(dir);
}

static void note_of(struct px_decided *d, unsigned lane, unsigned i)
{
    memset(d, 0, sizeof *d);
    (void)snprintf(d->request, sizeof d->request, "%u-%u", lane, i);
    rt_verdict_in_order(&d->verdict, 1);
    d->plan.leg[0].reason = RT_REASON_CHOSEN;
    d->plan.legs = 1;
    d->providers = 1;
    d->provider[0].name = "psp";
    d->provider[0].cost = (struct rt_cost){ RT_COST_NO_LIST, -1, -1, 0 };
}

static struct px_decisions *log_open(int64_t rotate, unsigned keep)
{
    struct px_decisions_config c = {
        .path = path, .rotate_size = rotate, .keep = keep, .lanes = LANES
    };
    struct px_decisions *d;

    assert_int_equal(px_decisions_open(&c, &d), OK);
    return d;
}

struct worker {
    struct px_decisions_lane *lane;
    unsigned number;
};

static void *decide_all(void *arg)
{
    struct worker *w = arg;
    struct px_decided *note = calloc(1, sizeof *note);

    for (unsigned i = 0; i < EACH && note != NULL; i++) {
        note_of(note, w->number, i);
        px_decisions_put(w->lane, note, snapshot);
    }
    free(note);
    return NULL;
}

/* How many records the files hold; each lane's in order, none twice. */
static unsigned count_records(unsigned files)
{
    static char line[PX_DECIDED_LINE], memory[64 * 1024];
    static struct px_decided d;
    unsigned next[LANES] = { 0 }, n = 0, lane, i;
    char name[128];
    FILE *f;

    for (unsigned k = files; k-- > 0;) {
        (void)snprintf(name, sizeof name, k == 0 ? "%s" : "%s.%u", path, k);
        f = fopen(name, "r");
        for (; f != NULL && fgets(line, sizeof line, f) != NULL; n++) {
            struct diag why;
            struct arena a;

            arena_init(&a, memory, sizeof memory, NULL, sizeof memory);
            assert_int_equal(px_decided_read((struct span){ line, strlen(line) - 1 }, &a, &d, &why),
                             OK);
            assert_int_equal(sscanf(d.request, "%u-%u", &lane, &i), 2);
            assert_true(lane < LANES && i >= next[lane]);
            next[lane] = i + 1;
        }
        if (f != NULL)
            (void)fclose(f);
    }
    return n;
}

static void what_workers_put_is_written_or_counted(void **state)
{
    struct px_decisions *d = log_open(1 << 20, 4);
    struct worker w[LANES];
    pthread_t thread[LANES];
    struct px_decisions_counts c;

    (void)state;
    for (unsigned i = 0; i < LANES; i++) {
        w[i] = (struct worker){ px_decisions_lane(d, i), i };
        assert_int_equal(pthread_create(&thread[i], NULL, decide_all, &w[i]), 0);
    }
    for (unsigned i = 0; i < 20; i++)
        px_decisions_reopen(d);
    for (unsigned i = 0; i < LANES; i++)
        assert_int_equal(pthread_join(thread[i], NULL), 0);
    do { /* what is in the rings is written */
        c = px_decisions_counts(d);
    } while (c.written + c.dropped + c.failed < LANES * EACH);
    px_decisions_close(d);
    assert_int_equal(c.failed, 0);
    assert_int_equal(count_records(5), c.written);
}

static void no_log_is_kept_without_one(void **state)
{
    struct px_decided d;

    (void)state;
    note_of(&d, 0, 0);
    assert_null(px_decisions_lane(NULL, 0));
    px_decisions_put(NULL, &d, snapshot);
    px_decisions_reopen(NULL);
    px_decisions_close(NULL);
}

static void a_folder_that_comes_back_is_written_to(void **state)
{
    char gone[128];
    struct px_decisions_file *f;
    struct px_decisions_flushed n;

    (void)state;
    (void)snprintf(gone, sizeof gone, "%s.gone", dir);
    assert_int_equal(rename(dir, gone), 0);
    px_log_to(-1, ERROR);
    f = px_decisions_file_open(path, 1000, 2);
    px_log_to(STDERR_FILENO, ERROR);
    assert_non_null(f);
    px_decisions_file_put(f, SPAN("{}\n"));
    n = px_decisions_file_flush(f);
    assert_int_equal(n.written, 0);
    assert_int_equal(n.lost, 1);
    assert_non_null(strstr(px_decisions_file_why(f), "No such file"));
    assert_int_equal(rename(gone, dir), 0);
    px_decisions_file_reopen(f);
    px_decisions_file_put(f, SPAN("{}\n"));
    n = px_decisions_file_flush(f);
    assert_int_equal(n.written, 1);
    px_decisions_file_close(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ring_keeps_order_until_it_is_full),
        cmocka_unit_test(a_ring_joins_two_threads),
        cmocka_unit_test_setup_teardown(what_workers_put_is_written_or_counted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_log_is_kept_without_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_folder_that_comes_back_is_written_to, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
