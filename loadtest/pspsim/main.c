/* loadtest/pspsim/main.c -- start, ready line, end. */
#include <ev.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "loadtest/pspsim/conn.h"
#include "loadtest/pspsim/control.h"
#include "loadtest/pspsim/ledger_json.h"
#include "loadtest/pspsim/listener.h"
#include "loadtest/pspsim/tls.h"

enum { EXIT_DOUBLE = 1, EXIT_USAGE = 2, EXIT_OPEN = 3 };

static void on_signal(struct ev_loop *loop, ev_signal *w, int revents)
{
    (void)w;
    (void)revents;
    ev_break(loop, EVBREAK_ALL);
}

static void world_init(struct sim *s)
{
    sim_ledger_init(&s->ledger);
    sim_keys_init(&s->keys);
    s->ids = rng_of(s->opt.seed);
    s->dice = rng_of(s->opt.seed ^ 0x9e3779b97f4a7c15u);
    for (enum sim_who w = 0; w < SIM_PSPS; w++)
        sim_settings_init(&s->set[w], &s->opt);
}

static bool listen_all(struct sim *s, struct lt_out *ready)
{
    for (enum sim_who w = 0; w < SIM_WHOS; w++) {
        bool tls = s->opt.tls && w != SIM_CONTROL;
        char name[40];
        int port;

        if (s->opt.port[w] < 0)
            continue;
        if ((port = sim_listen(s, w, tls, s->opt.port[w])) < 0)
            return false;
        lt_member_num(ready, sim_who_name(w), port);
        if (!tls)
            continue;
        if ((port = sim_listen(s, w, false, 0)) < 0)
            return false;
        (void)snprintf(name, sizeof name, "%s_clear", sim_who_name(w));
        lt_member_num(ready, name, port);
    }
    return true;
}

static bool say_ready(struct sim *s)
{
    struct lt_out ready = { 0 };
    bool ok;

    lt_byte(&ready, '{');
    ok = listen_all(s, &ready);
    lt_member_z(&ready, "address", s->opt.address);
    lt_member_bool(&ready, "tls", s->opt.tls);
    lt_member_num(&ready, "pid", getpid());
    if (s->opt.tls) {
        lt_member(&ready, "ca");
        lt_fmt(&ready, "\"%s/ca.pem\"", s->opt.certs);
    }
    lt_z(&ready, "}\n");
    if (ok)
        ok = fwrite(ready.p, 1, ready.n, stdout) == ready.n && fflush(stdout) == 0;
    lt_out_fini(&ready);
    return ok;
}

static bool ledger_save(const struct sim *s)
{
    struct sim_ledger_wish all = { .who = SIM_PSPS };
    struct lt_out o = { 0 };
    FILE *f;
    bool ok;

    if (s->opt.ledger == NULL)
        return true;
    sim_ledger_write(s, &all, &o);
    f = fopen(s->opt.ledger, "we");
    ok = f != NULL && fwrite(o.p, 1, o.n, f) == o.n;
    if (f != NULL && fclose(f) != 0)
        ok = false;
    if (!ok)
        perror(s->opt.ledger);
    lt_out_fini(&o);
    return ok;
}

static int end(struct sim *s)
{
    struct lt_out o = { 0 };
    bool saved = ledger_save(s), clean;

    sim_summary_write(s, &o);
    clean = memmem(o.p, o.n, "\"doubles\":0,", 12) != NULL;
    if (!s->opt.quiet)
        (void)fwrite(o.p, 1, o.n, stdout);
    lt_out_fini(&o);
    return !saved ? EXIT_OPEN : clean ? 0 : EXIT_DOUBLE;
}

static void world_fini(struct sim *s)
{
    sim_listeners_free(s);
    sim_conns_free(s);
    while (s->spare != NULL) {
        struct sim_req *r = s->spare;

        s->spare = r->next;
        lt_out_fini(&r->body);
        lt_out_fini(&r->work);
        lt_out_fini(&r->ask.metadata);
        lt_out_fini(&r->ask.billing);
        lt_out_fini(&r->reply.body);
        free(r);
    }
    sim_tls_free(s->tls);
    sim_ledger_fini(&s->ledger);
    sim_keys_fini(&s->keys);
}

/* A gateway under test may open thousands of connections. */
static void many_files(void)
{
    struct rlimit l;

    if (getrlimit(RLIMIT_NOFILE, &l) == 0) {
        l.rlim_cur = l.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &l);
    }
}

static int run(struct sim *s)
{
    ev_signal term, interrupt;
    int status;

    s->loop = ev_default_loop(EVFLAG_AUTO);
    if (s->loop == NULL || (s->opt.tls && !sim_tls_load(s, s->opt.certs)))
        return EXIT_OPEN;
    world_init(s);
    if (!say_ready(s))
        return EXIT_OPEN;
    ev_signal_init(&term, on_signal, SIGTERM);
    ev_signal_init(&interrupt, on_signal, SIGINT);
    ev_signal_start(s->loop, &term);
    ev_signal_start(s->loop, &interrupt);
    ev_run(s->loop, 0);
    status = end(s);
    ev_signal_stop(s->loop, &term);
    ev_signal_stop(s->loop, &interrupt);
    world_fini(s);
    ev_loop_destroy(s->loop);
    return status;
}

int main(int argc, char **argv)
{
    struct sim *s = lt_new(1, sizeof *s);
    enum sim_options_say say = sim_options_read(&s->opt, argc, argv);
    int status = say == SIM_STOP ? 0 : EXIT_USAGE;

    (void)signal(SIGPIPE, SIG_IGN);
    many_files();
    if (say == SIM_GO)
        status = s->opt.make_certs != NULL ? (sim_certs_make(s->opt.make_certs) ? 0 : EXIT_OPEN)
                                           : run(s);
    free(s);
    return status;
}
