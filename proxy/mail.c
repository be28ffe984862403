/* proxy/mail.c -- a stack that any thread pushes on and one thread takes whole.
 *
 * Only the push that finds the stack empty wakes the receiver: whoever pushes later is taken by the
 * same waking, because the receiver takes everything after it woke. */
#include "proxy/mail.h"

#include <errno.h>
#include <ev.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "routing/base/check.h"

struct px_mailbox {
    _Atomic(struct px_letter *) newest_;
    atomic_uint inside_; /* senders that may still touch the box */
    struct ev_loop *loop_;
    ev_async woken_;
    px_on_letter *cb_;
    void *ctx_;
    pthread_mutex_t lock_; /* of the two below; used without a loop only */
    pthread_cond_t some_;
};

/* Everything that is there, oldest first. */
static struct px_letter *take(struct px_mailbox *m)
{
    struct px_letter *l = atomic_exchange_explicit(&m->newest_, NULL, memory_order_acquire);
    struct px_letter *oldest = NULL;

    while (l != NULL) {
        struct px_letter *older = l->next_;

        l->next_ = oldest;
        oldest = l;
        l = older;
    }
    return oldest;
}

static void on_woken(struct ev_loop *loop, ev_async *w, int revents)
{
    struct px_mailbox *m = w->data;
    struct px_letter *l = take(m);

    (void)loop;
    (void)revents;
    while (l != NULL) {
        struct px_letter *next = l->next_; /* the letter may be gone after the callback */

        m->cb_(m->ctx_, l);
        l = next;
    }
}

static void cond_init_monotonic(pthread_cond_t *c)
{
    pthread_condattr_t a;

    CHECK(pthread_condattr_init(&a) == 0);
    CHECK(pthread_condattr_setclock(&a, CLOCK_MONOTONIC) == 0);
    CHECK(pthread_cond_init(c, &a) == 0);
    pthread_condattr_destroy(&a);
}

struct px_mailbox *px_mailbox_create(struct ev_loop *loop, px_on_letter *cb, void *ctx)
{
    struct px_mailbox *m = calloc(1, sizeof *m);

    CHECK(m != NULL);
    CHECK(loop == NULL || cb != NULL);
    m->loop_ = loop;
    m->cb_ = cb;
    m->ctx_ = ctx;
    CHECK(pthread_mutex_init(&m->lock_, NULL) == 0);
    cond_init_monotonic(&m->some_);
    if (loop != NULL) {
        ev_async_init(&m->woken_, on_woken);
        m->woken_.data = m;
        ev_async_start(loop, &m->woken_);
    }
    return m;
}

static void rouse(struct px_mailbox *m)
{
    if (m->loop_ != NULL) {
        ev_async_send(m->loop_, &m->woken_);
        return;
    }
    /* Through the lock, so that it can not fall between the receiver's look and its sleep;
     * signalled outside, so that the receiver does not wake up only to wait for the lock. */
    pthread_mutex_lock(&m->lock_);
    pthread_mutex_unlock(&m->lock_);
    pthread_cond_signal(&m->some_);
}

void px_mailbox_send(struct px_mailbox *m, struct px_letter *l)
{
    struct px_letter *older = atomic_load_explicit(&m->newest_, memory_order_relaxed);

    atomic_fetch_add_explicit(&m->inside_, 1, memory_order_relaxed);
    do {
        l->next_ = older;
    } while (!atomic_compare_exchange_weak_explicit(&m->newest_, &older, l, memory_order_release,
                                                    memory_order_relaxed));
    /* From here on the letter is the receiver's, so only `older` may be looked at. */
    if (older == NULL)
        rouse(m);
    atomic_fetch_sub_explicit(&m->inside_, 1, memory_order_release);
}

static struct timespec monotonic_in(int ms)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += ms / 1000;
    t.tv_nsec += (long)(ms % 1000) * 1000000;
    if (t.tv_nsec >= 1000000000) {
        t.tv_sec++;
        t.tv_nsec -= 1000000000;
    }
    return t;
}

struct px_letter *px_mailbox_wait_for(struct px_mailbox *m, int timeout_ms)
{
    struct px_letter *l = take(m);
    struct timespec until;
    int e = 0;

    CHECK(m->loop_ == NULL);
    if (l != NULL || timeout_ms == 0)
        return l;
    until = monotonic_in(timeout_ms > 0 ? timeout_ms : 0);
    pthread_mutex_lock(&m->lock_);
    while ((l = take(m)) == NULL && e != ETIMEDOUT)
        e = timeout_ms < 0 ? pthread_cond_wait(&m->some_, &m->lock_)
                           : pthread_cond_timedwait(&m->some_, &m->lock_, &until);
    pthread_mutex_unlock(&m->lock_);
    return l;
}

struct px_letter *px_mailbox_wait(struct px_mailbox *m)
{
    return px_mailbox_wait_for(m, -1);
}

struct px_letter *px_mailbox_rest(struct px_mailbox *m)
{
    return take(m);
}

void px_mailbox_destroy(struct px_mailbox *m)
{
    if (m == NULL)
        return;
    /* Its letter may be here before the call that sent it is over. */
    while (atomic_load_explicit(&m->inside_, memory_order_acquire) != 0)
        sched_yield();
    if (m->loop_ != NULL)
        ev_async_stop(m->loop_, &m->woken_);
    pthread_cond_destroy(&m->some_);
    pthread_mutex_destroy(&m->lock_);
    free(m);
}
