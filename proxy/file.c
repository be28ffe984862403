/* proxy/file.c */
#include "proxy/file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_MOST = 4096 };

static enum err told(enum err e, struct diag *why, const char *path, int error)
{
    diag_set(why, "can not read %.140s: %s", path, strerror(error));
    return e;
}

static enum err open_plain(const char *path, int *fd, struct stat *s, struct diag *why)
{
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (*fd < 0)
        return told(errno == ENOENT ? E_NOTFOUND : E_IO, why, path, errno);
    if (fstat(*fd, s) != 0 || !S_ISREG(s->st_mode)) {
        close(*fd);
        return told(E_IO, why, path, S_ISDIR(s->st_mode) ? EISDIR : EINVAL);
    }
    return OK;
}

static bool read_all(int fd, char *to, size_t n)
{
    size_t at = 0;
    ssize_t got;

    while (at < n) {
        got = read(fd, to + at, n - at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        at += (size_t)got;
    }
    return true;
}

enum err px_file_read(const char *path, size_t most, struct px_file *out, struct diag *why)
{
    struct stat s;
    enum err e;
    char *text;
    size_t n;
    int fd;

    if ((e = open_plain(path, &fd, &s, why)) != OK)
        return e;
    n = (size_t)s.st_size;
    if (n > most) {
        diag_set(why, "%.140s is longer than %zu bytes", path, most);
        close(fd);
        return E_LIMIT;
    }
    text = malloc(n + 1);
    if (text == NULL || !read_all(fd, text, n)) {
        e = text == NULL ? told(E_NOMEM, why, path, ENOMEM) : told(E_IO, why, path, EIO);
        free(text);
        close(fd);
        return e;
    }
    close(fd);
    text[n] = '\0';
    *out = (struct px_file){ .text = { text, n }, .changed_s = s.st_mtime, .read_ = text };
    return OK;
}

enum err px_file_map(const char *path, struct px_file *out, struct diag *why)
{
    struct stat s;
    enum err e;
    size_t n;
    void *at;
    int fd;

    if ((e = open_plain(path, &fd, &s, why)) != OK)
        return e;
    n = (size_t)s.st_size;
    if (n == 0) {
        close(fd);
        *out = (struct px_file){ .changed_s = s.st_mtime };
        return OK;
    }
    at = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) {
        e = told(E_NOMEM, why, path, errno);
    } else {
        (void)madvise(at, n, MADV_HUGEPAGE); /* look-ups jump about in it */
        if (!read_all(fd, at, n) || mprotect(at, n, PROT_READ) != 0) {
            e = told(E_IO, why, path, EIO);
            (void)munmap(at, n);
        }
    }
    close(fd);
    if (e == OK)
        *out = (struct px_file){ .text = { at, n }, .changed_s = s.st_mtime, .mapped_ = at };
    return e;
}

void px_file_close(struct px_file *f)
{
    free(f->read_);
    if (f->mapped_ != NULL)
        (void)munmap(f->mapped_, f->text.n);
    *f = (struct px_file){ 0 };
}

static bool write_all(int fd, struct span bytes)
{
    while (bytes.n > 0) {
        ssize_t done = write(fd, bytes.p, bytes.n);

        if (done < 0 && errno != EINTR)
            return false;
        if (done > 0)
            bytes = span_drop(bytes, (size_t)done);
    }
    return true;
}

/* The new name is durable once its directory is. */
static void sync_directory(const char *path)
{
    char copy[PATH_MOST];
    int fd;

    if (span_copyz(span_str(path), copy, sizeof copy) != OK)
        return;
    fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd);
        close(fd);
    }
}

enum err px_file_replace(const char *path, struct span bytes, unsigned mode, struct diag *why)
{
    char beside[PATH_MOST];
    bool ok;
    int fd;

    if (snprintf(beside, sizeof beside, "%s.XXXXXX", path) >= (int)sizeof beside) {
        diag_set(why, "too long a path");
        return E_LIMIT;
    }
    fd = mkostemp(beside, O_CLOEXEC);
    if (fd < 0) {
        diag_set(why, "can not write beside %.140s: %s", path, strerror(errno));
        return E_IO;
    }
    ok = fchmod(fd, (mode_t)mode) == 0 && write_all(fd, bytes) && fsync(fd) == 0;
    ok = close(fd) == 0 && ok && rename(beside, path) == 0;
    if (!ok) {
        diag_set(why, "can not write %.140s: %s", path, strerror(errno));
        (void)unlink(beside);
        return E_IO;
    }
    sync_directory(path);
    return OK;
}
