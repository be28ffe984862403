/* proxy/admin/socket.c */
#include "proxy/admin/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "proxy/config.h"

enum { BACKLOG = 64, MODE = 0660, GROUP_ROOM = 16384 };

static enum err failed(struct diag *why, const struct px_admin_listen *l, const char *what)
{
    diag_set(why, "can not %s %.120s: %s", what, l->address.text, strerror(errno));
    return E_IO;
}

/* ---- what is already there ---- */

static bool somebody_listens(const struct px_address *a)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool refused = fd >= 0 && connect(fd, (const struct sockaddr *)&a->sa, a->len) != 0 &&
                   errno == ECONNREFUSED;

    if (fd >= 0)
        close(fd);
    return !refused;
}

static enum err clear_path(const struct px_admin_listen *l, const char *path, struct diag *why)
{
    struct stat s;

    if (lstat(path, &s) != 0)
        return errno == ENOENT ? OK : failed(why, l, "look at");
    if (!S_ISSOCK(s.st_mode)) {
        diag_set(why, "%.140s is there and is no socket", path);
        return E_CONFLICT;
    }
    if (somebody_listens(&l->address)) {
        diag_set(why, "another process listens on %.140s", path);
        return E_CONFLICT;
    }
    return unlink(path) == 0 || errno == ENOENT ? OK : failed(why, l, "remove the old socket at");
}

static enum err lock_path(const struct px_admin_listen *l, struct px_admin_socket *s,
                          struct diag *why)
{
    char path[sizeof s->path + 8];

    (void)snprintf(path, sizeof path, "%s.lock", s->path);
    s->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (s->lock < 0)
        return failed(why, l, "lock");
    if (flock(s->lock, LOCK_EX | LOCK_NB) == 0)
        return OK;
    diag_set(why, "another gateway listens on %.140s", s->path);
    return E_CONFLICT;
}

/* ---- opening ---- */

static enum err give_to_group(const struct px_admin_listen *l, const char *path, struct diag *why)
{
    char room[GROUP_ROOM];
    struct group g, *found = NULL;

    if (l->group == NULL)
        return OK;
    if (getgrnam_r(l->group, &g, room, sizeof room, &found) != 0 || found == NULL) {
        diag_set(why, "there is no group \"%.60s\" (listen.admin.group)", l->group);
        return E_NOTFOUND;
    }
    return chown(path, (uid_t)-1, found->gr_gid) == 0 ? OK : failed(why, l, "set the group of");
}

/* Before any other thread runs: the umask is the process's. */
static enum err bind_unix(const struct px_admin_listen *l, struct px_admin_socket *s,
                          struct diag *why)
{
    mode_t before = umask(0777 & ~MODE);
    int bound = bind(s->fd, (const struct sockaddr *)&l->address.sa, l->address.len);
    struct stat st;

    (void)umask(before);
    if (bound != 0)
        return failed(why, l, "listen on");
    if (lstat(s->path, &st) != 0)
        return failed(why, l, "look at");
    s->dev = st.st_dev;
    s->ino = st.st_ino;
    return give_to_group(l, s->path, why);
}

static enum err open_unix(const struct px_admin_listen *l, struct px_admin_socket *s,
                          struct diag *why)
{
    const struct sockaddr_un *un = (const struct sockaddr_un *)&l->address.sa;
    enum err e;

    (void)snprintf(s->path, sizeof s->path, "%s", un->sun_path);
    if ((e = lock_path(l, s, why)) != OK || (e = clear_path(l, s->path, why)) != OK)
        return e;
    return bind_unix(l, s, why);
}

static enum err open_tcp(const struct px_admin_listen *l, struct px_admin_socket *s,
                         struct diag *why)
{
    const int on = 1;

    if (setsockopt(s->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(s->fd, (const struct sockaddr *)&l->address.sa, l->address.len) != 0)
        return failed(why, l, "listen on");
    return OK;
}

enum err px_admin_socket_open(const struct px_admin_listen *l, struct px_admin_socket *out,
                              struct diag *why)
{
    struct px_admin_socket s = { .lock = -1 };
    enum err e;

    s.fd = socket(l->address.sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (s.fd < 0)
        return failed(why, l, "listen on");
    e = l->address.unix_path ? open_unix(l, &s, why) : open_tcp(l, &s, why);
    if (e == OK && listen(s.fd, BACKLOG) != 0)
        e = failed(why, l, "listen on");
    if (e == OK)
        *out = s;
    else
        px_admin_socket_close(&s);
    return e;
}

void px_admin_socket_close(struct px_admin_socket *s)
{
    struct stat st;

    if (s->ino != 0 && lstat(s->path, &st) == 0 && st.st_dev == s->dev && st.st_ino == s->ino)
        (void)unlink(s->path);
    if (s->fd >= 0)
        close(s->fd);
    if (s->lock >= 0)
        close(s->lock); /* the file stays: removing it would let two lock two of them */
    *s = (struct px_admin_socket){ .fd = -1, .lock = -1 };
}
