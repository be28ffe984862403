/* proxy/decisions_file.c */
#include "proxy/decisions_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proxy/clock.h"
#include "proxy/log.h"
#include "routing/base/check.h"

enum { BUFFER = 512 * 1024, PATH = 4096, TRY_AGAIN_S = 1 };

struct px_decisions_file {
    const char *path;
    int64_t rotate_size;
    unsigned keep;
    int fd; /* -1: cannot be opened */
    struct stat id;
    int64_t size;
    bool torn; /* it ends within a line */
    int64_t tried_ns;
    char why[160];
    uint64_t lines; /* in the buffer */
    struct px_decisions_flushed sum;
    size_t n;
    char buffer[BUFFER];
};

static void failed(struct px_decisions_file *f, const char *what)
{
    (void)snprintf(f->why, sizeof f->why, "%s %.100s: %s", what, f->path, strerror(errno));
}

/* Does the last byte end a line? A process that was killed may have left half of one. */
static bool ends_torn(const struct px_decisions_file *f)
{
    char last = '\n';
    int fd = f->size == 0 ? -1 : open(f->path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return false;
    if (pread(fd, &last, 1, f->size - 1) != 1)
        last = '\n';
    close(fd);
    return last != '\n';
}

static void open_file(struct px_decisions_file *f)
{
    int fd = open(f->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);

    f->tried_ns = px_now_ns();
    if (fd < 0 || fstat(fd, &f->id) != 0 || !S_ISREG(f->id.st_mode)) {
        failed(f, "cannot open");
        if (fd >= 0)
            close(fd);
        return; /* the old one, if there is one, goes on */
    }
    if (f->fd >= 0)
        close(f->fd);
    f->fd = fd;
    f->size = f->id.st_size;
    f->torn = ends_torn(f);
}

struct px_decisions_file *px_decisions_file_open(const char *path, int64_t rotate_size,
                                                 unsigned keep)
{
    struct px_decisions_file *f = calloc(1, sizeof *f);

    CHECK(keep > 0);
    if (f == NULL)
        return NULL;
    f->path = path;
    f->rotate_size = rotate_size;
    f->keep = keep;
    f->fd = -1;
    open_file(f);
    if (f->fd < 0)
        LOG(ERROR, "decisions.unwritable", F("why", (const char *)f->why));
    return f;
}

void px_decisions_file_reopen(struct px_decisions_file *f)
{
    open_file(f);
}

/* ---- rotation ---- */

static bool name_of(const struct px_decisions_file *f, unsigned number, char out[PATH])
{
    int n = number == 0 ? snprintf(out, PATH, "%s", f->path)
                        : snprintf(out, PATH, "%s.%u", f->path, number);

    return n > 0 && n < PATH;
}

/* Another process (the one that replaces us, logrotate) may have put a new file there. */
static bool still_ours(const struct px_decisions_file *f)
{
    struct stat now;

    return stat(f->path, &now) == 0 && now.st_ino == f->id.st_ino && now.st_dev == f->id.st_dev;
}

static void rotate(struct px_decisions_file *f)
{
    char from[PATH], to[PATH];

    for (unsigned i = f->keep; i > 0 && still_ours(f); i--) {
        if (name_of(f, i - 1, from) && name_of(f, i, to) && rename(from, to) != 0 &&
            errno != ENOENT)
            failed(f, "cannot rotate");
    }
    open_file(f);
}

/* ---- writing ---- */

/* What did not get onto the disk is lost; half a line stays alone on its own. */
static bool write_all(struct px_decisions_file *f, struct span s)
{
    if (f->torn && write(f->fd, "\n", 1) != 1) {
        failed(f, "cannot write");
        return false;
    }
    f->torn = false;
    while (s.n > 0) {
        ssize_t n = write(f->fd, s.p, s.n);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            failed(f, "cannot write");
            return false;
        }
        f->size += n;
        f->torn = s.p[n - 1] != '\n';
        s = span_drop(s, (size_t)n);
    }
    return true;
}

static uint64_t lines_in(struct span s)
{
    uint64_t lines = 0;
    struct span line;

    while (s.n > 0 && span_cut(&s, '\n', &line))
        lines++;
    return lines;
}

static void flush(struct px_decisions_file *f)
{
    int64_t before = f->size;
    uint64_t good;

    if (f->n == 0)
        return;
    if (f->fd < 0 && px_now_ns() - f->tried_ns >= TRY_AGAIN_S * INT64_C(1000000000))
        open_file(f);
    if (f->fd >= 0 && f->size >= f->rotate_size)
        rotate(f);
    if (f->fd >= 0)
        before = f->size;
    if (f->fd >= 0 && write_all(f, (struct span){ f->buffer, f->n })) {
        f->sum.written += f->lines;
    } else {
        good = lines_in((struct span){ f->buffer, (size_t)(f->size - before) });
        good -= f->torn && good > 0;
        f->sum.written += good;
        f->sum.lost += f->lines - good;
    }
    f->n = 0;
    f->lines = 0;
}

void px_decisions_file_put(struct px_decisions_file *f, struct span line)
{
    CHECK(line.n <= BUFFER);
    if (line.n > BUFFER - f->n)
        flush(f);
    memcpy(f->buffer + f->n, line.p, line.n);
    f->n += line.n;
    f->lines++;
}

struct px_decisions_flushed px_decisions_file_flush(struct px_decisions_file *f)
{
    struct px_decisions_flushed sum;

    flush(f);
    sum = f->sum;
    f->sum = (struct px_decisions_flushed){ 0, 0 };
    return sum;
}

const char *px_decisions_file_why(const struct px_decisions_file *f)
{
    return f->why;
}

void px_decisions_file_close(struct px_decisions_file *f)
{
    if (f == NULL)
        return;
    if (f->fd >= 0)
        close(f->fd);
    free(f);
}
