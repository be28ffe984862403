/* proxy/revisions_history.c -- history.jsonl: a line an act, only ever appended to. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proxy/revisions_inside.h"
#include "routing/base/check.h"
#include "routing/base/json.h"

enum { FILE_MODE = 0640, LINE = 8192, READ_MAX = 16 * 1024 * 1024 };

static const char name[] = "history.jsonl";

static enum err told(struct diag *why, const char *path)
{
    diag_set(why, "can not write %.140s: %s", path, strerror(errno));
    return E_IO;
}

static struct span line_of(const struct px_note *n, char room[LINE])
{
    struct buf b = buf_over(room, LINE);
    struct json_out o = json_to(&b);

    px_note_print(n, &o);
    buf_byte(&b, '\n');
    CHECK(buf_ok(&b));
    return buf_span(&b);
}

/* ---- reading ---- */

static void take_lines(struct px_revisions *r, struct span text)
{
    struct span line;
    struct px_note n;

    while (span_cut(&text, '\n', &line)) {
        if (line.n > 0 && px_note_read(line, &n) == OK)
            px_revisions_remember(r, &n);
    }
}

/* What stands behind the last line end was being written when the power went. */
static enum err mend(const char *path, struct span text, struct diag *why)
{
    size_t whole = text.n;

    while (whole > 0 && text.p[whole - 1] != '\n')
        whole--;
    return whole == text.n || truncate(path, (off_t)whole) == 0 ? OK : told(why, path);
}

/* The newer half, as a file of its own. */
static enum err halve(const char *path, struct span text, struct diag *why)
{
    const char *half = memchr(text.p + text.n / 2, '\n', text.n - text.n / 2);

    if (text.n <= PX_REVISIONS_FILE || half == NULL)
        return OK;
    text = span_drop(text, (size_t)(half + 1 - text.p));
    return px_file_replace(path, text, FILE_MODE, why);
}

static int64_t size_of(const char *path)
{
    struct stat s;

    return stat(path, &s) == 0 ? (int64_t)s.st_size : 0;
}

bool px_history_moved(const struct px_revisions *r)
{
    char path[PX_STATE_PATH];

    return px_revisions_path(r, name, path) && size_of(path) != r->size;
}

enum err px_history_load(struct px_revisions *r, struct diag *why)
{
    struct px_file f = { .read_ = NULL };
    char path[PX_STATE_PATH];
    enum err e;

    if (!px_revisions_path(r, name, path))
        return E_IO;
    r->notes = r->next = 0;
    r->size = 0;
    e = px_file_read(path, READ_MAX, &f, why);
    if (e == E_NOTFOUND)
        return OK; /* the first start */
    if (e != OK)
        return e;
    take_lines(r, f.text);
    e = mend(path, f.text, why);
    if (e == OK)
        e = halve(path, f.text, why);
    px_file_close(&f);
    r->size = size_of(path);
    return e;
}

/* ---- writing ---- */

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

/* The new line, or the file as it was. Another process may have died in the middle of a line. */
static bool add(int fd, struct span line)
{
    off_t was = lseek(fd, 0, SEEK_END);
    char last = '\n';
    bool ok;

    if (was < 0 || (was > 0 && pread(fd, &last, 1, was - 1) != 1))
        return false;
    ok = (last == '\n' || write_all(fd, SPAN("\n"))) && write_all(fd, line) && fsync(fd) == 0;
    if (!ok && ftruncate(fd, was) == 0)
        (void)fsync(fd);
    return ok;
}

/* A file that is new is durable once its folder is. */
static void sync_folder(const struct px_revisions *r)
{
    int fd = open(r->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd >= 0) {
        (void)fsync(fd);
        close(fd);
    }
}

enum err px_history_append(struct px_revisions *r, const struct px_note *n, struct diag *why)
{
    char path[PX_STATE_PATH], room[LINE];
    struct span line = line_of(n, room);
    enum err e = OK;
    bool fresh;
    int fd;

    if (!px_revisions_path(r, name, path))
        return E_IO;
    fresh = access(path, F_OK) != 0;
    fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
    if (fd < 0)
        return told(why, path);
    if (add(fd, line))
        px_revisions_remember(r, n);
    else
        e = told(why, path);
    close(fd);
    r->size = size_of(path);
    if (e == OK && r->size > PX_REVISIONS_FILE)
        e = px_history_load(r, why); /* which shortens it */
    if (fresh)
        sync_folder(r);
    return e;
}
