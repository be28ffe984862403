/* loadtest/pspsim/listener.c */
#include "loadtest/pspsim/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loadtest/pspsim/conn.h"
#include "routing/base/check.h"

enum { BACKLOG = 4096, ACCEPTS_PER_TURN = 64 };

struct sim_listener {
    struct sim *sim;
    enum sim_who who;
    bool tls, refused;
    int fd;
    ev_io acceptable;
};

static const struct sim_fault *accept_fault(struct sim_listener *l)
{
    struct sim *s = l->sim;
    struct sim_seen seen = { .amount = -1 };
    struct sim_fault *f;

    if (l->who >= SIM_PSPS || s->faults[l->who].rules == 0)
        return NULL;
    f = sim_fault_strikes(&s->faults[l->who], SIM_ACCEPT, SIM_ACCEPT, &seen, &s->dice);
    if (f != NULL)
        s->count[l->who].faults++;
    return f;
}

static void on_acceptable(struct ev_loop *loop, ev_io *w, int revents)
{
    struct sim_listener *l = w->data;

    (void)loop;
    (void)revents;
    for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
        int fd = accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd < 0)
            return;
        sim_conn_open(l->sim, l->who, fd, l->tls, accept_fault(l));
    }
}

static int port_of(int fd)
{
    struct sockaddr_in a;
    socklen_t n = sizeof a;

    CHECK(getsockname(fd, (struct sockaddr *)&a, &n) == 0);
    return ntohs(a.sin_port);
}

static int bound(struct sockaddr_in *a)
{
    int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)a, sizeof *a) == 0)
        return fd;
    close(fd);
    return -1;
}

/* A port the kernel picked is given back when the socket stops listening; one that was named stays.
 * So a free one is found first and then named. */
static int listening(const char *address, int port)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    int probe = -1, fd = -1;

    if (inet_pton(AF_INET, address, &a.sin_addr) != 1) {
        errno = EINVAL;
        return -1;
    }
    if (port == 0) {
        if ((probe = bound(&a)) < 0)
            return -1;
        a.sin_port = htons((uint16_t)port_of(probe));
    }
    fd = bound(&a);
    if (probe >= 0)
        close(probe);
    if (fd >= 0 && listen(fd, BACKLOG) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

int sim_listen(struct sim *s, enum sim_who who, bool tls, int port)
{
    int fd = listening(s->opt.address, port);
    struct sim_listener *l;

    if (fd < 0) {
        (void)fprintf(stderr, "pspsim: %s port %d: %s\n", s->opt.address, port, strerror(errno));
        return -1;
    }
    l = lt_new(1, sizeof *l);
    *l = (struct sim_listener){ .sim = s, .who = who, .tls = tls, .fd = fd };
    ev_io_init(&l->acceptable, on_acceptable, fd, EV_READ);
    l->acceptable.data = l;
    ev_io_start(s->loop, &l->acceptable);
    for (unsigned i = 0; i < SIM_LISTENERS; i++) {
        if (s->listener[i] == NULL) {
            s->listener[i] = l;
            return port_of(fd);
        }
    }
    check_failed("a free listener slot", __FILE__, __LINE__);
}

/* shutdown() of a listening socket makes it deaf while it keeps its port (Linux); listen() makes
 * it hear again. */
static void refuse(struct sim_listener *l, bool on)
{
    if (l->refused == on)
        return;
    l->refused = on;
    if (on) {
        ev_io_stop(l->sim->loop, &l->acceptable);
        shutdown(l->fd, SHUT_RD);
    } else {
        CHECK(listen(l->fd, BACKLOG) == 0);
        ev_io_start(l->sim->loop, &l->acceptable);
    }
}

void sim_listeners_refuse(struct sim *s, enum sim_who who, bool on)
{
    for (unsigned i = 0; i < SIM_LISTENERS; i++) {
        if (s->listener[i] != NULL && s->listener[i]->who == who)
            refuse(s->listener[i], on);
    }
}

void sim_listeners_free(struct sim *s)
{
    for (unsigned i = 0; i < SIM_LISTENERS; i++) {
        if (s->listener[i] == NULL)
            continue;
        ev_io_stop(s->loop, &s->listener[i]->acceptable);
        close(s->listener[i]->fd);
        free(s->listener[i]);
        s->listener[i] = NULL;
    }
}
