/* proxy/journal_fold.c -- folding the write-ahead log into the file, beside the promises.
 *
 * A checkpoint copies thousands of pages and waits for the disk: in the journal's own thread that
 * is a pause of some tens of milliseconds for every promise behind it. Here a second thread with a
 * connection of its own does the bulk. The log only starts again from its beginning once all of it
 * is folded, which under load never happens by chance, so the journal's thread then folds the few
 * frames that came meanwhile, and the next commit begins the log anew. Its file keeps its size, and
 * a commit into space that is there already is the cheapest kind. */
#include "proxy/journal_sql.h"

#include <pthread.h>
#include <stdlib.h>

#include "proxy/log.h"
#include "routing/base/check.h"

enum {
    FOLD_AT = 2000,    /* frames of the log; 4 KiB each */
    REST_MAX = 500,    /* what the journal's thread folds by itself */
    LONG_LOG = 100000, /* somebody reads for very long */
};

enum stage { RESTING, FOLDING, FOLDED };

struct px_fold {
    struct px_store *store;
    sqlite3 *db;
    pthread_t thread;
    bool running;
    int frames;    /* of the log, after the last commit */
    int asked_at;  /* frames when the fold began */
    int not_below; /* frames: a reader kept the log; try again from here */
    bool long_told;

    pthread_mutex_t lock; /* of the two below */
    pthread_cond_t asked;
    enum stage stage;
    bool stop;
};

static int on_commit(void *ctx, sqlite3 *db, const char *name, int frames)
{
    struct px_fold *f = ctx;

    (void)db;
    (void)name;
    f->frames = frames;
    return SQLITE_OK;
}

static void *work(void *ctx)
{
    struct px_fold *f = ctx;

    pthread_mutex_lock(&f->lock);
    while (!f->stop) {
        if (f->stage != FOLDING) {
            pthread_cond_wait(&f->asked, &f->lock);
            continue;
        }
        pthread_mutex_unlock(&f->lock);
        (void)sqlite3_wal_checkpoint_v2(f->db, "main", SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
        pthread_mutex_lock(&f->lock);
        f->stage = FOLDED; /* or not, if the disk is full: the rest tells */
    }
    pthread_mutex_unlock(&f->lock);
    return NULL;
}

static void ask(struct px_fold *f)
{
    f->asked_at = f->frames;
    pthread_mutex_lock(&f->lock);
    f->stage = FOLDING;
    pthread_mutex_unlock(&f->lock);
    pthread_cond_signal(&f->asked);
}

static enum stage stage_of(struct px_fold *f)
{
    enum stage s;

    pthread_mutex_lock(&f->lock);
    s = f->stage;
    pthread_mutex_unlock(&f->lock);
    return s;
}

static void rest(struct px_fold *f)
{
    pthread_mutex_lock(&f->lock);
    f->stage = RESTING;
    pthread_mutex_unlock(&f->lock);
}

/* The few that came while the bulk was folded. */
static void fold_rest(struct px_fold *f)
{
    int frames = 0, folded = 0;

    (void)sqlite3_wal_checkpoint_v2(f->store->db, "main", SQLITE_CHECKPOINT_PASSIVE, &frames,
                                    &folded);
    f->not_below = folded == frames ? 0 : frames + FOLD_AT;
    if (frames >= LONG_LOG && !f->long_told)
        LOG(WARN, "journal.log_is_long", F("frames", frames),
            F("text", "somebody reads the journal for very long and keeps its log from folding"));
    f->long_told = frames >= LONG_LOG;
    rest(f);
}

void px_fold_tend(struct px_fold *f)
{
    if (f == NULL || f->frames < FOLD_AT || f->frames < f->not_below)
        return;
    switch (stage_of(f)) {
    case RESTING: ask(f); break;
    case FOLDING: break;
    case FOLDED:
        if (f->frames - f->asked_at > REST_MAX)
            ask(f);
        else
            fold_rest(f);
        break;
    }
}

enum err px_fold_open(struct px_store *s, struct diag *why)
{
    struct px_fold *f = calloc(1, sizeof *f);

    CHECK(f != NULL);
    s->fold = f;
    f->store = s;
    CHECK(pthread_mutex_init(&f->lock, NULL) == 0);
    CHECK(pthread_cond_init(&f->asked, NULL) == 0);
    if (sqlite3_open_v2(s->name, &f->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) !=
            SQLITE_OK ||
        sqlite3_exec(f->db, "PRAGMA synchronous = FULL", NULL, NULL, NULL) != SQLITE_OK) {
        diag_set(why, "%s: it can not be opened twice: %s", s->name, sqlite3_errmsg(f->db));
        return E_IO;
    }
    sqlite3_wal_hook(s->db, on_commit, f);
    return OK;
}

/* In the journal's thread, so that this one has its signals blocked as well. */
void px_fold_start(struct px_fold *f)
{
    if (f == NULL)
        return;
    CHECK(pthread_create(&f->thread, NULL, work, f) == 0);
    (void)pthread_setname_np(f->thread, "journal-fold");
    f->running = true;
}

void px_fold_close(struct px_store *s)
{
    struct px_fold *f = s->fold;

    if (f == NULL)
        return;
    sqlite3_wal_hook(s->db, NULL, NULL);
    pthread_mutex_lock(&f->lock);
    f->stop = true;
    pthread_mutex_unlock(&f->lock);
    pthread_cond_signal(&f->asked);
    if (f->running)
        CHECK(pthread_join(f->thread, NULL) == 0);
    sqlite3_close(f->db);
    pthread_cond_destroy(&f->asked);
    pthread_mutex_destroy(&f->lock);
    free(f);
    s->fold = NULL;
}
