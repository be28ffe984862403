/* proxy/journal_open.c -- the file, its lock, and how SQLite is told to treat it. */
#include "proxy/journal_sql.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proxy/log.h"
#include "routing/base/check.h"

enum { BUSY_MS = 200, KEYS_IN_MEMORY = 65536 };

/* FULL: a commit is on the disk when it returns. Pages are not zeroed when freed: there is no
 * secret in them and nothing is deleted. Checkpoints: journal_fold.c. */
static const char settings[] = "PRAGMA journal_mode = WAL;"
                               "PRAGMA synchronous = FULL;"
                               "PRAGMA journal_size_limit = 67108864;"
                               "PRAGMA cache_size = -4096;"
                               "PRAGMA temp_store = MEMORY;"
                               "PRAGMA secure_delete = OFF;"
                               "PRAGMA cell_size_check = ON;"
                               "PRAGMA trusted_schema = OFF;";

static enum err failed(struct px_store *s, struct diag *why, const char *what)
{
    diag_set(why, "%s: %s: %s", s->name, what, sqlite3_errmsg(s->db));
    return E_IO;
}

/* ---- one process per file ---- */

static enum err lock_name(const char *path, char *out, size_t cap)
{
    int n = snprintf(out, cap, "%s.lock", path);

    return n > 0 && (size_t)n < cap ? OK : E_LIMIT;
}

/* The side file keeps the lock, because closing any descriptor of the database itself would drop
 * SQLite's own (sqlite.org/howtocorrupt.html, section 2.2). Its text is for people. */
static enum err take_lock(struct px_store *s, struct diag *why)
{
    struct flock all = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    char name[PATH_MAX], holder[24] = "";
    ssize_t n;

    if (lock_name(s->name, name, sizeof name) != OK) {
        diag_set(why, "%s: the name is too long", s->name);
        return E_LIMIT;
    }
    s->lock_fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (s->lock_fd < 0) {
        diag_set(why, "%s: %s", name, strerror(errno));
        return E_IO;
    }
    if (fcntl(s->lock_fd, F_OFD_SETLK, &all) != 0) {
        n = pread(s->lock_fd, holder, sizeof holder - 1, 0);
        holder[n > 0 ? (size_t)n : 0] = '\0';
        diag_set(why, "%s is in use by another process (%s)", s->name,
                 holder[0] == '\0' ? "unknown" : holder);
        diag_help(why,
                  "one gateway per journal: stop the other one, or give this one its own file");
        return E_CONFLICT;
    }
    n = snprintf(holder, sizeof holder, "pid %d", (int)getpid());
    if (ftruncate(s->lock_fd, 0) != 0 || pwrite(s->lock_fd, holder, (size_t)n, 0) != n)
        LOG(WARN, "journal.lock_unsigned", F("why", strerror(errno)));
    return OK;
}

/* Does a process hold the lock? Looks without taking it, so that nobody is turned away by a look.
 */
static bool is_locked(const char *path)
{
    struct flock all = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    char name[PATH_MAX];
    bool locked = false;
    int fd;

    if (lock_name(path, name, sizeof name) != OK)
        return false;
    if ((fd = open(name, O_RDONLY | O_CLOEXEC)) < 0)
        return false;
    if (fcntl(fd, F_OFD_GETLK, &all) == 0)
        locked = all.l_type != F_UNLCK;
    close(fd);
    return locked;
}

/* ---- the file ---- */

static void sync_directory_of(const char *path)
{
    char dir[PATH_MAX];
    char *slash;
    int fd;

    (void)snprintf(dir, sizeof dir, "%s", path);
    slash = strrchr(dir, '/');
    if (slash == NULL)
        (void)snprintf(dir, sizeof dir, ".");
    else
        slash[slash == dir ? 1 : 0] = '\0';
    if ((fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
        return;
    if (fsync(fd) != 0)
        LOG(WARN, "journal.directory_unsynced", F("why", strerror(errno)));
    close(fd);
}

/* Made before SQLite opens it, so that it is never readable by others, not even for a moment; its
 * -wal and -shm take its mode. */
static enum err make_new(const char *path, struct diag *why)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd < 0 && errno != EEXIST) {
        diag_set(why, "%s: %s", path, strerror(errno));
        return E_IO;
    }
    if (fd >= 0)
        close(fd);
    sync_directory_of(path);
    return OK;
}

/* One name for one file, whatever links lead to it: the lock goes by the name. */
static enum err own_name(struct px_store *s, const char *path, struct diag *why)
{
    s->name = realpath(path, NULL);
    if (s->name == NULL) {
        diag_set(why, "%s: %s", path, strerror(errno));
        return errno == ENOENT ? E_NOTFOUND : E_IO;
    }
    return OK;
}

/* By name and not by descriptor: to close one would drop SQLite's locks, should this process have
 * the file open already. */
static enum err make_private(const char *path, struct diag *why)
{
    struct stat st;

    if (stat(path, &st) != 0) {
        diag_set(why, "%s: %s", path, strerror(errno));
        return E_IO;
    }
    if (!S_ISREG(st.st_mode)) {
        diag_set(why, "%s is not a file", path);
        return E_CONFLICT;
    }
    if ((st.st_mode & 077) != 0 && chmod(path, 0600) != 0) {
        diag_set(why, "%s can be read by others, and that can not be changed: %s", path,
                 strerror(errno));
        return E_DENIED;
    }
    return OK;
}

/* ---- SQLite ---- */

static int text_is(void *expected, int n, char **value, char **name)
{
    (void)name;
    return n == 1 && value[0] != NULL && strcmp(value[0], expected) == 0 ? 0 : 1;
}

static enum err configure(struct px_store *s, struct diag *why)
{
    char wal[] = "wal";

    sqlite3_extended_result_codes(s->db, 1);
    sqlite3_busy_timeout(s->db, BUSY_MS);
    if (sqlite3_exec(s->db, settings, NULL, NULL, NULL) != SQLITE_OK)
        return failed(s, why, "it can not be written");
    if (!s->in_memory &&
        sqlite3_exec(s->db, "PRAGMA journal_mode", text_is, wal, NULL) != SQLITE_OK) {
        diag_set(why, "%s: this file system does not allow a write-ahead log", s->name);
        diag_help(why, "put the journal on a local disk");
        return E_IO;
    }
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    return OK;
}

/* SQLite counts its memory under a lock, for functions that nobody here calls. Too late once
 * SQLite is in use, and then it is only slower. */
static void count_no_memory(void)
{
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

static enum err connect_to(struct px_store *s, int flags, struct diag *why)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, count_no_memory);
    if (sqlite3_open_v2(s->name, &s->db, flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
        return failed(s, why, "it can not be opened");
    return OK;
}

static enum err start_life(struct px_store *s, const char *owner, struct diag *why)
{
    static const char sql[] = "INSERT INTO life (owner, opened_ms) VALUES (?1, "
                              "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER))";
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(s->db, sql, -1, &st, NULL);

    if (rc == SQLITE_OK) {
        sqlite3_bind_text(st, 1, owner, -1, SQLITE_STATIC);
        rc = sqlite3_step(st);
    }
    sqlite3_finalize(st);
    s->life = sqlite3_last_insert_rowid(s->db);
    return rc == SQLITE_DONE ? OK : failed(s, why, "it can not be written");
}

static enum err open_keys(struct px_store *s, size_t generation, struct diag *why)
{
    return px_keys_open(s, generation) == PX_RAN ? OK : failed(s, why, "it can not be read");
}

static struct px_store *blank(void)
{
    struct px_store *s = calloc(1, sizeof *s);

    CHECK(s != NULL);
    s->lock_fd = -1;
    return s;
}

static enum err open_file(struct px_store *s, const char *path, struct diag *why)
{
    enum err e;

    if (access(path, F_OK) != 0 && (e = make_new(path, why)) != OK)
        return e;
    if ((e = own_name(s, path, why)) != OK || (e = make_private(s->name, why)) != OK ||
        (e = take_lock(s, why)) != OK)
        return e;
    return connect_to(s, SQLITE_OPEN_READWRITE, why);
}

static enum err open_memory(struct px_store *s, struct diag *why)
{
    s->in_memory = true;
    s->name = strdup(":memory:");
    CHECK(s->name != NULL);
    return connect_to(s, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, why);
}

static enum err open_cards(struct px_store *s, struct diag *why)
{
    return px_cards_open(s) == PX_RAN && px_seen_open(s) == PX_RAN
               ? OK
               : failed(s, why, "it can not be read");
}

enum err px_store_open(const struct px_journal_config *c, struct px_store **out, struct diag *why)
{
    struct px_store *s = blank();
    enum err e = c->path == NULL ? open_memory(s, why) : open_file(s, c->path, why);

    s->limits = c->reattempts;
    if (e == OK)
        e = configure(s, why);
    if (e == OK)
        e = px_schema_bring(s, why);
    if (e == OK)
        e = open_keys(s, c->keys_in_memory == 0 ? KEYS_IN_MEMORY : c->keys_in_memory, why);
    if (e == OK)
        e = open_cards(s, why);
    if (e == OK && !s->in_memory)
        e = px_fold_open(s, why);
    if (e == OK)
        e = start_life(s, c->owner, why);
    if (e == OK)
        *out = s;
    else
        px_store_close(s);
    return e;
}

/* The newest life lives exactly if somebody holds the lock. */
static void look_who_lives(struct px_store *s)
{
    sqlite3_stmt *st = NULL;

    if (!is_locked(s->name))
        return;
    if (sqlite3_prepare_v2(s->db, "SELECT max(life) FROM life", -1, &st, NULL) == SQLITE_OK &&
        sqlite3_step(st) == SQLITE_ROW)
        s->life = sqlite3_column_int64(st, 0);
    sqlite3_finalize(st);
}

enum err px_store_open_beside(const char *path, struct px_store **out, struct diag *why)
{
    struct px_store *s = blank();
    enum err e = own_name(s, path, why);

    if (e == OK)
        e = connect_to(s, SQLITE_OPEN_READONLY, why);
    if (e == OK) {
        sqlite3_busy_timeout(s->db, 10 * BUSY_MS);
        e = px_schema_check(s, why);
    }
    if (e == OK)
        e = open_keys(s, 0, why);
    if (e == OK) {
        look_who_lives(s);
        *out = s;
    } else {
        px_store_close(s);
    }
    return e;
}

static void end_life(struct px_store *s)
{
    char sql[160];

    (void)snprintf(sql, sizeof sql,
                   "UPDATE life SET closed_ms = CAST((julianday('now') - 2440587.5) * 86400000 AS "
                   "INTEGER) WHERE life = %lld",
                   (long long)s->life);
    if (sqlite3_exec(s->db, sql, NULL, NULL, NULL) != SQLITE_OK)
        LOG(WARN, "journal.life_unclosed", F("why", sqlite3_errmsg(s->db)));
}

void px_store_close(struct px_store *s)
{
    if (s == NULL)
        return;
    px_fold_close(s);
    px_keys_close(s);
    px_cards_close(s);
    px_seen_close(s);
    for (unsigned i = 0; i < PX_SQLS_; i++)
        sqlite3_finalize(s->stmt[i]);
    if (s->db != NULL) {
        if (s->life != 0 && sqlite3_db_readonly(s->db, "main") == 0)
            end_life(s);
        if (sqlite3_close(s->db) != SQLITE_OK) /* folds the log into the file */
            LOG(ERROR, "journal.close_failed", F("why", sqlite3_errmsg(s->db)));
    }
    if (s->lock_fd >= 0)
        close(s->lock_fd);
    free(s->name);
    free(s);
}
