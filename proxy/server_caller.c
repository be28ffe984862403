/* proxy/server_caller.c -- whose request is this? */
#include <string.h>
#include <sys/socket.h>

#include "proxy/server_inside.h"
#include "proxy/tls.h"

/* As they were when it connected: a process that has given up rights since, or passed the socket
 * on, is still the one that was let in (unix(7), SO_PEERCRED and SO_PEERGROUPS). */
static bool local_caller(int fd, struct px_caller *out)
{
    struct ucred who;
    socklen_t n = sizeof who;

    /* pid is 0 for a process of another PID namespace, which is as good as any */
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) != 0 || who.uid == (uid_t)-1)
        return false;
    out->local = true;
    out->uid = who.uid;
    out->group[0] = who.gid;
    out->groups = 1;
    n = sizeof out->group - sizeof out->group[0];
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, &out->group[1], &n) == 0)
        out->groups += (unsigned)(n / sizeof out->group[0]);
    return true;
}

static bool is_unix(int fd)
{
    struct sockaddr_storage a = { .ss_family = AF_UNSPEC };
    socklen_t n = sizeof a;

    return getsockname(fd, (struct sockaddr *)&a, &n) == 0 && a.ss_family == AF_UNIX;
}

bool px_request_caller(const struct px_request *r, struct px_caller *out)
{
    const struct px_server_request *q = (const struct px_server_request *)r; /* first member */
    const struct px_tls *tls;
    int fd;

    memset(out, 0, sizeof *out);
    if (q->on == NULL || r->gone)
        return false;
    fd = px_conn_fd(q->on->conn);
    tls = px_conn_tls(q->on->conn);
    if (tls != NULL && !px_tls_peer_name(tls, out->cert))
        out->cert[0] = '\0';
    return tls != NULL || !is_unix(fd) || local_caller(fd, out);
}
