/* proxy/admin/socket.h -- where operators connect: a unix socket in the file system, or TCP. */
#ifndef PX_ADMIN_SOCKET_H
#define PX_ADMIN_SOCKET_H
#include <sys/types.h>

#include "routing/base/err.h"

struct px_admin_listen;

struct px_admin_socket {
    int fd, lock; /* -1: none */
    char path[108];
    dev_t dev;
    ino_t ino;
};

/* Listens. A unix socket is made with mode 0660 (never wider, not for a moment) and the
 * configuration's group. What a gateway that died has left at its path is removed; a socket that
 * somebody answers on, or anything that is no socket, is left alone and refused. PATH.lock keeps
 * two gateways from racing for it.
 *   errors  E_CONFLICT, E_IO, E_NOTFOUND (no such group); told in why. */
MUST enum err px_admin_socket_open(const struct px_admin_listen *l, struct px_admin_socket *out,
                                   struct diag *why);
/* Closes; removes the path if it still is this socket. */
void px_admin_socket_close(struct px_admin_socket *s);
#endif
