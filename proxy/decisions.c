/* proxy/decisions.c -- the rings, and the thread that empties them. */
#include "proxy/decisions.h"

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "proxy/clock.h"
#include "proxy/decisions_file.h"
#include "proxy/decisions_ring.h"
#include "proxy/log.h"
#include "proxy/record_decided.h"
#include "proxy/snapshot.h"
#include "routing/base/check.h"

enum { NAP_NS = 10 * 1000 * 1000, TELL_EVERY_S = 10 };

/* What lies in a ring. */
struct note {
    struct px_snapshot *snapshot; /* held */
    struct px_decided d;          /* its first px_decided_size() bytes */
};

struct px_decisions_lane {
    struct px_ring ring;
    struct px_decisions *log;
    _Atomic uint64_t dropped; /* written by the worker alone */
};

struct px_decisions {
    struct px_decisions_file *file;
    struct px_decisions_lane *lane;
    unsigned lanes;
    pthread_t thread;
    sem_t wake;
    atomic_bool asleep, stop, reopen;
    _Atomic uint64_t written, failed;
    uint64_t told_dropped, told_failed; /* the thread's */
    int64_t told_ns;
    struct px_decided whole; /* the thread's: a note with its places */
    char line[PX_DECIDED_LINE + 1];
};

/* ---- the workers' side ---- */

struct px_decisions_lane *px_decisions_lane(struct px_decisions *d, unsigned lane)
{
    if (d == NULL)
        return NULL;
    CHECK(lane < d->lanes);
    return &d->lane[lane];
}

static void wake(struct px_decisions *d)
{
    /* Both sides exchange: whoever comes second sees what the first did before. Either we see that
     * it sleeps, or it sees what was put before it falls asleep. */
    if (atomic_exchange(&d->asleep, false))
        CHECK(sem_post(&d->wake) == 0);
}

void px_decisions_put(struct px_decisions_lane *lane, const struct px_decided *note,
                      struct px_snapshot *s)
{
    size_t n = px_decided_size(note->providers);
    struct note *room;

    if (lane == NULL)
        return;
    room = px_ring_room(&lane->ring, offsetof(struct note, d) + n);
    if (room == NULL) {
        atomic_fetch_add_explicit(&lane->dropped, 1, memory_order_relaxed);
        return;
    }
    room->snapshot = px_snapshot_ref(s);
    memcpy(&room->d, note, n);
    px_ring_put(&lane->ring);
    wake(lane->log);
}

/* ---- the thread ---- */

static void write_note(struct px_decisions *d, const struct note *n)
{
    struct buf out = buf_over(d->line, PX_DECIDED_LINE);
    bool good;

    memcpy(&d->whole, &n->d, px_decided_size(n->d.providers));
    px_decided_place(&d->whole, n->snapshot->policy.program);
    good = px_decided_write(&d->whole, &out);
    out.cap++;
    buf_byte(&out, '\n');
    if (good)
        px_decisions_file_put(d->file, buf_span(&out));
    else
        atomic_fetch_add(&d->failed, 1);
    px_snapshot_unref(n->snapshot);
}

/* A ring's whole content at most, so that one busy worker does not keep the others waiting. */
static unsigned empty_lane(struct px_decisions *d, struct px_decisions_lane *lane)
{
    enum { MOST = 256 };
    const struct note *n;
    unsigned done = 0;

    while (done < MOST && (n = px_ring_first(&lane->ring)) != NULL) {
        write_note(d, n);
        px_ring_drop(&lane->ring);
        done++;
    }
    return done;
}

static void flush(struct px_decisions *d)
{
    struct px_decisions_flushed f = px_decisions_file_flush(d->file);

    atomic_fetch_add(&d->written, f.written);
    atomic_fetch_add(&d->failed, f.lost);
}

static unsigned empty_all(struct px_decisions *d)
{
    unsigned done = 0;

    for (unsigned i = 0; i < d->lanes; i++)
        done += empty_lane(d, &d->lane[i]);
    if (done > 0)
        flush(d);
    return done;
}

/* What was lost since it was last told. */
static void tell(struct px_decisions *d, bool now)
{
    struct px_decisions_counts c = px_decisions_counts(d);
    int64_t now_ns = px_now_ns();

    if (c.dropped == d->told_dropped && c.failed == d->told_failed)
        return;
    if (!now && d->told_ns != 0 && now_ns - d->told_ns < TELL_EVERY_S * INT64_C(1000000000))
        return;
    if (c.dropped > d->told_dropped)
        LOG(WARN, "decisions.dropped", F("records", c.dropped - d->told_dropped),
            F("why", "they came faster than they could be written"));
    if (c.failed > d->told_failed)
        LOG(ERROR, "decisions.lost", F("records", c.failed - d->told_failed),
            F("why", px_decisions_file_why(d->file)));
    d->told_ns = now_ns;
    d->told_dropped = c.dropped;
    d->told_failed = c.failed;
}

static bool all_empty(struct px_decisions *d)
{
    for (unsigned i = 0; i < d->lanes; i++) {
        if (!px_ring_empty(&d->lane[i].ring))
            return false;
    }
    return true;
}

static void sleep_until_woken(struct px_decisions *d)
{
    (void)atomic_exchange(&d->asleep, true);
    if (all_empty(d) && !atomic_load(&d->stop) && !atomic_load(&d->reopen)) {
        while (sem_wait(&d->wake) != 0) /* a signal */
            ;
        return;
    }
    if (!atomic_exchange(&d->asleep, false)) /* somebody was faster: his post is ours to take */
        CHECK(sem_wait(&d->wake) == 0);
}

static void *run(void *arg)
{
    static const struct timespec nap = { .tv_nsec = NAP_NS };
    struct px_decisions *d = arg;

    for (;;) {
        bool stop = atomic_load(&d->stop);
        unsigned done = empty_all(d);

        if (atomic_exchange(&d->reopen, false))
            px_decisions_file_reopen(d->file);
        if (done == 0 && stop)
            break;
        tell(d, false);
        if (done == 0)
            sleep_until_woken(d);
        else if (!stop)
            (void)nanosleep(&nap, NULL); /* more at once is cheaper */
    }
    tell(d, true);
    return NULL;
}

/* ---- its life ---- */

/* Signals belong to the control thread: a thread inherits the mask it was born with. */
static bool start_thread(struct px_decisions *d)
{
    sigset_t all, before;
    int rc;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = pthread_create(&d->thread, NULL, run, d);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc == 0;
}

static void destroy(struct px_decisions *d)
{
    px_decisions_file_close(d->file);
    free(d->lane);
    free(d);
}

enum err px_decisions_open(const struct px_decisions_config *c, struct px_decisions **out)
{
    struct px_decisions *d = calloc(1, sizeof *d);
    size_t size = c->lanes * sizeof(struct px_decisions_lane);

    if (d == NULL)
        return E_NOMEM;
    d->file = px_decisions_file_open(c->path, c->rotate_size, c->keep);
    d->lane = aligned_alloc(PX_RING_LINE, size);
    d->lanes = c->lanes;
    if (d->file == NULL || d->lane == NULL) {
        destroy(d);
        return E_NOMEM;
    }
    for (unsigned i = 0; i < c->lanes; i++) { /* pages are touched when they are needed */
        px_ring_init(&d->lane[i].ring);
        d->lane[i].log = d;
        atomic_init(&d->lane[i].dropped, 0);
    }
    CHECK(sem_init(&d->wake, 0, 0) == 0);
    if (!start_thread(d)) {
        destroy(d);
        return E_NOMEM;
    }
    *out = d;
    return OK;
}

void px_decisions_reopen(struct px_decisions *d)
{
    if (d == NULL)
        return;
    atomic_store(&d->reopen, true);
    wake(d);
}

struct px_decisions_counts px_decisions_counts(const struct px_decisions *d)
{
    struct px_decisions_counts c = { .written = atomic_load(&d->written),
                                     .failed = atomic_load(&d->failed) };

    for (unsigned i = 0; i < d->lanes; i++)
        c.dropped += atomic_load_explicit(&d->lane[i].dropped, memory_order_relaxed);
    return c;
}

void px_decisions_close(struct px_decisions *d)
{
    if (d == NULL)
        return;
    atomic_store(&d->stop, true);
    wake(d);
    CHECK(pthread_join(d->thread, NULL) == 0);
    CHECK(sem_destroy(&d->wake) == 0);
    destroy(d);
}
