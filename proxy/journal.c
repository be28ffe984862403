/* proxy/journal.c -- the journal's thread: many letters, one transaction, answers after the commit.
 *
 * Letters come in by mail. While a commit is on its way to the disk, the next ones gather: that is
 * all the batching there is, so a lone promise never waits for company. */
#include "proxy/journal.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "proxy/journal_store.h"
#include "proxy/log.h"
#include "routing/base/check.h"

enum { BATCH = PX_JOURNAL_BATCH, WAIT_BUCKETS = 256 };

struct px_journal {
    struct px_store *store;
    struct px_mailbox *inbox;
    pthread_t thread;
    struct px_letter stop; /* the last letter */
    bool stopping;

    struct px_letter *unread;        /* taken from the inbox, in order */
    struct px_journal_letter *again; /* waited; what they wait for has changed */
    struct px_journal_letter *batch[BATCH];
    unsigned batched;

    /* begins that wait for another owner's outcome, by record */
    struct px_journal_letter *waiting[WAIT_BUCKETS];
    unsigned waiters;
    int64_t due_ms; /* monotonic; none of them is due earlier */

    struct px_log_gate gate;
    atomic_uint queued;
    atomic_ullong letters, commits, failures;
    atomic_bool down;
};

static int64_t monotonic_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- answers ---- */

static void reply(struct px_journal *j, struct px_journal_letter *l)
{
    px_store_deliver(l);
    atomic_fetch_add_explicit(&j->letters, 1, memory_order_relaxed);
    atomic_fetch_sub_explicit(&j->queued, 1, memory_order_relaxed);
    px_mailbox_send(l->reply_to, &l->letter_); /* from here on it is the caller's */
}

static void reply_down(struct px_journal *j, struct px_journal_letter *l)
{
    l->said = PX_SAID_DOWN;
    l->code = RT_CODE_NONE;
    l->found_ = NULL;
    reply(j, l);
}

void px_journal_on_letter(void *ctx, struct px_letter *letter)
{
    struct px_journal_letter *l = (struct px_journal_letter *)(void *)letter;

    (void)ctx;
    l->on_said(l->ctx, l);
}

/* ---- waiting for another owner ---- */

static struct px_journal_letter **bucket_of(struct px_journal *j, int64_t no)
{
    return &j->waiting[(uint64_t)no % WAIT_BUCKETS];
}

/* True if the letter stays: it has time, and somebody else is at work on its record. */
static bool wait_for_owner(struct px_journal *j, struct px_journal_letter *l, int64_t now_ms)
{
    struct px_journal_letter **bucket = bucket_of(j, l->no_);

    if (l->call != PX_CALL_BEGIN || l->said != PX_SAID_TAKEN || l->wait_ms <= 0 || j->stopping)
        return false;
    if (l->until_ms_ == 0)
        l->until_ms_ = now_ms + l->wait_ms;
    if (l->until_ms_ <= now_ms)
        return false;
    if (j->waiters == 0 || l->until_ms_ < j->due_ms)
        j->due_ms = l->until_ms_;
    l->waiting_ = *bucket;
    *bucket = l;
    j->waiters++;
    return true;
}

static void put_again(struct px_journal *j, struct px_journal_letter *l)
{
    l->waiting_ = j->again;
    j->again = l;
}

/* The record has changed: who waits for it begins once more. */
static void wake(struct px_journal *j, int64_t no)
{
    struct px_journal_letter **at = bucket_of(j, no), *l;

    while ((l = *at) != NULL) {
        if (l->no_ != no) {
            at = &l->waiting_;
            continue;
        }
        *at = l->waiting_;
        j->waiters--;
        put_again(j, l);
    }
}

/* Tells those whose time is over; all: everybody. What they were last told stands: TAKEN. */
static void end_waiting(struct px_journal *j, int64_t now_ms, bool all)
{
    int64_t due_ms = INT64_MAX;

    if (j->waiters == 0 || (!all && now_ms < j->due_ms))
        return;
    for (unsigned i = 0; i < WAIT_BUCKETS; i++) {
        struct px_journal_letter **at = &j->waiting[i], *l;

        while ((l = *at) != NULL) {
            if (!all && l->until_ms_ > now_ms) {
                due_ms = l->until_ms_ < due_ms ? l->until_ms_ : due_ms;
                at = &l->waiting_;
                continue;
            }
            *at = l->waiting_;
            j->waiters--;
            reply(j, l);
        }
    }
    j->due_ms = due_ms;
}

/* ---- one transaction ---- */

static void failed(struct px_journal *j)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    atomic_fetch_add_explicit(&j->failures, 1, memory_order_relaxed);
    atomic_store_explicit(&j->down, true, memory_order_relaxed);
    if (px_log_allowed(&j->gate, 1, (int64_t)t.tv_sec * 1000000000 + t.tv_nsec))
        LOG(ERROR, "journal.down", F("why", px_store_why(j->store)), F("letters", j->batched));
}

static bool writes(const struct px_journal *j)
{
    for (unsigned i = 0; i < j->batched; i++) {
        if (px_call_writes(j->batch[i]->call))
            return true;
    }
    return false;
}

static enum px_ran run_letters(struct px_journal *j)
{
    enum px_ran ran = px_store_begin(j->store, writes(j));

    for (unsigned i = 0; ran == PX_RAN && i < j->batched; i++)
        ran = px_store_run(j->store, j->batch[i]);
    return ran == PX_RAN ? px_store_commit(j->store) : ran;
}

static void answer_batch(struct px_journal *j)
{
    int64_t now_ms = monotonic_ms();

    atomic_fetch_add_explicit(&j->commits, 1, memory_order_relaxed);
    atomic_store_explicit(&j->down, false, memory_order_relaxed);
    /* Waiting first: what they wait for may be settled in this very batch. */
    for (unsigned i = 0; i < j->batched; i++) {
        if (wait_for_owner(j, j->batch[i], now_ms))
            j->batch[i] = NULL;
    }
    for (unsigned i = 0; i < j->batched && j->waiters > 0; i++) {
        struct px_journal_letter *l = j->batch[i];

        if (l != NULL && l->call == PX_CALL_SETTLE && l->said == PX_SAID_OK)
            wake(j, l->no_);
    }
    for (unsigned i = 0; i < j->batched; i++) {
        if (j->batch[i] != NULL)
            reply(j, j->batch[i]);
    }
}

static void deny_batch(struct px_journal *j)
{
    failed(j);
    for (unsigned i = 0; i < j->batched; i++)
        reply_down(j, j->batch[i]);
}

/* One letter after a poisoned batch. The poisonous one is told DOWN: it is a bug of ours. */
static void run_alone(struct px_journal *j, struct px_journal_letter *l)
{
    enum px_ran ran;

    j->batch[0] = l;
    j->batched = 1;
    ran = run_letters(j);
    if (ran == PX_RAN) {
        answer_batch(j);
        return;
    }
    px_store_rollback(j->store);
    if (ran == PX_FAILED) {
        deny_batch(j);
        return;
    }
    LOG(ERROR, "journal.letter_refused", F("call", (int)l->call),
        F("payment", (const char *)l->record.id), F("why", px_store_why(j->store)));
    reply_down(j, l);
}

static void run_batch(struct px_journal *j)
{
    struct px_journal_letter *all[BATCH];
    unsigned n = j->batched;
    enum px_ran ran = run_letters(j);

    if (ran == PX_RAN) {
        answer_batch(j);
        return;
    }
    px_store_rollback(j->store);
    if (ran == PX_FAILED) {
        deny_batch(j);
        return;
    }
    memcpy(all, j->batch, n * sizeof *all);
    for (unsigned i = 0; i < n; i++)
        run_alone(j, all[i]);
}

/* ---- the thread ---- */

static bool fill_batch(struct px_journal *j)
{
    j->batched = 0;
    while (j->again != NULL && j->batched < BATCH) {
        struct px_journal_letter *l = j->again;

        j->again = l->waiting_;
        j->batch[j->batched++] = l;
    }
    while (j->unread != NULL && j->batched < BATCH) {
        struct px_letter *l = j->unread;

        j->unread = l->next_;
        if (l == &j->stop)
            j->stopping = true;
        else
            j->batch[j->batched++] = (struct px_journal_letter *)(void *)l;
    }
    return j->batched > 0;
}

static int patience_ms(const struct px_journal *j)
{
    int64_t left;

    if (j->again != NULL)
        return 0;
    if (j->waiters == 0)
        return -1;
    left = j->due_ms - monotonic_ms();
    return left < 0 ? 0 : left > 60000 ? 60000 : (int)left + 1;
}

static void *work(void *ctx)
{
    struct px_journal *j = ctx;

    px_store_start(j->store);
    while (!j->stopping) {
        if (j->unread == NULL)
            j->unread = px_mailbox_wait_for(j->inbox, patience_ms(j));
        if (fill_batch(j))
            run_batch(j);
        px_store_tend(j->store);
        if (j->waiters > 0)
            end_waiting(j, monotonic_ms(), false);
    }
    end_waiting(j, 0, true);
    while (fill_batch(j)) /* woken at the very end */
        run_batch(j);
    px_store_close(j->store);
    return NULL;
}

/* ---- open and close ---- */

/* Signals are the control thread's: also SIGXFSZ, so that a full quota is an error and no death. */
static enum err start_thread(struct px_journal *j)
{
    sigset_t all, before;
    int e;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    e = pthread_create(&j->thread, NULL, work, j);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (e == 0)
        (void)pthread_setname_np(j->thread, "journal");
    return e == 0 ? OK : E_NOMEM;
}

enum err px_journal_open(const struct px_journal_config *c, struct px_journal **out,
                         struct diag *why)
{
    struct px_journal *j = calloc(1, sizeof *j);
    enum err e;

    CHECK(j != NULL);
    if ((e = px_store_open(c, &j->store, why)) != OK) {
        free(j);
        return e;
    }
    if (c->path == NULL)
        LOG(WARN, "journal.in_memory",
            F("text", "promises are kept in memory only: for tests, never for money"));
    j->inbox = px_mailbox_create(NULL, NULL, NULL);
    if ((e = start_thread(j)) != OK) {
        diag_set(why, "no thread for the journal");
        px_store_close(j->store);
        px_mailbox_destroy(j->inbox);
        free(j);
        return e;
    }
    *out = j;
    return OK;
}

bool px_journal_send(struct px_journal *j, struct px_journal_letter *l)
{
    if (atomic_fetch_add_explicit(&j->queued, 1, memory_order_relaxed) >= LIMIT_JOURNAL_QUEUE) {
        atomic_fetch_sub_explicit(&j->queued, 1, memory_order_relaxed);
        return false;
    }
    l->until_ms_ = 0;
    l->no_ = 0;
    l->found_ = NULL;
    px_mailbox_send(j->inbox, &l->letter_);
    return true;
}

void px_journal_count(const struct px_journal *j, struct px_journal_counts *out)
{
    *out = (struct px_journal_counts){
        .letters = atomic_load_explicit(&j->letters, memory_order_relaxed),
        .commits = atomic_load_explicit(&j->commits, memory_order_relaxed),
        .failures = atomic_load_explicit(&j->failures, memory_order_relaxed),
        .queued = atomic_load_explicit(&j->queued, memory_order_relaxed),
        .down = atomic_load_explicit(&j->down, memory_order_relaxed),
    };
}

void px_journal_close(struct px_journal *j)
{
    if (j == NULL)
        return;
    px_mailbox_send(j->inbox, &j->stop);
    CHECK(pthread_join(j->thread, NULL) == 0);
    px_mailbox_destroy(j->inbox);
    free(j);
}

const char *px_said_name(enum px_said s)
{
    switch (s) {
    case PX_SAID_DOWN: return "down";
    case PX_SAID_OK: return "ok";
    case PX_SAID_OURS: return "ours";
    case PX_SAID_RESUMED: return "resumed";
    case PX_SAID_TAKEN: return "taken";
    case PX_SAID_DONE: return "done";
    case PX_SAID_MISMATCH: return "mismatch";
    case PX_SAID_FENCED: return "fenced";
    case PX_SAID_NOT_FOUND: return "not_found";
    case PX_SAID_CONFLICT: return "conflict";
    case PX_SAID_FORBIDDEN: return "forbidden";
    }
    return "unknown";
}

const char *px_standing_name(enum px_standing s)
{
    switch (s) {
    case PX_OPEN: return "open";
    case PX_PENDING: return "pending";
    case PX_SETTLED: return "settled";
    case PX_NEVER_SENT: return "not_sent";
    }
    return "unknown";
}
