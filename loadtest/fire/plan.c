/* loadtest/fire/plan.c -- which payment is due when, and what becomes of those that are lost. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "loadtest/fire/fire.h"
#include "routing/base/check.h"
#include "routing/base/secret.h"

enum { BACKOFF_MAX_MS = 5000 };

int64_t fire_now_ns(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static struct fire_job *job_new(struct fire *f)
{
    struct fire_job *j = f->spare;
    struct lt_out body, answer;

    if (j == NULL)
        j = lt_new(1, sizeof *j);
    else
        f->spare = j->next;
    body = j->body;
    answer = j->answer;
    *j = (struct fire_job){ .fire = f, .body = body, .answer = answer };
    return j;
}

static void job_free(struct fire_job *j)
{
    struct fire *f = j->fire;

    secret_wipe(j->body.p, j->body.n);
    ev_timer_stop(f->loop, &j->timer);
    j->next = f->spare;
    f->spare = j;
}

static void done_if_last(struct fire *f)
{
    if (f->finished && f->under_way == 0)
        ev_break(f->loop, EVBREAK_ALL);
}

static bool counted(const struct fire *f, const struct fire_job *j)
{
    return j->due_ns - f->start_ns >= (int64_t)(f->aim.warmup_s * 1e9);
}

static void job_begin(struct fire *f, int64_t due_ns, int64_t now_ns)
{
    struct fire_job *j = job_new(f);

    j->number = f->begun++;
    j->due_ns = due_ns;
    j->give_up_ns = now_ns + (int64_t)(f->aim.give_up_s * 1e9);
    ev_timer_init(&j->timer, NULL, 0., 0.);
    fire_payment_write(j);
    f->under_way++;
    f->tally.due++;
    if (counted(f, j))
        fire_histogram_add(&f->tally.late, (uint64_t)(now_ns - due_ns) / 1000);
    fire_job_send(j);
}

/* Closed loop: the stream that has just become free sends the next one. */
static void begin_next(struct fire *f)
{
    int64_t now = fire_now_ns();

    if (!f->finished && f->aim.count > 0 && f->begun >= f->aim.count)
        f->finished = true;
    if (!f->finished)
        job_begin(f, now, now);
}

void fire_job_ended(struct fire_job *j, bool answered)
{
    struct fire *f = j->fire;
    struct fire_tally *t = &f->tally;
    int64_t now = fire_now_ns();

    if (answered)
        t->answered++;
    else
        t->gave_up++;
    if (answered && counted(f, j)) {
        fire_histogram_add(&t->latency, (uint64_t)(now - j->due_ns) / 1000);
        if (t->first_ns == 0)
            t->first_ns = f->start_ns + (int64_t)(f->aim.warmup_s * 1e9);
        t->last_ns = now;
    }
    fire_payment_note(j, answered);
    f->under_way--;
    f->ended++;
    job_free(j);
    if (f->aim.closed)
        begin_next(f);
    done_if_last(f);
}

/* --- waiting for a stream --- */

static void wait_in_line(struct fire_job *j)
{
    struct fire *f = j->fire;

    j->next = NULL;
    *f->last = j;
    f->last = &j->next;
}

struct fire_job *fire_job_waiting(struct fire *f)
{
    struct fire_job *j = f->first;

    if (j == NULL)
        return NULL;
    f->first = j->next;
    if (f->first == NULL)
        f->last = &f->first;
    j->next = NULL;
    return j;
}

static void on_timeout(struct ev_loop *loop, ev_timer *w, int revents)
{
    struct fire_job *j = w->data;

    (void)loop;
    (void)revents;
    fire_link_forget(j);
    fire_job_lost(j, false);
}

void fire_job_send(struct fire_job *j)
{
    struct fire *f = j->fire;

    j->answer.n = 0;
    j->body_at = 0;
    j->status = 0;
    j->refused = j->replayed = false;
    if (!fire_link_take(f, j)) {
        wait_in_line(j);
        return;
    }
    j->tries++;
    f->tally.tries++;
    ev_set_cb(&j->timer, on_timeout);
    ev_timer_set(&j->timer, f->aim.timeout_ms / 1e3, 0.);
    j->timer.data = j;
    ev_timer_start(f->loop, &j->timer);
}

/* --- again, with the same key --- */

static void on_again(struct ev_loop *loop, ev_timer *w, int revents)
{
    (void)loop;
    (void)revents;
    fire_job_send(w->data);
}

static void again(struct fire_job *j)
{
    struct fire *f = j->fire;
    unsigned doublings = j->tries > 8 ? 8 : j->tries;
    int64_t ms = (int64_t)f->aim.backoff_ms << (doublings > 0 ? doublings - 1 : 0);

    f->tally.repeats++;
    ms = ms > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : ms;
    ev_timer_stop(f->loop, &j->timer);
    ev_set_cb(&j->timer, on_again);
    ev_timer_set(&j->timer, (double)ms / 1e3, 0.);
    j->timer.data = j;
    ev_timer_start(f->loop, &j->timer);
}

static bool may_repeat(const struct fire_job *j)
{
    return j->tries <= j->fire->aim.retries && fire_now_ns() < j->give_up_ns;
}

void fire_job_lost(struct fire_job *j, bool refused)
{
    ev_timer_stop(j->fire->loop, &j->timer);
    if (!refused) {
        j->lost++;
        j->fire->tally.lost++;
    }
    if (may_repeat(j))
        again(j);
    else
        fire_job_ended(j, false);
}

/* What SDKs send again: conflict (still running), throttled, and every server error. */
void fire_job_answered(struct fire_job *j)
{
    bool repeat = j->status == 409 || j->status == 429 || j->status >= 500;

    ev_timer_stop(j->fire->loop, &j->timer);
    j->fire->tally.replayed += j->replayed;
    if (repeat && may_repeat(j))
        again(j);
    else
        fire_job_ended(j, true);
}

/* --- when --- */

static int64_t gap_ns(struct fire *f)
{
    double mean = 1e9 / f->aim.rate;

    return (int64_t)(f->aim.poisson ? -log(1. - rng_unit(&f->dice)) * mean : mean);
}

/* Even arrivals are computed from their number, so that rounding does not add up. */
static void next_due(struct fire *f)
{
    f->next_ns = f->aim.poisson ? f->next_ns + gap_ns(f)
                                : f->start_ns + (int64_t)((double)(f->begun) * 1e9 / f->aim.rate);
}

static void alarm_set(struct fire *f)
{
    struct itimerspec at = { .it_value = { .tv_sec = f->next_ns / 1000000000,
                                           .tv_nsec = f->next_ns % 1000000000 } };

    CHECK(timerfd_settime(f->due_fd, TFD_TIMER_ABSTIME, &at, NULL) == 0);
}

static void finish(struct fire *f)
{
    f->finished = true;
    ev_io_stop(f->loop, &f->due);
    done_if_last(f);
}

static void begin_due(struct fire *f, int64_t until_ns, int64_t now)
{
    while (f->next_ns <= until_ns && !f->finished) {
        /* the timer of the end may be a little early: what is sent now is due now */
        job_begin(f, f->next_ns < now ? f->next_ns : now, now);
        next_due(f);
        if (f->aim.count > 0 && f->begun >= f->aim.count)
            finish(f);
    }
}

static void on_due(struct ev_loop *loop, ev_io *w, int revents)
{
    struct fire *f = w->data;
    int64_t now = fire_now_ns();
    uint64_t times;

    (void)loop;
    (void)revents;
    if (read(f->due_fd, &times, sizeof times) < 0 && errno != EAGAIN)
        CHECK(errno == EINTR);
    begin_due(f, now, now);
    if (!f->finished)
        alarm_set(f);
}

static void on_stop(struct ev_loop *loop, ev_timer *w, int revents)
{
    struct fire *f = w->data;

    (void)loop;
    (void)revents;
    if (!f->aim.closed) /* what fell due while this machine was busy with others is not left out */
        begin_due(f, f->start_ns + (int64_t)(f->aim.duration_s * 1e9) - 1, fire_now_ns());
    if (!f->finished)
        finish(f);
}

/* Those who wait in line for a connection that never comes. */
static void on_sweep(struct ev_loop *loop, ev_timer *w, int revents)
{
    struct fire *f = w->data;
    int64_t now = fire_now_ns();

    (void)loop;
    (void)revents;
    while (f->first != NULL && f->first->give_up_ns < now)
        fire_job_ended(fire_job_waiting(f), false);
    if (f->record != NULL)
        (void)fflush(f->record);
}

static void open_loop(struct fire *f)
{
    f->due_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    CHECK(f->due_fd >= 0);
    ev_io_init(&f->due, on_due, f->due_fd, EV_READ);
    f->due.data = f;
    ev_io_start(f->loop, &f->due);
    f->next_ns = f->start_ns;
    alarm_set(f);
}

void fire_plan_start(struct fire *f)
{
    uint64_t streams = (uint64_t)f->aim.connections * f->aim.streams;

    f->start_ns = fire_now_ns();
    f->due_fd = -1;
    if (f->aim.duration_s > 0.) {
        ev_timer_init(&f->stop, on_stop, f->aim.duration_s, 0.);
        f->stop.data = f;
        ev_timer_start(f->loop, &f->stop);
    }
    ev_timer_init(&f->sweep, on_sweep, .5, .5);
    f->sweep.data = f;
    ev_timer_start(f->loop, &f->sweep);
    if (!f->aim.closed)
        open_loop(f);
    else
        for (uint64_t i = 0; i < streams && !f->finished; i++)
            begin_next(f);
}

void fire_plan_free(struct fire *f)
{
    if (f->due_fd >= 0)
        close(f->due_fd);
    while (f->spare != NULL) {
        struct fire_job *j = f->spare;

        f->spare = j->next;
        lt_out_fini(&j->body);
        lt_out_fini(&j->answer);
        free(j);
    }
}
