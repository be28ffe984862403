/* loadtest/fire/main.c */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "loadtest/fire/fire.h"

enum { EXIT_UNANSWERED = 1, EXIT_USAGE = 2, EXIT_OPEN = 3 };

static bool file_read(const char *name, struct lt_out *o)
{
    FILE *f = fopen(name, "re");
    char some[4096];
    size_t n;
    bool ok;

    if (f == NULL) {
        perror(name);
        return false;
    }
    while ((n = fread(some, 1, sizeof some, f)) > 0)
        lt_bytes(o, some, n);
    ok = ferror(f) == 0;
    (void)fclose(f);
    return ok;
}

static bool token_read(struct fire *f)
{
    if (f->aim.token_file == NULL)
        return true;
    lt_z(&f->token, "Bearer ");
    if (!file_read(f->aim.token_file, &f->token))
        return false;
    while (f->token.n > 0 && strchr(" \r\n", f->token.p[f->token.n - 1]) != NULL)
        f->token.n--;
    return true;
}

static bool files_open(struct fire *f)
{
    if (!token_read(f) ||
        (f->aim.body_file != NULL && !file_read(f->aim.body_file, &f->fixed_body)))
        return false;
    if (f->aim.record_file == NULL)
        return true;
    f->record = fopen(f->aim.record_file, "we");
    if (f->record == NULL)
        perror(f->aim.record_file);
    return f->record != NULL;
}

static void on_signal(struct ev_loop *loop, ev_signal *w, int revents)
{
    (void)w;
    (void)revents;
    ev_break(loop, EVBREAK_ALL);
}

static int run(struct fire *f)
{
    ev_signal interrupt, term;

    f->loop = ev_default_loop(EVFLAG_AUTO);
    f->dice = rng_of(f->aim.seed);
    f->last = &f->first;
    if (f->loop == NULL || !files_open(f) || !fire_links_open(f))
        return EXIT_OPEN;
    ev_signal_init(&interrupt, on_signal, SIGINT);
    ev_signal_init(&term, on_signal, SIGTERM);
    ev_signal_start(f->loop, &interrupt);
    ev_signal_start(f->loop, &term);
    fire_plan_start(f);
    ev_run(f->loop, 0);
    fire_tally_print(f);
    fire_links_free(f);
    fire_plan_free(f);
    if (f->record != NULL && fclose(f->record) != 0) {
        perror(f->aim.record_file);
        return EXIT_OPEN;
    }
    lt_out_fini(&f->token);
    lt_out_fini(&f->fixed_body);
    return f->tally.gave_up > 0 ? EXIT_UNANSWERED : 0;
}

static void many_files(void)
{
    struct rlimit l;

    if (getrlimit(RLIMIT_NOFILE, &l) == 0) {
        l.rlim_cur = l.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &l);
    }
}

int main(int argc, char **argv)
{
    struct fire *f = lt_new(1, sizeof *f);
    enum fire_say say = fire_aim_read(&f->aim, argc, argv);
    int status = say == FIRE_STOP ? 0 : EXIT_USAGE;

    (void)signal(SIGPIPE, SIG_IGN);
    many_files();
    if (say == FIRE_GO)
        status = run(f);
    free(f);
    return status;
}
