/* proxy/admin/audit.c */
#include "proxy/admin/audit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proxy/clock.h"
#include "proxy/file.h"
#include "proxy/log.h"

enum { MODE = 0640 };
static const size_t FILE_MOST = (size_t)1 << 30;

struct px_audit {
    int fd;
    char path[4096];
    off_t end; /* of the last whole line */
    struct px_chain chain;
};

static enum err io(struct diag *why, const char *what, const char *path)
{
    diag_set(why, "can not %s the audit log %.120s: %s", what, path, strerror(errno));
    return E_IO;
}

static bool write_at(int fd, struct span s, off_t at)
{
    while (s.n > 0) {
        ssize_t n = pwrite(fd, s.p, s.n, at);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        s = span_drop(s, (size_t)n);
        at += n;
    }
    return true;
}

/* ---- finding the end ---- */

/* What a crash left of a line is no record of anything, and is still not thrown away. */
static enum err keep_torn(struct px_audit *a, struct span torn, struct diag *why)
{
    char beside[sizeof a->path + 8];
    bool ok;
    int fd;

    (void)snprintf(beside, sizeof beside, "%s.torn", a->path);
    fd = open(beside, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, MODE);
    if (fd < 0)
        return io(why, "put aside the torn end of", a->path);
    ok = write(fd, torn.p, torn.n) == (ssize_t)torn.n && write(fd, "\n", 1) == 1 && fsync(fd) == 0;
    close(fd);
    if (!ok || ftruncate(a->fd, a->end) != 0 || fsync(a->fd) != 0)
        return io(why, "put aside the torn end of", a->path);
    return OK;
}

/* Walks all lines. Gives the first broken one's number in the file, or 0. */
static uint64_t walk(struct px_audit *a, struct span text, struct span *torn, enum px_link *how)
{
    uint64_t broken = 0, line = 0;
    struct span rest = text, one;
    enum px_link l;

    while (rest.n > 0 && memchr(rest.p, '\n', rest.n) != NULL && span_cut(&rest, '\n', &one)) {
        line++;
        l = px_chain_look(&a->chain, one);
        if (l != PX_CHAIN_GOOD && broken == 0) {
            broken = line;
            *how = l;
        }
    }
    *torn = rest;
    a->end = (off_t)(text.n - rest.n);
    return broken;
}

static void tell_own(struct px_audit *a, const char *what, const char *why, struct span details)
{
    struct px_deed act = {
        .actor = "signalbox", .what = what, .result = "noted", .why = why, .details = details
    };

    LOG(ERROR, what, F("file", (const char *)a->path), F("why", why));
    if (px_audit_write(a, &act) != OK)
        LOG(ERROR, "audit.not_written", F("what", what));
}

static enum err find_end(struct px_audit *a, struct diag *why)
{
    struct px_file f = { .text = SPAN_NONE };
    struct span torn = SPAN_NONE;
    enum px_link how = PX_CHAIN_GOOD;
    uint64_t broken;
    char text[96];
    struct buf details = BUF_OF(text);
    size_t torn_n;
    enum err e = px_file_read(a->path, FILE_MOST, &f, why);

    if (e != OK)
        return e;
    broken = walk(a, f.text, &torn, &how);
    torn_n = torn.n;
    if (torn_n > 0)
        e = keep_torn(a, torn, why);
    px_file_close(&f);
    if (e != OK)
        return e;
    if (torn_n > 0) {
        buf_fmt(&details, "{\"bytes\":%zu}", torn_n);
        tell_own(a, "audit.torn", "the last line was cut short and put aside", buf_span(&details));
    }
    if (broken > 0) {
        buf_clear(&details);
        buf_fmt(&details, "{\"line\":%llu}", (unsigned long long)broken);
        tell_own(a, "audit.broken", px_chain_word(how), buf_span(&details));
    }
    return OK;
}

/* ---- life ---- */

static enum err open_file(struct px_audit *a, struct diag *why)
{
    struct stat s;

    a->fd = open(a->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, MODE);
    if (a->fd < 0 || fstat(a->fd, &s) != 0)
        return io(why, "open", a->path);
    if (!S_ISREG(s.st_mode)) {
        diag_set(why, "the audit log %.120s is no file", a->path);
        return E_IO;
    }
    if (flock(a->fd, LOCK_EX | LOCK_NB) != 0) {
        diag_set(why, "another gateway writes the audit log %.120s", a->path);
        return E_CONFLICT;
    }
    return OK;
}

enum err px_audit_open(const char *path, struct px_audit **out, struct diag *why)
{
    struct px_audit *a = calloc(1, sizeof *a);
    enum err e;

    if (a == NULL)
        return E_NOMEM;
    a->fd = -1;
    px_chain_init(&a->chain);
    e = span_copyz(span_str(path), a->path, sizeof a->path);
    if (e == OK)
        e = open_file(a, why);
    if (e == OK)
        e = find_end(a, why);
    if (e == OK)
        *out = a;
    else
        px_audit_close(a);
    return e;
}

void px_audit_close(struct px_audit *a)
{
    if (a == NULL)
        return;
    if (a->fd >= 0)
        close(a->fd);
    free(a);
}

/* ---- writing ---- */

/* Not appended blindly: what a failed write left behind is written over, so that the chain stays
 * whole when the disk has room again. */
enum err px_audit_write(struct px_audit *a, const struct px_deed *act)
{
    char line[PX_CHAIN_LINE];
    struct buf b = BUF_OF(line);
    struct px_deed dated = *act;
    struct px_chain next;

    if (a == NULL)
        return OK;
    next = a->chain;
    dated.at_ms = px_unix_ms();
    if (!px_chain_add(&next, &dated, &b)) {
        LOG(ERROR, "audit.too_long", F("what", act->what));
        return E_LIMIT;
    }
    if (!write_at(a->fd, buf_span(&b), a->end) || ftruncate(a->fd, a->end + (off_t)b.n) != 0 ||
        fdatasync(a->fd) != 0) {
        LOG(ERROR, "audit.not_written", F("what", act->what), F("error", strerror(errno)));
        if (ftruncate(a->fd, a->end) != 0)
            LOG(ERROR, "audit.not_cut", F("error", strerror(errno)));
        return E_IO;
    }
    a->end += (off_t)b.n;
    a->chain = next;
    LOG(INFO, "audit.written", F("n", next.n), F("hash", (const char *)next.hash),
        F("what", act->what), F("actor", act->actor == NULL ? "" : act->actor));
    return OK;
}

const struct px_chain *px_audit_head(const struct px_audit *a)
{
    return a == NULL ? NULL : &a->chain;
}

const char *px_audit_path(const struct px_audit *a)
{
    return a == NULL ? NULL : a->path;
}
