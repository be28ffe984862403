/* proxy/revisions.c */
#include "proxy/revisions.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proxy/revisions_inside.h"
#include "routing/base/check.h"

enum { FILE_MODE = 0640, LOCK_TRIES = 50, LOCK_PAUSE_US = 10000, DIGITS = 16, DIGITS_LEAST = 4 };

bool px_revisions_path(const struct px_revisions *r, const char *name, char out[PX_STATE_PATH])
{
    return px_state_path(r->dir[0] == '\0' ? NULL : r->dir, name, out);
}

bool px_revisions_bundle(const struct px_revisions *r, uint64_t revision, char out[PX_STATE_PATH])
{
    char name[DIGITS + sizeof ".bundle"];
    struct buf b = BUF_OF(name);

    px_revision_put(revision, &b);
    buf_str(&b, ".bundle");
    return px_revisions_path(r, buf_z(&b), out);
}

/* ---- turns ---- */

/* Others hold it for the time of a few writes; one that was stopped in the middle must not stop us
 * as well. */
static enum err lock(const struct px_revisions *r, int *out, struct diag *why)
{
    char path[PX_STATE_PATH];
    int fd = px_revisions_path(r, "lock", path)
                 ? open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, FILE_MODE)
                 : -1;

    if (fd < 0) {
        diag_set(why, "can not write %.140s: %s", path, strerror(errno));
        return E_IO;
    }
    for (unsigned i = 0; flock(fd, LOCK_EX | LOCK_NB) != 0; i++) {
        if (errno != EWOULDBLOCK || i == LOCK_TRIES) {
            diag_set(why, "another process is writing in %.140s", r->dir);
            close(fd);
            return E_TIMEOUT;
        }
        (void)usleep(LOCK_PAUSE_US);
    }
    *out = fd;
    return OK;
}

/* ---- opening ---- */

void px_revisions_remember(struct px_revisions *r, const struct px_note *n)
{
    r->note[r->next] = *n;
    r->next = (r->next + 1) % PX_REVISIONS_NOTES;
    r->notes += r->notes < PX_REVISIONS_NOTES;
}

static enum err open_folder(struct px_revisions *r, const char *dir, struct diag *why)
{
    enum err e;
    int turn;

    if (dir == NULL) {
        diag_set(why, "there is no folder for state: name one with `state:`");
        return E_IO;
    }
    if (!px_state_path(dir, "policies", r->dir)) {
        diag_set(why, "too long a path");
        return E_IO;
    }
    if ((e = px_state_open(r->dir, why)) != OK || (e = lock(r, &turn, why)) != OK)
        return e;
    e = px_history_load(r, why);
    if (e == OK)
        px_revisions_prune(r);
    close(turn);
    return e;
}

enum err px_revisions_open(const char *dir, struct px_revisions **out, struct diag *why)
{
    struct px_revisions *r = calloc(1, sizeof *r);
    enum err e;

    CHECK(r != NULL);
    r->note = calloc(PX_REVISIONS_NOTES, sizeof *r->note);
    CHECK(r->note != NULL);
    e = open_folder(r, dir, why);
    if (e != OK)
        (void)snprintf(r->broken, sizeof r->broken, "%s", why->text);
    *out = r;
    return e;
}

void px_revisions_close(struct px_revisions *r)
{
    if (r == NULL)
        return;
    free(r->note);
    free(r);
}

/* ---- keeping ---- */

bool px_revisions_has(const struct px_revisions *r, uint64_t revision)
{
    char path[PX_STATE_PATH];

    return px_revisions_bundle(r, revision, path) && access(path, R_OK) == 0;
}

static bool kept_already(const struct px_revisions *r, uint64_t revision, struct span bytes)
{
    char path[PX_STATE_PATH];
    struct px_file f = { .read_ = NULL };
    struct diag why = { 0 };
    bool same;

    if (!px_revisions_has(r, revision) || !px_revisions_bundle(r, revision, path) ||
        px_file_read(path, PX_BUNDLE_BYTES, &f, &why) != OK)
        return false;
    same = span_eq(f.text, bytes);
    px_file_close(&f);
    return same;
}

static enum err keep(const struct px_revisions *r, uint64_t revision, const struct px_bundle *texts,
                     struct diag *why)
{
    struct px_file f = { .read_ = NULL };
    char path[PX_STATE_PATH];
    enum err e = px_bundle_write(texts, &f, why);

    if (e == OK && !kept_already(r, revision, f.text))
        e = px_revisions_bundle(r, revision, path) ? px_file_replace(path, f.text, FILE_MODE, why)
                                                   : E_LIMIT;
    px_file_close(&f);
    return e;
}

/* A store that was broken may have been mended: it is tried each time. */
enum err px_revisions_note(struct px_revisions *r, const struct px_note *n,
                           const struct px_bundle *texts, struct diag *why)
{
    enum err e;
    int turn;

    if (r->dir[0] == '\0') {
        diag_set(why, "%s", r->broken);
        return E_IO;
    }
    if ((e = px_state_open(r->dir, why)) != OK || (e = lock(r, &turn, why)) != OK)
        return e;
    if (px_history_moved(r))
        e = px_history_load(r, why);
    if (e == OK && texts != NULL)
        e = keep(r, n->revision, texts, why);
    if (e == OK)
        e = px_history_append(r, n, why);
    if (e == OK) {
        px_revisions_prune(r);
    }
    close(turn); /* and with it the lock */
    return e;
}

/* ---- looking up ---- */

const struct px_note *px_revisions_nth(const struct px_revisions *r, unsigned n)
{
    if (n >= r->notes)
        return NULL;
    return &r->note[(r->next + PX_REVISIONS_NOTES - 1 - n) % PX_REVISIONS_NOTES];
}

static bool digits_only(struct span s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (strchr("0123456789abcdef", s.p[i]) == NULL || s.p[i] == '\0')
            return false;
    }
    return s.n >= DIGITS_LEAST && s.n <= DIGITS;
}

enum err px_revisions_find(const struct px_revisions *r, struct span digits, uint64_t *out,
                           struct diag *why)
{
    const struct px_note *n;
    char word[DIGITS + 1];
    uint64_t found = 0;

    if (!digits_only(digits)) {
        diag_set(why, "a revision is 4 to 16 digits of 0-9 and a-f");
        return E_SYNTAX;
    }
    for (unsigned i = 0; (n = px_revisions_nth(r, i)) != NULL; i++) {
        struct buf b = BUF_OF(word);

        px_revision_put(n->revision, &b);
        if (!span_eq(span_take(buf_span(&b), digits.n), digits) || n->revision == found)
            continue;
        if (found != 0) {
            diag_set(why, "several revisions begin with %.*s", SPAN_ARG(digits));
            return E_CONFLICT;
        }
        found = n->revision;
    }
    if (found == 0) {
        diag_set(why, "no revision %.*s was in force here", SPAN_ARG(digits));
        return E_NOTFOUND;
    }
    *out = found;
    return OK;
}

enum err px_revisions_get(const struct px_revisions *r, uint64_t revision, struct arena *a,
                          struct px_file *file, struct px_bundle *out, struct diag *why)
{
    char path[PX_STATE_PATH];
    enum err e;

    if (!px_revisions_bundle(r, revision, path)) {
        diag_set(why, "%s", r->broken);
        return E_NOTFOUND;
    }
    e = px_file_read(path, PX_BUNDLE_BYTES, file, why);
    if (e == E_NOTFOUND)
        diag_set(why, "the texts of revision %016llx are not kept any more",
                 (unsigned long long)revision);
    if (e != OK)
        return e;
    e = px_bundle_read(file->text, a, out, why);
    if (e != OK)
        px_file_close(file);
    return e;
}
